//! The pictures of claim 1.

use super::agreement::{Done, Role, first, used};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::network::LayerRecord;
use crate::reproduce::{Estimate, Figure};

/// A value of a layer.
type Value = fn(&LayerRecord) -> Option<f64>;

/// FACT, NFA and eNFA, as they are coloured everywhere.
const RIVALS: [(&str, Value); 3] =
    [("FACT", |layer| layer.fact), ("NFA", |layer| layer.nfa), ("eNFA", |layer| layer.enfa)];

/// The pictures there are runs for.
pub(super) fn figures(runs: &[Done]) -> Vec<Figure> {
    let mut figures = vec![by_layer(runs), by_decay(runs)];
    figures.extend(by_images(runs));
    figures
}

/// A line through means, with a band of their standard errors.
fn series(name: &str, colour: usize, means: Vec<(f64, Option<Estimate>)>) -> Series {
    let there = || means.iter().filter_map(|(x, mean)| Some((*x, (*mean)?)));
    Series {
        name: name.to_owned(),
        colour,
        style: Style::Line,
        points: there().map(|(x, estimate)| (x, estimate.mean)).collect(),
        band: there()
            .map(|(x, estimate)| {
                let error = estimate.error.unwrap_or(0.0);
                (x, estimate.mean - error, estimate.mean + error)
            })
            .collect(),
    }
}

fn by_layer(runs: &[Done]) -> Figure {
    let panel = |title: &str, role, averaged: bool| {
        let used = used(runs, role);
        let depth = used.first().map_or(0, |run| run.record.network.layers.len());
        let shown = if averaged { &RIVALS[..1] } else { &RIVALS };
        let lines = shown.iter().zip(0..).map(|((name, value), colour)| {
            let means = (0..depth).map(|k| {
                let layers = used.iter().map(|run| {
                    let averages = run.record.averaged.as_ref();
                    let layers = &run.record.network.layers;
                    value(if averaged { averages?.get(k)? } else { layers.get(k)? })
                });
                (k as f64, Estimate::of(layers))
            });
            series(name, colour, means.collect())
        });
        Panel {
            title: title.to_owned(),
            x: Axis::linear("layer"),
            y: Axis::linear("Pearson with WᵀW").at_least(0.8, 1.0),
            series: lines.collect(),
            ..Panel::default()
        }
    };
    Figure {
        chart: Chart {
            name: "agreement-layers".to_owned(),
            title: "Five hidden layers, squared error: agreement at the end of training".to_owned(),
            columns: 3,
            panel: (330, 320),
            panels: vec![
                panel("smooth ReLU", Role::Main, false),
                panel("ReLU, last step", Role::Kinks, false),
                panel("ReLU, averaged", Role::Kinks, true),
            ],
            legend: Legend::Shared,
        },
        caption: "Pearson correlation with WᵀW by layer, mean over seeds with its standard error. \
                  A plain ReLU ends on kinks; averaged over further steps, FACT holds there too."
            .to_owned(),
    }
}

fn by_decay(runs: &[Done]) -> Figure {
    let squared = || runs.iter().filter(|r| matches!(r.cell.role, Role::Main | Role::Decay));
    let mut decays: Vec<f64> = squared().map(|run| run.cell.network.lambda).collect();
    decays.sort_by(f64::total_cmp);
    decays.dedup();
    let at = |lambda: f64, all: bool| -> Vec<&Done> {
        let has = |run: &&Done| all || run.record.network.excluded().is_none();
        squared().filter(|run| run.cell.network.lambda == lambda).filter(has).collect()
    };
    let means = |value: &dyn Fn(f64) -> Option<Estimate>| -> Vec<(f64, Option<Estimate>)> {
        decays.iter().map(|&lambda| (lambda, value(lambda))).collect()
    };
    let rivals = RIVALS.iter().zip(0..).map(|((name, value), colour)| {
        series(name, colour, means(&|lambda| first(&at(lambda, false), value)))
    });
    let accuracy =
        |lambda| Estimate::of(at(lambda, true).into_iter().map(|run| run.record.network.accuracy));
    let (least, most) = (decays.first().copied(), decays.last().copied());
    let (least, most) = (least.unwrap_or(1.0), most.unwrap_or(1.0));
    let panel = |title: &str, y: &str, series| Panel {
        title: title.to_owned(),
        x: Axis::log("decay λ").at_least(least, most),
        y: Axis::linear(y).at_least(0.0, 1.0),
        series,
        ..Panel::default()
    };
    Figure {
        chart: Chart {
            name: "agreement-decay".to_owned(),
            title: "Decay: agreement while there is something to agree on".to_owned(),
            columns: 2,
            panel: (420, 320),
            panels: vec![
                panel("first layer, not collapsed", "Pearson with WᵀW", rivals.collect()),
                panel(
                    "all runs",
                    "training accuracy",
                    vec![series("accuracy", 6, means(&accuracy))],
                ),
            ],
            legend: Legend::Shared,
        },
        caption:
            "The first layer's agreement and the training accuracy against the decay; networks \
                  that collapsed count in the accuracy only."
                .to_owned(),
    }
}

fn by_images(runs: &[Done]) -> Option<Figure> {
    let (kinks, smooth) = (used(runs, Role::MnistKinks), used(runs, Role::MnistSmooth));
    let line = |name: &str, colour, of: &[&Done], value: &dyn Fn(&Done) -> Option<f64>| {
        let mut sizes: Vec<usize> = of.iter().filter_map(|r| r.cell.network.source.rows).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let means = sizes.iter().map(|&n| {
            let here = of.iter().filter(|run| run.cell.network.source.rows == Some(n));
            (n as f64, Estimate::of(here.map(|run| value(run))))
        });
        series(name, colour, means.collect())
    };
    let layer = |run: &Done, value: Value| value(run.record.network.layers.first()?);
    let averaged = |run: &Done| run.record.averaged.as_ref()?.first()?.fact;
    let lines = vec![
        line("ReLU: FACT, last step", 0, &kinks, &|run| layer(run, |l| l.fact)),
        line("ReLU: FACT, averaged", 4, &kinks, &averaged),
        line("ReLU: NFA", 1, &kinks, &|run| layer(run, |l| l.nfa)),
        line("ReLU: eNFA", 2, &kinks, &|run| layer(run, |l| l.enfa)),
        line("smooth ReLU: FACT", 6, &smooth, &|run| layer(run, |l| l.fact)),
    ];
    if kinks.is_empty() {
        return None;
    }
    Some(Figure {
        chart: Chart {
            name: "agreement-mnist".to_owned(),
            title: "MNIST: the kinks of a plain ReLU fade as images are added".to_owned(),
            columns: 1,
            panel: (640, 400),
            panels: vec![Panel {
                x: Axis::log("images"),
                y: Axis::linear("Pearson with WᵀW, first layer").at_least(0.5, 1.0),
                series: lines,
                ..Panel::default()
            }],
            legend: Legend::Beside,
        },
        caption: "The first layer of a 784-16-16-16-16-16-10 network against the number of images."
            .to_owned(),
    })
}
