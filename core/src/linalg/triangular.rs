//! Triangular systems, by substitution along the rows of `L`.
//!
//! Order of sums. `Lx = b`: `xᵢ` starts at `bᵢ`, takes `−Lᵢₖxₖ` for `k = 0, 1, …, i−1` and is
//! divided by `Lᵢᵢ`. `Lᵀx = b`: `xᵢ` starts at `bᵢ`, takes `−Lₖᵢxₖ` for `k = n−1, …, i+1` and is
//! divided by `Lᵢᵢ`. The layout of `L` and the number of right-hand sides do not change a bit.

use super::blas;
use crate::error::{Error, Result, check_length, check_shape};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;

/// A lower triangle with its diagonal, in either of two layouts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lower<'a, T> {
    data: &'a [T],
    n: usize,
    layout: Layout,
}

/// Where the rows of a lower triangle of order `n` are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layout {
    /// In rows of `n`.
    Dense,
    /// One after the other.
    Packed,
}

impl Layout {
    /// Where row `i` begins.
    #[inline(always)]
    pub(crate) const fn start(self, n: usize, i: usize) -> usize {
        match self {
            Self::Dense => i * n,
            Self::Packed => packed_len(i),
        }
    }

    /// From where it begins to where the next one does.
    #[inline(always)]
    pub(crate) const fn stride(self, n: usize, i: usize) -> usize {
        match self {
            Self::Dense => n,
            Self::Packed => i + 1,
        }
    }
}

/// Words of a packed lower triangle: `n(n+1)/2`.
///
/// ```
/// use fact_core::linalg::triangular::packed_len;
/// assert_eq!(packed_len(3), 6);
/// ```
pub const fn packed_len(n: usize) -> usize {
    n.saturating_mul(n.saturating_add(1)) / 2
}

impl<'a, T: Scalar> Lower<'a, T> {
    /// The lower triangle of a square matrix, whose strict upper triangle is never read.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the matrix is square.
    ///
    /// ```
    /// use fact_core::{linalg::triangular::Lower, mat::MatRef};
    /// let a = [1.0, 9.0, 2.0, 3.0];
    /// assert_eq!(Lower::dense(MatRef::new(&a, 2, 2)?)?.order(), 2);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn dense(a: MatRef<'a, T>) -> Result<Self> {
        let n = a.nrows();
        check_shape("L", (n, n), a.shape())?;
        Ok(Self { data: a.data(), n, layout: Layout::Dense })
    }

    /// The lower triangle of order `n` whose rows, of lengths `1, 2, …, n`, follow each other.
    ///
    /// # Errors
    /// [`Error::Length`] unless `data` has `n(n+1)/2` elements.
    ///
    /// ```
    /// use fact_core::linalg::triangular::Lower;
    /// assert_eq!(Lower::packed(&[1.0, 2.0, 3.0], 2)?.order(), 2);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn packed(data: &'a [T], n: usize) -> Result<Self> {
        check_length("L", packed_len(n), data.len())?;
        Ok(Self { data, n, layout: Layout::Packed })
    }

    /// Number of rows.
    ///
    /// ```
    /// use fact_core::linalg::triangular::Lower;
    /// assert_eq!(Lower::packed(&[1.0, 2.0, 3.0], 2)?.order(), 2);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn order(&self) -> usize {
        self.n
    }

    /// Row `i` left of the diagonal, and the diagonal element, which must not be zero.
    #[inline(always)]
    fn row(&self, i: usize) -> Result<(&'a [T], T)> {
        let start = self.layout.start(self.n, i);
        match self.data.get(start..start + i + 1).and_then(<[T]>::split_last) {
            // A NaN on the diagonal takes the error branch too.
            Some((diagonal, left)) if diagonal.abs() > T::ZERO => Ok((left, *diagonal)),
            _ => Err(Error::Parameter { what: "diagonal of L (nonzero)" }),
        }
    }
}

/// `x ← L⁻¹x`, for `L: n×n`, `x: n`.
///
/// Cost: `n²/2` multiplications and subtractions, `n` divisions.
///
/// # Errors
/// [`Error::Length`] when `x` does not fit `L`; [`Error::Parameter`] when a diagonal element is
/// zero, `x` then being partly overwritten.
///
/// ```
/// use fact_core::linalg::triangular::{Lower, solve};
/// let mut x = [2.0, 5.0];
/// solve(Lower::packed(&[2.0, 1.0, 4.0], 2)?, &mut x)?;
/// assert_eq!(x, [1.0, 1.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve<T: Scalar>(l: Lower<'_, T>, x: &mut [T]) -> Result<()> {
    check_length("x", l.n, x.len())?;
    for i in 0..l.n {
        let (row, diagonal) = l.row(i)?;
        if let Some((known, [x, ..])) = x.split_at_mut_checked(i) {
            *x = subtract_dot(*x, row, known) / diagonal;
        }
    }
    Ok(())
}

/// `x ← L⁻ᵀx`, for `L: n×n`, `x: n`.
///
/// Cost: `n²/2` multiplications and subtractions, `n` divisions.
///
/// # Errors
/// [`Error::Length`] when `x` does not fit `L`; [`Error::Parameter`] when a diagonal element is
/// zero, `x` then being partly overwritten.
///
/// ```
/// use fact_core::linalg::triangular::{Lower, solve_t};
/// let mut x = [3.0, 4.0];
/// solve_t(Lower::packed(&[2.0, 1.0, 4.0], 2)?, &mut x)?;
/// assert_eq!(x, [1.0, 1.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve_t<T: Scalar>(l: Lower<'_, T>, x: &mut [T]) -> Result<()> {
    check_length("x", l.n, x.len())?;
    for i in (0..l.n).rev() {
        let (row, diagonal) = l.row(i)?;
        if let Some((unknown, [x, ..])) = x.split_at_mut_checked(i) {
            *x /= diagonal;
            blas::axpy(-*x, row, unknown);
        }
    }
    Ok(())
}

/// `X ← L⁻¹X`, for `L: n×n`, `X: n×c`: each column as [`solve`] gives it, to the bit.
///
/// Cost: `n²c/2` multiplications and subtractions, `nc` divisions.
///
/// # Errors
/// [`Error::Shape`] when `X` does not fit `L`; [`Error::Parameter`] when a diagonal element is
/// zero, `X` then being partly overwritten.
///
/// ```
/// use fact_core::{linalg::triangular::{Lower, solve_many}, mat::MatMut};
/// let mut x = [2.0, 4.0, 5.0, 10.0];
/// solve_many(Lower::packed(&[2.0, 1.0, 4.0], 2)?, MatMut::new(&mut x, 2, 2)?)?;
/// assert_eq!(x, [1.0, 2.0, 1.0, 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve_many<T: Scalar>(l: Lower<'_, T>, mut x: MatMut<'_, T>) -> Result<()> {
    let c = x.ncols();
    check_shape("X", (l.n, c), x.shape())?;
    for i in 0..l.n {
        let (row, diagonal) = l.row(i)?;
        if let Some((known, x)) = split_row(x.data_mut(), i, c) {
            blas::gemv_t(-T::ONE, MatRef::new(known, i, c)?, row, T::ONE, x)?;
            divide(x, diagonal);
        }
    }
    Ok(())
}

/// `X ← L⁻ᵀX`, for `L: n×n`, `X: n×c`: each column as [`solve_t`] gives it, to the bit.
///
/// Cost: `n²c/2` multiplications and subtractions, `nc` divisions.
///
/// # Errors
/// [`Error::Shape`] when `X` does not fit `L`; [`Error::Parameter`] when a diagonal element is
/// zero, `X` then being partly overwritten.
///
/// ```
/// use fact_core::{linalg::triangular::{Lower, solve_t_many}, mat::MatMut};
/// let mut x = [3.0, 6.0, 4.0, 8.0];
/// solve_t_many(Lower::packed(&[2.0, 1.0, 4.0], 2)?, MatMut::new(&mut x, 2, 2)?)?;
/// assert_eq!(x, [1.0, 2.0, 1.0, 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn solve_t_many<T: Scalar>(l: Lower<'_, T>, mut x: MatMut<'_, T>) -> Result<()> {
    let c = x.ncols();
    check_shape("X", (l.n, c), x.shape())?;
    for i in (0..l.n).rev() {
        let (row, diagonal) = l.row(i)?;
        if let Some((unknown, x)) = split_row(x.data_mut(), i, c) {
            divide(x, diagonal);
            blas::ger(-T::ONE, row, x, MatMut::new(unknown, i, c)?)?;
        }
    }
    Ok(())
}

/// `start − Σₖ xₖyₖ`, one term after the other.
#[inline(always)]
pub(super) fn subtract_dot<T: Scalar>(start: T, x: &[T], y: &[T]) -> T {
    x.iter().zip(y).fold(start, |sum, (&x, &y)| sum - x * y)
}

/// The first `i` rows of length `c`, and row `i`.
fn split_row<T>(data: &mut [T], i: usize, c: usize) -> Option<(&mut [T], &mut [T])> {
    let (above, rest) = data.split_at_mut_checked(i * c)?;
    Some((above, rest.get_mut(..c)?))
}

fn divide<T: Scalar>(x: &mut [T], by: T) {
    for x in x {
        *x /= by;
    }
}
