//! How well two matrices agree: Pearson correlation, cosine, relative residual.
//!
//! Sums run in `f64` whatever the scalar, so the measurement adds no error of its own; entries may
//! come in any portions, so neither matrix need be stored.

use super::{Measured, Missing};
use crate::scalar::Scalar;
use core::marker::PhantomData;

/// Three measures of one pair `A` (the claim) and `B` (what it is a claim about).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Correlation of the entries, the paper's measure. Blind to scale and to a common offset.
    pub pearson: Measured,
    /// `⟨A,B⟩/(‖A‖‖B‖)`. Blind to scale.
    pub cosine: Measured,
    /// `‖A − B‖/‖B‖`: FACT claims equality, and this is blind to nothing.
    pub residual: Measured,
}

impl Agreement {
    /// The same reason for each measure.
    ///
    /// ```
    /// use fact_core::features::{Missing, agreement::Agreement};
    /// assert_eq!(Agreement::missing(Missing::NoDecay).pearson, Err(Missing::NoDecay));
    /// ```
    pub const fn missing(reason: Missing) -> Self {
        Self { pearson: Err(reason), cosine: Err(reason), residual: Err(reason) }
    }
}

/// Running sums over pairs of entries.
///
/// ```
/// use fact_core::features::{Missing, agreement::Sums};
/// let mut sums = Sums::<f64>::new();
/// sums.add(&[1.0, 2.0], &[2.0, 4.0]);
/// sums.add(&[3.0], &[6.0]);
/// let agreement = sums.agreement();
/// assert!(agreement.pearson.unwrap() > 1.0 - 1e-15);
/// assert_eq!(agreement.residual, Ok(0.5));
/// assert_eq!(Sums::<f64>::new().agreement().cosine, Err(Missing::Empty));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums<T> {
    count: u64,
    /// The first pair: correlation is computed of differences to it.
    origin: (f64, f64),
    /// Sums of the differences, their squares and their product.
    shifted: [f64; 5],
    /// Sums of the squares, the product, and the squared difference `(a − b)²`.
    raw: [f64; 4],
    scalar: PhantomData<T>,
}

impl<T: Scalar> Sums<T> {
    /// Of no entries.
    ///
    /// ```
    /// use fact_core::features::{Missing, agreement::Sums};
    /// assert_eq!(Sums::<f32>::new().agreement().pearson, Err(Missing::Empty));
    /// ```
    pub const fn new() -> Self {
        Self { count: 0, origin: (0.0, 0.0), shifted: [0.0; 5], raw: [0.0; 4], scalar: PhantomData }
    }

    /// Adds the pairs of two equally long portions; the common length counts.
    ///
    /// ```
    /// use fact_core::features::agreement::Sums;
    /// let mut sums = Sums::<f32>::new();
    /// sums.add(&[1.0, 2.0], &[1.0, 2.0]);
    /// assert_eq!(sums.agreement().residual, Ok(0.0));
    /// ```
    pub fn add(&mut self, a: &[T], b: &[T]) {
        for (&a, &b) in a.iter().zip(b) {
            self.add_pair(a.to_f64(), b.to_f64());
        }
    }

    fn add_pair(&mut self, a: f64, b: f64) {
        if self.count == 0 {
            self.origin = (a, b);
        }
        self.count += 1;
        let (p, q) = (a - self.origin.0, b - self.origin.1);
        // One term after the other: a core without an FPU for `f64` would keep all on its stack.
        let [sum_p, sum_q, sum_pp, sum_qq, sum_pq] = &mut self.shifted;
        *sum_p += p;
        *sum_q += q;
        *sum_pp += p * p;
        *sum_qq += q * q;
        *sum_pq += p * q;
        let [sum_aa, sum_bb, sum_ab, sum_dd] = &mut self.raw;
        *sum_aa += a * a;
        *sum_bb += b * b;
        *sum_ab += a * b;
        *sum_dd += (a - b) * (a - b);
    }

    /// The agreement of the entries so far.
    pub fn agreement(&self) -> Agreement {
        let [aa, bb, ab, dd] = self.raw;
        let [p, q, pp, qq, pq] = self.shifted;
        if self.count == 0 {
            return Agreement::missing(Missing::Empty);
        }
        let n = self.count as f64;
        let (var_a, var_b) = (pp - p * p / n, qq - q * q / n);
        // Overflow to infinity or a NaN anywhere reaches one of the sums of squares.
        if !(aa + bb + dd + var_a + var_b).is_finite() {
            return Agreement::missing(Missing::NonFinite);
        }
        // Entries that differ by rounding only are constant.
        let noise = 4.0 * T::EPSILON.to_f64();
        let constant = |variance: f64, square: f64| variance <= noise * noise * square;
        let zero = aa == 0.0 || bb == 0.0;
        Agreement {
            pearson: if zero {
                Err(Missing::Zero)
            } else if constant(var_a, aa) || constant(var_b, bb) {
                Err(Missing::Constant)
            } else {
                Ok(clip((pq - p * q / n) / (libm::sqrt(var_a) * libm::sqrt(var_b))))
            },
            cosine: if zero {
                Err(Missing::Zero)
            } else {
                Ok(clip(ab / (libm::sqrt(aa) * libm::sqrt(bb))))
            },
            residual: if bb == 0.0 {
                Err(Missing::Zero)
            } else {
                let residual = libm::sqrt(dd) / libm::sqrt(bb);
                if residual.is_finite() { Ok(residual) } else { Err(Missing::NonFinite) }
            },
        }
    }
}

impl<T: Scalar> Default for Sums<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Correlations live in `[−1, 1]`; rounding may carry them an ulp beyond.
fn clip(x: f64) -> f64 {
    x.clamp(-1.0, 1.0)
}

/// The agreement of two equally long matrices, entry by entry; the common length counts.
///
/// Cost: nine multiplications an entry, in `f64`.
///
/// ```
/// use fact_core::features::{Missing, agreement::agreement};
/// assert_eq!(agreement(&[1.0, 2.0], &[1.0, 2.0]).residual, Ok(0.0));
/// assert_eq!(agreement(&[1.0, 1.0], &[1.0, 2.0]).pearson, Err(Missing::Constant));
/// ```
pub fn agreement<T: Scalar>(a: &[T], b: &[T]) -> Agreement {
    let mut sums = Sums::new();
    sums.add(a, b);
    sums.agreement()
}
