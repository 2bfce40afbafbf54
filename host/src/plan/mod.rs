//! What a command is to do: plain data, validated, with every default filled in.

mod device;
mod network;

pub use device::{Device, Machine, Network};
pub(crate) use network::plain;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Source, Standardize, Training,
};
