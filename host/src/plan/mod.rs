//! What a command is to do: plain data, validated, with every default filled in.

mod check;
mod names;
mod network;

pub(crate) use check::stem;
pub use check::{Check, CheckTraces, Examined};
pub(crate) use names::split;
pub use network::{
    Activation, Bias, Loss, Optimizer, Plan, Precision, Recipe, Scaled, Setting, Source,
    Standardize, Training,
};
pub(crate) use network::{check_lambda, plain};
