//! What is the matter with a network that was trained elsewhere: its weights are all there is to
//! judge by.

use super::text::scientific;
use super::verdict::{BALANCED, Finding, MIN_PEARSON, has_kinks, holds, kinks};
use crate::experiment::Outcome;
use crate::plan::{Loss, Setting, plain};

/// Multiples of `WᵀW` that differ by less than this share are the same.
const SAME: f64 = 0.05;
/// A known cause explains a factor that it meets within this share.
const FITS: f64 = 0.02;
/// Where the data hold the weights with less than this share of what the decay asks for, the decay
/// was not theirs to balance.
const HELD: f64 = 0.5;

/// The most specific explanation.
pub(super) fn diagnosis(outcome: &Outcome) -> (Finding, Vec<String>) {
    if let Some(factor) = common_factor(outcome) {
        return (Finding::Scaled, vec![scaled(outcome, factor)]);
    }
    let balanced = outcome.balance.is_some_and(|balance| balance <= BALANCED);
    if has_kinks(outcome) && balanced {
        return (Finding::Kinks, vec![kinks(outcome)]);
    }
    let pulls: Vec<f64> = pulls(outcome).collect();
    let strongest = pulls.iter().copied().fold(0.0, f64::max);
    if strongest <= HELD {
        return (Finding::Decoupled, vec![decoupled(&outcome.setting, strongest)]);
    }
    let mut reasons = vec![unfinished(outcome)];
    if has_kinks(outcome) {
        reasons.push(kinks(outcome));
    }
    (Finding::NotConverged, reasons)
}

/// The `a` with FACT = a·WᵀW in every layer, if there is one.
fn common_factor(outcome: &Outcome) -> Option<f64> {
    let mut factors = Vec::new();
    for layer in &outcome.layers {
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

/// ‖FACT‖/‖WᵀW‖ of each layer: 1 where the data balance the decay.
fn pulls(outcome: &Outcome) -> impl Iterator<Item = f64> {
    outcome.layers.iter().map(|layer| {
        layer.fact.as_ref().map_or(f64::INFINITY, |fact| fact.norm() / layer.nfm.norm())
    })
}

fn scaled(outcome: &Outcome, factor: f64) -> String {
    let loss = 1.0 / factor;
    let causes: Vec<String> = causes(outcome)
        .into_iter()
        .filter(|(expected, _)| (loss / expected - 1.0).abs() <= FITS)
        .map(|(_, cause)| cause)
        .collect();
    let causes = match causes.as_slice() {
        [] => "No usual factor fits; look at how the loss is averaged.".to_owned(),
        some => format!("What fits: {}.", some.join("; ")),
    };
    format!(
        "Wrong λ or loss scaling: in every layer FACT is {factor:.4} times WᵀW, and otherwise \
         exact. Either λ is {}, not {}, or the loss that was minimised is {loss:.4} times the one \
         given here. {causes}",
        plain(significant(outcome.setting.lambda * factor)),
        plain(outcome.setting.lambda)
    )
}

/// Known factors between the loss that was minimised and the one given, and what causes them.
fn causes(outcome: &Outcome) -> Vec<(f64, String)> {
    let outputs = outcome.widths.last().copied().unwrap_or(1) as f64;
    let n = outcome.n as f64;
    // In units of ‖f − y‖².
    let unit = |loss| match loss {
        Loss::HalfMse => Some(0.5),
        Loss::MseSum => Some(1.0),
        Loss::MseMean => Some(1.0 / outputs),
        Loss::CrossEntropy => None,
    };
    let given = unit(outcome.setting.loss);
    let mut causes = vec![
        (0.5, "a penalty λ‖θ‖² without the ½, that is twice the λ".to_owned()),
        (n, format!("a loss summed over the {n} samples instead of averaged")),
        (1.0 / n, format!("a loss divided twice by the {n} samples")),
    ];
    for (other, name) in
        [(Loss::HalfMse, "half"), (Loss::MseSum, "sum"), (Loss::MseMean, "mean")]
    {
        if let (Some(given), Some(other)) = (given, unit(other)) {
            causes.push((other / given, format!("--mse {name}")));
            causes.push((n * other / given, format!("--mse {name}, summed over the {n} samples")));
        }
    }
    // With one output, `sum` and `mean` are the same; a factor of 1 explains nothing.
    causes.retain(|&(factor, _)| factor != 1.0);
    causes
}

fn decoupled(setting: &Setting, strongest: f64) -> String {
    format!(
        "Decoupled decay suspected: the data pull on the weights with at most {} of the force that \
         λ = {} needs to be balanced. AdamW, which decays weights outside the loss, ends at such \
         points, which are not critical for (1/n) Σ ℓ + (λ/2)‖θ‖²; so does training with a far \
         smaller λ or none, or that was stopped long before the decay had its effect. Train it with \
         the penalty in the loss (Adam or SGD with weight_decay, or L-BFGS).",
        scientific(Some(strongest)),
        plain(setting.lambda)
    )
}

fn unfinished(outcome: &Outcome) -> String {
    let weights = outcome.layers.iter().map(|layer| layer.weight_norm_squared).sum::<f64>().sqrt();
    let share = outcome.gradient_norm.map(|norm| norm / (outcome.setting.lambda * weights));
    let failing = outcome.layers.iter().filter(|layer| !holds(layer)).count();
    let worst = outcome.layers.iter().filter_map(|layer| layer.fact_agreement.residual.ok());
    format!(
        "Not converged: {failing} of {} layers are off, by up to {}. The gradient of the objective \
         has norm {}, {} of its decay term λ‖W‖; at a critical point it has none. Train it further, \
         by full batches and with a falling rate or L-BFGS; if it was trained to the end, then the \
         inputs, their scaling, the activation or the loss are not the ones given here.",
        outcome.layers.len(),
        scientific(worst.reduce(f64::max)),
        scientific(outcome.gradient_norm),
        scientific(share)
    )
}

/// Four significant digits.
fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
