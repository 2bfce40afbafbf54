//! FACT and bFACT, by both routes, and their symmetrised forms.
//!
//! Per sample: `FACT = −(1/(nλ)) Σᵢ gᵢhᵢᵀ` and `bFACT = −(1/(nλ)) Σᵢ (Whᵢ)δᵢᵀ`, with `g = Wᵀδ`
//! (equation of theorem 1 of the paper). In one product: `FACT = −(1/λ) Wᵀ∇_W L` and
//! `bFACT = −(1/λ) W(∇_W L)ᵀ`, since `∇_W L = (1/n) Σᵢ δᵢhᵢᵀ`. `L` is the *data* loss, without the
//! decay; with biases, bFACT takes `Wh` and not `Wh + b`.
//!
//! At `λ = 0` neither is defined: every function here answers [`Missing::NoDecay`].

use super::Missing;
use super::agreement::{Agreement, Sums};
use crate::error::{Result, check_shape};
use crate::linalg::blas::{add_gemm_tn, axpy, gemm_nt, gemm_tn, scal};
use crate::linalg::svd;
use crate::mat::{MatMut, MatRef};
use crate::nn::mlp::{self, Visit};
use crate::nn::objective::{self, Objective};
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// A matrix was written, or there is none.
pub type Formed = core::result::Result<(), Missing>;

/// `−1/λ`, which `λ = 0` and a `λ` too small to be divided by do not have.
fn decay_factor<T: Scalar>(lambda: T) -> core::result::Result<T, Missing> {
    if lambda == T::ZERO {
        return Err(Missing::NoDecay);
    }
    let factor = -(T::ONE / lambda);
    if factor.is_finite() { Ok(factor) } else { Err(Missing::NonFinite) }
}

/// `out ← −(1/λ) Wᵀ∇_W L: in×in` for `W: out×in` and the gradient of the data loss.
///
/// Cost: `out·in²` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when an operand does not fit.
///
/// ```
/// use fact_core::{features::fact, mat::{MatMut, MatRef}};
/// let (w, gradient) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[-3.0], 1, 1)?);
/// let mut out = [0.0];
/// assert_eq!(fact::from_gradient(0.5, w, gradient, MatMut::new(&mut out, 1, 1)?)?, Ok(()));
/// assert_eq!(out, [12.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn from_gradient<T: Scalar>(
    lambda: T,
    weight: MatRef<'_, T>,
    data_gradient: MatRef<'_, T>,
    out: MatMut<'_, T>,
) -> Result<Formed> {
    check_shape("gradient", weight.shape(), data_gradient.shape())?;
    check_shape("out", (weight.ncols(), weight.ncols()), out.shape())?;
    let factor = match decay_factor(lambda) {
        Ok(factor) => factor,
        Err(missing) => return Ok(Err(missing)),
    };
    gemm_tn(factor, weight, data_gradient, T::ZERO, out)?;
    Ok(Ok(()))
}

/// `out ← −(1/λ) W(∇_W L)ᵀ: out×out` for `W: out×in` and the gradient of the data loss: bFACT.
///
/// Cost: `in·out²` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when an operand does not fit.
///
/// ```
/// use fact_core::{features::fact, mat::{MatMut, MatRef}};
/// let (w, gradient) = (MatRef::new(&[1.0, 2.0], 1, 2)?, MatRef::new(&[-1.0, -1.0], 1, 2)?);
/// let mut out = [0.0];
/// fact::backward_from_gradient(1.0, w, gradient, MatMut::new(&mut out, 1, 1)?)?.unwrap();
/// assert!((out[0] - 3.0_f64).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn backward_from_gradient<T: Scalar>(
    lambda: T,
    weight: MatRef<'_, T>,
    data_gradient: MatRef<'_, T>,
    out: MatMut<'_, T>,
) -> Result<Formed> {
    check_shape("gradient", weight.shape(), data_gradient.shape())?;
    check_shape("out", (weight.nrows(), weight.nrows()), out.shape())?;
    let factor = match decay_factor(lambda) {
        Ok(factor) => factor,
        Err(missing) => return Ok(Err(missing)),
    };
    gemm_nt(factor, weight, data_gradient, T::ZERO, out)?;
    Ok(Ok(()))
}

/// Words of scratch for [`from_samples`] and [`backward_from_samples`] with blocks of `rows`.
///
/// ```
/// assert_eq!(fact_core::features::fact::from_samples_scratch(&[64, 32, 10], 1), 84 + 64);
/// ```
pub const fn from_samples_scratch(widths: &[usize], rows: usize) -> usize {
    objective::gradient_scratch(widths, rows)
        .saturating_add(crate::nn::widest(widths).saturating_mul(rows))
}

/// `out ← −(1/(nλ)) Σᵢ gᵢhᵢᵀ: in×in` of layer `layer`, streamed over the samples: the route open to
/// any model that can report `h` and `g`.
///
/// Cost: two multiplications and additions a weight, and `in·out + in²` more, a sample. Scratch:
/// [`from_samples_scratch`] of at least one row; more rows are faster, the result is the same.
///
/// # Errors
/// A length, shape, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// use fact_core::{features::fact, samples::Samples, scratch::Scratch};
/// use fact_core::mat::{MatMut, MatRef};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.5 };
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?);
/// let mut memory = [0.0; fact::from_samples_scratch(&[1, 1], 1)];
/// let mut out = [0.0];
/// let (samples, scratch) = (Samples::new(x, y)?, Scratch::new(&mut memory));
/// let out_view = MatMut::new(&mut out, 1, 1)?;
/// fact::from_samples(&objective, &[0.4], &samples, 0, out_view, scratch)?.unwrap();
/// // −(1/λ)·(w·δ)·h with δ = 0.8 − 1.
/// assert!((out[0] - 0.32_f64).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn from_samples<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    layer: usize,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<Formed> {
    stream(objective, theta, samples, layer, out, scratch, Side::Input)
}

/// `out ← −(1/(nλ)) Σᵢ (Whᵢ)δᵢᵀ: out×out` of layer `layer`, streamed over the samples: bFACT.
///
/// Cost, scratch and errors as for [`from_samples`].
///
/// # Errors
/// A length, shape, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// use fact_core::{features::fact, samples::Samples, scratch::Scratch};
/// use fact_core::mat::{MatMut, MatRef};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::Free,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.5 };
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?);
/// let mut memory = [0.0; fact::from_samples_scratch(&[1, 1], 1)];
/// let mut out = [0.0];
/// let (samples, scratch) = (Samples::new(x, y)?, Scratch::new(&mut memory));
/// let out_view = MatMut::new(&mut out, 1, 1)?;
/// fact::backward_from_samples(&objective, &[0.4, 0.1], &samples, 0, out_view, scratch)?.unwrap();
/// // −(1/λ)·(wh)·δ with δ = 0.9 − 1; the bias has no part in wh.
/// assert!((out[0] - 0.16_f64).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn backward_from_samples<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    layer: usize,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<Formed> {
    stream(objective, theta, samples, layer, out, scratch, Side::Output)
}

/// Which of a layer's two sides the sum is over.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Input,
    Output,
}

fn stream<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    layer: usize,
    mut out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
    side: Side,
) -> Result<Formed> {
    objective.architecture.check(theta)?;
    objective.architecture.check_layer(layer)?;
    let end = if side == Side::Input { layer } else { layer + 1 };
    let width = objective.architecture.widths.get(end).copied().unwrap_or(0);
    check_shape("out", (width, width), out.shape())?;
    if let Err(missing) = decay_factor(objective.lambda) {
        return Ok(Err(missing));
    }
    out.data_mut().fill(T::ZERO);
    for_each_block(objective, theta, samples, layer, scratch, |visit, product| {
        let rows = visit.input.nrows();
        let product = product.split_off_mut(..rows * width).unwrap_or_default();
        let mut product = MatMut::new(product, rows, width)?;
        match side {
            Side::Input => {
                mlp::pullback(&visit, product.reborrow())?;
                add_gemm_tn(&product.as_ref(), &visit.input, out.data_mut());
            }
            Side::Output => {
                gemm_nt(T::ONE, visit.input, visit.weight, T::ZERO, product.reborrow())?;
                add_gemm_tn(&product.as_ref(), &visit.delta, out.data_mut());
            }
        }
        Ok(())
    })?;
    let n = T::from_usize(samples.len().max(1));
    scal(-(T::ONE / (n * objective.lambda)), out.data_mut());
    Ok(Ok(()))
}

/// Runs all samples through the network in blocks and hands layer `layer` of each block to `add`,
/// with a buffer of `rows × widest` words.
pub(super) fn for_each_block<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    layer: usize,
    mut scratch: Scratch<'_, T>,
    mut add: impl FnMut(Visit<'_, T>, &mut &mut [T]) -> Result<()>,
) -> Result<()> {
    let architecture = &objective.architecture;
    architecture.check(theta)?;
    architecture.check_layer(layer)?;
    check_shape("x", (samples.len(), architecture.inputs()), samples.x().shape())?;
    check_shape("y", (samples.len(), architecture.outputs()), samples.y().shape())?;
    let words = from_samples_scratch(architecture.widths, 1);
    let rows = scratch.rows(words, samples.len())?;
    let mut done = 0;
    while done < samples.len() {
        let block = samples.range(done, done + rows);
        let mut scratch = scratch.reborrow();
        let trace = scratch.take(mlp::forward_scratch(architecture.widths, block.len()))?;
        let product = scratch.take(crate::nn::widest(architecture.widths) * block.len())?;
        let visit = |visit: Visit<'_, T>| {
            if visit.layer == layer { add(visit, &mut &mut *product) } else { Ok(()) }
        };
        mlp::backward(architecture, objective.loss, theta, block.x(), block.y(), trace, visit)?;
        done += block.len();
    }
    Ok(())
}

/// Agreement of FACT with `WᵀW` and of bFACT with `WWᵀ`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactAgreement {
    /// FACT against `WᵀW`.
    pub fact: Agreement,
    /// bFACT against `WWᵀ`.
    pub backward: Agreement,
}

/// Words of scratch for [`agreement_from_gradient`] of a layer of this shape: four rows, no matrix.
///
/// ```
/// assert_eq!(fact_core::features::fact::agreement_scratch(32, 64), 128);
/// ```
pub const fn agreement_scratch(outputs: usize, inputs: usize) -> usize {
    let widest = if inputs > outputs { inputs } else { outputs };
    widest.saturating_mul(2)
}

/// Agreement of FACT with `WᵀW` and of bFACT with `WWᵀ`, row by row, without storing any of the
/// four: for a device that has room for the gradient and little else.
///
/// Cost: `2·in·out·(in + out)` multiplications and additions. Scratch: [`agreement_scratch`].
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the gradient does not fit, or a scratch error.
///
/// ```
/// use fact_core::{features::fact, mat::MatRef, scratch::Scratch};
/// let (w, gradient) = (MatRef::new(&[1.0, 2.0], 1, 2)?, MatRef::new(&[-0.5, -1.0], 1, 2)?);
/// let mut memory = [0.0; fact::agreement_scratch(1, 2)];
/// let both = fact::agreement_from_gradient(0.5, w, gradient, Scratch::new(&mut memory))?;
/// assert!(both.fact.pearson.unwrap() > 1.0 - 1e-15);
/// assert_eq!(both.backward.residual, Ok(0.0));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn agreement_from_gradient<T: Scalar>(
    lambda: T,
    weight: MatRef<'_, T>,
    data_gradient: MatRef<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<FactAgreement> {
    check_shape("gradient", weight.shape(), data_gradient.shape())?;
    let factor = match decay_factor(lambda) {
        Ok(factor) => factor,
        Err(missing) => {
            let none = Agreement::missing(missing);
            return Ok(FactAgreement { fact: none, backward: none });
        }
    };
    let (outputs, inputs) = weight.shape();
    let half = agreement_scratch(outputs, inputs) / 2;
    let (first, second) = (scratch.take(half)?, scratch.take(half)?);

    Ok(FactAgreement {
        fact: input_side(factor, &weight, &data_gradient, first, second),
        backward: output_side(factor, &weight, &data_gradient, first, second),
    })
}

// The sides are not inlined: the sums of both would lie on the stack together.

/// FACT and `WᵀW`, row by row in `claim` and `truth`.
#[inline(never)]
fn input_side<T: Scalar>(
    factor: T,
    weight: &MatRef<'_, T>,
    data_gradient: &MatRef<'_, T>,
    claim: &mut [T],
    truth: &mut [T],
) -> Agreement {
    let inputs = weight.ncols();
    let mut sums = Sums::<T>::new();
    if let (Some(claim), Some(truth)) = (claim.get_mut(..inputs), truth.get_mut(..inputs)) {
        for index in 0..inputs {
            claim.fill(T::ZERO);
            truth.fill(T::ZERO);
            for (row, gradient) in weight.rows().zip(data_gradient.rows()) {
                let Some(&left) = row.get(index) else { continue };
                axpy(factor * left, gradient, claim);
                axpy(left, row, truth);
            }
            sums.add(claim, truth);
        }
    }
    sums.agreement()
}

/// bFACT and `WWᵀ`, row by row in `claim` and `truth`.
#[inline(never)]
fn output_side<T: Scalar>(
    factor: T,
    weight: &MatRef<'_, T>,
    data_gradient: &MatRef<'_, T>,
    claim: &mut [T],
    truth: &mut [T],
) -> Agreement {
    let outputs = weight.nrows();
    let mut sums = Sums::<T>::new();
    if let (Some(claim), Some(truth)) = (claim.get_mut(..outputs), truth.get_mut(..outputs)) {
        for row in weight.rows() {
            for ((gradient, other), (claim, truth)) in
                data_gradient.rows().zip(weight.rows()).zip(claim.iter_mut().zip(&mut *truth))
            {
                let pairs = row.iter().zip(gradient).zip(other);
                (*claim, *truth) = pairs.fold((T::ZERO, T::ZERO), |(c, t), ((&w, &g), &o)| {
                    (c + (factor * w) * g, t + w * o)
                });
            }
            sums.add(claim, truth);
        }
    }
    sums.agreement()
}

/// `out ← FACTᵀ`, the transposed form; at a critical point equal to FACT.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) unless both are square and of one size.
///
/// ```
/// use fact_core::{features::fact, mat::{MatMut, MatRef}};
/// let mut out = [0.0; 4];
/// let matrix = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// fact::transposed(matrix, MatMut::new(&mut out, 2, 2)?)?;
/// assert_eq!(out, [1.0, 3.0, 2.0, 4.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn transposed<T: Scalar>(fact: MatRef<'_, T>, mut out: MatMut<'_, T>) -> Result<()> {
    let n = fact.nrows();
    check_shape("FACT", (n, n), fact.shape())?;
    check_shape("out", (n, n), out.shape())?;
    for (index, row) in out.rows_mut().enumerate() {
        for (out, source) in row.iter_mut().zip(fact.rows()) {
            *out = source.get(index).copied().unwrap_or(T::ZERO);
        }
    }
    Ok(())
}

/// Words of scratch for [`symmetrized`] of an `n×n` FACT.
///
/// ```
/// assert_eq!(fact_core::features::fact::symmetrized_scratch(8), 8 * 8 + 8 * 8 + 8);
/// ```
pub const fn symmetrized_scratch(n: usize) -> usize {
    svd::polar_left_scratch(n, n)
}

/// `out ← (FACT FACTᵀ)^{1/2}`: symmetric and positive semi-definite whatever FACT is, and equal to
/// it at a critical point. From the singular value decomposition, so no condition number is squared.
///
/// Cost: that of a singular value decomposition. Scratch: [`symmetrized_scratch`].
///
/// # Errors
/// A shape or scratch error, [`Error::NonFinite`](crate::Error::NonFinite) or
/// [`Error::NoConvergence`](crate::Error::NoConvergence).
///
/// ```
/// use fact_core::{features::fact, mat::{MatMut, MatRef}, scratch::Scratch};
/// let mut memory = [0.0; fact::symmetrized_scratch(1)];
/// let mut out = [0.0];
/// let matrix = MatRef::new(&[-3.0], 1, 1)?;
/// fact::symmetrized(matrix, MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory))?;
/// assert!((out[0] - 3.0_f64).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn symmetrized<T: Scalar>(
    fact: MatRef<'_, T>,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    check_shape("FACT", (fact.nrows(), fact.nrows()), fact.shape())?;
    svd::polar_left(fact, out, scratch)
}
