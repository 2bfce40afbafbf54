//! From a feature matrix to the next metric.
//!
//! | update | `M ←` |
//! |---|---|
//! | [`Update::Nfa`] | `AGOPˢ` |
//! | [`Update::Fact`] | `(FACT FACTᵀ)^½` |
//! | [`Update::FactGeomean`] | `(FACT M² FACTᵀ)^¼` |
//! | [`Update::FactInner`] | `(sym(FACT·M))₊^½`, the positive part of the symmetric part |
//!
//! Since FACT = M·S with a symmetric `S`, `FACT·M` is symmetric, and the last two are one update
//! wherever it is positive semi-definite: where `k′` is a kernel itself (quadratic, exponential),
//! not for radial kernels. Roots of `AAᵀ` come from the singular values of `A`: no condition number
//! is squared.
//!
//! If `K` scales like `s^q` under `M → sM`, [`Update::Fact`] is stable without rescaling only for
//! `q < 1`, [`Update::FactGeomean`] for `q < 3`.
//!
//! Source: Boix-Adserà et al. (2026), section 4.

use crate::error::{Error, Result, check_shape};
use crate::linalg::blas::{gemm_any, scal};
use crate::linalg::{power, svd};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// The rule for the next metric. See the [module](self) documentation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update<T> {
    /// From AGOP.
    Nfa {
        /// `s`, positive: 1 is usual for tables, ½ for modular arithmetic.
        power: T,
    },
    /// From FACT.
    Fact,
    /// From FACT and the metric, by their geometric mean.
    FactGeomean,
    /// From FACT and the metric, by the root of their product.
    FactInner,
}

/// What an update does to the scale of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescale {
    /// It is left as it comes.
    None,
    /// Trace `d`.
    Trace,
    /// Largest entry 1.
    MaxEntry,
}

/// What AGOP's Jacobians, or the inputs on the right of FACT, are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centering {
    /// To 0.
    None,
    /// To their mean over all points.
    Mean,
}

/// Which entries of the metric are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All.
    Full,
    /// The diagonal; the others are 0.
    Diagonal,
}

/// Words of scratch for [`next_metric`] of `d` inputs.
///
/// ```
/// assert_eq!(fact_core::kernel::update::next_metric_scratch(8), 4 * 64 + 8);
/// ```
pub const fn next_metric_scratch(d: usize) -> usize {
    let square = d.saturating_mul(d);
    let (polar, root) = (svd::polar_left_scratch(d, d), power::psd_power_scratch(d));
    square.saturating_mul(2).saturating_add(if polar > root { polar } else { root })
}

/// `out ← ` the next metric, symmetric to the bit and positive semi-definite, for `d×d` matrices:
/// `matrix` is AGOP for [`Update::Nfa`], else FACT; `metric` is that of the machine it was formed
/// with. Not rescaled.
///
/// Cost: that of a singular value or eigenvalue decomposition, or both. Scratch:
/// [`next_metric_scratch`].
///
/// # Errors
/// A shape, parameter or scratch error when the arguments do not fit; [`Error::NonFinite`] when an
/// operand or the result is not finite, [`Error::NoConvergence`] as the decompositions.
///
/// ```
/// use fact_core::kernel::update::{self, Update};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let mut memory = [0.0; update::next_metric_scratch(1)];
/// let (fact, metric) = (MatRef::new(&[-9.0_f64], 1, 1)?, MatRef::new(&[4.0], 1, 1)?);
/// let mut out = [0.0];
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// update::next_metric(Update::FactGeomean, fact, metric, view, scratch)?;
/// assert!((out[0] - 6.0).abs() < 1e-14);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn next_metric<T: Scalar>(
    update: Update<T>,
    matrix: MatRef<'_, T>,
    metric: MatRef<'_, T>,
    out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let d = matrix.nrows();
    check_shape("feature matrix", (d, d), matrix.shape())?;
    check_shape("metric", (d, d), metric.shape())?;
    match update {
        Update::Nfa { power } => power::psd_power(matrix, power, out, scratch),
        Update::Fact => svd::polar_left(matrix, out, scratch),
        Update::FactGeomean => {
            let mut product = scratch.take_mat(d, d)?;
            gemm_any(&matrix, &metric, T::ZERO, product.reborrow())?;
            let mut root = scratch.take_mat(d, d)?;
            svd::polar_left(product.as_ref(), root.reborrow(), scratch.reborrow())?;
            power::psd_power(root.as_ref(), T::HALF, out, scratch)
        }
        Update::FactInner => {
            let mut product = scratch.take_mat(d, d)?;
            gemm_any(&matrix, &metric, T::ZERO, product.reborrow())?;
            let mut symmetric = scratch.take_mat(d, d)?;
            crate::features::fact::transposed(product.as_ref(), symmetric.reborrow())?;
            for (entry, &other) in symmetric.data_mut().iter_mut().zip(product.as_ref().data()) {
                *entry = T::HALF * (*entry + other);
            }
            power::psd_power(symmetric.as_ref(), T::HALF, out, scratch)
        }
    }
}

/// `out ← ` the next diagonal metric: the update's formula with each matrix replaced by its
/// diagonal, `AGOP_kkˢ`, `|FACT_kk|`, `|FACT_kk·M_kk|^½`, `(FACT_kk·M_kk)₊^½`; zero off the
/// diagonal.
///
/// # Errors
/// [`Error::Shape`] when the operands do not fit, [`Error::Parameter`] unless the power is
/// positive, [`Error::NonFinite`] when an entry is not finite.
///
/// ```
/// use fact_core::kernel::update::{self, Update};
/// use fact_core::mat::{MatMut, MatRef};
/// let (fact, metric) = ([-9.0, 5.0, 5.0, 2.0], [1.0, 0.0, 0.0, 1.0]);
/// let (fact, metric) = (MatRef::new(&fact, 2, 2)?, MatRef::new(&metric, 2, 2)?);
/// let mut out = [0.0; 4];
/// update::next_diagonal(Update::Fact, fact, metric, MatMut::new(&mut out, 2, 2)?)?;
/// assert_eq!(out, [9.0, 0.0, 0.0, 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn next_diagonal<T: Scalar>(
    update: Update<T>,
    matrix: MatRef<'_, T>,
    metric: MatRef<'_, T>,
    mut out: MatMut<'_, T>,
) -> Result<()> {
    let d = matrix.nrows();
    check_shape("feature matrix", (d, d), matrix.shape())?;
    check_shape("metric", (d, d), metric.shape())?;
    check_shape("out", (d, d), out.shape())?;
    out.data_mut().fill(T::ZERO);
    let entries = diagonal(matrix).zip(diagonal(metric));
    for ((k, (entry, m)), row) in entries.enumerate().zip(out.rows_mut()) {
        let next = match update {
            // A NaN takes the error branch too.
            Update::Nfa { power } if !(power > T::ZERO && power.is_finite()) => {
                return Err(Error::Parameter { what: "power (positive)" });
            }
            Update::Nfa { .. } if entry <= T::ZERO => T::ZERO,
            Update::Nfa { power } => entry.powf(power),
            Update::Fact => entry.abs(),
            Update::FactGeomean => (entry * m).abs().sqrt(),
            Update::FactInner => (entry * m).max(T::ZERO).sqrt(),
        };
        if !next.is_finite() {
            return Err(Error::NonFinite { what: "diagonal of the next metric" });
        }
        if let Some(out) = row.get_mut(k) {
            *out = next;
        }
    }
    Ok(())
}

/// Rescales `M: d×d` as asked, in place, after checking that its scale has not broken down.
///
/// # Errors
/// [`Error::Shape`] unless `M` is square; [`Error::Scale`] when `M` is zero, has an entry that is
/// not finite, or a largest entry outside `[MIN_POSITIVE/ε, ε/MIN_POSITIVE]`, with `MIN_POSITIVE`
/// the smallest normal number: what is formed of such a metric over- or underflows. Also when the
/// trace to divide by is not positive. A metric without entries is left as it is.
///
/// ```
/// use fact_core::kernel::update::{self, Rescale};
/// use fact_core::mat::MatMut;
/// let mut m = [3.0, 0.0, 0.0, 1.0];
/// update::rescale(Rescale::Trace, MatMut::new(&mut m, 2, 2)?)?;
/// assert_eq!(m, [1.5, 0.0, 0.0, 0.5]);
/// assert!(update::rescale(Rescale::None, MatMut::new(&mut [0.0], 1, 1)?).is_err());
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn rescale<T: Scalar>(rescale: Rescale, mut metric: MatMut<'_, T>) -> Result<()> {
    let d = metric.nrows();
    check_shape("metric", (d, d), metric.shape())?;
    if d == 0 {
        return Ok(());
    }
    let broken = Err(Error::Scale { what: "metric" });
    let mut largest = T::ZERO;
    for entry in metric.as_ref().data() {
        if !entry.is_finite() {
            return broken;
        }
        largest = largest.max(entry.abs());
    }
    let least = T::MIN_POSITIVE / T::EPSILON;
    if !(largest >= least && largest <= T::ONE / least) {
        return broken;
    }
    // Entries of at most 1 first, whose sum cannot overflow.
    let trace = diagonal(metric.as_ref()).fold(T::ZERO, |sum, m| sum + m / largest);
    let factor = match rescale {
        Rescale::None => return Ok(()),
        Rescale::MaxEntry => T::ONE / largest,
        Rescale::Trace if trace > T::ZERO => T::from_usize(d) / trace / largest,
        Rescale::Trace => return broken,
    };
    scal(factor, metric.data_mut());
    Ok(())
}

/// The diagonal, first to last.
pub(super) fn diagonal<T: Copy>(m: MatRef<'_, T>) -> impl Iterator<Item = T> {
    m.rows().enumerate().filter_map(|(k, row)| row.get(k).copied())
}
