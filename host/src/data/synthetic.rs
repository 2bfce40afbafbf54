//! Data sets that are computed: a source such as `parity:50,3,800` names one, a seed draws it.

use super::{Dataset, Split, Target};
use fact_core::rng::Rng;
use std::fmt;

/// Samples of a fresh test set.
const FRESH: usize = 1000;
/// Most numbers in one set.
const MOST: usize = 1 << 31;
/// The coordinates of the paper's parities, at its `d`.
const PAPER: (usize, [usize; 4]) = (50, [7, 15, 25, 29]);

/// A computed data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Synthetic {
    /// `n` samples, uniform in `{0, 1}ᵈ`, of the parity of `k` coordinates: those of
    /// [`parity_support`].
    Parity {
        /// Number of coordinates.
        d: usize,
        /// Number of coordinates that count.
        k: usize,
        /// Number of training samples.
        n: usize,
    },
    /// The table of an operation on the integers modulo `p`, each pair of operands one-hot. A random
    /// share of it trains, the rest tests.
    Modular {
        /// The modulus.
        p: usize,
        /// The operation.
        operation: Operation,
        /// Share of the table that trains.
        fraction: f64,
    },
    /// `n` samples `x ~ N(0, ¼)` (variance) of `x₀x₁·1(x₅ > 0)`.
    Lowrank {
        /// Number of training samples.
        n: usize,
        /// Number of coordinates.
        d: usize,
    },
}

/// An operation modulo `p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `x + y`.
    Add,
    /// `x − y`.
    Sub,
    /// `xy`.
    Mul,
    /// `x/y`, for `y ≠ 0`.
    Div,
}

/// The coordinates whose parity is taken: the first `k` of the paper's 7, 15, 25, 29 at `d` = 50 and
/// `k` ≤ 4, else the middles of `k` equal shares of `0..d`.
///
/// ```
/// use fact_host::data::parity_support;
/// assert_eq!(parity_support(50, 3), [7, 15, 25]);
/// assert_eq!(parity_support(20, 3), [3, 10, 16]);
/// ```
pub fn parity_support(d: usize, k: usize) -> Vec<usize> {
    match PAPER.1.get(..k) {
        Some(first) if d == PAPER.0 => first.to_vec(),
        _ => (0..k).map(|i| (2 * i + 1) * d / (2 * k)).collect(),
    }
}

impl Synthetic {
    /// The set that `text` names, `None` when it names a file.
    ///
    /// # Errors
    /// One sentence when the name of a set is followed by parameters it cannot have.
    ///
    /// ```
    /// use fact_host::data::Synthetic;
    /// assert_eq!(Synthetic::parse("parity:50,3,800"), Some(Ok(Synthetic::Parity { d: 50, k: 3, n: 800 })));
    /// assert!(Synthetic::parse("modular:60,div,0.5").is_some_and(|set| set.is_err()));
    /// assert!(Synthetic::parse("data.csv").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (name, rest) = text.split_once(':')?;
        let fields: Vec<&str> = rest.split(',').map(str::trim).collect();
        let (set, form) = match name {
            "parity" => (parity(&fields), "parity:d,k,n, with 1 ≤ k ≤ d, such as parity:50,3,800"),
            "modular" => (
                modular(&fields),
                "modular:p,add|sub|mul|div,fraction, with 2 ≤ p ≤ 1000, prime for div, and a share \
                 between 0 and 1 that leaves both sets samples, such as modular:61,add,0.5",
            ),
            "lowrank" => (lowrank(&fields), "lowrank:n,d, with d ≥ 6, such as lowrank:4000,20"),
            _ => return None,
        };
        Some(set.ok_or_else(|| format!("{text:?} is no data set: expected {form}")))
    }

    /// Draws the set and its test set.
    pub fn draw(&self, seed: u64) -> Split {
        let mut rng = Rng::new(seed);
        match *self {
            Self::Parity { d, k, n } => {
                let support = parity_support(d, k);
                let mut part = |n| self.parity_part(n, d, &support, &mut rng);
                Split { train: part(n), test: Some(part(FRESH)) }
            }
            Self::Modular { p, operation, fraction } => {
                let mut table = table(p, operation);
                shuffle(&mut table, &mut rng);
                let (train, test) = table.split_at(training_rows(table.len(), fraction));
                let part = |rows| self.modular_part(p, rows);
                Split { train: part(train), test: Some(part(test)) }
            }
            Self::Lowrank { n, d } => {
                let mut part = |n| self.lowrank_part(n, d, &mut rng);
                Split { train: part(n), test: Some(part(FRESH)) }
            }
        }
    }

    fn parity_part(&self, n: usize, d: usize, support: &[usize], rng: &mut Rng) -> Dataset {
        let x: Vec<f64> = (0..n * d).map(|_| f64::from(rng.next_u32() >> 31)).collect();
        let parity = |row: &[f64]| {
            support.iter().filter_map(|&j| row.get(j)).filter(|&&bit| bit != 0.0).count() % 2
        };
        let index = x.chunks_exact(d).map(parity).collect();
        let labels = vec!["0".to_owned(), "1".to_owned()];
        self.dataset(x, n, numbered(d), Target::Classes { labels, index })
    }

    fn modular_part(&self, p: usize, rows: &[[usize; 3]]) -> Dataset {
        let mut x = vec![0.0; 2 * p * rows.len()];
        for (row, &[a, b, _]) in x.chunks_exact_mut(2 * p).zip(rows) {
            row[a] = 1.0;
            row[p + b] = 1.0;
        }
        let names = ["x", "y"].iter().flat_map(|name| (0..p).map(move |k| format!("{name}={k}")));
        let labels = (0..p).map(|k| k.to_string()).collect();
        let index = rows.iter().map(|row| row[2]).collect();
        self.dataset(x, rows.len(), names.collect(), Target::Classes { labels, index })
    }

    fn lowrank_part(&self, n: usize, d: usize, rng: &mut Rng) -> Dataset {
        let x: Vec<f64> = (0..n * d).map(|_| 0.5 * rng.normal::<f64>()).collect();
        let y = x.chunks_exact(d).map(|x| if x[5] > 0.0 { x[0] * x[1] } else { 0.0 }).collect();
        self.dataset(x, n, numbered(d), Target::Values(y))
    }

    fn dataset(&self, x: Vec<f64>, n: usize, features: Vec<String>, target: Target) -> Dataset {
        Dataset { name: self.to_string(), d: features.len(), features, x, n, target }
    }
}

/// Fisher and Yates' shuffle.
pub(crate) fn shuffle<T>(values: &mut [T], rng: &mut Rng) {
    for last in (1..values.len()).rev() {
        let other = (rng.uniform() * (last + 1) as f64) as usize;
        values.swap(last, other.min(last));
    }
}

fn numbered(d: usize) -> Vec<String> {
    (0..d).map(|k| format!("x{k}")).collect()
}

fn parity(fields: &[&str]) -> Option<Synthetic> {
    let [d, k, n] = numbers(fields)?;
    let fits = (1..=d).contains(&k) && n > 0 && d.checked_mul(n.max(FRESH))? <= MOST;
    fits.then_some(Synthetic::Parity { d, k, n })
}

fn modular(fields: &[&str]) -> Option<Synthetic> {
    let [p, operation, fraction] = *fields else { return None };
    let p: usize = p.parse().ok().filter(|p| (2..=1000).contains(p))?;
    let operation = match operation {
        "add" => Operation::Add,
        "sub" => Operation::Sub,
        "mul" => Operation::Mul,
        "div" => Operation::Div,
        _ => return None,
    };
    let prime = (2..p).all(|q| !p.is_multiple_of(q));
    let fraction: f64 = fraction.parse().ok().filter(|f| (0.0..1.0).contains(f))?;
    let rows = if operation == Operation::Div { p * (p - 1) } else { p * p };
    let trains = training_rows(rows, fraction);
    let fits = (prime || operation != Operation::Div) && (1..rows).contains(&trains);
    fits.then_some(Synthetic::Modular { p, operation, fraction })
}

fn lowrank(fields: &[&str]) -> Option<Synthetic> {
    let [n, d] = numbers(fields)?;
    let fits = n > 0 && d > 5 && d.checked_mul(n.max(FRESH))? <= MOST;
    fits.then_some(Synthetic::Lowrank { n, d })
}

fn numbers<const N: usize>(fields: &[&str]) -> Option<[usize; N]> {
    let numbers: Vec<usize> =
        fields.iter().map(|field| field.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn training_rows(rows: usize, fraction: f64) -> usize {
    (rows as f64 * fraction).round() as usize
}

/// Operands and result, row by row.
fn table(p: usize, operation: Operation) -> Vec<[usize; 3]> {
    let pairs = (0..p).flat_map(|a| (0..p).map(move |b| (a, b)));
    match operation {
        Operation::Add => pairs.map(|(a, b)| [a, b, (a + b) % p]).collect(),
        Operation::Sub => pairs.map(|(a, b)| [a, b, (a + p - b) % p]).collect(),
        Operation::Mul => pairs.map(|(a, b)| [a, b, a * b % p]).collect(),
        // With c = a/b, a is cb.
        Operation::Div => pairs.filter(|&(b, _)| b != 0).map(|(b, c)| [c * b % p, b, c]).collect(),
    }
}

impl fmt::Display for Synthetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parity { d, k, n } => write!(f, "parity:{d},{k},{n}"),
            Self::Modular { p, operation, fraction } => {
                let operation = match operation {
                    Operation::Add => "add",
                    Operation::Sub => "sub",
                    Operation::Mul => "mul",
                    Operation::Div => "div",
                };
                write!(f, "modular:{p},{operation},{fraction}")
            }
            Self::Lowrank { n, d } => write!(f, "lowrank:{n},{d}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(text: &str, seed: u64) -> (Dataset, Dataset) {
        let split = Synthetic::parse(text).expect("named").expect("valid").draw(seed);
        (split.train, split.test.expect("its own"))
    }

    #[test]
    fn names_read_back_and_seeds_decide() {
        for text in ["parity:50,3,800", "modular:7,mul,0.5", "lowrank:30,6"] {
            let (train, _) = draw(text, 1);
            assert_eq!(train.name, text);
            assert_eq!(train, draw(text, 1).0);
            assert_ne!(train, draw(text, 2).0);
            assert_eq!((train.x.len(), train.features.len()), (train.n * train.d, train.d));
        }
    }

    #[test]
    fn parity_is_that_of_its_coordinates_and_balanced() {
        let (train, test) = draw("parity:50,4,3000", 0);
        assert_eq!((train.n, test.n), (3000, 1000));
        let Target::Classes { index, .. } = &train.target else { panic!("classes") };
        for (row, class) in train.x.chunks_exact(50).zip(index) {
            assert_eq!((row[7] + row[15] + row[25] + row[29]) as usize % 2, *class);
        }
        let odd = index.iter().sum::<usize>();
        assert!((1350..1650).contains(&odd), "{odd}");
    }

    #[test]
    fn a_modular_table_is_split_without_loss() {
        for (text, rows) in [("modular:7,div,0.3", 42), ("modular:6,sub,0.5", 36)] {
            let (train, test) = draw(text, 3);
            assert_eq!(train.n + test.n, rows);
            let mut pairs: Vec<Vec<u8>> = [&train, &test]
                .iter()
                .flat_map(|set| set.x.chunks_exact(set.d))
                .map(|row| row.iter().map(|&v| v as u8).collect())
                .collect();
            pairs.sort();
            pairs.dedup();
            assert_eq!(pairs.len(), rows);
        }
        let (train, _) = draw("modular:7,div,0.9", 3);
        let Target::Classes { index, .. } = &train.target else { panic!("classes") };
        for (row, class) in train.x.chunks_exact(14).zip(index) {
            let place = |half: &[f64]| half.iter().position(|&v| v == 1.0).expect("one-hot");
            let (x, y) = row.split_at(7);
            assert_eq!(place(x), class * place(y) % 7);
        }
    }

    #[test]
    fn lowrank_inputs_have_variance_a_quarter() {
        let (train, _) = draw("lowrank:4000,20", 0);
        let variance = train.x.iter().map(|v| v * v).sum::<f64>() / train.x.len() as f64;
        assert!((variance - 0.25).abs() < 0.01, "{variance}");
    }

    #[test]
    fn parameters_that_make_no_set_are_refused() {
        for text in [
            "parity:3,4,10",
            "parity:3,0,10",
            "parity:3,1,0",
            "parity:3,1",
            "parity:a,1,2",
            "modular:1,add,0.5",
            "modular:7,pow,0.5",
            "modular:7,add,1",
            "modular:7,add,0",
            "modular:6,div,0.5",
            "modular:7,add,nan",
            "lowrank:10,5",
            "lowrank:0,6",
        ] {
            let message = Synthetic::parse(text).expect("named").expect_err("refused");
            assert!(message.contains("expected"), "{message}");
        }
        assert_eq!(Synthetic::parse("C:parity"), None);
    }
}
