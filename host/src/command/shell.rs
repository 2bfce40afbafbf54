//! `fact completions` and `fact man`.

use super::{Ending, print};
use crate::cli::{Cli, Completions, Man};
use crate::error::{Error, Result};
use crate::report;
use clap::CommandFactory;
use std::path::Path;

pub(super) fn completions(arguments: &Completions) -> Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "fact", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Done)
}

pub(super) fn man(arguments: &Man) -> Result<Ending> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    match &arguments.out {
        None => print(&String::from_utf8_lossy(&page(&command, Path::new("fact.1"))?))?,
        Some(directory) => {
            report::prepare(directory)?;
            pages(&command, directory)?;
        }
    }
    Ok(Ending::Done)
}

/// Writes the page of `command` and those of its subcommands: `fact.1`, `fact-verify.1`, …
fn pages(command: &clap::Command, directory: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    report::write_file(&path, &page(command, &path)?)?;
    command.get_subcommands().try_for_each(|command| pages(command, directory))
}

fn page(command: &clap::Command, path: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command.clone()).render(&mut text);
    page.map_err(|source| Error::Write { path: path.to_owned(), source })?;
    Ok(text)
}
