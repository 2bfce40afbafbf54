//! What has to break the identity, and in the way the theory says.

use fact_core::features::Missing;
use fact_core::features::agreement::agreement;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::Stop;
use fact_core::nn::{Activation, Bias};
use fact_core::rng::Rng;
use fact_tests::near::assert_near;
use fact_tests::tolerance;

use fact_tests::minima::*;

#[test]
fn decoupled_decay_breaks_fact() {
    let decay = 1e-2;
    let network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 0.0);
    let adamw = Optimizer::Adam {
        rate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        decay,
        schedule: Schedule::Inverse { half: 2000 },
    };
    let (mut found, _, last) = run(&network, adamw, 6000, 0.0, 30);
    assert_eq!(last.bound, Err(Missing::NoDecay));
    found.lambda = decay;
    assert!(found.fit(30).accuracy().unwrap() >= 0.9);
    for layer in 0..found.depth() {
        let measured = fact(&found, layer);
        let (pearson, residual) = (measured.pearson.unwrap(), measured.residual.unwrap());
        // The fixed point has signs of the gradient for the weights' decay: the gradient, and FACT
        // with it, is far too small, and of another shape.
        assert!(pearson < 0.95, "layer {layer}: Pearson {pearson}");
        assert!((0.9..1.1).contains(&residual), "layer {layer}: residual {residual}");
    }
}

#[test]
fn no_decay_breaks_fact() {
    let mut network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 0.0);
    let lbfgs = Optimizer::Lbfgs { pairs: LBFGS };
    let (found, stop, last) = run(&network, lbfgs, 3000, 1e-8, 30);
    // Nothing certifies without decay, however small the gradient.
    assert!(stop != Stop::Converged);
    assert_eq!(last.bound, Err(Missing::NoDecay));
    network.theta = found.theta;
    network.lambda = 1e-2;
    for layer in 0..network.depth() {
        // No gradient, hence no FACT: nothing of WᵀW is explained.
        let residual = fact(&network, layer).residual.unwrap();
        assert!(residual > 0.9, "layer {layer}: residual {residual}");
    }
}

#[test]
fn twice_the_decay_halves_fact() {
    let mut found = minimum(&classes(&[4, 6, 3], Activation::Tanh, 1e-2));
    found.lambda *= 2.0;
    for layer in 0..found.depth() {
        for measured in [fact(&found, layer), bfact(&found, layer)] {
            // Pearson is blind to it; the residual is not.
            let near = tolerance::CONVERGED;
            assert_near("Pearson", &[measured.pearson.unwrap()], &[1.0], 1.0, near);
            assert_near("cosine", &[measured.cosine.unwrap()], &[1.0], 1.0, near);
            assert_near("residual", &[measured.residual.unwrap()], &[0.5], 1.0, near);
        }
    }
}

#[test]
fn noise_on_the_weights_shows() {
    let found = minimum(&classes(&[4, 6, 3], Activation::Tanh, 1e-3));
    let mut noisy = found.clone();
    let mut rng = Rng::new(1);
    let norm = found.theta.iter().map(|w| w * w).sum::<f64>().sqrt();
    let size = norm / (found.theta.len() as f64).sqrt();
    noisy.theta.iter_mut().for_each(|w| *w += 1e-4 * size * rng.normal::<f64>());
    for layer in 0..found.depth() {
        let (before, after) =
            (fact(&found, layer).residual.unwrap(), fact(&noisy, layer).residual.unwrap());
        // 1e-4 of noise is amplified by the curvature over λ.
        assert!((1e-3..1.0).contains(&after) && after > 1e4 * before, "{before:e} → {after:e}");
    }
}

#[test]
fn the_bias_has_no_part_in_bfact() {
    let mut network = classes::<f64>(&[4, 6, 3], Activation::Tanh, 1e-2);
    network.bias = Bias::Decayed;
    initialise(&mut network, 5);
    let found = minimum(&network);
    // z δᵀ in place of (Wh) δᵀ adds −(1/λ) b (∂L/∂b)ᵀ = b bᵀ where biases decay.
    for layer in 0..found.depth() {
        let bias: Vec<f64> =
            found.architecture().layers(&found.theta).unwrap().nth(layer).unwrap().bias.to_vec();
        let mut wrong = found.bfact(layer, 30);
        for (i, row) in wrong.chunks_mut(bias.len()).enumerate() {
            row.iter_mut().zip(&bias).for_each(|(entry, b)| *entry += bias[i] * b);
        }
        assert!(bfact(&found, layer).residual.unwrap() <= tolerance::CONVERGED);
        let residual = agreement(&wrong, &found.backward_neural(layer)).residual.unwrap();
        assert!(residual > 1e-3, "layer {layer}: {residual:e}");
    }
}
