//! The command `fact`.

use clap::Parser;
use fact_host::cli::Cli;
use fact_host::command::{self, Ending};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run(&Cli::parse()) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Failed) => ExitCode::from(1),
        Err(error) => {
            // Without a stderr there is nobody left to tell.
            let _ = writeln!(anstream::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
