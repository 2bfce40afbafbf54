//! The core's loops over samples, compiled for each width of vectors that processors have, the widest of
//! this machine chosen at run time.
//!
//! No bit depends on the width: a vector holds different outputs, the order of every sum is that of the
//! source, and nothing is fused. What the core inlines is compiled with the caller; a closure would not
//! be, hence a type for each call.

use fact_core::Result;
use fact_core::linalg::{blas, cholesky};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use pulp::{Arch, Simd, WithSimd};

/// Defines functions of the core's names, arguments and results, each with the type of its calls.
macro_rules! wide {
    ($(
        $(#[$doc:meta])*
        fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),+ $(,)?) -> $output:ty = $core:expr, $call:ident;
    )+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The same.
        #[allow(clippy::too_many_arguments, reason = "those of the core's")]
        pub fn $name<$life, T: Scalar>($($argument: $type),+) -> Result<$output> {
            Arch::new().dispatch($call { $($argument),+ })
        }

        struct $call<$life, T> {
            $($argument: $type),+
        }

        impl<$life, T: Scalar> WithSimd for $call<$life, T> {
            type Output = Result<$output>;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> Self::Output {
                let Self { $($argument),+ } = self;
                $core($($argument),+)
            }
        }
    )+};
}

wide! {
    /// [`train::step`].
    fn step<'a>(
        training: &'a Training<'a, T>,
        state: &'a mut State,
        samples: &'a Samples<'a, T>,
        theta: &'a mut [T],
        memory: &'a mut [T],
        scratch: Scratch<'a, T>,
    ) -> Event = train::step, Step;

    /// [`objective::gradient`].
    fn gradient<'a>(
        objective: &'a Objective<'a, T>,
        theta: &'a [T],
        samples: &'a Samples<'a, T>,
        carry: T,
        gradient: &'a mut [T],
        scratch: Scratch<'a, T>,
    ) -> f64 = objective::gradient, Gradient;

    /// [`blas::gemm`].
    fn gemm<'a>(
        alpha: T,
        a: MatRef<'a, T>,
        b: MatRef<'a, T>,
        beta: T,
        c: MatMut<'a, T>,
    ) -> () = blas::gemm, Gemm;

    /// [`cholesky::factor`].
    fn factor<'a>(a: MatMut<'a, T>) -> () = cholesky::factor, Factor;
}

#[cfg(test)]
mod tests {
    use super::*;
    use fact_core::nn::{Activation, Architecture, Bias, Loss};
    use fact_core::rng::Rng;

    /// Value and gradient, as bits, of one network computed by `run`.
    fn bits<T: Scalar>(
        hidden: Activation<T>,
        run: impl FnOnce(Gradient<'_, T>) -> Result<f64>,
    ) -> Vec<u64> {
        let (n, widths) = (37, [11, 9, 5]);
        let mut rng = Rng::new(7);
        let mut values = |len: usize| -> Vec<T> {
            (0..len).map(|_| T::from_f64(2.0 * rng.uniform() - 1.0)).collect()
        };
        let bias = Bias::Free;
        let output = Activation::Identity;
        let architecture = Architecture { widths: &widths, hidden, output, bias };
        let (x, y) = (values(n * widths[0]), values(n * widths[2]));
        let theta = values(architecture.params());
        let samples = Samples::new(
            MatRef::new(&x, n, widths[0]).unwrap(),
            MatRef::new(&y, n, widths[2]).unwrap(),
        )
        .unwrap();
        let lambda = T::from_f64(0.01);
        let objective = Objective { architecture, loss: Loss::CrossEntropy, lambda };
        let mut slopes = vec![T::ZERO; theta.len()];
        let mut memory = vec![T::ZERO; objective::gradient_scratch(&widths, 16)];
        let value = run(Gradient {
            objective: &objective,
            theta: &theta,
            samples: &samples,
            carry: T::ZERO,
            gradient: &mut slopes,
            scratch: Scratch::new(&mut memory),
        })
        .unwrap();
        let slopes = slopes.iter().map(|slope| slope.to_f64().to_bits());
        slopes.chain([value.to_bits()]).collect()
    }

    fn same_on_every_width<T: Scalar>(epsilon: T) {
        for hidden in [
            Activation::Relu,
            Activation::SmoothRelu { epsilon },
            Activation::Tanh,
            Activation::Gelu,
            Activation::Quadratic,
        ] {
            let plain = bits(hidden, |call| call.with_simd(pulp::Scalar));
            assert_eq!(bits(hidden, |call| Arch::new().dispatch(call)), plain, "{hidden:?}");
            #[cfg(target_arch = "x86_64")]
            {
                use pulp::x86::{V3, V4};
                if let Some(simd) = V3::try_new() {
                    assert_eq!(
                        bits(hidden, |call| Simd::vectorize(simd, call)),
                        plain,
                        "{hidden:?}"
                    );
                }
                if let Some(simd) = V4::try_new() {
                    assert_eq!(
                        bits(hidden, |call| Simd::vectorize(simd, call)),
                        plain,
                        "{hidden:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn gradients_have_the_same_bits_on_every_width_of_vectors() {
        same_on_every_width(0.1_f32);
        same_on_every_width(0.1_f64);
    }
}
