//! The number types that every algorithm is generic over.
//!
//! Elementary functions come from pinned `libm` without its `arch` feature, so that they return the
//! same bits on every target; a square root is correctly rounded wherever it comes from, and an
//! instruction on x86-64 and on Arm cores with an FPU. [`Approx`](crate::approx::Approx) swaps them for micromath's.

#[cfg(not(target_os = "none"))]
mod exp;

use core::fmt::{self, Debug, Display};
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use fact_fpu::sqrt;
#[cfg(any(
    all(target_arch = "arm", target_abi = "eabihf"),
    all(target_arch = "x86_64", target_feature = "sse2")
))]
use fact_fpu::sqrtf;
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use libm::sqrt;
#[cfg(not(any(
    all(target_arch = "arm", target_abi = "eabihf"),
    all(target_arch = "x86_64", target_feature = "sse2")
)))]
use libm::sqrtf;

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// Which type of number: what files and reports call it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// [`Approx`](crate::approx::Approx): the bits of an `f32`, other functions.
    Approx,
}

impl Precision {
    /// A number that stands for it in files, fixed forever.
    ///
    /// ```
    /// use fact_core::scalar::Precision;
    /// assert_eq!(Precision::F32.code(), 1);
    /// ```
    pub const fn code(self) -> u8 {
        match self {
            Self::F32 => 1,
            Self::F64 => 2,
            Self::Approx => 3,
        }
    }

    /// That of a [`Self::code`].
    ///
    /// ```
    /// use fact_core::scalar::Precision;
    /// assert_eq!(Precision::from_code(2), Some(Precision::F64));
    /// assert_eq!(Precision::from_code(0), None);
    /// ```
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::F32),
            2 => Some(Self::F64),
            3 => Some(Self::Approx),
            _ => None,
        }
    }

    /// Bytes of a number.
    ///
    /// ```
    /// assert_eq!(fact_core::scalar::Precision::Approx.width(), 4);
    /// ```
    pub const fn width(self) -> usize {
        match self {
            Self::F32 | Self::Approx => 4,
            Self::F64 => 8,
        }
    }
}

impl Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Approx => "approximate f32",
        })
    }
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
    /// Which type this is.
    const PRECISION: Precision;
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
    /// The number of these [`Self::bits`]; those beyond the type's width do not count.
    fn from_bits(bits: u64) -> Self;
    /// Neither infinite nor a NaN.
    fn is_finite(self) -> bool;
    /// `|x|`.
    fn abs(self) -> Self;
    /// `√x`.
    fn sqrt(self) -> Self;
    /// `eˣ`.
    fn exp(self) -> Self;
    /// Replaces each number by its [`Self::exp`], on cores with vectors several at a time.
    ///
    /// ```
    /// use fact_core::scalar::Scalar;
    /// let mut values = [0.0, 1.0, -1.0, 2.0, 1e9, 0.5, -0.0, 3.0];
    /// let expected = values.map(Scalar::exp);
    /// f64::exp_all(&mut values);
    /// assert_eq!(values, expected);
    /// ```
    fn exp_all(values: &mut [Self]) {
        values.iter_mut().for_each(|value| *value = value.exp());
    }
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
    ($t:ident $bits:ident $precision:ident, $sqrt:ident $exp:ident $ln:ident $ln_1p:ident $tanh:ident $pow:ident $erf:ident, $exp_all:ident) => {
        impl Scalar for $t {
            const PRECISION: Precision = Precision::$precision;
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
            fn from_bits(bits: u64) -> Self {
                $t::from_bits(bits as $bits)
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
            #[cfg(not(target_os = "none"))]
            #[inline(always)]
            fn exp_all(values: &mut [Self]) {
                exp::$exp_all(values);
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

implement!(f32 u32 F32, sqrtf expf logf log1pf tanhf powf erff, exp_all_f32);
implement!(f64 u64 F64, sqrt exp log log1p tanh pow erf, exp_all_f64);
