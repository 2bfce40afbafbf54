//! Rendering: the report as JSON, as a table and as files, and the verdict it comes to.

mod files;
mod json;
mod npy;
mod table;
mod text;
mod verdict;

pub(crate) use files::put;
pub use files::{prepare, write};
pub use json::Report;
pub use npy::encode;
pub use table::table;
pub(crate) use text::wrap;
pub use verdict::{MAX_RESIDUAL, MIN_PEARSON, Verdict, verdict};

#[cfg(test)]
pub(crate) mod tests;
