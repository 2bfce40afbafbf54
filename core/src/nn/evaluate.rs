//! What a network has learned: loss, accuracy, and whether it has collapsed.

use super::mlp;
use super::objective::Objective;
use crate::error::{Error, Result, check_shape};
use crate::samples::Samples;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// A share of the targets' spread below which the outputs count as one constant.
const COLLAPSED: f64 = 1e-3;

/// Loss and spread over a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Number of samples.
    pub samples: usize,
    /// `(1/n) Σ ℓᵢ`, without decay; 0 of no samples.
    pub loss: f64,
    /// Samples whose largest output (the first of equals) is at the largest target. `None` with a
    /// single output, where there is nothing to choose from.
    pub correct: Option<usize>,
    /// `Σᵢ‖f(xᵢ) − f̄‖²`.
    pub output_spread: f64,
    /// `Σᵢ‖yᵢ − ȳ‖²`.
    pub target_spread: f64,
}

impl Fit {
    /// The share of samples classified correctly.
    ///
    /// ```
    /// use fact_core::nn::evaluate::Fit;
    /// let fit =
    ///     Fit { samples: 4, loss: 0.1, correct: Some(3), output_spread: 1.0, target_spread: 1.0 };
    /// assert_eq!(fit.accuracy(), Some(0.75));
    /// ```
    pub fn accuracy(&self) -> Option<f64> {
        let correct = self.correct?;
        (self.samples > 0).then(|| correct as f64 / self.samples as f64)
    }

    /// Whether the network answers (nearly) the same whatever the input although the targets differ.
    /// FACT, NFA and eNFA then all agree with `WᵀW`, and mean nothing.
    ///
    /// ```
    /// use fact_core::nn::evaluate::Fit;
    /// let fit =
    ///     Fit { samples: 4, loss: 0.5, correct: Some(2), output_spread: 1e-9, target_spread: 1.0 };
    /// assert!(fit.collapsed());
    /// ```
    pub fn collapsed(&self) -> bool {
        self.output_spread <= COLLAPSED * self.target_spread && self.target_spread > 0.0
    }
}

/// Words of scratch for [`fit`] with blocks of `rows` samples.
///
/// ```
/// assert_eq!(fact_core::nn::evaluate::fit_scratch(&[64, 32, 10], 1), 84 + 40);
/// ```
pub const fn fit_scratch(widths: &[usize], rows: usize) -> usize {
    let outputs = if let [.., last] = widths { *last } else { 0 };
    mlp::forward_scratch(widths, rows).saturating_add(outputs.saturating_mul(4))
}

/// Runs all samples through the network and sums up loss, hits and spreads, in order.
///
/// Cost: one multiplication and addition a weight and sample. Scratch: [`fit_scratch`] of at least
/// one row.
///
/// # Errors
/// A length, shape or scratch error when the arguments do not fit, and [`Error::NonFinite`] when an
/// output or a target is not finite, or a sum of theirs overflows.
///
/// ```
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, evaluate, objective::Objective};
/// use fact_core::{mat::MatRef, samples::Samples, scratch::Scratch};
/// let architecture = Architecture {
///     widths: &[1, 2],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.0 };
/// let x = MatRef::new(&[1.0, 2.0], 2, 1)?;
/// let y = MatRef::new(&[1.0, 0.0, 0.0, 1.0], 2, 2)?;
/// let mut memory = [0.0; evaluate::fit_scratch(&[1, 2], 2)];
/// let samples = Samples::new(x, y)?;
/// let fit = evaluate::fit(&objective, &[1.0, 0.5], &samples, Scratch::new(&mut memory))?;
/// assert_eq!((fit.correct, fit.output_spread), (Some(1), 0.625));
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn fit<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    mut scratch: Scratch<'_, T>,
) -> Result<Fit> {
    let architecture = &objective.architecture;
    let outputs = architecture.outputs();
    architecture.check(theta)?;
    check_shape("x", (samples.len(), architecture.inputs()), samples.x().shape())?;
    check_shape("y", (samples.len(), outputs), samples.y().shape())?;
    let mut of_outputs = Spread::new(scratch.take(outputs)?, scratch.take(outputs)?);
    let mut of_targets = Spread::new(scratch.take(outputs)?, scratch.take(outputs)?);
    let rows = scratch.rows(mlp::forward_scratch(architecture.widths, 1), samples.len())?;
    let (mut done, mut loss, mut correct) = (0, 0.0, 0);
    while done < samples.len() {
        let block = samples.range(done, done + rows);
        let f = mlp::forward_any(architecture, theta, block.x(), scratch.reborrow())?;
        for (f, y) in f.rows().zip(block.y().rows()) {
            loss += objective.loss.value(f, y).to_f64();
            correct += usize::from(argmax(f) == argmax(y));
            of_outputs.add(f);
            of_targets.add(y);
        }
        done += block.len();
    }
    let (output_spread, target_spread) = (of_outputs.total(), of_targets.total());
    if !(loss + output_spread + target_spread).is_finite() {
        return Err(Error::NonFinite { what: "loss or spread" });
    }
    Ok(Fit {
        samples: samples.len(),
        loss: loss / samples.len().max(1) as f64,
        correct: (outputs > 1).then_some(correct),
        output_spread,
        target_spread,
    })
}

/// Index of the first largest element.
fn argmax<T: Scalar>(values: &[T]) -> Option<usize> {
    let mut values = values.iter().enumerate();
    let first = values.next()?;
    Some(values.fold(first, |best, other| if other.1 > best.1 { other } else { best }).0)
}

/// `Σ‖v − v̄‖²` in one pass, from differences to the first row.
struct Spread<'a, T> {
    first: &'a mut [T],
    sums: &'a mut [T],
    squares: f64,
    count: usize,
}

impl<'a, T: Scalar> Spread<'a, T> {
    fn new(first: &'a mut [T], sums: &'a mut [T]) -> Self {
        sums.fill(T::ZERO);
        Self { first, sums, squares: 0.0, count: 0 }
    }

    fn add(&mut self, row: &[T]) {
        for ((first, sum), &value) in self.first.iter_mut().zip(&mut *self.sums).zip(row) {
            if self.count == 0 {
                *first = value;
            }
            let difference = value - *first;
            *sum += difference;
            self.squares += (difference * difference).to_f64();
        }
        self.count += 1;
    }

    fn total(&self) -> f64 {
        let squared_sums = self.sums.iter().fold(0.0, |total, sum| {
            let sum = sum.to_f64();
            total + sum * sum
        });
        let total = self.squares - squared_sums / self.count.max(1) as f64;
        // Rounding may leave less than nothing; `max` would make 0 of a NaN as well.
        if total < 0.0 { 0.0 } else { total }
    }
}
