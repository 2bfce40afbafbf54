//! The store: which slot counts, and which is written next.

use crate::Error;
use crate::slot::{self, BLOCK, Reader, Record, Writer};
use embedded_storage::nor_flash::NorFlash;

/// The part of the flash that a store may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Offset of the first slot, a multiple of the flash's `ERASE_SIZE`.
    pub start: u32,
    /// Bytes of a slot, a multiple of `ERASE_SIZE`.
    pub slot: u32,
    /// Number of slots, at least 2.
    pub slots: u32,
}

impl Region {
    /// `Ok` when the flash has this region, in whole pages.
    fn check<F: NorFlash>(&self, flash: &F) -> Result<(), Error<F::Error>> {
        let whole = |bytes: u32| (bytes as usize).is_multiple_of(F::ERASE_SIZE);
        let end = self.slot.checked_mul(self.slots).and_then(|all| self.start.checked_add(all));
        let what = if self.slots < 2 {
            "at least two slots"
        } else if !(whole(self.start) && whole(self.slot)) {
            "start and slot in whole pages of ERASE_SIZE"
        } else if self.slot < slot::overhead::<F>() {
            "a slot larger than its overhead"
        } else if end.is_none_or(|end| end as usize > flash.capacity()) {
            "an end within the flash"
        } else {
            return Ok(());
        };
        Err(Error::Region { what })
    }

    /// Offset of slot `index`.
    fn offset(&self, index: u32) -> u32 {
        self.start + index * self.slot
    }

    /// Bytes of payload that a slot holds.
    const fn room<F: NorFlash>(&self) -> u32 {
        self.slot.saturating_sub(slot::overhead::<F>())
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<E> {
    /// A complete state.
    Complete {
        /// Its sequence number.
        sequence: u64,
        /// Its bytes.
        length: u32,
    },
    /// Nothing that counts: blank, half erased, half written or damaged.
    Incomplete,
    /// Reading it failed, as it may where the flash checks its words and one was torn.
    Unreadable(E),
}

/// A store on `flash`, which is handed over or lent (`&mut`).
#[derive(Debug)]
pub struct Store<F> {
    flash: F,
    region: Region,
    newest: Option<Complete>,
    /// The newest state whose commit word is known not to be torn.
    sure: Option<Complete>,
    /// The highest sequence number of any record, whether its slot counts or not.
    highest: u64,
}

/// A slot that counts.
#[derive(Clone, Copy, Debug)]
struct Complete {
    index: u32,
    record: Record,
}

/// The sequence number, 0 for none.
fn sequence(complete: Option<Complete>) -> u64 {
    complete.map_or(0, |complete| complete.record.sequence)
}

impl<F: NorFlash> Store<F> {
    /// Finds the newest complete state of the region, and changes nothing: a power cut during this
    /// call is no event.
    ///
    /// A slot that cannot be read does not count; [`Self::condition`] tells. Cost: the records and the
    /// payloads that might be the newest are read once. Words and reads of the flash are powers of
    /// two, at most 64 bytes; others do not compile.
    ///
    /// # Errors
    /// [`Error::Region`] when the region does not fit the flash.
    pub fn open(flash: F, region: Region) -> Result<Self, Error<F::Error>> {
        const {
            assert!(F::WRITE_SIZE.is_power_of_two() && F::WRITE_SIZE <= BLOCK);
            assert!(F::READ_SIZE.is_power_of_two() && F::READ_SIZE <= BLOCK);
        }
        region.check(&flash)?;
        let mut store = Self { flash, region, newest: None, sure: None, highest: 0 };
        store.refresh();
        Ok(store)
    }

    /// Finds the newest complete state again, as [`Self::open`] does: for what to do after
    /// [`Error::Unstable`].
    pub fn refresh(&mut self) {
        (self.newest, self.sure) = (None, None);
        for index in 0..self.region.slots {
            let Ok(Some(record)) = self.record(index) else { continue };
            self.highest = self.highest.max(record.sequence);
            if record.sequence <= sequence(self.sure) {
                continue;
            }
            let complete = Complete { index, record };
            if self.counts(complete).unwrap_or(false) {
                if record.sequence > sequence(self.newest) {
                    self.newest = Some(complete);
                }
                let start = self.region.offset(index);
                if slot::confirmed(&mut self.flash, start, record).unwrap_or(false) {
                    self.sure = Some(complete);
                }
            }
        }
    }

    /// The record of slot `index`, if it is intact.
    fn record(&mut self, index: u32) -> Result<Option<Record>, Error<F::Error>> {
        let record = slot::record(&mut self.flash, self.region.offset(index));
        record.map_err(Error::Flash)
    }

    /// Whether the slot of this record is committed and its payload undamaged.
    fn counts(&mut self, Complete { index, record }: Complete) -> Result<bool, Error<F::Error>> {
        let start = self.region.offset(index);
        let committed = slot::committed(&mut self.flash, start, record).map_err(Error::Flash)?;
        Ok(committed
            && record.length <= self.room()
            && Reader::new(&mut self.flash, start, record).verify()?)
    }

    /// Whether the newest state still reads as it was saved.
    pub(crate) fn settled(&mut self) -> bool {
        let Some(Complete { index, record }) = self.newest else { return true };
        let found = self.record(index).is_ok_and(|found| found == Some(record));
        found && self.counts(Complete { index, record }).unwrap_or(false)
    }

    /// The slot to write next: never the newest, and of three or more not the newest sure one.
    fn target(&self) -> u32 {
        let Some(newest) = self.newest else { return 0 };
        let slots = self.region.slots;
        let after = |index: u32| if index + 1 < slots { index + 1 } else { 0 };
        let next = after(newest.index);
        let spared = self.sure.is_some_and(|sure| sure.index == next) && slots > 2;
        if spared { after(next) } else { next }
    }

    /// What slot `index` holds: for diagnosis, nothing else depends on it.
    ///
    /// # Errors
    /// [`Error::Region`] when there is no such slot.
    pub fn condition(&mut self, index: u32) -> Result<Condition<F::Error>, Error<F::Error>> {
        if index >= self.region.slots {
            return Err(Error::Region { what: "a slot below their number" });
        }
        let found = self.record(index).and_then(|record| {
            let Some(record) = record else { return Ok(None) };
            Ok(self.counts(Complete { index, record })?.then_some(record))
        });
        match found {
            Ok(Some(Record { sequence, length, .. })) => {
                Ok(Condition::Complete { sequence, length })
            }
            Ok(None) => Ok(Condition::Incomplete),
            Err(Error::Flash(error)) => Ok(Condition::Unreadable(error)),
            Err(error) => Err(error),
        }
    }

    /// The sequence number of the newest complete state.
    pub fn sequence(&self) -> Option<u64> {
        self.newest.map(|newest| newest.record.sequence)
    }

    /// The largest payload.
    pub fn room(&self) -> u32 {
        self.region.room::<F>()
    }

    /// Saves `length` bytes that `fill` writes, in any pieces; `fill` is told the sequence number,
    /// which is higher than any before and is returned. From the return on, this is the newest state; a
    /// power cut before it leaves this one or the one before.
    ///
    /// Cost: one slot is erased, written once and read once.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is erased; those of the flash and of `fill`;
    /// [`Error::Length`] when `fill` wrote another number of bytes; [`Error::ReadBack`]. After each of
    /// them the newest state is the one before, unless a flash failed behind the commit word and the
    /// store is opened again.
    pub fn save(
        &mut self,
        length: u32,
        fill: impl FnOnce(u64, &mut Writer<'_, F>) -> Result<(), Error<F::Error>>,
    ) -> Result<u64, Error<F::Error>> {
        let available = self.room();
        if length > available {
            return Err(Error::TooLarge { needed: length, available });
        }
        let index = self.target();
        let sequence = self.highest.checked_add(1).ok_or(Error::Sequence)?;
        let start = self.region.offset(index);
        self.flash.erase(start, start + self.region.slot).map_err(Error::Flash)?;
        let mut writer = Writer::new(&mut self.flash, start, length);
        fill(sequence, &mut writer)?;
        let crc = writer.finish()?;
        let record = Record { sequence, length, crc };
        if !Reader::new(&mut self.flash, start, record).verify()? {
            return Err(Error::ReadBack);
        }
        self.highest = sequence;
        slot::commit(&mut self.flash, start, record).map_err(Error::Flash)?;
        let complete = Complete { index, record };
        if self.record(index)? != Some(record)
            || !slot::committed(&mut self.flash, start, record).map_err(Error::Flash)?
        {
            return Err(Error::ReadBack);
        }
        (self.newest, self.sure) = (Some(complete), Some(complete));
        Ok(sequence)
    }

    /// The newest state, to read. Its last byte comes only if all are those that were saved.
    ///
    /// # Errors
    /// [`Error::Empty`] when there is none.
    pub fn load(&mut self) -> Result<Reader<'_, F>, Error<F::Error>> {
        let Complete { index, record } = self.newest.ok_or(Error::Empty)?;
        Ok(Reader::new(&mut self.flash, self.region.offset(index), record))
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash
    }
}
