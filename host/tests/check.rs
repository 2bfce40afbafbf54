//! `fact check` and `fact check-traces`: networks trained elsewhere, as files.

use crate::command::{fact, file, fixture, iris, json, npy, words};
use fact_host::network::{self, Network};
use fact_host::plan::Precision;
use fact_tests::golden;
use fact_tests::near::assert_near;
use fact_tests::tolerance;
use std::path::Path;

/// The arguments for a network of `fixtures/pytorch`.
fn pytorch(net: &str, rest: &[&str]) -> Vec<String> {
    let file = |name: &str| fixture(&format!("pytorch/{name}"));
    let [net, x, y] = [file(&format!("{net}.safetensors")), file("x.npy"), file("y.npy")];
    let fixed = ["check", "--weights", &net, "--x", &x, "--y", &y];
    fixed.iter().chain(rest).map(|word| (*word).to_owned()).collect()
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

const DEEP: [&str; 7] =
    ["--activation", "tanh", "--loss", "ce", "--lambda", "3e-3", "--bias-decay"];

#[test]
fn a_network_that_pytorch_trained_to_a_critical_point_passes() {
    let (code, report) = json(&strs(&pytorch("deep", &DEEP)));
    assert_eq!((code, report["verdict"].as_str()), (0, Some("converged")));
    // "10.weight" comes last, not after "0.weight".
    assert_eq!(report["widths"], serde_json::json!([4, 8, 8, 8, 8, 8, 3]));
    assert_eq!(report["precision"], "f64");
    assert!(report["seed"].is_null() && report["evaluations"].is_null());
    let layers = report["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 6);
    for layer in layers {
        for claim in ["fact", "bfact"] {
            assert!(layer[claim]["pearson"].as_f64().expect("measured") >= 0.9999, "{layer}");
            assert!(layer[claim]["residual"].as_f64().expect("measured") <= 1e-5, "{layer}");
        }
        assert!(layer["nfa"]["pearson"].as_f64().expect("measured") < 0.9999);
    }
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let relu = ["--activation", "relu", "--loss", "mse", "--lambda"];
    let with = |rest: &[&'static str]| [&relu[..], rest].concat();
    let cases: [(&str, Vec<&str>, &str, &str); 7] = [
        ("relu", with(&["3e-3"]), "converged", "Converged: FACT holds in every layer"),
        ("relu", with(&["6e-3"]), "scaled", "--mse sum"),
        ("relu", with(&["3e-3", "--mse", "sum"]), "scaled", "--mse half"),
        ("relu", with(&["3e-3", "--mse", "mean"]), "scaled", "What fits: --mse half."),
        (
            "deep",
            ["--activation", "tanh", "--loss", "ce", "--lambda", "1.5e-3"].to_vec(),
            "scaled",
            "Either λ is 0.003, not 0.0015,",
        ),
        ("adamw", with(&["3e-3"]), "decoupled", "Decoupled decay suspected"),
        (
            "deep",
            ["--activation", "softplus", "--loss", "ce", "--lambda", "3e-3"].to_vec(),
            "not-converged",
            "Not converged: 6 of 6 layers are off",
        ),
    ];
    for (net, rest, verdict, text) in cases {
        let args = pytorch(net, &rest);
        let (code, report) = json(&strs(&args));
        assert_eq!(report["verdict"], verdict, "{args:?}");
        assert_eq!(code, i32::from(verdict != "converged"), "{args:?}");
        let output = fact(&strs(&args));
        assert!(words(&output).0.contains(text), "{}", words(&output).0);
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
    }
}

#[test]
fn a_saved_network_is_checked_as_it_was_measured() {
    let folder = tempfile::tempdir().expect("directory");
    let (x, y) = iris(folder.path());
    let model = folder.path().join("model.safetensors");
    let model = model.to_str().expect("UTF-8");
    let check = ["check", "--weights", model, "--x", &x, "--y", &y];
    for (training, verdict) in [
        (&["--bias", "decayed"][..], "converged"),
        (&["--precision", "f32"], "converged"),
        (&["--activation", "relu"], "kinks"),
        (&["--lambda", "10"], "collapsed"),
        (&["--lambda", "0", "--evaluations", "20"], "undefined"),
    ] {
        let (code, before) = json(&[&["verify", "iris", "--save", model], training].concat());
        let (again, after) = json(&check);
        assert_eq!((code, after["verdict"].as_str()), (again, Some(verdict)), "{training:?}");
        for field in ["widths", "activation", "loss", "lambda", "precision", "accuracy"] {
            assert_eq!(before[field], after[field], "{training:?} {field}");
        }
        // The inputs are standardised once by a quotient, once by a product.
        let number = |report: &serde_json::Value, field: &str| report[field].as_f64().expect(field);
        let (objective, expected) = (number(&after, "objective"), number(&before, "objective"));
        assert_near("objective", &[objective], &[expected], expected, tolerance::GOLDEN_F32);
    }
}

/// A golden network as files; the arguments for checking it.
fn as_files(folder: &Path, network: &golden::Network) -> Vec<String> {
    let weights = network::encode(&Network {
        widths: network.sizes.clone(),
        biased: network.bias,
        precision: Precision::F64,
        theta: network.theta.clone(),
        about: None,
    });
    let weights = file(folder, "net.safetensors", weights.expect("encoded"));
    let ends = [network.sizes[0], *network.sizes.last().expect("layers")];
    let x = file(folder, "x.npy", npy(network.n, ends[0], &network.x.data));
    let y = file(folder, "y.npy", npy(network.n, ends[1], &network.y.data));
    let activation = network.act.replace("srelu", "srelu:");
    let mut args = vec!["check", "--weights", &weights, "--x", &x, "--y", &y, "--loss"];
    args.push(&network.loss);
    args.extend(["--activation", &activation]);
    if network.loss == "mse" {
        args.extend(["--mse", &network.mse]);
    }
    if network.decay_bias == Some(true) {
        args.push("--bias-decay");
    }
    let lambda = network.lam.to_string();
    args.extend(["--lambda", &lambda]);
    args.into_iter().map(str::to_owned).collect()
}

#[test]
fn golden_networks_pass_through_files_to_their_expected_numbers() {
    let folder = tempfile::tempdir().expect("directory");
    for network in golden::networks() {
        let (code, report) = json(&strs(&as_files(folder.path(), &network)));
        assert_eq!(code, i32::from(!network.is_converged()), "{}", network.name);
        let near = |what: &str, found: &serde_json::Value, expected: Option<f64>| {
            let what = format!("{}: {what}", network.name);
            assert_eq!(found.is_null(), expected.is_none(), "{what}: {found}");
            let (Some(found), Some(expected)) = (found.as_f64(), expected) else { return };
            let scale = expected.abs().max(1.0);
            assert_near(&what, &[found], &[expected], scale, tolerance::golden_fact(network.lam));
        };
        near("objective", &report["objective"], Some(network.objective));
        near("gradient", &report["gradient_norm"], Some(network.grad_norm));
        for (layer, expected) in
            report["layers"].as_array().expect("layers").iter().zip(&network.layers)
        {
            for (claim, measure, name) in [
                ("fact", "pearson", "fact_pearson"),
                ("fact", "cosine", "fact_cos"),
                ("fact", "residual", "fact_rel"),
                ("fact", "bound", "fact_bound"),
                ("bfact", "pearson", "bfact_pearson"),
                ("bfact", "residual", "bfact_rel"),
            ] {
                near(name, &layer[claim][measure], expected.metrics.get(name));
            }
        }
    }
}

/// Weights, inputs and ∂ℓ/∂z of the last layer of a golden tanh network with half squared error.
fn traces(folder: &Path, network: &golden::Network) -> [String; 3] {
    let &[inputs, hidden, outputs] = network.sizes.as_slice() else { panic!("two layers") };
    let (first, last) = network.theta.split_at(hidden * inputs);
    let dot = |w: &[f64], h: &[f64]| w.iter().zip(h).map(|(w, h)| w * h).sum::<f64>();
    let (mut h, mut delta) = (Vec::new(), Vec::new());
    for (x, y) in network.x.data.chunks(inputs).zip(network.y.data.chunks(outputs)) {
        let unit: Vec<f64> = first.chunks(inputs).map(|w| dot(w, x).tanh()).collect();
        delta.extend(last.chunks(hidden).zip(y).map(|(w, y)| dot(w, &unit) - y));
        h.extend(unit);
    }
    [
        file(folder, "w.npy", npy(outputs, hidden, last)),
        file(folder, "h.npy", npy(network.n, hidden, &h)),
        file(folder, "d.npy", npy(network.n, outputs, &delta)),
    ]
}

#[test]
fn traces_of_a_layer_tell_fact_and_the_decay_it_was_trained_with() {
    let folder = tempfile::tempdir().expect("directory");
    let network = golden::network("g07_tanh_453_converged");
    let [w, h, d] = traces(folder.path(), &network);
    let args = ["check-traces", "--weight", &w, "--inputs", &h, "--deltas", &d];
    let (code, report) = json(&args);
    assert_eq!((code, report["verdict"].as_str()), (0, Some("converged")));
    assert_eq!(report["lambda_estimated"], true);
    let lambda = report["lambda"].as_f64().expect("estimated");
    assert_near("λ", &[lambda], &[network.lam], network.lam, tolerance::GOLDEN_CONVERGED);
    let text = words(&fact(&args)).0;
    assert!(text.contains("estimated: the one that fits best"), "{text}");
    assert!(text.contains("— NFA: not formed"), "{text}");

    let (stated, double) = (network.lam.to_string(), (2.0 * network.lam).to_string());
    let (code, report) = json(&[&args[..], &["--lambda", &stated]].concat());
    assert_eq!((code, report["lambda_estimated"].as_bool()), (0, Some(false)));
    assert!(report["fact"]["residual"].as_f64().expect("measured") <= tolerance::GOLDEN_CONVERGED);
    let (code, report) = json(&[&args[..], &["--lambda", &double]].concat());
    assert_eq!((code, report["verdict"].as_str()), (1, Some("scaled")));

    // Gradients of the wrong sign: no decay above 0 fits.
    let bytes = std::fs::read(&d).expect("read");
    let array = fact_host::data::npy::parse("d.npy".as_ref(), &bytes).expect("valid");
    let opposite: Vec<f64> = array.data.iter().map(|v| -v).collect();
    let d = file(folder.path(), "minus.npy", npy(array.rows(), array.columns(), &opposite));
    let (code, report) = json(&["check-traces", "--weight", &w, "--inputs", &h, "--deltas", &d]);
    assert_eq!((code, report["verdict"].as_str()), (1, Some("undefined")));
    assert!(report["lambda"].is_null());
}

#[test]
fn a_layer_used_twice_a_sample_needs_the_number_of_samples() {
    let folder = tempfile::tempdir().expect("directory");
    // One sample, W = 2, used on h = 1 and on h = 3 with δ = −½ each: λW = ½(1 + 3).
    let w = file(folder.path(), "w.csv", "2\n");
    let h = file(folder.path(), "h.csv", "1\n3\n");
    let d = file(folder.path(), "d.csv", "-0.5\n-0.5\n");
    let args = ["check-traces", "--weight", &w, "--inputs", &h, "--deltas", &d];
    let (code, report) = json(&[&args[..], &["--samples", "1", "--lambda", "1"]].concat());
    assert_eq!((code, report["n"].as_u64(), report["rows"].as_u64()), (0, Some(1), Some(2)));
    let (code, _) = json(&[&args[..], &["--lambda", "1"]].concat());
    assert_eq!(code, 1);
}

#[test]
fn a_weight_without_rows_is_refused() {
    let folder = tempfile::tempdir().expect("directory");
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    let length = [header.len() as u8, 0];
    let bytes = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &[1, 2, 3]].concat();
    let w = file(folder.path(), "w.npy", bytes);
    let output = fact(&["check-traces", "--weight", &w, "--inputs", &w, "--deltas", &w]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "w.npy: found 3 numbers in a single axis, expected a matrix, outputs × inputs.";
    assert!(words(&output).1.contains(expected), "{}", words(&output).1);
}

#[test]
fn the_output_directory_holds_report_and_matrices() {
    let folder = tempfile::tempdir().expect("directory");
    let out = folder.path().join("out");
    let args = pytorch("relu", &["--activation", "relu", "--loss", "mse", "--lambda", "3e-3"]);
    let output =
        fact(&[&strs(&args)[..], &["--json", "--out", out.to_str().expect("UTF-8")]].concat());
    assert_eq!(std::fs::read(out.join("report.json")).expect("written"), output.stdout);
    for name in ["layer0_fact.npy", "layer1_nfa.npy", "layer0.png", "layer1.svg"] {
        assert!(out.join(name).is_file(), "{name}");
    }
}
