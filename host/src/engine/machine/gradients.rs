//! AGOP of radial kernels from half of all pairs: a slope, formed once, counts at both of its points.

use super::Stage;
use super::blocks::{Block, Memory, Sum, column};
use super::fast::{Counter, Fast};
use super::pages::Zeros;
use super::profile::{Real, Wanted};
use super::tiles::{COLUMNS, Mapped, ROWS, Tile, fill, ranges, view, view_mut};
use fact_core::kernel::Predictor;
use faer::linalg::matmul::matmul;
use faer::prelude::ReborrowMut;
use faer::{Accum, Par};
use rayon::prelude::*;

/// Pairs are summed in this many parts, each for all points, whatever the number of threads.
const PARTS: usize = 8;

/// Whether the sums of all parts have room where half of the Gram matrix was.
pub(super) fn has_room(n: usize, d: usize, c: usize) -> bool {
    c.saturating_mul(d + 1).saturating_mul(PARTS + 1) <= n / 2
}

impl Fast<'_> {
    /// `Σ ppᵀ` over samples and outputs, and the sums of this many outputs' `p`, where `Mp` is the
    /// gradient of the output.
    pub(super) fn agop_of_half<T: Real>(
        &self,
        machine: &Predictor<'_, T>,
        z: &Mapped<T>,
        means: usize,
    ) -> Sum {
        let c = machine.dual.ncols();
        let parts = self.sums_of_half(machine, z);
        self.sum(z, c, [means, 0], |block, sum| block.agop_of_sums(&parts, c, sum))
    }

    /// `WS` in parts to be added up, `S` all slopes and `W` as [`weighted`] gives it.
    fn sums_of_half<T: Real>(&self, machine: &Predictor<'_, T>, z: &Mapped<T>) -> Zeros<T> {
        let weighted = weighted(machine, z);
        let counter = Counter::new(self.watch, Stage::Features, z.n);
        let mut parts = Zeros::new(PARTS * weighted.len());
        parts.par_chunks_exact_mut(weighted.len().max(1)).enumerate().with_max_len(1).for_each(
            |(part, sums)| {
                let mut memory = Memory::new(z, 0);
                for (start, end) in ranges(z.n, ROWS).skip(part).step_by(PARTS) {
                    memory.block(z, (start, end)).add_half(machine, &weighted, sums);
                    counter.add(end - start);
                }
            },
        );
        parts
    }
}

/// A column of each point `x`: for each output, `αx` and `α`. Points lie along the rows, which `gemm`
/// takes by whole vectors.
fn weighted<T: Real>(machine: &Predictor<'_, T>, z: &Mapped<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(machine.dual.ncols() * (z.d + 1) * z.n);
    for k in 0..machine.dual.ncols() {
        let dual = column(machine.dual, k, (0, z.n));
        for j in 0..z.d {
            let values = z.x.iter().skip(j).step_by(z.d);
            all.extend(values.zip(&dual).map(|(&x, &dual)| dual * x));
        }
        all.extend(dual);
    }
    all
}

impl<T: Real> Block<'_, T> {
    /// Adds to `WS` what these rows of the upper half of `S` make of it, and what they do as columns of
    /// the lower half.
    fn add_half(self, machine: &Predictor<'_, T>, weighted: &[T], sums: &mut [T]) {
        let (z, first, m) = (self.z, self.rows.0, self.rows.1 - self.rows.0);
        let width = weighted.len() / z.n;
        let weighted = view(weighted, width, z.n);
        let mut sums = view_mut(sums, width, z.n);
        for (start, end) in ranges(z.n - first, COLUMNS) {
            let (columns, count) = ((first + start, first + end), end - start);
            let tile = Tile { rows: self.rows, columns };
            let slopes = &mut self.values[..m * count];
            fill(&machine.kernel, Wanted::Slope, (z, z), tile, (&mut *slopes, count));
            if start == 0 {
                // A point's own share is αx less αx: 0, and otherwise only its rounding.
                slopes.iter_mut().step_by(count + 1).for_each(|slope| *slope = T::ZERO);
            }
            let slopes = view(slopes, m, count);
            let own = sums.rb_mut().subcols_mut(first, m);
            let others = weighted.subcols(columns.0, count);
            matmul(own, Accum::Add, others, slopes.transpose(), T::ONE, Par::Seq);
            // The diagonal block is its own mirror image.
            let mirrored = if start == 0 { m } else { 0 };
            let others = sums.rb_mut().subcols_mut(columns.0 + mirrored, count - mirrored);
            let slopes = slopes.subcols(mirrored, count - mirrored);
            matmul(others, Accum::Add, weighted.subcols(first, m), slopes, T::ONE, Par::Seq);
        }
    }

    /// Adds `Σ ppᵀ` of `p = 2(total·x − P)`, where a column of the parts' sum is, for each output, `P`
    /// and `total`.
    fn agop_of_sums(self, parts: &[T], c: usize, sum: &mut Sum) {
        let (n, d, (start, end)) = (self.z.n, self.z.d, self.rows);
        let m = end - start;
        let outputs = self.gradients[..c * m * d].chunks_exact_mut(m * d).zip(0..);
        for (gradients, k) in outputs {
            let mut sums = vec![T::ZERO; (d + 1) * m];
            for part in parts.chunks_exact(c * (d + 1) * n) {
                let rows = part[k * (d + 1) * n..].chunks_exact(n);
                for (sums, row) in sums.chunks_exact_mut(m).zip(rows) {
                    sums.iter_mut().zip(&row[start..end]).for_each(|(sum, &part)| *sum += part);
                }
            }
            let (sums, totals) = sums.split_at(d * m);
            let points = self.z.x[start * d..end * d].chunks_exact(d).zip(totals);
            for ((gradient, (x, &total)), i) in gradients.chunks_exact_mut(d).zip(points).zip(0..) {
                for ((p, &x), j) in gradient.iter_mut().zip(x).zip(0..) {
                    *p = T::TWO * (total * x - sums[j * m + i]);
                }
            }
        }
        self.add_outer(c, sum);
    }
}
