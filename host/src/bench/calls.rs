//! What is timed: each function makes the data and returns the call. An entry point that gets another
//! implementation changes one line here.

use super::timing::Call;
use crate::data::{self, Dataset};
use crate::engine::machine::{Engine, Exact, Fast, Feature, Real};
use crate::engine::wide::{self, Threads};
use crate::engine::{self, Passes, Problem};
use crate::error::{Error, Result};
use crate::plan::{Activation, Optimizer as Named};
use crate::plan::{Bias, Loss, Precision, Recipe, Setting, Source, Training};
use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Ridge, Update};
use fact_core::linalg::cholesky;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::init::{self, Init};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, State};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Par, dyn_stack};

/// Whose code is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// This project's, with the bits of a device.
    Exact,
    /// faer's.
    Faer,
}

fn number<T: Scalar>(value: f64) -> T {
    T::from_f64(value)
}

fn normal<T: Scalar>(len: usize, seed: u64) -> Vec<T> {
    let mut rng = Rng::new(seed);
    std::iter::repeat_with(|| rng.normal()).take(len).collect()
}

/// `C ← AB`, all `n×n`.
pub(super) fn gemm<T: Real>(code: Code, n: usize) -> Call {
    let (a, b, mut c) = (normal::<T>(n * n, 1), normal::<T>(n * n, 2), vec![T::ZERO; n * n]);
    Box::new(move || {
        match code {
            Code::Exact => {
                let (a, b) = (MatRef::new(&a, n, n)?, MatRef::new(&b, n, n)?);
                wide::gemm(number(1.0), a, b, number(0.0), MatMut::new(&mut c, n, n)?)?;
            }
            Code::Faer => {
                let view = |data| faer::MatRef::from_row_major_slice(data, n, n);
                let c = faer::MatMut::from_row_major_slice_mut(&mut c, n, n);
                matmul(c, Accum::Replace, view(&a), view(&b), number(1.0), Par::rayon(0));
            }
        }
        Ok(())
    })
}

/// Factors a positive definite matrix, `n×n`; each call copies it first.
pub(super) fn cholesky<T: Real>(code: Code, n: usize) -> Call {
    let a = normal::<T>(n * n, 1);
    let (mut spd, mut l) = (vec![T::ZERO; n * n], vec![T::ZERO; n * n]);
    let view = faer::MatRef::from_row_major_slice(&a, n, n);
    let out = faer::MatMut::from_row_major_slice_mut(&mut spd, n, n);
    matmul(out, Accum::Replace, view, view.transpose(), number(1.0), Par::Seq);
    spd.iter_mut().step_by(n + 1).for_each(|diagonal| *diagonal += T::from_usize(n));
    Box::new(move || {
        l.copy_from_slice(&spd);
        match code {
            Code::Exact => cholesky::factor_by(&Threads, MatMut::new(&mut l, n, n)?)?,
            Code::Faer => {
                let (par, params) = (Par::rayon(0), Default::default());
                let words = cholesky_in_place_scratch::<T>(n, par, params);
                let mut memory = dyn_stack::MemBuffer::new(words);
                let stack = dyn_stack::MemStack::new(&mut memory);
                let l = faer::MatMut::from_column_major_slice_mut(&mut l, n, n);
                let factored = cholesky_in_place(l, Default::default(), par, stack, params);
                factored.map_err(|_| Error::Usage("faer did not factor the matrix".to_owned()))?;
            }
        }
        Ok(())
    })
}

/// The digits of the UCI repository.
pub(super) fn digits() -> Result<Dataset> {
    data::builtin("digits").unwrap_or_else(|| Err(Error::Usage("no digits".to_owned())))
}

/// A network of these widths with `n` samples: the first of `data`, or drawn where there is none.
pub(super) fn problem<T: Scalar>(widths: &[usize], n: usize, data: Option<&Dataset>) -> Problem<T> {
    let setting = Setting {
        activation: Activation::Srelu(0.1),
        loss: Loss::HalfMse,
        lambda: 1e-3,
        bias: Bias::None,
        precision: Precision::F64,
    };
    let (inputs, outputs) = (widths.first().map_or(0, |w| *w), widths.last().map_or(0, |w| *w));
    match data {
        Some(data) => {
            let (x, y) = (&data.x[..n * inputs], &data.targets()[..n * outputs]);
            Problem::of(widths.to_vec(), &setting, (x, y), n)
        }
        None => {
            let (x, y) = (normal::<f64>(n * inputs, 1), normal::<f64>(n * outputs, 2));
            Problem::of(widths.to_vec(), &setting, (&x, &y), n)
        }
    }
}

/// The gradient of the objective over all samples.
pub(super) fn gradient<T: Scalar>(problem: Problem<T>) -> Result<Call> {
    let architecture = problem.architecture();
    let mut theta = vec![T::ZERO; architecture.params()];
    init::fill(&architecture, Init::Normal { gain: 1.0 }, 0, &mut theta)?;
    let mut passes = Passes::new(problem.widths(), problem.samples()?.len());
    let mut gradient = vec![T::ZERO; theta.len()];
    Ok(Box::new(move || {
        let (objective, samples) = (problem.objective(), problem.samples()?);
        passes.gradient(&objective, &theta, &samples, T::ZERO, &mut gradient)?;
        Ok(())
    }))
}

/// A step of gradient descent on the mean of all samples.
pub(super) fn step<T: Scalar>(problem: Problem<T>) -> Result<Call> {
    let architecture = problem.architecture();
    let mut theta = vec![T::ZERO; architecture.params()];
    init::fill(&architecture, Init::Normal { gain: 1.0 }, 0, &mut theta)?;
    let samples = problem.samples()?.len();
    let (rate, schedule) = (number(1e-3), Schedule::Constant);
    let optimizer = match samples {
        1 => Optimizer::Sgd { rate, schedule },
        _ => Optimizer::HeavyBall { rate, momentum: T::ZERO, schedule },
    };
    let mut memory = vec![T::ZERO; train::memory(&optimizer, theta.len())];
    let mut passes = Passes::new(problem.widths(), samples);
    let mut state = State::new();
    Ok(Box::new(move || {
        let training = train::Training {
            objective: problem.objective(),
            optimizer,
            evaluations: u32::MAX,
            tolerance: 0.0,
            seed: 0,
        };
        passes.step(&training, &mut state, &problem.samples()?, &mut theta, &mut memory)?;
        Ok(())
    }))
}

/// Trains the digits from the start to the certificate, as `fact verify digits` does.
pub(super) fn training() -> Result<Call> {
    let data = digits()?;
    let recipe = Recipe::of(&Source::Builtin("digits"));
    let training = Training {
        hidden: recipe.hidden.to_vec(),
        activation: recipe.activation,
        loss: Loss::HalfMse,
        lambda: recipe.lambda,
        bias: Bias::None,
        seed: 0,
        precision: Precision::F64,
        optimizer: Named::Lbfgs(recipe.pairs),
        rate: 1.0,
        evaluations: recipe.evaluations,
        tolerance: 1e-6,
    };
    Ok(Box::new(move || {
        let problem = Problem::<f64>::new(&data, &training);
        engine::train(&problem, &training, |_| (), None).map(drop)
    }))
}

/// A part of a kernel machine's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The Gram matrix, its factor, the dual.
    Solve,
    /// AGOP.
    Agop,
    /// FACT.
    Fact,
    /// Solving, FACT, and the metric that follows.
    Round,
}

/// A part of a round of a Gaussian kernel machine with `n` samples, `d` inputs and `c` outputs.
pub(super) fn kernel<T: Real>(
    exact: bool,
    part: Part,
    (n, d, c): (usize, usize, usize),
) -> Result<Call> {
    match exact {
        true => round::<T>(Exact { watch: &|_, _| {} }, part, (n, d, c)),
        false => round::<T>(Fast { watch: &|_, _| {} }, part, (n, d, c)),
    }
}

fn round<T: Real>(
    engine: impl Engine<T> + Send + 'static,
    part: Part,
    (n, d, c): (usize, usize, usize),
) -> Result<Call> {
    // Distances are about √2d: kernel values are neither 0 nor 1.
    let kernel = Kernel::Gaussian { bandwidth: number::<T>((d as f64).sqrt()) };
    let ridge = Ridge::Absolute(number(1e-2));
    let (x, y) = (normal::<T>(n * d, 1), normal::<T>(n * c, 2));
    let mut metric = vec![T::ZERO; d * d];
    metric.iter_mut().step_by(d + 1).for_each(|diagonal| *diagonal = number(1.0));
    let (mut dual, mut features, mut next) = (y.clone(), metric.clone(), metric.clone());
    Ok(Box::new(move || {
        let (x, m) = (MatRef::new(&x, n, d)?, MatRef::new(&metric, d, d)?);
        if let Part::Solve | Part::Round = part {
            let samples = Samples::new(x, MatRef::new(&y, n, c)?)?;
            engine.solve(kernel, m, ridge, &samples, &mut dual)?;
        }
        let dual = MatRef::new(&dual, n, c)?;
        let machine = Predictor { kernel, metric: Metric::Full(m), x, dual };
        match part {
            Part::Solve => Ok(()),
            Part::Agop => engine.features(&machine, Feature::Agop(Centering::None), &mut features),
            Part::Fact => engine.features(&machine, Feature::Fact(Centering::None), &mut features),
            Part::Round => {
                engine.features(&machine, Feature::Fact(Centering::None), &mut features)?;
                let features = MatRef::new(&features, d, d)?;
                engine.next_metric(Update::Fact, features, m, MatMut::new(&mut next, d, d)?)
            }
        }
    }))
}
