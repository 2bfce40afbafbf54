//! Where data come from.

use crate::data::{self, BUILTIN, Dataset, Format, Split, Synthetic, Target, Task};
use crate::error::{Error, Result};
use std::path::PathBuf;

/// Where the data come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A set that is compiled in, by name.
    Builtin(&'static str),
    /// A set that is computed.
    Synthetic(Synthetic),
    /// A delimited text file.
    File(PathBuf, Format),
    /// MNIST, in IDX files in this directory.
    Mnist(PathBuf),
}

impl Source {
    /// A built-in or computed set when `data` names one, else the file at `data`.
    ///
    /// # Errors
    /// [`Error::Usage`] when a computed set cannot have its parameters.
    pub fn new(data: &str, format: Format) -> Result<Self> {
        if let Some(name) = BUILTIN.iter().find(|name| **name == data) {
            return Ok(Self::Builtin(name));
        }
        match Synthetic::parse(data) {
            Some(set) => set.map(Self::Synthetic).map_err(Error::Usage),
            None => Ok(Self::File(PathBuf::from(data), format)),
        }
    }

    /// These data as what a machine trained on `train` is tested on: the target means the same, and
    /// may be the same in all rows.
    pub(super) fn as_test_of(&self, train: &Dataset) -> Self {
        let Self::File(path, format) = self else { return self.clone() };
        let task = match train.target {
            Target::Classes { .. } => Task::Classify,
            Target::Values(_) => Task::Regress,
        };
        Self::File(path.clone(), Format { task: Some(task), uniform: true, ..format.clone() })
    }

    /// Reads or draws the data. Only computed sets depend on `seed` and bring test samples.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Data`] as [`data::read`].
    pub fn load(&self, seed: u64) -> Result<Split> {
        let train = match self {
            Self::Synthetic(set) => return Ok(set.draw(seed)),
            Self::Builtin(name) => data::builtin(name)
                .unwrap_or_else(|| Err(Error::Usage(format!("no built-in data set {name:?}"))))?,
            Self::File(path, format) => data::read(path, format).map_err(|error| match error {
                Error::Read { .. } => Error::Usage(format!(
                    "{error}, or name one of the built-in sets {}",
                    BUILTIN.join(", ")
                )),
                error => error,
            })?,
            Self::Mnist(directory) => data::idx::mnist(directory)?,
        };
        Ok(Split { train, test: None })
    }
}
