//! Kernels and slopes of whole rows, in loops that compile to the widest vectors there are.
//!
//! Where `fact-core` calls `libm` number by number, a row here is one loop without branches. The
//! exponential agrees with the exact one to a few units in the last place.

use fact_core::kernel::Kernel;
use fact_core::scalar::Scalar;
use faer::traits::RealField;

/// The numbers that the fast engine computes with.
pub trait Real: Scalar + RealField + bytemuck::Pod {
    /// `eˣ` to a few units in the last place; 0 where it would be subnormal, infinite just below
    /// where it is.
    fn fast_exp(self) -> Self;

    /// `√x`, the nearest number as from the core, but one instruction.
    fn fast_sqrt(self) -> Self;
}

/// `eˣ = 2ᵏeʳ`, `|r| ≤ ½ ln 2`. Adding a number so large that only whole ones are near rounds `k`; its
/// low bits, shifted to the place of the exponent, make `2ᵏ`. `eʳ` is its Taylor polynomial.
macro_rules! real {
    ($t:ident, $mantissa:literal, $whole:expr, $high:literal, $low:literal,
     $least:literal, $most:literal, $degree:literal) => {
        impl Real for $t {
            #[inline(always)]
            fn fast_exp(self) -> Self {
                const INVERSE_FACTORIALS: [$t; $degree + 1] = {
                    let (mut terms, mut k) = ([1.0; $degree + 1], 1);
                    while k <= $degree {
                        terms[k] = terms[k - 1] / k as $t;
                        k += 1;
                    }
                    terms
                };
                // Comparisons that let a NaN pass.
                let x = if self < $least { $least } else { self };
                let x = if x > $most { $most } else { x };
                let shifted = x * std::$t::consts::LOG2_E + $whole;
                let k = shifted - $whole;
                let r = (x - k * $high) - k * $low;
                let series = INVERSE_FACTORIALS.iter().rev().fold(0.0, |sum, term| sum * r + term);
                let exponent = shifted.to_bits() << $mantissa;
                let value = series * $t::from_bits(exponent.wrapping_add($t::to_bits(1.0)));
                let value = if self < $least { 0.0 } else { value };
                if self > $most { $t::INFINITY } else { value }
            }

            #[inline(always)]
            fn fast_sqrt(self) -> Self {
                self.sqrt()
            }
        }
    };
}

real!(f32, 23, 1.5 * 8_388_608.0, 0.693_359_4, -2.121_944_4e-4, -87.0, 88.0, 7);
real!(
    f64,
    52,
    1.5 * 4_503_599_627_370_496.0,
    0.693_147_180_369_123_8,
    1.908_214_929_270_587_7e-10,
    -708.0,
    709.0,
    13
);

/// What the inner products of one row of points with a row of others are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The kernel.
    Value,
    /// Its slope.
    Slope,
}

/// Turns inner products `xᵀMz` of one point with others into kernels or slopes. `own` is `xᵀMx` and
/// `others` holds `zᵀMz`; only radial kernels read them. A squared distance below
/// `64ε(xᵀMx + zᵀMz)` is rounding and counts as 0.
#[inline(always)]
pub(super) fn row<T: Real>(
    kernel: &Kernel<T>,
    wanted: Wanted,
    own: T,
    others: &[T],
    products: &mut [T],
) {
    let noise = T::from_f64(64.0) * T::EPSILON;
    let squared = move |product: T, other: T| {
        let sum = own + other;
        let square = sum - T::TWO * product;
        // A NaN stays.
        if square < noise * sum { T::ZERO } else { square }
    };
    match *kernel {
        Kernel::Laplace { bandwidth } => {
            let rate = T::ONE / bandwidth;
            let half = T::HALF * rate;
            each(wanted, others, products, |product, other| {
                let u = squared(product, other).fast_sqrt();
                let value = (-u * rate).fast_exp();
                (value, if u > T::ZERO { -value * half / u } else { T::ZERO })
            });
        }
        Kernel::Gaussian { bandwidth } => {
            let rate = T::HALF / (bandwidth * bandwidth);
            each(wanted, others, products, |product, other| {
                let value = (-squared(product, other) * rate).fast_exp();
                (value, -value * rate)
            });
        }
        Kernel::GeneralizedLaplace { .. } => {
            each(wanted, others, products, |product, other| {
                kernel.value_and_slope(squared(product, other))
            });
        }
        Kernel::Quadratic => {
            each(wanted, others, products, |t, _| (t * t, T::TWO * t));
        }
        Kernel::Exponential { bandwidth } => {
            let rate = T::ONE / bandwidth;
            each(wanted, others, products, |t, _| {
                let value = (t * rate).fast_exp();
                (value, value * rate)
            });
        }
    }
}

#[inline(always)]
fn each<T: Real>(
    wanted: Wanted,
    others: &[T],
    products: &mut [T],
    profile: impl Fn(T, T) -> (T, T),
) {
    match wanted {
        Wanted::Value => {
            for (product, &other) in products.iter_mut().zip(others) {
                *product = profile(*product, other).0;
            }
        }
        Wanted::Slope => {
            for (product, &other) in products.iter_mut().zip(others) {
                *product = profile(*product, other).1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library_to_rounding() {
        for k in -7000..=7000 {
            let x = f64::from(k) / 10.0 + 0.012_34;
            let error = (x.fast_exp() / x.exp() - 1.0).abs();
            assert!(error < 4.0 * f64::EPSILON, "{x}: {error:e}");
            let x = (x / 8.2) as f32;
            let error = (x.fast_exp() / x.exp() - 1.0).abs();
            assert!(error < 4.0 * f32::EPSILON, "{x}: {error:e}");
        }
        assert_eq!((0.0_f64.fast_exp(), 0.0_f32.fast_exp()), (1.0, 1.0));
        assert_eq!((f64::NEG_INFINITY.fast_exp(), (-800.0_f64).fast_exp()), (0.0, 0.0));
        assert_eq!(
            (f64::INFINITY.fast_exp(), 710.0_f64.fast_exp()),
            (f64::INFINITY, f64::INFINITY)
        );
        assert!(f64::NAN.fast_exp().is_nan() && f32::NAN.fast_exp().is_nan());
    }
}
