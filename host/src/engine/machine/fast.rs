//! The fast engine: tiles of `gemm` and profile, threads over rows, faer's factorisations.

use super::blocks::{Block, Memory, Sum, add};
use super::profile::{Real, Wanted};
use super::tiles::{
    COLUMNS, Mapped, ROWS, Tile, centre, fill, mean_of, ranges, rows_of, times_metric, view,
    view_mut,
};
use super::triangle::Triangle;
use super::{Engine, Feature, Stage, Watch, gradients, powers};
use crate::error::Result;
use fact_core::features::{Measured, Missing};
use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Ridge, Solved, Update, agop};
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
pub(super) struct Counter<'a> {
    watch: Watch<'a>,
    stage: Stage,
    done: AtomicUsize,
    all: usize,
}

impl<'a> Counter<'a> {
    pub(super) fn new(watch: Watch<'a>, stage: Stage, all: usize) -> Self {
        Self { watch, stage, done: AtomicUsize::new(0), all: all.max(1) }
    }

    pub(super) fn add(&self, units: usize) {
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
        let mut gram = Triangle::new(n);
        let mut jitter = T::ZERO;
        loop {
            self.gram(&kernel, &points, &mut gram);
            let sum = (0..n).fold(T::ZERO, |sum, i| sum + *gram.diagonal(i));
            let mean = sum / T::from_usize(n.max(1));
            let ridge = match ridge {
                Ridge::Absolute(ridge) => ridge,
                Ridge::Relative(share) => share * mean,
            };
            let level = mean + ridge;
            if !(Scalar::is_finite(level) && level >= T::MIN_POSITIVE / T::EPSILON) {
                return Err(Error::Scale { what: "Gram matrix" }.into());
            }
            let mut squares = Vec::with_capacity(n);
            for i in 0..n {
                let square = gram.diagonal(i);
                *square += ridge + jitter;
                squares.push(*square);
            }
            let factored = self.factor(&mut gram, &squares);
            match factored {
                Ok(()) => {
                    dual.copy_from_slice(samples.y().data());
                    gram.solve(view_mut(dual, n, c));
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

    fn jacobians(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()> {
        machine.kernel.check()?;
        let centre = centre(&machine.kernel, machine.x);
        let z = Mapped::of(machine, &centre, par());
        let x = Mapped::new(x, &centre, machine.metric, par());
        let (d, c) = (z.d, machine.dual.ncols());
        let rows = ranges(x.n, ROWS).collect::<Vec<_>>();
        out.par_chunks_mut((ROWS * c * d).max(1)).zip(rows).for_each_init(
            || (Memory::new(&z, c), vec![T::ZERO; ROWS * d]),
            |(memory, image), (out, rows)| {
                let size = (rows.1 - rows.0) * d;
                let mut block = memory.block(&z, rows);
                block.differentiate(machine, &x);
                let image = &mut image[..size];
                for (k, gradients) in block.gradients.chunks_exact(size).take(c).enumerate() {
                    times_metric(machine.metric, (gradients, d), image, Par::Seq);
                    for (out, row) in out.chunks_exact_mut(c * d).zip(image.chunks_exact(d)) {
                        out[k * d..(k + 1) * d].copy_from_slice(row);
                    }
                }
            },
        );
        Ok(())
    }

    fn features(&self, machine: &Predictor<'_, T>, feature: Feature, out: &mut [T]) -> Result<()> {
        machine.kernel.check()?;
        let z = Mapped::of(machine, &centre(&machine.kernel, machine.x), par());
        let (n, d, c) = (z.n, z.d, machine.dual.ncols());
        let square = |sum: &Sum| view(&sum.square, d, d).to_owned();
        let s = match feature {
            // Where the pairs would lose digits.
            Feature::Fact(centering) if machine.kernel.is_rank_deficient(n, d) => {
                self.fact_of_forms(machine, &z, centering)
            }
            Feature::Fact(centering) => {
                // Distances do not see where the mean is.
                let mean = match centering {
                    Centering::Mean if !machine.kernel.is_radial() => mean_of(machine.x),
                    _ => vec![T::ZERO; d],
                };
                self.fact_of_pairs(machine, &z, &mean)
            }
            Feature::Agop(centering) if agop::takes_forms(machine.kernel, n, d) => {
                square(&self.agop_of_forms(machine, &z, centering))
            }
            Feature::Agop(centering) => {
                let radial = machine.kernel.is_radial();
                let means = if centering == Centering::Mean { c } else { 0 };
                let sum = if radial && gradients::has_room(n, d, c) {
                    self.agop_of_half(machine, &z, means)
                } else if !radial && c * d > 2 * n {
                    let slopes = self.slopes(machine, &z);
                    self.sum(&z, 1, [means, 0], |block, part| {
                        block.agop_of_pairs(machine, &slopes, part)
                    })
                } else {
                    self.sum(&z, c, [means, 0], |block, part| block.agop(machine, part))
                };
                let mean = view(&sum.means, means, d);
                let rank_one = (mean.transpose() * mean) * faer::Scale(1.0 / n.max(1) as f64);
                square(&sum) - rank_one
            }
        };
        let m = dense(machine.metric, d);
        let next = match feature {
            Feature::Fact(_) => &m * s,
            Feature::Agop(_) => &m * s * &m * faer::Scale(1.0 / n.max(1) as f64),
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

impl Fast<'_> {
    /// Lower triangle of the Gram matrix: a column of it is a row of tiles.
    fn gram<T: Real>(&self, kernel: &Kernel<T>, z: &Mapped<T>, gram: &mut Triangle<T>) {
        let n = z.n;
        let counter = Counter::new(self.watch, Stage::Gram, n * (n + 1) / 2);
        let rows: Vec<_> = gram
            .panels()
            .flat_map(|(first, panel)| {
                let stride = n - first;
                panel.chunks_mut(ROWS * stride).zip(0..).map(move |(out, k)| {
                    let start = first + k * ROWS;
                    (first, (start, start + out.len() / stride), out)
                })
            })
            .collect();
        rows.into_par_iter().with_max_len(1).for_each(|(first, rows, out)| {
            let stride = n - first;
            for (start, end) in ranges(stride, COLUMNS) {
                let tile = Tile { rows, columns: (first + start, first + end) };
                fill(kernel, Wanted::Value, (z, z), tile, (&mut out[start..], stride));
            }
            counter.add((rows.0..rows.1).map(|i| n - i).sum());
        });
    }

    /// Factors; `squares` is the diagonal, whose entries are the squares of the factor's rows. A pivot
    /// that is but rounding of its row is none.
    fn factor<T: Real>(
        &self,
        gram: &mut Triangle<T>,
        squares: &[T],
    ) -> std::result::Result<(), Error> {
        let n = squares.len();
        // A column of width w costs about w(n − w/2)²: count what is left, cubed.
        let left = |done: usize| ((n - done) as f64 / n.max(1) as f64).powi(3);
        gram.factor(|done| (self.watch)(Stage::Factor, 1.0 - left(done)))?;
        let share = T::EPSILON * (<T as Scalar>::from_f64(4.0) + Scalar::sqrt(T::from_usize(n)));
        for (i, &square) in squares.iter().enumerate() {
            let pivot = *gram.diagonal(i);
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
    pub(super) fn sum<T: Real>(
        &self,
        z: &Mapped<T>,
        outputs: usize,
        [means, weights]: [usize; 2],
        block: impl Fn(Block<'_, T>, &mut Sum) + Sync,
    ) -> Sum {
        let (n, d) = (z.n, z.d);
        let zero = Sum {
            square: vec![0.0; d * d],
            means: vec![0.0; means * d],
            weights: vec![0.0; weights],
        };
        let counter = Counter::new(self.watch, Stage::Features, n);
        // The blocks of a part lie apart: where the first are more work than the last, parts are alike.
        let parts: Vec<Sum> = (0..PARTS.min(n.div_ceil(ROWS)))
            .into_par_iter()
            .with_max_len(1)
            .map(|part| {
                let mut sum = zero.clone();
                let mut memory = Memory::new(z, outputs);
                for (start, end) in ranges(n, ROWS).skip(part).step_by(PARTS) {
                    block(memory.block(z, (start, end)), &mut sum);
                    counter.add(end - start);
                }
                sum
            })
            .collect();
        parts.iter().fold(zero, |mut all, part| {
            add(&mut all.square, &part.square);
            add(&mut all.means, &part.means);
            add(&mut all.weights, &part.weights);
            all
        })
    }

    /// `S` of `FACT = MS`, from half of all pairs.
    fn fact_of_pairs<T: Real>(
        &self,
        machine: &Predictor<'_, T>,
        z: &Mapped<T>,
        mean: &[T],
    ) -> Mat<f64> {
        let (n, d) = (z.n, z.d);
        if !machine.kernel.is_radial() {
            let sum = self.sum(z, 1, [0, 0], |block, part| block.fact(machine, mean, part));
            return view(&sum.square, d, d).to_owned();
        }
        let half = self.sum(z, 1, [0, n], |block, part| block.radial_fact(machine, part));
        let weights: Vec<T> =
            half.weights.iter().map(|&weight| <T as Scalar>::from_f64(weight)).collect();
        let rest = self.sum(z, 1, [0, 0], |block, part| block.form(&weights, part));
        let half = view(&half.square, d, d);
        (half + half.transpose() + view(&rest.square, d, d)) * faer::Scale(2.0)
    }
}

/// `τ ← SᵣS`, less its factor 1/n, which no correlation sees.
fn products<T: Real>(tau: &mut [T], own: &[T], slopes: &[T], n: usize) {
    let m = own.len() / n.max(1);
    let (tau, own) = (view_mut(tau, m, n), view(own, m, n));
    matmul(tau, Accum::Replace, own, view(slopes, n, n), T::ONE, Par::Seq);
}

fn widen<T: Scalar>(matrix: mat::MatRef<'_, T>) -> Mat<f64> {
    let (m, n) = matrix.shape();
    Mat::from_fn(m, n, |i, j| matrix.data()[i * n + j].to_f64())
}

/// A metric as a matrix.
pub(super) fn dense<T: Scalar>(metric: Metric<'_, T>, d: usize) -> Mat<f64> {
    match metric {
        Metric::Identity => Mat::identity(d, d),
        Metric::Diagonal(scales) => {
            Mat::from_fn(d, d, |i, j| if i == j { scales[i].to_f64() } else { 0.0 })
        }
        Metric::Full(m) => widen(m),
    }
}
