//! Matrix–vector operations.

use super::level1::axpy;
use super::scale_or_clear;
use super::tile::{Accumulate, add_rows_dot, rows_times};
use crate::error::{Result, check_length};
use crate::mat::{MatMut, MatRef, RowsMut};
use crate::scalar::Scalar;

/// `y ← αAx + βy`, for `A: m×n`, `x: n`, `y: m`. When `β` is zero, `y` is not read.
///
/// Cost: `mn` multiplications and additions.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) when `x` or `y` does not fit `A`.
///
/// ```
/// use fact_core::{linalg::blas::gemv, mat::MatRef};
/// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut y = [10.0, 20.0];
/// gemv(1.0, a, &[1.0, 1.0], 1.0, &mut y)?;
/// assert_eq!(y, [13.0, 27.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn gemv<T: Scalar>(alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T]) -> Result<()> {
    check_length("x", a.ncols(), x.len())?;
    check_length("y", a.nrows(), y.len())?;
    scale_or_clear(beta, y);
    if alpha == T::ONE {
        add_gemv(a.data(), x, y);
    } else {
        add_rows_dot(a.data(), x, y, |a, x| (alpha * a) * x);
    }
    Ok(())
}

/// `y ← αAᵀx + βy`, for `A: m×n`, `x: m`, `y: n`. When `β` is zero, `y` is not read.
///
/// Cost: `mn` multiplications and additions.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) when `x` or `y` does not fit `A`.
///
/// ```
/// use fact_core::{linalg::blas::gemv_t, mat::MatRef};
/// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut y = [0.0; 2];
/// gemv_t(2.0, a, &[1.0, 1.0], 0.0, &mut y)?;
/// assert_eq!(y, [8.0, 12.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn gemv_t<T: Scalar>(alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T]) -> Result<()> {
    check_length("x", a.nrows(), x.len())?;
    check_length("y", a.ncols(), y.len())?;
    scale_or_clear(beta, y);
    if alpha == T::ONE {
        rows_times(|x| x, x, &a, y, Accumulate);
    } else {
        rows_times(|x| alpha * x, x, &a, y, Accumulate);
    }
    Ok(())
}

/// `A ← αxyᵀ + A`, for `A: m×n`, `x: m`, `y: n`. Element `ij` gains `(α·xᵢ)·yⱼ`.
///
/// Cost: `mn` multiplications and additions.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) when `x` or `y` does not fit `A`.
///
/// ```
/// use fact_core::{linalg::blas::ger, mat::MatMut};
/// let mut a = [0.0; 4];
/// ger(1.0, &[1.0, 2.0], &[3.0, 4.0], MatMut::new(&mut a, 2, 2)?)?;
/// assert_eq!(a, [3.0, 4.0, 6.0, 8.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn ger<T: Scalar>(alpha: T, x: &[T], y: &[T], mut a: MatMut<'_, T>) -> Result<()> {
    check_length("x", a.nrows(), x.len())?;
    check_length("y", a.ncols(), y.len())?;
    add_ger(alpha, x, y, a.data_mut());
    Ok(())
}

/// `y ← Ax + y` for row-major `A` with rows as long as `x`.
#[inline(always)]
pub(crate) fn add_gemv<T: Scalar>(a: &[T], x: &[T], y: &mut [T]) {
    add_rows_dot(a, x, y, |a, x| a * x);
}

/// [`add_gemv`], compiled once: for shapes that come at run time.
#[inline(never)]
pub(crate) fn add_gemv_any<T: Scalar>(a: &[T], x: &[T], y: &mut [T]) {
    add_gemv(a, x, y);
}

/// Columns of a strip of [`add_ger`], held in registers while the rows go by.
const STRIP: usize = 16;

/// [`add_ger`] with `α = 1`, compiled once: for shapes that come at run time.
#[inline(never)]
pub(super) fn add_ger_any<T: Scalar>(x: &[T], y: &[T], a: &mut [T]) {
    add_ger(T::ONE, x, y, a);
}

/// `A ← αxyᵀ + A` for row-major `A` with rows as long as `y`.
#[inline(always)]
pub(crate) fn add_ger<T: Scalar>(alpha: T, x: &[T], y: &[T], a: &mut [T]) {
    let n = y.len().max(1);
    let (strips, tail) = y.as_chunks::<STRIP>();
    for (index, strip) in strips.iter().enumerate() {
        let strip = *strip;
        for (row, &x) in RowsMut::new(a, n).zip(x) {
            let row = row.get_mut(index * STRIP..).and_then(|row| row.first_chunk_mut::<STRIP>());
            let Some(row) = row else { return };
            let factor = alpha * x;
            for (a, y) in row.iter_mut().zip(strip) {
                *a += factor * y;
            }
        }
    }
    if !tail.is_empty() {
        for (row, &x) in RowsMut::new(a, n).zip(x) {
            let row = row.get_mut(strips.len() * STRIP..).unwrap_or_default();
            axpy(alpha * x, tail, row);
        }
    }
}
