//! Arguments of `fact data`.

use std::path::PathBuf;

/// What to do with the data sets that are compiled in.
#[derive(Debug, clap::Subcommand)]
pub enum Data {
    /// Name them, with their shapes
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write one as comma-separated text, the class in the last column
    Export {
        /// Its name
        name: String,
        /// Where to write it [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
