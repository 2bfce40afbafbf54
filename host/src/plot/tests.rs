use super::*;
use crate::report::tests::sample;

#[test]
fn every_layer_and_the_training_are_drawn_in_both_formats() {
    let pictures = pictures(&sample()).expect("drawn");
    let names: Vec<&str> = pictures.iter().map(|p| p.name.as_str()).collect();
    let expected =
        ["layer0.png", "layer0.svg", "layer1.png", "layer1.svg", "training.png", "training.svg"];
    assert_eq!(names, expected);
    for picture in &pictures {
        let start: &[u8] = if picture.name.ends_with("png") { b"\x89PNG" } else { b"<svg" };
        assert!(picture.bytes.starts_with(start), "{}", picture.name);
    }
}

#[test]
fn missing_and_degenerate_values_are_drawn_too() {
    let mut outcome = sample();
    for layer in &mut outcome.layers {
        layer.fact = None;
        layer.fact_agreement =
            crate::experiment::Agreement::missing(fact_core::features::Missing::NoDecay);
        layer.nfm.data.fill(0.0);
        layer.nfa.as_mut().expect("formed").data.fill(f64::NAN);
    }
    for point in &mut outcome.history {
        point.objective = f64::INFINITY;
        point.gradient_norm = Some(0.0);
        point.bound = None;
    }
    assert_eq!(pictures(&outcome).expect("drawn").len(), 6);
}
