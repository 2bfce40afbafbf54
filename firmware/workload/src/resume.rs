//! Training through power cuts: the state is saved on flash after every evaluation, the power is cut
//! again and again, in the middle of erasing and programming, and each time training goes on from what
//! is there.
//!
//! The flash is a buffer that loses its power after a number of bytes. At each cut weights, optimiser
//! memory, scratch and state are lost.

use crate::iris;
use crate::text::{self, Out, whole};
use crate::train::load;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use fact_core::fingerprint::Fingerprint;
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};
use fact_store::{Region, Store};

const WIDTHS: Widths<3> = Widths([iris::FEATURES, 6, iris::CLASSES]);
const OPTIMIZER: Optimizer<f32> = Optimizer::Lbfgs { pairs: 3 };
/// Words of the inputs.
pub const INPUTS: usize = iris::SAMPLES * iris::FEATURES;
/// Words of the parameters.
pub const THETA: usize = WIDTHS.params(Bias::None);
/// Words of the optimiser.
pub const MEMORY: usize = train::memory(&OPTIMIZER, THETA);
/// Words of scratch: two samples at a time.
pub const SCRATCH: usize = train::step_scratch(&WIDTHS.0, 2);
const PAGE: usize = 256;
const SLOT: usize = 2560;
/// Bytes of the flash: two slots.
pub const CELLS: usize = 2 * SLOT;
const REGION: Region = Region { start: 0, slot: SLOT as u32, slots: 2 };

/// What `run` works in.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// [`INPUTS`] words.
    pub x: &'a mut [f32],
    /// [`THETA`] words.
    pub theta: &'a mut [f32],
    /// [`MEMORY`] words.
    pub memory: &'a mut [f32],
    /// [`SCRATCH`] words.
    pub scratch: &'a mut [f32],
    /// [`CELLS`] bytes, with whatever they hold.
    pub cells: &'a mut [u8],
}

/// Trains straight through, then through power cuts; prints both and answers whether they ended at the
/// same bits.
///
/// # Errors
/// A length error when a buffer is not of the length given above; one that names the store.
pub fn run(buffers: Buffers<'_>, out: &mut Out<'_>) -> Result<bool> {
    let Buffers { x, theta, memory, scratch, cells } = buffers;
    let samples = load(x)?;
    out("resume: iris, network ");
    text::widths(out, &WIDTHS.0);
    out(", tanh, f32, L-BFGS\n");
    let mut flash = Flash { cells, left: u32::MAX, rng: Rng::new(5) };
    let mut device = Device { samples, theta, memory, scratch, saved: 0 };
    device.live(&mut flash, false)?;
    let straight = hash(device.theta);
    out("straight through   weights ");
    out(&text::hex(straight));
    out("\n");
    let mut cuts = 0;
    loop {
        // Somewhere in the first few saves of this life, each time somewhere else.
        flash.left = flash.rng.next_u32() % (6 * SLOT as u32);
        if device.live(&mut flash, true)? {
            break;
        }
        cuts += 1;
    }
    out(&whole(cuts));
    out(" power cuts, ");
    out(&whole(device.saved));
    out(" states saved\n");
    let found = hash(device.theta);
    out("power cut          weights ");
    out(&text::hex(found));
    out(if found == straight { ", the same\n" } else { ", others\n" });
    Ok(found == straight && cuts > 0)
}

fn training() -> Training<'static, f32> {
    let architecture = Architecture {
        widths: &WIDTHS.0,
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::None,
    };
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 3e-3 };
    Training { objective, optimizer: OPTIMIZER, evaluations: 60, tolerance: 0.0, seed: 0 }
}

struct Device<'a> {
    samples: Samples<'a, f32>,
    theta: &'a mut [f32],
    memory: &'a mut [f32],
    scratch: &'a mut [f32],
    saved: u64,
}

impl Device<'_> {
    /// From power on to the end of training, or to the power cut, which is answered with `false`.
    #[inline(never)]
    fn live(&mut self, flash: &mut Flash<'_>, saving: bool) -> Result<bool> {
        let Self { samples, theta, memory, scratch, saved } = self;
        for lost in [&mut **theta, memory, scratch] {
            lost.fill(f32::NAN);
        }
        let (training, mut state) = (training(), State::new());
        let mut store = Store::open(flash, REGION).map_err(|_| failed())?;
        if !saving || store.sequence().is_none() {
            let architecture = &training.objective.architecture;
            init::fill(architecture, Init::Normal { gain: 1.0 }, 0, theta)?;
        } else {
            store.resume_training(&training, &mut state, theta, memory).map_err(|_| failed())?;
        }
        loop {
            let lent = Scratch::new(scratch);
            match train::step(&training, &mut state, samples, theta, memory, lent)? {
                Event::Stopped(..) => return Ok(true),
                Event::Evaluated(_) if saving => {
                    match store.save_training(&training, &state, theta, memory) {
                        Ok(_) => *saved += 1,
                        Err(fact_store::Error::Flash(Fault::PowerCut)) => return Ok(false),
                        Err(_) => return Err(failed()),
                    }
                }
                _ => {}
            }
        }
    }
}

fn failed() -> Error {
    Error::Parameter { what: "the store failed" }
}

fn hash(theta: &[f32]) -> u64 {
    let mut hash = Fingerprint::new();
    hash.numbers(theta);
    hash.value()
}

/// A flash in RAM that loses its power.
struct Flash<'a> {
    cells: &'a mut [u8],
    /// Bytes still to be programmed or erased before the cut.
    left: u32,
    rng: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    PowerCut,
    /// Outside the flash, or on a word that is not erased.
    Misuse,
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl Flash<'_> {
    fn range(&mut self, offset: u32, len: usize) -> core::result::Result<&mut [u8], Fault> {
        let tail = self.cells.get_mut(offset as usize..).ok_or(Fault::Misuse)?;
        tail.get_mut(..len).ok_or(Fault::Misuse)
    }

    /// Changes the cells from `offset` on, together: at a cut some of their bits have changed.
    fn change(
        &mut self,
        offset: u32,
        goal: impl ExactSizeIterator<Item = u8>,
    ) -> core::result::Result<(), Fault> {
        let mut rng = self.rng;
        let left = self.left.checked_sub(goal.len() as u32);
        for (cell, goal) in self.range(offset, goal.len())?.iter_mut().zip(goal) {
            let changed = if left.is_some() { 0xff } else { rng.next_u32() as u8 };
            *cell = (*cell & !changed) | (goal & changed);
        }
        self.rng = rng;
        self.left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Fault::PowerCut)
    }
}

impl ErrorType for Flash<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> core::result::Result<(), Fault> {
        let cells = self.range(offset, bytes.len())?;
        bytes.iter_mut().zip(cells).for_each(|(byte, cell)| *byte = *cell);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> core::result::Result<(), Fault> {
        // Not `step_by`, whose division would leave a panic in the image.
        let mut page = from;
        while page < to {
            self.change(page, [0xff; PAGE].into_iter())?;
            page += PAGE as u32;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> core::result::Result<(), Fault> {
        if self.range(offset, bytes.len())?.iter().any(|&cell| cell != 0xff) {
            return Err(Fault::Misuse);
        }
        for (at, word) in (offset..).step_by(Self::WRITE_SIZE).zip(bytes.as_chunks::<4>().0) {
            self.change(at, word.iter().copied())?;
        }
        Ok(())
    }
}
