//! The Cholesky factorisation `A = LLᵀ` of a positive definite matrix, in place.
//!
//! Order of sums: `Lᵢⱼ` starts at `Aᵢⱼ` and takes `−LᵢₖLⱼₖ` for `k = 0, 1, …, j−1`; then
//! `Lⱼⱼ` is its square root, and the others are multiplied by the reciprocal `1/Lⱼⱼ`, of which there
//! is one a column. Dense and packed layout give the same bits, and so does any blocking whose
//! updates are [`gemm_nt`](super::blas::gemm_nt) with `α = −1`, `β = 1`: it takes the same terms in
//! the same order.
//!
//! Source: Golub and Van Loan, *Matrix Computations*, section 4.2 (the dot-product form).

mod blocked;

use super::blas::dot_rows;
use super::triangular::{self, Layout, Lower, packed_len, subtract_dot};
use crate::error::{Error, Result, check_length, check_shape};
use crate::execute::{Executor, Sequential};
use crate::mat::{MatMut, MatRef, RowsMut};
use crate::scalar::Scalar;

/// `A ← L` with `A = LLᵀ`, for `A: n×n`. Reads and overwrites the lower triangle; the strict upper
/// one is neither read nor written.
///
/// Cost: `n³/6` multiplications and subtractions, `n` square roots and divisions.
///
/// # Errors
/// [`Error::Shape`] unless `A` is square; [`Error::NotPositiveDefinite`] at the first pivot that is
/// not a positive finite number, `A` then being partly
/// overwritten. A factor that is returned
/// is finite.
///
/// ```
/// use fact_core::{linalg::cholesky, mat::MatMut};
/// let mut a = [4.0, 0.0, 2.0, 10.0];
/// cholesky::factor(MatMut::new(&mut a, 2, 2)?)?;
/// assert_eq!(a, [2.0, 0.0, 1.0, 3.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn factor<T: Scalar>(a: MatMut<'_, T>) -> Result<()> {
    factor_by(&Sequential, a)
}

/// [`factor`] by an executor.
///
/// # Errors
/// As [`factor`].
///
/// ```
/// use fact_core::{execute::Sequential, linalg::cholesky, mat::MatMut};
/// let mut a = [4.0, 0.0, 2.0, 10.0];
/// cholesky::factor_by(&Sequential, MatMut::new(&mut a, 2, 2)?)?;
/// assert_eq!(a, [2.0, 0.0, 1.0, 3.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn factor_by<T: Scalar>(executor: &impl Executor, mut a: MatMut<'_, T>) -> Result<()> {
    let n = a.nrows();
    check_shape("A", (n, n), a.shape())?;
    if blocked::pays(n) {
        return blocked::factor(executor, n, Layout::Dense, a.data_mut());
    }
    for j in (0..n).step_by(4) {
        let rows = a.data_mut().get_mut(j * n..).unwrap_or_default();
        four_columns(j, RowsMut::new(rows, n))?;
    }
    Ok(())
}

/// `A ← L` with `A = LLᵀ`, for the packed lower triangle `a` of order `n` (rows of lengths
/// `1, 2, …, n`), which is read and overwritten.
///
/// Cost: `n³/6` multiplications and subtractions, `n` square roots and divisions.
///
/// # Errors
/// [`Error::Length`] unless `a` has `n(n+1)/2` elements; [`Error::NotPositiveDefinite`] as
/// [`factor`].
///
/// ```
/// use fact_core::linalg::cholesky;
/// let mut a = [4.0, 2.0, 10.0];
/// cholesky::factor_packed(2, &mut a)?;
/// assert_eq!(a, [2.0, 1.0, 3.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn factor_packed<T: Scalar>(n: usize, a: &mut [T]) -> Result<()> {
    factor_packed_by(&Sequential, n, a)
}

/// [`factor_packed`] by an executor.
///
/// # Errors
/// As [`factor_packed`].
///
/// ```
/// use fact_core::{execute::Sequential, linalg::cholesky};
/// let mut a = [4.0, 2.0, 10.0];
/// cholesky::factor_packed_by(&Sequential, 2, &mut a)?;
/// assert_eq!(a, [2.0, 1.0, 3.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub fn factor_packed_by<T: Scalar>(executor: &impl Executor, n: usize, a: &mut [T]) -> Result<()> {
    check_length("A", packed_len(n), a.len())?;
    if blocked::pays(n) {
        return blocked::factor(executor, n, Layout::Packed, a);
    }
    for j in (0..n).step_by(4) {
        let (mut rest, mut len) = (a.get_mut(packed_len(j)..).unwrap_or_default(), j);
        let rows = core::iter::from_fn(|| {
            len += 1;
            let (row, below) = core::mem::take(&mut rest).split_at_mut_checked(len)?;
            rest = below;
            Some(row)
        });
        four_columns(j, rows)?;
    }
    Ok(())
}

/// `B ← A⁻¹B` for `A = LLᵀ`, `L: n×n` as [`factor`] leaves it, `B: n×c`. Reads the lower triangle of
/// `L`, overwrites `B`.
///
/// Cost: `n²c` multiplications and subtractions, `2nc` divisions.
///
/// # Errors
/// [`Error::Shape`] when the operands do not fit; [`Error::Parameter`] when `L` has a zero on its
/// diagonal.
///
/// ```
/// use fact_core::{linalg::cholesky, mat::{MatMut, MatRef}};
/// let (l, mut b) = ([2.0, 0.0, 1.0, 3.0], [6.0, 12.0]);
/// cholesky::solve(MatRef::new(&l, 2, 2)?, MatMut::new(&mut b, 2, 1)?)?;
/// assert_eq!(b, [1.0, 1.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve<T: Scalar>(l: MatRef<'_, T>, b: MatMut<'_, T>) -> Result<()> {
    solve_lower(Lower::dense(l)?, b)
}

/// `B ← A⁻¹B` for `A = LLᵀ`, `B: n×c`, and the packed triangle `L` as [`factor_packed`] leaves it.
/// Overwrites `B`, with the same bits as [`solve`].
///
/// Cost: `n²c` multiplications and subtractions, `2nc` divisions.
///
/// # Errors
/// [`Error::Length`] when the operands do not fit; [`Error::Parameter`] when `L` has a zero on its
/// diagonal.
///
/// ```
/// use fact_core::{linalg::cholesky, mat::MatMut};
/// let mut b = [6.0, 12.0];
/// cholesky::solve_packed(&[2.0, 1.0, 3.0], MatMut::new(&mut b, 2, 1)?)?;
/// assert_eq!(b, [1.0, 1.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve_packed<T: Scalar>(l: &[T], b: MatMut<'_, T>) -> Result<()> {
    solve_lower(Lower::packed(l, b.nrows())?, b)
}

fn solve_lower<T: Scalar>(l: Lower<'_, T>, mut b: MatMut<'_, T>) -> Result<()> {
    check_shape("B", (l.order(), b.ncols()), b.shape())?;
    if b.ncols() == 1 {
        // The same bits, without setting up a tile for each element.
        triangular::solve(l, b.data_mut())?;
        triangular::solve_t(l, b.data_mut())
    } else {
        triangular::solve_many(l, b.reborrow())?;
        triangular::solve_t_many(l, b)
    }
}

/// Columns `j` to `j + 3` of the factor, in rows `j` and below, which `rows` yields.
#[inline(always)]
fn four_columns<'a, T: Scalar>(
    j: usize,
    mut rows: impl Iterator<Item = &'a mut [T]>,
) -> Result<()> {
    // Beyond the last row, an empty one.
    let mut corner = [(); 4].map(|()| rows.next().unwrap_or_default());
    let scales = factor_corner(j, &mut corner)?;
    if let [(l0, _), (l1, [l10, ..]), (l2, [l20, l21, ..]), (l3, [l30, l31, l32, ..])] =
        corner.map(|row| &*row).map(|row| row.split_at_checked(j).unwrap_or_default())
    {
        let [r0, r1, r2, r3] = scales;
        for row in rows {
            let Some((left, [x0, x1, x2, x3, ..])) = row.split_at_mut_checked(j) else { continue };
            // Four elements of a row at once: each load of its left part serves four sums.
            let starts = [*x0, *x1, *x2, *x3];
            let [s0, s1, s2, s3] = dot_rows(starts, [l0, l1, l2, l3], left, |a, b| -(a * b));
            *x0 = s0 * r0;
            *x1 = (s1 - *x0 * *l10) * r1;
            *x2 = (s2 - *x0 * *l20 - *x1 * *l21) * r2;
            *x3 = (s3 - *x0 * *l30 - *x1 * *l31 - *x2 * *l32) * r3;
        }
    }
    Ok(())
}

/// The same columns in rows `j` to `j + 3`, and the reciprocals of their diagonal.
#[inline(always)]
fn factor_corner<T: Scalar>(j: usize, corner: &mut [&mut [T]; 4]) -> Result<[T; 4]> {
    let mut scales = [T::ONE; 4];
    for i in 0..4 {
        let Some((above, [row, ..])) = corner.split_at_mut_checked(i) else { continue };
        for (k, (above, &scale)) in above.iter().zip(&scales).enumerate() {
            if let Some((left, [x, ..])) = row.split_at_mut_checked(j + k) {
                *x = subtract_dot(*x, left, above) * scale;
            }
        }
        let (Some((left, [x, ..])), Some(scale)) =
            (row.split_at_mut_checked(j + i), scales.get_mut(i))
        else {
            continue;
        };
        let pivot = subtract_dot(*x, left, left);
        // A NaN pivot takes the error branch too.
        if !(pivot > T::ZERO && pivot.is_finite()) {
            return Err(Error::NotPositiveDefinite { pivot: j + i });
        }
        *x = pivot.sqrt();
        *scale = T::ONE / *x;
    }
    Ok(scales)
}
