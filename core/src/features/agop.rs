//! The Neural Feature Ansatz's matrix: the average gradient outer product.
//!
//! `AGOP = (1/n) Σᵢ JᵢᵀJᵢ` with `Jᵢ = ∂f(xᵢ)/∂h: c×in` (Radhakrishnan et al. 2024); the ansatz is
//! `WᵀW ∝ AGOPˢ`, `s = ½` unless stated. At a last layer without an output activation `J = W`, so
//! that `s = 1` is a tautology there.

use crate::error::{Result, check_shape};
use crate::linalg::blas::{add_gemm_tn, gemm_any, scal};
use crate::mat::{MatMut, MatRef, Rows, RowsMut};
use crate::nn::{Architecture, mlp, widest};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`agop`] with blocks of `rows` samples: a trace and two Jacobians a sample.
///
/// ```
/// assert_eq!(fact_core::features::agop::agop_scratch(&[64, 32, 10], 1), 84 + 2 * 10 * 64);
/// ```
pub const fn agop_scratch(widths: &[usize], rows: usize) -> usize {
    let outputs = if let [.., last] = widths { *last } else { 0 };
    let jacobian = outputs.saturating_mul(widest(widths)).saturating_mul(rows);
    mlp::forward_scratch(widths, rows).saturating_add(jacobian.saturating_mul(2))
}

/// `out ← (1/n) Σᵢ JᵢᵀJᵢ: in×in` of layer `layer` over the inputs `x: n×d`, with one `in×in` buffer:
/// `out` itself. Symmetric to the bit, zero of no samples; samples, then outputs, are added in order.
///
/// Cost: `c` multiplications and additions a weight above the layer and sample, and `c·in²` more.
/// Scratch: [`agop_scratch`] of at least one row; more rows are faster, the result is the same.
///
/// # Errors
/// A length, shape, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias};
/// use fact_core::{features::agop, mat::{MatMut, MatRef}, scratch::Scratch};
/// let architecture = Architecture {
///     widths: &[1, 1, 1],
///     hidden: Activation::Quadratic,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// // f = 3·(2x)², f′ = 24x.
/// let mut memory = [0.0; agop::agop_scratch(&[1, 1, 1], 1)];
/// let mut out = [0.0];
/// let (x, scratch) = (MatRef::new(&[1.0, 2.0], 2, 1)?, Scratch::new(&mut memory));
/// agop::agop(&architecture, &[2.0, 3.0], x, 0, MatMut::new(&mut out, 1, 1)?, scratch)?;
/// assert_eq!(out, [0.5 * (24.0 * 24.0 + 48.0 * 48.0)]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn agop<T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    layer: usize,
    mut out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    architecture.check(theta)?;
    architecture.check_layer(layer)?;
    check_shape("x", (x.nrows(), architecture.inputs()), x.shape())?;
    let inputs = architecture.widths.get(layer).copied().unwrap_or(0);
    check_shape("out", (inputs, inputs), out.shape())?;
    let rows = scratch.rows(agop_scratch(architecture.widths, 1), x.nrows())?;
    out.data_mut().fill(T::ZERO);
    let mut done = 0;
    while done < x.nrows() {
        let block = x.row_range(done, done + rows);
        let jacobian = jacobian(architecture, theta, block, layer, scratch.reborrow())?;
        add_gemm_tn(&jacobian, &jacobian, out.data_mut());
        done += block.nrows();
    }
    scal(T::ONE / T::from_usize(x.nrows().max(1)), out.data_mut());
    Ok(())
}

/// The Jacobians `∂f(xᵢ)/∂h` of layer `layer` for each row of `x`, one under the other:
/// `(rows·c)×in`, lent from `scratch` (of [`agop_scratch`] words).
///
/// Cost: `c` multiplications and additions a weight above the layer and sample.
///
/// # Errors
/// A length, shape, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias};
/// use fact_core::{features::agop, mat::MatRef, scratch::Scratch};
/// let architecture = Architecture {
///     widths: &[1, 2],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let mut memory = [0.0; agop::agop_scratch(&[1, 2], 1)];
/// let x = MatRef::new(&[7.0], 1, 1)?;
/// let jacobian =
///     agop::jacobian(&architecture, &[3.0, 4.0], x, 0, Scratch::new(&mut memory))?;
/// assert_eq!(jacobian.data(), [3.0, 4.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn jacobian<'s, T: Scalar>(
    architecture: &Architecture<'_, T>,
    theta: &[T],
    x: MatRef<'_, T>,
    layer: usize,
    mut scratch: Scratch<'s, T>,
) -> Result<MatRef<'s, T>> {
    architecture.check(theta)?;
    architecture.check_layer(layer)?;
    check_shape("x", (x.nrows(), architecture.inputs()), x.shape())?;
    let (rows, outputs) = (x.nrows(), architecture.outputs());
    let trace = scratch.take(mlp::forward_scratch(architecture.widths, rows))?;
    let area = rows.saturating_mul(outputs).saturating_mul(widest(architecture.widths));
    let (mut current, mut next) = (scratch.take(area)?, scratch.take(area)?);
    mlp::forward_trace(architecture, theta, x, trace)?;
    // Row (i, k) starts as output k's own unit vector and is pulled back layer by layer.
    for (index, row) in RowsMut::new(current, outputs).take(rows * outputs).enumerate() {
        for (column, value) in row.iter_mut().enumerate() {
            *value = if column == index % outputs.max(1) { T::ONE } else { T::ZERO };
        }
    }
    let mut trace = trace;
    let layers = architecture.layers(theta)?.rev().take(architecture.depth() - layer);
    for layer in layers {
        let (above, below) = layer.weight.shape();
        let (_, slope) = mlp::split_unit(&mut trace, rows * above)?;
        let jacobian = current.get_mut(..rows * outputs * above).unwrap_or_default();
        // Each sample has its own slopes and `outputs` rows.
        for (block, slope) in RowsMut::new(jacobian, outputs * above).zip(Rows::new(slope, above)) {
            for row in RowsMut::new(block, above) {
                for (value, &slope) in row.iter_mut().zip(slope) {
                    *value *= slope;
                }
            }
        }
        let product = next.get_mut(..rows * outputs * below).unwrap_or_default();
        let jacobian = MatRef::new(&*jacobian, rows * outputs, above)?;
        let product = MatMut::new(product, rows * outputs, below)?;
        gemm_any(&jacobian, &layer.weight, T::ZERO, product)?;
        core::mem::swap(&mut current, &mut next);
    }
    let inputs = architecture.widths.get(layer).copied().unwrap_or(0);
    let jacobian = current.get(..rows * outputs * inputs).unwrap_or(&[]);
    MatRef::new(jacobian, rows * outputs, inputs)
}
