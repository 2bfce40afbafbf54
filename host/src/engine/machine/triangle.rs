//! The lower triangle of a symmetric matrix, factored in place by Cholesky's method. It is kept as panels
//! of columns, each from its diagonal down: half the memory of the square. Threads share the rows of a
//! panel, then the tiles of those right of it; all is cut and summed the same way whatever the threads.

use super::pages::Zeros;
use super::profile::Real;
use super::tiles::{view, view_mut};
use fact_core::Error;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Columns of a panel.
const PANEL: usize = 192;
/// Rows of a tile of a panel: so few that a tile's left side stays in the first cache, and a multiple of
/// what the microkernels of `gemm` take at once, 24 or 96.
const TILE: usize = 96;
/// Rows that one thread takes at a time of a right-hand side.
const ROWS: usize = 512;

/// Words that the matrix takes, and factoring it.
pub(crate) fn triangle_words(n: usize) -> usize {
    let panels = n.div_ceil(PANEL);
    let lower = n.saturating_mul(n.saturating_add(PANEL)) / 2;
    let rows = panels.saturating_sub(1).saturating_mul(PANEL * PANEL);
    lower.saturating_add(rows)
}

/// The lower triangle of an `n×n` matrix, or its factor. Above the diagonal, only the diagonal blocks of
/// the panels have room.
pub(super) struct Triangle<T> {
    n: usize,
    data: Zeros<T>,
}

/// One panel, by columns.
struct Panel<'a, T> {
    first: usize,
    columns: MatMut<'a, T>,
}

/// Index of the first column of each panel, and its number of columns.
fn widths(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).step_by(PANEL).map(move |first| (first, PANEL.min(n - first)))
}

impl<T: Real> Triangle<T> {
    pub(super) fn new(n: usize) -> Self {
        let len = widths(n).map(|(first, width)| width * (n - first)).sum();
        Self { n, data: Zeros::new(len) }
    }

    /// The first column of each panel, and its elements by columns, from the diagonal's row on.
    pub(super) fn panels(&mut self) -> impl Iterator<Item = (usize, &mut [T])> {
        let n = self.n;
        let mut rest = &mut *self.data;
        widths(n).map(move |(first, width)| {
            let (panel, after) = std::mem::take(&mut rest).split_at_mut(width * (n - first));
            rest = after;
            (first, panel)
        })
    }

    /// The element `i, i`.
    pub(super) fn diagonal(&mut self, i: usize) -> &mut T {
        let (n, first) = (self.n, i / PANEL * PANEL);
        // Panels before this one: n, n − PANEL, … rows.
        let panels = i / PANEL;
        let before = PANEL * (panels * n - PANEL * (panels * panels.saturating_sub(1) / 2));
        &mut self.data[before + (i - first) * (n - first + 1)]
    }

    fn matrices(&mut self) -> Vec<Panel<'_, T>> {
        let n = self.n;
        let matrix = |(first, panel): (usize, _)| Panel {
            first,
            columns: MatMut::from_column_major_slice_mut(panel, n - first, PANEL.min(n - first)),
        };
        self.panels().map(matrix).collect()
    }

    /// Overwrites a positive definite matrix by its factor; `done` hears the columns that are finished.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`].
    pub(super) fn factor(&mut self, done: impl Fn(usize)) -> Result<(), Error> {
        let n = self.n;
        // What is below the diagonal block, by rows: products read their right side along the inner
        // index.
        let mut memory = vec![T::ZERO; n.saturating_sub(PANEL) * PANEL];
        let mut panels = self.matrices();
        let mut rest = &mut panels[..];
        while let Some((panel, others)) = rest.split_first_mut() {
            let (first, width) = (panel.first, panel.columns.ncols());
            let (mut block, mut below) = panel.columns.rb_mut().split_at_row_mut(width);
            factor_block(block.rb_mut())
                .map_err(|pivot| Error::NotPositiveDefinite { pivot: first + pivot })?;
            let (block, rows) = (block.rb(), &mut memory[..below.nrows() * width]);
            let copies = rows.par_chunks_mut(TILE * width);
            below.rb_mut().par_row_chunks_mut(TILE).zip(copies).for_each(|(mut tile, copy)| {
                solve_lower_triangular_in_place(block, tile.rb_mut().transpose_mut(), Par::Seq);
                view_mut(copy, tile.nrows(), width).copy_from(tile);
            });
            let rows = view(rows, below.nrows(), width);
            others.par_iter_mut().with_max_len(1).for_each(|other| {
                let start = other.first - first - width;
                let l = below.rb().get(start.., ..);
                let r = rows.get(start..start + other.columns.ncols(), ..).transpose();
                update(other.columns.rb_mut(), l, r);
            });
            rest = others;
            done(first + width);
        }
        Ok(())
    }

    /// `B ← (LLᵀ)⁻¹B`, of the factor `L`.
    pub(super) fn solve(&mut self, mut b: MatMut<'_, T>) {
        let panels = self.matrices();
        for Panel { first, columns } in &panels {
            let (block, below) = columns.rb().split_at_row(columns.ncols());
            let own = b.rb_mut().get_mut(*first.., ..);
            let (mut own, rest) = own.split_at_row_mut(columns.ncols());
            solve_lower_triangular_in_place(block, own.rb_mut(), Par::Seq);
            let own = own.rb();
            rest.par_row_chunks_mut(ROWS).enumerate().for_each(|(k, rest)| {
                let below = below.get(k * ROWS..k * ROWS + rest.nrows(), ..);
                matmul(rest, Accum::Add, below, own, -T::ONE, Par::Seq);
            });
        }
        for Panel { first, columns } in panels.iter().rev() {
            let (block, below) = columns.rb().split_at_row(columns.ncols());
            let own = b.rb_mut().get_mut(*first.., ..);
            let (mut own, rest) = own.split_at_row_mut(columns.ncols());
            let (width, c, rest) = (own.nrows(), own.ncols(), rest.rb());
            let products: Vec<Vec<T>> = (0..rest.nrows().div_ceil(ROWS))
                .into_par_iter()
                .map(|k| {
                    let rows = k * ROWS..(k * ROWS + ROWS).min(rest.nrows());
                    let mut product = vec![T::ZERO; width * c];
                    let (below, rest) = (below.get(rows.clone(), ..), rest.get(rows, ..));
                    let out = view_mut(&mut product, width, c);
                    matmul(out, Accum::Replace, below.transpose(), rest, T::ONE, Par::Seq);
                    product
                })
                .collect();
            for product in &products {
                own -= view(product, width, c);
            }
            solve_upper_triangular_in_place(block.transpose(), own, Par::Seq);
        }
    }
}

/// One block by one thread; the pivot that is not positive otherwise.
fn factor_block<T: Real>(block: MatMut<'_, T>) -> Result<(), usize> {
    let params = Default::default();
    let words = llt::factor::cholesky_in_place_scratch::<T>(block.nrows(), Par::Seq, params);
    let mut memory = MemBuffer::new(words);
    let stack = MemStack::new(&mut memory);
    match llt::factor::cholesky_in_place(block, Default::default(), Par::Seq, stack, params) {
        Ok(_) => Ok(()),
        Err(llt::factor::LltError::NonPositivePivot { index }) => Err(index),
    }
}

/// `A ← A − LR` for a panel, tile by tile, but above the diagonal.
fn update<T: Real>(a: MatMut<'_, T>, l: MatRef<'_, T>, r: MatRef<'_, T>) {
    let width = a.ncols();
    let (block, below) = a.split_at_row_mut(width);
    let (upper, lower) = l.split_at_row(width);
    let full = BlockStructure::Rectangular;
    let triangle = BlockStructure::TriangularLower;
    triangular::matmul(block, triangle, Accum::Add, upper, full, r, full, -T::ONE, Par::Seq);
    below.par_row_chunks_mut(TILE).enumerate().for_each(|(k, tile)| {
        let l = lower.get(k * TILE..k * TILE + tile.nrows(), ..);
        matmul(tile, Accum::Add, l, r, -T::ONE, Par::Seq);
    });
}
