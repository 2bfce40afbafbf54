//! Products by register tiles over panels of `B` packed on the stack: what a core with vectors runs.
//!
//! A tile holds [`ROWS`] rows of outputs of as many columns as fill the registers, one accumulator each.
//! A panel has the right factors of its columns side by side, whether they lie along the rows of `B` or
//! along its columns, and serves all rows of `A`. Between two panels of the same columns the sums rest
//! in `C`, which loses no bit.

use crate::mat::{MatRef, RowsMut};
use crate::scalar::Scalar;

/// Whether many panels pay for `m×n` outputs of `k` terms; never on a microcontroller, whose registers
/// hold one number and whose stack has no room for a panel.
#[inline(always)]
pub(super) const fn pays(m: usize, k: usize, n: usize) -> bool {
    one_pays(m) && m.saturating_mul(k).saturating_mul(n) >= 1 << 21
}

/// Whether one panel pays for `m` rows of outputs whose right factors lie along the rows of `B`: no
/// register holds neighbouring ones otherwise.
#[inline(always)]
pub(crate) const fn one_pays(m: usize) -> bool {
    usize::BITS >= 64 && m >= 8
}

/// Rows of a tile.
///
/// With two vectors a row, eight accumulators: enough to hide the latency of an addition, and sixteen
/// registers hold them with all factors in whatever order the compiler takes these. Twelve, of six rows,
/// need fewer loads and were spilled in every second program.
pub(crate) const ROWS: usize = 4;

/// Terms of each sum that one panel covers.
pub(crate) const DEPTH: usize = 96;

/// Terms that are taken together.
const BLOCK: usize = 32;

/// Panels that lie side by side.
const PANELS: usize = 4;

/// Left factors of some terms of the outputs of a tile.
///
/// Some at a time and not by an iterator: whether nested iterators are inlined into the innermost loop
/// depends on how much else is around it, and a call there costs all registers.
pub(crate) trait Terms<T>: Copy {
    /// Those of terms `k` to `k + K − 1`, if there are as many.
    fn block<const K: usize>(&self, k: usize) -> Option<impl Factors<T>>;
}

/// Left factors of a number of terms known at compile time, so that none is asked for in vain.
pub(crate) trait Factors<T> {
    /// Those of term `k`.
    fn at(&self, k: usize) -> [T; ROWS];
}

/// Equally long rows, each times `α`.
#[derive(Clone, Copy)]
pub(crate) struct Four<'a, T, S>([&'a [T]; ROWS], S);

impl<'a, T, S> Four<'a, T, S> {
    /// The first `len` elements of the rows. A row that has not as many is that of a missing output: the
    /// first one stands in for it.
    #[inline(always)]
    pub(crate) fn new(mut rows: [&'a [T]; ROWS], len: usize, scale: S) -> Self {
        let [first, ..] = rows;
        for row in &mut rows {
            *row = row.get(..len).or_else(|| first.get(..len)).unwrap_or_default();
        }
        Self(rows, scale)
    }
}

impl<'a, T: Scalar, S: Fn(T) -> T + Copy> Terms<T> for Four<'a, T, S> {
    #[inline(always)]
    fn block<const K: usize>(&self, k: usize) -> Option<impl Factors<T>> {
        let [a, b, c, d] = self.0;
        let part = |row: &'a [T]| row.get(k..)?.first_chunk::<K>();
        Some(FourBlock([part(a)?, part(b)?, part(c)?, part(d)?], self.1))
    }
}

struct FourBlock<'a, T, S, const K: usize>([&'a [T; K]; ROWS], S);

impl<T: Scalar, S: Fn(T) -> T + Copy, const K: usize> Factors<T> for FourBlock<'_, T, S, K> {
    #[inline(always)]
    fn at(&self, k: usize) -> [T; ROWS] {
        let mut factors = [T::ZERO; ROWS];
        for (factor, row) in factors.iter_mut().zip(&self.0) {
            *factor = row.get(k).map_or(T::ZERO, |&value| self.1(value));
        }
        factors
    }
}

/// Packed left factors, each times `α`.
#[derive(Clone, Copy)]
struct Packed<'a, T, S>(&'a [[T; ROWS]], S);

impl<T: Scalar, S: Fn(T) -> T + Copy> Terms<T> for Packed<'_, T, S> {
    #[inline(always)]
    fn block<const K: usize>(&self, k: usize) -> Option<impl Factors<T>> {
        Some(PackedBlock::<T, S, K>(self.0.get(k..)?.first_chunk()?, self.1))
    }
}

struct PackedBlock<'a, T, S, const K: usize>(&'a [[T; ROWS]; K], S);

impl<T: Scalar, S: Fn(T) -> T + Copy, const K: usize> Factors<T> for PackedBlock<'_, T, S, K> {
    #[inline(always)]
    fn at(&self, k: usize) -> [T; ROWS] {
        let mut factors = self.0.get(k).copied().unwrap_or([T::ZERO; ROWS]);
        for factor in &mut factors {
            *factor = self.1(*factor);
        }
        factors
    }
}

/// Where the left factors of outputs are.
pub(super) trait Left<T>: Copy {
    /// Those of rows `i` to `i + ROWS − 1`, for terms `start` to `start + depth − 1`, which may be packed
    /// into `panel`. Beyond the last row, zeros.
    fn terms<'p>(
        &'p self,
        i: usize,
        start: usize,
        depth: usize,
        panel: &'p mut [[T; ROWS]],
    ) -> impl Terms<T>;
}

/// Along the rows of `A`, each times `α`.
#[derive(Clone, Copy)]
pub(super) struct Along<'a, T, S>(pub(super) MatRef<'a, T>, pub(super) S);

/// Down the columns of `A`, each times `α`.
#[derive(Clone, Copy)]
pub(super) struct Down<'a, T, S>(pub(super) MatRef<'a, T>, pub(super) S);

impl<T: Scalar, S: Fn(T) -> T + Copy> Left<T> for Along<'_, T, S> {
    #[inline(always)]
    fn terms<'p>(
        &'p self,
        i: usize,
        start: usize,
        depth: usize,
        _: &'p mut [[T; ROWS]],
    ) -> impl Terms<T> {
        let mut rows = [&[][..]; ROWS];
        for (at, row) in rows.iter_mut().enumerate() {
            *row = self.0.row(i + at).and_then(|row| row.get(start..)).unwrap_or_default();
        }
        Four::new(rows, depth, self.1)
    }
}

impl<T: Scalar, S: Fn(T) -> T + Copy> Left<T> for Down<'_, T, S> {
    #[inline(always)]
    fn terms<'p>(
        &'p self,
        i: usize,
        start: usize,
        depth: usize,
        panel: &'p mut [[T; ROWS]],
    ) -> impl Terms<T> {
        let panel = panel.get_mut(..depth).unwrap_or_default();
        Columns(self.0).pack(start, i, panel);
        Packed(panel, self.1)
    }
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

/// `C ← C + AB` for `C` with rows of `n` and sums of `k` terms. Of the columns from `j` on, rows above
/// `first(j)` are left out.
#[inline(always)]
pub(super) fn product<T: Scalar>(
    left: impl Left<T>,
    right: impl Right<T>,
    (n, k): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
) {
    // Two vectors of 256 bits a row.
    if size_of::<T>() == 4 {
        strips::<T, 16, DEPTH, PANELS>(left, right, (n, k), first, c);
    } else {
        strips::<T, 8, DEPTH, PANELS>(left, right, (n, k), first, c);
    }
}

/// `C ← C + AB` by few short panels, which are filled at once.
#[inline(always)]
pub(super) fn small_product<T: Scalar>(
    left: impl Left<T>,
    right: impl Right<T>,
    (n, k): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
) {
    strips::<T, 8, 64, 2>(left, right, (n, k), first, c);
}

/// `C ← C + AB` by short panels as wide as those of [`product`]: for what is compiled for the widest
/// vectors of the machine.
#[inline(always)]
pub(super) fn wide_product<T: Scalar>(
    left: impl Left<T>,
    right: impl Right<T>,
    (n, k): (usize, usize),
    c: &mut [T],
) {
    if size_of::<T>() == 4 {
        strips::<T, 16, 64, 4>(left, right, (n, k), |_| 0, c);
    } else {
        strips::<T, 8, 64, 4>(left, right, (n, k), |_| 0, c);
    }
}

#[inline(always)]
fn strips<T: Scalar, const N: usize, const DEPTH: usize, const PANELS: usize>(
    left: impl Left<T>,
    right: impl Right<T>,
    (n, k): (usize, usize),
    first: impl Fn(usize) -> usize,
    c: &mut [T],
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
                // Beyond the last row, empty ones.
                let mut rows = next_rows(row, &mut outputs);
                let terms = left.terms(i, start, depth, &mut left_panel);
                for (panel, j) in panels.iter().zip((j..n).step_by(N)) {
                    let panel = panel.get(..depth).unwrap_or_default();
                    let [r0, r1, r2, r3] = &mut rows;
                    let mut parts = [&mut **r0, r1, r2, r3];
                    for part in &mut parts {
                        *part = core::mem::take(part).get_mut(j..).unwrap_or_default();
                    }
                    tile(terms, panel, parts);
                }
                i += ROWS;
            }
        }
    }
}

/// `first` and the rows after it; empty ones beyond the last.
#[inline(always)]
pub(crate) fn next_rows<'a, T>(
    first: &'a mut [T],
    rest: &mut impl Iterator<Item = &'a mut [T]>,
) -> [&'a mut [T]; ROWS] {
    let mut next = || rest.next().unwrap_or_default();
    [first, next(), next(), next()]
}

/// The terms of one panel for the first outputs of each row, at most `N`.
#[inline(always)]
pub(crate) fn tile<T: Scalar, const N: usize>(
    terms: impl Terms<T>,
    panel: &[[T; N]],
    mut c: [&mut [T]; ROWS],
) {
    let mut outputs = [[T::ZERO; N]; ROWS];
    for (outputs, c) in outputs.iter_mut().zip(&c) {
        match c.first_chunk() {
            Some(c) => *outputs = *c,
            None => outputs.iter_mut().zip(&**c).for_each(|(output, &c)| *output = c),
        }
    }
    // Apart from `outputs`, which parts are copied of: these never leave the registers.
    let mut sums = [[T::ZERO; N]; ROWS];
    for (sums, outputs) in sums.iter_mut().zip(&outputs) {
        *sums = *outputs;
    }
    let (blocks, rest) = panel.as_chunks::<BLOCK>();
    let mut k = 0;
    for block in blocks {
        let Some(factors) = terms.block::<BLOCK>(k) else { return };
        add(&mut sums, &factors, block);
        k += BLOCK;
    }
    for b in rest {
        let Some(factors) = terms.block::<1>(k) else { return };
        add(&mut sums, &factors, core::array::from_ref(b));
        k += 1;
    }
    for ((outputs, sums), c) in outputs.iter_mut().zip(sums).zip(&mut c) {
        *outputs = sums;
        match c.first_chunk_mut() {
            Some(c) => *c = *outputs,
            // What was computed beyond the last column is not written.
            None => c.iter_mut().zip(outputs).for_each(|(c, &mut value)| *c = value),
        }
    }
}

/// Adds the terms of a block, one after the other.
#[inline(always)]
fn add<T: Scalar, const N: usize, const K: usize>(
    sums: &mut [[T; N]; ROWS],
    factors: &impl Factors<T>,
    panel: &[[T; N]; K],
) {
    for k in 0..K {
        let Some(b) = panel.get(k) else { return };
        for (sums, a) in sums.iter_mut().zip(factors.at(k)) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
}
