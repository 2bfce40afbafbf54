//! What can go wrong on a host: one sentence that names the place and says what to do.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the command gave no result. Every variant prints as one self-contained message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments do not make a plan.
    #[error("{0}")]
    Usage(String),
    /// A data file is not what it must be.
    #[error("{0}")]
    Data(Box<Fault>),
    /// A file could not be read.
    #[error(
        "{}: cannot be read: {source}. {}",
        path.display(),
        if path.extension().is_some() {
            "Give a file that is there".to_owned()
        } else {
            format!("Give a file, or one of the built-in sets {}", crate::data::BUILTIN.join(", "))
        }
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or directory could not be written.
    #[error("{}: cannot be written: {source}. Choose another place", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A picture could not be drawn.
    #[error("{}: the picture could not be drawn: {reason}", path.display())]
    Plot {
        /// The picture.
        path: PathBuf,
        /// What the plotting library said.
        reason: String,
    },
    /// Standard output failed. A pipe closed by its reader is no error and never gets here.
    #[error("standard output: {0}")]
    Stdout(std::io::Error),
    /// A file is no model, or no longer one.
    #[error("{}: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A round of a Recursive Feature Machine failed.
    #[error("round {round}: {source}. {advice}")]
    Round {
        /// The round, counted from 0.
        round: u32,
        /// Why.
        source: fact_core::Error,
        /// What to do.
        advice: &'static str,
    },
    /// The user stopped it.
    #[error(
        "interrupted after {evaluations} evaluations. The same command goes on from {}",
        path.display()
    )]
    Interrupted {
        /// Where the state was left.
        path: PathBuf,
        /// Evaluations so far.
        evaluations: u32,
    },
    /// The numeric core refused.
    #[error("{0}")]
    Core(#[from] fact_core::Error),
}

impl Error {
    /// Exit code of the command: 2, bad usage or bad input, for everything that stops it early.
    /// (A check that fails is a result, not an error: it exits 1.)
    pub fn exit_code(&self) -> u8 {
        match self {
            // 128 + SIGINT, as shells have it.
            Self::Interrupted { .. } => 130,
            _ => 2,
        }
    }

    /// A data error, boxed.
    pub(crate) fn data(fault: Fault) -> Self {
        Self::Data(Box::new(fault))
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A fault in a data file: where, what was found, what was expected, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// Line in the file, counted from 1.
    pub line: Option<u64>,
    /// The field: its number, counted from 1, and its name when the file has a header.
    pub field: Option<String>,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: String,
    /// What the user can do.
    pub advice: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub(crate) fn of_file(path: &Path, found: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            field: None,
            found: found.into(),
            expected: String::new(),
            advice: String::new(),
        }
    }

    /// On this line.
    pub(crate) fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// In this field.
    pub(crate) fn field(mut self, field: String) -> Self {
        self.field = Some(field);
        self
    }

    /// What was expected.
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// What to do.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

/// Writes text on one line: what a file holds must neither break a message nor steer a terminal.
struct OneLine<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c.is_control() {
            true => write!(self.0, "{}", c.escape_default()),
            false => self.0.write_char(c),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": found {}", self.found)?;
        if !self.expected.is_empty() {
            write!(f, ", expected {}", self.expected)?;
        }
        if !self.advice.is_empty() {
            write!(f, ". {}", self.advice)?;
        }
        Ok(())
    }
}
