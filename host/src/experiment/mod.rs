//! Experiments: what is measured, as plain data.

mod check;
mod matrix;
mod outcome;
mod verify;

pub use check::check;
pub use matrix::Matrix;
pub use outcome::{Agreement, Direction, Layer, Outcome, Point, PointLayer, Run, Stop, Traced};
pub use verify::verify;
