//! What a command is to do: plain data, validated, with every default filled in.

mod check;
mod device;
mod machine;
mod names;
mod network;
mod reproduce;
mod source;

pub(crate) use check::stem;
pub use check::{Check, CheckTraces, Examined};
pub use device::{Device, KernelMachine, Network};
pub use machine::{
    Bandwidth, Engine, Fit, Machine, MachineRecipe, Predict, bandwidth_of, with_bandwidth,
};
pub(crate) use names::{real, split};
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Scaled, Setting, Standardize,
    Training,
};
pub(crate) use network::{check_lambda, plain};
pub use reproduce::{Reproduction, Scale, Work};
pub use source::Source;
