//! The paper's experiments, claim by claim.
//!
//! A claim is a file of [`claims`]: a type that implements [`Claim`] and stands in [`all`]. It says
//! which runs there are, makes one, and summarises all; everything else (threads, progress, storing
//! and resuming, JSON, CSV, Markdown, pictures, verdict, exit code) is here.

mod carry_out;
mod claim;
pub mod claims;
mod data;
mod estimate;
mod machine;
mod modular;
mod network;
mod render;
mod report;
mod store;
mod summary;
mod tabular;
#[cfg(test)]
mod tests;

pub use carry_out::{RESULTS, Reproduce, Request, Results};
pub use claim::{About, Claim, Run, Settings};
pub use claims::all;
pub use data::{Data, Source};
pub use estimate::{Estimate, largest, least};
pub use render::{markdown, overview, text};
pub use report::{document, read, write};
pub use store::{Header, Line, Store, check};
pub use summary::{Band, Check, Entry, Figure, Shown, Summary, Table, Verdict};
