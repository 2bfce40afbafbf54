//! Products of vectors and matrices, of shapes with and without a tail to their blocks.

use super::{add, draw};
use fact_core::Result;
use fact_core::fingerprint::Fingerprint;
use fact_core::linalg::blas::{
    axpy, dot, gemm, gemm_nt, gemm_tn, gemv, gemv_t, ger, norm, scal, syrk, syrk_t,
};
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

const SHAPES: [(usize, usize, usize); 5] =
    [(1, 1, 1), (3, 5, 2), (4, 8, 4), (7, 13, 9), (16, 16, 16)];

pub(super) fn products<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let mut rng = Rng::new(5);
    let (alpha, beta) = (T::from_f64(0.75), T::from_f64(-0.3));
    let (a, b) = (memory.take(256)?, memory.take(256)?);
    let c = memory.take(256)?;
    for (m, k, n) in SHAPES {
        let (Some(a), Some(b)) = (a.get_mut(..m * k), b.get_mut(..k * n)) else { continue };
        draw(&mut rng, a);
        draw(&mut rng, b);
        let left = MatRef::new(a, m, k)?;
        let right = MatRef::new(b, k, n)?;
        // The same data read as the shapes that the transposed products ask for.
        let (left_t, right_t) = (MatRef::new(a, k, m)?, MatRef::new(b, n, k)?);
        let out = c.get_mut(..m * n).unwrap_or_default();
        draw(&mut rng, out);
        gemm(alpha, left, right, beta, MatMut::new(out, m, n)?)?;
        add(&mut hash, out)?;
        gemm_tn(alpha, left_t, right, beta, MatMut::new(out, m, n)?)?;
        add(&mut hash, out)?;
        gemm_nt(alpha, left, right_t, beta, MatMut::new(out, m, n)?)?;
        add(&mut hash, out)?;
        let (x, y) = (right.data().get(..k).unwrap_or(&[]), left.data().get(..m).unwrap_or(&[]));
        let out = c.get_mut(..m).unwrap_or_default();
        gemv(alpha, left, x, beta, out)?;
        add(&mut hash, out)?;
        let out = c.get_mut(..k).unwrap_or_default();
        gemv_t(alpha, left, y, beta, out)?;
        add(&mut hash, out)?;
        add(&mut hash, &[dot(x, out), T::from_f64(norm(x))])?;
        axpy(alpha, x, out);
        scal(beta, out);
        add(&mut hash, out)?;
        let out = c.get_mut(..m * k).unwrap_or_default();
        out.fill(T::ONE);
        ger(alpha, y, x, MatMut::new(out, m, k)?)?;
        add(&mut hash, out)?;
        let out = c.get_mut(..m * m).unwrap_or_default();
        out.fill(T::ONE);
        syrk(alpha, left, beta, MatMut::new(out, m, m)?)?;
        add(&mut hash, out)?;
        syrk_t(alpha, left_t, beta, MatMut::new(out, m, m)?)?;
        add(&mut hash, out)?;
    }
    Ok(hash)
}
