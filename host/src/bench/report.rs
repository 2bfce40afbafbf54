//! What was measured, as plain data.

use super::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Growth of an exact count that fails, in percent.
pub const SLACK: f64 = 2.0;

/// What is measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Time on this machine
    WallClock,
    /// Instructions under Valgrind
    HostInstructions,
    /// Instructions under QEMU, of each board
    McuInstructions,
}

impl Kind {
    /// Its name in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::WallClock => "wall clock",
            Self::HostInstructions => "host instructions",
            Self::McuInstructions => "microcontroller instructions",
        }
    }
}

/// One number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it measures.
    pub kind: Kind,
    /// What computes: a target of Rust.
    pub target: String,
    /// What is called.
    pub operation: String,
    /// On which shape.
    pub shape: String,
    /// `f32` or `f64`.
    pub precision: String,
    /// Threads.
    pub threads: usize,
    /// The median of several repetitions, or the count.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Interquartile range in percent of the median; 0 of a count.
    pub spread: f64,
    /// Whether another run on any machine gives the same.
    pub exact: bool,
    /// Whether it was measured now; else it is the record's.
    pub measured: bool,
    /// What it was before.
    pub baseline: Option<f64>,
    /// The change since, in percent.
    pub change: Option<f64>,
}

impl Row {
    /// A count of instructions.
    pub fn count(kind: Kind, target: &str, operation: &str, shape: &str, count: u64) -> Self {
        Self {
            kind,
            target: target.to_owned(),
            operation: operation.to_owned(),
            shape: shape.to_owned(),
            precision: "f32".to_owned(),
            threads: 1,
            value: count as f64,
            unit: "instructions".to_owned(),
            spread: 0.0,
            exact: true,
            measured: true,
            baseline: None,
            change: None,
        }
    }

    /// What two reports know it by.
    fn key(&self) -> (Kind, &str, &str, &str, &str, usize) {
        (self.kind, &self.target, &self.operation, &self.shape, &self.precision, self.threads)
    }

    /// Whether it is an exact count that rose by more than [`SLACK`].
    pub fn failed(&self) -> bool {
        self.exact && self.measured && self.change.is_some_and(|change| change > SLACK)
    }
}

/// All numbers, and where they come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When: year, month, day.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// Of what was measured and of the tools.
    pub versions: BTreeMap<String, String>,
    /// The numbers.
    pub rows: Vec<Row>,
    /// Remarks on a kind: why it was not measured, what it is compared with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<Kind, String>,
}

impl Report {
    /// Puts beside each row what `baseline` has of it.
    pub(super) fn compare(&mut self, baseline: &[Row]) {
        for row in &mut self.rows {
            let before = baseline.iter().find(|before| before.key() == row.key());
            row.baseline = before.map(|before| before.value);
            // A count of 0 never gets into a record.
            row.change = row.baseline.map(|before| 100.0 * (row.value / before - 1.0));
        }
    }

    /// The exact counts that rose by more than [`SLACK`].
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.failed())
    }

    /// Exact counts of what has no record yet.
    pub fn unrecorded(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.exact && row.baseline.is_none())
    }

    /// As JSON, a row a line, so that a change of one is a change of one line.
    pub fn to_json(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(text).collect();
        let mut all = format!(
            "{{\"date\":{},\n\"machine\":{},\n\"versions\":{},\n\"rows\":[\n{}\n]",
            text(&self.date),
            text(&self.machine),
            text(&self.versions),
            rows.join(",\n"),
        );
        if !self.notes.is_empty() {
            all.push_str(&format!(",\n\"notes\":{}", text(&self.notes)));
        }
        all + "}\n"
    }
}

fn text(value: &impl Serialize) -> String {
    // Plain numbers and strings under string keys: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
