//! One layer of any network, from its weights and what went in and came back: `h` and `∂ℓ/∂z`.

use super::measure::{Ansatz, measure_layer, norm, square};
use crate::error::Result;
use crate::experiment::Traced;
use fact_core::linalg::blas::{dot, gemm, gemm_tn, syrk_t};
use fact_core::mat::{MatMut, MatRef};

/// Holds FACT, bFACT and eNFA against `weight: out×in`, for `inputs: rows×in` and `deltas: rows×out`
/// of `n` samples. Without `lambda`, the one that fits best: least squares of
/// `λWᵀW = −(1/n) Σ Wᵀδhᵀ`, or 0 when that is not above 0.
///
/// # Errors
/// [`Error::Core`](crate::error::Error::Core) when shapes do not fit or products overflow.
pub fn trace(
    name: String,
    weight: MatRef<'_, f64>,
    (inputs, deltas): (MatRef<'_, f64>, MatRef<'_, f64>),
    n: usize,
    lambda: Option<f64>,
) -> Result<Traced> {
    let (rows, d) = inputs.shape();
    let share = 1.0 / n as f64;
    let mut data = vec![0.0; weight.data().len()];
    gemm_tn(share, deltas, inputs, 0.0, MatMut::new(&mut data, weight.nrows(), d)?)?;
    let gradient = MatRef::new(&data, weight.nrows(), d)?;
    let estimated = lambda.is_none();
    let lambda = match lambda {
        Some(lambda) => lambda,
        None => fitting(weight, gradient)?,
    };
    let with_decay: Vec<f64> =
        data.iter().zip(weight.data()).map(|(g, w)| g + lambda * w).collect();
    let mut pullback = vec![0.0; rows * d];
    gemm(1.0, deltas, weight, 0.0, MatMut::new(&mut pullback, rows, d)?)?;
    let pullback = MatRef::new(&pullback, rows, d)?;
    let egop = square(d, |out| syrk_t(share, pullback, 0.0, out))?;
    let slopes = (MatRef::new(&with_decay, weight.nrows(), d)?, gradient);
    Ok(Traced {
        name,
        n,
        rows,
        lambda,
        estimated,
        gradient_norm: norm(&with_decay),
        layer: measure_layer(lambda, weight, slopes, Ansatz::of_loss(&egop, d)?)?,
    })
}

/// The λ ≥ 0 with the least `‖λWᵀW + Wᵀ∇L‖`.
fn fitting(weight: MatRef<'_, f64>, gradient: MatRef<'_, f64>) -> Result<f64> {
    let d = weight.ncols();
    let neural = square(d, |out| syrk_t(1.0, weight, 0.0, out))?;
    let claim = square(d, |out| gemm_tn(-1.0, weight, gradient, 0.0, out))?;
    let lambda = dot(&claim, &neural) / dot(&neural, &neural);
    Ok(if lambda.is_finite() { lambda.max(0.0) } else { 0.0 })
}
