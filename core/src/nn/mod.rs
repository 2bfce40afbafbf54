//! Fully connected networks: from a list of widths to a critical point of the regularised loss.
//!
//! A network is configuration ([`Architecture`], `Copy`) and parameters (a slice the caller owns):
//! row-major `W₀, [b₀], W₁, …`. Layer `ℓ` computes `z = W_ℓ h_ℓ + b_ℓ` and passes on `σ(z)`.
//! [`objective`] gives value and gradient of `L_λ(θ) = (1/n) Σ ℓᵢ + (λ/2)‖θ‖²`, [`optimizer`] moves
//! the parameters, [`train`] joins the two in steps of bounded work.

mod activation;
mod architecture;
pub mod evaluate;
pub mod history;
pub mod init;
mod layer;
pub mod lbfgs;
mod loss;
pub mod mlp;
pub mod objective;
pub mod optimizer;
pub mod schedule;
pub mod sgd;
pub mod train;
mod widths;

pub use activation::Activation;
pub(crate) use architecture::widest;
pub use architecture::{Architecture, Bias, Layer, Layers};
pub use loss::Loss;
pub use widths::{Mlp, Widths};
