//! One call of the core, ready to be made again and again.

use fact_core::scalar::Scalar;

/// What a call does, in the unit of its throughput.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Floating-point operations; a multiplication and an addition are two.
    Flops(u64),
    /// Bytes read and written.
    Bytes(u64),
    /// Numbers produced.
    Numbers(u64),
}

/// One call of the core on data of its own.
pub struct Task {
    /// What is called.
    pub operation: String,
    /// On which shape.
    pub shape: String,
    /// `f32` or `f64`.
    pub precision: &'static str,
    /// How much one call does; `None` where no rate is meaningful.
    pub work: Option<Work>,
    call: Box<dyn FnMut()>,
}

impl Task {
    /// A task in the precision of `T`.
    pub fn new<T: Scalar>(
        operation: impl Into<String>,
        shape: impl ToString,
        work: impl Into<Option<Work>>,
        call: impl FnMut() + 'static,
    ) -> Self {
        let precision = if size_of::<T>() == 4 { "f32" } else { "f64" };
        let (operation, shape) = (operation.into(), shape.to_string());
        Self { operation, shape, precision, work: work.into(), call: Box::new(call) }
    }

    /// Makes the call.
    pub fn call(&mut self) {
        (self.call)();
    }
}

/// Values in `[−1, 1)` from a linear congruence: far from denormals, without structure.
pub fn values<T: Scalar>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        T::from_f64((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    std::iter::repeat_with(next).take(len).collect()
}
