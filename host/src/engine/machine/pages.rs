//! Memory for the Gram matrix, in the largest pages that the system gives.

use super::profile::Real;
use std::ops::{Deref, DerefMut};

/// `len` zeros. Where the system has them, in huge pages: a matrix of 64 MB takes 32 page faults rather
/// than 16 384, and its columns, far apart, stay within reach of the processor's table of pages.
pub(super) enum Zeros<T> {
    Heap(Vec<T>),
    #[cfg(target_os = "linux")]
    Mapped(memmap2::MmapMut),
}

impl<T: Real> Zeros<T> {
    pub(super) fn new(len: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(pages) = memmap2::MmapMut::map_anon(len.saturating_mul(size_of::<T>())) {
            // Advice that is not taken costs but time.
            let _ = pages.advise(memmap2::Advice::HugePage);
            return Self::Mapped(pages);
        }
        Self::Heap(vec![T::ZERO; len])
    }
}

impl<T: Real> Deref for Zeros<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Self::Mapped(pages) => bytemuck::cast_slice(pages),
        }
    }
}

impl<T: Real> DerefMut for Zeros<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Self::Mapped(pages) => bytemuck::cast_slice_mut(pages),
        }
    }
}
