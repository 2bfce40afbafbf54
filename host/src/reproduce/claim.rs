//! What a claim is.

use super::data::Data;
use super::summary::Summary;
use crate::error::Result;
use crate::plan::Scale;
use crate::progress::Share;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is said of a claim before anything is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its number in the list of claims.
    pub number: u8,
    /// What is claimed.
    pub title: &'static str,
    /// What the paper reports.
    pub paper: &'static str,
}

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which settings.
    pub scale: Scale,
    /// How many seeds, in place of the scale's own number.
    pub seeds: Option<u32>,
}

impl Settings {
    /// One of two values, by scale.
    pub fn pick<T>(&self, quick: T, paper: T) -> T {
        match self.scale {
            Scale::Quick => quick,
            Scale::Paper => paper,
        }
    }

    /// The seeds to run: those asked for, or as many as the scale takes.
    pub fn seeds(&self, quick: u32, paper: u32) -> std::ops::Range<u64> {
        0..u64::from(self.seeds.unwrap_or(self.pick(quick, paper)))
    }
}

/// One run of a claim, done.
#[derive(Clone, Debug, PartialEq)]
pub struct Run<C, R> {
    /// What was run.
    pub cell: C,
    /// What was found.
    pub record: R,
    /// Seconds it took.
    pub seconds: f64,
}

/// A claim of the paper, as independent runs and what they come to.
///
/// A cell holds all that its run depends on (seed and setting, data by name), so that a stored
/// record can stand for a run. `run` must be deterministic and must not print.
pub trait Claim: Sync {
    /// One run to be made: a setting and a seed.
    type Cell: Serialize + DeserializeOwned + Send + Sync;
    /// What one run finds. Missing numbers are `None`: a NaN does not survive its file.
    type Record: Serialize + DeserializeOwned + Send + Sync;

    /// Name, title and the paper's number.
    const ABOUT: About;

    /// The runs to be made, no two the same.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::error::Error::Usage) when data that are needed are not given.
    fn cells(&self, settings: &Settings, data: &Data) -> Result<Vec<Self::Cell>>;

    /// A cell in a few words, for progress and messages.
    fn label(&self, cell: &Self::Cell) -> String;

    /// What a cell costs, in any unit: long ones start first, and the estimate of time uses it.
    fn cost(&self, _cell: &Self::Cell) -> f64 {
        1.0
    }

    /// Makes one run; `share` may be told how much of it is done.
    ///
    /// # Errors
    /// Whatever stops it. A network that diverges is a record, not an error.
    fn run(&self, cell: &Self::Cell, data: &Data, share: &Share<'_>) -> Result<Self::Record>;

    /// What all runs come to, in the order of [`Claim::cells`].
    fn summarise(&self, runs: &[Run<Self::Cell, Self::Record>]) -> Summary;
}
