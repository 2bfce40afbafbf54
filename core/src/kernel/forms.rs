//! What a quadratic machine has learned: one quadratic form an output.
//!
//! `f_k(x) = xᵀM F_k Mx` with `F_k = Σⱼ αⱼ_k xⱼxⱼᵀ: d×d`, and `J_k(x) = 2xᵀM F_k M`. The sum over
//! points is made once, before anything multiplies it; `α`, which is large along the null space of
//! a singular `K`, cancels there.

use super::predictor::Predictor;
use super::row;
use crate::error::Result;
use crate::execute::Executor;
use crate::linalg::blas::{add_gemm_tn_by, axpy, mirror, scal};
use crate::mat::{MatMut, MatRef};
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// `form ← F_k: d×d` of output `k`, symmetric to the bit, and `sum ← Σⱼ αⱼ_k xⱼ: d`, points in
/// ascending order. `nd²` operations; at least `d` words of scratch.
pub(super) fn form<T: Scalar>(
    executor: &impl Executor,
    machine: &Predictor<'_, T>,
    k: usize,
    mut form: MatMut<'_, T>,
    sum: &mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<()> {
    let (n, d) = machine.x.shape();
    form.data_mut().fill(T::ZERO);
    sum.fill(T::ZERO);
    let rows = scratch.rows(d, n)?;
    let mut done = 0;
    while done < n {
        let x = machine.x.row_range(done, done + rows);
        let mut weighted = scratch.reborrow().take_mat(x.nrows(), d)?;
        for ((j, x), weighted) in (done..).zip(x.rows()).zip(weighted.rows_mut()) {
            let weight = row(machine.dual, j).get(k).copied().unwrap_or(T::ZERO);
            weighted.fill(T::ZERO);
            axpy(weight, x, weighted);
            axpy(weight, x, sum);
        }
        add_gemm_tn_by(executor, &weighted.as_ref(), &x, form.data_mut());
        done += x.nrows();
    }
    mirror(form);
    Ok(())
}

/// The mean of each column, rows in ascending order; 0 of no rows.
pub(super) fn column_means<T: Scalar>(x: MatRef<'_, T>, mean: &mut [T]) {
    mean.fill(T::ZERO);
    x.rows().for_each(|row| axpy(T::ONE, row, mean));
    scal(T::ONE / T::from_usize(x.nrows().max(1)), mean);
}
