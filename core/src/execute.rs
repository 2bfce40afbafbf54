//! Where long loops run: here, or wherever the caller takes them.
//!
//! A [`Job`] computes some outputs from operands that are only read. Two halves of it write different
//! outputs, and each output is the same sum in the same order wherever it is made: so an
//! [`Executor`] may hand parts to threads, or compile them for wider vectors, and no bit changes.
//! Functions with an executor are named `…_by`; those without one run [`Sequential`].

use crate::scalar::Scalar;

/// Outputs to be computed.
pub trait Job<T>: Sized + Send {
    /// Multiplications that it takes, about: what tells whether another thread pays.
    fn cost(&self) -> usize;

    /// Two jobs of about half the outputs each, which together are this one.
    fn split(self) -> (Self, Self);

    /// Computes them. `memory`, of the length that came with the job, is overwritten; a part of the
    /// job needs as much.
    fn run(self, memory: &mut [T]);
}

/// Runs jobs.
pub trait Executor {
    /// Returns when all of the job is done. `memory` is overwritten.
    fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]);
}

/// One after the other, here.
///
/// ```
/// use fact_core::{execute::Sequential, linalg::cholesky};
/// let mut a = [4.0, 2.0, 10.0];
/// cholesky::factor_packed_by(&Sequential, 2, &mut a)?;
/// assert_eq!(a, [2.0, 1.0, 3.0]);
/// # Ok::<(), fact_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequential;

impl Executor for Sequential {
    // In an instance of its own a job's accumulators were spilled: Cholesky took twice the instructions.
    #[inline(always)]
    fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
        job.run(memory);
    }
}
