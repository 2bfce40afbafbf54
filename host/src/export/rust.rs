//! A model as a module of Rust constants that compiles against `fact-core`.

use super::Model;
use super::number::{decimal, list};
use crate::plan::{Activation, Bias, Precision};

/// The source of a module, also for `include!`. The network is `ARCHITECTURE` with `THETA`, to be used
/// with the functions of `fact_core::nn`; inputs come to it as `(x − INPUT_MEAN)·INPUT_SCALE`.
pub fn rust(model: &Model<'_>) -> String {
    let network = model.network;
    let precision = network.precision;
    let depth = network.widths.len();
    let widths: Vec<String> = network.widths.iter().map(usize::to_string).collect();
    let bias_decay = network.about.as_ref().is_some_and(|about| about.bias_decay);
    let bias = match (network.biased, bias_decay) {
        (false, _) => Bias::None,
        (true, false) => Bias::Free,
        (true, true) => Bias::Decayed,
    };
    let mut text = format!(
        "// Written by `fact export --format rust`; do not edit.\n\
         // {}.\n\n\
         use fact_core::nn::{{Activation, Architecture, Bias, Widths}};\n\n\
         /// Widths of the layers, inputs first.\n\
         #[rustfmt::skip]\n\
         pub const WIDTHS: Widths<{depth}> = Widths([{}]);\n\n\
         /// The network without its parameters.\n\
         #[rustfmt::skip]\n\
         pub const ARCHITECTURE: Architecture<'static, {precision}> = Architecture {{\n    \
             widths: &WIDTHS.0,\n    \
             hidden: {},\n    \
             output: Activation::Identity,\n    \
             bias: Bias::{bias:?},\n\
         }};\n",
        model.title(),
        widths.join(", "),
        activation(model.activation, precision),
    );
    text.push_str(
        "\n/// All parameters: W row by row, then b if there are biases, layer after layer.\n",
    );
    let length = format!("WIDTHS.params(Bias::{bias:?})");
    text.push_str(&numbers("THETA", &length, &network.theta, precision));
    for (name, values) in model.scales() {
        let (of, what) = match name.split_once('_') {
            Some((of, "mean")) => (of, "Mean"),
            Some((of, _)) => (of, "Reciprocal standard deviation"),
            None => (name, ""),
        };
        text.push_str(&format!("\n/// {what} of each {of} in the training data.\n"));
        let length = values.len().to_string();
        text.push_str(&numbers(&name.to_uppercase(), &length, values, precision));
    }
    for (name, names) in model.names() {
        let what = if name == "labels" { "classes, in the order of the outputs" } else { "inputs" };
        text.push_str(&format!("\n/// Names of the {what}.\n#[rustfmt::skip]\n"));
        let (constant, count) = (name.to_uppercase(), names.len());
        text.push_str(&format!("pub static {constant}: [&str; {count}] = [\n"));
        text.push_str(&list(names.iter().map(|name| format!("{name:?}"))));
        text.push_str("];\n");
    }
    text
}

fn numbers(name: &str, length: &str, values: &[f64], precision: Precision) -> String {
    let values = list(values.iter().map(|&value| decimal(value, precision)));
    format!("#[rustfmt::skip]\npub static {name}: [{precision}; {length}] = [\n{values}];\n")
}

fn activation(activation: Activation, precision: Precision) -> String {
    match activation {
        Activation::Srelu(epsilon) => {
            format!("Activation::SmoothRelu {{ epsilon: {} }}", decimal(epsilon, precision))
        }
        Activation::LeakyRelu(slope) => {
            format!("Activation::LeakyRelu {{ slope: {} }}", decimal(slope, precision))
        }
        plain => format!("Activation::{plain:?}"),
    }
}
