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
    ///
    /// ```
    /// use fact_core::nn::{Bias, Widths};
    /// assert_eq!(Widths([2, 3, 1]).params(Bias::Free), 13);
    /// ```
    pub const fn params(&self, bias: Bias) -> usize {
        params(&self.0, bias)
    }

    /// Words of [`mlp::forward`](super::mlp::forward)'s trace for `rows` samples at once.
    ///
    /// ```
    /// assert_eq!(fact_core::nn::Widths([2, 3, 1]).trace_len(1), 8);
    /// ```
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
    /// A network with these parameters. In a `static` or `const` a wrong `P` does not compile; the
    /// assertion behind that is the one in this crate, so evaluate it there.
    ///
    /// ```
    /// use fact_core::nn::{Activation, Bias, Mlp, Widths};
    /// static NET: Mlp<f32, 2, 2> =
    ///     Mlp::new(Widths([2, 1]), Activation::Identity, Activation::Identity, Bias::None, [3.0, 4.0]);
    /// assert_eq!(NET.parts().1, [3.0, 4.0]);
    /// ```
    pub const fn new(
        widths: Widths<L>,
        hidden: Activation<T>,
        output: Activation<T>,
        bias: Bias,
        theta: [T; P],
    ) -> Self {
        assert!(widths.params(bias) == P, "P is not WIDTHS.params(bias)");
        Self { widths, hidden, output, bias, theta }
    }

    /// A network of zeros, otherwise as [`Self::new`].
    ///
    /// ```
    /// use fact_core::nn::{Activation, Bias, Mlp, Widths};
    /// const ID: Activation<f32> = Activation::Identity;
    /// let net = const { Mlp::<f32, 2, 3>::zeros(Widths([2, 1]), ID, ID, Bias::Free) };
    /// assert_eq!(net.parts().1, [0.0; 3]);
    /// ```
    pub const fn zeros(
        widths: Widths<L>,
        hidden: Activation<T>,
        output: Activation<T>,
        bias: Bias,
    ) -> Self {
        Self::new(widths, hidden, output, bias, [T::ZERO; P])
    }

    /// The configuration and the parameters, to read.
    pub const fn parts(&self) -> (Architecture<'_, T>, &[T]) {
        (self.architecture(), &self.theta)
    }

    const fn architecture(&self) -> Architecture<'_, T> {
        Architecture {
            widths: &self.widths.0,
            hidden: self.hidden,
            output: self.output,
            bias: self.bias,
        }
    }

    /// The configuration and the parameters, to pass on.
    pub fn parts_mut(&mut self) -> (Architecture<'_, T>, &mut [T]) {
        let Self { widths, hidden, output, bias, theta } = self;
        let architecture =
            Architecture { widths: &widths.0, hidden: *hidden, output: *output, bias: *bias };
        (architecture, theta)
    }
}
