//! Instructions on the host: `benches/instructions.rs` under Valgrind.

use super::checkout::output;
use super::machine::version;
use super::{Counts, Failure, Kind, Row};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Counts twice: what is not the same again is not exact.
pub(super) fn run(checkout: &Path, quiet: bool) -> Counts {
    let wanted = library(checkout).map_err(Failure::Failed)?;
    let install = format!("cargo install gungraun-runner --version {wanted} --locked");
    let runner = version("gungraun-runner", &["--version"]);
    let valgrind = version("valgrind", &["--version"]);
    let (Some(valgrind), Some(runner)) = (&valgrind, runner.filter(|found| *found == wanted))
    else {
        let mut missing = Vec::new();
        if valgrind.is_none() {
            missing.push("Valgrind (Debian: apt-get install valgrind)".to_owned());
        }
        missing.push(format!("gungraun-runner {wanted} ({install})"));
        return Err(Failure::Missing(format!("missing is {}", missing.join(", or "))));
    };
    let rustc = output(Command::new("rustc").current_dir(checkout).arg("-vV"), quiet);
    let rustc = rustc.map_err(Failure::Failed)?;
    let target = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("unknown");
    let once = || {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(checkout)
            .args("bench -q -p fact-benches --bench instructions".split(' '));
        cargo.args(["--", "--output-format=json"]);
        rows(&output(&mut cargo, quiet)?, target)
    };
    let first = once().map_err(Failure::Failed)?;
    if once().map_err(Failure::Failed)? != first {
        return Err(Failure::Failed("instruction counts differ from run to run".to_owned()));
    }
    let tools = [("valgrind", valgrind), ("gungraun", &runner)];
    Ok((first, tools.map(|(name, version)| (name.to_owned(), version.clone())).into()))
}

/// The version of the library, which the runner's must be.
fn library(checkout: &Path) -> Result<String, String> {
    let path = checkout.join("Cargo.lock");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let found = text.split_once("name = \"gungraun\"\nversion = \"").and_then(|(_, rest)| {
        let (version, _) = rest.split_once('"')?;
        Some(version.to_owned())
    });
    found.ok_or_else(|| format!("{}: gungraun is not in it", path.display()))
}

/// The rows of a summary, a benchmark a line.
fn rows(summary: &str, target: &str) -> Result<Vec<Row>, String> {
    let rows: Result<Vec<Row>, String> = summary
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| row(line, target).ok_or_else(|| format!("not a summary of Gungraun's: {line}")))
        .collect();
    let rows = rows?;
    if rows.is_empty() {
        return Err("`cargo bench --bench instructions` counted nothing".to_owned());
    }
    match rows.iter().find(|row| row.value < 1.0) {
        Some(row) => Err(format!("{} {}: no instruction was counted", row.operation, row.shape)),
        None => Ok(rows),
    }
}

/// A benchmark `calls_N`, `operation__shape` with underscores for hyphens.
fn row(line: &str, target: &str) -> Option<Row> {
    let summary: Value = serde_json::from_str(line).ok()?;
    let calls: u64 = summary["function_name"].as_str()?.strip_prefix("calls_")?.parse().ok()?;
    let (operation, shape) = summary["id"].as_str()?.split_once("__")?;
    let values = &summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"];
    // The first run here has no earlier one beside it.
    let count = values["new"].as_u64().or_else(|| values["both"][0].as_u64())?;
    let (operation, shape) = (operation.replace('_', "-"), shape.replace('_', "-"));
    let count = (count + calls / 2) / calls;
    Some(Row::count(Kind::HostInstructions, target, &operation, &shape, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(function: &str, id: &str, values: &str) -> String {
        format!(
            "{{\"function_name\":\"{function}\",\"id\":\"{id}\",\"profiles\":[{{\"data\":{{\
             \"total\":{{\"metrics\":{{\"Ir\":{{\"values\":{values}}}}}}}}}}}]}}\n"
        )
    }

    #[test]
    fn a_summary_is_read_whether_or_not_there_was_one_before() {
        let text = line("calls_1", "gemm_any__16", "{\"new\":5100}")
            + &line("calls_64", "sgd_step__64_32_10", "{\"both\":[640,630]}");
        let rows = rows(&text, "x").unwrap();
        let found: Vec<_> = rows.iter().map(|r| (&*r.operation, &*r.shape, r.value)).collect();
        assert_eq!(found, [("gemm-any", "16", 5100.0), ("sgd-step", "64-32-10", 10.0)]);
    }

    #[test]
    fn nothing_counted_is_an_error() {
        assert!(rows("", "x").is_err());
        assert!(rows(&line("calls_1", "gemm__16", "{\"new\":0}"), "x").is_err());
        assert!(rows("warning: text\n", "x").is_err());
    }
}
