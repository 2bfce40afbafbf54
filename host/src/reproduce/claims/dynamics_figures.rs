//! The pictures of claim 2.

use super::dynamics::{At, Done, setting, used};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::{Estimate, Figure};

/// A value of a layer at a moment, and how it is drawn.
type Line = (&'static str, usize, fn(&At) -> Option<f64>);

const AGREEMENTS: [Line; 4] = [
    ("FACT", 0, |at| at.layer.fact),
    ("(FACT FACTᵀ)^½", 4, |at| at.symmetrized),
    ("NFA", 1, |at| at.layer.nfa),
    ("eNFA", 2, |at| at.layer.enfa),
];
const RESIDUALS: [Line; 2] =
    [("residual of FACT", 6, |at| at.layer.residual), ("certified bound", 3, |at| at.layer.bound)];
/// Points per factor of ten in steps.
const PER_DECADE: i32 = 16;

/// A picture of each setting.
pub(super) fn figures(runs: &[Done]) -> Vec<Figure> {
    let mut settings: Vec<String> = Vec::new();
    let mut figures = Vec::new();
    for run in used(runs) {
        let name = setting(&run.cell.network);
        if settings.contains(&name) {
            continue;
        }
        let same = |other: &&Done| setting(&other.cell.network) == name;
        let group: Vec<&Done> = used(runs).into_iter().filter(same).collect();
        figures.push(figure(&name, &group, settings.len()));
        settings.push(name);
    }
    figures
}

fn figure(name: &str, group: &[&Done], number: usize) -> Figure {
    let depth = group.iter().map(|run| run.record.network.layers.len()).min().unwrap_or(0);
    let fitted = group.iter().map(|run| Some(f64::from(run.record.fitted()?.evaluations).ln()));
    let marks: Vec<(f64, String)> = Estimate::of(fitted)
        .map(|estimate| (estimate.mean.exp(), "all fitted".to_owned()))
        .into_iter()
        .collect();
    let mut panels: Vec<Panel> = (0..depth)
        .map(|k| Panel {
            title: format!("layer {k}"),
            x: Axis::log("steps"),
            y: Axis::linear("Pearson with WᵀW").at_least(0.0, 1.0),
            series: AGREEMENTS.iter().map(|line| series(line, group, k, |v| v)).collect(),
            marks: marks.clone(),
            map: None,
        })
        .collect();
    for k in [0, depth.saturating_sub(1)] {
        panels.push(Panel {
            title: format!("layer {k}: how far from critical"),
            x: Axis::log("steps"),
            y: Axis::log("relative residual"),
            // Over decades, means are those of logarithms.
            series: RESIDUALS.iter().map(|line| series(line, group, k, f64::ln)).collect(),
            marks: marks.clone(),
            map: None,
        });
    }
    Figure {
        chart: Chart {
            name: format!("dynamics-{number}"),
            title: name.to_owned(),
            columns: 4,
            panel: (330, 300),
            panels,
            legend: Legend::Shared,
        },
        caption: format!(
            "{name}: agreement with WᵀW along training, layer by layer, mean of {} seeds with its \
             standard error; at the end the residual of FACT and the bound that certifies it. The \
             dashed line is where the last training sample is fitted.",
            group.len()
        ),
    }
}

/// The mean over the runs on common steps, with its standard error, of `scale` of the value.
fn series(line: &Line, group: &[&Done], layer: usize, scale: fn(f64) -> f64) -> Series {
    let (name, colour, value) = line;
    let last = group.iter().map(|run| run.record.network.evaluations).max().unwrap_or(1);
    let most = (f64::from(last).log10() * f64::from(PER_DECADE)).ceil() as i32;
    let back = |v: f64| if scale(2.0) == 2.0 { v } else { v.exp() };
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for step in (0..=most).map(|k| 10.0_f64.powf(f64::from(k) / f64::from(PER_DECADE))) {
        let here = group.iter().map(|run| {
            // What was last measured; after its end, a run stays where it is.
            let reached = |m: &&super::dynamics::Moment| f64::from(m.evaluations) <= step;
            let moment = run.record.moments.iter().take_while(reached).last()?;
            value(moment.layers.get(layer)?).map(scale).filter(|v| v.is_finite())
        });
        if let Some(estimate) = Estimate::of(here) {
            let error = estimate.error.unwrap_or(0.0);
            points.push((step, back(estimate.mean)));
            band.push((step, back(estimate.mean - error), back(estimate.mean + error)));
        }
    }
    Series { name: (*name).to_owned(), colour: *colour, style: Style::Line, points, band }
}
