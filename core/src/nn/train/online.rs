//! Training on one sample at a time.

use super::{Evaluation, Event, State, Stop, Sweep, Training};
use crate::error::{Error, Result};
use crate::features::Missing;
use crate::nn::optimizer::Optimizer;
use crate::nn::sgd;
use crate::rng::{Permutation, Rng};
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// One sample of an epoch of online SGD.
#[inline(never)]
pub(super) fn step<T: Scalar>(
    training: &Training<'_, T>,
    state: &mut State,
    samples: &Samples<'_, T>,
    theta: &mut [T],
    scratch: Scratch<'_, T>,
) -> Result<Event> {
    let Optimizer::Sgd { rate, schedule } = training.optimizer else { return Ok(Event::Working) };
    let rate = schedule.rate(rate, state.evaluations);
    // A seed of its own for each epoch: sampling without replacement, in ever new order.
    let seed = Rng::new(training.seed ^ (u64::from(state.evaluations) << 32)).next_u64();
    let index = Permutation::new(samples.len(), seed).index(state.sweep.done);
    if let (Some(x), Some(y)) = (samples.x().row(index), samples.y().row(index)) {
        let loss = sgd::step_any(&training.objective, rate, x, y, theta, scratch)?.to_f64();
        if !loss.is_finite() {
            return Err(Error::NonFinite { what: "loss" });
        }
        state.sweep = Sweep { done: state.sweep.done + 1, loss: state.sweep.loss + loss };
        if state.sweep.done < samples.len() {
            return Ok(Event::Working);
        }
    }
    let objective = state.sweep.loss / samples.len().max(1) as f64;
    state.sweep = Sweep::default();
    state.evaluations = state.evaluations.saturating_add(1);
    let missing = Missing::NotFormed;
    let evaluation = Evaluation {
        evaluations: state.evaluations,
        objective,
        gradient_norm: Err(missing),
        bound: Err(missing),
    };
    if state.evaluations >= training.evaluations {
        Ok(Event::Stopped(Stop::Exhausted, evaluation))
    } else {
        Ok(Event::Evaluated(evaluation))
    }
}
