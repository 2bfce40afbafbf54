//! FACT and AGOP of a quadratic machine from what it has learned: a quadratic form `F = Σⱼ αⱼxⱼxⱼᵀ` an
//! output. `α`, large along the null space of a singular Gram matrix, cancels in this sum, before
//! anything multiplies it.

use super::blocks::{Block, Sum, add, column};
use super::fast::{Fast, dense};
use super::profile::Real;
use super::tiles::{Mapped, mean_of, view, view_mut};
use fact_core::kernel::{Centering, Predictor};
use fact_core::scalar::Scalar;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par, Scale};

/// A form, and `Σⱼ αⱼxⱼ`.
type Form = (Mat<f64>, Mat<f64>);

impl Fast<'_> {
    fn form<T: Real>(&self, machine: &Predictor<'_, T>, z: &Mapped<T>, output: usize) -> Form {
        let weights = column(machine.dual, output, (0, z.n));
        let sum = self.sum(z, 1, [1, 0], |block, part| block.form(&weights, part));
        let square = view(&sum.square, z.d, z.d).to_owned();
        (square, view(&sum.means, 1, z.d).to_owned())
    }

    /// `S` of `FACT = MS`: `2Σ FMF`, the right form less `(Σⱼ αⱼxⱼ)x̄ᵀ` when centred.
    pub(super) fn fact_of_forms<T: Real>(
        &self,
        machine: &Predictor<'_, T>,
        z: &Mapped<T>,
        centering: Centering,
    ) -> Mat<f64> {
        let m = dense(machine.metric, z.d);
        let mean: Vec<f64> = match centering {
            Centering::Mean => mean_of(machine.x).into_iter().map(Scalar::to_f64).collect(),
            Centering::None => vec![0.0; z.d],
        };
        let mean = view(&mean, 1, z.d);
        (0..machine.dual.ncols()).fold(Mat::zeros(z.d, z.d), |sum, output| {
            let (form, total) = self.form(machine, z, output);
            let centred = &form - total.transpose() * mean;
            sum + (&form * &m * centred) * Scale(2.0)
        })
    }

    /// `Σ ppᵀ` over samples and outputs, where `Mp = 2MFMx` is the gradient of the output; when
    /// centred, `x` is less the mean, since gradients are linear in it.
    pub(super) fn agop_of_forms<T: Real>(
        &self,
        machine: &Predictor<'_, T>,
        z: &Mapped<T>,
        centering: Centering,
    ) -> Sum {
        let d = z.d;
        let m = dense(machine.metric, d);
        let mean = match centering {
            Centering::Mean => mean_of(machine.x),
            Centering::None => vec![T::ZERO; d],
        };
        let zero = Sum { square: vec![0.0; d * d], means: vec![], weights: vec![] };
        (0..machine.dual.ncols()).fold(zero, |mut all, output| {
            let (form, _) = self.form(machine, z, output);
            let map = (&m * form) * Scale(2.0);
            let map: Vec<T> =
                (0..d * d).map(|k| <T as Scalar>::from_f64(map[(k / d, k % d)])).collect();
            let sum = self.sum(z, 1, [0, 0], |block, part| block.agop_of_map(&map, &mean, part));
            add(&mut all.square, &sum.square);
            all
        })
    }
}

impl<T: Real> Block<'_, T> {
    /// Adds `Σⱼ wⱼxⱼxⱼᵀ` and, where there is one mean, `Σⱼ wⱼxⱼ` over these samples.
    pub(super) fn form(self, weights: &[T], sum: &mut Sum) {
        let (d, own) = (self.z.d, self.z.rows(self.rows.0, self.rows.1));
        let weighted = &mut self.gradients[..own.nrows() * d];
        let points = self.z.x[self.rows.0 * d..].chunks_exact(d);
        let weights = &weights[self.rows.0..self.rows.1];
        for ((weighted, x), &weight) in weighted.chunks_exact_mut(d).zip(points).zip(weights) {
            for (weighted, &x) in weighted.iter_mut().zip(x) {
                *weighted = weight * x;
            }
            add(&mut sum.means, weighted);
        }
        let weighted = view(weighted, own.nrows(), d).transpose();
        let square = view_mut(self.square, d, d);
        matmul(square, Accum::Replace, weighted, own, T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
    }

    /// Adds `Σⱼ ppᵀ` over these samples, `pᵀ = (xⱼ − mean)ᵀ map`.
    fn agop_of_map(self, map: &[T], mean: &[T], sum: &mut Sum) {
        let (m, d) = (self.rows.1 - self.rows.0, self.z.d);
        let own = self.z.x[self.rows.0 * d..self.rows.1 * d].iter().zip(mean.iter().cycle());
        let own: Vec<T> = own.map(|(&x, &mean)| x - mean).collect();
        let gradients = &mut self.gradients[..m * d];
        let (own, map) = (view(&own, m, d), view(map, d, d));
        matmul(view_mut(gradients, m, d), Accum::Replace, own, map, T::ONE, Par::Seq);
        let gradients = view(gradients, m, d);
        let square = view_mut(self.square, d, d);
        matmul(square, Accum::Replace, gradients.transpose(), gradients, T::ONE, Par::Seq);
        add(&mut sum.square, &*self.square);
    }
}
