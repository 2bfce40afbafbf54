//! FACT-RFM on a parity problem, in the caller's buffers: the machine finds out which of its inputs
//! the label depends on.

use crate::text::{Number, Out, put};
use fact_core::Result;
use fact_core::kernel::{
    Centering, Kernel, Predictor, Rescale, Rfm, Ridge, Shape, Update, predict_scratch, rfm,
};
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;

/// Samples to learn from.
pub const N: usize = 40;
/// Binary inputs.
pub const D: usize = 8;
/// Words of the inputs.
pub const INPUTS: usize = N * D;
/// Words of the metric.
pub const METRIC: usize = D * D;
/// Words of scratch for learning.
pub const FIT: usize = rfm::fit_scratch(N, D, 1);
/// Words of scratch for one prediction.
pub const PREDICT: usize = predict_scratch(N, D, 1);
/// Bytes of all buffers.
pub const BYTES: usize = size_of::<f32>() * (INPUTS + 2 * N + METRIC + FIT + PREDICT);
/// The inputs that the label is the parity of.
const SUPPORT: [usize; 3] = [1, 4, 6];
const ROUNDS: u32 = 6;

/// What `run` works in.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// [`INPUTS`] words.
    pub x: &'a mut [f32],
    /// [`N`] words.
    pub y: &'a mut [f32],
    /// [`METRIC`] words.
    pub metric: &'a mut [f32],
    /// [`N`] words.
    pub dual: &'a mut [f32],
    /// [`FIT`] words.
    pub fit: &'a mut [f32],
    /// [`PREDICT`] words.
    pub predict: &'a mut [f32],
}

/// Learns, prints the accuracy on all 2⁸ inputs round by round, and answers whether the last round
/// makes no mistake and its metric weighs the right inputs most.
///
/// # Errors
/// A length error when a buffer is not of the length given above; a failed fit.
pub fn run(buffers: Buffers<'_>, out: &mut Out<'_>) -> Result<bool> {
    let Buffers { x, y, metric, dual, fit, predict } = buffers;
    out("rfm: ");
    put(out, Number::Whole(N as u64), 0);
    out(" samples of ");
    put(out, Number::Whole(D as u64), 0);
    out(" bits, label the parity of three of them, f32\nbuffers ");
    put(out, Number::Whole(BYTES as u64), 0);
    out(" bytes\n\nround  accuracy\n");
    draw(x, y);
    let mut view = MatMut::new(metric, D, D)?;
    for (i, row) in view.rows_mut().enumerate() {
        row.iter_mut().enumerate().for_each(|(j, m)| *m = if i == j { 1.0 } else { 0.0 });
    }
    let machine = Rfm {
        kernel: Kernel::Gaussian { bandwidth: 1.5 },
        ridge: Ridge::Absolute(1e-3),
        update: Update::Fact,
        rescale: Rescale::Trace,
        centering: Centering::None,
        shape: Shape::Full,
    };
    let samples = Samples::new(MatRef::new(x, N, D)?, MatRef::new(y, N, 1)?)?;
    let (dual, lent) = (MatMut::new(dual, N, 1)?, Scratch::new(fit));
    let mut last = 0.0;
    let observe = |round: rfm::Round<'_, f32>| {
        // A prediction that fails is none that is right.
        last = accuracy(&round.predictor, predict).unwrap_or(0.0);
        put(out, Number::Whole(round.round.into()), 5);
        put(out, Number::Fixed(last, 1), 8);
        out(" %\n");
    };
    rfm::fit(&machine, &samples, ROUNDS, view, dual, observe, lent).map_err(|f| f.error)?;
    let found = support(metric, out);
    Ok(found && last == 100.0)
}

/// Random inputs with their parities, as ±1.
#[inline(never)]
fn draw(x: &mut [f32], y: &mut [f32]) {
    let mut rng = Rng::new(1);
    let mut rest = x.iter_mut();
    for y in y {
        let bits = rng.next_u32();
        rest.by_ref().take(D).enumerate().for_each(|(j, x)| *x = bit(bits, j));
        *y = label(bits);
    }
}

fn bit(bits: u32, j: usize) -> f32 {
    (bits >> j & 1) as f32
}

fn label(bits: u32) -> f32 {
    let parity = SUPPORT.iter().fold(0, |parity, &j| parity ^ bits >> j & 1);
    2.0 * parity as f32 - 1.0
}

/// The percentage of all inputs whose label has the sign of the prediction.
#[inline(never)]
fn accuracy(predictor: &Predictor<'_, f32>, memory: &mut [f32]) -> Result<f64> {
    let mut hits = 0;
    for bits in 0..1 << D {
        let (mut x, mut f) = ([0.0; D], [0.0]);
        x.iter_mut().enumerate().for_each(|(j, x)| *x = bit(bits, j));
        let (x, out) = (MatRef::new(&x, 1, D)?, MatMut::new(&mut f, 1, 1)?);
        predictor.predict(x, out, Scratch::new(memory))?;
        let [f] = f;
        hits += u32::from(f * label(bits) > 0.0);
    }
    Ok(100.0 * f64::from(hits) / f64::from(1 << D))
}

/// Prints the inputs of the largest weights and their share of all weight; answers whether they are
/// those of the parity.
#[inline(never)]
fn support(metric: &[f32], out: &mut Out<'_>) -> bool {
    let diagonal = || metric.iter().step_by(D + 1).copied();
    let total: f32 = diagonal().fold(0.0, |sum, m| sum + m);
    let mut share = 0.0;
    let mut right_ones = 0;
    out("\nlearned support");
    for (j, weight) in diagonal().enumerate() {
        if diagonal().filter(|&other| other > weight).count() < SUPPORT.len() {
            out(" ");
            put(out, Number::Whole(j as u64), 0);
            share += weight;
            right_ones += usize::from(SUPPORT.contains(&j));
        }
    }
    out(", ");
    put(out, Number::Fixed(f64::from(100.0 * share / total), 1), 0);
    out(" % of the weight\n");
    right_ones == SUPPORT.len()
}
