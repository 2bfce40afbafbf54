//! The Recursive Feature Machine, written once for both engines: fit, look, update the metric,
//! rescale, fit again.

use crate::engine::machine::{Engine, Feature, Real};
use crate::error::{Error, Result};
use crate::model::{Outputs, cast, narrow, widen};
use crate::plan::{Bandwidth, Machine, with_bandwidth};
use fact_core::features::{Measured, Missing};
use fact_core::kernel::{Kernel, Metric, Predictor, Ridge, Shape, Update, update};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;

/// τ and `k′` are compared up to this many samples: it takes `n³` operations.
pub const TAU_SAMPLES: usize = 2500;
/// Samples whose distances give the median.
const MEDIAN_SAMPLES: usize = 1000;

/// Samples as the machine sees them.
#[derive(Clone, Debug)]
pub struct Coded<T> {
    /// Inputs, `n×d`.
    pub x: Vec<T>,
    /// Outputs, `n×c`.
    pub y: Vec<T>,
    /// Number of samples.
    pub n: usize,
    /// The class of each, where there are classes.
    pub classes: Vec<Option<usize>>,
}

/// What a machine is fitted to and what it is judged by.
#[derive(Clone, Debug)]
pub struct Sets<T> {
    /// Number of inputs.
    pub d: usize,
    /// How outputs are coded.
    pub outputs: Outputs,
    /// The samples that are fitted.
    pub train: Coded<T>,
    /// Samples that choose the round.
    pub validation: Option<Coded<T>>,
    /// Samples that judge.
    pub test: Option<Coded<T>>,
}

/// How well a set is predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean of the squared errors of all outputs; `None` when it is not finite.
    pub mse: Option<f64>,
    /// Share of samples in the right class; `None` of numbers.
    pub accuracy: Option<f64>,
}

impl Score {
    /// Whether this is a better score than another: more in the right class, or the smaller error.
    pub fn beats(&self, other: &Self) -> bool {
        let key =
            |score: &Self| (score.accuracy.unwrap_or(0.0), -score.mse.unwrap_or(f64::INFINITY));
        key(self) > key(other)
    }
}

/// One round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Updates made before it.
    pub round: u32,
    /// On the samples that were fitted.
    pub train: Score,
    /// On those that choose the round.
    pub validation: Option<Score>,
    /// On the test samples.
    pub test: Option<Score>,
    /// Trace of the metric.
    pub metric_trace: f64,
    /// What had to be added to the ridge for the Gram matrix to be positive definite.
    pub jitter: f64,
    /// R² of the fit of τ to `k′`.
    pub tau_kprime_r2: Measured,
    /// Bandwidth of the kernel.
    pub bandwidth: Option<f64>,
}

/// A machine at one round.
#[derive(Clone, Debug)]
pub struct Fitted<T> {
    /// The rounds, from 0.
    pub rounds: Vec<Round>,
    /// The round that was kept: the best on the validation samples, or the last.
    pub best: u32,
    /// Its kernel.
    pub kernel: Kernel<f64>,
    /// Its metric.
    pub metric: Vec<T>,
    /// Its dual.
    pub dual: Vec<T>,
}

/// Runs `machine` from the metric `start`; `observe` sees each round when it is fitted.
///
/// # Errors
/// [`Error::Round`] when a round fails: the scale of the metric breaks down, or no jitter makes the
/// Gram matrix positive definite.
pub fn run<T: Real>(
    engine: &impl Engine<T>,
    machine: &Machine,
    sets: &Sets<T>,
    start: &[f64],
    mut observe: impl FnMut(&Round),
) -> Result<Fitted<T>> {
    let (train, d, c) = (&sets.train, sets.d, sets.outputs.count());
    let x = MatRef::new(&train.x, train.n, d)?;
    let samples = Samples::new(x, MatRef::new(&train.y, train.n, c)?)?;
    let number = <T as Scalar>::from_f64;
    let ridge = match machine.ridge {
        Ridge::Absolute(ridge) => Ridge::Absolute(number(ridge)),
        Ridge::Relative(share) => Ridge::Relative(number(share)),
    };
    let mut metric: Vec<T> = narrow(start);
    if machine.shape == Shape::Diagonal {
        let beside = metric.iter_mut().enumerate().filter(|(k, _)| k % (d + 1) != 0);
        beside.for_each(|(_, m)| *m = T::ZERO);
    }
    let mut dual = vec![T::ZERO; train.n * c];
    let mut rounds = Vec::new();
    let mut best: Option<Fitted<T>> = None;
    for round in 0..=machine.rounds {
        let failed = |error| failure(round, machine, error);
        let kernel = match machine.bandwidth {
            Bandwidth::Fixed => machine.kernel,
            Bandwidth::Median => with_bandwidth(machine.kernel, median(machine, x, &metric)),
        };
        let view = MatRef::new(&metric, d, d)?;
        let solved =
            engine.solve(cast(kernel), view, ridge, &samples, &mut dual).map_err(failed)?;
        let dual_view = MatRef::new(&dual, train.n, c)?;
        let fitted =
            Predictor { kernel: cast(kernel), metric: Metric::Full(view), x, dual: dual_view };
        let score = |set: &Coded<T>| score(engine, &fitted, &sets.outputs, set);
        let tau = if !kernel.is_radial() && train.n <= TAU_SAMPLES {
            engine.tau(&fitted).map_err(failed)?
        } else if kernel.is_radial() {
            Err(Missing::NotInnerProduct)
        } else {
            Err(Missing::NotFormed)
        };
        let row = Round {
            round,
            train: score(train)?,
            validation: sets.validation.as_ref().map(score).transpose()?,
            test: sets.test.as_ref().map(score).transpose()?,
            metric_trace: widen(&metric).iter().step_by(d + 1).sum(),
            jitter: Scalar::to_f64(solved.jitter),
            tau_kprime_r2: tau,
            bandwidth: crate::plan::bandwidth_of(kernel),
        };
        observe(&row);
        rounds.push(row);
        let so_far = best.as_ref().and_then(|best| rounds.get(best.best as usize)?.validation);
        if so_far.is_none_or(|best| row.validation.is_some_and(|score| score.beats(&best))) {
            let (metric, dual) = (metric.clone(), dual.clone());
            best = Some(Fitted { rounds: Vec::new(), best: round, kernel, metric, dual });
        }
        if let Some(update) = machine.update.filter(|_| round < machine.rounds) {
            metric = next(engine, machine, update, &fitted, view)
                .map_err(|error| failure(round + 1, machine, error))?;
        }
    }
    let best = best.ok_or(fact_core::Error::Parameter { what: "rounds" })?;
    Ok(Fitted { rounds, ..best })
}

/// The metric of the next round.
pub(crate) fn next<T: Real>(
    engine: &impl Engine<T>,
    machine: &Machine,
    update: Update<f64>,
    fitted: &Predictor<'_, T>,
    metric: MatRef<'_, T>,
) -> Result<Vec<T>> {
    let d = metric.ncols();
    let (mut features, mut next) = (vec![T::ZERO; d * d], vec![T::ZERO; d * d]);
    let (feature, update) = match update {
        Update::Nfa { power } => (
            Feature::Agop(machine.centering),
            Update::Nfa { power: <T as Scalar>::from_f64(power) },
        ),
        Update::Fact => (Feature::Fact(machine.centering), Update::Fact),
        Update::FactGeomean => (Feature::Fact(machine.centering), Update::FactGeomean),
        Update::FactInner => (Feature::Fact(machine.centering), Update::FactInner),
    };
    engine.features(fitted, feature, &mut features)?;
    let features = MatRef::new(&features, d, d)?;
    let out = MatMut::new(&mut next, d, d)?;
    match machine.shape {
        Shape::Full => engine.next_metric(update, features, metric, out)?,
        Shape::Diagonal => update::next_diagonal(update, features, metric, out)?,
    }
    update::rescale(machine.rescale, MatMut::new(&mut next, d, d)?)?;
    Ok(next)
}

/// An error of the core, with the round and what to do.
fn failure(round: u32, machine: &Machine, error: Error) -> Error {
    let Error::Core(source) = error else { return error };
    let advice = match source {
        fact_core::Error::Scale { .. } | fact_core::Error::NonFinite { .. }
            if machine.rescale == fact_core::kernel::Rescale::None =>
        {
            "Say --rescale trace, or make fewer --rounds"
        }
        fact_core::Error::Scale { .. } | fact_core::Error::NonFinite { .. } => {
            "Make fewer --rounds, raise --ridge, or say --precision f64"
        }
        fact_core::Error::NotPositiveDefinite { .. } => "Raise --ridge, or say --precision f64",
        _ => "Try other settings",
    };
    Error::Round { round, source, advice }
}

/// Predicts a set and compares.
fn score<T: Real>(
    engine: &impl Engine<T>,
    machine: &Predictor<'_, T>,
    outputs: &Outputs,
    set: &Coded<T>,
) -> Result<Score> {
    let c = outputs.count();
    let mut f = vec![T::ZERO; set.n * c];
    engine.predict(machine, MatRef::new(&set.x, set.n, machine.x.ncols())?, &mut f)?;
    Ok(compare(outputs, &widen(&f), &widen(&set.y), &set.classes))
}

/// How well coded outputs agree with the coded targets `y` and the classes.
pub fn compare(outputs: &Outputs, f: &[f64], y: &[f64], classes: &[Option<usize>]) -> Score {
    let squares: f64 = f.iter().zip(y).map(|(f, y)| (f - y) * (f - y)).sum();
    let mse = squares / y.len().max(1) as f64;
    let accuracy = match outputs {
        Outputs::Values(_) => None,
        Outputs::Classes(_) => {
            let rows = f.chunks_exact(outputs.count()).zip(classes);
            let right =
                rows.filter(|(row, class)| class.is_some() && outputs.class(row) == **class);
            Some(right.count() as f64 / classes.len().max(1) as f64)
        }
    };
    Score { mse: Some(mse).filter(|mse| mse.is_finite()), accuracy }
}

/// The median of the distance between samples under the metric, or of `xᵀMx`: over all of them, or
/// evenly chosen ones. 1 where it is no number above 0.
fn median<T: Real>(machine: &Machine, x: MatRef<'_, T>, metric: &[T]) -> f64 {
    let (n, d) = x.shape();
    let rows: Vec<Vec<f64>> = (0..n.min(MEDIAN_SAMPLES))
        .filter_map(|k| x.row(k * n / n.min(MEDIAN_SAMPLES)))
        .map(widen)
        .collect();
    let metric = widen(metric);
    let image = |x: &Vec<f64>| -> Vec<f64> {
        let mut image = vec![0.0; d];
        for (&x, row) in x.iter().zip(metric.chunks_exact(d.max(1))) {
            image.iter_mut().zip(row).for_each(|(sum, m)| *sum += x * m);
        }
        image
    };
    let images: Vec<Vec<f64>> = rows.iter().map(image).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut values: Vec<f64> = Vec::new();
    for (i, (x, mx)) in rows.iter().zip(&images).enumerate() {
        if machine.kernel.is_radial() {
            for (z, mz) in rows.iter().zip(&images).take(i) {
                let square: f64 = x
                    .iter()
                    .zip(z)
                    .zip(mx.iter().zip(mz))
                    .map(|((x, z), (a, b))| (x - z) * (a - b))
                    .sum();
                values.push(square.max(0.0).sqrt());
            }
        } else {
            values.push(dot(x, mx));
        }
    }
    let middle = values.len() / 2;
    if values.is_empty() {
        return 1.0;
    }
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median).filter(|m| m.is_finite() && *m > 0.0).unwrap_or(1.0)
}
