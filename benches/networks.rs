//! Networks: passes, gradients, and a step of each optimiser.

use crate::{Task, Work, values};
use fact_core::Result;
use fact_core::mat::MatRef;
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, evaluate, mlp, sgd};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use std::hint::black_box;

/// The network of the digits.
const DIGITS: [usize; 3] = [64, 32, 10];
/// One sample, a batch, all the digits.
const BATCHES: [usize; 3] = [1, 32, 1797];
/// The networks of `TARGETS`: a gate, the iris, the digits.
const SMALL: [[usize; 3]; 3] = [[2, 3, 1], [4, 16, 3], DIGITS];
/// Samples that go through a network at once.
const ROWS: usize = 128;

/// A network of one hidden layer, samples for it, and memory.
pub(crate) struct Net<T> {
    widths: [usize; 3],
    n: usize,
    x: Vec<T>,
    y: Vec<T>,
    pub(crate) theta: Vec<T>,
    memory: Vec<T>,
}

/// The parts of a [`Net`], as the core takes them.
pub(crate) struct Parts<'a, T> {
    pub(crate) objective: Objective<'a, T>,
    pub(crate) samples: Samples<'a, T>,
    pub(crate) theta: &'a mut [T],
    pub(crate) scratch: Scratch<'a, T>,
}

impl<T: Scalar> Net<T> {
    /// A network with `n` samples and this much scratch.
    pub(crate) fn new(widths: [usize; 3], n: usize, scratch: usize) -> Self {
        let [inputs, _, outputs] = widths;
        let mut net = Self {
            widths,
            n,
            x: values(n * inputs, 2),
            y: values(n * outputs, 3),
            theta: vec![T::ZERO; architecture::<T>(&widths).params()],
            memory: vec![T::ZERO; scratch],
        };
        init::fill(&architecture(&widths), Init::Glorot, 1, &mut net.theta).unwrap();
        net
    }

    pub(crate) fn parts(&mut self) -> Parts<'_, T> {
        let [inputs, _, outputs] = self.widths;
        let x = MatRef::new(&self.x, self.n, inputs).unwrap();
        let y = MatRef::new(&self.y, self.n, outputs).unwrap();
        Parts {
            objective: Objective {
                architecture: architecture(&self.widths),
                loss: Loss::HalfSquared,
                lambda: T::from_f64(1e-3),
            },
            samples: Samples::new(x, y).unwrap(),
            theta: &mut self.theta,
            scratch: Scratch::new(&mut self.memory),
        }
    }
}

fn architecture<T: Scalar>(widths: &[usize]) -> Architecture<'_, T> {
    let hidden = Activation::SmoothRelu { epsilon: T::from_f64(0.1) };
    Architecture { widths, hidden, output: Activation::Identity, bias: Bias::Free }
}

/// Flops of taking `n` samples through the weights `times` times: once forward, and once each for the
/// gradient and for the deltas of all but the first layer.
fn flops([inputs, hidden, outputs]: [usize; 3], n: usize, backward: bool) -> Work {
    let (first, last) = (inputs * hidden, hidden * outputs);
    let products = if backward { 2 * first + 3 * last } else { first + last };
    Work::Flops((2 * n * products) as u64)
}

pub(crate) fn named(widths: [usize; 3], n: usize) -> String {
    let [inputs, hidden, outputs] = widths;
    format!("{inputs}-{hidden}-{outputs}, n = {n}")
}

type Pass<T> = fn(&mut Parts<'_, T>, &mut [T]) -> Result<f64>;

/// Passes over all samples, and whether they go backward too.
fn passes<T: Scalar>() -> [(&'static str, bool, Pass<T>); 3] {
    [
        ("forward", false, |p, _| {
            let x = p.samples.x();
            let f = mlp::forward(&p.objective.architecture, p.theta, x, p.scratch.reborrow())?;
            Ok(f.data().first().map_or(0.0, |f| f.to_f64()))
        }),
        ("gradient", true, |p, out| {
            let scratch = p.scratch.reborrow();
            objective::gradient(&p.objective, p.theta, &p.samples, T::ZERO, out, scratch)
        }),
        ("fit", false, |p, _| {
            let fit = evaluate::fit(&p.objective, p.theta, &p.samples, p.scratch.reborrow())?;
            Ok(fit.loss)
        }),
    ]
}

fn optimizers<T: Scalar>() -> [(&'static str, Optimizer<T>); 4] {
    let (rate, schedule) = (T::from_f64(1e-3), Schedule::Constant);
    [
        ("sgd", Optimizer::Sgd { rate, schedule }),
        ("heavy-ball", Optimizer::HeavyBall { rate, momentum: T::HALF, schedule }),
        (
            "adam",
            Optimizer::Adam {
                rate,
                beta1: T::from_f64(0.9),
                beta2: T::from_f64(0.999),
                epsilon: T::from_f64(1e-8),
                decay: T::ZERO,
                schedule,
            },
        ),
        ("lbfgs", Optimizer::Lbfgs { pairs: 10 }),
    ]
}

fn add<T: Scalar>(tasks: &mut Vec<Task>) {
    for (name, backward, run) in passes::<T>() {
        for n in BATCHES {
            let words = evaluate::fit_scratch(&DIGITS, n).max(mlp::forward_scratch(&DIGITS, n));
            let mut net = Net::<T>::new(DIGITS, n, words);
            let mut out = vec![T::ZERO; net.theta.len()];
            let work = flops(DIGITS, n, backward);
            tasks.push(Task::new::<T>(name, named(DIGITS, n), work, move || {
                black_box(run(&mut net.parts(), &mut out).unwrap());
            }));
        }
    }
    for widths in SMALL {
        let mut net = Net::<T>::new(widths, 1, sgd::step_scratch(&widths));
        let work = flops(widths, 1, true);
        tasks.push(Task::new::<T>("sgd-step", named(widths, 1), work, move || {
            let Parts { objective, samples, theta, scratch } = net.parts();
            let (x, y) = (samples.x().data(), samples.y().data());
            let rate = T::from_f64(1e-3);
            black_box(sgd::step(&objective, rate, x, y, theta, scratch).unwrap());
        }));
    }
    for (name, optimizer) in optimizers::<T>() {
        let n = BATCHES[1];
        let mut net = Net::<T>::new(DIGITS, n, train::step_scratch(&DIGITS, ROWS));
        let mut memory = vec![T::ZERO; train::memory(&optimizer, net.theta.len())];
        let mut state = State::new();
        // One call of plain SGD takes one sample.
        let taken = if let Optimizer::Sgd { .. } = optimizer { 1 } else { n };
        let operation = format!("train-step-{name}");
        let work = flops(DIGITS, taken, true);
        tasks.push(Task::new::<T>(operation, named(DIGITS, taken), work, move || {
            let Parts { objective, samples, theta, scratch } = net.parts();
            let training =
                Training { objective, optimizer, evaluations: u32::MAX, tolerance: 0.0, seed: 0 };
            let event = train::step(&training, &mut state, &samples, theta, &mut memory, scratch);
            // L-BFGS reaches the minimum and stops there; another run begins.
            if let train::Event::Stopped(..) = event.unwrap() {
                state = State::new();
                init::fill(&objective.architecture, Init::Glorot, 1, theta).unwrap();
            }
        }));
    }
}

/// Every pass, step and optimiser, in both precisions.
pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    add::<f32>(&mut tasks);
    add::<f64>(&mut tasks);
    tasks
}
