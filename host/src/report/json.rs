//! The report as it is serialised. A missing value is `null`.

use super::verdict::{Finding, verdict};
use crate::experiment::{Agreement, Direction, Outcome};
use serde::Serialize;

/// The report of one network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    dataset: String,
    n: usize,
    widths: Vec<usize>,
    activation: String,
    loss: String,
    lambda: f64,
    seed: Option<u64>,
    precision: String,
    evaluations: Option<u32>,
    objective: Option<f64>,
    accuracy: Option<f64>,
    gradient_norm: Option<f64>,
    collapsed: bool,
    /// Of a network that was trained elsewhere; after training here the exit code says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Finding>,
    layers: Vec<LayerReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct LayerReport {
    layer: usize,
    fact: Agreement,
    bfact: Agreement,
    nfa: Direction,
    enfa: Direction,
    weight_norm_squared: f64,
}

impl Report {
    /// What is reported of `outcome`; layers count from 0.
    pub fn new(outcome: &Outcome) -> Self {
        let (setting, run) = (&outcome.setting, outcome.run.as_ref());
        let layers = outcome.layers.iter().zip(0..).map(|(layer, number)| LayerReport {
            layer: number,
            fact: layer.fact_agreement,
            bfact: layer.bfact_agreement,
            nfa: layer.nfa_agreement,
            enfa: layer.enfa_agreement,
            weight_norm_squared: layer.weight_norm_squared,
        });
        Self {
            dataset: outcome.dataset.clone(),
            n: outcome.n,
            widths: outcome.widths.clone(),
            activation: setting.activation.to_string(),
            loss: setting.loss.to_string(),
            lambda: setting.lambda,
            seed: run.map(|run| run.training.seed),
            precision: setting.precision.to_string(),
            evaluations: run.map(|run| run.evaluations),
            objective: outcome.objective,
            accuracy: outcome.accuracy,
            gradient_norm: outcome.gradient_norm,
            collapsed: outcome.collapsed,
            verdict: outcome.run.is_none().then(|| verdict(outcome).finding),
            layers: layers.collect(),
        }
    }

    /// The report as one line of JSON, with its line break.
    pub fn to_json(&self) -> String {
        line(self)
    }
}

/// A report as one line of JSON, with its line break.
pub(crate) fn line(report: &impl Serialize) -> String {
    // Plain numbers and strings under string keys: serialising them cannot fail.
    let mut text = serde_json::to_string(report).unwrap_or_default();
    text.push('\n');
    text
}
