//! What an experiment on one network found.

use super::Matrix;
use crate::plan::{Setting, Training};
use fact_core::features::{Measured, Missing};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// How well a matrix that claims *equality* agrees with its counterpart. Missing values keep their
/// reason: a constant matrix has no correlation, FACT at λ = 0 does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Pearson correlation of the entries.
    #[serde(serialize_with = "or_null")]
    pub pearson: Measured,
    /// Cosine of the angle between the matrices.
    #[serde(serialize_with = "or_null")]
    pub cosine: Measured,
    /// `‖A − B‖_F / ‖B‖_F`.
    #[serde(serialize_with = "or_null")]
    pub residual: Measured,
    /// Certified upper bound of the residual, from the gradient alone.
    #[serde(serialize_with = "or_null")]
    pub bound: Measured,
}

impl Agreement {
    /// The same reason for each measure.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            pearson: Err(reason),
            cosine: Err(reason),
            residual: Err(reason),
            bound: Err(reason),
        }
    }
}

/// Serialises a measurement; a missing one as `null`.
fn or_null<S: Serializer>(value: &Measured, serializer: S) -> Result<S::Ok, S::Error> {
    value.ok().serialize(serializer)
}

/// How well a matrix that claims *proportionality* agrees with `WᵀW`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Direction {
    /// The power to which the matrix was raised.
    pub power: f64,
    /// Pearson correlation of the entries.
    #[serde(serialize_with = "or_null")]
    pub pearson: Measured,
    /// Cosine of the angle between the matrices.
    #[serde(serialize_with = "or_null")]
    pub cosine: Measured,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The certificate bounds every layer's residual below the tolerance.
    Certified,
    /// The budget of evaluations is spent.
    Budget,
    /// No step along any direction lowers the objective any more.
    Stalled,
    /// The objective or its gradient stopped being finite.
    Diverged,
}

/// One layer: its matrices and how they agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Weights `W`, out×in.
    pub weights: Matrix,
    /// `WᵀW`.
    pub nfm: Matrix,
    /// FACT; `None` at λ = 0.
    pub fact: Option<Matrix>,
    /// Average gradient outer product of the outputs; `None` where only traces are known.
    pub agop: Option<Matrix>,
    /// AGOP to the power in `nfa_agreement`: what the neural feature ansatz predicts.
    pub nfa: Option<Matrix>,
    /// Average outer product of the loss gradients.
    pub egop: Matrix,
    /// The same to the power in `enfa_agreement`: what the equivariant ansatz predicts.
    pub enfa: Matrix,
    /// FACT against `WᵀW`.
    pub fact_agreement: Agreement,
    /// bFACT against `WWᵀ`.
    pub bfact_agreement: Agreement,
    /// NFA against `WᵀW`.
    pub nfa_agreement: Direction,
    /// eNFA against `WᵀW`.
    pub enfa_agreement: Direction,
    /// `‖W‖²_F`.
    pub weight_norm_squared: f64,
}

/// One layer at one moment of training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PointLayer {
    /// Pearson correlation of FACT with `WᵀW`.
    pub fact: Option<f64>,
    /// Pearson correlation of NFA with `WᵀW`.
    pub nfa: Option<f64>,
}

/// One moment of training.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Gradients computed so far.
    pub evaluations: u32,
    /// Objective, decay included.
    pub objective: f64,
    /// Norm of its gradient.
    pub gradient_norm: Option<f64>,
    /// Largest certified bound of a layer's residual.
    pub bound: Option<f64>,
    /// The layers, when they were measured.
    pub layers: Vec<PointLayer>,
}

/// What was found of one layer of a network of any kind, from its weights and traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// Name of the file of weights.
    pub name: String,
    /// Number of samples that the loss is averaged over.
    pub n: usize,
    /// Number of rows of the traces: more than `n` where the layer is used several times a sample.
    pub rows: usize,
    /// Weight decay λ; 0 when none was given and none above 0 fits.
    pub lambda: f64,
    /// λ is the one that fits best, not one that was given.
    pub estimated: bool,
    /// Norm of the gradient of the objective with respect to the weights.
    pub gradient_norm: f64,
    /// The layer, without what needs the outputs' Jacobian.
    pub layer: Layer,
}

/// How a network was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// As it was planned.
    pub training: Training,
    /// Why it ended.
    pub stop: Stop,
    /// Gradients computed.
    pub evaluations: u32,
    /// Time taken.
    pub elapsed: Duration,
}

/// Everything found out about one trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Name of the data set.
    pub dataset: String,
    /// Number of samples.
    pub n: usize,
    /// Number of classes; `None` for a numeric target.
    pub classes: Option<usize>,
    /// Widths of all layers, inputs first.
    pub widths: Vec<usize>,
    /// All parameters, in core's layout.
    pub theta: Vec<f64>,
    /// What it is, and what it minimises.
    pub setting: Setting,
    /// How it was trained; `None` when that happened elsewhere.
    pub run: Option<Run>,
    /// Objective, decay included; `None` when it is not finite.
    pub objective: Option<f64>,
    /// Norm of its gradient; `None` when it is not finite.
    pub gradient_norm: Option<f64>,
    /// Fraction of samples classified correctly.
    pub accuracy: Option<f64>,
    /// Fraction of the variance of a numeric target explained.
    pub r_squared: Option<f64>,
    /// The network ignores its input, or has no weights left: nothing to explain.
    pub collapsed: bool,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
    /// Largest deviation from balance, for homogeneous activations.
    pub balance: Option<f64>,
    /// Moments of training, in order.
    pub history: Vec<Point>,
}
