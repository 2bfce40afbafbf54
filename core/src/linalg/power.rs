//! Powers of positive semi-definite matrices, and the spectral norm.

use super::{blas, eigen, largest, unit_scale};
use crate::error::{Error, Result, check_shape};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Scratch of [`psd_power`] for an `n×n` matrix: `n² + 2n` words.
///
/// ```
/// assert_eq!(fact_core::linalg::power::psd_power_scratch(3), 15);
/// ```
pub const fn psd_power_scratch(n: usize) -> usize {
    n.saturating_mul(n).saturating_add(n).saturating_add(eigen::symmetric_scratch(n))
}

/// `C ← Aᵖ = Σ max(λ, 0)ᵖ vvᵀ`, for symmetric `A: n×n`, `C: n×n` and `p > 0`. Reads the lower triangle
/// of `A`; `C` is overwritten, symmetric to the bit.
///
/// Every eigenvalue `λ ≤ n·ε·λ_max`, so every negative one, counts as exactly zero: below that level
/// an eigenvalue is rounding, which a power below 1 would blow up.
///
/// Cost: that of [`eigen::symmetric`], and `n³/2` multiplications and additions.
///
/// # Errors
/// [`Error::Parameter`] unless `p > 0`, [`Error::Shape`] when the operands do not fit,
/// [`Error::Scratch`] below [`psd_power_scratch`] words, [`Error::NonFinite`] when `A` or `λ_maxᵖ` is
/// not finite, [`Error::NoConvergence`] as [`eigen::symmetric`].
///
/// ```
/// use fact_core::{linalg::power, mat::{MatMut, MatRef}, scratch::Scratch};
/// let (a, mut c) = ([9.0, 0.0, 0.0, 4.0], [0.0; 4]);
/// let mut memory = [0.0; power::psd_power_scratch(2)];
/// let (a, scratch) = (MatRef::new(&a, 2, 2)?, Scratch::new(&mut memory));
/// power::psd_power(a, 0.5, MatMut::new(&mut c, 2, 2)?, scratch)?;
/// assert!((c[0] - 3.0_f64).abs() < 1e-15 && (c[3] - 2.0).abs() < 1e-15);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn psd_power<T: Scalar>(
    a: MatRef<'_, T>,
    p: T,
    c: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    // A NaN takes the error branch too.
    if !(p > T::ZERO && p.is_finite()) {
        return Err(Error::Parameter { what: "p (positive)" });
    }
    let n = a.nrows();
    check_shape("A", (n, n), a.shape())?;
    check_shape("C", (n, n), c.shape())?;
    let mut vectors = scratch.take_mat(n, n)?;
    for (to, &from) in vectors.data_mut().iter_mut().zip(a.data()) {
        *to = from;
    }
    let values = scratch.take(n)?;
    eigen::symmetric(vectors.reborrow(), values, scratch)?;
    let top = values.last().map_or(T::ZERO, |&top| top.max(T::ZERO));
    let floor = T::from_usize(n) * T::EPSILON * top;
    for (vector, &value) in vectors.rows_mut().zip(&*values) {
        let weight = if value > floor { value.powf(T::HALF * p) } else { T::ZERO };
        if !(weight * weight).is_finite() {
            return Err(Error::NonFinite { what: "power of an eigenvalue" });
        }
        blas::scal(weight, vector);
    }
    blas::syrk_t(T::ONE, vectors.as_ref(), T::ZERO, c)
}

/// Scratch of [`spectral_norm`] for an `m×n` matrix: `k² + 2k` words, `k = min(m, n)`.
///
/// ```
/// assert_eq!(fact_core::linalg::power::spectral_norm_scratch(2, 900), 8);
/// ```
pub const fn spectral_norm_scratch(m: usize, n: usize) -> usize {
    let k = if m < n { m } else { n };
    k.saturating_mul(k).saturating_add(k).saturating_add(eigen::symmetric_scratch(k))
}

/// `‖W‖₂`, the largest singular value of `W: m×n`: the root of the largest eigenvalue of the smaller
/// of `WWᵀ` and `WᵀW`. Zero for a matrix without elements. The Gram
/// matrix is formed scaled by a power of two, so that it neither over- nor underflows.
///
/// Cost: `mnk/2 + ⅔k³` multiplications and additions, `k = min(m, n)`.
///
/// # Errors
/// [`Error::Scratch`] below [`spectral_norm_scratch`] words, [`Error::NonFinite`] when `W` or the
/// scaled Gram matrix is not finite (entries above about `MAX/(4√(mn))`), [`Error::NoConvergence`] as [`eigen::symmetric`].
///
/// ```
/// use fact_core::{linalg::power, mat::MatRef, scratch::Scratch};
/// let mut memory = [0.0; power::spectral_norm_scratch(2, 3)];
/// let w = MatRef::new(&[0.0, -3.0, 0.0, 2.0, 0.0, 0.0], 2, 3)?;
/// assert_eq!(power::spectral_norm(w, Scratch::new(&mut memory))?, 3.0);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn spectral_norm<T: Scalar>(w: MatRef<'_, T>, mut scratch: Scratch<'_, T>) -> Result<T> {
    let scale = unit_scale(largest("W", w.data())?);
    // An even power of two: its root is exact, and it brings the squares near 1.
    let square = (scale * scale).max(T::MIN_POSITIVE).min(T::ONE / T::MIN_POSITIVE);
    let k = w.nrows().min(w.ncols());
    let mut gram = scratch.take_mat(k, k)?;
    if w.nrows() <= w.ncols() {
        blas::syrk(square, w, T::ZERO, gram.reborrow())?;
    } else {
        blas::syrk_t(square, w, T::ZERO, gram.reborrow())?;
    }
    let values = scratch.take(k)?;
    eigen::symmetric_values(gram, values, scratch)?;
    let top = values.last().map_or(T::ZERO, |&top| top.max(T::ZERO));
    Ok(top.sqrt() / square.sqrt())
}
