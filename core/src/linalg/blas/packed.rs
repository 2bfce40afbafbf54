//! Products by register tiles over panels of `B` packed on the stack: what a core with vectors runs.
//!
//! A tile holds [`ROWS`] rows of outputs of as many columns as fill the registers, one accumulator each.
//! A panel has the right factors of its columns side by side, whether they lie along the rows of `B` or
//! along its columns, and serves all rows of `A`. Between two panels of the same columns the sums rest
//! in `C`, which loses no bit.

use super::tile::{Accumulate, Output};
use crate::mat::{MatRef, RowsMut};
use crate::scalar::Scalar;

/// Whether many panels pay for `m×n` outputs of `k` terms; never on a microcontroller, whose registers
/// hold one number and whose stack has no room for a panel.
#[inline(always)]
pub(super) const fn pays(m: usize, k: usize, n: usize) -> bool {
    one_pays(m) && m.saturating_mul(k).saturating_mul(n) >= 1 << 18
}

/// Whether one panel pays for `m` rows of outputs whose right factors lie along the rows of `B`: no
/// register holds neighbouring ones otherwise.
#[inline(always)]
pub(crate) const fn one_pays(m: usize) -> bool {
    usize::BITS >= 64 && m >= 8
}

/// Rows of a tile.
pub(crate) const ROWS: usize = 6;

/// Terms of each sum that one panel covers.
pub(crate) const DEPTH: usize = 128;

/// Panels that lie side by side.
const PANELS: usize = 4;

/// Where the left factors of outputs are.
pub(super) trait Left<T>: Copy {
    /// Those of rows `i` to `i + ROWS − 1`, for the terms `start` to `start + depth − 1`, which may be
    /// packed into `panel`. Beyond the last row anything will do.
    fn factors<'p>(
        self,
        i: usize,
        terms: (usize, usize),
        panel: &'p mut [[T; ROWS]],
    ) -> impl Iterator<Item = [T; ROWS]> + Clone;
}

/// Along the rows of `A`, each times `α`.
#[derive(Clone, Copy)]
pub(super) struct Along<'a, T, S>(pub(super) MatRef<'a, T>, pub(super) S);

/// Down the columns of `A`, each times `α`.
#[derive(Clone, Copy)]
pub(super) struct Down<'a, T, S>(pub(super) MatRef<'a, T>, pub(super) S);

impl<T: Scalar, S: Fn(T) -> T + Copy> Left<T> for Along<'_, T, S> {
    #[inline(always)]
    fn factors<'p>(
        self,
        i: usize,
        (start, depth): (usize, usize),
        _: &'p mut [[T; ROWS]],
    ) -> impl Iterator<Item = [T; ROWS]> + Clone {
        let Self(a, scale) = self;
        let last = a.nrows().saturating_sub(1);
        let rows = core::array::from_fn(|at| {
            let row = a.row((i + at).min(last)).unwrap_or_default();
            row.get(start..start + depth).unwrap_or_default()
        });
        six(rows).map(move |factors| factors.map(scale))
    }
}

impl<T: Scalar, S: Fn(T) -> T + Copy> Left<T> for Down<'_, T, S> {
    #[inline(always)]
    fn factors<'p>(
        self,
        i: usize,
        (start, depth): (usize, usize),
        panel: &'p mut [[T; ROWS]],
    ) -> impl Iterator<Item = [T; ROWS]> + Clone {
        let Self(a, scale) = self;
        let panel = panel.get_mut(..depth).unwrap_or_default();
        Columns(a).pack(start, i, panel);
        panel.iter().map(move |row| row.map(scale))
    }
}

/// Six equally long rows as columns. Zipped, they share one counter.
#[inline(always)]
pub(crate) fn six<T: Copy>(rows: [&[T]; ROWS]) -> impl Iterator<Item = [T; ROWS]> + Clone {
    let [a, b, c, d, e, f] = rows.map(<[T]>::iter);
    let rows = a.zip(b).zip(c).zip(d).zip(e).zip(f);
    rows.map(|(((((a, b), c), d), e), f)| [*a, *b, *c, *d, *e, *f])
}

/// Where the right factors of outputs are.
pub(super) trait Right<T>: Copy {
    /// Copies those of columns `j…` of the terms from `start` on, a row of `panel` for each term.
    fn pack<const N: usize>(self, start: usize, j: usize, panel: &mut [[T; N]]);
}

/// Down the columns of `B`.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a, T>(pub(super) MatRef<'a, T>);

/// Along the rows of `B`.
#[derive(Clone, Copy)]
pub(super) struct RowsOf<'a, T>(pub(super) MatRef<'a, T>);

impl<T: Scalar> Right<T> for Columns<'_, T> {
    #[inline(always)]
    fn pack<const N: usize>(self, start: usize, j: usize, panel: &mut [[T; N]]) {
        let rows = self.0.row_range(start, start + panel.len());
        for (packed, row) in panel.iter_mut().zip(rows.rows()) {
            let row = row.get(j..).unwrap_or_default();
            match row.first_chunk() {
                Some(row) => *packed = *row,
                None => packed.iter_mut().zip(row).for_each(|(packed, &value)| *packed = value),
            }
        }
    }
}

impl<T: Scalar> Right<T> for RowsOf<'_, T> {
    #[inline(always)]
    fn pack<const N: usize>(self, start: usize, j: usize, panel: &mut [[T; N]]) {
        for (lane, row) in self.0.row_range(j, j + N).rows().enumerate() {
            for (packed, &value) in panel.iter_mut().zip(row.get(start..).unwrap_or_default()) {
                if let Some(packed) = packed.get_mut(lane) {
                    *packed = value;
                }
            }
        }
    }
}

/// `C ← output(C, AB)` for `C` with rows of `n` and sums of `k` terms. Of the columns from `j` on, rows
/// above `first(j)` are left out.
///
/// An output that does not go on from its old value is for `1 ≤ k ≤` [`DEPTH`].
#[inline(always)]
pub(super) fn product<T: Scalar>(
    left: impl Left<T>,
    right: impl Right<T>,
    (k, n): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
    output: impl Output<T>,
) {
    // Two vectors of 256 bits a row.
    if size_of::<T>() == 4 {
        strips::<T, 16, DEPTH, PANELS>(left, right, (k, n), first, c, output);
    } else {
        strips::<T, 8, DEPTH, PANELS>(left, right, (k, n), first, c, output);
    }
}

/// `C ← C + AB` by one small panel, which is filled at once.
#[inline(always)]
pub(super) fn small_product<T: Scalar>(
    left: impl Left<T>,
    right: impl Right<T>,
    (k, n): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
) {
    strips::<T, 8, 64, 1>(left, right, (k, n), first, c, Accumulate);
}

#[inline(always)]
fn strips<T: Scalar, const N: usize, const DEPTH: usize, const PANELS: usize>(
    left: impl Left<T>,
    right: impl Right<T>,
    (k, n): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
    output: impl Output<T>,
) {
    let mut panels = [[[T::ZERO; N]; DEPTH]; PANELS];
    let mut left_panel = [[T::ZERO; ROWS]; DEPTH];
    for j in (0..n).step_by(N * PANELS) {
        let above = first(j) / ROWS * ROWS;
        for start in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - start);
            for (panel, j) in panels.iter_mut().zip((j..n).step_by(N)) {
                right.pack(start, j, panel.get_mut(..depth).unwrap_or_default());
            }
            let mut outputs = RowsMut::new(c.get_mut(above * n..).unwrap_or_default(), n);
            let mut i = above;
            while let Some(row) = outputs.next() {
                let mut row = Some(row);
                // Beyond the last row, empty ones.
                let mut rows =
                    [(); ROWS].map(|()| row.take().or_else(|| outputs.next()).unwrap_or_default());
                let factors = left.factors(i, (start, depth), &mut left_panel);
                for (panel, j) in panels.iter().zip((j..n).step_by(N)) {
                    let panel = panel.get(..depth).unwrap_or_default();
                    let outputs = rows.each_mut().map(|row| row.get_mut(j..).unwrap_or_default());
                    tile(factors.clone(), panel, outputs, output);
                }
                i += ROWS;
            }
        }
    }
}

/// The terms of one panel for the first outputs of each row, at most `N`.
#[inline(always)]
pub(crate) fn tile<T: Scalar, const N: usize>(
    a: impl Iterator<Item = [T; ROWS]>,
    panel: &[[T; N]],
    mut c: [&mut [T]; ROWS],
    output: impl Output<T>,
) {
    let mut outputs = [[T::ZERO; N]; ROWS];
    for (outputs, c) in outputs.iter_mut().zip(&c) {
        match c.first_chunk() {
            Some(c) => *outputs = *c,
            None => outputs.iter_mut().zip(&**c).for_each(|(output, &c)| *output = c),
        }
    }
    // Apart from `outputs`, which parts are copied of: these never leave the registers.
    let mut sums = outputs.map(|row| row.map(|old| output.start(old)));
    for (a, b) in a.zip(panel) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    for ((outputs, sums), c) in outputs.iter_mut().zip(sums).zip(&mut c) {
        for (value, sum) in outputs.iter_mut().zip(sums) {
            *value = output.finish(*value, sum);
        }
        match c.first_chunk_mut() {
            Some(c) => *c = *outputs,
            // What was computed beyond the last column is not written.
            None => c.iter_mut().zip(outputs).for_each(|(c, &mut value)| *c = value),
        }
    }
}
