//! Training: what holds at the minima it finds and what the step API promises.

use fact_core::features::agreement::{Agreement, agreement};
use fact_core::features::{Missing, certificate};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Evaluation, Event, State, Stop};
use fact_core::nn::{Activation, Bias, Loss};
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::standardize;
use fact_tests::golden;
use fact_tests::near::{assert_near, bits};
use fact_tests::network::{Network, scratch};
use fact_tests::tolerance;

use fact_tests::minima::*;

// ---- minima --------------------------------------------------------------------------------------

#[test]
fn fact_holds_at_minima_of_smooth_networks() {
    let mut cases: Vec<Network<f64>> = [
        Activation::Identity,
        Activation::SmoothRelu { epsilon: 0.1 },
        Activation::Tanh,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Quadratic,
    ]
    .into_iter()
    .map(|hidden| classes(&[4, 6, 3], hidden, 1e-2))
    .collect();
    cases.push(classes(&[4, 5, 4, 3], Activation::Tanh, 3e-3));
    for (loss, bias) in [
        (Loss::CrossEntropy, Bias::None),
        (Loss::Squared, Bias::Free),
        (Loss::MeanSquared, Bias::Decayed),
        (Loss::CrossEntropy, Bias::Decayed),
    ] {
        let mut network = classes(&[4, 6, 3], Activation::Tanh, 1e-2);
        (network.loss, network.bias) = (loss, bias);
        initialise(&mut network, 5);
        cases.push(network);
    }
    for network in &cases {
        let found = minimum(network);
        for layer in 0..found.depth() {
            let what = format!("{:?} {:?} {:?}", found.hidden, found.loss, found.bias);
            for measured in [fact(&found, layer), bfact(&found, layer)] {
                let pearson = measured.pearson.unwrap();
                assert!(pearson >= 0.9999, "{what}, layer {layer}: Pearson {pearson}");
                let residual = measured.residual.unwrap();
                assert!(residual <= tolerance::CONVERGED, "{what}, layer {layer}: {residual:e}");
            }
            // Away from the minimum nothing of it holds.
            assert!(fact(network, layer).residual.unwrap() > 0.1, "{what}");
        }
        let fit = found.fit(7);
        assert!(!fit.collapsed() && fit.accuracy().unwrap() >= 0.8, "{:?}: {fit:?}", found.hidden);
    }
}

/// Iris, standardised, with one-hot targets.
fn iris(widths: &[usize], hidden: Activation<f64>, lambda: f64) -> Network<f64> {
    let text = std::fs::read_to_string(golden::fixtures().join("small/iris.csv")).unwrap();
    let (mut x, mut y, mut names) = (vec![], vec![], vec![]);
    for line in text.lines().skip(1) {
        let (features, class) = line.rsplit_once(',').unwrap();
        x.extend(features.split(',').map(|value| value.parse::<f64>().unwrap()));
        if !names.contains(&class) {
            names.push(class);
        }
        y.extend(
            names.iter().chain([&"", &""]).take(3).map(|&name| f64::from(u8::from(name == class))),
        );
    }
    let samples = x.len() / 4;
    let (mut mean, mut scale) = ([0.0; 4], [0.0; 4]);
    standardize::fit(MatRef::new(&x, samples, 4).unwrap(), &mut mean, &mut scale).unwrap();
    standardize::apply(&mean, &scale, MatMut::new(&mut x, samples, 4).unwrap()).unwrap();
    let mut network = Network { samples, x, y, ..classes(widths, hidden, lambda) };
    initialise(&mut network, 1);
    network
}

#[test]
fn fact_holds_on_iris_above_its_rivals() {
    let network = iris(&[4, 8, 3], Activation::SmoothRelu { epsilon: 0.1 }, 3e-3);
    assert_eq!(network.samples, 150);
    let found = minimum(&network);
    let accuracy = found.fit(50).accuracy().unwrap();
    assert!(accuracy >= 0.9, "accuracy {accuracy}");
    for layer in 0..found.depth() {
        let measured = fact(&found, layer);
        let pearson = measured.pearson.unwrap();
        assert!(pearson >= 0.9999 && measured.residual.unwrap() <= tolerance::CONVERGED);
        let enfa = agreement(&found.enfa(layer, 50), &found.neural(layer)).pearson.unwrap();
        assert!(enfa < pearson, "layer {layer}: eNFA {enfa}, FACT {pearson}");
        // AGOP is WᵀW at a linear last layer, so that s = 1 says nothing there.
        if layer + 1 < found.depth() {
            let agop = agreement(&found.agop(layer, 50), &found.neural(layer)).pearson.unwrap();
            assert!(agop < pearson, "layer {layer}: NFA {agop}, FACT {pearson}");
        }
    }
}

#[test]
fn fact_holds_at_minima_in_f32() {
    let network = classes::<f32>(&[4, 6, 3], Activation::Tanh, 1e-2);
    let lbfgs = Optimizer::Lbfgs { pairs: LBFGS };
    let (found, stop, last) = run(&network, lbfgs, 5000, 1e-3, 30);
    assert_eq!(stop, Stop::Converged, "{last:?}");
    for layer in 0..found.depth() {
        let measured = fact(&found, layer);
        assert!(measured.pearson.unwrap() >= 0.999 && measured.residual.unwrap() <= 1e-2);
    }
    // The floor of f32 is some eps/λ: a certificate of 1e-9 is out of reach, and is not given.
    let (found, stop, _) = run(&network, lbfgs, 3000, 1e-9, 30);
    assert_ne!(stop, Stop::Converged);
    for layer in 0..found.depth() {
        let residual = fact(&found, layer).residual.unwrap();
        assert!((1e-9..tolerance::FLOOR_F32).contains(&residual), "layer {layer}: {residual:e}");
    }
}

#[test]
fn homogeneous_layers_are_balanced_at_minima() {
    for (widths, hidden) in [
        (&[4, 6, 3][..], Activation::Identity),
        (&[4, 5, 4, 3], Activation::Identity),
        (&[4, 6, 3], Activation::Quadratic),
    ] {
        let found = minimum(&classes(widths, hidden, 1e-2));
        let k = f64::from(found.hidden.degree().unwrap());
        for layer in 0..found.depth() - 1 {
            // λ‖W_ℓ‖² = kλ‖W_{ℓ+1}‖², and so unit by unit.
            let (below, above) = (norm_squared(&found, layer), k * norm_squared(&found, layer + 1));
            let what = format!("{hidden:?}, layer {layer}");
            assert_near(&what, &[below], &[above], above, tolerance::CONVERGED);
            let unit = imbalance(&found, layer);
            assert!(unit <= tolerance::CONVERGED, "{what}: {unit:e}");
        }
        assert!(imbalance(&classes(widths, hidden, 1e-2), 0) > 0.1);
    }
}

#[test]
fn linear_layers_share_their_matrix_at_minima() {
    let found = minimum(&classes(&[4, 5, 4, 3], Activation::Identity, 1e-2));
    for layer in 0..found.depth() - 1 {
        let measured = agreement(&found.backward_neural(layer), &found.neural(layer + 1));
        assert!(measured.residual.unwrap() <= tolerance::CONVERGED, "{measured:?}");
    }
}

#[test]
fn kinked_layers_are_balanced_where_fact_may_fail() {
    for hidden in [Activation::Relu, Activation::LeakyRelu { slope: 0.1 }] {
        let network = classes(&[4, 6, 3], hidden, 1e-2);
        // L-BFGS stalls at a kink; small steps go on along it.
        let (start, _, _) = run(&network, Optimizer::Lbfgs { pairs: LBFGS }, 2000, 1e-8, 30);
        let (rate, momentum, schedule) = (0.02, 0.9, Schedule::Inverse { half: 1000 });
        let descent = Optimizer::HeavyBall { rate, momentum, schedule };
        let (found, _, _) = run(&start, descent, 6000, 0.0, 30);
        let unit = imbalance(&found, 0);
        assert!(unit <= tolerance::KINKS, "{hidden:?}: {unit:e}");
        if hidden == Activation::Relu {
            // Not for want of training: the point lies on kinks, where no gradient exists.
            let residual = fact(&found, 0).residual.unwrap();
            assert!(residual > 0.1, "residual {residual}");
        }
    }
}

#[test]
fn a_large_decay_collapses_and_is_told() {
    let network = classes::<f64>(&[4, 6, 3], Activation::Sigmoid, 1.0);
    let (found, _, _) = run(&network, Optimizer::Lbfgs { pairs: LBFGS }, 5000, 1e-8, 30);
    let fit = found.fit(30);
    assert!(fit.collapsed(), "{fit:?}");
    assert!(!minimum(&classes(&[4, 6, 3], Activation::Sigmoid, 1e-3)).fit(30).collapsed());
    // To nothing at all where the origin is the minimum: then there is nothing to agree with.
    let mut network = classes(&[4, 6, 3], Activation::Tanh, 2.0);
    network.theta.fill(0.0);
    let (found, stop, last) = run(&network, Optimizer::Lbfgs { pairs: LBFGS }, 10, 1e-8, 30);
    assert_eq!((stop, last.bound), (Stop::Stalled, Err(Missing::Zero)));
    assert_eq!(fact(&found, 0), Agreement::missing(Missing::Zero));
    assert!(found.fit(30).collapsed());
}

// ---- the step API --------------------------------------------------------------------------------

/// Trains with everything moved to new memory before each call, as if the power had failed.
fn run_interrupted<T: Scalar>(
    network: &Network<T>,
    optimizer: Optimizer<T>,
    evaluations: u32,
    rows: usize,
) -> (Vec<T>, Evaluation, usize) {
    let training = training(network, optimizer, evaluations, 0.0);
    let mut kept = (
        State::new(),
        network.theta.clone(),
        scratch(train::memory(&optimizer, network.theta.len())),
    );
    let mut calls = 0;
    loop {
        let (mut state, mut theta, mut memory) = kept;
        let mut lent = scratch(train::step_scratch(&network.widths, rows));
        let lent = Scratch::new(&mut lent);
        let samples = network.samples();
        let event =
            train::step(&training, &mut state, &samples, &mut theta, &mut memory, lent).unwrap();
        calls += 1;
        if let Event::Stopped(_, last) = event {
            return (theta, last, calls);
        }
        kept = (state, theta.clone(), memory.clone());
        theta.fill(T::from_f64(f64::NAN));
        memory.fill(T::from_f64(f64::NAN));
    }
}

fn interruptions_and_blocks<T: Scalar>() {
    let network = classes::<T>(&[4, 5, 3], Activation::Tanh, 1e-2);
    for optimizer in optimizers::<T>() {
        let (expected, _, last) = run(&network, optimizer, 25, 0.0, network.samples);
        assert_eq!(last.evaluations, 25, "{optimizer:?}");
        assert_ne!(bits(&expected.theta), bits(&network.theta));
        for rows in [1, 7, 30, 40] {
            let (again, _, last_again) = run(&network, optimizer, 25, 0.0, rows);
            assert_eq!(bits(&again.theta), bits(&expected.theta), "{optimizer:?}, {rows} rows");
            assert_eq!(last_again, last, "{optimizer:?}, {rows} rows");
            let (theta, last_again, calls) = run_interrupted(&network, optimizer, 25, rows);
            assert_eq!(bits(&theta), bits(&expected.theta), "{optimizer:?}, interrupted");
            assert_eq!(last_again, last, "{optimizer:?}, interrupted");
            // One block, or one sample, a call.
            let per_call = if matches!(optimizer, Optimizer::Sgd { .. }) { 1 } else { rows };
            assert_eq!(calls, 25 * 30_usize.div_ceil(per_call), "{optimizer:?}, {rows} rows");
        }
    }
}

#[test]
fn neither_interruptions_nor_blocks_change_a_bit() {
    interruptions_and_blocks::<f64>();
    interruptions_and_blocks::<f32>();
}

#[test]
fn every_optimizer_lowers_the_objective() {
    let network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 1e-2);
    let before = network.gradient(30).0;
    for optimizer in optimizers() {
        let (found, _, _) = run(&network, optimizer, 100, 0.0, 30);
        let after = found.gradient(30).0;
        assert!(after < 0.5 * before, "{optimizer:?}: {before} → {after}");
    }
    // No pairs: steepest descent with a line search.
    let (found, _, _) = run(&network, Optimizer::Lbfgs { pairs: 0 }, 100, 0.0, 30);
    assert!(found.gradient(30).0 < 0.5 * before);
}

#[test]
fn lbfgs_needs_few_evaluations() {
    let mut network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 1e-2);
    network.loss = Loss::CrossEntropy;
    let lbfgs = Optimizer::Lbfgs { pairs: LBFGS };
    let (_, stop, last) = run(&network, lbfgs, 20_000, 1e-8, 30);
    assert_eq!(stop, Stop::Converged);
    // Some 100; without the scaling `γ = sᵀy/yᵀy` of its first matrix some 400.
    assert!(last.evaluations <= 200, "{last:?}");
}

#[test]
fn heavy_ball_follows_its_formula() {
    let network = classes::<f64>(&[4, 5, 3], Activation::Tanh, 1e-2);
    let (rate, momentum) = (0.125, 0.5);
    let heavy = Optimizer::HeavyBall { rate, momentum, schedule: Schedule::Constant };
    let mut literal = network.clone();
    let mut velocity = vec![0.0; network.theta.len()];
    for evaluations in 1..10 {
        // Of the last evaluation no update is made.
        let (found, _, last) = run(&network, heavy, evaluations, 0.0, 30);
        assert_near("θ", &found.theta, &literal.theta, 1.0, tolerance::GOLDEN_F64);
        let (value, gradient) = literal.gradient(30);
        assert_near("L", &[last.objective], &[value], 1.0, tolerance::GOLDEN_F64);
        for ((velocity, gradient), theta) in
            velocity.iter_mut().zip(gradient).zip(&mut literal.theta)
        {
            *velocity = momentum * *velocity + gradient;
            *theta -= rate * *velocity;
        }
    }
}

#[test]
fn adam_follows_its_formula() {
    let network = classes::<f64>(&[4, 5, 3], Activation::Tanh, 1e-2);
    let (rate, beta1, beta2, epsilon, decay) = (0.01, 0.9, 0.99, 1e-8, 0.1);
    let schedule = Schedule::Constant;
    let adam = Optimizer::Adam { rate, beta1, beta2, epsilon, decay, schedule };
    let mut literal = network.clone();
    let params = network.theta.len();
    let (mut mean, mut square) = (vec![0.0; params], vec![0.0; params]);
    for t in 1..10 {
        let (found, _, _) = run(&network, adam, t, 0.0, 30);
        assert_near("θ", &found.theta, &literal.theta, 1.0, tolerance::ADAM);
        let gradient = literal.gradient(30).1;
        for i in 0..params {
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * gradient[i];
            square[i] = beta2 * square[i] + (1.0 - beta2) * gradient[i].powi(2);
            let (m, v) =
                (mean[i] / (1.0 - beta1.powi(t as i32)), square[i] / (1.0 - beta2.powi(t as i32)));
            literal.theta[i] =
                (1.0 - rate * decay) * literal.theta[i] - rate * m / (v.sqrt() + epsilon);
        }
    }
}

#[test]
fn heavy_ball_reaches_the_certificate() {
    let network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 3e-2);
    let (rate, schedule) = (0.1, Schedule::Constant);
    let evaluations = |momentum: f64, tolerance: f64| {
        let heavy = Optimizer::HeavyBall { rate, momentum, schedule };
        let (found, stop, last) = run(&network, heavy, 20_000, tolerance, 30);
        assert_eq!(stop, Stop::Converged, "{last:?}");
        // Of the gradient at θ itself, not of the velocity.
        let objective = found.objective();
        let gradient = found.gradient(30).1;
        let bound = certificate::stopping_bound(&objective, &found.theta, &gradient).unwrap();
        assert_eq!(last.bound, bound);
        assert!(bound.unwrap() <= tolerance);
        for layer in 0..found.depth() {
            assert!(fact(&found, layer).residual.unwrap() <= tolerance);
        }
        last.evaluations
    };
    let needed = [1e-3, 1e-5, 1e-7].map(|tolerance| evaluations(0.95, tolerance));
    // The restarts that certify must not cost the momentum its speed.
    let descent = evaluations(0.0, 1e-5);
    assert!(descent > 3 * needed[1], "{needed:?}, without momentum {descent}");
}

#[test]
fn an_epoch_of_sgd_meets_each_sample_once() {
    let network = classes::<f64>(&[4, 5, 3], Activation::Tanh, 1e-2);
    // At rate 0 the weights stay, and the mean loss met is the data loss.
    let still = Optimizer::Sgd { rate: 0.0, schedule: Schedule::Constant };
    let (found, stop, last) = run(&network, still, 3, 0.0, 1);
    assert_eq!((stop, last.evaluations), (Stop::Exhausted, 3));
    assert_eq!(bits(&found.theta), bits(&network.theta));
    let expected = network.fit(1).loss;
    assert_near("mean loss", &[last.objective], &[expected], expected, tolerance::GOLDEN_F64);
    assert_eq!(
        (last.gradient_norm, last.bound),
        (Err(Missing::NotFormed), Err(Missing::NotFormed))
    );
    // The order is drawn anew from the seed.
    let moving = Optimizer::Sgd { rate: 0.05, schedule: Schedule::Constant };
    let (one, _, _) = run(&network, moving, 2, 0.0, 1);
    let (again, _, _) = run(&network, moving, 2, 0.0, 1);
    assert_eq!(bits(&one.theta), bits(&again.theta));
}

#[test]
fn no_samples_leave_nothing_to_learn() {
    let mut network = classes::<f64>(&[4, 3, 3], Activation::Tanh, 0.5);
    (network.samples, network.x, network.y) = (0, vec![], vec![]);
    for optimizer in optimizers() {
        let (found, stop, last) = run(&network, optimizer, 50, 1e-8, 1);
        assert!(stop != Stop::Converged, "{optimizer:?}: {last:?}");
        assert!(found.theta.iter().all(|w| w.is_finite()));
    }
}

#[test]
fn the_evaluation_reports_what_it_evaluated() {
    let network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 1e-2);
    let (found, _, last) = run(&network, Optimizer::Lbfgs { pairs: LBFGS }, 40, 0.0, 30);
    let (value, gradient) = found.gradient(30);
    assert_eq!(last.objective, value);
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let exact = tolerance::GOLDEN_F64;
    assert_near("‖∇L‖", &[last.gradient_norm.unwrap()], &[norm], norm, exact);
    let worst = (0..found.depth()).map(|layer| fact(&found, layer).residual.unwrap());
    assert!(worst.fold(0.0, f64::max) <= last.bound.unwrap());
}
