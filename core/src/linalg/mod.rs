//! Dense linear algebra with a fixed order of sums.

pub mod blas;
