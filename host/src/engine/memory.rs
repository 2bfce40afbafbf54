//! Whether a run fits into memory, asked before anything is allocated: a failed allocation aborts.

use super::train::{self, ROWS};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::plan::Training;
use fact_core::features::{agop, certificate, enfa};
use fact_core::linalg::power;
use fact_core::nn::{evaluate, objective};
use fact_core::scalar::Scalar;

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
    let words = sum([
        samples(widths, n),
        params.saturating_mul(2),
        train::memory::<T>(training, params),
        objective::gradient_scratch(widths, ROWS.min(n)),
    ]);
    words.saturating_mul(size_of::<T>())
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
    words.saturating_mul(size_of::<f64>())
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
