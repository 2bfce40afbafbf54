//! Whether a run fits into memory, asked before anything is allocated: a failed allocation aborts.

use super::machine;
use super::measure::ROWS;
use super::{Passes, train};
use crate::data::{Dataset, Split};
use crate::error::{Error, Result};
use crate::experiment::TAU_SAMPLES;
use crate::model::Outputs;
use crate::plan::{Engine, Fit, Precision, Training};
use fact_core::features::{agop, certificate, enfa};
use fact_core::linalg::power;
use fact_core::nn::evaluate;
use fact_core::scalar::Scalar;
use std::fmt;

/// The command itself: its code, its stacks, what it reads and prints.
const PROGRAM: usize = 8 << 20;
/// Rows of a factor that a large product copies at a time, to read it in the order it needs.
const PACKED: usize = 512;
/// Taken to be there where the system does not say what is.
const ASSUMED: usize = 16 << 30;

/// `Ok` when training and measuring the network of `training` on `data` fits into free memory.
///
/// # Errors
/// [`Error::Usage`] with the bytes needed and those there are.
pub fn check_memory<T: Scalar>(data: &Dataset, training: &Training) -> Result<()> {
    let widths: Vec<usize> = [data.d].iter().chain(&training.hidden).copied().collect();
    let widths = [widths, vec![data.outputs()]].concat();
    let needed = trained::<T>(&widths, data.n, training).saturating_add(measured(&widths, data.n));
    fits(needed, "--hidden: this network", "Use narrower layers")
}

/// `Ok` when measuring a network of these widths on `n` samples fits into free memory.
///
/// # Errors
/// [`Error::Usage`] with the bytes needed and those there are.
pub fn check_measuring(widths: &[usize], n: usize) -> Result<()> {
    fits(measured(widths, n), "measuring this network", "Give fewer samples, or use more memory")
}

fn fits(needed: usize, what: &str, advice: &str) -> Result<()> {
    let available = available();
    if needed <= available {
        return Ok(());
    }
    let many = if needed == usize::MAX { "at least " } else { "" };
    Err(Error::Usage(format!(
        "{what} needs {many}{needed} bytes of memory and {available} are free. {advice}"
    )))
}

fn layers(widths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    widths.iter().zip(widths.iter().skip(1)).map(|(&d, &c)| (d, c))
}

/// Parameters of all layers. Biases, which may be missing, are a sliver beside the weights.
fn params(widths: &[usize]) -> usize {
    sum(layers(widths).map(|(d, c)| d.saturating_mul(c).saturating_add(c)))
}

fn samples(widths: &[usize], n: usize) -> usize {
    let ends = widths.first().zip(widths.last()).map_or(0, |(d, c)| d.saturating_add(*c));
    ends.saturating_mul(n)
}

/// Bytes of everything that training holds at a time, or somewhat more; the largest number when that
/// is beyond counting.
fn trained<T: Scalar>(widths: &[usize], n: usize, training: &Training) -> usize {
    let params = params(widths);
    let words =
        sum([samples(widths, n), params.saturating_mul(2), train::memory::<T>(training, params)]);
    words.saturating_mul(size_of::<T>()).saturating_add(Passes::<T>::bytes(widths, n))
}

/// The same of measuring.
fn measured(widths: &[usize], n: usize) -> usize {
    let (rows, params, samples) = (ROWS.min(n), params(widths), samples(widths, n));
    // Measured in `f64`: samples, weights, two gradients, and each layer's matrices.
    let kept = layers(widths).map(|(d, c)| square(d).saturating_mul(7).saturating_add(square(c)));
    let formed = layers(widths).map(|(d, c)| {
        sum([
            square(d).saturating_mul(6),
            square(c).saturating_mul(2),
            power::psd_power_scratch(d),
            certificate::bound_scratch(c, d),
        ])
    });
    let words = sum([
        samples,
        params.saturating_mul(4),
        evaluate::fit_scratch(widths, rows),
        agop::agop_scratch(widths, rows),
        enfa::enfa_scratch(widths, rows),
        sum(kept),
        formed.max().unwrap_or(0),
    ]);
    words.saturating_mul(size_of::<f64>()).saturating_add(Passes::<f64>::bytes(widths, n))
}

fn sum(terms: impl IntoIterator<Item = usize>) -> usize {
    terms.into_iter().fold(0, usize::saturating_add)
}

fn square(d: usize) -> usize {
    d.saturating_mul(d)
}

/// Bytes that can be allocated without swapping.
fn available() -> usize {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    meminfo(&info).unwrap_or(ASSUMED)
}

/// The bytes in the line `MemAvailable: … kB`.
fn meminfo(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What a fit of a kernel machine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    needed: usize,
    available: usize,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory: {} needed at most, {} free",
            readable(self.needed),
            readable(self.available)
        )
    }
}

/// A number of bytes as people read it.
fn readable(bytes: usize) -> String {
    match bytes as f64 / 1e6 {
        megabytes if megabytes < 1000.0 => format!("{megabytes:.1} MB"),
        megabytes => format!("{:.1} GB", megabytes / 1000.0),
    }
}

/// What fitting `plan` to `data` takes.
///
/// # Errors
/// [`Error::Usage`] with both numbers when that is not there.
pub fn fit_memory(data: &Split, plan: &Fit) -> Result<Memory> {
    let (n, d) = (data.train.n, data.train.d);
    let c = Outputs::of(&data.train).count();
    let others = data.test.as_ref().map_or(0, |test| test.n);
    let needed = fit_bytes(plan, n, others, d, c);
    let memory = Memory { needed, available: available() };
    if memory.needed <= memory.available {
        return Ok(memory);
    }
    let advice = match plan.machine.precision {
        Precision::F64 => "Use fewer samples, or --precision f32",
        Precision::F32 => "Use fewer samples",
    };
    Err(Error::Usage(format!(
        "--train {}: fitting {n} samples needs {} of memory and {} are free. {advice}",
        data.train.name,
        readable(needed),
        readable(memory.available)
    )))
}

/// Bytes of everything that a fit holds at a time, or somewhat more: what belongs to pairs of samples,
/// the samples in each form they take, what threads work with, and the command itself.
fn fit_bytes(plan: &Fit, n: usize, others: usize, d: usize, c: usize) -> usize {
    let machine = &plan.machine;
    let all = n.saturating_add(others);
    let many = c.saturating_mul(d) > n.saturating_mul(2);
    let tau = !machine.kernel.is_radial() && n <= TAU_SAMPLES;
    // Half of the Gram matrix, or, when that is gone, all slopes, or the sums over half of all pairs,
    // which are formed only where they have its room.
    let pairs = match machine.engine {
        Engine::Fast if tau || (many && !machine.kernel.is_radial()) => square(n),
        Engine::Fast => machine::triangle_words(n),
        Engine::Exact if tau || many => square(n).saturating_mul(2),
        Engine::Exact => square(n) / 2,
    };
    // Samples as given, coded, centred and mapped; duals, predictions and targets.
    let word = match machine.precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    };
    let rows =
        sum([all.saturating_mul(d).saturating_mul(4), all.saturating_mul(c).saturating_mul(4)]);
    let packed = if tau { PACKED.saturating_mul(n) } else { 0 };
    let threads = rayon::current_num_threads();
    let blocks = machine::block_words(d, c).saturating_add(packed).saturating_mul(threads);
    let working = sum([pairs, rows, blocks, square(d).saturating_mul(8)]).saturating_mul(word);
    // In f64, whatever the machine: the data, the model, the sums of each part of the samples.
    let kept = sum([
        all.saturating_mul(d).saturating_mul(3),
        all.saturating_mul(c).saturating_mul(3),
        square(d).saturating_mul(8 + machine::PARTS),
    ]);
    sum([working, kept.saturating_mul(8), PROGRAM])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_from_the_system_or_assumed() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:   5 kB\n"), Some(5 * 1024));
        assert_eq!(meminfo("MemFree: 9 kB\n"), None);
        assert!(available() > 1 << 20);
    }
}
