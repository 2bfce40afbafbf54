//! Values of arguments: `name` or `name:number`.

use super::rfm::Width;
use crate::plan::{KernelMachine, Optimizer, real, split};
use fact_core::kernel::Kernel;

type Parsed<T> = Result<T, String>;

/// An optimiser, such as `adam` or `lbfgs:5`; `None` pairs are the recipe's.
pub(super) fn optimizer(text: &str) -> Parsed<Choice> {
    let (name, number) = split(text);
    if name == "lbfgs" {
        let pairs = number.map(|text| match text.parse::<usize>() {
            Ok(pairs @ 1..=100) => Ok(pairs),
            _ => Err(format!("lbfgs takes 1 to 100 pairs, not {text:?}")),
        });
        return Ok(Choice::Lbfgs(pairs.transpose()?));
    }
    if number.is_some() {
        return Err(format!("{name} takes no parameter"));
    }
    match name {
        "heavy-ball" => Ok(Choice::Other(Optimizer::HeavyBall)),
        "adam" => Ok(Choice::Other(Optimizer::Adam)),
        "adamw" => Ok(Choice::Other(Optimizer::AdamW)),
        "sgd" => Ok(Choice::Other(Optimizer::Sgd)),
        "gd" => Ok(Choice::Other(Optimizer::Gd)),
        _ => Err("expected lbfgs[:PAIRS], heavy-ball, adam, adamw, sgd or gd".to_owned()),
    }
}

/// An optimiser as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// L-BFGS, with a number of pairs or the recipe's.
    Lbfgs(Option<usize>),
    /// Any other.
    Other(Optimizer),
}

/// A kernel, with the bandwidth it has when none is given.
pub(super) fn kernel(text: &str) -> Parsed<Kernel<f64>> {
    let (name, number) = split(text);
    let plain = |kernel| match number {
        None => Ok(kernel),
        Some(_) => Err(format!("{name} takes no parameter; its length scale is --bandwidth")),
    };
    match name {
        "laplace" => match real(number, 1.0)? {
            1.0 => Ok(Kernel::Laplace { bandwidth: 10.0 }),
            exponent if exponent > 0.0 && exponent <= 2.0 => {
                Ok(Kernel::GeneralizedLaplace { bandwidth: 10.0, exponent })
            }
            _ => Err("the exponent of laplace must be above 0 and at most 2".to_owned()),
        },
        "gaussian" => plain(Kernel::Gaussian { bandwidth: 2.5 }),
        "quadratic" => plain(Kernel::Quadratic),
        "exponential" => plain(Kernel::Exponential { bandwidth: 1.0 }),
        _ => Err("expected laplace[:EXPONENT], gaussian, quadratic or exponential".to_owned()),
    }
}

/// A bandwidth: a number, or `median`.
pub(super) fn bandwidth(text: &str) -> Parsed<Width> {
    match text {
        "median" => Ok(Width::Median),
        _ => positive(text).map(Width::Fixed).map_err(|expected| format!("{expected}, or median")),
    }
}

/// A share between 0 and 1.
pub(super) fn share(text: &str) -> Parsed<f64> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1".to_owned()),
    }
}

/// A whole number.
pub(super) fn whole(text: &str) -> Parsed<u32> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u32::MAX))
}

/// A number that is finite and not negative, such as a decay.
pub(super) fn nonnegative(text: &str) -> Parsed<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("expected a number that is 0 or more".to_owned()),
    }
}

/// A finite number above 0, such as a learning rate.
pub(super) fn positive(text: &str) -> Parsed<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number above 0".to_owned()),
    }
}

/// A certified residual that still says something.
pub(super) fn tolerance(text: &str) -> Parsed<f64> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 0.1 => Ok(value),
        _ => Err("expected a number above 0 and at most 0.1".to_owned()),
    }
}

/// A seed.
pub(super) fn seed(text: &str) -> Parsed<u64> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// A count of at least 1.
pub(super) fn count(text: &str) -> Parsed<u32> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err(format!("expected a whole number from 1 to {}", u32::MAX)),
    }
}

/// Widths of hidden layers, such as `32,16`; `none` for a linear model.
pub(super) fn hidden(text: &str) -> Parsed<Hidden> {
    if text == "none" {
        return Ok(Hidden(Vec::new()));
    }
    let widths = text.split(',').map(|width| match width.trim().parse::<usize>() {
        Ok(width @ 1..=65_536) => Ok(width),
        _ => Err(format!("{width:?} is not a width: expected 1 to 65536, such as 32,16, or none")),
    });
    widths.collect::<Parsed<Vec<usize>>>().map(Hidden)
}

/// Widths of hidden layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hidden(pub(super) Vec<usize>);

/// Widths from inputs to outputs, such as `64,32,10`.
pub(super) fn widths(text: &str) -> Parsed<Widths> {
    match hidden(text)?.0 {
        widths if widths.len() >= 2 => Ok(Widths(widths)),
        _ => Err("expected at least inputs and outputs, such as 64,32,10".to_owned()),
    }
}

/// Widths of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Widths(pub(super) Vec<usize>);

/// Samples, inputs and outputs of a kernel machine, such as `64,8,1`.
pub(super) fn machine(text: &str) -> Parsed<KernelMachine> {
    let numbers: Vec<_> = text.split(',').map(|number| number.trim().parse::<usize>()).collect();
    match *numbers {
        [Ok(n @ 1..), Ok(d @ 1..), Ok(c @ 1..)] => Ok(KernelMachine { n, d, c }),
        _ => Err("expected samples, inputs, outputs, such as 64,8,1".to_owned()),
    }
}
