//! Seeded random numbers: integer code, the same on every target, fixed forever by golden values.

use crate::scalar::Scalar;

/// The xoshiro128++ generator (Blackman & Vigna 2021), seeded through SplitMix64.
///
/// Only 32-bit additions, rotations and shifts: cheap on a core without wide multiplication.
///
/// ```
/// use fact_core::rng::Rng;
/// let mut rng = Rng::new(0);
/// assert_eq!([rng.next_u32(), rng.next_u32()], [1_179_900_579, 1_938_959_192]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    state: [u32; 4],
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// The generator of this seed.
    ///
    /// ```
    /// use fact_core::rng::Rng;
    /// assert_eq!(Rng::new(7), Rng::new(7));
    /// ```
    pub fn new(seed: u64) -> Self {
        let mut s = seed;
        let (a, b) = (split_mix(&mut s), split_mix(&mut s));
        Self { state: [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32] }
    }

    /// 32 uniform bits.
    ///
    /// ```
    /// use fact_core::rng::Rng;
    /// assert_ne!(Rng::new(1).next_u32(), Rng::new(2).next_u32());
    /// ```
    pub fn next_u32(&mut self) -> u32 {
        let [s0, s1, s2, s3] = self.state;
        let result = s0.wrapping_add(s3).rotate_left(7).wrapping_add(s0);
        let (s2, s3) = (s2 ^ s0, s3 ^ s1);
        self.state = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 9), s3.rotate_left(11)];
        result
    }

    /// 64 uniform bits: two draws, the first in the upper half.
    ///
    /// ```
    /// use fact_core::rng::Rng;
    /// assert_eq!(Rng::new(1).next_u64() >> 32, Rng::new(1).next_u32().into());
    /// ```
    pub fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        (high << 32) | u64::from(self.next_u32())
    }

    /// A uniform number in `[0, 1)`, a multiple of 2⁻⁵³.
    ///
    /// ```
    /// use fact_core::rng::Rng;
    /// let x = Rng::new(7).uniform();
    /// assert!((0.0..1.0).contains(&x));
    /// ```
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A standard normal number, by Marsaglia's polar method in `f64` (the same on every target,
    /// because `libm` is), then rounded to `T`.
    ///
    /// ```
    /// use fact_core::rng::Rng;
    /// let (mut a, mut b) = (Rng::new(1), Rng::new(1));
    /// assert_eq!(a.normal::<f32>(), b.normal::<f64>() as f32);
    /// ```
    pub fn normal<T: Scalar>(&mut self) -> T {
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return T::from_f64(u * libm::sqrt(-2.0 * libm::log(s) / s));
            }
        }
    }
}

/// A pseudo-random order of `0..n` that needs no memory: a four-round Feistel network on the next
/// power of four, walked until it lands below `n`. Sampling without replacement for online training.
///
/// ```
/// use fact_core::rng::Permutation;
/// let order = Permutation::new(5, 42);
/// let mut seen = [false; 5];
/// for i in 0..5 {
///     seen[order.index(i)] = true;
/// }
/// assert_eq!(seen, [true; 5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    n: usize,
    half_bits: u32,
    keys: [u32; 4],
}

impl Permutation {
    /// The order of `0..n` that belongs to `seed`. At most 2³² indices.
    ///
    /// ```
    /// use fact_core::rng::Permutation;
    /// assert_eq!(Permutation::new(1, 42).index(0), 0);
    /// ```
    pub fn new(n: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let bits = u64::BITS - (n.max(2) as u64 - 1).leading_zeros();
        let keys = [(); 4].map(|()| rng.next_u32());
        Self { n, half_bits: bits.div_ceil(2).min(16), keys }
    }

    /// Where position `i` leads; positions outside `0..n` lead to themselves.
    ///
    /// ```
    /// use fact_core::rng::Permutation;
    /// let order = Permutation::new(3, 42);
    /// assert_eq!(order.index(0) + order.index(1) + order.index(2), 3);
    /// ```
    pub fn index(&self, i: usize) -> usize {
        if i >= self.n {
            return i;
        }
        let mut x = i as u64;
        // The network is a bijection of a set at most four times as large, so the walk returns to
        // 0..n after four steps on average and certainly within the length of its cycle.
        loop {
            x = self.encrypt(x);
            if x < self.n as u64 {
                return x as usize;
            }
        }
    }

    fn encrypt(&self, x: u64) -> u64 {
        let mask = (1_u32 << self.half_bits) - 1;
        let halves = ((x >> self.half_bits) as u32, x as u32 & mask);
        let (left, right) = self.keys.iter().fold(halves, |(left, right), &key| {
            let mixed = (right ^ key).wrapping_mul(0x9e37_79b1);
            (right, left ^ ((mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b) >> 7 & mask))
        });
        (u64::from(left) << self.half_bits) | u64::from(right)
    }
}
