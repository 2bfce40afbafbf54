//! What a command is to do: plain data, validated, with every default filled in.

mod network;
mod reproduce;

pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Source, Standardize, Training,
};
pub use reproduce::{Reproduction, Scale, Work};
