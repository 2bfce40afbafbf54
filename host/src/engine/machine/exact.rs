//! The exact engine: `fact-core` with memory from the heap, on all threads and the widest vectors.
//!
//! Both work on different outputs, so neither changes a bit.

use super::{Engine, Feature, Stage, Watch};
use crate::engine::wide::{Threads, Wide};
use crate::error::Result;
use fact_core::features::Measured;
use fact_core::kernel::{
    Kernel, Metric, Predictor, Ridge, Solved, Update, agop, fact, jacobian_scratch,
    predict_scratch, ridge, tau, update,
};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use rayon::prelude::*;

/// Samples taken at once. Changes no bit of any result.
pub(super) const ROWS: usize = 64;

/// To the bit what a device computes.
#[derive(Clone, Copy)]
pub struct Exact<'a> {
    /// Hears of stages when they end.
    pub watch: Watch<'a>,
}

impl<T: Scalar> Engine<T> for Exact<'_> {
    fn solve(
        &self,
        kernel: Kernel<T>,
        metric: MatRef<'_, T>,
        ridge: Ridge<T>,
        samples: &Samples<'_, T>,
        dual: &mut [T],
    ) -> Result<Solved<T>> {
        let ((n, d), c) = (samples.x().shape(), samples.y().ncols());
        let mut memory = vec![T::ZERO; ridge::solve_scratch(n, d)];
        let dual = MatMut::new(dual, n, c)?;
        let (metric, scratch) = (Metric::Full(metric), Scratch::new(&mut memory));
        (self.watch)(Stage::Factor, 0.0);
        let solved = ridge::solve_by(&Threads, kernel, metric, ridge, samples, dual, scratch)?;
        (self.watch)(Stage::Factor, 1.0);
        Ok(solved)
    }

    fn predict(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()> {
        let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
        let blocks =
            x.data().par_chunks((ROWS * d).max(1)).zip(out.par_chunks_mut((ROWS * c).max(1)));
        blocks.try_for_each_init(
            || vec![T::ZERO; predict_scratch(n, d, ROWS)],
            |memory, (x, out)| {
                let rows = x.len() / d.max(1);
                let (x, out) = (MatRef::new(x, rows, d)?, MatMut::new(out, rows, c)?);
                machine.predict_by(&Wide, x, out, Scratch::new(memory))
            },
        )?;
        (self.watch)(Stage::Predict, 1.0);
        Ok(())
    }

    fn jacobians(&self, machine: &Predictor<'_, T>, x: MatRef<'_, T>, out: &mut [T]) -> Result<()> {
        let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
        let points =
            x.data().par_chunks_exact(d.max(1)).zip(out.par_chunks_exact_mut((c * d).max(1)));
        points.try_for_each_init(
            || vec![T::ZERO; jacobian_scratch(n, d)],
            |memory, (x, out)| machine.jacobian(x, MatMut::new(out, c, d)?, Scratch::new(memory)),
        )?;
        Ok(())
    }

    fn features(&self, machine: &Predictor<'_, T>, feature: Feature, out: &mut [T]) -> Result<()> {
        let ((n, d), c) = (machine.x.shape(), machine.dual.ncols());
        let out = MatMut::new(out, d, d)?;
        let words = match feature {
            Feature::Agop(_) => agop::agop_scratch(n, d, c, ROWS),
            Feature::Fact(_) => fact::fact_scratch(n, d, ROWS),
        };
        let mut memory = vec![T::ZERO; words];
        let scratch = Scratch::new(&mut memory);
        match feature {
            Feature::Agop(centering) => agop::agop_by(&Threads, machine, centering, out, scratch)?,
            Feature::Fact(centering) => fact::fact_by(&Threads, machine, centering, out, scratch)?,
        }
        (self.watch)(Stage::Features, 1.0);
        Ok(())
    }

    fn next_metric(
        &self,
        update: Update<T>,
        features: MatRef<'_, T>,
        metric: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<()> {
        let mut memory = vec![T::ZERO; update::next_metric_scratch(metric.ncols())];
        let scratch = Scratch::new(&mut memory);
        Ok(update::next_metric(update, features, metric, out, scratch)?)
    }

    fn tau(&self, machine: &Predictor<'_, T>) -> Result<Measured> {
        let (n, d) = machine.x.shape();
        let mut memory = vec![T::ZERO; tau::tau_fit_scratch(n, d, ROWS)];
        Ok(tau::tau_fit_by(&Threads, machine, Scratch::new(&mut memory))?.r2)
    }
}
