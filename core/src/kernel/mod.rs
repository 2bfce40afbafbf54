//! Kernel machines with a metric, and the Recursive Feature Machines that learn it.
//!
//! A kernel machine is `f(x) = Σᵢ αᵢ K_M(xᵢ, x)` with `(K + rI)α = Y` and a metric `M = WᵀW`, which
//! takes the place of a network's first layer: `K_M(x, z) = K(Wx, Wz)`. With squared loss the
//! residual `y − f = rα` contains the ridge, so the network's FACT loses its `1/(nλ)` and becomes
//! `FACT = Σⱼ J_f(xⱼ)ᵀαⱼxⱼᵀ`, defined also as `r → 0`. A Recursive Feature Machine fits, replaces
//! `M` by a power of FACT or of the average gradient outer product, and repeats.
//!
//! | quantity | formula | module |
//! |---|---|---|
//! | kernel, its slope | `φ(u²)`, `k(xᵀMz)` | [`Kernel`] |
//! | Gram matrix | `Kᵢⱼ = K_M(xᵢ, xⱼ)` | [`gram`] |
//! | dual | `α = (K + rI)⁻¹Y` | [`ridge`] |
//! | predictions, Jacobian | `f(x)`, `∂f/∂x` | [`Predictor`] |
//! | AGOP | `(1/n) Σⱼ J(xⱼ)ᵀJ(xⱼ)` | [`agop`] |
//! | FACT | `Σⱼ J(xⱼ)ᵀαⱼxⱼᵀ` | [`fact`] |
//! | why NFA resembles FACT | `τ` against `k′` | [`tau`] |
//! | next metric | `AGOPˢ`, `(FACT FACTᵀ)^½`, … | [`update`] |
//! | all of it, in rounds | | [`rfm`] |
//!
//! # Order of sums
//! - A pair: inputs in ascending order, one accumulator; squared distances as
//!   `Σₖ (xₖ − zₖ)((Mx)ₖ − (Mz)ₖ)`, from differences, so that equal points are at distance exactly
//!   0.
//! - A gradient before the metric: points in ascending order, one accumulator; for radial kernels
//!   the terms are `wⱼ(x − xⱼ)`, again of differences.
//! - A sum over samples: samples in ascending order, then outputs. Blocks of any size give the same
//!   bits, so more scratch is only faster.
//!
//! Source: Boix-Adserà, Mallinar, Simon, Belkin (2026), sections 3 to 5; Radhakrishnan, Beaglehole,
//! Pandit, Belkin, *Mechanism for feature learning in neural networks and backpropagation-free
//! machine learning models* (2024) for the machine and its AGOP.

pub mod agop;
mod combine;
pub mod fact;
mod forms;
pub mod gram;
mod metric;
mod pairs;
mod predictor;
mod profile;
pub mod rfm;
pub mod ridge;
pub mod tau;
pub mod update;

use crate::mat::MatRef;

pub use metric::Metric;
pub use predictor::{Predictor, jacobian_scratch, predict_scratch};
pub use profile::Kernel;
pub use rfm::{Failed, Rfm, Round};
pub use ridge::{Ridge, Solved};
pub use update::{Centering, Rescale, Shape, Update};

/// `to ← from`, over the common length.
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

/// Row `i`, without elements where there is none.
#[inline(always)]
fn row<'a, T>(matrix: MatRef<'a, T>, i: usize) -> &'a [T] {
    matrix.row(i).unwrap_or(&[])
}
