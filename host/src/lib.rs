//! The host side of FACT: data in, experiments, reports out.
//!
//! Each [`command`] is a straight line: [`cli`] turns arguments into a validated [`plan`], [`data`]
//! loads what it names, [`engine`] trains with the algorithms of `fact-core`, [`experiment`]
//! measures, [`report`] and [`plot`] render last.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bench;
pub mod cli;
pub mod command;
pub mod data;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod export;
pub mod model;
pub mod network;
pub mod plan;
pub mod plot;
pub mod progress;
pub mod report;
pub mod reproduce;

// The README's example is compiled and run with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/FIRMWARE.md")]
struct Firmware;
