//! What can go wrong, with the numbers that tell why.

use core::fmt;

/// Why a function of this crate gave no result. Small and `Copy`; nothing here panics instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A matrix is not of the shape its place demands.
    Shape {
        /// The operand.
        what: &'static str,
        /// Rows and columns demanded.
        expected: (usize, usize),
        /// Rows and columns met.
        found: (usize, usize),
    },
    /// A buffer or vector is not of the length its place demands.
    Length {
        /// The operand.
        what: &'static str,
        /// Elements demanded.
        expected: usize,
        /// Elements met.
        found: usize,
    },
    /// The scratch buffer is too small.
    Scratch {
        /// Words needed by this step.
        needed: usize,
        /// Words left.
        available: usize,
    },
    /// A parameter lies outside its range.
    Parameter {
        /// The parameter and its range.
        what: &'static str,
    },
    /// A Cholesky pivot was zero, negative or not a number.
    NotPositiveDefinite {
        /// Row of the pivot, counted from 0.
        pivot: usize,
    },
    /// An iteration did not settle within its bound.
    NoConvergence {
        /// Iterations made.
        iterations: usize,
    },
    /// A value that must be finite was infinite or not a number.
    NonFinite {
        /// The value.
        what: &'static str,
    },
    /// A quantity made of finite numbers vanished, or over- or underflowed: the scale of the metric
    /// broke down.
    Scale {
        /// The quantity.
        what: &'static str,
    },
}

/// The result of a fallible function of this crate.
pub type Result<T> = core::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape { what, expected: (r, c), found: (p, q) } => {
                write!(f, "{what}: expected {r}×{c}, found {p}×{q}")
            }
            Self::Length { what, expected, found } => {
                write!(f, "{what}: expected {expected} elements, found {found}")
            }
            Self::Scratch { needed, available } => {
                write!(f, "scratch: {needed} words needed, {available} left")
            }
            Self::Parameter { what } => write!(f, "parameter out of range: {what}"),
            Self::NotPositiveDefinite { pivot } => {
                write!(f, "matrix is not positive definite (pivot {pivot})")
            }
            Self::NoConvergence { iterations } => {
                write!(f, "no convergence after {iterations} iterations")
            }
            Self::NonFinite { what } => write!(f, "{what} is not finite"),
            Self::Scale { what } => write!(f, "{what} vanished or is out of the number range"),
        }
    }
}

impl core::error::Error for Error {}

/// `Ok` when `found` is the length that `what` must have.
pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, expected, found }) }
}

/// `Ok` when `found` is the shape that `what` must have.
pub(crate) fn check_shape(
    what: &'static str,
    expected: (usize, usize),
    found: (usize, usize),
) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Shape { what, expected, found }) }
}
