//! Dense linear algebra with a fixed order of sums.

pub mod blas;
pub mod cholesky;
pub mod eigen;
pub mod power;
pub mod svd;
pub mod triangular;

use crate::error::{Error, Result};
use crate::scalar::Scalar;
use core::cell::Cell;

/// The largest `|x|`, or 0 without any; an error when one is infinite or not a number.
fn largest<'a, T: Scalar>(
    what: &'static str,
    values: impl IntoIterator<Item = &'a T>,
) -> Result<T> {
    let mut largest = T::ZERO;
    for x in values {
        if !x.is_finite() {
            return Err(Error::NonFinite { what });
        }
        largest = largest.max(x.abs());
    }
    Ok(largest)
}

/// A power of two that brings `largest` into `[1, 2]`, or as near as its inverse stays normal; 1
/// for zero. Being a power of two it changes no digit.
fn unit_scale<T: Scalar>(largest: T) -> T {
    let mut scale = T::ONE;
    if largest > T::ZERO {
        while largest * scale > T::TWO {
            scale *= T::HALF;
        }
        while largest * scale < T::ONE && scale * T::MIN_POSITIVE < T::ONE {
            scale *= T::TWO;
        }
    }
    scale
}

/// `(c, s, r)` with `c² + s² = 1`, `cx + sz = r` and `cz − sx = 0`, without over- or underflow.
fn givens<T: Scalar>(x: T, z: T) -> (T, T, T) {
    if z == T::ZERO {
        (T::ONE, T::ZERO, x)
    } else if x.abs() > z.abs() {
        let t = z / x;
        let root = (T::ONE + t * t).sqrt();
        (T::ONE / root, t / root, x * root)
    } else {
        let t = x / z;
        let root = (T::ONE + t * t).sqrt();
        (t / root, T::ONE / root, z * root)
    }
}

/// `(x, y) ← (cx − sy, sx + cy)`.
#[inline]
fn rotate<T: Scalar>(c: T, s: T, (x, y): (&mut [T], &mut [T])) {
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Rows `i < j` of row-major `data` with rows of length `n`.
fn two_rows<T>(data: &mut [T], n: usize, i: usize, j: usize) -> Option<(&mut [T], &mut [T])> {
    let (above, from_j) = data.split_at_mut_checked(j * n)?;
    Some((above.get_mut(i * n..(i + 1) * n)?, from_j.get_mut(..n)?))
}

/// Exchanges rows `i < j` of row-major `data` with rows of length `n`.
fn swap_rows<T>(data: &mut [T], n: usize, i: usize, j: usize) {
    if let Some((x, y)) = two_rows(data, n, i, j) {
        for (x, y) in x.iter_mut().zip(y) {
            core::mem::swap(x, y);
        }
    }
}

/// Sorts `values` by selection; `swap(i, j)`, `i < j`, carries each exchange over to their vectors.
fn sort<T: Scalar>(
    values: &mut [T],
    precedes: impl Fn(T, T) -> bool,
    mut swap: impl FnMut(usize, usize),
) {
    let values = Cell::from_mut(values).as_slice_of_cells();
    for (i, here) in values.iter().enumerate() {
        let (mut first, mut at) = (here, i);
        for (j, value) in values.iter().enumerate().skip(i + 1) {
            if precedes(value.get(), first.get()) {
                (first, at) = (value, j);
            }
        }
        if at != i {
            first.set(here.replace(first.get()));
            swap(i, at);
        }
    }
}

/// Whether the first of the largest components of `x` is negative: its sign is then turned.
fn points_down<T: Scalar>(x: &[T]) -> bool {
    x.iter().fold(T::ZERO, |top, &x| if x.abs() > top.abs() { x } else { top }) < T::ZERO
}
