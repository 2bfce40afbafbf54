//! The command line: arguments in, a validated [`Plan`](crate::plan::Plan) out.

mod parse;
mod reproduce;
mod rfm;
mod verify;

pub use reproduce::Reproduce;
pub use rfm::{FitArguments, PredictArguments, Rfm, RfmCommand};
pub use verify::Verify;

use clap::{Parser, Subcommand};

/// Train small networks to a critical point and measure what the FACT theorem says about them.
#[derive(Debug, Parser)]
#[command(name = "fact", version, about, long_about = None, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network to a critical point and report, layer by layer, how well FACT holds
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<Verify>),
    /// Kernel machines that learn their metric
    Rfm(Rfm),
    /// Reproduce the paper, claim by claim
    #[command(after_help = reproduce::EXAMPLES)]
    Reproduce(Reproduce),
}

#[cfg(test)]
mod tests;
