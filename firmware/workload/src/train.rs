//! Iris from flash, trained to the certificate and judged by FACT, in the caller's buffers.

use crate::iris;
use crate::text::{self, Number, Out, put};
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
    init::fill(&TRAINING.objective.architecture, Init::Normal { gain: 1.0 }, 0, theta)?;
    descend(&samples, theta, memory, scratch, out)?;
    let learnt = grade(&samples, theta, memory, out)?;
    let held = judge(&samples, theta, memory, out)? && learnt;
    out(if held { "PASS FACT holds in every layer" } else { "FAIL FACT does not hold" });
    out(" (Pearson >= 0.99, residual <= 0.1, not collapsed).\n");
    Ok(held)
}

/// In flash.
static TRAINING: Training<'static, f32> = Training {
    objective: Objective {
        architecture: Architecture {
            widths: &WIDTHS.0,
            hidden: Activation::Tanh,
            output: Activation::Identity,
            bias: Bias::None,
        },
        loss: Loss::HalfSquared,
        lambda: 3e-3,
    },
    optimizer: OPTIMIZER,
    evaluations: 2000,
    tolerance: 1e-3, // certified: FACT is at most so far from WᵀW
    seed: 0,
};

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
    samples: &Samples<'_, f32>,
    theta: &mut [f32],
    memory: &mut [f32],
    scratch: &mut [f32],
    out: &mut Out<'_>,
) -> Result<()> {
    let mut state = State::new();
    loop {
        let lent = Scratch::new(scratch);
        // Looked at where it lies: a copy would take stack all through training.
        match &train::step(&TRAINING, &mut state, samples, theta, memory, lent) {
            Ok(Event::Stopped(why, last)) => {
                tell(samples.len(), *why, last, out);
                return Ok(());
            }
            Ok(_) => {}
            Err(error) => return Err(*error),
        }
    }
}

/// Prints how training has ended.
#[inline(never)]
fn tell(samples: usize, why: Stop, last: &Evaluation, out: &mut Out<'_>) {
    out("iris: ");
    put(out, Number::Whole(samples as u64), 0);
    out(" samples from flash, network ");
    text::widths(out, &WIDTHS.0);
    out(", tanh, f32\nL-BFGS: ");
    put(out, Number::Whole(last.evaluations.into()), 0);
    out(match why {
        Stop::Converged => " evaluations, critical point certified\n",
        Stop::Exhausted => " evaluations, budget spent\n",
        Stop::Stalled => " evaluations, no further progress\n",
    });
    out("objective ");
    put(out, Number::Fixed(last.objective, 6), 0);
}

/// Prints the accuracy and answers whether the network has not collapsed.
#[inline(never)]
fn grade(
    samples: &Samples<'_, f32>,
    theta: &[f32],
    memory: &mut [f32],
    out: &mut Out<'_>,
) -> Result<bool> {
    let fit = evaluate::fit(&TRAINING.objective, theta, samples, Scratch::new(memory))?;
    out(", training accuracy ");
    put(out, Number::Fixed(100.0 * fit.accuracy().unwrap_or_default(), 2), 0);
    out(" %\n\n");
    Ok(!fit.collapsed())
}

/// Prints a row for each layer and answers whether FACT holds in all of them. The optimiser's
/// memory has done its work: it holds the gradients and the matrices compared.
#[inline(never)]
fn judge(
    samples: &Samples<'_, f32>,
    theta: &[f32],
    memory: &mut [f32],
    out: &mut Out<'_>,
) -> Result<bool> {
    let mut scratch = Scratch::new(memory);
    let (decayed, data) = (scratch.take(theta.len())?, scratch.take(theta.len())?);
    gradients(samples, theta, decayed, data, scratch.reborrow())?;
    out("             FACT               bFACT              FACT\n");
    out("layer size   Pearson residual   Pearson residual   bound\n");
    let architecture = &TRAINING.objective.architecture;
    let slopes = architecture.layers(decayed)?.zip(architecture.layers(data)?);
    let mut held = true;
    for (index, (layer, (decayed, data))) in architecture.layers(theta)?.zip(slopes).enumerate() {
        let weight = &layer.weight;
        put(out, Number::Whole(index as u64), 5);
        put(out, Number::Whole(weight.nrows() as u64), 3);
        out("x");
        put(out, Number::Whole(weight.ncols() as u64), 0);
        held &= agree(weight, &data.weight, scratch.reborrow(), out)?;
        bound(weight, &decayed.weight, scratch.reborrow(), out)?;
    }
    Ok(held)
}

/// The gradient of the objective, and that of the loss alone.
fn gradients(
    samples: &Samples<'_, f32>,
    theta: &[f32],
    decayed: &mut [f32],
    data: &mut [f32],
    mut scratch: Scratch<'_, f32>,
) -> Result<()> {
    static UNDECAYED: Objective<'static, f32> = Objective { lambda: 0.0, ..TRAINING.objective };
    let lent = scratch.reborrow();
    objective::gradient(&TRAINING.objective, theta, samples, 0.0, decayed, lent)?;
    objective::gradient(&UNDECAYED, theta, samples, 0.0, data, scratch)?;
    Ok(())
}

/// Prints how well FACT and bFACT of a layer agree with its weights, and answers whether FACT holds.
#[inline(never)]
fn agree(
    weight: &MatRef<'_, f32>,
    gradient: &MatRef<'_, f32>,
    scratch: Scratch<'_, f32>,
    out: &mut Out<'_>,
) -> Result<bool> {
    let lambda = TRAINING.objective.lambda;
    let found = fact::agreement_from_gradient(lambda, *weight, *gradient, scratch)?;
    for agreement in [&found.fact, &found.backward] {
        measured(out, agreement.pearson, |x| Number::Fixed(x, 6), 10);
        measured(out, agreement.residual, Number::Scientific, 9);
    }
    Ok(found.fact.pearson.is_ok_and(|pearson| pearson >= 0.99)
        && found.fact.residual.is_ok_and(|residual| residual <= 0.1))
}

/// Prints the certificate of a layer.
#[inline(never)]
fn bound(
    weight: &MatRef<'_, f32>,
    gradient: &MatRef<'_, f32>,
    scratch: Scratch<'_, f32>,
    out: &mut Out<'_>,
) -> Result<()> {
    let bound = certificate::bound(TRAINING.objective.lambda, *weight, *gradient, scratch)?;
    measured(out, bound, Number::Scientific, 8);
    out("\n");
    Ok(())
}

/// Prints a measurement, or a dash where there is none.
fn measured(out: &mut Out<'_>, value: Measured, show: fn(f64) -> Number, width: usize) {
    match value {
        Ok(value) => put(out, show(value), width),
        Err(_) => text::right(out, "-", width),
    }
}
