//! The plan of `fact plan`: what is to run on a microcontroller.

use super::{Bias, Optimizer, Precision};

/// What is to run there.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// A network to train.
    pub network: Option<Network>,
    /// A kernel machine to fit.
    pub machine: Option<KernelMachine>,
    /// Number format.
    pub precision: Precision,
    /// Print JSON, not a table.
    pub json: bool,
}

/// A network and how it is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Inputs, hidden widths, outputs.
    pub widths: Vec<usize>,
    /// Biases.
    pub bias: Bias,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Samples that go through the network at a time.
    pub batch: usize,
}

/// A kernel machine with a learned metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelMachine {
    /// Samples.
    pub n: usize,
    /// Inputs.
    pub d: usize,
    /// Outputs.
    pub c: usize,
}
