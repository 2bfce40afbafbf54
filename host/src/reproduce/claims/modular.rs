//! Claim 4: arithmetic modulo a prime is learned late and suddenly, by features with the symmetry of
//! the operation, in kernel machines as in a network.

use super::modular_figures::figures;
use super::modular_network::{NetworkCell, NetworkRecord, learn_by_network};
use crate::data::{Operation, Synthetic};
use crate::engine::machine::Real;
use crate::error::Result;
use crate::progress::Share;
use crate::reproduce::machine::{Coded, Fitted, Method, alone, kept, machine, rounds};
use crate::reproduce::modular::Order;
use crate::reproduce::{
    About, Band, Claim, Data, Entry, Estimate, Run, Settings, Shown, Summary, Table, largest, least,
};
use fact_core::kernel::{Centering, Kernel, Rescale, Ridge};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// The paper's modulus, and a small one.
pub(super) const P: usize = 61;
pub(super) const SMALL: usize = 31;
/// Share of the table that trains, for each.
const HALF: f64 = 0.5;
const MOST: f64 = 0.7;
/// Updates: the paper's number, and for the small modulus.
const ROUNDS: u32 = 75;
const ROUNDS_SMALL: u32 = 60;
/// Test accuracy at which a task is grokked.
pub(super) const GROKKED: f64 = 0.99;
/// Rounds that a quick run goes on after that.
const AFTER: u32 = 3;
const BANDWIDTH: f64 = 2.5;
/// What the claim is about.
pub(super) const METHODS: [Method; 3] = [Method::NfaHalf, Method::Fact, Method::Geomean];
pub(super) const OPERATIONS: [(Operation, &str); 4] = [
    (Operation::Add, "x + y"),
    (Operation::Sub, "x − y"),
    (Operation::Mul, "xy"),
    (Operation::Div, "x/y"),
];

const FIRST: [(Method, Band); 3] = [
    (Method::NfaHalf, Band::around("mod 61, x + y, NFA: mean first round ≥ 99 %", 18.0, 3.0)),
    (Method::Fact, Band::around("mod 61, x + y, FACT: mean first round ≥ 99 %", 24.0, 4.0)),
    (Method::Geomean, Band::around("mod 61, x + y, geo-mean: mean first round ≥ 99 %", 44.0, 8.0)),
];
const TRAIN: Band = Band::above("mod 61, x + y: least training accuracy of all rounds", 1.0);
const LATE: Band = Band::below("mod 61, x + y: largest test accuracy of round 5", 0.5);
const ORDERED: Band = Band::below("mod 61, x + y: largest circulant deviation at the end", 0.2);
const NETWORK: Band = Band::above("network: least test accuracy at the end", 0.99);
const NETWORK_LATE: Band =
    Band::below("network: largest test accuracy when all training samples are right", 0.5);
const NETWORK_FACT: Band = Band::above("network: least Pearson of FACT with WᵀW", 0.999);

/// A kernel machine, or a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// A kernel machine.
    Machine(MachineCell),
    /// A network.
    Network(NetworkCell),
}

/// A kernel machine on one split of the table of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineCell {
    pub(super) p: usize,
    /// The operation, as it is written.
    pub(super) operation: String,
    fraction: f64,
    /// Gaussian instead of quadratic.
    pub(super) gaussian: bool,
    /// AGOP or FACT less the mean.
    pub(super) centred: bool,
    pub(super) method: Method,
    rounds: u32,
    /// Ends soon after the task is grokked.
    stops: bool,
    pub(super) seed: u64,
    /// Whether its last metric is kept, for a picture.
    keep: bool,
}

/// What is found of either.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// Of a kernel machine.
    Machine(MachineRecord),
    /// Of a network.
    Network(NetworkRecord),
}

/// The rounds of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineRecord {
    /// The round at which the scale of the metric broke down, if it did.
    pub(super) broke: Option<u32>,
    pub(super) rounds: Vec<Row>,
    /// The last metric, operands in order: its size and its entries.
    pub(super) metric: Option<(usize, Vec<f64>)>,
}

/// A round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub train: f64,
    pub test: f64,
    /// Circulant (Hankel) deviation of the block between the operands.
    pub deviation: Option<f64>,
    /// Block-circulant share of the metric.
    pub share: Option<f64>,
}

impl MachineRecord {
    /// The first round with the task grokked.
    pub(super) fn first(&self) -> Option<usize> {
        self.rounds.iter().position(|row| row.test >= GROKKED)
    }
}

pub(super) type Done = Run<Cell, Record>;

/// The claim.
#[derive(Clone, Copy, Debug)]
pub struct Modular;

impl Claim for Modular {
    type Cell = Cell;
    type Record = Record;

    const ABOUT: About = About {
        name: "modular",
        number: 4,
        title: "arithmetic modulo a prime is learned late and suddenly",
        paper: "(x + y) mod 61, half the table, 75 rounds: FACT and NFA both reach 100 % on the rest, \
                late and suddenly; M block-circulant",
    };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        let stops = settings.pick(true, false);
        let main = MachineCell {
            p: P,
            operation: OPERATIONS[0].1.to_owned(),
            fraction: HALF,
            gaussian: false,
            centred: false,
            method: Method::Fact,
            rounds: ROUNDS,
            stops,
            seed: 0,
            keep: false,
        };
        let mut cells = Vec::new();
        let mut add = |cell: MachineCell, seeds: std::ops::Range<u64>| {
            cells.extend(seeds.map(|seed| {
                Cell::Machine(MachineCell { seed, keep: cell.keep && seed == 0, ..cell.clone() })
            }));
        };
        for method in METHODS {
            add(MachineCell { method, keep: true, ..main.clone() }, settings.seeds(1, 3));
        }
        // Other operations and kernels: the small modulus shows them as well, but for the paper's.
        let (p, fraction, rounds) = settings.pick((SMALL, MOST, ROUNDS_SMALL), (P, HALF, ROUNDS));
        let other = MachineCell { p, fraction, rounds, ..main.clone() };
        for (_, operation) in &OPERATIONS[1..] {
            for method in METHODS {
                let operation = (*operation).to_owned();
                let keep = method == Method::Fact;
                add(MachineCell { operation, method, keep, ..other.clone() }, settings.seeds(1, 1));
            }
        }
        add(MachineCell { method: Method::Inner, ..other.clone() }, settings.seeds(1, 1));
        let gaussian = MachineCell { gaussian: true, ..other.clone() };
        for (method, centred) in [
            (Method::Fact, false),
            (Method::Geomean, false),
            (Method::NfaHalf, false),
            (Method::NfaHalf, true),
        ] {
            add(MachineCell { method, centred, ..gaussian.clone() }, settings.seeds(1, 1));
        }
        let evaluations = settings.pick(4000, 8000);
        let network = |seed| Cell::Network(NetworkCell::new(evaluations, seed));
        cells.extend(settings.seeds(1, 3).map(network));
        Ok(cells)
    }

    fn label(&self, cell: &Cell) -> String {
        match cell {
            Cell::Machine(cell) => format!("{}, seed {}", name(cell), cell.seed),
            Cell::Network(cell) => format!("network, seed {}", cell.seed),
        }
    }

    fn cost(&self, cell: &Cell) -> f64 {
        match cell {
            Cell::Machine(cell) => {
                let n = cell.fraction * (cell.p * cell.p) as f64;
                let nfa = if cell.method == Method::NfaHalf { 3.0 } else { 1.0 };
                f64::from(cell.rounds) * n * n * (n + 500.0) * nfa
            }
            Cell::Network(cell) => cell.cost(),
        }
    }

    fn run(&self, cell: &Cell, _: &Data, share: &Share<'_>) -> Result<Record> {
        match cell {
            Cell::Machine(cell) => {
                Ok(Record::Machine(alone(|| learn::<f64>(cell, |done| share.done(done)))?))
            }
            Cell::Network(cell) => Ok(Record::Network(learn_by_network(cell, share)?)),
        }
    }

    fn summarise(&self, runs: &[Done]) -> Summary {
        let main = |method| main(runs, method);
        let firsts = |method| {
            Estimate::of(main(method).map(|record| record.first().map(|round| round as f64)))
        };
        // One seed that never gets there is not passed over.
        let all = |method| main(method).all(|record| record.first().is_some());
        let mut checks: Vec<_> = FIRST
            .iter()
            .map(|(method, band)| {
                band.check(firsts(*method).filter(|_| all(*method)).map(|first| first.mean))
            })
            .collect();
        let every = || METHODS.into_iter().flat_map(main);
        checks.push(TRAIN.check(least(
            every().flat_map(|record| record.rounds.iter().map(|row| Some(row.train))),
        )));
        checks.push(LATE.check(largest(every().map(|record| Some(record.rounds.get(5)?.test)))));
        checks.push(ORDERED.check(largest(every().map(|record| record.rounds.last()?.deviation))));
        let networks = || networks(runs).map(|(_, record)| record);
        checks
            .push(NETWORK.check(least(networks().map(|record| Some(record.moments.last()?.test)))));
        let fitted = |record: &NetworkRecord| Some(record.fitted()?.test);
        checks.push(NETWORK_LATE.check(largest(networks().map(fitted))));
        let pearsons = networks().flat_map(|record| record.layers.iter().map(|layer| layer.fact));
        checks.push(NETWORK_FACT.check(least(pearsons)));
        let first = |method| {
            firsts(method).map_or_else(|| "—".to_owned(), |first| first.text(Shown::Decimals(1)))
        };
        Summary {
            ours: format!(
                "first round with 99 % on the rest of the table: NFA {}, FACT {}, geo-mean {}; \
                 a network groks too",
                first(Method::NfaHalf),
                first(Method::Fact),
                first(Method::Geomean)
            ),
            differences: differences(runs),
            notes: notes(runs),
            tables: vec![table(runs), network_table(runs)],
            figures: figures(runs),
            checks,
        }
    }
}

fn learn<T: Real>(cell: &MachineCell, done: impl Fn(f64)) -> Result<MachineRecord> {
    let operation = OPERATIONS.iter().find(|(_, name)| *name == cell.operation);
    let operation = operation.map_or(Operation::Add, |(operation, _)| *operation);
    let split =
        Synthetic::Modular { p: cell.p, operation, fraction: cell.fraction }.draw(cell.seed);
    let train = Coded::<T>::one_hot(&split.train);
    let test = split.test.as_ref().map(Coded::<T>::one_hot);
    let order = Order::of(operation, cell.p);
    let kernel =
        if cell.gaussian { Kernel::Gaussian { bandwidth: BANDWIDTH } } else { Kernel::Quadratic };
    let centering = if cell.centred { Centering::Mean } else { Centering::None };
    let plan = machine(kernel, Ridge::Relative(1e-8), cell.method, Rescale::Trace, centering);
    let mut record = MachineRecord { broke: None, rounds: Vec::new(), metric: None };
    let mut since = 0;
    record.broke = rounds(&plan, &train, |fitted: &Fitted<'_, T>| {
        let metric: Vec<f64> = fitted.metric.iter().map(|m| m.to_f64()).collect();
        let test = test.as_ref().map_or(Ok(0.0), |test| test.judge(&fitted.machine))?;
        record.rounds.push(Row {
            train: train.accuracy(&fitted.outputs(&train)),
            test,
            deviation: order.deviation(&metric),
            share: order.share(&metric),
        });
        since = if test >= GROKKED { since + 1 } else { 0 };
        done(f64::from(fitted.round + 1) / f64::from(cell.rounds + 1));
        let over = fitted.round >= cell.rounds || cell.stops && since > AFTER;
        if over && cell.keep {
            let (size, entries) = order.arranged(&metric);
            record.metric = Some((size, kept(&entries)));
        }
        Ok(if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(record)
}

/// A machine in a few words.
pub(super) fn name(cell: &MachineCell) -> String {
    let kernel = if cell.gaussian { "Gaussian" } else { "quadratic" };
    let centred = if cell.centred { ", centred" } else { "" };
    format!("{} mod {}, {kernel}, {}{centred}", cell.operation, cell.p, cell.method.name())
}

/// Machines with what was found of them.
pub(super) fn machines(runs: &[Done]) -> impl Iterator<Item = (&MachineCell, &MachineRecord)> {
    runs.iter().filter_map(|run| match (&run.cell, &run.record) {
        (Cell::Machine(cell), Record::Machine(record)) => Some((cell, record)),
        _ => None,
    })
}

/// Networks with what was found of them.
pub(super) fn networks(runs: &[Done]) -> impl Iterator<Item = (&NetworkCell, &NetworkRecord)> {
    runs.iter().filter_map(|run| match (&run.cell, &run.record) {
        (Cell::Network(cell), Record::Network(record)) => Some((cell, record)),
        _ => None,
    })
}

/// The runs the bands are about: addition modulo 61, quadratic.
pub(super) fn main(runs: &[Done], method: Method) -> impl Iterator<Item = &MachineRecord> {
    let of = move |cell: &MachineCell| {
        cell.p == P && cell.operation == OPERATIONS[0].1 && !cell.gaussian && cell.method == method
    };
    machines(runs).filter(move |(cell, _)| of(cell)).map(|(_, record)| record)
}

fn differences(runs: &[Done]) -> Vec<String> {
    let stalled: Vec<String> = machines(runs)
        .filter(|(_, record)| record.first().is_none())
        .map(|(cell, record)| {
            let last = record.rounds.last().map_or(0.0, |row| 100.0 * row.test);
            format!("{}, seed {} ({last:.0} % at the end)", name(cell), cell.seed)
        })
        .collect();
    if stalled.is_empty() {
        return Vec::new();
    }
    vec![format!("not every setting groks within its rounds: {}.", stalled.join("; "))]
}

fn notes(runs: &[Done]) -> Vec<String> {
    let mut notes = vec![
        "Pairs one-hot (2p inputs), results one-hot; M rescaled to trace 2p, ridge 1e-8 of the mean of \
         K's diagonal, f64; the rest of the table tests. Modulo 61 half the table trains, modulo 31 \
         70 %. *Deviation* is that of the block between y and x from one that is constant along its \
         diagonals (x + y, xy: circulant; x − y, x/y: Hankel; xy and x/y in the order of discrete \
         logarithms, without 0); at round 0 the block is 0 and the deviation missing. *Share* is that \
         of ‖M‖² in the projection of all four blocks; at round 0 it is 1 of the identity. Of a \
         network's WᵀW the block is Hankel for x + y."
            .to_owned(),
        NetworkCell::new(0, 0).words(),
    ];
    if machines(runs).any(|(cell, _)| cell.stops) {
        notes.push(format!(
            "This scale ends a machine {AFTER} rounds after it has grokked the task."
        ));
    }
    let broke: Vec<String> = machines(runs)
        .filter_map(|(cell, record)| Some(format!("{} (round {})", name(cell), record.broke?)))
        .collect();
    if !broke.is_empty() {
        notes.push(format!("The scale of the metric broke down: {}.", broke.join("; ")));
    }
    notes
}

fn table(runs: &[Done]) -> Table {
    let columns = [
        "machine",
        "seeds",
        "first round ≥ 99 %",
        "test accuracy, end",
        "train accuracy, least",
        "deviation, end",
        "block-circulant share, end",
    ];
    let caption = "Kernel machines, means over seeds.";
    let mut table = Table::new("modular", caption, &columns);
    let mut names: Vec<String> = Vec::new();
    for (cell, _) in machines(runs) {
        if !names.contains(&name(cell)) {
            names.push(name(cell));
        }
    }
    for of in names {
        let records: Vec<&MachineRecord> =
            machines(runs).filter(|(cell, _)| name(cell) == of).map(|(_, record)| record).collect();
        let mean = |value: &dyn Fn(&MachineRecord) -> Option<f64>, digits| {
            let estimate = Estimate::of(records.iter().map(|record| value(record)));
            Entry::Mean(estimate, Shown::Decimals(digits))
        };
        let trains = records.iter().flat_map(|record| &record.rounds).map(|row| Some(row.train));
        table.rows.push(vec![
            Entry::text(of),
            Entry::text(records.len().to_string()),
            mean(&|record| record.first().map(|round| round as f64), 1),
            mean(&|record| Some(record.rounds.last()?.test), 4),
            Entry::Number(least(trains), Shown::Decimals(4)),
            mean(&|record| record.rounds.last()?.deviation, 3),
            mean(&|record| record.rounds.last()?.share, 3),
        ]);
    }
    table
}

fn network_table(runs: &[Done]) -> Table {
    let columns = [
        "seed",
        "gradients to 100 % in training",
        "test accuracy then",
        "gradients to 99 % on the rest",
        "test accuracy, end",
        "FACT, first layer",
        "residual",
        "NFA, first layer",
        "Hankel deviation of WᵀW",
    ];
    let mut table = Table::new("modular-network", "The network, by seed.", &columns);
    let count =
        |evaluations: Option<u32>| Entry::Number(evaluations.map(f64::from), Shown::Decimals(0));
    for (cell, record) in networks(runs) {
        let layer = record.layers.first().copied().unwrap_or_default();
        table.rows.push(vec![
            Entry::text(cell.seed.to_string()),
            count(record.fitted().map(|moment| moment.evaluations)),
            Entry::Number(record.fitted().map(|moment| moment.test), Shown::Decimals(3)),
            count(record.grokked().map(|moment| moment.evaluations)),
            Entry::Number(record.moments.last().map(|moment| moment.test), Shown::Decimals(3)),
            Entry::Number(layer.fact, Shown::Decimals(6)),
            Entry::Number(layer.residual, Shown::Scientific),
            Entry::Number(layer.nfa, Shown::Decimals(4)),
            Entry::Number(record.deviation, Shown::Decimals(3)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_table_is_fitted_throughout_and_learned_late() {
        let cell = MachineCell {
            p: 13,
            operation: "x + y".to_owned(),
            fraction: 0.8,
            gaussian: false,
            centred: false,
            method: Method::NfaHalf,
            rounds: 20,
            stops: true,
            seed: 0,
            keep: true,
        };
        let record = learn::<f64>(&cell, |_| {}).unwrap();
        assert!(record.rounds.iter().all(|row| row.train == 1.0));
        assert_eq!(record.rounds[0].deviation, None);
        let test = |round: usize| record.rounds.get(round).map_or(0.0, |row| row.test);
        assert!(test(0) < 0.3 && test(4) < 0.3 && test(15) > 0.6, "{:?}", record.rounds);
        let last = record.rounds.last().and_then(|row| row.deviation);
        assert!(last.is_some_and(|deviation| deviation < 0.1), "{:?}", record.rounds);
        assert_eq!(record.metric.map(|(size, entries)| (size, entries.len())), Some((26, 676)));
    }
}
