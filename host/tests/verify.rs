//! The command as a user meets it: exit codes, what goes to stdout, what goes to stderr.

use std::process::{Command, Output, Stdio};

fn fact(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fact")).args(args).output().expect("runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("exited")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn json(args: &[&str]) -> (i32, serde_json::Value) {
    let output = fact(&[args, &["--json"]].concat());
    (code(&output), serde_json::from_slice(&output.stdout).expect("JSON on stdout"))
}

#[test]
fn iris_and_wine_reach_a_critical_point_where_fact_beats_its_rivals() {
    for (precision, least, most) in [("f64", 0.9999, 1e-3), ("f32", 0.999, 1e-2)] {
        for data in ["iris", "wine"] {
            let (code, report) = json(&["verify", data, "--precision", precision]);
            assert_eq!(code, 0, "{data} {precision}");
            assert!(report["accuracy"].as_f64().expect("classes") >= 0.99);
            for layer in report["layers"].as_array().expect("layers") {
                let pearson = |name: &str| layer[name]["pearson"].as_f64().expect("measured");
                let residual = layer["fact"]["residual"].as_f64().expect("measured");
                assert!(pearson("fact") >= least && residual <= most, "{data} {precision}");
                assert!(residual <= layer["fact"]["bound"].as_f64().expect("certified"));
                assert!(pearson("fact") > pearson("nfa") && pearson("fact") > pearson("enfa"));
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let args = ["verify", "iris", "--seed", "3", "--json"];
    assert_eq!(fact(&args).stdout, fact(&args).stdout);
    assert_ne!(fact(&args).stdout, fact(&["verify", "iris", "--seed", "4", "--json"]).stdout);
}

#[test]
fn training_that_goes_in_circles_ends_before_its_budget() {
    let args = ["verify", "iris", "--precision", "f32", "--tolerance", "1e-9"];
    let (code, report) = json(&args);
    assert_eq!(code, 0);
    assert!(report["evaluations"].as_u64().expect("counted") < 10_000, "{report}");
    assert!(report["layers"][0]["fact"]["residual"].as_f64().expect("measured") < 1e-3);
}

#[test]
fn a_dash_in_the_table_comes_with_its_reason() {
    let text = stdout(&fact(&["verify", "iris", "--hidden", "1"]));
    assert!(text.contains("— bFACT, FACT"), "{text}");
    assert!(text.contains("all entries are equal"), "{text}");
    let text = stdout(&fact(&["verify", "iris", "--lambda", "0", "--evaluations", "5"]));
    assert!(text.contains("— FACT, bFACT, bound: undefined without decay"), "{text}");
}

#[test]
fn what_must_fail_fails_and_says_why() {
    let cases: [(&[&str], &str); 5] = [
        (&["--optimizer", "gd", "--rate", "1e9"], "training diverged"),
        (
            &["--optimizer", "adamw", "--evaluations", "600"],
            "AdamW decays weights outside the loss",
        ),
        (&["--lambda", "0", "--evaluations", "50"], "λ = 0"),
        (&["--activation", "relu", "--evaluations", "600"], "balance test"),
        (&["--evaluations", "3"], "Raise --evaluations"),
    ];
    for (args, reason) in cases {
        let output = fact(&[&["verify", "iris"], args].concat());
        assert_eq!(code(&output), 1, "{args:?}");
        let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("FAIL") && text.contains(reason), "{text}");
    }
}

#[test]
fn without_decay_fact_is_missing_and_not_a_number_of_any_kind() {
    let (code, report) = json(&["verify", "iris", "--lambda", "0", "--evaluations", "50"]);
    assert_eq!(code, 1);
    assert!(report["layers"][0]["fact"]["pearson"].is_null());
    assert!(report["layers"][0]["fact"]["bound"].is_null());
    assert!(report["layers"][0]["nfa"]["pearson"].is_f64());
}

#[test]
fn bad_usage_and_bad_input_exit_2_with_one_message_and_no_output() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("bad.csv");
    std::fs::write(&file, "a,b,y\n1,2,u\n3,x,v\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 10] = [
        (&["verify", "no-such-file.csv"], "no-such-file.csv: cannot be read"),
        (&["verify", file], "bad.csv, line 3, column 2 \"b\": found \"x\", expected a number"),
        (&["verify", "iris", "--hidden", "0"], "not a width"),
        (&["verify", "iris", "--rate", "0.1"], "--rate has no effect"),
        (&["verify", "iris", "--target", "class"], "built-in sets know theirs"),
        (&["verify", "iris", "--out", file], "cannot be written"),
        (&["verify", ""], "DATA is empty"),
        (&["verify", "iris", "--hidden", "65536,65536"], "bytes of memory"),
        (&["verify", "iris", "--lambda", "1e-50", "--precision", "f32"], "range of f32"),
        (&["verif"], "unrecognized subcommand"),
    ];
    for (args, message) in cases {
        let output = fact(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_file_with_a_numeric_target_is_a_regression() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("line.csv");
    let rows: Vec<String> = (0..40)
        .map(|k| f64::from(k) / 10.0)
        .map(|x| format!("{},{},{}\n", x, x * x, 1000.0 + 50.0 * x.sin()))
        .collect();
    std::fs::write(&file, rows.concat()).expect("written");
    let path = file.to_str().expect("UTF-8");
    let (code, report) = json(&["verify", path, "--activation", "tanh"]);
    assert_eq!(code, 0);
    assert!(report["accuracy"].is_null());
    assert_eq!(report["dataset"], "line");
    assert!(stdout(&fact(&["verify", path, "--activation", "tanh"])).contains("R² 0.9"));
    assert_eq!(self::code(&fact(&["verify", path, "--loss", "ce"])), 2);
}

#[test]
fn the_output_directory_holds_report_matrices_and_pictures() {
    let directory = tempfile::tempdir().expect("directory");
    let out = directory.path().join("new/results");
    let output = fact(&["verify", "iris", "--json", "--out", out.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 0);
    let report = std::fs::read(out.join("report.json")).expect("written");
    assert_eq!(report, output.stdout);
    for name in ["layer0_nfm.npy", "layer0_fact.npy", "layer1_agop.npy", "layer1_egop.npy"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    for name in ["layer0.png", "layer1.svg", "training.png", "training.svg"] {
        let size = std::fs::metadata(out.join(name)).map_or(0, |file| file.len());
        assert!(size > 2000, "{name}");
    }
}

#[test]
fn a_closed_pipe_is_not_an_error_and_pipes_get_no_colour_and_no_progress() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fact"))
        .args(["verify", "iris"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), 0);
    assert_eq!(stderr(&output), "");
    assert!(!stdout(&fact(&["verify", "iris"])).contains('\u{1b}'));
}
