//! Cholesky, eigen- and singular value decompositions, and what is made of them.

use super::{add, draw};
use fact_core::Result;
use fact_core::fingerprint::Fingerprint;
use fact_core::linalg::blas::syrk;
use fact_core::linalg::{cholesky, eigen, power, svd, triangular};
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

const ORDERS: [usize; 4] = [1, 5, 8, 13];

pub(super) fn cholesky<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let mut rng = Rng::new(6);
    let (a, packed, b) = (memory.take(169)?, memory.take(91)?, memory.take(39)?);
    for n in ORDERS {
        let a = positive(&mut rng, n, a, memory.reborrow())?;
        let packed = packed.get_mut(..triangular::packed_len(n)).unwrap_or_default();
        let lower =
            MatRef::new(a, n, n)?.rows().enumerate().flat_map(|(i, row)| row.iter().take(i + 1));
        packed.iter_mut().zip(lower).for_each(|(packed, &entry)| *packed = entry);
        cholesky::factor(MatMut::new(a, n, n)?)?;
        cholesky::factor_packed(n, packed)?;
        add(&mut hash, packed)?;
        let b = b.get_mut(..3 * n).unwrap_or_default();
        draw(&mut rng, b);
        cholesky::solve(MatRef::new(a, n, n)?, MatMut::new(b, n, 3)?)?;
        add(&mut hash, b)?;
        cholesky::solve_packed(packed, MatMut::new(b, n, 3)?)?;
        add(&mut hash, b)?;
        let vector = b.get_mut(..n).unwrap_or_default();
        triangular::solve(triangular::Lower::packed(packed, n)?, vector)?;
        add(&mut hash, vector)?;
        triangular::solve_t(triangular::Lower::dense(MatRef::new(a, n, n)?)?, vector)?;
        add(&mut hash, vector)?;
    }
    Ok(hash)
}

pub(super) fn eigen<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let mut rng = Rng::new(7);
    let (a, vectors, values) = (memory.take(169)?, memory.take(169)?, memory.take(13)?);
    for n in ORDERS {
        let square = vectors.get_mut(..n * n).unwrap_or_default();
        let values = values.get_mut(..n).unwrap_or_default();
        let a = positive(&mut rng, n, a, memory.reborrow())?;
        square.iter_mut().zip(&*a).for_each(|(to, &from)| *to = from);
        eigen::symmetric(MatMut::new(square, n, n)?, values, memory.reborrow())?;
        add(&mut hash, square)?;
        add(&mut hash, values)?;
        let view = MatRef::new(a, n, n)?;
        let half = T::HALF;
        power::psd_power(view, half, MatMut::new(square, n, n)?, memory.reborrow())?;
        add(&mut hash, square)?;
        svd::polar_left(view, MatMut::new(square, n, n)?, memory.reborrow())?;
        add(&mut hash, square)?;
        add(&mut hash, &[power::spectral_norm(view, memory.reborrow())?])?;
    }
    Ok(hash)
}

/// A positive definite `n×n` matrix in `out`.
fn positive<'a, T: Scalar>(
    rng: &mut Rng,
    n: usize,
    out: &'a mut [T],
    mut scratch: Scratch<'_, T>,
) -> Result<&'a mut [T]> {
    let root = scratch.take(n * n)?;
    draw(rng, root);
    let out = out.get_mut(..n * n).unwrap_or_default();
    let mut matrix = MatMut::new(out, n, n)?;
    syrk(T::ONE, MatRef::new(root, n, n)?, T::ZERO, matrix.reborrow())?;
    for (i, row) in matrix.rows_mut().enumerate() {
        if let Some(diagonal) = row.get_mut(i) {
            *diagonal += T::HALF;
        }
    }
    Ok(out)
}
