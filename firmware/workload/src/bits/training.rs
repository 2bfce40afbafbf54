//! Training: every optimiser with every activation; losses, biases and schedules by turns.

use super::{add, draw};
use fact_core::Result;
use fact_core::fingerprint::Fingerprint;
use fact_core::mat::MatRef;
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, evaluate, mlp};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

/// Samples of the task.
const SAMPLES: usize = 6;
/// One hidden layer, which `sgd` treats apart, and two.
const WIDTHS: [&[usize]; 2] = [&[3, 5, 2], &[3, 4, 3, 2]];
const LOSSES: [Loss; 4] = [Loss::HalfSquared, Loss::Squared, Loss::MeanSquared, Loss::CrossEntropy];
const BIASES: [Bias; 3] = [Bias::None, Bias::Free, Bias::Decayed];

/// Every activation.
pub(super) fn activations<T: Scalar>() -> [Activation<T>; 9] {
    [
        Activation::Identity,
        Activation::Relu,
        Activation::SmoothRelu { epsilon: T::from_f64(0.1) },
        Activation::LeakyRelu { slope: T::from_f64(0.01) },
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Quadratic,
    ]
}

pub(super) fn sgd<T: Scalar>(memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let schedule = Schedule::Inverse { half: 3 };
    run(Optimizer::Sgd { rate: T::from_f64(0.05), schedule }, memory)
}

pub(super) fn heavy_ball<T: Scalar>(memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let (rate, momentum) = (T::from_f64(0.02), T::from_f64(0.9));
    let schedule = Schedule::Cosine { total: 8 };
    run(Optimizer::HeavyBall { rate, momentum, schedule }, memory)
}

pub(super) fn adam<T: Scalar>(memory: Scratch<'_, T>) -> Result<Fingerprint> {
    run(adam_of(0.0, Schedule::Constant), memory)
}

pub(super) fn adamw<T: Scalar>(memory: Scratch<'_, T>) -> Result<Fingerprint> {
    run(adam_of(0.01, Schedule::WarmUp { updates: 4 }), memory)
}

pub(super) fn lbfgs<T: Scalar>(memory: Scratch<'_, T>) -> Result<Fingerprint> {
    run(Optimizer::Lbfgs { pairs: 3 }, memory)
}

fn adam_of<T: Scalar>(decay: f64, schedule: Schedule<T>) -> Optimizer<T> {
    Optimizer::Adam {
        rate: T::from_f64(0.01),
        beta1: T::from_f64(0.9),
        beta2: T::from_f64(0.999),
        epsilon: T::from_f64(1e-8),
        decay: T::from_f64(decay),
        schedule,
    }
}

/// Trains with every activation on both shapes, and hashes weights, objective and fit.
fn run<T: Scalar>(optimizer: Optimizer<T>, mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let mut turn = (0..).map(|turn| (turn % LOSSES.len(), turn % BIASES.len(), turn));
    let data = memory.take(SAMPLES * 5)?;
    let samples = task(data)?;
    for hidden in activations() {
        for widths in WIDTHS {
            let (loss, bias, seed) = turn.next().unwrap_or_default();
            let output = if seed % 2 == 0 { Activation::Identity } else { Activation::Tanh };
            let bias = BIASES.get(bias).copied().unwrap_or(Bias::None);
            let loss = LOSSES.get(loss).copied().unwrap_or(Loss::HalfSquared);
            let objective = Objective {
                architecture: Architecture { widths, hidden, output, bias },
                loss,
                lambda: T::from_f64(0.01),
            };
            let scratch = memory.reborrow();
            one(&objective, optimizer, seed as u64, &samples, scratch, &mut hash)?;
        }
    }
    Ok(hash)
}

fn one<T: Scalar>(
    objective: &Objective<'_, T>,
    optimizer: Optimizer<T>,
    seed: u64,
    samples: &Samples<'_, T>,
    mut scratch: Scratch<'_, T>,
    hash: &mut Fingerprint,
) -> Result<()> {
    let theta = scratch.take(objective.architecture.params())?;
    trained(objective, optimizer, 8, seed, samples, theta, scratch.reborrow(), hash)?;
    add(hash, theta)?;
    let fit = evaluate::fit(objective, theta, samples, scratch.reborrow())?;
    for number in [fit.loss, fit.output_spread, fit.target_spread] {
        add(hash, &[number])?;
    }
    let outputs = mlp::forward(&objective.architecture, theta, samples.x(), scratch)?;
    add(hash, outputs.data())
}

/// Initialises `theta` and trains it; every evaluation goes into the hash.
#[allow(clippy::too_many_arguments, reason = "a problem, how to solve it, and what to note")]
pub(super) fn trained<T: Scalar>(
    objective: &Objective<'_, T>,
    optimizer: Optimizer<T>,
    evaluations: u32,
    seed: u64,
    samples: &Samples<'_, T>,
    theta: &mut [T],
    mut scratch: Scratch<'_, T>,
    hash: &mut Fingerprint,
) -> Result<()> {
    let init = match seed % 3 {
        0 => Init::Normal { gain: 1.0 },
        1 => Init::Uniform { gain: 1.0 },
        _ => Init::Glorot,
    };
    init::fill(&objective.architecture, init, seed, theta)?;
    // Out of reach, but asked for: every evaluation forms the certificate.
    let tolerance = f64::MIN_POSITIVE;
    let training = Training { objective: *objective, optimizer, evaluations, tolerance, seed };
    let memory = scratch.take(train::memory(&optimizer, theta.len()))?;
    let mut state = State::new();
    loop {
        let lent = scratch.reborrow();
        let event = train::step(&training, &mut state, samples, theta, memory, lent)?;
        if let Event::Evaluated(evaluation) | Event::Stopped(_, evaluation) = event {
            let norm = evaluation.gradient_norm.unwrap_or_default();
            add(hash, &[evaluation.objective, norm, evaluation.bound.unwrap_or_default()])?;
        }
        if matches!(event, Event::Stopped(..)) {
            return Ok(());
        }
    }
}

/// Random inputs in three dimensions, classes by the sign of the first.
pub(super) fn task<T: Scalar>(data: &mut [T]) -> Result<Samples<'_, T>> {
    let (x, y) = data.split_at_mut_checked(3 * SAMPLES).unwrap_or_default();
    draw(&mut Rng::new(11), x);
    let x = MatRef::new(x, SAMPLES, 3)?;
    let classes = x.rows().flat_map(|row| {
        let first = row.first().is_some_and(|&x| x > T::ZERO);
        if first { [T::ONE, T::ZERO] } else { [T::ZERO, T::ONE] }
    });
    y.iter_mut().zip(classes).for_each(|(y, class)| *y = class);
    Samples::new(x, MatRef::new(y, SAMPLES, 2)?)
}
