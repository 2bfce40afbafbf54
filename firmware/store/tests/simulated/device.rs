//! A device that saves, loses its power and starts again, and what it must find then.

use super::{Failed, Flash, Tear};
use fact_store::{Error, Region, Store};

/// One attempt to save: its sequence number and its payload.
type Attempt = (u64, Vec<u8>);

#[derive(Clone, Debug)]
pub struct Device<const R: usize, const W: usize, const E: usize> {
    pub flash: Flash<R, W, E>,
    pub region: Region,
    /// Bytes of payload.
    pub length: usize,
    tear: Tear,
    attempts: u64,
    /// The last state that is there for good.
    last: Option<Attempt>,
    /// What was tried since: whether it is there is open.
    tried: Vec<Attempt>,
}

impl<const R: usize, const W: usize, const E: usize> Device<R, W, E> {
    /// `pages` pages a slot, one page before the first.
    pub fn new(pages: usize, slots: u32, length: usize, tear: Tear, seed: u64) -> Self {
        let (start, slot) = (E as u32, (pages * E) as u32);
        let region = Region { start, slot, slots };
        let flash = Flash::used(start..start + slot * slots, tear, seed);
        Self { flash, region, length, tear, attempts: 0, last: None, tried: vec![] }
    }

    /// Starts and saves the next state; whether the power lasted.
    pub fn save(&mut self) -> bool {
        self.attempts += 1;
        // No two attempts write the same.
        let mut x = self.attempts;
        let payload: Vec<u8> = (0..self.length)
            .map(|_| {
                x = x.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                (x >> 56) as u8
            })
            .collect();
        let mut number = None;
        let saved = Store::open(&mut self.flash, self.region).unwrap().save(
            payload.len() as u32,
            |sequence, writer| {
                number = Some(sequence);
                payload.chunks(13).try_for_each(|piece| writer.write(piece))
            },
        );
        let attempt = number.map(|sequence| (sequence, payload));
        match saved {
            Ok(sequence) => {
                let (found, payload) = attempt.unwrap();
                assert_eq!(found, sequence);
                assert!(self.last.as_ref().is_none_or(|(last, _)| sequence > *last));
                self.last = Some((sequence, payload));
                self.tried.clear();
                true
            }
            Err(error) => {
                assert_eq!(error, Error::Flash(Failed::PowerCut));
                self.tried.extend(attempt);
                false
            }
        }
    }

    /// Starts again and reads: the last state or one that was tried since, complete, and nothing else.
    /// Whether it is the one tried last.
    pub fn check(&mut self) -> bool {
        self.flash.power_on();
        let found = self.read();
        assert!(
            found == self.last || found.as_ref().is_some_and(|found| self.tried.contains(found)),
            "{} of {:?}, tried {:?}",
            found.map_or(0, |found| found.0),
            self.last.as_ref().map(|last| last.0),
            self.tried.iter().map(|tried| tried.0).collect::<Vec<_>>()
        );
        let newest = found.is_some() && found.as_ref() == self.tried.last();
        if self.tear != Tear::Unstable {
            // What was found once stays, what was not never comes back.
            self.last = found;
            self.tried.clear();
        }
        newest
    }

    /// What is there, read until it does not change under the reader.
    fn read(&mut self) -> Option<Attempt> {
        let unstable = self.tear == Tear::Unstable;
        let mut store = Store::open(&mut self.flash, self.region).unwrap();
        loop {
            let mut reader = match store.load() {
                Ok(reader) => reader,
                Err(error) => {
                    assert_eq!(error, Error::Empty);
                    return None;
                }
            };
            let (sequence, mut payload) = (reader.sequence(), vec![0; reader.remaining() as usize]);
            match payload.chunks_mut(29).try_for_each(|piece| reader.read(piece)) {
                Ok(()) => return Some((sequence, payload)),
                Err(error) => assert_eq!((error, unstable), (Error::Unstable, true)),
            }
            store.refresh();
        }
    }

    /// Steps of one save with lasting power.
    pub fn steps(&self) -> u64 {
        let mut copy = self.clone();
        let before = copy.flash.taken();
        assert!(copy.save());
        copy.flash.taken() - before
    }
}
