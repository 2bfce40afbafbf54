//! `fact rfm fit`: data in, a model and everything found on the way out.

use super::Matrix;
use super::machine::{Coded, Fitted, Round, Score, Sets, run};
use crate::data::{Dataset, Split, shuffle};
use crate::engine::machine::{Exact, Fast, Real, Watch};
use crate::error::{Error, Result};
use crate::model::{Inputs, Model, Outputs, narrow, widen};
use crate::plan::{self, Fit, Machine, Precision, bandwidth_of, with_bandwidth};
use fact_core::kernel::Ridge;
use fact_core::linalg::eigen;
use fact_core::mat::MatMut;
use fact_core::rng::Rng;
use fact_core::scratch::Scratch;
use std::time::{Duration, Instant};

/// Parts of a cross-validation.
const FOLDS: usize = 3;
/// Bandwidths tried, as multiples of the planned one.
const BANDWIDTHS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Ridges tried, as multiples of the planned one.
const RIDGES: [f64; 4] = [0.1, 1.0, 10.0, 100.0];
/// Eigenvectors kept.
const EIGENVECTORS: usize = 3;

/// Everything found out by one fit.
#[derive(Clone, Debug)]
pub struct FitOutcome {
    /// Name of the data set.
    pub dataset: String,
    /// Number of training samples, those that choose the round included.
    pub n: usize,
    /// The machine, as it was tuned.
    pub machine: Machine,
    /// The rounds.
    pub rounds: Vec<Round>,
    /// The round that was kept.
    pub best_round: u32,
    /// The machine of that round.
    pub model: Model,
    /// Largest eigenvalues of its metric, with eigenvectors.
    pub eigen: Vec<(f64, Vec<f64>)>,
    /// Sum of all eigenvalues.
    pub trace: f64,
    /// The samples it was judged by, and what it makes of them.
    pub predictions: Predictions,
    /// What tuning found, best first; empty without it.
    pub tuned: Vec<Candidate>,
    /// Time taken.
    pub elapsed: Duration,
}

/// Samples and their predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// `test` where there are test samples, else `train`.
    pub set: &'static str,
    /// Target and prediction of each sample, as they stand in a file.
    pub rows: Vec<(Vec<String>, Vec<String>)>,
}

/// Settings tried by tuning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Bandwidth; `None` where it is not tuned.
    pub bandwidth: Option<f64>,
    /// Ridge, of the planned mode.
    pub ridge: f64,
    /// Mean score over the folds.
    pub score: Score,
}

/// What the fit is at, for those who watch.
pub trait Observer: Sync {
    /// A fit of this many rounds begins, the `fit`-th of `fits`.
    fn begin(&self, fit: usize, fits: usize, rounds: u32);
    /// A round was fitted.
    fn round(&self, round: &Round);
    /// How far a stage of a round is.
    fn watch(&self) -> Watch<'_>;
}

/// Fits the planned machine to `data`, from the metric `start` or the identity.
///
/// # Errors
/// [`Error::Usage`] when too few samples are left to fit or to choose with, [`Error::Round`] when a
/// round fails.
pub fn fit(
    plan: &Fit,
    data: &Split,
    start: Option<&Matrix>,
    observer: &impl Observer,
) -> Result<FitOutcome> {
    match plan.machine.precision {
        Precision::F32 => fit_as::<f32>(plan, data, start, observer),
        Precision::F64 => fit_as::<f64>(plan, data, start, observer),
    }
}

fn fit_as<T: Real>(
    plan: &Fit,
    data: &Split,
    start: Option<&Matrix>,
    observer: &impl Observer,
) -> Result<FitOutcome> {
    let began = Instant::now();
    let train = &data.train;
    let start = match start {
        Some(start) => start.data.clone(),
        None => identity(train.d),
    };
    let mut machine = plan.machine;
    let mut tuned = Vec::new();
    if plan.tune {
        tuned = tune::<T>(plan, train, &start, observer)?;
        if let Some(best) = tuned.first() {
            machine = best.of(&machine);
        }
    }
    let order = shuffled(train.n, plan.seed);
    let held = match plan.select {
        Some(share) => chosen(train.n, share)?,
        None => 0,
    };
    let (validation, fitted) = order.split_at(held);
    let mut fitted = fitted.to_vec();
    // The samples of a file stay in their order.
    fitted.sort_unstable();
    let part = if held > 0 { &train.select(&fitted) } else { train };
    let validation = (held > 0).then(|| train.select(validation));
    let (inputs, sets) = code::<T>(plan, part, validation.as_ref(), data.test.as_ref())?;
    observer.begin(0, 1, machine.rounds);
    let found = run_with(&machine, &sets, &start, observer)?;
    let metric = widen(&found.metric);
    let model = Model {
        precision: machine.precision,
        kernel: found.kernel,
        x: widen(&sets.train.x),
        metric: metric.clone(),
        dual: widen(&found.dual),
        inputs,
        outputs: sets.outputs.clone(),
    };
    let predictions = predictions(&model, data, machine.engine)?;
    Ok(FitOutcome {
        dataset: train.name.clone(),
        n: train.n,
        machine,
        rounds: found.rounds,
        best_round: found.best,
        eigen: top(&metric, train.d)?,
        trace: metric.iter().step_by(train.d + 1).sum(),
        model,
        predictions,
        tuned,
        elapsed: began.elapsed(),
    })
}

fn run_with<T: Real>(
    machine: &Machine,
    sets: &Sets<T>,
    start: &[f64],
    observer: &impl Observer,
) -> Result<Fitted<T>> {
    let watch = observer.watch();
    let observe = |round: &Round| observer.round(round);
    match machine.engine {
        plan::Engine::Exact => run(&Exact { watch }, machine, sets, start, observe),
        plan::Engine::Fast => run(&Fast { watch }, machine, sets, start, observe),
    }
}

/// Codes all sets as the training samples ask for.
fn code<T: Real>(
    plan: &Fit,
    train: &Dataset,
    validation: Option<&Dataset>,
    test: Option<&Dataset>,
) -> Result<(Inputs, Sets<T>)> {
    let inputs = Inputs::of(train, plan.standardize)?;
    let outputs = Outputs::of(train);
    let coded = |data: &Dataset| Coded {
        x: narrow(&inputs.code(&data.x)),
        y: narrow(&outputs.code(data)),
        n: data.n,
        classes: outputs.classes(data),
    };
    let sets = Sets {
        d: train.d,
        train: coded(train),
        validation: validation.map(coded),
        test: test.map(coded),
        outputs: outputs.clone(),
    };
    Ok((inputs, sets))
}

impl Candidate {
    /// The machine with these settings.
    fn of(&self, machine: &Machine) -> Machine {
        let kernel = match self.bandwidth {
            Some(bandwidth) => with_bandwidth(machine.kernel, bandwidth),
            None => machine.kernel,
        };
        let ridge = match machine.ridge {
            Ridge::Absolute(_) => Ridge::Absolute(self.ridge),
            Ridge::Relative(_) => Ridge::Relative(self.ridge),
        };
        Machine { kernel, ridge, ..*machine }
    }
}

/// Cross-validates a small grid around the planned bandwidth and ridge; best first.
fn tune<T: Real>(
    plan: &Fit,
    train: &Dataset,
    start: &[f64],
    observer: &impl Observer,
) -> Result<Vec<Candidate>> {
    if train.n < 2 * FOLDS {
        return Err(Error::Usage(format!(
            "--tune: found {} samples, expected at least {}. Give more, or leave --tune out",
            train.n,
            2 * FOLDS
        )));
    }
    let fixed = plan.machine.bandwidth == plan::Bandwidth::Fixed;
    let bandwidths: Vec<Option<f64>> = match bandwidth_of(plan.machine.kernel) {
        Some(bandwidth) if fixed => BANDWIDTHS.iter().map(|f| Some(f * bandwidth)).collect(),
        _ => vec![None],
    };
    let (Ridge::Absolute(ridge) | Ridge::Relative(ridge)) = plan.machine.ridge;
    let ridge = if ridge > 0.0 { ridge } else { 1e-8 };
    let order = shuffled(train.n, plan.seed);
    let mut folds = Vec::new();
    for fold in 0..FOLDS {
        let of = |own: bool| {
            let rows = order.iter().enumerate().filter(|(k, _)| (k % FOLDS == fold) == own);
            train.select(&rows.map(|(_, &row)| row).collect::<Vec<_>>())
        };
        folds.push(code::<T>(plan, &of(false), None, Some(&of(true)))?.1);
    }
    let fits = bandwidths.len() * RIDGES.len() * FOLDS;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut failed = None;
    for &bandwidth in &bandwidths {
        for factor in RIDGES {
            let none = Score { mse: None, accuracy: None };
            let mut candidate = Candidate { bandwidth, ridge: factor * ridge, score: none };
            let mut scores = Vec::new();
            for (fold, sets) in folds.iter().enumerate() {
                let machine = candidate.of(&plan.machine);
                observer.begin(candidates.len() * FOLDS + fold, fits, machine.rounds);
                // Settings under which a round fails are no candidates.
                match run_with(&machine, sets, start, observer) {
                    Ok(found) => scores.extend(found.rounds.last().and_then(|row| row.test)),
                    Err(error) => failed = Some(error),
                }
            }
            if scores.len() == FOLDS {
                let mean = |value: fn(&Score) -> Option<f64>| {
                    scores.iter().map(value).sum::<Option<f64>>().map(|sum| sum / FOLDS as f64)
                };
                candidate.score = Score { mse: mean(|s| s.mse), accuracy: mean(|s| s.accuracy) };
            }
            candidates.push(candidate);
        }
    }
    candidates.retain(|candidate| candidate.score.mse.is_some());
    if let Some(error) = failed.filter(|_| candidates.is_empty()) {
        return Err(error);
    }
    // Stable: of equals, the first stays first.
    candidates.sort_by(|a, b| b.score.beats(&a.score).cmp(&a.score.beats(&b.score)));
    Ok(candidates)
}

/// The last round's predictions of the test samples, or of the training samples.
fn predictions(model: &Model, data: &Split, engine: plan::Engine) -> Result<Predictions> {
    let (set, data) = match &data.test {
        Some(test) => ("test", test),
        None => ("train", &data.train),
    };
    let c = model.outputs.count();
    let f = model.predict(&data.x, engine)?;
    let targets = data.shown();
    let rows = f.chunks_exact(c).zip(targets);
    let rows = rows.map(|(row, target)| (target, model.outputs.shown(row)));
    Ok(Predictions { set, rows: rows.collect() })
}

/// Number of samples that choose the round.
fn chosen(n: usize, share: f64) -> Result<usize> {
    let held = (share * n as f64).round() as usize;
    if (1..n).contains(&held) {
        return Ok(held);
    }
    Err(Error::Usage(format!(
        "--select {share} of {n} samples leaves {} to fit and {held} to choose the round with. \
         Change the share",
        n - held.min(n)
    )))
}

/// `0..n` in the order of the seed.
fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, &mut Rng::new(seed));
    order
}

fn identity(d: usize) -> Vec<f64> {
    let mut metric = vec![0.0; d * d];
    metric.iter_mut().step_by(d + 1).for_each(|m| *m = 1.0);
    metric
}

/// The largest eigenvalues, with eigenvectors.
fn top(metric: &[f64], d: usize) -> Result<Vec<(f64, Vec<f64>)>> {
    let mut vectors = metric.to_vec();
    let mut values = vec![0.0; d];
    let mut memory = vec![0.0; eigen::symmetric_scratch(d)];
    let scratch = Scratch::new(&mut memory);
    eigen::symmetric(MatMut::new(&mut vectors, d, d)?, &mut values, scratch)?;
    let pairs = values.into_iter().zip(vectors.chunks_exact(d.max(1)).map(<[f64]>::to_vec));
    Ok(pairs.rev().take(EIGENVECTORS).collect())
}
