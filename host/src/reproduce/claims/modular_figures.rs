//! The pictures of claim 4.

use super::modular::{
    Done, METHODS, MachineCell, MachineRecord, OPERATIONS, Row, machines, main, networks,
};
use super::modular_network::Moment;
use crate::experiment::Matrix;
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::Figure;

/// The pictures there are runs for.
pub(super) fn figures(runs: &[Done]) -> Vec<Figure> {
    let mut figures = vec![by_round(runs), operations(runs), metrics(runs), by_gradients(runs)];
    figures.extend(matrices(runs));
    figures
}

type Value = fn(&Row) -> Option<f64>;

fn curve(record: &MachineRecord, value: Value) -> Vec<(f64, f64)> {
    let rows = record.rounds.iter().zip(0..);
    rows.filter_map(|(row, round)| Some((f64::from(round), value(row)?))).collect()
}

fn by_round(runs: &[Done]) -> Figure {
    let lines = |value: Value, style: Style, suffix: &str| -> Vec<Series> {
        let of = METHODS.iter().flat_map(|method| {
            main(runs, *method).map(|record| Series {
                name: format!("{}{suffix}", method.name()),
                colour: method.colour(),
                style,
                points: curve(record, value),
                ..Series::default()
            })
        });
        of.collect()
    };
    let panel = |label: &str, series| Panel {
        x: Axis::linear("round"),
        y: Axis::linear(label).at_least(0.0, 1.0),
        series,
        ..Panel::default()
    };
    let mut accuracies = lines(|row| Some(row.train), Style::Dashed, ", training");
    accuracies.extend(lines(|row| Some(row.test), Style::Line, ""));
    Figure {
        chart: Chart {
            name: "modular-rounds".to_owned(),
            title: "(x + y) mod 61, quadratic kernel: fitted at once, learned late".to_owned(),
            columns: 2,
            panel: (400, 330),
            panels: vec![
                panel("accuracy", accuracies),
                panel("circulant deviation", lines(|row| row.deviation, Style::Line, "")),
            ],
            legend: Legend::Shared,
        },
        caption: "Accuracy on the rest of the table (dashed: in training, 1 throughout), and how far \
                  the block of M between x and y is from a circulant matrix, every seed. The structure \
                  grows long before the accuracy."
            .to_owned(),
    }
}

fn operations(runs: &[Done]) -> Figure {
    let panel = |title: String, of: &dyn Fn(&MachineCell) -> bool| {
        let lines = machines(runs).filter(|(cell, _)| of(cell)).map(|(cell, record)| Series {
            name: format!("{}{}", cell.method.name(), if cell.centred { ", centred" } else { "" }),
            colour: if cell.centred { 5 } else { cell.method.colour() },
            points: curve(record, |row| Some(row.test)),
            ..Series::default()
        });
        Panel {
            title,
            x: Axis::linear("round"),
            y: Axis::linear("test accuracy").at_least(0.0, 1.0),
            series: lines.collect(),
            ..Panel::default()
        }
    };
    let mut panels: Vec<Panel> = OPERATIONS[1..]
        .iter()
        .map(|(_, name)| {
            panel(format!("{name}, quadratic"), &|cell| cell.operation == *name && !cell.gaussian)
        })
        .collect();
    panels.push(panel("x + y, Gaussian".to_owned(), &|cell| cell.gaussian));
    Figure {
        chart: Chart {
            name: "modular-operations".to_owned(),
            title: "Other operations and another kernel".to_owned(),
            columns: 2,
            panel: (380, 280),
            panels,
            legend: Legend::Shared,
        },
        caption: "Accuracy on the rest of the table by round.".to_owned(),
    }
}

fn metrics(runs: &[Done]) -> Figure {
    let panels = machines(runs).filter_map(|(cell, record)| {
        let (size, data) = record.metric.clone()?;
        Some(Panel {
            title: format!("{} mod {}, {}", cell.operation, cell.p, cell.method.name()),
            map: Some(Matrix { nrows: size, ncols: size, data }),
            ..Panel::default()
        })
    });
    Figure {
        chart: Chart {
            name: "modular-metric".to_owned(),
            title: "The learned metric M at the end, operands in order".to_owned(),
            columns: 3,
            panel: (340, 350),
            panels: panels.collect(),
            legend: Legend::Shared,
        },
        caption: "M of both operands (xy and x/y by discrete logarithms), each on its own colour \
                  scale by square root. Constant along the diagonals of every block."
            .to_owned(),
    }
}

fn by_gradients(runs: &[Done]) -> Figure {
    let lines = |name: &str, colour: usize, value: fn(&Moment) -> Option<f64>| -> Vec<Series> {
        let of = networks(runs).map(|(_, record)| Series {
            name: name.to_owned(),
            colour,
            points: record
                .moments
                .iter()
                .filter_map(|moment| Some((f64::from(moment.evaluations), value(moment)?)))
                .collect(),
            ..Series::default()
        });
        of.collect()
    };
    let panel = |label: &str, all: Vec<Vec<Series>>| Panel {
        x: Axis::log("gradients"),
        y: Axis::linear(label).at_least(0.0, 1.0),
        series: all.into_iter().flatten().collect(),
        ..Panel::default()
    };
    Figure {
        chart: Chart {
            name: "modular-network".to_owned(),
            title: "A quadratic network groks (x + y) mod 23".to_owned(),
            columns: 2,
            panel: (400, 330),
            panels: vec![
                panel(
                    "accuracy",
                    vec![
                        lines("training", 6, |moment| Some(moment.train)),
                        lines("rest of the table", 3, |moment| Some(moment.test)),
                    ],
                ),
                panel(
                    "first layer",
                    vec![
                        lines("FACT, Pearson with WᵀW", 0, |moment| moment.fact),
                        lines("NFA, Pearson with WᵀW", 1, |moment| moment.nfa),
                        lines("Hankel deviation of WᵀW", 5, |moment| moment.deviation),
                    ],
                ),
            ],
            legend: Legend::Shared,
        },
        caption:
            "Accuracies along full-batch training, and what the first layer agrees with, every \
                  seed. FACT agrees when the network has converged, long after it has grokked."
                .to_owned(),
    }
}

/// `WᵀW`, FACT and AGOP of a network's first layer.
fn matrices(runs: &[Done]) -> Option<Figure> {
    let (cell, record) = networks(runs).find(|(_, record)| record.matrices.is_some())?;
    let size = cell.inputs();
    let panels = record.matrices.iter().flatten().zip(["WᵀW", "FACT", "AGOP"]);
    Some(Figure {
        chart: Chart {
            name: "modular-layer".to_owned(),
            title: "The network's first layer".to_owned(),
            columns: 3,
            panel: (340, 350),
            panels: panels
                .map(|(data, title)| Panel {
                    title: title.to_owned(),
                    map: Some(Matrix { nrows: size, ncols: size, data: data.clone() }),
                    ..Panel::default()
                })
                .collect(),
            legend: Legend::Shared,
        },
        caption: "Blocks between x and y are Hankel, where those of the kernel machines are circulant: \
                  of the two symmetries of addition, the network has taken the other. Each on its own \
                  colour scale by square root."
            .to_owned(),
    })
}
