//! The next metric, of small `d×d` matrices, in `f64` whatever the engine's numbers are.

use crate::error::Result;
use fact_core::Error;
use fact_core::kernel::Update;
use fact_core::scalar::Scalar;
use faer::{Mat, Side};

/// The matrix that follows the metric `m`, of the AGOP or FACT in `features`. `epsilon` is the rounding
/// of the numbers they were made with: smaller eigenvalues, relative to the largest, are rounding.
pub(super) fn next<T: Scalar>(
    update: Update<T>,
    features: &Mat<f64>,
    m: &Mat<f64>,
    epsilon: f64,
) -> Result<Mat<f64>> {
    match update {
        Update::Nfa { power } => psd_power(features, power.to_f64(), epsilon),
        Update::Fact => left_power(features, 1.0),
        // (BBᵀ)^¼ with B = FACT·M.
        Update::FactGeomean => left_power(&(features * m), 0.5),
        Update::FactInner => {
            let product = features * m;
            let symmetric = Mat::from_fn(m.nrows(), m.nrows(), |i, j| {
                0.5 * (product[(i, j)] + product[(j, i)])
            });
            psd_power(&symmetric, 0.5, epsilon)
        }
    }
}

/// `Aᵖ = Σ max(λ, 0)ᵖ vvᵀ`.
fn psd_power(a: &Mat<f64>, p: f64, epsilon: f64) -> Result<Mat<f64>> {
    check_finite(a)?;
    let eigen =
        a.self_adjoint_eigen(Side::Lower).map_err(|_| Error::NoConvergence { iterations: 0 })?;
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    let floor = a.nrows() as f64 * epsilon * top;
    let weights = values.iter().map(|&value| if value > floor { value.powf(p) } else { 0.0 });
    sandwich(eigen.U().to_owned(), weights.collect())
}

/// `UΣᵖUᵀ` for `A = UΣVᵀ`.
fn left_power(a: &Mat<f64>, p: f64) -> Result<Mat<f64>> {
    check_finite(a)?;
    let svd = a.svd().map_err(|_| Error::NoConvergence { iterations: 0 })?;
    let weights = svd.S().column_vector().iter().map(|value| value.powf(p)).collect();
    sandwich(svd.U().to_owned(), weights)
}

/// `U diag(w) Uᵀ`.
fn sandwich(u: Mat<f64>, weights: Vec<f64>) -> Result<Mat<f64>> {
    let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
    let scaled = Mat::from_fn(u.nrows(), u.ncols(), |i, j| u[(i, j)] * roots[j]);
    let out = &scaled * scaled.transpose();
    check_finite(&out)?;
    Ok(out)
}

fn check_finite(a: &Mat<f64>) -> Result<()> {
    if a.is_all_finite() { Ok(()) } else { Err(Error::Scale { what: "metric" }.into()) }
}
