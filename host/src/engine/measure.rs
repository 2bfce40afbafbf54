//! Measuring a network at given parameters: every claim about a layer against its weights.

use super::{Passes, Problem};
use crate::error::Result;
use crate::experiment::{Agreement, Direction, Layer, Matrix};
use fact_core::features::{
    Measured as Value, Missing, agop, agreement, certificate, enfa, fact, neural,
};
use fact_core::linalg::power;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::objective::Objective;
use fact_core::nn::{Loss, evaluate};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

/// Power of AGOP in the neural feature ansatz. At a last linear layer 1 would be a tautology.
const NFA_POWER: f64 = 0.5;
/// Power of the loss gradients' outer product in the equivariant ansatz.
const ENFA_POWER: f64 = 0.5;

/// Samples taken through the network at once. Changes no bit of any result.
pub(super) const ROWS: usize = 128;

/// What was found of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Objective, decay included.
    pub objective: Option<f64>,
    /// Norm of its gradient.
    pub gradient_norm: Option<f64>,
    /// Fraction of samples whose largest output is at the largest target.
    pub accuracy: Option<f64>,
    /// Fraction of the targets' variance explained, for squared losses.
    pub r_squared: Option<f64>,
    /// The outputs do not depend on the inputs.
    pub collapsed: bool,
    /// Largest imbalance between neighbouring layers, for homogeneous activations.
    pub balance: Option<f64>,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// Measures `problem`'s network at `theta`.
///
/// # Errors
/// [`Error::Core`](crate::error::Error::Core) when `theta` does not fit or overflows.
pub fn measure<T: Scalar>(problem: &Problem<T>, theta: &[T]) -> Result<Measured> {
    let samples = problem.samples()?;
    let objective = problem.objective();
    let rows = ROWS.min(samples.len());
    let widths = problem.widths();

    let mut memory = vec![T::ZERO; evaluate::fit_scratch(widths, rows)];
    let fit = evaluate::fit(&objective, theta, &samples, Scratch::new(&mut memory))?;

    // The gradient of the data loss, which FACT is made of, and with decay, which must vanish.
    let mut passes = Passes::new(widths, samples.len());
    let mut gradient_of = |lambda: f64| -> Result<(f64, Vec<T>)> {
        let objective = problem.objective_with(lambda);
        let mut gradient = vec![T::ZERO; theta.len()];
        let value = passes.gradient(&objective, theta, &samples, T::ZERO, &mut gradient)?;
        Ok((value, gradient))
    };
    let (value, gradient) = gradient_of(problem.lambda())?;
    let (_, data_gradient) = gradient_of(0.0)?;

    let architecture = &objective.architecture;
    let mut layers = Vec::new();
    let gradients = architecture.layers(&gradient)?.zip(architecture.layers(&data_gradient)?);
    for ((layer, (with_decay, data)), index) in architecture.layers(theta)?.zip(gradients).zip(0..)
    {
        let ansatz = Ansatz::form(&objective, theta, &samples, index, rows)?;
        let slopes = (with_decay.weight, data.weight);
        layers.push(measure_layer(objective.lambda, layer.weight, slopes, ansatz)?);
    }
    let squares = match objective.loss {
        Loss::HalfSquared => Some(2.0 * fit.loss),
        Loss::Squared => Some(fit.loss),
        Loss::MeanSquared => Some(fit.loss * architecture.outputs() as f64),
        Loss::CrossEntropy => None,
    };
    let squares = squares.filter(|_| fit.target_spread > 0.0);
    Ok(Measured {
        objective: Some(value),
        gradient_norm: Some(norm(&gradient)),
        accuracy: fit.accuracy(),
        r_squared: squares.map(|s| 1.0 - s * fit.samples as f64 / fit.target_spread),
        collapsed: fit.collapsed(),
        balance: balance(&objective, theta)?,
        layers,
    })
}

/// AGOP, if it is known, and its counterpart of loss gradients, with their powers.
pub(super) struct Ansatz {
    pub(super) agop: Option<(Matrix, Matrix)>,
    pub(super) egop: Matrix,
    pub(super) enfa: Matrix,
}

impl Ansatz {
    fn form<T: Scalar>(
        objective: &Objective<'_, T>,
        theta: &[T],
        samples: &Samples<'_, T>,
        layer: usize,
        rows: usize,
    ) -> Result<Self> {
        let architecture = &objective.architecture;
        let widths = architecture.widths;
        let d = widths.get(layer).copied().unwrap_or_default();
        let mut memory = vec![T::ZERO; agop::agop_scratch(widths, rows)];
        let agop = square(d, |out| {
            let scratch = Scratch::new(&mut memory);
            agop::agop(architecture, theta, samples.x(), layer, out, scratch)
        })?;
        let mut memory = vec![T::ZERO; enfa::enfa_scratch(widths, rows)];
        let egop = square(d, |out| {
            enfa::enfa(objective, theta, samples, layer, out, Scratch::new(&mut memory))
        })?;
        Ok(Self {
            agop: Some((owned(&agop, d), owned(&psd_power(&agop, d, NFA_POWER)?, d))),
            ..Self::of_loss(&egop, d)?
        })
    }

    /// Of the averaged outer product of loss gradients alone.
    pub(super) fn of_loss<T: Scalar>(egop: &[T], d: usize) -> Result<Self> {
        let enfa = owned(&psd_power(egop, d, ENFA_POWER)?, d);
        Ok(Self { agop: None, egop: owned(egop, d), enfa })
    }
}

/// The power `p` of the `d×d` matrix `a`.
fn psd_power<T: Scalar>(a: &[T], d: usize, p: f64) -> Result<Vec<T>> {
    let mut memory = vec![T::ZERO; power::psd_power_scratch(d)];
    let a = MatRef::new(a, d, d)?;
    square(d, |out| power::psd_power(a, T::from_f64(p), out, Scratch::new(&mut memory)))
}

/// All agreements of one layer; `slopes` are the gradients with and without decay.
pub(super) fn measure_layer<T: Scalar>(
    lambda: T,
    weight: MatRef<'_, T>,
    slopes: (MatRef<'_, T>, MatRef<'_, T>),
    ansatz: Ansatz,
) -> Result<Layer> {
    let (with_decay, data) = slopes;
    let (outputs, inputs) = weight.shape();
    let nfm = square(inputs, |out| neural::feature_matrix(weight, out))?;
    if !norm(&nfm).is_finite() {
        return Err(fact_core::Error::NonFinite { what: "WᵀW" }.into());
    }
    let wwt = square(outputs, |out| neural::backward_matrix(weight, out))?;
    let mut formed = Ok(());
    let claim = square(inputs, |out| {
        formed = fact::from_gradient(lambda, weight, data, out)?;
        Ok(())
    })?;
    let backward =
        square(outputs, |out| fact::backward_from_gradient(lambda, weight, data, out).map(drop))?;
    let mut memory = vec![T::ZERO; certificate::bound_scratch(outputs, inputs)];
    let scratch = Scratch::new(&mut memory);
    let bound = certificate::bound(lambda, weight, with_decay, scratch)?;
    let equality = |claim: &[T], truth: &[T]| match formed {
        Ok(()) => equality(agreement::agreement(claim, truth), bound),
        Err(reason) => Agreement::missing(reason),
    };
    let truth = owned(&nfm, inputs);
    let direction = |claim: &Matrix, power: f64| {
        let found = agreement::agreement(&claim.data, &truth.data);
        Direction { power, pearson: found.pearson, cosine: found.cosine }
    };
    let (agop, nfa) = ansatz.agop.unzip();
    Ok(Layer {
        fact_agreement: equality(&claim, &nfm),
        bfact_agreement: equality(&backward, &wwt),
        nfa_agreement: match &nfa {
            Some(nfa) => direction(nfa, NFA_POWER),
            None => {
                let reason = Err(Missing::NotFormed);
                Direction { power: NFA_POWER, pearson: reason, cosine: reason }
            }
        },
        enfa_agreement: direction(&ansatz.enfa, ENFA_POWER),
        weight_norm_squared: norm(weight.data()).powi(2),
        weights: Matrix { nrows: outputs, ..owned(weight.data(), inputs) },
        fact: formed.is_ok().then(|| owned(&claim, inputs)),
        nfm: truth.clone(),
        agop,
        nfa,
        egop: ansatz.egop,
        enfa: ansatz.enfa,
    })
}

fn equality(found: agreement::Agreement, bound: Value) -> Agreement {
    // ‖WWᵀ‖ = ‖WᵀW‖ and the bound of either residual is the same product of norms.
    let agreement::Agreement { pearson, cosine, residual } = found;
    Agreement { pearson, cosine, residual, bound }
}

/// The largest imbalance of neighbouring layers; `None` unless the activation is homogeneous. Of
/// biases, those that decay count among the weights that lead into a unit.
fn balance<T: Scalar>(objective: &Objective<'_, T>, theta: &[T]) -> Result<Option<f64>> {
    let architecture = &objective.architecture;
    let Some(degree) = architecture.hidden.degree() else { return Ok(None) };
    let decayed = architecture.bias == fact_core::nn::Bias::Decayed;
    let above = architecture.layers(theta)?.skip(1);
    let mut largest: Option<f64> = None;
    for (below, above) in architecture.layers(theta)?.zip(above) {
        let (outputs, inputs) = below.weight.shape();
        let mut incoming = Vec::with_capacity(outputs * (inputs + 1));
        for (unit, row) in below.weight.rows().enumerate() {
            incoming.extend_from_slice(row);
            incoming.push(below.bias.get(unit).copied().filter(|_| decayed).unwrap_or(T::ZERO));
        }
        let below = MatRef::new(&incoming, outputs, inputs + 1)?;
        let found: Value = neural::imbalance(below, above.weight, degree)?;
        let Ok(found) = found else { return Ok(None) };
        largest = Some(largest.map_or(found, |l| l.max(found)));
    }
    Ok(largest)
}

/// A `d×d` matrix written by `form`.
pub(super) fn square<T: Scalar>(
    d: usize,
    form: impl FnOnce(MatMut<'_, T>) -> fact_core::Result<()>,
) -> Result<Vec<T>> {
    let mut data = vec![T::ZERO; d * d];
    form(MatMut::new(&mut data, d, d)?)?;
    Ok(data)
}

/// In `f64`, with as many rows as there are.
fn owned<T: Scalar>(data: &[T], ncols: usize) -> Matrix {
    let nrows = data.len() / ncols.max(1);
    Matrix { nrows, ncols, data: data.iter().map(|v| v.to_f64()).collect() }
}

pub(super) fn norm<T: Scalar>(values: &[T]) -> f64 {
    values.iter().map(|v| v.to_f64().powi(2)).sum::<f64>().sqrt()
}
