//! Curves as picture, CSV, Markdown and JSON.

use super::{Curve, Operation, Part, Point, Scaling, fit};
use crate::error::Result;
use crate::plot::{self, Axis, Chart, Legend, Panel, Picture, Series, Style};

impl Scaling {
    /// The curves that share axes, by the order of their first.
    pub(super) fn panels(&self) -> Vec<Vec<&Curve>> {
        let mut panels: Vec<Vec<&Curve>> = Vec::new();
        for curve in &self.curves {
            let same = |panel: &&mut Vec<&Curve>| {
                panel
                    .first()
                    .is_some_and(|first| (&first.axis, &first.at) == (&curve.axis, &curve.at))
            };
            match panels.iter_mut().find(same) {
                Some(panel) => panel.push(curve),
                None => panels.push(vec![curve]),
            }
        }
        panels
    }

    /// The picture, a panel an axis.
    fn chart(&self) -> Chart {
        let title = format!("Time of a call, f32, one thread, {}", self.machine.cpu);
        let panels = self.panels().into_iter().map(|curves| panel(&curves)).collect();
        Chart {
            name: "scaling".to_owned(),
            title,
            columns: 3,
            panel: (400, 330),
            panels,
            legend: Legend::Shared,
        }
    }

    /// The picture as PNG and SVG.
    ///
    /// # Errors
    /// [`Error::Plot`](crate::error::Error::Plot).
    pub fn pictures(&self) -> Result<[Picture; 2]> {
        plot::draw(&self.chart())
    }

    /// As comma-separated text, a point a line.
    pub fn to_csv(&self) -> String {
        let mut text = "operation,axis,at,x,seconds,spread_percent\n".to_owned();
        for Curve { axis, at, operation, points, .. } in &self.curves {
            for Point { x, seconds, spread } in points {
                text.push_str(&format!(
                    "\"{operation}\",{axis},\"{at}\",{x},{seconds:e},{spread:.1}\n"
                ));
            }
        }
        text
    }

    /// The exponents as a table of Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text =
            "| against | at | call | from | to | exponent |\n|---|---|---|---|---|---|\n"
                .to_owned();
        for Curve { axis, at, operation, points, exponent } in &self.curves {
            let end = |point: Option<&Point>| {
                point.map_or("—".to_owned(), |p| format!("{}: {}", p.x, duration(p.seconds)))
            };
            let (first, last) = (end(points.first()), end(points.last()));
            text.push_str(&format!(
                "| {axis} | {at} | {operation} | {first} | {last} | {exponent:.2} |\n"
            ));
        }
        text
    }

    /// As JSON, a curve a line.
    pub fn to_json(&self) -> String {
        // Plain numbers and strings under string keys: serialising them cannot fail.
        let text = |curve| serde_json::to_string(curve).unwrap_or_default();
        let curves: Vec<String> = self.curves.iter().map(text).collect();
        let machine = serde_json::to_string(&self.machine).unwrap_or_default();
        format!(
            "{{\"date\":\"{}\",\n\"machine\":{machine},\n\"curves\":[\n{}\n]}}\n",
            self.date,
            curves.join(",\n")
        )
    }
}

/// A time with the unit that suits it.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// The colour of an operation, the same in every panel.
fn colour(operation: &str) -> usize {
    let names = [
        Operation::Kernel(Part::Round),
        Operation::Kernel(Part::Solve),
        Operation::Kernel(Part::Fact),
        Operation::Exact,
        Operation::Gradient,
    ];
    names.iter().position(|o| o.name() == operation).unwrap_or(0)
}

fn panel(curves: &[&Curve]) -> Panel {
    // The whole is named in the title, its parts by colour.
    let main = curves.iter().find(|c| c.operation == Operation::Kernel(Part::Round).name());
    let Some(main) = main.or(curves.first()) else { return Panel::default() };
    let mut series = Vec::new();
    let times = || curves.iter().flat_map(|curve| curve.points.iter().map(|p| p.seconds * 1e3));
    let (least, most) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
    // Whole decades have a tick at either end.
    let decade = |round: fn(f64) -> f64, time: f64| 10.0_f64.powf(round(time.log10()));
    for curve in curves {
        let colour = colour(&curve.operation);
        let points = curve.points.iter().map(|p| (p.x as f64, p.seconds * 1e3)).collect();
        let (slope, intercept) = fit(&curve.points);
        let upper = curve.points[curve.points.len() / 2..].iter().map(|point| point.x as f64);
        let fitted = upper.map(|x| (x, (intercept + slope * x.ln()).exp() * 1e3)).collect();
        let named = |name: String, style, points| Series {
            name,
            colour,
            style,
            points,
            ..Series::default()
        };
        series.push(named(curve.operation.clone(), Style::Dots, points));
        series.push(named(String::new(), Style::Line, fitted));
    }
    Panel {
        title: format!("{} ∝ {}^{:.2}", main.operation, main.axis, main.exponent),
        x: Axis::log(&format!("{} ({})", main.axis, main.at)),
        y: Axis::log("milliseconds").at_least(decade(f64::floor, least), decade(f64::ceil, most)),
        series,
        ..Panel::default()
    }
}
