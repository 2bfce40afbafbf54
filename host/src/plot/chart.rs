//! Charts as data: panels of lines, bands and dots over linear or logarithmic axes.

use super::canvas::{Area, Drawn, FONT, Painter, frame, text};
use super::colour;
use super::heatmap::{bar, cells};
use crate::experiment::Matrix;
use plotters::backend::DrawingBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::IntoLogRange;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::element::{Circle, PathElement, Polygon};
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor, ShapeStyle};

/// Width of a legend but for its names, and of a character of a name.
const LEGEND: (i32, i32) = (60, 8);
const TITLE: i32 = 44;
/// Height of a panel's own title.
const CAPTION: i32 = 22;
/// What is left free at the left of a matrix, and at its right for its scale.
const MAP_MARGIN: i32 = 14;
const MAP_SCALE: i32 = 84;
const GREY: RGBColor = RGBColor(140, 140, 140);

/// One picture: a title over panels, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Name of the file, without extension.
    pub name: String,
    /// What is shown, over all panels.
    pub title: String,
    /// Panels beside one another.
    pub columns: usize,
    /// Width and height of a panel in pixels.
    pub panel: (u32, u32),
    /// The panels.
    pub panels: Vec<Panel>,
    /// Where names of series stand.
    pub legend: Legend,
}

/// Where names of series stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Legend {
    /// Beside each panel, its own.
    #[default]
    Beside,
    /// Once, at the right: a name means the same in every panel.
    Shared,
}

/// Axes and what is drawn between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What is shown; empty for nothing.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the last on top.
    pub series: Vec<Series>,
    /// Vertical lines, each with its name.
    pub marks: Vec<(f64, String)>,
    /// A matrix, drawn in colours in place of axes and series.
    pub map: Option<Matrix>,
}

/// One axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What it measures.
    pub label: String,
    /// Logarithmic; what is not above 0 is left out.
    pub log: bool,
    /// The axis shows at least this range, and all data.
    pub least: Option<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A line through the points.
    #[default]
    Line,
    /// A dashed line through the points.
    Dashed,
    /// A dot at every point.
    Dots,
    /// A ring at every point.
    Rings,
}

/// Points that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name in the legend; empty for none.
    pub name: String,
    /// Which colour, counted from 0.
    pub colour: usize,
    /// Line or dots.
    pub style: Style,
    /// The points; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// A shaded band of `(x, low, high)`, such as a standard error.
    pub band: Vec<(f64, f64, f64)>,
}

impl Chart {
    /// Width and height in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        let columns = self.columns.max(1);
        let rows = self.panels.len().div_ceil(columns);
        let legends = if self.legend == Legend::Shared { 1 } else { columns };
        let width = columns as u32 * self.panel.0 + legends as u32 * self.legend_width() as u32;
        (width, rows as u32 * self.panel.1 + TITLE as u32)
    }

    /// As wide as the longest name asks.
    fn legend_width(&self) -> i32 {
        let names = self.panels.iter().flat_map(|panel| &panel.series).map(|series| &series.name);
        LEGEND.0 + LEGEND.1 * names.map(|name| name.chars().count()).max().unwrap_or(0) as i32
    }
}

impl Painter for Chart {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        text(area, &self.title, (20, 12), 22, HPos::Left)?;
        let (_, below) = area.split_vertically(TITLE);
        let columns = self.columns.max(1);
        let shared = self.legend == Legend::Shared;
        let (grid, legend) = match shared {
            true => below.split_horizontally(below.dim_in_pixel().0 as i32 - self.legend_width()),
            false => (below.clone(), below),
        };
        let cells = grid.split_evenly((self.panels.len().div_ceil(columns), columns));
        for (panel, cell) in self.panels.iter().zip(&cells) {
            if shared {
                panel.paint(cell)?;
            } else {
                let width = cell.dim_in_pixel().0 as i32;
                let (plot, legend) = cell.split_horizontally(width - self.legend_width());
                panel.paint(&plot)?;
                draw_legend(&legend, panel.series.iter())?;
            }
        }
        match shared {
            true => draw_legend(&legend, self.panels.iter().flat_map(|panel| &panel.series)),
            false => Ok(()),
        }
    }
}

impl Panel {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        if let Some(matrix) = &self.map {
            return self.colour(area, matrix);
        }
        let shown = |series: &Series| -> Vec<(f64, f64)> {
            let band = series.band.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]);
            series.points.iter().copied().chain(band).filter(|&p| self.has(p)).collect()
        };
        let points: Vec<(f64, f64)> = self.series.iter().flat_map(shown).collect();
        let marks = self.marks.iter().map(|mark| mark.0).filter(|x| self.x.has(*x));
        let x = self.x.range(points.iter().map(|p| p.0).chain(marks));
        let y = self.y.range(points.iter().map(|p| p.1));
        let (Some((left, right)), Some((low, high))) = (x, y) else { return Ok(()) };
        let mut builder = ChartBuilder::on(area);
        builder.margin(12).margin_top(if self.title.is_empty() { 12 } else { CAPTION + 12 });
        builder.x_label_area_size(44).y_label_area_size(70);
        match (self.x.log, self.y.log) {
            (false, false) => {
                self.fill(builder.build_cartesian_2d(left..right, low..high)?)?;
            }
            (true, false) => {
                self.fill(builder.build_cartesian_2d((left..right).log_scale(), low..high)?)?;
            }
            (false, true) => {
                self.fill(builder.build_cartesian_2d(left..right, (low..high).log_scale())?)?;
            }
            (true, true) => {
                let (x, y) = ((left..right).log_scale(), (low..high).log_scale());
                self.fill(builder.build_cartesian_2d(x, y)?)?;
            }
        }
        text(area, &self.title, (82, 10), 17, HPos::Left)
    }

    /// The matrix in a square beside its scale.
    fn colour<B: DrawingBackend>(&self, area: &Area<B>, matrix: &Matrix) -> Drawn<B> {
        let (width, height) = area.dim_in_pixel();
        let corner = (MAP_MARGIN, CAPTION + 12);
        let side =
            (width as i32 - MAP_MARGIN - MAP_SCALE).min(height as i32 - corner.1 - 12).max(1);
        let limit = matrix.largest();
        text(area, &self.title, (corner.0, 8), 16, HPos::Left)?;
        if limit > 0.0 {
            cells(area, matrix, 1.0 / limit, corner, side)?;
            bar(area, (corner.0 + side + 10, corner.1), side, limit)?;
        }
        frame(area, corner, (corner.0 + side, corner.1 + side))
    }

    fn has(&self, (x, y): (f64, f64)) -> bool {
        self.x.has(x) && self.y.has(y)
    }

    fn fill<B, X, Y>(&self, mut chart: ChartContext<'_, B, Cartesian2d<X, Y>>) -> Drawn<B>
    where
        B: DrawingBackend,
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_label_formatter(&|v| self.x.tick(*v))
            .y_label_formatter(&|v| self.y.tick(*v))
            .x_labels(8)
            .y_labels(8)
            .label_style((FONT, 15))
            .axis_desc_style((FONT, 16))
            .draw()?;
        let (low, high) = (chart.y_range().start, chart.y_range().end);
        for (at, _) in self.marks.iter().filter(|mark| self.x.has(mark.0)) {
            let line = [(*at, low), (*at, high)];
            chart.draw_series(DashedLineSeries::new(line, 3, 3, GREY.stroke_width(1)))?;
        }
        for series in &self.series {
            let band = series.band.iter().filter(|b| self.has((b.0, b.1)) && self.has((b.0, b.2)));
            let edge: Vec<_> = band.clone().map(|b| (b.0, b.1)).collect();
            let back = band.rev().map(|b| (b.0, b.2));
            if edge.len() > 1 {
                let outline: Vec<_> = edge.into_iter().chain(back).collect();
                let shade = colour::line(series.colour).mix(0.2);
                chart.draw_series([Polygon::new(outline, shade.filled())])?;
            }
            let points = series.points.iter().copied().filter(|&p| self.has(p));
            match series.style {
                Style::Line => {
                    chart.draw_series(LineSeries::new(points, stroke(series)))?;
                }
                Style::Dashed => {
                    chart.draw_series(DashedLineSeries::new(points, 6, 4, stroke(series)))?;
                }
                Style::Dots | Style::Rings => {
                    chart.draw_series(points.map(|p| Circle::new(p, 4, dot(series))))?;
                }
            }
        }
        // Last, and on the plain area, so that no line crosses a name.
        let named = self.marks.iter().filter(|mark| self.x.has(mark.0));
        let places: Vec<_> =
            named.map(|(at, name)| (chart.backend_coord(&(*at, low)), name)).collect();
        let area = chart.plotting_area().strip_coord_spec();
        let corner = area.get_base_pixel();
        for ((x, y), name) in places {
            text(&area, name, (x - corner.0 + 4, y - corner.1 - 18), 13, HPos::Left)?;
        }
        Ok(())
    }
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), log: false, least: None }
    }

    /// A logarithmic axis.
    pub fn log(label: &str) -> Self {
        Self { log: true, ..Self::linear(label) }
    }

    /// The same axis, showing at least this range.
    pub fn at_least(self, low: f64, high: f64) -> Self {
        Self { least: Some((low, high)), ..self }
    }

    fn has(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }

    /// The range shown, a little wider than what has to be; `None` of nothing at all.
    fn range(&self, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
        let ends = self.least.into_iter().flat_map(|(low, high)| [low, high]);
        let all: Vec<f64> = values.chain(ends).filter(|v| self.has(*v)).collect();
        let low = all.iter().copied().reduce(f64::min)?;
        let high = all.iter().copied().reduce(f64::max)?;
        if self.log {
            let wider = 1.1_f64;
            return Some((low / wider, high.max(low * wider) * wider));
        }
        let margin = if high > low { 0.03 * (high - low) } else { 0.5 * low.abs().max(1.0) };
        Some((low - margin, high + margin))
    }

    fn tick(&self, value: f64) -> String {
        let size = value.abs();
        if self.log && !(0.01..1e5).contains(&size) || size >= 1e6 {
            return format!("{value:.0e}");
        }
        let digits = format!("{value:.4}");
        let short = digits.trim_end_matches('0').trim_end_matches('.');
        if short == "-0" { "0".to_owned() } else { short.to_owned() }
    }
}

fn stroke(series: &Series) -> ShapeStyle {
    colour::line(series.colour).stroke_width(2)
}

fn dot(series: &Series) -> ShapeStyle {
    match series.style {
        Style::Rings => stroke(series),
        _ => colour::line(series.colour).filled(),
    }
}

/// Each name once, in the order of its first series.
fn draw_legend<'a, B: DrawingBackend>(
    area: &Area<B>,
    series: impl Iterator<Item = &'a Series>,
) -> Drawn<B> {
    let mut listed: Vec<&str> = Vec::new();
    for series in series {
        if series.name.is_empty() || listed.contains(&series.name.as_str()) {
            continue;
        }
        let y = 24 + 22 * listed.len() as i32;
        listed.push(&series.name);
        let parts: &[(i32, i32)] = match series.style {
            Style::Line => &[(0, 28)],
            Style::Dashed => &[(0, 8), (12, 20), (24, 28)],
            Style::Dots | Style::Rings => &[],
        };
        for &(from, to) in parts {
            area.draw(&PathElement::new([(from, y), (to, y)], stroke(series)))?;
        }
        if parts.is_empty() {
            area.draw(&Circle::new((14, y), 4, dot(series)))?;
        }
        text(area, &series.name, (36, y - 9), 15, HPos::Left)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_covers_its_data_and_what_it_must_at_least() {
        let axis = Axis::linear("r").at_least(0.0, 1.0);
        let (low, high) = axis.range([-0.5, f64::NAN].into_iter()).unwrap();
        assert!(low < -0.5 && high > 1.0 && high < 1.1);
        let (low, high) = Axis::log("n").range([0.0, -1.0, 10.0].into_iter()).unwrap();
        assert!(low < 10.0 && low > 0.0 && high > 10.0);
        assert_eq!(Axis::log("n").range([0.0].into_iter()), None);
    }

    #[test]
    fn ticks_are_short() {
        let shown: Vec<String> = [0.1, 2500.0, 1e-7].map(|v| Axis::log("").tick(v)).into();
        assert_eq!(shown, ["0.1", "2500", "1e-7"]);
        assert_eq!(Axis::linear("").tick(-0.00001), "0");
    }
}
