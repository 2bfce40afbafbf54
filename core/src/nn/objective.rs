//! The regularised loss `L_λ(θ) = (1/n) Σ ℓᵢ + (λ/2)‖θ‖²` with its gradient.
//!
//! The samples are taken in blocks of as many rows as the lent scratch holds. Each entry of the
//! gradient adds its samples one after the other, so the block size changes no bit: a
//! microcontroller that streams single samples gets the gradient of a server that takes all at once.
//! Of no samples at all the data term is zero.

use super::architecture::{Architecture, Bias, split_back_mut};
use super::loss::Loss;
use super::mlp::{self, Visit};
use crate::error::{Error, Result, check_length, check_shape};
use crate::linalg::blas::{add_gemm_tn, add_gemm_tn_wide, axpy_any, dot_any, scal, scale_or_clear};
use crate::mat::MatRef;
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective<'a, T> {
    /// The network.
    pub architecture: Architecture<'a, T>,
    /// The loss of one sample.
    pub loss: Loss,
    /// The decay `λ ≥ 0`, coupled: the penalty is part of the loss.
    pub lambda: T,
}

/// How far a pass over the samples has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sweep {
    /// Samples done.
    pub done: usize,
    /// Sum of their losses.
    pub loss: f64,
}

/// Words of scratch for blocks of `rows` samples. More rows are faster; the result is the same.
///
/// ```
/// assert_eq!(fact_core::nn::objective::gradient_scratch(&[64, 32, 10], 1), 84);
/// ```
pub const fn gradient_scratch(widths: &[usize], rows: usize) -> usize {
    mlp::forward_scratch(widths, rows)
}

/// `gradient ← carry·gradient + ∇L_λ(θ)`; returns `L_λ(θ)`. When `carry` is zero, `gradient` is not
/// read; heavy ball passes its momentum, so that the velocity needs no second buffer.
///
/// `gradient` has the layout of `theta`. Cost: three multiplications and additions a weight and
/// sample. Scratch: at least [`gradient_scratch`] of one row.
///
/// # Errors
/// A length, shape or scratch error when the arguments do not fit, and
/// [`Error::NonFinite`] when the objective overflowed.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::{self, Objective}};
/// use fact_core::{mat::MatRef, samples::Samples, scratch::Scratch};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.5 };
/// let (x, y) = (MatRef::new(&[1.0, 2.0], 2, 1)?, MatRef::new(&[1.0, 2.0], 2, 1)?);
/// let (mut gradient, mut memory) = ([0.0], [0.0; 2]);
/// // ½·((3−1)² + (6−2)²)/2 + ¼·3² and (2·1 + 4·2)/2 + ½·3.
/// let samples = Samples::new(x, y)?;
/// let scratch = Scratch::new(&mut memory);
/// let value = objective::gradient(&objective, &[3.0], &samples, 0.0, &mut gradient, scratch)?;
/// assert_eq!((value, gradient), (7.25, [6.5]));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn gradient<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    carry: T,
    gradient: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<f64> {
    gradient_by(objective, theta, samples, carry, gradient, |gradient| {
        let mut sweep = Sweep::default();
        while sweep.done < samples.len() {
            accumulate(objective, theta, samples, &mut sweep, gradient, scratch.reborrow())?;
        }
        Ok(sweep.loss)
    })
}

/// [`gradient`] by passes of the caller's own: `add` adds to what it is given each sample's
/// `∂ℓ/∂θ`, one after the other, and returns the sum of the losses, taken in the same order. Then the
/// result is the same to the bit.
///
/// # Errors
/// As [`gradient`], or whatever `add` returns.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::{self, Objective}};
/// use fact_core::{mat::MatRef, samples::Samples};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.5 };
/// let samples = Samples::new(MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?)?;
/// let mut gradient = [0.0];
/// let value = objective::gradient_by(&objective, &[3.0], &samples, 0.0, &mut gradient, |sum| {
///     sum[0] += (6.0 - 1.0) * 2.0;
///     Ok(12.5)
/// })?;
/// assert_eq!((value, gradient), (14.75, [11.5]));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn gradient_by<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    carry: T,
    gradient: &mut [T],
    add: impl FnOnce(&mut [T]) -> Result<f64>,
) -> Result<f64> {
    begin(objective, theta, samples, carry, gradient)?;
    let sweep = Sweep { done: samples.len(), loss: add(gradient)? };
    let value = finish(objective, theta, samples, sweep, gradient)?;
    if value.is_finite() { Ok(value) } else { Err(Error::NonFinite { what: "objective" }) }
}

/// Prepares `gradient` for [`accumulate`]: scales it so that [`finish`] leaves `carry·gradient`.
///
/// # Errors
/// A length or shape error when the arguments do not fit.
pub(crate) fn begin<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    carry: T,
    gradient: &mut [T],
) -> Result<()> {
    let architecture = &objective.architecture;
    architecture.check(theta)?;
    check_length("gradient", theta.len(), gradient.len())?;
    check_shape("x", (samples.len(), architecture.inputs()), samples.x().shape())?;
    check_shape("y", (samples.len(), architecture.outputs()), samples.y().shape())?;
    scale_or_clear(carry * count(samples), gradient);
    Ok(())
}

/// Adds one block of samples to `gradient` and moves the sweep on: bounded work for one call.
#[inline(always)]
pub(crate) fn accumulate<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    sweep: &mut Sweep,
    gradient: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let architecture = &objective.architecture;
    let rows = scratch.rows(mlp::forward_scratch(architecture.widths, 1), samples.len())?;
    let block = samples.range(sweep.done, sweep.done + rows);
    let trace = scratch.take(mlp::forward_scratch(architecture.widths, block.len()))?;
    let mut rest = gradient;
    let add = |visit: Visit<'_, T>| {
        let (outputs, inputs) = visit.weight.shape();
        let bias = split_back_mut(&mut rest, architecture.bias_len(outputs));
        let weight = split_back_mut(&mut rest, outputs * inputs);
        if let (Some(weight), Some(bias)) = (weight, bias) {
            add_gemm_tn(&visit.delta, &visit.input, weight);
            add_rows(&visit.delta, bias);
        }
        Ok(())
    };
    let (x, y, losses) = (block.x(), block.y(), sweep.loss);
    sweep.loss = mlp::backward_from(architecture, objective.loss, theta, x, y, trace, losses, add)?;
    sweep.done += block.len();
    Ok(())
}

/// `weight ← weight + δᵀh`, `bias ← bias + Σδ`: what a block adds to the sums of outputs of one layer,
/// for `δ: rows×out`, `h: rows×in`, `weight: out×in` and `bias` of `out` or no elements.
///
/// It is inlined, so that it can be compiled for the caller's vectors. Cost: a multiplication and
/// addition a weight and row.
///
/// # Errors
/// A length or shape error when the arguments do not fit.
///
/// ```
/// use fact_core::{mat::MatRef, nn::objective};
/// let (delta, h) = (MatRef::new(&[1.0, 2.0], 2, 1)?, MatRef::new(&[3.0, 4.0], 2, 1)?);
/// let (mut weight, mut bias) = ([0.0], [0.0]);
/// objective::add_layer(delta, h, &mut weight, &mut bias)?;
/// assert_eq!((weight, bias), ([11.0], [3.0]));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn add_layer<T: Scalar>(
    delta: MatRef<'_, T>,
    h: MatRef<'_, T>,
    weight: &mut [T],
    bias: &mut [T],
) -> Result<()> {
    check_shape("h", (delta.nrows(), h.ncols()), h.shape())?;
    check_length("weight", delta.ncols().saturating_mul(h.ncols()), weight.len())?;
    if !bias.is_empty() {
        check_length("bias", delta.ncols(), bias.len())?;
    }
    add_gemm_tn_wide(&delta, &h, weight);
    add_rows(&delta, bias);
    Ok(())
}

/// `bias ← bias + Σδ`.
#[inline(always)]
fn add_rows<T: Scalar>(delta: &MatRef<'_, T>, bias: &mut [T]) {
    if !bias.is_empty() {
        delta.rows().for_each(|delta| axpy_any(T::ONE, delta, bias));
    }
}

/// Divides the sums by `n`, adds the decay and returns the objective, which may have overflowed.
#[inline(never)]
pub(crate) fn finish<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    sweep: Sweep,
    gradient: &mut [T],
) -> Result<f64> {
    let inverse = T::ONE / count(samples);
    if inverse != T::ONE {
        scal(inverse, gradient);
    }
    let mut norm_squared = T::ZERO;
    let mut rest = gradient;
    // Without decay there is nothing to add: a sum that starts at +0 is never −0.
    let layers = (objective.lambda != T::ZERO).then_some(objective.architecture.layers(theta)?);
    for layer in layers.into_iter().flatten() {
        let decayed: &[&[T]] = match objective.architecture.bias {
            Bias::Decayed => &[layer.weight.data(), layer.bias],
            Bias::None | Bias::Free => &[layer.weight.data()],
        };
        for &values in decayed {
            norm_squared += dot_any(values, values);
            let part = rest.split_off_mut(..values.len()).unwrap_or_default();
            axpy_any(objective.lambda, values, part);
        }
        if objective.architecture.bias == Bias::Free {
            let _undecayed = rest.split_off_mut(..layer.bias.len());
        }
    }
    Ok(sweep.loss / samples.len().max(1) as f64
        + 0.5 * objective.lambda.to_f64() * norm_squared.to_f64())
}

fn count<T: Scalar>(samples: &Samples<'_, T>) -> T {
    T::from_usize(samples.len().max(1))
}
