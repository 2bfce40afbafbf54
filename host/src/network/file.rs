//! Networks in the safetensors format.

use super::names::{self, Role};
use super::{About, Network};
use crate::error::{Error, Fault, Result};
use crate::plan::Precision;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;

/// The entry of the file's metadata that is ours.
const ENTRY: &str = "fact";
/// The version of its contents.
const VERSION: u32 = 1;

/// Our entry: a version, and what it is the version of.
#[derive(serde::Serialize, serde::Deserialize)]
struct Entry<A> {
    version: u32,
    about: A,
}

/// Reads the contents of a file; `path` serves for messages.
///
/// Layers are those tensors whose names end in `.weight` and `.bias`, ordered by the rest of their
/// name with numbers by value (`2` before `10`), or `W0`, `b0`, `W1`, …
///
/// # Errors
/// [`Error::Data`] when the file is damaged, holds tensors of another kind of network, or shapes that
/// do not follow one another; or when its numbers are not finite.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Network> {
    let fault = |found: String| Fault::of_file(path, found);
    let damaged = |error: safetensors::SafeTensorError| {
        let found = format!("no whole safetensors file ({error})");
        let fault = fault(found).expected("one as torch's or this command's save writes it");
        Error::data(fault.advice("The file is truncated or damaged: save it again"))
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let mut found: Vec<(&str, Role, TensorView<'_>)> = Vec::new();
    let all = tensors.tensors();
    for (name, tensor) in &all {
        let Some((layer, role)) = names::split(name) else {
            return Err(Error::data(
                fault(format!("the tensor {name:?}"))
                    .expected("weights and biases only, named like \"0.weight\" and \"0.bias\"")
                    .advice(FOREIGN),
            ));
        };
        let axes = tensor.shape().len();
        if axes != if role == Role::Weight { 2 } else { 1 } {
            return Err(Error::data(
                fault(format!("{name:?} with the shape {:?}", tensor.shape()))
                    .expected("weights of shape [outputs, inputs], biases of shape [outputs]")
                    .advice(FOREIGN),
            ));
        }
        found.push((layer, role, tensor.clone()));
    }
    found.sort_by(|a, b| names::order(a.0, b.0).then((a.1 as u8).cmp(&(b.1 as u8))));
    let mut reader = Reader::at(path);
    for (layer, role, tensor) in &found {
        reader.take(layer, *role, tensor)?;
    }
    let about = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    let network = reader.finish(about.map(|text| read_about(path, text)).transpose()?)?;
    check_about(path, &network)?;
    Ok(network)
}

const FOREIGN: &str = "Only fully connected networks can be read; for another architecture use fact \
                       check-traces";

/// Puts a network together, layer by layer.
struct Reader<'a> {
    path: &'a Path,
    widths: Vec<usize>,
    theta: Vec<f64>,
    precision: Option<Precision>,
    /// Name of the last layer.
    layer: String,
    /// Layers with biases.
    biases: usize,
}

impl<'a> Reader<'a> {
    fn at(path: &'a Path) -> Self {
        let (widths, theta) = (Vec::new(), Vec::new());
        Self { path, widths, theta, precision: None, layer: String::new(), biases: 0 }
    }

    fn fault(&self, found: String, expected: String, advice: &str) -> Error {
        Error::data(Fault::of_file(self.path, found).expected(expected).advice(advice))
    }

    fn take(&mut self, layer: &str, role: Role, tensor: &TensorView<'_>) -> Result<()> {
        let name = |role| match role {
            Role::Weight => format!("the weight of layer {layer:?}"),
            Role::Bias => format!("the bias of layer {layer:?}"),
        };
        match (role, tensor.shape()) {
            (Role::Weight, &[outputs, inputs]) => {
                if outputs == 0 || inputs == 0 {
                    let found = format!("{} with the shape {:?}", name(role), tensor.shape());
                    return Err(self.fault(found, "at least one row and column".into(), FOREIGN));
                }
                match self.widths.last() {
                    None => self.widths.push(inputs),
                    Some(&width) if width == inputs => {}
                    Some(width) => {
                        return Err(self.fault(
                            format!("{} with {inputs} inputs", name(role)),
                            format!("{width}, the outputs of layer {:?} before it", self.layer),
                            "Layers follow one another in the order of their names",
                        ));
                    }
                }
                self.widths.push(outputs);
                layer.clone_into(&mut self.layer);
            }
            (_, shape) => {
                let outputs = self.widths.last().copied().filter(|_| self.layer == layer);
                let Some(outputs) = outputs else {
                    let expected = "a weight of that layer as well".into();
                    return Err(self.fault(name(role), expected, FOREIGN));
                };
                if shape != [outputs] {
                    let found = format!("{} with the shape {shape:?}", name(role));
                    return Err(self.fault(found, format!("[{outputs}]"), FOREIGN));
                }
                self.biases += 1;
            }
        }
        let (precision, values) = values(tensor).ok_or_else(|| {
            let found = format!("{} in {:?}", name(role), tensor.dtype());
            let advice = "Convert it before saving: net.float() or net.double()";
            self.fault(found, "F32 or F64".into(), advice)
        })?;
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let found = format!("{}, element {}, not finite", name(role), at + 1);
            let advice = "Training has diverged, or the file is damaged";
            return Err(self.fault(found, "finite numbers".into(), advice));
        }
        match self.precision {
            Some(known) if known != precision => {
                let found = format!("{} in {precision}", name(role));
                let advice = "Convert it before saving: net.float() or net.double()";
                return Err(self.fault(found, format!("{known}, as before it"), advice));
            }
            _ => self.precision = Some(precision),
        }
        self.theta.extend(values);
        Ok(())
    }

    fn finish(self, about: Option<About>) -> Result<Network> {
        let depth = self.widths.len().saturating_sub(1);
        let Some(precision) = self.precision.filter(|_| depth > 0) else {
            let expected = "at least one, named like \"0.weight\"".into();
            return Err(self.fault("no weights".into(), expected, FOREIGN));
        };
        if self.biases != 0 && self.biases != depth {
            let found = format!("biases in {} of {depth} layers", self.biases);
            let expected = "biases in all layers or in none".into();
            return Err(self.fault(found, expected, "Save the missing biases as zeros"));
        }
        let Self { widths, theta, biases, .. } = self;
        Ok(Network { widths, biased: biases > 0, precision, theta, about })
    }
}

/// The elements of a tensor.
fn values(tensor: &TensorView<'_>) -> Option<(Precision, Vec<f64>)> {
    let bytes = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => {
            let (words, _) = bytes.as_chunks();
            let values = words.iter().map(|word| f64::from(f32::from_le_bytes(*word)));
            Some((Precision::F32, values.collect()))
        }
        Dtype::F64 => {
            let (words, _) = bytes.as_chunks();
            Some((Precision::F64, words.iter().map(|word| f64::from_le_bytes(*word)).collect()))
        }
        _ => None,
    }
}

fn read_about(path: &Path, text: &str) -> Result<About> {
    let fault = |found: String| Fault::of_file(path, found);
    let unreadable = |error: serde_json::Error| {
        let fault = fault(format!("metadata \"{ENTRY}\" that cannot be read ({error})"));
        let fault = fault.expected("what fact verify --save writes");
        Error::data(fault.advice("The file is damaged: save it again"))
    };
    let entry: Entry<serde_json::Value> = serde_json::from_str(text).map_err(unreadable)?;
    if entry.version != VERSION {
        let fault = fault(format!("metadata \"{ENTRY}\" of version {}", entry.version));
        let fault = fault.expected(format!("version {VERSION}"));
        return Err(Error::data(fault.advice("Use the version of this command that wrote it")));
    }
    serde_json::from_value(entry.about).map_err(unreadable)
}

/// Refuses metadata that do not fit the weights.
fn check_about(path: &Path, network: &Network) -> Result<()> {
    let Some(about) = &network.about else { return Ok(()) };
    let inputs = network.widths.first().copied().unwrap_or_default();
    let outputs = network.widths.last().copied().unwrap_or_default();
    let lengths = |standardization: &Option<super::Standardization>, what, width| {
        let vectors = standardization.iter().flat_map(|s| [&s.mean, &s.scale]);
        vectors.map(move |vector| (what, vector.len(), width)).collect::<Vec<_>>()
    };
    let mut counts = vec![("names of inputs", about.features.len(), inputs)];
    if !about.labels.is_empty() {
        counts.push(("labels", about.labels.len(), outputs));
    }
    counts.extend(lengths(&about.inputs, "standardised inputs", inputs));
    counts.extend(lengths(&about.targets, "standardised targets", outputs));
    match counts.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((what, found, expected)) => Err(Error::data(
            Fault::of_file(path, format!("{found} {what}"))
                .expected(format!("{expected}, as its weights have"))
                .advice("The file is damaged: save it again"),
        )),
    }
}

/// The network as the bytes of a safetensors file. Layer `l` is `2l.weight` and `2l.bias`, as in an
/// `nn.Sequential` with an activation between each two layers.
///
/// # Errors
/// [`Error::Usage`] when a number of it is not finite, or the format cannot hold it.
pub fn encode(network: &Network) -> Result<Vec<u8>> {
    let scales = network.about.iter().flat_map(|about| [&about.inputs, &about.targets]).flatten();
    let mut numbers = scales.flat_map(|s| s.mean.iter().chain(&s.scale)).chain(&network.theta);
    if !numbers.all(|v| v.is_finite()) {
        return Err(Error::Usage(
            "the model: a weight or the scale of an input is not finite, and nothing is saved. \
             Training has diverged, or an input hardly varies: try --standardize none"
                .to_owned(),
        ));
    }
    let (dtype, words) = match network.precision {
        Precision::F32 => (Dtype::F32, narrow as fn(&[f64]) -> Vec<u8>),
        Precision::F64 => (Dtype::F64, wide as fn(&[f64]) -> Vec<u8>),
    };
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for ((number, (weight, bias)), pair) in
        network.layers().enumerate().zip(network.widths.windows(2))
    {
        let shape = pair.iter().rev().copied().collect();
        tensors.push((format!("{}.weight", 2 * number), shape, words(weight)));
        if network.biased {
            tensors.push((format!("{}.bias", 2 * number), vec![bias.len()], words(bias)));
        }
    }
    let refuse = |error: &dyn std::fmt::Display| Error::Usage(format!("the model: {error}"));
    let views = tensors.iter().map(|(name, shape, bytes)| {
        TensorView::new(dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<std::result::Result<_, _>>().map_err(|e| refuse(&e))?;
    let metadata = network.about.as_ref().map(|about| {
        let entry = Entry { version: VERSION, about };
        serde_json::to_string(&entry).map(|text| HashMap::from([(ENTRY.to_owned(), text)]))
    });
    let metadata = metadata.transpose().map_err(|e| refuse(&e))?;
    safetensors::serialize(views, metadata).map_err(|e| refuse(&e))
}

fn narrow(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect()
}

fn wide(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
