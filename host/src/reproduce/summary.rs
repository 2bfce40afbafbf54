//! What the runs of a claim come to: plain data, ready to be rendered.

use super::estimate::Estimate;
use crate::plot::Chart;
use serde::{Deserialize, Serialize};

/// The range a number has to be in, and where that range is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// What is measured.
    pub what: &'static str,
    /// Least value that passes.
    pub low: f64,
    /// Largest value that passes.
    pub high: f64,
}

impl Band {
    /// At least `low`.
    pub const fn above(what: &'static str, low: f64) -> Self {
        Self { what, low, high: f64::INFINITY }
    }

    /// At most `high`.
    pub const fn below(what: &'static str, high: f64) -> Self {
        Self { what, low: f64::NEG_INFINITY, high }
    }

    /// Within `tolerance` of `value`.
    pub const fn around(what: &'static str, value: f64, tolerance: f64) -> Self {
        Self { what, low: value - tolerance, high: value + tolerance }
    }

    /// Holds `measured` against the band. What is missing does not pass.
    pub fn check(&self, measured: Option<f64>) -> Check {
        let finite = |end: f64| end.is_finite().then_some(end);
        let measured = measured.and_then(finite);
        Check {
            what: self.what.to_owned(),
            measured,
            low: finite(self.low),
            high: finite(self.high),
            passed: measured.is_some_and(|value| self.low <= value && value <= self.high),
        }
    }
}

/// A number held against its band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was measured.
    pub what: String,
    /// The number.
    pub measured: Option<f64>,
    /// Least that passes.
    pub low: Option<f64>,
    /// Largest that passes.
    pub high: Option<f64>,
    /// Whether it is within.
    pub passed: bool,
}

/// What the runs of a claim come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Our number, in one or two lines.
    pub ours: String,
    /// What had to hold.
    pub checks: Vec<Check>,
    /// What differs from the paper although all checks hold, a sentence each.
    pub differences: Vec<String>,
    /// What a reader has to know, a paragraph each: settings, and what was excluded and why.
    pub notes: Vec<String>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Pictures; in the file, only their names are kept.
    #[serde(skip)]
    pub figures: Vec<Figure>,
}

/// A picture and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The chart; its name starts with that of the claim.
    pub chart: Chart,
    /// What is seen in it.
    pub caption: String,
}

/// What a claim's runs say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every check holds.
    Reproduced,
    /// Every check holds, and something is otherwise than in the paper.
    WithADifference,
    /// A check does not hold.
    NotReproduced,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::WithADifference => "reproduced with a difference",
            Self::NotReproduced => "not reproduced",
        }
    }
}

impl Summary {
    /// The verdict: of the checks alone, so that no claim words its own. Without a check, nothing is
    /// reproduced.
    pub fn verdict(&self) -> Verdict {
        if self.checks.is_empty() || self.checks.iter().any(|check| !check.passed) {
            Verdict::NotReproduced
        } else if self.differences.is_empty() {
            Verdict::Reproduced
        } else {
            Verdict::WithADifference
        }
    }
}

/// A table, which is also a CSV file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name of the file, without extension.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// As many entries a row as there are columns.
    pub rows: Vec<Vec<Entry>>,
    /// Too long to be read: only in its file.
    pub only_file: bool,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(name: &str, caption: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        let (name, caption) = (name.to_owned(), caption.to_owned());
        Self { name, caption, columns, rows: Vec::new(), only_file: false }
    }
}

/// One entry of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// Words.
    Text(String),
    /// A number and how it is shown.
    Number(Option<f64>, Shown),
    /// A mean and its standard error, and how they are shown.
    Mean(Option<Estimate>, Shown),
}

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// With so many decimals.
    Decimals(u8),
    /// In scientific notation, with one decimal.
    Scientific,
}

impl Shown {
    /// `value` as text.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Decimals(decimals) => format!("{value:.0$}", usize::from(decimals)),
            Self::Scientific => format!("{value:.1e}"),
        }
    }
}

impl Entry {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// As people read it; a dash for what is missing.
    pub fn shown(&self) -> String {
        let shown = match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(value, shown) => value.map(|value| shown.text(value)),
            Self::Mean(estimate, shown) => estimate.map(|estimate| estimate.text(*shown)),
        };
        shown.unwrap_or_else(|| "—".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_the_checks() {
        let band = Band::around("r", 1.0, 0.1);
        let mut summary = Summary::default();
        assert_eq!(summary.verdict(), Verdict::NotReproduced);
        summary.checks.push(band.check(Some(1.05)));
        assert_eq!(summary.verdict(), Verdict::Reproduced);
        summary.differences.push("smaller".to_owned());
        assert_eq!(summary.verdict(), Verdict::WithADifference);
        summary.checks.push(band.check(Some(1.2)));
        assert_eq!(summary.verdict(), Verdict::NotReproduced);
    }

    #[test]
    fn what_is_missing_or_not_a_number_does_not_pass() {
        assert!(!Band::above("r", 0.0).check(None).passed);
        assert!(!Band::below("r", 1.0).check(Some(f64::NAN)).passed);
        assert!(!Band::above("r", 1.0).check(Some(f64::INFINITY)).passed);
    }
}
