//! The data that claims name: sets that are compiled in, and those in `--data-dir`.

use crate::data::{self, Dataset, Target, idx};
use crate::error::{Error, Result};
use fact_core::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// Mean and standard deviation of all pixels of the training images, as is usual.
const PIXELS: (f64, f64) = (0.1307, 0.3081);

/// A data set by name, and how many of its first rows are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// A built-in set, or `mnist`.
    pub set: String,
    /// The first so many rows; all without.
    pub rows: Option<usize>,
}

impl Source {
    /// All of a set.
    pub fn all(set: &str) -> Self {
        Self { set: set.to_owned(), rows: None }
    }

    /// The first rows of a set.
    pub fn first(rows: usize, set: &str) -> Self {
        Self { set: set.to_owned(), rows: Some(rows) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rows {
            Some(rows) => write!(f, "{}, n = {rows}", self.set),
            None => f.write_str(&self.set),
        }
    }
}

/// Where data are found.
#[derive(Clone, Debug, Default)]
pub struct Data {
    directory: Option<PathBuf>,
}

impl Data {
    /// Data in `directory`, beside those that are compiled in.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The folder given with `--data-dir`.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The MNIST images and labels in the folder or in its subfolder `mnist`.
    pub fn mnist(&self) -> Option<[PathBuf; 2]> {
        idx::mnist_files(&self.mnist_folder()?)
    }

    /// The folder that holds MNIST.
    fn mnist_folder(&self) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        [directory.clone(), directory.join("mnist")]
            .into_iter()
            .find(|folder| idx::mnist_files(folder).is_some())
    }

    /// A hash of the files that are read from the folder; `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn fingerprint(&self) -> Result<Option<String>> {
        let Some(paths) = self.mnist() else { return Ok(None) };
        let mut hash = Fingerprint::new();
        for path in paths {
            let fail = |source| Error::Read { path: path.clone(), source };
            hash.bytes(&std::fs::read(&path).map_err(fail)?);
        }
        Ok(Some(format!("{:016x}", hash.value())))
    }

    /// The data set, every feature (MNIST: all pixels together) brought to mean 0 and deviation 1.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is no such set, [`Error::Read`] and [`Error::Data`] of its files.
    pub fn load(&self, source: &Source) -> Result<Dataset> {
        let mut set = match data::builtin(&source.set) {
            Some(set) => set?,
            None => self.load_mnist(&source.set)?,
        };
        let rows = source.rows.unwrap_or(set.n).min(set.n);
        set.x.truncate(rows * set.d);
        match &mut set.target {
            Target::Classes { index, .. } => index.truncate(rows),
            Target::Values(values) => values.truncate(rows),
        }
        set.n = rows;
        if set.name == "mnist" {
            set.x.iter_mut().for_each(|v| *v = (*v - PIXELS.0) / PIXELS.1);
        } else {
            set.standardize_features()?;
        }
        Ok(set)
    }

    fn load_mnist(&self, name: &str) -> Result<Dataset> {
        match self.mnist_folder() {
            Some(folder) if name == "mnist" => idx::mnist(&folder),
            _ => Err(Error::Usage(format!(
                "no data set {name:?}: give --data-dir a folder with the IDX files of MNIST, plain or .gz"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rows_of_a_set_are_standardised_among_themselves() {
        let set = Data::default().load(&Source::first(60, "digits")).unwrap();
        assert_eq!((set.n, set.x.len(), set.targets().len()), (60, 60 * 64, 600));
        let mean = set.x.iter().skip(10).step_by(64).sum::<f64>() / 60.0;
        assert!(mean.abs() < 1e-12, "{mean}");
    }

    #[test]
    fn what_is_not_there_is_said_with_the_way_to_give_it() {
        let error = Data::default().load(&Source::all("mnist")).unwrap_err().to_string();
        assert!(error.contains("--data-dir") && error.contains("IDX files of MNIST"), "{error}");
    }
}
