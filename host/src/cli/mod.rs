//! The command line: arguments in, a validated [`Plan`](crate::plan::Plan) out.

mod bench;
mod check;
mod data;
mod device;
mod export;
mod parse;
mod reproduce;
mod rfm;
mod shell;
mod verify;

pub use bench::Bench;
pub use check::{Check, CheckTraces};
pub use data::Data;
pub use device::PlanArguments;
pub use export::{Export, Format};
pub use reproduce::Reproduce;
pub use rfm::{FitArguments, PredictArguments, Rfm, RfmCommand};
pub use shell::{Completions, Man};
pub use verify::Verify;

use clap::{Parser, Subcommand};

/// Train small networks to a critical point and measure what the FACT theorem says about them.
#[derive(Debug, Parser)]
#[command(name = "fact", version, about, long_about = None, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// No progress and no remarks on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Most threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = parse::count, global = true,
        allow_negative_numbers = true)]
    pub threads: Option<u32>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network to a critical point and report, layer by layer, how well FACT holds
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<Verify>),
    /// Say how much memory training takes on a microcontroller, and which parts have it
    #[command(after_help = device::EXAMPLES)]
    Plan(PlanArguments),
    /// Hold the same claims against a network that was trained elsewhere
    #[command(after_help = check::EXAMPLES)]
    Check(Box<Check>),
    /// Hold FACT against one layer of any network, given what went in and what came back
    #[command(after_help = check::TRACES_EXAMPLES)]
    CheckTraces(CheckTraces),
    /// Write a trained model as constants for firmware or as a file for other programs
    Export(Export),
    /// List or export the data sets that are compiled in
    #[command(subcommand)]
    Data(Data),
    /// Write completions of this command for a shell
    Completions(Completions),
    /// Write manual pages of this command
    Man(Man),
    /// Kernel machines that learn their metric
    Rfm(Rfm),
    /// Measure what things cost: wall clock, host and microcontroller instructions
    #[command(after_help = bench::EXAMPLES)]
    Bench(Bench),
    /// Reproduce the paper, claim by claim
    #[command(after_help = reproduce::EXAMPLES)]
    Reproduce(Reproduce),
}

#[cfg(test)]
mod tests;
