//! The factorisation by blocks of columns, for cores with vectors: of each block first the terms of all
//! columns left of it, by register tiles, then those within it. It takes the same terms in the same
//! order as column by column, and rows do not touch each other but for those on the diagonal.

use crate::error::{Error, Result};
use crate::execute::{Executor, Job};
use crate::linalg::blas::packed::{DEPTH, Four, ROWS, next_rows, one_pays, tile};
use crate::linalg::triangular::{Layout, subtract_dot};
use crate::scalar::Scalar;

/// Whether blocks pay for this order.
#[inline(always)]
pub(super) const fn pays(n: usize) -> bool {
    one_pays(n) && n >= 32
}

/// Factors the lower triangle of order `n`.
#[inline(always)]
pub(super) fn factor<T: Scalar>(
    executor: &impl Executor,
    n: usize,
    layout: Layout,
    a: &mut [T],
) -> Result<()> {
    // Two vectors of 256 bits.
    if size_of::<T>() == 4 {
        blocks::<T, 16>(executor, n, layout, a)
    } else {
        blocks::<T, 8>(executor, n, layout, a)
    }
}

#[inline(always)]
fn blocks<T: Scalar, const N: usize>(
    executor: &impl Executor,
    n: usize,
    layout: Layout,
    a: &mut [T],
) -> Result<()> {
    let mut panel = [[T::ZERO; N]; DEPTH];
    for j in (0..n).step_by(N) {
        let mut rows = Lower { n, layout, first: j, last: n, data: &mut *a };
        rows.data = rows.data.get_mut(layout.start(n, j)..).unwrap_or_default();
        for from in (0..j).step_by(DEPTH) {
            let panel = panel.get_mut(..DEPTH.min(j - from)).unwrap_or_default();
            for (lane, row) in rows.iter().take(N).enumerate() {
                let row = row.get(from..).unwrap_or_default();
                for (panel, &value) in panel.iter_mut().zip(row) {
                    if let Some(panel) = panel.get_mut(lane) {
                        *panel = value;
                    }
                }
            }
            executor.execute(Terms { panel, j, from, rows: rows.reborrow() }, &mut []);
        }
        let corner = &Corner::<T, N>::factor(j, &mut rows.iter())?;
        // Only a whole block has rows below.
        let (_, rows) = rows.split_at(n.min(j + N));
        executor.execute(Finish { corner, j, rows }, &mut []);
    }
    Ok(())
}

/// Rows `first` to `last − 1` of the triangle.
struct Lower<'a, T> {
    n: usize,
    layout: Layout,
    first: usize,
    last: usize,
    data: &'a mut [T],
}

impl<T> Lower<'_, T> {
    #[inline(always)]
    fn reborrow(&mut self) -> Lower<'_, T> {
        let Self { n, layout, first, last, .. } = *self;
        Lower { n, layout, first, last, data: self.data }
    }

    /// The rows up to their diagonal elements.
    #[inline(always)]
    fn iter(&mut self) -> impl Iterator<Item = &mut [T]> {
        let (mut rest, mut i, n, layout) = (&mut *self.data, self.first, self.n, self.layout);
        core::iter::from_fn(move || {
            let row = rest.split_off_mut(..layout.stride(n, i))?;
            i += 1;
            row.get_mut(..i)
        })
    }

    /// The rows above row `i`, and the others.
    fn split_at(self, i: usize) -> (Self, Self) {
        let Self { n, layout, first, last, data } = self;
        let at = layout.start(n, i) - layout.start(n, first);
        let (above, below) = data.split_at_mut(at.min(data.len()));
        let part = |first, last, data| Self { n, layout, first, last, data };
        (part(first, i, above), part(i, last, below))
    }

    /// Halves, of whole groups of rows that are taken together.
    fn halves(self) -> (Self, Self) {
        let rows = self.last - self.first;
        let half = (rows / 2).next_multiple_of(LANES).min(rows);
        let middle = self.first + half;
        self.split_at(middle)
    }
}

/// The terms from `from` on, which the panel holds, to be taken from the columns from `j` on.
struct Terms<'a, T, const N: usize> {
    panel: &'a [[T; N]],
    j: usize,
    from: usize,
    rows: Lower<'a, T>,
}

impl<T: Scalar, const N: usize> Job<T> for Terms<'_, T, N> {
    fn cost(&self) -> usize {
        (self.rows.last - self.rows.first).saturating_mul(self.panel.len()).saturating_mul(N)
    }

    fn split(self) -> (Self, Self) {
        let (above, below) = self.rows.halves();
        (Self { rows: above, ..self }, Self { rows: below, ..self })
    }

    #[inline(always)]
    fn run(self, _: &mut [T]) {
        let Self { panel, j, from, mut rows } = self;
        let mut rows = rows.iter();
        while let Some(first) = rows.next() {
            subtract(next_rows(first, &mut rows), j, from, panel);
        }
    }
}

/// The columns from `j` on, to be finished in rows below the diagonal block.
struct Finish<'a, T, const N: usize> {
    corner: &'a Corner<T, N>,
    j: usize,
    rows: Lower<'a, T>,
}

impl<T: Scalar, const N: usize> Job<T> for Finish<'_, T, N> {
    fn cost(&self) -> usize {
        (self.rows.last - self.rows.first).saturating_mul(N * N / 2)
    }

    fn split(self) -> (Self, Self) {
        let (above, below) = self.rows.halves();
        (Self { rows: above, ..self }, Self { rows: below, ..self })
    }

    #[inline(always)]
    fn run(self, _: &mut [T]) {
        let Self { corner, j, mut rows } = self;
        let mut blocks = rows.iter().map(|row| row.get_mut(j..).and_then(<[T]>::first_chunk_mut));
        while let Some(first) = blocks.next() {
            let mut first = Some(first);
            corner.apply([(); LANES].map(|()| first.take().or_else(|| blocks.next()).flatten()));
        }
    }
}

/// Takes from the columns from `j` on the terms `from…` that the panel holds.
#[inline(always)]
fn subtract<T: Scalar, const N: usize>(
    rows: [&mut [T]; ROWS],
    j: usize,
    from: usize,
    panel: &[[T; N]],
) {
    let mut lefts = [&[][..]; ROWS];
    let mut blocks = rows;
    for (left, block) in lefts.iter_mut().zip(&mut blocks) {
        let row = core::mem::take(block);
        if let Some((known, rest)) = row.split_at_mut_checked(j) {
            *left = known.get(from..).unwrap_or_default();
            *block = rest;
        }
    }
    tile(Four::new(lefts, panel.len(), |left: T| -left), panel, blocks);
}

/// Rows below a diagonal block that are finished together, one in each lane of a register.
const LANES: usize = 16;

/// The factor's elements on the diagonal block: what the rows below it take.
struct Corner<T, const N: usize> {
    rows: [[T; N]; N],
    /// The reciprocals of the diagonal.
    scales: [T; N],
}

impl<T: Scalar, const N: usize> Corner<T, N> {
    /// Factors the first `N` of `rows`, which begin at column `j`.
    #[inline(always)]
    fn factor<'a>(j: usize, rows: &mut impl Iterator<Item = &'a mut [T]>) -> Result<Self>
    where
        T: 'a,
    {
        let mut corner = Self { rows: [[T::ZERO; N]; N], scales: [T::ZERO; N] };
        for (i, row) in rows.take(N).enumerate() {
            let block = row.get_mut(j..).unwrap_or_default();
            let Some((diagonal, left)) = block.split_last_mut() else { continue };
            for (k, (above, &scale)) in corner.rows.iter().zip(&corner.scales).enumerate() {
                if let Some((before, [x, ..])) = left.split_at_mut_checked(k) {
                    *x = subtract_dot(*x, before, above) * scale;
                }
            }
            let pivot = subtract_dot(*diagonal, left, left);
            // A NaN pivot takes the error branch too.
            if !(pivot > T::ZERO && pivot.is_finite()) {
                return Err(Error::NotPositiveDefinite { pivot: j + i });
            }
            *diagonal = pivot.sqrt();
            if let (Some(row), Some(scale)) = (corner.rows.get_mut(i), corner.scales.get_mut(i)) {
                row.iter_mut().zip(&*left).for_each(|(slot, &x)| *slot = x);
                *scale = T::ONE / *diagonal;
            }
        }
        Ok(corner)
    }

    /// Finishes the block's elements of rows below it.
    #[inline(always)]
    fn apply(&self, mut blocks: [Option<&mut [T; N]>; LANES]) {
        let mut columns = [[T::ZERO; LANES]; N];
        for (lane, block) in blocks.iter().enumerate() {
            for (column, &x) in columns.iter_mut().zip(block.iter().flat_map(|block| &**block)) {
                if let Some(slot) = column.get_mut(lane) {
                    *slot = x;
                }
            }
        }
        for (k, (row, &scale)) in self.rows.iter().zip(&self.scales).enumerate() {
            let Some((before, [column, ..])) = columns.split_at_mut_checked(k) else { continue };
            let mut sums = *column;
            for (before, &factor) in before.iter().zip(row) {
                for (sum, &x) in sums.iter_mut().zip(before) {
                    *sum -= x * factor;
                }
            }
            *column = sums.map(|sum| sum * scale);
        }
        for (lane, block) in blocks.iter_mut().enumerate() {
            for (x, column) in block.iter_mut().flat_map(|block| &mut **block).zip(&columns) {
                if let Some(&finished) = column.get(lane) {
                    *x = finished;
                }
            }
        }
    }
}
