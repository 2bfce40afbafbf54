//! All tests of the command in one program, so that what they share is linked once:
//! `cargo test -p fact-host --test all rfm` runs those of a module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

mod bad_input;
mod bench;
mod check;
mod comforts;
mod engines;
mod export;
mod golden_kernels;
mod interrupt;
#[cfg(target_os = "linux")]
mod memory;
mod plan;
mod reproduce;
mod rfm;
mod verify;
