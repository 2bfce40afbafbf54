//! The golden networks of `fixtures/golden/network`; `fixtures/README.md` says what each field is.

use crate::dense::Matrix;
use crate::oracle::{Activation, Bias, Loss, Problem};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One golden file. Fields that only some files have are options.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    pub name: String,
    pub sizes: Vec<usize>,
    pub act: String,
    pub loss: String,
    pub mse: String,
    pub lam: f64,
    pub bias: bool,
    pub decay_bias: Option<bool>,
    pub n: usize,
    #[serde(rename = "X")]
    pub x: Matrix,
    #[serde(rename = "Y")]
    pub y: Matrix,
    pub theta: Vec<f64>,
    pub trained: Option<Vec<Stage>>,
    #[serde(rename = "L_lambda")]
    pub objective: f64,
    pub data_loss: f64,
    #[serde(rename = "loss_i")]
    pub losses: Option<Vec<f64>>,
    pub f: Option<Matrix>,
    pub grad: Vec<f64>,
    pub grad_norm: f64,
    pub layers: Vec<Layer>,
    pub min_abs_z: Option<f64>,
    /// Of the counterexample: `k1` samples `(e₁, 1)`, `k2` samples `(T·e₂, −δT²)`.
    pub delta: Option<f64>,
    #[serde(rename = "T")]
    pub t: Option<f64>,
    pub k1: Option<usize>,
    pub k2: Option<usize>,
}

/// A stage of the training that led to the weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub stage: String,
    pub steps: usize,
    pub why: String,
    pub evals: usize,
}

/// What is expected of one layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    #[serde(rename = "W")]
    pub w: Matrix,
    pub b: Option<Vec<f64>>,
    /// With decay.
    #[serde(rename = "gradW")]
    pub grad_w: Matrix,
    /// With decay, if biases decay.
    #[serde(rename = "gradb")]
    pub grad_b: Option<Vec<f64>>,
    #[serde(rename = "WtW")]
    pub wtw: Matrix,
    #[serde(rename = "WWt")]
    pub wwt: Matrix,
    #[serde(rename = "FACT")]
    pub fact: Matrix,
    #[serde(rename = "bFACT")]
    pub bfact: Matrix,
    #[serde(rename = "AGOP")]
    pub agop: Matrix,
    #[serde(rename = "eNFA")]
    pub enfa: Matrix,
    /// `(FACT FACTᵀ)^{1/2}`.
    #[serde(rename = "FACT_sqrt")]
    pub fact_sqrt: Option<Matrix>,
    #[serde(rename = "AGOP_sqrt")]
    pub agop_sqrt: Option<Matrix>,
    pub metrics: Metrics,
}

/// Numbers about one layer; a missing one is a correlation that does not exist.
#[derive(Clone, Debug, Deserialize)]
pub struct Metrics {
    pub layer: usize,
    pub shape: (usize, usize),
    #[serde(flatten)]
    pub values: BTreeMap<String, Option<f64>>,
}

impl Metrics {
    /// The metric of this name, which has to be in the file.
    pub fn get(&self, name: &str) -> Option<f64> {
        *self.values.get(name).unwrap_or_else(|| panic!("no metric {name}"))
    }
}

impl Network {
    pub fn activation(&self) -> Activation {
        match self.act.as_str() {
            "identity" => Activation::Identity,
            "relu" => Activation::Relu,
            "tanh" => Activation::Tanh,
            "quadratic" => Activation::Quadratic,
            name => match name.strip_prefix("srelu") {
                Some(epsilon) => Activation::SmoothRelu { epsilon: epsilon.parse().unwrap() },
                None => panic!("{}: unknown activation {name}", self.name),
            },
        }
    }

    pub fn loss(&self) -> Loss {
        match (self.loss.as_str(), self.mse.as_str()) {
            ("ce", _) => Loss::CrossEntropy,
            ("mse", "half") => Loss::HalfSquared,
            ("mse", "sum") => Loss::Squared,
            ("mse", "mean") => Loss::MeanSquared,
            unknown => panic!("{}: unknown loss {unknown:?}", self.name),
        }
    }

    pub fn bias(&self) -> Bias {
        match (self.bias, self.decay_bias.unwrap_or(false)) {
            (false, _) => Bias::None,
            (true, false) => Bias::Free,
            (true, true) => Bias::Decayed,
        }
    }

    /// The network, its weights and its samples, without what is expected of them.
    pub fn problem(&self) -> Problem {
        Problem {
            name: self.name.clone(),
            widths: self.sizes.clone(),
            hidden: self.activation(),
            output: Activation::Identity,
            bias: self.bias(),
            loss: self.loss(),
            lambda: self.lam,
            theta: self.theta.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
        }
    }

    /// Whether the weights are at a critical point.
    pub fn is_converged(&self) -> bool {
        self.grad_norm < 1e-8
    }
}

/// The folder `fixtures`.
pub fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))
}

/// All golden networks, by name.
pub fn networks() -> Vec<Network> {
    let folder = fixtures().join("golden/network");
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// The golden network of this name.
pub fn network(name: &str) -> Network {
    networks().into_iter().find(|network| network.name == name).expect(name)
}
