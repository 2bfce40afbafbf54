//! Kernel ridge regression: `(K + rI)α = Y`.

use super::copy;
use super::gram::{gram_packed_by, gram_scratch};
use super::metric::Metric;
use super::profile::Kernel;
use crate::error::{Error, Result, check_shape};
use crate::execute::{Executor, Sequential};
use crate::linalg::blas::dot;
use crate::linalg::cholesky::{factor_packed_by, solve_packed};
use crate::linalg::triangular::packed_len;
use crate::mat::MatMut;
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// The ridge `r` of `K + rI`. It is not divided by the number of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ridge<T> {
    /// `r` itself, not negative.
    Absolute(T),
    /// `r` in units of the mean of `K`'s diagonal: `r·tr(K)/n`. It follows the scale of the metric.
    Relative(T),
}

/// What was added to the diagonal of `K`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solved<T> {
    /// The ridge, absolute.
    pub ridge: T,
    /// Beyond it, because `K + rI` was singular to working precision; 0 otherwise.
    pub jitter: T,
}

/// Words of scratch for [`solve`] of `n` samples with `d` inputs: one packed triangle, and
/// [`gram_scratch`].
///
/// ```
/// use fact_core::kernel::{gram::gram_scratch, ridge::solve_scratch};
/// assert_eq!(solve_scratch(64, 8), 64 * 65 / 2 + gram_scratch(64, 8));
/// ```
pub const fn solve_scratch(n: usize, d: usize) -> usize {
    packed_len(n).saturating_add(gram_scratch(n, d))
}

/// `dual ← α = (K + (r + j)I)⁻¹Y`, for `n` samples with `d` inputs and `c` targets, `dual: n×c`.
///
/// The jitter `j` is 0 if that works, and otherwise the first of `ε·tr(K + rI)/n`, 10 times that,
/// 100 times that, … that does; each attempt forms `K` anew. It works where every pivot of the
/// Cholesky factorisation is above `(4 + √n)·ε` of its diagonal element: below is rounding, however
/// positive.
///
/// Cost: that of [`gram_packed`](super::gram::gram_packed) and `n³/6 + n²c` multiplications and additions; that again for
/// each jitter tried. Scratch: [`solve_scratch`].
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit; [`Error::NonFinite`]
/// when samples or metric are not finite; [`Error::Scale`] when they are, but `K` or `α` over- or
/// underflows; [`Error::NotPositiveDefinite`] when a jitter as large as the diagonal does not help,
/// as happens when the metric is not positive semi-definite.
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, Ridge, ridge};
/// use fact_core::{mat::{MatMut, MatRef}, samples::Samples, scratch::Scratch};
/// let mut memory = [0.0; ridge::solve_scratch(1, 1)];
/// let mut dual = [0.0];
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[6.0], 1, 1)?);
/// let (samples, scratch) = (Samples::new(x, y)?, Scratch::new(&mut memory));
/// let (kernel, metric, ridge) = (Kernel::Quadratic, Metric::Identity, Ridge::Relative(3.0));
/// let out = MatMut::new(&mut dual, 1, 1)?;
/// let solved = ridge::solve(kernel, metric, ridge, &samples, out, scratch)?;
/// assert_eq!((solved.ridge, solved.jitter, dual), (48.0, 0.0, [0.09375]));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn solve<T: Scalar>(
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    ridge: Ridge<T>,
    samples: &Samples<'_, T>,
    dual: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<Solved<T>> {
    solve_by(&Sequential, kernel, metric, ridge, samples, dual, scratch)
}

/// [`solve`] by an executor.
///
/// # Errors
/// As [`solve`].
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, Ridge, ridge};
/// use fact_core::{execute::Sequential, mat::{MatMut, MatRef}, samples::Samples, scratch::Scratch};
/// let mut memory = [0.0; ridge::solve_scratch(1, 1)];
/// let mut dual = [0.0];
/// let (x, y) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[6.0], 1, 1)?);
/// let (samples, scratch) = (Samples::new(x, y)?, Scratch::new(&mut memory));
/// let (kernel, metric, ridge) = (Kernel::Quadratic, Metric::Identity, Ridge::Relative(3.0));
/// let out = MatMut::new(&mut dual, 1, 1)?;
/// ridge::solve_by(&Sequential, kernel, metric, ridge, &samples, out, scratch)?;
/// assert_eq!(dual, [0.09375]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn solve_by<T: Scalar>(
    executor: &impl Executor,
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    ridge: Ridge<T>,
    samples: &Samples<'_, T>,
    mut dual: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<Solved<T>> {
    let n = samples.len();
    check_shape("dual", samples.y().shape(), dual.shape())?;
    let (Ridge::Absolute(asked) | Ridge::Relative(asked)) = ridge;
    // A NaN takes the error branch too.
    if !(asked >= T::ZERO && asked.is_finite()) {
        return Err(Error::Parameter { what: "ridge (not negative)" });
    }
    metric.check(samples.x().ncols())?;
    check_finite("inputs", samples.x().data())?;
    check_finite("targets", samples.y().data())?;
    check_finite("metric", metric.data())?;
    let triangle = scratch.take(packed_len(n))?;
    let mut jitter = T::ZERO;
    loop {
        gram_packed_by(executor, kernel, metric, samples.x(), triangle, scratch.reborrow())?;
        let mean =
            diagonal(triangle).fold(T::ZERO, |sum, &mut k| sum + k) / T::from_usize(n.max(1));
        let ridge = match ridge {
            Ridge::Absolute(ridge) => ridge,
            Ridge::Relative(share) => share * mean,
        };
        let level = mean + ridge;
        if n > 0 && !(level.is_finite() && level >= T::MIN_POSITIVE / T::EPSILON) {
            return Err(Error::Scale { what: "Gram matrix" });
        }
        for k in diagonal(triangle) {
            *k += ridge + jitter;
        }
        match factor_packed_by(executor, n, triangle).and_then(|()| check_pivots(n, triangle)) {
            Ok(()) => {
                copy(dual.data_mut(), samples.y().data());
                solve_packed(triangle, dual.reborrow())?;
                let finite = dual.as_ref().data().iter().all(|dual| dual.is_finite());
                let solved = Solved { ridge, jitter };
                return if finite { Ok(solved) } else { Err(Error::Scale { what: "dual" }) };
            }
            Err(error) if jitter >= level => return Err(error),
            Err(_) if jitter == T::ZERO => jitter = T::EPSILON * level,
            Err(_) => jitter *= T::from_f64(10.0),
        }
    }
}

/// The diagonal of a packed triangle, first to last.
fn diagonal<T>(triangle: &mut [T]) -> impl Iterator<Item = &mut T> {
    let (mut rest, mut len) = (triangle, 0);
    core::iter::from_fn(move || {
        len += 1;
        rest.split_off_mut(..len)?.last_mut()
    })
}

/// Whether each pivot of the factor `L` stands out of the rounding of its diagonal element, which
/// is the square of its row.
fn check_pivots<T: Scalar>(n: usize, triangle: &[T]) -> Result<()> {
    let share = T::EPSILON * (T::from_f64(4.0) + T::from_usize(n).sqrt());
    let mut rest = triangle;
    for i in 0..n {
        let row = rest.split_off(..=i).unwrap_or(&[]);
        let pivot = row.last().map_or(T::ZERO, |&last| last * last);
        let clear = pivot > share * dot(row, row);
        if !clear {
            return Err(Error::NotPositiveDefinite { pivot: i });
        }
    }
    Ok(())
}

fn check_finite<T: Scalar>(what: &'static str, values: &[T]) -> Result<()> {
    let finite = values.iter().all(|value| value.is_finite());
    if finite { Ok(()) } else { Err(Error::NonFinite { what }) }
}
