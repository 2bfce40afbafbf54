//! The network of claim 4: two layers with a quadratic activation.

use super::modular::GROKKED;
use crate::data::Operation;
use crate::data::Synthetic;
use crate::engine::{self, Problem};
use crate::error::Result;
use crate::plan::{Activation, Bias, Loss, Optimizer, Precision, Training};
use crate::progress::Share;
use crate::reproduce::machine::kept;
use crate::reproduce::modular::Order;
use crate::reproduce::network::{LayerRecord, measure};
use fact_core::nn::evaluate;
use fact_core::scratch::Scratch;
use serde::{Deserialize, Serialize};

/// A network on one split of the table of addition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkCell {
    p: usize,
    fraction: f64,
    width: usize,
    lambda: f64,
    evaluations: u32,
    pub(super) seed: u64,
    /// Whether the matrices of its first layer are kept, for a picture.
    keep: bool,
}

/// What is found of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkRecord {
    pub(super) moments: Vec<Moment>,
    /// Its layers at the end.
    pub(super) layers: Vec<LayerRecord>,
    /// Hankel deviation of `WᵀW` of the first layer.
    pub(super) deviation: Option<f64>,
    /// `WᵀW`, FACT and AGOP of the first layer, `2p×2p`.
    pub(super) matrices: Option<[Vec<f64>; 3]>,
}

/// A moment of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Moment {
    pub evaluations: u32,
    pub train: f64,
    pub test: f64,
    /// Pearson correlation of FACT of the first layer.
    pub fact: Option<f64>,
    /// Of NFA.
    pub nfa: Option<f64>,
    /// Hankel deviation of `WᵀW` of the first layer.
    pub deviation: Option<f64>,
}

impl NetworkCell {
    /// With this many gradients at most; of seed 0 the matrices are kept.
    pub(super) fn new(evaluations: u32, seed: u64) -> Self {
        Self { p: 23, fraction: 0.7, width: 128, lambda: 1e-3, evaluations, seed, keep: seed == 0 }
    }

    /// Inputs of the first layer.
    pub(super) fn inputs(&self) -> usize {
        2 * self.p
    }

    /// The settings as a sentence.
    pub(super) fn words(&self) -> String {
        format!(
            "The network: {}-{}-{}, squares as activation, no biases, ½‖f − y‖² and decay λ = {} in \
             the loss, weights from N(0, 1/fan-in), L-BFGS from the start, (x + y) mod {} with {:.0} % \
             of the table in training. Its training is full-batch, so nothing but decay makes it grok.",
            self.inputs(),
            self.width,
            self.p,
            self.lambda,
            self.p,
            100.0 * self.fraction
        )
    }

    /// What it costs, as machines count.
    pub(super) fn cost(&self) -> f64 {
        let n = self.fraction * (self.p * self.p) as f64;
        3.0 * f64::from(self.evaluations) * n * (self.width * 3 * self.p) as f64
    }

    fn training(&self) -> Training {
        Training {
            hidden: vec![self.width],
            activation: Activation::Quadratic,
            loss: Loss::HalfMse,
            lambda: self.lambda,
            bias: Bias::None,
            seed: self.seed,
            precision: Precision::F64,
            optimizer: Optimizer::Lbfgs(10),
            rate: 1.0,
            evaluations: self.evaluations,
            tolerance: 1e-4,
        }
    }
}

impl NetworkRecord {
    /// The first moment with all training samples right.
    pub(super) fn fitted(&self) -> Option<&Moment> {
        self.moments.iter().find(|moment| moment.train >= 1.0)
    }

    /// The first moment with the task grokked.
    pub(super) fn grokked(&self) -> Option<&Moment> {
        self.moments.iter().find(|moment| moment.test >= GROKKED)
    }
}

pub(super) fn learn_by_network(cell: &NetworkCell, share: &Share<'_>) -> Result<NetworkRecord> {
    let split =
        Synthetic::Modular { p: cell.p, operation: Operation::Add, fraction: cell.fraction }
            .draw(cell.seed);
    let training = cell.training();
    let train = Problem::<f64>::new(&split.train, &training);
    let test = split.test.as_ref().map(|test| Problem::<f64>::new(test, &training));
    // A network's layer has the symmetry that leaves results as they are.
    let order = Order::of(Operation::Add, cell.p).turned();
    let mut moments = Vec::new();
    let mut evaluations = Vec::new();
    let mut probe = |theta: &[f64]| {
        let measured = measure(&train, theta)?;
        let layer = measured.layers.first();
        let at = layer.map(LayerRecord::of).unwrap_or_default();
        moments.push(Moment {
            evaluations: 0,
            train: measured.accuracy.unwrap_or(0.0),
            test: test.as_ref().map_or(Ok(0.0), |test| accuracy(test, theta))?,
            fact: at.fact,
            nfa: at.nfa,
            deviation: layer.and_then(|layer| order.deviation(&layer.nfm.data)),
        });
        Ok(Vec::new())
    };
    let watch = |moment: &crate::progress::Moment| share.done(moment.spent());
    let trained = engine::train(&train, &training, watch, Some(&mut probe))?;
    evaluations.extend(trained.history.iter().map(|point| point.evaluations));
    for (moment, evaluations) in moments.iter_mut().zip(evaluations) {
        moment.evaluations = evaluations;
    }
    let measured = measure(&train, &trained.theta)?;
    let first = measured.layers.first();
    let matrices = first.filter(|_| cell.keep).and_then(|layer| {
        let fact = kept(&layer.fact.as_ref()?.data);
        Some([kept(&layer.nfm.data), fact, kept(&layer.agop.as_ref()?.data)])
    });
    Ok(NetworkRecord {
        moments,
        deviation: first.and_then(|layer| order.deviation(&layer.nfm.data)),
        layers: measured.layers.iter().map(LayerRecord::of).collect(),
        matrices,
    })
}

/// Share of samples whose largest output is at their class.
fn accuracy(problem: &Problem<f64>, theta: &[f64]) -> Result<f64> {
    let samples = problem.samples()?;
    let rows = samples.len().min(128);
    let mut memory = vec![0.0; evaluate::fit_scratch(problem.widths(), rows)];
    let fit = evaluate::fit(&problem.objective(), theta, &samples, Scratch::new(&mut memory))?;
    Ok(fit.correct.unwrap_or(0) as f64 / fit.samples.max(1) as f64)
}
