//! A model as a C header of constants.

use super::Model;
use super::number::{hexadecimal, list};
use crate::plan::{Activation, Precision};

/// The text of a header for C99 and later: constants only, no code.
pub fn c(model: &Model<'_>) -> String {
    let network = model.network;
    let widths = list(network.widths.iter().map(usize::to_string));
    let (name, parameter) = match model.activation {
        Activation::Srelu(epsilon) => ("srelu".to_owned(), Some(epsilon)),
        Activation::LeakyRelu(slope) => ("leaky-relu".to_owned(), Some(slope)),
        plain => (plain.to_string(), None),
    };
    let mut text = format!(
        "/* Written by `fact export --format c`; do not edit.\n \
         * {}.\n \
         *\n \
         * Layer l: z = W h + b, then the activation, but not after the last layer.\n \
         * fact_theta holds W (outputs x inputs) row by row, then b if there are biases, layer\n \
         * after layer. An input enters as (x - fact_input_mean) * fact_input_scale, where these\n \
         * are given; a target left as (y - fact_target_mean) * fact_target_scale.\n \
         * srelu of width e: 0 below 0, z*z/(2e) up to e, z - e/2 above. */\n\
         #ifndef FACT_MODEL_H\n\
         #define FACT_MODEL_H\n\n\
         #define FACT_LAYERS {}\n\
         #define FACT_INPUTS {}\n\
         #define FACT_OUTPUTS {}\n\
         #define FACT_PARAMS {}\n\
         #define FACT_BIASES {}\n\
         #define FACT_ACTIVATION {}\n",
        model.title(),
        network.widths.len().saturating_sub(1),
        model.inputs(),
        model.outputs(),
        network.theta.len(),
        u8::from(network.biased),
        quoted(&name),
    );
    if let Some(parameter) = parameter {
        let value = number(parameter, network.precision);
        text.push_str(&format!("#define FACT_ACTIVATION_PARAMETER {value}\n"));
    }
    text.push_str(&format!(
        "\nstatic const unsigned long fact_widths[FACT_LAYERS + 1] = {{\n{widths}}};\n"
    ));
    text.push_str(&numbers("theta", "FACT_PARAMS", &network.theta, network.precision));
    for (name, values) in model.scales() {
        text.push_str(&numbers(name, &values.len().to_string(), values, network.precision));
    }
    for (name, names) in model.names() {
        text.push_str(&strings(name, names));
    }
    text.push_str("\n#endif\n");
    text
}

fn numbers(name: &str, length: &str, values: &[f64], precision: Precision) -> String {
    let kind = match precision {
        Precision::F32 => "float",
        Precision::F64 => "double",
    };
    let values = list(values.iter().map(|&value| number(value, precision)));
    format!("\nstatic const {kind} fact_{name}[{length}] = {{\n{values}}};\n")
}

fn number(value: f64, precision: Precision) -> String {
    match precision {
        Precision::F32 => format!("{}f", hexadecimal(f64::from(value as f32))),
        Precision::F64 => hexadecimal(value),
    }
}

/// A table of strings.
pub(super) fn strings(name: &str, names: &[String]) -> String {
    let items = list(names.iter().map(|name| quoted(name)));
    let count = names.len();
    format!("\nstatic const char *const fact_{name}[{count}] = {{\n{items}}};\n")
}

/// A string literal; what might mean something else in C is written in octal.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" _-.,:;()+*/=<>".contains(&b);
    let escaped = text.bytes().map(|b| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("\\{b:03o}"),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
