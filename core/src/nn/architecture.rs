//! The configuration of a network and the layout of its parameters.

use super::activation::Activation;
use crate::error::{Error, Result, check_length};
use crate::fingerprint::Fingerprint;
use crate::mat::MatRef;
use crate::scalar::Scalar;

/// Whether layers have biases, and whether weight decay acts on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// `z = Wh`.
    None,
    /// `z = Wh + b`, the biases outside the penalty.
    Free,
    /// `z = Wh + b`, the biases inside the penalty.
    Decayed,
}

/// A fully connected network without its parameters.
///
/// The identity `FACT = WᵀW` does not depend on the activations or on the biases' decay: each layer
/// uses `W` only through `Wh`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Architecture<'a, T> {
    /// Inputs, hidden widths, outputs: at least two entries, none of them 0.
    pub widths: &'a [usize],
    /// The activation of every layer but the last.
    pub hidden: Activation<T>,
    /// The activation of the last layer; [`Activation::Identity`] in the paper.
    pub output: Activation<T>,
    /// Biases.
    pub bias: Bias,
}

/// One layer's parameters, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer<'a, T> {
    /// `W: out×in`.
    pub weight: MatRef<'a, T>,
    /// `b: out`, or empty without biases.
    pub bias: &'a [T],
}

impl<'a, T: Scalar> Architecture<'a, T> {
    /// Number of parameters.
    ///
    /// ```
    /// use fact_core::nn::{Activation, Architecture, Bias};
    /// let net = Architecture {
    ///     widths: &[2, 3, 1],
    ///     hidden: Activation::<f32>::Relu,
    ///     output: Activation::Identity,
    ///     bias: Bias::Free,
    /// };
    /// assert_eq!((net.params(), net.depth(), net.inputs(), net.outputs()), (13, 2, 2, 1));
    /// ```
    pub const fn params(&self) -> usize {
        params(self.widths, self.bias)
    }

    /// Number of layers.
    pub const fn depth(&self) -> usize {
        self.widths.len().saturating_sub(1)
    }

    /// Width of the input.
    pub const fn inputs(&self) -> usize {
        if let [first, ..] = self.widths { *first } else { 0 }
    }

    /// Width of the output.
    pub const fn outputs(&self) -> usize {
        if let [.., last] = self.widths { *last } else { 0 }
    }

    /// A hash of widths, biases and activations with their constants: of what parameters mean. The
    /// same in every precision as far as the constants are.
    ///
    /// ```
    /// use fact_core::nn::{Activation, Architecture, Bias};
    /// let hidden = Activation::<f32>::Relu;
    /// let net = Architecture { widths: &[2, 1], hidden, output: hidden, bias: Bias::None };
    /// assert_eq!(net.shape_hash(), net.clone().shape_hash());
    /// assert_ne!(net.shape_hash(), Architecture { widths: &[1, 2], ..net }.shape_hash());
    /// ```
    pub fn shape_hash(&self) -> u64 {
        let mut hash = Fingerprint::new();
        for &width in self.widths {
            hash.bytes(&(width as u64).to_le_bytes());
        }
        hash.bytes(&[match self.bias {
            Bias::None => 0,
            Bias::Free => 1,
            Bias::Decayed => 2,
        }]);
        for activation in [self.hidden, self.output] {
            let (code, constant) = activation.code();
            hash.bytes(&[code]);
            hash.numbers(&[constant.to_f64()]);
        }
        hash.value()
    }

    /// The layers' parameters within `theta`, first to last; also within a gradient, which has the
    /// same layout.
    ///
    /// # Errors
    /// [`Error::Parameter`] for impossible widths, [`Error::Length`] when `theta` does not fit.
    ///
    /// ```
    /// use fact_core::nn::{Activation, Architecture, Bias};
    /// let net = Architecture {
    ///     widths: &[2, 1, 1],
    ///     hidden: Activation::Relu,
    ///     output: Activation::Identity,
    ///     bias: Bias::Free,
    /// };
    /// let last = net.layers(&[1.0, 2.0, 3.0, 4.0, 5.0])?.next_back().unwrap();
    /// assert_eq!((last.weight.data(), last.bias), (&[4.0][..], &[5.0][..]));
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn layers<'t>(&self, theta: &'t [T]) -> Result<Layers<'a, 't, T>> {
        self.check(theta)?;
        Ok(Layers { widths: self.widths, bias: self.bias, theta })
    }

    /// `Ok` when the widths are possible and `theta` has their number of parameters.
    #[inline(always)]
    pub(crate) fn check(&self, theta: &[T]) -> Result<()> {
        if self.widths.len() < 2 || self.widths.contains(&0) {
            return Err(Error::Parameter { what: "widths: at least two, each at least 1" });
        }
        for activation in [self.hidden, self.output] {
            let positive = match activation {
                Activation::SmoothRelu { epsilon } => epsilon > T::ZERO,
                _ => true,
            };
            if !positive {
                return Err(Error::Parameter { what: "ε of the smooth ReLU: above 0" });
            }
        }
        check_length("theta", self.params(), theta.len())
    }

    /// `Ok` when there is a layer `layer`.
    pub(crate) fn check_layer(&self, layer: usize) -> Result<()> {
        if layer < self.depth() {
            Ok(())
        } else {
            Err(Error::Parameter { what: "layer: below the depth of the network" })
        }
    }

    /// `(inputs, outputs)` of each layer.
    #[inline(always)]
    pub(crate) fn shapes(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + use<'a, T> {
        self.widths.windows(2).map(|pair| match pair {
            &[inputs, outputs] => (inputs, outputs),
            _ => (0, 0),
        })
    }

    /// The activation of layer `index` of [`Self::depth`].
    #[inline(always)]
    pub(crate) fn activation(&self, index: usize) -> Activation<T> {
        if index + 1 < self.depth() { self.hidden } else { self.output }
    }

    /// Length of the bias vector of a layer with this many outputs.
    #[inline(always)]
    pub(crate) fn bias_len(&self, outputs: usize) -> usize {
        bias_len(self.bias, outputs)
    }
}

/// The layers of a network, in either direction. See [`Architecture::layers`].
#[derive(Clone, Debug)]
pub struct Layers<'a, 't, T> {
    widths: &'a [usize],
    bias: Bias,
    theta: &'t [T],
}

impl<'t, T> Iterator for Layers<'_, 't, T> {
    type Item = Layer<'t, T>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let &[inputs, outputs, ..] = self.widths else { return None };
        self.widths = self.widths.get(1..)?;
        let weight = self.theta.split_off(..inputs * outputs)?;
        let bias = self.theta.split_off(..bias_len(self.bias, outputs))?;
        Some(Layer { weight: MatRef::new(weight, outputs, inputs).ok()?, bias })
    }
}

impl<T> DoubleEndedIterator for Layers<'_, '_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let &[.., inputs, outputs] = self.widths else { return None };
        self.widths = self.widths.get(..self.widths.len() - 1)?;
        let bias = split_back(&mut self.theta, bias_len(self.bias, outputs))?;
        let weight = split_back(&mut self.theta, inputs * outputs)?;
        Some(Layer { weight: MatRef::new(weight, outputs, inputs).ok()?, bias })
    }
}

/// Takes the last `len` elements off a slice.
#[inline(always)]
fn split_back<'t, T>(rest: &mut &'t [T], len: usize) -> Option<&'t [T]> {
    let at = rest.len().checked_sub(len)?;
    rest.split_off(at..)
}

/// Takes the last `len` elements off an exclusive slice.
#[inline(always)]
pub(crate) fn split_back_mut<'t, T>(rest: &mut &'t mut [T], len: usize) -> Option<&'t mut [T]> {
    let at = rest.len().checked_sub(len)?;
    rest.split_off_mut(at..)
}

const fn bias_len(bias: Bias, outputs: usize) -> usize {
    match bias {
        Bias::None => 0,
        Bias::Free | Bias::Decayed => outputs,
    }
}

/// Number of parameters of a network with these widths; saturates instead of overflowing.
pub(crate) const fn params(widths: &[usize], bias: Bias) -> usize {
    let mut sum = 0_usize;
    let mut rest = widths;
    while let [inputs, tail @ ..] = rest {
        if let [outputs, ..] = tail {
            sum = sum.saturating_add(inputs.saturating_mul(*outputs));
            sum = sum.saturating_add(bias_len(bias, *outputs));
        }
        rest = tail;
    }
    sum
}

/// Words of a trace of `rows` samples: a value and a slope for each unit behind the input.
pub(crate) const fn trace_len(widths: &[usize], rows: usize) -> usize {
    let mut units = 0_usize;
    if let [_, rest @ ..] = widths {
        let mut rest = rest;
        while let [width, tail @ ..] = rest {
            units = units.saturating_add(*width);
            rest = tail;
        }
    }
    units.saturating_mul(2).saturating_mul(rows)
}

/// The largest width.
pub(crate) const fn widest(widths: &[usize]) -> usize {
    let mut largest = 0;
    let mut rest = widths;
    while let [width, tail @ ..] = rest {
        if *width > largest {
            largest = *width;
        }
        rest = tail;
    }
    largest
}
