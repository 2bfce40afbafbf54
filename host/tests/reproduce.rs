//! `fact reproduce` as a user meets it.

use std::path::Path;
use std::process::{Command, Output};

fn fact(args: &[&str], out: &Path) -> (Option<i32>, String, String) {
    let program = env!("CARGO_BIN_EXE_fact");
    let output: Output =
        Command::new(program).arg("reproduce").args(args).arg("--out").arg(out).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_counterexample_is_reproduced_stored_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let args = ["counterexample", "--seeds", "1"];
    let (code, stdout, stderr) = fact(&args, &out);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("verdict  reproduced\n"), "{stdout}");
    assert!(stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("Everything")));
    // Where stderr is not a terminal, it tells of every run.
    assert!(stderr.contains("counterexample 1/"), "{stderr}");

    let (code, stdout, stderr) = fact(&args, &out);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("--resume"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1);

    let (code, stdout, stderr) = fact(&[&args[..], &["--resume", "--json"]].concat(), &out);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let results: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(results["verdict"], "reproduced");
    assert!(results["runs"].as_array().unwrap().len() > 10);

    let claim = out.join("quick/counterexample");
    for name in ["results.json", "runs.jsonl", "README.md", "counterexample.csv"] {
        assert!(claim.join(name).is_file(), "{name}");
    }
    let report = Command::new(env!("CARGO_BIN_EXE_fact"))
        .args(["reproduce", "report"])
        .arg(out.join("quick"))
        .output()
        .unwrap();
    let document = String::from_utf8(report.stdout).unwrap();
    assert!(document.starts_with("# Reproduction\n"), "{document}");
    assert!(document.contains("fact reproduce counterexample --scale quick --seeds 1"));
    assert!(!document.contains("NaN"));
}
