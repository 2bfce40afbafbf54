//! Rendering: the report as JSON, as a table and as files, and the verdict it comes to.

mod files;
mod json;
mod npy;
mod rfm;
mod table;
mod text;
mod verdict;

pub(crate) use files::put;
pub use files::{prepare, write};
pub use json::Report;
pub use npy::{encode, read_metric};
pub(crate) use rfm::importances;
pub use rfm::{FitReport, fit_table, predictions, write_fit};
pub use table::table;
pub(crate) use text::wrap;
pub use verdict::{MAX_RESIDUAL, MIN_PEARSON, Verdict, verdict};

#[cfg(test)]
pub(crate) mod tests;
