//! Eigenvalues and eigenvectors of a symmetric matrix.
//!
//! 1. **Tridiagonalise.** Row `i = n−1, …, 2` is reduced to its last element left of the diagonal by
//!    a reflection `H = I − uuᵀ`, `‖u‖² = 2`, of the first `i` coordinates. `HAH` is formed in the
//!    lower triangle as `A − uqᵀ − quᵀ` with `q = Au − ½(uᵀAu)u`, and `u` takes the place of row `i`.
//! 2. **Accumulate** `P = H₂H₃⋯Hₙ₋₁` over the reflections it comes from; then `PAPᵀ = T` is
//!    tridiagonal.
//! 3. **QL steps** with implicit Wilkinson shift diagonalise `T`. Each plane rotation of `T` also
//!    rotates two adjacent rows of `P`, which so become the eigenvectors. Eigenvectors are *rows*:
//!    every inner loop runs over contiguous memory.
//!
//! The matrix is first scaled by a power of two, so that no size of its entries over- or underflows.
//!
//! Source: Golub and Van Loan, *Matrix Computations*, sections 8.3.1 and 8.3.5 (there as QR; QL is
//! the same from the other end).

use super::{blas, givens, largest, points_down, rotate, sort, swap_rows, two_rows, unit_scale};
use crate::error::{Error, Result, check_length, check_shape};
use crate::mat::{MatMut, Rows, RowsMut};
use crate::scalar::Scalar;
use crate::scratch::Scratch;
use core::cell::Cell;

/// QL steps allowed per eigenvalue, on average; two are usual.
const STEPS: usize = 30;

/// Scratch of [`symmetric`] and [`symmetric_values`] for an `n×n` matrix: `n` words.
///
/// ```
/// assert_eq!(fact_core::linalg::eigen::symmetric_scratch(7), 7);
/// ```
pub const fn symmetric_scratch(n: usize) -> usize {
    n
}

/// `A = VᵀΛV`: eigenvalues in ascending order and orthonormal eigenvectors, for `A: n×n`,
/// `values: n`.
///
/// Reads the lower triangle of `A` and overwrites all of `A` with `V`: row `k` is the eigenvector of
/// `values[k]`, its component of largest magnitude (the first of these) positive.
///
/// Cost: about `5n³` multiplications and additions. Error: that of a perturbation of `A` by a small
/// multiple of `n·ε·‖A‖`.
///
/// # Errors
/// [`Error::Shape`] unless `A` is square, [`Error::Length`] unless `values` fits,
/// [`Error::Scratch`] below [`symmetric_scratch`] words, [`Error::NonFinite`] when the lower
/// triangle or an eigenvalue is not finite, [`Error::NoConvergence`] after `30n` QL steps.
///
/// ```
/// use fact_core::{linalg::eigen, mat::MatMut, scratch::Scratch};
/// const N: usize = 2;
/// let (mut a, mut values) = ([3.0, 0.0, 4.0, -3.0], [0.0; N]);
/// let mut memory = [0.0; eigen::symmetric_scratch(N)];
/// eigen::symmetric(MatMut::new(&mut a, N, N)?, &mut values, Scratch::new(&mut memory))?;
/// let near = |x: f64, y: f64| (x - y).abs() < 1e-15 * 5.0;
/// assert!(near(values[0], -5.0) && near(values[1], 5.0));
/// assert!(near(a[2], 0.8_f64.sqrt()) && near(a[3], 0.2_f64.sqrt()));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn symmetric<T: Scalar>(
    mut a: MatMut<'_, T>,
    values: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let n = a.nrows();
    let off_diagonal = scratch.take(symmetric_scratch(n))?;
    let scale = tridiagonalise(a.reborrow(), values, off_diagonal)?;
    accumulate(a.reborrow());
    let vectors = a.data_mut();
    diagonalise(values, off_diagonal, vectors, n)?;
    blas::scal(T::ONE / scale, values);
    largest("eigenvalue", &*values)?;
    sort(values, |x, y| x < y, |i, j| swap_rows(vectors, n, i, j));
    for vector in a.rows_mut() {
        if points_down(vector) {
            blas::scal(-T::ONE, vector);
        }
    }
    Ok(())
}

/// The eigenvalues alone, in ascending order: those of [`symmetric`], to the bit. For `A: n×n`,
/// `values: n`. Reads the lower triangle of `A`; leaves nothing of use in `A`.
///
/// Cost: about `⅔n³` multiplications and additions.
///
/// # Errors
/// As [`symmetric`].
///
/// ```
/// use fact_core::{linalg::eigen, mat::MatMut, scratch::Scratch};
/// let (mut a, mut values, mut memory) = ([2.0, 0.0, 0.0, 1.0], [0.0; 2], [0.0; 2]);
/// eigen::symmetric_values(MatMut::new(&mut a, 2, 2)?, &mut values, Scratch::new(&mut memory))?;
/// assert_eq!(values, [1.0, 2.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn symmetric_values<T: Scalar>(
    a: MatMut<'_, T>,
    values: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let off_diagonal = scratch.take(symmetric_scratch(a.nrows()))?;
    let scale = tridiagonalise(a, values, off_diagonal)?;
    diagonalise(values, off_diagonal, &mut [], 0)?;
    blas::scal(T::ONE / scale, values);
    largest("eigenvalue", &*values)?;
    sort(values, |x, y| x < y, |_, _| {});
    Ok(())
}

/// `T = P(sA)Pᵀ` as its diagonal and, in `off_diagonal[i]`, the element that couples `i` to `i + 1`.
/// Row `i` of `a` keeps its `u` left of the diagonal. Returns `s`.
fn tridiagonalise<T: Scalar>(
    mut a: MatMut<'_, T>,
    diagonal: &mut [T],
    off_diagonal: &mut [T],
) -> Result<T> {
    let n = a.nrows();
    check_shape("A", (n, n), a.shape())?;
    check_length("values", n, diagonal.len())?;
    let lower = || a.as_ref().rows().enumerate().flat_map(|(i, row)| row.iter().take(i + 1));
    let scale = unit_scale(largest("A", lower())?);
    blas::scal(scale, a.data_mut());
    off_diagonal.fill(T::ZERO);
    for (i, diagonal) in diagonal.iter_mut().enumerate().rev() {
        let Some((above, row)) = a.data_mut().split_at_mut_checked(i * n) else { continue };
        let Some((u, [here, ..])) = row.split_at_mut_checked(i) else { continue };
        *diagonal = *here;
        // The couplings already found lie behind `product`.
        let Some(product) = off_diagonal.get_mut(..i) else { continue };
        let coupling = reflection(u);
        if coupling.reflects {
            lower_times(above, n, u, product);
            let half = T::HALF * blas::dot(u, product);
            blas::axpy(-half, u, product);
            subtract_two_products(above, n, u, product);
        }
        if let Some(last) = product.last_mut() {
            *last = coupling.value;
        }
    }
    Ok(scale)
}

/// What a reflection leaves of a row.
struct Coupling<T> {
    value: T,
    reflects: bool,
}

/// `x ← u` such that `(I − uuᵀ)x` is zero but for its last element, which is returned. Where `x` is
/// of that form already, `u = 0`.
fn reflection<T: Scalar>(x: &mut [T]) -> Coupling<T> {
    let size = x.iter().fold(T::ZERO, |size, &x| size.max(x.abs()));
    let Some((last, rest)) = x.split_last() else {
        return Coupling { value: T::ZERO, reflects: false };
    };
    if rest.iter().all(|&x| x == T::ZERO) {
        let value = *last;
        x.fill(T::ZERO);
        return Coupling { value, reflects: false };
    }
    for x in x.iter_mut() {
        *x /= size;
    }
    let norm = blas::dot(x, x).sqrt();
    let mut value = T::ZERO;
    let mut half_square = norm * norm;
    if let Some(last) = x.last_mut() {
        // The sign that adds magnitudes: no cancellation.
        value = if *last > T::ZERO { -norm } else { norm };
        half_square = norm * (norm + last.abs());
        *last -= value;
    }
    blas::scal(T::ONE / half_square.sqrt(), x);
    Coupling { value: value * size, reflects: true }
}

/// `y ← Ax` for the symmetric matrix whose lower triangle stands in rows of length `n`.
fn lower_times<T: Scalar>(a: &[T], n: usize, x: &[T], y: &mut [T]) {
    for (k, (row, &here)) in Rows::new(a, n).zip(x).enumerate() {
        if let (Some((left, [diagonal, ..])), Some((above, [y, ..]))) =
            (row.split_at_checked(k), y.split_at_mut_checked(k))
        {
            *y = blas::dot(left, x) + *diagonal * here;
            blas::axpy(here, left, above);
        }
    }
}

/// `A ← A − uqᵀ − quᵀ` in the lower triangle that stands in rows of length `n`.
fn subtract_two_products<T: Scalar>(a: &mut [T], n: usize, u: &[T], q: &[T]) {
    for (k, ((row, &uk), &qk)) in RowsMut::new(a, n).zip(u).zip(q).enumerate() {
        for ((a, &u), &q) in row.iter_mut().zip(u).zip(q).take(k + 1) {
            *a -= uk * q + qk * u;
        }
    }
}

/// `A ← P = H₂⋯Hₙ₋₁`, from the `u` that [`tridiagonalise`] left in the rows.
fn accumulate<T: Scalar>(mut a: MatMut<'_, T>) {
    let n = a.ncols();
    for i in 0..n {
        let Some((above, row)) = a.data_mut().split_at_mut_checked(i * n) else { continue };
        let Some((u, [diagonal, ..])) = row.split_at_mut_checked(i) else { continue };
        // Rows above, up to column i − 1, hold the product so far; it meets the next reflection.
        for product in RowsMut::new(above, n) {
            if let Some((product, [next, ..])) = product.split_at_mut_checked(i) {
                let projection = blas::dot(product, u);
                blas::axpy(-projection, u, product);
                *next = T::ZERO;
            }
        }
        u.fill(T::ZERO);
        *diagonal = T::ONE;
    }
}

/// Reduces the tridiagonal matrix `(d, e)` to its eigenvalues, left in `d` in no order; the rotations
/// also act on the rows, of length `n`, of `vectors`.
fn diagonalise<T: Scalar>(d: &mut [T], e: &mut [T], vectors: &mut [T], n: usize) -> Result<()> {
    let budget = STEPS.saturating_mul(d.len());
    let mut steps = 0;
    for start in 0..d.len() {
        while let (Some(d), Some(e)) = (d.get_mut(start..), e.get_mut(start..)) {
            let split = d.array_windows().zip(&*e).position(|(&[x, y], e)| {
                e.abs() <= T::EPSILON * (x.abs() + y.abs()) + T::MIN_POSITIVE
            });
            let last = split.unwrap_or(d.len().saturating_sub(1));
            if last == 0 {
                break;
            }
            if steps == budget {
                return Err(Error::NoConvergence { iterations: budget });
            }
            steps += 1;
            if let (Some(d), Some(e)) = (d.get_mut(..=last), e.get_mut(..last)) {
                let rows = vectors.get_mut(start * n..).unwrap_or_default();
                ql_step(d, e, rows, n);
            }
        }
    }
    Ok(())
}

/// One QL step with implicit shift on an unreduced block: rotates planes `(i, i+1)` from the last to
/// the first.
fn ql_step<T: Scalar>(d: &mut [T], e: &mut [T], rows: &mut [T], n: usize) {
    let (&[d0, d1, ..], &[e0, ..], &[.., bottom]) = (&*d, &*e, &*d) else { return };
    // Wilkinson's shift: the eigenvalue of the leading 2×2 block that lies nearer to d₀.
    let half = T::HALF * (d1 - d0);
    let root = givens(half, e0).2.abs();
    let shift = d0 - e0 / (if half < T::ZERO { half - root } else { half + root }) * e0;
    let (d, e) = (Cell::from_mut(d).as_slice_of_cells(), Cell::from_mut(e).as_slice_of_cells());
    let (mut c, mut s, mut x) = (T::ONE, T::ONE, bottom - shift);
    let mut behind: Option<&Cell<T>> = None;
    for (i, ([upper, lower], coupling)) in d.array_windows().zip(e).enumerate().rev() {
        // The last rotation scaled this coupling by c and left s times it outside the diagonals.
        let (bulge, b) = (s * coupling.get(), c * coupling.get());
        let r;
        (c, s, r) = givens(x, bulge);
        if let Some(behind) = behind.replace(coupling) {
            behind.set(r);
        }
        let (p, q) = (upper.get(), lower.get());
        let t = (p - q) * s + T::TWO * c * b;
        lower.set(q + s * t);
        upper.set(p - s * t);
        x = c * t - b;
        if let Some(pair) = two_rows(rows, n, i, i + 1) {
            rotate(c, s, pair);
        }
    }
    if let Some(first) = behind {
        first.set(x);
    }
}
