//! Singular values and left vectors by one-sided Jacobi rotations, and the polar factor from them.
//!
//! Rotations of pairs of rows make the rows of `A` orthogonal to each other: `JA = ΣVᵀ` with `J`
//! orthogonal. Then `A = JᵀΣVᵀ`: the row norms are the singular values and the rows of `J` the left
//! vectors. `AAᵀ` is never formed, so the condition number is not squared.
//!
//! Two rows `x`, `y` count as orthogonal when `|xᵀy| ≤ (4 + √n)·ε·‖x‖‖y‖`, and a row as zero when its
//! norm is below `ε²‖A‖_F`. The matrix is first scaled by a power of two, so that no size of its
//! entries over- or underflows.
//!
//! Source: Hestenes, *Inversion of matrices by biorthogonalization and related results*, J. SIAM 6
//! (1958); Demmel and Veselić, *Jacobi's method is more accurate than QR*, SIAM J. Matrix Anal. Appl.
//! 13 (1992).

use super::{blas, givens, largest, points_down, rotate, sort, swap_rows, two_rows, unit_scale};
use crate::error::{Error, Result, check_length, check_shape};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Sweeps over all pairs of rows that are allowed; ten are usual, and 25 for entries graded over 30
/// decades in both directions.
const SWEEPS: usize = 60;

/// `A = UΣVᵀ`: singular values in descending order and left vectors, for `A: m×n`, `values: m`,
/// `vectors: m×m`.
///
/// Row `k` of `vectors` is `u_k`, its component of largest magnitude (the first of these) positive.
/// Overwrites `A` with `ΣVᵀ`: its row `k` is `σ_k v_kᵀ`. Values and rows from `n` on are zero.
///
/// Cost: about `3m²(n + m)` multiplications and additions a sweep. Error: that of a perturbation of
/// `A` by a small multiple of `m·ε·‖A‖`.
///
/// # Errors
/// [`Error::Length`] or [`Error::Shape`] when the operands do not fit, [`Error::NonFinite`] when `A`
/// or a singular value is not finite, [`Error::NoConvergence`] after 60 sweeps.
///
/// ```
/// use fact_core::{linalg::svd, mat::MatMut};
/// let (mut a, mut values, mut u) = ([0.0, 2.0, -3.0, 0.0], [0.0; 2], [0.0; 4]);
/// svd::left(MatMut::new(&mut a, 2, 2)?, &mut values, MatMut::new(&mut u, 2, 2)?)?;
/// assert_eq!(values, [3.0, 2.0]);
/// assert_eq!(u, [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn left<T: Scalar>(
    mut a: MatMut<'_, T>,
    values: &mut [T],
    mut vectors: MatMut<'_, T>,
) -> Result<()> {
    let (m, n) = a.shape();
    check_length("values", m, values.len())?;
    check_shape("vectors", (m, m), vectors.shape())?;
    let scale = unit_scale(largest("A", a.as_ref().data())?);
    blas::scal(scale, a.data_mut());
    vectors.data_mut().fill(T::ZERO);
    for (i, row) in vectors.rows_mut().enumerate() {
        if let Some(x) = row.get_mut(i) {
            *x = T::ONE;
        }
    }
    values.fill(T::ZERO);
    for (value, row) in values.iter_mut().zip(a.rows_mut()) {
        *value = norm(row);
    }
    // Longer rows first: with the order kept by the rotations, graded matrices converge fast too.
    descend(values, &mut a, &mut vectors);
    orthogonalise(a.reborrow(), values, vectors.reborrow())?;
    blas::scal(T::ONE / scale, a.data_mut());
    blas::scal(T::ONE / scale, values);
    largest("singular value", &*values)?;
    descend(values, &mut a, &mut vectors);
    for (u, row) in vectors.rows_mut().zip(a.rows_mut()) {
        if points_down(u) {
            blas::scal(-T::ONE, u);
            blas::scal(-T::ONE, row);
        }
    }
    // No more than n rows of length n are independent: what is left there is rounding.
    values.iter_mut().skip(n).for_each(|value| *value = T::ZERO);
    a.rows_mut().skip(n).for_each(|row| row.fill(T::ZERO));
    Ok(())
}

/// Scratch of [`polar_left`] for an `m×n` matrix: `mn + m² + m` words.
///
/// ```
/// assert_eq!(fact_core::linalg::svd::polar_left_scratch(2, 3), 12);
/// ```
pub const fn polar_left_scratch(m: usize, n: usize) -> usize {
    m.saturating_mul(n).saturating_add(m.saturating_mul(m)).saturating_add(m)
}

/// `C ← (AAᵀ)^½ = UΣUᵀ`, for `A: m×n`, `C: m×m`: the positive semi-definite factor of the polar
/// decomposition `A = CQ`. `C` is overwritten, symmetric to the bit.
///
/// Cost: that of [`left`], and `m³/2` multiplications and additions.
///
/// # Errors
/// [`Error::Shape`] when `C` does not fit, [`Error::Scratch`] below [`polar_left_scratch`] words,
/// [`Error::NonFinite`] and [`Error::NoConvergence`] as [`left`].
///
/// ```
/// use fact_core::{linalg::svd, mat::{MatMut, MatRef}, scratch::Scratch};
/// let (a, mut c) = ([0.0, -4.0, 1.0, 0.0], [0.0; 4]);
/// let mut memory = [0.0; svd::polar_left_scratch(2, 2)];
/// let scratch = Scratch::new(&mut memory);
/// svd::polar_left(MatRef::new(&a, 2, 2)?, MatMut::new(&mut c, 2, 2)?, scratch)?;
/// assert_eq!(c, [4.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn polar_left<T: Scalar>(
    a: MatRef<'_, T>,
    c: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let (m, n) = a.shape();
    check_shape("C", (m, m), c.shape())?;
    let mut rows = scratch.take_mat(m, n)?;
    for (to, &from) in rows.data_mut().iter_mut().zip(a.data()) {
        *to = from;
    }
    let mut vectors = scratch.take_mat(m, m)?;
    let values = scratch.take(m)?;
    left(rows, values, vectors.reborrow())?;
    for (u, &value) in vectors.rows_mut().zip(&*values) {
        blas::scal(value.sqrt(), u);
    }
    blas::syrk_t(T::ONE, vectors.as_ref(), T::ZERO, c)
}

/// Sorts `norms` in descending order, and the rows of both matrices with them.
fn descend<T: Scalar>(norms: &mut [T], a: &mut MatMut<'_, T>, vectors: &mut MatMut<'_, T>) {
    let (m, n) = a.shape();
    let swap = |i, j| {
        swap_rows(a.data_mut(), n, i, j);
        swap_rows(vectors.data_mut(), m, i, j);
    };
    sort(norms, |x, y| x > y, swap);
}

/// Rotates the rows of `a`, whose norms are `norms`, until they are orthogonal; `vectors` follows.
#[inline(never)]
fn orthogonalise<T: Scalar>(
    mut a: MatMut<'_, T>,
    norms: &mut [T],
    mut vectors: MatMut<'_, T>,
) -> Result<()> {
    let (m, n) = a.shape();
    let tolerance = T::EPSILON * (T::from_f64(4.0) + T::from_usize(n).sqrt());
    let zero = T::EPSILON * T::EPSILON * norm(norms);
    for _ in 0..SWEEPS {
        let mut settled = true;
        for j in 1..m {
            let Some((norms, [norm_j, ..])) = norms.split_at_mut_checked(j) else { continue };
            for (i, norm_i) in norms.iter_mut().enumerate() {
                let Some((x, y)) = two_rows(a.data_mut(), n, i, j) else { continue };
                let product = blas::dot(x, y);
                if product.abs() <= tolerance * *norm_i * *norm_j || norm_i.min(*norm_j) <= zero {
                    continue;
                }
                settled = false;
                let zeta = (*norm_j - *norm_i) * (*norm_j + *norm_i) / (T::TWO * product);
                let (c, s) = jacobi(zeta);
                // The longer row goes first, which speeds convergence: a quarter turn more.
                let (c, s) = if *norm_j > *norm_i { (s, -c) } else { (c, s) };
                rotate(c, s, (&mut *x, &mut *y));
                (*norm_i, *norm_j) = (norm(x), norm(y));
                if let Some(pair) = two_rows(vectors.data_mut(), m, i, j) {
                    rotate(c, s, pair);
                }
            }
        }
        if settled {
            return Ok(());
        }
    }
    Err(Error::NoConvergence { iterations: SWEEPS })
}

/// Cosine and sine of the smaller angle whose tangent `t` solves `t² + 2ζt = 1`.
fn jacobi<T: Scalar>(zeta: T) -> (T, T) {
    // √(1 + ζ²) without overflow.
    let root = givens(zeta, T::ONE).2.abs();
    let t = T::ONE / (if zeta < T::ZERO { zeta - root } else { zeta + root });
    let (c, s, _) = givens(T::ONE, t);
    (c, s)
}

fn norm<T: Scalar>(x: &[T]) -> T {
    blas::dot(x, x).sqrt()
}
