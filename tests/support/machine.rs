//! Kernel machines that own their data: every call gets exactly the scratch it asks for, full of
//! NaNs.

use crate::matrices::{M, nan};
use crate::workload;
use fact_core::Error;
use fact_core::execute::Executor;
use fact_core::kernel::agop::{self, agop_closed_scratch, agop_explicit_scratch, agop_scratch};
use fact_core::kernel::fact::{self, fact_explicit_scratch, fact_scratch};
use fact_core::kernel::gram::{self, cross_scratch, gram_scratch};
use fact_core::kernel::tau::{TauFit, tau_fit, tau_fit_by, tau_fit_scratch};
use fact_core::kernel::update::{next_metric, next_metric_scratch};
use fact_core::kernel::{
    Centering, Failed, Kernel, Metric, Predictor, Rfm, Ridge, Solved, Update, jacobian_scratch,
    predict_scratch, rfm, ridge,
};
use fact_core::linalg::cholesky;
use fact_core::linalg::triangular::packed_len;
use fact_core::mat::MatRef;
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use proptest::prelude::*;
use proptest::sample::select;

/// A metric that owns its elements.
#[derive(Clone, Debug)]
pub enum OwnMetric<T> {
    Identity,
    Diagonal(Vec<T>),
    Full(M<T>),
}

impl<T: Scalar> OwnMetric<T> {
    pub fn view(&self) -> Metric<'_, T> {
        match self {
            Self::Identity => Metric::Identity,
            Self::Diagonal(diagonal) => Metric::Diagonal(diagonal),
            Self::Full(m) => Metric::Full(m.view()),
        }
    }

    /// All of it.
    pub fn dense(&self, d: usize) -> M<T> {
        match self {
            Self::Identity => M::identity(d),
            Self::Diagonal(diagonal) => crate::matrices::diagonal(diagonal),
            Self::Full(m) => m.clone(),
        }
    }
}

/// A kernel machine to be fitted.
#[derive(Clone, Debug)]
pub struct Machine<T> {
    pub kernel: Kernel<T>,
    pub metric: OwnMetric<T>,
    pub ridge: Ridge<T>,
    pub x: M<T>,
    pub y: M<T>,
}

/// The same, fitted.
#[derive(Clone, Debug)]
pub struct Fitted<T> {
    pub machine: Machine<T>,
    pub dual: M<T>,
    pub solved: Solved<T>,
}

/// A matrix of this shape that `write` fills, and memory of `words` for it to use.
fn formed<T: Scalar>(
    (rows, cols): (usize, usize),
    words: usize,
    write: impl FnOnce(&mut M<T>, Scratch<'_, T>) -> Result<(), Error>,
) -> Result<M<T>, Error> {
    let (mut out, mut memory) = (M::zeros(rows, cols).map(|_| nan()), vec![nan(); words]);
    write(&mut out, Scratch::new(&mut memory))?;
    Ok(out)
}

impl<T: Scalar> Machine<T> {
    /// Samples, inputs, outputs.
    pub fn dims(&self) -> (usize, usize, usize) {
        (self.x.rows, self.x.cols, self.y.cols)
    }

    pub fn samples(&self) -> Samples<'_, T> {
        Samples::new(self.x.view(), self.y.view()).unwrap()
    }

    pub fn gram(&self) -> M<T> {
        let (n, d, _) = self.dims();
        formed((n, n), gram_scratch(n, d), |out, scratch| {
            gram::gram(self.kernel, self.metric.view(), self.x.view(), out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn gram_packed(&self) -> Vec<T> {
        let (n, d, _) = self.dims();
        formed((1, packed_len(n)), gram_scratch(n, d), |out, scratch| {
            let (kernel, metric) = (self.kernel, self.metric.view());
            gram::gram_packed(kernel, metric, self.x.view(), &mut out.data, scratch)
        })
        .unwrap()
        .data
    }

    pub fn cross(&self, x: &M<T>) -> M<T> {
        let (n, d, _) = self.dims();
        formed((x.rows, n), cross_scratch(x.rows, n, d), |out, scratch| {
            let (kernel, metric) = (self.kernel, self.metric.view());
            gram::cross(kernel, metric, x.view(), self.x.view(), out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn fit(&self) -> Result<Fitted<T>, Error> {
        let (n, d, c) = self.dims();
        let mut solved = None;
        let dual = formed((n, c), ridge::solve_scratch(n, d), |out, scratch| {
            let (kernel, metric) = (self.kernel, self.metric.view());
            let dual = out.view_mut();
            let found = ridge::solve(kernel, metric, self.ridge, &self.samples(), dual, scratch)?;
            solved = Some(found);
            Ok(())
        })?;
        Ok(Fitted { machine: self.clone(), dual, solved: solved.unwrap() })
    }

    /// Runs `rfm` from this machine's metric; the metric and the dual of each round.
    pub fn rounds(&self, rfm: &Rfm<T>, rounds: u32) -> Result<Vec<Fitted<T>>, Failed> {
        let (n, d, c) = self.dims();
        let (mut metric, mut dual) = (self.metric.dense(d), M::zeros(n, c));
        let mut memory = vec![nan(); rfm::fit_scratch(n, d, c)];
        let mut seen = vec![];
        let observe = |round: fact_core::kernel::Round<'_, T>| {
            let metric = match round.predictor.metric {
                Metric::Identity => OwnMetric::Identity,
                Metric::Diagonal(diagonal) => OwnMetric::Diagonal(diagonal.to_vec()),
                Metric::Full(m) => OwnMetric::Full(owned(m)),
            };
            seen.push(Fitted {
                machine: Machine { metric, ..self.clone() },
                dual: owned(round.predictor.dual),
                solved: round.solved,
            });
        };
        let (metric, dual) = (metric.view_mut(), dual.view_mut());
        let scratch = Scratch::new(&mut memory);
        rfm::fit(rfm, &self.samples(), rounds, metric, dual, observe, scratch)?;
        Ok(seen)
    }
}

pub fn owned<T: Scalar>(m: MatRef<'_, T>) -> M<T> {
    M { rows: m.nrows(), cols: m.ncols(), data: m.data().to_vec() }
}

impl<T: Scalar> Fitted<T> {
    pub fn predictor(&self) -> Predictor<'_, T> {
        let Machine { kernel, metric, x, .. } = &self.machine;
        let (metric, x, dual) = (metric.view(), x.view(), self.dual.view());
        Predictor { kernel: *kernel, metric, x, dual }
    }

    /// The full metric.
    pub fn metric(&self) -> M<T> {
        self.machine.metric.dense(self.machine.x.cols)
    }

    pub fn predict(&self, x: &M<T>, rows: usize) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((x.rows, c), predict_scratch(n, d, rows), |out, scratch| {
            self.predictor().predict(x.view(), out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn jacobian(&self, x: &[T]) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((c, d), jacobian_scratch(n, d), |out, scratch| {
            self.predictor().jacobian(x, out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn agop(&self, centering: Centering, rows: usize) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((d, d), agop_scratch(n, d, c, rows), |out, scratch| {
            agop::agop(&self.predictor(), centering, out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn agop_explicit(&self, centering: Centering, rows: usize) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((d, d), agop_explicit_scratch(n, d, c, rows), |out, scratch| {
            agop::agop_explicit(&self.predictor(), centering, out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn agop_closed(&self, rows: usize) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((d, d), agop_closed_scratch(n, d, c, rows), |out, scratch| {
            agop::agop_closed(&self.predictor(), out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn fact(&self, centering: Centering, rows: usize) -> M<T> {
        let (n, d, _) = self.machine.dims();
        formed((d, d), fact_scratch(n, d, rows), |out, scratch| {
            fact::fact(&self.predictor(), centering, out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn fact_explicit(&self, centering: Centering, rows: usize) -> M<T> {
        let (n, d, c) = self.machine.dims();
        formed((d, d), fact_explicit_scratch(n, d, c, rows), |out, scratch| {
            fact::fact_explicit(&self.predictor(), centering, out.view_mut(), scratch)
        })
        .unwrap()
    }

    pub fn tau(&self, rows: usize) -> TauFit {
        let (n, d, _) = self.machine.dims();
        let mut memory = vec![nan(); tau_fit_scratch(n, d, rows)];
        tau_fit(&self.predictor(), Scratch::new(&mut memory)).unwrap()
    }

    /// The metric after one update, not rescaled.
    pub fn next(&self, update: Update<T>) -> M<T> {
        let matrix = match update {
            Update::Nfa { .. } => self.agop(Centering::None, 2),
            _ => self.fact(Centering::None, 2),
        };
        let (d, metric) = (self.machine.x.cols, self.metric());
        formed((d, d), next_metric_scratch(d), |out, scratch| {
            next_metric(update, matrix.view(), metric.view(), out.view_mut(), scratch)
        })
        .unwrap()
    }
}

/// A machine of `n` normal samples with `d` inputs and `c` targets, and a full metric that keeps `xᵀMx`
/// moderate.
pub fn drawn(rng: &mut Rng, kernel: Kernel<f64>, (n, d, c): (usize, usize, usize)) -> Machine<f64> {
    let mut draw = |rows, cols| {
        let data = (0..rows * cols).map(|_| rng.normal::<f64>()).collect();
        M { rows, cols, data }
    };
    let (x, y, w) = (draw(n, d), draw(n, c), draw(d, d).map(|w| w / d as f64));
    let metric = OwnMetric::Full(w.t().times(&w));
    Machine { kernel, metric, ridge: Ridge::Absolute(0.5), x, y }
}

/// All that an executor makes of a machine, as bits: the factor of a matrix of its points, the dual,
/// predictions, AGOP, FACT and the fit of τ.
pub fn bits_by<T: Scalar>(executor: &impl Executor, machine: &Machine<T>) -> Vec<Vec<u64>> {
    const ROWS: usize = 32;
    let ((n, d, c), Machine { kernel, x, .. }) = (machine.dims(), machine);
    let mut factor = x.times(&x.t());
    (0..n).for_each(|i| factor.data[i * n + i] += T::from_usize(n));
    cholesky::factor_by(executor, factor.view_mut()).unwrap();
    let mut solved = None;
    let dual = formed((n, c), ridge::solve_scratch(n, d), |out, scratch| {
        let (metric, samples) = (machine.metric.view(), machine.samples());
        let (ridge, out) = (machine.ridge, out.view_mut());
        solved = Some(ridge::solve_by(executor, *kernel, metric, ridge, &samples, out, scratch)?);
        Ok(())
    })
    .unwrap();
    let fitted = Fitted { machine: machine.clone(), dual, solved: solved.unwrap() };
    let predictor = fitted.predictor();
    let mut all = vec![factor, fitted.dual.clone()];
    all.extend(formed((n, c), predict_scratch(n, d, ROWS), |out, scratch| {
        predictor.predict_by(executor, x.view(), out.view_mut(), scratch)
    }));
    for centering in [Centering::None, Centering::Mean] {
        all.extend(formed((d, d), agop_scratch(n, d, c, ROWS), |out, scratch| {
            agop::agop_by(executor, &predictor, centering, out.view_mut(), scratch)
        }));
        all.extend(formed((d, d), fact_scratch(n, d, ROWS), |out, scratch| {
            fact::fact_by(executor, &predictor, centering, out.view_mut(), scratch)
        }));
    }
    let mut memory = vec![nan(); tau_fit_scratch(n, d, ROWS)];
    let tau = tau_fit_by(executor, &predictor, Scratch::new(&mut memory)).unwrap();
    assert_eq!(all.len(), 7, "an error");
    let mut all: Vec<_> = all.iter().map(M::bits).collect();
    all.push(vec![tau.r2.map_or(0, f64::to_bits), tau.r2_origin.map_or(0, f64::to_bits)]);
    all
}

/// Small random machines: 0 to 9 samples, 0 to 4 inputs, 0 to 3 outputs, every kernel and kind of
/// metric. Every number is a multiple of 1/64 in `[−1, 1]`, so that `f32` and `f64` see the same
/// machine.
pub fn machines() -> impl Strategy<Value = Machine<f64>> {
    machines_of(any_kernel())
}

/// [`machines`] of these kernels.
pub fn machines_of(
    kernel: impl Strategy<Value = Kernel<f64>>,
) -> impl Strategy<Value = Machine<f64>> {
    let dims = (0..=9_usize, 0..=4_usize, 0..=3_usize);
    (dims, kernel, 0..3, select(vec![0.5, 0.125])).prop_flat_map(
        |((n, d, c), kernel, metric, ridge)| {
            let numbers = prop::collection::vec(-64..=64_i32, n * (d + c) + d * d);
            numbers.prop_map(move |numbers| {
                let mut rest = numbers.iter().map(|&number| f64::from(number) / 64.0);
                let mut next = |rows, cols| M {
                    rows,
                    cols,
                    data: rest.by_ref().take(rows * cols).collect::<Vec<_>>(),
                };
                let (x, y, w) = (next(n, d), next(n, c), next(d, d));
                let metric = match metric {
                    0 => OwnMetric::Identity,
                    1 => OwnMetric::Diagonal(w.data[..d].iter().map(|m| m.abs()).collect()),
                    _ => OwnMetric::Full(w.t().times(&w)),
                };
                Machine { kernel, metric, ridge: Ridge::Absolute(ridge), x, y }
            })
        },
    )
}

/// Every kernel.
pub fn any_kernel() -> impl Strategy<Value = Kernel<f64>> {
    let bandwidth = select(vec![1.0, 2.0]);
    bandwidth.prop_flat_map(|bandwidth| {
        select(vec![
            Kernel::Laplace { bandwidth },
            Kernel::GeneralizedLaplace { bandwidth, exponent: 1.5 },
            Kernel::GeneralizedLaplace { bandwidth, exponent: 0.75 },
            Kernel::Gaussian { bandwidth },
            Kernel::Quadratic,
            Kernel::Exponential { bandwidth },
        ])
    })
}

impl Machine<f64> {
    /// The same machine in the precision under test.
    pub fn cast<T: Scalar>(&self) -> Machine<T> {
        let t = T::from_f64;
        let m = |m: &M<f64>| M { rows: m.rows, cols: m.cols, data: workload::cast(&m.data) };
        Machine {
            kernel: match self.kernel {
                Kernel::Laplace { bandwidth } => Kernel::Laplace { bandwidth: t(bandwidth) },
                Kernel::GeneralizedLaplace { bandwidth, exponent } => {
                    Kernel::GeneralizedLaplace { bandwidth: t(bandwidth), exponent: t(exponent) }
                }
                Kernel::Gaussian { bandwidth } => Kernel::Gaussian { bandwidth: t(bandwidth) },
                Kernel::Quadratic => Kernel::Quadratic,
                Kernel::Exponential { bandwidth } => {
                    Kernel::Exponential { bandwidth: t(bandwidth) }
                }
            },
            metric: match &self.metric {
                OwnMetric::Identity => OwnMetric::Identity,
                OwnMetric::Diagonal(diagonal) => OwnMetric::Diagonal(workload::cast(diagonal)),
                OwnMetric::Full(full) => OwnMetric::Full(m(full)),
            },
            ridge: match self.ridge {
                Ridge::Absolute(ridge) => Ridge::Absolute(t(ridge)),
                Ridge::Relative(ridge) => Ridge::Relative(t(ridge)),
            },
            x: m(&self.x),
            y: m(&self.y),
        }
    }
}
