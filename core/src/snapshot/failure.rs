//! Why a snapshot was not written or read.

use super::VERSION;
use crate::error::Error;
use crate::scalar::Precision;
use core::fmt;

/// Why a snapshot was not written or read. `E` is the error of the caller's sink or source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// The sink or the source failed.
    Stream(E),
    /// The snapshot is damaged, or not the one asked for.
    Refused(Refused),
    /// The caller's buffers do not fit its own configuration; the snapshot was not looked at.
    Arguments(Error),
}

/// What is wrong with a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not begin as a snapshot does.
    NotASnapshot,
    /// It is of a version that this library does not read.
    Version {
        /// The version met.
        found: u16,
    },
    /// The header's check fails: its bytes were changed.
    DamagedHeader,
    /// The final check fails: bytes were changed.
    Damaged,
    /// The numbers are of another type.
    Precision {
        /// That of the caller.
        expected: Precision,
        /// That of the snapshot.
        found: Precision,
    },
    /// The numbers are of a type that this library does not know.
    UnknownPrecision {
        /// The code met.
        found: u8,
    },
    /// It belongs to another network: other widths, biases or activations.
    Shape {
        /// The caller's hash.
        expected: u64,
        /// The hash met.
        found: u64,
    },
    /// It belongs to another optimiser, or to L-BFGS with another number of pairs.
    Content {
        /// The caller's code.
        expected: u32,
        /// The code met.
        found: u32,
    },
    /// It holds another number of numbers or of bytes of state.
    Length {
        /// Which of them.
        what: &'static str,
        /// The caller's number.
        expected: u64,
        /// The number met.
        found: u64,
    },
    /// The checks hold, but no training ever was in such a state.
    State,
}

impl<E> From<Refused> for Failure<E> {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotASnapshot => f.write_str("not a snapshot: it does not begin with \"FACT\""),
            Self::Version { found } => {
                write!(f, "snapshot of version {found}; this library reads version {VERSION}")
            }
            Self::DamagedHeader => f.write_str("damaged snapshot: the check of its header fails"),
            Self::Damaged => f.write_str("damaged snapshot: its check fails"),
            Self::Precision { expected, found } => {
                write!(f, "snapshot of {found} numbers, expected {expected}")
            }
            Self::UnknownPrecision { found } => {
                write!(f, "snapshot of numbers of the unknown type {found}")
            }
            Self::Shape { expected, found } => write!(
                f,
                "snapshot of another network (hash {found:016x}, expected {expected:016x})"
            ),
            Self::Content { expected, found } => {
                write!(f, "snapshot of another optimiser (code {found:#x}, expected {expected:#x})")
            }
            Self::Length { what, expected, found } => {
                write!(f, "snapshot of {found} {what}, expected {expected}")
            }
            Self::State => f.write_str("snapshot of a state that training cannot be in"),
        }
    }
}

impl core::error::Error for Refused {}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Refused(refused) => refused.fmt(f),
            Self::Arguments(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Failure<E> {}
