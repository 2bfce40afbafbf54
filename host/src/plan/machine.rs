//! The plans of `fact rfm`: what is fitted to what, and which model predicts.

use super::{Precision, Source};
use crate::data::{Header, Split, Synthetic};
use crate::error::{Error, Result};
use fact_core::kernel::{Centering, Kernel, Rescale, Ridge, Shape, Update};
use std::path::PathBuf;

/// Length scale of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bandwidth {
    /// As given.
    Fixed,
    /// The median distance between training samples (of an inner-product kernel: the median of
    /// `xᵀMx`) under the metric of each round.
    Median,
}

/// Which code computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// The core's, to the bit what a device computes; one thread
    Exact,
    /// Blocked and threaded; agrees with the other to rounding
    Fast,
}

/// A Recursive Feature Machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// The kernel; its bandwidth is not read where that is the median.
    pub kernel: Kernel<f64>,
    /// How its bandwidth is found.
    pub bandwidth: Bandwidth,
    /// The ridge.
    pub ridge: Ridge<f64>,
    /// How the metric follows; `None` leaves it as it is.
    pub update: Option<Update<f64>>,
    /// What the metric is brought to after an update.
    pub rescale: Rescale,
    /// Whether AGOP and FACT are centred.
    pub centering: Centering,
    /// Whether the metric has entries beside its diagonal.
    pub shape: Shape,
    /// Number of updates.
    pub rounds: u32,
    /// Number format.
    pub precision: Precision,
    /// Which code computes.
    pub engine: Engine,
}

/// What `fact rfm fit` is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The training data.
    pub train: Source,
    /// The test data, where the training data do not bring their own.
    pub test: Option<Source>,
    /// The machine.
    pub machine: Machine,
    /// The metric of round 0, when it is not the identity.
    pub metric: Option<PathBuf>,
    /// Whether features are brought to mean 0 and deviation 1.
    pub standardize: bool,
    /// Share of the training samples that only choose the round.
    pub select: Option<f64>,
    /// Choose bandwidth and ridge by cross-validation.
    pub tune: bool,
    /// Seed of drawn data and of splits.
    pub seed: u64,
    /// Print JSON, not a table.
    pub json: bool,
    /// Where metric, dual, predictions and pictures go.
    pub out: Option<PathBuf>,
    /// Where the model goes.
    pub model: Option<PathBuf>,
}

/// What `fact rfm predict` is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Predict {
    /// The model.
    pub model: PathBuf,
    /// The samples.
    pub data: PathBuf,
    /// Whether the first row of the file names its columns.
    pub header: Header,
    /// Also print the probability of each class.
    pub probabilities: bool,
    /// Where the derivatives of the outputs go.
    pub jacobian: Option<PathBuf>,
}

/// Settings that suit a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MachineRecipe {
    /// The kernel.
    pub kernel: Kernel<f64>,
    /// The ridge.
    pub ridge: Ridge<f64>,
    /// Power of `nfa`.
    pub power: f64,
    /// What the metric is brought to.
    pub rescale: Rescale,
    /// Whether features are standardised.
    pub standardize: bool,
    /// Number of updates: of `nfa`, of `fact`, and of its geometric mean and inner form, which are
    /// slower.
    pub rounds: [u32; 3],
}

impl MachineRecipe {
    /// The recipe for `source`: the settings of the paper where it has them.
    pub fn of(source: &Source) -> Self {
        let table = Self {
            kernel: Kernel::Laplace { bandwidth: 10.0 },
            ridge: Ridge::Absolute(1e-3),
            power: 1.0,
            rescale: Rescale::Trace,
            standardize: true,
            rounds: [5; 3],
        };
        match source {
            Source::Builtin("digits") | Source::Mnist(_) => Self { standardize: false, ..table },
            Source::Builtin(_) | Source::File(..) => table,
            Source::Synthetic(Synthetic::Parity { k, .. }) => Self {
                kernel: Kernel::Gaussian { bandwidth: if *k > 3 { 1.5 } else { 2.0 } },
                power: 0.5,
                standardize: false,
                rounds: [8; 3],
                ..table
            },
            Source::Synthetic(Synthetic::Modular { .. }) => Self {
                kernel: Kernel::Quadratic,
                ridge: Ridge::Relative(1e-8),
                power: 0.5,
                standardize: false,
                rounds: [20, 26, 50],
                ..table
            },
            Source::Synthetic(Synthetic::Lowrank { .. }) => {
                Self { rescale: Rescale::None, standardize: false, ..table }
            }
        }
    }
}

impl MachineRecipe {
    /// Number of updates.
    pub fn rounds(&self, update: Option<Update<f64>>) -> u32 {
        let [nfa, fact, slow] = self.rounds;
        match update {
            None => 0,
            Some(Update::Nfa { .. }) => nfa,
            Some(Update::Fact) => fact,
            Some(Update::FactGeomean | Update::FactInner) => slow,
        }
    }
}

impl Fit {
    /// Loads training and test data.
    ///
    /// # Errors
    /// As [`Source::load`]; [`Error::Usage`] when the two do not have the same features.
    pub fn load(&self) -> Result<Split> {
        let Split { train, mut test } = self.train.load(self.seed)?;
        if let Some(source) = &self.test {
            test = Some(source.as_test_of(&train).load(self.seed)?.train);
        }
        if let Some(test) = &test
            && (test.d, test.outputs_of_values()) != (train.d, train.outputs_of_values())
        {
            let shape = |set: &crate::data::Dataset| match set.outputs_of_values() {
                Some(c) => {
                    format!("{} and {}", counted(set.d, "feature"), counted(c, "numeric target"))
                }
                None => format!("{} and classes", counted(set.d, "feature")),
            };
            return Err(Error::Usage(format!(
                "--test {}: found {}, expected {} as in {}. Give both files the same columns",
                test.name,
                shape(test),
                shape(&train),
                train.name
            )));
        }
        Ok(Split { train, test })
    }
}

/// So many of these, in words.
fn counted(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// The kernel with another bandwidth; a kernel without one as it is.
pub fn with_bandwidth(kernel: Kernel<f64>, bandwidth: f64) -> Kernel<f64> {
    match kernel {
        Kernel::Laplace { .. } => Kernel::Laplace { bandwidth },
        Kernel::GeneralizedLaplace { exponent, .. } => {
            Kernel::GeneralizedLaplace { bandwidth, exponent }
        }
        Kernel::Gaussian { .. } => Kernel::Gaussian { bandwidth },
        Kernel::Exponential { .. } => Kernel::Exponential { bandwidth },
        Kernel::Quadratic => Kernel::Quadratic,
    }
}

/// The bandwidth of a kernel; `None` of one without.
pub fn bandwidth_of(kernel: Kernel<f64>) -> Option<f64> {
    match kernel {
        Kernel::Laplace { bandwidth }
        | Kernel::GeneralizedLaplace { bandwidth, .. }
        | Kernel::Gaussian { bandwidth }
        | Kernel::Exponential { bandwidth } => Some(bandwidth),
        Kernel::Quadratic => None,
    }
}
