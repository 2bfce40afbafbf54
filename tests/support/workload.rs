//! Small random problems: shapes, activations and losses drawn by proptest, values by a seed that
//! is part of the problem's name and so of every failure message.
//!
//! Every value is a multiple of 1/1024, so `f32` and `f64` see exactly the same problem.

use crate::dense::Matrix;
use crate::oracle::{Activation, Bias, Loss, Problem, STEP};
use fact_core::scalar::Scalar;
use proptest::prelude::*;
use proptest::sample::select;

/// So many cases. The seed of a failure is in its message, so no file remembers it.
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Every activation.
pub fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        6 => smooth_activation(),
        4 => homogeneous_activation(),
        2 => Just(Activation::SmoothRelu { epsilon: 0.125 }),
    ]
}

/// Activations with derivatives of all orders.
pub fn smooth_activation() -> impl Strategy<Value = Activation> {
    select(vec![
        Activation::Identity,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Quadratic,
    ])
}

/// Activations with `σ(az) = aᵏσ(z)`.
pub fn homogeneous_activation() -> impl Strategy<Value = Activation> {
    select(vec![
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.25 },
        Activation::Quadratic,
    ])
}

/// Every loss.
pub fn any_loss() -> impl Strategy<Value = Loss> {
    select(Loss::ALL.to_vec())
}

/// Every use of biases.
pub fn any_bias() -> impl Strategy<Value = Bias> {
    select(Bias::ALL.to_vec())
}

/// Problems of 1 to 4 layers, widths 1 to 6 and 0 to 6 samples, at weights far from convergence.
pub fn problem() -> impl Strategy<Value = Problem> {
    problem_with(any_activation(), any_bias())
}

/// [`problem`] with no value near a kink, so that differences of function values can be trusted.
pub fn problem_off_kinks() -> impl Strategy<Value = Problem> {
    problem().prop_filter("a value is near a kink", |p| p.kink_distance() > 64.0 * STEP)
}

/// [`problem`] with these hidden activations and biases. The output is linear in three of four
/// draws.
pub fn problem_with(
    hidden: impl Strategy<Value = Activation>,
    bias: impl Strategy<Value = Bias>,
) -> impl Strategy<Value = Problem> {
    let output = prop_oneof![3 => Just(Activation::Identity), 1 => any_activation()];
    let widths = prop::collection::vec(1_usize..=6, 2..=5);
    let lambda = select(vec![0.5, 0.125, 1.0 / 64.0, 1.0 / 1024.0]);
    (widths, 0_usize..=6, hidden, output, any_loss(), bias, lambda, any::<u64>()).prop_map(
        |(widths, samples, hidden, output, loss, bias, lambda, seed)| {
            instance(widths, samples, hidden, output, loss, bias, lambda, seed)
        },
    )
}

/// The problem of these dimensions that belongs to `seed`.
#[expect(clippy::too_many_arguments, reason = "one for each dimension of the draw")]
pub fn instance(
    widths: Vec<usize>,
    samples: usize,
    hidden: Activation,
    output: Activation,
    loss: Loss,
    bias: Bias,
    lambda: f64,
    seed: u64,
) -> Problem {
    let mut state = seed;
    let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
    let mut theta = vec![];
    for pair in widths.windows(2) {
        // About 1/√fan_in, so that the values keep their scale from layer to layer.
        let bound = (1024.0 / (pair[0] as f64).sqrt()) as u64;
        theta.extend(draw(&mut state, pair[0] * pair[1], bound));
        if bias != Bias::None {
            theta.extend(draw(&mut state, pair[1], 512));
        }
    }
    let x = Matrix::new(samples, inputs, &draw(&mut state, samples * inputs, 1024));
    let mut y = Matrix::new(samples, outputs, &draw(&mut state, samples * outputs, 1024));
    if loss == Loss::CrossEntropy {
        for i in 0..samples {
            let class = (next(&mut state) % outputs as u64) as usize;
            (0..outputs).for_each(|k| y[(i, k)] = f64::from(u8::from(k == class)));
        }
    }
    let name = format!("seed {seed}");
    Problem { name, widths, hidden, output, bias, loss, lambda, theta, x, y }
}

/// `len` multiples of 1/1024 in `[−bound/1024, bound/1024]`.
fn draw(state: &mut u64, len: usize, bound: u64) -> Vec<f64> {
    (0..len).map(|_| ((next(state) % (2 * bound + 1)) as f64 - bound as f64) / 1024.0).collect()
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The same values in the precision under test.
pub fn cast<T: Scalar>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}
