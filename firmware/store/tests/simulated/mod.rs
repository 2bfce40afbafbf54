//! A NOR flash that keeps the rules of `embedded-storage` and can lose its power at any byte.
//!
//! It fails the test when a word is programmed that is not erased, when an offset or a length is not
//! aligned, and when anything outside the store's own region is touched.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod device;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::ops::Range;

/// What the word being programmed, or the page being erased, is left as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// The bytes already done are done, the others are as before.
    Prefix,
    /// Each bit that was to change has changed or not.
    Partial,
    /// Any bits.
    Garbage,
    /// Reading it fails, as on a flash that checks its words.
    Faulty,
    /// At each reading another of: as before, as it was to become, any bits.
    Unstable,
}

pub const STABLE: [Tear; 4] = [Tear::Prefix, Tear::Partial, Tear::Garbage, Tear::Faulty];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    PowerCut,
    Fault,
}

impl NorFlashError for Failed {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Blank,
    Programmed,
    /// Its programming, or the erasure of its page, was cut.
    Torn,
}

#[derive(Clone, Debug)]
pub struct Flash<const READ: usize, const WRITE: usize, const ERASE: usize> {
    cells: Vec<u8>,
    words: Vec<Word>,
    /// What torn words were to become.
    goal: Vec<u8>,
    owned: Range<u32>,
    tear: Tear,
    /// Bytes still to be programmed or erased, and readings to be made, before the power is cut.
    left: Option<u64>,
    powered: bool,
    taken: u64,
    stuck: Option<(usize, u8)>,
    noise: u64,
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> Flash<READ, WRITE, ERASE> {
    /// A used flash, full of anything, of which only `owned` may be changed.
    pub fn used(owned: Range<u32>, tear: Tear, seed: u64) -> Self {
        let capacity = owned.end as usize + ERASE;
        let mut flash = Self {
            cells: vec![0; capacity],
            words: vec![Word::Programmed; capacity / WRITE],
            goal: vec![0xff; capacity],
            owned,
            tear,
            left: None,
            powered: true,
            taken: 0,
            stuck: None,
            noise: seed,
        };
        let mut cells = std::mem::take(&mut flash.cells);
        cells.iter_mut().for_each(|cell| *cell = flash.random());
        flash.cells = cells;
        flash
    }

    /// Cuts the power before step `steps`, counted from 0 and from now.
    pub fn cut_after(&mut self, steps: u64) {
        self.left = Some(steps);
    }

    pub fn power_on(&mut self) {
        (self.powered, self.left) = (true, None);
    }

    /// Steps taken so far: bytes programmed or erased, and readings.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the word at `offset` is torn.
    pub fn is_torn(&self, offset: u32) -> bool {
        self.words[offset as usize / WRITE] == Word::Torn
    }

    /// Flips bits of a cell, as ageing does.
    pub fn corrupt(&mut self, offset: u32, bits: u8) {
        self.cells[offset as usize] ^= bits;
    }

    /// From now on this cell always reads as `value`: it is worn out.
    pub fn wear_out(&mut self, offset: u32, value: u8) {
        self.stuck = Some((offset as usize, value));
    }

    fn random(&mut self) -> u8 {
        // SplitMix64.
        self.noise = self.noise.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.noise ^ (self.noise >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 56) as u8
    }

    /// Takes as many of `steps` as the power lasts for; how many, when it fails.
    fn step(&mut self, steps: u64) -> Result<(), u64> {
        if !self.powered {
            return Err(0);
        }
        let possible = self.left.map_or(steps, |left| left.min(steps));
        self.left = self.left.map(|left| left - possible);
        self.taken += possible;
        self.powered = possible == steps;
        if self.powered { Ok(()) } else { Err(possible) }
    }

    /// Turns `range` into `goal`, or tears it.
    fn change(&mut self, range: Range<usize>, goal: &[u8], after: Word) -> Result<(), Failed> {
        let was_on = self.powered;
        let words = range.start / WRITE..range.end / WRITE;
        let Err(done) = self.step(range.len() as u64) else {
            self.cells[range].copy_from_slice(goal);
            self.words[words].fill(after);
            return Ok(());
        };
        if was_on {
            self.words[words].fill(Word::Torn);
            self.goal[range.clone()].copy_from_slice(goal);
            for (index, at) in range.enumerate() {
                let (old, new, noise) = (self.cells[at], goal[index], self.random());
                self.cells[at] = match self.tear {
                    Tear::Prefix if (index as u64) < done => new,
                    Tear::Prefix | Tear::Unstable => old,
                    Tear::Partial => (old & !noise) | (new & noise),
                    Tear::Garbage | Tear::Faulty => noise,
                };
            }
        }
        Err(Failed::PowerCut)
    }

    fn check(&self, range: &Range<usize>, align: usize, changes: bool) {
        let aligned = |offset: usize| offset.is_multiple_of(align);
        assert!(aligned(range.start) && aligned(range.end), "{range:?} not of {align}");
        assert!(
            range.start <= range.end && range.end <= self.cells.len(),
            "{range:?} out of bounds"
        );
        let owned = self.owned.start as usize..self.owned.end as usize;
        assert!(!changes || range.start >= owned.start && range.end <= owned.end, "{range:?}");
    }
}

impl<const R: usize, const W: usize, const E: usize> ErrorType for Flash<R, W, E> {
    type Error = Failed;
}

impl<const R: usize, const W: usize, const E: usize> ReadNorFlash for Flash<R, W, E> {
    const READ_SIZE: usize = R;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failed> {
        let range = offset as usize..offset as usize + bytes.len();
        self.check(&range, R, false);
        self.step(1).map_err(|_| Failed::PowerCut)?;
        let (choice, all_torn) = (self.random() % 3, self.tear);
        for (byte, at) in bytes.iter_mut().zip(range) {
            let torn = self.words[at / W] == Word::Torn;
            *byte = match (torn, all_torn) {
                (true, Tear::Faulty) => return Err(Failed::Fault),
                (true, Tear::Unstable) => match choice {
                    0 => self.cells[at],
                    1 => self.goal[at],
                    _ => self.random(),
                },
                _ => self.cells[at],
            };
            if let Some((_, value)) = self.stuck.filter(|&(cell, _)| cell == at) {
                *byte = value;
            }
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl<const R: usize, const W: usize, const E: usize> NorFlash for Flash<R, W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Failed> {
        let range = from as usize..to as usize;
        self.check(&range, E, true);
        for page in range.step_by(E) {
            self.change(page..page + E, &[0xff; E], Word::Blank)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failed> {
        let range = offset as usize..offset as usize + bytes.len();
        self.check(&range, W, true);
        for (at, word) in range.step_by(W).zip(bytes.chunks(W)) {
            assert_eq!(self.words[at / W], Word::Blank, "word at {at}");
            self.change(at..at + W, word, Word::Programmed)?;
        }
        Ok(())
    }
}
