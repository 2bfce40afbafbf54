//! The claims, a file each. To add one: implement [`Claim`](super::Claim) in a new file and list it
//! here, in the order of its number.

mod agreement;
mod agreement_figures;
mod counterexample;
mod dynamics;
mod dynamics_figures;
mod falsify;
mod modular;
mod modular_figures;
mod modular_network;
mod parity;
mod parity_figures;
mod quadratic;
mod tabular;
mod tabular_tables;
mod tau;
mod tau_figures;

use super::Reproduce;
pub use agreement::Agreement;
pub use counterexample::Counterexample;
pub use dynamics::Dynamics;
pub use falsify::Falsify;
pub use modular::Modular;
pub use parity::Parity;
pub use tabular::Tabular;
pub use tau::Tau;

/// All claims, by number.
///
/// ```
/// let numbers: Vec<u8> = fact_host::reproduce::all().iter().map(|c| c.about().number).collect();
/// assert!(numbers.is_sorted());
/// ```
pub fn all() -> Vec<&'static dyn Reproduce> {
    vec![&Agreement, &Dynamics, &Parity, &Modular, &Tau, &Counterexample, &Tabular, &Falsify]
}
