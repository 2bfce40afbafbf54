//! `benches/record`: what was measured before. It is compiled in, so that the command has it anywhere.

use super::{Kind, Report, Row, checkout};
use crate::error::{Error, Result};
use crate::report::{prepare_file, write_file};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const HOST: &str = include_str!("../../../benches/record/host.json");
const BOARDS: &str = include_str!("../../../benches/record/firmware.json");
const WALL_CLOCK: &str = include_str!("../../../benches/record/wall-clock.json");

/// Instructions of one call on one target.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Count {
    target: String,
    operation: String,
    shape: String,
    instructions: u64,
}

/// Every recorded row.
pub(super) fn rows() -> Result<Vec<Row>> {
    let mut rows = wall_clock()?.rows;
    for (kind, text) in [(Kind::HostInstructions, HOST), (Kind::McuInstructions, BOARDS)] {
        rows.extend(counts(text)?.into_iter().map(|count| {
            let Count { target, operation, shape, instructions } = count;
            Row::count(kind, &target, &operation, &shape, instructions)
        }));
    }
    Ok(rows)
}

/// The report that wall clock is compared with.
pub(super) fn wall_clock() -> Result<Report> {
    parse("the record of wall clock", WALL_CLOCK)
}

/// The boards that are counted on.
pub(super) fn boards() -> Result<Vec<String>> {
    let mut targets: Vec<String> = counts(BOARDS)?.into_iter().map(|c| c.target).collect();
    targets.dedup();
    Ok(targets)
}

fn counts(text: &str) -> Result<Vec<Count>> {
    serde_json::from_str(text).map_err(|error| Error::Usage(format!("benches/record: {error}")))
}

fn parse(name: &str, text: &str) -> Result<Report> {
    serde_json::from_str(text).map_err(|error| {
        Error::Usage(format!(
            "{name}: no report of `fact bench`: {error}. Give a file that `fact bench --out` wrote"
        ))
    })
}

/// A report that an earlier run wrote.
///
/// # Errors
/// [`Error::Read`], and [`Error::Usage`] of a file that is none.
pub(super) fn read(path: &Path) -> Result<Report> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    parse(&path.display().to_string(), &std::fs::read_to_string(path).map_err(fail)?)
}

/// The folder of the records, which is to be written to.
///
/// # Errors
/// [`Error::Usage`] outside a checkout.
pub fn folder() -> Result<PathBuf> {
    let checkout = checkout::find().ok_or_else(|| {
        Error::Usage(format!("--record: {}. Change to a checkout", checkout::NEEDED))
    })?;
    Ok(checkout.join("benches/record"))
}

/// Records what was measured: host counts, and wall clock as a report of its own. Boards' counts are
/// recorded by `./ci.sh firmware update`, with their stacks.
///
/// # Errors
/// [`Error::Write`].
pub fn write(folder: &Path, report: &Report) -> Result<()> {
    let of = |kind: Kind| report.rows.iter().filter(move |row| row.measured && row.kind == kind);
    let counts: Vec<String> = of(Kind::HostInstructions)
        .map(|row| Count {
            target: row.target.clone(),
            operation: row.operation.clone(),
            shape: row.shape.clone(),
            instructions: row.value as u64,
        })
        .map(|count| serde_json::to_string(&count).unwrap_or_default())
        .collect();
    if !counts.is_empty() {
        let text = format!("[\n  {}\n]\n", counts.join(",\n  "));
        put(&folder.join("host.json"), text)?;
    }
    let rows: Vec<Row> = of(Kind::WallClock)
        .map(|row| Row { baseline: None, change: None, ..row.clone() })
        .collect();
    if !rows.is_empty() {
        let record = Report { rows, notes: Default::default(), ..report.clone() };
        put(&folder.join("wall-clock.json"), record.to_json())?;
    }
    Ok(())
}

fn put(path: &Path, text: String) -> Result<()> {
    prepare_file(path)?;
    write_file(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_are_whole() {
        let rows = rows().unwrap();
        for kind in [Kind::WallClock, Kind::HostInstructions, Kind::McuInstructions] {
            assert!(rows.iter().any(|row| row.kind == kind), "{kind:?}");
        }
        assert!(rows.iter().all(|row| row.value > 0.0));
        assert!(boards().unwrap().len() > 1);
    }

    #[test]
    fn another_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        assert!(matches!(read(&path), Err(Error::Read { .. })));
        std::fs::write(&path, "{}").unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("x.json") && message.contains("--out"), "{message}");
    }
}
