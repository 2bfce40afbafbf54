//! Trained models as constants for other programs: Rust, C, JSON. Every number survives bit for bit:
//! decimals are the shortest that read back the same, C gets hexadecimal floating-point constants.

mod c;
mod json;
mod machine;
mod number;
mod rust;

pub use c::c;
pub use json::json;
pub use machine::{machine_c, machine_json, machine_rust, machine_safetensors};
pub use rust::rust;

use crate::network::Network;
use crate::plan::Activation;

/// A network with all that its constants say.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// The weights, and what is known of their training.
    pub network: &'a Network,
    /// Activation of the hidden layers.
    pub activation: Activation,
}

impl Model<'_> {
    /// Number of inputs.
    fn inputs(&self) -> usize {
        self.network.widths.first().copied().unwrap_or_default()
    }

    /// Number of outputs.
    fn outputs(&self) -> usize {
        self.network.widths.last().copied().unwrap_or_default()
    }

    /// Lines that describe it.
    fn title(&self) -> String {
        let widths: Vec<String> = self.network.widths.iter().map(usize::to_string).collect();
        let biases = if self.network.biased { "with biases" } else { "without biases" };
        let mut title = format!("Network {}, {}, {biases}", widths.join("-"), self.activation);
        if let Some(about) = &self.network.about {
            let dataset: String = about.dataset.chars().filter(|c| !c.is_control()).collect();
            title.push_str(&format!(
                "; trained on {}, {}, lambda {}",
                dataset.replace("*/", "* /"),
                about.loss,
                crate::plan::plain(about.lambda)
            ));
        }
        title
    }

    /// The vectors of standardisation by name, inputs first.
    fn scales(&self) -> Vec<(&'static str, &[f64])> {
        let about = self.network.about.as_ref();
        let mut scales = Vec::new();
        if let Some(s) = about.and_then(|about| about.inputs.as_ref()) {
            scales.extend([("input_mean", s.mean.as_slice()), ("input_scale", &s.scale)]);
        }
        if let Some(s) = about.and_then(|about| about.targets.as_ref()) {
            scales.extend([("target_mean", s.mean.as_slice()), ("target_scale", &s.scale)]);
        }
        scales
    }

    /// Names of the inputs and of the classes, where they are known.
    fn names(&self) -> Vec<(&'static str, &[String])> {
        let about = self.network.about.as_ref();
        about.map_or_else(Vec::new, |about| {
            [("features", &about.features), ("labels", &about.labels)]
                .into_iter()
                .filter(|(_, names)| !names.is_empty())
                .map(|(name, names)| (name, names.as_slice()))
                .collect()
        })
    }
}

#[cfg(test)]
mod tests;
