//! How much memory training takes on a microcontroller, by the sizes that `fact-core` states.

use super::train;
use crate::plan::{Activation, Device, KernelMachine, Loss, Network, Precision, Training};
use fact_core::kernel::{predict_scratch, rfm};
use fact_core::nn::{Architecture, objective, sgd};
use serde::Serialize;

/// Bytes left for the stack when a part is said to fit; the measured images use less.
pub const STACK: usize = 3 << 10;

/// One static buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Buffer {
    /// Whose it is: `network` or `rfm`.
    pub of: &'static str,
    /// Its name, as in the firmware images.
    pub name: &'static str,
    /// Numbers it holds.
    pub words: usize,
    /// Bytes it takes.
    pub bytes: usize,
    /// What it holds.
    pub holds: &'static str,
}

/// A microcontroller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Its core.
    pub core: &'static str,
    /// Its RAM in KiB.
    pub ram: usize,
}

const fn part(name: &'static str, core: &'static str, ram: usize) -> Part {
    Part { name, core, ram }
}

/// Common parts, by RAM. The 64 KB of an STM32F407 that stand apart from the rest are left out.
pub const PARTS: [Part; 10] = [
    part("nRF51822", "Cortex-M0", 16),
    part("FE310-G002", "RV32IMAC", 16),
    part("STM32F103", "Cortex-M3", 20),
    part("SAMD21", "Cortex-M0+", 32),
    part("GD32VF103", "RV32IMAC", 32),
    part("LPC1768", "Cortex-M3", 64),
    part("STM32F407", "Cortex-M4F", 128),
    part("nRF52840", "Cortex-M4F", 256),
    part("RP2040", "Cortex-M0+", 264),
    part("ESP32-C3", "RV32IMC", 400),
];

/// The buffers of `device`. Samples of a network are not among them: they are in flash, or arrive one
/// by one. Counts beyond the largest number saturate.
pub fn buffers(device: &Device) -> Vec<Buffer> {
    let word = match device.precision {
        Precision::F32 => size_of::<f32>(),
        Precision::F64 => size_of::<f64>(),
    };
    let network = device.network.iter().flat_map(|network| of_network(network, device.precision));
    let machine = device.machine.iter().flat_map(of_machine);
    let buffer = |(of, name, words, holds): (_, _, usize, _)| Buffer {
        of,
        name,
        words,
        bytes: words.saturating_mul(word),
        holds,
    };
    network.chain(machine).map(buffer).collect()
}

/// Bytes of all buffers.
pub fn total(buffers: &[Buffer]) -> usize {
    buffers.iter().fold(0, |sum, buffer| sum.saturating_add(buffer.bytes))
}

/// Whether buffers of `bytes` and a stack fit into `part`.
pub fn fits(part: &Part, bytes: usize) -> bool {
    bytes.saturating_add(STACK) <= part.ram << 10
}

type Row = (&'static str, &'static str, usize, &'static str);

fn of_network(network: &Network, precision: Precision) -> [Row; 3] {
    let training = Training {
        hidden: network.widths.clone(),
        activation: Activation::Tanh,
        loss: Loss::HalfMse,
        lambda: 0.0,
        bias: network.bias,
        seed: 0,
        precision,
        optimizer: network.optimizer,
        rate: network.optimizer.default_rate(),
        evaluations: 0,
        tolerance: 0.0,
    };
    let identity = fact_core::nn::Activation::<f64>::Identity;
    let bias = super::problem::bias(network.bias);
    let architecture =
        Architecture { widths: &network.widths, hidden: identity, output: identity, bias };
    let params = architecture.params();
    let scratch = match network.optimizer {
        crate::plan::Optimizer::Sgd => sgd::step_scratch(&network.widths),
        _ => objective::gradient_scratch(&network.widths, network.batch),
    };
    [
        ("network", "theta", params, "parameters"),
        ("network", "memory", train::memory::<f64>(&training, params), "optimiser and gradient"),
        ("network", "scratch", scratch, "values and slopes of one block"),
    ]
}

fn of_machine(&KernelMachine { n, d, c }: &KernelMachine) -> [Row; 6] {
    let area = usize::saturating_mul;
    [
        ("rfm", "x", area(n, d), "inputs"),
        ("rfm", "y", area(n, c), "targets"),
        ("rfm", "metric", area(d, d), "the metric"),
        ("rfm", "dual", area(n, c), "dual coefficients"),
        ("rfm", "fit", rfm::fit_scratch(n, d, c), "working memory of a fit"),
        ("rfm", "predict", predict_scratch(n, d, 1), "working memory of a prediction"),
    ]
}
