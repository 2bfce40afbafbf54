//! Counts the instructions and the stack of one call of what a firmware calls.
//!
//! Each line reads `# count operation shape instructions stack`. Peers' figures for the same tasks
//! stand in the `proof` tool.
#![no_std]
#![no_main]

use core::hint::black_box;
use fact_board::{Counter, print, print_number, stack_of};
use fact_core::approx::Approx;
use fact_core::features::certificate;
use fact_core::linalg::{blas, cholesky};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths, mlp, sgd};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};
use fact_workload::text::exit_code;

/// Words for the largest operation, a product of 64×64 matrices.
const WORDS: usize = 3 * 64 * 64;
const ROWS: usize = 32;
const RATE: f32 = 1e-3;

fact_board::entry! {
    fn main(memory: [f32; WORDS] = [0.0; WORDS]) -> u8 {
        let counter = Counter::start();
        let done = all(&counter, memory).map(|()| true);
        exit_code(done, &mut print)
    }
}

/// Stochastic gradient descent, the peers' task. Shapes and lengths are constants, as in a firmware
/// whose buffers are statics.
macro_rules! descend {
    ($counter:ident, $memory:ident, $shape:literal, $widths:expr) => {{
        const WIDTHS: Widths<3> = Widths($widths);
        const PARAMS: usize = WIDTHS.params(Bias::Free);
        const SCRATCH: usize = sgd::step_scratch(&WIDTHS.0);
        const ARCHITECTURE: Architecture<'_, f32> = Architecture {
            widths: &WIDTHS.0,
            hidden: Activation::Sigmoid,
            output: Activation::Sigmoid,
            bias: Bias::Free,
        };
        #[inline(never)]
        fn step(
            x: &[f32; WIDTHS.0[0]],
            y: &[f32; WIDTHS.0[2]],
            theta: &mut [f32; PARAMS],
            scratch: &mut [f32; SCRATCH],
        ) -> f32 {
            let (architecture, loss) = (ARCHITECTURE, Loss::HalfSquared);
            let objective = Objective { architecture, loss, lambda: 0.0 };
            sgd::step(&objective, RATE, x, y, theta, Scratch::new(scratch)).unwrap_or(f32::NAN)
        }
        let (x, y) = (&mut [0.0; WIDTHS.0[0]], &mut [0.0; WIDTHS.0[2]]);
        draw(&mut Rng::new(2), x);
        draw(&mut Rng::new(3), y);
        let mut memory = Scratch::new(&mut *$memory);
        let theta = memory.take(PARAMS)?.first_chunk_mut();
        let scratch = memory.take(SCRATCH)?.first_chunk_mut();
        if let (Some(theta), Some(scratch)) = (theta, scratch) {
            init::fill(&ARCHITECTURE, Init::Glorot, 1, theta)?;
            let mut loss = 0.0;
            note($counter, ("sgd-step", $shape), (128, 0), || {
                loss = black_box(step(x, y, theta, scratch));
            });
            finite(loss)?;
        }
    }};
}

fn all(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    descend!(counter, memory, "2-3-1", [2, 3, 1]);
    descend!(counter, memory, "4-16-3", [4, 16, 3]);
    descend!(counter, memory, "64-32-10", [64, 32, 10]);
    infer(counter, memory)?;
    adam(counter, memory)?;
    batch(counter, memory)?;
    lbfgs(counter, memory)?;
    product::<16>(counter, "16", memory)?;
    product::<32>(counter, "32", memory)?;
    product::<64>(counter, "64", memory)?;
    system::<16>(counter, "16", memory)?;
    system::<32>(counter, "32", memory)?;
    system::<64>(counter, "64", memory)?;
    vector(counter, memory)?;
    functions(counter);
    Ok(())
}

/// Counts `call` and prints the line. `spare` instructions of it are not the operation's.
#[inline(always)]
fn note(
    counter: &Counter,
    (operation, shape): (&str, &str),
    (calls, spare): (u32, u64),
    mut call: impl FnMut(),
) {
    let instructions = counter.count(calls, &mut call);
    let stack = stack_of(&mut call);
    print("# count ");
    print(operation);
    print(" ");
    print(shape);
    print(" ");
    print_number(instructions - spare);
    print(" ");
    print_number(stack as u64);
    print("\n");
}

/// The first failure among the calls that are counted.
fn keep<T>(failed: &mut Result<()>, found: Result<T>) {
    if let (Ok(()), Err(error)) = (&failed, found) {
        *failed = Err(error);
    }
}

/// `Ok` when what was counted came to a result.
fn finite(result: f32) -> Result<()> {
    if result.is_finite() { Ok(()) } else { Err(Error::NonFinite { what: "result" }) }
}

fn architecture(
    widths: &[usize],
    hidden: Activation<f32>,
    output: Activation<f32>,
) -> Architecture<'_, f32> {
    Architecture { widths, hidden, output, bias: Bias::Free }
}

fn draw(rng: &mut Rng, out: &mut [f32]) {
    out.fill_with(|| (2.0 * rng.uniform() - 1.0) as f32);
}

#[inline(never)]
fn infer(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    const WIDTHS: Widths<3> = Widths([64, 32, 10]);
    const PARAMS: usize = WIDTHS.params(Bias::Free);
    const SCRATCH: usize = WIDTHS.trace_len(1);
    const ARCHITECTURE: Architecture<'_, f32> = Architecture {
        widths: &WIDTHS.0,
        hidden: Activation::Relu,
        output: Activation::Identity,
        bias: Bias::Free,
    };
    #[inline(never)]
    fn first(theta: &[f32; PARAMS], x: &[f32; 64], scratch: &mut [f32; SCRATCH]) -> f32 {
        let Ok(x) = MatRef::new(x, 1, 64) else { return f32::NAN };
        let f = mlp::forward(&ARCHITECTURE, theta, x, Scratch::new(scratch));
        f.ok().and_then(|f| f.data().first().copied()).unwrap_or(f32::NAN)
    }
    let x = &mut [0.0; 64];
    draw(&mut Rng::new(2), x);
    let mut memory = Scratch::new(memory);
    let (theta, scratch) = (memory.take(PARAMS)?, memory.take(SCRATCH)?.first_chunk_mut());
    init::fill(&ARCHITECTURE, Init::Glorot, 1, theta)?;
    let mut output = f32::NAN;
    if let (Some(theta), Some(scratch)) = (theta.first_chunk(), scratch) {
        note(counter, ("inference", "64-32-10"), (128, 0), || {
            output = black_box(first(black_box(theta), x, scratch));
        });
    }
    finite(output)
}

/// One evaluation of `rows` samples and one update, in the layout of `memory`.
#[inline(always)]
fn step(
    counter: &Counter,
    (operation, shape): (&str, &str),
    objective: &Objective<'_, f32>,
    optimizer: Optimizer<f32>,
    rows: usize,
    memory: &mut [f32],
) -> Result<()> {
    let architecture = &objective.architecture;
    let (inputs, outputs) = (architecture.inputs(), architecture.outputs());
    let mut memory = Scratch::new(memory);
    let theta = memory.take(architecture.params())?;
    let (x, y) = (memory.take(rows * inputs)?, memory.take(rows * outputs)?);
    let scratch = memory.take(train::step_scratch(architecture.widths, 1))?;
    let optimizer_memory = memory.take(train::memory(&optimizer, theta.len()))?;
    init::fill(architecture, Init::Glorot, 1, theta)?;
    draw(&mut Rng::new(2), x);
    draw(&mut Rng::new(3), y);
    let samples = Samples::new(MatRef::new(x, rows, inputs)?, MatRef::new(y, rows, outputs)?)?;
    let training = Training {
        objective: *objective,
        optimizer,
        evaluations: u32::MAX,
        tolerance: 0.0,
        seed: 0,
    };
    let (mut state, mut failed) = (State::new(), Ok(()));
    let calls = if rows > 1 { 512 } else { 64 };
    note(counter, (operation, shape), (calls, 0), || {
        let (samples, lent) = (black_box(&samples), Scratch::new(scratch));
        keep(
            &mut failed,
            train::step(&training, &mut state, samples, theta, optimizer_memory, lent),
        );
    });
    failed
}

#[inline(never)]
fn adam(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    let architecture = architecture(&[64, 32, 10], Activation::Sigmoid, Activation::Sigmoid);
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.0 };
    let adam = Optimizer::Adam {
        rate: RATE,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        decay: 0.0,
        schedule: Schedule::Constant,
    };
    step(counter, ("adam-step", "64-32-10"), &objective, adam, 1, memory)
}

/// A batch of 32, sample by sample: every 32nd call also updates.
#[inline(never)]
fn batch(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    let architecture = architecture(&[64, 32, 10], Activation::Relu, Activation::Identity);
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.0 };
    let plain = Optimizer::HeavyBall { rate: RATE, momentum: 0.0, schedule: Schedule::Constant };
    step(counter, ("batch-32-sample", "64-32-10"), &objective, plain, ROWS, memory)
}

/// An evaluation of one sample, an update and a certificate.
#[inline(never)]
fn lbfgs(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    let architecture = architecture(&[4, 16, 3], Activation::Tanh, Activation::Identity);
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 1e-2 };
    step(counter, ("lbfgs-step", "4-16-3"), &objective, Optimizer::Lbfgs { pairs: 5 }, 1, memory)?;
    let mut memory = Scratch::new(memory);
    let (weight, gradient) = (memory.take(64)?, memory.take(64)?);
    let scratch = memory.take(certificate::bound_scratch(16, 4))?;
    draw(&mut Rng::new(4), weight);
    draw(&mut Rng::new(5), gradient);
    let (weight, gradient) = (MatRef::new(weight, 16, 4)?, MatRef::new(gradient, 16, 4)?);
    let mut failed = Ok(());
    note(counter, ("certificate", "16x4"), (64, 0), || {
        let lent = Scratch::new(scratch);
        keep(&mut failed, certificate::bound(1e-2, black_box(weight), gradient, lent));
    });
    failed
}

/// The product twice: in a function that knows the shapes, as a firmware whose buffers are statics
/// has them, and in one that learns them from its arguments.
#[inline(never)]
fn product<const N: usize>(counter: &Counter, shape: &str, memory: &mut [f32]) -> Result<()> {
    #[inline(never)]
    fn known<const N: usize>(a: &[f32], b: &[f32], c: &mut [f32]) -> Result<()> {
        let (a, b) = (MatRef::new(a, N, N)?, MatRef::new(b, N, N)?);
        blas::gemm(1.0, a, b, 0.0, MatMut::new(c, N, N)?)
    }
    let mut memory = Scratch::new(memory);
    let (a, b, c) = (memory.take(N * N)?, memory.take(N * N)?, memory.take(N * N)?);
    draw(&mut Rng::new(2), a);
    draw(&mut Rng::new(3), b);
    let calls = if N < 64 { 80 } else { 10 };
    let mut failed = Ok(());
    note(counter, ("gemm", shape), (calls, 0), || keep(&mut failed, known::<N>(a, b, c)));
    let (a, b) = (MatRef::new(a, N, N)?, MatRef::new(b, N, N)?);
    let mut c = MatMut::new(c, N, N)?;
    note(counter, ("gemm-any", shape), (calls, 0), || {
        keep(&mut failed, any(black_box(a), black_box(b), c.reborrow()));
    });
    failed
}

#[inline(never)]
fn any(a: MatRef<'_, f32>, b: MatRef<'_, f32>, c: MatMut<'_, f32>) -> Result<()> {
    blas::gemm(1.0, a, b, 0.0, c)
}

/// Factors and solves; the copy that each call needs is counted apart and taken off.
#[inline(never)]
fn system<const N: usize>(counter: &Counter, shape: &str, memory: &mut [f32]) -> Result<()> {
    let mut memory = Scratch::new(memory);
    let (source, a, b) = (memory.take(N * N)?, memory.take(N * N)?, memory.take(N)?);
    draw(&mut Rng::new(2), a);
    blas::syrk(1.0, MatRef::new(a, N, N)?, 0.0, MatMut::new(source, N, N)?)?;
    source.iter_mut().step_by(N + 1).for_each(|diagonal| *diagonal += 1.0);
    let calls = if N < 64 { 80 } else { 20 };
    let spare = counter.count(calls, || copy(black_box(source), a, b));
    let mut failed = Ok(());
    note(counter, ("cholesky-solve", shape), (calls, spare), || {
        copy(black_box(source), a, b);
        let mut factor_and_solve = || {
            cholesky::factor(MatMut::new(a, N, N)?)?;
            cholesky::solve(MatRef::new(a, N, N)?, MatMut::new(b, N, 1)?)
        };
        keep(&mut failed, factor_and_solve());
    });
    failed
}

#[inline(never)]
fn copy(source: &[f32], a: &mut [f32], b: &mut [f32]) {
    a.iter_mut().zip(source).for_each(|(a, &source)| *a = source);
    b.fill(1.0);
}

#[inline(never)]
fn vector(counter: &Counter, memory: &mut [f32]) -> Result<()> {
    let mut memory = Scratch::new(memory);
    let (a, x, y) = (memory.take(32 * 64)?, memory.take(64)?, memory.take(32)?);
    draw(&mut Rng::new(2), a);
    draw(&mut Rng::new(3), x);
    let a = MatRef::new(a, 32, 64)?;
    let mut failed = Ok(());
    note(counter, ("gemv", "32x64"), (128, 0), || {
        keep(&mut failed, blas::gemv(1.0, black_box(a), x, 0.0, y));
    });
    failed
}

/// Elementary functions of one number, on average over `[0, 1)`.
#[inline(never)]
fn functions(counter: &Counter) {
    fn one<T: Scalar>(counter: &Counter, operation: &str, f: fn(T) -> T) {
        let mut at = 0.0;
        let mut next = || {
            at = (at + 0.618) % 1.0;
            T::from_f64(f64::from(at as f32))
        };
        let mut numbers = [T::ZERO; 64];
        numbers.fill_with(&mut next);
        let mut rest = numbers.iter().cycle();
        note(counter, (operation, "1"), (1280, 0), || {
            if let Some(&x) = rest.next() {
                black_box(f(black_box(x)));
            }
        });
    }
    one(counter, "f32-nothing", |x: f32| x);
    one(counter, "f32-exp", |x: f32| Scalar::exp(x));
    one(counter, "f32-tanh", |x: f32| Scalar::tanh(x));
    one(counter, "f32-sqrt", |x: f32| Scalar::sqrt(x));
    one(counter, "approx-exp", |x: Approx| x.exp());
    one(counter, "approx-tanh", |x: Approx| x.tanh());
    one(counter, "approx-sqrt", |x: Approx| x.sqrt());
}
