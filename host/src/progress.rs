//! The conversation on stderr: one line that moves. Hidden where stderr is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

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
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(LENGTH) };
        let style = ProgressStyle::with_template("{wide_bar} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { bar, bounds: None }
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
        let spent = f64::from(moment.evaluations) / f64::from(moment.budget.max(1));
        let fallen = self.bounds.map_or(0.0, |(largest, smallest)| {
            (largest / smallest).ln() / (largest / moment.tolerance).ln().max(1e-9)
        });
        spent.max(fallen).clamp(0.0, 1.0)
    }
}
