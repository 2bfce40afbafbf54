//! Sums over points, weighed by what was made of each pair: gradients before the metric.

use super::pairs::{Form, PANEL, ROWS, one, rows};
use crate::error::{Result, check_shape};
use crate::execute::{Executor, Job};
use crate::linalg::blas::{four, gemm_by, halves, two};
use crate::mat::{MatMut, MatRef, RowsMut};
use crate::scalar::Scalar;

/// `outᵢ ← Σⱼ wᵢⱼ z_j`, or, of squared distances, `Σⱼ wᵢⱼ (xᵢ − z_j)`, from differences, `j` in
/// ascending order: for `W: m×n`, `x: m×d`, `z: n×d`, `out: m×d`. Up to the factor that the slope
/// carries, the gradient of `Σⱼ K(xᵢ, z_j)` in coordinates before the metric.
///
/// Cost: `mnd` multiplications and additions, and `mnd` subtractions for differences.
pub(super) fn combine<T: Scalar>(
    executor: &impl Executor,
    form: Form,
    w: &MatRef<'_, T>,
    x: &MatRef<'_, T>,
    z: &MatRef<'_, T>,
    mut out: MatMut<'_, T>,
) -> Result<()> {
    if form == Form::InnerProduct {
        return gemm_by(executor, w, z, T::ZERO, out);
    }
    let (n, d) = z.shape();
    check_shape("w", (x.nrows(), n), w.shape())?;
    check_shape("x", (w.nrows(), d), x.shape())?;
    check_shape("out", (w.nrows(), d), out.shape())?;
    out.data_mut().fill(T::ZERO);
    executor.execute(Differences { w, x, z, first: 0, out: out.data_mut() }, &mut []);
    Ok(())
}

/// The rows of [`combine`] from `first` on, of squared distances.
struct Differences<'a, T> {
    w: &'a MatRef<'a, T>,
    x: &'a MatRef<'a, T>,
    z: &'a MatRef<'a, T>,
    first: usize,
    out: &'a mut [T],
}

impl<T: Scalar> Job<T> for Differences<'_, T> {
    fn cost(&self) -> usize {
        self.out.len().saturating_mul(self.z.nrows())
    }

    fn split(self) -> (Self, Self) {
        let (rows, above, below) = halves(self.out, self.z.ncols());
        (Self { out: above, ..self }, Self { first: self.first + rows, out: below, ..self })
    }

    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn run(self, _: &mut [T]) {
        let Self { w, x, z, first: mut i, out: mut rest } = self;
        let d = z.ncols();
        while !rest.is_empty() {
            let many = if rest.len() >= ROWS * d { ROWS } else { 1 };
            let own = x.row_range(i, i + many);
            let out = rest.split_off_mut(..many * d).unwrap_or_default();
            match many {
                4 => differences(|| four(rows(*w, i)), own, *z, out),
                2 => differences(|| two(rows(*w, i)), own, *z, out),
                _ => differences(|| one(rows(*w, i)), own, *z, out),
            }
            i += many;
        }
    }
}

/// `M` rows of [`combine`], strip by strip of columns.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
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
    if d >= PANEL && full < d {
        // Some of these columns once more, to the same bits: cheaper than the others one by one.
        strip::<T, M, PANEL>(weights(), d - PANEL, x, z, out);
        return;
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
