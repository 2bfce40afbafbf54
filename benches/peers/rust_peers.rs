//! Times this crate's side of `measure.py`, and the peers that are Rust: `rust_peers round N D C`,
//! `rust_peers network` or `rust_peers linalg` prints times in milliseconds as one line of JSON.

use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Ridge};
use fact_core::linalg::cholesky;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_host::engine::Passes;
use fact_host::engine::machine::{Engine, Fast, Feature, Stage};
use fact_host::engine::wide::{self, Wide};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

type Times = BTreeMap<String, f64>;

const DIGITS: &str = include_str!("../../fixtures/small/digits.csv");
const WIDTHS: [usize; 3] = [64, 32, 10];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let times = match args[..] {
        ["round", n, d, c] => round(n.parse()?, d.parse()?, c.parse()?),
        ["network"] => network(),
        ["linalg"] => linalg(),
        _ => return Err("expected: round N D C, network or linalg".into()),
    };
    println!("{}", serde_json::to_string(&times)?);
    Ok(())
}

/// Keeps the least time seen under a name.
fn least(times: &mut Times, name: &str, milliseconds: f64) {
    let best = times.entry(name.to_owned()).or_insert(f64::INFINITY);
    *best = best.min(milliseconds);
}

/// Milliseconds of one of `repeats` runs, the least of five such times.
fn time(repeats: u32, mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        (0..repeats).for_each(|_| run());
        best = best.min(start.elapsed().as_secs_f64() * 1e3 / f64::from(repeats));
    }
    best
}

/// The stages of one round of a kernel machine with a Gaussian kernel, in `f32`.
fn round(n: usize, d: usize, c: usize) -> Times {
    let mut rng = Rng::new(1);
    let x: Vec<f32> = (0..n * d).map(|_| rng.normal()).collect();
    let y: Vec<f32> = (0..n * c).map(|_| rng.normal()).collect();
    let metric: Vec<f32> = (0..d * d).map(|k| if k % (d + 1) == 0 { 1.0 } else { 0.0 }).collect();
    let kernel = Kernel::Gaussian { bandwidth: (d as f32).sqrt() };
    let x = MatRef::new(&x, n, d).expect("shape");
    let metric = MatRef::new(&metric, d, d).expect("shape");
    let samples = Samples::new(x, MatRef::new(&y, n, c).expect("shape")).expect("shapes");
    let (mut dual, mut out) = (vec![0.0; n * c], vec![0.0; d * d]);
    let mut times = Times::new();
    for _ in 0..4 {
        let start = Instant::now();
        let elapsed = |from: Instant| from.elapsed().as_secs_f64() * 1e3;
        let ends = Mutex::new([0.0; 2]);
        let watch = |stage: Stage, _: f64| {
            let mut ends = ends.lock().expect("no thread panics");
            match stage {
                Stage::Gram => ends[0] = elapsed(start),
                Stage::Factor => ends[1] = elapsed(start),
                _ => {}
            }
        };
        let engine = Fast { watch: &watch };
        engine.solve(kernel, metric, Ridge::Absolute(1e-2), &samples, &mut dual).expect("solved");
        let solved = elapsed(start);
        let dual = MatRef::new(&dual, n, c).expect("shape");
        let machine = Predictor { kernel, metric: Metric::Full(metric), x, dual };
        let [gram, factor] = *ends.lock().expect("no thread panics");
        least(&mut times, "kernel", gram);
        least(&mut times, "cholesky", factor - gram);
        least(&mut times, "solve", solved - factor);
        for (name, feature) in
            [("agop", Feature::Agop(Centering::None)), ("fact", Feature::Fact(Centering::None))]
        {
            let start = Instant::now();
            engine.features(&machine, feature, &mut out).expect("formed");
            least(&mut times, name, elapsed(start));
            least(&mut times, &format!("round_{name}"), solved + elapsed(start));
        }
    }
    times
}

/// Gradient steps of 64-32-10 with sigmoid and squared error, and the gradient of all of digits.
fn network() -> Times {
    let rows: Vec<Vec<f32>> = DIGITS
        .lines()
        .filter_map(|line| line.split(',').map(|field| field.parse().ok()).collect())
        .collect();
    let x: Vec<f32> = rows.iter().flat_map(|row| row[..64].iter().map(|x| x / 16.0)).collect();
    let y: Vec<f32> =
        rows.iter().flat_map(|row| (0..10).map(|k| f32::from(row[64] == k as f32))).collect();
    let n = rows.len();
    let architecture = Architecture {
        widths: &WIDTHS,
        hidden: Activation::Sigmoid,
        output: Activation::Sigmoid,
        bias: Bias::Free,
    };
    let objective = Objective { architecture, loss: Loss::MeanSquared, lambda: 0.0_f32 };
    let mut rng = Rng::new(1);
    let theta: Vec<f32> = (0..architecture.params()).map(|_| 0.1 * rng.normal::<f32>()).collect();
    let of = |n: usize| {
        let (x, y) = (MatRef::new(&x[..n * 64], n, 64), MatRef::new(&y[..n * 10], n, 10));
        Samples::new(x.expect("shape"), y.expect("shape")).expect("shapes")
    };
    let mut passes = Passes::new(&WIDTHS, n);
    let mut times = Times::new();
    for batch in [1, 32] {
        let (rate, schedule) = (0.01, Schedule::Constant);
        // A step of the first takes one sample, of the second all it is given.
        let optimizer = match batch {
            1 => Optimizer::Sgd { rate, schedule },
            _ => Optimizer::HeavyBall { rate, momentum: 0.0, schedule },
        };
        let training =
            Training { objective, optimizer, evaluations: u32::MAX, tolerance: 0.0, seed: 1 };
        let (samples, mut theta, mut state) = (of(batch.max(32)), theta.clone(), State::new());
        let mut memory = vec![0.0; train::memory(&optimizer, theta.len())];
        let step = time(2000, || {
            let event = passes.step(&training, &mut state, &samples, &mut theta, &mut memory);
            black_box(event.expect("finite"));
        });
        least(&mut times, &format!("step_{batch}"), step);
    }
    let (samples, mut slopes) = (of(n), vec![0.0; theta.len()]);
    let gradient = time(20, || {
        let value = passes.gradient(&objective, &theta, &samples, 0.0, &mut slopes);
        black_box(value.expect("finite"));
    });
    least(&mut times, "gradient", gradient);
    times
}

/// One product and one factorisation by the core and by faer, on one thread.
fn linalg() -> Times {
    let mut times = Times::new();
    let mut rng = Rng::new(1);
    for n in [256, 512, 1024] {
        let a: Vec<f32> = (0..n * n).map(|_| rng.normal()).collect();
        let b: Vec<f32> = (0..n * n).map(|_| rng.normal()).collect();
        let mut c = vec![0.0_f32; n * n];
        let (left, right) =
            (MatRef::new(&a, n, n).expect("shape"), MatRef::new(&b, n, n).expect("shape"));
        let ours = time(1, || {
            let c = MatMut::new(black_box(&mut c), n, n).expect("shape");
            wide::gemm(1.0, left, right, 0.0, c).expect("shapes");
        });
        least(&mut times, &format!("gemm_{n}"), ours);
        // `gemm` itself is called only by unsafe code; faer calls it, or, on x86-64, its successor.
        let peer = time(1, || {
            let c = faer::MatMut::from_row_major_slice_mut(black_box(&mut c), n, n);
            let a = faer::MatRef::from_row_major_slice(&a, n, n);
            let b = faer::MatRef::from_row_major_slice(&b, n, n);
            let replace = faer::Accum::Replace;
            faer::linalg::matmul::matmul(c, replace, a, b, 1.0, faer::Par::Seq);
        });
        least(&mut times, &format!("peer_gemm_{n}"), peer);
    }
    let n = 1000_usize;
    let spd: Vec<f32> = (0..n * n)
        .map(
            |k| if k % (n + 1) == 0 { n as f32 } else { (-((k / n).abs_diff(k % n) as f32)).exp() },
        )
        .collect();
    let mut a = spd.clone();
    let ours = time(1, || {
        a.copy_from_slice(&spd);
        cholesky::factor_by(&Wide, MatMut::new(&mut a, n, n).expect("shape"))
            .expect("positive definite");
    });
    least(&mut times, "cholesky", ours);
    faer::set_global_parallelism(faer::Par::Seq);
    let spd = faer::MatRef::from_row_major_slice(&spd, n, n);
    let peer = time(1, || {
        black_box(spd.llt(faer::Side::Lower).expect("positive definite"));
    });
    least(&mut times, "peer_cholesky", peer);
    times
}
