//! What a command is to do: plain data, validated, with every default filled in.

mod machine;
mod network;
mod reproduce;
mod source;

pub use machine::{
    Bandwidth, Engine, Fit, Machine, MachineRecipe, Predict, bandwidth_of, with_bandwidth,
};
pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Standardize, Training,
};
pub use reproduce::{Reproduction, Scale, Work};
pub use source::Source;
