//! The command `fact`.

use clap::Parser;
use fact_host::cli::{Cli, Command, Verify};
use fact_host::error::{Error, Result};
use fact_host::progress::Progress;
use fact_host::{experiment, report};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Command::Verify(verify) = Cli::parse().command;
    match run(&verify) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Without a stderr there is nobody left to tell.
            let _ = writeln!(anstream::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Whether the check passed.
fn run(verify: &Verify) -> Result<bool> {
    let plan = verify.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    let data = plan.load()?;
    let mut progress = Progress::new(plan.quiet);
    let outcome = experiment::verify(&plan, &data, |moment| progress.show(moment));
    progress.finish();
    let outcome = outcome?;
    let verdict = report::verdict(&outcome);
    if let Some(directory) = &plan.out {
        report::write(directory, &outcome)?;
    }
    print(&if plan.json {
        report::Report::new(&outcome).to_json()
    } else {
        report::table(&outcome, &verdict)
    })?;
    Ok(verdict.passed)
}

/// Writes to stdout. A reader that has seen enough and closes the pipe is not an error.
fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
        _ => Ok(()),
    }
}
