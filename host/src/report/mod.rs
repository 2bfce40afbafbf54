//! Rendering: the report as JSON, as a table and as files, and the verdict it comes to.

pub mod device;
mod elsewhere;
mod files;
mod json;
mod npy;
mod rfm;
mod table;
mod text;
mod traced;
mod verdict;

pub(crate) use files::put;
pub use files::{prepare, prepare_file, write, write_file};
pub use json::Report;
pub(crate) use json::line;
pub use npy::{encode, read_metric};
pub(crate) use rfm::importances;
pub use rfm::{FitReport, fit_table, predictions, write_fit};
pub use table::table;
pub(crate) use text::wrap;
pub use traced::{traced_json, traced_table};
pub use verdict::{Finding, MAX_RESIDUAL, MIN_PEARSON, Verdict, traced_verdict, verdict};

#[cfg(test)]
pub(crate) mod tests;
