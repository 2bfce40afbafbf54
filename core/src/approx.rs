//! [`Approx`]: `f32` with micromath's fast approximations in place of libm's functions.

use crate::scalar::{Precision, Scalar, sealed::Sealed};
use core::fmt;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use micromath::F32;

/// An `f32` whose elementary functions are micromath's approximations.
///
/// Sums, products and quotients are those of `f32`; `√` is good to three digits, `exp`, `ln`, `tanh`,
/// powers and `erf` to about two, and far cheaper on a core without an FPU. The algorithms are the
/// same code: the type chooses. What promises orthonormal vectors or exact factors elsewhere keeps
/// its promise here only to those digits.
///
/// ```
/// use fact_core::{approx::Approx, scalar::Scalar};
/// let (fast, exact) = (Approx(1.0).exp(), 1.0_f32.exp());
/// assert!((fast.0 - exact).abs() < 0.01 * exact);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Approx(pub f32);

impl fmt::Display for Approx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident, $assign_trait:ident $assign:ident, $op:tt;)*) => {$(
        impl $trait for Approx {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
        impl $assign_trait for Approx {
            #[inline(always)]
            fn $assign(&mut self, other: Self) {
                *self = *self $op other;
            }
        }
    )*};
}

operator! {
    Add add, AddAssign add_assign, +;
    Sub sub, SubAssign sub_assign, -;
    Mul mul, MulAssign mul_assign, *;
    Div div, DivAssign div_assign, /;
}

impl Neg for Approx {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sealed for Approx {}

impl Scalar for Approx {
    const PRECISION: Precision = Precision::Approx;
    const ZERO: Self = Self(0.0);
    const ONE: Self = Self(1.0);
    const HALF: Self = Self(0.5);
    const TWO: Self = Self(2.0);
    const EPSILON: Self = Self(f32::EPSILON);
    const MIN_POSITIVE: Self = Self(f32::MIN_POSITIVE);
    fn from_f64(x: f64) -> Self {
        Self(x as f32)
    }
    fn to_f64(self) -> f64 {
        f64::from(self.0)
    }
    fn bits(self) -> u64 {
        self.0.to_bits().into()
    }
    fn from_bits(bits: u64) -> Self {
        Self(f32::from_bits(bits as u32))
    }
    fn is_finite(self) -> bool {
        self.0.is_finite()
    }
    fn abs(self) -> Self {
        Self(self.0.abs())
    }
    fn sqrt(self) -> Self {
        // micromath returns a tiny positive number for 0; the factorisations need the exact zero.
        if self.0 == 0.0 || self.0 == f32::INFINITY {
            return self;
        }
        // It is off by up to 6 %; one step of Newton's iteration leaves 0.2 %.
        let root = F32(self.0).sqrt().0;
        Self(0.5 * (root + self.0 / root))
    }
    fn exp(self) -> Self {
        // micromath's exponential wraps outside the range of f32.
        Self(if self.0.is_nan() {
            self.0
        } else if self.0 > 88.0 {
            f32::INFINITY
        } else if self.0 < -87.0 {
            0.0
        } else {
            F32(self.0).exp().0
        })
    }
    fn ln(self) -> Self {
        // micromath's logarithm subtracts bit patterns, which overflows below 0.
        // Near 1 the approximation's error would swamp the result; the series is good to 1e-5.
        let x = self.0 - 1.0;
        Self(if x.abs() < 0.1 {
            x * (1.0 - x * (1.0 / 2.0 - x * (1.0 / 3.0 - x * (1.0 / 4.0))))
        } else if self.0 >= 1.0 && self.0 < f32::INFINITY {
            F32(self.0).ln().0
        } else if self.0 > 0.0 && self.0 < 1.0 {
            // The true reciprocal: micromath's own is off by 12 %.
            -F32((1.0 / self.0).min(f32::MAX)).ln().0
        } else if self.0 == 0.0 {
            f32::NEG_INFINITY
        } else if self.0 < 0.0 {
            f32::NAN
        } else {
            self.0
        })
    }
    fn ln_1p(self) -> Self {
        // Below the approximation's own error the series is better than ln(1 + x).
        if self.0.abs() < 0.01 {
            Self(self.0 - 0.5 * self.0 * self.0)
        } else {
            (Self::ONE + self).ln()
        }
    }
    fn tanh(self) -> Self {
        // (1 − e^(−2|x|)) / (1 + e^(−2|x|)) with the sign of x; odd and never above 1.
        let e = (-(self.abs() * Self::TWO)).exp();
        let t = (Self::ONE - e) / (Self::ONE + e);
        if self.0 < 0.0 { -t } else { t }
    }
    fn powf(self, p: Self) -> Self {
        if p.0 == 0.0 {
            Self::ONE
        } else if self.0 == 0.0 {
            self
        } else {
            (p * self.ln()).exp()
        }
    }
    fn erf(self) -> Self {
        // Abramowitz & Stegun 7.1.27: absolute error below 5e-4, in line with the rest.
        let x = self.abs();
        let poly = [0.078_108, 0.000_972, 0.230_389, 0.278_393]
            .into_iter()
            .fold(Self::ZERO, |sum, c| sum * x + Self(c));
        let q = Self::ONE + poly * x;
        let q2 = q * q;
        let y = Self::ONE - Self::ONE / (q2 * q2);
        if self.0 < 0.0 { -y } else { y }
    }
}
