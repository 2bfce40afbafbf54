//! The report of `fact rfm`: as JSON, as a table, as files, and predictions as CSV.

use super::files::{prepare, put};
use super::npy;
use super::text::{fixed, scientific, wrap};
use crate::error::{Error, Result, counted};
use crate::experiment::{FitOutcome, Matrix, Round, Score};
use crate::model::{Model, Outputs};
use crate::plan::{Bandwidth, Machine, bandwidth_of, plain};
use fact_core::kernel::{Centering, Kernel, Rescale, Ridge, Shape, Update};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Features shown in a table.
const SHOWN: usize = 10;

/// The report as it is serialised. A missing value is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    rounds: Vec<RoundReport>,
    best_round: u32,
    features: Vec<Feature>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct RoundReport {
    round: u32,
    train_mse: Option<f64>,
    test_mse: Option<f64>,
    train_accuracy: Option<f64>,
    test_accuracy: Option<f64>,
    metric_trace: f64,
    jitter: f64,
    tau_kprime_r2: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Feature {
    name: String,
    importance: f64,
}

impl FitReport {
    /// What is reported of `outcome`: features in the order of their columns, each with its entry of
    /// the metric's diagonal.
    pub fn new(outcome: &FitOutcome) -> Self {
        let round = |round: &Round| RoundReport {
            round: round.round,
            train_mse: round.train.mse,
            test_mse: round.test.and_then(|score| score.mse),
            train_accuracy: round.train.accuracy,
            test_accuracy: round.test.and_then(|score| score.accuracy),
            metric_trace: round.metric_trace,
            jitter: round.jitter,
            tau_kprime_r2: round.tau_kprime_r2.ok(),
        };
        let features = importances(&outcome.model)
            .map(|(name, importance)| Feature { name: name.to_owned(), importance });
        Self {
            rounds: outcome.rounds.iter().map(round).collect(),
            best_round: outcome.best_round,
            features: features.collect(),
        }
    }

    /// The report as one line of JSON, with its line break.
    pub fn to_json(&self) -> String {
        // Plain numbers and strings under string keys: serialising them cannot fail.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Each feature's name and entry of the metric's diagonal.
pub(crate) fn importances(model: &Model) -> impl Iterator<Item = (&str, f64)> {
    let diagonal = model.metric.iter().step_by(model.d() + 1);
    model.inputs.features.iter().map(String::as_str).zip(diagonal.copied())
}

/// The report for people: at most 80 columns.
pub fn fit_table(outcome: &FitOutcome) -> String {
    let mut text = head(outcome);
    if let Some(best) = outcome.tuned.first() {
        let bandwidth =
            best.bandwidth.map_or(String::new(), |width| format!("bandwidth {}, ", plain(width)));
        let score = match best.score.accuracy {
            Some(accuracy) => format!("accuracy {accuracy:.4}"),
            None => format!("MSE {}", scientific(best.score.mse)),
        };
        let line = format!(
            "tuned over {} settings: {bandwidth}ridge {}, cross-validated {score}",
            outcome.tuned.len(),
            plain(best.ridge)
        );
        text.push_str(&wrap(&line, 0));
    }
    text.push('\n');
    text.push_str(&rounds(outcome));
    text.push('\n');
    text.push_str(&features(outcome));
    text
}

fn head(outcome: &FitOutcome) -> String {
    let Machine { rescale, shape, centering, precision, engine, ridge, .. } = outcome.machine;
    let model = &outcome.model;
    let target = match &model.outputs {
        Outputs::Classes(labels) => format!("{} classes", labels.len()),
        Outputs::Values(means) if means.len() == 1 => "a numeric target".to_owned(),
        Outputs::Values(means) => format!("{} numeric targets", means.len()),
    };
    let ridge = match ridge {
        Ridge::Absolute(ridge) => format!("ridge {}", plain(ridge)),
        Ridge::Relative(ridge) => format!("ridge {} of the mean diagonal", plain(ridge)),
    };
    let update = match outcome.machine.update {
        None => "metric as it is".to_owned(),
        Some(update) => {
            let rule = match update {
                Update::Nfa { power } => format!("nfa (AGOP^{})", plain(power)),
                Update::Fact => "fact".to_owned(),
                Update::FactGeomean => "fact-geomean".to_owned(),
                Update::FactInner => "fact-inner".to_owned(),
            };
            let rescale = match rescale {
                Rescale::None => "not rescaled",
                Rescale::Trace => "rescaled to trace d",
                Rescale::MaxEntry => "rescaled to largest entry 1",
            };
            let centred = if centering == Centering::Mean { ", centred" } else { "" };
            let diagonal = if shape == Shape::Diagonal { ", diagonal" } else { "" };
            format!("metric by {rule}{centred}{diagonal}, {rescale}")
        }
    };
    let engine = match engine {
        crate::plan::Engine::Exact => "exact",
        crate::plan::Engine::Fast => "fast",
    };
    let lines = [
        format!(
            "{}: {}, {}, {target}",
            outcome.dataset,
            counted(outcome.n, "sample"),
            counted(model.d(), "feature")
        ),
        format!("{}, {ridge}, {precision}, {engine} engine", kernel(outcome)),
        update,
        format!("{} rounds in {:.1} s", outcome.rounds.len(), outcome.elapsed.as_secs_f64()),
    ];
    lines.iter().map(|line| wrap(line, 0)).collect()
}

fn kernel(outcome: &FitOutcome) -> String {
    let kernel = outcome.model.kernel;
    let name = match kernel {
        Kernel::Laplace { .. } => "Laplace kernel".to_owned(),
        Kernel::GeneralizedLaplace { exponent, .. } => {
            format!("Laplace kernel of exponent {}", plain(exponent))
        }
        Kernel::Gaussian { .. } => "Gaussian kernel".to_owned(),
        Kernel::Quadratic => "quadratic kernel".to_owned(),
        Kernel::Exponential { .. } => "exponential kernel".to_owned(),
    };
    match (bandwidth_of(kernel), outcome.machine.bandwidth) {
        (None, _) => name,
        (Some(width), Bandwidth::Fixed) => format!("{name}, bandwidth {}", plain(width)),
        (Some(width), Bandwidth::Median) => format!("{name}, median bandwidth (now {width:.4})"),
    }
}

/// One line a round. Columns without a value in any round are left out.
fn rounds(outcome: &FitOutcome) -> String {
    type Column = (&'static str, fn(&Round) -> Option<String>);
    fn accuracy(score: Option<Score>) -> Option<String> {
        score?.accuracy.map(|accuracy| fixed(Some(accuracy), 4))
    }
    fn mse(score: Option<Score>) -> Option<String> {
        score.map(|score| score.mse.map_or("—".to_owned(), |mse| format!("{mse:.3e}")))
    }
    let columns: [Column; 9] = [
        ("train acc", |round| accuracy(Some(round.train))),
        ("valid acc", |round| accuracy(round.validation)),
        ("test acc", |round| accuracy(round.test)),
        ("train MSE", |round| mse(Some(round.train))),
        ("valid MSE", |round| mse(round.validation)),
        ("test MSE", |round| mse(round.test)),
        ("τ–k′ R²", |round| round.tau_kprime_r2.ok().map(|r| fixed(Some(r), 4))),
        ("jitter", |round| (round.jitter > 0.0).then(|| scientific(Some(round.jitter)))),
        ("trace M", |round| Some(format!("{:.1e}", round.metric_trace))),
    ];
    let used: Vec<_> = columns
        .iter()
        .filter(|(_, value)| outcome.rounds.iter().any(|round| value(round).is_some()))
        .collect();
    // Seven columns beside the round fit a line.
    let used = &used[..used.len().min(7)];
    let mut text = "round".to_owned();
    used.iter().for_each(|(name, _)| text += &format!(" {name:>9}"));
    text.push('\n');
    for round in &outcome.rounds {
        text += &format!("{:>5}", round.round);
        for (_, value) in used {
            text += &format!(" {:>9}", value(round).unwrap_or_else(|| "—".to_owned()));
        }
        if round.round == outcome.best_round && outcome.rounds.len() > 1 {
            text += " *";
        }
        text.push('\n');
    }
    if outcome.rounds.len() > 1 {
        let why = match outcome.rounds.iter().any(|round| round.validation.is_some()) {
            true => "best on the samples held out by --select",
            false => "the last; hold samples out with --select to choose the best",
        };
        text += &wrap(&format!("* kept: {why}"), 0);
    }
    text
}

/// The features that the metric weighs most, and its largest eigenvectors.
fn features(outcome: &FitOutcome) -> String {
    let mut features: Vec<_> = importances(&outcome.model).collect();
    let count = features.len();
    features.sort_by(|a, b| b.1.total_cmp(&a.1));
    features.truncate(SHOWN);
    let share = |value: f64| if outcome.trace > 0.0 { 100.0 * value / outcome.trace } else { 0.0 };
    let mut text = String::from("Features by their share of the metric's trace\n");
    let widest = features.iter().map(|(name, _)| short(name).chars().count()).max().unwrap_or(0);
    for (name, value) in &features {
        let bar = "▇".repeat((share(*value) / 100.0 * 40.0).round() as usize);
        text += format!("  {:<widest$} {:>6.2} % {bar}", short(name), share(*value)).trim_end();
        text.push('\n');
    }
    if count > features.len() {
        text += &format!("  … and {} more\n", count - features.len());
    }
    text += "Largest eigenvectors, share of the trace, leading features\n";
    for (value, vector) in &outcome.eigen {
        let names = &outcome.model.inputs.features;
        let mut parts: Vec<_> = names.iter().zip(vector).collect();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let parts: Vec<String> =
            parts.iter().take(4).map(|(name, v)| format!("{v:+.2} {}", short(name))).collect();
        let line = format!("{:>6.2} %  {}", share(*value), parts.join("  "));
        text += &format!("  {line}\n").chars().take(80).collect::<String>();
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// A name that leaves room for others.
fn short(name: &str) -> String {
    match name.chars().count() {
        0..=24 => name.to_owned(),
        _ => name.chars().take(23).chain(['…']).collect(),
    }
}

/// The files of [`write_fit`].
const FILES: [&str; 7] = [
    "metric.npy",
    "dual.npy",
    "predictions.csv",
    "rounds.png",
    "rounds.svg",
    "metric.png",
    "metric.svg",
];

/// Writes report, metric, dual, predictions and pictures into `directory`, and returns the files. What
/// an earlier run left there is removed first.
///
/// # Errors
/// [`Error::Write`] and [`Error::Plot`], which name the file.
pub fn write_fit(directory: &Path, outcome: &FitOutcome) -> Result<Vec<PathBuf>> {
    prepare(directory)?;
    for name in FILES {
        let path = directory.join(name);
        if path.exists() {
            std::fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
        }
    }
    let model = &outcome.model;
    let matrix = |data: &[f64], nrows: usize| Matrix {
        nrows,
        ncols: data.len() / nrows.max(1),
        data: data.to_vec(),
    };
    let mut files =
        vec![("report.json".to_owned(), FitReport::new(outcome).to_json().into_bytes())];
    for (name, matrix) in [
        ("metric.npy", matrix(&model.metric, model.d())),
        ("dual.npy", matrix(&model.dual, model.n())),
    ] {
        let fail = |source| Error::Write { path: directory.join(name), source };
        files.push((name.to_owned(), npy::encode(&matrix).map_err(fail)?));
    }
    files.push(("predictions.csv".to_owned(), judged(outcome).into_bytes()));
    for picture in crate::plot::fit_pictures(outcome)? {
        files.push((picture.name, picture.bytes));
    }
    files.into_iter().map(|(name, bytes)| put(directory, &name, &bytes)).collect()
}

/// Target and prediction of each sample of the set that judges.
fn judged(outcome: &FitOutcome) -> String {
    let predictions = &outcome.predictions;
    let width = predictions.rows.first().map_or(1, |(target, _)| target.len());
    let mut header = vec!["set".to_owned()];
    header.extend(numbered("target", width));
    header.extend(numbered("prediction", width));
    let rows = predictions.rows.iter().map(|(target, prediction)| {
        let set = vec![predictions.set.to_owned()];
        [&set, target, prediction].into_iter().flatten().cloned().collect()
    });
    csv(&header, rows)
}

/// Predictions of a model as CSV, one line a sample.
pub fn predictions(model: &Model, outputs: &[f64], probabilities: bool) -> String {
    let c = model.outputs.count();
    let mut header = match &model.outputs {
        Outputs::Classes(_) => vec!["prediction".to_owned()],
        Outputs::Values(_) => numbered("prediction", c),
    };
    if let (true, Outputs::Classes(labels)) = (probabilities, &model.outputs) {
        header.extend(labels.iter().map(|label| format!("probability {label}")));
    }
    let rows = outputs.chunks_exact(c).map(|row| {
        let mut fields = model.outputs.shown(row);
        if probabilities {
            let shares = model.outputs.probabilities(row);
            fields.extend(shares.iter().map(|share| format!("{share:.6}")));
        }
        fields
    });
    csv(&header, rows)
}

fn numbered(name: &str, count: usize) -> Vec<String> {
    if count == 1 {
        return vec![name.to_owned()];
    }
    (1..=count).map(|k| format!("{name} {k}")).collect()
}

fn csv(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in std::iter::once(header.to_vec()).chain(rows) {
        // Rows of equal length, into memory: this cannot fail.
        let _ = writer.write_record(&row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
