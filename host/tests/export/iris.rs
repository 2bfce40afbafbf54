// Written by `fact export --format rust`; do not edit.
// Network 4-8-3, tanh, with biases; trained on iris, half-mse, lambda 0.003.

use fact_core::nn::{Activation, Architecture, Bias, Widths};

/// Widths of the layers, inputs first.
#[rustfmt::skip]
pub const WIDTHS: Widths<3> = Widths([4, 8, 3]);

/// The network without its parameters.
#[rustfmt::skip]
pub const ARCHITECTURE: Architecture<'static, f32> = Architecture {
    widths: &WIDTHS.0,
    hidden: Activation::Tanh,
    output: Activation::Identity,
    bias: Bias::Decayed,
};

/// All parameters: W row by row, then b if there are biases, layer after layer.
#[rustfmt::skip]
pub static THETA: [f32; WIDTHS.params(Bias::Decayed)] = [
    0.023098836, 0.27321663, -0.6178408, -0.6118654, -0.0023443778, 0.010449693, 0.07745315,
    0.13126215, -0.0025239585, 0.010923249, 0.07802234, 0.13192953, -0.0024823176, 0.010534556,
    0.07764711, 0.13147981, 0.22302535, 0.04822626, 0.18873599, 0.2897413, 0.0023735475,
    -0.010405194, -0.07746023, -0.13116787, -0.0024375038, 0.010850335, 0.07768882, 0.13145314,
    -0.09500917, -0.18637678, 1.2105241, 1.1343656, -0.38453373, -0.08495781, -0.08518411,
    -0.085099325, -0.10148937, 0.084979184, -0.0848534, -1.3922119, 0.59922713, -0.09584388,
    -0.09625519, -0.09592804, -0.015199137, 0.095834956, -0.09597265, 0.19401906, -0.63065696,
    0.13345832, 0.13461314, 0.1338594, 0.29546478, -0.13336603, 0.13395393, -1.0260026,
    0.006897528, -0.07603809, -0.07593753, -0.07607438, -0.25714806, 0.07600866, -0.075650625,
    0.8406746, 0.49261713, -0.04086817, 0.5280472,
];

/// Mean of each input in the training data.
#[rustfmt::skip]
pub static INPUT_MEAN: [f32; 4] = [
    5.8433332, 3.0573332, 3.758, 1.1993333,
];

/// Reciprocal standard deviation of each input in the training data.
#[rustfmt::skip]
pub static INPUT_SCALE: [f32; 4] = [
    1.2116787, 2.3019676, 0.5683743, 1.3163218,
];

/// Names of the inputs.
#[rustfmt::skip]
pub static FEATURES: [&str; 4] = [
    "sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm",
];

/// Names of the classes, in the order of the outputs.
#[rustfmt::skip]
pub static LABELS: [&str; 3] = [
    "setosa", "versicolor", "virginica",
];
