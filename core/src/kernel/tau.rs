//! Why the Neural Feature Ansatz usually holds: `τ` against `k′`.
//!
//! For an inner-product kernel AGOP and FACT·Mᵀ are both `Σᵢⱼ (weight) · Mxᵢ αᵢᵀαⱼ xⱼᵀMᵀ`. FACT's
//! weight is `k′(xᵢᵀMxⱼ)`, AGOP's is `τᵢⱼ = (1/n) Σₗ k′(xₗᵀMxᵢ) k′(xₗᵀMxⱼ)`. Where `τ ∝ k′` they
//! agree.
//!
//! Source: Boix-Adserà et al. (2026), section 5.

use super::pairs::{Form, pairs_scratch};
use super::predictor::Predictor;
use super::profile::Wanted;
use crate::error::Result;
use crate::execute::{Executor, Sequential};
use crate::features::agreement::Sums;
use crate::features::{Measured, Missing};
use crate::linalg::blas::{gemm_by, mirror, scal};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// How well `τ` is explained by `k′`, over all pairs of points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TauFit {
    /// `R²` of the best line `τ ≈ a + b·k′`: the squared correlation.
    pub r2: Measured,
    /// `R²` of the best line through the origin `τ ≈ b·k′`; negative where the mean of `τ` does
    /// better.
    pub r2_origin: Measured,
}

/// Words of scratch for [`tau_fit`] in blocks of `rows`: the `n×n` slopes, and a row of `n` each.
///
/// ```
/// use fact_core::kernel::{gram::gram_scratch, tau::tau_fit_scratch};
/// assert_eq!(tau_fit_scratch(64, 8, 4), gram_scratch(64, 8) + 64 * 64 + 4 * 64);
/// ```
pub const fn tau_fit_scratch(n: usize, d: usize, rows: usize) -> usize {
    pairs_scratch(n, d).saturating_add(n.saturating_add(rows).saturating_mul(n))
}

/// The fit of `τ` to `k′` over the machine's own points; missing for a radial kernel, whose
/// gradients have another form.
///
/// Cost: `n³` multiplications and additions. Scratch: [`tau_fit_scratch`] of at least one row; more
/// rows are faster, the result is the same.
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, Predictor, tau};
/// use fact_core::{mat::MatRef, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0, -1.0], 2, 1)?, MatRef::new(&[3.0, 1.0], 2, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; tau::tau_fit_scratch(2, 1, 1)];
/// let fit = tau::tau_fit(&machine, Scratch::new(&mut memory))?;
/// assert_eq!(fit.r2, Ok(1.0));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn tau_fit<T: Scalar>(machine: &Predictor<'_, T>, scratch: Scratch<'_, T>) -> Result<TauFit> {
    tau_fit_by(&Sequential, machine, scratch)
}

/// [`tau_fit`] by an executor.
///
/// # Errors
/// As [`tau_fit`].
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, Predictor, tau};
/// use fact_core::{execute::Sequential, mat::MatRef, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0, -1.0], 2, 1)?, MatRef::new(&[3.0, 1.0], 2, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; tau::tau_fit_scratch(2, 1, 1)];
/// let fit = tau::tau_fit_by(&Sequential, &machine, Scratch::new(&mut memory))?;
/// assert_eq!(fit.r2, Ok(1.0));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn tau_fit_by<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<TauFit> {
    let n = machine.x.nrows();
    let mut pairs = machine.pairs(executor, &mut scratch)?;
    if pairs.form() == Form::SquaredDistance {
        let none = Err(Missing::NotInnerProduct);
        return Ok(TauFit { r2: none, r2_origin: none });
    }
    let mut slopes = scratch.take_mat(n, n)?;
    let points = pairs.z;
    pairs.rows(executor, &points, Wanted::Gradient, slopes.data_mut());
    mirror(slopes.reborrow());
    let slopes = slopes.as_ref();
    let mut sums = Sums::<T>::new();
    let (mut sum, mut square) = (0.0, 0.0);
    let rows = scratch.rows(n, n)?;
    let mut done = 0;
    while done < n {
        let block = slopes.row_range(done, done + rows);
        let mut tau = scratch.reborrow().take_mat(block.nrows(), n)?;
        gemm_by(executor, &block, &slopes, T::ZERO, tau.reborrow())?;
        scal(T::ONE / T::from_usize(n), tau.data_mut());
        for tau in tau.as_ref().data().iter().map(|tau| tau.to_f64()) {
            sum += tau;
            square += tau * tau;
        }
        sums.add(tau.as_ref().data(), block.data());
        done += block.nrows();
    }
    let agreement = sums.agreement();
    let count = n as f64 * n as f64;
    // About the mean; positive where there is a correlation.
    let spread = square - sum * sum / count;
    let r2_origin = agreement.pearson.and(agreement.cosine);
    Ok(TauFit {
        r2: agreement.pearson.map(|correlation| correlation * correlation),
        r2_origin: r2_origin.map(|cosine| 1.0 - square * (1.0 - cosine * cosine) / spread),
    })
}
