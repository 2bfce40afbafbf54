//! `ABᵀ` by panels of `Bᵀ` packed on the stack.
//!
//! Along the rows of `B` the sums of neighbouring outputs lie apart, and no vector register can hold
//! them; a packed panel has them side by side. It pays from some rows of `A` on. Between two panels of
//! the same columns the sums rest in `C`, which loses no bit.

use super::tile::{Accumulate, TILE, four_parts, four_parts_mut, tile};
use crate::mat::{MatRef, Rows, RowsMut};
use crate::scalar::Scalar;

/// Whether packing pays for this many rows of `A`; never on a microcontroller, whose registers hold one
/// number and whose stack has no room for a panel.
#[inline(always)]
pub(super) const fn pays(rows: usize) -> bool {
    usize::BITS >= 64 && rows >= 8
}

/// Terms of each sum that one panel covers.
const DEPTH: usize = 64;

/// `C ← C + (αA)Bᵀ` for `C` with as many rows as `A` and rows as long as `B` has rows.
#[inline(always)]
pub(super) fn rows_times_rows<T: Scalar>(
    scale: impl Fn(T) -> T + Copy,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    c: &mut [T],
) {
    let (k, n) = (a.ncols(), b.nrows());
    let mut panel = [[T::ZERO; TILE]; DEPTH];
    for j in (0..n).step_by(TILE) {
        let rows = b.row_range(j, j + TILE);
        for start in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - start);
            let Some(panel) = panel.get_mut(..depth) else { return };
            pack(rows, start, panel);
            let Ok(panel) = MatRef::new(panel.as_flattened(), depth, TILE) else { return };
            let part = start..start + depth;
            let mut strips = Rows::new(a.data(), k.saturating_mul(4));
            let mut outputs = RowsMut::new(c, n.saturating_mul(4));
            for (a, c) in strips.by_ref().zip(outputs.by_ref()) {
                let (Some(a), Some(c)) = (four_parts(a), four_parts_mut(c)) else { return };
                let [Some(a0), Some(a1), Some(a2), Some(a3)] = a.map(|row| row.get(part.clone()))
                else {
                    return;
                };
                let factors =
                    a0.iter().zip(a1).zip(a2).zip(a3).map(|(((&a0, &a1), &a2), &a3)| {
                        [scale(a0), scale(a1), scale(a2), scale(a3)]
                    });
                add(factors, panel, j, c);
            }
            for (a, c) in Rows::new(strips.into_rest(), k).zip(RowsMut::new(outputs.into_rest(), n))
            {
                let Some(a) = a.get(part.clone()) else { return };
                add(a.iter().map(|&a| [scale(a)]), panel, j, [c]);
            }
        }
    }
}

/// Copies the columns from `start` on of at most [`TILE`] rows into the rows of `panel`.
#[inline(always)]
fn pack<T: Scalar>(rows: MatRef<'_, T>, start: usize, panel: &mut [[T; TILE]]) {
    for (i, row) in rows.rows().enumerate() {
        for (packed, &value) in panel.iter_mut().zip(row.get(start..).unwrap_or_default()) {
            if let Some(packed) = packed.get_mut(i) {
                *packed = value;
            }
        }
    }
}

/// Adds the terms of one panel to the outputs from column `j` on of `M` rows, at most [`TILE`] each.
#[inline(always)]
fn add<T: Scalar, const M: usize>(
    a: impl Iterator<Item = [T; M]>,
    panel: MatRef<'_, T>,
    j: usize,
    c: [&mut [T]; M],
) {
    let mut c = c.map(|c| c.get_mut(j..).unwrap_or_default());
    let mut sums = [[T::ZERO; TILE]; M];
    for (sums, c) in sums.iter_mut().zip(&c) {
        match c.first_chunk() {
            Some(c) => *sums = *c,
            None => sums.iter_mut().zip(&**c).for_each(|(sum, &c)| *sum = c),
        }
    }
    // The last panel may be short of columns: what it computes beyond them is not written.
    tile(a, &panel, 0, sums.each_mut(), Accumulate);
    for (sums, c) in sums.iter().zip(&mut c) {
        match c.first_chunk_mut() {
            Some(c) => *c = *sums,
            None => c.iter_mut().zip(sums).for_each(|(c, &sum)| *c = sum),
        }
    }
}
