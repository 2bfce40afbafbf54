//! Arguments of `fact verify`.

use super::parse::{self, Choice, Hidden};
use crate::data::{Format, Header, Missing, Task};
use crate::error::{Error, Result};
use crate::plan::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Source, Standardize, Training,
    check_lambda,
};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  fact verify digits                          a 64-32-10 network on real digits
  fact verify wine --hidden 8,8,8,8,8         five hidden layers
  fact verify data.csv --target price --out results
  fact verify digits --activation relu        kinks: fails, and says why

Exit code: 0 when FACT holds in every layer (Pearson ≥ 0.99, residual ≤ 0.1,
not collapsed), 1 when it does not, 2 on bad usage or input.";

/// Arguments of `fact verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// digits, iris, wine, breast-cancer, mnist (with --data-dir), a delimited text file, or one of
    /// parity:d,k,n, modular:p,op,fraction and lowrank:n,d, drawn by --seed
    #[arg(default_value = "digits")]
    data: String,

    /// Target column of a file: its name, or its number from 1 [default: the last]
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    target: Option<String>,
    /// What the target column means [default: classes if few distinct whole numbers or text]
    #[arg(long, value_enum, help_heading = "Data")]
    task: Option<Task>,
    /// Whether the first row of a file names its columns
    #[arg(long, value_enum, default_value = "auto", help_heading = "Data")]
    header: Header,
    /// What becomes of a feature without a value in a file
    #[arg(long, value_enum, default_value = "refuse", help_heading = "Data")]
    missing: Missing,
    /// Where the files of mnist are, in IDX format, gzipped or not
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    data_dir: Option<PathBuf>,
    /// What is brought to mean 0 and deviation 1 [default: all; digits: none, pixels are in 0..1]
    #[arg(long, value_enum, help_heading = "Data")]
    standardize: Option<Standardize>,

    /// Widths of the hidden layers, such as 32,16, or none [default: by data set]
    #[arg(long, value_name = "WIDTHS", value_parser = parse::hidden, help_heading = "Network",
        allow_negative_numbers = true)]
    hidden: Option<Hidden>,
    /// identity, relu, srelu[:EPS], leaky-relu[:SLOPE], tanh, sigmoid, softplus, gelu or quadratic
    /// [default: srelu:0.1; iris: tanh]
    #[arg(long, help_heading = "Network")]
    activation: Option<Activation>,
    /// Biases
    #[arg(long, value_enum, default_value = "none", help_heading = "Network")]
    bias: Bias,
    /// half-mse (½‖f−y‖²), mse-sum, mse-mean or ce (softmax cross-entropy)
    #[arg(long, default_value = "half-mse", help_heading = "Network")]
    loss: Loss,
    /// Weight decay λ of (1/n)Σℓ + (λ/2)‖θ‖² [default: by data set, 1e-3 to 1e-2]
    #[arg(long, value_parser = parse::nonnegative, help_heading = "Network",
        allow_negative_numbers = true)]
    lambda: Option<f64>,

    /// lbfgs[:PAIRS], heavy-ball, adam, adamw, sgd or gd
    #[arg(long, default_value = "lbfgs", value_parser = parse::optimizer,
        help_heading = "Training")]
    optimizer: Choice,
    /// Learning rate of the optimisers other than lbfgs [default: by optimiser]
    #[arg(long, value_parser = parse::positive, help_heading = "Training",
        allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Most full-batch gradients to compute
    #[arg(long, value_name = "N", value_parser = parse::count, help_heading = "Training",
        allow_negative_numbers = true)]
    evaluations: Option<u32>,
    /// Stop once every layer's residual is certified below this [default: f64 1e-6, f32 1e-3]
    #[arg(long, value_parser = parse::tolerance, help_heading = "Training",
        allow_negative_numbers = true)]
    tolerance: Option<f64>,
    /// Seed of the initial weights and of drawn data
    #[arg(long, default_value_t = 0, value_parser = parse::seed, help_heading = "Training",
        allow_negative_numbers = true)]
    seed: u64,
    /// Number format
    #[arg(long, value_enum, default_value = "f64", help_heading = "Training")]
    precision: Precision,

    /// Go on from the state of training in this file, if it is there; Ctrl-C leaves it there
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    state: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Write report, matrices (.npy) and pictures into this directory
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Write the trained network into this .safetensors file, for check, export or PyTorch
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    save: Option<PathBuf>,
}

impl Verify {
    /// The plan, with the defaults that suit the data set.
    ///
    /// # Errors
    /// [`Error::Usage`] when arguments contradict each other.
    pub fn plan(&self) -> Result<Plan> {
        let target = self.target.as_ref().is_some_and(|target| target.trim().is_empty());
        for (empty, message) in [
            (self.data.trim().is_empty(), "DATA is empty: give a file or a built-in set"),
            (target, "--target is empty: give the name or the number of a column"),
        ] {
            if empty {
                return Err(usage(message));
            }
        }
        let format = Format {
            header: self.header,
            target: self.target.clone(),
            task: self.task,
            missing: self.missing,
            uniform: false,
        };
        let source = match (&self.data_dir, self.data.as_str()) {
            (Some(directory), "mnist") => Source::Mnist(directory.clone()),
            (Some(_), _) => {
                return Err(usage("--data-dir is for mnist; files have their own path"));
            }
            (None, "mnist") => return Err(usage("mnist needs --data-dir, where its files are")),
            (None, data) => Source::new(data, format.clone())?,
        };
        if !matches!(source, Source::File(..)) && format != Format::default() {
            return Err(usage(
                "--target, --task, --header and --missing are for files; built-in sets know theirs",
            ));
        }
        let recipe = Recipe::of(&source);
        let hidden = match &self.hidden {
            Some(Hidden(widths)) => widths.clone(),
            None => recipe.hidden.to_vec(),
        };
        let optimizer = match self.optimizer {
            Choice::Lbfgs(pairs) => Optimizer::Lbfgs(pairs.unwrap_or(recipe.pairs)),
            Choice::Other(optimizer) => optimizer,
        };
        if matches!(optimizer, Optimizer::Lbfgs(_)) && self.rate.is_some() {
            return Err(usage("--rate has no effect with lbfgs, which searches along a line"));
        }
        let lambda = self.lambda.unwrap_or(recipe.lambda(hidden.len()));
        check_lambda(lambda, self.precision)?;
        let tolerance = match self.precision {
            Precision::F64 => 1e-6,
            Precision::F32 => 1e-3,
        };
        let mut training = Training {
            hidden,
            activation: self.activation.unwrap_or(recipe.activation),
            loss: self.loss,
            lambda,
            bias: self.bias,
            seed: self.seed,
            precision: self.precision,
            optimizer,
            rate: self.rate.unwrap_or(optimizer.default_rate()),
            evaluations: 0,
            tolerance: self.tolerance.unwrap_or(tolerance),
        };
        training.evaluations = self.evaluations.unwrap_or(recipe.evaluations(&training));
        Ok(Plan {
            source,
            standardize: self.standardize.unwrap_or(recipe.standardize),
            training,
            json: self.json,
            out: self.out.clone(),
            state: self.state.clone(),
            save: self.save.clone(),
        })
    }
}

fn usage(message: &str) -> Error {
    Error::Usage(message.to_owned())
}
