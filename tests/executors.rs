//! Who runs the loops of a kernel machine changes no bit.

use fact_core::execute::{Executor, Job, Sequential};
use fact_core::kernel::Kernel;
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_tests::machine::{Machine, bits_by, drawn, machines};
use fact_tests::matrices::nan;
use fact_tests::workload::cases;
use proptest::prelude::*;

/// Splits each job so many times and runs the last part first, each with memory of its own.
struct Backwards(u32);

impl Executor for Backwards {
    fn execute<T: Scalar>(&self, job: impl Job<T>, memory: &mut [T]) {
        let mut own = vec![nan(); memory.len()];
        let Some(times) = self.0.checked_sub(1) else { return job.run(&mut own) };
        let (first, second) = job.split();
        Self(times).execute(second, memory);
        Self(times).execute(first, memory);
    }
}

fn assert_same<T: Scalar>(machine: &Machine<f64>) {
    let machine = machine.cast::<T>();
    let expected = bits_by(&Sequential, &machine);
    for times in [1, 3] {
        assert_eq!(bits_by(&Backwards(times), &machine), expected, "split {times} times");
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn parts_in_any_order_make_the_same_machine(machine in machines()) {
        assert_same::<f64>(&machine);
        assert_same::<f32>(&machine);
    }
}

/// Of sizes around the edges of tiles, panels and blocks.
#[test]
fn parts_of_large_machines_make_the_same_machine() {
    let mut rng = Rng::new(3);
    for shape in [(33, 8, 1), (70, 17, 2), (130, 9, 1), (24, 60, 3)] {
        for kernel in [
            Kernel::Laplace { bandwidth: 2.0 },
            Kernel::Gaussian { bandwidth: 2.0 },
            Kernel::Quadratic,
            Kernel::Exponential { bandwidth: 9.0 },
        ] {
            let machine = drawn(&mut rng, kernel, shape);
            assert_same::<f64>(&machine);
            assert_same::<f32>(&machine);
        }
    }
}
