//! The average gradient outer product of a kernel machine, over its own points.
//!
//! `AGOP = (1/n) Σⱼ J(xⱼ)ᵀJ(xⱼ)`, with `J` as [`Predictor::jacobian`] gives it. Three ways lead
//! there:
//!
//! - *Explicit*: form every Jacobian; `n²cd` operations.
//! - *Closed*: with slopes `s = k′` (radial: `2φ′`) and `B = SS`, `AGOP = (1/n) M XᵀQX M` where
//!   `Q = (ααᵀ) ∘ B` for inner products. For radial kernels, with `G = Sα`,
//!   `Q = diag(‖Gᵢ‖²) − (Gαᵀ + αGᵀ) ∘ S + (ααᵀ) ∘ B`; its rows add up to 0, so
//!   `(QX)ᵢ = −Σⱼ Qᵢⱼ(xᵢ − xⱼ)`. `n³` operations, whatever `c` and `d`.
//! - *Of a quadratic kernel*, with the learned forms `F_k = Σⱼ αⱼ_k xⱼxⱼᵀ`: `J_k(x) = 2xᵀM F_k M`,
//!   outputs outermost; `cnd²` operations, taken for `n > 4d`.
//!
//! The explicit form is a sum of squares, so what cancels in it cancels in `J`; the closed one sums
//! products of two `α`, which can be far larger than `J`.
//!
//! Source: Radhakrishnan et al. (2024) for AGOP; the closed forms are derived here.

use super::combine::combine;
use super::forms::{self, column_means};
use super::metric::Metric;
use super::pairs::{Form, pairs_scratch};
use super::predictor::{Predictor, block_words};
use super::profile::{Kernel, Wanted};
use super::update::Centering;
use super::{copy, row};
use crate::error::{Result, check_shape};
use crate::execute::{Executor, Sequential};
use crate::linalg::blas::{add_gemm_tn_by, axpy, dot, gemm_by, mirror, scal};
use crate::linalg::triangular::Layout;
use crate::mat::{MatMut, Rows};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`agop`] with blocks of `rows` points: the larger of
/// [`agop_explicit_scratch`] and, where `cd > 2n`, [`agop_closed_scratch`].
///
/// ```
/// use fact_core::kernel::agop::{agop_explicit_scratch, agop_scratch};
/// assert_eq!(agop_scratch(64, 8, 1, 4), agop_explicit_scratch(64, 8, 1, 4));
/// ```
pub const fn agop_scratch(n: usize, d: usize, c: usize, rows: usize) -> usize {
    let explicit = agop_explicit_scratch(n, d, c, rows);
    let closed = agop_closed_scratch(n, d, c, rows);
    if closed_is_cheaper(n, d, c) && closed > explicit { closed } else { explicit }
}

/// Words of scratch for [`agop_explicit`] with blocks of `rows` points: a Jacobian, and two rows of
/// `n` and of `d`, a point; two Jacobians for the centring.
///
/// ```
/// use fact_core::kernel::{agop::agop_explicit_scratch, gram::gram_scratch};
/// assert_eq!(
///     agop_explicit_scratch(64, 8, 1, 4),
///     gram_scratch(64, 8) + 2 * 8 + 4 * (2 * (64 + 8) + 8)
/// );
/// ```
pub const fn agop_explicit_scratch(n: usize, d: usize, c: usize, rows: usize) -> usize {
    let jacobian = c.saturating_mul(d);
    let block = block_words(n, d).saturating_add(jacobian).saturating_mul(rows);
    pairs_scratch(n, d).saturating_add(jacobian.saturating_mul(2)).saturating_add(block)
}

/// Words of scratch for [`agop_closed`] with blocks of `rows` points: the `n×n` slopes, `n×c`,
/// `d×d`, and a row of `n` and of `d` a point.
///
/// ```
/// use fact_core::kernel::{agop::agop_closed_scratch, gram::gram_scratch};
/// assert_eq!(
///     agop_closed_scratch(64, 8, 1, 4),
///     gram_scratch(64, 8) + 64 * 64 + 64 + 8 * 8 + 4 * (64 + 8)
/// );
/// ```
pub const fn agop_closed_scratch(n: usize, d: usize, c: usize, rows: usize) -> usize {
    let block = n.saturating_add(d).saturating_mul(rows);
    pairs_scratch(n, d)
        .saturating_add(n.saturating_add(c).saturating_mul(n))
        .saturating_add(d.saturating_mul(d))
        .saturating_add(block)
}

const fn closed_is_cheaper(n: usize, d: usize, c: usize) -> bool {
    c.saturating_mul(d) > n.saturating_mul(2)
}

/// Whether [`agop`] takes the closed form: where that is cheaper, `cd > 2n`, nothing is to be
/// centred, and few digits are at stake. That is in double precision only (in `f32` some 1e-2 is
/// lost), and not for the Laplace kernels, whose slopes grow without bound as points approach each
/// other. A quadratic kernel has a cheaper and safer way for `n > 4d`.
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, agop::takes_closed};
/// let gaussian = Kernel::Gaussian { bandwidth: 1.0 };
/// assert!(takes_closed(gaussian, Centering::None, 100, 20, 20));
/// assert!(!takes_closed(gaussian, Centering::None, 100, 20, 1));
/// ```
pub fn takes_closed<T: Scalar>(
    kernel: Kernel<T>,
    centering: Centering,
    n: usize,
    d: usize,
    c: usize,
) -> bool {
    let double = T::EPSILON.to_f64() <= f64::EPSILON;
    closed_is_cheaper(n, d, c)
        && centering == Centering::None
        && kernel.has_bounded_slope()
        && !takes_forms(kernel, n, d)
        && double
}

/// Whether [`agop`] goes by the learned forms: `3nd² + 2d³` operations an output instead of `n²d`.
///
/// ```
/// use fact_core::kernel::{Kernel, agop::takes_forms};
/// assert!(takes_forms(Kernel::<f32>::Quadratic, 9, 2));
/// assert!(!takes_forms(Kernel::Gaussian { bandwidth: 1.0 }, 9, 2));
/// ```
pub fn takes_forms<T: Scalar>(kernel: Kernel<T>, n: usize, d: usize) -> bool {
    kernel == Kernel::Quadratic && n > d.saturating_mul(4)
}

/// `out ← AGOP: d×d` of a machine over its own points, symmetric to the bit, zero of no points; of
/// a quadratic kernel with `n > 4d` from its forms, by [`agop_closed`] where [`takes_closed`] says
/// so, else by [`agop_explicit`].
///
/// Scratch: [`agop_scratch`] of at least one row; more rows are faster, the result is the same.
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, agop};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; agop::agop_scratch(1, 1, 1, 1)];
/// let mut out = [0.0];
/// // f = 3x², f′(1) = 6.
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// agop::agop(&machine, Centering::None, view, scratch)?;
/// assert_eq!(out, [36.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn agop<T: Scalar>(
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    agop_by(&Sequential, machine, centering, out, scratch)
}

/// [`agop`] by an executor.
///
/// # Errors
/// As [`agop`].
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, agop};
/// use fact_core::{execute::Sequential, mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; agop::agop_scratch(1, 1, 1, 1)];
/// let mut out = [0.0];
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// agop::agop_by(&Sequential, &machine, Centering::None, view, scratch)?;
/// assert_eq!(out, [36.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn agop_by<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
    if takes_forms(machine.kernel, n, d) {
        of_forms(executor, machine, centering, out, scratch)
    } else if takes_closed(machine.kernel, centering, n, d, c) {
        closed(executor, machine, out, scratch)
    } else {
        explicit(executor, machine, centering, out, scratch)
    }
}

/// [`agop`] of a quadratic kernel from its forms. Takes no more scratch than [`agop_explicit`]: its
/// `n·d` words are more than the two `d×d` here. Centred: the gradients are at `x` less the mean of
/// all, in which they are linear.
fn of_forms<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    centering: Centering,
    mut out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    machine.check()?;
    let (n, d) = machine.x.shape();
    check_shape("AGOP", (d, d), out.shape())?;
    let (mut form, mut image) = (scratch.take_mat(d, d)?, scratch.take_mat(d, d)?);
    let (mean, sum) = (scratch.take(d)?, scratch.take(d)?);
    column_means(machine.x, mean);
    if centering == Centering::None {
        mean.fill(T::ZERO);
    }
    out.data_mut().fill(T::ZERO);
    let rows = scratch.rows(d.saturating_mul(2), n)?;
    for output in 0..machine.dual.ncols() {
        forms::form(executor, machine, output, form.reborrow(), sum, scratch.reborrow())?;
        machine.metric.apply_by(executor, form.as_ref(), image.reborrow())?;
        machine.metric.apply_left(image.as_ref(), form.reborrow())?;
        scal(T::TWO, form.data_mut());
        let mut done = 0;
        while done < n {
            let x = machine.x.row_range(done, done + rows);
            let mut scratch = scratch.reborrow();
            let mut centred = scratch.take_mat(x.nrows(), d)?;
            let mut gradients = scratch.take_mat(x.nrows(), d)?;
            copy(centred.data_mut(), x.data());
            centred.rows_mut().for_each(|row| axpy(-T::ONE, mean, row));
            gemm_by(executor, &centred.as_ref(), &form.as_ref(), T::ZERO, gradients.reborrow())?;
            let gradients = &gradients.as_ref();
            add_gemm_tn_by(executor, gradients, gradients, out.data_mut());
            done += x.nrows();
        }
    }
    scal(T::ONE / T::from_usize(n.max(1)), out.data_mut());
    Ok(())
}

/// [`agop`] from every Jacobian. Centred: of the Jacobians less their mean, as the sum over
/// differences to the first one, less the outer product of their mean.
///
/// Cost: `n²d(c + 1) + ncd(c + 2d)` multiplications and additions, `n²` slopes. Scratch:
/// [`agop_explicit_scratch`] of at least one row.
///
/// # Errors
/// As [`agop`].
///
/// ```
/// use fact_core::kernel::{Centering, Kernel, Metric, Predictor, agop};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; agop::agop_explicit_scratch(1, 1, 1, 1)];
/// let mut out = [0.0];
/// let (view, scratch) = (MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory));
/// agop::agop_explicit(&machine, Centering::Mean, view, scratch)?;
/// assert_eq!(out, [0.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn agop_explicit<T: Scalar>(
    machine: &Predictor<'_, T>,
    centering: Centering,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    explicit(&Sequential, machine, centering, out, scratch)
}

fn explicit<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    centering: Centering,
    mut out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
    check_shape("AGOP", (d, d), out.shape())?;
    let mut pairs = machine.pairs(executor, &mut scratch)?;
    let size = c.saturating_mul(d);
    let centred = if centering == Centering::Mean { size } else { 0 };
    let (first, sum) = (scratch.take(centred)?, scratch.take(centred)?);
    sum.fill(T::ZERO);
    out.data_mut().fill(T::ZERO);
    let rows = scratch.rows(block_words(n, d).saturating_add(size), n)?;
    let mut done = 0;
    while done < n {
        let block = pairs.z.range(done, done + rows);
        let mut scratch = scratch.reborrow();
        let mut jacobians = scratch.take_mat(block.x.nrows() * c, d)?;
        machine.jacobians(executor, &mut pairs, &block, jacobians.reborrow(), scratch)?;
        if centering == Centering::Mean {
            if done == 0 {
                copy(first, jacobians.as_ref().data());
            }
            let mut rest = jacobians.data_mut();
            while let Some(jacobian) = rest.split_off_mut(..size).filter(|_| size > 0) {
                axpy(-T::ONE, first, jacobian);
                axpy(T::ONE, jacobian, sum);
            }
        }
        add_gemm_tn_by(executor, &jacobians.as_ref(), &jacobians.as_ref(), out.data_mut());
        done += block.x.nrows();
    }
    let share = T::ONE / T::from_usize(n.max(1));
    if centering == Centering::Mean {
        for row in Rows::new(sum, d) {
            for (entries, &left) in out.rows_mut().zip(row) {
                axpy(-(share * left), row, entries);
            }
        }
        mirror(out.reborrow());
    }
    scal(share, out.data_mut());
    Ok(())
}

/// [`agop`] from products of `n×n` matrices; not centred.
///
/// Cost: `n³ + n²(2c + 2d)` multiplications and additions, `n²/2` slopes. Scratch:
/// [`agop_closed_scratch`] of at least one row.
///
/// # Errors
/// As [`agop`].
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, Predictor, agop};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let (x, dual) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[3.0], 1, 1)?);
/// let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Identity, x, dual };
/// let mut memory = [0.0; agop::agop_closed_scratch(1, 1, 1, 1)];
/// let mut out = [0.0];
/// agop::agop_closed(&machine, MatMut::new(&mut out, 1, 1)?, Scratch::new(&mut memory))?;
/// assert_eq!(out, [36.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn agop_closed<T: Scalar>(
    machine: &Predictor<'_, T>,
    out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    closed(&Sequential, machine, out, scratch)
}

fn closed<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
    check_shape("AGOP", (d, d), out.shape())?;
    let dual = machine.dual;
    let mut pairs = machine.pairs(executor, &mut scratch)?;
    let mut slopes = scratch.take_mat(n, n)?;
    pairs.lower(executor, Wanted::Gradient, Layout::Dense, slopes.data_mut());
    mirror(slopes.reborrow());
    let slopes = slopes.as_ref();
    let mut sums = scratch.take_mat(n, c)?;
    gemm_by(executor, &slopes, &dual, T::ZERO, sums.reborrow())?;
    let sums = sums.as_ref();
    let mut quadratic = scratch.take_mat(d, d)?;
    quadratic.data_mut().fill(T::ZERO);
    let rows = scratch.rows(n.saturating_add(d), n)?;
    let mut done = 0;
    while done < n {
        let x = machine.x.row_range(done, done + rows);
        let mut scratch = scratch.reborrow();
        let mut weights = scratch.take_mat(x.nrows(), n)?;
        let mut combined = scratch.take_mat(x.nrows(), d)?;
        let own = &slopes.row_range(done, done + rows);
        gemm_by(executor, own, &slopes, T::ZERO, weights.reborrow())?;
        for (i, weights) in (done..).zip(weights.rows_mut()) {
            let (own, own_sum, slopes) = (row(dual, i), row(sums, i), row(slopes, i));
            for (j, (weight, &slope)) in weights.iter_mut().zip(slopes).enumerate() {
                let (other, other_sum) = (row(dual, j), row(sums, j));
                let product = dot(own, other) * *weight;
                *weight = match pairs.form() {
                    Form::InnerProduct => product,
                    // Of −Q, since differences are to come.
                    Form::SquaredDistance => {
                        (dot(own_sum, other) + dot(own, other_sum)) * slope - product
                    }
                };
            }
        }
        let weights = &weights.as_ref();
        combine(executor, pairs.form(), weights, &x, &pairs.z.x, combined.reborrow())?;
        add_gemm_tn_by(executor, &combined.as_ref(), &x, quadratic.data_mut());
        done += x.nrows();
    }
    scal(T::ONE / T::from_usize(n.max(1)), quadratic.data_mut());
    mirror(quadratic.reborrow());
    sandwich(machine.metric, quadratic, out)
}

/// `out ← M S M`, symmetric to the bit, for a symmetric `S: d×d`, which is overwritten.
fn sandwich<T: Scalar>(
    metric: Metric<'_, T>,
    mut s: MatMut<'_, T>,
    mut out: MatMut<'_, T>,
) -> Result<()> {
    metric.apply(s.as_ref(), out.reborrow())?;
    metric.apply_left(out.as_ref(), s.reborrow())?;
    copy(out.data_mut(), s.as_ref().data());
    mirror(out);
    Ok(())
}
