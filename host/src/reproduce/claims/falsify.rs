//! Claim 8: what breaks the identity, in the way the theory says, and what mends it.

use crate::engine::{self, Descent, Problem};
use crate::error::Result;
use crate::plan::{Activation, Optimizer};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::progress::Share;
use crate::reproduce::network::{self, Network, NetworkRecord, measure};
use crate::reproduce::{
    About, Band, Claim, Data, Entry, Estimate, Figure, Run, Settings, Shown, Source, Summary,
    Table, largest, least,
};
use fact_core::features::agreement::agreement;
use fact_core::rng::Rng;
use serde::{Deserialize, Serialize};

const LAMBDA: f64 = 1e-2;
/// Deviation of the noise added to every weight.
const NOISE: f64 = 1e-4;
/// Samples of a mini-batch, and its rate.
const BATCH: usize = 16;
const RATE: f64 = 0.02;
/// Steps with mini-batches; as many again are averaged.
const STEPS: u32 = 20_000;

/// What is done to the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Nothing: L-BFGS with coupled decay.
    Nothing,
    /// Adam with coupled decay.
    Adam,
    /// Adam with decoupled decay.
    AdamW,
    /// No decay while training; FACT is formed with the λ of the others.
    NoDecay,
    /// FACT is formed with twice the λ of training.
    TwiceLambda,
    /// Noise on every weight.
    Noise,
    /// Mini-batches at a constant rate, at the last step.
    Batches,
    /// The same, averaged over steps.
    BatchesAveraged,
    /// Mini-batches with decreasing steps, at the last step.
    BatchesDecreasing,
    /// Larger mini-batches, at the last step.
    BatchesLarger,
}

use Attack::*;

/// The attacks with what was done and what the theory says.
const ATTACKS: [(Attack, &str, &str); 10] = [
    (Nothing, "L-BFGS, decay in the loss", "holds"),
    (Adam, "Adam, decay in the loss", "holds"),
    (AdamW, "AdamW, decoupled decay", "residual 1, Pearson lost: another fixed point"),
    (NoDecay, "no decay", "residual 1: no gradient, no FACT"),
    (TwiceLambda, "FACT formed with 2λ", "residual ½, Pearson 1"),
    (Noise, "noise of 1e-4 on the weights", "a residual of the order of noise/λ"),
    (Batches, "mini-batches of 16, last step", "the gradient does not vanish"),
    (BatchesAveraged, "the same, averaged over steps", "holds up to the rate"),
    (BatchesDecreasing, "mini-batches of 16, steps ∝ 1/t", "holds as the steps shrink"),
    (BatchesLarger, "mini-batches of 128, last step", "less noise"),
];

const HOLDS: Band = Band::above("decay in the loss, L-BFGS: FACT's least Pearson", 0.9999);
const HOLDS_RESIDUAL: Band = Band::below("its largest residual", 1e-5);
const ADAM: Band = Band::below("decay in the loss, Adam: largest residual", 0.1);
const ADAMW: Band = Band::around("AdamW: mean residual", 1.0, 0.1);
const ADAMW_PEARSON: Band = Band::below("AdamW: FACT's mean Pearson", 0.7);
const NO_DECAY: Band = Band::around("no decay: mean residual", 1.0, 0.05);
const TWICE: Band = Band::around("2λ: mean residual", 0.5, 1e-4);
const TWICE_PEARSON: Band = Band::above("2λ: FACT's least Pearson", 0.9999);
const NOISY: Band = Band { what: "noise of 1e-4: mean residual", low: 1e-3, high: 0.1 };
const CURES: [(Attack, Band); 3] = [
    (BatchesAveraged, Band::below("residual of mini-batches, averaged over alone", 0.5)),
    (BatchesDecreasing, Band::below("residual of mini-batches, decreasing over constant", 0.5)),
    (BatchesLarger, Band::below("residual of mini-batches, 128 over 16", 0.5)),
];

/// A network and what is done to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    network: Network,
    attack: Attack,
}

/// FACT's agreement by layer, after the attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Why it says nothing, if it does not.
    excluded: Option<String>,
    accuracy: Option<f64>,
    objective: Option<f64>,
    gradient_norm: Option<f64>,
    pearson: Vec<Option<f64>>,
    residual: Vec<Option<f64>>,
}

impl Record {
    fn of(network: &NetworkRecord) -> Self {
        Self {
            excluded: network.excluded(),
            accuracy: network.accuracy,
            objective: network.objective,
            gradient_norm: network.gradient_norm,
            pearson: network.layers.iter().map(|layer| layer.fact).collect(),
            residual: network.layers.iter().map(|layer| layer.residual).collect(),
        }
    }
}

type Done = Run<Cell, Record>;

/// The claim.
#[derive(Clone, Copy, Debug)]
pub struct Falsify;

impl Claim for Falsify {
    type Cell = Cell;
    type Record = Record;

    const ABOUT: About = About {
        name: "falsify",
        number: 8,
        title: "what breaks the identity, and what mends it",
        paper: "the identity needs decay in the loss and a critical point, and nothing else (no \
                numbers given)",
    };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        let smooth = Activation::Srelu(0.1);
        let network = Network::new(Source::all("wine"), &[16, 16], smooth, LAMBDA);
        let seeds = settings.seeds(5, 10);
        let cells = ATTACKS.iter().flat_map(|&(attack, ..)| {
            let (optimizer, rate, evaluations) = match attack {
                Adam => (Optimizer::Adam, 1e-3, 20_000),
                AdamW => (Optimizer::AdamW, 1e-3, 20_000),
                NoDecay => (network.optimizer, 1.0, 3000),
                _ => (network.optimizer, 1.0, network.evaluations),
            };
            let lambda = if attack == NoDecay { 0.0 } else { LAMBDA };
            let network = Network { optimizer, rate, evaluations, lambda, ..network.clone() };
            seeds.clone().map(move |seed| {
                let network = Network { seed, ..network.clone() };
                Cell { network, attack }
            })
        });
        Ok(cells.collect())
    }

    fn label(&self, cell: &Cell) -> String {
        format!("{}, seed {}", words(cell.attack).0, cell.network.seed)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        match cell.attack {
            Adam | AdamW => 10.0,
            NoDecay | Batches | BatchesAveraged | BatchesDecreasing | BatchesLarger => 3.0,
            Nothing | TwiceLambda | Noise => 1.0,
        }
    }

    fn run(&self, cell: &Cell, data: &Data, share: &Share<'_>) -> Result<Record> {
        let set = data.load(&cell.network.source)?;
        let trained = network::train(&cell.network, &set, share, 0.5)?;
        let record = trained.record()?;
        let mut theta = trained.theta;
        let judged = |lambda: f64| {
            let network = Network { lambda, ..cell.network.clone() };
            Problem::<f64>::new(&set, &network.training())
        };
        let measured = |problem: &Problem<f64>, theta: &[f64]| -> Result<Record> {
            let measured = measure(problem, theta)?;
            Ok(Record::of(&NetworkRecord::of(&measured, trained.stop, trained.evaluations)))
        };
        let seed = cell.network.seed;
        let descent =
            |half, batch| Descent { rate: RATE, half, batch: Some(batch), steps: STEPS, seed };
        let descend = |descent: &Descent, theta: &mut [f64]| {
            engine::descend(&trained.problem, descent, theta, |done| share.done(0.5 + 0.5 * done))
        };
        match cell.attack {
            Nothing | Adam | AdamW => Ok(Record::of(&record)),
            NoDecay => measured(&judged(LAMBDA), &theta),
            TwiceLambda => measured(&judged(2.0 * LAMBDA), &theta),
            Noise => {
                let mut rng = Rng::new(seed);
                theta.iter_mut().for_each(|weight| *weight += NOISE * rng.normal::<f64>());
                measured(&trained.problem, &theta)
            }
            Batches | BatchesLarger | BatchesDecreasing => {
                let half = (cell.attack == BatchesDecreasing).then_some(STEPS / 100);
                let batch = if cell.attack == BatchesLarger { 128 } else { BATCH };
                descend(&descent(half, batch), &mut theta)?;
                measured(&trained.problem, &theta)
            }
            BatchesAveraged => {
                descend(&descent(None, BATCH), &mut theta)?;
                let layers = descend(&descent(None, BATCH), &mut theta)?;
                let found: Vec<_> =
                    layers.iter().map(|l| agreement(&l.fact.data, &l.nfm.data)).collect();
                Ok(Record {
                    pearson: found.iter().map(|found| found.pearson.ok()).collect(),
                    residual: found.iter().map(|found| found.residual.ok()).collect(),
                    ..measured(&trained.problem, &theta)?
                })
            }
        }
    }

    fn summarise(&self, runs: &[Done]) -> Summary {
        let pearsons = |attack| used(runs, attack).flat_map(|record| record.pearson.clone());
        let residuals = |attack| used(runs, attack).flat_map(|record| record.residual.clone());
        let mean = |values: Vec<Option<f64>>| Estimate::of(values).map(|estimate| estimate.mean);
        let residual = |attack| mean(residuals(attack).collect());
        let mut checks = vec![
            HOLDS.check(least(pearsons(Nothing))),
            HOLDS_RESIDUAL.check(largest(residuals(Nothing))),
            ADAM.check(largest(residuals(Adam))),
            ADAMW.check(residual(AdamW)),
            ADAMW_PEARSON.check(mean(pearsons(AdamW).collect())),
            NO_DECAY.check(residual(NoDecay)),
            TWICE.check(residual(TwiceLambda)),
            TWICE_PEARSON.check(least(pearsons(TwiceLambda))),
            NOISY.check(residual(Noise)),
        ];
        checks.extend(CURES.iter().map(|(attack, band)| {
            band.check(residual(*attack).zip(residual(Batches)).map(|(cured, noisy)| cured / noisy))
        }));
        let number =
            |attack| residual(attack).map_or_else(|| "—".to_owned(), |r| format!("{r:.2}"));
        Summary {
            ours: format!(
                "mean residual: AdamW {}, no decay {}, 2λ {}, noise 1e-4 {}, mini-batches {} \
                 (averaged {}, decreasing {}, larger {})",
                number(AdamW),
                number(NoDecay),
                number(TwiceLambda),
                number(Noise),
                number(Batches),
                number(BatchesAveraged),
                number(BatchesDecreasing),
                number(BatchesLarger)
            ),
            differences: Vec::new(),
            notes: notes(runs),
            tables: vec![table(runs)],
            figures: vec![figure(runs)],
            checks,
        }
    }
}

/// The records of an attack that are not excluded.
fn used(runs: &[Done], attack: Attack) -> impl Iterator<Item = &Record> {
    let of = move |run: &&Done| run.cell.attack == attack && run.record.excluded.is_none();
    runs.iter().filter(of).map(|run| &run.record)
}

/// What was done and what the theory says.
fn words(attack: Attack) -> (&'static str, &'static str) {
    let found = ATTACKS.iter().find(|(other, ..)| *other == attack);
    found.map_or(("", ""), |(_, done, expected)| (done, expected))
}

fn notes(runs: &[Done]) -> Vec<String> {
    let mut notes = vec![format!(
        "wine, 13-16-16-3, smooth ReLU, ½‖f − y‖², λ = {LAMBDA}, no biases. Mini-batches start at the \
         minimum that L-BFGS found and take {STEPS} steps at rate {RATE} (decreasing: {RATE}/(1 + t/{})); \
         averages are taken over as many steps again, of FACT from the gradients that were followed. \
         What is left of their residual is the mean square of a step, of the order of the rate.",
        STEPS / 100
    )];
    let excluded: Vec<String> = runs
        .iter()
        .filter_map(|run| {
            let reason = run.record.excluded.as_ref()?;
            Some(format!(
                "- {}, seed {}: {reason}",
                words(run.cell.attack).0,
                run.cell.network.seed
            ))
        })
        .collect();
    if !excluded.is_empty() {
        notes.push(format!("Excluded:\n\n{}", excluded.join("\n")));
    }
    notes
}

fn table(runs: &[Done]) -> Table {
    let columns = [
        "what was done",
        "the theory says",
        "seeds used",
        "accuracy",
        "Pearson, layer 0",
        "Pearson, least",
        "residual, layer 0",
        "residual, largest",
        "gradient norm",
    ];
    let mut table = Table::new("falsify", "FACT against WᵀW after each.", &columns);
    for (attack, done, expected) in ATTACKS {
        let all = runs.iter().filter(|run| run.cell.attack == attack).count();
        let mean = |value: fn(&Record) -> Option<f64>, shown| {
            Entry::Mean(Estimate::of(used(runs, attack).map(value)), shown)
        };
        let first = |values: &[Option<f64>]| values.first().copied().flatten();
        let pearsons = used(runs, attack).flat_map(|record| record.pearson.clone());
        let residuals = used(runs, attack).flat_map(|record| record.residual.clone());
        let pearson = Estimate::of(used(runs, attack).map(|record| first(&record.pearson)));
        let residual = Estimate::of(used(runs, attack).map(|record| first(&record.residual)));
        table.rows.push(vec![
            Entry::text(done),
            Entry::text(expected),
            Entry::text(format!("{} of {all}", used(runs, attack).count())),
            mean(|record| record.accuracy, Shown::Decimals(3)),
            Entry::Mean(pearson, Shown::Decimals(4)),
            Entry::Number(least(pearsons), Shown::Decimals(4)),
            Entry::Mean(residual, Shown::Scientific),
            Entry::Number(largest(residuals), Shown::Scientific),
            mean(|record| record.gradient_norm, Shown::Scientific),
        ]);
    }
    table
}

/// Residual against Pearson: the two see different faults.
fn figure(runs: &[Done]) -> Figure {
    let series = ATTACKS.iter().enumerate().map(|(colour, &(attack, done, _))| {
        let pairs =
            used(runs, attack).flat_map(|record| record.residual.iter().zip(&record.pearson));
        Series {
            name: done.to_owned(),
            colour,
            style: if colour < 7 { Style::Dots } else { Style::Rings },
            points: pairs.filter_map(|(r, p)| Some(((*r)?, (*p)?))).collect(),
            band: Vec::new(),
        }
    });
    Figure {
        chart: Chart {
            name: "falsify".to_owned(),
            title: "What breaks FACT: every layer and seed".to_owned(),
            columns: 1,
            panel: (640, 420),
            panels: vec![Panel {
                x: Axis::log("relative residual ‖FACT − WᵀW‖/‖WᵀW‖"),
                y: Axis::linear("Pearson with WᵀW").at_least(0.0, 1.0),
                series: series.collect(),
                ..Panel::default()
            }],
            legend: Legend::Beside,
        },
        caption:
            "Pearson alone is blind to a wrong λ (residual ½ at Pearson 1), which is why every \
                  verdict takes the residual as well."
                .to_owned(),
    }
}
