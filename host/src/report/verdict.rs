//! Does FACT hold, and if not, why not.

use super::text::{fixed, scientific};
use crate::experiment::{Layer, Outcome, Stop};
use crate::plan::{Activation, Optimizer, plain};
use fact_core::features::Missing;

/// Least Pearson correlation of FACT with `WᵀW` that passes.
pub const MIN_PEARSON: f64 = 0.99;
/// Largest relative residual that passes.
pub const MAX_RESIDUAL: f64 = 0.1;
/// Largest deviation from balance that still counts as balanced.
const BALANCED: f64 = 0.02;

/// The verdict on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// FACT holds in every layer of a network that has not collapsed.
    pub passed: bool,
    /// One sentence.
    pub summary: String,
    /// Why it failed and what to do, a paragraph each.
    pub reasons: Vec<String>,
}

/// Judges `outcome`. Pearson alone is blind to a wrong scale, and a collapsed network satisfies
/// every ansatz, so all three are asked for.
pub fn verdict(outcome: &Outcome) -> Verdict {
    let failing: Vec<(usize, &Layer)> =
        (0..).zip(&outcome.layers).filter(|(_, layer)| !holds(layer)).collect();
    if failing.is_empty() && !outcome.collapsed && !outcome.layers.is_empty() {
        let summary = format!(
            "FACT holds in every layer (Pearson ≥ {MIN_PEARSON}, residual ≤ {MAX_RESIDUAL}, not \
             collapsed)."
        );
        return Verdict { passed: true, summary, reasons: Vec::new() };
    }
    let summary = match failing.as_slice() {
        _ if outcome.stop == Stop::Diverged => "training diverged.".to_owned(),
        _ if outcome.collapsed => "the network has collapsed: nothing to explain.".to_owned(),
        _ if outcome.training.lambda == 0.0 => "FACT is undefined without weight decay.".to_owned(),
        [] => "there are no layers to measure.".to_owned(),
        [(number, layer), rest @ ..] => {
            let agreement = &layer.fact_agreement;
            let others = match rest.len() {
                0 => String::new(),
                1 => " and one more".to_owned(),
                more => format!(" and {more} more"),
            };
            format!(
                "FACT does not hold in layer {number} (Pearson {}, residual {}){others}; needed: \
                 Pearson ≥ {MIN_PEARSON}, residual ≤ {MAX_RESIDUAL}.",
                fixed(agreement.pearson.ok(), 4),
                scientific(agreement.residual.ok())
            )
        }
    };
    Verdict { passed: false, summary, reasons: reasons(outcome) }
}

fn holds(layer: &Layer) -> bool {
    let agreement = &layer.fact_agreement;
    (is_single(layer) || agreement.pearson.is_ok_and(|p| p >= MIN_PEARSON))
        && agreement.residual.is_ok_and(|r| r <= MAX_RESIDUAL)
}

/// Whether `WᵀW` is a single number: without correlation, so that the residual judges it alone.
fn is_single(layer: &Layer) -> bool {
    layer.nfm.data.len() == 1
}

/// The most specific explanations that apply.
fn reasons(outcome: &Outcome) -> Vec<String> {
    let training = &outcome.training;
    if training.lambda == 0.0 {
        return vec![
            "λ = 0: FACT is −(1/nλ) Σ ∂ℓ/∂h · hᵀ, and nothing holds the weights to it. Use \
             --lambda 1e-3."
                .to_owned(),
        ];
    }
    if outcome.stop == Stop::Diverged {
        let advice = match training.optimizer {
            Optimizer::Lbfgs(_) => "Try --standardize all, a smaller --lambda, or --precision f64.",
            _ => "Lower --rate, or use --optimizer lbfgs.",
        };
        return vec![format!("The objective is no longer finite. {advice}")];
    }
    let mut reasons = Vec::new();
    if outcome.collapsed {
        reasons.push(
            "Its outputs hardly depend on its inputs: the decay outweighs the data, and every \
             ansatz agrees trivially or not at all. Lower --lambda, use fewer layers, or try \
             another --seed."
                .to_owned(),
        );
        return reasons;
    }
    for (number, layer) in (0..).zip(&outcome.layers).filter(|(_, layer)| !holds(layer)) {
        let agreement = &layer.fact_agreement;
        let pearson = if is_single(layer) { Ok(1.0) } else { agreement.pearson };
        if let Err(missing) = agreement.residual.and(pearson) {
            reasons.push(format!(
                "Layer {number} cannot be compared: in FACT or in WᵀW {missing}. {}",
                match missing {
                    Missing::NonFinite => "Try --standardize all, or a larger --lambda.",
                    _ => "Lower --lambda, or try another --seed.",
                }
            ));
        }
    }
    if !reasons.is_empty() {
        return reasons;
    }
    match training.optimizer {
        Optimizer::AdamW => reasons.push(
            "AdamW decays weights outside the loss, so it stops at a point that is not critical \
             for (1/n) Σ ℓ + (λ/2)‖θ‖²: FACT fails there by design. Use --optimizer adam or lbfgs."
                .to_owned(),
        ),
        Optimizer::Sgd => reasons.push(
            "SGD keeps moving with the noise of single samples: it hovers around a critical point \
             without reaching one. Use --optimizer lbfgs."
                .to_owned(),
        ),
        _ => {}
    }
    if matches!(training.activation, Activation::Relu | Activation::LeakyRelu(_)) {
        reasons.push(kinks(outcome));
    }
    if reasons.is_empty() {
        reasons.push(unfinished(outcome));
    }
    reasons
}

fn kinks(outcome: &Outcome) -> String {
    let name = outcome.training.activation;
    let kinks = format!(
        "Kinks: with {name} the minimum lies where some units are exactly at 0 for some samples. \
         There the gradient jumps instead of vanishing, and FACT, which is made of it, is off."
    );
    let advice = "Use --activation srelu:0.1, which rounds the kink.";
    match outcome.balance {
        Some(balance) if balance <= BALANCED => format!(
            "{kinks} The balance test needs no derivative and holds on kinks: ‖row j of W_ℓ‖² = \
             ‖column j of W_(ℓ+1)‖² is met within {}, as it must be at a minimum. What is missing \
             is not training. {advice}",
            scientific(Some(balance))
        ),
        Some(balance) => format!(
            "{kinks} The balance test (‖row j of W_ℓ‖² = ‖column j of W_(ℓ+1)‖²), which would hold \
             at such a minimum, is off by {}: training has not reached it yet. Raise \
             --evaluations. {advice}",
            scientific(Some(balance))
        ),
        None => format!("{kinks} {advice}"),
    }
}

fn unfinished(outcome: &Outcome) -> String {
    let norm = scientific(outcome.gradient_norm);
    match outcome.stop {
        Stop::Budget => format!(
            "Not converged: {} evaluations left a gradient norm of {norm}. Raise --evaluations{}.",
            outcome.evaluations,
            match outcome.training.optimizer {
                Optimizer::Lbfgs(_) => "",
                _ => " or --rate, or use --optimizer lbfgs",
            }
        ),
        Stop::Certified => format!(
            "Training stopped as soon as the residual was certified below {}. Lower --tolerance.",
            plain(outcome.training.tolerance)
        ),
        _ => format!(
            "Not converged: no step lowers the objective any more at a gradient norm of {norm}. \
             Use --precision f64, a larger --lambda, or another --seed."
        ),
    }
}
