//! Experiments: what is measured, as plain data.

mod check;
mod fit;
mod machine;
mod matrix;
mod outcome;
mod verify;

pub use check::check;
pub use fit::{Candidate, FitOutcome, Observer, Predictions, fit};
pub(crate) use machine::next as next_metric;
pub use machine::{Coded, Fitted, Round, Score, Sets, TAU_SAMPLES, compare, run};
pub use matrix::Matrix;
pub use outcome::{Agreement, Direction, Layer, Outcome, Point, PointLayer, Run, Stop, Traced};
pub use verify::{verify, verify_kept};
