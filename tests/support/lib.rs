//! Workloads, oracles and the one table of tolerances that the tests share.
pub mod tolerance;
