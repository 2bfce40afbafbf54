//! The report for people: at most 80 columns.

use super::text::{exact, fixed, scientific, wrap};
use super::verdict::Verdict;
use crate::error::counted;
use crate::experiment::{Layer, Outcome, Run, Stop};
use crate::plan::{Bias, plain};
use anstyle::{AnsiColor, Style};
use fact_core::features::Missing;

/// The whole report, with colour on the verdict only (the writer strips it where it does not
/// belong).
pub fn table(outcome: &Outcome, verdict: &Verdict) -> String {
    let mut text = head(outcome);
    text.push_str(
        "\nFACT: at a critical point every layer has WᵀW = −(1/nλ) Σ ∂ℓ/∂h · hᵀ exactly.\n",
    );
    text.push_str("NFA, eNFA: WᵀW ∝ a power of averaged gradient products, a conjecture.\n\n");
    text.push_str(&body(&outcome.layers));
    text.push_str(&conclusion(verdict));
    text
}

/// The table proper, between its head and the verdict.
pub(super) fn body(layers: &[Layer]) -> String {
    let mut text =
        "                      FACT               bFACT            NFA    eNFA     FACT\n"
            .to_owned();
    text.push_str(&columns([
        "layer", "size", "Pearson", "residual", "Pearson", "residual", "Pearson", "Pearson",
        "bound",
    ]));
    for (layer, number) in layers.iter().zip(0..) {
        text.push_str(&row(number, layer));
    }
    if let Some(note) = missing(layers) {
        text.push_str(&wrap(&note, 0));
    }
    text.push('\n');
    text
}

/// The verdict, coloured, and its reasons.
pub(super) fn conclusion(verdict: &Verdict) -> String {
    let mut text = String::new();
    let colour = if verdict.passed { AnsiColor::Green } else { AnsiColor::Red };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let word = if verdict.passed { "PASS" } else { "FAIL" };
    text.push_str(&format!("{style}{word}{style:#} "));
    text.push_str(&wrap(&verdict.summary, 5)[5..]);
    for reason in &verdict.reasons {
        text.push_str(&wrap(reason, 5));
    }
    text
}

/// Why the dashes of the table stand there; `None` without any.
fn missing(layers: &[Layer]) -> Option<String> {
    let mut reasons: Vec<(Missing, Vec<&str>)> = Vec::new();
    for layer in layers {
        let (fact, bfact) = (&layer.fact_agreement, &layer.bfact_agreement);
        for (column, value) in [
            ("FACT", fact.pearson),
            ("FACT", fact.residual),
            ("bFACT", bfact.pearson),
            ("bFACT", bfact.residual),
            ("NFA", layer.nfa_agreement.pearson),
            ("eNFA", layer.enfa_agreement.pearson),
            ("bound", fact.bound),
        ] {
            let Err(reason) = value else { continue };
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, columns)) if columns.contains(&column) => {}
                Some((_, columns)) => columns.push(column),
                None => reasons.push((reason, vec![column])),
            }
        }
    }
    let reasons =
        reasons.iter().map(|(reason, columns)| format!("{}: {reason}", columns.join(", ")));
    let text = reasons.collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then(|| format!("— {text}"))
}

fn row(number: usize, layer: &Layer) -> String {
    let (fact, bfact) = (&layer.fact_agreement, &layer.bfact_agreement);
    columns([
        &number.to_string(),
        &format!("{}×{}", layer.weights.nrows, layer.weights.ncols),
        &fixed(fact.pearson.ok(), 6),
        &scientific(fact.residual.ok()),
        &fixed(bfact.pearson.ok(), 6),
        &scientific(bfact.residual.ok()),
        &fixed(layer.nfa_agreement.pearson.ok(), 4),
        &fixed(layer.enfa_agreement.pearson.ok(), 4),
        &scientific(fact.bound.ok()),
    ])
}

/// One line of right-aligned columns.
fn columns([layer, size, f, f_residual, b, b_residual, nfa, enfa, bound]: [&str; 9]) -> String {
    format!(
        "{layer:>5} {size:>8}  {f:>9} {f_residual:>8} {b:>9} {b_residual:>8} {nfa:>8} {enfa:>7} \
         {bound:>8}\n"
    )
}

fn head(outcome: &Outcome) -> String {
    let setting = &outcome.setting;
    let features = outcome.widths.first().copied().unwrap_or_default();
    let outputs = outcome.widths.last().copied().unwrap_or_default();
    let target = match outcome.classes {
        Some(classes) => format!("{classes} classes"),
        None if outputs > 1 => format!("{outputs} numeric targets"),
        None => "a numeric target".to_owned(),
    };
    let widths: Vec<String> = outcome.widths.iter().map(usize::to_string).collect();
    let bias = match setting.bias {
        Bias::None => "",
        Bias::Free => ", free biases",
        Bias::Decayed => ", decayed biases",
    };
    let seed = match &outcome.run {
        Some(run) => format!(", seed {}", run.training.seed),
        None => ", trained elsewhere".to_owned(),
    };
    let quality = match (outcome.accuracy, outcome.r_squared) {
        (Some(accuracy), _) => format!(", training accuracy {:.2} %", 100.0 * accuracy),
        (None, Some(r)) => format!(", R² {r:.4}"),
        (None, None) => String::new(),
    };
    let lines = [
        format!(
            "{}: {}, {}, {target}",
            outcome.dataset,
            counted(outcome.n, "sample"),
            counted(features, "feature")
        ),
        format!(
            "network {}, {}{bias}, {}, λ = {}, {}{seed}",
            widths.join("-"),
            setting.activation,
            setting.loss,
            plain(setting.lambda),
            setting.precision,
        ),
        outcome.run.as_ref().map(training).unwrap_or_default(),
        format!(
            "objective {}, gradient norm {}{quality}",
            exact(outcome.objective),
            scientific(outcome.gradient_norm)
        ),
    ];
    lines.iter().filter(|line| !line.is_empty()).map(|line| wrap(line, 0)).collect()
}

/// How it was trained, in a line.
fn training(run: &Run) -> String {
    let stop = match run.stop {
        Stop::Certified => "critical point certified",
        Stop::Budget => "budget spent",
        Stop::Stalled => "no further progress",
        Stop::Diverged => "diverged",
    };
    format!(
        "{}: {} evaluations in {:.1} s, {stop}",
        run.training.optimizer,
        run.evaluations,
        run.elapsed.as_secs_f64()
    )
}
