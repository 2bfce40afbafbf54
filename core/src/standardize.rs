//! Standardisation of features: mean 0, population standard deviation 1.

use crate::error::{Error, Result, check_length};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;

/// Writes the mean and the reciprocal standard deviation of each column of `x: n×d` into
/// `mean: d` and `scale: d`. A constant column gets scale 0, so that it standardises to 0.
///
/// Column by column, each sum in the order of the rows: the mean from differences to the first row
/// (exact for a constant column, however long), the deviation from differences divided by the largest
/// (so that no square over- or underflows). Cost: `7nd` operations.
///
/// # Errors
/// [`Error::Length`] when `mean` or `scale` is not of length `d`; [`Error::NonFinite`] when a column
/// holds a number that is not finite, or its scale is not.
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
    for (index, (mean, scale)) in mean.iter_mut().zip(scale).enumerate() {
        (*mean, *scale) = fit_column(|| x.rows().filter_map(move |row| row.get(index).copied()))?;
    }
    Ok(())
}

/// Mean and reciprocal deviation of one column.
fn fit_column<T: Scalar, I: Iterator<Item = T>>(column: impl Fn() -> I) -> Result<(T, T)> {
    let Some(first) = column().next() else { return Ok((T::ZERO, T::ZERO)) };
    let n = T::from_usize(column().count());
    // Divided before they are added: the sum of differences of huge numbers would overflow.
    let mean = first + column().fold(T::ZERO, |sum, x| sum + (x / n - first / n));
    let largest = column().fold(T::ZERO, |largest, x| largest.max((x - mean).abs()));
    if !(mean.is_finite() && largest.is_finite() && column().all(T::is_finite)) {
        return Err(Error::NonFinite { what: "column, or its spread" });
    }
    // A column that is constant but for the rounding of its entries leaves only noise.
    if largest <= T::from_f64(4.0) * T::EPSILON * mean.abs() {
        return Ok((mean, T::ZERO));
    }
    let squares = column().fold(T::ZERO, |sum, x| {
        let share = (x - mean) / largest;
        sum + share * share
    });
    let scale = T::ONE / (largest * (squares / n).sqrt());
    if scale.is_finite() { Ok((mean, scale)) } else { Err(Error::NonFinite { what: "scale" }) }
}

/// `x ← (x − mean) · scale`, column by column, for `x: n×d`.
///
/// # Errors
/// [`Error::Length`] when `mean` or `scale` is not of length `d`.
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
