//! What is measured: agreement of two matrices, the certificate, and their reasons to be missing.

use fact_core::features::agreement::{Agreement, Sums, agreement};
use fact_core::features::{Missing, certificate, fact};
use fact_core::mat::MatMut;
use fact_core::nn::Loss as CoreLoss;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_tests::dense::{Matrix, cosine, pearson, relative_residual};
use fact_tests::near::assert_near;
use fact_tests::network::{Network, scratch};
use fact_tests::oracle::{Activation, Bias};
use fact_tests::{tolerance, workload};
use proptest::prelude::*;

/// The core's three measures against the literal ones.
fn assert_measures<T: Scalar>(a: &[f64], b: &[f64], tolerance: f64) {
    let found = agreement(&workload::cast::<T>(a), &workload::cast::<T>(b));
    let (a, b) = (Matrix::new(1, a.len(), a), Matrix::new(1, b.len(), b));
    let pairs = [
        ("Pearson", found.pearson, pearson(&a, &b)),
        ("cosine", found.cosine, cosine(&a, &b)),
        ("residual", found.residual, relative_residual(&a, &b)),
    ];
    for (what, found, expected) in pairs {
        match (found, expected) {
            (Ok(found), Some(expected)) => {
                assert_near(what, &[found], &[expected], expected.max(1.0), tolerance);
            }
            (Err(_), None) => {}
            (found, expected) => panic!("{what}: {found:?}, expected {expected:?}"),
        }
    }
}

/// Matrices of up to 12 entries, multiples of 1/8, with zero and constant ones among them.
fn entries() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let eighths = |range: std::ops::RangeInclusive<i32>| range.prop_map(|i| f64::from(i) / 8.0);
    (1_usize..=12).prop_flat_map(move |len| {
        let side = || {
            prop_oneof![
                8 => prop::collection::vec(eighths(-64..=64), len),
                1 => eighths(-2..=2).prop_map(move |value| vec![value; len]),
            ]
        };
        (side(), side())
    })
}

proptest! {
    #![proptest_config(workload::cases(256))]

    #[test]
    fn agreement_is_the_literal_one((a, b) in entries()) {
        assert_measures::<f64>(&a, &b, tolerance::GOLDEN_F64);
        assert_measures::<f32>(&a, &b, tolerance::GOLDEN_F64);
    }

    #[test]
    fn agreement_is_blind_to_what_it_says((a, b) in entries(), shift in -4_i32..=4) {
        let found = agreement(&a, &b);
        let moved: Vec<_> = a.iter().map(|a| 4.0 * a + f64::from(shift)).collect();
        let scaled: Vec<_> = a.iter().map(|a| 4.0 * a).collect();
        let near = |what: &str, x: Result<f64, Missing>, y: Result<f64, Missing>| {
            if let (Ok(x), Ok(y)) = (x, y) {
                assert_near(what, &[x], &[y], 1.0, tolerance::GOLDEN_F64);
            } else {
                assert_eq!(x.is_ok(), y.is_ok(), "{what}");
            }
        };
        // A constant that a shift makes zero stays without correlation, for another reason.
        near("Pearson, shifted", agreement(&moved, &b).pearson, found.pearson);
        near("Pearson, scaled", agreement(&scaled, &b).pearson, found.pearson);
        near("cosine, scaled", agreement(&scaled, &b).cosine, found.cosine);
        near("Pearson, swapped", agreement(&b, &a).pearson, found.pearson);
        near("cosine, swapped", agreement(&b, &a).cosine, found.cosine);
        let of_itself = agreement(&a, &a);
        if let (Ok(cosine), Ok(residual)) = (of_itself.cosine, of_itself.residual) {
            near("itself", Ok(cosine), Ok(1.0));
            prop_assert_eq!(residual, 0.0);
        }
        let doubled: Vec<_> = b.iter().map(|b| 2.0 * b).collect();
        if let Ok(residual) = agreement(&doubled, &b).residual {
            prop_assert_eq!(residual, 1.0);
        }
    }

    #[test]
    fn sums_take_entries_in_any_portions((a, b) in entries(), cut in 0_usize..=12) {
        let cut = cut.min(a.len());
        let mut sums = Sums::new();
        sums.add(&a[..cut], &b[..cut]);
        sums.add(&a[cut..], &b[cut..]);
        prop_assert_eq!(sums.agreement(), agreement(&a, &b));
    }
}

#[test]
fn what_cannot_be_measured_is_missing_with_its_reason() {
    let all = Agreement::missing;
    let varied = [1.0, -2.0, 0.5];
    assert_eq!(agreement::<f64>(&[], &[]), all(Missing::Empty));
    for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(agreement(&[1.0, broken, 2.0], &varied), all(Missing::NonFinite));
        assert_eq!(agreement(&varied, &[1.0, broken, 2.0]), all(Missing::NonFinite));
    }
    let zero = [0.0; 3];
    assert_eq!(agreement(&varied, &zero), all(Missing::Zero));
    let found = agreement(&zero, &varied);
    assert_eq!((found.pearson, found.cosine), (Err(Missing::Zero), Err(Missing::Zero)));
    assert_eq!(found.residual, Ok(1.0));
    let found = agreement(&[3.0; 3], &varied);
    assert_eq!(found.pearson, Err(Missing::Constant));
    assert!(found.cosine.is_ok() && found.residual.is_ok());
    // Constant but for rounding.
    let found = agreement(&[0.1, 0.1 + f64::EPSILON / 16.0, 0.1], &varied);
    assert_eq!(found.pearson, Err(Missing::Constant));
    // One entry has no correlation, but it has a direction and a size.
    let found = agreement(&[2.0], &[4.0]);
    assert_eq!(found.pearson, Err(Missing::Constant));
    assert_eq!((found.cosine, found.residual), (Ok(1.0), Ok(0.5)));
}

#[test]
fn agreement_near_overflow_is_a_number_or_missing() {
    for top in [1e100, 1e153, 0.9e154, 1.2e154, 1e200, f64::MAX] {
        for (a, b) in
            [([top, -top], [top, -top]), ([top, -top], [1.0, 2.0]), ([1.0, 2.0], [-top, top])]
        {
            let found = agreement(&a, &b);
            for measured in [found.pearson, found.cosine, found.residual] {
                match measured {
                    Ok(value) => assert!(value.is_finite(), "{a:?}, {b:?}: {found:?}"),
                    Err(reason) => assert_eq!(reason, Missing::NonFinite, "{a:?}, {b:?}"),
                }
            }
        }
    }
}

fn square(out: &mut [f64], width: usize) -> MatMut<'_, f64> {
    MatMut::new(out, width, width).unwrap()
}

#[test]
fn without_decay_fact_is_missing() {
    let problem = workload::instance(
        vec![2, 3, 1],
        3,
        Activation::Tanh,
        Activation::Identity,
        fact_tests::oracle::Loss::HalfSquared,
        Bias::None,
        0.0,
        1,
    );
    let network = Network::<f64>::new(&problem);
    let (objective, samples) = (network.objective(), network.samples());
    let gradient = network.gradient(1).1;
    let mut out = [0.0; 9];
    let mut memory = scratch(fact::from_samples_scratch(&network.widths, 3));
    let none = Ok(Err(Missing::NoDecay));
    let (w, g) = (network.weight(&network.theta, 0), network.weight(&gradient, 0));
    let view = square(&mut out[..4], 2);
    let lent = Scratch::new(&mut memory);
    assert_eq!(fact::from_samples(&objective, &network.theta, &samples, 0, view, lent), none);
    let view = square(&mut out, 3);
    let lent = Scratch::new(&mut memory);
    let found = fact::backward_from_samples(&objective, &network.theta, &samples, 0, view, lent);
    assert_eq!(found, none);
    assert_eq!(fact::from_gradient(0.0, w, g, square(&mut out[..4], 2)), none);
    assert_eq!(fact::backward_from_gradient(0.0, w, g, square(&mut out, 3)), none);
    let found = fact::agreement_from_gradient(0.0, w, g, Scratch::new(&mut memory)).unwrap();
    let missing = Agreement::missing(Missing::NoDecay);
    assert_eq!((found.fact, found.backward), (missing, missing));
    let bound = certificate::stopping_bound(&objective, &network.theta, &gradient);
    assert_eq!(bound, Ok(Err(Missing::NoDecay)));
}

#[test]
fn the_stopping_bound_is_never_below_the_residual_near_overflow() {
    // One weight w, f = wx: FACT = −(1/λ)·w·∂L/∂w, so that the residual is |g|/(λ|w|).
    for w in [1e-30_f32, 1e-3, 1.0, 1e9, 1e12, 1e18, 3e19, 1e30] {
        let widths = [1, 1];
        let architecture = fact_core::nn::Architecture {
            widths: &widths,
            hidden: fact_core::nn::Activation::Identity,
            output: fact_core::nn::Activation::Identity,
            bias: fact_core::nn::Bias::None,
        };
        let objective = fact_core::nn::objective::Objective {
            architecture,
            loss: CoreLoss::HalfSquared,
            lambda: 1e-3,
        };
        let found = certificate::stopping_bound(&objective, &[w], &[0.5 * w]).unwrap();
        match found {
            Ok(bound) => assert!((499.0..501.0).contains(&bound), "{w:e}: {bound}"),
            Err(reason) => {
                assert!(matches!(reason, Missing::NonFinite | Missing::Zero), "{w:e}: {reason:?}");
                assert!(!(1e-15..=1e15).contains(&w), "{w:e}: {reason:?}");
            }
        }
    }
}
