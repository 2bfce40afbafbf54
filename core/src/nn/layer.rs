//! One layer forwards and backwards: the pieces that every pass through a network is made of.
//!
//! All are inlined, so that widths known at compile time reach the innermost loops. Those named `…_any`
//! are for widths known at run time only: their loops are compiled once and apart, so that on a small
//! core their frames do not lie on the stack together.

use super::activation::Activation;
use super::architecture::Layer;
use crate::linalg::blas::{
    add_gemm_nt, add_gemm_nt_any, add_ger, axpy, hadamard_gemm, hadamard_gemm_any,
};
use crate::mat::{MatRef, RowsMut};
use crate::scalar::Scalar;

/// `value ← σ(xWᵀ + b)` and `slope ← σ′(xWᵀ + b)` for rows `x`; each sum starts at its bias.
#[inline(always)]
pub(super) fn forward<T: Scalar>(
    weight: MatRef<'_, T>,
    bias: &[T],
    activation: Activation<T>,
    x: MatRef<'_, T>,
    value: &mut [T],
    slope: &mut [T],
) {
    if bias.is_empty() {
        value.fill(T::ZERO);
    } else {
        for row in RowsMut::new(value, weight.nrows()) {
            for (value, &bias) in row.iter_mut().zip(bias) {
                *value = bias;
            }
        }
    }
    add_gemm_nt(x, weight, value);
    activation.apply(value, slope);
}

/// [`forward`] for shapes that come at run time.
#[inline(always)]
pub(super) fn forward_any<T: Scalar>(
    layer: &Layer<'_, T>,
    activation: Activation<T>,
    x: &MatRef<'_, T>,
    value: &mut [T],
    slope: &mut [T],
) {
    value.fill(T::ZERO);
    if !layer.bias.is_empty() {
        for row in RowsMut::new(value, layer.bias.len()) {
            row.iter_mut().zip(layer.bias).for_each(|(value, &bias)| *value = bias);
        }
    }
    add_gemm_nt_any(x, &layer.weight, value);
    apply_any(activation, value, slope);
}

#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline(always))]
fn apply_any<T: Scalar>(activation: Activation<T>, value: &mut [T], slope: &mut [T]) {
    activation.apply(value, slope);
}

/// `below ← below ∘ (δW)`: from this layer's `δ` to that of the layer below, whose slopes `below`
/// holds on entry.
#[inline(always)]
pub(super) fn pull_back<T: Scalar>(weight: MatRef<'_, T>, delta: &[T], below: &mut [T]) {
    hadamard_gemm(delta, &weight, below);
}

/// [`pull_back`] for shapes that come at run time.
#[inline(always)]
pub(super) fn pull_back_any<T: Scalar>(weight: &MatRef<'_, T>, delta: &[T], below: &mut [T]) {
    hadamard_gemm_any(delta, weight, below);
}

/// One gradient step on one layer: `W ← keep·W − ηδhᵀ`, `b ← keep_b·b − ηδ`.
#[inline(always)]
pub(super) fn descend<T: Scalar>(
    weight: &mut [T],
    bias: &mut [T],
    h: &[T],
    delta: &[T],
    rate: T,
    keep: (T, T),
) {
    for (values, keep) in [(&mut *weight, keep.0), (&mut *bias, keep.1)] {
        if keep != T::ONE {
            for value in values {
                *value *= keep;
            }
        }
    }
    add_ger(-rate, delta, h, weight);
    axpy(-rate, delta, bias);
}

/// [`descend`] for shapes that come at run time.
#[inline(never)]
pub(super) fn descend_any<T: Scalar>(
    weight: &mut [T],
    bias: &mut [T],
    h: &[T],
    delta: &[T],
    rate: T,
    keep: (T, T),
) {
    descend(weight, bias, h, delta, rate, keep);
}
