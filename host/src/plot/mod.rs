//! Pictures: heat maps of a layer's feature matrices, and curves along training.
//!
//! Each is drawn twice, as PNG and as SVG, from the same instructions. Text is measured and drawn
//! with a font that is compiled in, so a machine without fonts draws the same picture.

mod canvas;
mod colour;
mod curves;
mod fit;
mod heatmap;

use crate::error::Result;
use crate::experiment::{FitOutcome, Outcome};

/// A picture as the contents of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Name of the file.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// All pictures of `outcome`: one figure per layer, and the curves when training was recorded.
///
/// # Errors
/// [`Error::Plot`](crate::error::Error::Plot), which names the picture.
pub fn pictures(outcome: &Outcome) -> Result<Vec<Picture>> {
    let mut all = Vec::new();
    for (layer, number) in outcome.layers.iter().zip(0..) {
        let figure = heatmap::Figure::new(outcome, layer, number);
        all.extend(canvas::both(&format!("layer{number}"), heatmap::SIZE, &figure)?);
    }
    if outcome.history.len() > 1 {
        all.extend(canvas::both("training", curves::SIZE, &curves::Curves { outcome })?);
    }
    Ok(all)
}

/// The pictures of a fit: its rounds, and the metric it learned.
///
/// # Errors
/// [`Error::Plot`](crate::error::Error::Plot), which names the picture.
pub fn fit_pictures(outcome: &FitOutcome) -> Result<Vec<Picture>> {
    let mut all = Vec::new();
    all.extend(canvas::both("rounds", fit::SIZE, &fit::Rounds { outcome })?);
    all.extend(canvas::both("metric", fit::METRIC_SIZE, &fit::Metric::new(outcome))?);
    Ok(all)
}

#[cfg(test)]
mod tests;
