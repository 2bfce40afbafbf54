//! Arguments of `fact reproduce`.

use super::parse;
use crate::error::{Error, Result};
use crate::plan::{Reproduction, Scale, Work};
use crate::reproduce;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  fact reproduce all                          every claim, at most 2 minutes each
  fact reproduce agreement --scale paper --data-dir DIR     MNIST in DIR (IDX)
  fact reproduce agreement --scale paper --data-dir DIR --resume
  fact reproduce tabular --scale paper --data-dir DIR --shard 1/3 --out A
  fact reproduce tabular --scale paper --data-dir DIR --merge A/paper/tabular …
  fact reproduce report reproduction/paper > docs/REPRODUCTION.md

Results go to OUT/SCALE/CLAIM: results.json (every run), tables as CSV,
README.md and pictures. Each run is stored as soon as it is done; what was
stopped is continued with --resume.

Exit code: 0 when every claim is reproduced, with or without a difference that
is named, 1 when one is not, 2 on bad usage or input.";

/// Arguments of `fact reproduce`.
#[derive(Debug, clap::Args)]
pub struct Reproduce {
    /// A claim, all of them, or `report` to print one document of what was found
    #[arg(value_name = "CLAIM", value_parser = claim)]
    what: What,
    /// With `report`: directories with results
    #[arg(value_name = "DIR")]
    results: Vec<PathBuf>,

    /// How much to run
    #[arg(long, value_enum, default_value = "quick")]
    scale: Scale,
    /// Seeds per setting [default: by claim and scale]
    #[arg(long, value_name = "N", value_parser = parse::count, allow_negative_numbers = true)]
    seeds: Option<u32>,
    /// Folder with data that are not built in: MNIST (IDX files), the UCI collection (a folder a
    /// set), or both in its subfolders mnist and uci
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where results go [default: reproduction; with `report`: the standard output]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue what is in the output directory
    #[arg(long)]
    resume: bool,
    /// Make only part i of n of the runs, to share a claim among machines
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Bring the runs in these folders together (each holds a runs.jsonl), and make none
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with = "shard")]
    merge: Vec<PathBuf>,
    /// Print results as JSON, a claim a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    All,
    Report,
    Claim(&'static str),
}

fn claim(text: &str) -> std::result::Result<What, String> {
    let names = || reproduce::all().into_iter().map(|claim| claim.about().name);
    match text {
        "all" => Ok(What::All),
        "report" => Ok(What::Report),
        _ => names().find(|name| *name == text).map(What::Claim).ok_or_else(|| {
            format!("expected {}, all or report", Vec::from_iter(names()).join(", "))
        }),
    }
}

/// `i/n`, with 1 ≤ i ≤ n.
fn shard(text: &str) -> std::result::Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts
        .filter(|(i, n)| (1..=*n).contains(i))
        .ok_or_else(|| "expected a part and the number of parts, such as 1/4".to_owned())
}

impl Reproduce {
    /// The plan.
    ///
    /// # Errors
    /// [`Error::Usage`] when arguments contradict each other.
    pub fn plan(&self) -> Result<Reproduction> {
        let work = match self.what {
            What::Report if self.results.is_empty() => {
                return Err(usage("report: name the directories with results to report on"));
            }
            What::Report
                if self.resume
                    || self.json
                    || self.seeds.is_some()
                    || self.shard.is_some()
                    || !self.merge.is_empty() =>
            {
                return Err(usage("report takes directories and --out only"));
            }
            What::Report => Work::Report(self.results.clone()),
            _ if !self.results.is_empty() => {
                return Err(usage("directories go with report; results go where --out says"));
            }
            What::Claim(name) => Work::Claims(vec![name]),
            What::All if !self.merge.is_empty() || self.shard.is_some() => {
                return Err(usage("--shard and --merge are of one claim: name it"));
            }
            What::All => {
                Work::Claims(reproduce::all().into_iter().map(|claim| claim.about().name).collect())
            }
        };
        if let Some(directory) = self.data_dir.as_ref().filter(|directory| !directory.is_dir()) {
            return Err(usage(&format!("--data-dir {}: no such folder", directory.display())));
        }
        Ok(Reproduction {
            work,
            scale: self.scale,
            seeds: self.seeds,
            out: self.out.clone(),
            resume: self.resume,
            shard: self.shard,
            merge: self.merge.clone(),
            data: self.data_dir.clone(),
            json: self.json,
        })
    }
}

fn usage(message: &str) -> Error {
    Error::Usage(message.to_owned())
}
