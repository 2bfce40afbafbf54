//! Small networks and the minima that training finds for them.

use crate::network::{Network, scratch};
use fact_core::features::agreement::{Agreement, agreement};
use fact_core::features::neural;
use fact_core::nn::init::{self, Init};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Evaluation, Event, State, Stop, Training};
use fact_core::nn::{Activation, Bias, Loss};
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

pub const LBFGS: usize = 5;

/// Three classes of four inputs in two rings: 30 samples that no linear network separates.
pub fn classes<T: Scalar>(widths: &[usize], hidden: Activation<T>, lambda: f64) -> Network<T> {
    let (samples, mut rng) = (30, Rng::new(11));
    let (mut x, mut y) = (vec![], vec![]);
    for i in 0..samples {
        let class = i % 3;
        let centre = [[1.0, 0.0, -1.0, 0.5], [-1.0, 1.0, 0.0, -0.5], [0.0, -1.0, 1.0, 0.5]][class];
        let side = if i % 2 == 0 { 1.0 } else { 1.5 };
        x.extend(centre.map(|c| T::from_f64(side * c + 0.4 * rng.normal::<f64>())));
        y.extend((0..3).map(|k| T::from_f64(f64::from(u8::from(k == class)))));
    }
    let mut network = Network {
        widths: widths.to_vec(),
        hidden,
        output: Activation::Identity,
        bias: Bias::None,
        loss: Loss::HalfSquared,
        lambda: T::from_f64(lambda),
        theta: vec![],
        samples,
        x,
        y,
    };
    initialise(&mut network, 5);
    network
}

pub fn initialise<T: Scalar>(network: &mut Network<T>, seed: u64) {
    let mut theta = vec![T::ZERO; network.architecture().params()];
    init::fill(&network.architecture(), Init::Normal { gain: 1.0 }, seed, &mut theta).unwrap();
    network.theta = theta;
}

pub fn training<'a, T: Scalar>(
    network: &'a Network<T>,
    optimizer: Optimizer<T>,
    evaluations: u32,
    tolerance: f64,
) -> Training<'a, T> {
    Training { objective: network.objective(), optimizer, evaluations, tolerance, seed: 3 }
}

/// One of each, with a rate that changes.
pub fn optimizers<T: Scalar>() -> [Optimizer<T>; 4] {
    let number = T::from_f64;
    let schedule = Schedule::Inverse { half: 20 };
    [
        Optimizer::Sgd { rate: number(0.05), schedule },
        Optimizer::HeavyBall { rate: number(0.05), momentum: number(0.9), schedule },
        Optimizer::Adam {
            rate: number(0.01),
            beta1: number(0.9),
            beta2: number(0.999),
            epsilon: number(1e-8),
            decay: number(0.0),
            schedule,
        },
        Optimizer::Lbfgs { pairs: LBFGS },
    ]
}

/// Trains in blocks of `rows` samples until it stops.
pub fn run<T: Scalar>(
    network: &Network<T>,
    optimizer: Optimizer<T>,
    evaluations: u32,
    tolerance: f64,
    rows: usize,
) -> (Network<T>, Stop, Evaluation) {
    let training = training(network, optimizer, evaluations, tolerance);
    let mut theta = network.theta.clone();
    let mut memory = scratch(train::memory(&optimizer, theta.len()));
    let mut lent = scratch(train::step_scratch(&network.widths, rows));
    let mut state = State::new();
    loop {
        let lent = Scratch::new(&mut lent);
        let samples = network.samples();
        let event =
            train::step(&training, &mut state, &samples, &mut theta, &mut memory, lent).unwrap();
        if let Event::Stopped(stop, last) = event {
            return (Network { theta, ..network.clone() }, stop, last);
        }
    }
}

/// The minimum that L-BFGS finds, to a certificate of 1e-8.
pub fn minimum(network: &Network<f64>) -> Network<f64> {
    let lbfgs = Optimizer::Lbfgs { pairs: LBFGS };
    let (found, stop, last) = run(network, lbfgs, 20_000, 1e-8, network.samples);
    assert_eq!(stop, Stop::Converged, "{last:?}");
    found
}

/// FACT against `WᵀW`, from the samples.
pub fn fact<T: Scalar>(network: &Network<T>, layer: usize) -> Agreement {
    agreement(&network.fact(layer, network.samples), &network.neural(layer))
}

/// bFACT against `WWᵀ`, from the samples.
pub fn bfact<T: Scalar>(network: &Network<T>, layer: usize) -> Agreement {
    agreement(&network.bfact(layer, network.samples), &network.backward_neural(layer))
}

pub fn norm_squared(network: &Network<f64>, layer: usize) -> f64 {
    network.weight(&network.theta, layer).data().iter().map(|w| w * w).sum()
}

pub fn imbalance(network: &Network<f64>, layer: usize) -> f64 {
    let (below, above) =
        (network.weight(&network.theta, layer), network.weight(&network.theta, layer + 1));
    neural::imbalance(below, above, network.hidden.degree().unwrap()).unwrap().unwrap()
}
