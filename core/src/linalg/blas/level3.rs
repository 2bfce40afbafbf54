//! Matrix–matrix operations.

use super::jobs::gemm_by;
use super::level2::{add_gemv, add_gemv_any, add_ger_any};
use super::packed::{self, Along, Columns, Down, RowsOf};
use super::scale_or_clear;
use super::tile::{Accumulate, Hadamard, add_rows_dot, columns_times, row_times_any, rows_times};
use crate::error::{Result, check_shape};
use crate::execute::Sequential;
use crate::mat::{MatMut, MatRef, Rows, RowsMut};
use crate::scalar::Scalar;

/// Whether this is a machine whose stack has room for the frames of register tiles.
pub(super) const LARGE: bool = usize::BITS >= 64;

/// `C ← αAB + βC`, for `A: m×k`, `B: k×n`, `C: m×n`. When `β` is zero, `C` is not read.
///
/// It is inlined, so that shapes known at compile time reach the innermost loops; elsewhere call it
/// from one place. Cost: `mkn` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the operands do not fit.
///
/// ```
/// use fact_core::{linalg::blas::gemm, mat::{MatMut, MatRef}};
/// let (a, b) = (MatRef::new(&[1.0, 2.0], 1, 2)?, MatRef::new(&[3.0, 4.0], 2, 1)?);
/// let mut c = [0.0];
/// gemm(1.0, a, b, 0.0, MatMut::new(&mut c, 1, 1)?)?;
/// assert_eq!(c, [11.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn gemm<T: Scalar>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) -> Result<()> {
    check_shape("B", (a.ncols(), b.ncols()), b.shape())?;
    check_shape("C", (a.nrows(), b.ncols()), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    if alpha == T::ONE {
        rows_times_matrix(|a| a, &a, &b, c.data_mut());
    } else {
        rows_times_matrix(|a| alpha * a, &a, &b, c.data_mut());
    }
    Ok(())
}

/// `C ← C + (αA)B`, by packed panels where they pay.
#[inline(always)]
pub(super) fn rows_times_matrix<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    c: &mut [T],
) {
    let (k, n) = b.shape();
    if packed::pays(a.nrows(), k, n) {
        packed::product(Along(*a, scale), Columns(*b), (n, k), |_| 0, c);
    } else {
        rows_times(scale, a.data(), b, c, Accumulate);
    }
}

/// `C ← AB + βC`, compiled once: for the callers in this crate, whose shapes come at run time.
#[inline(always)]
pub(crate) fn gemm_any<T: Scalar>(
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    beta: T,
    c: MatMut<'_, T>,
) -> Result<()> {
    gemm_by(&Sequential, a, b, beta, c)
}

/// `C ← αAᵀB + βC`, for `A: k×m`, `B: k×n`, `C: m×n`. When `β` is zero, `C` is not read.
///
/// Cost: `mkn` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the operands do not fit.
///
/// ```
/// use fact_core::{linalg::blas::gemm_tn, mat::{MatMut, MatRef}};
/// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut c = [0.0; 4];
/// gemm_tn(1.0, a, a, 0.0, MatMut::new(&mut c, 2, 2)?)?;
/// assert_eq!(c, [10.0, 14.0, 14.0, 20.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn gemm_tn<T: Scalar>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) -> Result<()> {
    check_shape("B", (a.nrows(), b.ncols()), b.shape())?;
    check_shape("C", (a.ncols(), b.ncols()), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    if alpha == T::ONE {
        columns_times_matrix(|a| a, &a, &b, c.data_mut());
    } else {
        columns_times_matrix(|a| alpha * a, &a, &b, c.data_mut());
    }
    Ok(())
}

/// `C ← C + (αA)ᵀB`, by packed panels where they pay.
#[inline(always)]
fn columns_times_matrix<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    c: &mut [T],
) {
    let (k, n) = b.shape();
    if packed::pays(a.ncols(), k, n) {
        packed::product(Down(*a, scale), Columns(*b), (n, k), |_| 0, c);
    } else {
        columns_times(scale, a, 0, b, c, Accumulate);
    }
}

/// `C ← αABᵀ + βC`, for `A: m×k`, `B: n×k`, `C: m×n`. When `β` is zero, `C` is not read.
///
/// Cost: `mkn` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the operands do not fit.
///
/// ```
/// use fact_core::{linalg::blas::gemm_nt, mat::{MatMut, MatRef}};
/// let (a, b) = (MatRef::new(&[1.0, 2.0], 1, 2)?, MatRef::new(&[3.0, 4.0, 5.0, 6.0], 2, 2)?);
/// let mut c = [0.0; 2];
/// gemm_nt(1.0, a, b, 0.0, MatMut::new(&mut c, 1, 2)?)?;
/// assert_eq!(c, [11.0, 17.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn gemm_nt<T: Scalar>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) -> Result<()> {
    check_shape("B", (b.nrows(), a.ncols()), b.shape())?;
    check_shape("C", (a.nrows(), b.nrows()), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    if alpha == T::ONE && packed::one_pays(a.nrows()) {
        add_product_nt(Along(a, |a| a), a.nrows(), b, |_| 0, c.data_mut());
    } else if alpha == T::ONE {
        add_gemm_nt(a, b, c.data_mut());
    } else if packed::one_pays(a.nrows()) {
        add_product_nt(Along(a, |a| alpha * a), a.nrows(), b, |_| 0, c.data_mut());
    } else {
        for (a, c) in a.rows().zip(c.rows_mut()) {
            add_rows_dot(b.data(), a, c, |b, a| (alpha * a) * b);
        }
    }
    Ok(())
}

/// `C ← αAAᵀ + βC`, for `A: m×k` and a symmetric `C: m×m`, of which only the lower triangle is
/// read; both triangles are written, equal to the bit.
///
/// Cost: `m²k/2` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when `C` is not `m×m`.
///
/// ```
/// use fact_core::{linalg::blas::syrk, mat::{MatMut, MatRef}};
/// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut c = [0.0; 4];
/// syrk(1.0, a, 0.0, MatMut::new(&mut c, 2, 2)?)?;
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn syrk<T: Scalar>(alpha: T, a: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) -> Result<()> {
    let m = a.nrows();
    check_shape("C", (m, m), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    if packed::one_pays(m) {
        add_product_nt(Along(a, |a| alpha * a), m, a, |j| j, c.data_mut());
        mirror(c);
        return Ok(());
    }
    for (i, (row, c)) in a.rows().zip(c.rows_mut()).enumerate() {
        let (Some(above), Some(c)) = (a.data().get(..(i + 1) * row.len()), c.get_mut(..=i)) else {
            continue;
        };
        add_rows_dot(above, row, c, |b, a| (alpha * a) * b);
    }
    mirror(c);
    Ok(())
}

/// `C ← αAᵀA + βC`, for `A: k×m` and a symmetric `C: m×m`, of which only the lower triangle is
/// read; both triangles are written, equal to the bit.
///
/// Cost: `m²k/2` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when `C` is not `m×m`.
///
/// ```
/// use fact_core::{linalg::blas::syrk_t, mat::{MatMut, MatRef}};
/// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut c = [0.0; 4];
/// syrk_t(1.0, a, 0.0, MatMut::new(&mut c, 2, 2)?)?;
/// assert_eq!(c, [10.0, 14.0, 14.0, 20.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn syrk_t<T: Scalar>(alpha: T, a: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) -> Result<()> {
    let m = a.ncols();
    check_shape("C", (m, m), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    if packed::pays(m, a.nrows(), m) {
        let (left, right) = (Down(a, |a| alpha * a), Columns(a));
        packed::product(left, right, (m, a.nrows()), |j| j, c.data_mut());
        mirror(c);
        return Ok(());
    }
    for a in a.rows() {
        for (i, (c, &left)) in c.rows_mut().zip(a).enumerate() {
            let factor = alpha * left;
            for (c, &right) in c.iter_mut().zip(a).take(i + 1) {
                *c += factor * right;
            }
        }
    }
    mirror(c);
    Ok(())
}

/// Copies the lower triangle of a square matrix onto the upper one.
pub(crate) fn mirror<T: Scalar>(mut c: MatMut<'_, T>) {
    let n = c.ncols();
    let mut rest = c.data_mut();
    let mut i = 0;
    // Row i is split off the front; column i of the rows below it belongs into its upper part.
    while let Some((row, below)) = core::mem::take(&mut rest).split_at_mut_checked(n) {
        if n == 0 {
            return;
        }
        let upper = row.iter_mut().skip(i + 1);
        for (upper, below) in upper.zip(Rows::new(below, n)) {
            if let Some(&value) = below.get(i) {
                *upper = value;
            }
        }
        i += 1;
        rest = below;
    }
}

/// `C ← ABᵀ + C` for `C` with as many rows as `A` and rows as long as `B` has rows.
#[inline(always)]
pub(crate) fn add_gemm_nt<T: Scalar>(a: MatRef<'_, T>, b: MatRef<'_, T>, c: &mut [T]) {
    if packed::one_pays(a.nrows()) {
        packed::small_product(Along(a, |a| a), RowsOf(b), b.shape(), |_| 0, c);
    } else {
        for (a, c) in a.rows().zip(RowsMut::new(c, b.nrows())) {
            add_gemv(b.data(), a, c);
        }
    }
}

/// `C ← C + ABᵀ` by panels, for `m` rows of `A`. Of the columns from `j` on, rows above `first(j)` are
/// left out.
#[inline(always)]
fn add_product_nt<T: Scalar>(
    left: impl packed::Left<T>,
    m: usize,
    b: MatRef<'_, T>,
    first: impl Fn(usize) -> usize,
    c: &mut [T],
) {
    let (n, k) = b.shape();
    if packed::pays(m, k, n) {
        packed::product(left, RowsOf(b), (n, k), first, c);
    } else {
        packed::small_product(left, RowsOf(b), (n, k), first, c);
    }
}

/// [`add_gemm_nt`] for shapes that come at run time.
#[inline(always)]
pub(crate) fn add_gemm_nt_any<T: Scalar>(a: &MatRef<'_, T>, b: &MatRef<'_, T>, c: &mut [T]) {
    if packed::one_pays(a.nrows()) {
        packed::small_product(Along(*a, |a| a), RowsOf(*b), b.shape(), |_| 0, c);
    } else {
        for (a, c) in a.rows().zip(RowsMut::new(c, b.nrows())) {
            add_gemv_any(b.data(), a, c);
        }
    }
}

/// `C ← AᵀB + C` for `A` and `B` with equally many rows.
#[inline(always)]
pub(crate) fn add_gemm_tn<T: Scalar>(a: &MatRef<'_, T>, b: &MatRef<'_, T>, c: &mut [T]) {
    if LARGE && a.nrows() > 1 {
        columns_times(|a| a, a, 0, b, c, Accumulate);
    } else {
        // The same bits, without setting up a tile for each 16 products.
        a.rows().zip(b.rows()).for_each(|(a, b)| add_ger_any(a, b, c));
    }
}

/// [`add_gemm_tn`] for what is compiled for the widest vectors of the machine.
#[inline(always)]
pub(crate) fn add_gemm_tn_wide<T: Scalar>(a: &MatRef<'_, T>, b: &MatRef<'_, T>, c: &mut [T]) {
    if packed::one_pays(a.nrows()) {
        packed::wide_product(Down(*a, |a| a), Columns(*b), (b.ncols(), b.nrows()), c);
    } else {
        add_gemm_tn(a, b, c);
    }
}

/// `C ← C ∘ (AB)` for row-major `A` with rows as long as `B` has rows.
#[inline(always)]
pub(crate) fn hadamard_gemm<T: Scalar>(a: &[T], b: &MatRef<'_, T>, c: &mut [T]) {
    rows_times(|a| a, a, b, c, Hadamard);
}

/// [`hadamard_gemm`] for shapes that come at run time.
#[inline(always)]
pub(crate) fn hadamard_gemm_any<T: Scalar>(a: &[T], b: &MatRef<'_, T>, c: &mut [T]) {
    if LARGE {
        hadamard_gemm(a, b, c);
    } else {
        for (a, c) in Rows::new(a, b.nrows()).zip(RowsMut::new(c, b.ncols())) {
            row_times_any(a, b, c, Hadamard);
        }
    }
}
