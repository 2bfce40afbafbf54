//! Recursive Feature Machines: fit, learn the metric, refit.
//!
//! Round 0 is the plain kernel machine at the start metric; round `k` is the machine refitted after
//! `k` updates. The same code runs on a microcontroller and a server: all memory is the caller's.
//!
//! ```
//! use fact_core::kernel::{Centering, Kernel, Rescale, Rfm, Ridge, Shape, Update, rfm};
//! use fact_core::{mat::{MatMut, MatRef}, samples::Samples, scratch::Scratch};
//!
//! const N: usize = 8;
//! const D: usize = 3;
//! // y is the parity of the first two inputs; the third is noise.
//! static X: [f32; N * D] = [
//!     0., 0., 0.,  0., 0., 1.,  0., 1., 0.,  0., 1., 1.,
//!     1., 0., 0.,  1., 0., 1.,  1., 1., 0.,  1., 1., 1.,
//! ];
//! static Y: [f32; N] = [-1., -1., 1., 1., 1., 1., -1., -1.];
//! // On a board, a `static`: its size is known at compile time.
//! let mut memory = [0.0; rfm::fit_scratch(N, D, 1)];
//! let (mut metric, mut dual) = ([1., 0., 0., 0., 1., 0., 0., 0., 1.], [0.0; N]);
//!
//! let machine = Rfm {
//!     kernel: Kernel::Gaussian { bandwidth: 1.5 },
//!     ridge: Ridge::Absolute(1e-3),
//!     update: Update::Fact,
//!     rescale: Rescale::Trace,
//!     centering: Centering::None,
//!     shape: Shape::Full,
//! };
//! let samples = Samples::new(MatRef::new(&X, N, D)?, MatRef::new(&Y, N, 1)?)?;
//! let (m, alpha) = (MatMut::new(&mut metric, D, D)?, MatMut::new(&mut dual, N, 1)?);
//! let mut rounds = 0;
//! rfm::fit(&machine, &samples, 5, m, alpha, |_| rounds += 1, Scratch::new(&mut memory))?;
//! assert_eq!(rounds, 6);
//! // The metric has forgotten the third input.
//! assert!(metric[8] < 0.01 * metric[0] && metric[8] < 0.01 * metric[4]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::agop::{agop, agop_scratch};
use super::copy;
use super::fact::{fact, fact_scratch};
use super::metric::Metric;
use super::predictor::Predictor;
use super::profile::Kernel;
use super::ridge::{Ridge, Solved, solve, solve_scratch};
use super::update::{
    Centering, Rescale, Shape, Update, diagonal, next_diagonal, next_metric, next_metric_scratch,
    rescale,
};
use crate::error::{Error, check_shape};
use crate::mat::{MatMut, MatRef};
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;
use core::fmt;

/// Rows of a block in [`fit`].
const ROWS: usize = 16;

/// What to fit, and how to learn its metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rfm<T> {
    /// The kernel.
    pub kernel: Kernel<T>,
    /// The ridge.
    pub ridge: Ridge<T>,
    /// The rule for the next metric.
    pub update: Update<T>,
    /// What happens to its scale.
    pub rescale: Rescale,
    /// Whether AGOP or FACT is centred.
    pub centering: Centering,
    /// Which entries are learned.
    pub shape: Shape,
}

/// A machine that has just been fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round<'a, T> {
    /// Updates made before it.
    pub round: u32,
    /// Ridge and jitter of the fit.
    pub solved: Solved<T>,
    /// The machine.
    pub predictor: Predictor<'a, T>,
}

/// An error, and the round in which it came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The round that was to be fitted.
    pub round: u32,
    /// Why it was not. [`Error::Scale`]: the scale of the metric broke down.
    pub error: Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round {}: {}", self.round, self.error)
    }
}

impl core::error::Error for Failed {}

/// Words of scratch for [`fit`] of `n` samples with `d` inputs and `c` targets.
///
/// ```
/// use fact_core::kernel::rfm::fit_scratch;
/// // With X, Y, metric and dual: below 32 KB of f32.
/// assert!(fit_scratch(64, 8, 1) + 64 * 8 + 64 + 8 * 8 + 64 <= 32 * 1024 / 4);
/// ```
pub const fn fit_scratch(n: usize, d: usize, c: usize) -> usize {
    let rows = if n == 0 {
        1
    } else if n < ROWS {
        n
    } else {
        ROWS
    };
    let stages = [
        solve_scratch(n, d),
        agop_scratch(n, d, c, rows),
        fact_scratch(n, d, rows),
        next_metric_scratch(d),
    ];
    let [mut largest, rest @ ..] = stages;
    let mut left: &[usize] = &rest;
    while let [stage, others @ ..] = left {
        if *stage > largest {
            largest = *stage;
        }
        left = others;
    }
    // The diagonal of the metric; AGOP or FACT; the next metric.
    largest.saturating_add(d.saturating_mul(d.saturating_mul(2).saturating_add(1)))
}

/// Fits a machine, and `rounds` times learns its metric and refits it, for `n` samples with `d`
/// inputs and `c` targets.
///
/// `metric: d×d` is read as the start metric (of [`Shape::Diagonal`], its diagonal) and holds that
/// of the last fit on return; `dual: n×c` is overwritten with the weights of the last fit.
/// `observe` sees each machine as it has been fitted, `rounds + 1` of them. Returns ridge and
/// jitter of the last fit.
///
/// Cost of a round: that of [`solve`], of [`agop`] or [`fact`], and of [`next_metric`]. Scratch:
/// [`fit_scratch`].
///
/// # Errors
/// [`Failed`], with the error of the step that failed: [`Error::Scale`] when the scale of the
/// metric broke down. If it failed in learning the metric of that round, `metric` and `dual` are
/// those of the round before; if in fitting it, `metric` is new and `dual` unspecified.
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Rescale, Rfm, Ridge, Shape, Update, rfm};
/// use fact_core::{mat::{MatMut, MatRef}, samples::Samples, scratch::Scratch};
/// let machine = Rfm {
///     kernel: Kernel::Quadratic,
///     ridge: Ridge::Relative(1.0),
///     update: Update::Fact,
///     rescale: Rescale::Trace,
///     centering: Centering::None,
///     shape: Shape::Full,
/// };
/// let samples = Samples::new(MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[8.0], 1, 1)?)?;
/// let (mut metric, mut dual, mut memory) = ([1.0], [0.0], [0.0; rfm::fit_scratch(1, 1, 1)]);
/// let (m, alpha) = (MatMut::new(&mut metric, 1, 1)?, MatMut::new(&mut dual, 1, 1)?);
/// let scratch = Scratch::new(&mut memory);
/// let solved = rfm::fit(&machine, &samples, 1, m, alpha, |_| (), scratch).unwrap();
/// assert_eq!((solved.ridge, metric), (16.0, [1.0]));
/// assert!((dual[0] - 0.25_f64).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn fit<T: Scalar>(
    rfm: &Rfm<T>,
    samples: &Samples<'_, T>,
    rounds: u32,
    mut metric: MatMut<'_, T>,
    mut dual: MatMut<'_, T>,
    mut observe: impl FnMut(Round<'_, T>),
    mut scratch: Scratch<'_, T>,
) -> core::result::Result<Solved<T>, Failed> {
    let d = samples.x().ncols();
    check_shape("metric", (d, d), metric.shape()).map_err(|error| Failed { round: 0, error })?;
    let mut round = 0;
    loop {
        let failed = |error| Failed { round, error };
        let mut lent = scratch.reborrow();
        let mut features = lent.take_mat(d, d).map_err(failed)?;
        let view = rfm.shape.view(metric.as_ref(), lent.take(d).map_err(failed)?);
        let kernel = rfm.kernel;
        let solved = solve(kernel, view, rfm.ridge, samples, dual.reborrow(), lent.reborrow())
            .map_err(failed)?;
        let predictor = Predictor { kernel, metric: view, x: samples.x(), dual: dual.as_ref() };
        let fitted = Round { round, solved, predictor };
        observe(fitted);
        if round == rounds {
            return Ok(solved);
        }
        round += 1;
        let failed = |error| Failed { round, error };
        // Called from here one after the other: the stack of a board holds one of them at a time.
        match rfm.update {
            Update::Nfa { .. } => {
                agop(&fitted.predictor, rfm.centering, features.reborrow(), lent.reborrow())
            }
            Update::Fact | Update::FactGeomean | Update::FactInner => {
                fact(&fitted.predictor, rfm.centering, features.reborrow(), lent.reborrow())
            }
        }
        .map_err(failed)?;
        let mut next = lent.take_mat(d, d).map_err(failed)?;
        let (features, old) = (features.as_ref(), metric.as_ref());
        match rfm.shape {
            Shape::Full => next_metric(rfm.update, features, old, next.reborrow(), lent),
            Shape::Diagonal => next_diagonal(rfm.update, features, old, next.reborrow()),
        }
        .and_then(|()| rescale(rfm.rescale, next.reborrow()))
        .map_err(|error| match error {
            // Samples, metric and dual were finite.
            Error::NonFinite { .. } => failed(Error::Scale { what: "feature matrix" }),
            other => failed(other),
        })?;
        copy(metric.data_mut(), next.as_ref().data());
    }
}

impl Shape {
    /// The metric as kernels take it; where only its diagonal counts, copied into `memory: d`.
    fn view<'a, T: Scalar>(self, metric: MatRef<'a, T>, memory: &'a mut [T]) -> Metric<'a, T> {
        match self {
            Self::Full => Metric::Full(metric),
            Self::Diagonal => {
                for (to, from) in memory.iter_mut().zip(diagonal(metric)) {
                    *to = from;
                }
                Metric::Diagonal(memory)
            }
        }
    }
}
