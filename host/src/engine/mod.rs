//! Running `fact-core` on a host: buffers in vectors, data in `f64` on the way in and out.

mod descend;
pub mod device;
pub mod machine;
mod measure;
mod memory;
mod passes;
mod problem;
mod traces;
mod train;
pub mod wide;

pub use descend::{Averaged, Descent, descend};
pub use measure::{Measured, measure};
pub use memory::{Memory, check_measuring, check_memory, fit_memory};
pub use passes::Passes;
pub use problem::Problem;
pub use traces::trace;
pub use train::{Keeper, Probe, Trained, train, train_kept};
