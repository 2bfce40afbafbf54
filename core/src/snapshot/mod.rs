//! Snapshots: numbers with a little state, as bytes that name what they are and tell when they are
//! damaged.
//!
//! A snapshot is written to a sink and read from a source, closures over blocks of at most
//! [`BLOCK`] bytes, so that neither a file nor a flash page needs a second copy of the weights.
//! [`train::save`](crate::nn::train::save) and [`train::resume`](crate::nn::train::resume) store a
//! training run; [`write()`] and [`read()`] store anything else that is made of numbers.
//!
//! All fields are little-endian, without padding:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | `FACT` |
//! | 2 | [`VERSION`] |
//! | 1 | type of the numbers, [`Precision::code`] |
//! | 1 | 0 |
//! | 4 | what the numbers are, [`Kind::content`] |
//! | 4 | length `s` of the state in bytes |
//! | 8 | what they belong to, [`Kind::shape`] |
//! | 8 | sequence number: the higher of two snapshots is the newer |
//! | 8 | number `w` of numbers |
//! | 4 | [`Crc32`] of the 40 bytes before |
//! | `s` | state |
//! | `w` × 4 or 8 | the numbers |
//! | 4 | [`Crc32`] of all bytes before, but for the first check |
//!
//! Versions: 1 is the first. A reader refuses every other by its number ([`Refused::Version`]); a
//! later reader that still knows 1 must read it to the same bits.

mod crc;
mod failure;
pub(crate) mod wire;

pub use crc::Crc32;
pub use failure::{Failure, Refused};

use crate::error::Error;
use crate::scalar::{Precision, Scalar};
use wire::{Put, Take};

/// The version that is written, and the only one that is read.
pub const VERSION: u16 = 1;

/// The most bytes that a sink or source is handed at once.
pub const BLOCK: usize = 64;

const MAGIC: [u8; 4] = *b"FACT";
const HEADER: usize = 40;
const CHECK: usize = 4;

/// What the numbers of a snapshot are. A reader names its own, and is refused another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A hash of what they belong to; of a network, its
    /// [`shape_hash`](crate::nn::Architecture::shape_hash).
    pub shape: u64,
    /// A code of what they are; of a training run, its
    /// [`content`](crate::nn::optimizer::Optimizer::content).
    pub content: u32,
}

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the numbers are.
    pub kind: Kind,
    /// The type of the numbers.
    pub precision: Precision,
    /// The higher of two snapshots is the newer.
    pub sequence: u64,
    /// Bytes of state.
    pub state: u32,
    /// Number of numbers.
    pub words: u64,
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut put = Put(&mut bytes);
        put.bytes(MAGIC);
        put.bytes(VERSION.to_le_bytes());
        put.bytes([self.precision.code(), 0]);
        put.u32(self.kind.content);
        put.u32(self.state);
        put.u64(self.kind.shape);
        put.u64(self.sequence);
        put.u64(self.words);
        bytes
    }

    /// Reads the first bytes of a snapshot, and `crc` over them.
    fn read<E>(
        source: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
        crc: &mut Crc32,
    ) -> Result<Self, Failure<E>> {
        let mut bytes = [0; HEADER + CHECK];
        source(&mut bytes).map_err(Failure::Stream)?;
        let mut take = Take(&bytes);
        if take.bytes() != Some(MAGIC) {
            return Err(Refused::NotASnapshot.into());
        }
        // Before the check, whose place may differ between versions.
        match take.u16() {
            Some(VERSION) => {}
            found => return Err(Refused::Version { found: found.unwrap_or(0) }.into()),
        }
        let Some((kind, precision, sequence, state, words)) = Self::fields(&bytes, take, crc)
        else {
            return Err(Refused::DamagedHeader.into());
        };
        let Some(precision) = Precision::from_code(precision) else {
            return Err(Refused::UnknownPrecision { found: precision }.into());
        };
        Ok(Self { kind, precision, sequence, state, words })
    }

    /// The fields behind the version, when the check over all holds.
    fn fields(
        bytes: &[u8],
        mut take: Take<'_>,
        crc: &mut Crc32,
    ) -> Option<(Kind, u8, u64, u32, u64)> {
        let [precision, _] = take.bytes()?;
        let (content, state) = (take.u32()?, take.u32()?);
        let (shape, sequence, words) = (take.u64()?, take.u64()?, take.u64()?);
        crc.update(bytes.get(..HEADER)?);
        let checked = take.u32()? == crc.value();
        checked.then_some((Kind { shape, content }, precision, sequence, state, words))
    }
}

/// Bytes of a snapshot of `state` bytes and `words` numbers of type `T`.
///
/// ```
/// assert_eq!(fact_core::snapshot::size::<f32>(2, 10), 44 + 2 + 40 + 4);
/// ```
pub const fn size<T>(state: usize, words: usize) -> usize {
    words.saturating_mul(size_of::<T>()).saturating_add(state).saturating_add(HEADER + 2 * CHECK)
}

/// Writes a snapshot of `state` and of the numbers of all `parts` in order, [`size`] bytes in blocks
/// of at most [`BLOCK`], to `sink`.
///
/// # Errors
/// The sink's own; [`Failure::Arguments`] for a state of 4 GiB.
///
/// ```
/// use fact_core::snapshot::{self, Kind};
/// let kind = Kind { shape: 7, content: 0 };
/// let (mut bytes, mut numbers) = ([0; snapshot::size::<f32>(0, 3)], [0.0_f32; 3]);
/// snapshot::write(kind, 1, &[], &[&[1.0_f32], &[2.0, 3.0]], snapshot::fill(&mut bytes))?;
/// let sequence = snapshot::read(kind, &mut [], &mut [&mut numbers], snapshot::drain(&bytes))?;
/// assert_eq!((sequence, numbers), (1, [1.0, 2.0, 3.0]));
/// # Ok::<(), snapshot::Failure<fact_core::Error>>(())
/// ```
pub fn write<T: Scalar, E>(
    kind: Kind,
    sequence: u64,
    state: &[u8],
    parts: &[&[T]],
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), Failure<E>> {
    let words = parts.iter().map(|part| part.len() as u64).sum();
    let length = u32::try_from(state.len());
    let what = "bytes of state: fewer than 2³²";
    let length = length.map_err(|_| Failure::Arguments(Error::Parameter { what }))?;
    let precision = T::PRECISION;
    let header = Header { kind, precision, sequence, state: length, words }.to_bytes();
    let mut crc = Crc32::new();
    crc.update(&header);
    sink(&header).map_err(Failure::Stream)?;
    sink(&crc.value().to_le_bytes()).map_err(Failure::Stream)?;
    let mut checked = |bytes: &[u8]| {
        crc.update(bytes);
        sink(bytes).map_err(Failure::Stream)
    };
    state.chunks(BLOCK).try_for_each(&mut checked)?;
    for numbers in parts.iter().flat_map(|part| part.chunks(BLOCK / 8)) {
        let mut block = [0; BLOCK];
        let mut put = Put(&mut block);
        for number in numbers {
            // The width is a constant of the type.
            match size_of::<T>() {
                4 => put.u32(number.bits() as u32),
                _ => put.u64(number.bits()),
            }
        }
        checked(block.get(..size_of_val(numbers)).unwrap_or(&block))?;
    }
    sink(&crc.value().to_le_bytes()).map_err(Failure::Stream)
}

/// Reads a snapshot of this `kind` into `state` and `parts`, whose lengths must be those written;
/// returns its sequence number. What follows the snapshot is left in the source.
///
/// Nothing is overwritten unless the header is right. The last check comes after the numbers, so
/// they are to be used only after `Ok`; [`verify`] first where they are worth keeping.
///
/// # Errors
/// The source's own; [`Failure::Refused`] with what is wrong.
///
/// ```
/// use fact_core::snapshot::{self, Failure, Kind, Refused};
/// let (mine, other) = (Kind { shape: 7, content: 0 }, Kind { shape: 8, content: 0 });
/// let mut bytes = [0; snapshot::size::<f32>(0, 1)];
/// snapshot::write(other, 1, &[], &[&[2.0_f32]], snapshot::fill(&mut bytes))?;
/// let mut number = [0.0_f32];
/// let refused = snapshot::read(mine, &mut [], &mut [&mut number], snapshot::drain(&bytes));
/// assert_eq!(refused, Err(Failure::Refused(Refused::Shape { expected: 7, found: 8 })));
/// # Ok::<(), Failure<fact_core::Error>>(())
/// ```
pub fn read<T: Scalar, E>(
    kind: Kind,
    state: &mut [u8],
    parts: &mut [&mut [T]],
    mut source: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<u64, Failure<E>> {
    let mut crc = Crc32::new();
    let header = Header::read(&mut source, &mut crc)?;
    let (expected, found) = (T::PRECISION, header.precision);
    if expected != found {
        return Err(Refused::Precision { expected, found }.into());
    }
    if kind.shape != header.kind.shape {
        let (expected, found) = (kind.shape, header.kind.shape);
        return Err(Refused::Shape { expected, found }.into());
    }
    if kind.content != header.kind.content {
        let (expected, found) = (kind.content, header.kind.content);
        return Err(Refused::Content { expected, found }.into());
    }
    let words = parts.iter().map(|part| part.len() as u64).sum();
    for (what, expected, found) in [
        ("bytes of state", state.len() as u64, u64::from(header.state)),
        ("numbers", words, header.words),
    ] {
        if expected != found {
            return Err(Refused::Length { what, expected, found }.into());
        }
    }
    let mut checked = |bytes: &mut [u8]| -> Result<(), Failure<E>> {
        source(bytes).map_err(Failure::Stream)?;
        crc.update(bytes);
        Ok(())
    };
    state.chunks_mut(BLOCK).try_for_each(&mut checked)?;
    for numbers in parts.iter_mut().flat_map(|part| part.chunks_mut(BLOCK / 8)) {
        let mut block = [0; BLOCK];
        checked(block.get_mut(..size_of_val(numbers)).unwrap_or_default())?;
        let mut take = Take(&block);
        for number in numbers {
            let bits = if size_of::<T>() == 4 { take.u32().map(u64::from) } else { take.u64() };
            *number = T::from_bits(bits.unwrap_or(0));
        }
    }
    finish(crc, &mut source)?;
    Ok(header.sequence)
}

/// Reads a whole snapshot without keeping it; returns its header when it is undamaged.
///
/// # Errors
/// The source's own; [`Failure::Refused`] with what is wrong.
///
/// ```
/// use fact_core::snapshot::{self, Kind};
/// let mut bytes = [0; snapshot::size::<f64>(0, 1)];
/// let kind = Kind { shape: 7, content: 0 };
/// snapshot::write(kind, 5, &[], &[&[1.0]], snapshot::fill(&mut bytes))?;
/// assert_eq!(snapshot::verify(snapshot::drain(&bytes))?.sequence, 5);
/// bytes[50] ^= 1;
/// assert!(snapshot::verify(snapshot::drain(&bytes)).is_err());
/// # Ok::<(), snapshot::Failure<fact_core::Error>>(())
/// ```
pub fn verify<E>(mut source: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Header, Failure<E>> {
    let mut crc = Crc32::new();
    let header = Header::read(&mut source, &mut crc)?;
    let width = header.precision.width() as u64;
    let mut rest = header.words.saturating_mul(width).saturating_add(header.state.into());
    while rest > 0 {
        let mut block = [0; BLOCK];
        let len = rest.min(BLOCK as u64);
        let bytes = block.get_mut(..len as usize).unwrap_or_default();
        source(bytes).map_err(Failure::Stream)?;
        crc.update(bytes);
        rest -= len;
    }
    finish(crc, &mut source)?;
    Ok(header)
}

fn finish<E>(
    crc: Crc32,
    source: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(), Failure<E>> {
    let mut check = [0; CHECK];
    source(&mut check).map_err(Failure::Stream)?;
    if u32::from_le_bytes(check) == crc.value() { Ok(()) } else { Err(Refused::Damaged.into()) }
}

/// A sink that fills `buffer` from the front; [`Error::Length`] when it is full.
///
/// ```
/// use fact_core::snapshot;
/// let mut buffer = [0; 3];
/// let mut sink = snapshot::fill(&mut buffer);
/// assert!(sink(&[1, 2]).is_ok() && sink(&[3, 4]).is_err());
/// ```
pub fn fill(buffer: &mut [u8]) -> impl FnMut(&[u8]) -> Result<(), Error> {
    let mut rest = buffer;
    move |bytes| {
        let Some(part) = rest.split_off_mut(..bytes.len()) else {
            let (what, expected, found) = ("room for a snapshot", bytes.len(), rest.len());
            return Err(Error::Length { what, expected, found });
        };
        for (to, &from) in part.iter_mut().zip(bytes) {
            *to = from;
        }
        Ok(())
    }
}

/// A source that reads `bytes` from the front; [`Error::Length`] when they are used up.
///
/// ```
/// use fact_core::snapshot;
/// let (mut source, mut two) = (snapshot::drain(&[1, 2, 3]), [0; 2]);
/// assert!(source(&mut two).is_ok() && two == [1, 2] && source(&mut two).is_err());
/// ```
pub fn drain(bytes: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), Error> {
    let mut rest = bytes;
    move |block| {
        let Some(part) = rest.split_off(..block.len()) else {
            let (what, expected, found) = ("rest of a snapshot", block.len(), rest.len());
            return Err(Error::Length { what, expected, found });
        };
        for (to, &from) in block.iter_mut().zip(part) {
            *to = from;
        }
        Ok(())
    }
}
