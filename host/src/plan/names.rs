//! Names on the command line and in files: `name` or `name:number`.

use super::{Activation, Loss};
use std::str::FromStr;

impl FromStr for Activation {
    type Err = String;

    /// Reads an activation, such as `tanh` or `srelu:0.1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = split(text);
        let plain = |activation| match number {
            None => Ok(activation),
            Some(_) => Err(format!("{name} takes no parameter")),
        };
        match name {
            "identity" => plain(Self::Identity),
            "relu" => plain(Self::Relu),
            "srelu" => match real(number, 0.1)? {
                epsilon if epsilon > 0.0 => Ok(Self::Srelu(epsilon)),
                _ => Err("the width of srelu must be positive".to_owned()),
            },
            "leaky-relu" => real(number, 0.01).map(Self::LeakyRelu),
            "tanh" => plain(Self::Tanh),
            "sigmoid" => plain(Self::Sigmoid),
            "softplus" => plain(Self::Softplus),
            "gelu" => plain(Self::Gelu),
            "quadratic" => plain(Self::Quadratic),
            _ => Err("expected identity, relu, srelu[:EPS], leaky-relu[:SLOPE], tanh, sigmoid, \
                      softplus, gelu or quadratic"
                .to_owned()),
        }
    }
}

impl FromStr for Loss {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "half-mse" => Ok(Self::HalfMse),
            "mse-sum" => Ok(Self::MseSum),
            "mse-mean" => Ok(Self::MseMean),
            "ce" => Ok(Self::CrossEntropy),
            _ => Err("expected half-mse, mse-sum, mse-mean or ce".to_owned()),
        }
    }
}

/// A name, and what follows it after a colon.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, number)) => (name, Some(number)),
        None => (text, None),
    }
}

/// The number after a colon, or what stands for none.
pub(crate) fn real(number: Option<&str>, default: f64) -> Result<f64, String> {
    match number.map(str::parse::<f64>) {
        None => Ok(default),
        Some(Ok(value)) if value.is_finite() => Ok(value),
        Some(_) => Err("expected a number after the colon".to_owned()),
    }
}
