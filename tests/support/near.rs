//! Comparisons that say what failed, where, and by how much.

use fact_core::scalar::Scalar;

/// Fails unless `found` is `expected` within `tolerance·scale`, entry by entry.
#[track_caller]
pub fn assert_near(what: &str, found: &[f64], expected: &[f64], scale: f64, tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(
            error <= tolerance * scale,
            "{what}, entry {at}: {found:e}, expected {expected:e}, error {error:e} > {:e}",
            tolerance * scale
        );
    }
}

/// [`assert_near`] relative to the largest expected entry.
#[track_caller]
pub fn assert_relative(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_near(what, found, expected, largest(expected), tolerance);
}

/// The largest absolute value.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |top, value| value.abs().max(top))
}

/// Exactly the same numbers in `f64`.
pub fn exact<T: Scalar>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// The bits, for comparisons that have to hold exactly: `−0` is not `0`, and a NaN equals itself.
pub fn bits<T: Scalar>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}

/// Whether a refusal is for a shape or a length.
pub fn is_size(error: &fact_core::Error) -> bool {
    matches!(error, fact_core::Error::Shape { .. } | fact_core::Error::Length { .. })
}
