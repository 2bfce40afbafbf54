//! A fitted kernel machine: `f(x) = Σᵢ αᵢ K_M(xᵢ, x)` and its Jacobian.

use super::combine::combine;
use super::copy;
use super::metric::Metric;
use super::pairs::{Mapped, Pairs, pairs_scratch};
use super::profile::{Kernel, Wanted};
use crate::error::{Result, check_shape};
use crate::execute::{Executor, Sequential};
use crate::linalg::blas::gemm_by;
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// A kernel machine with `n` points of `d` inputs and `c` outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictor<'a, T> {
    /// The kernel.
    pub kernel: Kernel<T>,
    /// The metric, `d×d`.
    pub metric: Metric<'a, T>,
    /// The points it was fitted to, `n×d`.
    pub x: MatRef<'a, T>,
    /// Their weights `α`, `n×c`.
    pub dual: MatRef<'a, T>,
}

/// Words of scratch for [`Predictor::predict`] in blocks of `rows` queries: the points' images
/// under the metric, and a row of images and of kernel values a query.
///
/// ```
/// use fact_core::kernel::{gram::gram_scratch, predict_scratch};
/// assert_eq!(predict_scratch(64, 8, 1), gram_scratch(64, 8) + 8 + 64);
/// ```
pub const fn predict_scratch(n: usize, d: usize, rows: usize) -> usize {
    pairs_scratch(n, d).saturating_add(n.saturating_add(d).saturating_mul(rows))
}

/// Words of scratch for [`Predictor::jacobian`].
///
/// ```
/// use fact_core::kernel::{gram::gram_scratch, jacobian_scratch};
/// assert_eq!(jacobian_scratch(64, 8), gram_scratch(64, 8) + 2 * 64 + 3 * 8);
/// ```
pub const fn jacobian_scratch(n: usize, d: usize) -> usize {
    pairs_scratch(n, d).saturating_add(block_words(n, d)).saturating_add(d)
}

/// Words that [`Predictor::jacobians`] takes for each query.
pub(super) const fn block_words(n: usize, d: usize) -> usize {
    n.saturating_add(d).saturating_mul(2)
}

impl<'a, T: Scalar> Predictor<'a, T> {
    /// Whether the parts fit each other.
    ///
    /// # Errors
    /// A shape, length or parameter error when they do not.
    ///
    /// ```
    /// use fact_core::{kernel::{Kernel, Metric, Predictor}, mat::MatRef};
    /// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[1.0, 2.0], 2, 1)?);
    /// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
    /// assert!(machine.check().is_err());
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn check(&self) -> Result<()> {
        self.kernel.check()?;
        self.metric.check(self.x.ncols())?;
        check_shape("dual", (self.x.nrows(), self.dual.ncols()), self.dual.shape())
    }

    /// `out ← f(x): m×c`, row by row, for `x: m×d`.
    ///
    /// Cost: that of [`cross`](super::gram::cross), and `mnc` multiplications and additions.
    /// Scratch: [`predict_scratch`] of at least one row; more rows are faster, the result is the
    /// same.
    ///
    /// # Errors
    /// A shape, length, parameter or scratch error when the arguments do not fit.
    ///
    /// ```
    /// use fact_core::kernel::{Kernel, Metric, Predictor, predict_scratch};
    /// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
    /// let (x, dual) = (MatRef::new(&[1.0, 2.0], 2, 1)?, MatRef::new(&[3.0, 0.5], 2, 1)?);
    /// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
    /// let mut memory = [0.0; predict_scratch(2, 1, 1)];
    /// let mut out = [0.0];
    /// let (query, scratch) = (MatRef::new(&[2.0], 1, 1)?, Scratch::new(&mut memory));
    /// machine.predict(query, MatMut::new(&mut out, 1, 1)?, scratch)?;
    /// assert_eq!(out, [3.0 * 4.0 + 0.5 * 16.0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(never)]
    pub fn predict(
        &self,
        x: MatRef<'_, T>,
        out: MatMut<'_, T>,
        scratch: Scratch<'_, T>,
    ) -> Result<()> {
        self.predict_by(&Sequential, x, out, scratch)
    }

    /// [`predict`](Self::predict) by an executor.
    ///
    /// # Errors
    /// The same.
    ///
    /// ```
    /// use fact_core::kernel::{Kernel, Metric, Predictor, predict_scratch};
    /// use fact_core::{execute::Sequential, mat::{MatMut, MatRef}, scratch::Scratch};
    /// let (x, dual) = (MatRef::new(&[1.0, 2.0], 2, 1)?, MatRef::new(&[3.0, 0.5], 2, 1)?);
    /// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
    /// let mut memory = [0.0; predict_scratch(2, 1, 1)];
    /// let mut out = [0.0];
    /// let (query, view) = (MatRef::new(&[2.0], 1, 1)?, MatMut::new(&mut out, 1, 1)?);
    /// machine.predict_by(&Sequential, query, view, Scratch::new(&mut memory))?;
    /// assert_eq!(out, [20.0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline]
    pub fn predict_by(
        &self,
        executor: &impl Executor,
        x: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
        mut scratch: Scratch<'_, T>,
    ) -> Result<()> {
        let (m, n, c) = (x.nrows(), self.x.nrows(), self.dual.ncols());
        check_shape("out", (m, c), out.shape())?;
        let mut pairs = self.pairs(executor, &mut scratch)?;
        check_shape("x", (m, self.x.ncols()), x.shape())?;
        let rows = scratch.rows(n.saturating_add(x.ncols()), m)?;
        let mut done = 0;
        let mut outputs = out.data_mut();
        while done < m {
            let block = x.row_range(done, done + rows);
            let mut scratch = scratch.reborrow();
            let mut cross = scratch.take_mat(block.nrows(), n)?;
            let block = Mapped::new(executor, &self.metric, block, &mut scratch)?;
            pairs.rows(executor, &block, Wanted::Value, cross.data_mut());
            let out = outputs.split_off_mut(..block.x.nrows() * c).unwrap_or_default();
            let out = MatMut::new(out, block.x.nrows(), c)?;
            gemm_by(executor, &cross.as_ref(), &self.dual, T::ZERO, out)?;
            done += block.x.nrows();
        }
        Ok(())
    }

    /// `out ← J_f(x) = ∂f/∂x: c×d` at one query `x: d`.
    ///
    /// Radial: `J = 2 Σᵢ φ′(u²) αᵢ(x − xᵢ)ᵀM`; inner product: `J = Σᵢ k′(xᵀMxᵢ) αᵢxᵢᵀM`. For both
    /// Laplace kernels a point's own term counts as 0 at that point.
    ///
    /// Cost: `nd(c + 1) + (n + c)d²` multiplications and additions, `n` slopes. Scratch:
    /// [`jacobian_scratch`].
    ///
    /// # Errors
    /// A shape, length, parameter or scratch error when the arguments do not fit.
    ///
    /// ```
    /// use fact_core::kernel::{Kernel, Metric, Predictor, jacobian_scratch};
    /// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
    /// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
    /// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
    /// let mut memory = [0.0; jacobian_scratch(1, 1)];
    /// let mut out = [0.0];
    /// // f = 3x², f′ = 6x.
    /// machine.jacobian(&[2.0], MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory))?;
    /// assert_eq!(out, [12.0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn jacobian(&self, x: &[T], out: MatMut<'_, T>, mut scratch: Scratch<'_, T>) -> Result<()> {
        let (here, x) = (&Sequential, MatRef::new(x, 1, self.x.ncols())?);
        let mut pairs = self.pairs(here, &mut scratch)?;
        let x = Mapped::new(here, &self.metric, x, &mut scratch)?;
        self.jacobians(here, &mut pairs, &x, out, scratch)
    }

    /// The machine's points, checked and mapped.
    #[inline(always)]
    pub(super) fn pairs<'s: 'p, 'p>(
        &'p self,
        executor: &impl Executor,
        scratch: &mut Scratch<'s, T>,
    ) -> Result<Pairs<'p, T>> {
        self.check()?;
        Pairs::new(executor, self.kernel, &self.metric, self.x, scratch)
    }

    /// The Jacobians of a block of queries one under the other: `out: (m·c)×d`, for `x: m×d`.
    pub(super) fn jacobians(
        &self,
        executor: &impl Executor,
        pairs: &mut Pairs<'_, T>,
        x: &Mapped<'_, T>,
        mut out: MatMut<'_, T>,
        mut scratch: Scratch<'_, T>,
    ) -> Result<()> {
        let ((m, d), (n, c)) = (x.x.shape(), self.dual.shape());
        check_shape("Jacobian", (m.saturating_mul(c), d), out.shape())?;
        let (mut slopes, mut weights) = (scratch.take_mat(m, n)?, scratch.take_mat(m, n)?);
        let (mut sums, mut gradients) = (scratch.take_mat(m, d)?, scratch.take_mat(m, d)?);
        pairs.rows(executor, x, Wanted::Gradient, slopes.data_mut());
        for output in 0..c {
            for (weights, slopes) in weights.rows_mut().zip(slopes.as_ref().rows()) {
                for ((weight, &slope), dual) in weights.iter_mut().zip(slopes).zip(self.dual.rows())
                {
                    *weight = dual.get(output).map_or(T::ZERO, |&dual| slope * dual);
                }
            }
            combine(executor, pairs.form(), &weights.as_ref(), &x.x, &pairs.z.x, sums.reborrow())?;
            self.metric.apply_by(executor, sums.as_ref(), gradients.reborrow())?;
            let rows = out.rows_mut().skip(output).step_by(c.max(1));
            for (row, gradient) in rows.zip(gradients.as_ref().rows()) {
                copy(row, gradient);
            }
        }
        Ok(())
    }
}
