//! The frame, with a claim that is quick to carry out.

use super::*;
use crate::error::{Error, Result};
use crate::plan::Scale;
use crate::plot::{Axis, Chart, Panel, Series};
use crate::progress::Share;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Squares of seeds; the run of seed `fails` is an error.
#[derive(Default)]
struct Squares {
    fails: Option<u64>,
    calls: AtomicUsize,
}

#[derive(Clone, Serialize, Deserialize)]
struct Cell {
    lambda: f64,
    seed: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Record {
    square: Option<f64>,
}

impl Claim for Squares {
    type Cell = Cell;
    type Record = Record;
    const ABOUT: About =
        About { name: "squares", number: 9, title: "squares | of seeds", paper: "n²" };

    fn cells(&self, settings: &Settings, _: &Data) -> Result<Vec<Cell>> {
        Ok(settings.seeds(6, 9).map(|seed| Cell { lambda: 0.1 + 0.2, seed }).collect())
    }

    fn label(&self, cell: &Cell) -> String {
        format!("seed {}", cell.seed)
    }

    fn run(&self, cell: &Cell, _: &Data, share: &Share<'_>) -> Result<Record> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        share.done(0.5);
        if self.fails == Some(cell.seed) {
            return Err(Error::Usage("stopped".to_owned()));
        }
        // 0.1 + 0.2 has to come back from the file to the bit.
        assert_eq!(cell.lambda, 0.1 + 0.2);
        Ok(Record { square: (cell.seed != 1).then(|| (cell.seed as f64).sqrt().powi(4)) })
    }

    fn summarise(&self, runs: &[Run<Cell, Record>]) -> Summary {
        let squares = || runs.iter().map(|run| run.record.square);
        let mut table = Table::new("squares", "All.", &["seed", "mean"]);
        for run in runs {
            let mean = Entry::Mean(Estimate::of([run.record.square]), Shown::Decimals(2));
            table.rows.push(vec![Entry::text(run.cell.seed.to_string()), mean]);
        }
        let points = runs.iter().filter_map(|r| Some((r.cell.seed as f64, r.record.square?)));
        let series =
            Series { name: "n²".to_owned(), points: points.collect(), ..Series::default() };
        let panel = Panel {
            x: Axis::linear("seed"),
            y: Axis::linear("square"),
            series: vec![series],
            ..Panel::default()
        };
        let chart = Chart {
            name: "squares".to_owned(),
            columns: 1,
            panel: (200, 150),
            panels: vec![panel],
            ..Chart::default()
        };
        Summary {
            ours: format!("{:?}", Estimate::of(squares()).map(|estimate| estimate.mean)),
            checks: vec![Band::above("largest", 9.0).check(largest(squares().skip(2)))],
            tables: vec![table],
            figures: vec![Figure { chart, caption: "A parabola.".to_owned() }],
            ..Summary::default()
        }
    }
}

fn carry_out(claim: &Squares, folder: &Path, resume: bool) -> Result<Results> {
    let settings = Settings { scale: Scale::Quick, seeds: None };
    let data = Data::default();
    claim.carry_out(&Request {
        settings,
        data: &data,
        folder,
        resume,
        quiet: true,
        shard: None,
        merge: &[],
    })
}

/// What does not depend on the clock.
fn timeless(mut results: Results) -> Results {
    results.seconds = 0.0;
    results.runs.iter_mut().for_each(|line| line.seconds = 0.0);
    results
}

#[test]
fn a_stopped_run_loses_nothing_and_ends_as_if_it_had_not_been_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let expected = timeless(carry_out(&Squares::default(), &whole, false).unwrap());
    assert_eq!(expected.verdict, Verdict::Reproduced);

    let failing = Squares { fails: Some(4), ..Squares::default() };
    carry_out(&failing, &stopped, false).unwrap_err();
    let runs = stopped.join("runs.jsonl");
    let kept = std::fs::read_to_string(&runs).unwrap();
    let finished = kept.lines().count() - 1;
    assert!((1..6).contains(&finished), "{finished}");

    // The power went while a line was being written.
    std::fs::write(&runs, format!("{kept}{{\"cell\":{{\"lam")).unwrap();
    let rest = Squares::default();
    let found = timeless(carry_out(&rest, &stopped, true).unwrap());
    assert_eq!(found, expected);
    assert_eq!(rest.calls.load(Ordering::Relaxed), 6 - finished);
    for name in ["squares.csv", "squares.svg"] {
        let file = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert_eq!(file(&stopped), file(&whole), "{name}");
    }
}

#[test]
fn results_are_never_overwritten_or_mixed() {
    let folder = tempfile::tempdir().unwrap();
    carry_out(&Squares::default(), folder.path(), false).unwrap();
    let refused = carry_out(&Squares::default(), folder.path(), false).unwrap_err().to_string();
    assert!(refused.contains("--resume") && refused.contains("--out"), "{refused}");

    let again = Squares::default();
    carry_out(&again, folder.path(), true).unwrap();
    assert_eq!(again.calls.load(Ordering::Relaxed), 0);

    let runs = folder.path().join("runs.jsonl");
    let text = std::fs::read_to_string(&runs).unwrap();
    std::fs::write(&runs, text.replacen("\"quick\"", "\"paper\"", 1)).unwrap();
    let mixed = carry_out(&Squares::default(), folder.path(), true).unwrap_err().to_string();
    assert!(mixed.contains("squares paper") && mixed.contains("squares quick"), "{mixed}");

    std::fs::write(&runs, text.replacen("\"record\"", "\"reco\"", 1)).unwrap();
    let broken = carry_out(&Squares::default(), folder.path(), true).unwrap_err().to_string();
    assert!(broken.contains("line 2") && broken.contains("broken line"), "{broken}");
}

#[test]
fn everything_that_was_found_is_written_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let claim = folder.path().join("squares");
    let mut results = carry_out(&Squares::default(), &claim, false).unwrap();
    // Of pictures, the file keeps only names.
    results.summary.figures.clear();
    let csv = std::fs::read_to_string(claim.join("squares.csv")).unwrap();
    assert!(csv.starts_with("seed,mean,mean (standard error)\n0,0,\n1,,\n2,"), "{csv}");
    let text = text(&results);
    assert!(text.contains("verdict  reproduced\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");

    let found = read(&[folder.path().to_owned()]).unwrap();
    assert_eq!(found, [(claim, results)]);
    let out = folder.path().join("docs");
    write(&found, &out).unwrap();
    let written = std::fs::read_to_string(out.join("REPRODUCTION.md")).unwrap();
    assert!(written.contains("](pictures/squares.png)"), "{written}");
    assert!(written.contains("| 1 | — |\n"), "{written}");
    assert!(written.contains("`fact reproduce squares --scale quick`"), "{written}");
    assert!(out.join("pictures/squares.png").is_file());
    assert!(!written.contains("NaN"));

    let empty = read(&[out]).unwrap_err().to_string();
    assert!(empty.contains("no results.json"), "{empty}");
    let missing = read(&["no/such/place".into()]).unwrap_err().to_string();
    assert!(missing.contains("no/such/place: no such directory"), "{missing}");
}

#[test]
fn cells_of_every_claim_are_distinct_and_survive_their_file() {
    for scale in [Scale::Quick, Scale::Paper] {
        let settings = Settings { scale, seeds: None };
        distinct(&claims::Agreement, &settings);
        distinct(&claims::Dynamics, &settings);
        distinct(&claims::Counterexample, &settings);
        distinct(&claims::Falsify, &settings);
    }
}

fn distinct<C: Claim>(claim: &C, settings: &Settings) {
    let cells = claim.cells(settings, &Data::default()).unwrap();
    let texts: Vec<String> = cells.iter().map(|c| serde_json::to_string(c).unwrap()).collect();
    for (k, text) in texts.iter().enumerate() {
        assert!(!texts[..k].contains(text), "twice: {text}");
        let back: C::Cell = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), *text);
    }
}

#[test]
fn parts_made_apart_come_together_as_if_made_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let claim = Squares::default();
    let settings = Settings { scale: Scale::Quick, seeds: None };
    let make = |name: &str, shard, merge: &[PathBuf]| {
        let (data, folder) = (&Data::default(), &at(name));
        claim.carry_out(&Request {
            settings,
            data,
            folder,
            resume: false,
            quiet: true,
            shard,
            merge,
        })
    };
    let whole = timeless(make("whole", None, &[]).unwrap());
    for part in 1..=3 {
        assert_eq!(make(&format!("part{part}"), Some((part, 3)), &[]).unwrap().runs.len(), 2);
    }
    let calls = claim.calls.load(Ordering::Relaxed);
    let parts = [at("part1"), at("part2"), at("part3")];
    assert_eq!(timeless(make("merged", None, &parts).unwrap()), whole);
    assert_eq!(claim.calls.load(Ordering::Relaxed), calls);

    let error = make("short", None, &parts[..2]).unwrap_err().to_string();
    assert!(error.contains("2 of 6 runs") && error.contains("seed 2"), "{error}");
}
