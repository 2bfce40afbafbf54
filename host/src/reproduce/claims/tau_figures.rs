//! The pictures of claim 5.

use super::tau::{Done, METHODS, Row};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::Figure;

/// The scatter plots, and the fits by round.
pub(super) fn figures(runs: &[Done]) -> Vec<Figure> {
    vec![scatter(runs), by_round(runs)]
}

fn scatter(runs: &[Done]) -> Figure {
    let panels = METHODS.iter().filter_map(|(method, _)| {
        let run = runs.iter().find(|run| run.cell.method == *method)?;
        let [slopes, tau] = &run.record.pairs;
        let dots: Vec<(f64, f64)> = slopes.iter().copied().zip(tau.iter().copied()).collect();
        let (both, squares) = dots.iter().fold((0.0, 0.0), |(b, s), (k, t)| (b + k * t, s + k * k));
        let slope = if squares > 0.0 { both / squares } else { 0.0 };
        let most = slopes.iter().copied().fold(0.0, f64::max);
        let least = slopes.iter().copied().fold(0.0, f64::min);
        let row = run.record.rounds.last()?;
        let r2 = row.line.map_or_else(|| "—".to_owned(), |r2| format!("{r2:.3}"));
        Some(Panel {
            title: format!("{}, round {}, R² = {r2}", method.name(), row.round),
            x: Axis::linear("k′"),
            y: Axis::linear("τ"),
            series: vec![
                Series {
                    colour: method.colour(),
                    style: Style::Rings,
                    points: dots,
                    ..Series::default()
                },
                Series {
                    colour: 6,
                    points: vec![(least, slope * least), (most, slope * most)],
                    ..Series::default()
                },
            ],
            ..Panel::default()
        })
    });
    Figure {
        chart: Chart {
            name: "tau".to_owned(),
            title: "(x + y) mod 61: AGOP's weights τ against FACT's weights k′".to_owned(),
            columns: 2,
            panel: (400, 350),
            panels: panels.collect(),
            legend: Legend::Shared,
        },
        caption: "Pairs of training samples drawn at random, seed 0, and the best line through 0. \
                  The R² is that of a line over all pairs."
            .to_owned(),
    }
}

fn by_round(runs: &[Done]) -> Figure {
    let lines = |name: &str, colour: usize, style: Style, value: fn(&Row) -> Option<f64>| {
        let of = runs.iter().map(|run| Series {
            name: format!("{name}, by {}", run.cell.method.name()),
            colour: colour + usize::from(run.cell.method != METHODS[0].0),
            style,
            points: run
                .record
                .rounds
                .iter()
                .filter_map(|row| Some((f64::from(row.round), value(row)?)))
                .collect(),
            ..Series::default()
        });
        of.collect::<Vec<_>>()
    };
    let series = [
        lines("R² of a line", 0, Style::Line, |row| row.line),
        lines("cos(AGOP, FACT·Mᵀ)", 2, Style::Line, |row| row.cosine),
        lines("test accuracy", 4, Style::Dashed, |row| Some(row.test)),
    ];
    Figure {
        chart: Chart {
            name: "tau-rounds".to_owned(),
            title: "The same round by round".to_owned(),
            columns: 1,
            panel: (560, 380),
            panels: vec![Panel {
                x: Axis::linear("round"),
                y: Axis::linear("R², cosine, accuracy").at_least(0.0, 1.0),
                series: series.into_iter().flatten().collect(),
                ..Panel::default()
            }],
            legend: Legend::Beside,
        },
        caption: "R² of τ against k′, cosine of AGOP and FACT·Mᵀ, and accuracy on the rest of the \
                  table (dashed), every seed."
            .to_owned(),
    }
}
