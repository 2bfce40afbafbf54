use super::*;
use crate::plan::{Activation, Loss, Optimizer, Plan, Precision, Source, Standardize};

fn plan(args: &[&str]) -> Plan {
    verify(args).plan().expect("consistent")
}

fn verify(args: &[&str]) -> Box<Verify> {
    let Command::Verify(verify) = parse(args).expect("valid").command else {
        panic!("another command")
    };
    verify
}

fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(["fact", "verify"].iter().chain(args))
}

#[test]
fn the_definition_is_sound() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_data_set() {
    let digits = plan(&[]);
    assert_eq!(digits.source, Source::Builtin("digits"));
    assert_eq!(digits.standardize, Standardize::None);
    let training = &digits.training;
    assert_eq!(training.hidden, [32]);
    assert_eq!(training.activation, Activation::Srelu(0.1));
    assert_eq!(training.loss, Loss::HalfMse);
    assert_eq!((training.lambda, training.seed), (1e-3, 0));
    assert_eq!(training.precision, Precision::F64);
    assert_eq!(training.optimizer, Optimizer::Lbfgs(40));
    assert!(!digits.json && digits.out.is_none());

    let wine = plan(&["wine"]);
    assert_eq!((wine.training.hidden, wine.training.lambda), (vec![16, 16], 1e-2));
    assert_eq!(wine.standardize, Standardize::All);
    let iris = plan(&["iris"]).training;
    assert_eq!((iris.lambda, iris.activation), (3e-3, Activation::Tanh));
    assert!(matches!(plan(&["x.csv"]).source, Source::File(..)));
}

#[test]
fn deep_networks_decay_less_by_default() {
    assert_eq!(plan(&["wine", "--hidden", "8,8,8,8,8"]).training.lambda, 3e-3);
    let stated = plan(&["wine", "--hidden", "8,8,8,8,8", "--lambda", "0.02"]);
    assert_eq!(stated.training.lambda, 0.02);
}

#[test]
fn training_that_cannot_be_certified_is_shorter_by_default() {
    let usual = plan(&[]).training.evaluations;
    for args in [["--activation", "relu"], ["--optimizer", "adamw"], ["--lambda", "0"]] {
        assert!(plan(&args).training.evaluations < usual, "{args:?}");
    }
    assert_eq!(plan(&["--activation", "relu", "--evaluations", "7"]).training.evaluations, 7);
}

#[test]
fn names_of_activations_and_losses_read_back() {
    for name in [
        "identity",
        "relu",
        "srelu:0.25",
        "leaky-relu:0.1",
        "tanh",
        "sigmoid",
        "softplus",
        "gelu",
        "quadratic",
    ] {
        assert_eq!(plan(&["--activation", name]).training.activation.to_string(), name);
    }
    for name in ["half-mse", "mse-sum", "mse-mean", "ce"] {
        assert_eq!(plan(&["--loss", name]).training.loss.to_string(), name);
    }
    assert_eq!(plan(&["--optimizer", "lbfgs:5"]).training.optimizer, Optimizer::Lbfgs(5));
    assert!(plan(&["--hidden", "none"]).training.hidden.is_empty());
}

#[test]
fn bad_values_are_refused() {
    for args in [
        ["--hidden", "8,0"],
        ["--hidden", ""],
        ["--lambda", "-1"],
        ["--lambda", "nan"],
        ["--lambda", "inf"],
        ["--activation", "swish"],
        ["--activation", "srelu:0"],
        ["--activation", "tanh:1"],
        ["--optimizer", "lbfgs:0"],
        ["--optimizer", "adam:3"],
        ["--evaluations", "0"],
        ["--rate", "0"],
        ["--precision", "f16"],
        ["--tolerance", "0.2"],
    ] {
        assert!(parse(&args).is_err(), "{args:?}");
    }
}

#[test]
fn a_bad_number_is_answered_with_what_was_expected() {
    for (args, expected) in [
        (["--lambda", "-1"], "expected a number that is 0 or more"),
        (["--rate", "-1"], "expected a number above 0"),
        (["--seed", "-1"], "expected a whole number from 0"),
        (["--seed", "abc"], "expected a whole number from 0"),
        (["--evaluations", "0"], "expected a whole number from 1"),
        (["--evaluations", "-5"], "expected a whole number from 1"),
        (["--tolerance", "0.5"], "expected a number above 0 and at most 0.1"),
        (["--hidden", "-8"], "is not a width"),
    ] {
        let message = parse(&args).expect_err("bad").to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_decay_that_the_number_format_cannot_hold_is_refused() {
    let refused = |lambda, precision| {
        let args = ["iris", "--lambda", lambda, "--precision", precision];
        verify(&args).plan().is_err()
    };
    for (lambda, f32, f64) in [
        ("0", false, false),
        ("1e-30", false, false),
        ("1e-40", true, false),
        ("1e-60", true, false),
        ("1e-310", true, true),
        ("1e38", false, false),
        ("1e39", true, false),
    ] {
        assert_eq!((refused(lambda, "f32"), refused(lambda, "f64")), (f32, f64), "{lambda}");
    }
}

#[test]
fn contradictions_are_refused() {
    for args in [&["--rate", "0.1"][..], &["iris", "--target", "class"], &[""], &["--target", ""]] {
        assert!(verify(args).plan().is_err(), "{args:?}");
    }
}

fn reproduction(args: &[&str]) -> Result<crate::plan::Reproduction, String> {
    let words = ["fact", "reproduce"].iter().chain(args);
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    let Command::Reproduce(reproduce) = cli.command else { panic!("{args:?}") };
    reproduce.plan().map_err(|error| error.to_string())
}

#[test]
fn claims_are_named_one_or_all() {
    use crate::plan::{Scale, Work};
    let one = reproduction(&["dynamics", "--scale", "paper", "--seeds", "2"]).expect("valid");
    assert_eq!(one.work, Work::Claims(vec!["dynamics"]));
    assert_eq!((one.scale, one.seeds), (Scale::Paper, Some(2)));
    let all = reproduction(&["all"]).expect("valid");
    let Work::Claims(names) = &all.work else { panic!("{all:?}") };
    assert!(names.contains(&"agreement") && names.contains(&"falsify"), "{names:?}");
    let report = reproduction(&["report", "a", "b"]).expect("valid");
    assert_eq!(report.work, Work::Report(vec!["a".into(), "b".into()]));
}

#[test]
fn what_is_no_claim_or_contradicts_itself_is_refused_with_a_way_out() {
    for (args, expected) in [
        (&["agreemnt"][..], "expected agreement, dynamics"),
        (&["report"], "name the directories"),
        (&["report", "a", "--resume"], "report takes directories and --out only"),
        (&["agreement", "a"], "directories go with report"),
        (&["agreement", "--seeds", "0"], "expected a whole number from 1"),
        (&["agreement", "--data-dir", "no/such/folder"], "--data-dir no/such/folder"),
        (&["tabular", "--shard", "3/2"], "such as 1/4"),
        (&["tabular", "--shard", "1/2", "--merge", "a"], "cannot be used with"),
        (&["all", "--shard", "1/2"], "name it"),
    ] {
        let message = reproduction(args).expect_err("bad");
        assert!(message.contains(expected), "{message}");
    }
}
