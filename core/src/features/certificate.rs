//! The convergence certificate: how far a layer can be from `FACT = WᵀW`, from the gradient alone.
//!
//! At any weights `FACT − WᵀW = −(1/λ) Wᵀ∇_W L_λ`, so
//! `‖FACT − WᵀW‖_F/‖WᵀW‖_F ≤ ‖W‖₂‖∇_W L_λ‖_F/(λ‖WᵀW‖_F)`. No trace of the samples is needed.

use super::{Measured, Missing};
use crate::error::{Result, check_shape};
use crate::linalg::blas::{dot_any, norm};
use crate::linalg::power;
use crate::mat::MatRef;
use crate::nn::objective::Objective;
use crate::scalar::Scalar;
use crate::scratch::Scratch;

/// Words of scratch for [`bound`] of a layer of this shape.
///
/// ```
/// assert_eq!(fact_core::features::certificate::bound_scratch(32, 64), 32 * 32 + 2 * 32);
/// ```
pub const fn bound_scratch(outputs: usize, inputs: usize) -> usize {
    power::spectral_norm_scratch(outputs, inputs)
}

/// `‖W‖₂‖∇_W L_λ‖_F/(λ‖WᵀW‖_F)`, an upper bound of FACT's relative residual, for `W: out×in` and
/// the gradient of the decayed objective, of the same shape.
///
/// Cost: that of an eigendecomposition of the smaller Gram matrix. Scratch: [`bound_scratch`].
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the gradient does not fit, or a scratch error.
///
/// ```
/// use fact_core::{features::certificate, mat::MatRef, scratch::Scratch};
/// let (w, g) = (MatRef::new(&[2.0], 1, 1)?, MatRef::new(&[0.1], 1, 1)?);
/// let mut memory = [0.0; certificate::bound_scratch(1, 1)];
/// let bound = certificate::bound(0.5, w, g, Scratch::new(&mut memory))?.unwrap();
/// assert!((bound - 0.1_f64).abs() < 1e-15); // 2·0.1/(½·4)
/// # Ok::<(), fact_core::Error>(())
/// ```
pub fn bound<T: Scalar>(
    lambda: T,
    weight: MatRef<'_, T>,
    gradient: MatRef<'_, T>,
    scratch: Scratch<'_, T>,
) -> Result<Measured> {
    check_shape("gradient", weight.shape(), gradient.shape())?;
    if lambda == T::ZERO {
        return Ok(Err(Missing::NoDecay));
    }
    let squared = match gram_norm(&weight) {
        Ok(norm) => norm,
        Err(missing) => return Ok(Err(missing)),
    };
    let spectral = power::spectral_norm(weight, scratch)?.to_f64();
    let slope = norm(gradient.data());
    let bound = spectral * slope / (lambda.to_f64().abs() * squared);
    Ok(if bound.is_finite() { Ok(bound) } else { Err(Missing::NonFinite) })
}

/// The largest bound of all layers, cheap enough for every evaluation and without scratch: with
/// `‖W‖₂ ≤ ‖WᵀW‖_F^½` it is `‖∇_W L_λ‖_F/(λ‖WᵀW‖_F^½)`, never below [`bound`].
///
/// `gradient` has the layout of `theta`. Cost: `out²·in/2` multiplications and additions a layer.
///
/// # Errors
/// A length error when `theta` or `gradient` does not fit.
///
/// ```
/// use fact_core::features::certificate;
/// use fact_core::nn::{Activation, Architecture, Bias, Loss, objective::Objective};
/// let architecture = Architecture {
///     widths: &[1, 1],
///     hidden: Activation::Identity,
///     output: Activation::Identity,
///     bias: Bias::None,
/// };
/// let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.5 };
/// assert_eq!(certificate::stopping_bound(&objective, &[2.0], &[0.1])?, Ok(0.1));
/// # Ok::<(), fact_core::Error>(())
/// ```
#[inline(never)]
pub fn stopping_bound<T: Scalar>(
    objective: &Objective<'_, T>,
    theta: &[T],
    gradient: &[T],
) -> Result<Measured> {
    // The identity holds for a `λ` below 0 too; without its sign, so does the bound.
    let lambda = objective.lambda.to_f64().abs();
    if lambda == 0.0 {
        return Ok(Err(Missing::NoDecay));
    }
    let mut largest: f64 = 0.0;
    let gradients = objective.architecture.layers(gradient)?;
    for (layer, gradient) in objective.architecture.layers(theta)?.zip(gradients) {
        let size = match gram_norm(&layer.weight) {
            Ok(norm) => libm::sqrt(norm),
            Err(missing) => return Ok(Err(missing)),
        };
        let slope = norm(gradient.weight.data());
        let bound = slope / (lambda * size);
        if !bound.is_finite() {
            return Ok(Err(Missing::NonFinite));
        }
        largest = largest.max(bound);
    }
    Ok(Ok(largest))
}

/// `‖WᵀW‖_F = ‖WWᵀ‖_F` from the inner products of rows, without storing either: what a certificate is
/// relative to, so neither zero nor overflown.
fn gram_norm<T: Scalar>(weight: &MatRef<'_, T>) -> Measured {
    let sum = gram_norm_squared(weight);
    if sum == 0.0 {
        Err(Missing::Zero)
    } else if sum.is_finite() {
        Ok(libm::sqrt(sum))
    } else {
        Err(Missing::NonFinite)
    }
}

#[inline(never)]
fn gram_norm_squared<T: Scalar>(weight: &MatRef<'_, T>) -> f64 {
    let mut sum = 0.0;
    for (i, row) in weight.rows().enumerate() {
        for (j, other) in weight.rows().take(i + 1).enumerate() {
            let product = dot_any(row, other).to_f64();
            sum += if i == j { 1.0 } else { 2.0 } * (product * product);
        }
    }
    sum
}
