//! Random shapes and matrices, and the textbook's operations on matrices that own their elements.

use fact_core::mat::{MatMut, MatRef};
use fact_core::scalar::Scalar;
use proptest::prelude::*;

/// A shape and the numbers to fill it with.
#[derive(Clone, Debug)]
pub struct Draw {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pool: Vec<f64>,
}

pub fn draws(largest: usize) -> impl Strategy<Value = Draw> {
    // Round numbers make degenerate and rank-deficient matrices likely.
    let number =
        || prop_oneof![4 => -1.0..1.0_f64, 1 => Just(0.0), 1 => Just(1.0), 1 => Just(-1.0)];
    let side = move || 0..=largest;
    (side(), side(), side()).prop_flat_map(move |(m, k, n)| {
        let pool = prop::collection::vec(number(), (m + k + n).pow(2) + 4);
        pool.prop_map(move |pool| Draw { m, k, n, pool })
    })
}

impl Draw {
    pub fn vec<T: Scalar>(&mut self, len: usize) -> Vec<T> {
        let rest = self.pool.split_off(self.pool.len() - len);
        rest.into_iter().map(T::from_f64).collect()
    }

    pub fn mat<T: Scalar>(&mut self, rows: usize, cols: usize) -> M<T> {
        M { rows, cols, data: self.vec(rows * cols) }
    }

    /// `BBᵀ` for a random `B: n×k`.
    pub fn gram<T: Scalar>(&mut self, n: usize, k: usize) -> M<T> {
        let b = self.mat::<T>(n, k);
        b.times(&b.t())
    }
}

/// A matrix that owns its elements, with the textbook's operations.
#[derive(Clone, Debug, PartialEq)]
pub struct M<T> {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<T>,
}

impl<T: Scalar> M<T> {
    pub fn from_fn(rows: usize, cols: usize, f: impl Fn(usize, usize) -> T) -> Self {
        let data = (0..rows * cols).map(|at| f(at / cols, at % cols)).collect();
        Self { rows, cols, data }
    }

    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self::from_fn(rows, cols, |_, _| T::ZERO)
    }

    pub fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| if i == j { T::ONE } else { T::ZERO })
    }

    pub fn at(&self, i: usize, j: usize) -> T {
        self.data[i * self.cols + j]
    }

    pub fn t(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |i, j| self.at(j, i))
    }

    pub fn column(&self, j: usize) -> Vec<T> {
        (0..self.rows).map(|i| self.at(i, j)).collect()
    }

    pub fn map(&self, f: impl Fn(T) -> T) -> Self {
        Self::from_fn(self.rows, self.cols, |i, j| f(self.at(i, j)))
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self::from_fn(self.rows, self.cols, |i, j| self.at(i, j) + other.at(i, j))
    }

    /// `αAB + βC` in the defined order: one accumulator per element, `β·C` first.
    pub fn gemm(&self, alpha: T, b: &Self, beta: T, c: &Self) -> Self {
        Self::from_fn(self.rows, b.cols, |i, j| {
            let start = if beta == T::ZERO { T::ZERO } else { beta * c.at(i, j) };
            (0..self.cols).fold(start, |sum, k| sum + (alpha * self.at(i, k)) * b.at(k, j))
        })
    }

    pub fn times(&self, b: &Self) -> Self {
        self.gemm(T::ONE, b, T::ZERO, &Self::zeros(self.rows, b.cols))
    }

    /// The symmetric matrix with this lower triangle.
    pub fn symmetric(&self) -> Self {
        Self::from_fn(self.rows, self.rows, |i, j| self.at(i.max(j), i.min(j)))
    }

    /// The same lower triangle, with `upper` above it.
    pub fn with_upper(&self, upper: T) -> Self {
        Self::from_fn(self.rows, self.cols, |i, j| if j > i { upper } else { self.at(i, j) })
    }

    pub fn packed(&self) -> Vec<T> {
        (0..self.rows).flat_map(|i| (0..=i).map(move |j| self.at(i, j))).collect()
    }

    pub fn norm(&self) -> f64 {
        self.data.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt()
    }

    pub fn top(&self) -> f64 {
        self.data.iter().fold(0.0, |top, x| x.to_f64().abs().max(top))
    }

    /// `‖self − other‖_F`.
    pub fn distance(&self, other: &Self) -> f64 {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        self.plus(&other.map(|x| -x)).norm()
    }

    pub fn bits(&self) -> Vec<u64> {
        bits(&self.data)
    }

    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::new(&self.data, self.rows, self.cols).unwrap()
    }

    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::new(&mut self.data, self.rows, self.cols).unwrap()
    }
}

pub fn bits<T: Scalar>(x: &[T]) -> Vec<u64> {
    x.iter().map(|x| x.bits()).collect()
}

pub fn diagonal<T: Scalar>(values: &[T]) -> M<T> {
    M::from_fn(values.len(), values.len(), |i, j| if i == j { values[i] } else { T::ZERO })
}

pub fn nan<T: Scalar>() -> T {
    T::from_f64(f64::NAN)
}
