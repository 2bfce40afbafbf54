//! Kernel machines with two engines behind one trait: [`Exact`] calls `fact-core`, to the bit what a
//! device computes; [`Fast`] is blocked and threaded, and agrees with it to rounding.

mod blocks;
mod exact;
mod fast;
mod forms;
mod gradients;
mod pages;
mod powers;
mod profile;
mod tiles;
mod triangle;

pub use exact::Exact;
pub use fast::Fast;
pub(crate) use fast::{PARTS, block_words};
pub use profile::Real;
pub(crate) use triangle::triangle_words;

use crate::error::Result;
use fact_core::features::Measured;
use fact_core::kernel::{Centering, Kernel, Predictor, Ridge, Solved, Update};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;

/// A part of a round, for the progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The Gram matrix is formed.
    Gram,
    /// It is factored.
    Factor,
    /// Predictions are made.
    Predict,
    /// Gradients are averaged.
    Features,
}

/// Hears how much of a stage, from 0 to 1, is done; called from several threads.
pub type Watch<'a> = &'a (dyn Fn(Stage, f64) + Sync);

/// A matrix that the next metric is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The average gradient outer product, centred or not.
    Agop(Centering),
    /// FACT.
    Fact(Centering),
}

/// What a round of a Recursive Feature Machine is made of. `n` samples, `d` inputs, `c` outputs;
/// metrics are dense.
pub trait Engine<T: Scalar> {
    /// The dual of `(K + rI)α = Y`, `n×c`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) as [`fact_core::kernel::ridge::solve`].
    fn solve(
        &self,
        kernel: Kernel<T>,
        metric: MatRef<'_, T>,
        ridge: Ridge<T>,
        samples: &Samples<'_, T>,
        dual: &mut [T],
    ) -> Result<Solved<T>>;

    /// Predictions at each row of `x`, `m×c`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when shapes do not fit.
    fn predict(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()>;

    /// The Jacobian `∂f/∂x`, `c×d`, at each row of `x`: `m×(c·d)`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when shapes do not fit.
    fn jacobians(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()>;

    /// Writes AGOP or FACT, `d×d`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when shapes do not fit.
    fn features(&self, machine: &Predictor<'_, T>, feature: Feature, out: &mut [T]) -> Result<()>;

    /// The metric that follows `metric`, of the matrix that `update` is made of, before rescaling.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when the scale breaks down.
    fn next_metric(
        &self,
        update: Update<T>,
        features: MatRef<'_, T>,
        metric: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<()>;

    /// R² of the fit of τ to `k′`, which inner-product kernels have.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when shapes do not fit.
    fn tau(&self, machine: &Predictor<'_, T>) -> Result<Measured>;
}
