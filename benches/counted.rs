//! What firmware calls, on the shapes that `firmware/images/src/counts.rs` counts on boards: the same
//! operations, networks, data and names, so that the two records can be laid side by side.
//!
//! Everything is `f32`. Shapes are constants where a firmware's are.

use crate::Task;
use fact_core::features::certificate;
use fact_core::kernel::{Centering, Kernel, Rescale, Rfm, Ridge, Shape, Update, rfm};
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
use std::hint::black_box;

const RATE: f32 = 1e-3;
/// Samples of a batch.
const ROWS: usize = 32;
/// Calls before those that are counted, so that an optimiser's memory is full.
const EARLIER: usize = 64;

fn task(operation: &str, shape: &str, call: impl FnMut() + 'static) -> Task {
    Task::new::<f32>(operation, shape, None, call)
}

fn drawn(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    std::iter::repeat_with(|| (2.0 * rng.uniform() - 1.0) as f32).take(len).collect()
}

/// Stochastic gradient descent, one sample a step: the task of peers. The three shapes are types, so
/// that each step is compiled for its own.
macro_rules! descend {
    ($($name:ident: $shape:literal, [$inputs:literal, $hidden:literal, $outputs:literal];)*) => {$(
        #[doc = concat!("A step of stochastic gradient descent at ", $shape, ".")]
        pub fn $name() -> Task {
            const WIDTHS: Widths<3> = Widths([$inputs, $hidden, $outputs]);
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
                x: &[f32; $inputs],
                y: &[f32; $outputs],
                theta: &mut [f32; PARAMS],
                scratch: &mut [f32; SCRATCH],
            ) -> f32 {
                let (architecture, loss) = (ARCHITECTURE, Loss::HalfSquared);
                let objective = Objective { architecture, loss, lambda: 0.0 };
                sgd::step(&objective, RATE, x, y, theta, Scratch::new(scratch)).unwrap()
            }
            let x: Box<[f32; $inputs]> = drawn($inputs, 2).try_into().unwrap();
            let y: Box<[f32; $outputs]> = drawn($outputs, 3).try_into().unwrap();
            let (mut theta, mut scratch) = (Box::new([0.0; PARAMS]), Box::new([0.0; SCRATCH]));
            init::fill(&ARCHITECTURE, Init::Glorot, 1, &mut *theta).unwrap();
            task("sgd-step", $shape, move || {
                black_box(step(&x, &y, &mut theta, &mut scratch));
            })
        }
    )*};
}

descend! {
    sgd_2_3_1: "2-3-1", [2, 3, 1];
    sgd_4_16_3: "4-16-3", [4, 16, 3];
    sgd_64_32_10: "64-32-10", [64, 32, 10];
}

/// One forward pass of one sample.
pub fn inference() -> Task {
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
        let x = MatRef::new(x, 1, 64).unwrap();
        mlp::forward(&ARCHITECTURE, theta, x, Scratch::new(scratch)).unwrap().data()[0]
    }
    let x: Box<[f32; 64]> = drawn(64, 2).try_into().unwrap();
    let (mut theta, mut scratch) = (Box::new([0.0; PARAMS]), Box::new([0.0; SCRATCH]));
    init::fill(&ARCHITECTURE, Init::Glorot, 1, &mut *theta).unwrap();
    task("inference", "64-32-10", move || {
        black_box(first(black_box(&theta), &x, &mut scratch));
    })
}

/// One call of [`train::step`], which takes one sample through the network, in the layout of `memory`.
fn step(
    (operation, shape): (&str, &str),
    widths: [usize; 3],
    (hidden, output): (Activation<f32>, Activation<f32>),
    (lambda, optimizer): (f32, Optimizer<f32>),
    rows: usize,
) -> Task {
    let start = Architecture { widths: &widths, hidden, output, bias: Bias::Free };
    let params = start.params();
    let mut theta = vec![0.0; params];
    init::fill(&start, Init::Glorot, 1, &mut theta).unwrap();
    let (x, y) = (drawn(rows * widths[0], 2), drawn(rows * widths[2], 3));
    let mut memory = vec![0.0; train::memory(&optimizer, params)];
    let mut scratch = vec![0.0; train::step_scratch(&widths, 1)];
    let mut state = State::new();
    let mut call = move || {
        let architecture = Architecture { widths: &widths, hidden, output, bias: Bias::Free };
        let objective = Objective { architecture, loss: Loss::HalfSquared, lambda };
        let training =
            Training { objective, optimizer, evaluations: u32::MAX, tolerance: 0.0, seed: 0 };
        let x = MatRef::new(&x, rows, widths[0]).unwrap();
        let samples = Samples::new(x, MatRef::new(&y, rows, widths[2]).unwrap()).unwrap();
        let scratch = Scratch::new(&mut scratch);
        let samples = black_box(&samples);
        let event = train::step(&training, &mut state, samples, &mut theta, &mut memory, scratch);
        black_box(event.unwrap());
    };
    (0..EARLIER).for_each(|_| call());
    task(operation, shape, call)
}

/// A step of Adam on one sample.
pub fn adam() -> Task {
    let adam = Optimizer::Adam {
        rate: RATE,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        decay: 0.0,
        schedule: Schedule::Constant,
    };
    let sigmoids = (Activation::Sigmoid, Activation::Sigmoid);
    step(("adam-step", "64-32-10"), [64, 32, 10], sigmoids, (0.0, adam), 1)
}

/// A batch of 32, sample by sample: every 32nd call also updates.
pub fn batch() -> Task {
    let plain = Optimizer::HeavyBall { rate: RATE, momentum: 0.0, schedule: Schedule::Constant };
    let relu = (Activation::Relu, Activation::Identity);
    step(("batch-32-sample", "64-32-10"), [64, 32, 10], relu, (0.0, plain), ROWS)
}

/// An evaluation of one sample, an update and a certificate.
pub fn lbfgs() -> Task {
    let tanh = (Activation::Tanh, Activation::Identity);
    step(("lbfgs-step", "4-16-3"), [4, 16, 3], tanh, (1e-2, Optimizer::Lbfgs { pairs: 5 }), 1)
}

/// The certificate of a layer.
pub fn certificate() -> Task {
    let (weight, gradient) = (drawn(64, 4), drawn(64, 5));
    let mut scratch = vec![0.0; certificate::bound_scratch(16, 4)];
    task("certificate", "16x4", move || {
        let weight = MatRef::new(black_box(&weight), 16, 4).unwrap();
        let gradient = MatRef::new(&gradient, 16, 4).unwrap();
        let bound = certificate::bound(1e-2, weight, gradient, Scratch::new(&mut scratch));
        black_box(bound.unwrap().unwrap());
    })
}

/// A product in a function that knows the shapes, as a firmware whose buffers are statics has them.
pub fn gemm<const N: usize>() -> Task {
    #[inline(never)]
    fn known<const N: usize>(a: &[f32], b: &[f32], c: &mut [f32]) {
        let (a, b) = (MatRef::new(a, N, N).unwrap(), MatRef::new(b, N, N).unwrap());
        blas::gemm(1.0, a, b, 0.0, MatMut::new(c, N, N).unwrap()).unwrap();
    }
    let (a, b, mut c) = (drawn(N * N, 2), drawn(N * N, 3), vec![0.0; N * N]);
    task("gemm", &N.to_string(), move || known::<N>(&a, &b, black_box(&mut c)))
}

/// The same product in a function that learns the shapes from its arguments.
pub fn gemm_any<const N: usize>() -> Task {
    #[inline(never)]
    fn any(a: MatRef<'_, f32>, b: MatRef<'_, f32>, c: MatMut<'_, f32>) {
        blas::gemm(1.0, a, b, 0.0, c).unwrap();
    }
    let (a, b, mut c) = (drawn(N * N, 2), drawn(N * N, 3), vec![0.0; N * N]);
    task("gemm-any", &N.to_string(), move || {
        let (a, b) = (MatRef::new(&a, N, N).unwrap(), MatRef::new(&b, N, N).unwrap());
        any(black_box(a), black_box(b), MatMut::new(&mut c, N, N).unwrap());
    })
}

/// Factors a matrix and solves with it. It can be called once: the factor overwrites the matrix.
pub fn cholesky_solve<const N: usize>() -> Task {
    let a = drawn(N * N, 2);
    let (mut spd, mut b) = (vec![0.0; N * N], vec![1.0; N]);
    let out = MatMut::new(&mut spd, N, N).unwrap();
    blas::syrk(1.0, MatRef::new(&a, N, N).unwrap(), 0.0, out).unwrap();
    spd.iter_mut().step_by(N + 1).for_each(|diagonal| *diagonal += 1.0);
    task("cholesky-solve", &N.to_string(), move || {
        cholesky::factor(MatMut::new(&mut spd, N, N).unwrap()).unwrap();
        let l = MatRef::new(&spd, N, N).unwrap();
        cholesky::solve(l, MatMut::new(&mut b, N, 1).unwrap()).unwrap();
        black_box(&mut b);
    })
}

/// A matrix times a vector.
pub fn gemv() -> Task {
    let (a, x, mut y) = (drawn(32 * 64, 2), drawn(64, 3), vec![0.0; 32]);
    task("gemv", "32x64", move || {
        let a = black_box(MatRef::new(&a, 32, 64).unwrap());
        blas::gemv(1.0, a, &x, 0.0, black_box(&mut y)).unwrap();
    })
}

/// An elementary function of one number in `[0, 1)`, each call of the next.
fn function(operation: &str, f: fn(f32) -> f32) -> Task {
    let mut at = 0.0_f32;
    task(operation, "1", move || {
        at += if at < 0.382 { 0.618 } else { -0.382 };
        black_box(f(black_box(at)));
    })
}

/// Nothing: what the others spend on choosing their number.
pub fn nothing() -> Task {
    function("f32-nothing", |x| x)
}

/// The exponential.
pub fn exp() -> Task {
    function("f32-exp", Scalar::exp)
}

/// The hyperbolic tangent.
pub fn tanh() -> Task {
    function("f32-tanh", Scalar::tanh)
}

/// Two fits of a kernel machine with 64 samples and 8 inputs, and the update of its metric between.
pub fn kernel_round(operation: &str, update: Update<f32>) -> Task {
    const N: usize = 64;
    const D: usize = 8;
    let machine = Rfm {
        kernel: Kernel::Gaussian { bandwidth: 2.5 },
        ridge: Ridge::Absolute(1e-3),
        update,
        rescale: Rescale::Trace,
        centering: Centering::None,
        shape: Shape::Full,
    };
    let (x, y) = (drawn(N * D, 2), drawn(N, 3));
    let (mut metric, mut dual) = (vec![0.0; D * D], vec![0.0; N]);
    let mut memory = vec![0.0; rfm::fit_scratch(N, D, 1)];
    metric.iter_mut().step_by(D + 1).for_each(|diagonal| *diagonal = 1.0);
    task(operation, "64-8-1", move || {
        let x = MatRef::new(&x, N, D).unwrap();
        let samples = Samples::new(x, MatRef::new(&y, N, 1).unwrap()).unwrap();
        let metric = MatMut::new(&mut metric, D, D).unwrap();
        let dual = MatMut::new(&mut dual, N, 1).unwrap();
        let scratch = Scratch::new(&mut memory);
        rfm::fit(&machine, &samples, 1, metric, dual, |_| (), scratch).unwrap();
    })
}
