//! Arguments of `fact completions` and `fact man`.

use std::path::PathBuf;

/// Arguments of `fact completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fact completions bash > /etc/bash_completion.d/fact
  fact completions zsh > ~/.zfunc/_fact
  fact completions fish > ~/.config/fish/completions/fact.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `fact man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write a page for the command and one for each subcommand into this directory [default: the
    /// command's page to standard output]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
