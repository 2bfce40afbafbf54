//! What the claims about networks share: training one, and what is kept of it.

use super::data::Source;
use crate::data::Dataset;
use crate::engine::{self, Measured, Problem};
use crate::error::{Error, Result};
use crate::experiment::{Layer, Stop};
use crate::plan::{Activation, Bias, Loss, Optimizer, Precision, Training};
use crate::progress::Share;
use fact_core::scalar::Scalar;
use serde::{Deserialize, Serialize};

/// A network that is off this fraction of the samples has collapsed as well: some of its layers map
/// everything to one direction, where every ansatz holds.
const LEAST_ACCURACY: f64 = 0.5;

/// The network of a cell, without biases, trained with L-BFGS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Network {
    /// The data.
    pub source: Source,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// The loss.
    pub loss: Loss,
    /// The decay λ.
    pub lambda: f64,
    /// Seed of the initial weights.
    pub seed: u64,
    /// How it is trained.
    pub optimizer: Optimizer,
    /// Learning rate, where there is one.
    pub rate: f64,
    /// Number format of training.
    pub precision: Precision,
    /// Most full-batch gradients.
    pub evaluations: u32,
    /// Certified residual at which training is done.
    pub tolerance: f64,
}

impl Network {
    /// A network on `source` with `½‖f − y‖²`, seed 0, L-BFGS in `f64` to a certificate of 1e-6.
    pub fn new(source: Source, hidden: &[usize], activation: Activation, lambda: f64) -> Self {
        Self {
            source,
            hidden: hidden.to_vec(),
            activation,
            loss: Loss::HalfMse,
            lambda,
            seed: 0,
            optimizer: Optimizer::Lbfgs(10),
            rate: 1.0,
            precision: Precision::F64,
            evaluations: 20_000,
            tolerance: 1e-6,
        }
    }

    /// The same as the engine takes it.
    pub fn training(&self) -> Training {
        Training {
            hidden: self.hidden.clone(),
            activation: self.activation,
            loss: self.loss,
            lambda: self.lambda,
            bias: Bias::None,
            seed: self.seed,
            precision: self.precision,
            optimizer: self.optimizer,
            rate: self.rate,
            evaluations: self.evaluations,
            tolerance: self.tolerance,
        }
    }

    /// Multiplications of one gradient, times the gradients there may be.
    pub fn cost(&self, rows: usize, inputs: usize, outputs: usize) -> f64 {
        let widths = [&[inputs], self.hidden.as_slice(), &[outputs]].concat();
        let weights: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        (weights * self.source.rows.unwrap_or(rows)) as f64 * f64::from(self.evaluations)
    }
}

/// One layer of a trained network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerRecord {
    /// Pearson correlation of FACT with `WᵀW`.
    pub fact: Option<f64>,
    /// Relative residual of FACT.
    pub residual: Option<f64>,
    /// Its certified bound.
    pub bound: Option<f64>,
    /// Pearson correlation of NFA, s = ½.
    pub nfa: Option<f64>,
    /// Pearson correlation of eNFA, s = ½.
    pub enfa: Option<f64>,
}

impl LayerRecord {
    /// What is kept of a measured layer.
    pub fn of(layer: &Layer) -> Self {
        Self {
            fact: layer.fact_agreement.pearson.ok(),
            residual: layer.fact_agreement.residual.ok(),
            bound: layer.fact_agreement.bound.ok(),
            nfa: layer.nfa_agreement.pearson.ok(),
            enfa: layer.enfa_agreement.pearson.ok(),
        }
    }
}

/// A trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NetworkRecord {
    /// Why training ended, in a word.
    pub stop: String,
    /// Gradients computed.
    pub evaluations: u32,
    /// Objective, decay included.
    pub objective: Option<f64>,
    /// Norm of its gradient.
    pub gradient_norm: Option<f64>,
    /// Training accuracy.
    pub accuracy: Option<f64>,
    /// The outputs do not depend on the inputs.
    pub collapsed: bool,
    /// Largest imbalance of neighbouring layers.
    pub balance: Option<f64>,
    /// The layers.
    pub layers: Vec<LayerRecord>,
}

impl NetworkRecord {
    /// What is kept of a measured network.
    pub fn of(measured: &Measured, stop: Stop, evaluations: u32) -> Self {
        let stop = match stop {
            Stop::Certified => "certified",
            Stop::Budget => "budget spent",
            Stop::Stalled => "stalled",
            Stop::Diverged => "diverged",
        };
        Self {
            stop: stop.to_owned(),
            evaluations,
            objective: measured.objective,
            gradient_norm: measured.gradient_norm,
            accuracy: measured.accuracy,
            collapsed: measured.collapsed,
            balance: measured.balance,
            layers: measured.layers.iter().map(LayerRecord::of).collect(),
        }
    }

    /// Why this network says nothing about features; `None` when it does.
    pub fn excluded(&self) -> Option<String> {
        let accuracy = self.accuracy.map_or(1.0, |accuracy| accuracy);
        if self.layers.is_empty() {
            Some(self.stop.clone())
        } else if self.collapsed || accuracy < LEAST_ACCURACY {
            Some(format!("collapsed, training accuracy {:.1} %", 100.0 * accuracy))
        } else {
            None
        }
    }
}

/// A network after training, with what it was trained on.
pub(super) struct Trained {
    /// The problem, in `f64`.
    pub problem: Problem<f64>,
    /// The parameters.
    pub theta: Vec<f64>,
    /// Why training ended.
    pub stop: Stop,
    /// Gradients computed.
    pub evaluations: u32,
}

impl Trained {
    /// The record of the trained network; without layers when nothing can be measured of it.
    ///
    /// # Errors
    /// [`Error::Core`] when the core refuses.
    pub fn record(&self) -> Result<NetworkRecord> {
        let measured = measure(&self.problem, &self.theta)?;
        let stop = if measured.layers.is_empty() { Stop::Diverged } else { self.stop };
        Ok(NetworkRecord::of(&measured, stop, self.evaluations))
    }
}

/// Measures; nothing, when a product overflows.
///
/// # Errors
/// [`Error::Core`] when the core refuses.
pub(super) fn measure(problem: &Problem<f64>, theta: &[f64]) -> Result<Measured> {
    match engine::measure(problem, theta) {
        Err(Error::Core(fact_core::Error::NonFinite { .. })) => Ok(Measured::default()),
        measured => measured,
    }
}

/// Trains `network` on `data`, which fills `share` up to `part`.
///
/// # Errors
/// [`Error::Usage`] when it does not fit into memory, [`Error::Core`] when the core refuses.
pub(super) fn train(
    network: &Network,
    data: &Dataset,
    share: &Share<'_>,
    part: f64,
) -> Result<Trained> {
    match network.precision {
        Precision::F32 => train_in::<f32>(&network.training(), data, share, part),
        Precision::F64 => train_in::<f64>(&network.training(), data, share, part),
    }
}

fn train_in<T: Scalar>(
    training: &Training,
    data: &Dataset,
    share: &Share<'_>,
    part: f64,
) -> Result<Trained> {
    engine::check_memory::<T>(data, training)?;
    let problem = Problem::<T>::new(data, training);
    let watch = |moment: &crate::progress::Moment| share.done(part * moment.spent());
    let trained = engine::train(&problem, training, watch, None)?;
    Ok(Trained {
        problem: problem.widened(),
        theta: trained.theta.iter().map(|v| v.to_f64()).collect(),
        stop: trained.stop,
        evaluations: trained.evaluations,
    })
}
