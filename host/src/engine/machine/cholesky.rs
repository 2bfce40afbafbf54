//! Cholesky factorisation in place, panel by panel, so that progress can be shown.

use super::profile::Real;
use fact_core::Error;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par};

/// Columns factored at a time.
const PANEL: usize = 512;

/// Overwrites the lower triangle of the positive definite `a` by its factor; `done` hears the columns
/// that are finished.
///
/// # Errors
/// [`Error::NotPositiveDefinite`].
pub(super) fn factor<T: Real>(
    a: MatMut<'_, T>,
    par: Par,
    done: impl Fn(usize),
) -> Result<(), Error> {
    let n = a.nrows();
    let mut a = a;
    for start in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - start);
        let rest = a.rb_mut().submatrix_mut(start, start, n - start, n - start);
        let (mut diagonal, _, mut below, trailing) = rest.split_at_mut(width, width);
        let params = Default::default();
        let mut memory =
            MemBuffer::new(llt::factor::cholesky_in_place_scratch::<T>(width, par, params));
        let none = Default::default();
        let stack = MemStack::new(&mut memory);
        llt::factor::cholesky_in_place(diagonal.rb_mut(), none, par, stack, params).map_err(
            |llt::factor::LltError::NonPositivePivot { index }| Error::NotPositiveDefinite {
                pivot: start + index,
            },
        )?;
        solve_lower_triangular_in_place(diagonal.rb(), below.rb_mut().transpose_mut(), par);
        triangular::matmul(
            trailing,
            BlockStructure::TriangularLower,
            Accum::Add,
            below.rb(),
            BlockStructure::Rectangular,
            below.rb().transpose(),
            BlockStructure::Rectangular,
            -T::ONE,
            par,
        );
        done(start + width);
    }
    Ok(())
}

/// `B ← (LLᵀ)⁻¹B`.
pub(super) fn solve<T: Real>(l: MatRef<'_, T>, mut b: MatMut<'_, T>, par: Par) {
    solve_lower_triangular_in_place(l, b.rb_mut(), par);
    solve_upper_triangular_in_place(l.transpose(), b, par);
}
