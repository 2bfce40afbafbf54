//! The protocol of the tabular comparison, on one set.
//!
//! A setting is a ridge, whether rows are scaled to unit norm, and a round; the one with the best
//! accuracy on the validation rows is taken. The *public* protocol then solves once a fold with the
//! metric learned from the choosing split, which has seen rows that the folds judge by; the
//! *leak-free* one learns the metric of each fold from the fold's own training rows.

use super::machine::{
    Coded, FAST, Fitted, Method, alone, broke, identity, machine, narrow, rounds,
};
use crate::data::uci::Folded;
use crate::engine::machine::Engine;
use crate::error::{Error, Result};
use crate::experiment::next_metric;
use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Rescale, Ridge};
use fact_core::mat::MatRef;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

const BANDWIDTH: f64 = 10.0;
/// In the order they are tried; the first of the best is taken.
const RIDGES: [f64; 5] = [10.0, 1.0, 0.1, 0.01, 0.001];
/// Updates.
const ROUNDS: u32 = 4;
/// Has rows that are zero after standardisation, which have no direction.
const NEVER_UNIT: &str = "balance-scale";
/// What is compared, in this order.
pub(super) const METHODS: [Method; 3] = [Method::Nfa, Method::Fact, Method::Geomean];

/// The setting that was best on the validation rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Choice {
    /// Ridge.
    pub ridge: f64,
    /// Rows scaled to unit norm.
    pub unit: bool,
    /// Updates.
    pub round: u32,
    /// Accuracy on the validation rows.
    pub validation: f64,
}

/// What is found of one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// The setting.
    pub choice: Choice,
    /// Accuracy by fold, with the metric of the choosing split.
    pub public: Vec<f64>,
    /// Accuracy by fold, with the metric of the fold.
    pub leak_free: Vec<f64>,
}

/// The best setting so far, with its metric.
struct Best {
    choice: Choice,
    metric: Vec<f64>,
}

impl Best {
    fn offer(best: &mut Option<Self>, choice: Choice, metric: &[f64]) {
        if best.as_ref().is_none_or(|best| choice.validation > best.choice.validation) {
            *best = Some(Self { choice, metric: metric.to_vec() });
        }
    }
}

/// Plain kernel regression, then [`METHODS`]. `done` hears the share of the work that is done.
///
/// # Errors
/// [`Error::Core`] when the core refuses.
pub(super) fn compare(set: &Folded, done: impl Fn(f64) + Send) -> Result<[Found; 4]> {
    alone(|| compare_here(set, done))
}

fn compare_here(set: &Folded, done: impl Fn(f64)) -> Result<[Found; 4]> {
    let plain = Coded::<f64>::one_hot(&set.data);
    let units = if set.data.name == NEVER_UNIT { &[false][..] } else { &[true, false] };
    let coded = |unit: bool| if unit { unit_rows(plain.clone()) } else { plain.clone() };
    let versions: Vec<(bool, Coded<f64>)> =
        units.iter().map(|unit| (*unit, coded(*unit))).collect();
    let mut best: [Option<Best>; 4] = [const { None }; 4];
    let all = (RIDGES.len() * versions.len()) as f64;
    let mut settings = 0.0;
    for ridge in RIDGES {
        for (unit, version) in &versions {
            let [fit, validate] = set.choosing.each_ref().map(|rows| version.select(rows));
            choose(ridge, *unit, (&fit, &validate), &mut best)?;
            settings += 1.0;
            done(0.5 * settings / all);
        }
    }
    let mut found = Vec::new();
    for (k, best) in best.into_iter().enumerate() {
        let method = k.checked_sub(1).map(|k| METHODS[k]);
        // Round 0 of any setting is a machine unless the core refuses its numbers.
        let Some(Best { choice, metric }) = best else {
            return Err(Error::Core(fact_core::Error::Scale { what: "Gram matrix" }));
        };
        let of = versions.iter().find(|(unit, _)| *unit == choice.unit);
        let version = of.map_or(&plain, |(_, version)| version);
        let (mut public, mut leak_free) = (Vec::new(), Vec::new());
        for fold in &set.folds {
            let [fit, test] = fold.each_ref().map(|rows| version.select(rows));
            public.push(with_metric(choice.ridge, &metric, &fit, &test)?);
            leak_free.push(match method.filter(|_| choice.round > 0) {
                Some(method) => relearned(method, &choice, &fit, &test)?,
                None => with_metric(choice.ridge, &identity(fit.d), &fit, &test)?,
            });
            done(0.5 + 0.5 * found.len() as f64 / 4.0);
        }
        found.push(Found { choice, public, leak_free });
    }
    <[Found; 4]>::try_from(found)
        .map_err(|_| Error::Core(fact_core::Error::Scale { what: "folds" }))
}

/// Rows divided by their norms; a row of zeros stays.
fn unit_rows(mut samples: Coded<f64>) -> Coded<f64> {
    for row in samples.x.chunks_exact_mut(samples.d.max(1)) {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|x| *x /= norm);
        }
    }
    samples
}

fn plan(ridge: f64, method: Method) -> crate::plan::Machine {
    let kernel = Kernel::Laplace { bandwidth: BANDWIDTH };
    machine(kernel, Ridge::Absolute(ridge), method, Rescale::None, Centering::None)
}

/// Offers all rounds of all methods at this ridge. Round 0 is common to them.
fn choose(
    ridge: f64,
    unit: bool,
    (fit, validate): (&Coded<f64>, &Coded<f64>),
    best: &mut [Option<Best>; 4],
) -> Result<()> {
    let setting = |round, validation| Choice { ridge, unit, round, validation };
    let d = fit.d;
    let start = identity(d);
    let Some(dual) = solve(ridge, &start, fit)? else { return Ok(()) };
    let first = predictor(&start, &dual, fit)?;
    let validation = validate.judge(&first)?;
    best.iter_mut().for_each(|best| Best::offer(best, setting(0, validation), &start));
    for (method, best) in METHODS.into_iter().zip(&mut best[1..]) {
        let plan = plan(ridge, method);
        let (mut metric, mut dual) = (start.clone(), dual.clone());
        for round in 1..=ROUNDS {
            let machine = predictor(&metric, &dual, fit)?;
            let view = MatRef::new(&metric, d, d)?;
            let next = match next_metric(&FAST, &plan, method.update(), &machine, view) {
                Err(Error::Core(error)) if broke(&error) => break,
                next => next?,
            };
            let Some(next_dual) = solve(ridge, &next, fit)? else { break };
            (metric, dual) = (next, next_dual);
            let validation = validate.judge(&predictor(&metric, &dual, fit)?)?;
            Best::offer(best, setting(round, validation), &metric);
        }
    }
    Ok(())
}

/// The dual; `None` where the metric has no scale.
fn solve(ridge: f64, metric: &[f64], fit: &Coded<f64>) -> Result<Option<Vec<f64>>> {
    let (kernel, ridge) = narrow(&plan(ridge, Method::Fact));
    let mut dual = vec![0.0; fit.y.len()];
    let metric = MatRef::new(metric, fit.d, fit.d)?;
    match FAST.solve(kernel, metric, ridge, &fit.samples()?, &mut dual) {
        Err(Error::Core(error)) if broke(&error) => Ok(None),
        solved => solved.map(|_| Some(dual)),
    }
}

fn predictor<'a>(
    metric: &'a [f64],
    dual: &'a [f64],
    fit: &'a Coded<f64>,
) -> Result<Predictor<'a, f64>> {
    Ok(Predictor {
        kernel: Kernel::Laplace { bandwidth: BANDWIDTH },
        metric: Metric::Full(MatRef::new(metric, fit.d, fit.d)?),
        x: MatRef::new(&fit.x, fit.n(), fit.d)?,
        dual: MatRef::new(dual, fit.n(), fit.c)?,
    })
}

/// Accuracy on `test` of a machine with a given metric; 0 where there is none.
fn with_metric(ridge: f64, metric: &[f64], fit: &Coded<f64>, test: &Coded<f64>) -> Result<f64> {
    match solve(ridge, metric, fit)? {
        Some(dual) => test.judge(&predictor(metric, &dual, fit)?),
        None => Ok(0.0),
    }
}

/// Accuracy on `test` of a machine that learns its metric from `fit` alone. Where the scale breaks
/// down before the chosen round, the last machine there was counts.
fn relearned(method: Method, choice: &Choice, fit: &Coded<f64>, test: &Coded<f64>) -> Result<f64> {
    let mut accuracy = 0.0;
    let mut last: Option<(Vec<f64>, Vec<f64>)> = None;
    rounds(&plan(choice.ridge, method), fit, |fitted: &Fitted<'_, f64>| {
        last = Some((fitted.metric.to_vec(), fitted.machine.dual.data().to_vec()));
        Ok(if fitted.round < choice.round {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    if let Some((metric, dual)) = &last {
        accuracy = test.judge(&predictor(metric, dual, fit)?)?;
    }
    Ok(accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{builtin, uci};

    fn iris() -> Folded {
        uci::fold(builtin("iris").unwrap().unwrap(), 0)
    }

    #[test]
    fn every_method_is_at_least_as_good_as_none_on_the_rows_that_choose() {
        let [plain, others @ ..] = compare(&iris(), |_| {}).unwrap();
        assert_eq!((plain.choice.round, &plain.public), (0, &plain.leak_free));
        for found in &others {
            assert!(found.choice.validation >= plain.choice.validation, "{found:?}");
            assert!(found.choice.round <= ROUNDS && found.public.len() == uci::FOLDS);
            for accuracy in found.public.iter().chain(&found.leak_free) {
                assert!((0.8..=1.0).contains(accuracy), "{found:?}");
            }
        }
    }

    #[test]
    fn the_leak_free_protocol_does_not_see_the_rows_it_judges_by_and_the_public_one_does() {
        let set = iris();
        let mut other = set.clone();
        // Other features of the rows that the first fold judges by, in a direction of their own.
        for &row in &set.folds[0][1] {
            other.data.x[row * 4] += 50.0;
        }
        let method = |set: &Folded| {
            let samples = unit_rows(Coded::one_hot(&set.data));
            let choice = Choice { ridge: 0.1, unit: true, round: 2, validation: 0.0 };
            let [fit, _] = set.folds[0].each_ref().map(|rows| samples.select(rows));
            let mut learned = Vec::new();
            rounds(&plan(choice.ridge, Method::Fact), &fit, |fitted: &Fitted<'_, f64>| {
                learned = fitted.metric.to_vec();
                Ok(if fitted.round < 2 {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })
            .unwrap();
            learned
        };
        assert_eq!(method(&set), method(&other));
        let mut best = [[const { None }; 4], [const { None }; 4]];
        for (set, best) in [&set, &other].into_iter().zip(&mut best) {
            let samples = Coded::<f64>::one_hot(&set.data);
            let [fit, validate] = set.choosing.each_ref().map(|rows| samples.select(rows));
            choose(0.1, false, (&fit, &validate), best).unwrap();
        }
        let [Some(one), Some(two)] = best.map(|best| best.into_iter().nth(2).flatten()) else {
            panic!("a machine each")
        };
        assert!(one.metric != two.metric || one.choice != two.choice);
    }

    #[test]
    fn rows_of_zeros_keep_their_length() {
        let mut data = builtin("iris").unwrap().unwrap();
        data.x[..4].fill(0.0);
        let samples = unit_rows(Coded::one_hot(&data));
        assert!(samples.x[..4].iter().all(|x| *x == 0.0));
        let norm = samples.x[4..8].iter().map(|x| x * x).sum::<f64>();
        assert!((norm - 1.0).abs() < 1e-15);
    }
}
