//! What can go wrong.

use core::fmt;
use fact_core::snapshot::Refused;

/// Why the store gave no result. `E` is the error of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The flash failed.
    Flash(E),
    /// The region does not fit the flash.
    Region {
        /// What must hold of it.
        what: &'static str,
    },
    /// More bytes than a slot holds.
    TooLarge {
        /// Bytes to store.
        needed: u32,
        /// Bytes of a slot's payload.
        available: u32,
    },
    /// Another number of bytes was written than announced, or more read than there are.
    Length {
        /// The number announced or stored.
        expected: u32,
        /// The number met.
        found: u32,
    },
    /// What was written does not read back: the flash is worn out.
    ReadBack,
    /// What is read now is not what was found before: a torn word, or a page half erased, reads
    /// differently each time. [`Store::refresh`](crate::Store::refresh), and read again.
    Unstable,
    /// Nothing is stored.
    Empty,
    /// All 2⁶⁴ sequence numbers are used up.
    Sequence,
    /// What is stored is not what is asked for.
    Refused(Refused),
    /// The caller's buffers do not fit its own configuration.
    Arguments(fact_core::Error),
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The trait asks errors of flashes for `Debug` only.
            Self::Flash(error) => write!(f, "flash: {error:?}"),
            Self::Region { what } => write!(f, "region of the store: {what}"),
            Self::TooLarge { needed, available } => {
                write!(f, "{needed} bytes to store, {available} fit a slot")
            }
            Self::Length { expected, found } => {
                write!(f, "store: expected {expected} bytes, found {found}")
            }
            Self::ReadBack => f.write_str("flash: what was written does not read back"),
            Self::Unstable => {
                f.write_str("flash: a torn state reads differently each time: refresh the store")
            }
            Self::Empty => f.write_str("nothing is stored"),
            Self::Sequence => f.write_str("store: the sequence numbers are used up"),
            Self::Refused(refused) => refused.fmt(f),
            Self::Arguments(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}
