//! How calls are timed: interleaved, repeated, summed up by median and interquartile range.

use crate::error::Result;
use rayon::ThreadPool;
use std::time::{Duration, Instant};

/// One call, to be made again and again.
pub(super) type Call = Box<dyn FnMut() -> Result<()> + Send>;

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Least time of a repetition: short calls are made many times in one.
    pub repetition: Duration,
    /// Time of all repetitions of one call, as far as their bounds allow.
    pub total: Duration,
    /// Least and most repetitions.
    pub repetitions: (usize, usize),
}

impl Effort {
    /// For a record.
    pub const FULL: Self = Self {
        repetition: Duration::from_millis(20),
        total: Duration::from_millis(1000),
        repetitions: (5, 31),
    };
    /// For a test of the command.
    pub const LEAST: Self =
        Self { repetition: Duration::ZERO, total: Duration::ZERO, repetitions: (3, 3) };
    /// For a glance.
    pub const QUICK: Self = Self {
        repetition: Duration::from_millis(10),
        total: Duration::from_millis(200),
        repetitions: (5, 11),
    };
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timing {
    /// Median time of a call, in seconds.
    pub seconds: f64,
    /// The least, which is nearest to that of an idle machine.
    pub least: f64,
    /// Interquartile range in percent of the median.
    pub spread: f64,
}

/// A call, and how it is repeated.
struct Series<'a> {
    pool: &'a ThreadPool,
    call: Call,
    calls: u32,
    repetitions: usize,
    seconds: Vec<f64>,
}

impl<'a> Series<'a> {
    /// Calls twice, to warm up and to see how long it takes.
    fn new((pool, mut call): (&'a ThreadPool, Call), effort: Effort) -> Result<Self> {
        pool.install(&mut call)?;
        let start = Instant::now();
        pool.install(&mut call)?;
        let one = start.elapsed().as_secs_f64().max(1e-9);
        let calls = (effort.repetition.as_secs_f64() / one).ceil().clamp(1.0, 1e6);
        let wanted = (effort.total.as_secs_f64() / (calls * one)) as usize;
        let repetitions = wanted.clamp(effort.repetitions.0, effort.repetitions.1);
        Ok(Self { pool, call, calls: calls as u32, repetitions, seconds: Vec::new() })
    }

    fn repeat(&mut self) -> Result<()> {
        let (call, calls) = (&mut self.call, self.calls);
        let seconds = self.pool.install(|| -> Result<f64> {
            let start = Instant::now();
            (0..calls).try_for_each(|_| call())?;
            Ok(start.elapsed().as_secs_f64())
        })?;
        self.seconds.push(seconds / f64::from(calls));
        Ok(())
    }
}

/// Times calls in turn, so that what disturbs one disturbs all; each in its pool.
///
/// # Errors
/// Those of the calls.
pub(super) fn time(calls: Vec<(&ThreadPool, Call)>, effort: Effort) -> Result<Vec<Timing>> {
    let series: Result<Vec<_>> = calls.into_iter().map(|call| Series::new(call, effort)).collect();
    let mut series = series?;
    for repetition in 0..series.iter().map(|s| s.repetitions).max().unwrap_or(0) {
        for series in series.iter_mut().filter(|s| repetition < s.repetitions) {
            series.repeat()?;
        }
    }
    Ok(series.into_iter().map(|series| summary(series.seconds)).collect())
}

fn summary(mut seconds: Vec<f64>) -> Timing {
    seconds.sort_unstable_by(f64::total_cmp);
    // Linear between neighbours; there are at least two.
    let quantile = |share: f64| {
        let at = share * (seconds.len().saturating_sub(1)) as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        let (low, high) = (seconds[low], seconds[high]);
        low + (high - low) * at.fract()
    };
    let (median, range) = (quantile(0.5), quantile(0.75) - quantile(0.25));
    Timing { seconds: median, least: quantile(0.0), spread: 100.0 * range / median }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_not_moved_by_one_that_was_disturbed() {
        let found = summary(vec![1.0, 100.0, 2.0, 3.0, 2.0]);
        assert_eq!(found, Timing { seconds: 2.0, least: 1.0, spread: 50.0 });
    }

    #[test]
    fn calls_are_repeated_as_the_effort_says() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let seen = count.clone();
        let call: Call = Box::new(move || {
            seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        });
        assert_eq!(time(vec![(&pool, call)], Effort::LEAST).unwrap().len(), 1);
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 5);
    }
}
