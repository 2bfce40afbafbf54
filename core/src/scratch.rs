//! Lent working memory: the caller owns it, a function takes what it needs from the front.

use crate::error::{Error, Result};
use crate::mat::MatMut;

/// Working memory for one call. Its contents on entry do not matter and are unspecified on return.
///
/// Each function that takes a `Scratch` has a `const fn …_scratch(dims)` that gives its length.
#[derive(Debug)]
pub struct Scratch<'a, T> {
    rest: &'a mut [T],
}

impl<'a, T> Scratch<'a, T> {
    /// Lends `memory`.
    ///
    /// ```
    /// use fact_core::scratch::Scratch;
    /// let mut memory = [0.0_f32; 8];
    /// let mut scratch = Scratch::new(&mut memory);
    /// let a = scratch.take(3)?;
    /// let b = scratch.take(5)?;
    /// assert_eq!((a.len(), b.len()), (3, 5));
    /// assert!(scratch.take(1).is_err());
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn new(memory: &'a mut [T]) -> Self {
        Self { rest: memory }
    }

    /// The next `len` words, with whatever they hold.
    ///
    /// # Errors
    /// [`Error::Scratch`] when fewer are left.
    ///
    /// ```
    /// use fact_core::scratch::Scratch;
    /// assert_eq!(Scratch::new(&mut [0.0; 4]).take(3)?.len(), 3);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn take(&mut self, len: usize) -> Result<&'a mut [T]> {
        let available = self.rest.len();
        let (taken, rest) = core::mem::take(&mut self.rest)
            .split_at_mut_checked(len)
            .ok_or(Error::Scratch { needed: len, available })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `nrows·ncols` words as a matrix, with whatever they hold.
    ///
    /// # Errors
    /// [`Error::Scratch`] when fewer are left.
    ///
    /// ```
    /// use fact_core::scratch::Scratch;
    /// let mut memory = [0.0_f64; 6];
    /// assert_eq!(Scratch::new(&mut memory).take_mat(2, 3)?.shape(), (2, 3));
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn take_mat(&mut self, nrows: usize, ncols: usize) -> Result<MatMut<'a, T>> {
        MatMut::new(self.take(nrows.saturating_mul(ncols))?, nrows, ncols)
    }

    /// How many rows of `words_per_row` words fit what is left, at most `wanted`, at least one.
    ///
    /// # Errors
    /// [`Error::Scratch`] when not even one row fits.
    ///
    /// ```
    /// use fact_core::scratch::Scratch;
    /// let mut memory = [0.0_f32; 10];
    /// assert_eq!(Scratch::new(&mut memory).rows(3, 100), Ok(3));
    /// assert!(Scratch::new(&mut memory).rows(11, 100).is_err());
    /// ```
    #[inline(always)]
    pub fn rows(&self, words_per_row: usize, wanted: usize) -> Result<usize> {
        match self.rest.len().checked_div(words_per_row) {
            Some(0) => Err(Error::Scratch { needed: words_per_row, available: self.rest.len() }),
            Some(rows) => Ok(rows.min(wanted).max(1)),
            None => Ok(wanted.max(1)),
        }
    }

    /// Lends what is left for the length of one inner call.
    ///
    /// ```
    /// use fact_core::scratch::Scratch;
    /// let mut memory = [0.0; 4];
    /// let mut scratch = Scratch::new(&mut memory);
    /// scratch.reborrow().take(4)?;
    /// assert_eq!(scratch.take(4)?.len(), 4);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn reborrow(&mut self) -> Scratch<'_, T> {
        Scratch { rest: self.rest }
    }
}
