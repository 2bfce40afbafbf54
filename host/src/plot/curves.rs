//! Training as two charts: what falls (objective, gradient, certificate) and what agrees (FACT and
//! NFA with `WᵀW`, layer by layer).

use super::chart::{Axis, Chart, Legend, Panel, Series, Style};
use crate::experiment::{Outcome, Point};

/// The curves of one training.
pub(super) fn training(outcome: &Outcome) -> Chart {
    let Outcome { dataset, run, setting, history, .. } = outcome;
    let with = run.as_ref().map_or_else(String::new, |r| format!(" with {}", r.training.optimizer));
    Chart {
        name: "training".to_owned(),
        title: format!("{dataset}: training{with}, λ = {}", setting.lambda),
        columns: 1,
        panel: (800, 358),
        panels: vec![falling(history), agreeing(history)],
        legend: Legend::Beside,
    }
}

fn curve(
    history: &[Point],
    name: impl Into<String>,
    colour: usize,
    style: Style,
    value: impl Fn(&Point) -> Option<f64>,
) -> Series {
    let points = history.iter().filter_map(|point| Some((x(point), value(point)?)));
    Series { name: name.into(), colour, style, points: points.collect(), band: Vec::new() }
}

fn x(point: &Point) -> f64 {
    f64::from(point.evaluations.max(1))
}

fn falling(history: &[Point]) -> Panel {
    let line = Style::Line;
    Panel {
        x: Axis::log("gradient evaluations"),
        y: Axis::log("falling to 0"),
        series: vec![
            curve(history, "objective", 0, line, |p| Some(p.objective)),
            curve(history, "gradient norm", 1, line, |p| p.gradient_norm),
            curve(history, "residual, certified", 2, line, |p| p.bound),
        ],
        ..Panel::default()
    }
}

fn agreeing(history: &[Point]) -> Panel {
    let layers = history.iter().map(|p| p.layers.len()).max().unwrap_or(0);
    let series = (0..layers).flat_map(|k| {
        [
            curve(history, format!("FACT, layer {k}"), k, Style::Line, |p| p.layers.get(k)?.fact),
            curve(history, format!("NFA, layer {k}"), k, Style::Dashed, |p| p.layers.get(k)?.nfa),
        ]
    });
    Panel {
        x: Axis::log("gradient evaluations"),
        y: Axis::linear("Pearson with WᵀW").at_least(0.0, 1.0),
        series: series.collect(),
        ..Panel::default()
    }
}
