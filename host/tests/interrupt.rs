//! `fact verify --state`: interrupted and gone on with, training takes the same way to the bit.

use crate::command::{fact, file, json, words};
use clap::Parser;
use fact_host::cli::{Cli, Command};
use fact_host::engine::Keeper;
use fact_host::error::Error;
use fact_host::experiment::{verify, verify_kept};
use fact_host::plan::Plan;
use std::cell::{Cell, RefCell};

fn plan(args: &[&str]) -> Plan {
    let words = ["fact", "verify", "iris", "--evaluations", "90"].iter().chain(args);
    let Command::Verify(verify) = Cli::parse_from(words).command else { panic!("verify") };
    verify.plan().expect("consistent")
}

/// The snapshot after this many more evaluations.
fn interrupted(plan: &Plan, resume: Option<&[u8]>, after: u32) -> Vec<u8> {
    let (count, kept) = (Cell::new(0), RefCell::new(Vec::new()));
    let keeper = Keeper {
        resume,
        stops: &|| {
            count.set(count.get() + 1);
            count.get() == after
        },
        keep: &|evaluations, bytes| {
            *kept.borrow_mut() = bytes.to_vec();
            Error::Interrupted { path: "state".into(), evaluations }
        },
    };
    let data = plan.load().expect("built in");
    let error = verify_kept(plan, &data, |_| {}, Some(&keeper)).expect_err("interrupted");
    assert_eq!(error.exit_code(), 130);
    kept.into_inner()
}

#[test]
fn a_run_interrupted_twice_ends_where_an_uninterrupted_one_does() {
    for args in [
        &["--precision", "f64"][..],
        &["--precision", "f32", "--bias", "free"],
        &["--optimizer", "adam"],
        &["--optimizer", "heavy-ball"],
        &["--optimizer", "sgd", "--seed", "5"],
    ] {
        let plan = plan(args);
        let data = plan.load().expect("built in");
        let whole = verify(&plan, &data, |_| {}).expect("trained");
        let first = interrupted(&plan, None, 17);
        let second = interrupted(&plan, Some(&first), 30);
        let keeper = Keeper {
            resume: Some(&second),
            stops: &|| false,
            keep: &|_, _| panic!("not interrupted"),
        };
        let end = verify_kept(&plan, &data, |_| {}, Some(&keeper)).expect("trained");
        let bits = |theta: &[f64]| theta.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&end.theta), bits(&whole.theta), "{args:?}");
        assert_eq!(end.run.expect("here").evaluations, whole.run.expect("here").evaluations);
    }
}

#[test]
fn a_state_file_is_gone_on_with_and_removed_at_the_end() {
    let folder = tempfile::tempdir().expect("directory");
    let state = file(folder.path(), "state", interrupted(&plan(&[]), None, 40));
    let args = ["verify", "iris", "--evaluations", "90"];
    let resumed = json(&[&args[..], &["--state", &state]].concat());
    assert_eq!(resumed, json(&args));
    assert!(!std::path::Path::new(&state).exists());
}

#[test]
fn a_foreign_or_damaged_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("directory");
    let whole = interrupted(&plan(&[]), None, 5);
    let mut flipped = whole.clone();
    flipped[60] ^= 4;
    let cases: [(&[u8], &[&str]); 4] = [
        (b"text", &[]),
        (&whole[..whole.len() - 1], &[]),
        (&flipped, &[]),
        (&whole, &["--hidden", "9"]),
    ];
    for (bytes, rest) in cases {
        let state = file(folder.path(), "state", bytes);
        let output = fact(&[&["verify", "iris", "--state", &state], rest].concat());
        assert_eq!(output.status.code(), Some(2), "{rest:?}");
        let message = words(&output).1;
        assert!(message.starts_with("error: the state of training: "), "{message}");
        assert!(message.ends_with("or remove the file"), "{message}");
        assert_eq!(std::fs::read(&state).expect("read"), bytes);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_leaves_a_state() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().expect("directory");
    let state = folder.path().join("state");
    let path = state.to_str().expect("UTF-8");
    let child = Command::new(env!("CARGO_BIN_EXE_fact"))
        .args(["verify", "digits", "--tolerance", "1e-300", "--evaluations", "4000000000"])
        .args(["--state", path])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let number = child.id().to_string();
    // A handler that is not there yet lets the signal end the process: ask until it is.
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|m| m & 2 != 0))
    };
    let start = Instant::now();
    while !caught() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &number]).status().expect("kill").success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130), "{}", words(&output).1);
    let message = words(&output).1;
    assert!(message.starts_with("error: interrupted after "), "{message}");
    assert!(message.contains("The same command goes on from"), "{message}");
    assert!(output.stdout.is_empty() && state.is_file());
}
