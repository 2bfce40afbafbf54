//! `fact reproduce`.

use super::{Ending, print};
use crate::cli::Reproduce;
use crate::error::{Error, Result};
use crate::plan::{Reproduction, Work};
use crate::reproduce::{self, Data, Request, Results, Settings, Verdict};
use std::path::{Path, PathBuf};

/// Where results go when nothing is said.
const OUT: &str = "reproduction";

pub(super) fn run(arguments: &Reproduce, quiet: bool) -> Result<Ending> {
    let plan = arguments.plan()?;
    match &plan.work {
        Work::Claims(names) => claims(&plan, names, quiet),
        Work::Report(directories) => report(directories, plan.out.as_deref()),
    }
}

fn claims(plan: &Reproduction, names: &[&str], quiet: bool) -> Result<Ending> {
    let out = plan.out.clone().unwrap_or_else(|| PathBuf::from(OUT)).join(plan.scale.to_string());
    let data = Data::new(plan.data.clone());
    let settings = Settings { scale: plan.scale, seeds: plan.seeds };
    // All are asked before the first spends minutes.
    for name in names {
        reproduce::check(&out.join(name), plan.resume)?;
    }
    let mut found: Vec<Results> = Vec::new();
    for claim in reproduce::all() {
        let name = claim.about().name;
        if !names.contains(&name) {
            continue;
        }
        let folder = out.join(name);
        let request = Request {
            settings,
            data: &data,
            folder: &folder,
            resume: plan.resume,
            quiet,
            shard: plan.shard,
            merge: &plan.merge,
        };
        let results = claim.carry_out(&request)?;
        if let Some((part, parts)) = plan.shard {
            // A part has no verdict.
            print(&format!(
                "{name}: part {part} of {parts} is done, {} runs, in {}.\n",
                results.runs.len(),
                folder.display()
            ))?;
            continue;
        }
        print(&if plan.json { json(&results)? } else { reproduce::text(&results) + "\n" })?;
        found.push(results);
    }
    if !plan.json {
        if found.len() > 1 {
            print(&(reproduce::overview(&found) + "\n"))?;
        }
        print(&format!("Everything is in {}.\n", out.display()))?;
    }
    let failed = found.iter().any(|results| results.verdict == Verdict::NotReproduced);
    Ok(if failed { Ending::Failed } else { Ending::Done })
}

fn json(results: &Results) -> Result<String> {
    let text = serde_json::to_string(results);
    Ok(text.map_err(|error| Error::Stdout(error.into()))? + "\n")
}

fn report(directories: &[PathBuf], out: Option<&Path>) -> Result<Ending> {
    let found = reproduce::read(directories)?;
    match out {
        None => print(&reproduce::document(&found))?,
        Some(out) => {
            reproduce::write(&found, out)?;
            print(&format!("Written to {}.\n", out.display()))?;
        }
    }
    Ok(Ending::Done)
}
