//! The report of `fact check-traces`: one layer of a network of any kind.

use super::table::{body, conclusion};
use super::text::{scientific, significant, wrap};
use super::verdict::{Finding, Verdict};
use crate::error::counted;
use crate::experiment::{Agreement, Direction, Traced};
use crate::plan::plain;
use serde::Serialize;

/// The report for people: at most 80 columns.
pub fn traced_table(traced: &Traced, verdict: &Verdict) -> String {
    let Traced { name, n, rows, lambda, estimated, gradient_norm, layer } = traced;
    let (outputs, inputs) = (layer.weights.nrows, layer.weights.ncols);
    let several = if rows == n { String::new() } else { format!(", {rows} rows of traces") };
    let lambda = match estimated {
        true => format!("λ ≈ {}, estimated: the one that fits best", plain(significant(*lambda))),
        false => format!("λ = {}", plain(*lambda)),
    };
    let sizes = [counted(inputs, "input"), counted(outputs, "output"), counted(*n, "sample")];
    let mut text = wrap(&format!("{name}: {}{several}", sizes.join(", ")), 0);
    text.push_str(&wrap(
        &format!("{lambda}; gradient norm {}", scientific(Some(*gradient_norm))),
        0,
    ));
    text.push('\n');
    text.push_str(&body(std::slice::from_ref(layer)));
    text.push_str(&conclusion(verdict));
    text
}

#[derive(Serialize)]
struct Report<'a> {
    weight: &'a str,
    n: usize,
    rows: usize,
    outputs: usize,
    inputs: usize,
    lambda: Option<f64>,
    lambda_estimated: bool,
    gradient_norm: f64,
    weight_norm_squared: f64,
    fact: Agreement,
    bfact: Agreement,
    enfa: Direction,
    verdict: Finding,
}

/// The report as one line of JSON, with its line break.
pub fn traced_json(traced: &Traced, verdict: &Verdict) -> String {
    let layer = &traced.layer;
    let report = Report {
        weight: &traced.name,
        n: traced.n,
        rows: traced.rows,
        outputs: layer.weights.nrows,
        inputs: layer.weights.ncols,
        lambda: Some(traced.lambda).filter(|&lambda| lambda > 0.0 || !traced.estimated),
        lambda_estimated: traced.estimated,
        gradient_norm: traced.gradient_norm,
        weight_norm_squared: layer.weight_norm_squared,
        fact: layer.fact_agreement,
        bfact: layer.bfact_agreement,
        enfa: layer.enfa_agreement,
        verdict: verdict.finding,
    };
    super::json::line(&report)
}
