//! What a fuzz target and the seeds of its corpus share.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use fact_core::mat::MatRef;
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_host::data::Array;
use fact_store::Region;
use std::fmt::Display;

/// What a reader made of some bytes; where it refused them, it said so on one line.
pub fn answered<A, E: Display>(read: Result<A, E>) -> Option<A> {
    let refusal = match read {
        Ok(answer) => return Some(answer),
        Err(error) => error.to_string(),
    };
    assert!(!refusal.is_empty() && !refusal.contains(char::is_control), "{refusal:?}");
    None
}

/// Asserts that an array is what it says it is.
pub fn whole(array: &Array) {
    assert_eq!(array.rows().checked_mul(array.columns()), Some(array.data.len()));
    assert!(array.data.iter().all(|v| v.is_finite()));
}

const WIDTHS: &[usize] = &[2, 2, 1];
/// Parameters of the network that is trained.
pub const PARAMS: usize = 6;

/// One of each optimiser.
pub fn optimizers<T: Scalar>() -> [Optimizer<T>; 4] {
    let number = T::from_f64;
    let (rate, schedule) = (number(0.05), Schedule::Inverse { half: 20 });
    let adam = Optimizer::Adam {
        rate,
        beta1: number(0.9),
        beta2: number(0.999),
        epsilon: number(1e-8),
        decay: number(0.0),
        schedule,
    };
    [
        Optimizer::Sgd { rate, schedule },
        Optimizer::HeavyBall { rate, momentum: number(0.9), schedule },
        adam,
        Optimizer::Lbfgs { pairs: 2 },
    ]
}

/// How a small network is trained, for ever.
pub fn training<T: Scalar>(optimizer: Optimizer<T>) -> Training<'static, T> {
    let architecture = Architecture {
        widths: WIDTHS,
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::None,
    };
    let lambda = T::from_f64(0.01);
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda };
    Training { objective, optimizer, evaluations: u32::MAX, tolerance: 0.0, seed: 1 }
}

/// One call into that training.
pub fn step<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    theta: &mut [T],
    memory: &mut [T],
) -> fact_core::Result<Event> {
    let x = [-1.0, 0.5, 1.0, 0.25, 0.0, 2.0].map(T::from_f64);
    let y = [1.0, -1.0, 0.5].map(T::from_f64);
    let samples = Samples::new(MatRef::new(&x, 3, 2)?, MatRef::new(&y, 3, 1)?)?;
    let mut scratch = [T::ZERO; train::step_scratch(WIDTHS, 2)];
    train::step(training, state, &samples, theta, memory, Scratch::new(&mut scratch))
}

const SLOT: usize = 256;
const SLOTS: usize = 3;

/// The whole of a [`Flash`].
pub const REGION: Region = Region { start: 0, slot: SLOT as u32, slots: SLOTS as u32 };

/// A flash of three pages in memory.
pub struct Flash(pub [u8; SLOTS * SLOT]);

impl Flash {
    /// Holds `bytes`, and is blank behind them.
    pub fn new(bytes: &[u8]) -> Self {
        let mut cells = [0xff; SLOTS * SLOT];
        cells.iter_mut().zip(bytes).for_each(|(cell, &byte)| *cell = byte);
        Self(cells)
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SLOT;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0[from as usize..to as usize].fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let cells = &mut self.0[offset as usize..][..bytes.len()];
        assert!(cells.iter().all(|&cell| cell == 0xff), "a word programmed twice");
        cells.copy_from_slice(bytes);
        Ok(())
    }
}
