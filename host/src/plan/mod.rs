//! What a command is to do: plain data, validated, with every default filled in.

mod names;
mod network;

pub(crate) use names::split;
pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Setting, Source, Standardize, Training,
};
