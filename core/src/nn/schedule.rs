//! Learning-rate schedules.

use crate::scalar::Scalar;

/// How the rate changes with the number of updates made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule<T> {
    /// Always the same.
    Constant,
    /// Times `factor` after every `every` updates.
    Step {
        /// Updates between two drops, at least 1.
        every: u32,
        /// What the rate is multiplied by.
        factor: T,
    },
    /// Divided by `1 + t/half`: half the rate after `half` updates (Robbins–Monro).
    Inverse {
        /// Updates until the rate has halved.
        half: u32,
    },
    /// Half a cosine from the full rate to 0 over `total` updates, 0 from then on.
    Cosine {
        /// Updates until the rate is 0.
        total: u32,
    },
    /// Rises linearly to the full rate over the first `updates`, then stays.
    WarmUp {
        /// Updates until the rate is full.
        updates: u32,
    },
}

impl<T: Scalar> Schedule<T> {
    /// The rate of update `t`, counted from 0, for a full rate `rate`.
    ///
    /// ```
    /// use fact_core::nn::schedule::Schedule;
    /// let halved = Schedule::Step { every: 10, factor: 0.5_f32 };
    /// assert_eq!((halved.rate(0.8, 9), halved.rate(0.8, 25)), (0.8, 0.2));
    /// assert_eq!(Schedule::Inverse { half: 4 }.rate(1.0_f64, 4), 0.5);
    /// ```
    pub fn rate(self, rate: T, t: u32) -> T {
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        match self {
            Self::Constant => rate,
            Self::Step { every, factor } => {
                rate * factor.powf(T::from_f64(f64::from(t / every.max(1))))
            }
            Self::Inverse { half } => rate / T::from_f64(1.0 + share(t, half)),
            Self::Cosine { total } => {
                let part = if t < total { share(t, total) } else { 1.0 };
                rate * T::from_f64(half_cosine(part))
            }
            Self::WarmUp { updates } => {
                rate * T::from_f64(
                    share((t.saturating_add(1)).min(updates), updates).max(if updates == 0 {
                        1.0
                    } else {
                        0.0
                    }),
                )
            }
        }
    }
}

/// `½(1 + cos πx)`. Not inlined: the cosine's buffers would lie on the stack under every schedule.
#[inline(never)]
fn half_cosine(x: f64) -> f64 {
    0.5 * (1.0 + libm::cos(core::f64::consts::PI * x))
}
