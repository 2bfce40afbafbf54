//! Gradients of the core: derivatives of its own objective, and those of the oracle.

use fact_core::approx::Approx;
use fact_core::nn::Loss as CoreLoss;
use fact_core::scalar::Scalar;
use fact_tests::near::{assert_near, exact, largest};
use fact_tests::network::{self, Network};
use fact_tests::oracle::{Activation, Bias, Loss, Problem, STEP};
use fact_tests::{tolerance, workload};
use proptest::prelude::*;

/// Central differences of fourth order of the core's own objective.
fn by_differences(network: &Network<f64>) -> Vec<f64> {
    let mut moved = network.clone();
    let mut value = |index: usize, step: f64| {
        moved.theta[index] = network.theta[index] + step;
        let value = moved.gradient(network.samples.max(1)).0;
        moved.theta[index] = network.theta[index];
        value
    };
    (0..network.theta.len())
        .map(|index| {
            let near = value(index, STEP) - value(index, -STEP);
            let far = value(index, 2.0 * STEP) - value(index, -2.0 * STEP);
            (8.0 * near - far) / (12.0 * STEP)
        })
        .collect()
}

fn assert_derivative(problem: &Problem) {
    let network = Network::<f64>::new(problem);
    let (found, expected) = (network.gradient(1).1, by_differences(&network));
    let scale = largest(&expected).max(1.0);
    assert_near(&problem.name, &found, &expected, scale, tolerance::DIFFERENCES);
}

/// The first drawn problem of these dimensions without a value near a kink.
fn off_kinks(hidden: Activation, output: Activation, loss: Loss, bias: Bias) -> Problem {
    (0..1000)
        .map(|seed| {
            let widths = vec![3, 4, 3, 2];
            let mut problem =
                workload::instance(widths, 2, hidden, output, loss, bias, 0.125, seed);
            problem.name = format!("{hidden:?}, {output:?}, {loss:?}, {bias:?}, {}", problem.name);
            problem
        })
        .find(|problem| problem.kink_distance() > 16.0 * STEP)
        .unwrap()
}

#[test]
fn every_activation_loss_and_bias_has_the_gradient_of_its_values() {
    for hidden in Activation::ALL {
        for loss in Loss::ALL {
            for bias in Bias::ALL {
                assert_derivative(&off_kinks(hidden, Activation::Identity, loss, bias));
            }
        }
    }
}

#[test]
fn every_output_activation_and_loss_has_the_gradient_of_its_values() {
    for output in Activation::ALL {
        for loss in Loss::ALL {
            for hidden in [Activation::Tanh, Activation::LeakyRelu { slope: 0.25 }] {
                assert_derivative(&off_kinks(hidden, output, loss, Bias::Decayed));
            }
        }
    }
}

/// How large terms are before residuals, or samples, cancel.
fn scale(problem: &Problem) -> f64 {
    largest(&problem.gradient()).max(largest(&problem.without_targets().gradient())).max(1.0)
}

fn assert_oracle<T: Scalar>(problem: &Problem, tolerance: f64) {
    let network = Network::<T>::new(problem);
    let (value, gradient) = network.gradient(2);
    let objective = problem.objective();
    let terms = objective.max(problem.without_targets().objective()).max(1.0);
    assert_near(&problem.name, &[value], &[objective], terms, tolerance);
    assert_near(&problem.name, &exact(&gradient), &problem.gradient(), scale(problem), tolerance);
}

proptest! {
    #![proptest_config(workload::cases(192))]

    #[test]
    fn gradients_are_derivatives(problem in workload::problem_off_kinks()) {
        assert_derivative(&problem);
    }

    #[test]
    fn gradients_are_the_oracles(problem in workload::problem()) {
        assert_oracle::<f64>(&problem, tolerance::GOLDEN_F64);
    }

    #[test]
    fn gradients_are_the_oracles_f32(problem in workload::problem_off_kinks()) {
        assert_oracle::<f32>(&problem, tolerance::RANDOM_F32);
    }

    #[test]
    fn no_samples_leave_the_decay(mut problem in workload::problem()) {
        let (inputs, outputs) = (problem.widths[0], problem.widths[problem.depth()]);
        problem.x = fact_tests::dense::Matrix::zeros(0, inputs);
        problem.y = fact_tests::dense::Matrix::zeros(0, outputs);
        let (value, gradient) = Network::<f64>::new(&problem).gradient(1);
        assert_near(&problem.name, &[value], &[problem.objective()], 1.0, tolerance::GOLDEN_F64);
        // λ is a power of 2: not even rounding.
        prop_assert_eq!(gradient, problem.gradient());
    }
}

fn values_and_slopes<T: Scalar>(tolerance: f64) {
    for expected in Activation::ALL {
        let found = network::activation::<T>(expected);
        assert_eq!(found.degree().map(i32::from), expected.degree());
        for step in -64..=64 {
            let z = f64::from(step) / 16.0;
            let (value, slope) = found.value_and_slope(T::from_f64(z));
            let (value, slope) = (value.to_f64(), slope.to_f64());
            let what = format!("{expected:?} at {z}");
            let pair = [expected.value(z), expected.slope(z)];
            assert_near(&what, &[value, slope], &pair, largest(&pair).max(1.0), tolerance);
        }
    }
}

#[test]
fn activations_are_the_oracles() {
    values_and_slopes::<f64>(tolerance::ELEMENTARY * f64::EPSILON);
    values_and_slopes::<f32>(tolerance::ELEMENTARY * f64::from(f32::EPSILON));
    values_and_slopes::<Approx>(tolerance::APPROX);
}

fn far_values<T: Scalar>(large: f64) {
    for expected in Activation::ALL {
        // z² overflows by itself, and is meant to.
        if expected == Activation::Quadratic {
            continue;
        }
        for z in [large, -large] {
            let (value, slope) = network::activation::<T>(expected).value_and_slope(T::from_f64(z));
            let pair = [expected.value(z), expected.slope(z)];
            let what = format!("{expected:?} at {z:e}");
            assert_near(&what, &[slope.to_f64()], &pair[1..], 1.0, tolerance::GOLDEN_F32);
            assert_near(
                &what,
                &[value.to_f64() / large],
                &[pair[0] / large],
                1.0,
                tolerance::GOLDEN_F32,
            );
        }
    }
}

#[test]
fn activations_do_not_overflow_far_out() {
    for large in [50.0, 500.0, 1e5, 1e10] {
        far_values::<f64>(large);
        far_values::<f32>(large);
        far_values::<Approx>(large);
    }
}

#[test]
fn activations_keep_a_nan() {
    for activation in Activation::ALL {
        let (value, _) = network::activation::<f64>(activation).value_and_slope(f64::NAN);
        assert!(value.is_nan(), "{activation:?} makes {value} of a NaN");
        let (value, _) = network::activation::<f32>(activation).value_and_slope(f32::NAN);
        assert!(value.is_nan(), "{activation:?} makes {value} of a NaN");
    }
}

#[test]
fn cross_entropy_does_not_overflow_far_out() {
    for far in [100.0_f32, 1e4, 1e30] {
        let (f, y) = ([far, 0.0, -far], [0.0, 1.0, 0.0]);
        assert_eq!(CoreLoss::CrossEntropy.value(&f, &y), far);
        let mut delta = [1.0; 3];
        CoreLoss::CrossEntropy.pull_back(&f, &y, &mut delta);
        assert_eq!(delta, [1.0, -1.0, 0.0]);
    }
}

fn losses<T: Scalar>(tolerance: f64) {
    let (f, y) = ([0.5, -1.25, 2.0], [0.25, 0.5, 0.25]);
    let (f_t, y_t) = (workload::cast::<T>(&f), workload::cast::<T>(&y));
    for expected in Loss::ALL {
        let found = network::loss(expected);
        let what = format!("{expected:?}");
        let value = found.value(&f_t, &y_t).to_f64();
        assert_near(&what, &[value], &[expected.value(&f, &y)], 1.0, tolerance);
        let mut delta = workload::cast::<T>(&[1.0, 2.0, -1.0]);
        found.pull_back(&f_t, &y_t, &mut delta);
        let slope = expected.slope(&f, &y);
        let expected = [slope[0], 2.0 * slope[1], -slope[2]];
        assert_near(&what, &exact(&delta), &expected, 1.0, tolerance);
    }
}

#[test]
fn losses_are_the_oracles() {
    losses::<f64>(tolerance::ELEMENTARY * f64::EPSILON);
    losses::<f32>(tolerance::ELEMENTARY * f64::from(f32::EPSILON));
    losses::<Approx>(tolerance::APPROX);
}
