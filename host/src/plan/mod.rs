//! What a command is to do: plain data, validated, with every default filled in.

mod machine;
mod network;
mod source;
mod reproduce;

pub use machine::{
    Bandwidth, Engine, Fit, Machine, MachineRecipe, Predict, bandwidth_of, with_bandwidth,
};
pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Standardize, Training,
};
pub use source::Source;
pub use reproduce::{Reproduction, Scale, Work};
