//! Claim 2: along training FACT agrees late, NFA from the start.

use super::dynamics_figures::figures;
use crate::data::Dataset;
use crate::engine::{self, Problem};
use crate::error::Result;
use crate::experiment::Layer;
use crate::plan::{Activation, Optimizer};
use crate::progress::Share;
use crate::reproduce::network::{LayerRecord, Network, NetworkRecord, measure};
use crate::reproduce::{
    About, Band, Claim, Data, Entry, Estimate, Run, Settings, Shown, Source, Summary, Table, least,
};
use fact_core::features::{agreement::agreement, fact};
use fact_core::mat::{MatMut, MatRef};
use fact_core::scratch::Scratch;
use serde::{Deserialize, Serialize};

/// FACT counts as arrived at this Pearson correlation.
const ARRIVED: f64 = 0.99;
/// Training counts as fitted at this accuracy.
const FITTED: f64 = 1.0;
const SMOOTH: Activation = Activation::Srelu(0.1);

const EARLY_FACT: Band =
    Band::below("when every sample is fitted: FACT's mean Pearson, first layer", 0.8);
const EARLY_NFA: Band =
    Band::above("when every sample is fitted: NFA's mean Pearson over FACT's, first layer", 0.1);
const START_NFA: Band = Band::above("random weights: NFA's mean Pearson over all layers", 0.6);
const START_FACT: Band = Band::below("random weights: FACT's mean Pearson over all layers", 0.5);
const FINAL_FACT: Band = Band::above("at the end: FACT's least Pearson of all layers", 0.9999);
const LATE: Band = Band::above("steps until FACT's Pearson is 0.99, over steps until fitted", 1.5);
const BETWEEN: Band =
    Band::above("when fitted: Pearson of (FACT FACTᵀ)^½ over FACT's, mean, first layer", 0.0);
const CERTIFIED: Band =
    Band::above("moments at which the certificate bounds the residual, share", 1.0);

/// A network; its whole training is the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub(super) network: Network,
}

/// One layer at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct At {
    #[serde(flatten)]
    pub(super) layer: LayerRecord,
    /// Pearson correlation of `(FACT FACTᵀ)^½`.
    pub(super) symmetrized: Option<f64>,
}

/// One moment of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub(super) evaluations: u32,
    objective: Option<f64>,
    pub(super) accuracy: Option<f64>,
    pub(super) layers: Vec<At>,
}

/// The moments and the end of one training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) network: NetworkRecord,
    pub(super) moments: Vec<Moment>,
}

impl Record {
    /// The first moment at which every sample is fitted.
    pub(super) fn fitted(&self) -> Option<&Moment> {
        self.moments.iter().find(|moment| moment.accuracy.is_some_and(|a| a >= FITTED))
    }

    /// The moment from which on FACT's first layer stays arrived.
    pub(super) fn arrived(&self) -> Option<&Moment> {
        let there = |moment: &&Moment| {
            moment.layers.first().and_then(|at| at.layer.fact).is_some_and(|p| p >= ARRIVED)
        };
        self.moments.iter().rev().take_while(there).last()
    }
}

pub(super) type Done = Run<Cell, Record>;

/// The claim.
#[derive(Clone, Copy, Debug)]
pub struct Dynamics;

impl Claim for Dynamics {
    type Cell = Cell;
    type Record = Record;

    const ABOUT: About = About {
        name: "dynamics",
        number: 2,
        title: "along training FACT agrees late, NFA from the start",
        paper: "FACT's correlation is low until just before convergence, NFA's is high throughout",
    };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        let wine = Network::new(Source::all("wine"), &[8; 5], SMOOTH, 3e-3);
        let descent =
            |optimizer, rate, evaluations| Network { optimizer, rate, evaluations, ..wine.clone() };
        let digits = settings.pick(Source::first(600, "digits"), Source::all("digits"));
        let digits = Network::new(digits, &[16; 5], SMOOTH, 3e-3);
        let networks = [
            (descent(Optimizer::HeavyBall, 0.01, 40_000), settings.seeds(6, 12)),
            (wine.clone(), settings.seeds(6, 12)),
            (digits, settings.seeds(2, 5)),
        ];
        let seeded = networks.into_iter().flat_map(|(network, seeds)| {
            seeds.map(move |seed| Cell { network: Network { seed, ..network.clone() } })
        });
        Ok(seeded.collect())
    }

    fn label(&self, cell: &Cell) -> String {
        format!("{}, seed {}", setting(&cell.network), cell.network.seed)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        match cell.network.source.set.as_str() {
            "wine" => cell.network.cost(178, 13, 3),
            _ => cell.network.cost(1797, 64, 10),
        }
    }

    fn run(&self, cell: &Cell, data: &Data, share: &Share<'_>) -> Result<Record> {
        watched(&cell.network, &data.load(&cell.network.source)?, share)
    }

    fn summarise(&self, runs: &[Done]) -> Summary {
        let used = used(runs);
        let fitted = || used.iter().filter_map(|run| run.record.fitted());
        let early = |value: fn(&At) -> Option<f64>| {
            Estimate::of(fitted().map(|moment| value(moment.layers.first()?)))
        };
        let start = |value: fn(&At) -> Option<f64>| {
            let starts = used.iter().filter_map(|run| run.record.moments.first());
            Estimate::of(starts.flat_map(|moment| &moment.layers).map(value))
        };
        let mean = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.mean);
        let (fact, nfa) = (early(|at| at.layer.fact), early(|at| at.layer.nfa));
        let symmetrized = early(|at| at.symmetrized);
        let over = |a: Option<Estimate>, b: Option<Estimate>| Some(mean(a)? - mean(b)?);
        let late = Estimate::of(used.iter().map(|run| {
            let (fitted, arrived) = (run.record.fitted()?, run.record.arrived()?);
            Some(f64::from(arrived.evaluations) / f64::from(fitted.evaluations))
        }));
        let ends = used.iter().flat_map(|run| &run.record.network.layers);
        let checks = vec![
            START_NFA.check(mean(start(|at| at.layer.nfa))),
            START_FACT.check(mean(start(|at| at.layer.fact))),
            EARLY_FACT.check(mean(fact)),
            EARLY_NFA.check(over(nfa, fact)),
            BETWEEN.check(over(symmetrized, fact)),
            LATE.check(mean(late)),
            FINAL_FACT.check(least(ends.map(|layer| layer.fact))),
            CERTIFIED.check(certified(runs)),
        ];
        let text = |estimate: Option<Estimate>, digits| {
            estimate.map_or_else(|| "—".to_owned(), |e| e.text(Shown::Decimals(digits)))
        };
        Summary {
            ours: format!(
                "first layer when all is fitted: FACT {}, NFA {}; FACT reaches 0.99 after {} times \
                 as many steps",
                text(fact, 2),
                text(nfa, 2),
                text(late, 1)
            ),
            differences: Vec::new(),
            notes: notes(runs),
            tables: vec![table(runs), curves(runs)],
            figures: figures(runs),
            checks,
        }
    }
}

/// The network without its seed.
pub(super) fn setting(network: &Network) -> String {
    let Network { source, lambda, optimizer, hidden, .. } = network;
    let hidden: Vec<String> = hidden.iter().map(usize::to_string).collect();
    format!("{source}, hidden {}, λ = {lambda}, {optimizer}", hidden.join("-"))
}

/// The runs that have not collapsed.
pub(super) fn used(runs: &[Done]) -> Vec<&Done> {
    runs.iter().filter(|run| run.record.network.excluded().is_none()).collect()
}

/// Trains, and measures at moments spread over the logarithm of the steps.
fn watched(network: &Network, data: &Dataset, share: &Share<'_>) -> Result<Record> {
    let training = network.training();
    engine::check_memory::<f64>(data, &training)?;
    let problem = Problem::<f64>::new(data, &training);
    let mut found: Vec<Moment> = Vec::new();
    let mut last = None;
    let mut probe = |theta: &[f64]| {
        let measured = measure(&problem, theta)?;
        let layers = measured.layers.iter().map(at).collect::<Result<_>>()?;
        let (objective, accuracy) = (measured.objective, measured.accuracy);
        found.push(Moment { evaluations: 0, objective, accuracy, layers });
        last = Some(measured);
        Ok(Vec::new())
    };
    let watch = |moment: &crate::progress::Moment| share.done(moment.spent());
    let trained = engine::train(&problem, &training, watch, Some(&mut probe))?;
    for (moment, point) in found.iter_mut().zip(&trained.history) {
        moment.evaluations = point.evaluations;
    }
    let end = match last {
        Some(measured) => measured,
        None => measure(&problem, &trained.theta)?,
    };
    let network = NetworkRecord::of(&end, trained.stop, trained.evaluations);
    Ok(Record { network, moments: found })
}

fn at(layer: &Layer) -> Result<At> {
    let symmetrized = match &layer.fact {
        Some(matrix) => {
            let d = matrix.ncols;
            let mut memory = vec![0.0; fact::symmetrized_scratch(d)];
            let mut out = vec![0.0; d * d];
            let matrix = MatRef::new(&matrix.data, d, d)?;
            let scratch = Scratch::new(&mut memory);
            fact::symmetrized(matrix, MatMut::new(&mut out, d, d)?, scratch)?;
            agreement(&out, &layer.nfm.data).pearson.ok()
        }
        None => None,
    };
    Ok(At { layer: LayerRecord::of(layer), symmetrized })
}

/// The share of layers and moments whose residual is within its certificate.
fn certified(runs: &[Done]) -> Option<f64> {
    let all = runs.iter().flat_map(|run| &run.record.moments).flat_map(|moment| &moment.layers);
    let bounded = all.filter_map(|at| {
        // Where the residual is rounding alone, so is the bound.
        Some(at.layer.residual? <= at.layer.bound? * (1.0 + 1e-9) + 1e-12)
    });
    let bounded: Vec<bool> = bounded.collect();
    let held = bounded.iter().filter(|held| **held).count();
    (!bounded.is_empty()).then(|| held as f64 / bounded.len() as f64)
}

fn notes(runs: &[Done]) -> Vec<String> {
    let mut notes = vec![
        "Five hidden layers with smooth ReLU, ½‖f − y‖², standardised features, no biases, weights \
         from N(0, 1/fan-in), trained until every layer's residual is certified below 1e-6. A step \
         is one full-batch gradient; moments are spread over the logarithm of the steps. L-BFGS and \
         gradient descent with momentum 0.99 (heavy ball, rate 0.01) show the same order of events."
            .to_owned(),
    ];
    let excluded: Vec<String> = runs
        .iter()
        .filter_map(|run| {
            let (network, reason) = (&run.cell.network, run.record.network.excluded()?);
            Some(format!("- {}, seed {}: {reason}", setting(network), network.seed))
        })
        .collect();
    if !excluded.is_empty() {
        notes.push(format!(
            "Excluded, because everything agrees with everything in a network that has collapsed \
             (narrow layers without biases can lose a class for good at the start):\n\n{}",
            excluded.join("\n")
        ));
    }
    notes
}

fn table(runs: &[Done]) -> Table {
    let columns = [
        "setting",
        "seed",
        "steps until fitted",
        "FACT then",
        "(FACT FACTᵀ)^½ then",
        "NFA then",
        "eNFA then",
        "steps until FACT ≥ 0.99",
        "steps in all",
        "FACT at the end",
        "used",
    ];
    let caption = "By run; Pearson correlations with WᵀW in the first layer.";
    let mut table = Table::new("dynamics", caption, &columns);
    for Run { cell, record, .. } in runs {
        let fitted = record.fitted();
        let then = |value: fn(&At) -> Option<f64>| {
            let value = fitted.and_then(|moment| value(moment.layers.first()?));
            Entry::Number(value, Shown::Decimals(3))
        };
        let steps = |moment: Option<&Moment>| {
            Entry::Number(moment.map(|m| f64::from(m.evaluations)), Shown::Decimals(0))
        };
        let end = record.network.layers.first().and_then(|layer| layer.fact);
        table.rows.push(vec![
            Entry::text(setting(&cell.network)),
            Entry::text(cell.network.seed.to_string()),
            steps(fitted),
            then(|at| at.layer.fact),
            then(|at| at.symmetrized),
            then(|at| at.layer.nfa),
            then(|at| at.layer.enfa),
            steps(record.arrived()),
            Entry::Number(Some(f64::from(record.network.evaluations)), Shown::Decimals(0)),
            Entry::Number(end, Shown::Decimals(6)),
            Entry::text(if record.network.excluded().is_none() { "yes" } else { "no" }),
        ]);
    }
    table
}

fn curves(runs: &[Done]) -> Table {
    let columns = [
        "setting",
        "seed",
        "steps",
        "accuracy",
        "layer",
        "FACT",
        "(FACT FACTᵀ)^½",
        "NFA",
        "eNFA",
        "residual",
        "bound",
    ];
    let mut table = Table::new("dynamics-curves", "Every moment and layer.", &columns);
    table.only_file = true;
    for Run { cell, record, .. } in runs {
        let moments = record.moments.iter();
        for (moment, (at, k)) in
            moments.flat_map(|moment| moment.layers.iter().zip(0..).map(move |at| (moment, at)))
        {
            let number = |value| Entry::Number(value, Shown::Decimals(6));
            table.rows.push(vec![
                Entry::text(setting(&cell.network)),
                Entry::text(cell.network.seed.to_string()),
                number(Some(f64::from(moment.evaluations))),
                number(moment.accuracy),
                Entry::text(format!("{k}")),
                number(at.layer.fact),
                number(at.symmetrized),
                number(at.layer.nfa),
                number(at.layer.enfa),
                number(at.layer.residual),
                number(at.layer.bound),
            ]);
        }
    }
    table
}
