//! `fact bench`.

use super::{Ending, print};
use crate::bench::{self, Request};
use crate::cli::Bench;
use crate::error::{Error, Result};
use crate::report::{prepare, prepare_file, put, write_file};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Duration;

pub(super) fn run(arguments: &Bench, quiet: bool) -> Result<Ending> {
    if let Some(directory) = &arguments.scaling {
        return scaling(arguments, directory, quiet);
    }
    // Before anything is measured in vain.
    arguments.out.as_deref().map(prepare_file).transpose()?;
    let record = arguments.record.then(bench::record_folder).transpose()?;
    let request = Request {
        quick: arguments.quick,
        only: arguments.only.as_deref(),
        compare: arguments.compare.as_deref(),
        threads: rayon::current_num_threads(),
        quiet,
    };
    let line = progress(quiet);
    let report = bench::run(&request, &|what| line.set_message(what.to_owned()));
    line.finish_and_clear();
    let report = report?;
    if let Some(file) = &arguments.out {
        write_file(file, report.to_json().as_bytes())?;
    }
    if let Some(folder) = &record {
        bench::write_record(folder, &report)?;
    }
    print(&if arguments.json { report.to_json() } else { bench::table(&report) })?;
    if record.is_some() {
        return Ok(Ending::Done);
    }
    if arguments.compare.is_none()
        && let Some(row) = report.unrecorded().next()
    {
        return Err(Error::Usage(format!(
            "{} {} for {} is not in the record. Run ./ci.sh update-bench and commit",
            row.operation, row.shape, row.target
        )));
    }
    match report.failures().next() {
        Some(_) => Ok(Ending::Failed),
        None => Ok(Ending::Done),
    }
}

fn scaling(arguments: &Bench, directory: &Path, quiet: bool) -> Result<Ending> {
    prepare(directory)?;
    let line = progress(quiet);
    let found = bench::scaling::measure(arguments.quick, &|what| line.set_message(what.to_owned()));
    line.finish_and_clear();
    let found = found?;
    put(directory, "scaling.json", found.to_json().as_bytes())?;
    put(directory, "scaling.csv", found.to_csv().as_bytes())?;
    for picture in found.pictures()? {
        put(directory, &picture.name, &picture.bytes)?;
    }
    print(&if arguments.json { found.to_json() } else { found.to_markdown() })?;
    Ok(Ending::Done)
}

/// A line on stderr that says what is being measured.
fn progress(quiet: bool) -> ProgressBar {
    let line = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    line.enable_steady_tick(Duration::from_millis(100));
    line
}
