//! Dense matrices the slow and literal way, independent of the crates under test.

use serde::Deserialize;
use std::ops::{Index, IndexMut};

/// A row-major `nrows × ncols` matrix.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>")]
pub struct Matrix {
    pub nrows: usize,
    pub ncols: usize,
    /// Row after row: what the views of the core take.
    pub data: Vec<f64>,
}

impl TryFrom<Vec<Vec<f64>>> for Matrix {
    type Error = String;

    fn try_from(rows: Vec<Vec<f64>>) -> Result<Self, String> {
        let ncols = rows.first().map_or(0, Vec::len);
        match rows.iter().position(|row| row.len() != ncols) {
            None => Ok(Self { nrows: rows.len(), ncols, data: rows.concat() }),
            Some(i) => Err(format!("row {i} has {} entries, row 0 has {ncols}", rows[i].len())),
        }
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        assert!(i < self.nrows && j < self.ncols, "({i}, {j}) of {}×{}", self.nrows, self.ncols);
        &self.data[i * self.ncols + j]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        assert!(i < self.nrows && j < self.ncols, "({i}, {j}) of {}×{}", self.nrows, self.ncols);
        &mut self.data[i * self.ncols + j]
    }
}

impl Matrix {
    pub fn from_fn(nrows: usize, ncols: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let data = (0..nrows * ncols).map(|at| entry(at / ncols, at % ncols)).collect();
        Self { nrows, ncols, data }
    }

    pub fn new(nrows: usize, ncols: usize, data: &[f64]) -> Self {
        assert_eq!(data.len(), nrows * ncols);
        Self { nrows, ncols, data: data.to_vec() }
    }

    pub fn zeros(nrows: usize, ncols: usize) -> Self {
        Self::from_fn(nrows, ncols, |_, _| 0.0)
    }

    pub fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| f64::from(u8::from(i == j)))
    }

    /// `abᵀ`.
    pub fn outer(a: &[f64], b: &[f64]) -> Self {
        Self::from_fn(a.len(), b.len(), |i, j| a[i] * b[j])
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.ncols..(i + 1) * self.ncols]
    }

    pub fn transposed(&self) -> Self {
        Self::from_fn(self.ncols, self.nrows, |i, j| self[(j, i)])
    }

    pub fn scaled(&self, factor: f64) -> Self {
        Self::from_fn(self.nrows, self.ncols, |i, j| factor * self[(i, j)])
    }

    pub fn plus(&self, other: &Self) -> Self {
        assert_eq!((self.nrows, self.ncols), (other.nrows, other.ncols));
        Self::from_fn(self.nrows, self.ncols, |i, j| self[(i, j)] + other[(i, j)])
    }

    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.scaled(-1.0))
    }

    /// The matrix product, three loops.
    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.ncols, other.nrows);
        Self::from_fn(self.nrows, other.ncols, |i, j| {
            (0..self.ncols).map(|k| self[(i, k)] * other[(k, j)]).sum()
        })
    }

    /// The product with a column vector.
    pub fn times_vector(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(self.ncols, x.len());
        (0..self.nrows).map(|i| self.row(i).iter().zip(x).map(|(a, x)| a * x).sum()).collect()
    }
}

/// `‖A‖_F` of the entries of a matrix or vector.
pub fn frobenius(a: &[f64]) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

/// `‖A‖₂`, the largest singular value.
pub fn spectral_norm(a: &Matrix) -> f64 {
    let (values, _) = eigen(&a.transposed().times(a));
    values.into_iter().fold(0.0, f64::max).sqrt()
}

/// Pearson correlation of the entries; none where one of the two is constant.
pub fn pearson(a: &Matrix, b: &Matrix) -> Option<f64> {
    let constant = |a: &Matrix| a.data.windows(2).all(|pair| pair[0] == pair[1]);
    if constant(a) || constant(b) {
        return None;
    }
    let centred = |a: &Matrix| {
        let mean = a.data.iter().sum::<f64>() / a.data.len() as f64;
        Matrix::from_fn(a.nrows, a.ncols, |i, j| a[(i, j)] - mean)
    };
    cosine(&centred(a), &centred(b))
}

/// `⟨A,B⟩/(‖A‖‖B‖)`; none where one of the two is zero.
pub fn cosine(a: &Matrix, b: &Matrix) -> Option<f64> {
    assert_eq!((a.nrows, a.ncols), (b.nrows, b.ncols));
    let norms = frobenius(&a.data) * frobenius(&b.data);
    let inner: f64 = a.data.iter().zip(&b.data).map(|(a, b)| a * b).sum();
    (norms > 0.0).then(|| inner / norms)
}

/// `‖A − B‖_F/‖B‖_F`; none where `B` is zero.
pub fn relative_residual(a: &Matrix, b: &Matrix) -> Option<f64> {
    let norm = frobenius(&b.data);
    (norm > 0.0).then(|| frobenius(&a.minus(b).data) / norm)
}

/// Eigenvalues and eigenvectors (in columns) of a symmetric matrix, by Jacobi's rotations.
pub fn eigen(a: &Matrix) -> (Vec<f64>, Matrix) {
    assert_eq!(a.nrows, a.ncols);
    let n = a.nrows;
    let mut a = a.clone();
    let mut vectors = Matrix::identity(n);
    for _sweep in 0..60 {
        for p in 0..n {
            for q in p + 1..n {
                if a[(p, q)] == 0.0 {
                    continue;
                }
                let theta = 0.5 * (2.0 * a[(p, q)]).atan2(a[(q, q)] - a[(p, p)]);
                let (sin, cos) = theta.sin_cos();
                let mut rotation = Matrix::identity(n);
                rotation[(p, p)] = cos;
                rotation[(q, q)] = cos;
                rotation[(p, q)] = sin;
                rotation[(q, p)] = -sin;
                a = rotation.transposed().times(&a).times(&rotation);
                a[(p, q)] = 0.0;
                a[(q, p)] = 0.0;
                vectors = vectors.times(&rotation);
            }
        }
    }
    ((0..n).map(|i| a[(i, i)]).collect(), vectors)
}

/// `Aᵖ` of a symmetric positive semidefinite matrix; negative eigenvalues count as zero.
pub fn psd_power(a: &Matrix, p: f64) -> Matrix {
    let (values, vectors) = eigen(a);
    let scaled = Matrix::from_fn(a.nrows, a.ncols, |i, j| {
        let value = values[j];
        vectors[(i, j)] * if value > 0.0 { value.powf(p) } else { 0.0 }
    });
    scaled.times(&vectors.transposed())
}

/// `(AAᵀ)^{1/2} = UΣUᵀ` without squaring the condition number: Jacobi's rotations make the columns of
/// `A` orthogonal, which leaves `UΣ`.
pub fn left_polar(a: &Matrix) -> Matrix {
    let mut columns: Vec<Vec<f64>> = (0..a.ncols).map(|j| a.transposed().row(j).to_vec()).collect();
    let inner = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    for _sweep in 0..60 {
        for p in 0..a.ncols {
            for q in p + 1..a.ncols {
                let (x, y) = (columns[p].clone(), columns[q].clone());
                let theta = 0.5 * (2.0 * inner(&x, &y)).atan2(inner(&y, &y) - inner(&x, &x));
                let (sin, cos) = theta.sin_cos();
                columns[p] = x.iter().zip(&y).map(|(x, y)| cos * x - sin * y).collect();
                columns[q] = x.iter().zip(&y).map(|(x, y)| sin * x + cos * y).collect();
            }
        }
    }
    let zero = Matrix::zeros(a.nrows, a.nrows);
    columns
        .iter()
        .filter(|u| frobenius(u) > 0.0)
        .fold(zero, |sum, u| sum.plus(&Matrix::outer(u, u).scaled(1.0 / frobenius(u))))
}
