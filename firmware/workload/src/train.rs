//! Iris from flash, trained to the certificate and judged by FACT, in the caller's buffers.

use crate::iris;
use crate::text::{self, Out, fixed, right, scientific, whole};
use fact_core::features::{Measured, certificate, fact};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::train::{self, Evaluation, Event, State, Stop, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths, evaluate};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::{Result, standardize};

/// The network.
pub const WIDTHS: Widths<3> = Widths([iris::FEATURES, 8, iris::CLASSES]);
/// How it is trained.
pub const OPTIMIZER: Optimizer<f32> = Optimizer::Lbfgs { pairs: 5 };
/// Words of the inputs.
pub const INPUTS: usize = iris::SAMPLES * iris::FEATURES;
/// Words of the parameters.
pub const THETA: usize = WIDTHS.params(Bias::None);
/// Words of the optimiser.
pub const MEMORY: usize = train::memory(&OPTIMIZER, THETA);
/// Words of scratch: one sample at a time.
pub const SCRATCH: usize = train::step_scratch(&WIDTHS.0, 1);
/// A residual certified below this ends training.
const TOLERANCE: f64 = 1e-3;

/// Trains, prints a table like that of `fact verify` and answers whether FACT holds.
///
/// # Errors
/// A length error when a buffer is not of the length given above.
pub fn run(
    x: &mut [f32],
    theta: &mut [f32],
    memory: &mut [f32],
    scratch: &mut [f32],
    out: &mut Out<'_>,
) -> Result<bool> {
    let samples = load(x)?;
    let objective = objective();
    let last = descend(&objective, &samples, theta, memory, scratch, out)?;
    out("objective ");
    out(&fixed(last.objective, 6));
    let learnt = grade(&objective, &samples, theta, memory, out)?;
    let held = judge(&objective, &samples, theta, memory, out)? && learnt;
    out(if held { "PASS FACT holds in every layer" } else { "FAIL FACT does not hold" });
    out(" (Pearson >= 0.99, residual <= 0.1, not collapsed).\n");
    Ok(held)
}

fn objective() -> Objective<'static, f32> {
    Objective {
        architecture: Architecture {
            widths: &WIDTHS.0,
            hidden: Activation::Tanh,
            output: Activation::Identity,
            bias: Bias::None,
        },
        loss: Loss::HalfSquared,
        lambda: 3e-3,
    }
}

// The stages are not inlined: their frames would lie on the stack together.

/// The flowers, standardised in `x`.
#[inline(never)]
pub(crate) fn load(x: &mut [f32]) -> Result<Samples<'_, f32>> {
    iris::features(x);
    let (mut mean, mut scale) = ([0.0; iris::FEATURES], [0.0; iris::FEATURES]);
    standardize::fit(MatRef::new(x, iris::SAMPLES, iris::FEATURES)?, &mut mean, &mut scale)?;
    standardize::apply(&mean, &scale, MatMut::new(x, iris::SAMPLES, iris::FEATURES)?)?;
    let y = MatRef::new(&iris::TARGETS, iris::SAMPLES, iris::CLASSES)?;
    Samples::new(MatRef::new(x, iris::SAMPLES, iris::FEATURES)?, y)
}

/// Minimises the objective, in steps of one sample.
#[inline(never)]
fn descend(
    objective: &Objective<'_, f32>,
    samples: &Samples<'_, f32>,
    theta: &mut [f32],
    memory: &mut [f32],
    scratch: &mut [f32],
    out: &mut Out<'_>,
) -> Result<Evaluation> {
    init::fill(&objective.architecture, Init::Normal { gain: 1.0 }, 0, theta)?;
    let training = Training {
        objective: *objective,
        optimizer: OPTIMIZER,
        evaluations: 2000,
        tolerance: TOLERANCE,
        seed: 0,
    };
    let mut state = State::new();
    loop {
        let lent = Scratch::new(scratch);
        if let Event::Stopped(why, last) =
            train::step(&training, &mut state, samples, theta, memory, lent)?
        {
            out("iris: ");
            out(&whole(samples.len() as u64));
            out(" samples from flash, network ");
            text::widths(out, &WIDTHS.0);
            out(", tanh, f32\nL-BFGS: ");
            out(&whole(last.evaluations.into()));
            out(match why {
                Stop::Converged => " evaluations, critical point certified\n",
                Stop::Exhausted => " evaluations, budget spent\n",
                Stop::Stalled => " evaluations, no further progress\n",
            });
            return Ok(last);
        }
    }
}

/// Prints the accuracy and answers whether the network has not collapsed.
#[inline(never)]
fn grade(
    objective: &Objective<'_, f32>,
    samples: &Samples<'_, f32>,
    theta: &[f32],
    memory: &mut [f32],
    out: &mut Out<'_>,
) -> Result<bool> {
    let fit = evaluate::fit(objective, theta, samples, Scratch::new(memory))?;
    out(", training accuracy ");
    out(&fixed(100.0 * fit.accuracy().unwrap_or_default(), 2));
    out(" %\n\n");
    Ok(!fit.collapsed())
}

/// Prints a row for each layer and answers whether FACT holds in all of them. The optimiser's
/// memory has done its work: it holds the gradients and the matrices compared.
#[inline(never)]
fn judge(
    objective: &Objective<'_, f32>,
    samples: &Samples<'_, f32>,
    theta: &[f32],
    memory: &mut [f32],
    out: &mut Out<'_>,
) -> Result<bool> {
    let mut scratch = Scratch::new(memory);
    let (decayed, data) = (scratch.take(theta.len())?, scratch.take(theta.len())?);
    let lent = scratch.reborrow();
    objective::gradient(objective, theta, samples, 0.0, decayed, lent)?;
    let undecayed = Objective { lambda: 0.0, ..*objective };
    let lent = scratch.reborrow();
    objective::gradient(&undecayed, theta, samples, 0.0, data, lent)?;
    out("             FACT               bFACT              FACT\n");
    out("layer size   Pearson residual   Pearson residual   bound\n");
    let architecture = &objective.architecture;
    let slopes = architecture.layers(decayed)?.zip(architecture.layers(data)?);
    let mut held = true;
    for (index, (layer, (decayed, data))) in architecture.layers(theta)?.zip(slopes).enumerate() {
        let (weight, lambda) = (layer.weight, objective.lambda);
        let lent = scratch.reborrow();
        let found = fact::agreement_from_gradient(lambda, weight, data.weight, lent)?;
        let lent = scratch.reborrow();
        let bound = certificate::bound(lambda, weight, decayed.weight, lent)?;
        right(out, &whole(index as u64), 5);
        right(out, &whole(weight.nrows() as u64), 3);
        out("x");
        out(&whole(weight.ncols() as u64));
        for agreement in [found.fact, found.backward] {
            measured(out, agreement.pearson, |x| fixed(x, 6), 10);
            measured(out, agreement.residual, scientific, 9);
        }
        measured(out, bound, scientific, 8);
        out("\n");
        held &= found.fact.pearson.is_ok_and(|pearson| pearson >= 0.99)
            && found.fact.residual.is_ok_and(|residual| residual <= 0.1);
    }
    Ok(held)
}

/// Prints a measurement, or a dash where there is none.
fn measured(out: &mut Out<'_>, value: Measured, show: fn(f64) -> text::Text, width: usize) {
    match value {
        Ok(value) => right(out, &show(value), width),
        Err(_) => right(out, "-", width),
    }
}
