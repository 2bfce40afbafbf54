//! The optimisers, their memory and one update of each.

use super::lbfgs;
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// How the parameters move. All but [`Optimizer::Sgd`] use the gradient over all samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer<T> {
    /// One sample at a time, in an order drawn anew for each epoch; no memory.
    Sgd {
        /// The full rate `η`.
        rate: T,
        /// How it changes, counted in epochs.
        schedule: Schedule<T>,
    },
    /// `v ← μv + ∇L`, `θ ← θ − ηv` (Polyak 1964); `μ = 0` is gradient descent. The gradient is
    /// accumulated straight into `v`: `P` words of memory.
    HeavyBall {
        /// The full rate `η`.
        rate: T,
        /// The momentum `0 ≤ μ < 1`.
        momentum: T,
        /// How the rate changes, counted in evaluations.
        schedule: Schedule<T>,
    },
    /// Adam (Kingma & Ba 2015); with `decay > 0` AdamW (Loshchilov & Hutter 2019), whose decoupled
    /// decay has a fixed point at which FACT does not hold. `3P` words of memory.
    Adam {
        /// The full rate `η`.
        rate: T,
        /// Memory of the mean, 0.9.
        beta1: T,
        /// Memory of the square, 0.999.
        beta2: T,
        /// Added to the root, 1e-8.
        epsilon: T,
        /// Decoupled decay: `θ ← (1 − η·decay)·θ` before each step.
        decay: T,
        /// How the rate changes, counted in evaluations.
        schedule: Schedule<T>,
    },
    /// L-BFGS, the fastest to a critical point. `(2·pairs + 4)·P + 2·pairs` words of memory.
    Lbfgs {
        /// Pairs of differences remembered; 5 to 10 serve well.
        pairs: usize,
    },
}

impl<T: Scalar> Optimizer<T> {
    /// Words of memory for a network of `params` parameters, gradient included, `θ` not.
    ///
    /// ```
    /// use fact_core::nn::optimizer::Optimizer;
    /// assert_eq!(Optimizer::<f32>::Lbfgs { pairs: 5 }.words(100), 1410);
    /// ```
    pub const fn words(&self, params: usize) -> usize {
        match self {
            Self::Sgd { .. } => 0,
            Self::HeavyBall { .. } => params,
            Self::Adam { .. } => params.saturating_mul(3),
            Self::Lbfgs { pairs } => lbfgs::words(*pairs, params).saturating_add(params),
        }
    }

    /// What its memory holds, as a code for [snapshots](crate::snapshot::Kind), fixed forever: the
    /// method in the lowest byte, the pairs of L-BFGS above it.
    ///
    /// ```
    /// use fact_core::nn::optimizer::Optimizer;
    /// assert_eq!(Optimizer::<f32>::Lbfgs { pairs: 5 }.content(), 0x504);
    /// ```
    pub const fn content(&self) -> u32 {
        match self {
            Self::Sgd { .. } => 1,
            Self::HeavyBall { .. } => 2,
            Self::Adam { .. } => 3,
            // So many that they differ above 24 bits only fit no memory.
            Self::Lbfgs { pairs } => 4 | (*pairs as u32) << 8,
        }
    }

    /// `Ok` when every constant is in its range.
    pub(super) fn check(&self) -> Result<()> {
        let share = |x: T| x >= T::ZERO && x < T::ONE;
        let size = |x: T| x >= T::ZERO && x.is_finite();
        let what = match *self {
            Self::Sgd { rate, .. } | Self::HeavyBall { rate, .. } | Self::Adam { rate, .. }
                if !size(rate) =>
            {
                "rate: finite, at least 0"
            }
            Self::HeavyBall { momentum, .. } if !share(momentum) => "momentum: 0 ≤ μ < 1",
            Self::Adam { beta1, beta2, .. } if !(share(beta1) && share(beta2)) => "β: 0 ≤ β < 1",
            Self::Adam { epsilon, decay, .. } if !(size(epsilon) && size(decay)) => {
                "ε and decay: finite, at least 0"
            }
            _ => return Ok(()),
        };
        Err(Error::Parameter { what })
    }

    /// What the old content of the gradient buffer counts for when the next gradient is added.
    pub(super) fn carry(&self) -> T {
        match self {
            Self::HeavyBall { momentum, .. } => *momentum,
            _ => T::ZERO,
        }
    }
}

/// One Adam update from `gradient`, with running `mean` and `square` of the gradient, as update `t`
/// counted from 1 (0 counts as 1). All four have the length of `theta`; the common length counts.
///
/// Bias correction as in the paper: `θ ← θ − η·m̂/(√v̂ + ε)`. Cost: a root, two divisions and eight
/// multiplications a parameter.
///
/// ```
/// use fact_core::nn::optimizer::{Adam, adam};
/// let config = Adam { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 };
/// let (mut theta, mut mean, mut square) = ([1.0_f64], [0.0], [0.0]);
/// adam(&config, 1, &[2.0], &mut theta, &mut mean, &mut square);
/// assert!((theta[0] - 0.9).abs() < 1e-8);
/// ```
pub fn adam<T: Scalar>(
    config: &Adam<T>,
    t: u32,
    gradient: &[T],
    theta: &mut [T],
    mean: &mut [T],
    square: &mut [T],
) {
    let Adam { rate, beta1, beta2, epsilon, decay } = *config;
    let exponent = T::from_f64(f64::from(t.max(1)));
    let mean_scale = T::ONE / (T::ONE - beta1.powf(exponent));
    let square_scale = T::ONE / (T::ONE - beta2.powf(exponent));
    let keep = T::ONE - rate * decay;
    let moments = mean.iter_mut().zip(square);
    for ((theta, &g), (mean, square)) in theta.iter_mut().zip(gradient).zip(moments) {
        *mean = beta1 * *mean + (T::ONE - beta1) * g;
        *square = beta2 * *square + (T::ONE - beta2) * (g * g);
        let root = (*square * square_scale).sqrt() + epsilon;
        *theta = keep * *theta - rate * (*mean * mean_scale) / root;
    }
}

/// The constants of one [`adam`] update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam<T> {
    /// The rate `η` of this update.
    pub rate: T,
    /// Memory of the mean.
    pub beta1: T,
    /// Memory of the square.
    pub beta2: T,
    /// Added to the root.
    pub epsilon: T,
    /// Decoupled decay.
    pub decay: T,
}
