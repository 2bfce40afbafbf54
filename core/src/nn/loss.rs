//! Losses per sample and their gradients with respect to the outputs.

use crate::scalar::Scalar;

/// The loss `ℓ(f, y)` of one sample with `c` outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `½‖f − y‖²`, the paper's and the default.
    HalfSquared,
    /// `‖f − y‖²`.
    Squared,
    /// `‖f − y‖²/c`.
    MeanSquared,
    /// `−Σₖ yₖ ln softmax(f)ₖ`; the target is a distribution, usually one-hot.
    CrossEntropy,
}

impl Loss {
    /// `ℓ(f, y)`; outputs are added in order.
    ///
    /// ```
    /// use fact_core::nn::Loss;
    /// assert_eq!(Loss::HalfSquared.value(&[1.0, 2.0], &[0.0, 0.0]), 2.5);
    /// assert!((Loss::CrossEntropy.value(&[0.0, 0.0], &[1.0, 0.0]) - 2f64.ln()).abs() < 1e-15);
    /// ```
    #[inline(always)]
    pub fn value<T: Scalar>(self, f: &[T], y: &[T]) -> T {
        let pairs = f.iter().zip(y);
        match self {
            Self::CrossEntropy => {
                let log_sum = log_sum_exp(f);
                pairs.fold(T::ZERO, |sum, (&f, &y)| sum + y * (log_sum - f))
            }
            _ => self.half_slope(f) * pairs.fold(T::ZERO, |sum, (&f, &y)| sum + (f - y) * (f - y)),
        }
    }

    /// `delta ← delta ∘ ∂ℓ/∂f`: turns the slopes of the output layer into its `δ = ∂ℓ/∂z`.
    ///
    /// ```
    /// use fact_core::nn::Loss;
    /// let mut delta = [1.0, 0.5];
    /// Loss::HalfSquared.pull_back(&[3.0, 2.0], &[1.0, 0.0], &mut delta);
    /// assert_eq!(delta, [2.0, 1.0]);
    /// ```
    #[inline(always)]
    pub fn pull_back<T: Scalar>(self, f: &[T], y: &[T], delta: &mut [T]) {
        let triples = delta.iter_mut().zip(f).zip(y);
        match self {
            Self::HalfSquared => {
                for ((delta, &f), &y) in triples {
                    *delta *= f - y;
                }
            }
            Self::Squared | Self::MeanSquared => {
                let factor = T::TWO * self.half_slope(f);
                for ((delta, &f), &y) in triples {
                    *delta *= factor * (f - y);
                }
            }
            Self::CrossEntropy => {
                let log_sum = log_sum_exp(f);
                let mass = y.iter().fold(T::ZERO, |sum, &y| sum + y);
                for ((delta, &f), &y) in triples {
                    *delta *= (f - log_sum).exp() * mass - y;
                }
            }
        }
    }

    /// `a` of a squared loss `a‖f − y‖²`.
    #[inline(always)]
    fn half_slope<T: Scalar>(self, f: &[T]) -> T {
        match self {
            Self::HalfSquared => T::HALF,
            Self::MeanSquared => T::ONE / T::from_usize(f.len().max(1)),
            Self::Squared | Self::CrossEntropy => T::ONE,
        }
    }
}

/// `ln Σ e^fₖ`, shifted by the largest output so that nothing overflows.
#[inline(always)]
fn log_sum_exp<T: Scalar>(f: &[T]) -> T {
    let Some(&first) = f.first() else { return T::ZERO };
    let top = f.iter().fold(first, |top, &f| top.max(f));
    top + f.iter().fold(T::ZERO, |sum, &f| sum + (f - top).exp()).ln()
}
