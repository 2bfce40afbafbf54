//! What the claims about kernel machines share: the rounds of one, its parts open to be looked at.

use crate::data::{Dataset, Target};
use crate::engine::machine::{Engine, Fast, Feature, Real};
use crate::error::{Error, Result};
use crate::experiment::next_metric;
use crate::plan::{self, Bandwidth, Precision};
use fact_core::kernel::{
    Centering, Kernel, Metric, Predictor, Rescale, Ridge, Shape, Solved, Update,
};
use fact_core::mat::MatRef;
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// The engine of all claims, heard by nobody.
pub(super) const FAST: Fast<'static> = Fast { watch: &|_, _| {} };

/// How a metric is learned, as a cell names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    /// FACT.
    Fact,
    /// Its geometric mean with the metric.
    Geomean,
    /// The positive part of FACT·M, to the power ½.
    Inner,
    /// NFA, s = ½.
    NfaHalf,
    /// NFA, s = 1.
    Nfa,
}

impl Method {
    /// The update.
    pub fn update(self) -> Update<f64> {
        match self {
            Self::Fact => Update::Fact,
            Self::Geomean => Update::FactGeomean,
            Self::Inner => Update::FactInner,
            Self::NfaHalf => Update::Nfa { power: 0.5 },
            Self::Nfa => Update::Nfa { power: 1.0 },
        }
    }

    /// Its name in tables and pictures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fact => "FACT",
            Self::Geomean => "FACT geo-mean",
            Self::Inner => "FACT inner",
            Self::NfaHalf => "NFA, s = ½",
            Self::Nfa => "NFA, s = 1",
        }
    }

    /// Its colour in pictures: FACT and NFA as everywhere.
    pub fn colour(self) -> usize {
        match self {
            Self::Fact => 0,
            Self::NfaHalf => 1,
            Self::Nfa => 2,
            Self::Geomean => 3,
            Self::Inner => 4,
        }
    }
}

/// A machine of these parts; metrics are full, bandwidths fixed.
pub(super) fn machine(
    kernel: Kernel<f64>,
    ridge: Ridge<f64>,
    method: Method,
    rescale: Rescale,
    centering: Centering,
) -> plan::Machine {
    plan::Machine {
        kernel,
        bandwidth: Bandwidth::Fixed,
        ridge,
        update: Some(method.update()),
        rescale,
        centering,
        shape: Shape::Full,
        rounds: 0,
        precision: Precision::F64,
        engine: plan::Engine::Fast,
    }
}

/// `I`, `d×d`.
pub(super) fn identity<T: Scalar>(d: usize) -> Vec<T> {
    let mut metric = vec![T::ZERO; d * d];
    metric.iter_mut().step_by(d + 1).for_each(|m| *m = T::ONE);
    metric
}

/// Classified samples with coded outputs.
#[derive(Clone, Debug)]
pub(super) struct Coded<T> {
    pub x: Vec<T>,
    pub y: Vec<T>,
    pub classes: Vec<usize>,
    pub d: usize,
    pub c: usize,
}

impl<T: Scalar> Coded<T> {
    /// One output a class, 1 for its own and 0 for the others.
    pub fn one_hot(data: &Dataset) -> Self {
        let classes = match &data.target {
            Target::Classes { index, .. } => index.clone(),
            Target::Values(_) => Vec::new(),
        };
        let (d, c) = (data.d, data.outputs());
        let mut y = vec![T::ZERO; classes.len() * c];
        for (row, class) in y.chunks_exact_mut(c.max(1)).zip(&classes) {
            row[*class] = T::ONE;
        }
        Self { x: data.x.iter().map(|x| T::from_f64(*x)).collect(), y, classes, d, c }
    }

    /// One output, −1 for the first class and +1 for the second.
    pub fn signs(data: &Dataset) -> Self {
        let one_hot = Self::one_hot(data);
        let sign = |class: &usize| if *class == 0 { -T::ONE } else { T::ONE };
        let y = one_hot.classes.iter().map(sign).collect();
        Self { y, c: 1, ..one_hot }
    }

    /// Number of samples.
    pub fn n(&self) -> usize {
        self.classes.len()
    }

    /// These rows, in their order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let take = |values: &[T], width: usize| {
            rows.iter().flat_map(|row| values[row * width..(row + 1) * width].to_vec()).collect()
        };
        Self {
            x: take(&self.x, self.d),
            y: take(&self.y, self.c),
            classes: rows.iter().map(|row| self.classes[*row]).collect(),
            ..*self
        }
    }

    /// Inputs and outputs.
    ///
    /// # Errors
    /// [`Error::Core`] when there are none.
    pub fn samples(&self) -> Result<Samples<'_, T>> {
        let x = MatRef::new(&self.x, self.n(), self.d)?;
        Ok(Samples::new(x, MatRef::new(&self.y, self.n(), self.c)?)?)
    }

    /// Share of the rows of outputs that are largest at their class, or have its sign.
    pub fn accuracy(&self, outputs: &[T]) -> f64 {
        let rows = outputs.chunks_exact(self.c.max(1)).zip(&self.classes);
        let best = |row: &[T]| {
            // The first of equal ones.
            let first = |best: usize, k: usize| if row[k] > row[best] { k } else { best };
            match row {
                [one] => Some(usize::from(*one > T::ZERO)),
                row => (0..row.len()).reduce(first),
            }
        };
        let right = rows.filter(|(row, class)| best(row) == Some(**class)).count();
        right as f64 / self.n().max(1) as f64
    }

    /// The accuracy of a machine on these samples.
    ///
    /// # Errors
    /// [`Error::Core`] when the features do not fit.
    pub fn judge(&self, machine: &Predictor<'_, T>) -> Result<f64>
    where
        T: Real,
    {
        let mut outputs = vec![T::ZERO; self.y.len()];
        FAST.predict(machine, MatRef::new(&self.x, self.n(), self.d)?, &mut outputs)?;
        Ok(self.accuracy(&outputs))
    }
}

/// A machine at one round.
pub(super) struct Fitted<'a, T> {
    /// Updates made before it.
    pub round: u32,
    /// The machine.
    pub machine: Predictor<'a, T>,
    /// Ridge and jitter.
    pub solved: Solved<T>,
    /// Its metric, `d×d`.
    pub metric: &'a [T],
}

impl<T: Real> Fitted<'_, T> {
    /// Outputs at the samples that were fitted: `y − rα`, the ridge `r` with its jitter.
    pub fn outputs(&self, samples: &Coded<T>) -> Vec<T> {
        let ridge = self.solved.ridge + self.solved.jitter;
        samples.y.iter().zip(self.machine.dual.data()).map(|(y, dual)| *y - ridge * *dual).collect()
    }

    /// AGOP or FACT, in `f64`.
    ///
    /// # Errors
    /// [`Error::Core`] when the scale breaks down.
    pub fn features(&self, feature: Feature) -> Result<Vec<f64>> {
        let mut out = vec![T::ZERO; self.metric.len()];
        FAST.features(&self.machine, feature, &mut out)?;
        Ok(out.iter().map(|v| v.to_f64()).collect())
    }
}

/// Runs `plan` on `samples` from the identity for as many updates as `look` lets it; returns the round
/// at which the scale broke down, if it did.
///
/// # Errors
/// Whatever else stops a round, and what `look` returns.
pub(super) fn rounds<T: Real>(
    plan: &plan::Machine,
    samples: &Coded<T>,
    mut look: impl FnMut(&Fitted<'_, T>) -> Result<ControlFlow<()>>,
) -> Result<Option<u32>> {
    let (pair, d) = (samples.samples()?, samples.d);
    let mut metric = identity(d);
    let mut dual = vec![T::ZERO; samples.y.len()];
    for round in 0.. {
        let view = MatRef::new(&metric, d, d)?;
        let (kernel, ridge) = narrow(plan);
        let solved = match FAST.solve(kernel, view, ridge, &pair, &mut dual) {
            Err(Error::Core(error)) if broke(&error) => return Ok(Some(round)),
            solved => solved?,
        };
        let dual = MatRef::new(&dual, samples.n(), samples.c)?;
        let machine = Predictor { kernel, metric: Metric::Full(view), x: pair.x(), dual };
        if look(&Fitted { round, machine, solved, metric: &metric })?.is_break() {
            return Ok(None);
        }
        let Some(update) = plan.update else { return Ok(None) };
        metric = match next_metric(&FAST, plan, update, &machine, view) {
            Err(Error::Core(error)) if broke(&error) => return Ok(Some(round + 1)),
            metric => metric?,
        };
    }
    Ok(None)
}

/// Kernel and ridge in the machine's numbers.
pub(super) fn narrow<T: Real>(plan: &plan::Machine) -> (Kernel<T>, Ridge<T>) {
    let ridge = match plan.ridge {
        Ridge::Absolute(ridge) => Ridge::Absolute(T::from_f64(ridge)),
        Ridge::Relative(share) => Ridge::Relative(T::from_f64(share)),
    };
    (crate::model::cast(plan.kernel), ridge)
}

/// Whether an error says that a metric has lost its scale, which is a finding and not a fault.
pub(super) fn broke(error: &fact_core::Error) -> bool {
    use fact_core::Error::{NonFinite, NotPositiveDefinite, Scale};
    matches!(error, NonFinite { .. } | NotPositiveDefinite { .. } | Scale { .. })
}

/// Does `work` on one thread, however its engine would spread it: cells run side by side instead.
///
/// # Errors
/// What `work` returns.
pub(super) fn alone<R: Send>(work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        // No thread to be had: shared ones give the same numbers.
        Err(_) => work(),
    }
}

/// A matrix as it is kept for a picture: to a thousandth of its largest entry, which is all that
/// colours show.
pub(super) fn kept<T: Scalar>(matrix: &[T]) -> Vec<f64> {
    let largest = matrix.iter().fold(0.0_f64, |largest, v| largest.max(v.to_f64().abs()));
    let step = 10.0_f64.powf(largest.max(f64::MIN_POSITIVE).log10().floor() - 3.0);
    let inverse = (1.0 / step).round();
    let round = |v: f64| if inverse >= 1.0 { (v * inverse).round() / inverse } else { v.round() };
    matrix.iter().map(|v| round(v.to_f64())).collect()
}

/// The row-major product of an `m×k` and a `k×n` matrix.
pub(super) fn product(a: &[f64], b: &[f64], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    faer::linalg::matmul::matmul(
        faer::MatMut::from_row_major_slice_mut(&mut out, m, n),
        faer::Accum::Replace,
        faer::MatRef::from_row_major_slice(a, m, k),
        faer::MatRef::from_row_major_slice(b, k, n),
        1.0,
        faer::Par::Seq,
    );
    out
}
