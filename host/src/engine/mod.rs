//! Running `fact-core` on a host: buffers in vectors, data in `f64` on the way in and out.

mod measure;
mod memory;
mod problem;
mod traces;
mod train;

pub use measure::{Measured, measure};
pub use memory::{check_measuring, check_memory};
pub use problem::Problem;
pub use traces::trace;
pub use train::{Probe, Trained, train};
