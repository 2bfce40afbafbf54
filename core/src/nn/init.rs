//! Initial weights from a seed.

use super::architecture::Architecture;
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::scalar::Scalar;

/// The distribution of a layer's initial weights; biases start at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with variance `gain/in`: gain 1 is LeCun's, gain 2 He's scheme.
    Normal {
        /// The variance times the number of inputs.
        gain: f64,
    },
    /// Uniform with variance `gain/in`.
    Uniform {
        /// The variance times the number of inputs.
        gain: f64,
    },
    /// Normal with variance `2/(in + out)` (Glorot & Bengio 2010).
    Glorot,
}

/// Overwrites `theta` with initial weights, layer after layer, row after row. The draws are made in
/// `f64` and rounded, so every precision starts at the same point.
///
/// # Errors
/// A length or parameter error when `theta` does not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, init::{self, Init}};
/// let net = Architecture {
///     widths: &[2, 1, 1],
///     hidden: Activation::Relu,
///     output: Activation::Identity,
///     bias: Bias::Free,
/// };
/// let mut theta = [9.0_f32; 5];
/// init::fill(&net, Init::Normal { gain: 1.0 }, 7, &mut theta)?;
/// assert_eq!((theta[2], theta[4]), (0.0, 0.0));
/// assert!(theta[0] != theta[1]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn fill<T: Scalar>(
    architecture: &Architecture<'_, T>,
    init: Init,
    seed: u64,
    theta: &mut [T],
) -> Result<()> {
    architecture.check(theta)?;
    if let Init::Normal { gain } | Init::Uniform { gain } = init
        && !(gain >= 0.0 && gain.is_finite())
    {
        return Err(Error::Parameter { what: "gain: finite, at least 0" });
    }
    let mut rng = Rng::new(seed);
    let mut rest = theta;
    for (inputs, outputs) in architecture.shapes() {
        let weights = rest.split_off_mut(..inputs * outputs).unwrap_or_default();
        for weight in weights {
            *weight = T::from_f64(match init {
                Init::Normal { gain } => libm::sqrt(gain / inputs as f64) * rng.normal::<f64>(),
                Init::Uniform { gain } => {
                    libm::sqrt(3.0 * gain / inputs as f64) * (2.0 * rng.uniform() - 1.0)
                }
                Init::Glorot => libm::sqrt(2.0 / (inputs + outputs) as f64) * rng.normal::<f64>(),
            });
        }
        rest.split_off_mut(..architecture.bias_len(outputs)).unwrap_or_default().fill(T::ZERO);
    }
    Ok(())
}
