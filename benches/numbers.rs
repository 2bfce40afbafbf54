//! Numbers: random ones, elementary functions, standardising, hashing.

use crate::{Task, Work, values};
use fact_core::fingerprint::Fingerprint;
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::{Permutation, Rng};
use fact_core::scalar::Scalar;
use fact_core::standardize;
use std::hint::black_box;

/// Numbers of a call.
const LEN: usize = 1024;
/// Inputs of a sample.
const INPUTS: usize = 16;

/// Fills a buffer from another.
type Entry<T> = (&'static str, fn(&[T], &mut [T]));

fn entries<T: Scalar>() -> [Entry<T>; 8] {
    fn map<T: Scalar>(from: &[T], to: &mut [T], f: impl Fn(T) -> T) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = f(from));
    }
    [
        ("rng-uniform", |_, to| {
            let mut rng = Rng::new(black_box(1));
            to.fill_with(|| T::from_f64(rng.uniform()));
        }),
        ("rng-normal", |_, to| {
            let mut rng = Rng::new(black_box(1));
            to.fill_with(|| rng.normal());
        }),
        ("rng-permutation", |_, to| {
            let order = Permutation::new(to.len(), black_box(1));
            to.iter_mut().zip(0..).for_each(|(to, i)| *to = T::from_usize(order.index(i)));
        }),
        ("exp", |from, to| map(from, to, Scalar::exp)),
        ("tanh", |from, to| map(from, to, Scalar::tanh)),
        ("sqrt", |from, to| map(from, to, |x| Scalar::sqrt(x * x))),
        ("standardize", |from, to| {
            let (mut mean, mut scale) = ([T::ZERO; INPUTS], [T::ZERO; INPUTS]);
            let rows = from.len() / INPUTS;
            let x = MatRef::new(from, rows, INPUTS).unwrap();
            standardize::fit(x, &mut mean, &mut scale).unwrap();
            to.copy_from_slice(from);
            standardize::apply(&mean, &scale, MatMut::new(to, rows, INPUTS).unwrap()).unwrap();
        }),
        ("fingerprint", |from, _| {
            let mut hash = Fingerprint::new();
            hash.numbers(from);
            black_box(hash.value());
        }),
    ]
}

fn add<T: Scalar>(tasks: &mut Vec<Task>) {
    for (name, run) in entries::<T>() {
        let (from, mut to) = (values::<T>(LEN, 1), vec![T::ZERO; LEN]);
        tasks.push(Task::new::<T>(name, LEN, Work::Numbers(LEN as u64), move || {
            run(&from, black_box(&mut to));
        }));
    }
}

/// Every operation, in both precisions.
pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    add::<f32>(&mut tasks);
    add::<f64>(&mut tasks);
    tasks
}
