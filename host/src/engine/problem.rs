//! A data set and an architecture in one number format.

use crate::data::Dataset;
use crate::plan::{self, Setting, Training};
use fact_core::mat::MatRef;
use fact_core::nn::objective::Objective;
use fact_core::nn::{Activation, Architecture, Bias, Loss};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;

/// Samples and a network to fit to them, owned.
#[derive(Clone, Debug)]
pub struct Problem<T> {
    x: Vec<T>,
    y: Vec<T>,
    n: usize,
    widths: Vec<usize>,
    hidden: Activation<T>,
    bias: Bias,
    loss: Loss,
    lambda: f64,
}

impl<T: Scalar> Problem<T> {
    /// The problem of fitting the network of `training` to `data`.
    pub fn new(data: &Dataset, training: &Training) -> Self {
        let mut widths = vec![data.d];
        widths.extend(&training.hidden);
        widths.push(data.outputs());
        Self::of(widths, &training.setting(), (&data.x, &data.targets()), data.n)
    }

    /// The problem that a network of these widths and this setting is for, on `n` samples.
    pub fn of(widths: Vec<usize>, setting: &Setting, (x, y): (&[f64], &[f64]), n: usize) -> Self {
        let convert = |values: &[f64]| values.iter().map(|&v| T::from_f64(v)).collect();
        Self {
            x: convert(x),
            y: convert(y),
            n,
            widths,
            hidden: activation(setting.activation),
            bias: bias(setting.bias),
            loss: match setting.loss {
                plan::Loss::HalfMse => Loss::HalfSquared,
                plan::Loss::MseSum => Loss::Squared,
                plan::Loss::MseMean => Loss::MeanSquared,
                plan::Loss::CrossEntropy => Loss::CrossEntropy,
            },
            lambda: setting.lambda,
        }
    }

    /// The same numbers in `f64`, exactly: for measurements that add no error of their own.
    pub fn widened(&self) -> Problem<f64> {
        let convert = |values: &[T]| values.iter().map(|v| v.to_f64()).collect();
        Problem {
            x: convert(&self.x),
            y: convert(&self.y),
            n: self.n,
            widths: self.widths.clone(),
            hidden: match self.hidden {
                Activation::SmoothRelu { epsilon } => {
                    Activation::SmoothRelu { epsilon: epsilon.to_f64() }
                }
                Activation::LeakyRelu { slope } => Activation::LeakyRelu { slope: slope.to_f64() },
                Activation::Identity => Activation::Identity,
                Activation::Relu => Activation::Relu,
                Activation::Tanh => Activation::Tanh,
                Activation::Sigmoid => Activation::Sigmoid,
                Activation::Softplus => Activation::Softplus,
                Activation::Gelu => Activation::Gelu,
                Activation::Quadratic => Activation::Quadratic,
            },
            bias: self.bias,
            loss: self.loss,
            lambda: T::from_f64(self.lambda).to_f64(),
        }
    }

    /// Widths of all layers, inputs first.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// The decay λ.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// The network.
    pub fn architecture(&self) -> Architecture<'_, T> {
        Architecture {
            widths: &self.widths,
            hidden: self.hidden,
            output: Activation::Identity,
            bias: self.bias,
        }
    }

    /// What FACT is measured against: the loss with its decay.
    pub fn objective(&self) -> Objective<'_, T> {
        self.objective_with(self.lambda)
    }

    /// The same with another decay.
    pub fn objective_with(&self, lambda: f64) -> Objective<'_, T> {
        Objective {
            architecture: self.architecture(),
            loss: self.loss,
            lambda: T::from_f64(lambda),
        }
    }

    /// The samples.
    ///
    /// # Errors
    /// None in practice: shapes agree by construction.
    pub fn samples(&self) -> fact_core::Result<Samples<'_, T>> {
        let outputs = self.widths.last().copied().unwrap_or_default();
        let inputs = self.widths.first().copied().unwrap_or_default();
        Samples::new(MatRef::new(&self.x, self.n, inputs)?, MatRef::new(&self.y, self.n, outputs)?)
    }
}

fn activation<T: Scalar>(activation: plan::Activation) -> Activation<T> {
    match activation {
        plan::Activation::Identity => Activation::Identity,
        plan::Activation::Relu => Activation::Relu,
        plan::Activation::Srelu(epsilon) => {
            Activation::SmoothRelu { epsilon: T::from_f64(epsilon) }
        }
        plan::Activation::LeakyRelu(slope) => Activation::LeakyRelu { slope: T::from_f64(slope) },
        plan::Activation::Tanh => Activation::Tanh,
        plan::Activation::Sigmoid => Activation::Sigmoid,
        plan::Activation::Softplus => Activation::Softplus,
        plan::Activation::Gelu => Activation::Gelu,
        plan::Activation::Quadratic => Activation::Quadratic,
    }
}

/// The core's word for the plan's use of biases.
pub(super) fn bias(bias: plan::Bias) -> Bias {
    match bias {
        plan::Bias::None => Bias::None,
        plan::Bias::Free => Bias::Free,
        plan::Bias::Decayed => Bias::Decayed,
    }
}
