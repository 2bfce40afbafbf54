//! A hash of bits: the proof that two targets computed the same.

use crate::scalar::Scalar;

/// FNV-1a over 64 bits (Fowler, Noll, Vo), fed with the little-endian bytes of each number.
///
/// ```
/// use fact_core::fingerprint::Fingerprint;
/// let mut hash = Fingerprint::new();
/// hash.bytes(b"a");
/// assert_eq!(hash.value(), 0xaf63_dc4c_8601_ec8c);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The hash of nothing.
    ///
    /// ```
    /// use fact_core::fingerprint::Fingerprint;
    /// assert_eq!(Fingerprint::new().value(), 0xcbf2_9ce4_8422_2325);
    /// ```
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds bytes.
    ///
    /// ```
    /// use fact_core::fingerprint::Fingerprint;
    /// let mut hash = Fingerprint::new();
    /// hash.bytes(b"foobar");
    /// assert_eq!(hash.value(), 0x8594_4171_f739_67e8);
    /// ```
    pub fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// Adds the bits of each number: 4 bytes for a 32-bit type, 8 for `f64`.
    ///
    /// ```
    /// use fact_core::fingerprint::Fingerprint;
    /// let (mut a, mut b) = (Fingerprint::new(), Fingerprint::new());
    /// a.numbers(&[0.0_f32]);
    /// b.numbers(&[-0.0_f32]);
    /// assert_ne!(a, b);
    /// ```
    pub fn numbers<T: Scalar>(&mut self, numbers: &[T]) {
        for x in numbers {
            let bytes = x.bits().to_le_bytes();
            self.bytes(bytes.get(..size_of::<T>()).unwrap_or(&bytes));
        }
    }

    /// The hash so far.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}
