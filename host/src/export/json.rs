//! A model as JSON.

use super::Model;
use crate::network::Standardization;
use serde_json::{Map, Value, json};

/// One line of JSON, with its line break: the widths, the activation, each layer's weights and biases,
/// and what else is known. Numbers of `f32` are written as the equal numbers of `f64`.
pub fn json(model: &Model<'_>) -> String {
    let network = model.network;
    let scale = |s: &Standardization| json!({ "mean": s.mean, "scale": s.scale });
    let layers = network.layers().zip(network.widths.windows(2)).map(|((weight, bias), pair)| {
        let inputs = pair.first().copied().unwrap_or(1).max(1);
        let rows = weight.chunks(inputs).collect::<Vec<_>>();
        let mut layer = Map::new();
        layer.insert("weight".to_owned(), json!(rows));
        if network.biased {
            layer.insert("bias".to_owned(), json!(bias));
        }
        Value::Object(layer)
    });
    let mut model = json!({
        "format": "fact-network",
        "version": 1,
        "widths": network.widths,
        "activation": model.activation.to_string(),
        "precision": network.precision.to_string(),
        "layers": layers.collect::<Vec<_>>(),
    });
    if let (Some(about), Some(model)) = (&network.about, model.as_object_mut()) {
        for (name, value) in [
            ("dataset", json!(about.dataset)),
            ("loss", json!(about.loss)),
            ("lambda", json!(about.lambda)),
            ("bias_decay", json!(about.bias_decay)),
            ("features", json!(about.features)),
            ("labels", json!(about.labels)),
            ("inputs", about.inputs.as_ref().map_or(Value::Null, scale)),
            ("targets", about.targets.as_ref().map_or(Value::Null, scale)),
        ] {
            model.insert(name.to_owned(), value);
        }
    }
    format!("{model}\n")
}
