//! What is the matter with a network that was trained elsewhere: its weights are all there is to
//! judge by.

use super::text::{scientific, significant};
use super::verdict::{BALANCED, Finding, MIN_PEARSON, has_kinks, holds, kinks};
use crate::experiment::{Layer, Outcome, Traced};
use crate::plan::{Loss, plain};

/// Multiples of `WᵀW` that differ by less than this share are the same.
const SAME: f64 = 0.05;
/// A known cause explains a factor that it meets within this share.
const FITS: f64 = 0.02;
/// Where the data hold the weights with less than this share of what the decay asks for, the decay
/// was not theirs to balance.
const HELD: f64 = 0.5;

/// What is known of the one to be judged.
pub(super) struct Subject<'a> {
    layers: &'a [Layer],
    lambda: f64,
    /// Number of samples.
    n: usize,
    /// Number of outputs of the network, and its loss, if they are known.
    loss: Option<(usize, Loss)>,
    gradient_norm: Option<f64>,
    /// Of an activation with kinks: whether the layers are balanced, and what to say.
    kinks: Option<(bool, String)>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        let balanced = outcome.balance.is_some_and(|balance| balance <= BALANCED);
        let outputs = outcome.widths.last().copied().unwrap_or(1);
        Self {
            layers: &outcome.layers,
            lambda: outcome.setting.lambda,
            n: outcome.n,
            loss: Some((outputs, outcome.setting.loss)),
            gradient_norm: outcome.gradient_norm,
            kinks: has_kinks(outcome).then(|| (balanced, kinks(outcome))),
        }
    }

    pub(super) fn of_traces(traced: &'a Traced) -> Self {
        Self {
            layers: std::slice::from_ref(&traced.layer),
            lambda: traced.lambda,
            n: traced.n,
            loss: None,
            gradient_norm: Some(traced.gradient_norm),
            kinks: None,
        }
    }
}

/// The most specific explanation.
pub(super) fn diagnosis(subject: &Subject<'_>) -> (Finding, Vec<String>) {
    if let Some(factor) = common_factor(subject.layers) {
        return (Finding::Scaled, vec![scaled(subject, factor)]);
    }
    if let Some((true, kinks)) = &subject.kinks {
        return (Finding::Kinks, vec![kinks.clone()]);
    }
    let strongest = strongest_pull(subject.layers);
    if strongest <= HELD {
        return (Finding::Decoupled, vec![decoupled(subject.lambda, strongest)]);
    }
    let kinks = subject.kinks.iter().map(|(_, kinks)| kinks.clone());
    (Finding::NotConverged, [unfinished(subject)].into_iter().chain(kinks).collect())
}

/// The `a` with FACT = a·WᵀW in every layer, if there is one.
fn common_factor(layers: &[Layer]) -> Option<f64> {
    let mut factors = Vec::new();
    for layer in layers {
        let agreement = &layer.fact_agreement;
        let cosine = agreement.cosine.ok().filter(|&cosine| cosine >= MIN_PEARSON)?;
        if agreement.pearson.is_ok_and(|pearson| pearson < MIN_PEARSON) {
            return None;
        }
        factors.push(cosine * layer.fact.as_ref()?.norm() / layer.nfm.norm());
    }
    let largest = factors.iter().copied().reduce(f64::max)?;
    let smallest = factors.iter().copied().reduce(f64::min)?;
    let mean = factors.iter().sum::<f64>() / factors.len() as f64;
    (largest <= smallest * (1.0 + SAME)).then_some(mean)
}

/// The largest ‖FACT‖/‖WᵀW‖ of a layer: 1 where the data balance the decay.
fn strongest_pull(layers: &[Layer]) -> f64 {
    let pull = |layer: &Layer| {
        layer.fact.as_ref().map_or(f64::INFINITY, |fact| fact.norm() / layer.nfm.norm())
    };
    layers.iter().map(pull).fold(0.0, f64::max)
}

fn scaled(subject: &Subject<'_>, factor: f64) -> String {
    let loss = 1.0 / factor;
    let causes: Vec<String> = causes(subject)
        .into_iter()
        .filter(|(expected, _)| (loss / expected - 1.0).abs() <= FITS)
        .map(|(_, cause)| cause)
        .collect();
    let causes = match causes.as_slice() {
        [] => "No usual factor of the loss fits: check λ first.".to_owned(),
        some => format!("What fits: {}.", some.join("; ")),
    };
    format!(
        "Wrong λ or loss scaling: in every layer FACT is {factor:.4} times WᵀW, and otherwise \
         exact. Either λ is {}, not {}, or the loss that was minimised is {loss:.4} times the one \
         given here. {causes}",
        plain(significant(subject.lambda * factor)),
        plain(subject.lambda)
    )
}

/// Known factors between the loss that was minimised and the one given, and what causes them.
fn causes(subject: &Subject<'_>) -> Vec<(f64, String)> {
    let n = subject.n as f64;
    let outputs = subject.loss.map_or(1.0, |(outputs, _)| outputs as f64);
    // In units of ‖f − y‖².
    let unit = |loss| match loss {
        Loss::HalfMse => Some(0.5),
        Loss::MseSum => Some(1.0),
        Loss::MseMean => Some(1.0 / outputs),
        Loss::CrossEntropy => None,
    };
    let given = subject.loss.and_then(|(_, loss)| unit(loss));
    let mut causes = vec![
        (0.5, "a penalty λ‖θ‖² without the ½, that is twice the λ".to_owned()),
        (n, format!("a loss summed over the {n} samples instead of averaged")),
        (1.0 / n, format!("a loss divided twice by the {n} samples")),
    ];
    for (other, name) in [(Loss::HalfMse, "half"), (Loss::MseSum, "sum"), (Loss::MseMean, "mean")] {
        if let (Some(given), Some(other)) = (given, unit(other)) {
            causes.push((other / given, format!("--mse {name}")));
            causes.push((n * other / given, format!("--mse {name}, summed over the {n} samples")));
        }
    }
    // With one output, `sum` and `mean` are the same; a factor of 1 explains nothing.
    causes.retain(|&(factor, _)| factor != 1.0);
    causes
}

fn decoupled(lambda: f64, strongest: f64) -> String {
    format!(
        "Decoupled decay suspected: the data pull on the weights with at most {} of the force that \
         λ = {} needs to be balanced. AdamW, which decays weights outside the loss, ends at such \
         points, which are not critical for (1/n) Σ ℓ + (λ/2)‖θ‖²; so does training with a far \
         smaller λ or none, or that was stopped long before the decay had its effect. Train it with \
         the penalty in the loss (Adam or SGD with weight_decay, or L-BFGS).",
        scientific(Some(strongest)),
        plain(lambda)
    )
}

fn unfinished(subject: &Subject<'_>) -> String {
    let layers = subject.layers;
    let weights = layers.iter().map(|layer| layer.weight_norm_squared).sum::<f64>().sqrt();
    let share = subject.gradient_norm.map(|norm| norm / (subject.lambda * weights));
    let failing = layers.iter().filter(|layer| !holds(layer)).count();
    let worst = layers.iter().filter_map(|layer| layer.fact_agreement.residual.ok());
    let off = match layers.len() {
        1 => "the layer is off".to_owned(),
        all => format!("{failing} of {all} layers are off"),
    };
    format!(
        "Not converged: {off}, by up to {}. The gradient of the objective \
         has norm {}, {} of its decay term λ‖W‖; at a critical point it has none. Train it further, \
         by full batches and with a falling rate or L-BFGS; if it was trained to the end, then the \
         inputs, their scaling, the activation or the loss are not the ones given here.",
        scientific(worst.reduce(f64::max)),
        scientific(subject.gradient_norm),
        scientific(share)
    )
}
