//! One document of many results.

use super::carry_out::{RESULTS, Results};
use super::render;
use crate::error::{Error, Fault, Result};
use crate::report;
use std::path::{Path, PathBuf};

/// Name of the document.
const DOCUMENT: &str = "REPRODUCTION.md";
/// Where its pictures are, beside it.
const PICTURES: &str = "pictures";

/// Results with the folder they are in, by number of their claims; of one claim, those of the last
/// directory that has them.
///
/// # Errors
/// [`Error::Usage`] when a directory holds none, [`Error::Read`] and [`Error::Data`].
pub fn read(directories: &[PathBuf]) -> Result<Vec<(PathBuf, Results)>> {
    let mut found: Vec<(PathBuf, Results)> = Vec::new();
    for directory in directories {
        if !directory.is_dir() {
            let name = directory.display();
            return Err(Error::Usage(format!("{name}: no such directory. Give what --out named")));
        }
        let folders = folders(directory)?;
        if folders.is_empty() {
            return Err(Error::Usage(format!(
                "{}: no {RESULTS} in it or in a folder of it. Give what --out named, with the scale",
                directory.display()
            )));
        }
        for folder in folders {
            let path = folder.join(RESULTS);
            let text = std::fs::read(&path)
                .map_err(|source| Error::Read { path: path.clone(), source })?;
            let results: Results = serde_json::from_slice(&text).map_err(|error| {
                let found = Fault::of_file(&path, format!("no results ({error})"));
                Error::data(found.advice("Make them anew with fact reproduce"))
            })?;
            found.retain(|(_, other)| other.claim != results.claim);
            found.push((folder, results));
        }
    }
    found.sort_by_key(|(_, results)| results.number);
    Ok(found)
}

/// The directory itself or those right below it that hold results, in order of their names.
fn folders(directory: &Path) -> Result<Vec<PathBuf>> {
    let holds = |folder: &PathBuf| folder.join(RESULTS).is_file();
    let own = directory.to_owned();
    if holds(&own) {
        return Ok(vec![own]);
    }
    let fail = |source| Error::Read { path: directory.to_owned(), source };
    let entries = std::fs::read_dir(directory).map_err(fail)?;
    let paths = entries.map(|entry| Ok(entry.map_err(fail)?.path())).collect::<Result<Vec<_>>>()?;
    let mut folders: Vec<PathBuf> = paths.into_iter().filter(holds).collect();
    folders.sort();
    Ok(folders)
}

/// The document.
pub fn document(found: &[(PathBuf, Results)]) -> String {
    let mut text = String::from(
        "# Reproduction\n\n\
         Generated from results by `fact reproduce report`; do not edit. Each claim of the paper \
         (Boix-Adserà, Mallinar, Simon, Belkin, ICLR 2026) with the paper's number, ours, the \
         verdict, and the command that makes every number and picture of its section. A verdict \
         follows from the checks at the end of each section and from nothing else: *reproduced*, \
         *reproduced with a difference* (which is named), or *not reproduced*. Numbers are means \
         over seeds ± their standard error; times are by the clock, added over runs that were made \
         side by side.\n\n\
         | claim | paper | ours | verdict |\n|---|---|---|---|\n",
    );
    for (_, results) in found {
        text += &format!(
            "| {} [{}](#{}) | {} | {} | {} |\n",
            results.number,
            results.claim,
            anchor(results),
            results.paper.replace('|', "\\|"),
            results.summary.ours.replace('|', "\\|"),
            results.verdict.words()
        );
    }
    text.push('\n');
    for (_, results) in found {
        text += &render::markdown(results, &format!("{PICTURES}/"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The anchor that GitHub makes of a claim's heading.
fn anchor(results: &Results) -> String {
    let heading = format!("{} {}: {}", results.number, results.claim, results.title);
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Writes the document into `out` and its pictures (PNG) into a folder beside it.
///
/// # Errors
/// [`Error::Read`] of a picture, [`Error::Write`].
pub fn write(found: &[(PathBuf, Results)], out: &Path) -> Result<()> {
    let pictures = out.join(PICTURES);
    report::prepare(&pictures)?;
    for (folder, results) in found {
        for (name, _) in &results.pictures {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
            report::put(&pictures, name, &bytes)?;
        }
    }
    report::put(out, DOCUMENT, document(found).as_bytes())?;
    Ok(())
}
