//! A store for what a board has learnt, on any NOR flash with the traits of `embedded-storage`, that
//! survives a power cut at any instant: what is read back is the last state saved or, when the cut
//! came before that was complete, the one before.
//!
//! # How
//! A [`Region`] of the flash is divided into two or more slots. A save goes to another slot than the
//! newest state's, and in this order: erase, payload, read it back, record, commit word, confirming
//! word. So until the commit word is programmed the newest state is the old one, untouched. Every slot
//! is erased before it is written, whatever it looks like: a page whose erasure was cut short may read
//! as blank. No word is programmed twice. Opening only reads.
//!
//! A slot, each field padded to whole words of the flash with `0xff`, little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | `FSLT` |
//! | 4 | version, 1 |
//! | 4 | length of the payload |
//! | 4 | CRC-32 of the payload |
//! | 8 | sequence number |
//! | 4 | CRC-32 of the 24 bytes before: end of the record |
//! | 4 + 4 | commit word: the same CRC-32, and its complement |
//! | 4 + 4 | confirming word: the same, halves changed |
//! | length | payload |
//!
//! A slot counts when its commit word, its record and its payload agree, and of those that count the
//! highest sequence number wins. Each save takes one higher than any intact record's, committed or
//! not, so that nothing that was given up can come back as the newest. A word whose programming was cut,
//! or a page whose erasure was, may hold anything: it agrees by chance once in 2³² times.
//!
//! # How many slots
//! Two suffice where a torn word reads the same each time, for any number of cuts. Where it may read
//! as one thing now and as another later, take three: a half-programmed commit word can then come and
//! go, and with it the new state, but the confirming word tells which state is there for good, and that
//! one is not erased before another is. Between two saves that end, this survives three cuts; more in a
//! row can tear the words of every slot. A page half erased may there read as before when the store is
//! opened and differently afterwards: the payload is checked once more as it is read, and
//! [`Error::Unstable`] says to look again.
//!
//! Each save erases one slot, so a region of `s` slots of flash good for `e` erasures takes `s·e` saves.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::todo
)]

mod error;
mod slot;
mod store;
mod training;

pub use error::Error;
pub use slot::{Reader, Writer, overhead};
pub use store::{Condition, Region, Store};
