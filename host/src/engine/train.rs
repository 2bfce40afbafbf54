//! Training to a critical point.

use super::{Passes, Problem};
use crate::error::{Error, Result};
use crate::experiment::{Point, PointLayer, Stop};
use crate::plan::{self, Training};
use crate::progress::Moment;
use fact_core::nn::init::{self, Init};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Evaluation, Event, State};
use fact_core::scalar::Scalar;
use fact_core::snapshot;

/// Moments recorded per factor of ten in evaluations.
const PER_DECADE: f64 = 16.0;

/// What training came to.
#[derive(Clone, Debug)]
pub struct Trained<T> {
    /// The parameters.
    pub theta: Vec<T>,
    /// Why training ended.
    pub stop: Stop,
    /// Gradients computed.
    pub evaluations: u32,
    /// Moments of training, if they were asked for.
    pub history: Vec<Point>,
}

/// Measures the layers at given parameters.
pub type Probe<'a, T> = &'a mut dyn FnMut(&[T]) -> Result<Vec<PointLayer>>;

/// Trains until the certificate or the budget says stop; `watch` sees every evaluation. With a
/// `probe`, moments evenly spread over the logarithm of the evaluations are recorded.
///
/// # Errors
/// [`Error::Core`](crate::error::Error::Core) when the core refuses the configuration, and whatever
/// `probe` returns. A diverging objective is not an error but [`Stop::Diverged`].
pub fn train<T: Scalar>(
    problem: &Problem<T>,
    training: &Training,
    watch: impl FnMut(&Moment),
    probe: Option<Probe<'_, T>>,
) -> Result<Trained<T>> {
    train_kept(problem, training, watch, probe, None)
}

/// How training is interrupted, and gone on with.
pub struct Keeper<'a> {
    /// A snapshot that training goes on from.
    pub resume: Option<&'a [u8]>,
    /// Asked after each evaluation: is training to stop here?
    pub stops: &'a dyn Fn() -> bool,
    /// Keeps the snapshot of what was trained in so many evaluations, and says so or what went wrong.
    pub keep: &'a dyn Fn(u32, &[u8]) -> Error,
}

/// The same, under a `keeper`. The parameters take the same way as without interruption, to the bit;
/// recorded moments and the patience with a run that goes in circles begin anew.
///
/// # Errors
/// As [`train()`], what [`Keeper::keep`] returns, and [`Error::Usage`] when the snapshot is refused.
pub fn train_kept<T: Scalar>(
    problem: &Problem<T>,
    training: &Training,
    mut watch: impl FnMut(&Moment),
    mut probe: Option<Probe<'_, T>>,
    keeper: Option<&Keeper<'_>>,
) -> Result<Trained<T>> {
    let optimizer = optimizer::<T>(training);
    // Decoupled decay acts in the update; the loss must not contain it as well.
    let lambda = match training.optimizer {
        plan::Optimizer::AdamW => 0.0,
        _ => training.lambda,
    };
    let config = train::Training {
        objective: problem.objective_with(lambda),
        optimizer,
        evaluations: training.evaluations,
        tolerance: training.tolerance,
        seed: training.seed,
    };
    let architecture = problem.architecture();
    let samples = problem.samples()?;
    let mut theta = vec![T::ZERO; architecture.params()];
    init::fill(&architecture, Init::Normal { gain: 1.0 }, training.seed, &mut theta)?;
    let mut memory = vec![T::ZERO; train::memory(&optimizer, theta.len())];
    let mut passes = Passes::new(problem.widths(), samples.len());
    let mut state = State::new();
    if let Some(bytes) = keeper.and_then(|keeper| keeper.resume) {
        let source = snapshot::drain(bytes);
        train::resume(&config, &mut state, &mut theta, &mut memory, source).map_err(|failure| {
            Error::Usage(format!(
                "the state of training: {failure}. Give the data and the options it was begun with, \
                 or remove the file"
            ))
        })?;
    }
    let mut history = Vec::new();
    let mut recorder = Recorder::new();
    let mut patience = Patience::new();
    let mut evaluated = Vec::new();
    loop {
        // The step moves on from the point it evaluates.
        evaluated.clone_from(&theta);
        let event = passes.step(&config, &mut state, &samples, &mut theta, &mut memory);
        let (evaluation, stop) = match event {
            Ok(Event::Working) => continue,
            Ok(Event::Evaluated(evaluation)) => (evaluation, None),
            Ok(Event::Stopped(stop, evaluation)) => (evaluation, Some(stop)),
            Err(fact_core::Error::NonFinite { .. }) => {
                let evaluations = state.evaluations();
                return Ok(Trained { theta, stop: Stop::Diverged, evaluations, history });
            }
            Err(error) => return Err(error.into()),
        };
        watch(&moment(training, &evaluation));
        let lbfgs = matches!(optimizer, Optimizer::Lbfgs { .. });
        let stop = match patience.sees(&evaluation, &evaluated) {
            Some(best) if lbfgs && stop.is_none() => {
                theta.copy_from_slice(best);
                Some(train::Stop::Stalled)
            }
            _ => stop,
        };
        if let Some(probe) = &mut probe
            && (stop.is_some() || recorder.takes(&evaluation))
        {
            let at = if stop.is_some() { &theta } else { &evaluated };
            history.push(point(&evaluation, probe(at)?));
        }
        if let Some(keeper) = keeper.filter(|keeper| stop.is_none() && (keeper.stops)()) {
            let mut bytes = vec![0; train::saved_size(&optimizer, theta.len())];
            let sink = snapshot::fill(&mut bytes);
            let number = state.evaluations();
            train::save(&config, number.into(), &state, &theta, &memory, sink)
                .map_err(|failure| Error::Usage(format!("the state of training: {failure}")))?;
            return Err((keeper.keep)(number, &bytes));
        }
        if let Some(stop) = stop {
            let stop = match stop {
                train::Stop::Converged => Stop::Certified,
                train::Stop::Exhausted => Stop::Budget,
                train::Stop::Stalled => Stop::Stalled,
            };
            return Ok(Trained { theta, stop, evaluations: evaluation.evaluations, history });
        }
    }
}

/// Sees when training goes in circles: in `f32`, rounding keeps L-BFGS restarting for ever.
struct Patience<T> {
    objective: f64,
    bound: f64,
    /// Where the bound was least.
    theta: Vec<T>,
    /// The last evaluation that was better than those before.
    better: u32,
}

impl<T: Scalar> Patience<T> {
    /// Evaluations without progress that are too many.
    const LIMIT: u32 = 3000;

    fn new() -> Self {
        Self { objective: f64::INFINITY, bound: f64::INFINITY, theta: Vec::new(), better: 0 }
    }

    /// Takes an evaluation at `theta`; answers with the best parameters when neither the bound
    /// fell by a hundredth nor the objective by a millionth for too long.
    fn sees(&mut self, evaluation: &Evaluation, theta: &[T]) -> Option<&[T]> {
        let bound = evaluation.bound.unwrap_or(f64::INFINITY);
        if bound < 0.99 * self.bound {
            self.bound = bound;
            self.theta.clear();
            self.theta.extend_from_slice(theta);
            self.better = evaluation.evaluations;
        }
        if evaluation.objective < self.objective - 1e-6 * self.objective.abs().min(f64::MAX) {
            self.objective = evaluation.objective;
            self.better = evaluation.evaluations;
        }
        let over = evaluation.evaluations.saturating_sub(self.better) >= Self::LIMIT;
        (over && !self.theta.is_empty()).then_some(self.theta.as_slice())
    }
}

/// Decides which evaluations are recorded.
struct Recorder {
    due: u32,
    objective: f64,
    bound: f64,
}

impl Recorder {
    /// Before the first evaluation.
    fn new() -> Self {
        Self { due: 1, objective: f64::INFINITY, bound: f64::INFINITY }
    }

    /// Takes an evaluation that is due, or that shrinks the bound markedly: at the end, decades are
    /// lost within few evaluations. A trial that overshot is passed over for the next good one.
    fn takes(&mut self, evaluation: &Evaluation) -> bool {
        let overshot = evaluation.objective > 2.0 * self.objective;
        self.objective = self.objective.min(evaluation.objective);
        let bound = evaluation.bound.unwrap_or(f64::INFINITY);
        let due = evaluation.evaluations >= self.due || bound < 0.25 * self.bound;
        if overshot || !due {
            return false;
        }
        self.bound = self.bound.min(bound);
        let next = f64::from(evaluation.evaluations) * 10.0_f64.powf(1.0 / PER_DECADE);
        self.due = (next.ceil() as u32).max(evaluation.evaluations + 1);
        true
    }
}

fn moment(training: &Training, evaluation: &Evaluation) -> Moment {
    Moment {
        evaluations: evaluation.evaluations,
        budget: training.evaluations,
        objective: evaluation.objective,
        gradient_norm: evaluation.gradient_norm.ok(),
        bound: evaluation.bound.ok(),
        tolerance: training.tolerance,
    }
}

fn point(evaluation: &Evaluation, layers: Vec<PointLayer>) -> Point {
    Point {
        evaluations: evaluation.evaluations,
        objective: evaluation.objective,
        gradient_norm: evaluation.gradient_norm.ok(),
        bound: evaluation.bound.ok(),
        layers,
    }
}

/// Words of optimiser memory for `params` parameters.
pub(super) fn memory<T: Scalar>(training: &Training, params: usize) -> usize {
    train::memory(&optimizer::<T>(training), params)
}

fn optimizer<T: Scalar>(training: &Training) -> Optimizer<T> {
    let rate = T::from_f64(training.rate);
    let schedule = Schedule::Constant;
    let adam = |decay: f64| Optimizer::Adam {
        rate,
        beta1: T::from_f64(0.9),
        beta2: T::from_f64(0.999),
        epsilon: T::from_f64(1e-8),
        decay: T::from_f64(decay),
        schedule,
    };
    match training.optimizer {
        plan::Optimizer::Lbfgs(pairs) => Optimizer::Lbfgs { pairs },
        plan::Optimizer::HeavyBall => {
            Optimizer::HeavyBall { rate, momentum: T::from_f64(0.99), schedule }
        }
        plan::Optimizer::Gd => Optimizer::HeavyBall { rate, momentum: T::ZERO, schedule },
        plan::Optimizer::Adam => adam(0.0),
        plan::Optimizer::AdamW => adam(training.lambda),
        plan::Optimizer::Sgd => Optimizer::Sgd { rate, schedule },
    }
}
