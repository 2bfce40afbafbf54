//! Plain gradient descent along which FACT and `WᵀW` are averaged.
//!
//! On a kink of a ReLU, and under the noise of mini-batches, the gradient never vanishes at any one
//! step. On average it does: by `W_{t+1} = W_t − η(∇L + λW_t)` the steps telescope,
//! `Σ η(∇L + λW) = W_0 − W_T`, which stays bounded while the number of steps grows. So the averages
//! of `FACT` and of `WᵀW` approach one another, up to the `η/2` times the mean square of a step that
//! the product leaves.

use super::{Passes, Problem};
use crate::error::Result;
use crate::experiment::Matrix;
use fact_core::features::{fact, neural};
use fact_core::linalg::blas::axpy;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::schedule::Schedule;
use fact_core::rng::{Permutation, Rng};
use fact_core::samples::Samples;

/// How to descend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The rate `η` at first.
    pub rate: f64,
    /// Steps after which the rate has halved, falling as `1/t`; constant when not given.
    pub half: Option<u32>,
    /// Samples a step, drawn without replacement; all when not given.
    pub batch: Option<usize>,
    /// Steps.
    pub steps: u32,
    /// Seed of the order of samples.
    pub seed: u64,
}

/// Averages of one layer over the steps, weighted by their rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Averaged {
    /// FACT of the gradients that were followed.
    pub fact: Matrix,
    /// `WᵀW`.
    pub nfm: Matrix,
}

/// Descends from `theta`, which is left at the last point, and averages every layer. At `λ = 0` FACT
/// is left at zero. `watch` is told the share of steps done.
///
/// # Errors
/// [`Error::Core`](crate::error::Error::Core) when the objective overflows: the rate is too large.
pub fn descend(
    problem: &Problem<f64>,
    descent: &Descent,
    theta: &mut [f64],
    mut watch: impl FnMut(f64),
) -> Result<Vec<Averaged>> {
    let all = problem.samples()?;
    let (decayed, architecture) = (problem.objective(), problem.architecture());
    let lambda = problem.lambda();
    let schedule = descent.half.map_or(Schedule::Constant, |half| Schedule::Inverse { half });
    let mut batches = Batches::new(&all, descent);
    let mut passes = Passes::new(problem.widths(), all.len());
    let mut gradient = vec![0.0; theta.len()];
    let mut sums: Vec<Averaged> = problem
        .widths()
        .iter()
        .take(problem.widths().len() - 1)
        .map(|&d| Averaged { fact: Matrix::zeros(d, d), nfm: Matrix::zeros(d, d) })
        .collect();
    let mut formed = Vec::new();
    let mut weight = 0.0;
    for t in 0..descent.steps {
        let samples = batches.next(&all)?;
        passes.gradient(&decayed, theta, &samples, 0.0, &mut gradient)?;
        let rate = schedule.rate(descent.rate, t);
        weight += rate;
        let layers = architecture.layers(theta)?.zip(architecture.layers(&gradient)?);
        for ((layer, slope), sum) in layers.zip(&mut sums) {
            let d = sum.nfm.ncols;
            formed.resize(d * d, 0.0);
            neural::feature_matrix(layer.weight, MatMut::new(&mut formed, d, d)?)?;
            axpy(rate, &formed, &mut sum.nfm.data);
            // From the gradient with decay, FACT comes out as FACT − WᵀW.
            let claim = MatMut::new(&mut formed, d, d)?;
            if fact::from_gradient(lambda, layer.weight, slope.weight, claim)?.is_ok() {
                axpy(rate, &formed, &mut sum.fact.data);
            }
        }
        axpy(-rate, &gradient, theta);
        if t % 64 == 0 {
            watch(f64::from(t) / f64::from(descent.steps));
        }
    }
    let scale = 1.0 / if weight > 0.0 { weight } else { 1.0 };
    for sum in &mut sums {
        for (fact, nfm) in sum.fact.data.iter_mut().zip(&mut sum.nfm.data) {
            *nfm *= scale;
            *fact = *fact * scale + if lambda == 0.0 { 0.0 } else { *nfm };
        }
    }
    Ok(sums)
}

/// Batches of equal size: the samples in ever new order, an epoch after the other.
struct Batches {
    size: Option<usize>,
    x: Vec<f64>,
    y: Vec<f64>,
    seed: u64,
    order: Permutation,
    taken: usize,
    epochs: u64,
}

impl Batches {
    fn new(all: &Samples<'_, f64>, descent: &Descent) -> Self {
        let size = descent.batch.filter(|&size| size > 0 && size < all.len());
        let order = Permutation::new(all.len(), descent.seed);
        let (x, y) = (Vec::new(), Vec::new());
        Self { size, x, y, seed: descent.seed, order, taken: 0, epochs: 0 }
    }

    /// The next batch.
    fn next<'a>(&'a mut self, all: &Samples<'a, f64>) -> Result<Samples<'a, f64>> {
        let Some(size) = self.size else { return Ok(*all) };
        self.x.clear();
        self.y.clear();
        for _ in 0..size {
            if self.taken == all.len() {
                self.taken = 0;
                self.epochs += 1;
                let seed = Rng::new(self.seed ^ (self.epochs << 32)).next_u64();
                self.order = Permutation::new(all.len(), seed);
            }
            let index = self.order.index(self.taken);
            self.taken += 1;
            self.x.extend_from_slice(all.x().row(index).unwrap_or_default());
            self.y.extend_from_slice(all.y().row(index).unwrap_or_default());
        }
        let x = MatRef::new(&self.x, size, all.x().ncols())?;
        let y = MatRef::new(&self.y, size, all.y().ncols())?;
        Ok(Samples::new(x, y)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Activation, Bias, Loss, Optimizer, Precision, Training};

    fn iris(lambda: f64) -> Problem<f64> {
        let mut data = crate::data::builtin("iris").unwrap().unwrap();
        data.standardize_features().unwrap();
        Problem::new(
            &data,
            &Training {
                hidden: vec![3],
                activation: Activation::Tanh,
                loss: Loss::HalfMse,
                lambda,
                bias: Bias::None,
                seed: 0,
                precision: Precision::F64,
                optimizer: Optimizer::Gd,
                rate: 0.1,
                evaluations: 1,
                tolerance: 1e-6,
            },
        )
    }

    /// Some weights: 4-3-3 without biases.
    fn weights() -> Vec<f64> {
        (0..21).map(|k| (f64::from(k) * 1.7).sin()).collect()
    }

    #[test]
    fn the_symmetric_part_of_the_averages_telescopes() {
        let (lambda, rate, steps) = (0.1, 1e-4, 40);
        let problem = iris(lambda);
        for batch in [None, Some(16)] {
            let mut theta = weights();
            let descent = Descent { rate, half: None, batch, steps, seed: 3 };
            let averaged = descend(&problem, &descent, &mut theta, |_| {}).unwrap();
            let square = |theta: &[f64], i: usize, j: usize| -> f64 {
                (0..3).map(|unit| theta[4 * unit + i] * theta[4 * unit + j]).sum()
            };
            let layer = &averaged[0];
            for i in 0..4 {
                for j in 0..4 {
                    let gap = |i, j| layer.fact.at(i, j) - layer.nfm.at(i, j);
                    let found = 0.5 * (gap(i, j) + gap(j, i));
                    // M_T = M_0 − η Σ (WᵀG + GᵀW) + η² Σ GᵀG, and FACT − WᵀW = −WᵀG/λ.
                    let moved = square(&weights(), i, j) - square(&theta, i, j);
                    let expected = -moved / (2.0 * rate * f64::from(steps) * lambda);
                    assert!((found - expected).abs() < 1e-2, "{i} {j}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn decreasing_steps_weigh_less_and_no_decay_leaves_no_fact() {
        let descent = Descent { rate: 0.01, half: Some(1), batch: None, steps: 2, seed: 0 };
        let mut theta = weights();
        let averaged = descend(&iris(0.0), &descent, &mut theta, |_| {}).unwrap();
        assert_eq!(averaged[0].fact.largest(), 0.0);
        let first = |steps| {
            let descent = Descent { steps, half: None, ..descent };
            let averaged = descend(&iris(0.0), &descent, &mut weights(), |_| {}).unwrap();
            averaged[1].nfm.data[0]
        };
        // Steps of 0.01 and 0.005: the second counts a third, not half.
        let (one, both) = (first(1), first(2));
        let second = 2.0 * both - one;
        let expected = (2.0 * one + second) / 3.0;
        assert!((averaged[1].nfm.data[0] - expected).abs() < 1e-12);
        assert!((both - expected).abs() > 1e-9);
    }

    #[test]
    fn an_epoch_takes_every_sample_once_and_the_next_in_another_order() {
        let numbers: Vec<f64> = (0..6).map(f64::from).collect();
        let column = MatRef::new(&numbers, 6, 1).unwrap();
        let all = Samples::new(column, column).unwrap();
        let batch = Some(2);
        let descent = Descent { rate: 0.1, half: None, batch, steps: 1, seed: 4 };
        let mut batches = Batches::new(&all, &descent);
        let mut epoch = || {
            let mut seen = Vec::new();
            for _ in 0..3 {
                seen.extend_from_slice(batches.next(&all).unwrap().x().data());
            }
            seen
        };
        let (mut first, second) = (epoch(), epoch());
        assert_ne!(first, second);
        first.sort_by(f64::total_cmp);
        assert_eq!(first, numbers);
    }
}
