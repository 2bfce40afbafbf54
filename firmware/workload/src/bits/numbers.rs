//! Random numbers and elementary functions.

use super::add;
use fact_core::Result;
use fact_core::fingerprint::Fingerprint;
use fact_core::nn::schedule::Schedule;
use fact_core::rng::{Permutation, Rng};
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

pub(super) fn numbers<T: Scalar>(_: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let mut rng = Rng::new(4);
    for index in 0..64 {
        hash.bytes(&rng.next_u64().to_le_bytes());
        hash.bytes(&rng.uniform().to_bits().to_le_bytes());
        let x: T = rng.normal();
        let positive = x.abs() + T::MIN_POSITIVE;
        let order = Permutation::new(index + 1, 7);
        add(
            &mut hash,
            &[
                x,
                T::from_usize(order.index(index / 2)),
                positive.sqrt(),
                (T::TWO * x).exp(),
                positive.ln(),
                positive.ln_1p(),
                x.tanh(),
                positive.powf(x),
                x.erf(),
                x.max(T::HALF),
                x.min(T::HALF),
                x / (T::ONE + positive),
            ],
        )?;
    }
    let (every, factor) = (3, T::HALF);
    for schedule in [
        Schedule::Constant,
        Schedule::Step { every, factor },
        Schedule::Inverse { half: 5 },
        Schedule::Cosine { total: 12 },
        Schedule::WarmUp { updates: 4 },
    ] {
        for t in 0..16 {
            add(&mut hash, &[schedule.rate(T::from_f64(0.1), t)])?;
        }
    }
    Ok(hash)
}
