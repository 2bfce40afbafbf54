//! Arguments of `fact export`.

use crate::plan::Activation;
use std::path::PathBuf;

/// The form a model is exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A module of constants that compiles against fact-core
    Rust,
    /// A header of constants for C99
    C,
    /// One line of JSON
    Json,
    /// PyTorch's names for nn.Sequential, and all else as metadata
    Safetensors,
}

/// Arguments of `fact export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The model: a file of fact verify --save or fact rfm fit --model, or the state dict of an
    /// nn.Sequential
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    pub format: Format,
    /// Activation of the hidden layers, where the file does not say it
    #[arg(long)]
    pub activation: Option<Activation>,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
