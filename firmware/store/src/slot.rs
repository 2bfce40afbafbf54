//! One slot: its layout, and its payload as a stream in whole words of the flash.

use crate::Error;
use embedded_storage::nor_flash::NorFlash;
use fact_core::snapshot::Crc32;

/// Bytes read or programmed at once at most: a multiple of every flash's word.
pub(crate) const BLOCK: usize = 64;

const MAGIC: [u8; 4] = *b"FSLT";
const VERSION: u32 = 1;
const RECORD: usize = 28;
const COMMIT: usize = 8;

/// Bytes that are read and programmed together.
pub(crate) const fn word<F: NorFlash>() -> usize {
    if F::WRITE_SIZE > F::READ_SIZE { F::WRITE_SIZE } else { F::READ_SIZE }
}

/// `len` rounded up to whole words, at most the largest multiple that 32 bits hold.
const fn padded<F: NorFlash>(len: u32) -> u32 {
    let mask = word::<F>() as u32 - 1;
    len.saturating_add(mask) & !mask
}

/// Offset of the commit word in a slot.
const fn commitment<F: NorFlash>() -> u32 {
    padded::<F>(RECORD as u32)
}

/// Offset of the confirming word in a slot.
const fn confirmation<F: NorFlash>() -> u32 {
    commitment::<F>() + padded::<F>(COMMIT as u32)
}

/// Bytes of a slot of this flash that are not payload.
///
/// ```
/// # use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
/// # struct Flash;
/// # impl ErrorType for Flash { type Error = NorFlashErrorKind; }
/// # impl ReadNorFlash for Flash {
/// #     const READ_SIZE: usize = 1;
/// #     fn read(&mut self, _: u32, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
/// #     fn capacity(&self) -> usize { 0 }
/// # }
/// # impl NorFlash for Flash {
/// #     const WRITE_SIZE: usize = 16;
/// #     const ERASE_SIZE: usize = 4096;
/// #     fn erase(&mut self, _: u32, _: u32) -> Result<(), Self::Error> { Ok(()) }
/// #     fn write(&mut self, _: u32, _: &[u8]) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// // A flash with words of 16 bytes.
/// assert_eq!(fact_store::overhead::<Flash>(), 32 + 16 + 16);
/// ```
pub const fn overhead<F: NorFlash>() -> u32 {
    confirmation::<F>() + padded::<F>(COMMIT as u32)
}

/// What a slot says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub sequence: u64,
    pub length: u32,
    pub crc: u32,
}

impl Record {
    /// All fields and their CRC-32.
    fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        let check = self.check().to_le_bytes();
        for (to, from) in bytes.iter_mut().zip(self.fields().as_flattened().iter().chain(&check)) {
            *to = *from;
        }
        bytes
    }

    fn fields(self) -> [[u8; 4]; 6] {
        [
            MAGIC,
            VERSION.to_le_bytes(),
            self.length.to_le_bytes(),
            self.crc.to_le_bytes(),
            (self.sequence as u32).to_le_bytes(),
            ((self.sequence >> 32) as u32).to_le_bytes(),
        ]
    }

    fn check(self) -> u32 {
        let mut crc = Crc32::new();
        crc.update(self.fields().as_flattened());
        crc.value()
    }

    fn from_bytes(bytes: &[u8; RECORD]) -> Option<Self> {
        let (&[_, _, length, crc, low, high, _], []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let [length, crc, low, high] = [length, crc, low, high].map(u32::from_le_bytes);
        let record = Self { sequence: u64::from(low) | u64::from(high) << 32, length, crc };
        (record.to_bytes() == *bytes).then_some(record)
    }

    /// The word that makes the record count. It is not that of blank flash, nor of flash all 0.
    fn commit_word(self) -> [u8; COMMIT] {
        let check = self.check();
        (u64::from(check) | u64::from(!check) << 32).to_le_bytes()
    }

    /// The word after it: the same with its halves changed.
    fn confirming_word(self) -> [u8; COMMIT] {
        u64::from_le_bytes(self.commit_word()).rotate_right(32).to_le_bytes()
    }
}

/// The record of the slot at `start`, if it is intact. Whether it counts is another question.
pub(crate) fn record<F: NorFlash>(flash: &mut F, start: u32) -> Result<Option<Record>, F::Error> {
    let bytes = read_array::<F, RECORD>(flash, start)?;
    Ok(Record::from_bytes(&bytes))
}

/// Whether this record of the slot at `start` is committed.
pub(crate) fn committed<F: NorFlash>(
    flash: &mut F,
    start: u32,
    record: Record,
) -> Result<bool, F::Error> {
    let word = read_array::<F, COMMIT>(flash, start + commitment::<F>())?;
    Ok(word == record.commit_word())
}

/// Whether its commit word is known to have been programmed completely: only then was the confirming
/// word begun.
pub(crate) fn confirmed<F: NorFlash>(
    flash: &mut F,
    start: u32,
    record: Record,
) -> Result<bool, F::Error> {
    let word = read_array::<F, COMMIT>(flash, start + confirmation::<F>())?;
    Ok(word == record.confirming_word())
}

/// Programs the record, the commit word and the confirming word, in this order.
pub(crate) fn commit<F: NorFlash>(
    flash: &mut F,
    start: u32,
    record: Record,
) -> Result<(), F::Error> {
    write_padded(flash, start, &record.to_bytes())?;
    write_padded(flash, start + commitment::<F>(), &record.commit_word())?;
    write_padded(flash, start + confirmation::<F>(), &record.confirming_word())
}

fn read_array<F: NorFlash, const N: usize>(
    flash: &mut F,
    offset: u32,
) -> Result<[u8; N], F::Error> {
    let mut block = [0; BLOCK];
    flash.read(offset, block.get_mut(..padded::<F>(N as u32) as usize).unwrap_or_default())?;
    Ok(block.first_chunk().copied().unwrap_or([0; N]))
}

/// Programs at most [`BLOCK`] bytes, filled up with those of blank flash.
fn write_padded<F: NorFlash>(flash: &mut F, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
    let mut block = [0xff; BLOCK];
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    flash.write(offset, block.get(..padded::<F>(bytes.len() as u32) as usize).unwrap_or(&block))
}

/// Takes the payload of a slot that was erased for it, piece by piece.
#[derive(Debug)]
pub struct Writer<'f, F> {
    flash: &'f mut F,
    /// Where the collected bytes go.
    offset: u32,
    block: [u8; BLOCK],
    collected: usize,
    crc: Crc32,
    length: u32,
    written: u32,
}

impl<'f, F: NorFlash> Writer<'f, F> {
    pub(crate) fn new(flash: &'f mut F, start: u32, length: u32) -> Self {
        Self {
            flash,
            offset: start + overhead::<F>(),
            block: [0xff; BLOCK],
            collected: 0,
            crc: Crc32::new(),
            length,
            written: 0,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::Flash`], and [`Error::Length`] when they are more than was announced.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error<F::Error>> {
        let (expected, found) = (self.length, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let written = self.written.saturating_add(found);
        if written > expected {
            return Err(Error::Length { expected, found: written });
        }
        self.crc.update(bytes);
        self.written = written;
        let mut rest = bytes;
        while !rest.is_empty() {
            let free = self.block.get_mut(self.collected..).unwrap_or_default();
            let count = free.len().min(rest.len());
            let piece = rest.split_off(..count).unwrap_or_default();
            for (to, from) in free.iter_mut().zip(piece) {
                *to = *from;
            }
            self.collected += count;
            if self.collected == BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error<F::Error>> {
        let (offset, collected) = (self.offset, self.collected);
        // Moved on first: after a failure these words must not be programmed again.
        self.offset += BLOCK as u32;
        self.collected = 0;
        let bytes = self.block.get(..collected).unwrap_or(&self.block);
        write_padded(self.flash, offset, bytes).map_err(Error::Flash)
    }

    /// Programs the rest and returns the check of the payload.
    pub(crate) fn finish(mut self) -> Result<u32, Error<F::Error>> {
        if self.written != self.length {
            return Err(Error::Length { expected: self.length, found: self.written });
        }
        if self.collected > 0 {
            self.flush()?;
        }
        Ok(self.crc.value())
    }
}

/// Gives the payload of a slot, piece by piece.
#[derive(Debug)]
pub struct Reader<'f, F> {
    flash: &'f mut F,
    /// Of the next block on the flash.
    offset: u32,
    block: [u8; BLOCK],
    /// Where the unread bytes of the block begin.
    at: usize,
    record: Record,
    read: u32,
    /// The check of what was read.
    crc: Crc32,
}

impl<'f, F: NorFlash> Reader<'f, F> {
    pub(crate) fn new(flash: &'f mut F, start: u32, record: Record) -> Self {
        let offset = start + overhead::<F>();
        Self { flash, offset, block: [0; BLOCK], at: BLOCK, record, read: 0, crc: Crc32::new() }
    }

    /// The sequence number of what is read.
    pub fn sequence(&self) -> u64 {
        self.record.sequence
    }

    /// Bytes not yet read.
    pub fn remaining(&self) -> u32 {
        self.record.length.saturating_sub(self.read)
    }

    /// Fills `bytes` with the next ones.
    ///
    /// # Errors
    /// [`Error::Flash`]; [`Error::Length`] when fewer remain; with the last of them,
    /// [`Error::Unstable`] when they are not what was found when the store was opened.
    pub fn read(&mut self, bytes: &mut [u8]) -> Result<(), Error<F::Error>> {
        let found = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let expected = self.record.length;
        if found > self.remaining() {
            return Err(Error::Length { expected, found: self.read.saturating_add(found) });
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.at == BLOCK {
                self.fetch()?;
            }
            let unread = self.block.get(self.at..).unwrap_or_default();
            let count = unread.len().min(rest.len());
            let piece = rest.split_off_mut(..count).unwrap_or_default();
            for (to, from) in piece.iter_mut().zip(unread) {
                *to = *from;
            }
            self.crc.update(piece);
            self.at += count;
            self.read += count as u32;
        }
        if self.remaining() == 0 && self.crc.value() != self.record.crc {
            return Err(Error::Unstable);
        }
        Ok(())
    }

    fn fetch(&mut self) -> Result<(), Error<F::Error>> {
        let count = padded::<F>(self.remaining().min(BLOCK as u32)) as usize;
        let block = self.block.get_mut(..count).unwrap_or_default();
        self.flash.read(self.offset, block).map_err(Error::Flash)?;
        self.offset += BLOCK as u32;
        self.at = 0;
        Ok(())
    }

    /// Whether what remains agrees with the record; it is thereby read.
    pub(crate) fn verify(mut self) -> Result<bool, Error<F::Error>> {
        let mut block = [0; BLOCK];
        while self.remaining() > 0 {
            let count = self.remaining().min(BLOCK as u32) as usize;
            match self.read(block.get_mut(..count).unwrap_or_default()) {
                Err(Error::Unstable) => return Ok(false),
                read => read?,
            }
        }
        Ok(true)
    }
}
