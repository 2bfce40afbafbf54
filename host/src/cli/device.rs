//! Arguments of `fact plan`.

use super::parse::{self, Choice};
use crate::error::{Error, Result};
use crate::plan::{Bias, Device, KernelMachine, Network, Optimizer, Precision};

pub(super) const EXAMPLES: &str = "\
Examples:
  fact plan --widths 64,32,10 --optimizer lbfgs:5 --batch 1 --precision f32
  fact plan --widths 64,32,10 --bias free --optimizer sgd
  fact plan --rfm 64,8,1                      64 samples, 8 inputs, 1 output";

/// Arguments of `fact plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArguments {
    /// Widths of a network from inputs to outputs, such as 64,32,10
    #[arg(long, value_name = "WIDTHS", value_parser = parse::widths,
        allow_negative_numbers = true)]
    widths: Option<parse::Widths>,
    /// Biases
    #[arg(long, value_enum, default_value = "none")]
    bias: Bias,
    /// lbfgs[:PAIRS], heavy-ball, adam, adamw, sgd or gd
    #[arg(long, default_value = "lbfgs:5", value_parser = parse::optimizer)]
    optimizer: Choice,
    /// Samples that go through the network at a time; sgd takes one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse::count,
        allow_negative_numbers = true)]
    batch: u32,
    /// A kernel machine with a learned metric: samples, inputs, outputs
    #[arg(long, value_name = "N,D,C", value_parser = parse::machine,
        allow_negative_numbers = true)]
    rfm: Option<KernelMachine>,
    /// Number format
    #[arg(long, value_enum, default_value = "f32")]
    precision: Precision,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl PlanArguments {
    /// The plan.
    ///
    /// # Errors
    /// [`Error::Usage`] when nothing is asked for, or `sgd` with a batch.
    pub fn plan(&self) -> Result<Device> {
        let optimizer = match self.optimizer {
            Choice::Lbfgs(pairs) => Optimizer::Lbfgs(pairs.unwrap_or(5)),
            Choice::Other(optimizer) => optimizer,
        };
        if optimizer == Optimizer::Sgd && self.batch != 1 {
            return Err(Error::Usage(
                "--batch has no effect with sgd, which takes one sample at a time".to_owned(),
            ));
        }
        let network = self.widths.clone().map(|parse::Widths(widths)| Network {
            widths,
            bias: self.bias,
            optimizer,
            batch: self.batch as usize,
        });
        if network.is_none() && self.rfm.is_none() {
            return Err(Error::Usage(
                "nothing to plan for: give --widths 64,32,10, --rfm 64,8,1, or both".to_owned(),
            ));
        }
        let (machine, precision, json) = (self.rfm, self.precision, self.json);
        Ok(Device { network, machine, precision, json })
    }
}
