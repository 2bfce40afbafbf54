//! One workload that touches everything, hashed part by part in every precision.
//!
//! Each part fits the memory of the smallest board, so that no target gets an easier workload.

mod decompositions;
mod kernels;
mod measures;
mod numbers;
mod products;
mod training;

use crate::text::{self, Out};
use fact_core::approx::Approx;
use fact_core::features::Measured;
use fact_core::fingerprint::Fingerprint;
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};

/// Words of memory that a part may take: 6 KiB in `f64`.
pub const WORDS: usize = 768;

/// A part of the workload in one precision: takes its buffers from the scratch, returns its hash.
type Part<T> = fn(Scratch<'_, T>) -> Result<Fingerprint>;

const fn parts<T: Scalar>() -> [(&'static str, Part<T>); 12] {
    [
        ("numbers", numbers::numbers),
        ("products", products::products),
        ("cholesky", decompositions::cholesky),
        ("eigen", decompositions::eigen),
        ("sgd", training::sgd),
        ("heavy-ball", training::heavy_ball),
        ("adam", training::adam),
        ("adamw", training::adamw),
        ("lbfgs", training::lbfgs),
        ("measures", measures::measures),
        ("kernels", kernels::machines),
        ("rfm", kernels::feature_machines),
    ]
}

/// Prints a line `precision part hash` for every part in every precision.
pub fn run(out: &mut Out<'_>) {
    run_in::<f32>("f32", out);
    run_in::<f64>("f64", out);
    run_in::<Approx>("approx", out);
}

/// Prints a line `precision part hash` for every part.
pub fn run_in<T: Scalar>(precision: &str, out: &mut Out<'_>) {
    let mut memory = [T::ZERO; WORDS];
    for (name, part) in parts::<T>() {
        out(precision);
        out(" ");
        out(name);
        out(" ");
        match part(Scratch::new(&mut memory)) {
            Ok(hash) => out(&text::hex(hash.value())),
            Err(error) => out(text::reason(&error)),
        }
        out("\n");
    }
}

/// Adds numbers to a hash, and refuses those whose bits a target may choose.
fn add<T: Scalar>(hash: &mut Fingerprint, numbers: &[T]) -> Result<()> {
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(Error::NonFinite { what: "result" });
    }
    hash.numbers(numbers);
    Ok(())
}

/// Overwrites `out` with uniform numbers in `[−1, 1)`.
fn draw<T: Scalar>(rng: &mut Rng, out: &mut [T]) {
    out.fill_with(|| T::from_f64(2.0 * rng.uniform() - 1.0));
}

/// Adds a measurement, or the reason why there is none.
fn measured(hash: &mut Fingerprint, found: Measured) -> Result<()> {
    match found {
        Ok(number) => add(hash, &[number]),
        Err(reason) => {
            hash.bytes(&[reason as u8]);
            Ok(())
        }
    }
}
