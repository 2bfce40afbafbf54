use super::*;
use crate::experiment::*;
use crate::plan::*;
use fact_core::features::Missing;
use std::time::Duration;

fn run(outcome: &mut Outcome) -> &mut Run {
    outcome.run.as_mut().expect("trained here")
}

/// A made-up outcome of a 3-2-2 network.
pub(crate) fn sample() -> Outcome {
    let layer = |nrows: usize, ncols: usize| {
        let weights = Matrix {
            nrows,
            ncols,
            data: (0..nrows * ncols).map(|k| (k as f64 * 1.7).sin()).collect(),
        };
        let mut nfm = Matrix::zeros(ncols, ncols);
        for i in 0..ncols {
            for j in 0..ncols {
                nfm.data[i * ncols + j] =
                    (0..nrows).map(|k| weights.at(k, i) * weights.at(k, j)).sum();
            }
        }
        let agreement = Agreement {
            pearson: Ok(0.999_999_9),
            cosine: Ok(0.999_999_9),
            residual: Ok(1.2e-8),
            bound: Ok(2.3e-8),
        };
        let direction = Direction { power: 0.5, pearson: Ok(0.954), cosine: Ok(0.97) };
        Layer {
            weight_norm_squared: weights.norm().powi(2),
            weights,
            fact: Some(nfm.clone()),
            agop: Some(nfm.clone()),
            nfa: Some(nfm.clone()),
            egop: nfm.clone(),
            enfa: nfm.clone(),
            nfm,
            fact_agreement: agreement,
            bfact_agreement: agreement,
            nfa_agreement: direction,
            enfa_agreement: Direction { pearson: Err(Missing::Zero), ..direction },
        }
    };
    let layers = vec![PointLayer { fact: Some(0.5), nfa: Some(0.9) }; 2];
    let history = (0..40).map(|k| Point {
        evaluations: k * k,
        objective: 1.0 / (1.0 + f64::from(k)),
        gradient_norm: Some((-f64::from(k) / 2.0).exp()),
        bound: Some((5.0 - f64::from(k) / 2.0).exp()),
        layers: layers.clone(),
    });
    let training = Training {
        hidden: vec![2],
        activation: Activation::Srelu(0.1),
        loss: Loss::HalfMse,
        lambda: 1e-3,
        bias: Bias::None,
        seed: 0,
        precision: Precision::F64,
        optimizer: Optimizer::Lbfgs(10),
        rate: 1.0,
        evaluations: 1000,
        tolerance: 1e-6,
    };
    Outcome {
        dataset: "sample".to_owned(),
        n: 12,
        classes: Some(2),
        widths: vec![3, 2, 2],
        theta: vec![0.0; 10],
        setting: training.setting(),
        run: Some(Run {
            training,
            stop: Stop::Certified,
            evaluations: 512,
            elapsed: Duration::from_millis(1234),
        }),
        objective: Some(0.041),
        gradient_norm: Some(3e-9),
        accuracy: Some(0.994),
        r_squared: None,
        collapsed: false,
        layers: vec![layer(2, 3), layer(2, 2)],
        balance: None,
        history: history.collect(),
    }
}

#[test]
fn the_json_has_exactly_the_documented_fields_and_null_for_missing() {
    let value: serde_json::Value =
        serde_json::from_str(&Report::new(&sample()).to_json()).expect("JSON");
    let keys = |v: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = v.as_object().expect("object").keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&value).join(" "),
        "accuracy activation collapsed dataset evaluations gradient_norm lambda layers loss n \
         objective precision seed widths"
    );
    let layer = &value["layers"][0];
    assert_eq!(keys(layer).join(" "), "bfact enfa fact layer nfa weight_norm_squared");
    assert_eq!(keys(&layer["fact"]).join(" "), "bound cosine pearson residual");
    assert_eq!(keys(&layer["nfa"]).join(" "), "cosine pearson power");
    assert!(layer["enfa"]["pearson"].is_null());
    assert_eq!(layer["layer"], 0);
    assert_eq!(value["activation"], "srelu:0.1");
}

#[test]
fn the_table_fits_80_columns_and_shows_a_dash_for_missing() {
    let outcome = sample();
    let text = anstream::adapter::strip_str(&table(&outcome, &verdict(&outcome))).to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(text.contains("PASS"), "{text}");
    assert!(text.contains("\n— eNFA: all entries are zero\n"), "{text}");
}

#[test]
fn very_small_and_large_numbers_do_not_fill_the_line() {
    for (value, shown) in [(0.0, "0"), (1e-3, "0.001"), (1e-300, "1e-300"), (1.5e300, "1.5e300")] {
        let mut outcome = sample();
        outcome.setting.lambda = value;
        outcome.setting.activation = Activation::LeakyRelu(-value);
        let text = table(&outcome, &verdict(&outcome));
        assert!(text.contains(&format!("λ = {shown},")), "{text}");
        assert!(text.lines().take(4).all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn a_layer_of_one_input_is_judged_by_its_residual() {
    let mut outcome = sample();
    let layer = &mut outcome.layers[1];
    layer.nfm = Matrix { nrows: 1, ncols: 1, data: vec![2.0] };
    layer.fact_agreement.pearson = Err(Missing::Constant);
    assert!(verdict(&outcome).passed);
    let text = table(&outcome, &verdict(&outcome));
    assert!(text.contains("FACT: all entries are equal"), "{text}");
    outcome.layers[1].fact_agreement.residual = Ok(0.5);
    assert!(!verdict(&outcome).passed);
}

#[test]
fn a_verdict_needs_correlation_residual_and_a_live_network() {
    assert!(verdict(&sample()).passed);
    let failing = |change: &dyn Fn(&mut Outcome)| {
        let mut outcome = sample();
        change(&mut outcome);
        let verdict = verdict(&outcome);
        assert!(!verdict.passed);
        let text = anstream::adapter::strip_str(&table(&outcome, &verdict)).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        format!("{} {}", verdict.summary, verdict.reasons.join(" "))
    };
    let residual = failing(&|o| {
        o.layers[1].fact_agreement.residual = Ok(0.5);
        run(o).stop = Stop::Budget;
    });
    assert!(residual.contains("layer 1"), "{residual}");
    let missing = failing(&|o| o.layers[0].fact_agreement.pearson = Err(Missing::Constant));
    assert!(missing.contains("Pearson —") && missing.contains("all entries are equal"));
    let diverged = |optimizer| {
        failing(&|o| {
            o.layers.clear();
            run(o).stop = Stop::Diverged;
            run(o).training.optimizer = optimizer;
        })
    };
    assert!(diverged(Optimizer::Gd).contains("use --optimizer lbfgs"));
    let lbfgs = diverged(Optimizer::Lbfgs(10));
    assert!(lbfgs.contains("--standardize all") && !lbfgs.contains("--rate"), "{lbfgs}");
    assert!(failing(&|o| o.collapsed = true).contains("collapsed"));
    let kinks = failing(&|o| {
        o.setting.activation = Activation::Relu;
        o.layers[0].fact_agreement.pearson = Ok(0.9);
        o.balance = Some(1e-5);
    });
    assert!(kinks.contains("Kinks") && kinks.contains("1.0e-5"), "{kinks}");
    let adamw = failing(&|o| {
        run(o).training.optimizer = Optimizer::AdamW;
        o.layers[0].fact_agreement.pearson = Ok(0.0);
    });
    assert!(adamw.contains("outside the loss"), "{adamw}");
    let undefined = failing(&|o| {
        o.setting.lambda = 0.0;
        o.layers[0].fact_agreement = Agreement::missing(Missing::NoDecay);
    });
    assert!(undefined.contains("undefined"), "{undefined}");
}

#[test]
fn files_are_written_whole_and_can_be_written_again() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("a/b");
    for _ in 0..2 {
        let written = write(&path, &sample()).expect("written");
        assert_eq!(written.len(), 1 + 2 * 7 + 6);
        assert_eq!(std::fs::read_dir(&path).expect("listed").count(), written.len());
    }
    // A run of fewer layers leaves nothing of this one; files of others stay.
    for other in ["layer0.npy", "layer1_notes.npy", "layers.png", "data.csv"] {
        std::fs::write(path.join(other), "mine").expect("written");
    }
    let mut fewer = sample();
    fewer.layers.truncate(1);
    let written = write(&path, &fewer).expect("written");
    assert_eq!(written.len(), 1 + 7 + 4);
    assert_eq!(std::fs::read_dir(&path).expect("listed").count(), written.len() + 4);
    let bytes = std::fs::read(path.join("layer0_nfm.npy")).expect("read");
    assert_eq!(bytes.len(), 128 + 9 * 8);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().expect("temporary file");
    let error = files::prepare(file.path()).expect_err("a file is in the way");
    assert!(error.to_string().contains("Choose another place"), "{error}");
}
