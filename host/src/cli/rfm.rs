//! Arguments of `fact rfm fit` and `fact rfm predict`.

use super::parse;
use crate::data::{Format, Header, Missing, Task};
use crate::error::{Error, Result};
use crate::plan::{
    Bandwidth, Engine, Fit, Machine, MachineRecipe, Precision, Predict, Source, bandwidth_of,
    with_bandwidth,
};
use fact_core::kernel::{Centering, Kernel, Rescale, Ridge, Shape, Update};
use std::path::PathBuf;

pub(super) const FIT_EXAMPLES: &str = "\
Examples:
  fact rfm fit --train wine --select 0.2        the best of five rounds
  fact rfm fit --train data.csv --target price --tune --model price.rfm
  fact rfm fit --train modular:61,add,0.5 --kernel quadratic --update nfa
  fact rfm fit --train parity:50,3,800 --out results";

/// Kernel machines that learn their metric (Recursive Feature Machines)
#[derive(Debug, clap::Args)]
pub struct Rfm {
    /// What to do.
    #[command(subcommand)]
    pub command: RfmCommand,
}

/// The subcommands of `fact rfm`.
#[derive(Debug, clap::Subcommand)]
pub enum RfmCommand {
    /// Fit a machine, update its metric, round by round, and report what it learned
    #[command(after_help = FIT_EXAMPLES)]
    Fit(Box<FitArguments>),
    /// Predict with a saved model: one line of CSV per sample
    Predict(PredictArguments),
}

/// How the metric follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum UpdateName {
    /// AGOP to a power
    Nfa,
    /// (FACT FACTᵀ)^½
    Fact,
    /// (FACT M² FACTᵀ)^¼
    FactGeomean,
    /// (FACT M)^½
    FactInner,
    /// No update: the plain kernel machine
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RidgeMode {
    /// Added as it is
    Absolute,
    /// Times the mean of the Gram matrix's diagonal
    Relative,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RescaleName {
    /// As it comes
    None,
    /// Trace d
    Trace,
    /// Largest entry 1
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CenterName {
    /// As they are
    None,
    /// Less the mean gradient (AGOP) or the mean input (FACT)
    Mean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ShapeName {
    /// Every entry
    Full,
    /// The diagonal only
    Diagonal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scaled {
    /// Every feature, to mean 0 and deviation 1
    Features,
    /// Nothing
    None,
}

/// Arguments of `fact rfm fit`.
#[derive(Debug, clap::Args)]
pub struct FitArguments {
    /// digits, iris, wine, breast-cancer, a delimited text file, or one of parity:d,k,n,
    /// modular:p,op,fraction and lowrank:n,d, drawn by --seed, which bring their own test set
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    train: String,
    /// Test file with the same columns
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    test: Option<String>,
    /// Target columns of a file: names, or numbers from 1 [default: the last]
    #[arg(long, value_name = "COL[,COL…]", help_heading = "Data")]
    target: Option<String>,
    /// What the target means [default: classes if few distinct whole numbers or text]
    #[arg(long, value_enum, help_heading = "Data")]
    task: Option<Task>,
    /// Whether the first row of a file names its columns
    #[arg(long, value_enum, default_value = "auto", help_heading = "Data")]
    header: Header,
    /// What becomes of a feature without a value in a file
    #[arg(long, value_enum, default_value = "refuse", help_heading = "Data")]
    missing: Missing,
    /// What is standardised [default: features; none for digits and drawn data]
    #[arg(long, value_enum, help_heading = "Data")]
    standardize: Option<Scaled>,
    /// Share of the training samples held out to choose the best round
    #[arg(long, value_name = "FRACTION", value_parser = parse::share, help_heading = "Data",
        allow_negative_numbers = true)]
    select: Option<f64>,

    /// laplace[:EXPONENT], gaussian, quadratic or exponential [default: by data set, laplace]
    #[arg(long, value_parser = parse::kernel, help_heading = "Machine")]
    kernel: Option<Kernel<f64>>,
    /// Length scale of the kernel, or median [default: laplace 10, gaussian 2.5, exponential median]
    #[arg(long, value_parser = parse::bandwidth, help_heading = "Machine",
        allow_negative_numbers = true)]
    bandwidth: Option<Width>,
    /// Ridge [default: 1e-3; modular 1e-8, relative]
    #[arg(long, value_parser = parse::nonnegative, help_heading = "Machine",
        allow_negative_numbers = true)]
    ridge: Option<f64>,
    /// What the ridge is added as [default: absolute; modular relative]
    #[arg(long, value_enum, help_heading = "Machine")]
    ridge_mode: Option<RidgeMode>,
    /// Choose bandwidth and ridge by cross-validation around these
    #[arg(long, help_heading = "Machine")]
    tune: bool,

    /// How the metric follows from a fit
    #[arg(long, value_enum, default_value = "fact", help_heading = "Metric")]
    update: UpdateName,
    /// Power of AGOP under nfa [default: 1; modular and parity 0.5]
    #[arg(long, value_parser = parse::positive, help_heading = "Metric",
        allow_negative_numbers = true)]
    power: Option<f64>,
    /// What the metric is brought to after an update [default: trace; lowrank none]
    #[arg(long, value_enum, help_heading = "Metric")]
    rescale: Option<RescaleName>,
    /// What the gradients or inputs behind it are less
    #[arg(long, value_enum, default_value = "none", help_heading = "Metric")]
    center: CenterName,
    /// Which of its entries are learned
    #[arg(long, value_enum, default_value = "full", help_heading = "Metric")]
    shape: ShapeName,
    /// Number of updates; round 0 comes before any [default: 5; parity 8, modular 20 to 50]
    #[arg(long, value_name = "N", value_parser = parse::whole, help_heading = "Metric",
        allow_negative_numbers = true)]
    rounds: Option<u32>,
    /// Metric of round 0, d×d [default: the identity]
    #[arg(long, value_name = "START.npy", help_heading = "Metric")]
    metric: Option<PathBuf>,

    /// Number format
    #[arg(long, value_enum, default_value = "f64", help_heading = "Computation")]
    precision: Precision,
    /// Which code computes
    #[arg(long, value_enum, default_value = "fast", help_heading = "Computation")]
    engine: Engine,
    /// Seed of drawn data and of splits
    #[arg(long, default_value_t = 0, value_parser = parse::seed, help_heading = "Computation",
        allow_negative_numbers = true)]
    seed: u64,

    /// Print the report as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Write metric, dual, predictions and pictures into this directory
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Save the model, for `fact rfm predict`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    model: Option<PathBuf>,
}

/// Arguments of `fact rfm predict`.
#[derive(Debug, clap::Args)]
pub struct PredictArguments {
    /// A model that `fact rfm fit --model` saved
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// File with the model's features; other columns are passed over
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Whether the first row names the columns
    #[arg(long, value_enum, default_value = "auto")]
    header: Header,
    /// Add a column with the probability of each class
    #[arg(long)]
    probabilities: bool,
    /// Also write the derivatives of the outputs by the features, one row per sample and output
    #[arg(long, value_name = "FILE.npy")]
    jacobian: Option<PathBuf>,
}

/// A bandwidth as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Width {
    /// A number.
    Fixed(f64),
    /// The median.
    Median,
}

impl FitArguments {
    /// The plan, with the defaults that suit the data.
    ///
    /// # Errors
    /// [`Error::Usage`] when arguments contradict each other.
    pub fn plan(&self) -> Result<Fit> {
        let empty = |text: &Option<String>| text.as_ref().is_some_and(|t| t.trim().is_empty());
        for (empty, message) in [
            (self.train.trim().is_empty(), "--train is empty: give a file or a built-in set"),
            (empty(&self.test), "--test is empty: give a file"),
            (empty(&self.target), "--target is empty: give the name or the number of a column"),
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
        let train = Source::new(&self.train, format.clone())?;
        if !matches!(train, Source::File(..)) && format != Format::default() {
            return Err(usage(
                "--target, --task, --header and --missing are for files; other sets know theirs",
            ));
        }
        let test = match &self.test {
            Some(_) if matches!(train, Source::Synthetic(_)) => {
                return Err(usage("--test has no effect: drawn data bring their own test set"));
            }
            Some(test) => Some(Source::new(test, format)?),
            None => None,
        };
        let recipe = MachineRecipe::of(&train);
        let update = self.update(&recipe)?;
        if update.is_none() && self.rounds.is_some_and(|rounds| rounds > 0) {
            return Err(usage("--rounds has no effect with --update none, which fits once"));
        }
        let standardize = match self.standardize {
            Some(scaled) => scaled == Scaled::Features,
            None => recipe.standardize,
        };
        Ok(Fit {
            train,
            test,
            machine: self.machine(&recipe, update)?,
            metric: self.metric.clone(),
            standardize,
            select: self.select,
            tune: self.tune,
            seed: self.seed,
            json: self.json,
            out: self.out.clone(),
            model: self.model.clone(),
        })
    }

    fn update(&self, recipe: &MachineRecipe) -> Result<Option<Update<f64>>> {
        if self.power.is_some() && self.update != UpdateName::Nfa {
            return Err(usage("--power is for --update nfa"));
        }
        Ok(match self.update {
            UpdateName::Nfa => Some(Update::Nfa { power: self.power.unwrap_or(recipe.power) }),
            UpdateName::Fact => Some(Update::Fact),
            UpdateName::FactGeomean => Some(Update::FactGeomean),
            UpdateName::FactInner => Some(Update::FactInner),
            UpdateName::None => None,
        })
    }

    fn machine(&self, recipe: &MachineRecipe, update: Option<Update<f64>>) -> Result<Machine> {
        let asked = self.kernel.unwrap_or(recipe.kernel);
        let own = std::mem::discriminant(&asked) == std::mem::discriminant(&recipe.kernel);
        let kernel = if own { recipe.kernel } else { asked };
        let (kernel, bandwidth) = match (self.bandwidth, bandwidth_of(kernel)) {
            (Some(_), None) => {
                return Err(usage("--bandwidth has no effect with the quadratic kernel"));
            }
            (Some(Width::Fixed(width)), _) => (with_bandwidth(kernel, width), Bandwidth::Fixed),
            (Some(Width::Median), _) => (kernel, Bandwidth::Median),
            (None, _) if matches!(kernel, Kernel::Exponential { .. }) => {
                (kernel, Bandwidth::Median)
            }
            (None, _) => (kernel, Bandwidth::Fixed),
        };
        let (mode, ridge) = match recipe.ridge {
            Ridge::Absolute(ridge) => (RidgeMode::Absolute, ridge),
            Ridge::Relative(ridge) => (RidgeMode::Relative, ridge),
        };
        let ridge = self.ridge.unwrap_or(ridge);
        Ok(Machine {
            kernel,
            bandwidth,
            ridge: match self.ridge_mode.unwrap_or(mode) {
                RidgeMode::Absolute => Ridge::Absolute(ridge),
                RidgeMode::Relative => Ridge::Relative(ridge),
            },
            update,
            rescale: match self.rescale {
                None => recipe.rescale,
                Some(RescaleName::None) => Rescale::None,
                Some(RescaleName::Trace) => Rescale::Trace,
                Some(RescaleName::Max) => Rescale::MaxEntry,
            },
            centering: match self.center {
                CenterName::None => Centering::None,
                CenterName::Mean => Centering::Mean,
            },
            shape: match self.shape {
                ShapeName::Full => Shape::Full,
                ShapeName::Diagonal => Shape::Diagonal,
            },
            rounds: self.rounds.unwrap_or(recipe.rounds(update)),
            precision: self.precision,
            engine: self.engine,
        })
    }
}

impl PredictArguments {
    /// The plan.
    pub fn plan(&self) -> Predict {
        Predict {
            model: self.model.clone(),
            data: self.data.clone(),
            header: self.header,
            probabilities: self.probabilities,
            jacobian: self.jacobian.clone(),
        }
    }
}

fn usage(message: &str) -> Error {
    Error::Usage(message.to_owned())
}
