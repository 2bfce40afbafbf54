//! The fast engine: tiles of `gemm` and profile, threads over rows, faer's factorisations.

use super::profile::{Real, Wanted};
use super::tiles::{COLUMNS, Mapped, ROWS, Tile, centre, fill, mean_of, ranges, view, view_mut};
use super::{Engine, Feature, Stage, Watch, cholesky, powers};
use crate::error::Result;
use fact_core::features::{Measured, Missing};
use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Ridge, Solved, Update};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::{Error, mat};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sums over samples are formed in at most this many parts, whatever the number of threads.
pub(crate) const PARTS: usize = 16;

/// Words that one thread works with: tiles, the gradients of a block of rows, a square.
pub(crate) fn block_words(d: usize, c: usize) -> usize {
    let gradients = c.max(1).saturating_mul(d).saturating_mul(ROWS);
    gradients.saturating_add(2 * ROWS * COLUMNS).saturating_add(d.saturating_mul(d))
}

/// Blocked, threaded, with all the vectors there are. The same bits for any number of threads.
#[derive(Clone, Copy)]
pub struct Fast<'a> {
    /// Hears of progress.
    pub watch: Watch<'a>,
}

/// Counts what is done by several threads.
struct Counter<'a> {
    watch: Watch<'a>,
    stage: Stage,
    done: AtomicUsize,
    all: usize,
}

impl<'a> Counter<'a> {
    fn new(watch: Watch<'a>, stage: Stage, all: usize) -> Self {
        Self { watch, stage, done: AtomicUsize::new(0), all: all.max(1) }
    }

    fn add(&self, units: usize) {
        let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
        (self.watch)(self.stage, done as f64 / self.all as f64);
    }
}

fn par() -> Par {
    Par::rayon(0)
}

impl<T: Real> Engine<T> for Fast<'_> {
    fn solve(
        &self,
        kernel: Kernel<T>,
        metric: MatRef<'_, T>,
        ridge: Ridge<T>,
        samples: &Samples<'_, T>,
        dual: &mut [T],
    ) -> Result<Solved<T>> {
        kernel.check()?;
        let (n, c) = samples.y().shape();
        let x = samples.x();
        let points = Mapped::new(x, &centre(&kernel, x), Metric::Full(metric), par());
        let mut gram = vec![T::ZERO; n * n];
        let mut jitter = T::ZERO;
        loop {
            self.gram(&kernel, &points, &mut gram);
            let diagonal = || (0..n).map(|i| i * (n + 1));
            let mean = diagonal().fold(T::ZERO, |sum, i| sum + gram[i]) / T::from_usize(n.max(1));
            let ridge = match ridge {
                Ridge::Absolute(ridge) => ridge,
                Ridge::Relative(share) => share * mean,
            };
            let level = mean + ridge;
            if !(Scalar::is_finite(level) && level >= T::MIN_POSITIVE / T::EPSILON) {
                return Err(Error::Scale { what: "Gram matrix" }.into());
            }
            let mut squares = Vec::with_capacity(n);
            for i in diagonal() {
                gram[i] += ridge + jitter;
                squares.push(gram[i]);
            }
            let factored = self.factor(&mut gram, &squares);
            match factored {
                Ok(()) => {
                    dual.copy_from_slice(samples.y().data());
                    let l = faer::MatRef::from_column_major_slice(&gram, n, n);
                    cholesky::solve(l, view_mut(dual, n, c), par());
                    if dual.iter().all(|&dual| Scalar::is_finite(dual)) {
                        return Ok(Solved { ridge, jitter });
                    }
                    return Err(Error::Scale { what: "dual" }.into());
                }
                Err(error) if jitter >= level => return Err(error.into()),
                Err(_) if jitter == T::ZERO => jitter = T::EPSILON * level,
                Err(_) => jitter *= <T as Scalar>::from_f64(10.0),
            }
        }
    }

    fn predict(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()> {
        machine.kernel.check()?;
        let centre = centre(&machine.kernel, machine.x);
        let z = Mapped::of(machine, &centre, par());
        let x = Mapped::new(x, &centre, machine.metric, par());
        let c = machine.dual.ncols();
        let counter = Counter::new(self.watch, Stage::Predict, x.n);
        out.par_chunks_mut(ROWS * c).zip(ranges(x.n, ROWS).collect::<Vec<_>>()).for_each_init(
            || vec![T::ZERO; ROWS * COLUMNS],
            |values, (out, rows)| {
                let m = rows.1 - rows.0;
                out.fill(T::ZERO);
                for columns in ranges(z.n, COLUMNS) {
                    let width = columns.1 - columns.0;
                    let tile = Tile { rows, columns };
                    let values = &mut values[..m * width];
                    let into = (&mut *values, width);
                    fill(&machine.kernel, Wanted::Value, (&x, &z), tile, into);
                    matmul(
                        view_mut(out, m, c),
                        Accum::Add,
                        view(values, m, width),
                        rows_of(machine.dual, columns),
                        T::ONE,
                        Par::Seq,
                    );
                }
                counter.add(m);
            },
        );
        Ok(())
    }

    fn features(&self, machine: &Predictor<'_, T>, feature: Feature, out: &mut [T]) -> Result<()> {
        machine.kernel.check()?;
        let z = Mapped::of(machine, &centre(&machine.kernel, machine.x), par());
        let (n, d, c) = (z.n, z.d, machine.dual.ncols());
        let none = Mat::<f64>::zeros(d, d);
        let (sum, mean) = match feature {
            Feature::Fact(centering) => {
                // Distances do not see where the mean is.
                let mean = match centering {
                    Centering::Mean if !machine.kernel.is_radial() => mean_of(machine.x),
                    _ => vec![T::ZERO; d],
                };
                (self.sum(&z, 1, 0, |block, part| block.fact(machine, &mean, part)), none)
            }
            Feature::Agop(centering) => {
                let pairs = !machine.kernel.is_radial() && c * d > 2 * n;
                let means = if centering == Centering::Mean { c } else { 0 };
                let sum = if pairs {
                    let slopes = self.slopes(machine, &z);
                    self.sum(&z, 1, means, |block, part| {
                        block.agop_of_pairs(machine, &slopes, part)
                    })
                } else {
                    self.sum(&z, c, means, |block, part| block.agop(machine, part))
                };
                let mean = view(&sum.means, means, d);
                let share = 1.0 / (n.max(1) as f64);
                let rank_one = (mean.transpose() * mean) * faer::Scale(share * share);
                (sum, rank_one)
            }
        };
        let m = dense(machine.metric, d);
        let square = view(&sum.square, d, d);
        let next = match feature {
            Feature::Fact(_) => &m * square,
            Feature::Agop(_) => {
                let centred = square * faer::Scale(1.0 / n.max(1) as f64) - mean;
                &m * centred * &m
            }
        };
        for (row, i) in out.chunks_exact_mut(d.max(1)).zip(0..) {
            for (out, j) in row.iter_mut().zip(0..) {
                *out = <T as Scalar>::from_f64(next[(i, j)]);
            }
        }
        Ok(())
    }

    fn next_metric(
        &self,
        update: Update<T>,
        features: MatRef<'_, T>,
        metric: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<()> {
        let d = metric.ncols();
        let epsilon = Scalar::to_f64(T::EPSILON);
        let next = powers::next(update, &widen(features), &widen(metric), epsilon)?;
        for (out, k) in out.data_mut().iter_mut().zip(0..) {
            *out = <T as Scalar>::from_f64(next[(k / d, k % d)]);
        }
        Ok(())
    }

    fn tau(&self, machine: &Predictor<'_, T>) -> Result<Measured> {
        if machine.kernel.is_radial() {
            return Ok(Err(Missing::NotInnerProduct));
        }
        let z = Mapped::of(machine, &centre(&machine.kernel, machine.x), par());
        let slopes = self.slopes(machine, &z);
        let n = z.n;
        let sums: Vec<[f64; 5]> = ranges(n, ROWS)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map_init(
                || vec![T::ZERO; ROWS * n],
                |tau, (start, end)| {
                    let own = &slopes[start * n..end * n];
                    let tau = &mut tau[..own.len()];
                    products(tau, own, &slopes, n);
                    own.iter().zip(&*tau).fold([0.0; 5], |[a, b, aa, bb, ab], (&s, &t)| {
                        let (s, t) = (Scalar::to_f64(s), Scalar::to_f64(t));
                        [a + s, b + t, aa + s * s, bb + t * t, ab + s * t]
                    })
                },
            )
            .collect();
        let [a, b, aa, bb, ab] = sums.iter().fold([0.0; 5], |mut all, part| {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
            all
        });
        let count = (n * n) as f64;
        let (va, vb, cov) = (aa - a * a / count, bb - b * b / count, ab - a * b / count);
        // Below this, a spread is the rounding of its sums.
        let varies = |spread: f64, squares: f64| spread > 1e-12 * squares;
        Ok(if varies(va, aa) && varies(vb, bb) {
            Ok(cov * cov / (va * vb))
        } else {
            Err(Missing::Constant)
        })
    }
}

/// What is summed over samples: a `d×d` matrix, and the means of some rows, in `f64`.
#[derive(Clone)]
struct Sum {
    square: Vec<f64>,
    means: Vec<f64>,
}

/// One block of rows, with the memory of its thread.
struct Block<'a, T> {
    z: &'a Mapped<T>,
    rows: (usize, usize),
    values: &'a mut [T],
    weights: &'a mut [T],
    gradients: &'a mut [T],
    square: &'a mut [T],
}

impl Fast<'_> {
    /// Upper triangle, by rows, of the Gram matrix: the lower one by columns.
    fn gram<T: Real>(&self, kernel: &Kernel<T>, z: &Mapped<T>, gram: &mut [T]) {
        let n = z.n;
        let counter = Counter::new(self.watch, Stage::Gram, n * (n + 1) / 2);
        gram.par_chunks_mut(ROWS * n).zip(ranges(n, ROWS).collect::<Vec<_>>()).for_each(
            |(out, rows)| {
                for (start, end) in ranges(n - rows.0, COLUMNS) {
                    let columns = (rows.0 + start, rows.0 + end);
                    let tile = Tile { rows, columns };
                    let into = (&mut out[columns.0..], n);
                    fill(kernel, Wanted::Value, (z, z), tile, into);
                }
                counter.add((rows.0..rows.1).map(|i| n - i).sum());
            },
        );
    }

    /// Factors; `squares` is the diagonal, whose entries are the squares of the factor's rows. A pivot
    /// that is but rounding of its row is none.
    fn factor<T: Real>(&self, gram: &mut [T], squares: &[T]) -> std::result::Result<(), Error> {
        let n = squares.len();
        // A column of width w costs about w(n − w/2)²: count what is left, cubed.
        let left = |done: usize| ((n - done) as f64 / n.max(1) as f64).powi(3);
        cholesky::factor(faer::MatMut::from_column_major_slice_mut(gram, n, n), par(), |done| {
            (self.watch)(Stage::Factor, 1.0 - left(done));
        })?;
        let share = T::EPSILON * (<T as Scalar>::from_f64(4.0) + Scalar::sqrt(T::from_usize(n)));
        for (i, &square) in squares.iter().enumerate() {
            let pivot = gram[i * (n + 1)];
            let sound = pivot * pivot > share * square;
            // Nor is a NaN.
            if !sound {
                return Err(Error::NotPositiveDefinite { pivot: i });
            }
        }
        Ok(())
    }

    /// All slopes, `n×n`.
    fn slopes<T: Real>(&self, machine: &Predictor<'_, T>, z: &Mapped<T>) -> Vec<T> {
        let n = z.n;
        let mut slopes = vec![T::ZERO; n * n];
        slopes.par_chunks_mut(ROWS * n).zip(ranges(n, ROWS).collect::<Vec<_>>()).for_each(
            |(out, rows)| {
                for columns in ranges(n, COLUMNS) {
                    let tile = Tile { rows, columns };
                    let into = (&mut out[columns.0..], n);
                    fill(&machine.kernel, Wanted::Slope, (z, z), tile, into);
                }
            },
        );
        slopes
    }

    /// Adds up what `block` makes of each block of rows: parts side by side, blocks of a part one
    /// after the other, so that the order of the sum is fixed.
    fn sum<T: Real>(
        &self,
        z: &Mapped<T>,
        outputs: usize,
        means: usize,
        block: impl Fn(Block<'_, T>, &mut Sum) + Sync,
    ) -> Sum {
        let (n, d) = (z.n, z.d);
        let zero = Sum { square: vec![0.0; d * d], means: vec![0.0; means * d] };
        let counter = Counter::new(self.watch, Stage::Features, n);
        let part_rows = n.div_ceil(PARTS).next_multiple_of(ROWS);
        let parts: Vec<Sum> = ranges(n, part_rows)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(first, last)| {
                let mut sum = zero.clone();
                let tile = ROWS * n.min(COLUMNS);
                let mut values = vec![T::ZERO; tile];
                let mut weights = vec![T::ZERO; tile];
                let mut gradients = vec![T::ZERO; outputs * ROWS * d];
                let mut square = vec![T::ZERO; d * d];
                for (start, end) in ranges(last - first, ROWS) {
                    let rows = (first + start, first + end);
                    let (values, weights) = (&mut values[..], &mut weights[..]);
                    let (gradients, square) = (&mut gradients[..], &mut square[..]);
                    block(Block { z, rows, values, weights, gradients, square }, &mut sum);
                    counter.add(end - start);
                }
                sum
            })
            .collect();
        parts.iter().fold(zero, |mut all, part| {
            add(&mut all.square, &part.square);
            add(&mut all.means, &part.means);
            all
        })
    }
}

impl<T: Real> Block<'_, T> {
    fn len(&self) -> usize {
        self.rows.1 - self.rows.0
    }

    /// Adds `Σⱼ pⱼ(xⱼ − mean)ᵀ` over these samples, `pⱼ` the gradients times `αⱼ` before the metric:
    /// of `A = ααᵀ∘slopes`, `pⱼ` is `2Σᵢ Aᵢⱼ(xⱼ − xᵢ)` for radial kernels and `Σᵢ Aᵢⱼxᵢ` for the others.
    fn fact(self, machine: &Predictor<'_, T>, mean: &[T], sum: &mut Sum) {
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

    /// Adds `Σ ppᵀ` over these samples and all outputs, where `Mp` is the gradient of the output.
    fn agop(self, machine: &Predictor<'_, T>, sum: &mut Sum) {
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
            fill(&machine.kernel, Wanted::Slope, (z, z), tile, (&mut *slopes, width));
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
                subtract_from_own(gradients, totals, z, self.rows);
                gradients.iter_mut().for_each(|g| *g *= T::TWO);
            }
        }
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
    fn agop_of_pairs(self, machine: &Predictor<'_, T>, slopes: &[T], sum: &mut Sum) {
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

/// `τ ← SᵣS`, less its factor 1/n, which no correlation sees.
fn products<T: Real>(tau: &mut [T], own: &[T], slopes: &[T], n: usize) {
    let m = own.len() / n.max(1);
    let (tau, own) = (view_mut(tau, m, n), view(own, m, n));
    matmul(tau, Accum::Replace, own, view(slopes, n, n), T::ONE, Par::Seq);
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

fn add<T: Scalar>(sum: &mut [f64], part: &[T]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part.to_f64());
}

fn rows_of<T>(matrix: mat::MatRef<'_, T>, (start, end): (usize, usize)) -> faer::MatRef<'_, T> {
    let c = matrix.ncols();
    view(&matrix.data()[start * c..end * c], end - start, c)
}

fn column<T: Copy>(matrix: mat::MatRef<'_, T>, k: usize, (start, end): (usize, usize)) -> Vec<T> {
    let c = matrix.ncols();
    matrix.data()[start * c..end * c].iter().skip(k).step_by(c).copied().collect()
}

fn widen<T: Scalar>(matrix: mat::MatRef<'_, T>) -> Mat<f64> {
    let (m, n) = matrix.shape();
    Mat::from_fn(m, n, |i, j| matrix.data()[i * n + j].to_f64())
}

/// A metric as a matrix.
fn dense<T: Scalar>(metric: Metric<'_, T>, d: usize) -> Mat<f64> {
    match metric {
        Metric::Identity => Mat::identity(d, d),
        Metric::Diagonal(scales) => {
            Mat::from_fn(d, d, |i, j| if i == j { scales[i].to_f64() } else { 0.0 })
        }
        Metric::Full(m) => widen(m),
    }
}
