//! `fact check`: hold every claim about the layers of a network trained elsewhere against its weights.

use super::Outcome;
use crate::engine::{self, Problem};
use crate::error::{Error, Result};
use crate::plan::{Examined, Precision};
use fact_core::scalar::Scalar;

/// Measures a network at the weights it has.
///
/// # Errors
/// [`Error::Usage`] when it does not fit into memory, or its outputs overflow.
pub fn check(examined: &Examined) -> Result<Outcome> {
    match examined.setting.precision {
        Precision::F32 => run::<f32>(examined),
        Precision::F64 => run::<f64>(examined),
    }
}

fn run<T: Scalar>(examined: &Examined) -> Result<Outcome> {
    let Examined { name, widths, theta, setting, x, y, n, classes } = examined;
    engine::check_measuring(widths, *n)?;
    // The numbers as training saw them; measured in `f64` all the same.
    let exact = Problem::<T>::of(widths.clone(), setting, (x, y), *n).widened();
    let theta: Vec<f64> = theta.iter().map(|&v| T::from_f64(v).to_f64()).collect();
    let measured = engine::measure(&exact, &theta).map_err(|error| match error {
        Error::Core(fact_core::Error::NonFinite { what }) => Error::Usage(format!(
            "the network overflows on these inputs ({what}): give the inputs, the activation and \
             the loss that it was trained with"
        )),
        error => error,
    })?;
    Ok(Outcome {
        dataset: name.clone(),
        n: *n,
        classes: *classes,
        widths: widths.clone(),
        theta,
        setting: *setting,
        run: None,
        objective: measured.objective,
        gradient_norm: measured.gradient_norm,
        accuracy: measured.accuracy.filter(|_| classes.is_some()),
        r_squared: measured.r_squared.filter(|_| classes.is_none()),
        collapsed: measured.collapsed,
        layers: measured.layers,
        balance: measured.balance,
        history: Vec::new(),
    })
}
