// Written by `fact export --format rust`; do not edit.
// Kernel machine, laplace, bandwidth 10.0: 4 samples, 2 inputs, 1 outputs.
// An input enters as (x - INPUT_MEAN) * INPUT_SCALE. To be read: the output plus its mean.

use fact_core::kernel::{Kernel, Metric, Predictor};
use fact_core::mat::MatRef;

/// The machine, to be used with the functions of `fact_core::kernel`.
///
/// # Errors
/// None: the arrays have the shapes they need.
#[rustfmt::skip]
pub fn predictor() -> fact_core::Result<Predictor<'static, f32>> {
    Ok(Predictor {
        kernel: Kernel::Laplace { bandwidth: 10.0 },
        metric: Metric::Full(MatRef::new(&METRIC, 2, 2)?),
        x: MatRef::new(&X, 4, 2)?,
        dual: MatRef::new(&DUAL, 4, 1)?,
    })
}

/// The metric M, 2 by 2.
#[rustfmt::skip]
pub static METRIC: [f32; 4] = [
    1.9459332, 0.0028073643, 0.0028073643, 0.054066665,
];

/// The training samples, standardised, 4 by 2, one a row.
#[rustfmt::skip]
pub static X: [f32; 8] = [
    -1.3416408, -1.0, -0.4472136, 1.0, 0.4472136, 1.0, 1.3416408, -1.0,
];

/// The dual, 4 by 1, one sample a row.
#[rustfmt::skip]
pub static DUAL: [f32; 4] = [
    -0.6501584, 3.0926363, -2.9121838, 0.45900363,
];

/// Mean of each input in the training data.
#[rustfmt::skip]
pub static INPUT_MEAN: [f32; 2] = [
    2.5, 0.5,
];

/// What each input less its mean is multiplied by.
#[rustfmt::skip]
pub static INPUT_SCALE: [f32; 2] = [
    0.8944272, 2.0,
];

/// What is added to each output.
#[rustfmt::skip]
pub static OUTPUT_MEAN: [f32; 1] = [
    0.3875,
];

/// Names: features.
#[rustfmt::skip]
pub static FEATURES: [&str; 2] = [
    "a", "b",
];
