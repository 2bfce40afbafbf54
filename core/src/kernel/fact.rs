//! FACT of a kernel machine, over its own points.
//!
//! `FACT = Σⱼ J(xⱼ)ᵀαⱼxⱼᵀ`: the network's `−(1/(nλ)) Σ ∇ℓⱼ xⱼᵀ` for squared loss, whose residual
//! `yⱼ − f(xⱼ) = rαⱼ` cancels the decay. Inserting `J` gives closed forms `FACT = M·S`, with `S`
//! symmetric:
//!
//! - inner products: `S = Xᵀ[(ααᵀ) ∘ k′]X`;
//! - radial: `S = 2Xᵀ(diag(A1) − A)X`, `A = (ααᵀ) ∘ φ′`, formed as `Σⱼ [Σᵢ 2Aᵢⱼ(xⱼ − xᵢ)]xⱼᵀ`, of
//!   differences;
//! - quadratic, with the learned forms `F_k = Σⱼ αⱼ_k xⱼxⱼᵀ: d×d`: `S = 2 Σ_k F_k M F_k`.
//!
//! The first two take `n²(c + d)` operations, in blocks of rows: nothing of size `n×n` is stored.
//!
//! The third is taken for `n > d(d+1)/2`. There the quadratic kernel is rank-deficient, and `α`
//! holds the unexplained part of `Y` divided by the ridge, which the sums over points have to
//! cancel. The forms do so before two of them meet; the pairs, and the definition itself, multiply
//! the rounding of one sum by `α` once more. (Measured in `f32` at 200 points of 8 inputs and
//! relative ridge 1e-3: pairs are off by a third, the definition by as much, forms by 3e-4.)
//!
//! Centred, `xⱼ` on the right is less the mean of all `x`. For a radial kernel the bracket sums to
//! 0 over `j`, so nothing changes; for an inner product `S` is no longer symmetric.
//!
//! Source: Boix-Adserà et al. (2026), section 3; the closed forms are derived from it.

use super::combine::combine;
use super::forms::{self, column_means};
use super::pairs::{Form, pairs_scratch};
use super::predictor::{Predictor, block_words};
use super::profile::Wanted;
use super::row;
use super::update::Centering;
use crate::error::{Result, check_shape};
use crate::execute::{Executor, Job, Sequential};
use crate::linalg::blas::{
    add_gemm_tn, add_gemm_tn_by, axpy, axpy_any, dot, gemm_by, ger, halves, mirror, scal,
};
use crate::mat::{MatMut, MatRef, Rows, RowsMut};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`fact`] with blocks of `rows` points: `d×d`, a row of `n` and of `d` a
/// point, and two of `d` for the centring.
///
/// ```
/// use fact_core::kernel::{fact::fact_scratch, gram::gram_scratch};
/// assert_eq!(fact_scratch(64, 8, 4), gram_scratch(64, 8) + 8 * 8 + 2 * 8 + 4 * (64 + 8));
/// ```
pub const fn fact_scratch(n: usize, d: usize, rows: usize) -> usize {
    let block = n.saturating_add(d).saturating_mul(rows);
    pairs_scratch(n, d).saturating_add(d.saturating_add(2).saturating_mul(d)).saturating_add(block)
}

/// Words of scratch for [`fact_explicit`] with blocks of `rows` points: a Jacobian, two rows of `n`
/// and three of `d` a point, and two of `d` for the centring.
///
/// ```
/// use fact_core::kernel::{fact::fact_explicit_scratch, gram::gram_scratch};
/// assert_eq!(
///     fact_explicit_scratch(64, 8, 1, 4),
///     gram_scratch(64, 8) + 2 * 8 + 4 * (2 * 64 + 3 * 8 + 8)
/// );
/// ```
pub const fn fact_explicit_scratch(n: usize, d: usize, c: usize, rows: usize) -> usize {
    let point = block_words(n, d).saturating_add(c.saturating_add(1).saturating_mul(d));
    pairs_scratch(n, d)
        .saturating_add(d.saturating_mul(2))
        .saturating_add(point.saturating_mul(rows))
}

/// `out ← FACT: d×d` of a machine over its own points, by the closed form; zero of no points.
///
/// Cost: `n²(c + 2d) + nd²` multiplications and additions (radial: and `3n²d` subtractions), `n²`
/// slopes, and `(n + d)d²` for the metric; from forms `cd²(n + 2d)`. Scratch: [`fact_scratch`] of
/// at least one row; more rows are faster, the result is the same.
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, fact};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; fact::fact_scratch(1, 1, 1)];
/// let mut out = [0.0];
/// // f = 3(2x)² = 12x², f′(2) = 48.
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// fact::fact(&machine, Centering::None, view, scratch)?;
/// assert_eq!(out, [48.0 * 3.0 * 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn fact<T: Scalar>(
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    fact_by(&Sequential, machine, centering, out, scratch)
}

/// [`fact`] by an executor.
///
/// # Errors
/// As [`fact`].
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, fact};
/// use fact_core::{execute::Sequential, mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; fact::fact_scratch(1, 1, 1)];
/// let mut out = [0.0];
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// fact::fact_by(&Sequential, &machine, Centering::None, view, scratch)?;
/// assert_eq!(out, [48.0 * 3.0 * 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn fact_by<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let ((n, d), dual) = (machine.x.shape(), machine.dual);
    check_shape("FACT", (d, d), out.shape())?;
    if machine.kernel.is_rank_deficient(n, d) {
        return of_forms(executor, machine, centering, out, scratch);
    }
    let mut pairs = machine.pairs(executor, &mut scratch)?;
    let mut s = scratch.take_mat(d, d)?;
    s.data_mut().fill(T::ZERO);
    let (mean, sum) = (scratch.take(d)?, scratch.take(d)?);
    sum.fill(T::ZERO);
    let rows = scratch.rows(n.saturating_add(d), n)?;
    let mut done = 0;
    while done < n {
        let block = pairs.z.range(done, done + rows);
        let mut scratch = scratch.reborrow();
        let mut weights = scratch.take_mat(block.x.nrows(), n)?;
        let mut combined = scratch.take_mat(block.x.nrows(), d)?;
        pairs.rows(executor, &block, Wanted::Gradient, weights.data_mut());
        executor.execute(Weigh { dual: &dual, first: done, weights: weights.data_mut() }, &mut []);
        let (weights, points) = (&weights.as_ref(), &pairs.z.x);
        combine(executor, pairs.form(), weights, &block.x, points, combined.reborrow())?;
        add_gemm_tn_by(executor, &combined.as_ref(), &block.x, s.data_mut());
        combined.rows_mut().for_each(|row| axpy_any(T::ONE, row, sum));
        done += block.x.nrows();
    }
    if centering == Centering::Mean && pairs.form() == Form::InnerProduct {
        column_means(machine.x, mean);
        ger(-T::ONE, sum, mean, s.reborrow())?;
    } else {
        mirror(s.reborrow());
    }
    machine.metric.apply_left(s.as_ref(), out)
}

/// Row `i` of `weights`, `first` the first, `← weights ∘ (αᵢᵀαⱼ)`.
struct Weigh<'a, T> {
    dual: &'a MatRef<'a, T>,
    first: usize,
    weights: &'a mut [T],
}

impl<T: Scalar> Job<T> for Weigh<'_, T> {
    fn cost(&self) -> usize {
        self.weights.len().saturating_mul(self.dual.ncols())
    }

    fn split(self) -> (Self, Self) {
        let (rows, above, below) = halves(self.weights, self.dual.nrows());
        (Self { weights: above, ..self }, Self { first: self.first + rows, weights: below, ..self })
    }

    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn run(self, _: &mut [T]) {
        let Self { dual, first, weights } = self;
        for (i, weights) in (first..).zip(RowsMut::new(weights, dual.nrows())) {
            let own = row(*dual, i);
            for (j, weight) in weights.iter_mut().enumerate() {
                *weight *= dot(own, row(*dual, j));
            }
        }
    }
}

/// [`fact`] of a quadratic kernel from the learned forms. Takes no more scratch: `n·d` words are
/// more than the two `d×d` that take their place.
#[inline(never)]
fn of_forms<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    machine.check()?;
    let d = machine.x.ncols();
    let (mut s, mut form) = (scratch.take_mat(d, d)?, scratch.take_mat(d, d)?);
    let mut image = scratch.take_mat(d, d)?;
    let (mean, sum) = (scratch.take(d)?, scratch.take(d)?);
    s.data_mut().fill(T::ZERO);
    column_means(machine.x, mean);
    for output in 0..machine.dual.ncols() {
        forms::form(executor, machine, output, form.reborrow(), sum, scratch.reborrow())?;
        machine.metric.apply_by(executor, form.as_ref(), image.reborrow())?;
        if centering == Centering::Mean {
            ger(-T::ONE, sum, mean, form.reborrow())?;
        }
        // Doubled here: exact, and the bits of `2(image·form)`.
        scal(T::TWO, image.data_mut());
        gemm_by(executor, &image.as_ref(), &form.as_ref(), T::ONE, s.reborrow())?;
    }
    if centering == Centering::None {
        mirror(s.reborrow());
    }
    machine.metric.apply_left(s.as_ref(), out)
}

/// [`fact`] from every Jacobian, as it is defined.
///
/// Cost: `n²d(c + 1) + ncd(d + 1)` multiplications and additions, `n²` slopes. Scratch:
/// [`fact_explicit_scratch`] of at least one row.
///
/// # Errors
/// As [`fact`].
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, fact};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; fact::fact_explicit_scratch(1, 1, 1, 1)];
/// let mut out = [0.0];
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// fact::fact_explicit(&machine, Centering::None, view, scratch)?;
/// assert_eq!(out, [48.0 * 3.0 * 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn fact_explicit<T: Scalar>(
    machine: &Predictor<'_, T>,
    centering: Centering,
    mut out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
    check_shape("FACT", (d, d), out.shape())?;
    let mut pairs = machine.pairs(&Sequential, &mut scratch)?;
    let (mean, sum) = (scratch.take(d)?, scratch.take(d)?);
    sum.fill(T::ZERO);
    out.data_mut().fill(T::ZERO);
    let size = c.saturating_mul(d);
    let rows = scratch.rows(block_words(n, d).saturating_add(size).saturating_add(d), n)?;
    let mut done = 0;
    while done < n {
        let block = pairs.z.range(done, done + rows);
        let m = block.x.nrows();
        let mut scratch = scratch.reborrow();
        let mut jacobians = scratch.take_mat(m * c, d)?;
        let mut pullbacks = scratch.take_mat(m, d)?;
        machine.jacobians(&Sequential, &mut pairs, &block, jacobians.reborrow(), scratch)?;
        pullbacks.data_mut().fill(T::ZERO);
        let mut rest = Rows::new(jacobians.as_ref().data(), d);
        for (i, pullback) in (done..).zip(pullbacks.rows_mut()) {
            for (&dual, row) in row(machine.dual, i).iter().zip(rest.by_ref()) {
                axpy(dual, row, pullback);
            }
            axpy(T::ONE, pullback, sum);
        }
        add_gemm_tn(&pullbacks.as_ref(), &block.x, out.data_mut());
        done += m;
    }
    if centering == Centering::Mean {
        column_means(machine.x, mean);
        ger(-T::ONE, sum, mean, out)?;
    }
    Ok(())
}
