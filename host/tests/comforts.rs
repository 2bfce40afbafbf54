//! Completions, manual pages, and the data that are compiled in.

use crate::command::{fact, fixture, json, words};
use fact_host::data::{self, BUILTIN, Format, Target, Task};

#[test]
fn every_shell_gets_completions_that_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = fact(&["completions", shell]);
        assert!(output.status.success());
        let text = words(&output).0;
        for name in ["verify", "check-traces", "export", "rfm", "--bias-decay"] {
            assert!(text.contains(name.trim_start_matches("--")), "{shell}: {name}");
        }
    }
    assert!(words(&fact(&["completions", "tcsh"])).1.contains("[possible values: bash, elvish"));
}

#[test]
fn there_is_a_manual_page_for_each_subcommand() {
    let folder = tempfile::tempdir().expect("directory");
    let out = folder.path().join("man1");
    assert!(fact(&["man", "--out", out.to_str().expect("UTF-8")]).status.success());
    for name in ["fact", "fact-verify", "fact-check", "fact-check-traces", "fact-data-export"] {
        let page = std::fs::read_to_string(out.join(format!("{name}.1"))).expect("written");
        assert!(page.contains(&format!(".TH {name} 1 ")), "{name}");
    }
    let page = fact(&["man"]);
    assert_eq!(page.stdout, std::fs::read(out.join("fact.1")).expect("written"));
}

#[test]
fn exported_data_read_back_the_same() {
    let (_, list) = json(&["data", "list"]);
    let names =
        list.as_array().expect("rows").iter().map(|row| row["name"].as_str().expect("name"));
    assert_eq!(names.collect::<Vec<_>>(), BUILTIN);
    for name in BUILTIN {
        let text = fact(&["data", "export", name]).stdout;
        let format = Format { task: Some(Task::Classify), ..Format::default() };
        let path = format!("{name}.csv");
        let read = data::parse(path.as_ref(), &text, &format).expect("valid");
        assert_eq!(read, data::builtin(name).expect("known").expect("valid"));
    }
    let refused = fact(&["data", "export", "cider"]);
    assert_eq!(refused.status.code(), Some(2));
    let expected = "no built-in data set \"cider\", expected one of digits, iris, wine,";
    assert!(words(&refused).1.contains(expected), "{}", words(&refused).1);
}

#[test]
fn mnist_is_read_from_its_files() {
    let folder = tempfile::tempdir().expect("directory");
    let images: Vec<u8> =
        [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0, 0, 0, 255, 255].to_vec();
    crate::command::file(folder.path(), "t10k-images-idx3-ubyte", images);
    crate::command::file(
        folder.path(),
        "t10k-labels-idx1-ubyte",
        [0, 0, 8, 1, 0, 0, 0, 4, 7, 2, 1, 0],
    );
    let set = data::idx::mnist(folder.path()).expect("valid");
    assert_eq!((set.n, set.d, set.outputs()), (4, 2, 10));
    assert_eq!(set.x[..4], [0.0, 1.0, 0.2, 0.0]);
    let Target::Classes { index, .. } = set.target else { panic!("classes") };
    assert_eq!(index, [7, 2, 1, 0]);
    let directory = folder.path().to_str().expect("UTF-8");
    let args = ["verify", "mnist", "--data-dir", directory, "--evaluations", "3", "--hidden", "2"];
    let (_, report) = json(&args);
    assert_eq!((report["dataset"].as_str(), report["n"].as_u64()), (Some("mnist"), Some(4)));

    crate::command::file(folder.path(), "t10k-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, 7]);
    for (args, message) in [
        (&args[..], "found 1 labels, expected 4, one for each image of"),
        (&["verify", "mnist"], "mnist needs --data-dir"),
        (&["verify", "iris", "--data-dir", directory], "--data-dir is for mnist"),
        (&["verify", "mnist", "--data-dir", "/nowhere"], "/nowhere: holds no MNIST files"),
    ] {
        let output = fact(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(words(&output).1.contains(message), "{}", words(&output).1);
    }
}

#[test]
fn bad_usage_of_check_and_export_is_answered_in_a_sentence() {
    let net = fixture("pytorch/relu.safetensors");
    let (x, y) = (fixture("pytorch/x.npy"), fixture("pytorch/y.npy"));
    let check = ["check", "--weights", &net, "--x", &x, "--y", &y];
    let loss = ["--activation", "relu", "--loss", "ce"];
    let cases: [(&[&str], &[&str], &str); 8] = [
        (&check, &[], "--activation is missing, and"),
        (&check, &["--activation", "relu"], "--loss is missing, and"),
        (&check, &loss, "--lambda is missing, and"),
        (&check, &["--loss", "ce", "--mse", "sum"], "it needs --loss mse"),
        (&check, &["--lambda", "-1"], "expected a number that is 0 or more"),
        (&["export", "--model", &net], &["--format", "safetensors"], "with --out"),
        (&["rfm", "fit", "--train", "iris"], &["--threads", "0"], "expected a whole number from 1"),
        (&["verify", "iris"], &["--threads", "none"], "expected a whole number from 1"),
    ];
    for (args, rest, message) in cases {
        let output = fact(&[args, rest].concat());
        assert_eq!(output.status.code(), Some(2), "{rest:?}");
        assert!(words(&output).1.contains(message), "{}", words(&output).1);
    }
}
