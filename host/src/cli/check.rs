//! Arguments of `fact check` and `fact check-traces`.

use super::parse;
use crate::data::{Header, Missing};
use crate::error::{Error, Result};
use crate::plan::{self, Activation, Loss, Precision};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  fact check --weights net.safetensors --x x.npy --y y.npy \\
      --activation relu --loss ce --lambda 1e-3
  fact check --weights net.safetensors --x x.csv --y labels.csv \\
      --activation tanh --loss mse --mse mean --lambda 1e-3 --bias-decay
  fact check --weights model.safetensors --x x.csv --y y.csv
      of a file that fact verify --save wrote: it knows the rest

Exit code: 0 when FACT holds in every layer (Pearson ≥ 0.99, residual ≤ 0.1,
not collapsed), 1 when it does not, 2 on bad usage or input.";

pub(super) const TRACES_EXAMPLES: &str = "\
The files hold, of one layer z = Wh of any network, W (outputs × inputs) and, one
sample a row, its inputs h and the gradients ∂ℓ/∂z of each sample's own loss.
A layer that is used several times a sample (a convolution, a token) has several
rows for each: say how many samples there are with --samples.

Exit code: 0 when FACT holds (Pearson ≥ 0.99, residual ≤ 0.1), 1 when it does not,
2 on bad usage or input.";

/// The kind of loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Squared error
    Mse,
    /// Softmax cross-entropy
    Ce,
}

/// What the squares of one sample's errors are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Mse {
    /// ½‖f − y‖²
    Half,
    /// ‖f − y‖²
    Sum,
    /// ‖f − y‖²/c for c outputs, as PyTorch's MSELoss
    Mean,
}

/// Arguments of `fact check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The network: a .safetensors file, such as the state dict of an nn.Sequential
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    weights: PathBuf,
    /// Inputs it was trained on, as they entered it: .npy, IDX or delimited text, one sample a row
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    x: PathBuf,
    /// Targets: likewise, or one column of class numbers from 0
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    y: PathBuf,
    /// Whether the first row of a text file names its columns
    #[arg(long, value_enum, default_value = "auto", help_heading = "Data")]
    header: Header,
    /// What becomes of an input without a value in a text file
    #[arg(long, value_enum, default_value = "refuse", help_heading = "Data")]
    missing: Missing,
    /// identity, relu, srelu[:EPS], leaky-relu[:SLOPE], tanh, sigmoid, softplus, gelu or quadratic;
    /// the last layer is linear
    #[arg(long, help_heading = "Network")]
    activation: Option<Activation>,
    /// Loss per sample; the objective averages it over the samples
    #[arg(long, value_enum, help_heading = "Network")]
    loss: Option<Kind>,
    /// Which squared error [default: half]
    #[arg(long, value_enum, help_heading = "Network")]
    mse: Option<Mse>,
    /// Weight decay λ of (1/n)Σℓ + (λ/2)‖θ‖²: weight_decay of PyTorch's SGD and Adam
    #[arg(long, value_parser = parse::nonnegative, help_heading = "Network",
        allow_negative_numbers = true)]
    lambda: Option<f64>,
    /// Biases decay as well, as they do with PyTorch's weight_decay
    #[arg(long, help_heading = "Network")]
    bias_decay: bool,
    /// Number format of training [default: that of the weights]
    #[arg(long, value_enum, help_heading = "Network")]
    precision: Option<Precision>,
    /// Print the report as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Write report, matrices (.npy) and pictures into this directory
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
}

impl Check {
    /// The plan.
    ///
    /// # Errors
    /// [`Error::Usage`] when arguments contradict each other.
    pub fn plan(&self) -> Result<plan::Check> {
        if self.mse.is_some() && self.loss != Some(Kind::Mse) {
            return Err(Error::Usage("--mse says which squared error: it needs --loss mse".into()));
        }
        let loss = self.loss.map(|loss| match (loss, self.mse.unwrap_or(Mse::Half)) {
            (Kind::Ce, _) => Loss::CrossEntropy,
            (Kind::Mse, Mse::Half) => Loss::HalfMse,
            (Kind::Mse, Mse::Sum) => Loss::MseSum,
            (Kind::Mse, Mse::Mean) => Loss::MseMean,
        });
        Ok(plan::Check {
            weights: self.weights.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            activation: self.activation,
            loss,
            lambda: self.lambda,
            bias_decay: self.bias_decay,
            precision: self.precision,
            header: self.header,
            missing: self.missing,
            json: self.json,
            out: self.out.clone(),
        })
    }
}

/// Arguments of `fact check-traces`.
#[derive(Debug, clap::Args)]
pub struct CheckTraces {
    /// Weights W, outputs × inputs: .npy or delimited text
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    weight: PathBuf,
    /// Inputs h of the layer, one a row
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    inputs: PathBuf,
    /// ∂ℓ/∂z, one a row, of each sample's own loss (not of the mean)
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    deltas: PathBuf,
    /// Number of samples n [default: one a row]
    #[arg(long, value_name = "N", value_parser = parse::count, help_heading = "Data",
        allow_negative_numbers = true)]
    samples: Option<u32>,
    /// Weight decay λ [default: the one that fits best]
    #[arg(long, value_parser = parse::nonnegative, allow_negative_numbers = true)]
    lambda: Option<f64>,
    /// Print the report as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

impl CheckTraces {
    /// The plan.
    pub fn plan(&self) -> plan::CheckTraces {
        plan::CheckTraces {
            weight: self.weight.clone(),
            inputs: self.inputs.clone(),
            deltas: self.deltas.clone(),
            samples: self.samples.map(|n| n as usize),
            lambda: self.lambda,
            json: self.json,
        }
    }
}
