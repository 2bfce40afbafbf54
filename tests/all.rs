//! All tests in one program, so that what they share is compiled once: `cargo test -p fact-tests laws`
//! runs those of a module.

mod blocks;
mod executors;
mod exponentials;
mod falsifications;
mod foundations;
mod golden_files;
mod golden_kernels;
mod golden_networks;
mod gradients;
mod kernel_arguments;
mod kernel_laws;
mod kernel_machines;
mod laws;
mod linalg;
mod measures;
mod oracles;
mod passes;
mod robustness;
mod sizes;
mod snapshots;
mod training;
