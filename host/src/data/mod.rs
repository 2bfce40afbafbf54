//! Data sets: the four that are compiled in, and any CSV file.

mod builtin;
mod cell;
mod delimited;
pub mod idx;
mod scale;
mod table;

pub use builtin::{BUILTIN, builtin};
pub use delimited::{Format, Header, Task, parse, read};

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
    /// A number.
    Values(Vec<f64>),
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
    /// Number of network outputs: one per class, or one.
    pub fn outputs(&self) -> usize {
        match &self.target {
            Target::Classes { labels, .. } => labels.len(),
            Target::Values(_) => 1,
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
    pub fn standardize_features(&mut self) {
        for column in 0..self.d {
            scale::standardize(&mut self.x, column, self.d);
        }
    }

    /// Brings a numeric target to mean 0 and population standard deviation 1; classes stay.
    pub fn standardize_target(&mut self) {
        if let Target::Values(values) = &mut self.target {
            scale::standardize(values, 0, 1);
        }
    }
}

#[cfg(test)]
mod tests;
