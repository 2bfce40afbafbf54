//! A problem in the core's own types and in the precision under test: it owns, and lends views. Each
//! method is one call of the core with scratch for `rows` samples at a time, full of NaNs on entry.

use crate::dense::Matrix;
use crate::near::exact;
use crate::oracle::{self, Problem};
use crate::workload::cast;
use fact_core::features::{Measured, agop, certificate, enfa, fact, neural};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::evaluate::{self, Fit};
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::{Activation, Architecture, Bias, Loss, mlp};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Network<T> {
    pub widths: Vec<usize>,
    pub hidden: Activation<T>,
    pub output: Activation<T>,
    pub bias: Bias,
    pub loss: Loss,
    pub lambda: T,
    pub theta: Vec<T>,
    pub samples: usize,
    /// n × d.
    pub x: Vec<T>,
    /// n × c.
    pub y: Vec<T>,
}

/// The core's activation.
pub fn activation<T: Scalar>(activation: oracle::Activation) -> Activation<T> {
    match activation {
        oracle::Activation::Identity => Activation::Identity,
        oracle::Activation::Relu => Activation::Relu,
        oracle::Activation::SmoothRelu { epsilon } => {
            Activation::SmoothRelu { epsilon: T::from_f64(epsilon) }
        }
        oracle::Activation::LeakyRelu { slope } => {
            Activation::LeakyRelu { slope: T::from_f64(slope) }
        }
        oracle::Activation::Tanh => Activation::Tanh,
        oracle::Activation::Sigmoid => Activation::Sigmoid,
        oracle::Activation::Softplus => Activation::Softplus,
        oracle::Activation::Gelu => Activation::Gelu,
        oracle::Activation::Quadratic => Activation::Quadratic,
    }
}

/// The core's loss.
pub fn loss(loss: oracle::Loss) -> Loss {
    match loss {
        oracle::Loss::HalfSquared => Loss::HalfSquared,
        oracle::Loss::Squared => Loss::Squared,
        oracle::Loss::MeanSquared => Loss::MeanSquared,
        oracle::Loss::CrossEntropy => Loss::CrossEntropy,
    }
}

/// The core's use of biases.
pub fn bias(bias: oracle::Bias) -> Bias {
    match bias {
        oracle::Bias::None => Bias::None,
        oracle::Bias::Free => Bias::Free,
        oracle::Bias::Decayed => Bias::Decayed,
    }
}

/// Scratch that shows any read before a write.
pub fn scratch<T: Scalar>(words: usize) -> Vec<T> {
    vec![T::from_f64(f64::NAN); words]
}

impl<T: Scalar> Network<T> {
    pub fn new(problem: &Problem) -> Self {
        Self {
            widths: problem.widths.clone(),
            hidden: activation(problem.hidden),
            output: activation(problem.output),
            bias: bias(problem.bias),
            loss: loss(problem.loss),
            lambda: T::from_f64(problem.lambda),
            theta: cast(&problem.theta),
            samples: problem.x.nrows,
            x: cast(&problem.x.data),
            y: cast(&problem.y.data),
        }
    }

    pub fn architecture(&self) -> Architecture<'_, T> {
        Architecture {
            widths: &self.widths,
            hidden: self.hidden,
            output: self.output,
            bias: self.bias,
        }
    }

    pub fn objective(&self) -> Objective<'_, T> {
        Objective { architecture: self.architecture(), loss: self.loss, lambda: self.lambda }
    }

    pub fn depth(&self) -> usize {
        self.widths.len() - 1
    }

    pub fn x(&self) -> MatRef<'_, T> {
        MatRef::new(&self.x, self.samples, self.widths[0]).unwrap()
    }

    pub fn samples(&self) -> Samples<'_, T> {
        let y = MatRef::new(&self.y, self.samples, self.widths[self.depth()]).unwrap();
        Samples::new(self.x(), y).unwrap()
    }

    /// Layer `layer`'s `W` within a vector of the layout of `theta`.
    pub fn weight<'t>(&self, theta: &'t [T], layer: usize) -> MatRef<'t, T> {
        self.architecture().layers(theta).unwrap().nth(layer).unwrap().weight
    }

    /// `f(x)`, all samples at once.
    pub fn outputs(&self) -> Vec<T> {
        let mut memory = scratch(mlp::forward_scratch(&self.widths, self.samples));
        let scratch = Scratch::new(&mut memory);
        mlp::forward(&self.architecture(), &self.theta, self.x(), scratch).unwrap().data().to_vec()
    }

    /// `L_λ` and `∇L_λ`.
    pub fn gradient(&self, rows: usize) -> (f64, Vec<T>) {
        let mut gradient = scratch(self.theta.len());
        let value = self.gradient_into(rows, T::ZERO, &mut gradient);
        (value, gradient)
    }

    /// `gradient ← carry·gradient + ∇L_λ`; `L_λ`.
    pub fn gradient_into(&self, rows: usize, carry: T, gradient: &mut [T]) -> f64 {
        let mut memory = scratch(objective::gradient_scratch(&self.widths, rows));
        let scratch = Scratch::new(&mut memory);
        let (objective, samples) = (self.objective(), self.samples());
        objective::gradient(&objective, &self.theta, &samples, carry, gradient, scratch).unwrap()
    }

    /// The gradient of the data loss.
    pub fn data_gradient(&self) -> Vec<T> {
        Self { lambda: T::ZERO, ..self.clone() }.gradient(1).1
    }

    /// FACT as a sum over samples.
    pub fn fact(&self, layer: usize, rows: usize) -> Vec<T> {
        let width = self.widths[layer];
        let mut memory = scratch(fact::from_samples_scratch(&self.widths, rows));
        square(width, |out| {
            let scratch = Scratch::new(&mut memory);
            let (objective, samples) = (self.objective(), self.samples());
            fact::from_samples(&objective, &self.theta, &samples, layer, out, scratch)
                .unwrap()
                .unwrap();
        })
    }

    /// bFACT as a sum over samples.
    pub fn bfact(&self, layer: usize, rows: usize) -> Vec<T> {
        let width = self.widths[layer + 1];
        let mut memory = scratch(fact::from_samples_scratch(&self.widths, rows));
        square(width, |out| {
            let scratch = Scratch::new(&mut memory);
            let (objective, samples) = (self.objective(), self.samples());
            fact::backward_from_samples(&objective, &self.theta, &samples, layer, out, scratch)
                .unwrap()
                .unwrap();
        })
    }

    /// FACT as one product with the gradient of the data loss.
    pub fn fact_from_gradient(&self, layer: usize) -> Vec<T> {
        let gradient = self.data_gradient();
        let (w, gradient) = (self.weight(&self.theta, layer), self.weight(&gradient, layer));
        square(w.ncols(), |out| {
            fact::from_gradient(self.lambda, w, gradient, out).unwrap().unwrap();
        })
    }

    /// bFACT as one product with the gradient of the data loss.
    pub fn bfact_from_gradient(&self, layer: usize) -> Vec<T> {
        let gradient = self.data_gradient();
        let (w, gradient) = (self.weight(&self.theta, layer), self.weight(&gradient, layer));
        square(w.nrows(), |out| {
            fact::backward_from_gradient(self.lambda, w, gradient, out).unwrap().unwrap();
        })
    }

    pub fn agop(&self, layer: usize, rows: usize) -> Vec<T> {
        let mut memory = scratch(agop::agop_scratch(&self.widths, rows));
        square(self.widths[layer], |out| {
            let scratch = Scratch::new(&mut memory);
            agop::agop(&self.architecture(), &self.theta, self.x(), layer, out, scratch).unwrap();
        })
    }

    pub fn enfa(&self, layer: usize, rows: usize) -> Vec<T> {
        let mut memory = scratch(enfa::enfa_scratch(&self.widths, rows));
        square(self.widths[layer], |out| {
            let scratch = Scratch::new(&mut memory);
            let (objective, samples) = (self.objective(), self.samples());
            enfa::enfa(&objective, &self.theta, &samples, layer, out, scratch).unwrap();
        })
    }

    /// `(FACT FACTᵀ)^{1/2}`.
    pub fn fact_root(&self, layer: usize) -> Vec<T> {
        let (width, fact) = (self.widths[layer], self.fact(layer, self.samples.max(1)));
        let mut memory = scratch(fact::symmetrized_scratch(width));
        square(width, |out| {
            let fact = MatRef::new(&fact, width, width).unwrap();
            fact::symmetrized(fact, out, Scratch::new(&mut memory)).unwrap();
        })
    }

    /// `‖W‖₂‖∇_W L_λ‖/(λ‖WᵀW‖)`.
    pub fn bound(&self, layer: usize) -> Measured {
        let gradient = self.gradient(self.samples.max(1)).1;
        let (w, gradient) = (self.weight(&self.theta, layer), self.weight(&gradient, layer));
        let mut memory = scratch(certificate::bound_scratch(w.nrows(), w.ncols()));
        certificate::bound(self.lambda, w, gradient, Scratch::new(&mut memory)).unwrap()
    }

    /// `WᵀW`.
    pub fn neural(&self, layer: usize) -> Vec<T> {
        let w = self.weight(&self.theta, layer);
        square(w.ncols(), |out| neural::feature_matrix(w, out).unwrap())
    }

    /// `WWᵀ`.
    pub fn backward_neural(&self, layer: usize) -> Vec<T> {
        let w = self.weight(&self.theta, layer);
        square(w.nrows(), |out| neural::backward_matrix(w, out).unwrap())
    }

    pub fn fit(&self, rows: usize) -> Fit {
        let mut memory = scratch(evaluate::fit_scratch(&self.widths, rows));
        let scratch = Scratch::new(&mut memory);
        evaluate::fit(&self.objective(), &self.theta, &self.samples(), scratch).unwrap()
    }
}

/// A `width × width` matrix of NaNs, overwritten by `form`.
fn square<T: Scalar>(width: usize, form: impl FnOnce(MatMut<'_, T>)) -> Vec<T> {
    let mut out = scratch(width * width);
    form(MatMut::new(&mut out, width, width).unwrap());
    out
}

/// A view as an oracle's matrix.
pub fn matrix<T: Scalar>(view: MatRef<'_, T>) -> Matrix {
    Matrix::new(view.nrows(), view.ncols(), &exact(view.data()))
}
