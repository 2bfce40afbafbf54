//! The conversation on stderr: one line that moves. Hidden where stderr is not a terminal.

use crate::engine::machine::{Stage, Watch};
use crate::experiment::{Observer, Round};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A moment of training, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Gradients computed so far.
    pub evaluations: u32,
    /// Most that will be computed.
    pub budget: u32,
    /// Objective, decay included.
    pub objective: f64,
    /// Norm of its gradient.
    pub gradient_norm: Option<f64>,
    /// Largest certified bound of a layer's residual.
    pub bound: Option<f64>,
    /// Bound at which training is done.
    pub tolerance: f64,
}

impl Moment {
    /// The share of the budget that is spent.
    pub fn spent(&self) -> f64 {
        f64::from(self.evaluations) / f64::from(self.budget.max(1))
    }
}

/// The moving line.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// Largest and smallest bound so far.
    bounds: Option<(f64, f64)>,
}

/// Steps of the whole bar.
const LENGTH: u64 = 1000;

impl Progress {
    /// A line that waits for its first moment, or none at all.
    pub fn new(quiet: bool) -> Self {
        Self { bar: bar(quiet), bounds: None }
    }

    /// Shows a moment.
    pub fn show(&mut self, moment: &Moment) {
        if self.bar.is_hidden() {
            return;
        }
        if let Some(bound) = moment.bound.filter(|b| b.is_finite() && *b > 0.0) {
            let (largest, smallest) = self.bounds.unwrap_or((bound, bound));
            self.bounds = Some((largest.max(bound), smallest.min(bound)));
        }
        self.bar.set_position((LENGTH as f64 * self.share(moment)) as u64);
        let number = |value: Option<f64>| value.map_or("—".to_owned(), |v| format!("{v:.1e}"));
        self.bar.set_message(format!(
            "{:>6} evaluations, loss {:.3e}, gradient {:>6}, residual ≤ {:>6}",
            moment.evaluations,
            moment.objective,
            number(moment.gradient_norm),
            number(moment.bound)
        ));
    }

    /// Removes the line.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// How far training has come: what is done of the budget or, if that is more, of the decades
    /// between the first bound and the tolerance.
    fn share(&self, moment: &Moment) -> f64 {
        let fallen = self.bounds.map_or(0.0, |(largest, smallest)| {
            (largest / smallest).ln() / (largest / moment.tolerance).ln().max(1e-9)
        });
        moment.spent().max(fallen).clamp(0.0, 1.0)
    }
}

/// Many runs under one line, with an estimate of the time that is left. Where stderr is not a
/// terminal, a line for every run that is done.
#[derive(Debug)]
pub struct Runs {
    bar: ProgressBar,
    name: &'static str,
    quiet: bool,
    total: f64,
    runs: usize,
    /// Runs that are done.
    done: AtomicUsize,
}

/// Steps of the whole bar of many runs.
const FINE: f64 = 1e6;

impl Runs {
    /// For `runs` runs of cost `total`, of which `todo` with cost `left` have not been made yet.
    pub fn new(
        quiet: bool,
        name: &'static str,
        total: f64,
        left: f64,
        (runs, todo): (usize, usize),
    ) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(FINE as u64) };
        let template = "{prefix} {wide_bar} {msg} {elapsed_precise}, left {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(name);
        let runs_done = runs - todo;
        bar.set_message(format!("{runs_done}/{runs}"));
        bar.set_position((FINE * (1.0 - left / total.max(f64::MIN_POSITIVE))) as u64);
        // What an earlier run did says nothing about the speed of this one.
        bar.reset_eta();
        Self { bar, name, quiet, total, runs, done: AtomicUsize::new(runs_done) }
    }

    /// A run of this cost begins.
    pub fn begin(&self, cost: f64) -> Share<'_> {
        let steps = FINE * cost / self.total.max(f64::MIN_POSITIVE);
        Share { runs: self, steps, shown: AtomicU64::new(0) }
    }

    /// Removes the line.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One of many runs.
#[derive(Debug)]
pub struct Share<'a> {
    runs: &'a Runs,
    steps: f64,
    shown: AtomicU64,
}

impl Share<'_> {
    /// This much of the run is done, from 0 to 1.
    pub fn done(&self, share: f64) {
        let steps = (self.steps * share.clamp(0.0, 1.0)) as u64;
        let before = self.shown.fetch_max(steps, Ordering::Relaxed);
        self.runs.bar.inc(steps.saturating_sub(before));
    }

    /// The run is done.
    pub fn finish(&self, label: &str, seconds: f64) {
        self.done(1.0);
        let Runs { bar, name, quiet, runs, done, .. } = self.runs;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        bar.set_message(format!("{done}/{runs}"));
        if bar.is_hidden() && !quiet {
            // Without a stderr there is nobody to tell.
            let line = format!("{name} {done}/{runs}: {label}, {seconds:.1} s");
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }
}

/// The moving line of a machine's rounds, which also moves within a round.
pub struct Rounds {
    shown: Arc<Shown>,
    watch: Box<dyn Fn(Stage, f64) + Send + Sync>,
}

struct Shown {
    bar: ProgressBar,
    at: Mutex<At>,
}

/// Where the fits are.
#[derive(Clone, Copy, Default)]
struct At {
    fit: usize,
    fits: usize,
    round: u32,
    rounds: u32,
    /// The round is fitted: a new Gram matrix is that of the next.
    fitted: bool,
}

impl Rounds {
    /// A line that waits for its first fit, or none at all.
    pub fn new(quiet: bool) -> Self {
        let shown = Arc::new(Shown { bar: bar(quiet), at: Mutex::new(At::default()) });
        let heard = Arc::clone(&shown);
        Self { shown, watch: Box::new(move |stage, share| heard.show(stage, share)) }
    }

    /// Removes the line.
    pub fn finish(&self) {
        self.shown.bar.finish_and_clear();
    }
}

impl Shown {
    fn show(&self, stage: Stage, share: f64) {
        let Ok(mut at) = self.at.lock() else { return };
        if self.bar.is_hidden() {
            return;
        }
        if at.fitted && matches!(stage, Stage::Gram | Stage::Factor) {
            (at.round, at.fitted) = (at.round + 1, false);
        }
        // About what each takes of a round.
        let (name, before, width) = match stage {
            Stage::Gram => ("kernel", 0.0, 0.1),
            Stage::Factor => ("factor", 0.1, 0.5),
            Stage::Predict => ("predict", 0.6, 0.2),
            Stage::Features => ("metric", 0.8, 0.2),
        };
        let round = (f64::from(at.round) + before + width * share) / f64::from(at.rounds + 1);
        let done = (at.fit as f64 + round) / at.fits.max(1) as f64;
        self.bar.set_position((LENGTH as f64 * done) as u64);
        let fit =
            if at.fits > 1 { format!("fit {}/{}, ", at.fit + 1, at.fits) } else { String::new() };
        let percent = 100.0 * share;
        self.bar.set_message(format!(
            "{fit}round {} of {}, {name} {percent:>3.0} %",
            at.round, at.rounds
        ));
    }
}

impl Observer for Rounds {
    fn begin(&self, fit: usize, fits: usize, rounds: u32) {
        if let Ok(mut at) = self.shown.at.lock() {
            *at = At { fit, fits, round: 0, rounds, fitted: false };
        }
    }

    fn round(&self, round: &Round) {
        if let Ok(mut at) = self.shown.at.lock() {
            (at.round, at.fitted) = (round.round, true);
        }
    }

    fn watch(&self) -> Watch<'_> {
        &*self.watch
    }
}

/// A bar that waits, or none at all.
fn bar(quiet: bool) -> ProgressBar {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(LENGTH) };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}
