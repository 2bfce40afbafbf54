//! The number `t` of every pair of points, in register tiles, and sums over what is made of it.
//!
//! Order of sums, for points `x`, `z` and the mapped `x̃ = Mx`, `z̃ = Mz`, inputs `k` in ascending
//! order, one accumulator a pair:
//!
//! - inner product: `t = Σₖ xₖz̃ₖ`;
//! - squared distance: `t = Σₖ (xₖ − zₖ)(x̃ₖ − z̃ₖ)`, of differences. Equal points are at distance
//!   exactly 0, near ones keep their digits, and `x`, `z` may change places to the bit. The
//!   expanded square, faster by half, leaves noise of `√ε‖x‖` between duplicates, into `1/u` of a
//!   Laplace slope.
//!
//! Tiles of [`ROWS`] rows and [`PANEL`] columns work on different pairs, so their sizes change no bit.

use super::metric::Metric;
use super::row;
use crate::error::{Result, check_shape};
use crate::linalg::blas::{four, gemm_any, two};
use crate::mat::{MatMut, MatRef, RowsMut};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Columns of the widest register tile.
const WIDEST: usize = 8;
/// Columns of a register tile; a 32-bit core has registers for half as many.
const PANEL: usize = if usize::BITS >= 64 { WIDEST } else { WIDEST / 2 };

/// Rows of a register tile. Two leave a 32-bit core registers for the two panels and a smaller frame.
const ROWS: usize = PANEL / 2;

/// What the number `t` of a pair is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// `xᵀMz`.
    InnerProduct,
    /// `(x−z)ᵀM(x−z)`.
    SquaredDistance,
}

/// Points and their images under the metric, row by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapped<'a, T> {
    pub x: MatRef<'a, T>,
    pub image: MatRef<'a, T>,
}

impl<'a, T: Scalar> Mapped<'a, T> {
    /// Maps `x: n×d`, into `n·d` words.
    pub(super) fn new<'s: 'a>(
        metric: &Metric<'_, T>,
        x: MatRef<'a, T>,
        scratch: &mut Scratch<'s, T>,
    ) -> Result<Self> {
        let image = scratch.take(x.nrows().saturating_mul(x.ncols()))?;
        metric.apply(x, MatMut::new(image, x.nrows(), x.ncols())?)?;
        Ok(Self { x, image: MatRef::new(image, x.nrows(), x.ncols())? })
    }

    /// Points `start..end`.
    pub(super) fn range(&self, start: usize, end: usize) -> Self {
        Self { x: self.x.row_range(start, end), image: self.image.row_range(start, end) }
    }
}

/// The points `z: n×d` that others are paired with.
#[derive(Debug)]
pub(super) struct Pairs<'a, T> {
    pub form: Form,
    pub z: Mapped<'a, T>,
    /// Column `j` of a panel is point `j` of the [`PANEL`] at hand.
    panel: &'a mut [[T; PANEL]],
    image_panel: &'a mut [[T; PANEL]],
}

/// Words that [`Pairs::new`] takes: on every machine those of the widest tile, so that a plan made
/// on one holds on all.
pub(super) const fn pairs_scratch(n: usize, d: usize) -> usize {
    n.saturating_add(2 * WIDEST).saturating_mul(d)
}

impl<'a, T: Scalar> Pairs<'a, T> {
    pub(super) fn new<'s: 'a>(
        form: Form,
        metric: &Metric<'_, T>,
        z: MatRef<'a, T>,
        scratch: &mut Scratch<'s, T>,
    ) -> Result<Self> {
        let z = Mapped::new(metric, z, scratch)?;
        let d = z.x.ncols();
        let mut panels = Scratch::new(scratch.take(d.saturating_mul(2 * WIDEST))?);
        let panel = panels.take(d.saturating_mul(PANEL))?.as_chunks_mut().0;
        let image_panel = panels.take(d.saturating_mul(PANEL))?.as_chunks_mut().0;
        Ok(Self { form, z, panel, image_panel })
    }

    /// `outᵢⱼ ← f(tᵢⱼ)` of row `i` of `x` and point `j`, for `out: m×n`. The images of `x` are read
    /// for squared distances only.
    #[inline(never)]
    pub(super) fn rows(
        &mut self,
        x: &Mapped<'_, T>,
        f: impl Fn(T) -> T,
        mut out: MatMut<'_, T>,
    ) -> Result<()> {
        let n = self.z.x.nrows();
        check_shape("x", (out.nrows(), self.z.x.ncols()), x.x.shape())?;
        check_shape("out", (x.x.nrows(), n), out.shape())?;
        let out = out.data_mut();
        self.each(
            x,
            |_| 0,
            |i, j, values| {
                let row = out.get_mut(i * n + j..).unwrap_or_default();
                let (row, _) = row.split_at_mut_checked((n - j).min(PANEL)).unwrap_or_default();
                for (out, &t) in row.iter_mut().zip(values) {
                    *out = f(t);
                }
            },
        );
        Ok(())
    }

    /// Hands `put` each point `i`, a first column `j ≤ i` and `f(t)` of the columns from `j` up to
    /// at most `i`: every pair of the lower triangle once.
    #[inline(never)]
    pub(super) fn lower(&mut self, f: impl Fn(T) -> T, mut put: impl FnMut(usize, usize, &[T])) {
        // Whole groups of rows; those that begin above the diagonal have pairs to leave out.
        let z = self.z;
        self.each(
            &z,
            |j| j,
            |i, j, values| {
                let wanted = (i + 1).saturating_sub(j).min(PANEL);
                let mut mapped = [T::ZERO; PANEL];
                for (mapped, &t) in mapped.iter_mut().zip(values).take(wanted) {
                    *mapped = f(t);
                }
                if let Some((mapped, _)) = mapped.split_at_checked(wanted) {
                    put(i, j, mapped);
                }
            },
        );
    }

    /// Hands `put` the tiles, one row `(i, j, t of columns j…)` after the other; of a panel that
    /// begins at column `j`, rows from `first(j)` on.
    fn each(
        &mut self,
        x: &Mapped<'_, T>,
        first: impl Fn(usize) -> usize,
        mut put: impl FnMut(usize, usize, &[T; PANEL]),
    ) {
        let (m, n) = (x.x.nrows(), self.z.x.nrows());
        // Without rows, no panel need be filled, however many there are.
        let n = if m == 0 { 0 } else { n };
        for j in (0..n).step_by(PANEL) {
            fill(self.panel, self.z.x, j);
            fill(self.image_panel, self.z.image, j);
            let mut i = first(j);
            while i < m {
                let many = if i + ROWS <= m { ROWS } else { 1 };
                match many {
                    4 => hand(&self.tile(x, i, four), i, j, &mut put),
                    2 => hand(&self.tile(x, i, two), i, j, &mut put),
                    _ => hand(&self.tile(x, i, one), i, j, &mut put),
                }
                i += many;
            }
        }
    }

    /// `t` of points `i` to `i + M − 1`, which `columns` turns into columns, and the panel.
    ///
    /// Not inlined: neither its frame nor that of `f` lies on the stack with the other.
    #[inline(never)]
    fn tile<'x, const M: usize, A: Iterator<Item = [T; M]>>(
        &self,
        x: &Mapped<'x, T>,
        i: usize,
        columns: impl Fn([&'x [T]; M]) -> A,
    ) -> [[T; PANEL]; M] {
        let (x, image) = (columns(rows(x.x, i)), columns(rows(x.image, i)));
        let mut sums = [[T::ZERO; PANEL]; M];
        match self.form {
            Form::InnerProduct => {
                for (x, image) in x.zip(&*self.image_panel) {
                    for (sums, x) in sums.iter_mut().zip(x) {
                        for (sum, &image) in sums.iter_mut().zip(image) {
                            *sum += x * image;
                        }
                    }
                }
            }
            Form::SquaredDistance => {
                let panels = self.panel.iter().zip(&*self.image_panel);
                for ((x, image), (z, z_image)) in x.zip(image).zip(panels) {
                    for ((sums, x), image) in sums.iter_mut().zip(x).zip(image) {
                        for ((sum, &z), &z_image) in sums.iter_mut().zip(z).zip(z_image) {
                            *sum += (x - z) * (image - z_image);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// Hands `put` the rows of a tile, from row `i` and column `j` on.
#[inline(always)]
fn hand<T>(
    tile: &[[T; PANEL]],
    i: usize,
    j: usize,
    put: &mut impl FnMut(usize, usize, &[T; PANEL]),
) {
    for (at, row) in tile.iter().enumerate() {
        put(i + at, j, row);
    }
}

/// Copies points `j…` of `rows` into the columns of a panel, zeros beyond the last.
fn fill<T: Scalar>(panel: &mut [[T; PANEL]], rows: MatRef<'_, T>, j: usize) {
    for lane in 0..PANEL {
        let padded = row(rows, j + lane).iter().copied().chain(core::iter::repeat(T::ZERO));
        for (column, value) in panel.iter_mut().zip(padded) {
            if let Some(slot) = column.get_mut(lane) {
                *slot = value;
            }
        }
    }
}

/// Rows `i` to `i + M − 1`.
#[inline(always)]
fn rows<'a, T: Scalar, const M: usize>(x: MatRef<'a, T>, i: usize) -> [&'a [T]; M] {
    core::array::from_fn(|at| row(x, i + at))
}

/// A row as columns of one.
#[inline(always)]
fn one<T: Scalar>([row]: [&[T]; 1]) -> impl Iterator<Item = [T; 1]> {
    row.iter().map(|&x| [x])
}

/// `outᵢ ← Σⱼ wᵢⱼ z_j`, or, of squared distances, `Σⱼ wᵢⱼ (xᵢ − z_j)`, from differences, `j` in
/// ascending order: for `W: m×n`, `x: m×d`, `z: n×d`, `out: m×d`. Up to the factor that the slope
/// carries, the gradient of `Σⱼ K(xᵢ, z_j)` in coordinates before the metric.
///
/// Cost: `mnd` multiplications and additions, and `mnd` subtractions for differences.
#[inline(never)]
pub(super) fn combine<T: Scalar>(
    form: Form,
    w: MatRef<'_, T>,
    x: MatRef<'_, T>,
    z: MatRef<'_, T>,
    mut out: MatMut<'_, T>,
) -> Result<()> {
    if form == Form::InnerProduct {
        return gemm_any(&w, &z, T::ZERO, out);
    }
    let (n, d) = z.shape();
    check_shape("w", (x.nrows(), n), w.shape())?;
    check_shape("x", (w.nrows(), d), x.shape())?;
    check_shape("out", (w.nrows(), d), out.shape())?;
    out.data_mut().fill(T::ZERO);
    let mut rest = out.data_mut();
    let mut i = 0;
    while i < w.nrows() {
        let many = if i + ROWS <= w.nrows() { ROWS } else { 1 };
        let own = x.row_range(i, i + many);
        let out = rest.split_off_mut(..own.data().len()).unwrap_or_default();
        match many {
            4 => differences(|| four(rows(w, i)), own, z, out),
            2 => differences(|| two(rows(w, i)), own, z, out),
            _ => differences(|| one(rows(w, i)), own, z, out),
        }
        i += many;
    }
    Ok(())
}

/// `M` rows of [`combine`], strip by strip of columns.
#[inline(never)]
fn differences<T: Scalar, const M: usize, W: Iterator<Item = [T; M]>>(
    weights: impl Fn() -> W,
    x: MatRef<'_, T>,
    z: MatRef<'_, T>,
    out: &mut [T],
) {
    let d = z.ncols();
    let full = d / PANEL * PANEL;
    for k in (0..full).step_by(PANEL) {
        strip::<T, M, PANEL>(weights(), k, x, z, out);
    }
    for k in full..d {
        strip::<T, M, 1>(weights(), k, x, z, out);
    }
}

#[inline(always)]
fn strip<T: Scalar, const M: usize, const N: usize>(
    weights: impl Iterator<Item = [T; M]>,
    k: usize,
    x: MatRef<'_, T>,
    z: MatRef<'_, T>,
    out: &mut [T],
) {
    let mut own = [[T::ZERO; N]; M];
    for (own, x) in own.iter_mut().zip(x.rows()) {
        if let Some(x) = x.get(k..).and_then(|x| x.first_chunk::<N>()) {
            *own = *x;
        }
    }
    let mut sums = [[T::ZERO; N]; M];
    for (weights, z) in weights.zip(z.rows()) {
        let Some(z) = z.get(k..).and_then(|z| z.first_chunk::<N>()) else { return };
        for ((sums, weight), own) in sums.iter_mut().zip(weights).zip(&own) {
            for ((sum, &own), &z) in sums.iter_mut().zip(own).zip(z) {
                *sum += weight * (own - z);
            }
        }
    }
    for (sums, out) in sums.iter().zip(RowsMut::new(out, z.ncols())) {
        if let Some(out) = out.get_mut(k..).and_then(|out| out.first_chunk_mut::<N>()) {
            *out = *sums;
        }
    }
}
