//! The metric `M = WᵀW` of a kernel machine.

use super::copy;
use crate::error::{Result, check_length, check_shape};
use crate::execute::{Executor, Sequential};
use crate::linalg::blas::{gemm_any, gemm_by};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;

/// A symmetric positive semi-definite `M: d×d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric<'a, T> {
    /// `M = I`.
    Identity,
    /// The diagonal of `M`, `d` elements.
    Diagonal(&'a [T]),
    /// All of `M`; it must be symmetric, which is not checked.
    Full(MatRef<'a, T>),
}

impl<T: Scalar> Metric<'_, T> {
    /// Whether this is a metric of `d` inputs.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) or [`Error::Shape`](crate::Error::Shape) otherwise.
    ///
    /// ```
    /// use fact_core::kernel::Metric;
    /// assert!(Metric::Diagonal(&[1.0, 2.0]).check(2).is_ok());
    /// assert!(Metric::Diagonal(&[1.0, 2.0]).check(3).is_err());
    /// ```
    pub fn check(&self, d: usize) -> Result<()> {
        match self {
            Self::Identity => Ok(()),
            Self::Diagonal(diagonal) => check_length("metric", d, diagonal.len()),
            Self::Full(m) => check_shape("metric", (d, d), m.shape()),
        }
    }

    /// The elements that are stored.
    pub(super) fn data(&self) -> &[T] {
        match self {
            Self::Identity => &[],
            Self::Diagonal(diagonal) => diagonal,
            Self::Full(m) => m.data(),
        }
    }

    /// `out ← X M`, for `X: n×d`, `out: n×d`. Cost: `nd²` multiplications and additions for a full
    /// metric, `nd` for a diagonal one.
    ///
    /// # Errors
    /// A shape or length error when the operands do not fit.
    ///
    /// ```
    /// use fact_core::{kernel::Metric, mat::{MatMut, MatRef}};
    /// let mut out = [0.0; 2];
    /// let x = MatRef::new(&[3.0, 4.0], 1, 2)?;
    /// Metric::Diagonal(&[1.0, 0.5]).apply(x, MatMut::new(&mut out, 1, 2)?)?;
    /// assert_eq!(out, [3.0, 2.0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn apply(&self, x: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<()> {
        self.apply_by(&Sequential, x, out)
    }

    /// [`apply`](Self::apply) by an executor.
    #[inline(always)]
    pub(super) fn apply_by(
        &self,
        executor: &impl Executor,
        x: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<()> {
        self.check(x.ncols())?;
        check_shape("out", x.shape(), out.shape())?;
        match self {
            Self::Identity => copy(out.data_mut(), x.data()),
            Self::Diagonal(diagonal) => {
                for (out, x) in out.rows_mut().zip(x.rows()) {
                    for ((out, &x), &m) in out.iter_mut().zip(x).zip(*diagonal) {
                        *out = x * m;
                    }
                }
            }
            Self::Full(m) => gemm_by(executor, &x, m, T::ZERO, out)?,
        }
        Ok(())
    }

    /// `out ← M X`, for `X: d×n`, `out: d×n`. Cost: as [`apply`](Self::apply).
    ///
    /// # Errors
    /// A shape or length error when the operands do not fit.
    ///
    /// ```
    /// use fact_core::{kernel::Metric, mat::{MatMut, MatRef}};
    /// let mut out = [0.0; 2];
    /// let x = MatRef::new(&[3.0, 4.0], 2, 1)?;
    /// Metric::Diagonal(&[1.0, 0.5]).apply_left(x, MatMut::new(&mut out, 2, 1)?)?;
    /// assert_eq!(out, [3.0, 2.0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn apply_left(&self, x: MatRef<'_, T>, mut out: MatMut<'_, T>) -> Result<()> {
        self.check(x.nrows())?;
        check_shape("out", x.shape(), out.shape())?;
        match self {
            Self::Identity => self.apply(x, out),
            Self::Diagonal(diagonal) => {
                for ((out, x), &m) in out.rows_mut().zip(x.rows()).zip(*diagonal) {
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out = m * x;
                    }
                }
                Ok(())
            }
            Self::Full(m) => gemm_any(m, &x, T::ZERO, out),
        }
    }
}
