//! `fact rfm` as a user meets it.

use fact_host::experiment::Matrix;
use fact_host::report::encode;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

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

fn fit(args: &[&str]) -> Value {
    let output = fact(&[&["rfm", "fit", "--json", "--train"], args].concat());
    assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON on stdout")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn the_json_holds_these_keys_and_no_others() {
    let report = fit(&["modular:5,add,0.6", "--rounds", "2"]);
    let keys =
        |value: &Value| value.as_object().expect("object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&report), ["best_round", "features", "rounds"]);
    let rounds = report["rounds"].as_array().expect("rounds");
    assert_eq!(rounds.len(), 3);
    for (k, round) in rounds.iter().enumerate() {
        assert_eq!(
            keys(round),
            [
                "jitter",
                "metric_trace",
                "round",
                "tau_kprime_r2",
                "test_accuracy",
                "test_mse",
                "train_accuracy",
                "train_mse",
            ]
        );
        assert_eq!(round["round"], k);
        assert!((round["metric_trace"].as_f64().expect("trace") - 10.0).abs() < 1e-9);
        assert!((0.0..=1.0).contains(&round["tau_kprime_r2"].as_f64().expect("inner product")));
    }
    assert_eq!(report["best_round"], 2);
    let features = report["features"].as_array().expect("features");
    assert_eq!((features.len(), &features[5]["name"]), (10, &Value::from("y=0")));
    assert!(features[0]["importance"].as_f64().expect("number") > 0.0);
}

#[test]
fn a_parity_is_found_among_its_coordinates() {
    let report = fit(&["parity:12,2,300"]);
    let rounds = report["rounds"].as_array().expect("rounds");
    assert_eq!(rounds.last().expect("last")["test_accuracy"], 1.0);
    let mut features: Vec<(&str, f64)> = report["features"]
        .as_array()
        .expect("features")
        .iter()
        .map(|f| (f["name"].as_str().expect("name"), f["importance"].as_f64().expect("number")))
        .collect();
    features.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut support = [features[0].0, features[1].0];
    support.sort();
    assert_eq!(support, ["x3", "x9"]);
    // A radial kernel has no τ, a plain machine no rounds.
    assert!(rounds[0]["tau_kprime_r2"].is_null());
    let plain = fit(&["parity:12,2,300", "--update", "none"]);
    assert_eq!(plain["rounds"].as_array().expect("rounds").len(), 1);
}

#[test]
fn both_engines_and_every_update_give_the_same_report_and_a_seed_repeats_it() {
    for update in ["nfa", "fact", "fact-geomean", "fact-inner"] {
        let of = |engine| {
            fit(&[
                "iris", "--update", update, "--rounds", "2", "--select", "0.3", "--engine", engine,
            ])
        };
        let (fast, exact) = (of("fast"), of("exact"));
        assert_eq!(fast["best_round"], exact["best_round"]);
        for (a, b) in
            fast["rounds"].as_array().unwrap().iter().zip(exact["rounds"].as_array().unwrap())
        {
            let (a, b) = (a["train_mse"].as_f64().unwrap(), b["train_mse"].as_f64().unwrap());
            assert!((a - b).abs() < 1e-6 * b, "{update}: {a} {b}");
        }
        assert_eq!(fast, of("fast"));
    }
}

#[test]
fn a_file_is_fitted_saved_and_predicted_without_it() {
    let directory = tempfile::tempdir().expect("directory");
    let at = |name: &str| directory.path().join(name);
    let rows: Vec<String> = (0..60)
        .map(|k| (f64::from(k % 10) / 10.0, f64::from(k / 10)))
        .map(|(a, b)| {
            format!("{a},{b},{},{}\n", 100.0 + a * b, if a > 0.45 { "ja" } else { "nein" })
        })
        .collect();
    std::fs::write(at("train.csv"), format!("a,b,price,label\n{}", rows.concat()))
        .expect("written");
    let (train, model) = (at("train.csv"), at("kept.rfm"));
    for (target, ignored) in [("label", "price"), ("price", "label")] {
        // The other column is text or a target in disguise: without it.
        let text = std::fs::read_to_string(&train).expect("read");
        let drop = if ignored == "price" { 2 } else { 3 };
        let kept: Vec<String> = text
            .lines()
            .map(|line| {
                let fields: Vec<&str> = line.split(',').collect();
                let kept: Vec<&str> = (0..4).filter(|&k| k != drop).map(|k| fields[k]).collect();
                kept.join(",")
            })
            .collect();
        let file = at("one.csv");
        std::fs::write(&file, kept.join("\n")).expect("written");
        let output = fact(&[
            "rfm",
            "fit",
            "--train",
            path(&file),
            "--target",
            target,
            "--model",
            path(&model),
            "--bandwidth",
            "median",
            "--out",
            path(&at("out")),
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stderr(&output).starts_with("memory: "));
        for line in stdout(&output).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        std::fs::remove_file(&file).expect("removed");
        let query = at("query.csv");
        std::fs::write(&query, "note,b,a\nx,3,0.9\ny,1,0\n").expect("written");
        let output = fact(&["rfm", "predict", "--model", path(&model), "--data", path(&query)]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        let lines: Vec<&str> = text.lines().collect();
        if target == "label" {
            assert_eq!(lines, ["prediction", "ja", "nein"]);
            let args = [
                "rfm",
                "predict",
                "--probabilities",
                "--model",
                path(&model),
                "--data",
                path(&query),
            ];
            let text = stdout(&fact(&args));
            assert!(text.starts_with("prediction,probability ja,probability nein\nja,"), "{text}");
        } else {
            let values: Vec<f64> = lines[1..].iter().map(|v| v.parse().expect("number")).collect();
            assert!(
                (values[0] - 102.7).abs() < 0.3 && (values[1] - 100.0).abs() < 0.3,
                "{values:?}"
            );
        }
        for name in [
            "metric.npy",
            "dual.npy",
            "predictions.csv",
            "rounds.png",
            "rounds.svg",
            "metric.png",
            "metric.svg",
            "report.json",
        ] {
            let size = std::fs::metadata(at("out").join(name)).map_or(0, |file| file.len());
            assert!(size > 100, "{name}");
        }
    }
    // The metric of a run starts another one.
    let metric = at("out").join("metric.npy");
    let output = fact(&["rfm", "fit", "--train", "iris", "--metric", path(&metric)]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains(
        "found an array of shape (2, 2), expected a symmetric positive semi-definite 4×4"
    ));
}

#[test]
fn test_samples_of_one_class_are_scored_and_derivatives_are_those_of_the_predictions() {
    let directory = tempfile::tempdir().expect("directory");
    let at = |name: &str| directory.path().join(name);
    let (train, test, model) = (at("train.csv"), at("test.csv"), at("kept.rfm"));
    let rows = |rows: std::ops::Range<u32>| -> String {
        rows.map(|k| format!("{},{},{}\n", k % 7, k / 7, if k % 7 > 3 { "in" } else { "out" }))
            .collect()
    };
    std::fs::write(&train, format!("a,b,y\n{}", rows(0..49))).expect("written");
    std::fs::write(&test, format!("a,b,y\n{}", rows(14..17))).expect("written");
    let args = [path(&train), "--test", path(&test), "--model", path(&model)];
    let report = fit(&args);
    assert_eq!(report["rounds"][0]["test_accuracy"], 1.0);

    let (query, jacobian) = (at("query.csv"), at("jacobian.npy"));
    // Close enough for a difference quotient, far from every training sample.
    let step = 1e-4;
    let centre = [2.4, 3.3];
    let points = [[0.0, 0.0], [step, 0.0], [-step, 0.0], [0.0, step], [0.0, -step]]
        .map(|[a, b]| format!("{},{}\n", centre[0] + a, centre[1] + b));
    std::fs::write(&query, format!("a,b\n{}", points.concat())).expect("written");
    let regression = at("numbers.csv");
    let values: String =
        (0..49).map(|k| format!("{},{},{}\n", k % 7, k / 7, (k % 7) * (k / 7) + 9)).collect();
    std::fs::write(&regression, format!("a,b,y\n{values}")).expect("written");
    fit(&[path(&regression), "--task", "regress", "--model", path(&model)]);
    let output = fact(&[
        "rfm",
        "predict",
        "--model",
        path(&model),
        "--data",
        path(&query),
        "--jacobian",
        path(&jacobian),
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let f: Vec<f64> =
        stdout(&output).lines().skip(1).map(|line| line.parse().expect("number")).collect();
    let bytes = std::fs::read(&jacobian).expect("written");
    let file = npyz::NpyFile::new(&bytes[..]).expect("npy");
    assert_eq!(file.shape(), [5, 2]);
    let found = file.into_vec::<f64>().expect("numbers");
    for (found, difference) in found.iter().zip([f[1] - f[2], f[3] - f[4]]) {
        let expected = difference / (2.0 * step);
        assert!((found - expected).abs() < 1e-4 * expected.abs(), "{found} {expected}");
    }
}

#[test]
fn several_numeric_targets_are_fitted_at_once() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("two.csv");
    let rows: Vec<String> = (0..40)
        .map(f64::from)
        .map(|k| format!("{},{},{}\n", k / 9.0, (k / 9.0).sin(), 50.0 - k))
        .collect();
    std::fs::write(&file, format!("x,s,t\n{}", rows.concat())).expect("written");
    let args = [path(&file), "--target", "s,t", "--task", "regress", "--test", path(&file)];
    let report = fit(&args);
    let last = &report["rounds"][5];
    assert!(last["train_accuracy"].is_null());
    let (train, test) = (last["train_mse"].as_f64().unwrap(), last["test_mse"].as_f64().unwrap());
    assert!(train < 0.05 && (train - test).abs() < 1e-9, "{train} {test}");
}

#[test]
fn tuning_reports_the_settings_it_chose() {
    let output = fact(&["rfm", "fit", "--train", "iris", "--tune", "--rounds", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("tuned over 20 settings: bandwidth"), "{}", stdout(&output));
}

#[test]
fn a_scale_that_breaks_down_ends_the_fit_with_its_round() {
    let args =
        ["rfm", "fit", "--train", "modular:5,add,0.6", "--rescale", "none", "--rounds", "60"];
    let output = fact(&args);
    assert_eq!(code(&output), 2);
    let text = stderr(&output);
    assert!(text.contains("error: round ") && text.contains("--rescale trace"), "{text}");
    assert!(output.stdout.is_empty() && !text.contains("NaN"));
}

#[test]
fn bad_usage_and_bad_input_exit_2_with_one_message_and_no_output() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("some.csv");
    std::fs::write(&file, "a,b,y\n1,2,u\n3,1,v\n").expect("written");
    let some = path(&file);
    let metric = |name: &str, metric: &[f64]| {
        let file = directory.path().join(name);
        let data = metric.to_vec();
        let bytes = encode(&Matrix { nrows: 2, ncols: 2, data }).expect("encoded");
        std::fs::write(&file, bytes).expect("written");
        file
    };
    let negative = metric("negative.npy", &[-1.0, 0.0, 0.0, -1.0]);
    let askew = metric("askew.npy", &[1.0, 2.0, 0.0, 1.0]);
    let narrow = directory.path().join("narrow.csv");
    std::fs::write(&narrow, "a,b,y\n1,0,u\n3,1e-320,v\n").expect("written");
    let narrow = path(&narrow);
    let cases: [(&[&str], &str); 18] = [
        (
            &["fit", "--train", some, "--metric", path(&negative)],
            "the negative eigenvalue -1.000e0",
        ),
        (&["fit", "--train", some, "--metric", path(&askew)], "found 0 in row 2, column 1, and 2"),
        (
            &["fit", "--train", some, "--metric", "no.npy"],
            "(os error 2). Give a file that is there\n",
        ),
        (&["fit", "--train", narrow], "column 2: its numbers are too large, or differ too little"),
        (&["fit", "--train", "parity:3,4,5"], "expected parity:d,k,n"),
        (&["fit", "--train", "no.csv"], "no.csv: cannot be read"),
        (&["fit", "--train", ""], "--train is empty"),
        (&["fit", "--train", "iris", "--kernel", "rbf"], "expected laplace[:EXPONENT]"),
        (&["fit", "--train", "iris", "--kernel", "laplace:3"], "must be above 0 and at most 2"),
        (&["fit", "--train", "iris", "--bandwidth", "0"], "expected a number above 0, or median"),
        (&["fit", "--train", "iris", "--kernel", "quadratic", "--bandwidth", "2"], "no effect"),
        (&["fit", "--train", "iris", "--power", "2"], "--power is for --update nfa"),
        (&["fit", "--train", "iris", "--update", "none", "--rounds", "2"], "which fits once"),
        (&["fit", "--train", "lowrank:50,6", "--test", some], "bring their own test set"),
        (&["fit", "--train", "iris", "--test", some], "found 2 features and classes, expected 4"),
        (&["fit", "--train", some, "--select", "0.01"], "leaves 2 to fit and 0"),
        (&["fit", "--train", "lowrank:2000000,6"], "of memory and"),
        (&["predict", "--model", some, "--data", some], "something else than a model"),
    ];
    for (args, message) in cases {
        let output = fact(&[&["rfm"], args].concat());
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains(message), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_damaged_model_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let at = |name: &str| directory.path().join(name);
    let model = at("m.rfm");
    let output =
        fact(&["rfm", "fit", "--train", "iris", "--rounds", "0", "--model", path(&model), "-q"]);
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    let bytes = std::fs::read(&model).expect("read");
    let query = at("q.csv");
    std::fs::write(&query, "5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n").expect("written");
    let predict = || fact(&["rfm", "predict", "--model", path(&model), "--data", path(&query)]);
    assert_eq!(stdout(&predict()).lines().count(), 3);
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 4;
    for (bytes, message) in [
        (&bytes[..bytes.len() / 2], "the model is truncated"),
        (&changed[..], "the model is corrupted"),
        (&b"PK"[..], "something else than a model"),
    ] {
        std::fs::write(&model, bytes).expect("written");
        let output = predict();
        assert_eq!(code(&output), 2);
        assert!(
            stderr(&output).contains(message) && output.stdout.is_empty(),
            "{}",
            stderr(&output)
        );
    }
}
