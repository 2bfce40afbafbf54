//! The two register tiles under every product with a matrix.
//!
//! Both walk iterators over slices whose lengths agree by construction, so no index can fail and no
//! panic is compiled in. Everything is inlined, so that shapes known at compile time reach the
//! innermost loops.

use super::level1::LANES;
use crate::mat::{MatRef, Rows, RowsMut};
use crate::scalar::Scalar;

/// Columns of one register tile. Vector registers are wide on 64-bit machines; on a Cortex-M4F a
/// 4×4 tile fills the register file. The choice does not touch any bit of the result.
pub(super) const TILE: usize = if usize::BITS >= 64 { 8 } else { 4 };

/// Cuts `4k` elements into four parts of `k`.
#[inline(always)]
pub(super) fn four_parts<T>(data: &[T]) -> Option<[&[T]; 4]> {
    let k = data.len() / 4;
    let (a, data) = data.split_at_checked(k)?;
    let (b, data) = data.split_at_checked(k)?;
    let (c, d) = data.split_at_checked(k)?;
    Some([a, b, c, d])
}

/// [`four_parts`], exclusively.
#[inline(always)]
pub(super) fn four_parts_mut<T>(data: &mut [T]) -> Option<[&mut [T]; 4]> {
    let k = data.len() / 4;
    let (a, data) = data.split_at_mut_checked(k)?;
    let (b, data) = data.split_at_mut_checked(k)?;
    let (c, d) = data.split_at_mut_checked(k)?;
    Some([a, b, c, d])
}

/// Adds to each of four accumulators the terms of its row with `x`, in ascending order.
#[inline(always)]
pub(crate) fn dot_rows<T: Scalar>(
    mut sums: [T; 4],
    rows: [&[T]; 4],
    x: &[T],
    term: impl Fn(T, T) -> T + Copy,
) -> [T; 4] {
    let [r0, r1, r2, r3] = rows;
    let (x, x_tail) = x.as_chunks::<4>();
    let (r0, t0) = r0.as_chunks::<4>();
    let (r1, t1) = r1.as_chunks::<4>();
    let (r2, t2) = r2.as_chunks::<4>();
    let (r3, t3) = r3.as_chunks::<4>();
    for ((((r0, r1), r2), r3), x) in r0.iter().zip(r1).zip(r2).zip(r3).zip(x) {
        for (sum, r) in sums.iter_mut().zip([r0, r1, r2, r3]) {
            for (&r, &x) in r.iter().zip(x) {
                *sum += term(r, x);
            }
        }
    }
    for ((((&r0, &r1), &r2), &r3), &x) in t0.iter().zip(t1).zip(t2).zip(t3).zip(x_tail) {
        for (sum, r) in sums.iter_mut().zip([r0, r1, r2, r3]) {
            *sum += term(r, x);
        }
    }
    sums
}

/// `yᵢ += Σₖ term(Aᵢₖ, xₖ)` for row-major `A` with rows as long as `x`.
#[inline(always)]
pub(super) fn add_rows_dot<T: Scalar>(
    a: &[T],
    x: &[T],
    y: &mut [T],
    term: impl Fn(T, T) -> T + Copy,
) {
    let k = x.len().max(1);
    let mut blocks = Rows::new(a, k.saturating_mul(4));
    let (y, y_tail) = y.as_chunks_mut::<4>();
    for (y, block) in y.iter_mut().zip(blocks.by_ref()) {
        if let Some(rows) = four_parts(block) {
            *y = dot_rows(*y, rows, x, term);
        }
    }
    // What is left together too: each load of `x` serves all.
    let mut rows = Rows::new(blocks.into_rest(), k);
    let mut row = || rows.next().unwrap_or_default();
    match y_tail {
        [y0, y1, y2] => {
            for (((&x, &r0), &r1), &r2) in x.iter().zip(row()).zip(row()).zip(row()) {
                (*y0, *y1, *y2) = (*y0 + term(r0, x), *y1 + term(r1, x), *y2 + term(r2, x));
            }
        }
        [y0, y1] => {
            for ((&x, &r0), &r1) in x.iter().zip(row()).zip(row()) {
                (*y0, *y1) = (*y0 + term(r0, x), *y1 + term(r1, x));
            }
        }
        [y0] => *y0 = row().iter().zip(x).fold(*y0, |sum, (&r, &x)| sum + term(r, x)),
        _ => {}
    }
}

/// How a tile reads and writes its outputs.
pub(super) trait Output<T>: Copy {
    /// The accumulator's first value, given the output's old one.
    fn start(self, old: T) -> T;
    /// The output's new value.
    fn finish(self, old: T, sum: T) -> T;
}

/// `C ← C + Σ`.
#[derive(Clone, Copy)]
pub(super) struct Accumulate;

impl<T: Scalar> Output<T> for Accumulate {
    #[inline(always)]
    fn start(self, old: T) -> T {
        old
    }
    #[inline(always)]
    fn finish(self, _old: T, sum: T) -> T {
        sum
    }
}

/// `C ← C ∘ Σ`.
#[derive(Clone, Copy)]
pub(super) struct Hadamard;

impl<T: Scalar> Output<T> for Hadamard {
    #[inline(always)]
    fn start(self, _old: T) -> T {
        T::ZERO
    }
    #[inline(always)]
    fn finish(self, old: T, sum: T) -> T {
        old * sum
    }
}

/// An `M × N` tile of outputs `c`, at column `j` of `B`: one accumulator each, fed with `aᵢ·Bₖⱼ` in
/// ascending `k`. `a` yields the `M` left factors of each `k`.
#[inline(always)]
pub(super) fn tile<T: Scalar, const M: usize, const N: usize>(
    a: impl Iterator<Item = [T; M]>,
    b: &MatRef<'_, T>,
    j: usize,
    c: [&mut [T; N]; M],
    output: impl Output<T>,
) {
    let mut sums = [[T::ZERO; N]; M];
    for (sums, c) in sums.iter_mut().zip(&c) {
        *sums = c.map(|old| output.start(old));
    }
    // Rows by `chunks_exact`: both sides know their lengths, so one counter serves both.
    for (a, b) in a.zip(b.data().chunks_exact(b.ncols().max(1))) {
        let Some(b) = b.get(j..).and_then(|b| b.first_chunk::<N>()) else { return };
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    for (sums, c) in sums.iter().zip(c) {
        for (c, &sum) in c.iter_mut().zip(sums) {
            *c = output.finish(*c, sum);
        }
    }
}

/// Covers a strip of four rows of outputs with tiles.
#[inline(always)]
fn strip4<T: Scalar, A: Iterator<Item = [T; 4]>>(
    a: impl Fn() -> A,
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let Some([c0, c1, c2, c3]) = four_parts_mut(c) else { return };
    let (c0, t0) = c0.as_chunks_mut::<TILE>();
    let (c1, t1) = c1.as_chunks_mut::<TILE>();
    let (c2, t2) = c2.as_chunks_mut::<TILE>();
    let (c3, t3) = c3.as_chunks_mut::<TILE>();
    let mut j = 0;
    for (((c0, c1), c2), c3) in c0.iter_mut().zip(c1).zip(c2).zip(c3) {
        tile::<T, 4, TILE>(a(), b, j, [c0, c1, c2, c3], output);
        j += TILE;
    }
    for (((c0, c1), c2), c3) in t0.iter_mut().zip(t1).zip(t2).zip(t3) {
        let c = [c0, c1, c2, c3].map(core::array::from_mut);
        tile::<T, 4, 1>(a(), b, j, c, output);
        j += 1;
    }
}

/// Covers a row of outputs with tiles.
#[inline(always)]
fn strip1<T: Scalar, A: Iterator<Item = [T; 1]>>(
    a: impl Fn() -> A,
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let (c, tail) = c.as_chunks_mut::<LANES>();
    let mut j = 0;
    for c in c {
        tile::<T, 1, LANES>(a(), b, j, [c], output);
        j += LANES;
    }
    for c in tail {
        tile::<T, 1, 1>(a(), b, j, [core::array::from_mut(c)], output);
        j += 1;
    }
}

/// Four equally long rows as columns. Zipped, they share one counter.
#[inline(always)]
pub(crate) fn four<T: Copy>([a, b, c, d]: [&[T]; 4]) -> impl Iterator<Item = [T; 4]> {
    a.iter().zip(b).zip(c).zip(d).map(|(((&a, &b), &c), &d)| [a, b, c, d])
}

/// Two equally long rows as columns.
#[inline(always)]
pub(crate) fn two<T: Copy>([a, b]: [&[T]; 2]) -> impl Iterator<Item = [T; 2]> {
    a.iter().zip(b).map(|(&a, &b)| [a, b])
}

/// `C ← output(C, (αA)B)` for row-major `A` (rows of length `k = B.nrows()`).
#[inline(always)]
pub(super) fn rows_times<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &[T],
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let (k, n) = (b.nrows().max(1), b.ncols().max(1));
    let mut blocks = Rows::new(a, k.saturating_mul(4));
    let mut outputs = RowsMut::new(c, n.saturating_mul(4));
    for (a, c) in blocks.by_ref().zip(outputs.by_ref()) {
        let Some(rows) = four_parts(a) else { return };
        strip4(|| four(rows).map(move |a| a.map(scale)), b, c, output);
    }
    for (a, c) in Rows::new(blocks.into_rest(), k).zip(RowsMut::new(outputs.into_rest(), n)) {
        one_row(scale, a, b, c, output);
    }
}

/// A row of outputs from a row of left factors, `a`.
#[inline(always)]
fn one_row<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &[T],
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    strip1(|| a.iter().map(move |&a| [scale(a)]), b, c, output);
}

/// A row of outputs from a row of left factors, compiled once.
#[inline(never)]
pub(super) fn row_times_any<T: Scalar>(
    a: &[T],
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    one_row(|a| a, a, b, c, output);
}

/// Four rows of outputs from columns `i…` of `A`.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn four_columns<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &MatRef<'_, T>,
    i: usize,
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let columns = a.data().chunks_exact(a.ncols().max(1));
    let factors = || {
        columns.clone().map(move |row| {
            let four = row.get(i..).and_then(|row| row.first_chunk::<4>());
            four.map_or([T::ZERO; 4], |four| four.map(scale))
        })
    };
    strip4(factors, b, c, output);
}

/// A row of outputs from column `i` of `A`.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn one_column<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &MatRef<'_, T>,
    i: usize,
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let columns = a.data().chunks_exact(a.ncols().max(1));
    let factors =
        || columns.clone().map(move |row| [row.get(i).map_or(T::ZERO, |&value| scale(value))]);
    strip1(factors, b, c, output);
}

/// `C ← output(C, (αA)ᵀB)` for `A` with as many rows as `B`, of its columns from `first` on.
#[inline(always)]
pub(super) fn columns_times<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: &MatRef<'_, T>,
    first: usize,
    b: &MatRef<'_, T>,
    c: &mut [T],
    output: impl Output<T>,
) {
    let n = b.ncols().max(1);
    let mut outputs = RowsMut::new(c, n.saturating_mul(4));
    let mut i = first;
    for c in outputs.by_ref() {
        four_columns(scale, a, i, b, c, output);
        i += 4;
    }
    for c in RowsMut::new(outputs.into_rest(), n) {
        one_column(scale, a, i, b, c, output);
        i += 1;
    }
}
