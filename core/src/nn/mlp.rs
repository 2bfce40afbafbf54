//! Forward and backward passes over blocks of samples.
//!
//! A *trace* holds, for each layer behind the input, the block's values `h: rows×width` and slopes
//! `σ′(z): rows×width`. The backward pass turns the slopes into `δ = ∂ℓ/∂z` in place. Every output
//! is a sum of its own, so a block of one sample gives the bits of a block of a thousand.

use super::activation::Activation;
use super::architecture::{Architecture, Layer, split_back_mut, trace_len};
use super::layer;
use super::loss::Loss;
use crate::error::{Error, Result, check_length, check_shape};
use crate::linalg::blas::gemm_any;
use crate::mat::{MatMut, MatRef, Rows, RowsMut};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of the trace of `rows` samples: `2·rows·Σ_{ℓ≥1} widths[ℓ]`.
///
/// ```
/// assert_eq!(fact_core::nn::mlp::forward_scratch(&[64, 32, 10], 1), 2 * (32 + 10));
/// ```
pub const fn forward_scratch(widths: &[usize], rows: usize) -> usize {
    trace_len(widths, rows)
}

/// The network's outputs `f(x): rows×c` for `x: rows×d`, lent from the trace in `scratch`.
///
/// With one hidden layer and widths known at compile time the whole pass is specialised to them.
/// Cost: one multiplication and addition a weight and sample. Scratch: [`forward_scratch`].
///
/// # Errors
/// A length, shape or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::{mat::MatRef, nn::{Activation, Architecture, Bias, mlp}, scratch::Scratch};
/// let net = Architecture {
///     widths: &[2, 2, 1],
///     hidden: Activation::Relu,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let theta = [1.0, 0.0, 0.0, -1.0, 2.0, 3.0];
/// let mut memory = [0.0; mlp::forward_scratch(&[2, 2, 1], 1)];
/// let x = MatRef::new(&[5.0, 7.0], 1, 2)?;
/// assert_eq!(mlp::forward(&net, &theta, x, Scratch::new(&mut memory))?.data(), [10.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn forward<'s, T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    scratch: Scratch<'s, T>,
) -> Result<MatRef<'s, T>> {
    let [_, _, _] = architecture.widths else {
        return forward_any(architecture, theta, x, scratch);
    };
    // Without a loop over layers, widths known at compile time fold all the way down.
    let trace = checked_trace(architecture, theta, x, scratch)?;
    let (mut layers, mut rest) = (architecture.layers(theta)?, &mut *trace);
    if let (Some(first), Some(last)) = (layers.next(), layers.next()) {
        let hidden = forward_layer(architecture.hidden, first, x, &mut rest)?;
        forward_layer(architecture.output, last, hidden, &mut rest)?;
    }
    output(architecture, x.nrows(), trace)
}

/// [`forward`] for widths known at run time only: it is smaller.
#[inline(never)]
pub(crate) fn forward_any<'s, T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    scratch: Scratch<'s, T>,
) -> Result<MatRef<'s, T>> {
    let trace = checked_trace(architecture, theta, x, scratch)?;
    forward_trace(architecture, theta, x, trace)?;
    output(architecture, x.nrows(), trace)
}

/// The memory of a trace, when the arguments fit.
#[inline(always)]
fn checked_trace<'s, T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    mut scratch: Scratch<'s, T>,
) -> Result<&'s mut [T]> {
    architecture.check(theta)?;
    check_shape("x", (x.nrows(), architecture.inputs()), x.shape())?;
    scratch.take(trace_len(architecture.widths, x.nrows()))
}

/// The last layer's values in a filled trace.
#[inline(always)]
fn output<'s, T: Scalar>(
    architecture: &Architecture<'_, T>,
    rows: usize,
    trace: &'s [T],
) -> Result<MatRef<'s, T>> {
    let len = rows.saturating_mul(architecture.outputs());
    let at = trace.len().saturating_sub(2 * len);
    MatRef::new(trace.get(at..at + len).unwrap_or(&[]), rows, architecture.outputs())
}

/// Fills `trace` for the block `x`. Shapes were checked by the caller.
#[inline(always)]
pub(crate) fn forward_trace<T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    mut trace: &mut [T],
) -> Result<()> {
    let mut input = x;
    for (index, layer) in architecture.layers(theta)?.enumerate() {
        let (rows, outputs) = (input.nrows(), layer.weight.nrows());
        let (value, slope) = split_front(&mut trace, rows * outputs)?;
        layer::forward_any(&layer, architecture.activation(index), &input, value, slope);
        input = MatRef::new(value, rows, outputs)?;
    }
    Ok(())
}

/// Takes one layer's part off the front of `trace`, fills it, and returns the layer's values.
#[inline(always)]
fn forward_layer<'t, T: Scalar>(
    activation: Activation<T>,
    layer: Layer<'_, T>,
    input: MatRef<'_, T>,
    trace: &mut &'t mut [T],
) -> Result<MatRef<'t, T>> {
    let (rows, outputs) = (input.nrows(), layer.weight.nrows());
    let (value, slope) = split_front(trace, rows * outputs)?;
    layer::forward(layer.weight, layer.bias, activation, input, value, slope);
    MatRef::new(value, rows, outputs)
}

/// Takes the first layer's values and slopes, `len` words each, off a trace.
#[inline(always)]
fn split_front<'t, T>(trace: &mut &'t mut [T], len: usize) -> Result<(&'t mut [T], &'t mut [T])> {
    let available = trace.len();
    let value = trace.split_off_mut(..len);
    let slope = trace.split_off_mut(..len);
    value.zip(slope).ok_or(Error::Scratch { needed: 2 * len, available })
}

/// One layer as the backward pass leaves it.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a, T> {
    /// Index of the layer, counted from 0.
    pub layer: usize,
    /// `W: out×in`.
    pub weight: MatRef<'a, T>,
    /// The block's inputs of this layer, `h: rows×in`.
    pub input: MatRef<'a, T>,
    /// The block's `δ = ∂ℓ/∂z: rows×out`.
    pub delta: MatRef<'a, T>,
}

/// Runs the block `x`, `y` forwards and backwards, calls `visit` for each layer from last to first,
/// and returns the sum of the block's losses, added in order.
///
/// This is the stream that gradients, FACT, bFACT and eNFA are sums over; `trace` (of
/// [`forward_scratch`] words) is overwritten. Cost: two multiplications and additions a weight and
/// sample, and what `visit` does.
///
/// # Errors
/// A length, shape or scratch error when the arguments do not fit, or whatever `visit` returns.
///
/// ```
/// use fact_core::{mat::MatRef, nn::{Activation, Architecture, Bias, Loss, mlp}};
/// let net = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?);
/// let mut trace = [0.0; 2];
/// let loss = mlp::backward(&net, Loss::HalfSquared, &[3.0], x, y, &mut trace, |visit| {
///     assert_eq!((visit.input.data(), visit.delta.data()), (&[2.0][..], &[5.0][..]));
///     Ok(())
/// })?;
/// assert_eq!(loss, 12.5);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn backward<T: Scalar>(
    architecture: &Architecture<'_, T>,
    loss: Loss,
    theta: &[T],
    x: MatRef<'_, T>,
    y: MatRef<'_, T>,
    trace: &mut [T],
    visit: impl FnMut(Visit<'_, T>) -> Result<()>,
) -> Result<f64> {
    backward_from(architecture, loss, theta, x, y, trace, 0.0, visit)
}

/// [`backward`] with the losses added to those of earlier blocks, so that the sum does not depend on
/// where the blocks were cut.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "those of `backward` and the sum so far")]
pub(crate) fn backward_from<T: Scalar>(
    architecture: &Architecture<'_, T>,
    loss: Loss,
    theta: &[T],
    x: MatRef<'_, T>,
    y: MatRef<'_, T>,
    trace: &mut [T],
    losses: f64,
    visit: impl FnMut(Visit<'_, T>) -> Result<()>,
) -> Result<f64> {
    // One after the other and not one from within the other: the stack holds one of them at a time.
    fill_trace(architecture, theta, &x, &y, trace)?;
    let total = pull_back_losses(loss, &y, trace, losses)?;
    walk_back(architecture, theta, &x, trace, visit)?;
    Ok(total)
}

/// Fills the trace of the block `x`, `y` with every layer's values and `δ`, and `losses`, one a sample:
/// [`backward`] for callers that use the layers afterwards, by [`visits`], on many threads for example.
///
/// It is inlined, so that it can be compiled for the caller's vectors. Cost: two multiplications and
/// additions a weight and sample. `trace` (of [`forward_scratch`] words) is overwritten.
///
/// # Errors
/// A length or shape error when the arguments do not fit.
///
/// ```
/// use fact_core::{mat::MatRef, nn::{Activation, Architecture, Bias, Loss, mlp}};
/// let net = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?);
/// let (mut trace, mut losses) = ([0.0; 2], [0.0]);
/// mlp::deltas(&net, Loss::HalfSquared, &[3.0], x, y, &mut trace, &mut losses)?;
/// let visit = mlp::visits(&net, &[3.0], x, &trace)?.next().unwrap();
/// assert_eq!((visit.input.data(), visit.delta.data()), (&[2.0][..], &[5.0][..]));
/// assert_eq!(losses, [12.5]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn deltas<T: Scalar>(
    architecture: &Architecture<'_, T>,
    loss: Loss,
    theta: &[T],
    x: MatRef<'_, T>,
    y: MatRef<'_, T>,
    trace: &mut [T],
    losses: &mut [f64],
) -> Result<()> {
    check_length("losses", x.nrows(), losses.len())?;
    fill_trace(architecture, theta, &x, &y, trace)?;
    let mut rest = losses.iter_mut();
    each_loss(loss, &y, trace, |value| rest.by_ref().take(1).for_each(|loss| *loss = value))?;
    walk_back(architecture, theta, &x, trace, |_| Ok(()))
}

/// The layers, first to last, of a trace that [`deltas`] filled for the block `x`.
///
/// # Errors
/// A length or shape error when the arguments do not fit.
///
/// ```
/// use fact_core::{mat::MatRef, nn::{Activation, Architecture, Bias, mlp}};
/// let net = Architecture {
///     widths: &[2, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// // An output and its δ.
/// let (x, trace) = (MatRef::new(&[3.0, 4.0], 1, 2)?, [7.0, 0.5]);
/// let visit = mlp::visits(&net, &[1.0, 1.0], x, &trace)?.next().unwrap();
/// assert_eq!((visit.layer, visit.delta.data(), visit.input), (0, &[0.5][..], x));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn visits<'a, T: Scalar>(
    architecture: &Architecture<'a, T>,
    theta: &'a [T],
    x: MatRef<'a, T>,
    trace: &'a [T],
) -> Result<impl Iterator<Item = Visit<'a, T>>> {
    let rows = x.nrows();
    check_shape("x", (rows, architecture.inputs()), x.shape())?;
    check_length("trace", trace_len(architecture.widths, rows), trace.len())?;
    let (mut input, mut rest) = (x, trace);
    Ok(architecture.layers(theta)?.enumerate().map_while(move |(layer, of)| {
        let outputs = of.weight.nrows();
        let mut next = || MatRef::new(rest.split_off(..rows * outputs)?, rows, outputs).ok();
        let (value, delta) = (next()?, next()?);
        let visit = Visit { layer, weight: of.weight, input, delta };
        input = value;
        Some(visit)
    }))
}

/// Fills `trace`, when the arguments fit.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn fill_trace<T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: &MatRef<'_, T>,
    y: &MatRef<'_, T>,
    trace: &mut [T],
) -> Result<()> {
    architecture.check(theta)?;
    let rows = x.nrows();
    check_shape("x", (rows, architecture.inputs()), x.shape())?;
    check_shape("y", (rows, architecture.outputs()), y.shape())?;
    check_length("trace", trace_len(architecture.widths, rows), trace.len())?;
    forward_trace(architecture, theta, *x, trace)
}

/// Visits the layers of a trace whose last slopes have been turned into `δ`, last to first.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn walk_back<T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: &MatRef<'_, T>,
    trace: &mut [T],
    mut visit: impl FnMut(Visit<'_, T>) -> Result<()>,
) -> Result<()> {
    let (rows, mut rest) = (x.nrows(), trace);
    let (_, mut delta) = split_unit(&mut rest, rows * architecture.outputs())?;
    let mut index = architecture.depth();
    for layer in architecture.layers(theta)?.rev() {
        index -= 1;
        // One call of `visit`, so that it is inlined.
        let (mut input, mut below) = (*x, Default::default());
        if index > 0 {
            let inputs = layer.weight.ncols();
            let (value, slope) = split_unit(&mut rest, rows * inputs)?;
            (input, below) = (MatRef::new(value, rows, inputs)?, slope);
        }
        let outputs = MatRef::new(&*delta, rows, layer.weight.nrows())?;
        visit(Visit { layer: index, weight: layer.weight, input, delta: outputs })?;
        if index > 0 {
            layer::pull_back_any(&layer.weight, delta, below);
        }
        delta = below;
    }
    Ok(())
}

/// `out ← δW: rows×in`, the pullbacks `gᵢ = Wᵀδᵢ = ∂ℓᵢ/∂hᵢ` of one visited block.
///
/// # Errors
/// [`Error::Shape`] when `out` is not `rows×in`.
///
/// ```
/// use fact_core::{mat::{MatMut, MatRef}, nn::mlp::{self, Visit}};
/// let visit = Visit {
///     layer: 0,
///     weight: MatRef::new(&[2.0, 3.0], 1, 2)?,
///     input: MatRef::new(&[0.0, 0.0], 1, 2)?,
///     delta: MatRef::new(&[10.0], 1, 1)?,
/// };
/// let mut g = [0.0; 2];
/// mlp::pullback(&visit, MatMut::new(&mut g, 1, 2)?)?;
/// assert_eq!(g, [20.0, 30.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn pullback<T: Scalar>(visit: &Visit<'_, T>, out: MatMut<'_, T>) -> Result<()> {
    gemm_any(&visit.delta, &visit.weight, T::ZERO, out)
}

/// Takes the last layer's values and slopes, `len` words each, off a trace.
#[inline(always)]
pub(crate) fn split_unit<'t, T>(
    trace: &mut &'t mut [T],
    len: usize,
) -> Result<(&'t mut [T], &'t mut [T])> {
    let available = trace.len();
    let slope = split_back_mut(trace, len);
    let value = split_back_mut(trace, len);
    value.zip(slope).ok_or(Error::Scratch { needed: 2 * len, available })
}

/// Turns the output slopes of a filled trace into `δ` and adds the block's losses to `total`.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn pull_back_losses<T: Scalar>(
    loss: Loss,
    y: &MatRef<'_, T>,
    trace: &mut [T],
    mut total: f64,
) -> Result<f64> {
    each_loss(loss, y, trace, |value| total += value)?;
    Ok(total)
}

/// Turns the output slopes of a filled trace into `δ`, and hands on the losses in order.
#[inline(always)]
fn each_loss<T: Scalar>(
    loss: Loss,
    y: &MatRef<'_, T>,
    trace: &mut [T],
    mut each: impl FnMut(f64),
) -> Result<()> {
    let mut rest = trace;
    let (output, delta) = split_unit(&mut rest, y.data().len())?;
    let width = y.ncols().max(1);
    for ((f, y), delta) in Rows::new(output, width).zip(y.rows()).zip(RowsMut::new(delta, width)) {
        each(loss.value(f, y).to_f64());
        loss.pull_back(f, y, delta);
    }
    Ok(())
}
