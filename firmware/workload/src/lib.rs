//! What every target computes to the same bits: one source for firmware, WebAssembly and desktop.
#![no_std]

pub mod bits;
pub mod iris;
pub mod online;
pub mod resume;
pub mod rfm;
pub mod text;
pub mod train;
