//! Gradients of a network on every core: blocks of samples pass through it side by side, then each
//! thread adds up weights of its own, the blocks in order. So neither the number of threads nor the
//! width of vectors changes any bit.

use super::wide;
use fact_core::mat::MatRef;
use fact_core::nn::mlp;
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};
use rayon::prelude::*;

/// Samples of a block. Changes no bit of any result.
const ROWS: usize = 256;

/// Blocks whose traces are held.
const BLOCKS: usize = 8;

/// Multiplications of a gradient from which on threads share it.
const MANY: usize = 1 << 20;

/// Memory for passes through a network.
#[derive(Clone, Debug)]
pub struct Passes<T> {
    traces: Vec<T>,
    losses: Vec<f64>,
}

/// Outputs of one layer, whose gradient one thread adds up.
struct Share<'a, T> {
    layer: usize,
    first: usize,
    weight: &'a mut [T],
    bias: &'a mut [T],
}

/// A block of samples and its trace.
#[derive(Clone, Copy)]
struct Block<'a, T> {
    x: MatRef<'a, T>,
    trace: &'a [T],
}

impl<T: Scalar> Passes<T> {
    /// For passes of at most `samples` samples at a time.
    pub fn new(widths: &[usize], samples: usize) -> Self {
        let rows = held(samples);
        let traces = vec![T::ZERO; mlp::forward_scratch(widths, rows)];
        Self { traces, losses: vec![0.0; rows] }
    }

    /// Bytes of this memory, or the largest number when that is beyond counting.
    pub const fn bytes(widths: &[usize], samples: usize) -> usize {
        let rows = held(samples);
        let traces = mlp::forward_scratch(widths, rows).saturating_mul(size_of::<T>());
        traces.saturating_add(rows.saturating_mul(size_of::<f64>()))
    }

    /// [`objective::gradient`].
    ///
    /// # Errors
    /// The same.
    pub fn gradient(
        &mut self,
        objective: &Objective<'_, T>,
        theta: &[T],
        samples: &Samples<'_, T>,
        carry: T,
        gradient: &mut [T],
    ) -> Result<f64> {
        objective::gradient_by(objective, theta, samples, carry, gradient, |gradient| {
            self.add(objective, theta, samples, 0.0, gradient)
        })
    }

    /// [`train::step`], but for a whole evaluation.
    ///
    /// # Errors
    /// The same.
    pub fn step(
        &mut self,
        training: &Training<'_, T>,
        state: &mut State,
        samples: &Samples<'_, T>,
        theta: &mut [T],
        memory: &mut [T],
    ) -> Result<Event> {
        if let Optimizer::Sgd { .. } = training.optimizer {
            let scratch = Scratch::new(&mut self.traces);
            return train::step(training, state, samples, theta, memory, scratch);
        }
        let add = |theta: &[T], samples: &Samples<'_, T>, losses, gradient: &mut [T]| {
            self.add(&training.objective, theta, samples, losses, gradient)
        };
        train::step_by(training, state, samples, theta, memory, add)
    }

    /// Adds to `gradient` and `losses` those of the samples, in order.
    fn add(
        &mut self,
        objective: &Objective<'_, T>,
        theta: &[T],
        samples: &Samples<'_, T>,
        mut losses: f64,
        gradient: &mut [T],
    ) -> Result<f64> {
        let rows = self.losses.len().max(1);
        for start in (0..samples.len()).step_by(rows) {
            let samples = samples.range(start, start + rows);
            self.add_held(objective, theta, &samples, gradient)?;
            losses = self.losses.iter().take(samples.len()).fold(losses, |sum, loss| sum + loss);
        }
        Ok(losses)
    }

    /// Adds to `gradient` that of as many samples as traces are held; their losses are kept.
    fn add_held(
        &mut self,
        objective: &Objective<'_, T>,
        theta: &[T],
        samples: &Samples<'_, T>,
        gradient: &mut [T],
    ) -> Result<()> {
        let (n, architecture) = (samples.len(), &objective.architecture);
        let many = n.saturating_mul(theta.len()) >= MANY && n > ROWS;
        let parts = if many { rayon::current_num_threads() } else { 1 };
        let len = |rows| mlp::forward_scratch(architecture.widths, rows);

        let available = self.traces.len();
        let held = self.traces.get_mut(..len(n)).zip(self.losses.get_mut(..n));
        let (traces, losses) = held.ok_or(Error::Scratch { needed: len(n), available })?;
        let blocks = traces.chunks_mut(len(ROWS).max(1)).zip(losses.chunks_mut(ROWS));
        each(parts > 1, blocks.zip((0..).step_by(ROWS)), |((trace, losses), start)| {
            let block = samples.range(start, start + losses.len());
            let (x, y) = (block.x(), block.y());
            wide::deltas(architecture, objective.loss, theta, x, y, trace, losses)
        })?;

        let blocks = traces.chunks(len(ROWS).max(1)).zip((0..).step_by(ROWS));
        let blocks: Vec<Block<'_, T>> = blocks
            .map(|(trace, start)| Block { x: samples.range(start, start + ROWS).x(), trace })
            .collect();
        let mut shares = Vec::new();
        let mut rest = gradient;
        for (layer, of) in architecture.layers(theta)?.enumerate() {
            let (outputs, inputs) = of.weight.shape();
            let mut weight = rest.split_off_mut(..outputs * inputs).unwrap_or_default();
            let mut bias = rest.split_off_mut(..of.bias.len()).unwrap_or_default();
            let rows = outputs.div_ceil(parts).max(1);
            for first in (0..outputs).step_by(rows) {
                let rows = rows.min(outputs - first);
                let weight = weight.split_off_mut(..rows * inputs).unwrap_or_default();
                let bias = bias.split_off_mut(..rows.min(bias.len())).unwrap_or_default();
                shares.push(Share { layer, first, weight, bias });
            }
        }
        each(parts > 1, shares.into_iter(), |share| {
            let mut columns = Vec::new();
            for block in &blocks {
                let mut visits = mlp::visits(architecture, theta, block.x, block.trace)?;
                if let Some(visit) = visits.nth(share.layer) {
                    let inputs = visit.input.ncols().max(1);
                    let outputs = share.first..share.first + share.weight.len() / inputs;
                    let delta = columns_of(visit.delta, outputs, &mut columns)?;
                    wide::add_layer(delta, visit.input, share.weight, share.bias)?;
                }
            }
            Ok(())
        })
    }
}

/// Samples whose traces are held.
const fn held(samples: usize) -> usize {
    if samples < ROWS * BLOCKS { samples } else { ROWS * BLOCKS }
}

/// Does something with each item, on all threads or on this one.
fn each<I: Send>(
    threads: bool,
    mut items: impl Iterator<Item = I>,
    act: impl Fn(I) -> Result<()> + Sync + Send,
) -> Result<()> {
    if threads {
        items.collect::<Vec<_>>().into_par_iter().try_for_each(act)
    } else {
        items.try_for_each(act)
    }
}

/// Columns of a matrix, copied into `memory` unless they are all.
fn columns_of<'a, T: Scalar>(
    matrix: MatRef<'a, T>,
    columns: std::ops::Range<usize>,
    memory: &'a mut Vec<T>,
) -> Result<MatRef<'a, T>> {
    if columns.len() == matrix.ncols() {
        return Ok(matrix);
    }
    memory.clear();
    for row in matrix.rows() {
        memory.extend_from_slice(row.get(columns.clone()).unwrap_or_default());
    }
    MatRef::new(memory, matrix.nrows(), columns.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fact_core::nn::{Activation, Architecture, Bias, Loss};
    use fact_core::rng::Rng;
    use rayon::ThreadPoolBuilder;

    /// Value and gradient, as bits, by the core and by [`Passes`] on one to eight threads.
    fn same_bits<T: Scalar>(n: usize, widths: &[usize], bias: Bias) {
        let mut rng = Rng::new(3);
        let mut values =
            |len: usize| -> Vec<T> { (0..len).map(|_| T::from_f64(rng.uniform() - 0.5)).collect() };
        let (hidden, output) = (Activation::Tanh, Activation::Identity);
        let architecture = Architecture { widths, hidden, output, bias };
        let (d, c) = (architecture.inputs(), architecture.outputs());
        let (x, y, theta) = (values(n * d), values(n * c), values(architecture.params()));
        let samples =
            Samples::new(MatRef::new(&x, n, d).unwrap(), MatRef::new(&y, n, c).unwrap()).unwrap();
        let lambda = T::from_f64(0.01);
        let objective = Objective { architecture, loss: Loss::HalfSquared, lambda };
        let carried = values(theta.len());
        let carry = T::from_f64(0.9);
        let bits = |value: f64, gradient: &[T]| -> Vec<u64> {
            let gradient = gradient.iter().map(|value| value.to_f64().to_bits());
            gradient.chain([value.to_bits()]).collect()
        };
        let mut gradient = carried.clone();
        let mut memory = vec![T::ZERO; objective::gradient_scratch(widths, 3)];
        let lent = Scratch::new(&mut memory);
        let value =
            objective::gradient(&objective, &theta, &samples, carry, &mut gradient, lent).unwrap();
        let expected = bits(value, &gradient);
        for threads in 1..=8 {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = carried.clone();
            let mut passes = Passes::new(widths, n);
            let value = pool
                .install(|| passes.gradient(&objective, &theta, &samples, carry, &mut gradient))
                .unwrap();
            assert!(bits(value, &gradient) == expected, "{n} samples, {widths:?}, {threads}");
        }
    }

    #[test]
    fn memory_for_another_network_is_refused() {
        let (x, y) = ([0.5; 8], [1.0; 4]);
        let (x, y) = (MatRef::new(&x, 4, 2).unwrap(), MatRef::new(&y, 4, 1).unwrap());
        let samples = Samples::new(x, y).unwrap();
        let (hidden, output, bias) = (Activation::Tanh, Activation::Identity, Bias::None);
        let architecture = Architecture { widths: &[2, 5, 1], hidden, output, bias };
        let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.1 };
        let (theta, mut gradient) = ([0.1; 15], [0.0; 15]);
        for (mut passes, fits) in [
            (Passes::new(&[2, 5, 1], 4), true),
            (Passes::new(&[2, 5, 1], 1), true),
            (Passes::new(&[2, 5, 1], 0), false),
            (Passes::new(&[2, 1], 4), false),
        ] {
            let value = passes.gradient(&objective, &theta, &samples, 0.0, &mut gradient);
            assert_eq!(value.is_ok(), fits, "{value:?}");
        }
    }

    #[test]
    fn threads_change_no_bit() {
        for (n, widths, bias) in [
            (0, &[3, 2][..], Bias::Free),
            (1, &[1, 1], Bias::Decayed),
            (257, &[20, 130, 70, 3], Bias::Free),
            (400, &[64, 37, 10], Bias::None),
            (2100, &[30, 17, 5], Bias::Decayed),
        ] {
            same_bits::<f32>(n, widths, bias);
            same_bits::<f64>(n, widths, bias);
        }
    }
}
