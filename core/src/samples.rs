//! A batch of samples: inputs and targets, one row each.

use crate::error::{Result, check_shape};
use crate::mat::MatRef;

/// `n` inputs `x: n×d` with their targets `y: n×c`.
#[derive(Debug, PartialEq)]
pub struct Samples<'a, T> {
    x: MatRef<'a, T>,
    y: MatRef<'a, T>,
}

// By hand, as for `MatRef`.
impl<T> Clone for Samples<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Samples<'_, T> {}

impl<'a, T> Samples<'a, T> {
    /// Pairs inputs with targets, row by row.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) when the numbers of rows differ.
    ///
    /// ```
    /// use fact_core::{mat::MatRef, samples::Samples};
    /// let samples = Samples::new(MatRef::new(&[1.0, 2.0], 2, 1)?, MatRef::new(&[0.0, 1.0], 2, 1)?)?;
    /// assert_eq!(samples.len(), 2);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn new(x: MatRef<'a, T>, y: MatRef<'a, T>) -> Result<Self> {
        check_shape("targets", (x.nrows(), y.ncols()), y.shape())?;
        Ok(Self { x, y })
    }

    /// Number of samples.
    #[allow(clippy::len_without_is_empty, reason = "an empty batch is an ordinary batch")]
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Inputs, `n×d`.
    ///
    /// ```
    /// use fact_core::{mat::MatRef, samples::Samples};
    /// let column = MatRef::new(&[1.0, 2.0], 2, 1)?;
    /// assert_eq!(Samples::new(column, column)?.x(), column);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn x(&self) -> MatRef<'a, T> {
        self.x
    }

    /// Targets, `n×c`.
    pub fn y(&self) -> MatRef<'a, T> {
        self.y
    }

    /// Samples `start..end`, both clipped to the batch.
    ///
    /// ```
    /// use fact_core::{mat::MatRef, samples::Samples};
    /// let column = MatRef::new(&[1.0, 2.0, 3.0], 3, 1)?;
    /// assert_eq!(Samples::new(column, column)?.range(1, 9).len(), 2);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn range(&self, start: usize, end: usize) -> Self {
        Self { x: self.x.row_range(start, end), y: self.y.row_range(start, end) }
    }
}
