//! Training to a critical point, in steps of bounded work that can be interrupted anywhere.
//!
//! One call of [`step`] takes at most one block of samples through the network (as many as the
//! scratch holds; one for [`Optimizer::Sgd`]) and, when that completes an evaluation, makes one
//! update of the optimiser. All state is in [`State`], `theta` and `memory`: whoever keeps the three
//! can stop between any two calls and go on later to the same bits; [`save`] and [`resume`] carry
//! them over a power failure.

mod online;
mod saved;

pub use saved::{resume, save, saved_size};

use super::lbfgs::{self, Move};
use super::objective::{self, Objective, Sweep};
use super::optimizer::{Adam, Optimizer, adam};
use crate::error::{Error, Result, check_length};
use crate::features::{Measured, Missing, certificate};
use crate::linalg::blas::{axpy_any, norm};
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// What to do: configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training<'a, T> {
    /// What is minimised.
    pub objective: Objective<'a, T>,
    /// How.
    pub optimizer: Optimizer<T>,
    /// At most this many evaluations of all samples (epochs for [`Optimizer::Sgd`]).
    pub evaluations: u32,
    /// Stop when the certificate of every layer is at most this. See [`certificate::stopping_bound`].
    /// At 0, never; neither certificate nor gradient norm is then formed, which on a microcontroller
    /// saves more than an evaluation.
    pub tolerance: f64,
    /// Seed of the order of samples; used by [`Optimizer::Sgd`] only.
    pub seed: u64,
}

/// How far training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    sweep: Sweep,
    started: bool,
    /// Heavy ball: this evaluation restarts the velocity, so that it is a true gradient.
    certifying: bool,
    evaluations: u32,
    updates: u32,
    /// Evaluated within a budget that is used up, and not yet updated from.
    owed: Option<Evaluation>,
    lbfgs: lbfgs::State,
}

impl State {
    /// Before the first step.
    ///
    /// ```
    /// use fact_core::nn::train::State;
    /// assert_eq!(State::new().evaluations(), 0);
    /// ```
    pub const fn new() -> Self {
        Self {
            sweep: Sweep { done: 0, loss: 0.0 },
            started: false,
            certifying: false,
            evaluations: 0,
            updates: 0,
            owed: None,
            lbfgs: lbfgs::State::new(),
        }
    }

    /// Evaluations completed.
    pub const fn evaluations(&self) -> u32 {
        self.evaluations
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// One completed evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Evaluations so far, this one included.
    pub evaluations: u32,
    /// `L_λ` where it was evaluated; for [`Optimizer::Sgd`] the mean loss met during the epoch.
    pub objective: f64,
    /// `‖∇L_λ‖`. Missing for [`Optimizer::Sgd`], which never forms it. For heavy ball
    /// `(1 − μ)‖v‖`, its running mean, except in the evaluation that certifies.
    pub gradient_norm: Measured,
    /// The largest certificate of all layers. Missing where only a running mean is known, and, as the
    /// norm, where [`Training::tolerance`] asks for none.
    pub bound: Measured,
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Every layer's certificate is within the tolerance.
    Converged,
    /// All evaluations are used up. With a larger budget, training goes on as if it had not stopped.
    Exhausted,
    /// The optimiser cannot lower the objective any more in this precision.
    Stalled,
}

/// What one call of [`step`] has done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Part of an evaluation.
    Working,
    /// An evaluation and an update.
    Evaluated(Evaluation),
    /// An evaluation, and no update: `theta` is the result.
    Stopped(Stop, Evaluation),
}

/// Words of `memory` for [`step`].
///
/// ```
/// use fact_core::nn::{optimizer::Optimizer, train};
/// assert_eq!(train::memory(&Optimizer::<f32>::Lbfgs { pairs: 5 }, 2368), 33_162);
/// ```
pub const fn memory<T: Scalar>(optimizer: &Optimizer<T>, params: usize) -> usize {
    optimizer.words(params)
}

/// Words of scratch for [`step`] with blocks of `rows` samples.
///
/// ```
/// assert_eq!(fact_core::nn::train::step_scratch(&[64, 32, 10], 2), 2 * 84);
/// ```
pub const fn step_scratch(widths: &[usize], rows: usize) -> usize {
    objective::gradient_scratch(widths, rows)
}

/// Does the next bounded piece of work. Call it until it answers [`Event::Stopped`].
///
/// Reads `samples`; updates `state`, `theta` and `memory` (of [`memory`] words, contents of no
/// matter before the first call). Cost: three multiplications and additions a weight and sample of
/// one block; an update adds that of the optimiser. Scratch: [`step_scratch`] of at least one row.
///
/// # Errors
/// A length, shape or scratch error when the arguments do not fit; [`Error::NonFinite`] when the
/// objective overflows (a smaller rate helps), except under L-BFGS, which shortens its step.
///
/// ```
/// use fact_core::nn::train::{self, Event, State, Training};
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths, objective::Objective};
/// use fact_core::nn::{history::History, optimizer::Optimizer};
/// use fact_core::{mat::MatRef, samples::Samples, scratch::Scratch};
/// const WIDTHS: Widths<3> = Widths([1, 2, 1]);
/// const P: usize = WIDTHS.params(Bias::None);
/// const OPTIMIZER: Optimizer<f64> = Optimizer::Lbfgs { pairs: 3 };
/// let architecture = Architecture {
///     widths: &WIDTHS.0,
///     hidden: Activation::Tanh,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let training = Training {
///     objective: Objective { architecture, loss: Loss::HalfSquared, lambda: 0.01 },
///     optimizer: OPTIMIZER,
///     evaluations: 1000,
///     tolerance: 1e-6,
///     seed: 0,
/// };
/// let (x, y) = (MatRef::new(&[-1.0, 0.5, 1.0], 3, 1)?, MatRef::new(&[-1.0, 0.7, 1.0], 3, 1)?);
/// let samples = Samples::new(x, y)?;
/// let mut theta = [0.5, -0.25, 0.75, 0.5];
/// let mut memory = [0.0; train::memory(&OPTIMIZER, P)];
/// let mut scratch = [0.0; train::step_scratch(&WIDTHS.0, 1)];
/// let (mut state, mut curve) = (State::new(), History::<f64, 16>::new());
/// let last = loop {
///     let scratch = Scratch::new(&mut scratch);
///     match train::step(&training, &mut state, &samples, &mut theta, &mut memory, scratch)? {
///         Event::Working => {}
///         Event::Evaluated(evaluation) => curve.offer(evaluation.objective),
///         Event::Stopped(_, last) => break last,
///     }
/// };
/// assert!(last.bound.unwrap() <= 1e-6 && curve.records().first() > curve.records().last());
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn step<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &mut [T],
    memory: &mut [T],
    scratch: Scratch<'_, T>,
) -> Result<Event> {
    training.optimizer.check()?;
    check_length("optimiser memory", training.optimizer.words(theta.len()), memory.len())?;
    if let Optimizer::Sgd { .. } = training.optimizer {
        return online::step(training, state, samples, theta, scratch);
    }
    let (gradient, memory) = parts(theta.len(), memory)?;
    if let Some(event) = settled(training, state, theta, gradient, memory)? {
        return Ok(event);
    }
    if sweep(training, state, samples, theta, gradient, scratch)? {
        conclude(training, state, samples, theta, gradient, memory)
    } else {
        Ok(Event::Working)
    }
}

/// [`step`] by passes of the caller's own, a whole evaluation at once: `add` adds to the gradient it is
/// given `∂ℓ/∂θ` of each of the samples, one after the other, and to the loss it is given theirs, in the
/// same order, and returns this sum. Then the parameters take the same way, to the bit. Online SGD has
/// no evaluations to take apart and is refused.
///
/// # Errors
/// As [`step`], or whatever `add` returns.
///
/// ```
/// use fact_core::nn::train::{self, Event, State, Training};
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// use fact_core::nn::optimizer::Optimizer;
/// use fact_core::{mat::MatRef, samples::Samples};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let optimizer = Optimizer::Lbfgs { pairs: 1 };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 1.0 };
/// let training = Training { objective, optimizer, evaluations: 9, tolerance: 1e-6, seed: 0 };
/// let samples = Samples::new(MatRef::new(&[1.0], 1, 1)?, MatRef::new(&[1.0], 1, 1)?)?;
/// let (mut state, mut theta) = (State::new(), [0.0]);
/// let mut memory = vec![0.0; train::memory(&optimizer, 1)];
/// let last = loop {
///     let event = train::step_by(
///         &training, &mut state, &samples, &mut theta, &mut memory,
///         |theta, samples, loss, gradient| {
///             let error = theta[0] * samples.x().data()[0] - samples.y().data()[0];
///             gradient[0] += error * samples.x().data()[0];
///             Ok(loss + 0.5 * error * error)
///         },
///     )?;
///     if let Event::Stopped(_, last) = event { break last };
/// };
/// assert!(last.bound.unwrap() <= 1e-6 && (theta[0] - 0.5_f64).abs() <= 1e-6);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(always)]
pub fn step_by<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &mut [T],
    memory: &mut [T],
    add: impl FnOnce(&[T], &Samples<'_, T>, f64, &mut [T]) -> Result<f64>,
) -> Result<Event> {
    training.optimizer.check()?;
    check_length("optimiser memory", training.optimizer.words(theta.len()), memory.len())?;
    if let Optimizer::Sgd { .. } = training.optimizer {
        return Err(Error::Parameter { what: "optimiser: online SGD has no evaluations" });
    }
    let (gradient, memory) = parts(theta.len(), memory)?;
    if let Some(event) = settled(training, state, theta, gradient, memory)? {
        return Ok(event);
    }
    start(training, state, samples, theta, gradient)?;
    let rest = samples.range(state.sweep.done, samples.len());
    state.sweep.loss = add(theta, &rest, state.sweep.loss, gradient)?;
    state.sweep.done = samples.len();
    conclude(training, state, samples, theta, gradient, memory)
}

/// The gradient's and the optimiser's part of the memory.
#[inline(always)]
fn parts<T>(params: usize, memory: &mut [T]) -> Result<(&mut [T], &mut [T])> {
    memory.split_at_mut_checked(params).ok_or(Error::Length {
        what: "optimiser memory",
        expected: params,
        found: 0,
    })
}

/// Makes up for the update that a used-up budget left owed; the event, if training ends there.
#[inline(always)]
fn settled<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    theta: &mut [T],
    gradient: &mut [T],
    memory: &mut [T],
) -> Result<Option<Event>> {
    if state.owed.is_some() {
        let stop = settle(training, state, theta, gradient, memory)?;
        let last = if stop == Some(Stop::Exhausted) { state.owed } else { state.owed.take() };
        if let (Some(stop), Some(last)) = (stop, last) {
            return Ok(Some(Event::Stopped(stop, last)));
        }
    }
    Ok(None)
}

// The stages of a step are not inlined: their frames would lie on the stack together.

/// Updates from an evaluation within a budget that was used up; whether training stops again.
#[inline(never)]
fn settle<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    theta: &mut [T],
    gradient: &mut [T],
    memory: &mut [T],
) -> Result<Option<Stop>> {
    if state.evaluations >= training.evaluations {
        return Ok(Some(Stop::Exhausted));
    }
    let value = state.owed.map_or(f64::NAN, |last| last.objective);
    let moved = update(&training.optimizer, state, value, theta, gradient, memory)?;
    Ok((!moved).then_some(Stop::Stalled))
}

/// Takes one block of samples through the network; `true` when it was the last one.
#[inline(always)]
fn sweep<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &[T],
    gradient: &mut [T],
    scratch: Scratch<'_, T>,
) -> Result<bool> {
    start(training, state, samples, theta, gradient)?;
    if state.sweep.done < samples.len() {
        let objective = &training.objective;
        objective::accumulate(objective, theta, samples, &mut state.sweep, gradient, scratch)?;
    }
    Ok(state.sweep.done >= samples.len())
}

/// Begins an evaluation that has not begun.
#[inline(always)]
fn start<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &[T],
    gradient: &mut [T],
) -> Result<()> {
    if !state.started {
        // The first velocity starts at zero, whatever the buffer holds.
        let first = state.evaluations == 0 || state.certifying;
        let carry = if first { T::ZERO } else { training.optimizer.carry() };
        objective::begin(&training.objective, theta, samples, carry, gradient)?;
        state.sweep = Sweep::default();
        state.started = true;
    }
    Ok(())
}

/// Ends an evaluation, and updates unless training stops there.
#[inline(never)]
fn conclude<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &mut [T],
    gradient: &mut [T],
    memory: &mut [T],
) -> Result<Event> {
    let (evaluation, stop) = complete(training, state, samples, theta, gradient)?;
    if let Some(stop) = stop {
        return Ok(Event::Stopped(stop, evaluation));
    }
    let value = evaluation.objective;
    Ok(if update(&training.optimizer, state, value, theta, gradient, memory)? {
        Event::Evaluated(evaluation)
    } else {
        Event::Stopped(Stop::Stalled, evaluation)
    })
}

/// Ends an evaluation; whether training stops there.
#[inline(never)]
fn complete<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &[T],
    gradient: &mut [T],
) -> Result<(Evaluation, Option<Stop>)> {
    let value = objective::finish(&training.objective, theta, samples, state.sweep, gradient)?;
    state.started = false;
    state.evaluations = state.evaluations.saturating_add(1);
    if !(value.is_finite() || matches!(training.optimizer, Optimizer::Lbfgs { .. })) {
        return Err(Error::NonFinite { what: "objective" });
    }
    let (evaluation, within) = evaluation(training, state, value, theta, gradient)?;
    if within && evaluation.bound.is_ok() {
        return Ok((evaluation, Some(Stop::Converged)));
    }
    // The velocity suggests convergence; the next evaluation asks the gradient itself.
    state.certifying = within;
    let exhausted = state.evaluations >= training.evaluations;
    if exhausted {
        state.owed = Some(evaluation);
    }
    Ok((evaluation, exhausted.then_some(Stop::Exhausted)))
}

/// Moves `theta`; `false` when the optimiser is at its end.
#[inline(always)]
fn update<T: Scalar>(
    optimizer: &Optimizer<T>,
    state: &mut State,
    value: f64,
    theta: &mut [T],
    gradient: &mut [T],
    memory: &mut [T],
) -> Result<bool> {
    let moved = match *optimizer {
        Optimizer::Lbfgs { pairs } => {
            let moved = lbfgs::update(pairs, &mut state.lbfgs, value, gradient, theta, memory)?;
            moved != Move::Stalled
        }
        _ => descend(optimizer, state.updates, theta, gradient, memory),
    };
    state.updates = state.updates.saturating_add(1);
    Ok(moved)
}

/// [`update`] by a fixed rule.
#[inline(never)]
fn descend<T: Scalar>(
    optimizer: &Optimizer<T>,
    updates: u32,
    theta: &mut [T],
    gradient: &mut [T],
    memory: &mut [T],
) -> bool {
    match *optimizer {
        Optimizer::Sgd { .. } | Optimizer::Lbfgs { .. } => {}
        Optimizer::HeavyBall { rate, schedule, .. } => {
            axpy_any(-schedule.rate(rate, updates), gradient, theta);
        }
        Optimizer::Adam { rate, beta1, beta2, epsilon, decay, schedule } => {
            let rate = schedule.rate(rate, updates);
            let half = memory.len() / 2;
            let Some((mean, square)) = memory.split_at_mut_checked(half) else { return false };
            if updates == 0 {
                mean.fill(T::ZERO);
                square.fill(T::ZERO);
            }
            let config = Adam { rate, beta1, beta2, epsilon, decay };
            adam(&config, updates.saturating_add(1), gradient, theta, mean, square);
        }
    }
    true
}

/// The evaluation as it is reported, and whether its certificate is within the tolerance: for heavy
/// ball, whose buffer holds the velocity, the one to be expected from its running mean.
fn evaluation<T: Scalar>(
    training: &Training<'_, T>,
    state: &State,
    objective: f64,
    theta: &[T],
    gradient: &[T],
) -> Result<(Evaluation, bool)> {
    let carry = training.optimizer.carry().to_f64();
    let exact = state.certifying || state.evaluations == 1 || carry == 0.0;
    let mean = if exact { 1.0 } else { 1.0 - carry };
    let asked = training.tolerance > 0.0;
    let missing = Err(Missing::NotFormed);
    // Where there is no decay the certificate says so at once.
    let bound = if asked || training.objective.lambda == T::ZERO {
        certificate::stopping_bound(&training.objective, theta, gradient)?
    } else {
        missing
    };
    let evaluation = Evaluation {
        evaluations: state.evaluations,
        objective,
        gradient_norm: if asked { Ok(mean * norm(gradient)) } else { missing },
        bound: if exact { bound } else { missing },
    };
    Ok((evaluation, bound.is_ok_and(|bound| mean * bound <= training.tolerance)))
}
