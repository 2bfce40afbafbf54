//! Arguments of `fact bench`.

use crate::bench::Kind;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  fact bench --quick                          a minute: small shapes, host instructions
  fact bench --out before.json                everything there are tools for
  fact bench --compare before.json            beside an earlier run
  fact bench --scaling results                how costs grow, and a picture of it
  fact bench --only host-instructions         as continuous integration runs it

Exit code 1: an exact count rose by more than 2 %. Wall clock never fails.";

/// Arguments of `fact bench`.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// Small shapes, and microcontrollers' counts from the record
    #[arg(long)]
    pub quick: bool,
    /// Only these kinds; a tool that is missing for one is an error
    #[arg(long, value_name = "KIND", value_enum, value_delimiter = ',')]
    pub only: Option<Vec<Kind>>,
    /// Compare with a report of --out in place of the record
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write the report as JSON into this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Measure how costs grow with samples, inputs, outputs, width and depth in place of all that; curves
    /// (JSON, CSV) and their picture go into this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["only", "compare", "out", "record"])]
    pub scaling: Option<PathBuf>,
    /// Make what was measured the record, in benches/record of this checkout
    #[arg(long, conflicts_with_all = ["quick", "compare"])]
    pub record: bool,
}
