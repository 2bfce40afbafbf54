//! FACT in `no_std`: a numeric kernel that trains small networks to a critical point, certifies
//! that they are at one, and measures what the theory says about their weights there.
//!
//! Source of the theory: Boix-Adserà, Mallinar, Simon, Belkin, *FACT: a first-principles
//! alternative to the Neural Feature Ansatz for how networks learn representations* (ICLR 2026).
//! At a critical point of `(1/n) Σ ℓᵢ + (λ/2)‖θ‖²` every layer satisfies
//! `WᵀW = −(1/(nλ)) Σ ∇ₕℓᵢ hᵢᵀ`.
//!
//! # Conventions
//! - Algorithms are free functions over borrowed row-major views ([`mat`]), generic over
//!   [`scalar::Scalar`]. The caller owns all memory; working memory comes last, as a
//!   [`scratch::Scratch`], and a `const fn …_scratch(dims)` beside each function says how much.
//! - Nothing allocates, nothing panics: shapes are checked where a view or problem is built, and
//!   what the data can break comes back as a [`Error`].
//! - **The order of every sum is part of its definition**, so the same source gives the same bits
//!   on every target. [`linalg::blas`] states the two orders in use.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::todo
)]

pub mod approx;
mod error;
pub mod execute;
pub mod features;
pub mod fingerprint;
pub mod kernel;
pub mod linalg;
pub mod mat;
pub mod nn;
pub mod rng;
pub mod samples;
pub mod scalar;
pub mod scratch;
pub mod snapshot;
pub mod standardize;

pub use error::{Error, Result};
