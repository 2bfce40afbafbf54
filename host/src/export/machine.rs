//! Fitted kernel machines as constants. The arrays are those of the model's own file.

use super::number::{decimal, hexadecimal, list};
use crate::model::{Model, Outputs};
use crate::plan::Precision;
use fact_core::kernel::Kernel;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A kernel: its name, how core spells it, and its numbers by name.
fn kernel(model: &Model) -> (&'static str, &'static str, Vec<(&'static str, f64)>) {
    match model.kernel {
        Kernel::Laplace { bandwidth } => ("laplace", "Laplace", vec![("bandwidth", bandwidth)]),
        Kernel::GeneralizedLaplace { bandwidth, exponent } => (
            "generalized-laplace",
            "GeneralizedLaplace",
            vec![("bandwidth", bandwidth), ("exponent", exponent)],
        ),
        Kernel::Gaussian { bandwidth } => ("gaussian", "Gaussian", vec![("bandwidth", bandwidth)]),
        Kernel::Quadratic => ("quadratic", "Quadratic", Vec::new()),
        Kernel::Exponential { bandwidth } => {
            ("exponential", "Exponential", vec![("bandwidth", bandwidth)])
        }
    }
}

/// The arrays by name, with what they are.
fn arrays(model: &Model) -> Vec<(&'static str, &[f64], String)> {
    let (n, d, c) = (model.n(), model.d(), model.outputs.count());
    let mut arrays = vec![
        ("metric", model.metric.as_slice(), format!("The metric M, {d} by {d}")),
        ("x", &model.x, format!("The training samples, standardised, {n} by {d}, one a row")),
        ("dual", &model.dual, format!("The dual, {n} by {c}, one sample a row")),
        ("input_mean", &model.inputs.mean, "Mean of each input in the training data".to_owned()),
        (
            "input_scale",
            &model.inputs.scale,
            "What each input less its mean is multiplied by".into(),
        ),
    ];
    if let Outputs::Values(means) = &model.outputs {
        arrays.push(("output_mean", means, "What is added to each output".to_owned()));
    }
    arrays
}

/// The names by name: inputs, and classes if there are any.
fn names(model: &Model) -> Vec<(&'static str, &[String])> {
    let mut names = vec![("features", model.inputs.features.as_slice())];
    if let Outputs::Classes(labels) = &model.outputs {
        names.push(("labels", labels));
    }
    names
}

fn title(model: &Model) -> String {
    let (name, _, numbers) = kernel(model);
    let numbers: Vec<String> =
        numbers.iter().map(|(name, value)| format!(", {name} {value:?}")).collect();
    let (n, d, c) = (model.n(), model.d(), model.outputs.count());
    format!("Kernel machine, {name}{}: {n} samples, {d} inputs, {c} outputs", numbers.concat())
}

/// How outputs are to be read.
fn reading(model: &Model) -> &'static str {
    match &model.outputs {
        Outputs::Classes(labels) if labels.len() == 2 => {
            "class 1 where the output is above 0, else 0"
        }
        Outputs::Classes(_) => "the class of the largest output",
        Outputs::Values(_) => "the output plus its mean",
    }
}

/// The source of a module that compiles against `fact-core`: `predictor()` is the machine.
pub fn machine_rust(model: &Model) -> String {
    let precision = model.precision;
    let (n, d, c) = (model.n(), model.d(), model.outputs.count());
    let (_, variant, numbers) = kernel(model);
    let fields: Vec<String> = numbers
        .iter()
        .map(|(name, value)| format!("{name}: {}", decimal(*value, precision)))
        .collect();
    let fields =
        if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
    let mut text = format!(
        "// Written by `fact export --format rust`; do not edit.\n\
         // {}.\n\
         // An input enters as (x - INPUT_MEAN) * INPUT_SCALE. To be read: {}.\n\n\
         use fact_core::kernel::{{Kernel, Metric, Predictor}};\n\
         use fact_core::mat::MatRef;\n\n\
         /// The machine, to be used with the functions of `fact_core::kernel`.\n\
         ///\n\
         /// # Errors\n\
         /// None: the arrays have the shapes they need.\n\
         #[rustfmt::skip]\n\
         pub fn predictor() -> fact_core::Result<Predictor<'static, {precision}>> {{\n    \
             Ok(Predictor {{\n        \
                 kernel: Kernel::{variant}{fields},\n        \
                 metric: Metric::Full(MatRef::new(&METRIC, {d}, {d})?),\n        \
                 x: MatRef::new(&X, {n}, {d})?,\n        \
                 dual: MatRef::new(&DUAL, {n}, {c})?,\n    \
             }})\n\
         }}\n",
        title(model),
        reading(model),
    );
    for (name, values, what) in arrays(model) {
        let (constant, count) = (name.to_uppercase(), values.len());
        let values = list(values.iter().map(|&value| decimal(value, precision)));
        text.push_str(&format!(
            "\n/// {what}.\n#[rustfmt::skip]\n\
             pub static {constant}: [{precision}; {count}] = [\n{values}];\n"
        ));
    }
    for (name, names) in names(model) {
        let (constant, count) = (name.to_uppercase(), names.len());
        let items = list(names.iter().map(|name| format!("{name:?}")));
        text.push_str(&format!(
            "\n/// Names: {name}.\n#[rustfmt::skip]\n\
             pub static {constant}: [&str; {count}] = [\n{items}];\n"
        ));
    }
    text
}

/// The text of a header for C99 and later.
pub fn machine_c(model: &Model) -> String {
    let (name, _, numbers) = kernel(model);
    let (kind, suffix) = match model.precision {
        Precision::F32 => ("float", "f"),
        Precision::F64 => ("double", ""),
    };
    let number = |value: f64| match model.precision {
        Precision::F32 => format!("{}{suffix}", hexadecimal(f64::from(value as f32))),
        Precision::F64 => hexadecimal(value),
    };
    let mut text = format!(
        "/* Written by `fact export --format c`; do not edit.\n \
         * {}.\n \
         * f(q) = sum over samples i of fact_dual[i] k(fact_x[i], q), with u*u = (x-q)'M(x-q):\n \
         * laplace exp(-u/bandwidth), gaussian exp(-u*u/(2 bandwidth*bandwidth)),\n \
         * generalized-laplace exp(-pow(u/bandwidth, exponent)), quadratic (x'Mq)*(x'Mq),\n \
         * exponential exp(x'Mq/bandwidth).\n \
         * An input enters as (x - fact_input_mean) * fact_input_scale. To be read: {}. */\n\
         #ifndef FACT_MODEL_H\n\
         #define FACT_MODEL_H\n\n\
         #define FACT_SAMPLES {}\n\
         #define FACT_INPUTS {}\n\
         #define FACT_OUTPUTS {}\n\
         #define FACT_KERNEL \"{name}\"\n",
        title(model),
        reading(model),
        model.n(),
        model.d(),
        model.outputs.count(),
    );
    for (name, value) in numbers {
        text.push_str(&format!("#define FACT_{} {}\n", name.to_uppercase(), number(value)));
    }
    for (name, values, what) in arrays(model) {
        let count = values.len();
        let values = list(values.iter().map(|&value| number(value)));
        text.push_str(&format!(
            "\n/* {what}. */\nstatic const {kind} fact_{name}[{count}] = {{\n{values}}};\n"
        ));
    }
    for (name, names) in names(model) {
        text.push_str(&super::c::strings(name, names));
    }
    text.push_str("\n#endif\n");
    text
}

/// All but the arrays.
fn head(model: &Model) -> Value {
    let (name, _, numbers) = kernel(model);
    let mut head = json!({
        "format": "fact-rfm",
        "version": 1,
        "precision": model.precision.to_string(),
        "kernel": name,
        "samples": model.n(),
        "inputs": model.d(),
        "outputs": model.outputs.count(),
    });
    if let Some(head) = head.as_object_mut() {
        head.extend(numbers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        head.extend(names(model).iter().map(|(name, names)| ((*name).to_owned(), json!(names))));
    }
    head
}

/// One line of JSON, with its line break.
pub fn machine_json(model: &Model) -> String {
    let mut value = head(model);
    if let Some(value) = value.as_object_mut() {
        value.extend(
            arrays(model).iter().map(|(name, array, _)| ((*name).to_owned(), json!(array))),
        );
    }
    format!("{value}\n")
}

/// The bytes of a safetensors file: the arrays as tensors, the rest as metadata `fact-rfm`. Scales and
/// means are `F64`, as the model holds them.
///
/// # Errors
/// What the format refuses, as a sentence.
pub fn machine_safetensors(model: &Model) -> Result<Vec<u8>, String> {
    let (n, d, c) = (model.n(), model.d(), model.outputs.count());
    let tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)> = arrays(model)
        .into_iter()
        .map(|(name, values, _)| {
            let shape = match name {
                "metric" => vec![d, d],
                "x" => vec![n, d],
                "dual" => vec![n, c],
                _ => vec![values.len()],
            };
            let narrow = shape.len() == 2 && model.precision == Precision::F32;
            match narrow {
                true => {
                    let bytes = values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
                    (name, Dtype::F32, shape, bytes)
                }
                false => {
                    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                    (name, Dtype::F64, shape, bytes)
                }
            }
        })
        .collect();
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        TensorView::new(*dtype, shape.clone(), bytes).map(|view| (*name, view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let metadata = HashMap::from([("fact-rfm".to_owned(), head(model).to_string())]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string())
}
