//! Structure of a metric over pairs of one-hot operands modulo `p`.
//!
//! For `x + y` and `x − y` operands are ordered as they are; for `xy` and `x/y` by their discrete
//! logarithms, which turns products into sums modulo `p − 1` (0, which has none, is left out).
//!
//! `x + y` has two symmetries: moving both operands by the same step renames results, which asks for a
//! circulant block between `x` and `y`; moving them by opposite steps leaves results, which asks for a
//! Hankel one. (`x − y`: the other way round. A block with both is constant.) Kernel machines learn the
//! first, a network the second. The blocks of `x` and of `y` with themselves are circulant either way.

use crate::data::Operation;

/// Where the entries of `y`'s rows and `x`'s columns stand, and how the result follows.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Operands in order.
    places: Vec<usize>,
    p: usize,
    /// The block between them is Hankel.
    hankel: bool,
}

impl Order {
    /// The same operands with the operation's other symmetry.
    pub fn turned(self) -> Self {
        Self { hankel: !self.hankel, ..self }
    }

    /// The order for an operation modulo `p`, with the symmetry that kernel machines learn; `p` is prime
    /// where the operation is `xy` or `x/y`.
    pub fn of(operation: Operation, p: usize) -> Self {
        let places = match operation {
            Operation::Add | Operation::Sub => (0..p).collect(),
            Operation::Mul | Operation::Div => powers(p),
        };
        Self { places, p, hankel: matches!(operation, Operation::Sub | Operation::Div) }
    }

    /// How far the block of `y`'s rows and `x`'s columns of the `2p×2p` metric is from constant along
    /// its diagonals, `Σ(Cᵢⱼ − mean of its diagonal)²/‖C‖²`: 0 of a circulant (Hankel) block, near 1 of one
    /// without any such structure. `None` of
    /// a block of zeros, which has no structure.
    pub fn deviation(&self, metric: &[f64]) -> Option<f64> {
        let (rest, all) = self.spread(metric, (self.p, 0), self.hankel);
        (all > 0.0).then(|| rest / all)
    }

    /// Share of `‖M‖²` (of the operands in order) that is constant along the diagonals of all four
    /// blocks.
    pub fn share(&self, metric: &[f64]) -> Option<f64> {
        let blocks = [
            ((0, 0), false),
            ((self.p, self.p), false),
            ((self.p, 0), self.hankel),
            ((0, self.p), self.hankel),
        ];
        let sums = blocks.map(|(corner, hankel)| self.spread(metric, corner, hankel));
        let (rest, all) = sums.iter().fold((0.0, 0.0), |(r, a), (rest, all)| (r + rest, a + all));
        (all > 0.0).then(|| 1.0 - rest / all)
    }

    /// Squares about the means of the diagonals, and squares.
    fn spread(&self, metric: &[f64], (row, column): (usize, usize), hankel: bool) -> (f64, f64) {
        let m = self.places.len();
        let at = |i: usize, j: usize| {
            let (i, j) = (row + self.places[i], column + self.places[j]);
            metric.get(i * 2 * self.p + j).copied().unwrap_or(0.0)
        };
        let (mut rest, mut all) = (0.0, 0.0);
        for shift in 0..m {
            // Down the diagonal, j − i or i + j stays.
            let diagonal =
                |i: usize| at(i, if hankel { (shift + m - i) % m } else { (shift + i) % m });
            let mean = (0..m).map(diagonal).sum::<f64>() / m as f64;
            rest += (0..m).map(|i| (diagonal(i) - mean).powi(2)).sum::<f64>();
            all += (0..m).map(|i| diagonal(i).powi(2)).sum::<f64>();
        }
        (rest, all)
    }

    /// The metric with its operands in order, for a picture; its size and its entries.
    pub fn arranged(&self, metric: &[f64]) -> (usize, Vec<f64>) {
        let both: Vec<usize> =
            [0, self.p].iter().flat_map(|half| self.places.iter().map(move |k| half + k)).collect();
        let entry = |i: usize, j: usize| metric.get(i * 2 * self.p + j).copied().unwrap_or(0.0);
        let data = both.iter().flat_map(|i| both.iter().map(move |j| entry(*i, *j)));
        (both.len(), data.collect())
    }
}

/// `1, g, g², …` modulo a prime `p`, of its least generator `g`: all but 0.
fn powers(p: usize) -> Vec<usize> {
    let orbit = |g: usize| -> Vec<usize> {
        let next = |power: &usize| Some(power * g % p).filter(|power| *power != 1);
        std::iter::successors(Some(1), next).take(p).collect()
    };
    (1..p).map(orbit).find(|orbit| orbit.len() == p - 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A metric whose entry for `y = a`, `x = b` is `f(a, b)`, and 0 elsewhere.
    fn lower_left(p: usize, f: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let mut metric = vec![0.0; 4 * p * p];
        for a in 0..p {
            for b in 0..p {
                metric[(p + a) * 2 * p + b] = f(a, b);
            }
        }
        metric
    }

    #[test]
    fn each_operation_has_the_blocks_of_its_symmetry() {
        let p = 7;
        let value = |k: usize| (k as f64 * 1.3).sin();
        let inverse = |b: usize| (1..p).find(|c| b * c % p == 1).unwrap_or(0);
        let sum = lower_left(p, |a, b| value((a + b) % p));
        let difference = lower_left(p, |a, b| value((b + p - a) % p));
        let product = lower_left(p, |a, b| value(a * b % p));
        let quotient = lower_left(p, |a, b| value(b * inverse(a) % p));
        for (operation, own, other) in [
            (Operation::Add, &difference, &sum),
            (Operation::Sub, &sum, &difference),
            (Operation::Mul, &quotient, &product),
            (Operation::Div, &product, &quotient),
        ] {
            let order = Order::of(operation, p);
            assert!(order.deviation(own).unwrap() < 1e-12, "{operation:?}");
            assert!(order.deviation(other).unwrap() > 0.5, "{operation:?}");
            assert!(order.turned().deviation(other).unwrap() < 1e-12, "{operation:?}");
        }
    }

    #[test]
    fn a_block_of_zeros_has_no_deviation_and_the_identity_is_block_circulant() {
        let order = Order::of(Operation::Add, 5);
        let mut identity = vec![0.0; 100];
        identity.iter_mut().step_by(11).for_each(|m| *m = 1.0);
        assert_eq!(order.deviation(&identity), None);
        assert_eq!(order.share(&identity), Some(1.0));
        identity[0] = 9.0;
        assert!(order.share(&identity).unwrap() < 0.9);
    }

    #[test]
    fn powers_of_a_generator_are_all_residues_but_zero() {
        for p in [2, 3, 7, 31, 61] {
            let mut powers = powers(p);
            assert_eq!(powers.first(), Some(&1));
            powers.sort_unstable();
            assert_eq!(powers, Vec::from_iter(1..p));
        }
    }

    #[test]
    fn an_arranged_metric_has_constant_diagonals() {
        let p = 7;
        let metric = lower_left(p, |a, b| ((a * b % p) as f64).cos());
        let (size, data) = Order::of(Operation::Div, p).arranged(&metric);
        assert_eq!((size, data.len()), (12, 144));
        assert_eq!(data[6 * 12 + 1], data[7 * 12]);
    }
}
