//! The pictures of claim 3.

use super::parity::{D, Done, LARGE, METHODS, Needed, Row, accuracy, needed, of, samples_of};
use crate::experiment::Matrix;
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::machine::Method;
use crate::reproduce::{Estimate, Figure};

/// The pictures there are runs for; `ks` are those with several numbers of samples.
pub(super) fn figures(runs: &[Done], ks: &[usize]) -> Vec<Figure> {
    let mut figures = vec![by_samples(runs, ks), by_round(runs)];
    if ks.len() > 1 {
        figures.push(counts(runs, ks));
    }
    figures.push(metrics(runs));
    figures
}

fn with_errors(name: &str, colour: usize, means: &[(f64, Estimate)]) -> Series {
    let band = means.iter().map(|(x, e)| {
        let error = e.error.unwrap_or(0.0);
        (*x, e.mean - error, e.mean + error)
    });
    Series {
        name: name.to_owned(),
        colour,
        style: Style::Line,
        points: means.iter().map(|(x, estimate)| (*x, estimate.mean)).collect(),
        band: band.collect(),
    }
}

fn by_samples(runs: &[Done], ks: &[usize]) -> Figure {
    let panel = |k: &usize| {
        let lines = METHODS.iter().map(|method| {
            let means: Vec<(f64, Estimate)> = samples_of(runs, *k)
                .into_iter()
                .filter_map(|n| Some((n as f64, accuracy(runs, *k, n, *method)?)))
                .collect();
            with_errors(method.name(), method.colour(), &means)
        });
        Panel {
            title: format!("k = {k}"),
            x: Axis::log("samples"),
            y: Axis::linear("test accuracy").at_least(0.45, 1.0),
            series: lines.collect(),
            ..Panel::default()
        }
    };
    Figure {
        chart: Chart {
            name: "parity-samples".to_owned(),
            title: "Parities of k of 50 bits: accuracy after the last round".to_owned(),
            columns: ks.len(),
            panel: (330, 320),
            panels: ks.iter().map(panel).collect(),
            legend: Legend::Shared,
        },
        caption: "Test accuracy against the number of samples, mean over draws with its standard \
                  error: from chance to certainty within a factor of two."
            .to_owned(),
    }
}

fn by_round(runs: &[Done]) -> Figure {
    let curve = |k, n, method: Method, value: fn(&Row) -> f64| {
        let rows: Vec<&[Row]> = of(runs, k, n, method).map(|run| &run.record.rounds[..]).collect();
        let longest = rows.iter().map(|rows| rows.len()).max().unwrap_or(0);
        // One that stopped stays where it is.
        let at = |round: usize| {
            Estimate::of(rows.iter().map(|rows| rows.get(round).or(rows.last()).map(value)))
        };
        let means: Vec<(f64, Estimate)> =
            (0..longest).filter_map(|round| Some((round as f64, at(round)?))).collect();
        with_errors(method.name(), method.colour(), &means)
    };
    let settings: Vec<(usize, usize)> = [(3, 800), (4, 4000), (4, LARGE)]
        .into_iter()
        .filter(|(k, n)| of(runs, *k, *n, Method::Fact).next().is_some())
        .collect();
    let row = |label: &'static str, value: fn(&Row) -> f64, low: f64| {
        settings.iter().map(move |&(k, n)| Panel {
            title: format!("k = {k}, n = {n}"),
            x: Axis::linear("round"),
            y: Axis::linear(label).at_least(low, 1.0),
            series: METHODS.iter().map(|method| curve(k, n, *method, value)).collect(),
            ..Panel::default()
        })
    };
    let panels = row("test accuracy", |row| row.test, 0.45).chain(row(
        "tr M on the support",
        |row| row.support,
        0.0,
    ));
    Figure {
        chart: Chart {
            name: "parity-rounds".to_owned(),
            title: "Parities of k of 50 bits, round by round".to_owned(),
            columns: settings.len(),
            panel: (340, 290),
            panels: panels.collect(),
            legend: Legend::Shared,
        },
        caption: "Accuracy on fresh samples, and the share of tr M on the k coordinates of the \
                  parity, by round: the two rise together."
            .to_owned(),
    }
}

/// The number of samples needed, where it was reached.
fn counts(runs: &[Done], ks: &[usize]) -> Figure {
    let lines = METHODS.iter().map(|method| {
        let points = ks.iter().filter_map(|k| match needed(runs, *k, *method) {
            Needed::Samples(n) => Some((*k as f64, n)),
            Needed::More(_) => None,
        });
        Series {
            name: method.name().to_owned(),
            colour: method.colour(),
            points: points.collect(),
            ..Series::default()
        }
    });
    let more = METHODS.iter().flat_map(|method| {
        ks.iter().filter_map(|k| match needed(runs, *k, *method) {
            Needed::More(n) => Some(Series {
                name: format!("{}: more than", method.name()),
                colour: method.colour(),
                style: Style::Rings,
                points: vec![(*k as f64, n as f64)],
                ..Series::default()
            }),
            Needed::Samples(_) => None,
        })
    });
    Figure {
        chart: Chart {
            name: "parity-needed".to_owned(),
            title: "Samples needed to learn a parity of k of 50 bits".to_owned(),
            columns: 1,
            panel: (560, 380),
            panels: vec![Panel {
                x: Axis::linear("k").at_least(2.0, 4.0),
                y: Axis::log("samples for 90 % on fresh ones").at_least(100.0, 10_000.0),
                series: lines.chain(more).collect(),
                ..Panel::default()
            }],
            legend: Legend::Beside,
        },
        caption:
            "Samples from which on the mean test accuracy is 90 %. A ring marks the most that \
                  were tried where they were not enough."
                .to_owned(),
    }
}

/// The metrics that were kept, FACT's above NFA's.
fn metrics(runs: &[Done]) -> Figure {
    let of_method = |method: Method| {
        runs.iter().filter(move |run| run.cell.method == method).filter_map(move |run| {
            let data = run.record.metric.clone()?;
            Some(Panel {
                title: format!("{}, k = {}, n = {}", method.name(), run.cell.k, run.cell.n),
                map: Some(Matrix { nrows: D, ncols: D, data }),
                ..Panel::default()
            })
        })
    };
    let fact: Vec<Panel> = of_method(Method::Fact).collect();
    let columns = fact.len();
    Figure {
        chart: Chart {
            name: "parity-metric".to_owned(),
            title: "The learned metric M after the last round".to_owned(),
            columns,
            panel: (320, 340),
            panels: fact.into_iter().chain(of_method(Method::NfaHalf)).collect(),
            legend: Legend::Shared,
        },
        caption:
            "M, 50×50, each on its own colour scale by square root (white is 0). FACT's weight \
                  is on the coordinates of the parity; NFA's is, once it has samples enough."
                .to_owned(),
    }
}
