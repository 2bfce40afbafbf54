use super::number::{decimal, hexadecimal, list};
use super::*;
use crate::network::{About, Standardization};
use crate::plan::Precision;

const VALUES: [f64; 9] =
    [0.0, -0.0, 1.0, -1.5, 0.1, 1e-310, f64::MIN_POSITIVE, f64::MAX, 1.0 / 3.0];

#[test]
fn decimals_read_back_to_the_bit() {
    for value in VALUES {
        let read: f64 = decimal(value, Precision::F64).parse().expect("a number");
        assert_eq!(read.to_bits(), value.to_bits());
        let narrow = value as f32;
        if narrow.is_finite() {
            let read: f32 = decimal(f64::from(narrow), Precision::F32).parse().expect("a number");
            assert_eq!(read.to_bits(), narrow.to_bits());
        }
    }
}

#[test]
fn hexadecimal_constants_are_those_of_c() {
    for (value, expected) in [
        (0.0, "0x0p+0"),
        (-0.0, "-0x0p+0"),
        (1.0, "0x1p+0"),
        (-1.5, "-0x1.8p+0"),
        (0.1, "0x1.999999999999ap-4"),
        (f64::MIN_POSITIVE, "0x1p-1022"),
        (5e-324, "0x0.0000000000001p-1022"),
        (f64::MAX, "0x1.fffffffffffffp+1023"),
    ] {
        assert_eq!(hexadecimal(value), expected);
    }
}

#[test]
fn lists_are_broken_into_lines() {
    let text = list((0..200).map(|k| format!("{}", 1.0 / f64::from(k + 3))));
    assert!(text.lines().all(|line| line.chars().count() <= 100 && line.starts_with("    ")));
    assert_eq!(text.matches(',').count(), 200);
}

#[test]
fn names_cannot_break_out_of_strings_and_comments() {
    let about = About {
        dataset: "a*/b\nc".to_owned(),
        activation: "relu".to_owned(),
        loss: "half-mse".to_owned(),
        lambda: 0.5,
        bias_decay: false,
        features: vec!["x\"y\\??/é".to_owned()],
        labels: Vec::new(),
        inputs: Some(Standardization { mean: vec![1.0], scale: vec![2.0] }),
        targets: None,
    };
    let network = Network {
        widths: vec![1, 1],
        biased: false,
        precision: Precision::F32,
        theta: vec![0.5],
        about: Some(about),
    };
    let model = Model { network: &network, activation: crate::plan::Activation::Relu };
    let header = c(&model);
    assert!(header.contains("trained on a* /bc, "), "{header}");
    assert!(header.contains(r#""x\042y\134\077\077/\303\251","#), "{header}");
    assert!(rust(&model).contains(r#""x\"y\\??/é","#));
    let value: serde_json::Value = serde_json::from_str(&json(&model)).expect("JSON");
    assert_eq!(value["features"][0], "x\"y\\??/é");
}
