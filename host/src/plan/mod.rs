//! What a command is to do: plain data, validated, with every default filled in.

mod network;
mod source;

pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Standardize, Training,
};
pub use source::Source;
