//! Workloads, oracles and the one table of tolerances that the tests share.
pub mod dense;
pub mod golden;
pub mod golden_kernel;
pub mod machine;
pub mod matrices;
pub mod minima;
pub mod near;
pub mod network;
pub mod oracle;
pub mod tolerance;
pub mod workload;
