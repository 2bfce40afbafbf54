//! L-BFGS with a slope-based approximate-Wolfe line search, by reverse communication.
//!
//! [`update`] is handed the value and gradient at `θ` and overwrites `θ` with the next point to
//! evaluate, so the caller keeps control of every evaluation. Limited-memory BFGS: Nocedal 1980
//! (two-loop recursion); the acceptance test on slopes: Hager & Zhang 2005. A step `a` along `d` is
//! accepted when `f ≤ f₀ + 1e-4·a·g₀ᵀd + 4·eps·|f₀|` and `0.9·g₀ᵀd ≤ gᵀd ≤ 0.8·|g₀ᵀd|`: near a
//! minimum the slope still tells directions apart where the value no longer can.

use crate::error::{Error, Result, check_length};
use crate::linalg::blas::{axpy_any, dot_any, scal};
use crate::scalar::Scalar;
use crate::snapshot::wire::{Put, Take};

/// Trials in one line search before the pairs are dropped.
const TRIALS: u8 = 25;

/// What [`update`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The point was accepted; `θ` is the first trial of the next line search.
    Accepted,
    /// The point was not accepted; `θ` is another trial of the same line search.
    Trial,
    /// Not even steepest descent makes progress in this precision; `θ` is the best point known.
    Stalled,
}

/// Where the iteration stands: scalars only, the vectors are in the lent memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    searching: bool,
    /// The number of pairs that the stored ones are laid out for.
    pairs: Option<usize>,
    /// Pairs stored, and the slot that the next one goes to.
    stored: usize,
    next: usize,
    /// At the start of the line search: value and slope.
    value: f64,
    slope: f64,
    /// The trial step, and the bracket: a too short step with its slope, and a too long one.
    step: f64,
    short: f64,
    short_slope: f64,
    long: Option<f64>,
    trials: u8,
}

impl State {
    /// Before the first evaluation.
    ///
    /// ```
    /// use fact_core::nn::lbfgs::State;
    /// assert_eq!(State::new(), State::default());
    /// ```
    pub const fn new() -> Self {
        Self {
            searching: false,
            pairs: None,
            stored: 0,
            next: 0,
            value: 0.0,
            slope: 0.0,
            step: 0.0,
            short: 0.0,
            short_slope: 0.0,
            long: None,
            trials: 0,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// Bytes of [`Self::put`].
    pub(super) const BYTES: usize = 1 + 9 + 2 * 8 + 5 * 8 + 9 + 1;

    /// Writes all fields.
    pub(super) fn put(&self, put: &mut Put<'_>) {
        put.bool(self.searching);
        put.bool(self.pairs.is_some());
        put.count(self.pairs.unwrap_or(0));
        put.count(self.stored);
        put.count(self.next);
        for x in [self.value, self.slope, self.step, self.short, self.short_slope] {
            put.f64(x);
        }
        put.bool(self.long.is_some());
        put.f64(self.long.unwrap_or(0.0));
        put.bytes([self.trials]);
    }

    /// Reads them back: a state that an iteration with these `pairs` (`None`: no iteration) can be in.
    pub(super) fn take(take: &mut Take<'_>, pairs: Option<usize>) -> Option<Self> {
        let state = Self {
            searching: take.bool()?,
            pairs: take.option(Take::count)?,
            stored: take.count()?,
            next: take.count()?,
            value: take.f64()?,
            slope: take.f64()?,
            step: take.f64()?,
            short: take.f64()?,
            short_slope: take.f64()?,
            long: take.option(Take::f64)?,
            trials: take.byte()?,
        };
        let room = state.pairs.unwrap_or(0);
        let possible = (state.pairs.is_none() || state.pairs == pairs)
            && state.stored <= room
            && (state.next < room || state.next == 0)
            && state.trials < TRIALS;
        possible.then_some(state)
    }
}

/// Words of memory beside `θ` and the gradient: `(2·pairs + 3)·params + 2·pairs`.
///
/// ```
/// assert_eq!(fact_core::nn::lbfgs::words(5, 100), 1310);
/// ```
pub const fn words(pairs: usize, params: usize) -> usize {
    let vectors = pairs.saturating_mul(2).saturating_add(3);
    vectors.saturating_mul(params).saturating_add(pairs.saturating_mul(2))
}

/// The lent memory, cut into its vectors.
struct Memory<'m, T> {
    steps: &'m mut [T],
    changes: &'m mut [T],
    direction: &'m mut [T],
    start: &'m mut [T],
    start_gradient: &'m mut [T],
    /// `1/(sᵀy)` of each pair.
    curvature: &'m mut [T],
    weights: &'m mut [T],
}

impl<'m, T: Scalar> Memory<'m, T> {
    fn cut(mut memory: &'m mut [T], pairs: usize, params: usize) -> Self {
        let mut take = |len: usize| memory.split_off_mut(..len).unwrap_or_default();
        Self {
            steps: take(pairs * params),
            changes: take(pairs * params),
            direction: take(params),
            start: take(params),
            start_gradient: take(params),
            curvature: take(pairs),
            weights: take(pairs),
        }
    }

    /// Slot `index`: `s`, `y`, `1/(sᵀy)` and the two-loop weight.
    fn pair(&mut self, index: usize) -> Option<(&mut [T], &mut [T], &mut T, &mut T)> {
        let params = self.direction.len();
        Some((
            slot_mut(self.steps, index, params)?,
            slot_mut(self.changes, index, params)?,
            self.curvature.get_mut(index)?,
            self.weights.get_mut(index)?,
        ))
    }
}

/// Vector `index` of those that lie one after the other.
fn slot<T>(vectors: &[T], index: usize, len: usize) -> Option<&[T]> {
    vectors.get(index * len..)?.get(..len)
}

/// Vector `index` of those that lie one after the other, exclusively.
fn slot_mut<T>(vectors: &mut [T], index: usize, len: usize) -> Option<&mut [T]> {
    vectors.get_mut(index * len..)?.get_mut(..len)
}

/// Takes value and gradient at `θ` and overwrites `θ` with the next point to evaluate.
///
/// `memory` (of [`words`] words) must be left alone between calls. A `value` that is infinite or
/// not a number is treated as too long a step. After [`Move::Stalled`], `theta` and `gradient` are
/// those of the best point. Cost: `4·pairs·params` multiplications and additions after an accepted
/// point, `3·params` after a trial.
///
/// # Errors
/// [`Error::Length`] when a buffer does not fit, [`Error::Parameter`] when `pairs` has changed.
///
/// ```
/// use fact_core::nn::lbfgs::{self, Move, State};
/// // ½(x − 3)² + 5(y + 1)².
/// let (mut theta, mut state, mut memory) = ([0.0, 0.0], State::new(), [0.0; lbfgs::words(3, 2)]);
/// for _ in 0..30 {
///     let (a, b) = (theta[0] - 3.0, theta[1] + 1.0);
///     let mut gradient = [a, 10.0 * b];
///     let value = 0.5 * a * a + 5.0 * b * b;
///     if lbfgs::update(3, &mut state, value, &mut gradient, &mut theta, &mut memory)?
///         == Move::Stalled
///     {
///         break;
///     }
/// }
/// assert!((theta[0] - 3.0_f64).abs() < 1e-12 && (theta[1] + 1.0_f64).abs() < 1e-12);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn update<T: Scalar>(
    pairs: usize,
    state: &mut State,
    value: f64,
    gradient: &mut [T],
    theta: &mut [T],
    memory: &mut [T],
) -> Result<Move> {
    check_length("gradient", theta.len(), gradient.len())?;
    check_length("L-BFGS memory", words(pairs, theta.len()), memory.len())?;
    if *state.pairs.get_or_insert(pairs) != pairs {
        return Err(Error::Parameter { what: "pairs: the same for the whole of a run" });
    }
    let mut memory = Memory::cut(memory, pairs, theta.len());
    if !state.searching {
        return Ok(start_search(pairs, state, value, gradient, theta, &mut memory));
    }
    if accepts(state, value, gradient, memory.direction) {
        store_pair(pairs, state, gradient, theta, &mut memory);
        start_search(pairs, state, value, gradient, theta, &mut memory);
        return Ok(if state.searching { Move::Accepted } else { Move::Stalled });
    }
    state.trials += 1;
    if state.trials < TRIALS {
        move_to_trial(state, theta, &memory);
        return Ok(Move::Trial);
    }
    theta.copy_within_from(memory.start);
    gradient.copy_within_from(memory.start_gradient);
    state.searching = false;
    if state.stored == 0 {
        return Ok(Move::Stalled);
    }
    state.stored = 0;
    let value = state.value;
    Ok(start_search(pairs, state, value, gradient, theta, &mut memory))
}

/// Whether the line search ends at this trial; otherwise sets the next step.
#[inline(never)]
fn accepts<T: Scalar>(state: &mut State, value: f64, gradient: &[T], direction: &[T]) -> bool {
    let slope = dot_any(gradient, direction).to_f64();
    let slack = 4.0 * T::EPSILON.to_f64() * state.value.abs();
    let low_enough = value <= state.value + 1e-4 * state.step * state.slope + slack;
    // Written so that a NaN counts as too long a step.
    if !(low_enough && slope <= 0.8 * state.slope.abs()) {
        state.long = Some(state.step);
        let width = state.step - state.short;
        // Secant of the slope between the bracket's short end and the trial.
        let share = state.short_slope / (state.short_slope - slope);
        let share = if value.is_finite() && share.is_finite() { share } else { 0.1 };
        state.step = state.short + width * share.clamp(0.1, 0.9);
    } else if slope < 0.9 * state.slope {
        state.short = state.step;
        state.short_slope = slope;
        state.step = match state.long {
            Some(long) => 0.5 * (state.short + long),
            None => 2.5 * state.step,
        };
    } else {
        return true;
    }
    false
}

/// `slice.copy_from_slice` for slices whose lengths agree by construction, without its panic.
trait CopyWithinFrom<T> {
    fn copy_within_from(&mut self, source: &[T]);
}

impl<T: Copy> CopyWithinFrom<T> for [T] {
    fn copy_within_from(&mut self, source: &[T]) {
        for (to, &from) in self.iter_mut().zip(source) {
            *to = from;
        }
    }
}

/// Chooses a direction at `theta` and moves `theta` to the first trial along it.
#[inline(never)]
fn start_search<T: Scalar>(
    pairs: usize,
    state: &mut State,
    value: f64,
    gradient: &[T],
    theta: &mut [T],
    memory: &mut Memory<'_, T>,
) -> Move {
    memory.start.copy_within_from(theta);
    memory.start_gradient.copy_within_from(gradient);
    state.value = value;
    two_loop(pairs, state, gradient, memory);
    state.slope = dot_any(gradient, memory.direction).to_f64();
    if !(state.slope < 0.0 && state.slope.is_finite()) {
        state.stored = 0;
        two_loop(pairs, state, gradient, memory);
        state.slope = dot_any(gradient, memory.direction).to_f64();
    }
    state.searching = state.slope < 0.0 && state.slope.is_finite();
    if !state.searching {
        return Move::Stalled;
    }
    // Steepest descent knows no length: start with a step of length at most 1.
    let length = libm::sqrt(-state.slope);
    state.step = if state.stored == 0 { (1.0 / length).min(1.0) } else { 1.0 };
    state.short = 0.0;
    state.short_slope = state.slope;
    state.long = None;
    state.trials = 0;
    move_to_trial(state, theta, memory);
    Move::Accepted
}

/// `direction ← −H·gradient` by the two-loop recursion.
#[inline(never)]
fn two_loop<T: Scalar>(pairs: usize, state: &State, gradient: &[T], memory: &mut Memory<'_, T>) {
    // The direction is lent out while the pairs are walked.
    let direction = core::mem::take(&mut memory.direction);
    direction.copy_within_from(gradient);
    let params = direction.len();
    let ring = |age: usize| (state.next + pairs - 1 - age) % pairs.max(1);
    let mut gamma = T::ONE;
    for age in 0..state.stored {
        let index = ring(age);
        let (Some(s), Some(y), Some(&rho), Some(weight)) = (
            slot(memory.steps, index, params),
            slot(memory.changes, index, params),
            memory.curvature.get(index),
            memory.weights.get_mut(index),
        ) else {
            break;
        };
        *weight = rho * dot_any(s, direction);
        axpy_any(-*weight, y, direction);
        if age == 0 {
            gamma = T::ONE / (rho * dot_any(y, y));
        }
    }
    scal(gamma, direction);
    for age in (0..state.stored).rev() {
        let index = ring(age);
        let (Some(s), Some(y), Some(&rho), Some(&weight)) = (
            slot(memory.steps, index, params),
            slot(memory.changes, index, params),
            memory.curvature.get(index),
            memory.weights.get(index),
        ) else {
            break;
        };
        axpy_any(weight - rho * dot_any(y, direction), s, direction);
    }
    scal(-T::ONE, direction);
    memory.direction = direction;
}

/// `θ ← start + step·direction`.
#[inline(never)]
fn move_to_trial<T: Scalar>(state: &State, theta: &mut [T], memory: &Memory<'_, T>) {
    theta.copy_within_from(memory.start);
    axpy_any(T::from_f64(state.step), memory.direction, theta);
}

/// Stores `s = θ − start`, `y = g − g_start`, unless their curvature is lost in rounding.
#[inline(never)]
fn store_pair<T: Scalar>(
    pairs: usize,
    state: &mut State,
    gradient: &[T],
    theta: &[T],
    memory: &mut Memory<'_, T>,
) {
    let Memory { start, start_gradient, .. } = memory;
    // The old point has served: its buffers take the differences, then become the pair.
    for (start, &theta) in start.iter_mut().zip(theta) {
        *start = theta - *start;
    }
    for (start, &gradient) in start_gradient.iter_mut().zip(gradient) {
        *start = gradient - *start;
    }
    let curvature = dot_any(start, start_gradient);
    let scale = dot_any(start_gradient, start_gradient);
    if curvature.to_f64() > 1e-10 * scale.to_f64() && pairs > 0 {
        let (difference, change) =
            (core::mem::take(&mut memory.start), core::mem::take(&mut memory.start_gradient));
        if let Some((s, y, rho, _)) = memory.pair(state.next) {
            s.copy_within_from(difference);
            y.copy_within_from(change);
            *rho = T::ONE / curvature;
            state.next = (state.next + 1) % pairs;
            state.stored = (state.stored + 1).min(pairs);
        }
        (memory.start, memory.start_gradient) = (difference, change);
    }
}
