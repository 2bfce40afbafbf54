//! The plan of `fact verify`: a dataset, a network, and how it is trained.

use super::Source;
use crate::data::{Dataset, Target};
use crate::error::{Error, Result};
use crate::network::Standardization;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// What is standardised, to mean 0 and population standard deviation 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Standardize {
    /// The features and a numeric target
    All,
    /// The features only
    Features,
    /// Nothing
    None,
}

/// A scalar function applied to every unit of a hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `z`.
    Identity,
    /// `max(z, 0)`.
    Relu,
    /// `max(z, 0)` with the kink rounded over a width `ε`.
    Srelu(f64),
    /// `z`, or `slope·z` below 0.
    LeakyRelu(f64),
    /// `tanh z`.
    Tanh,
    /// `1/(1 + e^(−z))`.
    Sigmoid,
    /// `ln(1 + eᶻ)`.
    Softplus,
    /// `z Φ(z)`.
    Gelu,
    /// `z²`.
    Quadratic,
}

/// What the network is to minimise on average over the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `½‖f − y‖²`.
    HalfMse,
    /// `‖f − y‖²`.
    MseSum,
    /// `‖f − y‖²/c`.
    MseMean,
    /// Softmax cross-entropy.
    CrossEntropy,
}

/// How the objective is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// L-BFGS with this many pairs.
    Lbfgs(usize),
    /// Gradient descent with momentum 0.99.
    HeavyBall,
    /// Adam, decay as part of the loss.
    Adam,
    /// Adam with decoupled decay.
    AdamW,
    /// One sample at a time.
    Sgd,
    /// Full-batch gradient descent.
    Gd,
}

/// Number format of training. What is trained is always measured in `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits
    F32,
    /// 64 bits
    F64,
}

/// Whether layers add a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bias {
    /// No biases
    None,
    /// Biases without decay
    Free,
    /// Biases that decay like weights
    Decayed,
}

/// What a network is, apart from its weights, and what its weights minimise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Loss per sample.
    pub loss: Loss,
    /// Weight decay λ of `(1/n) Σ ℓᵢ + (λ/2)‖θ‖²`.
    pub lambda: f64,
    /// Biases.
    pub bias: Bias,
    /// Number format of the weights.
    pub precision: Precision,
}

/// A network and how it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Widths of the hidden layers; none for a linear model.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Loss per sample.
    pub loss: Loss,
    /// Weight decay λ of `(1/n) Σ ℓᵢ + (λ/2)‖θ‖²`.
    pub lambda: f64,
    /// Biases.
    pub bias: Bias,
    /// Seed of the initial weights and of the order of samples.
    pub seed: u64,
    /// Number format.
    pub precision: Precision,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Learning rate; not used by L-BFGS.
    pub rate: f64,
    /// Most full-batch gradients to compute.
    pub evaluations: u32,
    /// Stop when the certificate bounds the residual of every layer below this.
    pub tolerance: f64,
}

/// What `fact verify` is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The data.
    pub source: Source,
    /// What is standardised.
    pub standardize: Standardize,
    /// The network and its training.
    pub training: Training,
    /// Print JSON, not a table.
    pub json: bool,
    /// Where report, matrices and pictures go.
    pub out: Option<PathBuf>,
    /// Where an interruption leaves the state of training, and where it is gone on with from.
    pub state: Option<PathBuf>,
    /// Where the trained network goes.
    pub save: Option<PathBuf>,
}

/// Settings known to reach a critical point on one data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Widths of the hidden layers.
    pub hidden: &'static [usize],
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Weight decay.
    pub lambda: f64,
    /// What is standardised.
    pub standardize: Standardize,
    /// Most gradients to compute.
    pub evaluations: u32,
    /// L-BFGS pairs.
    pub pairs: usize,
}

/// Deeper networks than this collapse to a constant at the decay that suits shallow ones.
const SHALLOW: usize = 3;
/// Gradients to compute when no certificate can end training.
const UNCERTIFIED: u32 = 3000;
/// Largest default decay of a deep network.
const DEEP_LAMBDA: f64 = 3e-3;

const fn recipe(hidden: &'static [usize], lambda: f64) -> Recipe {
    Recipe {
        hidden,
        activation: Activation::Srelu(0.1),
        lambda,
        standardize: Standardize::All,
        evaluations: 30_000,
        pairs: 10,
    }
}

const RECIPES: [(&str, Recipe); 4] = [
    // Evaluations are dear here and pairs cheap: with 40 it takes some 1500, with 10 some 3800.
    ("digits", Recipe { standardize: Standardize::None, pairs: 40, ..recipe(&[32], 1e-3) }),
    // Without biases, a rectifier this narrow leaves a tenth of the flowers in the wrong class.
    ("iris", Recipe { activation: Activation::Tanh, ..recipe(&[8], 3e-3) }),
    ("wine", recipe(&[16, 16], 1e-2)),
    ("breast-cancer", recipe(&[16, 16], 3e-3)),
];

impl Recipe {
    /// The recipe for `source`; one that suits small tables for a file.
    pub fn of(source: &Source) -> Self {
        let named = |name: &str| RECIPES.iter().find(|(n, _)| *n == name).map(|(_, r)| *r);
        match source {
            Source::Builtin(name) => named(name),
            Source::Mnist(_) => named("digits"),
            Source::File(..) => None,
            // Bits and one-hot operands stay as they are.
            Source::Synthetic(_) => {
                Some(Recipe { standardize: Standardize::None, ..recipe(&[32], 1e-3) })
            }
        }
        .unwrap_or(recipe(&[16], 3e-3))
    }

    /// Most gradients to compute: fewer when no certificate can be reached, because the activation
    /// has a kink, the optimiser has another fixed point or none, or nothing decays.
    pub fn evaluations(&self, training: &Training) -> u32 {
        let kink = matches!(training.activation, Activation::Relu | Activation::LeakyRelu(_));
        let astray = matches!(training.optimizer, Optimizer::AdamW | Optimizer::Sgd);
        if kink || astray || training.lambda == 0.0 { UNCERTIFIED } else { self.evaluations }
    }

    /// The decay for a network with this many hidden layers.
    pub fn lambda(&self, hidden: usize) -> f64 {
        if hidden > SHALLOW { self.lambda.min(DEEP_LAMBDA) } else { self.lambda }
    }
}

impl Training {
    /// What is trained, apart from how.
    pub fn setting(&self) -> Setting {
        let &Self { activation, loss, lambda, bias, precision, .. } = self;
        Setting { activation, loss, lambda, bias, precision }
    }
}

impl Optimizer {
    /// Learning rate when none is given.
    pub fn default_rate(self) -> f64 {
        match self {
            Self::Lbfgs(_) => 1.0,
            Self::HeavyBall | Self::Sgd => 0.01,
            Self::Adam | Self::AdamW => 1e-3,
            Self::Gd => 0.1,
        }
    }
}

/// A number in full; in scientific notation where that would be long.
pub(crate) fn plain(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-4..1e6 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// Refuses a decay that training would not see as it is: FACT divides by it.
pub(crate) fn check_lambda(lambda: f64, precision: Precision) -> Result<()> {
    let (rounded, least, most) = match precision {
        Precision::F32 => {
            (f64::from(lambda as f32), f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX))
        }
        Precision::F64 => (lambda, f64::MIN_POSITIVE, f64::MAX),
    };
    if lambda == 0.0 || (least..=most).contains(&rounded) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--lambda {lambda:e} is beyond the range of {precision}, {least:.1e} to {most:.1e}: use 0, \
         a value within it, such as 1e-3{}",
        if precision == Precision::F32 { ", or --precision f64" } else { "" }
    )))
}

// Each name below is also what the command line accepts.

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Relu => f.write_str("relu"),
            Self::Srelu(epsilon) => write!(f, "srelu:{}", plain(*epsilon)),
            Self::LeakyRelu(slope) => write!(f, "leaky-relu:{}", plain(*slope)),
            Self::Tanh => f.write_str("tanh"),
            Self::Sigmoid => f.write_str("sigmoid"),
            Self::Softplus => f.write_str("softplus"),
            Self::Gelu => f.write_str("gelu"),
            Self::Quadratic => f.write_str("quadratic"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HalfMse => "half-mse",
            Self::MseSum => "mse-sum",
            Self::MseMean => "mse-mean",
            Self::CrossEntropy => "ce",
        })
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lbfgs(pairs) => write!(f, "lbfgs:{pairs}"),
            Self::HeavyBall => f.write_str("heavy-ball"),
            Self::Adam => f.write_str("adam"),
            Self::AdamW => f.write_str("adamw"),
            Self::Sgd => f.write_str("sgd"),
            Self::Gd => f.write_str("gd"),
        }
    }
}

/// The standardisation of inputs and of targets, where there was any.
pub type Scaled = (Option<Standardization>, Option<Standardization>);

impl Plan {
    /// Loads the data and standardises what is to be.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Data`] as [`Source::load`]; [`Error::Usage`] when the loss does
    /// not suit the target.
    pub fn load(&self) -> Result<Dataset> {
        Ok(self.load_scaled()?.0)
    }

    /// The same, and the standardisation of inputs and of targets that was done.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_scaled(&self) -> Result<(Dataset, Scaled)> {
        let mut data = self.source.load(self.training.seed)?.train;
        if self.training.loss == Loss::CrossEntropy && matches!(data.target, Target::Values(_)) {
            return Err(Error::Usage(format!(
                "{}: cross-entropy needs classes and the target is a number. Use --loss half-mse, \
                 or --task classify",
                data.name
            )));
        }
        let inputs = match self.standardize {
            Standardize::None => None,
            _ => Some(data.standardize_features()?),
        };
        let targets = match self.standardize {
            Standardize::All => data.standardize_target()?,
            _ => None,
        };
        Ok((data, (inputs, targets)))
    }
}
