//! Kernel machines: every kernel alone, and every kernel with every update as a feature machine.

use super::training::task;
use super::{add, draw, measured};
use fact_core::fingerprint::Fingerprint;
use fact_core::kernel::{
    Centering, Kernel, Metric, Predictor, Rescale, Rfm, Ridge, Shape, Update, agop, fact, gram,
    rfm, ridge, tau,
};
use fact_core::linalg::triangular::packed_len;
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};

/// Samples, inputs, outputs: those of the networks' task.
const N: usize = 6;
const D: usize = 3;
const C: usize = 2;
const ROUNDS: u32 = 2;

fn kernels<T: Scalar>() -> [Kernel<T>; 5] {
    let (bandwidth, exponent) = (T::from_f64(1.5), T::from_f64(1.4));
    [
        Kernel::Laplace { bandwidth },
        Kernel::GeneralizedLaplace { bandwidth, exponent },
        Kernel::Gaussian { bandwidth },
        Kernel::Quadratic,
        Kernel::Exponential { bandwidth },
    ]
}

fn updates<T: Scalar>() -> [Update<T>; 5] {
    [
        Update::Nfa { power: T::ONE },
        Update::Nfa { power: T::HALF },
        Update::Fact,
        Update::FactGeomean,
        Update::FactInner,
    ]
}

/// Gram matrices, a fit, predictions, and what the fit says of the inputs, with each kernel.
pub(super) fn machines<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let data = memory.take(N * (D + C))?;
    let samples = task(data)?;
    let (queries, diagonal, full) = (memory.take(2 * D)?, memory.take(D)?, memory.take(D * D)?);
    let mut rng = Rng::new(13);
    draw(&mut rng, queries);
    diagonal.iter_mut().for_each(|m| *m = T::from_f64(0.5 + rng.uniform()));
    // The diagonally dominant symmetric part is positive definite.
    let mut square = MatMut::new(full, D, D)?;
    for (i, row) in square.rows_mut().enumerate() {
        row.iter_mut().enumerate().for_each(|(j, m)| {
            *m = T::from_f64(if i == j { 1.5 } else { 0.25 * (i * j) as f64 - 0.25 });
        });
    }
    let metrics = [Metric::Identity, Metric::Diagonal(diagonal), Metric::Full(square.as_ref())];
    let queries = MatRef::new(queries, 2, D)?;
    for kernel in kernels() {
        for metric in metrics {
            machine(kernel, metric, &samples, queries, memory.reborrow(), &mut hash)?;
        }
    }
    Ok(hash)
}

fn machine<T: Scalar>(
    kernel: Kernel<T>,
    metric: Metric<'_, T>,
    samples: &Samples<'_, T>,
    queries: MatRef<'_, T>,
    mut memory: Scratch<'_, T>,
    hash: &mut Fingerprint,
) -> Result<()> {
    let (out, dual) = (memory.take(N * N)?, memory.take(N * C)?);
    let square = MatMut::new(out, N, N)?;
    gram::gram(kernel, metric, samples.x(), square, memory.reborrow())?;
    add(hash, out)?;
    let packed = out.get_mut(..packed_len(N)).unwrap_or_default();
    gram::gram_packed(kernel, metric, samples.x(), packed, memory.reborrow())?;
    add(hash, packed)?;
    let wide = out.get_mut(..2 * N).unwrap_or_default();
    let view = MatMut::new(wide, 2, N)?;
    gram::cross(kernel, metric, queries, samples.x(), view, memory.reborrow())?;
    add(hash, wide)?;
    // Without a ridge the quadratic kernel is singular: jitter steps in.
    for ridge in [Ridge::Absolute(T::ZERO), Ridge::Relative(T::from_f64(0.01))] {
        let view = MatMut::new(dual, N, C)?;
        let solved = ridge::solve(kernel, metric, ridge, samples, view, memory.reborrow())?;
        add(hash, &[solved.ridge, solved.jitter])?;
    }
    add(hash, dual)?;
    let machine = Predictor { kernel, metric, x: samples.x(), dual: MatRef::new(dual, N, C)? };
    let values = out.get_mut(..2 * C).unwrap_or_default();
    machine.predict(queries, MatMut::new(values, 2, C)?, memory.reborrow())?;
    add(hash, values)?;
    let slopes = out.get_mut(..C * D).unwrap_or_default();
    let point = queries.row(1).unwrap_or(&[]);
    machine.jacobian(point, MatMut::new(slopes, C, D)?, memory.reborrow())?;
    add(hash, slopes)?;
    let features = out.get_mut(..D * D).unwrap_or_default();
    for centering in [Centering::None, Centering::Mean] {
        let mut form = |form: Form<T>| {
            form(&machine, centering, MatMut::new(features, D, D)?, memory.reborrow())?;
            add(hash, features)
        };
        form(agop::agop)?;
        form(agop::agop_explicit)?;
        form(fact::fact)?;
        form(fact::fact_explicit)?;
    }
    agop::agop_closed(&machine, MatMut::new(features, D, D)?, memory.reborrow())?;
    add(hash, features)?;
    let found = tau::tau_fit(&machine, memory)?;
    measured(hash, found.r2)?;
    measured(hash, found.r2_origin)
}

type Form<T> = fn(&Predictor<'_, T>, Centering, MatMut<'_, T>, Scratch<'_, T>) -> Result<()>;

/// Every kernel with every update; rescaling, centring and shape by turns.
pub(super) fn feature_machines<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let data = memory.take(N * (D + C))?;
    let samples = task(data)?;
    let (metric, dual) = (memory.take(D * D)?, memory.take(N * C)?);
    let mut turn = 0;
    for kernel in kernels() {
        for update in updates() {
            let rescale = match turn % 3 {
                0 => Rescale::Trace,
                1 => Rescale::MaxEntry,
                _ => Rescale::None,
            };
            let centering = if turn % 2 == 0 { Centering::None } else { Centering::Mean };
            let shape = if turn % 4 == 3 { Shape::Diagonal } else { Shape::Full };
            let ridge = Ridge::Relative(T::from_f64(0.01));
            let machine = Rfm { kernel, ridge, update, rescale, centering, shape };
            turn += 1;
            metric.fill(T::ZERO);
            metric.iter_mut().step_by(D + 1).for_each(|m| *m = T::ONE);
            let (m, a) = (MatMut::new(metric, D, D)?, MatMut::new(dual, N, C)?);
            let mut noted = Ok(());
            let note = |round: rfm::Round<'_, T>| {
                noted = noted.and_then(|()| add(&mut hash, round.predictor.dual.data()));
            };
            match rfm::fit(&machine, &samples, ROUNDS, m, a, note, memory.reborrow()) {
                Ok(_) => {}
                // The positive part of a radial kernel's FACT·M may be nothing: a result like others.
                Err(rfm::Failed { round, error: Error::Scale { what } }) => {
                    hash.bytes(&round.to_le_bytes());
                    hash.bytes(what.as_bytes());
                }
                Err(failed) => return Err(failed.error),
            }
            noted?;
            add(&mut hash, metric)?;
        }
    }
    Ok(hash)
}
