//! The equivariant Neural Feature Ansatz: `WᵀW ∝ (1/n) Σ gᵢgᵢᵀ` (Ziyin et al. 2025), with
//! `g = Wᵀδ` the gradient of the loss with respect to the layer's input. A claim of direction only.

use super::fact;
use crate::error::{Result, check_shape};
use crate::linalg::blas::{add_gemm_tn, scal};
use crate::mat::MatMut;
use crate::nn::mlp;
use crate::nn::objective::Objective;
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`enfa`] with blocks of `rows` samples.
///
/// ```
/// assert_eq!(fact_core::features::enfa::enfa_scratch(&[64, 32, 10], 1), 84 + 64);
/// ```
pub const fn enfa_scratch(widths: &[usize], rows: usize) -> usize {
    fact::from_samples_scratch(widths, rows)
}

/// `out ← (1/n) Σᵢ gᵢgᵢᵀ: in×in` of layer `layer`, streamed over the samples; symmetric to the bit,
/// zero of no samples.
///
/// Cost: two multiplications and additions a weight, and `in·out + in²` more, a sample. Scratch:
/// [`enfa_scratch`] of at least one row.
///
/// # Errors
/// A length, shape, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// use fact_core::{features::enfa, samples::Samples, scratch::Scratch};
/// use fact_core::mat::{MatMut, MatRef};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.0 };
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?);
/// let mut memory = [0.0; enfa::enfa_scratch(&[1, 1], 1)];
/// let mut out = [0.0];
/// let (samples, scratch) = (Samples::new(x, y)?, Scratch::new(&mut memory));
/// enfa::enfa(&objective, &[2.0], &samples, 0, MatMut::new(&mut out, 1, 1)?, scratch)?;
/// assert_eq!(out, [36.0]); // g = 2·(4 − 1)
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn enfa<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    layer: usize,
    mut out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    objective.architecture.check(theta)?;
    objective.architecture.check_layer(layer)?;
    let inputs = objective.architecture.widths.get(layer).copied().unwrap_or(0);
    check_shape("out", (inputs, inputs), out.shape())?;
    out.data_mut().fill(T::ZERO);
    fact::for_each_block(objective, theta, samples, layer, scratch, |visit, product| {
        let rows = visit.input.nrows();
        let g = product.split_off_mut(..rows * inputs).unwrap_or_default();
        let mut g = MatMut::new(g, rows, inputs)?;
        mlp::pullback(&visit, g.reborrow())?;
        add_gemm_tn(&g.as_ref(), &g.as_ref(), out.data_mut());
        Ok(())
    })?;
    scal(T::ONE / T::from_usize(samples.len().max(1)), out.data_mut());
    Ok(())
}
