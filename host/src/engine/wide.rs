//! The core's loops over samples, compiled for each width of vectors that processors have, the widest of
//! this machine chosen at run time.
//!
//! No bit depends on the width: a vector holds different outputs, the order of every sum is that of the
//! source, and nothing is fused. What the core inlines is compiled with the caller; a closure would not
//! be, hence a type for each call.

use fact_core::Result;
use fact_core::execute::{Executor, Job};
use fact_core::linalg::blas;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::{Architecture, Loss, mlp, objective};
use fact_core::scalar::Scalar;
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
    /// [`mlp::deltas`].
    fn deltas<'a>(
        architecture: &'a Architecture<'a, T>,
        loss: Loss,
        theta: &'a [T],
        x: MatRef<'a, T>,
        y: MatRef<'a, T>,
        trace: &'a mut [T],
        losses: &'a mut [f64],
    ) -> () = mlp::deltas, Deltas;

    /// [`objective::add_layer`].
    fn add_layer<'a>(
        delta: MatRef<'a, T>,
        h: MatRef<'a, T>,
        weight: &'a mut [T],
        bias: &'a mut [T],
    ) -> () = objective::add_layer, AddLayer;

    /// [`blas::gemm`].
    fn gemm<'a>(
        alpha: T,
        a: MatRef<'a, T>,
        b: MatRef<'a, T>,
        beta: T,
        c: MatMut<'a, T>,
    ) -> () = blas::gemm, Gemm;
}

/// Runs the core's jobs here, compiled for the widest vectors of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wide;

impl Executor for Wide {
    fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
        Arch::new().dispatch(Run { job, memory });
    }
}

/// The same on all threads of the pool it is called from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

/// Multiplications of a job from which on another thread pays.
const MANY: usize = 1 << 19;

impl Executor for Threads {
    fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
        share(job, memory, rayon::current_num_threads(), MANY);
    }
}

/// Runs a job on at most this many threads, with at least `least` multiplications each.
fn share<T: Scalar>(job: impl Job<T>, memory: &mut [T], threads: usize, least: usize) {
    if threads < 2 || job.cost() / 2 < least {
        return Wide.execute(job, memory);
    }
    let mut other = vec![T::ZERO; memory.len()];
    let (first, second) = job.split();
    rayon::join(
        || share(first, memory, threads / 2, least),
        || share(second, &mut other, threads - threads / 2, least),
    );
}

/// A job in a region of wide vectors.
struct Run<'a, T, J> {
    job: J,
    memory: &'a mut [T],
}

impl<T: Scalar, J: Job<T>> WithSimd for Run<'_, T, J> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.job.run(self.memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fact_core::execute::Sequential;
    use fact_core::kernel::Kernel;
    use fact_core::nn::{Activation, Bias};
    use fact_core::rng::Rng;
    use fact_tests::machine::{bits_by, drawn};

    /// Runs a call without vectors, on each width this machine has, and on the one that is chosen.
    fn on_every_width<T: Scalar>(mut run: impl FnMut(&dyn Fn(AnyCall<'_, T>) -> Result<()>)) {
        run(&|call| call.with_simd(pulp::Scalar));
        run(&|call| Arch::new().dispatch(call));
        #[cfg(target_arch = "x86_64")]
        {
            use pulp::x86::{V3, V4};
            if let Some(simd) = V3::try_new() {
                run(&|call| Simd::vectorize(simd, call));
            }
            if let Some(simd) = V4::try_new() {
                run(&|call| Simd::vectorize(simd, call));
            }
        }
    }

    /// One of the calls of a gradient.
    enum AnyCall<'a, T> {
        Deltas(Deltas<'a, T>),
        AddLayer(AddLayer<'a, T>),
    }

    impl<T: Scalar> WithSimd for AnyCall<'_, T> {
        type Output = Result<()>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Result<()> {
            match self {
                Self::Deltas(call) => call.with_simd(simd),
                Self::AddLayer(call) => call.with_simd(simd),
            }
        }
    }

    fn same_on_every_width<T: Scalar>(hidden: Activation<T>) {
        let (n, widths) = (37, [11, 21, 5]);
        let mut rng = Rng::new(7);
        let mut values = |len: usize| -> Vec<T> {
            (0..len).map(|_| T::from_f64(2.0 * rng.uniform() - 1.0)).collect()
        };
        let (bias, output) = (Bias::Free, Activation::Identity);
        let architecture = Architecture { widths: &widths, hidden, output, bias };
        let (x, y) = (values(n * widths[0]), values(n * widths[2]));
        let theta = values(architecture.params());
        let (x, y) =
            (MatRef::new(&x, n, widths[0]).unwrap(), MatRef::new(&y, n, widths[2]).unwrap());
        let mut seen: Vec<Vec<u64>> = Vec::new();
        on_every_width(|run| {
            let mut trace = vec![T::ZERO; mlp::forward_scratch(&widths, n)];
            let (mut losses, mut sums) = (vec![0.0; n], vec![T::ZERO; theta.len()]);
            run(AnyCall::Deltas(Deltas {
                architecture: &architecture,
                loss: Loss::CrossEntropy,
                theta: &theta,
                x,
                y,
                trace: &mut trace,
                losses: &mut losses,
            }))
            .unwrap();
            let mut rest = &mut *sums;
            for visit in mlp::visits(&architecture, &theta, x, &trace).unwrap() {
                let (outputs, inputs) = visit.weight.shape();
                let weight = rest.split_off_mut(..outputs * inputs).unwrap();
                let bias = rest.split_off_mut(..outputs).unwrap();
                let (delta, h) = (visit.delta, visit.input);
                run(AnyCall::AddLayer(AddLayer { delta, h, weight, bias })).unwrap();
            }
            let values = trace.iter().chain(&sums).map(|value| value.to_f64());
            seen.push(values.chain(losses).map(f64::to_bits).collect());
        });
        assert!(seen.len() >= 2 && seen.iter().all(|bits| bits == &seen[0]), "{hidden:?}");
    }

    #[test]
    fn passes_have_the_same_bits_on_every_width_of_vectors() {
        fn in_precision<T: Scalar>(epsilon: T) {
            let smooth = Activation::SmoothRelu { epsilon };
            for hidden in [
                Activation::Relu,
                smooth,
                Activation::Tanh,
                Activation::Sigmoid,
                Activation::Gelu,
                Activation::Quadratic,
            ] {
                same_on_every_width(hidden);
            }
        }
        in_precision(0.1_f32);
        in_precision(0.1_f64);
    }

    /// Runs jobs at one width of vectors.
    enum At {
        Scalar,
        #[cfg(target_arch = "x86_64")]
        V3(pulp::x86::V3),
        #[cfg(target_arch = "x86_64")]
        V4(pulp::x86::V4),
    }

    impl Executor for At {
        fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
            let run = Run { job, memory };
            match self {
                Self::Scalar => run.with_simd(pulp::Scalar),
                #[cfg(target_arch = "x86_64")]
                Self::V3(simd) => Simd::vectorize(*simd, run),
                #[cfg(target_arch = "x86_64")]
                Self::V4(simd) => Simd::vectorize(*simd, run),
            }
        }
    }

    /// Gives every thread a part of each job, however small.
    struct All;

    impl Executor for All {
        fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
            share(job, memory, rayon::current_num_threads(), 0);
        }
    }

    fn same_machine_everywhere<T: Scalar>(kernel: Kernel<f64>) {
        let machine = drawn(&mut Rng::new(9), kernel, (70, 9, 2)).cast::<T>();
        let expected = bits_by(&Sequential, &machine);
        let mut widths = vec![At::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            widths.extend(pulp::x86::V3::try_new().map(At::V3));
            widths.extend(pulp::x86::V4::try_new().map(At::V4));
        }
        for width in widths {
            assert_eq!(bits_by(&width, &machine), expected, "{kernel:?}");
        }
        for threads in 1..=8 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| bits_by(&All, &machine));
            assert_eq!(found, expected, "{kernel:?} on {threads} threads");
        }
    }

    #[test]
    fn machines_have_the_same_bits_on_every_width_and_number_of_threads() {
        for kernel in [
            Kernel::Laplace { bandwidth: 2.0 },
            Kernel::GeneralizedLaplace { bandwidth: 2.0, exponent: 1.5 },
            Kernel::Gaussian { bandwidth: 2.0 },
            Kernel::Quadratic,
            Kernel::Exponential { bandwidth: 9.0 },
        ] {
            same_machine_everywhere::<f32>(kernel);
            same_machine_everywhere::<f64>(kernel);
        }
    }
}
