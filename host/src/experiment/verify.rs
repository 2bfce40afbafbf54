//! `fact verify`: train one network and hold every claim about its layers against its weights.

use super::{Outcome, PointLayer, Run, Stop};
use crate::data::{Dataset, Target};
use crate::engine::{self, Keeper, Measured, Problem};
use crate::error::{Error, Result};
use crate::plan::{Plan, Precision};
use crate::progress::Moment;
use fact_core::scalar::Scalar;
use std::time::Instant;

/// Trains the planned network on `data` and measures it; `watch` sees every evaluation.
///
/// # Errors
/// [`Error::Usage`] when the network does not fit into memory, [`Error::Core`] when the core refuses
/// the configuration.
pub fn verify(plan: &Plan, data: &Dataset, watch: impl FnMut(&Moment)) -> Result<Outcome> {
    verify_kept(plan, data, watch, None)
}

/// The same, under a `keeper`, which may interrupt it.
///
/// # Errors
/// As [`verify`] and as [`engine::train_kept`].
pub fn verify_kept(
    plan: &Plan,
    data: &Dataset,
    watch: impl FnMut(&Moment),
    keeper: Option<&Keeper<'_>>,
) -> Result<Outcome> {
    match plan.training.precision {
        Precision::F32 => run::<f32>(plan, data, watch, keeper),
        Precision::F64 => run::<f64>(plan, data, watch, keeper),
    }
}

fn run<T: Scalar>(
    plan: &Plan,
    data: &Dataset,
    watch: impl FnMut(&Moment),
    keeper: Option<&Keeper<'_>>,
) -> Result<Outcome> {
    let start = Instant::now();
    engine::check_memory::<T>(data, &plan.training)?;
    let problem = Problem::<T>::new(data, &plan.training);
    // FACT divides by λ: formed in `f32`, it would show the error of its own formation.
    let exact = problem.widened();
    let measure = |theta: &[T]| {
        let theta: Vec<f64> = theta.iter().map(|v| v.to_f64()).collect();
        engine::measure(&exact, &theta)
    };
    let mut probe = |theta: &[T]| -> Result<Vec<PointLayer>> {
        let layers = measure(theta)?.layers;
        Ok(layers
            .iter()
            .map(|layer| PointLayer {
                fact: layer.fact_agreement.pearson.ok(),
                nfa: layer.nfa_agreement.pearson.ok(),
            })
            .collect())
    };
    // Curves are only drawn into a directory.
    let probe = plan.out.is_some().then_some(&mut probe as engine::Probe<'_, T>);
    let trained = engine::train_kept(&problem, &plan.training, watch, probe, keeper)?;
    let (measured, stop) = match measure(&trained.theta) {
        // Nothing can be measured of weights whose products overflow.
        Err(Error::Core(fact_core::Error::NonFinite { .. })) => {
            (Measured::default(), Stop::Diverged)
        }
        Err(_) if trained.stop == Stop::Diverged => (Measured::default(), Stop::Diverged),
        measured => (measured?, trained.stop),
    };
    let classes = match &data.target {
        Target::Classes { labels, .. } => Some(labels.len()),
        Target::Values(_) => None,
    };
    Ok(Outcome {
        dataset: data.name.clone(),
        n: data.n,
        classes,
        widths: problem.widths().to_vec(),
        theta: trained.theta.iter().map(|v| v.to_f64()).collect(),
        setting: plan.training.setting(),
        run: Some(Run {
            training: plan.training.clone(),
            stop,
            evaluations: trained.evaluations,
            elapsed: start.elapsed(),
        }),
        objective: measured.objective,
        gradient_norm: measured.gradient_norm,
        accuracy: measured.accuracy.filter(|_| classes.is_some()),
        r_squared: measured.r_squared.filter(|_| classes.is_none()),
        collapsed: measured.collapsed,
        layers: measured.layers,
        balance: measured.balance,
        history: trained.history,
    })
}
