//! The claims, a file each. To add one: implement [`Claim`](super::Claim) in a new file and list it
//! here, in the order of its number.

mod agreement;
mod agreement_figures;
mod counterexample;
mod dynamics;
mod dynamics_figures;
mod falsify;
mod quadratic;
mod tabular;
mod tabular_tables;

use super::Reproduce;
pub use agreement::Agreement;
pub use counterexample::Counterexample;
pub use dynamics::Dynamics;
pub use falsify::Falsify;
pub use tabular::Tabular;

/// All claims, by number.
///
/// ```
/// let numbers: Vec<u8> = fact_host::reproduce::all().iter().map(|c| c.about().number).collect();
/// assert!(numbers.is_sorted());
/// ```
pub fn all() -> Vec<&'static dyn Reproduce> {
    vec![&Agreement, &Dynamics, &Counterexample, &Tabular, &Falsify]
}
