//! Carrying out a claim: its runs in parallel, stored one by one, then summarised and written.

use super::claim::{About, Claim, Run, Settings};
use super::data::Data;
use super::render;
use super::store::{Header, Line, Store};
use super::summary::{Summary, Verdict};
use crate::error::{Error, Fault, Result};
use crate::plot;
use crate::progress::Runs;
use crate::report;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Name of the file with everything that was found.
pub const RESULTS: &str = "results.json";

/// How a claim is to be carried out.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How much is run.
    pub settings: Settings,
    /// The data.
    pub data: &'a Data,
    /// Where results are kept.
    pub folder: &'a Path,
    /// Continue what is there.
    pub resume: bool,
    /// No progress on stderr.
    pub quiet: bool,
    /// Make only the runs of this part, `(i, n)` for the i-th of n, counted from 1.
    pub shard: Option<(usize, usize)>,
    /// Take the runs from these folders, and make none.
    pub merge: &'a [PathBuf],
}

/// A claim with its runs and what they come to: the contents of `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The claim's name.
    pub claim: String,
    /// Its number.
    pub number: u8,
    /// What is claimed.
    pub title: String,
    /// The paper's number.
    pub paper: String,
    /// The scale.
    pub scale: String,
    /// The command that makes it.
    pub command: String,
    /// Seconds by the clock, added over all runs: less passes where they are made side by side.
    pub seconds: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// What the runs come to.
    pub summary: Summary,
    /// Names of the pictures with what they show.
    pub pictures: Vec<(String, String)>,
    /// Every run.
    pub runs: Vec<Line>,
}

/// A claim whose cells and records are its own business.
pub trait Reproduce: Sync {
    /// Name, title and the paper's number.
    fn about(&self) -> About;

    /// Makes the runs that are missing and writes everything anew.
    ///
    /// # Errors
    /// Whatever stops a run, and what [`Store::open`] refuses.
    fn carry_out(&self, request: &Request<'_>) -> Result<Results>;
}

impl<C: Claim> Reproduce for C {
    fn about(&self) -> About {
        C::ABOUT
    }

    fn carry_out(&self, request: &Request<'_>) -> Result<Results> {
        let about = C::ABOUT;
        let header = Header {
            claim: about.name.to_owned(),
            scale: request.settings.scale.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data: request.data.fingerprint()?,
        };
        let mut cells = self.cells(&request.settings, request.data)?;
        if let Some((part, parts)) = request.shard {
            let mut number = 0..;
            cells.retain(|_| number.next().is_some_and(|k| k % parts == part - 1));
        }
        let keys: Vec<Value> = cells.iter().map(key).collect::<Result<_>>()?;
        let (store, mut finished) = Store::open(request.folder, &header, request.resume)?;
        for folder in request.merge {
            finished.extend(store.take(folder, &header, &finished)?);
        }
        if !request.merge.is_empty() {
            let missing = |k: &&Value| !finished.iter().any(|line| line.cell == **k);
            let labels = cells.iter().zip(&keys).filter(|(_, key)| missing(key));
            let labels: Vec<String> = labels.map(|(cell, _)| self.label(cell)).collect();
            if let Some(first) = labels.first() {
                return Err(Error::Usage(format!(
                    "--merge: {} of {} runs are in none of the folders, the first is {first}. Make \
                     them with --shard, or all that is missing with --resume",
                    labels.len(),
                    cells.len()
                )));
            }
        }
        let made = make(self, request, &store, &cells, &keys, &finished)?;
        let lines: Vec<Line> = keys
            .iter()
            .filter_map(|key| finished.iter().chain(&made).find(|line| line.cell == *key))
            .cloned()
            .collect();
        let runs = lines.iter().map(|line| typed::<C>(request.folder, line));
        let summary = self.summarise(&runs.collect::<Result<Vec<_>>>()?);
        let results = Results {
            claim: header.claim,
            number: about.number,
            title: about.title.to_owned(),
            paper: about.paper.to_owned(),
            command: command(about.name, request),
            scale: header.scale,
            seconds: lines.iter().map(|line| line.seconds).sum(),
            verdict: summary.verdict(),
            pictures: render::names(&summary),
            summary,
            runs: lines,
        };
        write(request.folder, &results)?;
        Ok(results)
    }
}

/// The command that was given, but for its directories.
fn command(claim: &str, request: &Request<'_>) -> String {
    let mut command = format!("fact reproduce {claim} --scale {}", request.settings.scale);
    if let Some(seeds) = request.settings.seeds {
        command += &format!(" --seeds {seeds}");
    }
    if request.data.directory().is_some() {
        command += " --data-dir DIR";
    }
    command
}

type Typed<C> = Run<<C as Claim>::Cell, <C as Claim>::Record>;

fn typed<C: Claim>(folder: &Path, line: &Line) -> Result<Typed<C>> {
    let fault = |error: serde_json::Error| {
        let found = Fault::of_file(folder, format!("a run of another version ({error})"));
        Error::data(found.advice("Choose another directory with --out"))
    };
    Ok(Run {
        cell: C::Cell::deserialize(&line.cell).map_err(fault)?,
        record: C::Record::deserialize(&line.record).map_err(fault)?,
        seconds: line.seconds,
    })
}

/// A cell as it is stored.
fn key<T: Serialize>(value: &T) -> Result<Value> {
    let plain = |error: serde_json::Error| Error::Usage(format!("a run has no JSON: {error}"));
    // Through text, so that numbers compare as they are read back.
    serde_json::from_str(&serde_json::to_string(value).map_err(plain)?).map_err(plain)
}

/// Makes the runs that are not `finished`, the longest first, on all threads. Their order changes no
/// result.
fn make<C: Claim>(
    claim: &C,
    request: &Request<'_>,
    store: &Store,
    cells: &[C::Cell],
    keys: &[Value],
    finished: &[Line],
) -> Result<Vec<Line>> {
    let missing = |key: &Value| !finished.iter().any(|line| line.cell == *key);
    let mut todo: Vec<_> = cells.iter().zip(keys).filter(|(_, key)| missing(key)).collect();
    todo.sort_by(|a, b| claim.cost(b.0).total_cmp(&claim.cost(a.0)));
    let cost = |cells: &mut dyn Iterator<Item = &C::Cell>| cells.map(|c| claim.cost(c)).sum();
    let total: f64 = cost(&mut cells.iter());
    let left: f64 = cost(&mut todo.iter().map(|(cell, _)| *cell));
    let progress = Runs::new(request.quiet, C::ABOUT.name, total, left, (cells.len(), todo.len()));
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::new());
    let stopped = Mutex::new(None);
    rayon::broadcast(|_| {
        while let Some((cell, key)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
            let start = Instant::now();
            let share = progress.begin(claim.cost(cell));
            let line = claim.run(cell, request.data, &share).and_then(|record| {
                let seconds = start.elapsed().as_secs_f64();
                let line = Line { cell: (*key).clone(), record: self::key(&record)?, seconds };
                store.append(&line)?;
                Ok(line)
            });
            match line {
                Ok(line) => {
                    share.finish(&claim.label(cell), line.seconds);
                    lock(&made).push(line);
                }
                Err(error) => {
                    // The others finish what they are at; nothing new is begun.
                    next.store(todo.len(), Ordering::Relaxed);
                    lock(&stopped).get_or_insert(error);
                }
            }
        }
    });
    progress.finish();
    match lock(&stopped).take() {
        Some(error) => Err(error),
        None => Ok(std::mem::take(&mut *lock(&made))),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes everything but the runs, which are there already.
fn write(folder: &Path, results: &Results) -> Result<()> {
    let fail = |source| Error::Write { path: folder.to_owned(), source };
    let mut json = serde_json::to_vec_pretty(results).map_err(|error| fail(error.into()))?;
    json.push(b'\n');
    report::put(folder, RESULTS, &json)?;
    for table in &results.summary.tables {
        let bytes = render::csv(table).map_err(fail)?;
        report::put(folder, &format!("{}.csv", table.name), &bytes)?;
    }
    report::put(folder, "README.md", render::markdown(results, "").as_bytes())?;
    for figure in &results.summary.figures {
        for picture in plot::draw(&figure.chart)? {
            report::put(folder, &picture.name, &picture.bytes)?;
        }
    }
    Ok(())
}
