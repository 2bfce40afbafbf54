//! Kernel machines.

use crate::{Task, values};
use fact_core::Result;
use fact_core::kernel::{
    Centering, Kernel, Metric, Predictor, Rescale, Rfm, Ridge, Shape, Update, agop, fact, gram,
    jacobian_scratch, predict_scratch, rfm, ridge, tau, update,
};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

/// Samples and inputs: a microcontroller's, and as many as the exact engine does in milliseconds.
const SHAPES: [[usize; 2]; 2] = [[64, 8], [256, 16]];
/// Points taken at once.
const ROWS: usize = 16;

/// A machine, and what an operation may read and write.
struct Machine<'a, T> {
    predictor: Predictor<'a, T>,
    samples: Samples<'a, T>,
    /// `n×n`.
    square: MatMut<'a, T>,
    /// `n×1`.
    column: MatMut<'a, T>,
    /// `d×d`: a start metric.
    metric: MatMut<'a, T>,
    /// `d×d`: a matrix that the next metric is made of.
    features: MatRef<'a, T>,
    /// `d×d`.
    out: MatMut<'a, T>,
    scratch: Scratch<'a, T>,
}

type Run<T> = fn(Machine<'_, T>) -> Result<()>;

const GAUSSIAN: f64 = 2.5;

fn kernels<T: Scalar>() -> [(&'static str, Kernel<T>); 5] {
    let bandwidth = T::from_f64(GAUSSIAN);
    [
        ("gaussian", Kernel::Gaussian { bandwidth }),
        ("laplace", Kernel::Laplace { bandwidth }),
        ("laplace-1.5", Kernel::GeneralizedLaplace { bandwidth, exponent: T::from_f64(1.5) }),
        ("quadratic", Kernel::Quadratic),
        ("exponential", Kernel::Exponential { bandwidth }),
    ]
}

/// One round of an [`Rfm`] and the fit before it.
fn round<T: Scalar>(m: Machine<'_, T>, update: Update<T>) -> Result<()> {
    let rfm = Rfm {
        kernel: m.predictor.kernel,
        ridge: Ridge::Absolute(T::from_f64(1e-3)),
        update,
        rescale: Rescale::Trace,
        centering: Centering::None,
        shape: Shape::Full,
    };
    let fitted = rfm::fit(&rfm, &m.samples, 1, m.metric, m.column, |_| (), m.scratch);
    fitted.map(|_| ()).map_err(|failed| failed.error)
}

fn next<T: Scalar>(m: Machine<'_, T>, rule: Update<T>) -> Result<()> {
    update::next_metric(rule, m.features, m.metric.as_ref(), m.out, m.scratch)
}

/// The operations: name, kernel and call.
fn entries<T: Scalar>() -> Vec<(String, Kernel<T>, Run<T>)> {
    let mut entries: Vec<(String, Kernel<T>, Run<T>)> = Vec::new();
    for (name, kernel) in kernels() {
        entries.push((format!("gram-{name}"), kernel, |m| {
            let Predictor { kernel, metric, x, .. } = m.predictor;
            gram::gram(kernel, metric, x, m.square, m.scratch)
        }));
    }
    let gaussian = Kernel::Gaussian { bandwidth: T::from_f64(GAUSSIAN) };
    let named: [(&str, Kernel<T>, Run<T>); 14] = [
        ("gram-packed", gaussian, |mut m| {
            let Predictor { kernel, metric, x, .. } = m.predictor;
            let n = x.nrows();
            let packed = &mut m.square.data_mut()[..n * (n + 1) / 2];
            gram::gram_packed(kernel, metric, x, packed, m.scratch)
        }),
        ("gram-cross", gaussian, |m| {
            let Predictor { kernel, metric, x, .. } = m.predictor;
            gram::cross(kernel, metric, x, x, m.square, m.scratch)
        }),
        ("ridge-solve", gaussian, |m| {
            let Predictor { kernel, metric, .. } = m.predictor;
            let ridge = Ridge::Absolute(T::from_f64(1e-3));
            ridge::solve(kernel, metric, ridge, &m.samples, m.column, m.scratch).map(|_| ())
        }),
        ("predict", gaussian, |m| m.predictor.predict(m.predictor.x, m.column, m.scratch)),
        ("jacobian", gaussian, |mut m| {
            let d = m.predictor.x.ncols();
            let query = m.predictor.x.row(0).unwrap_or_default();
            let row = &mut m.out.data_mut()[..d];
            m.predictor.jacobian(query, MatMut::new(row, 1, d)?, m.scratch)
        }),
        ("kernel-agop", gaussian, |m| agop::agop(&m.predictor, Centering::None, m.out, m.scratch)),
        ("kernel-fact", gaussian, |m| fact::fact(&m.predictor, Centering::None, m.out, m.scratch)),
        ("kernel-tau", Kernel::Quadratic, |m| tau::tau_fit(&m.predictor, m.scratch).map(|_| ())),
        ("next-metric-nfa", gaussian, |m| next(m, Update::Nfa { power: T::HALF })),
        ("next-metric-fact", gaussian, |m| next(m, Update::Fact)),
        ("next-metric-geomean", gaussian, |m| next(m, Update::FactGeomean)),
        ("next-metric-inner", gaussian, |m| next(m, Update::FactInner)),
        ("rfm-fact", gaussian, |m| round(m, Update::Fact)),
        ("rfm-nfa", gaussian, |m| round(m, Update::Nfa { power: T::HALF })),
    ];
    entries.extend(named.map(|(name, kernel, run)| (name.to_owned(), kernel, run)));
    entries
}

fn add<T: Scalar>(tasks: &mut Vec<Task>) {
    for (name, kernel, run) in entries::<T>() {
        for [n, d] in SHAPES {
            let words = gram::cross_scratch(n, n, d)
                .max(ridge::solve_scratch(n, d))
                .max(predict_scratch(n, d, ROWS))
                .max(jacobian_scratch(n, d))
                .max(agop::agop_scratch(n, d, 1, ROWS))
                .max(fact::fact_scratch(n, d, ROWS))
                .max(tau::tau_fit_scratch(n, d, ROWS))
                .max(update::next_metric_scratch(d))
                .max(rfm::fit_scratch(n, d, 1));
            let mut memory = vec![T::ZERO; words];
            let (x, y, dual) = (values::<T>(n * d, 1), values::<T>(n, 2), values::<T>(n, 3));
            let (mut square, mut column) = (vec![T::ZERO; n * n], vec![T::ZERO; n]);
            let mut identity = vec![T::ZERO; d * d];
            identity.iter_mut().step_by(d + 1).for_each(|diagonal| *diagonal = T::ONE);
            // Symmetric, as AGOP is.
            let mut features = values::<T>(d * d, 4);
            for i in 0..d {
                for j in 0..i {
                    features[i * d + j] = features[j * d + i];
                }
            }
            let (mut metric, mut out) = (identity.clone(), vec![T::ZERO; d * d]);
            tasks.push(Task::new::<T>(name.clone(), format!("{n}-{d}-1"), None, move || {
                metric.copy_from_slice(&identity);
                let x = MatRef::new(&x, n, d).unwrap();
                let machine = Machine {
                    predictor: Predictor {
                        kernel,
                        metric: Metric::Full(MatRef::new(&identity, d, d).unwrap()),
                        x,
                        dual: MatRef::new(&dual, n, 1).unwrap(),
                    },
                    samples: Samples::new(x, MatRef::new(&y, n, 1).unwrap()).unwrap(),
                    square: MatMut::new(&mut square, n, n).unwrap(),
                    column: MatMut::new(&mut column, n, 1).unwrap(),
                    metric: MatMut::new(&mut metric, d, d).unwrap(),
                    features: MatRef::new(&features, d, d).unwrap(),
                    out: MatMut::new(&mut out, d, d).unwrap(),
                    scratch: Scratch::new(&mut memory),
                };
                run(machine).unwrap();
            }));
        }
    }
}

/// Every operation, in both precisions.
pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    add::<f32>(&mut tasks);
    add::<f64>(&mut tasks);
    tasks
}
