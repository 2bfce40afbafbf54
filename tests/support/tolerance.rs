//! Every tolerance of the tests, with its formula or its reason.
//!
//! `ε` is the distance from 1 to the next number of the type under test, twice the unit roundoff `u`
//! of the textbooks: a bound that reads `k·u` there leaves a factor of 2 when written `k·ε`.

use fact_core::scalar::Scalar;

// ---- networks: golden files, oracles, differences ------------------------------------------------

/// Against the golden networks in `f64`, relative to the largest entry: both sides add up to 64
/// terms of one order of magnitude in different orders, a few hundred roundings at worst.
pub const GOLDEN_F64: f64 = 1e-12;

/// The same in `f32`: a few hundred roundings of 6e-8, less what they average out.
pub const GOLDEN_F32: f64 = 1e-5;

/// Square roots of golden matrices, entry by entry relative to the Frobenius norm: a rounding of 1e-16
/// under the root is 1e-8 at an eigenvalue 0, and the golden roots of rank-deficient AGOPs carry it.
pub const GOLDEN_ROOT: f64 = 1e-8;

/// Correlations of `s`-th powers of golden matrices: the same reasoning, with room for a few entries.
pub fn golden_power(s: f64) -> f64 {
    GOLDEN_F64.max(10.0 * f64::EPSILON.powf(s))
}

/// FACT and bFACT, relative to `‖WᵀW‖`: near a critical point `∇L` is the difference of almost equal
/// terms, and `1/λ` multiplies its rounding error.
pub fn golden_fact(lambda: f64) -> f64 {
    GOLDEN_F64.max(1e3 * f64::EPSILON / lambda)
}

/// Residual `‖FACT − WᵀW‖/‖WᵀW‖` of a golden network at its critical point: at most
/// `‖W‖₂‖∇L_λ‖/(λ‖WᵀW‖)`, and the files' gradients are below 1e-11.
pub const GOLDEN_CONVERGED: f64 = 1e-8;

/// The oracle's `erf`, absolute: the series has terms of one sign, so a few roundings are left.
pub const ERF: f64 = 4.0 * f64::EPSILON;

/// Differences of fourth order with step `s = 2⁻¹³`, relative to the largest entry or 1: truncation
/// `s⁴` ≈ 2e-16 times a fifth derivative (up to some 10³ for four quadratic layers), rounding
/// `eps/s` ≈ 2e-12 times the function's value (up to some 10²).
pub const DIFFERENCES: f64 = 1e-9;

fn eps<T: Scalar>() -> f64 {
    T::EPSILON.to_f64()
}

/// `(k + 3)·ε·Σ|terms|`: `k` products added up one by one, with the scalings by `α` and `β` (Higham,
/// *Accuracy and Stability of Numerical Algorithms*, section 3.1).
pub fn sum<T: Scalar>(k: usize, mass: f64) -> f64 {
    (k as f64 + 3.0) * eps::<T>() * mass
}

/// `(n + 3)·ε·max Aᵢᵢ`: entries of `LLᵀ − A` (Higham, theorem 10.3, with `|L||L|ᵀ ≤ max Aᵢᵢ`, and one
/// rounding more for the reciprocal).
pub fn cholesky<T: Scalar>(n: usize, top: f64) -> f64 {
    (n as f64 + 3.0) * eps::<T>() * top
}

/// `(3n + 5)·n·ε·max Aᵢᵢ·max|xᵢ|`: entries of `Ax − b` (Higham, theorem 10.4).
pub fn cholesky_solve<T: Scalar>(n: usize, top: f64, x: f64) -> f64 {
    (3.0 * n as f64 + 5.0) * n as f64 * eps::<T>() * top * x
}

/// `8(n + 1)·ε·size`: backward error and loss of orthogonality of about `n` orthogonal
/// transformations of vectors of `n` elements, each good to a few `ε` (Higham, section 19.3). `size`
/// is `‖A‖_F`, or 1 for orthonormality.
pub fn orthogonal<T: Scalar>(n: usize, size: f64) -> f64 {
    8.0 * (n as f64 + 1.0) * eps::<T>() * size
}

/// `24(n + 1)·ε·‖A‖_F`: what [`orthogonal`] allows, for each of the two factors of a square, and what
/// the clipping of eigenvalues below `n·ε·λ_max` may take.
pub fn power<T: Scalar>(n: usize, size: f64) -> f64 {
    24.0 * (n as f64 + 1.0) * eps::<T>() * size
}

// ---- networks of the core: golden files, gradients, laws, training -------------------------------

/// [`GOLDEN_F64`] or [`GOLDEN_F32`].
pub fn golden<T: Scalar>() -> f64 {
    if T::EPSILON.to_f64() < 1e-10 { GOLDEN_F64 } else { GOLDEN_F32 }
}

/// `f32` against an oracle in `f64` at random problems, relative to the terms before they cancel (at
/// least 1): up to four layers of six units, a few hundred roundings that quadratic layers double.
pub const RANDOM_F32: f64 = 1e-4;

/// Activations and losses: `8 eps` times the result, for a handful of correctly rounded operations
/// around one elementary function good to an ulp or two.
pub const ELEMENTARY: f64 = 8.0;

/// The same of [`fact_core::approx::Approx`]: two or three digits, as its documentation says.
pub const APPROX: f64 = 2e-2;

/// Random draws: so many standard deviations; once in a few hundred million by chance.
pub const SIGMAS: f64 = 6.0;

/// Laws of a critical point where training stopped at a certificate of 1e-8: as many digits, with
/// room for the certificate being of FACT and not of the law.
pub const CONVERGED: f64 = 1e-6;

/// The balance of units on the kinks of a ReLU, after steps `η` that shrink to some 3e-3: each is off by
/// `η` times a gradient of the order of `λ`.
pub const KINKS: f64 = 1e-3;

/// FACT's residual where `f32` can go no further: measured 5e-8/λ, here at λ = 1e-2, tenfold.
pub const FLOOR_F32: f64 = 5e-5;

/// Adam against its formula, absolute: `m/√v` of a gradient near 0 amplifies its rounding.
pub const ADAM: f64 = 1e-9;

// ---- kernel machines -----------------------------------------------------------------------------

/// Golden kernel machines: as [`GOLDEN_F64`], or a hundred times the relative change of the output
/// when the inputs change by 1e-15, where that is more. `None` where the output is mostly rounding.
pub fn golden_kernel(sensitivity: f64) -> Option<f64> {
    (sensitivity <= 1e-4).then_some(GOLDEN_F64.max(100.0 * sensitivity))
}

/// The least tolerance of dual and predictions after three updates. The files state one sensitivity
/// for metric, dual and predictions together; measured apart, inputs of `expip_a` moved by 1e-15
/// move its dual after three `nfa` updates by 5e-12 and its metric by 2e-13.
pub const GOLDEN_REFIT: f64 = 1e-11;

/// Laws of small random kernel machines in `f64`, relative to the largest entry or 1: up to 8
/// samples with `‖K + rI‖/r` up to some 10⁴ amplify a few dozen roundings of 1e-16, squares of `α`
/// twice.
pub const MACHINE: f64 = 1e-9;

/// [`DIFFERENCES`] of a kernel machine with step 2⁻¹³, for Laplace kernels at queries away from
/// their tips.
pub const MACHINE_DIFFERENCES: f64 = 1e-7;

/// Golden kernel machines in `f32`, relative to the largest entry: rounding of 6e-8 times the
/// condition number of `K + rI`, tenfold, as `α` enters squares.
pub fn golden_kernel_f32(condition: f64) -> f64 {
    10.0 * condition * eps::<f32>()
}

/// `2j·max|α|`: how far a machine with jitter `j` and no ridge is from its targets, since the
/// residual is `jα`; as much again for the rounding that the jitter drowns.
pub fn interpolation(jitter: f64, dual: f64) -> f64 {
    2.0 * jitter * dual
}

/// FACT and AGOP of a quadratic machine with relative ridge 2⁻¹⁰ in `f32`: rounding of 6e-8 over
/// the ridge, with room for a hundred terms.
pub const FORMS_F32: f64 = 2e-3;

/// FACT of the same machine from its definition in `f64`: rounding of 1e-16 over the *square* of
/// the ridge, with the same room.
pub const FORMS_F64: f64 = 1e-8;

// ---- the two engines of the host -----------------------------------------------------------------

/// What both engines make of one dual, in norm: sums of up to 530 terms that do not cancel, in two
/// orders; the squares of the distances, expanded by the fast engine, are some ten times what they
/// leave.
pub const ENGINES: f64 = 1e-12;

/// Their duals: [`ENGINES`] with the condition number of `K + rI`, at most some 1e4 there, of which
/// two orders show.
pub const ENGINES_DUAL: f64 = 1e-10;

/// [`ENGINES`] in `f32`: a hundred roundings of 6e-8, squared by AGOP and FACT.
pub const ENGINES_F32: f64 = 1e-4;

/// [`ENGINES_DUAL`] in `f32`: rounding of 6e-8 times a condition number up to some 1e5, with room for
/// a few.
pub const ENGINES_DUAL_F32: f64 = 2e-2;

/// Metric and dual of the two engines after three updates: square roots of an AGOP or FACT take `ε` to
/// `√ε` where an eigenvalue vanishes, with room for a few.
pub const ENGINES_ROUNDS: f64 = 1e-7;

/// Jitters of the two engines for one Gram matrix of low rank: rounding may ask one of them for one
/// step more, of a factor 10; a tenth of that for the rounding of the mean of the diagonal.
pub const JITTER_STEP: f64 = 11.0;

/// The root of a `3×3` matrix of rank one: a few dozen roundings.
pub const SMALL_ROOT: f64 = 1e-14;
