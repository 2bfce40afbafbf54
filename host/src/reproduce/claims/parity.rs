//! Claim 3: sparse parities are learned suddenly, in samples and in rounds, and the metric finds their
//! coordinates; FACT needs fewer samples than NFA.

use super::parity_figures::figures;
use crate::data::{Synthetic, parity_support};
use crate::error::Result;
use crate::plan::Scale;
use crate::progress::Share;
use crate::reproduce::machine::{Coded, Fitted, Method, alone, kept, machine, rounds};
use crate::reproduce::{
    About, Band, Claim, Data, Entry, Estimate, Run, Settings, Shown, Summary, Table, largest, least,
};
use fact_core::kernel::{Centering, Kernel, Rescale, Ridge};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

pub(super) const D: usize = 50;
/// Updates at most; a machine that has learned the parity stops early.
const ROUNDS: u32 = 8;
/// Test accuracy of a parity that is learned for good.
const LEARNED: f64 = 0.999;
/// Test accuracy at which samples are counted as enough.
pub(super) const ENOUGH: f64 = 0.9;
const RIDGE: f64 = 1e-3;
/// All methods, the order of tables and pictures.
pub(super) const METHODS: [Method; 4] =
    [Method::Fact, Method::Geomean, Method::NfaHalf, Method::Nfa];
/// The paper's largest run.
pub(super) const LARGE: usize = 25_000;

const SAMPLES: [(usize, &[usize], &[usize]); 3] = [
    (2, &[50, 100, 200, 400], &[40, 60, 100, 150, 200, 300, 400]),
    (3, &[400, 800, 1500, 2500], &[200, 300, 400, 600, 800, 1100, 1500, 2000, 2600]),
    (4, &[4000], &[1000, 1500, 2000, 3000, 4000, 6000, 9000]),
];

const FACT_3: Band = Band::above("k = 3, n = 800: FACT's least test accuracy", 0.99);
const NFA_3: Band = Band::below("k = 3, n = 800: NFA's (s = ½) largest test accuracy", 0.7);
const FACT_4: Band = Band::above("k = 4, n = 4000: FACT's least test accuracy", 0.99);
const SHARE_4: Band = Band::above("k = 4, n = 4000: share of FACT's tr M on the support", 0.8);
const RATIO_3: Band = Band::above("k = 3: samples of NFA (s = ½) over those of FACT", 2.0);
const RATIO_4: Band = Band::above("k = 4: samples of NFA (s = ½) over those of FACT", 3.0);
const LARGE_FACT: Band = Band::above("k = 4, n = 25 000: FACT's test accuracy", 0.99);
const LARGE_NFA: Band = Band::above("k = 4, n = 25 000: NFA's (s = ½) test accuracy", 0.99);

/// A machine on one draw of samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub(super) k: usize,
    pub(super) n: usize,
    bandwidth: f64,
    pub(super) method: Method,
    rounds: u32,
    pub(super) seed: u64,
    /// Whether its last metric is kept, for a picture.
    keep: bool,
}

/// Its rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The round at which the scale of the metric broke down, if it did.
    broke: Option<u32>,
    pub(super) rounds: Vec<Row>,
    /// The last metric.
    pub(super) metric: Option<Vec<f64>>,
}

/// A round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Accuracy on fresh samples.
    pub test: f64,
    /// Share of the trace of the metric on the coordinates of the parity.
    pub support: f64,
}

pub(super) type Done = Run<Cell, Record>;

/// The claim.
#[derive(Clone, Copy, Debug)]
pub struct Parity;

impl Claim for Parity {
    type Cell = Cell;
    type Record = Record;

    const ABOUT: About = About {
        name: "parity",
        number: 3,
        title: "sparse parities are learned suddenly, by features on their coordinates",
        paper: "d = 50, k = 2, 3, 4, n = 25 000 for k = 4: a phase transition, M on the coordinates \
                of the parity, FACT's features ≈ NFA's (no numbers given)",
    };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        for (k, quick, paper) in SAMPLES {
            for &n in settings.pick(quick, paper) {
                // Large ones are dear, and vary little from draw to draw.
                let few = if n >= 6000 { 1 } else { 2 };
                let seeds =
                    settings.seeds(if n >= 4000 { 1 } else { 2 }, if n >= 3000 { few } else { 3 });
                for seed in seeds {
                    for method in METHODS {
                        let bandwidth = if k > 3 { 1.5 } else { 2.0 };
                        let keep = seed == 0 && [(3, 800), (4, 4000)].contains(&(k, n));
                        cells.push(Cell { k, n, bandwidth, method, rounds: ROUNDS, seed, keep });
                    }
                }
            }
        }
        if settings.scale == Scale::Paper {
            for (method, rounds) in [(Method::Fact, 3), (Method::NfaHalf, 6)] {
                let (k, n, bandwidth) = (4, LARGE, 2.0);
                cells.push(Cell { k, n, bandwidth, method, rounds, seed: 0, keep: true });
            }
        }
        Ok(cells)
    }

    fn label(&self, cell: &Cell) -> String {
        format!("k = {}, n = {}, {}, seed {}", cell.k, cell.n, cell.method.name(), cell.seed)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        let n = cell.n as f64;
        f64::from(cell.rounds + 1) * n * n * (n / 3.0 + 500.0)
    }

    fn run(&self, cell: &Cell, _: &Data, share: &Share<'_>) -> Result<Record> {
        alone(|| learn(cell, |done| share.done(done)))
    }

    fn summarise(&self, runs: &[Done]) -> Summary {
        let last =
            |k, n, method| of(runs, k, n, method).map(|run| Some(run.record.rounds.last()?.test));
        let shares = of(runs, 4, 4000, Method::Fact);
        let mut checks = vec![
            FACT_3.check(least(last(3, 800, Method::Fact))),
            NFA_3.check(largest(last(3, 800, Method::NfaHalf))),
            FACT_4.check(least(last(4, 4000, Method::Fact))),
            SHARE_4.check(least(shares.map(|run| Some(run.record.rounds.last()?.support)))),
            RATIO_3.check(ratio(runs, 3, Method::NfaHalf)),
        ];
        if samples_of(runs, 4).len() > 1 {
            checks.push(RATIO_4.check(ratio(runs, 4, Method::NfaHalf)));
        }
        if of(runs, 4, LARGE, Method::Fact).next().is_some() {
            checks.push(LARGE_FACT.check(least(last(4, LARGE, Method::Fact))));
            checks.push(LARGE_NFA.check(least(last(4, LARGE, Method::NfaHalf))));
        }
        let count = |k, method| match needed(runs, k, method) {
            Needed::Samples(n) => format!("{n:.0}"),
            Needed::More(n) => format!("over {n}"),
        };
        let ks: Vec<usize> =
            [2, 3, 4].into_iter().filter(|k| samples_of(runs, *k).len() > 1).collect();
        let list = |method| ks.iter().map(|k| count(*k, method)).collect::<Vec<_>>().join(", ");
        let names: Vec<String> = ks.iter().map(usize::to_string).collect();
        Summary {
            ours: format!(
                "samples for {:.0} % on fresh ones, k = {}: FACT {}; NFA s = ½ {}, s = 1 {}",
                100.0 * ENOUGH,
                names.join(", "),
                list(Method::Fact),
                list(Method::NfaHalf),
                list(Method::Nfa)
            ),
            differences: vec![
                "given few samples the features differ: FACT finds the coordinates with a fraction \
                 of the samples that NFA needs, which the paper does not say."
                    .to_owned(),
            ],
            notes: notes(),
            tables: vec![needed_table(runs, &ks), table(runs)],
            figures: figures(runs, &ks),
            checks,
        }
    }
}

fn learn(cell: &Cell, done: impl Fn(f64)) -> Result<Record> {
    let Cell { k, n, .. } = *cell;
    let split = Synthetic::Parity { d: D, k, n }.draw(cell.seed);
    let train = Coded::<f32>::signs(&split.train);
    let test = split.test.as_ref().map(Coded::<f32>::signs);
    let support = parity_support(D, k);
    let kernel = Kernel::Gaussian { bandwidth: cell.bandwidth };
    let ridge = Ridge::Absolute(RIDGE);
    let plan = machine(kernel, ridge, cell.method, Rescale::Trace, Centering::None);
    let mut record = Record { broke: None, rounds: Vec::new(), metric: None };
    record.broke = rounds(&plan, &train, |fitted: &Fitted<'_, f32>| {
        let test = test.as_ref().map_or(Ok(0.0), |test| test.judge(&fitted.machine))?;
        let at = |j: usize| fitted.metric.get(j * (D + 1)).map_or(0.0, |m| f64::from(*m));
        let trace: f64 = (0..D).map(at).sum();
        let on: f64 = support.iter().map(|j| at(*j)).sum();
        let before = record.rounds.last().is_some_and(|row| row.test >= LEARNED);
        record.rounds.push(Row { test, support: on / trace });
        if cell.keep {
            record.metric = Some(kept(fitted.metric));
        }
        done(f64::from(fitted.round + 1) / f64::from(cell.rounds + 1));
        let over = fitted.round >= cell.rounds || before && test >= LEARNED;
        Ok(if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(record)
}

/// The runs of a setting.
pub(super) fn of(runs: &[Done], k: usize, n: usize, method: Method) -> impl Iterator<Item = &Done> {
    runs.iter().filter(move |run| (run.cell.k, run.cell.n, run.cell.method) == (k, n, method))
}

/// Numbers of samples at which all methods were run.
pub(super) fn samples_of(runs: &[Done], k: usize) -> Vec<usize> {
    let of_k = runs.iter().filter(|run| run.cell.k == k && run.cell.n != LARGE);
    let mut samples: Vec<usize> = of_k.map(|run| run.cell.n).collect();
    samples.sort_unstable();
    samples.dedup();
    samples
}

/// Test accuracy after the last round.
pub(super) fn accuracy(runs: &[Done], k: usize, n: usize, method: Method) -> Option<Estimate> {
    Estimate::of(of(runs, k, n, method).map(|run| Some(run.record.rounds.last()?.test)))
}

/// How many samples are enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Needed {
    /// So many, interpolated over the logarithm of the samples.
    Samples(f64),
    /// More than the most that were tried.
    More(usize),
}

/// Samples from which on the mean accuracy is enough.
pub(super) fn needed(runs: &[Done], k: usize, method: Method) -> Needed {
    let curve: Vec<(usize, f64)> = samples_of(runs, k)
        .into_iter()
        .filter_map(|n| Some((n, accuracy(runs, k, n, method)?.mean)))
        .collect();
    enough(&curve)
}

fn enough(curve: &[(usize, f64)]) -> Needed {
    let short = curve.iter().rposition(|(_, accuracy)| *accuracy < ENOUGH);
    let Some(short) = short else {
        return curve.first().map_or(Needed::More(0), |(n, _)| Needed::Samples(*n as f64));
    };
    let (below, low) = curve[short];
    match curve.get(short + 1) {
        None => Needed::More(below),
        Some(&(above, high)) => {
            let way = (ENOUGH - low) / (high - low);
            let (below, above) = ((below as f64).ln(), (above as f64).ln());
            Needed::Samples((below + way * (above - below)).exp())
        }
    }
}

/// Samples of a rival over those of FACT, at least.
fn ratio(runs: &[Done], k: usize, rival: Method) -> Option<f64> {
    let Needed::Samples(fact) = needed(runs, k, Method::Fact) else { return None };
    Some(match needed(runs, k, rival) {
        Needed::Samples(n) => n / fact,
        Needed::More(n) => n as f64 / fact,
    })
}

fn notes() -> Vec<String> {
    vec![
        "x uniform in {0, 1}⁵⁰, y = ±1 the parity of the first k of coordinates 7, 15, 25, 29; \
         Gaussian kernel of bandwidth 2 (k = 4: 1.5; n = 25 000: 2), ridge 1e-3, M rescaled to trace \
         50, f32; 1000 fresh samples judge. A machine stops after 8 updates (n = 25 000: FACT 3, NFA \
         6) or when it is right twice on 99.9 % of them. Samples needed are those from which on the \
         mean accuracy after the last round is 90 %, interpolated between the numbers tried."
            .to_owned(),
    ]
}

fn needed_table(runs: &[Done], ks: &[usize]) -> Table {
    let mut columns = vec!["method".to_owned()];
    columns.extend(ks.iter().map(|k| format!("samples needed, k = {k}")));
    columns.extend(ks.iter().map(|k| format!("over FACT's, k = {k}")));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let caption = "Samples needed for 90 % on fresh ones.";
    let mut table = Table::new("parity-needed", caption, &columns);
    for method in METHODS {
        let mut row = vec![Entry::text(method.name())];
        row.extend(ks.iter().map(|k| match needed(runs, *k, method) {
            Needed::Samples(n) => Entry::Number(Some(n), Shown::Decimals(0)),
            Needed::More(n) => Entry::text(format!("more than {n}")),
        }));
        row.extend(ks.iter().map(|k| match needed(runs, *k, method) {
            Needed::Samples(_) => Entry::Number(ratio(runs, *k, method), Shown::Decimals(1)),
            Needed::More(_) => {
                let least = ratio(runs, *k, method);
                Entry::text(least.map_or_else(|| "—".to_owned(), |r| format!("more than {r:.1}")))
            }
        }));
        table.rows.push(row);
    }
    table
}

fn table(runs: &[Done]) -> Table {
    let columns = ["k", "n", "method", "seeds", "test accuracy", "tr M on the support", "rounds"];
    let caption = "After the last round, means over seeds.";
    let mut table = Table::new("parity", caption, &columns);
    let mut settings: Vec<(usize, usize)> =
        runs.iter().map(|run| (run.cell.k, run.cell.n)).collect();
    settings.sort_unstable();
    settings.dedup();
    for (k, n) in settings {
        for method in METHODS {
            let all: Vec<&Done> = of(runs, k, n, method).collect();
            if all.is_empty() {
                continue;
            }
            let mean = |value: &dyn Fn(&Done) -> Option<f64>, digits| {
                Entry::Mean(Estimate::of(all.iter().map(|run| value(run))), Shown::Decimals(digits))
            };
            table.rows.push(vec![
                Entry::text(k.to_string()),
                Entry::text(n.to_string()),
                Entry::text(method.name()),
                Entry::text(all.len().to_string()),
                mean(&|run| Some(run.record.rounds.last()?.test), 3),
                mean(&|run| Some(run.record.rounds.last()?.support), 3),
                mean(&|run| Some(run.record.rounds.len() as f64 - 1.0), 1),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_enough_from_where_the_curve_stays_above() {
        assert_eq!(enough(&[(100, 0.95), (200, 0.99)]), Needed::Samples(100.0));
        assert_eq!(enough(&[(100, 0.95), (200, 0.5)]), Needed::More(200));
        let Needed::Samples(n) = enough(&[(100, 0.8), (400, 1.0)]) else { panic!("enough") };
        assert!((n - 200.0).abs() < 1e-9, "{n}");
        assert_eq!(enough(&[]), Needed::More(0));
    }

    #[test]
    fn a_parity_of_one_coordinate_is_learned_at_once() {
        let cell = Cell {
            k: 1,
            n: 200,
            bandwidth: 2.0,
            method: Method::Fact,
            rounds: 4,
            seed: 0,
            keep: true,
        };
        let record = learn(&cell, |_| {}).unwrap();
        let last = record.rounds.last().unwrap();
        assert!(last.test > 0.99 && last.support > 0.2, "{last:?}");
        assert!(record.rounds[0].support < 0.03 && record.broke.is_none());
        assert_eq!(record.metric.map(|metric| metric.len()), Some(D * D));
    }
}
