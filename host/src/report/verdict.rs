//! Does FACT hold, and if not, why not.

use super::elsewhere::{self, Subject};
use super::text::{fixed, scientific};
use crate::experiment::{Layer, Outcome, Run, Stop, Traced};
use crate::plan::{Activation, Optimizer, plain};
use fact_core::features::Missing;

/// Least Pearson correlation of FACT with `WᵀW` that passes.
pub const MIN_PEARSON: f64 = 0.99;
/// Largest relative residual that passes.
pub const MAX_RESIDUAL: f64 = 0.1;
/// Largest deviation from balance that still counts as balanced.
pub(super) const BALANCED: f64 = 0.02;

/// The verdict on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// FACT holds in every layer of a network that has not collapsed.
    pub passed: bool,
    /// What was found, in a word or two.
    pub finding: Finding,
    /// One sentence.
    pub summary: String,
    /// Why it failed and what to do, a paragraph each.
    pub reasons: Vec<String>,
}

/// What a verdict comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// FACT holds in every layer.
    Converged,
    /// The weights are not at a critical point.
    NotConverged,
    /// FACT is a multiple of `WᵀW`, the same in every layer: λ or the loss is not the one given.
    Scaled,
    /// The data hold the weights with less than λ asks for: decay outside the loss, or none.
    Decoupled,
    /// A minimum on kinks of the activation, where there is no gradient.
    Kinks,
    /// The outputs do not depend on the inputs.
    Collapsed,
    /// FACT or its agreement does not exist: λ = 0, or nothing to compare.
    Undefined,
}

/// Judges `outcome`. Pearson alone is blind to a wrong scale, and a collapsed network satisfies
/// every ansatz, so all three are asked for.
pub fn verdict(outcome: &Outcome) -> Verdict {
    if !outcome.collapsed && hold(&outcome.layers) {
        let converged = if outcome.run.is_none() { "Converged: " } else { "" };
        let summary = format!(
            "{converged}FACT holds in every layer (Pearson ≥ {MIN_PEARSON}, residual ≤ \
             {MAX_RESIDUAL}, not collapsed)."
        );
        return Verdict::passed(summary);
    }
    let summary = if diverged(outcome) {
        "training diverged.".to_owned()
    } else if outcome.collapsed {
        "the network has collapsed: nothing to explain.".to_owned()
    } else if outcome.setting.lambda == 0.0 {
        "FACT is undefined without weight decay.".to_owned()
    } else {
        off(&outcome.layers)
    };
    let (finding, reasons) = reasons(outcome);
    Verdict { passed: false, finding, summary, reasons }
}

/// Judges one layer of a network of which nothing else is known.
pub fn traced_verdict(traced: &Traced) -> Verdict {
    let layers = std::slice::from_ref(&traced.layer);
    if hold(layers) {
        return Verdict::passed(format!(
            "Converged: FACT holds (Pearson ≥ {MIN_PEARSON}, residual ≤ {MAX_RESIDUAL})."
        ));
    }
    let undefined = |summary: &str, reason: &str| Verdict {
        passed: false,
        finding: Finding::Undefined,
        summary: summary.to_owned(),
        reasons: vec![reason.to_owned()],
    };
    if traced.lambda == 0.0 && traced.estimated {
        return undefined(
            "no weight decay above 0 fits.",
            "The gradients do not pull the weights outwards, as they must where a decay balances \
             them. Are these ∂ℓ/∂z, with their sign, of this layer and these inputs?",
        );
    }
    if traced.lambda == 0.0 {
        return undefined(
            "FACT is undefined without weight decay.",
            "Leave --lambda out to \
             estimate it, or give the one it was trained with.",
        );
    }
    let reasons = incomparable(layers, |_| "Are these the traces of this layer?");
    let (finding, reasons) = match reasons.as_slice() {
        [] => elsewhere::diagnosis(&Subject::of_traces(traced)),
        _ => (Finding::Undefined, reasons),
    };
    Verdict { passed: false, finding, summary: off(layers), reasons }
}

impl Verdict {
    fn passed(summary: String) -> Self {
        Self { passed: true, finding: Finding::Converged, summary, reasons: Vec::new() }
    }
}

fn hold(layers: &[Layer]) -> bool {
    !layers.is_empty() && layers.iter().all(holds)
}

/// Where FACT does not hold, in a sentence.
fn off(layers: &[Layer]) -> String {
    let failing: Vec<(usize, &Layer)> =
        (0..).zip(layers).filter(|(_, layer)| !holds(layer)).collect();
    let [(number, layer), rest @ ..] = failing.as_slice() else {
        return "there are no layers to measure.".to_owned();
    };
    let agreement = &layer.fact_agreement;
    let others = match rest.len() {
        0 => String::new(),
        1 => " and one more".to_owned(),
        more => format!(" and {more} more"),
    };
    format!(
        "FACT does not hold in layer {number} (Pearson {}, residual {}){others}; needed: Pearson ≥ \
         {MIN_PEARSON}, residual ≤ {MAX_RESIDUAL}.",
        fixed(agreement.pearson.ok(), 4),
        scientific(agreement.residual.ok())
    )
}

/// The layers that have no agreement to judge, each with its reason and the advice for it.
fn incomparable(layers: &[Layer], advice: impl Fn(Missing) -> &'static str) -> Vec<String> {
    let mut reasons = Vec::new();
    for (number, layer) in (0..).zip(layers).filter(|(_, layer)| !holds(layer)) {
        let agreement = &layer.fact_agreement;
        let pearson = if is_single(layer) { Ok(1.0) } else { agreement.pearson };
        if let Err(missing) = agreement.residual.and(pearson) {
            reasons.push(format!(
                "Layer {number} cannot be compared: in FACT or in WᵀW {missing}. {}",
                advice(missing)
            ));
        }
    }
    reasons
}

fn diverged(outcome: &Outcome) -> bool {
    outcome.run.as_ref().is_some_and(|run| run.stop == Stop::Diverged)
}

pub(super) fn holds(layer: &Layer) -> bool {
    let agreement = &layer.fact_agreement;
    (is_single(layer) || agreement.pearson.is_ok_and(|p| p >= MIN_PEARSON))
        && agreement.residual.is_ok_and(|r| r <= MAX_RESIDUAL)
}

/// Whether `WᵀW` is a single number: without correlation, so that the residual judges it alone.
fn is_single(layer: &Layer) -> bool {
    layer.nfm.data.len() == 1
}

/// The most specific explanations that apply.
fn reasons(outcome: &Outcome) -> (Finding, Vec<String>) {
    if outcome.setting.lambda == 0.0 {
        let advice = match outcome.run {
            Some(_) => "Use --lambda 1e-3.",
            None => "Give the --lambda it was trained with.",
        };
        let reason = format!(
            "λ = 0: FACT is −(1/nλ) Σ ∂ℓ/∂h · hᵀ, and nothing holds the weights to it. {advice}"
        );
        return (Finding::Undefined, vec![reason]);
    }
    if let Some(run) = outcome.run.as_ref().filter(|run| run.stop == Stop::Diverged) {
        let advice = match run.training.optimizer {
            Optimizer::Lbfgs(_) => "Try --standardize all, a smaller --lambda, or --precision f64.",
            _ => "Lower --rate, or use --optimizer lbfgs.",
        };
        let reason = format!("The objective is no longer finite. {advice}");
        return (Finding::NotConverged, vec![reason]);
    }
    if outcome.collapsed {
        let advice = match outcome.run {
            Some(_) => "Lower --lambda, use fewer layers, or try another --seed.",
            None => "Train it again with a smaller λ, fewer layers, or other initial weights.",
        };
        let reason = format!(
            "Its outputs hardly depend on its inputs: the decay outweighs the data, and every \
             ansatz agrees trivially or not at all. {advice}"
        );
        return (Finding::Collapsed, vec![reason]);
    }
    let mut reasons = incomparable(&outcome.layers, |missing| match missing {
        _ if outcome.run.is_none() => "Is this the network, and are these its inputs?",
        Missing::NonFinite => "Try --standardize all, or a larger --lambda.",
        _ => "Lower --lambda, or try another --seed.",
    });
    if !reasons.is_empty() {
        return (Finding::Undefined, reasons);
    }
    let Some(run) = &outcome.run else { return elsewhere::diagnosis(&Subject::of(outcome)) };
    let mut finding = Finding::NotConverged;
    match run.training.optimizer {
        Optimizer::AdamW => {
            finding = Finding::Decoupled;
            reasons.push(
                "AdamW decays weights outside the loss, so it stops at a point that is not critical \
             for (1/n) Σ ℓ + (λ/2)‖θ‖²: FACT fails there by design. Use --optimizer adam or lbfgs."
                .to_owned(),
            );
        }
        Optimizer::Sgd => reasons.push(
            "SGD keeps moving with the noise of single samples: it hovers around a critical point \
             without reaching one. Use --optimizer lbfgs."
                .to_owned(),
        ),
        _ => {}
    }
    if has_kinks(outcome) {
        if reasons.is_empty() && outcome.balance.is_some_and(|balance| balance <= BALANCED) {
            finding = Finding::Kinks;
        }
        reasons.push(kinks(outcome));
    }
    if reasons.is_empty() {
        reasons.push(unfinished(outcome, run));
    }
    (finding, reasons)
}

pub(super) fn has_kinks(outcome: &Outcome) -> bool {
    matches!(outcome.setting.activation, Activation::Relu | Activation::LeakyRelu(_))
}

pub(super) fn kinks(outcome: &Outcome) -> String {
    let name = outcome.setting.activation;
    let kinks = format!(
        "Kinks: with {name} the minimum lies where some units are exactly at 0 for some samples. \
         There the gradient jumps instead of vanishing, and FACT, which is made of it, is off."
    );
    let (further, advice) = match outcome.run {
        Some(_) => ("Raise --evaluations.", "Use --activation srelu:0.1, which rounds the kink."),
        None => (
            "Train it further.",
            "A smooth activation, or more samples, where kinks matter less, would avoid them.",
        ),
    };
    match outcome.balance {
        Some(balance) if balance <= BALANCED => format!(
            "{kinks} The balance test needs no derivative and holds on kinks: ‖row j of W_ℓ‖² = \
             ‖column j of W_(ℓ+1)‖² is met within {}, as it must be at a minimum. What is missing \
             is not training. {advice}",
            scientific(Some(balance))
        ),
        Some(balance) => format!(
            "{kinks} The balance test (‖row j of W_ℓ‖² = ‖column j of W_(ℓ+1)‖²), which would hold \
             at such a minimum, is off by {}: training has not reached it yet. {further} \
             {advice}",
            scientific(Some(balance))
        ),
        None => format!("{kinks} {advice}"),
    }
}

fn unfinished(outcome: &Outcome, run: &Run) -> String {
    let norm = scientific(outcome.gradient_norm);
    match run.stop {
        Stop::Budget => format!(
            "Not converged: {} evaluations left a gradient norm of {norm}. Raise --evaluations{}.",
            run.evaluations,
            match run.training.optimizer {
                Optimizer::Lbfgs(_) => "",
                _ => " or --rate, or use --optimizer lbfgs",
            }
        ),
        Stop::Certified => format!(
            "Training stopped as soon as the residual was certified below {}. Lower --tolerance.",
            plain(run.training.tolerance)
        ),
        _ => format!(
            "Not converged: no step lowers the objective any more at a gradient norm of {norm}. \
             Use --precision f64, a larger --lambda, or another --seed."
        ),
    }
}
