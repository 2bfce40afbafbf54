//! A fitted kernel machine with all that it takes to predict, and the file that keeps it.

mod coding;
mod file;

pub use coding::{Inputs, Outputs};
pub use file::{decode, encode, is_model, load};

use crate::engine::machine::{Engine, Exact, Fast, Real};
use crate::error::Result;
use crate::plan::{self, Precision};
use fact_core::kernel::{Kernel, Metric, Predictor};
use fact_core::mat::MatRef;

/// `f(x) = Σᵢ αᵢ K_M(xᵢ, x)`, for inputs as they stand in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Number format it was fitted in and computes in.
    pub precision: Precision,
    /// The kernel.
    pub kernel: Kernel<f64>,
    /// Its training samples, coded, `n×d`.
    pub x: Vec<f64>,
    /// The metric, `d×d`.
    pub metric: Vec<f64>,
    /// The dual, `n×c`.
    pub dual: Vec<f64>,
    /// How inputs are coded.
    pub inputs: Inputs,
    /// How outputs are coded.
    pub outputs: Outputs,
}

impl Model {
    /// Number of training samples.
    pub fn n(&self) -> usize {
        self.x.len() / self.d().max(1)
    }

    /// Number of features.
    pub fn d(&self) -> usize {
        self.inputs.features.len()
    }

    /// Coded outputs, `m×c`, of samples as they stand in a file.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when the parts do not fit together.
    pub fn predict(&self, x: &[f64], engine: plan::Engine) -> Result<Vec<f64>> {
        match self.precision {
            Precision::F32 => self.outputs_of::<f32>(x, engine),
            Precision::F64 => self.outputs_of::<f64>(x, engine),
        }
    }

    /// Derivatives of the coded outputs by the features as they stand in a file, `m×(c·d)`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::error::Error::Core) when the parts do not fit together.
    pub fn jacobians(&self, x: &[f64], engine: plan::Engine) -> Result<Vec<f64>> {
        let mut out = match self.precision {
            Precision::F32 => self.jacobians_of::<f32>(x, engine),
            Precision::F64 => self.jacobians_of::<f64>(x, engine),
        }?;
        self.inputs.differentiate(&mut out);
        Ok(out)
    }

    fn outputs_of<T: Real>(&self, x: &[f64], engine: plan::Engine) -> Result<Vec<f64>> {
        self.with_machine(x, |machine, x| {
            let mut out = vec![T::ZERO; x.nrows() * machine.dual.ncols()];
            match engine {
                plan::Engine::Exact => EXACT.predict(machine, x, &mut out)?,
                plan::Engine::Fast => FAST.predict(machine, x, &mut out)?,
            }
            Ok(widen(&out))
        })
    }

    fn jacobians_of<T: Real>(&self, x: &[f64], engine: plan::Engine) -> Result<Vec<f64>> {
        self.with_machine(x, |machine, x| {
            let mut out = vec![T::ZERO; x.data().len() * machine.dual.ncols()];
            match engine {
                plan::Engine::Exact => EXACT.jacobians(machine, x, &mut out)?,
                plan::Engine::Fast => FAST.jacobians(machine, x, &mut out)?,
            }
            Ok(widen(&out))
        })
    }

    /// What `run` makes of the machine and of these samples, coded.
    fn with_machine<T: Real>(
        &self,
        x: &[f64],
        run: impl FnOnce(&Predictor<'_, T>, MatRef<'_, T>) -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        let (n, d, c) = (self.n(), self.d(), self.outputs.count());
        let rows = x.len() / d.max(1);
        let coded = narrow::<T>(&self.inputs.code(x));
        let (z, metric, dual) =
            (narrow::<T>(&self.x), narrow::<T>(&self.metric), narrow::<T>(&self.dual));
        let machine = Predictor {
            kernel: cast(self.kernel),
            metric: Metric::Full(MatRef::new(&metric, d, d)?),
            x: MatRef::new(&z, n, d)?,
            dual: MatRef::new(&dual, n, c)?,
        };
        run(&machine, MatRef::new(&coded, rows, d)?)
    }
}

const EXACT: Exact<'_> = Exact { watch: &|_, _| {} };
const FAST: Fast<'_> = Fast { watch: &|_, _| {} };

/// The numbers in another format.
pub(crate) fn narrow<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| <T as fact_core::scalar::Scalar>::from_f64(value)).collect()
}

/// The numbers, exactly.
pub(crate) fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|&value| fact_core::scalar::Scalar::to_f64(value)).collect()
}

/// The kernel in another number format.
pub(crate) fn cast<T: Real>(kernel: Kernel<f64>) -> Kernel<T> {
    let cast = <T as fact_core::scalar::Scalar>::from_f64;
    match kernel {
        Kernel::Laplace { bandwidth } => Kernel::Laplace { bandwidth: cast(bandwidth) },
        Kernel::GeneralizedLaplace { bandwidth, exponent } => {
            Kernel::GeneralizedLaplace { bandwidth: cast(bandwidth), exponent: cast(exponent) }
        }
        Kernel::Gaussian { bandwidth } => Kernel::Gaussian { bandwidth: cast(bandwidth) },
        Kernel::Quadratic => Kernel::Quadratic,
        Kernel::Exponential { bandwidth } => Kernel::Exponential { bandwidth: cast(bandwidth) },
    }
}
