//! What the theory says of weights, of the first layer of the digits' network.

use crate::networks::{Net, Parts, named};
use crate::{Task, values};
use fact_core::Result;
use fact_core::features::{agop, agreement, certificate, enfa, fact, neural};
use fact_core::mat::{MatMut, MatRef};
use fact_core::scalar::Scalar;

const WIDTHS: [usize; 3] = [64, 32, 10];
const N: usize = 256;
/// Samples that go through the network at once.
const ROWS: usize = 32;

/// What an operation may read and write.
struct Layer<'a, T> {
    net: Parts<'a, T>,
    /// `32×64`.
    weight: MatRef<'a, T>,
    /// `32×64`.
    gradient: MatRef<'a, T>,
    /// Of all layers.
    gradients: &'a [T],
    /// `64×64`.
    out: MatMut<'a, T>,
    /// `32×32`.
    backward: MatMut<'a, T>,
}

/// An operation: whether it goes through the samples, and the call.
type Entry<T> = (&'static str, bool, fn(Layer<'_, T>) -> Result<()>);

fn entries<T: Scalar>() -> [Entry<T>; 13] {
    [
        ("fact", true, |l| {
            let Parts { objective, samples, theta, scratch } = l.net;
            fact::from_samples(&objective, theta, &samples, 0, l.out, scratch).map(|_| ())
        }),
        ("bfact", true, |l| {
            let Parts { objective, samples, theta, scratch } = l.net;
            fact::backward_from_samples(&objective, theta, &samples, 0, l.backward, scratch)
                .map(|_| ())
        }),
        ("agop", true, |l| {
            let Parts { objective, samples, theta, scratch } = l.net;
            agop::agop(&objective.architecture, theta, samples.x(), 0, l.out, scratch)
        }),
        ("enfa", true, |l| {
            let Parts { objective, samples, theta, scratch } = l.net;
            enfa::enfa(&objective, theta, &samples, 0, l.out, scratch)
        }),
        ("fact-from-gradient", false, |l| {
            fact::from_gradient(l.net.objective.lambda, l.weight, l.gradient, l.out).map(|_| ())
        }),
        ("bfact-from-gradient", false, |l| {
            let lambda = l.net.objective.lambda;
            fact::backward_from_gradient(lambda, l.weight, l.gradient, l.backward).map(|_| ())
        }),
        ("fact-agreement", false, |l| {
            let (lambda, scratch) = (l.net.objective.lambda, l.net.scratch);
            fact::agreement_from_gradient(lambda, l.weight, l.gradient, scratch).map(|_| ())
        }),
        ("fact-symmetrized", false, |mut l| {
            l.backward.data_mut().copy_from_slice(&l.weight.data()[..32 * 32]);
            let mut scratch = l.net.scratch;
            let out = scratch.take_mat(32, 32)?;
            fact::symmetrized(l.backward.as_ref(), out, scratch)
        }),
        ("feature-matrix", false, |l| neural::feature_matrix(l.weight, l.out)),
        ("backward-matrix", false, |l| neural::backward_matrix(l.weight, l.backward)),
        ("certificate", false, |l| {
            let (lambda, scratch) = (l.net.objective.lambda, l.net.scratch);
            certificate::bound(lambda, l.weight, l.gradient, scratch).map(|_| ())
        }),
        ("stopping-bound", false, |l| {
            certificate::stopping_bound(&l.net.objective, l.net.theta, l.gradients).map(|_| ())
        }),
        ("agreement", false, |l| {
            std::hint::black_box(agreement::agreement(l.weight.data(), l.gradient.data()));
            Ok(())
        }),
    ]
}

fn add<T: Scalar>(tasks: &mut Vec<Task>) {
    let [inputs, hidden, _] = WIDTHS;
    for (name, streams, run) in entries::<T>() {
        let words = fact::from_samples_scratch(&WIDTHS, ROWS)
            .max(agop::agop_scratch(&WIDTHS, ROWS))
            .max(enfa::enfa_scratch(&WIDTHS, ROWS))
            .max(certificate::bound_scratch(hidden, inputs))
            .max(fact::agreement_scratch(hidden, inputs))
            .max(hidden * hidden + fact::symmetrized_scratch(hidden));
        let mut net = Net::<T>::new(WIDTHS, N, words);
        let weight = values::<T>(hidden * inputs, 4);
        let gradients = values::<T>(net.theta.len(), 5);
        let (mut out, mut backward) =
            (vec![T::ZERO; inputs * inputs], vec![T::ZERO; hidden * hidden]);
        let shape = if streams { named(WIDTHS, N) } else { format!("{hidden}x{inputs}") };
        tasks.push(Task::new::<T>(name, shape, None, move || {
            let layer = Layer {
                net: net.parts(),
                weight: MatRef::new(&weight, hidden, inputs).unwrap(),
                gradient: MatRef::new(&gradients[..weight.len()], hidden, inputs).unwrap(),
                gradients: &gradients,
                out: MatMut::new(&mut out, inputs, inputs).unwrap(),
                backward: MatMut::new(&mut backward, hidden, hidden).unwrap(),
            };
            run(layer).unwrap();
        }));
    }
}

/// Every measurement, in both precisions.
pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    add::<f32>(&mut tasks);
    add::<f64>(&mut tasks);
    tasks
}
