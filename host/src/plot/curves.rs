//! Training as two charts: what falls (objective, gradient, certificate) and what agrees (FACT and
//! NFA with `WᵀW`, layer by layer).

use super::canvas::{Area, Drawn, FONT, Painter, text};
use super::colour;
use crate::experiment::{Outcome, Point};
use plotters::backend::DrawingBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::element::PathElement;
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor, ShapeStyle};

/// Width and height in pixels.
pub(super) const SIZE: (u32, u32) = (1000, 760);
const LEGEND: i32 = 190;
const TITLE: i32 = 44;

/// The curves of one training.
pub(super) struct Curves<'a> {
    pub(super) outcome: &'a Outcome,
}

struct Curve {
    name: String,
    colour: RGBColor,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

impl Painter for Curves<'_> {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let Outcome { dataset, run, setting, history, .. } = self.outcome;
        let with =
            run.as_ref().map_or_else(String::new, |r| format!(" with {}", r.training.optimizer));
        let title = format!("{dataset}: training{with}, λ = {}", setting.lambda);
        text(area, &title, (20, 12), 22, HPos::Left)?;
        let (_, below) = area.split_vertically(TITLE);
        let charts = below.split_evenly((2, 1));
        let [upper, lower] = charts.as_slice() else { return Ok(()) };
        falling(upper, history)?;
        agreeing(lower, history)
    }
}

fn curve(
    history: &[Point],
    name: impl Into<String>,
    colour: RGBColor,
    dashed: bool,
    value: impl Fn(&Point) -> Option<f64>,
) -> Curve {
    let points = history.iter().filter_map(|point| {
        let value = value(point).filter(|v| v.is_finite())?;
        Some((f64::from(point.evaluations.max(1)), value))
    });
    Curve { name: name.into(), colour, dashed, points: points.collect() }
}

fn last(history: &[Point]) -> f64 {
    history.last().map_or(10.0, |point| f64::from(point.evaluations.max(10)))
}

fn falling<B: DrawingBackend>(area: &Area<B>, history: &[Point]) -> Drawn<B> {
    let positive = |value: f64| Some(value).filter(|v| *v > 0.0);
    let curves = [
        curve(history, "objective", colour::line(0), false, |p| positive(p.objective)),
        curve(history, "gradient norm", colour::line(1), false, |p| {
            p.gradient_norm.and_then(positive)
        }),
        curve(history, "residual, certified", colour::line(2), false, |p| {
            p.bound.and_then(positive)
        }),
    ];
    let values = || curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
    let low = values().fold(f64::INFINITY, f64::min).max(1e-300);
    let high = values().fold(low, f64::max);
    if !low.is_finite() {
        return Ok(());
    }
    // Whole decades, at least one.
    let low = 10.0_f64.powf(low.log10().floor());
    let high = 10.0_f64.powf(high.log10().ceil()).max(10.0 * low);
    let (plot, legend) = area.split_horizontally(area.dim_in_pixel().0 as i32 - LEGEND);
    let mut chart = ChartBuilder::on(&plot)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d((1.0..last(history)).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("gradient evaluations")
        .y_desc("falling to 0")
        .x_label_formatter(&|v| format!("{v:.0}"))
        .y_label_formatter(&|v| format!("{v:.0e}"))
        .y_labels(8)
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 16))
        .draw()?;
    for curve in &curves {
        chart.draw_series(LineSeries::new(curve.points.iter().copied(), style(curve)))?;
    }
    draw_legend(&legend, &curves)
}

fn agreeing<B: DrawingBackend>(area: &Area<B>, history: &[Point]) -> Drawn<B> {
    let layers = history.iter().map(|p| p.layers.len()).max().unwrap_or(0);
    let mut curves = Vec::new();
    for k in 0..layers {
        let of = |dashed: bool, name: String| {
            curve(history, name, colour::line(k), dashed, |point| {
                let layer = point.layers.get(k)?;
                if dashed { layer.nfa } else { layer.fact }
            })
        };
        curves.push(of(false, format!("FACT, layer {k}")));
        curves.push(of(true, format!("NFA, layer {k}")));
    }
    let lowest = curves.iter().flat_map(|c| c.points.iter().map(|p| p.1)).fold(0.0, f64::min);
    let (plot, legend) = area.split_horizontally(area.dim_in_pixel().0 as i32 - LEGEND);
    let mut chart = ChartBuilder::on(&plot)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d((1.0..last(history)).log_scale(), (lowest * 1.05)..1.02)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("gradient evaluations")
        .y_desc("Pearson with WᵀW")
        .x_label_formatter(&|v| format!("{v:.0}"))
        // Adding 0 turns a rounded −0 into 0.
        .y_label_formatter(&|v| format!("{:.1}", (v * 10.0).round() / 10.0 + 0.0))
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 16))
        .draw()?;
    for curve in &curves {
        let points = curve.points.iter().copied();
        if curve.dashed {
            chart.draw_series(DashedLineSeries::new(points, 6, 4, style(curve)))?;
        } else {
            chart.draw_series(LineSeries::new(points, style(curve)))?;
        }
    }
    draw_legend(&legend, &curves)
}

fn style(curve: &Curve) -> ShapeStyle {
    curve.colour.stroke_width(2)
}

fn draw_legend<B: DrawingBackend>(area: &Area<B>, curves: &[Curve]) -> Drawn<B> {
    for (curve, k) in curves.iter().zip(0..) {
        let y = 24 + 22 * k;
        let parts: &[(i32, i32)] =
            if curve.dashed { &[(0, 8), (12, 20), (24, 28)] } else { &[(0, 28)] };
        for &(from, to) in parts {
            area.draw(&PathElement::new([(from, y), (to, y)], style(curve)))?;
        }
        text(area, &curve.name, (36, y - 9), 15, HPos::Left)?;
    }
    Ok(())
}
