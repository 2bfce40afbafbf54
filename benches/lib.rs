//! Benchmarks of the numeric core: what is called, on which shapes, and how much work a call is.
//!
//! `cargo bench -p fact-benches --bench wall_clock` times every public kernel;
//! `cargo bench -p fact-benches --bench instructions` counts the instructions of those that firmware
//! calls, exactly. `docs/PERFORMANCE.md` says what to make of either.

pub mod counted;
pub mod features;
pub mod kernels;
pub mod linalg;
pub mod networks;
pub mod numbers;
mod task;

pub use task::{Task, Work, values};

/// Every benchmark that is timed.
pub fn all() -> Vec<Task> {
    let modules = [linalg::tasks, networks::tasks, features::tasks, kernels::tasks, numbers::tasks];
    modules.iter().flat_map(|tasks| tasks()).collect()
}
