//! Activation functions with their slopes.

use crate::scalar::Scalar;

/// The function between one layer's `z` and the next layer's `h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation<T> {
    /// `z`.
    Identity,
    /// `max(z, 0)`; slope 0 at the kink.
    Relu,
    /// A ReLU with its kink rounded off over `[0, ε]`: `0`, `z²/(2ε)`, `z − ε/2`. Its slope is
    /// `clip(z/ε, 0, 1)`: smooth enough to reach a critical point, and free of transcendentals.
    SmoothRelu {
        /// `ε > 0`, the width of the rounding.
        epsilon: T,
    },
    /// `z` above 0, `slope·z` below.
    LeakyRelu {
        /// The slope below 0.
        slope: T,
    },
    /// `tanh z`.
    Tanh,
    /// `1/(1 + e^(−z))`.
    Sigmoid,
    /// `ln(1 + e^z)`.
    Softplus,
    /// `z·Φ(z)` with the normal distribution function `Φ` (exact, not the tanh fit).
    Gelu,
    /// `z²`.
    Quadratic,
}

impl<T: Scalar> Activation<T> {
    /// `(σ(z), σ′(z))`.
    ///
    /// ```
    /// use fact_core::nn::Activation;
    /// assert_eq!(Activation::Quadratic.value_and_slope(3.0), (9.0, 6.0));
    /// assert_eq!(Activation::SmoothRelu { epsilon: 0.5 }.value_and_slope(0.25), (0.0625, 0.5));
    /// ```
    #[inline(always)]
    pub fn value_and_slope(self, z: T) -> (T, T) {
        match self {
            Self::Identity => (z, T::ONE),
            // The tests are for what is cut off, so that a NaN is passed on.
            Self::Relu => {
                if z <= T::ZERO {
                    (T::ZERO, T::ZERO)
                } else {
                    (z, T::ONE)
                }
            }
            Self::SmoothRelu { epsilon } => {
                // All three pieces are formed and one chosen, so that vectors need no branch.
                let slope = z / epsilon;
                let (rounded, straight) = (T::HALF * z * slope, z - T::HALF * epsilon);
                let (value, slope) =
                    if z < epsilon { (rounded, slope) } else { (straight, T::ONE) };
                if z <= T::ZERO { (T::ZERO, T::ZERO) } else { (value, slope) }
            }
            Self::LeakyRelu { slope } => {
                if z > T::ZERO {
                    (z, T::ONE)
                } else {
                    (slope * z, slope)
                }
            }
            Self::Tanh => {
                let h = z.tanh();
                (h, T::ONE - h * h)
            }
            Self::Sigmoid => {
                let h = sigmoid(z);
                (h, h * (T::ONE - h))
            }
            // Both branches keep the exponent negative, so nothing overflows.
            Self::Softplus => (z.max(T::ZERO) + (-z.abs()).exp().ln_1p(), sigmoid(z)),
            Self::Gelu => {
                let cdf = T::HALF * (T::ONE + (z * T::from_f64(FRAC_1_SQRT_2)).erf());
                let density = T::from_f64(FRAC_1_SQRT_2PI) * (-(T::HALF * z * z)).exp();
                (z * cdf, cdf + z * density)
            }
            Self::Quadratic => (z * z, T::TWO * z),
        }
    }

    /// The degree `k` of positive homogeneity, `σ(az) = aᵏσ(z)` for `a > 0`, where there is one.
    ///
    /// ```
    /// use fact_core::nn::Activation;
    /// assert_eq!(Activation::<f32>::Relu.degree(), Some(1));
    /// assert_eq!(Activation::<f32>::Tanh.degree(), None);
    /// ```
    pub fn degree(self) -> Option<u8> {
        match self {
            Self::Identity | Self::Relu | Self::LeakyRelu { .. } => Some(1),
            Self::Quadratic => Some(2),
            _ => None,
        }
    }

    /// What a shape hash holds of it, fixed forever: a number and the constant.
    pub(super) fn code(self) -> (u8, T) {
        match self {
            Self::Identity => (0, T::ZERO),
            Self::Relu => (1, T::ZERO),
            Self::SmoothRelu { epsilon } => (2, epsilon),
            Self::LeakyRelu { slope } => (3, slope),
            Self::Tanh => (4, T::ZERO),
            Self::Sigmoid => (5, T::ZERO),
            Self::Softplus => (6, T::ZERO),
            Self::Gelu => (7, T::ZERO),
            Self::Quadratic => (8, T::ZERO),
        }
    }

    /// Overwrites each `z` by `σ(z)` and each slope by `σ′(z)`.
    #[inline(always)]
    pub(crate) fn apply(self, z: &mut [T], slope: &mut [T]) {
        // Chosen once a layer, not once an element.
        match self {
            Self::Identity => slope.fill(T::ONE),
            Self::Relu => Self::Relu.each(z, slope),
            Self::SmoothRelu { epsilon } => Self::SmoothRelu { epsilon }.each(z, slope),
            Self::LeakyRelu { slope: below } => Self::LeakyRelu { slope: below }.each(z, slope),
            Self::Tanh => Self::Tanh.each(z, slope),
            Self::Sigmoid if !cfg!(target_os = "none") => sigmoids(z, slope),
            Self::Sigmoid => Self::Sigmoid.each(z, slope),
            Self::Softplus => Self::Softplus.each(z, slope),
            Self::Gelu => Self::Gelu.each(z, slope),
            Self::Quadratic => Self::Quadratic.each(z, slope),
        }
    }

    #[inline(always)]
    fn each(self, z: &mut [T], slope: &mut [T]) {
        for (z, slope) in z.iter_mut().zip(slope) {
            (*z, *slope) = self.value_and_slope(*z);
        }
    }
}

const FRAC_1_SQRT_2: f64 = core::f64::consts::FRAC_1_SQRT_2;
/// `1/√(2π)`.
const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// [`sigmoid`] and its slope of each `z`, exponentials together.
#[inline(always)]
fn sigmoids<T: Scalar>(z: &mut [T], slope: &mut [T]) {
    for (z, slope) in z.iter().zip(&mut *slope) {
        *slope = -*z;
    }
    T::exp_all(slope);
    for (z, slope) in z.iter_mut().zip(slope) {
        let h = T::ONE / (T::ONE + *slope);
        (*z, *slope) = (h, h * (T::ONE - h));
    }
}

#[inline(always)]
fn sigmoid<T: Scalar>(z: T) -> T {
    T::ONE / (T::ONE + (-z).exp())
}
