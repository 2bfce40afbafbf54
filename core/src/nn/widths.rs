//! Sizes known at compile time: widths, parameter counts, and the owner of a static network.

use super::activation::Activation;
use super::architecture::{Architecture, Bias, params, trace_len};
use crate::scalar::Scalar;

/// The widths of a network from inputs to outputs, as a constant.
///
/// ```
/// use fact_core::nn::{Bias, Widths};
/// const WIDTHS: Widths<3> = Widths([64, 32, 10]);
/// static THETA: [f32; WIDTHS.params(Bias::Decayed)] = [0.0; WIDTHS.params(Bias::Decayed)];
/// assert_eq!(THETA.len(), 64 * 32 + 32 + 32 * 10 + 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths<const L: usize>(pub [usize; L]);

impl<const L: usize> Widths<L> {
    /// Number of parameters.
    pub const fn params(&self, bias: Bias) -> usize {
        params(&self.0, bias)
    }

    /// Words of [`mlp::forward`](super::mlp::forward)'s trace for `rows` samples at once.
    pub const fn trace_len(&self, rows: usize) -> usize {
        trace_len(&self.0, rows)
    }
}

/// A network that owns its `P` parameters: for statics. It only lends.
///
/// ```
/// use fact_core::nn::{Activation, Bias, Mlp, Widths};
/// const WIDTHS: Widths<3> = Widths([4, 8, 3]);
/// type Net = Mlp<f32, 3, { WIDTHS.params(Bias::None) }>;
/// let mut net = const { Net::zeros(WIDTHS, Activation::Tanh, Activation::Identity, Bias::None) };
/// let (architecture, theta) = net.parts_mut();
/// assert_eq!((architecture.widths, theta.len()), (&[4, 8, 3][..], 56));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mlp<T, const L: usize, const P: usize> {
    widths: Widths<L>,
    hidden: Activation<T>,
    output: Activation<T>,
    bias: Bias,
    theta: [T; P],
}

impl<T: Scalar, const L: usize, const P: usize> Mlp<T, L, P> {
    /// A network of zeros. In a `static` or `const` a wrong `P` does not compile.
    pub const fn zeros(
        widths: Widths<L>,
        hidden: Activation<T>,
        output: Activation<T>,
        bias: Bias,
    ) -> Self {
        assert!(widths.params(bias) == P, "P is not WIDTHS.params(bias)");
        Self { widths, hidden, output, bias, theta: [T::ZERO; P] }
    }

    /// The configuration and the parameters, to pass on.
    pub fn parts_mut(&mut self) -> (Architecture<'_, T>, &mut [T]) {
        let Self { widths, hidden, output, bias, theta } = self;
        let architecture =
            Architecture { widths: &widths.0, hidden: *hidden, output: *output, bias: *bias };
        (architecture, theta)
    }
}
