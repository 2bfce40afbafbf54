//! The number types that every algorithm is generic over.
//!
//! Elementary functions come from pinned `libm` without its `arch` feature, so that they return the
//! same bits on every target; a square root is correctly rounded wherever it comes from, and an
//! instruction on Arm cores with an FPU. [`Approx`](crate::approx::Approx) swaps them for micromath's.

use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
use fact_fpu::sqrtf;
use libm::sqrt;
#[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
use libm::sqrtf;

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A real number type: `f32`, `f64` or [`Approx`](crate::approx::Approx). Sealed.
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// ½.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// Distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// The same number as an `f64`: exact.
    fn to_f64(self) -> f64;
    /// The bits, zero-extended to 64.
    fn bits(self) -> u64;
    /// Neither infinite nor a NaN.
    fn is_finite(self) -> bool;
    /// `|x|`.
    fn abs(self) -> Self;
    /// `√x`.
    fn sqrt(self) -> Self;
    /// `eˣ`.
    fn exp(self) -> Self;
    /// `ln x`.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// `tanh x`.
    fn tanh(self) -> Self;
    /// `xᵖ`.
    fn powf(self, p: Self) -> Self;
    /// The error function `(2/√π) ∫₀ˣ e^(−t²) dt`.
    fn erf(self) -> Self;

    /// The nearest number to a count.
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }

    /// The larger of two numbers; `self` when they do not compare.
    fn max(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The smaller of two numbers; `self` when they do not compare.
    fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
}

macro_rules! implement {
    ($t:ident, $sqrt:ident $exp:ident $ln:ident $ln_1p:ident $tanh:ident $pow:ident $erf:ident) => {
        impl Scalar for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $sqrt(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                libm::$exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                libm::$ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                libm::$ln_1p(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                libm::$tanh(self)
            }
            #[inline(always)]
            fn powf(self, p: Self) -> Self {
                libm::$pow(self, p)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                libm::$erf(self)
            }
        }
    };
}

implement!(f32, sqrtf expf logf log1pf tanhf powf erff);
implement!(f64, sqrt exp log log1p tanh pow erf);
