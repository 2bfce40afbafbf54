//! Products as [`Job`]s, for callers whose shapes come at run time and whose operands agree by
//! construction or were checked.

use super::level1::axpy_any;
use super::level2::add_ger_any;
use super::level3::{LARGE, rows_times_matrix};
use super::scale_or_clear;
use super::tile::{Accumulate, columns_times};
use crate::error::{Result, check_shape};
use crate::execute::{Executor, Job};
use crate::mat::{MatMut, MatRef, RowsMut};
use crate::scalar::Scalar;

/// `C ← AB + βC`, rows of `C` side by side.
///
/// A small core adds up rows of `B`: the order is the same, and the stack holds no register tile.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn gemm_by<T: Scalar>(
    executor: &impl Executor,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) -> Result<()> {
    check_shape("B", (a.ncols(), b.ncols()), b.shape())?;
    check_shape("C", (a.nrows(), b.ncols()), c.shape())?;
    scale_or_clear(beta, c.data_mut());
    let transposed = false;
    executor.execute(Product { a, b, transposed, first: 0, c: c.data_mut() }, &mut []);
    Ok(())
}

/// `C ← C + AᵀB`, for `A` and `B` with equally many rows, rows of `C` side by side.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn add_gemm_tn_by<T: Scalar>(
    executor: &impl Executor,
    a: &MatRef<'_, T>,
    b: &MatRef<'_, T>,
    c: &mut [T],
) {
    executor.execute(Product { a, b, transposed: true, first: 0, c }, &mut []);
}

/// `C ← C + AB` or `C ← C + AᵀB`, the rows of `C` from `first` on.
struct Product<'a, T> {
    a: &'a MatRef<'a, T>,
    b: &'a MatRef<'a, T>,
    transposed: bool,
    first: usize,
    c: &'a mut [T],
}

impl<T: Scalar> Job<T> for Product<'_, T> {
    fn cost(&self) -> usize {
        self.c.len().saturating_mul(self.b.nrows())
    }

    fn split(self) -> (Self, Self) {
        let (rows, above, below) = halves(self.c, self.b.ncols());
        (Self { c: above, ..self }, Self { first: self.first + rows, c: below, ..self })
    }

    #[inline(always)]
    fn run(self, _: &mut [T]) {
        let Self { a, b, transposed, first, c } = self;
        match (transposed, LARGE) {
            (false, true) => {
                let rows = c.len() / b.ncols().max(1);
                rows_times_matrix(|a| a, &a.row_range(first, first + rows), b, c);
            }
            (false, false) => {
                for (a, c) in a.rows().skip(first).zip(RowsMut::new(c, b.ncols())) {
                    a.iter().zip(b.rows()).for_each(|(&a, b)| axpy_any(a, b, c));
                }
            }
            (true, true) if a.nrows() > 1 => columns_times(|a| a, a, first, b, c, Accumulate),
            // The same bits, without setting up a tile for each 16 products.
            (true, _) => {
                for (a, b) in a.rows().zip(b.rows()) {
                    add_ger_any(a.get(first..).unwrap_or_default(), b, c);
                }
            }
        }
    }
}

/// About half the rows of `width`, in whole tiles of four, and those; then the others.
pub(crate) fn halves<T>(rows: &mut [T], width: usize) -> (usize, &mut [T], &mut [T]) {
    let all = rows.len() / width.max(1);
    let half = (all / 2).next_multiple_of(4).min(all);
    let (above, below) = rows.split_at_mut(half * width);
    (half, above, below)
}
