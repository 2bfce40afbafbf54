//! Gram matrices: the kernel of every pair of points.
//!
//! The order of sums of each entry is stated in [`kernel`](super). A Gram matrix is formed as its
//! lower triangle and mirrored, so it is symmetric to the bit; packed and dense hold equal bits.

use super::metric::Metric;
use super::pairs::{Mapped, Pairs, pairs_scratch};
use super::profile::{Kernel, Wanted};
use crate::error::{Result, check_length, check_shape};
use crate::execute::{Executor, Sequential};
use crate::linalg::blas::mirror;
use crate::linalg::triangular::{Layout, packed_len};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`gram`] and [`gram_packed`] of `n` points with `d` inputs: their images
/// under the metric, and two panels.
///
/// ```
/// use fact_core::kernel::gram::gram_scratch;
/// assert!(gram_scratch(64, 8) <= 64 * 8 + 16 * 8);
/// ```
pub const fn gram_scratch(n: usize, d: usize) -> usize {
    pairs_scratch(n, d)
}

/// `out ← K: n×n` with `Kᵢⱼ = K_M(xᵢ, xⱼ)`, symmetric to the bit, for `x: n×d`.
///
/// Cost: `n²d/2` multiplications and additions (radial: and `n²d` subtractions), `n²/2` kernel
/// values, and `nd²` for the metric. Scratch: [`gram_scratch`].
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, gram};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let mut memory = [0.0; gram::gram_scratch(2, 1)];
/// let mut out = [0.0; 4];
/// let (x, scratch) = (MatRef::new(&[1.0, 3.0], 2, 1)?, Scratch::new(&mut memory));
/// gram::gram(Kernel::Quadratic, Metric::Identity, x, MatMut::new(&mut out, 2, 2)?, scratch)?;
/// assert_eq!(out, [1.0, 9.0, 9.0, 81.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn gram<T: Scalar>(
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    x: MatRef<'_, T>,
    mut out: MatMut<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<()> {
    let n = x.nrows();
    check_shape("K", (n, n), out.shape())?;
    lower(&Sequential, kernel, metric, x, Layout::Dense, out.data_mut(), scratch)?;
    mirror(out);
    Ok(())
}

/// The lower triangle of [`gram`], packed (rows of lengths `1, 2, …, n`): the same bits in
/// `n(n+1)/2` words.
///
/// Cost and scratch: as [`gram`].
///
/// # Errors
/// As [`gram`].
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, gram};
/// use fact_core::{mat::MatRef, scratch::Scratch};
/// let mut memory = [0.0; gram::gram_scratch(2, 1)];
/// let mut out = [0.0; 3];
/// let (x, scratch) = (MatRef::new(&[1.0, 3.0], 2, 1)?, Scratch::new(&mut memory));
/// gram::gram_packed(Kernel::Quadratic, Metric::Identity, x, &mut out, scratch)?;
/// assert_eq!(out, [1.0, 9.0, 81.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline]
pub fn gram_packed<T: Scalar>(
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    x: MatRef<'_, T>,
    out: &mut [T],
    scratch: Scratch<'_, T>,
) -> Result<()> {
    gram_packed_by(&Sequential, kernel, metric, x, out, scratch)
}

/// [`gram_packed`] by an executor.
#[cfg_attr(target_os = "none", inline(never))]
pub(super) fn gram_packed_by<T: Scalar>(
    executor: &impl Executor,
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    x: MatRef<'_, T>,
    out: &mut [T],
    scratch: Scratch<'_, T>,
) -> Result<()> {
    check_length("K", packed_len(x.nrows()), out.len())?;
    lower(executor, kernel, metric, x, Layout::Packed, out, scratch)
}

/// Writes the lower triangle, in this layout.
fn lower<T: Scalar>(
    executor: &impl Executor,
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    x: MatRef<'_, T>,
    layout: Layout,
    out: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    kernel.check()?;
    let mut pairs = Pairs::new(executor, kernel, &metric, x, &mut scratch)?;
    pairs.lower(executor, Wanted::Value, layout, out);
    Ok(())
}

/// Words of scratch for [`cross`] of `m` queries with `n` points of `d` inputs.
///
/// ```
/// use fact_core::kernel::gram::{cross_scratch, gram_scratch};
/// assert_eq!(cross_scratch(3, 64, 8), gram_scratch(64, 8) + 3 * 8);
/// ```
pub const fn cross_scratch(m: usize, n: usize, d: usize) -> usize {
    pairs_scratch(n, d).saturating_add(m.saturating_mul(d))
}

/// `out ← K_M(xᵢ, z_j): m×n`, for queries `x: m×d` and points `z: n×d`. Where `x` is `z` and the
/// kernel radial, the bits are those of [`gram`].
///
/// Cost: `mnd` multiplications and additions (radial: and `2mnd` subtractions), `mn` kernel values,
/// and `(m + n)d²` for the metric. Scratch: [`cross_scratch`].
///
/// # Errors
/// A shape, length, parameter or scratch error when the arguments do not fit.
///
/// ```
/// use fact_core::kernel::{Kernel, Metric, gram};
/// use fact_core::{mat::{MatMut, MatRef}, scratch::Scratch};
/// let mut memory = [0.0; gram::cross_scratch(1, 2, 1)];
/// let mut out = [0.0; 2];
/// let (x, z) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[1.0, 3.0], 2, 1)?);
/// let (view, scratch) = (MatMut::new(&mut out, 1, 2)?, Scratch::new(&mut memory));
/// gram::cross(Kernel::Quadratic, Metric::Identity, x, z, view, scratch)?;
/// assert_eq!(out, [4.0, 36.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn cross<T: Scalar>(
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    x: MatRef<'_, T>,
    z: MatRef<'_, T>,
    mut out: MatMut<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    kernel.check()?;
    check_shape("x", (x.nrows(), z.ncols()), x.shape())?;
    check_shape("out", (x.nrows(), z.nrows()), out.shape())?;
    let mut pairs = Pairs::new(&Sequential, kernel, &metric, z, &mut scratch)?;
    let x = Mapped::new(&Sequential, &metric, x, &mut scratch)?;
    pairs.rows(&Sequential, &x, Wanted::Value, out.data_mut());
    Ok(())
}
