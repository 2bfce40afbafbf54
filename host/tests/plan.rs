//! `fact plan` as a user meets it, and its numbers against those of the core and the images.

use fact_core::kernel::{predict_scratch, rfm};
use fact_core::nn::{Bias, Widths, optimizer::Optimizer, train};
use serde_json::Value;
use std::process::{Command, Output};

fn run(arguments: &str) -> Output {
    let words = arguments.split_whitespace();
    let output = Command::new(env!("CARGO_BIN_EXE_fact")).arg("plan").args(words).output();
    output.expect("the command starts")
}

/// Buffers as `(name, bytes)`, and their sum.
fn buffers(arguments: &str) -> (Vec<(String, u64)>, u64) {
    let output = run(&format!("{arguments} --json"));
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = report["buffers"].as_array().expect("a list").iter();
    let row = |row: &Value| {
        let bytes = row["bytes"].as_u64().expect("a number");
        (row["name"].as_str().expect("a name").to_owned(), bytes)
    };
    (rows.map(row).collect(), report["bytes"].as_u64().expect("a number"))
}

/// Bytes of the buffers of a firmware image, as they were found in its linked file.
fn linked(image: &str) -> Vec<(String, u64)> {
    let all = include_str!("../../firmware/record/statics.txt");
    let rows = all.lines().filter_map(|line| line.strip_prefix(image)?.trim().split_once(' '));
    rows.map(|(name, bytes)| (name.to_owned(), bytes.parse().expect("a number"))).collect()
}

#[test]
fn the_numbers_are_the_constants_of_the_core() {
    const WIDTHS: Widths<3> = Widths([64, 32, 10]);
    const PARAMS: usize = WIDTHS.params(Bias::Free);
    let lbfgs = Optimizer::<f64>::Lbfgs { pairs: 7 };
    for (precision, word) in [("f32", 4), ("f64", 8)] {
        let (found, sum) = buffers(&format!(
            "--widths 64,32,10 --bias free --optimizer lbfgs:7 --batch 3 --precision {precision}"
        ));
        let words = [PARAMS, train::memory(&lbfgs, PARAMS), train::step_scratch(&WIDTHS.0, 3)];
        let bytes: Vec<u64> = words.map(|words| word * words as u64).to_vec();
        assert_eq!(found.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), bytes);
        assert_eq!(sum, bytes.iter().sum::<u64>());
    }
    let (found, _) = buffers("--rfm 64,8,1");
    let words = [64 * 8, 64, 64, 64, rfm::fit_scratch(64, 8, 1), predict_scratch(64, 8, 1)];
    let bytes: Vec<u64> = found.into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(bytes, words.map(|words| 4 * words as u64));
}

#[test]
fn the_numbers_are_the_statics_of_the_linked_images() {
    for (image, arguments) in
        [("train", "--widths 4,8,3 --optimizer lbfgs:5"), ("rfm", "--rfm 40,8,1")]
    {
        let linked = linked(image);
        let (planned, _) = buffers(arguments);
        for buffer in &planned {
            assert!(linked.contains(buffer), "{image}: {buffer:?} is not among {linked:?}");
        }
    }
}

#[test]
fn a_step_of_descent_leaves_room_in_ten_kilobytes() {
    let (_, bytes) = buffers("--widths 64,32,10 --bias free --optimizer sgd");
    assert!(bytes <= 10 << 10, "{bytes}");
}

#[test]
fn the_table_says_what_fits_within_80_columns() {
    let output = run("--widths 64,32,10 --optimizer lbfgs:5 --batch 1 --rfm 64,8,1");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("nRF51822     Cortex-M0     16 KB  does not fit"), "{text}");
    assert!(text.contains("RP2040       Cortex-M0+   264 KB  fits"), "{text}");
}

#[test]
fn absurd_and_contradictory_plans_are_answered() {
    let (_, bytes) = buffers("--rfm 18446744073709551615,3,1");
    assert_eq!(bytes, u64::MAX);
    for (arguments, message) in [
        ("", "nothing to plan for"),
        ("--widths 64", "at least inputs and outputs"),
        ("--widths 64,0,10", "is not a width"),
        ("--rfm 64,8", "samples, inputs, outputs"),
        ("--widths 4,2 --optimizer sgd --batch 2", "one sample at a time"),
    ] {
        let output = run(arguments);
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.contains(message), "{arguments}: {text}");
    }
}
