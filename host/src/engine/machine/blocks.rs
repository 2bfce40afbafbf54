//! AGOP and FACT, summed over blocks of samples.

use super::profile::{Real, Wanted};
use super::tiles::{COLUMNS, Mapped, ROWS, Tile, fill, ranges, rows_of, view, view_mut};
use fact_core::kernel::Predictor;
use fact_core::mat;
use fact_core::scalar::Scalar;
use faer::linalg::matmul::matmul;
use faer::prelude::ReborrowMut;
use faer::{Accum, Par};
use pulp::{Arch, Simd, WithSimd};

/// What is summed over samples: a `d×d` matrix, the means of some rows, and a weight of each sample, in
/// `f64`.
#[derive(Clone)]
pub(super) struct Sum {
    pub(super) square: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) weights: Vec<f64>,
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

    /// Adds, for `A = ααᵀ∘slopes` and these rows of its upper half, `Σ uᵢxᵢxᵢᵀ − PᵀX` with `P` the half
    /// times `X` and `u` its totals by rows, and `v − u` to the weights, `v` its totals by columns. With
    /// `S` that sum over all rows, `Σ Aᵢⱼ(xᵢ − xⱼ)xᵢᵀ = S + Sᵀ + Σ(vᵢ − uᵢ)xᵢxᵢᵀ`.
    pub(super) fn radial_fact(mut self, machine: &Predictor<'_, T>, sum: &mut Sum) {
        let (m, d, z, rows) = (self.len(), self.z.d, self.z, self.rows);
        let mut totals = [T::ZERO; ROWS];
        self.half(machine, &mut totals, &mut sum.weights);
        let gradients = &mut self.gradients[..m * d];
        subtract_from_own(gradients, &totals, z, rows);
        for (weight, &total) in sum.weights[rows.0..rows.1].iter_mut().zip(&totals) {
            *weight -= Scalar::to_f64(total);
        }
        let left = view(gradients, m, d).transpose();
        let square = view_mut(self.square, d, d);
        matmul(square, Accum::Replace, left, z.rows(rows.0, rows.1), T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
    }

    /// Adds the same rows' share of `XᵀA(X − mean)`, for the other kernels: `Pᵀ(X − mean)`, and
    /// `Xᵀ(P − u·mean)` of the other half.
    pub(super) fn fact(mut self, machine: &Predictor<'_, T>, mean: &[T], sum: &mut Sum) {
        let (m, d, z, rows) = (self.len(), self.z.d, self.z, self.rows);
        let mut totals = [T::ZERO; ROWS];
        self.half(machine, &mut totals, &mut []);
        let gradients = &mut self.gradients[..m * d];
        let own = z.x[rows.0 * d..rows.1 * d].iter().zip(mean.iter().cycle());
        let own: Vec<T> = own.map(|(&x, &mean)| x - mean).collect();
        let left = view(gradients, m, d).transpose();
        let mut square = view_mut(self.square, d, d);
        matmul(square.rb_mut(), Accum::Replace, left, view(&own, m, d), T::ONE, Par::Seq);
        for (gradient, &total) in gradients.chunks_exact_mut(d).zip(&totals) {
            for (g, &mean) in gradient.iter_mut().zip(mean) {
                *g -= total * mean;
            }
        }
        let left = z.rows(rows.0, rows.1).transpose();
        matmul(square, Accum::Add, left, view(gradients, m, d), T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
    }

    /// The gradients become `P`: these rows of the upper half of `A = ααᵀ∘slopes`, with half its diagonal
    /// block, times `X`. Writes its totals by rows, and adds those by columns where there is room.
    fn half(&mut self, machine: &Predictor<'_, T>, totals: &mut [T; ROWS], sums: &mut [f64]) {
        let (m, d, z, first) = (self.len(), self.z.d, self.z, self.rows.0);
        let gradients = &mut self.gradients[..m * d];
        gradients.fill(T::ZERO);
        for (start, end) in ranges(z.n - first, COLUMNS) {
            let columns = (first + start, first + end);
            let width = end - start;
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
            let mut by_column = [T::ZERO; COLUMNS];
            let by_column = &mut by_column[..width];
            let halved = if start == 0 { m } else { 0 };
            Arch::new().dispatch(Weigh { slopes, weights, halved, totals, by_column });
            if !sums.is_empty() {
                add(&mut sums[columns.0..columns.1], by_column);
            }
            accumulate(gradients, weights, m, z, columns);
        }
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
                Arch::new().dispatch(Scale { slopes, dual: &dual, weights, totals });
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
        self.differentiate(machine, self.z);
        self.add_outer(machine.dual.ncols(), sum);
    }

    /// Adds `Σ ppᵀ` of the gradients of `c` outputs, and each output's `Σ p` where there is room.
    pub(super) fn add_outer(self, c: usize, sum: &mut Sum) {
        let (m, d) = (self.len(), self.z.d);
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

/// Slopes to be multiplied by the dual of their column, and added up by rows.
struct Scale<'a, T> {
    slopes: &'a [T],
    dual: &'a [T],
    weights: &'a mut [T],
    totals: &'a mut [T],
}

impl<T: Real> WithSimd for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { slopes, dual, weights, totals } = self;
        let width = dual.len();
        let rows = weights.chunks_exact_mut(width).zip(slopes.chunks_exact(width));
        for ((weights, slopes), total) in rows.zip(totals) {
            for ((weight, &slope), &dual) in weights.iter_mut().zip(slopes).zip(dual) {
                *weight = slope * dual;
            }
            *total += total_of(weights);
        }
    }
}

/// Weights of pairs to be multiplied by slopes, and added up.
struct Weigh<'a, T> {
    slopes: &'a [T],
    weights: &'a mut [T],
    /// So many at the start of each row count half.
    halved: usize,
    totals: &'a mut [T],
    by_column: &'a mut [T],
}

impl<T: Real> WithSimd for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { slopes, weights, halved, totals, by_column } = self;
        let width = by_column.len();
        let rows = weights.chunks_exact_mut(width).zip(slopes.chunks_exact(width));
        for ((weights, slopes), total) in rows.zip(totals) {
            for (weight, &slope) in weights.iter_mut().zip(slopes) {
                *weight *= slope;
            }
            weights[..halved].iter_mut().for_each(|weight| *weight *= T::HALF);
            for (sum, &weight) in by_column.iter_mut().zip(&*weights) {
                *sum += weight;
            }
            *total += total_of(weights);
        }
    }
}

/// A sum in eight lanes, which compiles to vectors.
#[inline(always)]
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
