//! `fact export`: constants that compile, run, and are the model's numbers to the bit.

#[path = "export/machine.rs"]
mod machine;
/// What the first test writes anew and compares.
#[path = "export/iris.rs"]
mod model;

use crate::command::{fact, file, fixture, json, words};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::{Loss, evaluate, objective::Objective};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::standardize;
use fact_host::network;
use std::path::Path;
use std::process::Command;

/// Trains and saves the model that `export/iris.rs` holds.
fn trained(folder: &Path) -> String {
    let path = folder.join("model.safetensors").to_str().expect("UTF-8").to_owned();
    let args = ["verify", "iris", "--precision", "f32", "--bias", "decayed", "--save", &path];
    assert_eq!(fact(&args).status.code(), Some(0));
    path
}

fn exported(model: &str, format: &str) -> String {
    let output = fact(&["export", "--model", model, "--format", format]);
    assert!(output.status.success(), "{}", words(&output).1);
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// The weights in a saved model, as the bits they were trained in.
fn saved(model: &str) -> Vec<u32> {
    let bytes = std::fs::read(model).expect("read");
    let network = network::parse(model.as_ref(), &bytes).expect("valid");
    bits(&network.theta.iter().map(|&v| v as f32).collect::<Vec<_>>())
}

#[test]
fn the_rust_module_is_what_the_command_writes_and_compiles_against_core() {
    let folder = tempfile::tempdir().expect("directory");
    let path = trained(folder.path());
    assert!(
        exported(&path, "rust") == include_str!("export/iris.rs"),
        "host/tests/export/iris.rs is out of date: write it with fact verify iris --precision f32 \
         --bias decayed --save FILE and fact export --model FILE --format rust"
    );
    assert_eq!(bits(&model::THETA), saved(&path));
}

#[test]
fn the_rust_module_runs() {
    let iris = fact_host::data::builtin("iris").expect("built in").expect("valid");
    let mut x: Vec<f32> = iris.x.iter().map(|&v| v as f32).collect();
    let y: Vec<f32> = iris.targets().iter().map(|&v| v as f32).collect();
    let rows = MatMut::new(&mut x, iris.n, iris.d).expect("fits");
    standardize::apply(&model::INPUT_MEAN, &model::INPUT_SCALE, rows).expect("fits");
    let x = MatRef::new(&x, iris.n, iris.d).expect("fits");
    let y = MatRef::new(&y, iris.n, model::LABELS.len()).expect("fits");
    let objective =
        Objective { architecture: model::ARCHITECTURE, loss: Loss::HalfSquared, lambda: 0.0 };
    let mut memory = vec![0.0; evaluate::fit_scratch(&model::WIDTHS.0, 1)];
    let samples = Samples::new(x, y).expect("fits");
    let fit = evaluate::fit(&objective, &model::THETA, &samples, Scratch::new(&mut memory));
    // The network that was exported, on the data that it was trained on.
    let folder = tempfile::tempdir().expect("directory");
    let (x, y) = crate::command::iris(folder.path());
    let weights = trained(folder.path());
    let (code, report) = json(&["check", "--weights", &weights, "--x", &x, "--y", &y]);
    assert_eq!(code, 0);
    assert_eq!(fit.expect("runs").accuracy(), report["accuracy"].as_f64());
    assert_eq!(model::FEATURES.len(), iris.d);
}

#[test]
fn json_and_safetensors_hold_the_same_bits() {
    let folder = tempfile::tempdir().expect("directory");
    let path = trained(folder.path());
    let value: serde_json::Value = serde_json::from_str(&exported(&path, "json")).expect("JSON");
    let mut theta = Vec::new();
    for layer in value["layers"].as_array().expect("layers") {
        let rows = layer["weight"].as_array().expect("rows").iter();
        let all = rows.flat_map(|row| row.as_array().expect("row"));
        theta.extend(all.chain(layer["bias"].as_array().expect("biases")));
    }
    let theta: Vec<f32> = theta.iter().map(|v| v.as_f64().expect("number") as f32).collect();
    assert_eq!(bits(&theta), saved(&path));
    assert_eq!(value["labels"], serde_json::json!(["setosa", "versicolor", "virginica"]));

    let copy = folder.path().join("copy.safetensors");
    let copy = copy.to_str().expect("UTF-8");
    let args = ["export", "--model", &path, "--format", "safetensors", "--out", copy];
    assert!(fact(&args).status.success());
    assert_eq!(std::fs::read(copy).expect("read"), std::fs::read(&path).expect("read"));
}

#[test]
fn the_c_header_compiles_without_a_warning_and_holds_the_same_bits() {
    let folder = tempfile::tempdir().expect("directory");
    let path = trained(folder.path());
    file(folder.path(), "model.h", exported(&path, "c"));
    let source = file(
        folder.path(),
        "main.c",
        "#include <stdio.h>\n#include <string.h>\n#include \"model.h\"\n\
         int main(void) {\n\
         for (int k = 0; k < FACT_PARAMS; k++) {\n\
         unsigned word; memcpy(&word, &fact_theta[k], 4); printf(\"%u\\n\", word); }\n\
         return fact_widths[0] != FACT_INPUTS || fact_widths[FACT_LAYERS] != FACT_OUTPUTS ||\n\
         strcmp(fact_labels[0], \"setosa\") || fact_input_mean[0] < 5 || fact_input_scale[0] < 1 ||\n\
         strcmp(fact_features[0], \"sepal_length_cm\") || strcmp(FACT_ACTIVATION, \"tanh\");\n}\n",
    );
    let program = folder.path().join("program");
    let warnings = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"];
    let compiled = Command::new("cc").args(warnings).arg(&source).arg("-o").arg(&program).output();
    let compiled = compiled.expect("a C compiler: rustc needs one as well");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().expect("runs");
    assert!(ran.status.success());
    let text = String::from_utf8(ran.stdout).expect("UTF-8");
    let words: Vec<u32> = text.lines().map(|line| line.parse().expect("a word")).collect();
    assert_eq!(words, saved(&path));
}

#[test]
fn a_foreign_network_is_exported_once_its_activation_is_said() {
    let deep = fixture("pytorch/deep.safetensors");
    let args = ["export", "--model", &deep, "--format", "c"];
    let refused = fact(&args);
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused).1.contains("Give the --activation"), "{}", words(&refused).1);
    let output = fact(&[&args[..], &["--activation", "tanh"]].concat());
    assert!(output.status.success());
    assert!(words(&output).0.contains("static const double fact_theta[FACT_PARAMS]"));
}

#[test]
fn a_kernel_machine_is_exported_to_the_bit() {
    let folder = tempfile::tempdir().expect("directory");
    let path = folder.path().join("m.rfm").to_str().expect("UTF-8").to_owned();
    let data = file(folder.path(), "a.csv", "a,b,y\n1,0,0.5\n2,1,0.7\n3,1,0.1\n4,0,0.25\n");
    for precision in ["f32", "f64"] {
        let fit = ["rfm", "fit", "--train", &data, "--precision", precision, "--model", &path];
        assert!(fact(&fit).status.success());
        let machine = fact_host::model::load(path.as_ref()).expect("valid");
        let value: serde_json::Value =
            serde_json::from_str(&exported(&path, "json")).expect("JSON");
        let copy = folder.path().join("m.safetensors");
        let out = copy.to_str().expect("UTF-8");
        let args = ["export", "--model", &path, "--format", "safetensors", "--out", out];
        assert!(fact(&args).status.success());
        let bytes = std::fs::read(&copy).expect("read");
        let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("valid");
        let rust = exported(&path, "rust");
        for (name, array) in
            [("metric", &machine.metric), ("x", &machine.x), ("dual", &machine.dual)]
        {
            let list = value[name].as_array().expect("numbers").iter();
            let list: Vec<f64> = list.map(|v| v.as_f64().expect("a number")).collect();
            assert_eq!(&list, array, "{name}");
            let data = tensors.tensor(name).expect("there").data().to_vec();
            let read: Vec<f64> = match precision {
                "f32" => {
                    data.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word).into()).collect()
                }
                _ => data.as_chunks().0.iter().map(|word| f64::from_le_bytes(*word)).collect(),
            };
            assert_eq!(&read, array, "{name}");
            let (_, text) =
                rust.split_once(&format!("pub static {}: ", name.to_uppercase())).unwrap();
            let (_, text) = text.split_once("= [").unwrap();
            let (text, _) = text.split_once("]").unwrap();
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let read: Vec<f64> = match precision {
                "f32" => items.map(|item| f64::from(item.parse::<f32>().unwrap())).collect(),
                _ => items.map(|item| item.parse().unwrap()).collect(),
            };
            assert_eq!(&read, array, "{name}");
        }
        let header = file(folder.path(), "m.h", exported(&path, "c"));
        let compiled = Command::new("cc")
            .args(["-std=c99", "-pedantic", "-fsyntax-only", "-x", "c", &header])
            .output()
            .expect("a C compiler");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    }
}

#[test]
fn the_machine_of_the_rust_module_predicts_what_the_command_predicts() {
    // `export/machine.rs` is what `fact export` writes of the model in `export/machine.rfm`.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/machine.rfm");
    assert!(
        exported(path, "rust") == include_str!("export/machine.rs"),
        "machine.rs is out of date"
    );
    let saved = fact_host::model::load(path.as_ref()).expect("valid");
    let query = [1.5, 0.5, 3.0, 0.25];
    let expected = saved.predict(&query, fact_host::plan::Engine::Exact).expect("predicted");
    let mut x = query.map(|v| v as f32);
    let rows = MatMut::new(&mut x, 2, 2).expect("fits");
    standardize::apply(&machine::INPUT_MEAN, &machine::INPUT_SCALE, rows).expect("fits");
    let predictor = machine::predictor().expect("fits");
    let mut out = [0.0_f32; 2];
    let mut memory = vec![0.0; fact_core::kernel::predict_scratch(4, 2, 1)];
    let x = MatRef::new(&x, 2, 2).expect("fits");
    let out_view = MatMut::new(&mut out, 2, 1).expect("fits");
    predictor.predict(x, out_view, Scratch::new(&mut memory)).expect("predicted");
    for (found, expected) in out.iter().zip(expected) {
        fact_tests::near::assert_near(
            "prediction",
            &[f64::from(*found)],
            &[expected],
            1.0,
            fact_tests::tolerance::GOLDEN_F32,
        );
    }
    assert_eq!(machine::FEATURES, ["a", "b"]);
    assert_eq!(machine::OUTPUT_MEAN.len(), 1);
}
