//! BLAS operations whose every bit is defined.
//!
//! Two orders of summation are in use, and no other:
//!
//! - **Reductions of vectors** ([`dot`], and what is built on it) keep [`LANES`] partial sums:
//!   element `i` goes to sum `i mod 8` while whole groups of 8 last; the partial sums are added as
//!   `((s₀+s₁)+(s₂+s₃)) + ((s₄+s₅)+(s₆+s₇))`; the remaining elements are added to that one by one.
//! - **Products with matrices** ([`gemv`], [`gemm`], [`syrk`] and their relatives) give each output
//!   one accumulator, which starts at `β·C` and takes the terms `(α·a)·b` in ascending order of the
//!   inner index. Blocking and threads work on *outputs* only, so block sizes, streaming a batch in
//!   parts, and the layout of an operand never change a bit: `gemv` is one column of `gemm`, and
//!   `gemm_nt(A, B)` is `gemm(A, Bᵀ)`, exactly.
//!
//! No term is ever contracted into a fused multiply-add.

mod jobs;
mod level1;
mod level2;
mod level3;
pub(crate) mod packed;
mod tile;

pub use level1::{LANES, axpy, dot, norm, scal};
pub use level2::{gemv, gemv_t, ger};
pub use level3::{gemm, gemm_nt, gemm_tn, syrk, syrk_t};
// The unchecked forms, for callers in this crate whose shapes agree by construction; `…_any` are compiled once.
pub(crate) use jobs::{add_gemm_tn_by, gemm_by, halves};
pub(crate) use level1::{axpy_any, dot_any};
pub(crate) use level2::add_ger;
pub(crate) use level3::{
    add_gemm_nt, add_gemm_nt_any, add_gemm_tn, add_gemm_tn_wide, gemm_any, hadamard_gemm,
    hadamard_gemm_any, mirror,
};
pub(crate) use tile::{dot_rows, four, two};

use crate::scalar::Scalar;

/// `y ← βy`; `y` is not read when `β` is zero.
pub(crate) fn scale_or_clear<T: Scalar>(beta: T, y: &mut [T]) {
    if beta == T::ZERO {
        y.fill(T::ZERO);
    } else if beta != T::ONE {
        scal(beta, y);
    }
}
