//! `fact bench`: what it says is exact fails, what is noisy never does, and nothing is skipped unsaid.

use crate::command::{fact, file, words};
use fact_host::bench::{Kind, Report, Row};
use std::process::Command;

/// A run of some milliseconds: the smallest shapes, and what the record has.
fn quick(args: &[&str]) -> (i32, Report) {
    let output = Command::new(env!("CARGO_BIN_EXE_fact"))
        .current_dir(std::env::temp_dir())
        .args([&["bench", "--quick", "--json"], args].concat())
        .output()
        .expect("runs");
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().expect("exited"), report)
}

fn of(report: &Report, kind: Kind) -> Vec<&Row> {
    report.rows.iter().filter(|row| row.kind == kind).collect()
}

#[test]
fn outside_a_checkout_counts_are_those_of_the_record_and_the_report_says_so() {
    let (code, report) = quick(&[]);
    assert_eq!(code, 0);
    assert!(!report.machine.cpu.is_empty() && report.machine.threads > 0);
    assert!(report.versions.contains_key("fact"));
    for kind in [Kind::HostInstructions, Kind::McuInstructions] {
        let rows = of(&report, kind);
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|row| row.exact && !row.measured && row.value > 0.0));
        assert!(report.notes[&kind].contains("not measured"), "{:?}", report.notes);
    }
    let times = of(&report, Kind::WallClock);
    assert!(times.iter().all(|row| !row.exact && row.measured && row.value > 0.0));
    for operation in ["gemm", "gemm-faer", "cholesky", "sgd-step", "gradient", "rfm-round"] {
        assert!(times.iter().any(|row| row.operation == operation), "{operation}");
    }
    // Its own report, read back: the same rows, each beside itself.
    let folder = tempfile::tempdir().expect("made");
    let before = file(folder.path(), "before.json", report.to_json());
    let (code, again) = quick(&["--compare", &before]);
    assert_eq!(code, 0);
    assert!(again.rows.iter().all(|row| row.baseline.is_some() && row.change.is_some()));
}

#[test]
fn a_tool_that_is_asked_for_and_missing_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_fact"))
        .current_dir(std::env::temp_dir())
        .args(["bench", "--only", "mcu-instructions"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).1.contains("checkout"), "{:?}", words(&output));
}

#[test]
fn files_are_looked_at_before_anything_is_measured() {
    let folder = tempfile::tempdir().expect("made");
    let path = file(folder.path(), "other.json", "{}");
    for (args, expected) in [
        (["--compare", &path], "no report of `fact bench`"),
        (["--compare", "no-such-file.json"], "cannot be read"),
        (["--out", "no-such-folder/x.json"], "cannot be written"),
        (["--only", "nothing"], "possible values"),
    ] {
        let output = fact(&[&["bench", "--quick"], &args[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(words(&output).1.contains(expected), "{:?}", words(&output));
    }
}
