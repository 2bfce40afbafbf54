//! Standardisation of features: mean 0, population standard deviation 1.

use crate::error::{Result, check_length};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;

/// Writes the mean and the reciprocal standard deviation of each column of `x: n×d` into
/// `mean: d` and `scale: d`. A constant column gets scale 0, so that it standardises to 0.
///
/// Two passes; each sum adds the rows in order. Cost: `5nd` operations.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) when `mean` or `scale` is not of length `d`.
///
/// ```
/// use fact_core::{mat::{MatMut, MatRef}, standardize};
/// let mut x = [1.0, 5.0, 3.0, 5.0];
/// let (mut mean, mut scale) = ([0.0; 2], [0.0; 2]);
/// standardize::fit(MatRef::new(&x, 2, 2)?, &mut mean, &mut scale)?;
/// standardize::apply(&mean, &scale, MatMut::new(&mut x, 2, 2)?)?;
/// assert_eq!(x, [-1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn fit<T: Scalar>(x: MatRef<'_, T>, mean: &mut [T], scale: &mut [T]) -> Result<()> {
    check_length("mean", x.ncols(), mean.len())?;
    check_length("scale", x.ncols(), scale.len())?;
    let n = T::from_usize(x.nrows().max(1));
    mean.fill(T::ZERO);
    // Means of differences to the first row: exact for a constant column, however long.
    for row in x.rows() {
        for ((mean, &x), &first) in mean.iter_mut().zip(row).zip(x.row(0).unwrap_or(row)) {
            *mean += x - first;
        }
    }
    for mean in &mut *mean {
        *mean /= n;
    }
    for (mean, &first) in mean.iter_mut().zip(x.row(0).unwrap_or(&[])) {
        *mean += first;
    }
    scale.fill(T::ZERO);
    for row in x.rows() {
        for ((scale, &mean), &x) in scale.iter_mut().zip(&*mean).zip(row) {
            *scale += (x - mean) * (x - mean);
        }
    }
    for (scale, &mean) in scale.iter_mut().zip(&*mean) {
        let deviation = (*scale / n).sqrt();
        // A column that is constant but for the rounding of its entries leaves only noise.
        let noise = T::from_f64(4.0) * T::EPSILON * mean.abs();
        *scale = if deviation > noise { T::ONE / deviation } else { T::ZERO };
    }
    Ok(())
}

/// `x ← (x − mean) · scale`, column by column, for `x: n×d`.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) when `mean` or `scale` is not of length `d`.
///
/// ```
/// use fact_core::{mat::MatMut, standardize};
/// let mut x = [3.0, 8.0];
/// standardize::apply(&[1.0, 2.0], &[0.5, 1.0], MatMut::new(&mut x, 1, 2)?)?;
/// assert_eq!(x, [1.0, 6.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn apply<T: Scalar>(mean: &[T], scale: &[T], mut x: MatMut<'_, T>) -> Result<()> {
    check_length("mean", x.ncols(), mean.len())?;
    check_length("scale", x.ncols(), scale.len())?;
    for row in x.rows_mut() {
        for ((x, &mean), &scale) in row.iter_mut().zip(mean).zip(scale) {
            *x = (*x - mean) * scale;
        }
    }
    Ok(())
}
