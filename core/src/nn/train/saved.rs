//! A training run as a [snapshot](crate::snapshot).

use super::{Evaluation, State, Training};
use crate::error::check_length;
use crate::features::{Measured, Missing};
use crate::nn::lbfgs;
use crate::nn::objective::Sweep;
use crate::nn::optimizer::Optimizer;
use crate::scalar::Scalar;
use crate::snapshot::wire::{Put, Take};
use crate::snapshot::{self, Failure, Kind, Refused};

/// Sweep, flags, counters; what is owed; L-BFGS.
const BYTES: usize = 16 + 2 + 8 + (1 + 4 + 8 + 2 * 9) + lbfgs::State::BYTES;

/// Bytes of [`save`] for a network of `params` parameters.
///
/// ```
/// use fact_core::nn::{optimizer::Optimizer, schedule::Schedule, train};
/// let sgd = Optimizer::Sgd { rate: 0.1_f32, schedule: Schedule::Constant };
/// assert_eq!(train::saved_size(&sgd, 2368), 4 * 2368 + 181);
/// ```
pub const fn saved_size<T: Scalar>(optimizer: &Optimizer<T>, params: usize) -> usize {
    snapshot::size::<T>(BYTES, params.saturating_add(optimizer.words(params)))
}

/// Writes the training run, [`saved_size`] bytes in blocks of at most [`snapshot::BLOCK`], to `sink`.
///
/// `theta`, `memory` and `state` are those of [`step`](super::step), between any two of its calls.
/// `sequence` is the caller's: the higher of two snapshots is the newer. Of `training` the shape of the
/// network and the optimiser (with its pairs) are named in the snapshot and not stored.
///
/// # Errors
/// The sink's own; [`Failure::Arguments`] when the arguments do not fit.
///
/// ```
/// use fact_core::nn::train::{self, State, Training};
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// use fact_core::nn::{optimizer::Optimizer, schedule::Schedule};
/// use fact_core::snapshot::{drain, fill};
/// const OPTIMIZER: Optimizer<f32> =
///     Optimizer::HeavyBall { rate: 0.1, momentum: 0.9, schedule: Schedule::Constant };
/// let architecture = Architecture {
///     widths: &[1, 2, 1],
///     hidden: Activation::Tanh,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.01 };
/// let optimizer = OPTIMIZER;
/// let training = Training { objective, optimizer, evaluations: 100, tolerance: 1e-6, seed: 0 };
/// let (theta, memory, state) = ([1.0, 2.0, 3.0, 4.0], [0.0; 4], State::new());
/// let mut bytes = [0; train::saved_size(&OPTIMIZER, 4)];
/// train::save(&training, 1, &state, &theta, &memory, fill(&mut bytes))?;
/// // The power fails here.
/// let (mut theta, mut memory, mut state) = ([0.0; 4], [9.0; 4], State::new());
/// let from = drain(&bytes);
/// assert_eq!(train::resume(&training, &mut state, &mut theta, &mut memory, from)?, 1);
/// assert_eq!((theta, memory), ([1.0, 2.0, 3.0, 4.0], [0.0; 4]));
/// # Ok::<(), fact_core::snapshot::Failure<fact_core::Error>>(())
/// ```
pub fn save<T: Scalar, E>(
    training: &Training<'_, T>,
    sequence: u64,
    state: &State,
    theta: &[T],
    memory: &[T],
    sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), Failure<E>> {
    check(training, theta, memory)?;
    snapshot::write(kind(training), sequence, &state.to_bytes(), &[theta, memory], sink)
}

/// Reads a training run that [`save`] wrote; returns its sequence number.
///
/// `training` is given anew. With the same loss, decay, rates, seed and samples, training goes on to
/// the bits of an uninterrupted run; a larger budget or another rate goes on from there.
/// `state` is overwritten only on success. `theta` and `memory` stay as they are unless the header is
/// right, but are lost when the rest proves to be damaged: [`snapshot::verify`] first where they are
/// worth keeping.
///
/// # Errors
/// The source's own; [`Failure::Refused`] with what is wrong with the snapshot: a foreign network,
/// precision or optimiser, a version, damage; [`Failure::Arguments`] when the arguments do not fit.
/// [`save`] shows the use.
pub fn resume<T: Scalar, E>(
    training: &Training<'_, T>,
    state: &mut State,
    theta: &mut [T],
    memory: &mut [T],
    source: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<u64, Failure<E>> {
    check(training, theta, memory)?;
    let mut bytes = [0; BYTES];
    let sequence = snapshot::read(kind(training), &mut bytes, &mut [theta, memory], source)?;
    *state = State::from_bytes(&bytes, &training.optimizer).ok_or(Refused::State)?;
    Ok(sequence)
}

fn kind<T: Scalar>(training: &Training<'_, T>) -> Kind {
    let shape = training.objective.architecture.shape_hash();
    Kind { shape, content: training.optimizer.content() }
}

fn check<T: Scalar, E>(
    training: &Training<'_, T>,
    theta: &[T],
    memory: &[T],
) -> Result<(), Failure<E>> {
    training.objective.architecture.check(theta).map_err(Failure::Arguments)?;
    let words = training.optimizer.words(theta.len());
    check_length("optimiser memory", words, memory.len()).map_err(Failure::Arguments)
}

impl State {
    fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let mut put = Put(&mut bytes);
        put.count(self.sweep.done);
        put.f64(self.sweep.loss);
        put.bool(self.started);
        put.bool(self.certifying);
        put.u32(self.evaluations);
        put.u32(self.updates);
        put.bool(self.owed.is_some());
        let nothing =
            Evaluation { evaluations: 0, objective: 0.0, gradient_norm: Ok(0.0), bound: Ok(0.0) };
        let owed = self.owed.unwrap_or(nothing);
        put.u32(owed.evaluations);
        put.f64(owed.objective);
        put_measured(&mut put, owed.gradient_norm);
        put_measured(&mut put, owed.bound);
        self.lbfgs.put(&mut put);
        bytes
    }

    /// The state of these bytes, where training with `optimizer` can be in it.
    fn from_bytes<T: Scalar>(bytes: &[u8; BYTES], optimizer: &Optimizer<T>) -> Option<Self> {
        let mut take = Take(bytes);
        let pairs = if let Optimizer::Lbfgs { pairs } = optimizer { Some(*pairs) } else { None };
        Some(Self {
            sweep: Sweep { done: take.count()?, loss: take.f64()? },
            started: take.bool()?,
            certifying: take.bool()?,
            evaluations: take.u32()?,
            updates: take.u32()?,
            owed: take.option(take_evaluation)?,
            lbfgs: lbfgs::State::take(&mut take, pairs)?,
        })
    }
}

fn take_evaluation(take: &mut Take<'_>) -> Option<Evaluation> {
    Some(Evaluation {
        evaluations: take.u32()?,
        objective: take.f64()?,
        gradient_norm: take_measured(take)?,
        bound: take_measured(take)?,
    })
}

/// 0 and the value, or the [code](missing_code) of the reason.
fn put_measured(put: &mut Put<'_>, measured: Measured) {
    put.bytes([measured.err().map_or(0, missing_code)]);
    put.f64(measured.unwrap_or(0.0));
}

fn take_measured(take: &mut Take<'_>) -> Option<Measured> {
    let (code, value) = (take.byte()?, take.f64()?);
    if code == 0 {
        return Some(Ok(value));
    }
    let reasons = [
        Missing::Empty,
        Missing::Constant,
        Missing::Zero,
        Missing::NoDecay,
        Missing::NonFinite,
        Missing::NotFormed,
        Missing::NotInnerProduct,
    ];
    reasons.into_iter().find(|&missing| missing_code(missing) == code).map(Err)
}

/// Fixed forever; never 0.
const fn missing_code(missing: Missing) -> u8 {
    match missing {
        Missing::Empty => 1,
        Missing::Constant => 2,
        Missing::Zero => 3,
        Missing::NoDecay => 4,
        Missing::NonFinite => 5,
        Missing::NotFormed => 6,
        Missing::NotInnerProduct => 7,
    }
}
