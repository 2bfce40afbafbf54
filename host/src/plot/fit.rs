//! Pictures of a Recursive Feature Machine: how its rounds went, and the metric it kept.

use super::canvas::{Area, Drawn, FONT, Painter, fill, frame, text};
use super::colour;
use super::heatmap::{bar, cells};
use crate::experiment::{FitOutcome, Matrix, Round, Score};
use crate::report::importances;
use plotters::backend::DrawingBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::element::{Circle, PathElement};
use plotters::series::LineSeries;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

/// Width and height of the rounds in pixels.
pub(super) const SIZE: (u32, u32) = (1000, 760);
/// The same of the metric.
pub(super) const METRIC_SIZE: (u32, u32) = (1100, 620);
const LEGEND: i32 = 150;
const TITLE: i32 = 44;
const SIDE: i32 = 480;
const TOP: i32 = 64;
const LEFT: i32 = 24;
/// Features named beside the metric.
const NAMED: usize = 20;

/// Errors and accuracies by round.
pub(super) struct Rounds<'a> {
    pub(super) outcome: &'a FitOutcome,
}

struct Curve {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

impl Painter for Rounds<'_> {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let FitOutcome { dataset, rounds, best_round, .. } = self.outcome;
        let title = format!("{dataset}: rounds of the machine, round {best_round} kept");
        text(area, &title, (20, 12), 22, HPos::Left)?;
        let (_, below) = area.split_vertically(TITLE);
        let errors = curves(rounds, |score| score.mse.filter(|mse| *mse > 0.0));
        let accuracies = curves(rounds, |score| score.accuracy);
        let charts = below.split_evenly((if accuracies.is_empty() { 1 } else { 2 }, 1));
        if let Some(area) = charts.first() {
            falling(area, &errors)?;
        }
        if let Some(area) = charts.get(1) {
            rising(area, &accuracies)?;
        }
        Ok(())
    }
}

/// A set of samples: its name, and its score in a round.
type Scored = (&'static str, fn(&Round) -> Option<Score>);

/// The curves that have a point.
fn curves(rounds: &[Round], value: impl Fn(Score) -> Option<f64>) -> Vec<Curve> {
    let sets: [Scored; 3] = [
        ("train", |round| Some(round.train)),
        ("validation", |round| round.validation),
        ("test", |round| round.test),
    ];
    let curve = |(k, (name, score)): (usize, &Scored)| {
        let points = rounds
            .iter()
            .filter_map(|round| Some((f64::from(round.round), score(round).and_then(&value)?)));
        Curve { name, colour: colour::line(k), points: points.collect() }
    };
    sets.iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

/// Rounds from 0 to the last, at least one.
fn last(curves: &[Curve]) -> f64 {
    curves.iter().flat_map(|c| c.points.iter().map(|p| p.0)).fold(1.0, f64::max)
}

fn falling<B: DrawingBackend>(area: &Area<B>, curves: &[Curve]) -> Drawn<B> {
    let values = || curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
    let low = values().fold(f64::INFINITY, f64::min);
    if !low.is_finite() {
        return text(area, "no finite error", (40, 40), 16, HPos::Left);
    }
    // Whole decades, at least one.
    let low = 10.0_f64.powf(low.log10().floor()).max(1e-300);
    let high = 10.0_f64.powf(values().fold(low, f64::max).log10().ceil()).max(10.0 * low);
    let (plot, legend) = area.split_horizontally(area.dim_in_pixel().0 as i32 - LEGEND);
    let mut chart = ChartBuilder::on(&plot)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..last(curves), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("round")
        .y_desc("mean squared error")
        .x_label_formatter(&|v| format!("{v:.0}"))
        .y_label_formatter(&|v| format!("{v:.0e}"))
        .y_labels(8)
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 16))
        .draw()?;
    for curve in curves {
        let style = curve.colour.stroke_width(2);
        chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
        let dots = curve.points.iter().map(|&at| Circle::new(at, 3, curve.colour.filled()));
        chart.draw_series(dots)?;
    }
    key(&legend, curves)
}

fn rising<B: DrawingBackend>(area: &Area<B>, curves: &[Curve]) -> Drawn<B> {
    let (plot, legend) = area.split_horizontally(area.dim_in_pixel().0 as i32 - LEGEND);
    let mut chart = ChartBuilder::on(&plot)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..last(curves), 0.0..1.03)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("round")
        .y_desc("accuracy")
        .x_label_formatter(&|v| format!("{v:.0}"))
        .y_label_formatter(&|v| format!("{v:.1}"))
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 16))
        .draw()?;
    for curve in curves {
        let style = curve.colour.stroke_width(2);
        chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
        let dots = curve.points.iter().map(|&at| Circle::new(at, 3, curve.colour.filled()));
        chart.draw_series(dots)?;
    }
    key(&legend, curves)
}

fn key<B: DrawingBackend>(area: &Area<B>, curves: &[Curve]) -> Drawn<B> {
    for (curve, k) in curves.iter().zip(0..) {
        let y = 24 + 22 * k;
        let style = curve.colour.stroke_width(2);
        area.draw(&PathElement::new([(0, y), (28, y)], style))?;
        text(area, curve.name, (36, y - 9), 15, HPos::Left)?;
    }
    Ok(())
}

/// The metric as a heat map, beside the features it weighs most.
pub(super) struct Metric<'a> {
    outcome: &'a FitOutcome,
    matrix: Matrix,
    features: Vec<(&'a str, f64)>,
}

impl<'a> Metric<'a> {
    /// Prepares the figure.
    pub(super) fn new(outcome: &'a FitOutcome) -> Self {
        let model = &outcome.model;
        let matrix = Matrix { nrows: model.d(), ncols: model.d(), data: model.metric.clone() };
        let mut features: Vec<_> = importances(model).collect();
        features.sort_by(|a, b| b.1.total_cmp(&a.1));
        features.truncate(NAMED);
        Self { outcome, matrix, features }
    }
}

impl Painter for Metric<'_> {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let FitOutcome { dataset, best_round, trace, .. } = self.outcome;
        let d = self.matrix.nrows;
        let title = format!("{dataset}: metric M of round {best_round}, {d}×{d}");
        text(area, &title, (LEFT, 12), 22, HPos::Left)?;
        let limit = self.matrix.largest();
        let factor = if limit > 0.0 { 1.0 / limit } else { 1.0 };
        cells(area, &self.matrix, factor, (LEFT, TOP), SIDE)?;
        frame(area, (LEFT, TOP), (LEFT + SIDE, TOP + SIDE))?;
        bar(area, (LEFT + SIDE + 16, TOP), SIDE, limit)?;
        let caption = "Colour by square root: white is 0, the ends are ± the largest entry.";
        text(area, caption, (LEFT, TOP + SIDE + 14), 16, HPos::Left)?;
        let x = LEFT + SIDE + 120;
        text(area, "share of the trace", (x + 150, TOP - 24), 16, HPos::Left)?;
        let most = self.features.first().map_or(0.0, |(_, value)| *value);
        for ((name, value), k) in self.features.iter().zip(0..) {
            let y = TOP + 24 * k;
            let name: String = match name.chars().count() {
                0..=16 => (*name).to_owned(),
                _ => name.chars().take(15).chain(['…']).collect(),
            };
            text(area, &name, (x + 140, y), 15, HPos::Right)?;
            let length = if most > 0.0 { (220.0 * value.max(0.0) / most) as i32 } else { 0 };
            fill(area, (x + 150, y), (x + 150 + length, y + 16), colour::line(0))?;
            let share = if *trace > 0.0 { 100.0 * value / trace } else { 0.0 };
            let label = format!("{share:.2} %");
            text(area, &label, (x + 156 + length, y), 15, HPos::Left)?;
        }
        Ok(())
    }
}
