//! Fields one after the other, little-endian.

/// Writes fields into bytes of just their length; what does not fit is left out.
pub(crate) struct Put<'a>(pub &'a mut [u8]);

impl Put<'_> {
    pub(crate) fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(field) = self.0.split_off_mut(..N) {
            for (to, from) in field.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }

    pub(crate) fn bool(&mut self, x: bool) {
        self.bytes([x.into()]);
    }

    pub(crate) fn u32(&mut self, x: u32) {
        self.bytes(x.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, x: u64) {
        self.bytes(x.to_le_bytes());
    }

    pub(crate) fn count(&mut self, x: usize) {
        self.u64(x as u64);
    }

    pub(crate) fn f64(&mut self, x: f64) {
        self.u64(x.to_bits());
    }
}

/// Reads fields off the front of bytes; `None` when they are used up or not of the type.
pub(crate) struct Take<'a>(pub &'a [u8]);

impl Take<'_> {
    pub(crate) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.bytes().map(u8::from_le_bytes)
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A count that this machine can count to.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    /// A flag and a field, which counts only where the flag is set.
    pub(crate) fn option<R>(
        &mut self,
        field: impl FnOnce(&mut Self) -> Option<R>,
    ) -> Option<Option<R>> {
        let set = self.bool()?;
        let field = field(self)?;
        Some(set.then_some(field))
    }
}
