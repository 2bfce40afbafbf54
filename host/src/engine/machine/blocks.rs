//! AGOP and FACT, summed over blocks of samples.

use super::profile::{Real, Wanted};
use super::tiles::{COLUMNS, Mapped, ROWS, Tile, fill, ranges, rows_of, view, view_mut};
use fact_core::kernel::Predictor;
use fact_core::mat;
use fact_core::scalar::Scalar;
use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

/// What is summed over samples: a `d×d` matrix, and the means of some rows, in `f64`.
#[derive(Clone)]
pub(super) struct Sum {
    pub(super) square: Vec<f64>,
    pub(super) means: Vec<f64>,
}

/// One block of rows, with the memory of its thread.
pub(super) struct Block<'a, T> {
    pub(super) z: &'a Mapped<T>,
    pub(super) rows: (usize, usize),
    pub(super) values: &'a mut [T],
    pub(super) weights: &'a mut [T],
    pub(super) gradients: &'a mut [T],
    pub(super) square: &'a mut [T],
}

/// What one thread works with.
pub(super) struct Memory<T> {
    values: Vec<T>,
    weights: Vec<T>,
    gradients: Vec<T>,
    square: Vec<T>,
}

impl<T: Real> Memory<T> {
    /// For blocks of `z` with gradients of this many outputs.
    pub(super) fn new(z: &Mapped<T>, outputs: usize) -> Self {
        let (tile, d) = (ROWS * z.n.min(COLUMNS), z.d);
        Self {
            values: vec![T::ZERO; tile],
            weights: vec![T::ZERO; tile],
            gradients: vec![T::ZERO; outputs * ROWS * d],
            square: vec![T::ZERO; d * d],
        }
    }

    /// The block of these rows.
    pub(super) fn block<'a>(&'a mut self, z: &'a Mapped<T>, rows: (usize, usize)) -> Block<'a, T> {
        let Self { values, weights, gradients, square } = self;
        Block { z, rows, values, weights, gradients, square }
    }
}

impl<T: Real> Block<'_, T> {
    fn len(&self) -> usize {
        self.rows.1 - self.rows.0
    }

    /// Adds `Σⱼ pⱼ(xⱼ − mean)ᵀ` over these samples, `pⱼ` the gradients times `αⱼ` before the metric:
    /// of `A = ααᵀ∘slopes`, `pⱼ` is `2Σᵢ Aᵢⱼ(xⱼ − xᵢ)` for radial kernels and `Σᵢ Aᵢⱼxᵢ` for the others.
    pub(super) fn fact(self, machine: &Predictor<'_, T>, mean: &[T], sum: &mut Sum) {
        let (m, d, z) = (self.len(), self.z.d, self.z);
        let radial = machine.kernel.is_radial();
        let gradients = &mut self.gradients[..m * d];
        gradients.fill(T::ZERO);
        let mut totals = [T::ZERO; ROWS];
        for columns in ranges(z.n, COLUMNS) {
            let width = columns.1 - columns.0;
            let tile = Tile { rows: self.rows, columns };
            let slopes = &mut self.values[..m * width];
            fill(&machine.kernel, Wanted::Slope, (z, z), tile, (&mut *slopes, width));
            let weights = &mut self.weights[..m * width];
            matmul(
                view_mut(weights, m, width),
                Accum::Replace,
                rows_of(machine.dual, self.rows),
                rows_of(machine.dual, columns).transpose(),
                T::ONE,
                Par::Seq,
            );
            let rows = weights.chunks_exact_mut(width).zip(slopes.chunks_exact(width));
            for ((weights, slopes), total) in rows.zip(&mut totals) {
                for (weight, &slope) in weights.iter_mut().zip(slopes) {
                    *weight *= slope;
                }
                if radial {
                    *total += total_of(weights);
                }
            }
            accumulate(gradients, weights, m, z, columns);
        }
        if radial {
            subtract_from_own(gradients, &totals, z, self.rows);
        }
        let factor = if radial { T::TWO } else { T::ONE };
        let own = z.x[self.rows.0 * d..self.rows.1 * d].iter().zip(mean.iter().cycle());
        let own: Vec<T> = own.map(|(&x, &mean)| x - mean).collect();
        let left = view(gradients, m, d).transpose();
        let square = view_mut(self.square, d, d);
        matmul(square, Accum::Replace, left, view(&own, m, d), factor, Par::Seq);
        add(&mut sum.square, &*self.square);
    }

    /// Writes `p`, `m×d` per output, for these rows of `x`: `Mp` is the gradient of the output there.
    pub(super) fn differentiate(&mut self, machine: &Predictor<'_, T>, x: &Mapped<T>) {
        let (m, d, z) = (self.len(), self.z.d, self.z);
        let c = machine.dual.ncols();
        let radial = machine.kernel.is_radial();
        let gradients = &mut self.gradients[..c * m * d];
        gradients.fill(T::ZERO);
        let mut totals = vec![[T::ZERO; ROWS]; c];
        for columns in ranges(z.n, COLUMNS) {
            let width = columns.1 - columns.0;
            let tile = Tile { rows: self.rows, columns };
            let slopes = &mut self.values[..m * width];
            fill(&machine.kernel, Wanted::Slope, (x, z), tile, (&mut *slopes, width));
            let outputs = gradients.chunks_exact_mut(m * d).zip(&mut totals).enumerate();
            for (k, (gradients, totals)) in outputs {
                let weights = &mut self.weights[..m * width];
                let dual: Vec<T> = column(machine.dual, k, columns);
                let rows = weights.chunks_exact_mut(width).zip(slopes.chunks_exact(width));
                for ((weights, slopes), total) in rows.zip(totals) {
                    for ((weight, &slope), &dual) in weights.iter_mut().zip(slopes).zip(&dual) {
                        *weight = slope * dual;
                    }
                    if radial {
                        *total += total_of(weights);
                    }
                }
                accumulate(gradients, weights, m, z, columns);
            }
        }
        for (gradients, totals) in gradients.chunks_exact_mut(m * d).zip(&totals) {
            if radial {
                subtract_from_own(gradients, totals, x, self.rows);
                gradients.iter_mut().for_each(|g| *g *= T::TWO);
            }
        }
    }

    /// Adds `Σ ppᵀ` over these samples and all outputs, where `Mp` is the gradient of the output.
    pub(super) fn agop(mut self, machine: &Predictor<'_, T>, sum: &mut Sum) {
        let (m, d, c) = (self.len(), self.z.d, machine.dual.ncols());
        self.differentiate(machine, self.z);
        let gradients = &self.gradients[..c * m * d];
        for (means, gradients) in sum.means.chunks_exact_mut(d).zip(gradients.chunks_exact(m * d)) {
            gradients.chunks_exact(d).for_each(|gradient| add(means, gradient));
        }
        let all = view(gradients, c * m, d);
        let square = view_mut(self.square, d, d);
        matmul(square, Accum::Replace, all.transpose(), all, T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
    }

    /// Adds what [`agop`](Self::agop) does for an inner-product kernel, as `Xᵀ(ααᵀ∘SS)X`, `S` all
    /// slopes: cheaper where there are many outputs.
    pub(super) fn agop_of_pairs(self, machine: &Predictor<'_, T>, slopes: &[T], sum: &mut Sum) {
        let (m, d, n, z) = (self.len(), self.z.d, self.z.n, self.z);
        let own = &slopes[self.rows.0 * n..self.rows.1 * n];
        let gradients = &mut self.gradients[..m * d];
        gradients.fill(T::ZERO);
        for columns in ranges(n, COLUMNS) {
            let width = columns.1 - columns.0;
            let products = &mut self.values[..m * width];
            matmul(
                view_mut(products, m, width),
                Accum::Replace,
                view(own, m, n),
                view(&slopes[columns.0 * n..columns.1 * n], width, n).transpose(),
                T::ONE,
                Par::Seq,
            );
            let weights = &mut self.weights[..m * width];
            matmul(
                view_mut(weights, m, width),
                Accum::Replace,
                rows_of(machine.dual, self.rows),
                rows_of(machine.dual, columns).transpose(),
                T::ONE,
                Par::Seq,
            );
            weights.iter_mut().zip(products).for_each(|(weight, product)| *weight *= *product);
            accumulate(gradients, weights, m, z, columns);
        }
        let own_points = z.rows(self.rows.0, self.rows.1);
        let square = view_mut(self.square, d, d);
        let gradients = view(gradients, m, d);
        matmul(square, Accum::Replace, own_points.transpose(), gradients, T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
        // Of the samples' gradients, those rows of the sum over pairs that belong to these points.
        let totals: Vec<f64> =
            own.chunks_exact(n).map(|row| Scalar::to_f64(total_of(row))).collect();
        for (k, means) in sum.means.chunks_exact_mut(d).enumerate() {
            let duals = column(machine.dual, k, self.rows);
            for (i, (total, dual)) in totals.iter().zip(duals).enumerate() {
                let weight = total * Scalar::to_f64(dual);
                let x = &z.x[(self.rows.0 + i) * d..(self.rows.0 + i + 1) * d];
                for (mean, &x) in means.iter_mut().zip(x) {
                    *mean += weight * Scalar::to_f64(x);
                }
            }
        }
    }
}

/// `G ← G + W X` with the points of these columns.
fn accumulate<T: Real>(
    gradients: &mut [T],
    weights: &[T],
    m: usize,
    z: &Mapped<T>,
    columns: (usize, usize),
) {
    let weights = view(weights, m, columns.1 - columns.0);
    let gradients = view_mut(gradients, m, z.d);
    matmul(gradients, Accum::Add, weights, z.rows(columns.0, columns.1), T::ONE, Par::Seq);
}

/// `gᵢ ← totalᵢ·xᵢ − gᵢ` for the points of these rows.
fn subtract_from_own<T: Real>(
    gradients: &mut [T],
    totals: &[T],
    z: &Mapped<T>,
    rows: (usize, usize),
) {
    let own = z.x[rows.0 * z.d..rows.1 * z.d].chunks_exact(z.d);
    for ((gradient, own), &total) in gradients.chunks_exact_mut(z.d).zip(own).zip(totals) {
        for (g, &x) in gradient.iter_mut().zip(own) {
            *g = total * x - *g;
        }
    }
}

/// A sum in eight lanes, which compiles to vectors.
fn total_of<T: Real>(values: &[T]) -> T {
    let (chunks, tail) = values.as_chunks::<8>();
    let mut lanes = [T::ZERO; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &value)| *lane += value);
    }
    tail.iter().chain(&lanes).fold(T::ZERO, |sum, &value| sum + value)
}

pub(super) fn add<T: Scalar>(sum: &mut [f64], part: &[T]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part.to_f64());
}

/// Elements `start..end` of column `k`.
pub(super) fn column<T: Copy>(
    matrix: mat::MatRef<'_, T>,
    k: usize,
    (start, end): (usize, usize),
) -> Vec<T> {
    let c = matrix.ncols();
    matrix.data()[start * c..end * c].iter().skip(k).step_by(c).copied().collect()
}
