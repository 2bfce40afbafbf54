//! CRC-32, the check of snapshots and of stores on flash.

/// The remainders of the sixteen half bytes: 64 bytes of flash, two look-ups a byte.
const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut rest: &mut [u32] = &mut table;
    let mut index = 0;
    while let [entry, tail @ ..] = rest {
        let (mut remainder, mut bit) = (index, 0);
        while bit < 4 {
            remainder = (remainder >> 1) ^ (if remainder & 1 == 1 { 0xedb8_8320 } else { 0 });
            bit += 1;
        }
        *entry = remainder;
        index += 1;
        rest = tail;
    }
    table
};

/// CRC-32 of IEEE 802.3 (polynomial `0x04c11db7`, reflected): finds every error of up to 32
/// neighbouring bits, and of others all but one in 2³².
///
/// ```
/// use fact_core::snapshot::Crc32;
/// let mut crc = Crc32::new();
/// crc.update(b"1234");
/// crc.update(b"56789");
/// assert_eq!(crc.value(), 0xcbf4_3926);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc32(u32);

impl Crc32 {
    /// The check of nothing.
    ///
    /// ```
    /// assert_eq!(fact_core::snapshot::Crc32::new().value(), 0);
    /// ```
    pub const fn new() -> Self {
        Self(!0)
    }

    /// Adds bytes. Where they are cut into calls does not matter.
    ///
    /// ```
    /// use fact_core::snapshot::Crc32;
    /// let mut crc = Crc32::new();
    /// crc.update(&[0]);
    /// assert_eq!(crc.value(), 0xd202_ef8d);
    /// ```
    pub fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.nibble(byte);
            self.nibble(byte >> 4);
        }
    }

    fn nibble(&mut self, bits: u8) {
        let index = (self.0 as u8 ^ bits) & 15;
        let remainder = NIBBLES.get(usize::from(index)).copied().unwrap_or(0);
        self.0 = (self.0 >> 4) ^ remainder;
    }

    /// The check of all bytes so far.
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}
