//! What the theory says of trained weights: every claim about every layer, and its agreement.

use super::training::{activations, task, trained};
use super::{add, measured};
use fact_core::Result;
use fact_core::features::agreement::{self, Agreement};
use fact_core::features::{Missing, agop, certificate, enfa, fact, neural};
use fact_core::fingerprint::Fingerprint;
use fact_core::linalg::power;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::{Activation, Architecture, Bias, Layer, Loss};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_core::standardize;

const WIDTHS: &[usize] = &[3, 4, 3, 2];

pub(super) fn measures<T: Scalar>(mut memory: Scratch<'_, T>) -> Result<Fingerprint> {
    let mut hash = Fingerprint::new();
    let data = memory.take(30)?;
    let (mean, scale) = (memory.take(3)?, memory.take(3)?);
    task(data)?;
    if let Some(x) = data.get_mut(..18) {
        standardize::fit(MatRef::new(x, 6, 3)?, mean, scale)?;
        standardize::apply(mean, scale, MatMut::new(x, 6, 3)?)?;
    }
    let (x, y) = data.split_at_checked(18).unwrap_or_default();
    let samples = Samples::new(MatRef::new(x, 6, 3)?, MatRef::new(y, 6, 2)?)?;
    for (hidden, seed) in activations().into_iter().zip(0..) {
        let (output, bias) = (Activation::Identity, Bias::None);
        let architecture = Architecture { widths: WIDTHS, hidden, output, bias };
        let lambda = T::from_f64(0.02);
        let objective = Objective { architecture, loss: Loss::HalfSquared, lambda };
        let mut scratch = memory.reborrow();
        let theta = scratch.take(architecture.params())?;
        let pairs = Optimizer::Lbfgs { pairs: 3 };
        let lent = scratch.reborrow();
        trained(&objective, pairs, 12, seed, &samples, theta, lent, &mut hash)?;
        network(&objective, theta, &samples, scratch, &mut hash)?;
    }
    Ok(hash)
}

fn network<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    mut scratch: Scratch<'_, T>,
    hash: &mut Fingerprint,
) -> Result<()> {
    let architecture = &objective.architecture;
    let (gradient, data) = (scratch.take(theta.len())?, scratch.take(theta.len())?);
    let undecayed = Objective { lambda: T::ZERO, ..*objective };
    for (objective, out) in [(objective, &mut *gradient), (&undecayed, &mut *data)] {
        let lent = scratch.reborrow();
        let value = objective::gradient(objective, theta, samples, T::ZERO, out, lent)?;
        add(hash, &[value])?;
        add(hash, out)?;
    }
    let slopes = architecture.layers(gradient)?.zip(architecture.layers(data)?);
    for (index, (of, slopes)) in architecture.layers(theta)?.zip(slopes).enumerate() {
        layer(objective, theta, samples, index, of, slopes, scratch.reborrow(), hash)?;
    }
    for (below, above) in architecture.layers(theta)?.zip(architecture.layers(theta)?.skip(1)) {
        measured(hash, neural::imbalance(below.weight, above.weight, 1)?)?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "a layer of a problem, and what to note")]
fn layer<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    samples: &Samples<'_, T>,
    index: usize,
    of: Layer<'_, T>,
    (gradient, data): (Layer<'_, T>, Layer<'_, T>),
    mut scratch: Scratch<'_, T>,
    hash: &mut Fingerprint,
) -> Result<()> {
    let (outputs, inputs) = of.weight.shape();
    let mut square = |n: usize| scratch.take_mat(n, n);
    let (mut truth, mut claim, mut backward) = (square(inputs)?, square(inputs)?, square(outputs)?);
    let mut lent = scratch;
    neural::feature_matrix(of.weight, truth.reborrow())?;
    add(hash, truth.data_mut())?;
    neural::backward_matrix(of.weight, backward.reborrow())?;
    add(hash, backward.data_mut())?;
    let lambda = objective.lambda;
    missing(hash, fact::from_gradient(lambda, of.weight, data.weight, claim.reborrow())?);
    add(hash, claim.data_mut())?;
    agrees(hash, agreement::agreement(claim.as_ref().data(), truth.as_ref().data()))?;
    fact::symmetrized(claim.as_ref(), truth.reborrow(), lent.reborrow())?;
    add(hash, truth.data_mut())?;
    fact::transposed(claim.as_ref(), truth.reborrow())?;
    add(hash, truth.data_mut())?;
    let found = fact::agreement_from_gradient(lambda, of.weight, data.weight, lent.reborrow())?;
    agrees(hash, found.fact)?;
    agrees(hash, found.backward)?;
    let (out, scratch) = (backward.reborrow(), lent.reborrow());
    missing(hash, fact::backward_from_samples(objective, theta, samples, index, out, scratch)?);
    add(hash, backward.data_mut())?;
    let (out, scratch) = (claim.reborrow(), lent.reborrow());
    missing(hash, fact::from_samples(objective, theta, samples, index, out, scratch)?);
    add(hash, claim.data_mut())?;
    measured(hash, certificate::bound(lambda, of.weight, gradient.weight, lent.reborrow())?)?;
    let (out, scratch) = (claim.reborrow(), lent.reborrow());
    enfa::enfa(objective, theta, samples, index, out, scratch)?;
    add(hash, claim.data_mut())?;
    let (out, scratch) = (claim.reborrow(), lent.reborrow());
    agop::agop(&objective.architecture, theta, samples.x(), index, out, scratch)?;
    add(hash, claim.data_mut())?;
    power::psd_power(claim.as_ref(), T::HALF, truth.reborrow(), lent)?;
    add(hash, truth.data_mut())
}

fn agrees(hash: &mut Fingerprint, found: Agreement) -> Result<()> {
    measured(hash, found.pearson)?;
    measured(hash, found.cosine)?;
    measured(hash, found.residual)
}

fn missing(hash: &mut Fingerprint, formed: core::result::Result<(), Missing>) {
    hash.bytes(&[formed.map_or_else(|reason| reason as u8, |()| u8::MAX)]);
}
