//! The number `t` of every pair of points, in register tiles, and the kernel made of it.
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
use super::profile::{Kernel, VECTORS, Wanted};
use super::row;
use crate::error::Result;
use crate::execute::{Executor, Job};
use crate::linalg::blas::{four, two};
use crate::linalg::triangular::Layout;
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Columns of the widest register tile.
const WIDEST: usize = 8;
/// Columns of a register tile; a 32-bit core has registers for half as many.
pub(super) const PANEL: usize = if usize::BITS >= 64 { WIDEST } else { WIDEST / 2 };

/// Rows of a register tile. Two leave a 32-bit core registers for the two panels and a smaller frame.
pub(super) const ROWS: usize = PANEL / 2;

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
        executor: &impl Executor,
        metric: &Metric<'_, T>,
        x: MatRef<'a, T>,
        scratch: &mut Scratch<'s, T>,
    ) -> Result<Self> {
        let image = scratch.take(x.nrows().saturating_mul(x.ncols()))?;
        metric.apply_by(executor, x, MatMut::new(image, x.nrows(), x.ncols())?)?;
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
    kernel: Kernel<T>,
    pub z: Mapped<'a, T>,
    /// Room for two panels.
    panels: &'a mut [T],
}

/// Words that [`Pairs::new`] takes: on every machine those of the widest tile, so that a plan made
/// on one holds on all.
pub(super) const fn pairs_scratch(n: usize, d: usize) -> usize {
    n.saturating_add(2 * WIDEST).saturating_mul(d)
}

impl<'a, T: Scalar> Pairs<'a, T> {
    pub(super) fn new<'s: 'a>(
        executor: &impl Executor,
        kernel: Kernel<T>,
        metric: &Metric<'_, T>,
        z: MatRef<'a, T>,
        scratch: &mut Scratch<'s, T>,
    ) -> Result<Self> {
        let z = Mapped::new(executor, metric, z, scratch)?;
        let panels = scratch.take(z.x.ncols().saturating_mul(2 * WIDEST))?;
        Ok(Self { kernel, z, panels })
    }

    /// What the number of a pair is.
    pub(super) fn form(&self) -> Form {
        self.kernel.form()
    }

    /// `out ← ` what is wanted of each row of `x` and each point, `m×n`, row by row. The images of `x` are
    /// read for squared distances only.
    pub(super) fn rows(
        &mut self,
        executor: &impl Executor,
        x: &Mapped<'_, T>,
        wanted: Wanted,
        out: &mut [T],
    ) {
        let (kernel, z, rows) = (&self.kernel, &self.z, (0, x.x.nrows()));
        let job = Block { kernel, wanted, x, z, rows, layout: Layout::Dense, half: false, out };
        executor.execute(job, self.panels);
    }

    /// What is wanted of every pair of points, each once: the lower triangle, in this layout.
    pub(super) fn lower(
        &mut self,
        executor: &impl Executor,
        wanted: Wanted,
        layout: Layout,
        out: &mut [T],
    ) {
        let (kernel, z, rows) = (&self.kernel, &self.z, (0, self.z.x.nrows()));
        let job = Block { kernel, wanted, x: z, z, rows, layout, half: true, out };
        executor.execute(job, self.panels);
    }
}

/// Pairs of rows `rows.0` to `rows.1 − 1` of `x` with all points `z`, or with those up to the same row.
struct Block<'a, T> {
    kernel: &'a Kernel<T>,
    wanted: Wanted,
    x: &'a Mapped<'a, T>,
    z: &'a Mapped<'a, T>,
    rows: (usize, usize),
    layout: Layout,
    /// Whether only the lower triangle is wanted.
    half: bool,
    /// From row `rows.0` on.
    out: &'a mut [T],
}

impl<T: Scalar> Job<T> for Block<'_, T> {
    fn cost(&self) -> usize {
        // A kernel costs some ten multiplications.
        self.out.len().saturating_mul(self.z.x.ncols().saturating_add(10))
    }

    fn split(self) -> (Self, Self) {
        let (first, last) = self.rows;
        let n = self.z.x.nrows();
        let start = |i| self.layout.start(n, i) - self.layout.start(n, first);
        // Rows of a triangle grow: the root of the mean square of both ends halves its area.
        let middle = if self.half {
            let squares = first.saturating_mul(first).saturating_add(last.saturating_mul(last));
            (squares / 2).isqrt()
        } else {
            first.midpoint(last)
        };
        let middle = middle.next_multiple_of(ROWS).clamp(first, last);
        let at = start(middle).min(self.out.len());
        let (above, below) = self.out.split_at_mut(at);
        (
            Self { rows: (first, middle), out: above, ..self },
            Self { rows: (middle, last), out: below, ..self },
        )
    }

    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn run(mut self, memory: &mut [T]) {
        let (d, n, (first, last)) = (self.z.x.ncols(), self.z.x.nrows(), self.rows);
        let (panel, image_panel) = memory.split_at_mut(memory.len().min(d * PANEL));
        let (panel, image_panel) = (panel.as_chunks_mut().0, image_panel.as_chunks_mut().0);
        // Without rows, no panel need be filled, however many there are.
        let n = if first == last { 0 } else { n };
        for j in (0..if self.half { last } else { n }).step_by(PANEL) {
            fill(panel, self.z.x, j);
            fill(image_panel, self.z.image, j);
            let panels = Panels { panel, image: image_panel };
            // Whole groups of rows; those that begin above the diagonal have pairs to leave out.
            let mut i = if self.half { first.max(j) } else { first };
            while i < last {
                let many = if i + ROWS <= last { ROWS } else { 1 };
                match many {
                    4 => self.put(&panels.tile(self.form(), self.x, i, four), i, j),
                    2 => self.put(&panels.tile(self.form(), self.x, i, two), i, j),
                    _ => self.put(&panels.tile(self.form(), self.x, i, one), i, j),
                }
                i += many;
            }
        }
    }
}

impl<T: Scalar> Block<'_, T> {
    #[inline(always)]
    fn form(&self) -> Form {
        self.kernel.form()
    }

    /// Writes what is wanted of a tile, from row `i` and column `j` on.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn put(&mut self, tile: &[[T; PANEL]], i: usize, j: usize) {
        let n = self.z.x.nrows();
        let origin = self.layout.start(n, self.rows.0);
        for (i, values) in (i..).zip(tile) {
            let end = if self.half { n.min(i + 1) } else { n };
            let at = self.layout.start(n, i) - origin + j;
            let out = self.out.get_mut(at..).unwrap_or_default();
            let out = out.get_mut(..end.saturating_sub(j).min(PANEL)).unwrap_or_default();
            if VECTORS {
                let mut values = *values;
                self.kernel.map(self.wanted, &mut values);
                out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
            } else {
                for (out, &t) in out.iter_mut().zip(values) {
                    *out = self.kernel.wanted(self.wanted, t);
                }
            }
        }
    }
}

/// The panels of some points: column `j` is the `j`th of the [`PANEL`] at hand.
struct Panels<'a, T> {
    panel: &'a [[T; PANEL]],
    image: &'a [[T; PANEL]],
}

impl<T: Scalar> Panels<'_, T> {
    /// `t` of points `i` to `i + M − 1`, which `columns` turns into columns, and the panel.
    ///
    /// Not inlined on a board: neither its frame nor that of the kernel lies on the stack with the other.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn tile<'x, const M: usize, A: Iterator<Item = [T; M]>>(
        &self,
        form: Form,
        x: &Mapped<'x, T>,
        i: usize,
        columns: impl Fn([&'x [T]; M]) -> A,
    ) -> [[T; PANEL]; M] {
        let (x, image) = (columns(rows(x.x, i)), columns(rows(x.image, i)));
        let mut sums = [[T::ZERO; PANEL]; M];
        match form {
            Form::InnerProduct => {
                for (x, image) in x.zip(self.image) {
                    for (sums, x) in sums.iter_mut().zip(x) {
                        for (sum, &image) in sums.iter_mut().zip(image) {
                            *sum += x * image;
                        }
                    }
                }
            }
            Form::SquaredDistance => {
                let panels = self.panel.iter().zip(self.image);
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
pub(super) fn rows<'a, T: Scalar, const M: usize>(x: MatRef<'a, T>, i: usize) -> [&'a [T]; M] {
    core::array::from_fn(|at| row(x, i + at))
}

/// A row as columns of one.
#[inline(always)]
pub(super) fn one<T: Scalar>([row]: [&[T]; 1]) -> impl Iterator<Item = [T; 1]> {
    row.iter().map(|&x| [x])
}
