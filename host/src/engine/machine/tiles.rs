//! Kernels between all pairs of points, tile by tile: inner products by `gemm`, then the profile over
//! the tile while it is in cache. Tiles are cut and summed in a fixed order, whatever the threads.

use super::profile::{Real, Wanted, row};
use fact_core::kernel::{Kernel, Metric, Predictor};
use fact_core::{mat, scalar::Scalar};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Simd, WithSimd};

/// Rows of a tile.
pub(super) const ROWS: usize = 64;
/// Columns of a tile.
pub(super) const COLUMNS: usize = 512;

/// Points and their images under the metric.
pub(super) struct Mapped<T> {
    pub(super) n: usize,
    pub(super) d: usize,
    /// The points; for radial kernels, less the mean that was given.
    pub(super) x: Vec<T>,
    /// `XM`.
    image: Vec<T>,
    /// `xᵀMx`.
    norms: Vec<T>,
}

/// A row-major matrix, as faer sees it.
pub(super) fn view<T>(data: &[T], nrows: usize, ncols: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(data, nrows, ncols)
}

/// The same, to write to.
pub(super) fn view_mut<T>(data: &mut [T], nrows: usize, ncols: usize) -> MatMut<'_, T> {
    MatMut::from_row_major_slice_mut(data, nrows, ncols)
}

/// What radial kernels are centred on before squares are expanded: the mean of the points. Zero for
/// the others, which see the origin.
pub(super) fn centre<T: Real>(kernel: &Kernel<T>, x: mat::MatRef<'_, T>) -> Vec<T> {
    if kernel.is_radial() { mean_of(x) } else { vec![T::ZERO; x.ncols()] }
}

/// The mean of the rows.
pub(super) fn mean_of<T: Real>(x: mat::MatRef<'_, T>) -> Vec<T> {
    let (n, d) = x.shape();
    let mut mean = vec![0.0; d];
    for row in x.rows() {
        for (mean, &x) in mean.iter_mut().zip(row) {
            *mean += Scalar::to_f64(x) / n.max(1) as f64;
        }
    }
    mean.into_iter().map(<T as Scalar>::from_f64).collect()
}

impl<T: Real> Mapped<T> {
    pub(super) fn new(
        x: mat::MatRef<'_, T>,
        centre: &[T],
        metric: Metric<'_, T>,
        par: Par,
    ) -> Self {
        let (n, d) = x.shape();
        let x: Vec<T> =
            x.rows().flat_map(|row| row.iter().zip(centre).map(|(&x, &c)| x - c)).collect();
        let mut image = vec![T::ZERO; n * d];
        times_metric(metric, (&x, d), &mut image, par);
        let rows = x.chunks_exact(d.max(1)).zip(image.chunks_exact(d.max(1)));
        let norms = rows
            .map(|(x, image)| x.iter().zip(image).fold(T::ZERO, |sum, (&x, &m)| sum + x * m))
            .collect();
        Self { n, d, x, image, norms }
    }

    /// The points of a machine.
    pub(super) fn of(machine: &Predictor<'_, T>, centre: &[T], par: Par) -> Self {
        Self::new(machine.x, centre, machine.metric, par)
    }

    /// Rows `start..end` of the points.
    pub(super) fn rows(&self, start: usize, end: usize) -> MatRef<'_, T> {
        view(&self.x[start * self.d..end * self.d], end - start, self.d)
    }
}

/// `image ← XM`, rows of `d`.
pub(super) fn times_metric<T: Real>(
    metric: Metric<'_, T>,
    (x, d): (&[T], usize),
    image: &mut [T],
    par: Par,
) {
    match metric {
        Metric::Identity => image.copy_from_slice(x),
        Metric::Diagonal(scales) => {
            for (image, x) in image.chunks_exact_mut(d.max(1)).zip(x.chunks_exact(d.max(1))) {
                for ((image, &x), &scale) in image.iter_mut().zip(x).zip(scales) {
                    *image = x * scale;
                }
            }
        }
        Metric::Full(m) => {
            let n = x.len() / d.max(1);
            let (into, m) = (view_mut(image, n, d), view(m.data(), d, d));
            matmul(into, Accum::Replace, view(x, n, d), m, T::ONE, par);
        }
    }
}

/// Between which points.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) rows: (usize, usize),
    pub(super) columns: (usize, usize),
}

/// Kernels or slopes of `x`'s rows with `z`'s columns of a tile, row-major with this stride between
/// the rows of `values`.
pub(super) fn fill<T: Real>(
    kernel: &Kernel<T>,
    wanted: Wanted,
    (x, z): (&Mapped<T>, &Mapped<T>),
    tile: Tile,
    (values, stride): (&mut [T], usize),
) {
    let ((r0, r1), (c0, c1)) = (tile.rows, tile.columns);
    let (m, n, d) = (r1 - r0, c1 - c0, x.d);
    matmul(
        // faer 0.24.4's constructor of row-major views with a stride swaps the strides.
        MatMut::from_column_major_slice_with_stride_mut(&mut *values, n, m, stride).transpose_mut(),
        Accum::Replace,
        view(&x.image[r0 * d..r1 * d], m, d),
        z.rows(c0, c1).transpose(),
        T::ONE,
        Par::Seq,
    );
    let (own, others) = (&x.norms[r0..r1], &z.norms[c0..c1]);
    pulp::Arch::new().dispatch(Profile { kernel, wanted, own, others, values, stride });
}

/// Products of a tile to be made kernels or slopes. A type and not a closure: that would not be compiled
/// for wide vectors with its caller.
struct Profile<'a, T> {
    kernel: &'a Kernel<T>,
    wanted: Wanted,
    own: &'a [T],
    others: &'a [T],
    values: &'a mut [T],
    stride: usize,
}

impl<T: Real> WithSimd for Profile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { kernel, wanted, own, others, values, stride } = self;
        for (products, &own) in values.chunks_mut(stride).zip(own) {
            row(kernel, wanted, own, others, &mut products[..others.len()]);
        }
    }
}

/// Consecutive ranges of at most `step` that make up `0..n`.
pub(super) fn ranges(n: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).step_by(step).map(move |start| (start, (start + step).min(n)))
}

/// Rows `start..end` of a matrix.
pub(super) fn rows_of<T>(
    matrix: mat::MatRef<'_, T>,
    (start, end): (usize, usize),
) -> faer::MatRef<'_, T> {
    let c = matrix.ncols();
    view(&matrix.data()[start * c..end * c], end - start, c)
}
