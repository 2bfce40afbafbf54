//! Networks the slow and literal way: one sample at a time, every formula as it is written, in
//! `f64` and independent of the core. `tests/oracles.rs` checks these against the golden networks.

use crate::dense::Matrix;

/// The function between `z` and the next layer's `h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    Identity,
    Relu,
    /// `0`, `z²/(2ε)`, `z − ε/2`.
    SmoothRelu {
        epsilon: f64,
    },
    LeakyRelu {
        slope: f64,
    },
    Tanh,
    Sigmoid,
    Softplus,
    Gelu,
    /// `z²`.
    Quadratic,
}

impl Activation {
    /// Every activation, with parameters that put values on both sides of their kinks.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Relu,
        Self::SmoothRelu { epsilon: 0.125 },
        Self::LeakyRelu { slope: 0.25 },
        Self::Tanh,
        Self::Sigmoid,
        Self::Softplus,
        Self::Gelu,
        Self::Quadratic,
    ];

    /// `σ(z)`.
    pub fn value(self, z: f64) -> f64 {
        match self {
            Self::Identity => z,
            Self::Relu => z.max(0.0),
            Self::SmoothRelu { .. } if z <= 0.0 => 0.0,
            Self::SmoothRelu { epsilon } if z < epsilon => z * z / (2.0 * epsilon),
            Self::SmoothRelu { epsilon } => z - epsilon / 2.0,
            Self::LeakyRelu { slope } => z * if z > 0.0 { 1.0 } else { slope },
            Self::Tanh => z.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            Self::Softplus => z.max(0.0) + (-z.abs()).exp().ln_1p(),
            Self::Gelu => z * normal_cdf(z),
            Self::Quadratic => z * z,
        }
    }

    /// `σ′(z)`; 0 at the kink of the ReLU, the slope below at the kink of the leaky one.
    pub fn slope(self, z: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => f64::from(u8::from(z > 0.0)),
            Self::SmoothRelu { epsilon } => (z / epsilon).clamp(0.0, 1.0),
            Self::LeakyRelu { slope } => {
                if z > 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Self::Tanh => 1.0 - z.tanh().powi(2),
            Self::Sigmoid => self.value(z) * (1.0 - self.value(z)),
            Self::Softplus => Self::Sigmoid.value(z),
            Self::Gelu => {
                normal_cdf(z) + z * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
            }
            Self::Quadratic => 2.0 * z,
        }
    }

    /// Where `σ` has no derivatives of all orders.
    pub fn kinks(self) -> Vec<f64> {
        match self {
            Self::Relu | Self::LeakyRelu { .. } => vec![0.0],
            Self::SmoothRelu { epsilon } => vec![0.0, epsilon],
            _ => vec![],
        }
    }

    /// `k` of `σ(az) = aᵏσ(z)`, `a > 0`.
    pub fn degree(self) -> Option<i32> {
        match self {
            Self::Identity | Self::Relu | Self::LeakyRelu { .. } => Some(1),
            Self::Quadratic => Some(2),
            _ => None,
        }
    }
}

/// `Φ(z)`.
fn normal_cdf(z: f64) -> f64 {
    0.5 * (1.0 + erf(z / std::f64::consts::SQRT_2))
}

/// `erf x = (2/√π) e^(−x²) Σ 2ᵏ x^(2k+1)/(2k+1)!!`: all terms have one sign, so nothing cancels.
pub fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, 0.0);
    for k in 1..400 {
        sum += term;
        term *= 2.0 * x * x / f64::from(2 * k + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum
}

/// The loss of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `½‖f − y‖²`.
    HalfSquared,
    /// `‖f − y‖²`.
    Squared,
    /// `‖f − y‖²/c`.
    MeanSquared,
    /// `−Σₖ yₖ ln softmax(f)ₖ`.
    CrossEntropy,
}

impl Loss {
    pub const ALL: [Self; 4] =
        [Self::HalfSquared, Self::Squared, Self::MeanSquared, Self::CrossEntropy];

    /// `ℓ(f, y)`.
    pub fn value(self, f: &[f64], y: &[f64]) -> f64 {
        let squared: f64 = f.iter().zip(y).map(|(f, y)| (f - y).powi(2)).sum();
        match self {
            Self::HalfSquared => squared / 2.0,
            Self::Squared => squared,
            Self::MeanSquared => squared / f.len() as f64,
            Self::CrossEntropy => -log_softmax(f).iter().zip(y).map(|(p, y)| y * p).sum::<f64>(),
        }
    }

    /// `∂ℓ/∂f`.
    pub fn slope(self, f: &[f64], y: &[f64]) -> Vec<f64> {
        let difference = f.iter().zip(y).map(|(f, y)| f - y);
        match self {
            Self::HalfSquared => difference.collect(),
            Self::Squared => difference.map(|d| 2.0 * d).collect(),
            Self::MeanSquared => difference.map(|d| 2.0 * d / f.len() as f64).collect(),
            Self::CrossEntropy => {
                let mass: f64 = y.iter().sum();
                log_softmax(f).iter().zip(y).map(|(p, y)| mass * p.exp() - y).collect()
            }
        }
    }
}

fn log_softmax(f: &[f64]) -> Vec<f64> {
    let top = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = top + f.iter().map(|f| (f - top).exp()).sum::<f64>().ln();
    f.iter().map(|f| f - log_sum).collect()
}

/// Whether layers have biases, and whether decay acts on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    None,
    Free,
    Decayed,
}

impl Bias {
    pub const ALL: [Self; 3] = [Self::None, Self::Free, Self::Decayed];
}

/// A network, its parameters and its samples, as plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// For failure messages.
    pub name: String,
    /// Inputs, hidden widths, outputs.
    pub widths: Vec<usize>,
    /// Activation of every layer but the last.
    pub hidden: Activation,
    /// Activation of the last layer.
    pub output: Activation,
    pub bias: Bias,
    pub loss: Loss,
    pub lambda: f64,
    /// `W₀` row after row, `b₀` if there are biases, `W₁`, …
    pub theta: Vec<f64>,
    /// n × d.
    pub x: Matrix,
    /// n × c.
    pub y: Matrix,
}

/// One layer's parameters, or its part of a gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// out × in.
    pub w: Matrix,
    /// Empty without biases.
    pub b: Vec<f64>,
}

/// What one sample leaves at each layer.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The layer's input `h`.
    pub h: Vec<Vec<f64>>,
    /// `z = Wh + b`.
    pub z: Vec<Vec<f64>>,
    /// `δ = ∂ℓ/∂z`.
    pub delta: Vec<Vec<f64>>,
    /// `g = Wᵀδ`.
    pub g: Vec<Vec<f64>>,
    /// The output.
    pub f: Vec<f64>,
}

/// Step of the differences. A power of 2, so that `θ + step` is exact for the workloads' values.
pub const STEP: f64 = 1.0 / 8192.0;

impl Problem {
    pub fn depth(&self) -> usize {
        self.widths.len() - 1
    }

    /// Number of samples, at least 1: the mean over no samples is taken as 0.
    fn count(&self) -> f64 {
        self.x.nrows.max(1) as f64
    }

    pub fn activation(&self, layer: usize) -> Activation {
        if layer + 1 < self.depth() { self.hidden } else { self.output }
    }

    /// A vector of the layout of `theta`, layer by layer.
    pub fn split(&self, theta: &[f64]) -> Vec<Layer> {
        let mut rest = theta;
        let mut layers = vec![];
        for pair in self.widths.windows(2) {
            let (w, tail) = rest.split_at(pair[0] * pair[1]);
            let biases = if self.bias == Bias::None { 0 } else { pair[1] };
            let (b, tail) = tail.split_at(biases);
            layers.push(Layer { w: Matrix::new(pair[1], pair[0], w), b: b.to_vec() });
            rest = tail;
        }
        assert!(rest.is_empty(), "theta is too long");
        layers
    }

    /// The layers' parameters.
    pub fn layers(&self) -> Vec<Layer> {
        self.split(&self.theta)
    }

    /// Layers `from..` applied to `h`: the inputs and the `z` of each, and the output.
    fn forward(&self, from: usize, h: &[f64]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>, Vec<f64>) {
        let (mut inputs, mut sums, mut h) = (vec![], vec![], h.to_vec());
        for (index, layer) in self.layers().iter().enumerate().skip(from) {
            let mut z = layer.w.times_vector(&h);
            z.iter_mut().zip(&layer.b).for_each(|(z, b)| *z += b);
            let next = z.iter().map(|&z| self.activation(index).value(z)).collect();
            inputs.push(std::mem::replace(&mut h, next));
            sums.push(z);
        }
        (inputs, sums, h)
    }

    /// `f(x)`.
    pub fn outputs(&self, x: &[f64]) -> Vec<f64> {
        self.forward(0, x).2
    }

    /// Sample `i` forwards and backwards.
    pub fn trace(&self, i: usize) -> Trace {
        let (h, z, f) = self.forward(0, self.x.row(i));
        let (delta, g) = self.backward(&z, &self.loss.slope(&f, self.y.row(i)));
        Trace { h, z, delta, g, f }
    }

    /// `δ` and `g` of every layer, for `slope` pulled back from the output.
    fn backward(&self, z: &[Vec<f64>], slope: &[f64]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let (mut deltas, mut pullbacks, mut above) = (vec![], vec![], slope.to_vec());
        for (index, layer) in self.layers().iter().enumerate().rev() {
            let slopes = z[index].iter().map(|&z| self.activation(index).slope(z));
            let delta: Vec<f64> = above.iter().zip(slopes).map(|(a, s)| a * s).collect();
            above = layer.w.transposed().times_vector(&delta);
            deltas.insert(0, delta);
            pullbacks.insert(0, above.clone());
        }
        (deltas, pullbacks)
    }

    /// `ℓᵢ` of every sample.
    pub fn losses(&self) -> Vec<f64> {
        let loss = |i| self.loss.value(&self.outputs(self.x.row(i)), self.y.row(i));
        (0..self.x.nrows).map(loss).collect()
    }

    /// `(1/n) Σ ℓᵢ`.
    pub fn data_loss(&self) -> f64 {
        self.losses().iter().sum::<f64>() / self.count()
    }

    /// `L_λ = (1/n) Σ ℓᵢ + (λ/2)‖θ‖²`, free biases not counted in `‖θ‖²`.
    pub fn objective(&self) -> f64 {
        let mut squares = 0.0;
        for layer in self.layers() {
            squares += layer.w.data.iter().map(|w| w * w).sum::<f64>();
            if self.bias == Bias::Decayed {
                squares += layer.b.iter().map(|b| b * b).sum::<f64>();
            }
        }
        self.data_loss() + self.lambda / 2.0 * squares
    }

    /// `∇L` of the data loss alone: `W: (1/n) Σ δhᵀ`, `b: (1/n) Σ δ`.
    pub fn data_gradient(&self) -> Vec<Layer> {
        let mut gradient = self.split(&vec![0.0; self.theta.len()]);
        for i in 0..self.x.nrows {
            let trace = self.trace(i);
            for (index, layer) in gradient.iter_mut().enumerate() {
                let (delta, h) = (&trace.delta[index], &trace.h[index]);
                layer.w = layer.w.plus(&Matrix::outer(delta, h).scaled(1.0 / self.count()));
                for (b, delta) in layer.b.iter_mut().zip(delta) {
                    *b += delta / self.count();
                }
            }
        }
        gradient
    }

    /// `∇L_λ`, layer by layer.
    pub fn gradient_layers(&self) -> Vec<Layer> {
        let mut gradient = self.data_gradient();
        for (gradient, layer) in gradient.iter_mut().zip(self.layers()) {
            gradient.w = gradient.w.plus(&layer.w.scaled(self.lambda));
            if self.bias == Bias::Decayed {
                for (gradient, b) in gradient.b.iter_mut().zip(layer.b) {
                    *gradient += self.lambda * b;
                }
            }
        }
        gradient
    }

    /// `∇L_λ` in the layout of `theta`.
    pub fn gradient(&self) -> Vec<f64> {
        self.gradient_layers()
            .into_iter()
            .flat_map(|layer| [layer.w.data, layer.b].concat())
            .collect()
    }

    /// `∇L_λ` from values of `L_λ` alone, by central differences of fourth order.
    pub fn gradient_by_differences(&self) -> Vec<f64> {
        let slope = |j: usize| {
            difference(|step| {
                let mut moved = self.clone();
                moved.theta[j] += step;
                vec![moved.objective()]
            })[0]
        };
        (0..self.theta.len()).map(slope).collect()
    }

    /// The smallest distance of any `z` from a kink of its activation. Differences are not to be
    /// trusted when it is comparable to [`STEP`].
    pub fn kink_distance(&self) -> f64 {
        let mut distance = f64::INFINITY;
        for i in 0..self.x.nrows {
            for (index, z) in self.trace(i).z.iter().enumerate() {
                for kink in self.activation(index).kinks() {
                    distance = z.iter().fold(distance, |d, z| d.min((z - kink).abs()));
                }
            }
        }
        distance
    }

    /// `−(1/(nλ)) Σ gᵢhᵢᵀ`.
    pub fn fact(&self, layer: usize) -> Matrix {
        let inputs = self.widths[layer];
        self.sum(Matrix::zeros(inputs, inputs), |trace| {
            Matrix::outer(&trace.g[layer], &trace.h[layer])
        })
        .scaled(-1.0 / self.lambda)
    }

    /// `−(1/(nλ)) Σ (Whᵢ)δᵢᵀ`, without the bias in `Wh`.
    pub fn bfact(&self, layer: usize) -> Matrix {
        let w = &self.layers()[layer].w;
        self.sum(Matrix::zeros(w.nrows, w.nrows), |trace| {
            Matrix::outer(&w.times_vector(&trace.h[layer]), &trace.delta[layer])
        })
        .scaled(-1.0 / self.lambda)
    }

    /// `(1/n) Σ gᵢgᵢᵀ`.
    pub fn enfa(&self, layer: usize) -> Matrix {
        let inputs = self.widths[layer];
        self.sum(Matrix::zeros(inputs, inputs), |trace| {
            Matrix::outer(&trace.g[layer], &trace.g[layer])
        })
    }

    /// `(1/n) Σ JᵢᵀJᵢ`.
    pub fn agop(&self, layer: usize) -> Matrix {
        let inputs = self.widths[layer];
        self.sum(Matrix::zeros(inputs, inputs), |trace| {
            let j = self.jacobian(&trace.h[layer], layer);
            j.transposed().times(&j)
        })
    }

    /// The mean over the samples.
    fn sum(&self, zero: Matrix, term: impl Fn(&Trace) -> Matrix) -> Matrix {
        let sum = (0..self.x.nrows).fold(zero, |sum, i| sum.plus(&term(&self.trace(i))));
        sum.scaled(1.0 / self.count())
    }

    /// `∂f/∂h: c×in` at the input `h` of `layer`, one row of the identity pulled back at a time.
    pub fn jacobian(&self, h: &[f64], layer: usize) -> Matrix {
        let (_, z, f) = self.forward(layer, h);
        let mut above = Matrix::identity(f.len());
        for (index, parameters) in self.layers().iter().enumerate().skip(layer).rev() {
            let z = &z[index - layer];
            let delta = Matrix::from_fn(above.nrows, above.ncols, |i, j| {
                above[(i, j)] * self.activation(index).slope(z[j])
            });
            above = delta.times(&parameters.w);
        }
        above
    }

    /// [`Self::jacobian`] from values of `f` alone.
    pub fn jacobian_by_differences(&self, h: &[f64], layer: usize) -> Matrix {
        let column = |j: usize| {
            difference(|step| {
                let mut moved = h.to_vec();
                moved[j] += step;
                self.forward(layer, &moved).2
            })
        };
        let columns: Vec<_> = (0..h.len()).map(column).collect();
        Matrix::from_fn(self.widths[self.depth()], h.len(), |i, j| columns[j][i])
    }

    /// The same problem with all targets 0. At a critical point residuals `f − y` nearly vanish, but
    /// their rounding errors are those of `f`: the gradient and FACT of this problem say how large
    /// the terms were before they cancelled.
    pub fn without_targets(&self) -> Self {
        Self { y: Matrix::zeros(self.y.nrows, self.y.ncols), ..self.clone() }
    }

    /// `WᵀW`.
    pub fn neural(&self, layer: usize) -> Matrix {
        let w = &self.layers()[layer].w;
        w.transposed().times(w)
    }

    /// `WWᵀ`.
    pub fn backward_neural(&self, layer: usize) -> Matrix {
        let w = &self.layers()[layer].w;
        w.times(&w.transposed())
    }
}

/// The derivative at 0: `(8(v(s) − v(−s)) − (v(2s) − v(−2s)))/(12s)`, error `O(s⁴)`.
fn difference(values: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let (near, far) = ((values(STEP), values(-STEP)), (values(2.0 * STEP), values(-2.0 * STEP)));
    let slope = |i: usize| (8.0 * (near.0[i] - near.1[i]) - (far.0[i] - far.1[i])) / (12.0 * STEP);
    (0..near.0.len()).map(slope).collect()
}
