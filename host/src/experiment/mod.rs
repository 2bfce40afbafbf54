//! Experiments: what is measured, as plain data.

mod matrix;
mod outcome;
mod verify;

pub use matrix::Matrix;
pub use outcome::{Agreement, Direction, Layer, Outcome, Point, PointLayer, Run, Stop};
pub use verify::verify;
