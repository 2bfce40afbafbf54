//! `WᵀW`, FACT, NFA and eNFA of one layer side by side.
//!
//! `WᵀW` and FACT are drawn as they are, because FACT claims equality. NFA and eNFA claim a
//! direction only, so each is scaled to the norm of `WᵀW`. All four then share one colour scale,
//! white at 0 and saturated at the largest entry of `WᵀW`; in between it follows the square root,
//! because a few entries of the diagonal would leave the rest pale.

use super::canvas::{Area, Drawn, Painter, fill, frame, text};
use super::colour::diverging;
use crate::experiment::{Layer, Matrix, Outcome};
use fact_core::features::Measured;
use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::HPos;

const PANEL: i32 = 256;
const GAP: i32 = 28;
const LEFT: i32 = 24;
const TOP: i32 = 92;
const BAR: i32 = 16;
/// Width and height in pixels.
pub(super) const SIZE: (u32, u32) = (1260, 412);

/// The figure of one layer.
pub(super) struct Figure<'a> {
    title: String,
    panels: [Panel<'a>; 4],
    limit: f64,
}

struct Panel<'a> {
    title: String,
    note: String,
    matrix: Option<&'a Matrix>,
    factor: f64,
}

impl<'a> Figure<'a> {
    /// Prepares layer `number`, counted from 0.
    pub(super) fn new(outcome: &'a Outcome, layer: &'a Layer, number: usize) -> Self {
        let norm = layer.nfm.norm();
        let scaled = |m: &Matrix| if m.norm() > 0.0 { norm / m.norm() } else { 1.0 };
        let pearson = |p: Measured, decimals: usize| match p {
            Ok(p) => format!("Pearson {p:.decimals$}"),
            Err(_) => "Pearson undefined".to_owned(),
        };
        let fact = &layer.fact_agreement;
        let residual =
            fact.residual.map_or_else(|_| String::new(), |r| format!(", residual {r:.1e}"));
        let power = |name: &str, power: f64| match power {
            0.5 => format!("{name}^½"),
            1.0 => name.to_owned(),
            _ => format!("{name}^{power:.2}"),
        };
        let (nfa, enfa) = (&layer.nfa_agreement, &layer.enfa_agreement);
        let panels = [
            Panel {
                title: "WᵀW: what the layer learned".to_owned(),
                note: format!("Frobenius norm {norm:.3}"),
                matrix: Some(&layer.nfm),
                factor: 1.0,
            },
            Panel {
                title: "FACT".to_owned(),
                note: format!("{}{residual}", pearson(fact.pearson, 6)),
                matrix: layer.fact.as_ref(),
                factor: 1.0,
            },
            Panel {
                title: format!("NFA: {}, rescaled", power("AGOP", nfa.power)),
                note: pearson(nfa.pearson, 4),
                matrix: layer.nfa.as_ref(),
                factor: layer.nfa.as_ref().map_or(1.0, scaled),
            },
            Panel {
                title: format!("eNFA: {}, rescaled", power("⟨ggᵀ⟩", enfa.power)),
                note: pearson(enfa.pearson, 4),
                matrix: Some(&layer.enfa),
                factor: scaled(&layer.enfa),
            },
        ];
        let shape = format!("{}×{}", layer.weights.nrows, layer.weights.ncols);
        let title = format!("{}, layer {number} (W is {shape})", outcome.dataset);
        Self { title, panels, limit: layer.nfm.largest() }
    }
}

impl Painter for Figure<'_> {
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        text(area, &self.title, (LEFT, 12), 22, HPos::Left)?;
        for (panel, k) in self.panels.iter().zip(0..) {
            let x = LEFT + k * (PANEL + GAP);
            text(area, &panel.title, (x, TOP - 46), 17, HPos::Left)?;
            text(area, &panel.note, (x, TOP - 23), 15, HPos::Left)?;
            match panel.matrix {
                Some(matrix) => cells(area, matrix, panel.factor / self.limit, (x, TOP), PANEL)?,
                None => {
                    text(area, "undefined", (x + PANEL / 2, TOP + PANEL / 2), 16, HPos::Center)?;
                }
            }
            frame(area, (x, TOP), (x + PANEL, TOP + PANEL))?;
        }
        bar(area, (LEFT + 4 * (PANEL + GAP), TOP), PANEL, self.limit)?;
        let captions = [
            "One colour scale for all four, by square root: white is 0, the ends are ± the \
             largest entry of WᵀW.",
            "NFA and eNFA claim a direction only, so they are drawn scaled to the norm of WᵀW.",
        ];
        for (caption, k) in captions.iter().zip(0..) {
            text(area, caption, (LEFT, TOP + PANEL + 14 + 24 * k), 16, HPos::Left)?;
        }
        Ok(())
    }
}

/// The scale of the colours, as high as the square beside it.
pub(super) fn bar<B: DrawingBackend>(
    area: &Area<B>,
    (x, top): (i32, i32),
    side: i32,
    limit: f64,
) -> Drawn<B> {
    for y in 0..side {
        let value = 1.0 - 2.0 * f64::from(y) / f64::from(side - 1);
        fill(area, (x, top + y), (x + BAR, top + y + 1), diverging(value))?;
    }
    frame(area, (x, top), (x + BAR, top + side))?;
    // Halfway along a square-root scale is a quarter of the way.
    let labels = [
        (0, limit),
        (side / 4, limit / 4.0),
        (side / 2, 0.0),
        (3 * side / 4, -limit / 4.0),
        (side, -limit),
    ];
    for (y, value) in labels {
        text(area, &short(value), (x + BAR + 6, top + y - 8), 15, HPos::Left)?;
    }
    Ok(())
}

/// A number in few characters.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (0.01..1000.0).contains(&size) {
        format!("{value:.2}")
    } else {
        format!("{value:.0e}")
    }
}

/// The cells of `factor·matrix` in a square of this side; equal neighbours in a row become one rectangle.
pub(super) fn cells<B: DrawingBackend>(
    area: &Area<B>,
    matrix: &Matrix,
    factor: f64,
    corner: (i32, i32),
    side: i32,
) -> Drawn<B> {
    let pooled = pool(matrix, side as usize);
    let edge = |k: usize, of: usize| (k * side as usize / of.max(1)) as i32;
    for i in 0..pooled.nrows {
        let (top, bottom) = (edge(i, pooled.nrows), edge(i + 1, pooled.nrows));
        let colour = |j: usize| {
            let value = pooled.at(i, j) * factor;
            diverging(value.signum() * value.abs().sqrt())
        };
        let mut start = 0;
        for j in 1..=pooled.ncols {
            if j == pooled.ncols || colour(j) != colour(start) {
                let (left, right) = (edge(start, pooled.ncols), edge(j, pooled.ncols));
                let from = (corner.0 + left, corner.1 + top);
                fill(area, from, (corner.0 + right, corner.1 + bottom), colour(start))?;
                start = j;
            }
        }
    }
    Ok(())
}

/// At most `most` rows and columns, each the mean of a block: more would not fit the pixels.
fn pool(matrix: &Matrix, most: usize) -> Matrix {
    let (nrows, ncols) = (matrix.nrows.min(most), matrix.ncols.min(most));
    let mut pooled = Matrix::zeros(nrows, ncols);
    for i in 0..nrows {
        for j in 0..ncols {
            let rows = i * matrix.nrows / nrows..(i + 1) * matrix.nrows / nrows;
            let columns = j * matrix.ncols / ncols..(j + 1) * matrix.ncols / ncols;
            let count = (rows.len() * columns.len()) as f64;
            let sum: f64 = rows
                .flat_map(|r| columns.clone().map(move |c| (r, c)))
                .map(|(r, c)| matrix.at(r, c))
                .sum();
            pooled.data[i * ncols + j] = sum / count;
        }
    }
    pooled
}
