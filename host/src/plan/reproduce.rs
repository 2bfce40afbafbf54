//! The plan of `fact reproduce`.

use std::fmt;
use std::path::PathBuf;

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scale {
    /// Two minutes a claim at most
    Quick,
    /// The paper's size, where such a machine can hold it
    Paper,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Paper => "paper",
        })
    }
}

/// What `fact reproduce` is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Carry out these claims, by name.
    Claims(Vec<&'static str>),
    /// Make one document of the results in these directories.
    Report(Vec<PathBuf>),
}

/// What `fact reproduce` is to do, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// What.
    pub work: Work,
    /// How much is run.
    pub scale: Scale,
    /// How many seeds; the scale's own number when not given.
    pub seeds: Option<u32>,
    /// Where results go.
    pub out: Option<PathBuf>,
    /// Continue what is there.
    pub resume: bool,
    /// Make only the i-th of n parts of the runs, counted from 1.
    pub shard: Option<(usize, usize)>,
    /// Take the runs from these folders, and make none.
    pub merge: Vec<PathBuf>,
    /// Where data are that are not built in.
    pub data: Option<PathBuf>,
    /// Print JSON.
    pub json: bool,
}
