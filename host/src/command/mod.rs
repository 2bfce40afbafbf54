//! The subcommands: a plan is made, carried out, rendered and printed.

mod bench;
mod check;
mod check_traces;
mod data;
mod export;
mod plan;
mod reproduce;
mod rfm;
mod shell;
mod verify;

use crate::cli::{Cli, Command};
use crate::error::{Error, Result};
use std::io::{ErrorKind, Write};

/// How a command ended that was not stopped by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It did what it was asked to; a check has passed.
    Done,
    /// It is a check, and the check failed.
    Failed,
}

/// Carries out what the command line asks for.
///
/// # Errors
/// Whatever stops it early: bad usage, bad input, a file that cannot be written.
pub fn run(cli: &Cli) -> Result<Ending> {
    if let Some(threads) = cli.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global();
        pool.map_err(|error| Error::Usage(format!("--threads {threads}: {error}")))?;
    }
    let quiet = cli.quiet;
    match &cli.command {
        Command::Plan(arguments) => plan::run(arguments),
        Command::Verify(arguments) => verify::run(arguments, quiet),
        Command::Check(arguments) => check::run(arguments),
        Command::CheckTraces(arguments) => check_traces::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Data(arguments) => data::run(arguments),
        Command::Completions(arguments) => shell::completions(arguments),
        Command::Man(arguments) => shell::man(arguments),
        Command::Rfm(arguments) => rfm::run(arguments, quiet),
        Command::Bench(arguments) => bench::run(arguments, quiet),
        Command::Reproduce(arguments) => reproduce::run(arguments, quiet),
    }
}

/// Writes to stdout. A reader that has seen enough and closes the pipe is not an error.
fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
        _ => Ok(()),
    }
}
