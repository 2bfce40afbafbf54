//! How costs grow: the gradient of a network against samples, width and depth, and a round of a kernel
//! machine against samples, inputs and outputs, on geometric grids, one thread.

mod render;

use crate::bench::calls::{self, Part};
use crate::bench::machine::{self, Machine};
use crate::bench::timing::{Call, Effort, time};
use crate::bench::workloads::pool;
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// For each point of a curve.
const EFFORT: Effort = Effort {
    repetition: Duration::from_millis(10),
    total: Duration::from_millis(300),
    repetitions: (3, 15),
};

/// All curves, and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// When: year, month, day.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// The cost of one call against one of its dimensions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What grows.
    pub axis: String,
    /// What stays, for people.
    pub at: String,
    /// What is called.
    pub operation: String,
    /// The points, in order.
    pub points: Vec<Point>,
    /// `e` of `time ∝ xᵉ`, fitted to the upper half of the points by least squares of logarithms.
    pub exponent: f64,
}

/// One point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What grows.
    pub x: usize,
    /// Least time of a call among several: a curve is of the machine, not of what else it does.
    pub seconds: f64,
    /// Interquartile range in percent of the median.
    pub spread: f64,
}

/// A curve to be measured: what grows, from where to where, and the calls of each point by name.
struct Plan {
    axis: &'static str,
    at: &'static str,
    /// First and last; each is twice the one before.
    range: (usize, usize),
    /// The last where time is short.
    quick: usize,
    operations: &'static [Operation],
    prepare: fn(Operation, usize) -> Result<Call>,
}

/// What is timed at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Gradient,
    Kernel(Part),
    Exact,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Kernel(Part::Solve) => "Gram matrix, Cholesky",
            Self::Kernel(Part::Agop) => "AGOP",
            Self::Kernel(Part::Fact) => "FACT",
            Self::Kernel(Part::Round) => "whole round",
            Self::Exact => "round, exact engine",
        }
    }
}

const NETWORK: &[Operation] = &[Operation::Gradient];
const MACHINE: &[Operation] = &[
    Operation::Kernel(Part::Solve),
    Operation::Kernel(Part::Fact),
    Operation::Kernel(Part::Round),
    Operation::Exact,
];
/// Beyond this many samples the exact engine takes seconds.
const EXACT: usize = 1000;
/// Samples of the networks whose widths grow.
const SAMPLES: usize = 256;

fn network(widths: &[usize], n: usize) -> Result<Call> {
    calls::gradient::<f32>(calls::problem(widths, n, None))
}

fn machine(operation: Operation, shape: (usize, usize, usize)) -> Result<Call> {
    match operation {
        Operation::Kernel(part) => calls::kernel::<f32>(false, part, shape),
        _ => calls::kernel::<f32>(true, Part::Round, shape),
    }
}

const PLANS: [Plan; 6] = [
    Plan {
        axis: "samples",
        at: "64-32-10",
        range: (1, 16_384),
        quick: 1024,
        operations: NETWORK,
        prepare: |_, n| network(&[64, 32, 10], n),
    },
    Plan {
        axis: "width",
        at: "64-w-10, 256 samples",
        range: (4, 4096),
        quick: 256,
        operations: NETWORK,
        prepare: |_, width| network(&[64, width, 10], SAMPLES),
    },
    Plan {
        axis: "hidden layers",
        at: "64-32-…-32-10, 256 samples",
        range: (1, 64),
        quick: 16,
        operations: NETWORK,
        prepare: |_, depth| network(&[&[64][..], &vec![32; depth], &[10]].concat(), SAMPLES),
    },
    Plan {
        axis: "samples",
        at: "50 inputs, 1 output",
        range: (62, 62 << 7),
        quick: 500,
        operations: MACHINE,
        prepare: |operation, n| machine(operation, (n, 50, 1)),
    },
    Plan {
        axis: "inputs",
        at: "1000 samples, 1 output",
        range: (4, 512),
        quick: 64,
        operations: MACHINE,
        prepare: |operation, d| machine(operation, (1000, d, 1)),
    },
    Plan {
        axis: "outputs",
        at: "1000 samples, 50 inputs",
        range: (1, 256),
        quick: 16,
        operations: MACHINE,
        prepare: |operation, c| machine(operation, (1000, 50, c)),
    },
];

/// Measures every curve; `watch` hears what is being done.
///
/// # Errors
/// None in practice: shapes agree by construction.
pub fn measure(quick: bool, watch: &dyn Fn(&str)) -> Result<Scaling> {
    let pool = pool(1)?;
    let mut curves = Vec::new();
    for plan in &PLANS {
        let (first, last) = (plan.range.0, if quick { plan.quick } else { plan.range.1 });
        let grid: Vec<usize> = std::iter::successors(Some(first), |x| Some(2 * x))
            .take_while(|x| *x <= last)
            .collect();
        let mut found: Vec<Vec<Point>> = vec![Vec::new(); plan.operations.len()];
        for &x in &grid {
            watch(&format!("{} against {}: {x}", plan.operations[0].name(), plan.axis));
            let in_reach = |operation: &Operation| {
                *operation != Operation::Exact || plan.axis != "samples" || x <= EXACT
            };
            let timed: Vec<_> = (0..).zip(plan.operations).filter(|(_, o)| in_reach(o)).collect();
            let calls: Result<Vec<_>> =
                timed.iter().map(|&(_, &o)| Ok((&pool, (plan.prepare)(o, x)?))).collect();
            for ((index, _), timing) in timed.iter().zip(time(calls?, EFFORT)?) {
                let point = Point { x, seconds: timing.least, spread: timing.spread };
                let index: usize = *index;
                found[index].push(point);
            }
        }
        curves.extend(plan.operations.iter().zip(found).map(|(operation, points)| Curve {
            axis: plan.axis.to_owned(),
            at: plan.at.to_owned(),
            operation: operation.name().to_owned(),
            exponent: exponent(&points),
            points,
        }));
    }
    Ok(Scaling { date: machine::today(), machine: machine::this(1), curves })
}

/// The slope of the upper half of the points on logarithmic axes.
fn exponent(points: &[Point]) -> f64 {
    fit(points).0
}

/// Slope and intercept of the line through the upper half of the points, in logarithms.
fn fit(points: &[Point]) -> (f64, f64) {
    let upper = &points[points.len() / 2..];
    let logs: Vec<(f64, f64)> =
        upper.iter().map(|point| ((point.x as f64).ln(), point.seconds.ln())).collect();
    let count = logs.len().max(1) as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / count, b + y / count));
    let covariance: f64 = logs.iter().map(|(a, b)| (a - x) * (b - y)).sum();
    let variance: f64 = logs.iter().map(|(a, _)| (a - x) * (a - x)).sum();
    // One point has no slope.
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    (slope, y - slope * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(operation: Operation, exponent_of: f64) -> Curve {
        let points: Vec<Point> = (0..8)
            .map(|k| {
                let x = 1_usize << k;
                // A fixed cost bends the lower half only.
                let seconds = (x as f64).powf(exponent_of).max(2.0);
                Point { x, seconds, spread: 0.0 }
            })
            .collect();
        Curve {
            axis: "samples".into(),
            at: "here".into(),
            operation: operation.name().into(),
            exponent: exponent(&points),
            points,
        }
    }

    #[test]
    fn the_exponent_is_that_of_the_upper_half() {
        assert!((curve(Operation::Gradient, 2.5).exponent - 2.5).abs() < 1e-12);
        assert_eq!(exponent(&[]), 0.0);
        assert_eq!(exponent(&[Point { x: 3, seconds: 1.0, spread: 0.0 }]), 0.0);
    }

    #[test]
    fn curves_of_one_axis_share_a_panel_and_every_form_names_them() {
        let scaling = Scaling {
            date: "2000-01-01".into(),
            machine: Machine::default(),
            curves: vec![
                curve(Operation::Kernel(Part::Solve), 3.0),
                curve(Operation::Kernel(Part::Round), 2.0),
            ],
        };
        assert_eq!(scaling.panels().len(), 1);
        let again: Scaling = serde_json::from_str(&scaling.to_json()).unwrap();
        assert_eq!(again, scaling);
        assert_eq!(scaling.to_csv().lines().count(), 17);
        assert!(scaling.to_markdown().contains("| whole round | 1: 2.00 s |"));
        let [png, svg] = scaling.pictures().unwrap();
        assert!(png.bytes.len() > 1000 && String::from_utf8(svg.bytes).unwrap().contains("2.00"));
    }
}
