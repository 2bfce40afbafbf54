//! Claim 6: data on which NFA fails by as much as one likes, and FACT does not.

use super::quadratic::Case;
use crate::engine::{self, Measured, Problem};
use crate::error::Result;
use crate::plan::{Activation, Precision};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::progress::Share;
use crate::reproduce::network::{self, Network};
use crate::reproduce::{
    About, Band, Claim, Data, Entry, Figure, Run, Settings, Shown, Source, Summary, Table, largest,
    least,
};
use fact_core::features::agreement::agreement;
use serde::{Deserialize, Serialize};

/// The case of the published number.
const MILD: Case = Case { delta: 0.1, t: 30.0, k1: 1, k2: 9, lambda: 1e-3 };
/// Cases mild enough for `f32`.
const SINGLE: [Case; 2] = [
    Case { delta: 0.1, t: 6.0, k1: 1, k2: 63, lambda: 2e-3 },
    Case { delta: 0.1, t: 10.0, k1: 1, k2: 31, lambda: 5e-3 },
];
/// The bounds ε asked of NFA. Below, the rounding of the gradient, which FACT divides by λ, shows.
const EPSILONS: [f64; 8] = [0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03];
/// The least ε that is also trained, by scale. The loss is conditioned like T⁴: at the last of these
/// L-BFGS does not reach the minimum in its budget any more.
const TRAINED: (f64, f64) = (0.35, 0.12);
/// Hidden units of a trained network: as wide as the theorem asks.
const WIDTH: usize = 8;
/// A trained network whose objective is above the minimum by more than this share is in another one.
const AT_MINIMUM: f64 = 1e-6;

const PEARSON: Band = Band::around("NFA's Pearson in the mild case, closed form", -0.0158, 1e-3);
const COSINE: Band = Band::around("its cosine", 0.317, 1e-3);
const LOSS: Band =
    Band::around("loss of the mild case, closed form", 0.001_146_533_668_869_59, 1e-15);
const FACT: Band = Band::above("FACT's least Pearson, closed form and trained in f64", 0.9999);
const PREDICTED: Band = Band::below("NFA, measured against predicted, largest difference", 1e-6);
const BELOW: Band = Band::below("NFA's cosine over the ε asked, largest", 1.0);
const TRAINED_PEARSON: Band =
    Band::around("NFA's Pearson in the mild case, trained", -0.0158, 1e-3);
const TRAINED_COUNT: Band = Band::above("trained networks at the predicted minimum, share", 0.5);
const SINGLES: [Band; 2] = [
    Band::around("NFA's Pearson, T = 6, closed form", 0.081, 1e-3),
    Band::around("NFA's Pearson, T = 10, closed form", 0.052, 1e-3),
];
const SINGLE_FACT: Band = Band::above("FACT's least Pearson, trained in f32", 0.999);
/// Training in `f32` ends at a certificate of 1e-3.
const SINGLE_PREDICTED: Band =
    Band::below("NFA, trained in f32 against predicted, largest difference", 2e-3);

/// How weights are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// The closed form.
    Closed,
    /// Training in this format from this seed.
    Trained(Precision, u64),
}

/// Data and weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    case: Case,
    /// What the data were made to stay below.
    epsilon: Option<f64>,
    weights: Weights,
}

/// What was predicted and measured of the first layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    predicted_pearson: Option<f64>,
    predicted_cosine: Option<f64>,
    predicted_objective: f64,
    objective: Option<f64>,
    fact: Option<f64>,
    residual: Option<f64>,
    /// NFA with s = ½.
    nfa_pearson: Option<f64>,
    nfa_cosine: Option<f64>,
    /// NFA with s = 1.
    nfa_cosine_whole: Option<f64>,
    enfa_pearson: Option<f64>,
}

impl Record {
    /// Whether the weights are at the minimum that was predicted.
    fn at_minimum(&self) -> bool {
        let excess = self.objective.map(|o| o / self.predicted_objective - 1.0);
        excess.is_some_and(|excess| excess.abs() <= AT_MINIMUM)
    }
}

type Done = Run<Cell, Record>;

/// The claim.
#[derive(Clone, Copy, Debug)]
pub struct Counterexample;

impl Claim for Counterexample {
    type Cell = Cell;
    type Record = Record;

    const ABOUT: About = About {
        name: "counterexample",
        number: 6,
        title: "NFA's correlation can be made as small as one likes while FACT holds",
        paper: "for every ε there is a two-layer quadratic network with corr(AGOPˢ, WᵀW) < ε; FACT \
                exact",
    };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        let closed = |case, epsilon| Cell { case, epsilon, weights: Weights::Closed };
        let asked = EPSILONS.map(|epsilon| (Case::below(epsilon, 63, 2e-4), Some(epsilon)));
        let mut cells = vec![closed(MILD, None)];
        cells.extend(SINGLE.map(|case| closed(case, None)));
        cells.extend(asked.map(|(case, epsilon)| closed(case, epsilon)));
        for seed in settings.seeds(3, 10) {
            let trained = |case, epsilon, precision| Cell {
                case,
                epsilon,
                weights: Weights::Trained(precision, seed),
            };
            cells.push(trained(MILD, None, Precision::F64));
            cells.extend(SINGLE.map(|case| trained(case, None, Precision::F64)));
            cells.extend(SINGLE.map(|case| trained(case, None, Precision::F32)));
            let trainable = settings.pick(TRAINED.0, TRAINED.1);
            let asked = asked.iter().filter(|(_, epsilon)| epsilon.is_some_and(|e| e >= trainable));
            cells.extend(asked.map(|&(case, epsilon)| trained(case, epsilon, Precision::F64)));
        }
        Ok(cells)
    }

    fn label(&self, cell: &Cell) -> String {
        format!("{}, {}", name(cell), how(cell))
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if cell.weights == Weights::Closed { 1.0 } else { 100.0 }
    }

    fn run(&self, cell: &Cell, _: &Data, share: &Share<'_>) -> Result<Record> {
        let data = cell.case.data();
        let minimiser = cell.case.minimiser();
        let mut network =
            Network::new(Source::all(""), &[2], Activation::Quadratic, cell.case.lambda);
        let measured = match cell.weights {
            Weights::Closed => {
                let problem = Problem::<f64>::new(&data, &network.training());
                engine::measure(&problem, &minimiser.theta())?
            }
            Weights::Trained(precision, seed) => {
                network.hidden = vec![WIDTH];
                (network.precision, network.seed) = (precision, seed);
                network.tolerance = if precision == Precision::F32 { 1e-3 } else { 1e-6 };
                let trained = network::train(&network, &data, share, 1.0)?;
                network::measure(&trained.problem, &trained.theta)?
            }
        };
        let predicted = minimiser.nfa(0.5);
        Ok(record(&measured, predicted.pearson.ok(), predicted.cosine.ok(), minimiser.objective))
    }

    fn summarise(&self, runs: &[Done]) -> Summary {
        let closed = || runs.iter().filter(|run| run.cell.weights == Weights::Closed);
        let trained = |precision| {
            runs.iter().filter(
                move |run| matches!(run.cell.weights, Weights::Trained(p, _) if p == precision),
            )
        };
        let there = |precision| trained(precision).filter(|run| run.record.at_minimum());
        let of = |run: &Done, case: &Case| run.cell.case == *case;
        let mild = closed().find(|run| of(run, &MILD)).map(|run| &run.record);
        let difference = |run: &Done| {
            let cosine = (run.record.nfa_cosine? - run.record.predicted_cosine?).abs();
            Some(cosine.max((run.record.nfa_pearson? - run.record.predicted_pearson?).abs()))
        };
        let over = |run: &Done| Some(run.record.nfa_cosine? / run.cell.epsilon?);
        let asked = closed().filter(|run| run.cell.epsilon.is_some());
        let fact = closed().chain(there(Precision::F64)).map(|run| run.record.fact);
        let all = runs.iter().filter(|run| run.cell.weights != Weights::Closed).count();
        let arrived = there(Precision::F64).chain(there(Precision::F32)).count();
        let share = (all > 0).then(|| arrived as f64 / all as f64);
        // Of the trained numbers, the one furthest from the one asked for has to pass.
        let asked_of = 0.5 * (TRAINED_PEARSON.low + TRAINED_PEARSON.high);
        let off = |v: &Option<f64>| v.map_or(f64::INFINITY, |v| (v - asked_of).abs());
        let trained_mild = there(Precision::F64)
            .filter(|run| of(run, &MILD))
            .map(|run| run.record.nfa_pearson)
            .max_by(|a, b| off(a).total_cmp(&off(b)));
        let mut checks = vec![
            LOSS.check(mild.and_then(|record| record.objective)),
            PEARSON.check(mild.and_then(|record| record.nfa_pearson)),
            COSINE.check(mild.and_then(|record| record.nfa_cosine)),
            FACT.check(least(fact)),
            PREDICTED.check(largest(closed().map(difference))),
            BELOW.check(largest(asked.map(over))),
            TRAINED_COUNT.check(share),
            TRAINED_PEARSON.check(trained_mild.flatten()),
            SINGLE_FACT.check(least(there(Precision::F32).map(|run| run.record.fact))),
            SINGLE_PREDICTED.check(largest(there(Precision::F32).map(difference))),
        ];
        checks.extend(SINGLE.iter().zip(&SINGLES).map(|(case, band)| {
            let found = closed().find(|run| of(run, case));
            band.check(found.and_then(|run| run.record.nfa_pearson))
        }));
        let lowest = least(closed().map(|run| run.record.nfa_cosine));
        let number = |value: Option<f64>, decimals| {
            value.map_or_else(|| "—".to_owned(), |v| Shown::Decimals(decimals).text(v))
        };
        Summary {
            ours: format!(
                "NFA (s = ½) Pearson {}, cosine down to {}, FACT ≥ {}",
                number(mild.and_then(|record| record.nfa_pearson), 4),
                number(lowest, 4),
                number(checks[3].measured, 6)
            ),
            notes: notes(all, arrived),
            tables: vec![table(runs)],
            figures: vec![figure(runs)],
            checks,
            differences: Vec::new(),
        }
    }
}

fn record(
    measured: &Measured,
    pearson: Option<f64>,
    cosine: Option<f64>,
    objective: f64,
) -> Record {
    let layer = measured.layers.first();
    let fact = layer.map(|layer| layer.fact_agreement);
    let nfa = layer.map(|layer| layer.nfa_agreement);
    let whole = layer.and_then(|l| agreement(&l.agop.as_ref()?.data, &l.nfm.data).cosine.ok());
    Record {
        predicted_pearson: pearson,
        predicted_cosine: cosine,
        predicted_objective: objective,
        objective: measured.objective,
        fact: fact.and_then(|a| a.pearson.ok()),
        residual: fact.and_then(|a| a.residual.ok()),
        nfa_pearson: nfa.and_then(|a| a.pearson.ok()),
        nfa_cosine: nfa.and_then(|a| a.cosine.ok()),
        nfa_cosine_whole: whole,
        enfa_pearson: layer.and_then(|layer| layer.enfa_agreement.pearson.ok()),
    }
}

fn name(cell: &Cell) -> String {
    let Case { delta, t, k1, k2, lambda } = cell.case;
    match cell.epsilon {
        Some(epsilon) => format!("ε = {epsilon}"),
        None => format!("δ = {delta}, T = {t}, {k1}:{k2}, λ = {lambda}"),
    }
}

fn how(cell: &Cell) -> String {
    match cell.weights {
        Weights::Closed => "closed form".to_owned(),
        Weights::Trained(precision, seed) => format!("trained, {precision}, seed {seed}"),
    }
}

fn notes(trained: usize, arrived: usize) -> Vec<String> {
    vec![
        "The data are k₁ samples (e₁, +1) and k₂ samples (T·e₂, −δT²). The minimiser of the \
         two-layer quadratic network is known in closed form: WᵀW = 2^(1/3)|A|^(2/3) and \
         AGOP = 4AΣA for the learned form A, so that the cosine of NFA tends to \
         (r_w + r_a)/√((1 + r_w²)(1 + r_a²)), r_w = δ^(2/3), r_a = (k₁/(k₂δ²T²))^s, as λ → 0. A \
         row ε has r_w = r_a = ε/2 (k₁:k₂ = 1:63, λ = 2e-4). *Closed form* is that minimiser, \
         measured by the same code as any network; *trained* starts at random weights with eight \
         hidden units. The loss is conditioned like T⁴, so that \
         training stops short of the minimum where ε is small."
            .to_owned(),
        "In two dimensions Pearson's correlation tends to −1/3 and not to 0, because the zeros off \
         the diagonal count as entries; the cosine tends to 0. eNFA is not broken by these data."
            .to_owned(),
        format!(
            "{arrived} of {trained} trained networks reached the predicted minimum (objective within \
             1e-6 of it). The others are in the table, marked *no*, and count for no check but their \
             share: where training stops short, nothing is critical and FACT need not hold."
        ),
    ]
}

fn table(runs: &[Done]) -> Table {
    let columns = [
        "data",
        "weights",
        "loss",
        "loss, predicted",
        "FACT Pearson",
        "FACT residual",
        "NFA Pearson",
        "NFA Pearson, predicted",
        "NFA cosine",
        "NFA cosine, predicted",
        "NFA cosine, s = 1",
        "eNFA Pearson",
        "at the minimum",
    ];
    let mut table = Table::new("counterexample", "Predicted and measured, first layer.", &columns);
    let decimals = |value, digits| Entry::Number(value, Shown::Decimals(digits));
    for Run { cell, record, .. } in runs {
        table.rows.push(vec![
            Entry::text(name(cell)),
            Entry::text(how(cell)),
            decimals(record.objective, 9),
            decimals(Some(record.predicted_objective), 9),
            decimals(record.fact, 6),
            Entry::Number(record.residual, Shown::Scientific),
            decimals(record.nfa_pearson, 4),
            decimals(record.predicted_pearson, 4),
            decimals(record.nfa_cosine, 4),
            decimals(record.predicted_cosine, 4),
            decimals(record.nfa_cosine_whole, 4),
            decimals(record.enfa_pearson, 4),
            Entry::text(if record.at_minimum() { "yes" } else { "no" }),
        ]);
    }
    table
}

fn figure(runs: &[Done]) -> Figure {
    let points = |trained: bool, value: fn(&Record) -> Option<f64>| -> Vec<(f64, f64)> {
        let asked = runs.iter().filter(|run| {
            (run.cell.weights != Weights::Closed) == trained && run.record.at_minimum()
        });
        asked.filter_map(|run| Some((run.cell.epsilon?, value(&run.record)?))).collect()
    };
    let curve = |value: fn(&Case) -> Option<f64>| -> Vec<(f64, f64)> {
        let grid = (0..=90).map(|k| 0.6 * 10.0_f64.powf(-f64::from(k) / 30.0));
        grid.filter_map(|e| Some((e, value(&Case::below(e, 63, 1e-12))?))).collect()
    };
    let series = |name: &str, colour, style, points| Series {
        name: name.to_owned(),
        colour,
        style,
        points,
        band: Vec::new(),
    };
    let cosine = |case: &Case| case.minimiser().nfa(0.5).cosine.ok();
    let pearson = |case: &Case| case.minimiser().nfa(0.5).pearson.ok();
    let panel = Panel {
        x: Axis::log("ε, the bound asked of NFA's cosine"),
        y: Axis::linear("agreement with WᵀW").at_least(-0.4, 1.0),
        series: vec![
            series("NFA cosine, predicted", 1, Style::Line, curve(cosine)),
            series("NFA Pearson, predicted", 5, Style::Dashed, curve(pearson)),
            series("NFA cosine, closed form", 1, Style::Dots, points(false, |r| r.nfa_cosine)),
            series("NFA Pearson, closed form", 5, Style::Dots, points(false, |r| r.nfa_pearson)),
            series("NFA cosine, trained", 6, Style::Rings, points(true, |r| r.nfa_cosine)),
            series("FACT Pearson, closed form", 0, Style::Dots, points(false, |r| r.fact)),
            series("FACT Pearson, trained", 6, Style::Rings, points(true, |r| r.fact)),
        ],
        ..Panel::default()
    };
    Figure {
        chart: Chart {
            name: "counterexample".to_owned(),
            title: "Below any ε: NFA (s = ½) falls, FACT stays".to_owned(),
            columns: 1,
            panel: (760, 440),
            panels: vec![panel],
            legend: Legend::Beside,
        },
        caption: "NFA's agreement with WᵀW against the bound ε it was asked to stay below: lines \
                  are the closed form as λ → 0, dots are measured networks."
            .to_owned(),
    }
}
