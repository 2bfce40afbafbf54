//! The neural feature matrix `WᵀW`, its counterpart `WWᵀ`, and the balance between layers.

use super::{Measured, Missing};
use crate::error::{Result, check_shape};
use crate::linalg::blas::{dot, syrk, syrk_t};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;

/// `out ← WᵀW: in×in`, symmetric to the bit, for `W: out×in`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when `out` does not fit.
///
/// ```
/// use fact_core::{features::neural, mat::{MatMut, MatRef}};
/// let mut out = [0.0; 4];
/// neural::feature_matrix(MatRef::new(&[1.0, 2.0], 1, 2)?, MatMut::new(&mut out, 2, 2)?)?;
/// assert_eq!(out, [1.0, 2.0, 2.0, 4.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn feature_matrix<T: Scalar>(weight: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<()> {
    syrk_t(T::ONE, weight, T::ZERO, out)
}

/// `out ← WWᵀ: out×out`, symmetric to the bit, for `W: out×in`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when `out` does not fit.
///
/// ```
/// use fact_core::{features::neural, mat::{MatMut, MatRef}};
/// let mut out = [0.0; 1];
/// neural::backward_matrix(MatRef::new(&[1.0, 2.0], 1, 2)?, MatMut::new(&mut out, 1, 1)?)?;
/// assert_eq!(out, [5.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn backward_matrix<T: Scalar>(weight: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<()> {
    syrk(T::ONE, weight, T::ZERO, out)
}

/// The largest imbalance between two layers, `max_j |‖row j of W_ℓ‖² − k‖column j of W_{ℓ+1}‖²|`,
/// relative to the largest term of either kind.
///
/// At a minimum with all weights decayed and an activation that is positively homogeneous of degree
/// `k` between them, it is zero: even on the kinks of a ReLU, where the gradient does not exist and
/// FACT fails. (Scale unit `j`'s weights in by `t` and out by `t⁻ᵏ`: the function stays, and the
/// penalty is stationary in `t`.)
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the layers do not follow one another.
///
/// ```
/// use fact_core::{features::neural, mat::MatRef};
/// let (below, above) = (MatRef::new(&[3.0, 4.0], 1, 2)?, MatRef::new(&[5.0], 1, 1)?);
/// assert_eq!(neural::imbalance(below, above, 1)?, Ok(0.0));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn imbalance<T: Scalar>(
    below: MatRef<'_, T>,
    above: MatRef<'_, T>,
    degree: u8,
) -> Result<Measured> {
    check_shape("layer above", (above.nrows(), below.nrows()), above.shape())?;
    let (mut largest, mut deviation) = (0.0, 0.0);
    for (unit, row) in below.rows().enumerate() {
        let incoming = dot(row, row).to_f64();
        let outgoing =
            above.rows().filter_map(|row| row.get(unit)).fold(T::ZERO, |sum, &w| sum + w * w);
        let outgoing = f64::from(degree) * outgoing.to_f64();
        if !(incoming + outgoing).is_finite() {
            return Ok(Err(Missing::NonFinite));
        }
        largest = incoming.max(outgoing).max(largest);
        deviation = (incoming - outgoing).abs().max(deviation);
    }
    Ok(if largest > 0.0 { Ok(deviation / largest) } else { Err(Missing::Zero) })
}
