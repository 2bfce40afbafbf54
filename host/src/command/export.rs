//! `fact export`.

use super::{Ending, print};
use crate::cli::{Export, Format};
use crate::error::{Error, Result};
use crate::export::{self, Model};
use crate::network::{self, Network};
use crate::plan::Activation;
use crate::{data, model, report};

pub(super) fn run(arguments: &Export) -> Result<Ending> {
    let Export { model, format, out, .. } = arguments;
    let contents = data::bytes(model)?;
    let bytes = if model::is_model(&contents) {
        machine(&contents, arguments)?
    } else {
        network(&network::parse(model, &contents)?, arguments)?
    };
    match (out, format) {
        (Some(file), _) => report::write_file(file, &bytes)?,
        (None, Format::Safetensors) => {
            return Err(Error::Usage(
                "--format safetensors is no text: say where to write it with --out".to_owned(),
            ));
        }
        (None, _) => print(&String::from_utf8_lossy(&bytes))?,
    }
    Ok(Ending::Done)
}

/// A kernel machine in the form that is asked for.
fn machine(contents: &[u8], arguments: &Export) -> Result<Vec<u8>> {
    let path = &arguments.model;
    if arguments.activation.is_some() {
        return Err(Error::Usage(
            "--activation is for networks, and the model is a kernel machine. Leave it out"
                .to_owned(),
        ));
    }
    let model =
        model::decode(contents).map_err(|reason| Error::Model { path: path.clone(), reason })?;
    Ok(match arguments.format {
        Format::Rust => export::machine_rust(&model).into_bytes(),
        Format::C => export::machine_c(&model).into_bytes(),
        Format::Json => export::machine_json(&model).into_bytes(),
        Format::Safetensors => export::machine_safetensors(&model)
            .map_err(|reason| Error::Model { path: path.clone(), reason })?,
    })
}

/// A network in the form that is asked for.
fn network(network: &Network, arguments: &Export) -> Result<Vec<u8>> {
    let Export { model, format, activation, .. } = arguments;
    let source = || -> Result<Model<'_>> {
        let activation = known_activation(network, *activation)?.ok_or_else(|| {
            Error::Usage(format!(
                "{}: says nothing about its activation. Give the --activation it was trained with",
                model.display()
            ))
        })?;
        Ok(Model { network, activation })
    };
    Ok(match format {
        Format::Rust => export::rust(&source()?).into_bytes(),
        Format::C => export::c(&source()?).into_bytes(),
        Format::Json => export::json(&source()?).into_bytes(),
        Format::Safetensors => network::encode(network)?,
    })
}

/// The activation that the file says, or else the one given. Without hidden layers there is none.
fn known_activation(network: &Network, given: Option<Activation>) -> Result<Option<Activation>> {
    let linear = network.widths.len() <= 2;
    let Some(about) = &network.about else {
        return Ok(given.or(linear.then_some(Activation::Identity)));
    };
    let (known, _) = about.kinds()?;
    match given {
        Some(given) if given != known => Err(Error::Usage(format!(
            "--activation {given}: the model was trained with {known}. Leave the option out"
        ))),
        _ => Ok(Some(known)),
    }
}
