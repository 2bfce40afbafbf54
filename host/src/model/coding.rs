//! What stands in a file, and what the machine computes with.

use crate::data::{Dataset, Target};
use crate::error::Result;
use crate::network::Standardization;
use fact_core::mat::MatMut;
use fact_core::standardize;
use serde::{Deserialize, Serialize};

/// Inputs: their names, and `(x − mean)·scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// Names of the features.
    pub features: Vec<String>,
    /// What is taken off each.
    pub mean: Vec<f64>,
    /// What each is multiplied by.
    pub scale: Vec<f64>,
}

/// Outputs: two classes as −1 and +1, more of them one-hot, numbers less their means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outputs {
    /// The labels of classes, as they stand in the file.
    Classes(Vec<String>),
    /// The means of the training targets.
    Values(Vec<f64>),
}

impl Inputs {
    /// The coding of these samples: standardised, or as they are.
    ///
    /// # Errors
    /// As [`Standardization::of`].
    pub fn of(data: &Dataset, standardized: bool) -> Result<Self> {
        let Standardization { mean, scale } = if standardized {
            Standardization::of(&data.x, data.d)?
        } else {
            Standardization { mean: vec![0.0; data.d], scale: vec![1.0; data.d] }
        };
        Ok(Self { features: data.features.clone(), mean, scale })
    }

    /// Samples, coded.
    pub fn code(&self, x: &[f64]) -> Vec<f64> {
        let (mut coded, d) = (x.to_vec(), self.features.len());
        if let Ok(view) = MatMut::new(&mut coded, x.len() / d.max(1), d) {
            // Mean and scale are as long as the features.
            let _ = standardize::apply(&self.mean, &self.scale, view);
        }
        coded
    }

    /// Turns derivatives by coded samples, rows of one per feature, into those by the samples.
    pub fn differentiate(&self, derivatives: &mut [f64]) {
        for (derivative, scale) in derivatives.iter_mut().zip(self.scale.iter().cycle()) {
            *derivative *= scale;
        }
    }
}

impl Outputs {
    /// The coding of these targets.
    pub fn of(data: &Dataset) -> Self {
        match &data.target {
            Target::Classes { labels, .. } => Self::Classes(labels.clone()),
            Target::Values(values) => {
                let c = data.outputs();
                let mut mean = vec![0.0; c];
                for row in values.chunks_exact(c) {
                    for (mean, value) in mean.iter_mut().zip(row) {
                        *mean += value / data.n as f64;
                    }
                }
                Self::Values(mean)
            }
        }
    }

    /// Number of outputs.
    pub fn count(&self) -> usize {
        match self {
            Self::Classes(labels) if labels.len() == 2 => 1,
            Self::Classes(labels) => labels.len(),
            Self::Values(means) => means.len(),
        }
    }

    /// Targets, coded, row by row; a label that was not trained on is coded as no class at all.
    pub fn code(&self, data: &Dataset) -> Vec<f64> {
        match (self, &data.target) {
            (Self::Values(means), Target::Values(values)) => {
                values.iter().zip(means.iter().cycle()).map(|(v, mean)| v - mean).collect()
            }
            (Self::Classes(labels), Target::Classes { .. }) => {
                let c = self.count();
                let mut y = vec![0.0; data.n * c];
                for (row, class) in y.chunks_exact_mut(c).zip(self.classes(data)) {
                    match (class, &mut *row) {
                        (Some(class), [one]) if labels.len() == 2 => {
                            *one = 2.0 * class as f64 - 1.0
                        }
                        (Some(class), row) => row[class] = 1.0,
                        (None, _) => {}
                    }
                }
                y
            }
            // A plan never brings them together.
            _ => Vec::new(),
        }
    }

    /// The class of each row, by the labels that were trained on.
    pub fn classes(&self, data: &Dataset) -> Vec<Option<usize>> {
        match (self, &data.target) {
            (Self::Classes(known), Target::Classes { labels, index }) => {
                let place: Vec<Option<usize>> =
                    labels.iter().map(|label| known.iter().position(|k| k == label)).collect();
                index.iter().map(|&k| place.get(k).copied().flatten()).collect()
            }
            _ => vec![None; data.n],
        }
    }

    /// The class that a row of outputs stands for; `None` of numbers.
    pub fn class(&self, row: &[f64]) -> Option<usize> {
        match (self, row) {
            (Self::Values(_), _) => None,
            (Self::Classes(labels), [one]) if labels.len() == 2 => Some(usize::from(*one > 0.0)),
            (Self::Classes(_), row) => {
                let best =
                    row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
                best.map(|(class, _)| class)
            }
        }
    }

    /// What a row of outputs stands for, as it would stand in a file.
    pub fn shown(&self, row: &[f64]) -> Vec<String> {
        match self {
            Self::Classes(labels) => {
                self.class(row).and_then(|class| labels.get(class)).cloned().into_iter().collect()
            }
            Self::Values(means) => {
                row.iter().zip(means).map(|(value, mean)| (value + mean).to_string()).collect()
            }
        }
    }

    /// Probabilities of the classes: least squares estimates them, up to sign and sum.
    pub fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        let raw: Vec<f64> = match (self, row) {
            (Self::Classes(labels), [one]) if labels.len() == 2 => {
                vec![(0.5 - 0.5 * one).clamp(0.0, 1.0), (0.5 + 0.5 * one).clamp(0.0, 1.0)]
            }
            _ => row.iter().map(|value| value.max(0.0)).collect(),
        };
        let sum: f64 = raw.iter().sum();
        let equal = 1.0 / raw.len().max(1) as f64;
        raw.iter().map(|value| if sum > 0.0 { value / sum } else { equal }).collect()
    }
}
