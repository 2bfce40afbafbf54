//! The data on which NFA fails, and the minimiser of the two-layer quadratic network on them in
//! closed form.
//!
//! `k₁` samples `(e₁, +1)` and `k₂` samples `(T·e₂, −δT²)`, for `f(x) = Σⱼ aⱼ(wⱼ·x)² = xᵀAx`. The two
//! directions do not interact, and one unit serves each: splitting a unit costs more decay. For a
//! unit with `c = |a|‖w‖²`, `a² + ‖w‖²` is least at `‖w‖² = 2^{1/3}c^{2/3}`, `a² = ‖w‖²/2`, so that the
//! penalty is `(3λ/4)2^{1/3}c^{2/3}` and the loss is stationary where
//! `p s (y − s c) c^{1/3} = λ 2^{−2/3}`, with `p` the share of samples, `s` the squared input and `y` the
//! size of the target. Hence `WᵀW = 2^{1/3}|A|^{2/3}` while `AGOP = 4AΣA`: with `r_w = δ^{2/3}` and
//! `r_a = (k₁/(k₂δ²T²))ˢ`, both of which can be made as small as one likes, the cosine of NFA with
//! `WᵀW` tends to `(r_w + r_a)/√((1 + r_w²)(1 + r_a²))` as `λ → 0`.

use crate::data::{Dataset, Target};
use fact_core::features::agreement::{self, agreement};
use serde::{Deserialize, Serialize};

/// The constants of the data and the decay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Case {
    /// `δ`.
    pub delta: f64,
    /// `T`.
    pub t: f64,
    /// `k₁`.
    pub k1: usize,
    /// `k₂`.
    pub k2: usize,
    /// `λ`.
    pub lambda: f64,
}

impl Case {
    /// Data on which the cosine of NFA (s = ½) stays below `ε`: `r_w = r_a = ε/2`.
    pub fn below(epsilon: f64, k2: usize, lambda: f64) -> Self {
        let half = 0.5 * epsilon;
        let delta = half.powf(1.5);
        Self { delta, t: 1.0 / (half * delta * (k2 as f64).sqrt()), k1: 1, k2, lambda }
    }

    /// The samples.
    pub fn data(&self) -> Dataset {
        let first = std::iter::repeat_n([1.0, 0.0], self.k1);
        let second = std::iter::repeat_n([0.0, self.t], self.k2);
        let x: Vec<f64> = first.chain(second).flatten().collect();
        let target = -self.delta * self.t * self.t;
        let values = std::iter::repeat_n(1.0, self.k1).chain(std::iter::repeat_n(target, self.k2));
        Dataset {
            name: "counterexample".to_owned(),
            features: vec!["e1".to_owned(), "e2".to_owned()],
            x,
            n: self.k1 + self.k2,
            d: 2,
            target: Target::Values(values.collect()),
        }
    }

    /// The minimiser.
    pub fn minimiser(&self) -> Minimiser {
        let n = (self.k1 + self.k2) as f64;
        let shares = [self.k1 as f64 / n, self.k2 as f64 / n];
        let squares = [1.0, self.t * self.t];
        let sizes = [1.0, self.delta * squares[1]];
        let mut minimiser = Minimiser { squared: [0.0; 2], agop: [0.0; 2], objective: 0.0 };
        for axis in 0..2 {
            let (p, s, y) = (shares[axis], squares[axis], sizes[axis]);
            let c = strength(p, s, y, self.lambda);
            minimiser.squared[axis] = 2.0_f64.cbrt() * c.cbrt().powi(2);
            minimiser.agop[axis] = 4.0 * c * c * p * s;
            minimiser.objective +=
                0.5 * p * (y - s * c).powi(2) + 0.75 * self.lambda * minimiser.squared[axis];
        }
        minimiser
    }
}

/// The largest `c` with `p s (y − s c) c^{1/3} = λ 2^{−2/3}`; 0 when the decay leaves none.
fn strength(p: f64, s: f64, y: f64, lambda: f64) -> f64 {
    let asked = lambda * 2.0_f64.powf(-2.0 / 3.0);
    let mut u = (y / s).cbrt();
    // In u = c^{1/3} the left side is concave and falls from here on: Newton's steps cannot cross.
    for _ in 0..200 {
        let value = p * s * (y * u - s * u.powi(4)) - asked;
        let slope = p * s * (y - 4.0 * s * u.powi(3));
        if slope >= 0.0 {
            return 0.0;
        }
        let next = u - value / slope;
        if next >= u {
            break;
        }
        u = next;
    }
    u.powi(3)
}

/// The minimiser of a [`Case`]: both feature matrices are diagonal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Minimiser {
    /// The diagonal of `WᵀW`.
    pub squared: [f64; 2],
    /// The diagonal of AGOP.
    pub agop: [f64; 2],
    /// The objective, decay included.
    pub objective: f64,
}

impl Minimiser {
    /// The parameters of a network of two hidden units.
    pub fn theta(&self) -> Vec<f64> {
        let [first, second] = self.squared.map(f64::sqrt);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        vec![first, 0.0, 0.0, second, first * half, -second * half]
    }

    /// How `AGOPˢ` agrees with `WᵀW`.
    pub fn nfa(&self, power: f64) -> agreement::Agreement {
        let diagonal = |[first, second]: [f64; 2]| [first, 0.0, 0.0, second];
        agreement(&diagonal(self.agop.map(|v| v.powf(power))), &diagonal(self.squared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_is_a_critical_point_and_meets_the_published_loss() {
        let case = Case { delta: 0.1, t: 30.0, k1: 1, k2: 9, lambda: 1e-3 };
        let minimiser = case.minimiser();
        assert!((minimiser.objective - 0.001_146_533_668_869_59).abs() < 1e-17);
        assert!((minimiser.nfa(0.5).pearson.unwrap() + 0.0158).abs() < 1e-4);
        assert!((minimiser.nfa(0.5).cosine.unwrap() - 0.317).abs() < 1e-3);
        // The penalty is balanced: ‖w‖² = 2a².
        let theta = minimiser.theta();
        assert!((theta[0] * theta[0] - 2.0 * theta[4] * theta[4]).abs() < 1e-15);
    }

    #[test]
    fn too_much_decay_leaves_nothing() {
        assert_eq!(strength(0.1, 1.0, 1.0, 10.0), 0.0);
    }

    #[test]
    fn the_cosine_stays_below_what_was_asked() {
        for epsilon in [0.5, 0.1, 0.01, 1e-4] {
            let cosine = Case::below(epsilon, 63, 1e-12).minimiser().nfa(0.5).cosine.unwrap();
            assert!(cosine > 0.9 * epsilon && cosine <= epsilon, "{epsilon}: {cosine}");
        }
    }
}
