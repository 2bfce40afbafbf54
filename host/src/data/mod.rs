//! Data sets: those that are compiled in, those that are computed, CSV and IDX files; and arrays from
//! files.

mod array;
mod builtin;
mod cell;
mod delimited;
pub mod idx;
pub mod npy;
mod query;
mod synthetic;
mod table;
pub mod uci;

pub use array::{Array, Kind, bytes, parse_array, read_array};
pub use builtin::{BUILTIN, builtin};
pub use delimited::{Format, Header, Missing, Task, parse, read, read_labels};
pub use query::{Query, query};
pub(crate) use synthetic::shuffle;
pub use synthetic::{Operation, Synthetic, parity_support};

use crate::error::Result;
use crate::network::Standardization;

/// What each row is to be mapped to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// One of several classes.
    Classes {
        /// Names of the classes, in the order of their output units.
        labels: Vec<String>,
        /// Class of each row.
        index: Vec<usize>,
    },
    /// One or several numbers a row, row-major.
    Values(Vec<f64>),
}

/// Samples to learn from and, where the source has them, samples to test with.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The training samples.
    pub train: Dataset,
    /// The test samples.
    pub test: Option<Dataset>,
}

/// Rows with features and a target, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Name of the built-in set, or the file stem.
    pub name: String,
    /// Names of the `d` features.
    pub features: Vec<String>,
    /// Features, `n×d` row-major.
    pub x: Vec<f64>,
    /// Number of rows.
    pub n: usize,
    /// Number of features.
    pub d: usize,
    /// The target.
    pub target: Target,
}

impl Dataset {
    /// Number of outputs: one per class, or one per number.
    pub fn outputs(&self) -> usize {
        match &self.target {
            Target::Classes { labels, .. } => labels.len(),
            Target::Values(values) => values.len() / self.n.max(1),
        }
    }

    /// The targets of each row, as they stand in a file.
    pub(crate) fn shown(&self) -> Vec<Vec<String>> {
        match &self.target {
            Target::Classes { labels, index } => {
                index.iter().map(|&k| labels.get(k).cloned().into_iter().collect()).collect()
            }
            Target::Values(values) => values
                .chunks_exact(self.outputs().max(1))
                .map(|row| row.iter().map(f64::to_string).collect())
                .collect(),
        }
    }

    /// Number of numeric targets a row; `None` of classes.
    pub(crate) fn outputs_of_values(&self) -> Option<usize> {
        match &self.target {
            Target::Classes { .. } => None,
            Target::Values(_) => Some(self.outputs()),
        }
    }

    /// The rows of these numbers, in their order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let take = |values: &[f64], width: usize| -> Vec<f64> {
            rows.iter().flat_map(|&row| values[row * width..(row + 1) * width].to_vec()).collect()
        };
        let target = match &self.target {
            Target::Classes { labels, index } => Target::Classes {
                labels: labels.clone(),
                index: rows.iter().map(|&row| index[row]).collect(),
            },
            Target::Values(values) => Target::Values(take(values, self.outputs())),
        };
        Self {
            name: self.name.clone(),
            features: self.features.clone(),
            x: take(&self.x, self.d),
            n: rows.len(),
            d: self.d,
            target,
        }
    }

    /// Targets as numbers, `n×c` row-major: 0/1 with one 1 per row for classes.
    ///
    /// ```
    /// let iris = fact_host::data::builtin("iris").expect("compiled in")?;
    /// assert_eq!(iris.targets()[..3], [1.0, 0.0, 0.0]);
    /// # Ok::<(), fact_host::error::Error>(())
    /// ```
    pub fn targets(&self) -> Vec<f64> {
        match &self.target {
            Target::Classes { labels, index } => {
                let mut y = vec![0.0; self.n * labels.len()];
                for (row, &k) in y.chunks_exact_mut(labels.len()).zip(index) {
                    row[k] = 1.0;
                }
                y
            }
            Target::Values(values) => values.clone(),
        }
    }

    /// Brings every feature to mean 0 and population standard deviation 1; a constant one to 0.
    ///
    /// # Errors
    /// As [`Standardization::of`].
    pub fn standardize_features(&mut self) -> Result<Standardization> {
        let found = Standardization::of(&self.x, self.d)?;
        found.apply(&mut self.x);
        Ok(found)
    }

    /// Brings a numeric target to mean 0 and population standard deviation 1; classes stay.
    ///
    /// # Errors
    /// As [`Standardization::of`].
    pub fn standardize_target(&mut self) -> Result<Option<Standardization>> {
        match &mut self.target {
            Target::Values(values) => {
                let found = Standardization::of(values, values.len() / self.n.max(1))?;
                found.apply(values);
                Ok(Some(found))
            }
            Target::Classes { .. } => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
