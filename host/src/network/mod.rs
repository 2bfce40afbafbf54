//! A trained network as a file: `.safetensors`, with the names of PyTorch's `nn.Sequential`, so that
//! either side reads what the other has written.

mod file;
mod names;

pub use file::{encode, parse};

use crate::error::{Error, Result};
use crate::plan::{Activation, Bias, Loss, Precision, Setting};
use fact_core::{mat::MatRef, standardize};
use serde::{Deserialize, Serialize};
use std::slice::from_mut;

/// Weights, and what is known of their training.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Widths of all layers, inputs first.
    pub widths: Vec<usize>,
    /// Whether the layers have biases.
    pub biased: bool,
    /// Format of the weights in the file.
    pub precision: Precision,
    /// All parameters, in core's layout: `W₀` row by row, `b₀` if there are biases, `W₁`, …
    pub theta: Vec<f64>,
    /// What only this command writes; `None` in a file of another's.
    pub about: Option<About>,
}

/// What weights alone do not tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Name of the data set.
    pub dataset: String,
    /// Activation of the hidden layers, as on the command line.
    pub activation: String,
    /// Loss per sample, as on the command line.
    pub loss: String,
    /// Weight decay λ.
    pub lambda: f64,
    /// Whether biases, if there are any, decay.
    pub bias_decay: bool,
    /// Names of the inputs.
    pub features: Vec<String>,
    /// Names of the classes, in the order of the outputs; empty for numeric targets.
    pub labels: Vec<String>,
    /// Standardisation of the inputs, if there was any.
    pub inputs: Option<Standardization>,
    /// Standardisation of the targets, if there was any.
    pub targets: Option<Standardization>,
}

/// `v ← (v − mean) · scale`, column by column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardization {
    /// What is taken off.
    pub mean: Vec<f64>,
    /// What the difference is multiplied by.
    pub scale: Vec<f64>,
}

impl Standardization {
    /// What brings each column of the row-major `values` to mean 0 and population standard deviation
    /// 1, a constant one to 0.
    ///
    /// # Errors
    /// [`Error::Usage`] when the spread of a column is too large or too small for its reciprocal.
    ///
    /// ```
    /// use fact_host::network::Standardization;
    /// let found = Standardization::of(&[1.0, 7.0, 3.0, 7.0], 2)?;
    /// assert_eq!(found, Standardization { mean: vec![2.0, 7.0], scale: vec![1.0, 0.0] });
    /// # Ok::<(), fact_host::error::Error>(())
    /// ```
    pub fn of(values: &[f64], columns: usize) -> Result<Self> {
        let mut found = Self { mean: vec![0.0; columns], scale: vec![0.0; columns] };
        let scales = found.mean.iter_mut().zip(&mut found.scale);
        for (index, (mean, scale)) in scales.enumerate() {
            let column: Vec<f64> = values.iter().skip(index).step_by(columns).copied().collect();
            let view = MatRef::new(&column, column.len(), 1)?;
            standardize::fit(view, from_mut(mean), from_mut(scale)).map_err(|_| {
                Error::Usage(format!(
                    "column {}: its numbers are too large, or differ too little, to be \
                     standardised. Measure it in another unit, or say --standardize none",
                    index + 1
                ))
            })?;
        }
        Ok(found)
    }

    /// Applies it to the rows of `values`.
    ///
    /// ```
    /// use fact_host::network::Standardization;
    /// let half = Standardization { mean: vec![1.0, 0.0], scale: vec![0.5, 1.0] };
    /// let mut rows = [3.0, 7.0];
    /// half.apply(&mut rows);
    /// assert_eq!(rows, [1.0, 7.0]);
    /// ```
    pub fn apply(&self, values: &mut [f64]) {
        let columns = self.mean.iter().zip(&self.scale).cycle();
        for (value, (mean, scale)) in values.iter_mut().zip(columns) {
            *value = (*value - mean) * scale;
        }
    }
}

impl About {
    /// The activation and the loss.
    ///
    /// # Errors
    /// [`Error::Usage`] when this version does not know them.
    pub fn kinds(&self) -> Result<(Activation, Loss)> {
        let known = self.activation.parse().and_then(|a| Ok((a, self.loss.parse()?)));
        known.map_err(|expected: String| {
            Error::Usage(format!(
                "the model says activation {:?} and loss {:?}, which this version does not know: \
                 {expected}",
                self.activation, self.loss
            ))
        })
    }
}

impl Network {
    /// What the network is, with biases as `bias_decay` says.
    pub fn setting(
        &self,
        (activation, loss): (Activation, Loss),
        lambda: f64,
        bias_decay: bool,
    ) -> Setting {
        let bias = match (self.biased, bias_decay) {
            (false, _) => Bias::None,
            (true, false) => Bias::Free,
            (true, true) => Bias::Decayed,
        };
        Setting { activation, loss, lambda, bias, precision: self.precision }
    }

    /// `(W row by row, b)` of each layer.
    pub fn layers(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        let mut rest = self.theta.as_slice();
        self.widths.windows(2).filter_map(move |pair| {
            let (inputs, outputs) = (pair.first()?, pair.last()?);
            let (weight, below) = rest.split_at_checked(inputs * outputs)?;
            let (bias, below) = below.split_at_checked(if self.biased { *outputs } else { 0 })?;
            rest = below;
            Some((weight, bias))
        })
    }
}

#[cfg(test)]
mod tests;
