//! What things cost: wall clock, instructions on the host and instructions on microcontrollers, beside
//! what was recorded before. And how costs grow.

mod board;
mod calls;
mod checkout;
mod counted;
mod machine;
mod record;
mod report;
pub mod scaling;
mod table;
mod timing;
mod workloads;

pub use machine::Machine;
pub use record::{folder as record_folder, write as write_record};
pub use report::{Kind, Report, Row, SLACK};
pub use table::table;
pub use timing::Effort;

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;
use workloads::Scale;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Only what takes seconds: small shapes, and boards' counts from the record.
    pub quick: bool,
    /// What is measured; a tool that is missing for it is an error. `None`: all there are tools for.
    pub only: Option<&'a [Kind]>,
    /// A report to compare with in place of the record.
    pub compare: Option<&'a Path>,
    /// Most threads.
    pub threads: usize,
    /// Neither progress nor the output of tools.
    pub quiet: bool,
}

/// Measures; `watch` hears what is being done.
///
/// # Errors
/// [`Error::Usage`] when a tool fails, or one that was asked for by name is missing; when the report to
/// compare with is none. [`Error::Core`] does not occur in practice.
pub fn run(request: &Request<'_>, watch: &dyn Fn(&str)) -> Result<Report> {
    let earlier = request.compare.map(record::read).transpose()?;
    let recorded = record::rows()?;
    let baseline = earlier.as_ref().map_or(&recorded, |report| &report.rows);
    let wanted = |kind: Kind| request.only.is_none_or(|only| only.contains(&kind));
    let checkout = checkout::find();
    let mut report = Report {
        date: machine::today(),
        machine: machine::this(request.threads),
        versions: machine::versions(),
        rows: Vec::new(),
        notes: BTreeMap::new(),
    };
    if wanted(Kind::WallClock) {
        let scale = Scale::of(request.quick);
        report.rows.extend(workloads::run(scale, request.threads, watch)?);
        let before =
            earlier.as_ref().map_or_else(record::wall_clock, |earlier| Ok(earlier.clone()))?;
        let Report { date, machine, .. } = before;
        let mut note = format!("compared with {date}, {}", machine.cpu);
        if scale == Scale::Tiny {
            note.push_str("; this build is not optimised: tiny shapes, times that mean nothing");
        }
        report.notes.insert(Kind::WallClock, note);
    }
    type Instrument = fn(&Path, bool) -> Counts;
    let instruments: [(Kind, Instrument); 2] =
        [(Kind::HostInstructions, counted::run), (Kind::McuInstructions, board::run)];
    for (kind, count) in instruments {
        if !wanted(kind) {
            continue;
        }
        let asked = request.only.is_some();
        let found = match &checkout {
            _ if kind == Kind::McuInstructions && request.quick && !asked => {
                Err(Failure::Missing("--quick does not run the emulators".to_owned()))
            }
            None => Err(Failure::Missing(checkout::NEEDED.to_owned())),
            Some(folder) => {
                watch(kind.title());
                count(folder, request.quiet)
            }
        };
        match found {
            Ok((rows, versions)) => {
                report.rows.extend(rows);
                report.versions.extend(versions);
            }
            Err(Failure::Missing(what)) if !asked => {
                report.notes.insert(kind, format!("not measured, from the record: {what}"));
                let rows = recorded.iter().filter(|row| row.kind == kind).cloned();
                report.rows.extend(rows.map(|row| Row { measured: false, ..row }));
            }
            Err(Failure::Missing(what) | Failure::Failed(what)) => return Err(Error::Usage(what)),
        }
    }
    report.compare(baseline);
    Ok(report)
}

/// Rows, and versions of the tools that made them.
type Counts = std::result::Result<(Vec<Row>, BTreeMap<String, String>), Failure>;

/// Why nothing was counted.
enum Failure {
    /// Something is not installed; what it is and how to come by it.
    Missing(String),
    /// Something went wrong.
    Failed(String),
}
