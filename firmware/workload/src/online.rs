//! Learning from a stream, one sample a call: predict, learn, forget the sample.
//!
//! The stream is simulated: two sensors that see a bearing in one of three states, and drift.

use crate::text::{self, Out, fixed, right, whole};
use fact_core::fingerprint::Fingerprint;
use fact_core::mat::MatRef;
use fact_core::nn::init::{self, Init};
use fact_core::nn::objective::Objective;
use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths, mlp, sgd};
use fact_core::rng::Rng;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};

/// Window of readings, hidden units, states.
pub const WIDTHS: Widths<3> = Widths([8, 16, 3]);
/// Words of the parameters.
pub const THETA: usize = WIDTHS.params(Bias::Decayed);
/// Words of scratch.
pub const SCRATCH: usize = sgd::step_scratch(&WIDTHS.0);
/// Samples of a run.
const STREAM: usize = 3000;
/// Samples of a printed line.
const PERIOD: usize = 500;

/// The simulated sensor: each reading is a pure function of what came before it.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    rng: Rng,
    time: usize,
}

/// One window of readings and the state it was taken in.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    x: [f32; 8],
    y: [f32; 3],
}

impl Sensor {
    /// A sensor that is switched on.
    pub fn new() -> Self {
        Self { rng: Rng::new(2), time: 0 }
    }

    /// The next sample.
    pub fn read(&mut self) -> Sample {
        let state = (self.rng.next_u32() % 3) as usize;
        let drift = self.time as f64 / STREAM as f64;
        let mut x = [0.0; 8];
        for (index, x) in x.iter_mut().enumerate() {
            // A wave whose period tells the state, on a level that drifts.
            let phase = (index * (state + 1)) % 6;
            let wave = if phase < 3 { phase as f64 - 1.0 } else { 4.0 - phase as f64 };
            *x = (wave + 0.5 * drift + self.rng.normal::<f64>()) as f32;
        }
        let mut y = [0.0; 3];
        for (index, y) in y.iter_mut().enumerate() {
            *y = if index == state { 1.0 } else { 0.0 };
        }
        self.time += 1;
        Sample { x, y }
    }
}

impl Default for Sensor {
    fn default() -> Self {
        Self::new()
    }
}

/// The network and how it learns.
pub fn objective() -> Objective<'static, f32> {
    Objective {
        architecture: Architecture {
            widths: &WIDTHS.0,
            hidden: Activation::Tanh,
            output: Activation::Identity,
            bias: Bias::Decayed,
        },
        loss: Loss::HalfSquared,
        lambda: 1e-4,
    }
}

/// The bounded piece of work: predicts the state of `sample`, then learns from it. Answers whether
/// the prediction was right. All that lasts from call to call is `theta`.
///
/// # Errors
/// A length or scratch error when a buffer does not fit.
pub fn learn(sample: &Sample, theta: &mut [f32], scratch: &mut [f32]) -> Result<bool> {
    let objective = objective();
    let x = MatRef::new(&sample.x, 1, sample.x.len())?;
    let f = mlp::forward(&objective.architecture, theta, x, Scratch::new(scratch))?;
    let right = largest(f.data()) == largest(&sample.y);
    sgd::step(&objective, 0.05, &sample.x, &sample.y, theta, Scratch::new(scratch))?;
    Ok(right)
}

fn largest(values: &[f32]) -> usize {
    let first = (0, f32::NEG_INFINITY);
    values.iter().enumerate().fold(first, |best, (i, &v)| if v > best.1 { (i, v) } else { best }).0
}

/// Learns the stream twice: straight through, and stopped after every call, when the scratch is
/// lost and only `theta` is kept. Answers whether both ended at the same bits, having learnt.
/// `around` is handed each call, to be timed.
///
/// # Errors
/// A length or scratch error when a buffer does not fit.
pub fn run(
    theta: &mut [f32],
    kept: &mut [f32],
    scratch: &mut [f32],
    around: &mut dyn FnMut(&mut dyn FnMut()),
    out: &mut Out<'_>,
) -> Result<bool> {
    init::fill(&objective().architecture, Init::Normal { gain: 1.0 }, 1, theta)?;
    kept.iter_mut().zip(&*theta).for_each(|(kept, &theta)| *kept = theta);
    out("online: network ");
    text::widths(out, &WIDTHS.0);
    out(", tanh, f32, one sample a call\n");
    out("samples  right before learning\n");
    let mut sensor = Sensor::new();
    let mut last = 0.0;
    for end in 1..=STREAM / PERIOD {
        let mut hits = 0;
        for _ in 0..PERIOD {
            let sample = sensor.read();
            let mut answer = Err(Error::Parameter { what: "around: must call what it is handed" });
            around(&mut || answer = learn(&sample, theta, scratch));
            hits += usize::from(answer?);
        }
        last = 100.0 * hits as f64 / PERIOD as f64;
        right(out, &whole((end * PERIOD) as u64), 7);
        right(out, &fixed(last, 1), 9);
        out(" %\n");
    }
    let straight = hash(theta);
    // The interrupted run ends where the first one did, whatever the scratch was used for meanwhile.
    let mut sensor = Sensor::new();
    for _ in 0..STREAM {
        theta.iter_mut().zip(&*kept).for_each(|(theta, &kept)| *theta = kept);
        learn(&sensor.read(), theta, scratch)?;
        kept.iter_mut().zip(&*theta).for_each(|(kept, &theta)| *kept = theta);
        theta.fill(f32::NAN);
        scratch.fill(f32::NAN);
    }
    let same = hash(kept) == straight;
    out("weights ");
    out(&text::hex(straight));
    out(if same { ", and the same when interrupted\n" } else { ", and others when interrupted\n" });
    Ok(same && last >= 85.0)
}

fn hash(theta: &[f32]) -> u64 {
    let mut hash = Fingerprint::new();
    hash.numbers(theta);
    hash.value()
}
