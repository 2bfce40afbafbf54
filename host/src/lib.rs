//! The host side of FACT: data in, experiments, reports out.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod data;
pub mod error;
pub mod plan;
