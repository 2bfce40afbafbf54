//! Kernel functions as profiles of one number, with their slopes.

use super::pairs::Form;
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// A kernel `K_M(x, z)` as the profile of one number: of `t = u² = (x−z)ᵀM(x−z)` where it is
/// *radial*, of `t = xᵀMz` where it is an *inner-product* kernel.
///
/// Source: Boix-Adserà et al. (2026), section 3; Radhakrishnan et al. (2024) for the Laplace
/// kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel<T> {
    /// `exp(−u/L)`, radial.
    Laplace {
        /// `L`, positive, in units of `u`.
        bandwidth: T,
    },
    /// `exp(−(u/L)^γ)`, radial.
    GeneralizedLaplace {
        /// `L`, positive, in units of `u`.
        bandwidth: T,
        /// `γ` in `(0, 2]`; beyond 2 the kernel is not positive definite.
        exponent: T,
    },
    /// `exp(−u²/(2L²))`, radial.
    Gaussian {
        /// `L`, positive, in units of `u`.
        bandwidth: T,
    },
    /// `(xᵀMz)²`.
    Quadratic,
    /// `exp(xᵀMz/L)`.
    Exponential {
        /// `L`, positive, in units of `xᵀMz`.
        bandwidth: T,
    },
}

/// What of a pair is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// The kernel.
    Value,
    /// What the other point, or for radial kernels the difference to it, is weighed by, per unit of `α`, to
    /// give a gradient before the metric.
    Gradient,
}

/// Whether several exponentials together are cheaper than one after the other.
pub(super) const VECTORS: bool = usize::BITS >= 64;

impl<T: Scalar> Kernel<T> {
    /// Whether the parameters lie in their ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the one that does not.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert!(Kernel::Laplace { bandwidth: 10.0 }.check().is_ok());
    /// assert!(Kernel::Laplace { bandwidth: -1.0 }.check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        let (bandwidth, exponent) = match *self {
            Self::Quadratic => return Ok(()),
            Self::Laplace { bandwidth }
            | Self::Gaussian { bandwidth }
            | Self::Exponential { bandwidth } => (bandwidth, T::ONE),
            Self::GeneralizedLaplace { bandwidth, exponent } => (bandwidth, exponent),
        };
        // NaNs take the error branches too.
        if !(bandwidth > T::ZERO && bandwidth.is_finite()) {
            return Err(Error::Parameter { what: "bandwidth (positive)" });
        }
        if !(exponent > T::ZERO && exponent <= T::TWO) {
            return Err(Error::Parameter { what: "exponent (in (0, 2])" });
        }
        Ok(())
    }

    /// Whether the profile is of the squared distance, and not of the inner product.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert!(Kernel::Gaussian { bandwidth: 1.0 }.is_radial());
    /// assert!(!Kernel::<f32>::Quadratic.is_radial());
    /// ```
    #[inline]
    pub fn is_radial(&self) -> bool {
        match self {
            Self::Laplace { .. } | Self::GeneralizedLaplace { .. } | Self::Gaussian { .. } => true,
            Self::Quadratic | Self::Exponential { .. } => false,
        }
    }

    /// What the profile is of.
    #[inline]
    pub(super) fn form(&self) -> Form {
        if self.is_radial() { Form::SquaredDistance } else { Form::InnerProduct }
    }

    /// Whether the slope stays bounded as two points approach each other.
    #[inline]
    pub(super) fn has_bounded_slope(&self) -> bool {
        !matches!(self, Self::Laplace { .. } | Self::GeneralizedLaplace { .. })
    }

    /// Whether the Gram matrix of `n` points with `d` inputs is singular whatever they are.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert!(!Kernel::<f32>::Quadratic.is_rank_deficient(3, 2));
    /// assert!(Kernel::<f32>::Quadratic.is_rank_deficient(4, 2));
    /// ```
    pub fn is_rank_deficient(&self, n: usize, d: usize) -> bool {
        // The forms of d inputs have that many coefficients.
        matches!(self, Self::Quadratic) && n > d.saturating_mul(d.saturating_add(1)) / 2
    }

    /// `K` at `t`. A squared distance below 0 is rounding and counts as 0.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert_eq!(Kernel::Quadratic.value(3.0), 9.0);
    /// assert_eq!(Kernel::Laplace { bandwidth: 2.0 }.value(16.0), (-2.0_f64).exp());
    /// ```
    #[inline]
    pub fn value(&self, t: T) -> T {
        self.value_and_slope(t).0
    }

    /// `dK/dt` at `t`. For both Laplace kernels, whose slope has a pole at `u = 0`, it is 0 there:
    /// the gradient of `K` has no direction at its tip.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert_eq!(Kernel::Quadratic.slope(3.0), 6.0);
    /// assert_eq!(Kernel::Laplace { bandwidth: 2.0 }.slope(0.0), 0.0);
    /// ```
    #[inline]
    pub fn slope(&self, t: T) -> T {
        self.value_and_slope(t).1
    }

    /// [`value`](Self::value) and [`slope`](Self::slope), for little more than the price of one.
    ///
    /// ```
    /// use fact_core::kernel::Kernel;
    /// assert_eq!(Kernel::Exponential { bandwidth: 2.0 }.value_and_slope(0.0), (1.0, 0.5));
    /// ```
    // On a board, apart: what an exponential keeps in registers would lie on every caller's stack.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn value_and_slope(&self, t: T) -> (T, T) {
        self.profile(t, T::exp)
    }

    /// The same, of a given exponential of what is handed to it.
    #[inline(always)]
    fn profile(&self, t: T, exp: impl FnOnce(T) -> T) -> (T, T) {
        match *self {
            Self::Laplace { bandwidth } => {
                let u = t.max(T::ZERO).sqrt();
                let value = exp(-u / bandwidth);
                (value, off_tip(u, -value / (T::TWO * bandwidth * u)))
            }
            Self::GeneralizedLaplace { bandwidth, exponent } => {
                let u = t.max(T::ZERO).sqrt();
                let power = if u == T::ZERO { T::ZERO } else { (u / bandwidth).powf(exponent) };
                let value = exp(-power);
                (value, off_tip(u, -value * exponent * power / (T::TWO * u * u)))
            }
            Self::Gaussian { bandwidth } => {
                let rate = T::HALF / (bandwidth * bandwidth);
                let value = exp(-t.max(T::ZERO) * rate);
                (value, -value * rate)
            }
            Self::Quadratic => (t * t, T::TWO * t),
            Self::Exponential { bandwidth } => {
                let value = exp(t / bandwidth);
                (value, value / bandwidth)
            }
        }
    }

    /// What is wanted of `t`.
    #[inline(always)]
    pub(super) fn wanted(&self, wanted: Wanted, t: T) -> T {
        self.pick(wanted, self.value_and_slope(t))
    }

    /// Replaces each `t` by what is wanted of it.
    #[inline(always)]
    pub(super) fn map<const N: usize>(&self, wanted: Wanted, values: &mut [T; N]) {
        // Each kernel by its name: a loop that asks which one it is would not be vectorised.
        match *self {
            Self::Laplace { bandwidth } => Self::Laplace { bandwidth }.map_all(wanted, values),
            Self::Gaussian { bandwidth } => Self::Gaussian { bandwidth }.map_all(wanted, values),
            Self::Exponential { bandwidth } => {
                Self::Exponential { bandwidth }.map_all(wanted, values);
            }
            // Without an exponential, or with more than one.
            Self::Quadratic | Self::GeneralizedLaplace { .. } => {
                for value in values {
                    *value = self.wanted(wanted, *value);
                }
            }
        }
    }

    /// [`map`](Self::map), all exponentials together.
    #[inline(always)]
    fn map_all<const N: usize>(&self, wanted: Wanted, values: &mut [T; N]) {
        let mut exponentials = *values;
        for t in &mut exponentials {
            let mut argument = T::ZERO;
            self.profile(*t, |x| {
                argument = x;
                x
            });
            *t = argument;
        }
        T::exp_all(&mut exponentials);
        for (value, &exponential) in values.iter_mut().zip(&exponentials) {
            *value = self.pick(wanted, self.profile(*value, |_| exponential));
        }
    }

    #[inline(always)]
    fn pick(&self, wanted: Wanted, (value, slope): (T, T)) -> T {
        match wanted {
            Wanted::Value => value,
            // ∂u²/∂x = 2M(x − z).
            Wanted::Gradient if self.is_radial() => T::TWO * slope,
            Wanted::Gradient => slope,
        }
    }
}

/// `slope`, but 0 where there is no distance, or so little that the slope overflows. A NaN stays.
#[inline]
fn off_tip<T: Scalar>(u: T, slope: T) -> T {
    if u == T::ZERO || (u > T::ZERO && !slope.is_finite()) { T::ZERO } else { slope }
}
