//! Which calls are timed, on which shapes, with how many threads.

use super::calls::{self, Code, Part};
use super::machine::platform;
use super::timing::{Call, Effort, time};
use super::{Kind, Row};
use crate::engine::machine::Real;
use crate::error::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A call, and how its time is reported.
struct Workload {
    operation: &'static str,
    shape: String,
    precision: &'static str,
    /// Whether more threads make a difference.
    threaded: bool,
    unit: Unit,
    prepare: Box<dyn Fn() -> Result<Call>>,
}

/// What a time is reported as.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// A rate, of so many floating-point operations a call.
    Flops(f64),
    Microseconds,
    Milliseconds,
}

impl Unit {
    fn of(self, seconds: f64) -> (f64, &'static str) {
        match self {
            Self::Flops(flops) => (flops / seconds * 1e-9, "GFLOP/s"),
            Self::Microseconds => (seconds * 1e6, "us"),
            Self::Milliseconds => (seconds * 1e3, "ms"),
        }
    }
}

fn precision<T>() -> &'static str {
    if size_of::<T>() == 4 { "f32" } else { "f64" }
}

/// How large shapes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// So small that also a build without optimisation is done in a second.
    Tiny,
    /// Seconds.
    Quick,
    /// Minutes.
    Full,
}

impl Scale {
    /// A build without optimisation takes the tiny one.
    pub(super) fn of(quick: bool) -> Self {
        match quick {
            _ if cfg!(debug_assertions) => Self::Tiny,
            true => Self::Quick,
            false => Self::Full,
        }
    }

    fn effort(self) -> Effort {
        match self {
            Self::Tiny => Effort::LEAST,
            Self::Quick => Effort::QUICK,
            Self::Full => Effort::FULL,
        }
    }
}

/// Products and factorisations, ours and a peer's to be timed in turn.
fn algebra<T: Real>(scale: Scale) -> Vec<Vec<Workload>> {
    let mut groups = Vec::new();
    let (products, factor): (&[usize], usize) = match scale {
        Scale::Tiny => (&[16], 16),
        Scale::Quick => (&[256], 256),
        Scale::Full => (&[256, 512, 1024], 1000),
    };
    for &n in products {
        let cube = (n as f64).powi(3);
        groups.push(both::<T>(["gemm", "gemm-faer"], n, Unit::Flops(2.0 * cube), calls::gemm::<T>));
    }
    let flops = Unit::Flops((factor as f64).powi(3) / 3.0);
    groups.push(both::<T>(["cholesky", "cholesky-faer"], factor, flops, calls::cholesky::<T>));
    groups
}

fn both<T: Real>(
    names: [&'static str; 2],
    n: usize,
    unit: Unit,
    call: fn(Code, usize) -> Call,
) -> Vec<Workload> {
    let codes = names.into_iter().zip([Code::Exact, Code::Faer]);
    let workload = |(operation, code): (&'static str, Code)| Workload {
        operation,
        shape: n.to_string(),
        precision: precision::<T>(),
        threaded: code == Code::Faer,
        unit,
        prepare: Box::new(move || Ok(call(code, n))),
    };
    codes.map(workload).collect()
}

/// Steps and gradients of the digits' network.
fn networks<T: Real>(scale: Scale) -> Vec<Workload> {
    const DIGITS: [usize; 3] = [64, 32, 10];
    let workload = |operation, n: usize, prepare: fn(usize) -> Result<Call>| Workload {
        operation,
        shape: format!("64-32-10 x{n}"),
        precision: precision::<T>(),
        threaded: false,
        unit: Unit::Microseconds,
        prepare: Box::new(move || prepare(n)),
    };
    let step = |n| calls::step::<T>(calls::problem(&DIGITS, n, Some(&calls::digits()?)));
    let gradient = |n| calls::gradient::<T>(calls::problem(&DIGITS, n, Some(&calls::digits()?)));
    vec![
        workload("sgd-step", 1, step),
        workload("sgd-step", 32, step),
        workload("gradient", if scale == Scale::Tiny { 40 } else { 1797 }, gradient),
    ]
}

/// A round of a kernel machine, in parts and as a whole.
fn machines<T: Real>(scale: Scale) -> Vec<Workload> {
    let workload = |operation, exact: bool, part: Part, shape: (usize, usize, usize)| Workload {
        operation,
        shape: format!("{},{},{}", shape.0, shape.1, shape.2),
        precision: precision::<T>(),
        threaded: !exact,
        unit: Unit::Milliseconds,
        prepare: Box::new(move || calls::kernel::<T>(exact, part, shape)),
    };
    let (fast, exact) = match scale {
        Scale::Tiny => ((20, 3, 1), (20, 3, 1)),
        Scale::Quick => ((1000, 50, 1), (250, 50, 1)),
        Scale::Full => ((4000, 50, 1), (1000, 50, 1)),
    };
    vec![
        workload("rfm-solve", false, Part::Solve, fast),
        workload("rfm-agop", false, Part::Agop, fast),
        workload("rfm-fact", false, Part::Fact, fast),
        workload("rfm-round", false, Part::Round, fast),
        workload("rfm-round-exact", true, Part::Round, exact),
    ]
}

/// From the start to the certificate.
fn training() -> Workload {
    Workload {
        operation: "train-digits",
        shape: "64-32-10 x1797".to_owned(),
        precision: "f64",
        threaded: false,
        unit: Unit::Milliseconds,
        prepare: Box::new(calls::training),
    }
}

/// Times everything; what stands in one group is timed in turn.
///
/// # Errors
/// None in practice: shapes agree by construction.
pub(super) fn run(scale: Scale, threads: usize, watch: &dyn Fn(&str)) -> Result<Vec<Row>> {
    let mut groups = algebra::<f32>(scale);
    groups.extend(algebra::<f64>(scale));
    groups.extend([networks::<f32>(scale), networks::<f64>(scale), machines::<f32>(scale)]);
    if scale == Scale::Full {
        groups.push(vec![training()]);
    }
    let one = pool(1)?;
    let all = if threads > 1 { Some(pool(threads)?) } else { None };
    let mut rows = Vec::new();
    for group in &groups {
        let (mut timed, mut calls) = (Vec::new(), Vec::new());
        for workload in group {
            watch(&format!("{} {} {}", workload.operation, workload.shape, workload.precision));
            let pools = [Some(&one), all.as_ref().filter(|_| workload.threaded)];
            for pool in pools.into_iter().flatten() {
                timed.push((workload, pool.current_num_threads()));
                calls.push((pool, (workload.prepare)()?));
            }
        }
        for ((workload, threads), timing) in timed.into_iter().zip(time(calls, scale.effort())?) {
            let (value, unit) = workload.unit.of(timing.seconds);
            rows.push(Row {
                kind: Kind::WallClock,
                target: platform(),
                operation: workload.operation.to_owned(),
                shape: workload.shape.clone(),
                precision: workload.precision.to_owned(),
                threads,
                value,
                unit: unit.to_owned(),
                spread: timing.spread,
                exact: false,
                measured: true,
                baseline: None,
                change: None,
            });
        }
    }
    Ok(rows)
}

/// Threads for a call to run on.
pub(super) fn pool(threads: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::Usage(format!("--threads {threads}: {error}")))
}
