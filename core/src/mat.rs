//! Borrowed row-major matrix views: the shape is checked here, once.

use crate::error::{Error, Result};

/// A shared view of a row-major `nrows × ncols` matrix.
#[derive(Debug, PartialEq)]
pub struct MatRef<'a, T> {
    data: &'a [T],
    nrows: usize,
    ncols: usize,
}

// By hand: a view is copied whatever it views; the derive would ask for `T: Copy`.
impl<T> Clone for MatRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for MatRef<'_, T> {}

/// An exclusive view of a row-major `nrows × ncols` matrix.
#[derive(Debug, PartialEq)]
pub struct MatMut<'a, T> {
    data: &'a mut [T],
    nrows: usize,
    ncols: usize,
}

/// The rows of a matrix, first to last: whole rows only, and none when rows have no length.
///
/// Like `chunks_exact`, but without the division (and its possible panic) that sizes that iterator.
#[derive(Clone, Debug)]
pub struct Rows<'a, T> {
    rest: &'a [T],
    width: usize,
}

impl<'a, T> Rows<'a, T> {
    /// Cuts `data` into rows of `width`.
    #[inline(always)]
    pub(crate) fn new(data: &'a [T], width: usize) -> Self {
        Self { rest: data, width: width.max(1) }
    }

    /// What is left.
    #[inline(always)]
    pub(crate) fn into_rest(self) -> &'a [T] {
        self.rest
    }
}

impl<'a, T> Iterator for Rows<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.rest.split_off(..self.width)
    }
}

/// The rows of a matrix, exclusively. See [`Rows`].
#[derive(Debug)]
pub struct RowsMut<'a, T> {
    rest: &'a mut [T],
    width: usize,
}

impl<'a, T> RowsMut<'a, T> {
    /// Cuts `data` into rows of `width`.
    #[inline(always)]
    pub(crate) fn new(data: &'a mut [T], width: usize) -> Self {
        Self { rest: data, width: width.max(1) }
    }

    /// What is left.
    #[inline(always)]
    pub(crate) fn into_rest(self) -> &'a mut [T] {
        self.rest
    }
}

impl<'a, T> Iterator for RowsMut<'a, T> {
    type Item = &'a mut [T];

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.rest.split_off_mut(..self.width)
    }
}

fn check_area(nrows: usize, ncols: usize, found: usize) -> Result<()> {
    let expected = nrows.saturating_mul(ncols);
    if expected == found {
        Ok(())
    } else {
        Err(Error::Length { what: "matrix data", expected, found })
    }
}

impl<'a, T> MatRef<'a, T> {
    /// Views `data` (row after row) as an `nrows × ncols` matrix.
    ///
    /// # Errors
    /// [`Error::Length`] unless `data` has `nrows·ncols` elements.
    ///
    /// ```
    /// use fact_core::mat::MatRef;
    /// let a = MatRef::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3)?;
    /// assert_eq!(a.rows().last(), Some(&[4.0, 5.0, 6.0][..]));
    /// assert!(MatRef::new(&[1.0], 2, 3).is_err());
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn new(data: &'a [T], nrows: usize, ncols: usize) -> Result<Self> {
        check_area(nrows, ncols, data.len())?;
        Ok(Self { data, nrows, ncols })
    }

    /// Number of rows.
    #[inline(always)]
    pub fn nrows(&self) -> usize {
        self.nrows
    }

    /// Number of columns.
    #[inline(always)]
    pub fn ncols(&self) -> usize {
        self.ncols
    }

    /// Rows and columns.
    #[inline(always)]
    pub fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    /// All elements, row after row.
    #[inline(always)]
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// The rows, first to last. A matrix without columns yields none.
    ///
    /// ```
    /// use fact_core::mat::MatRef;
    /// let a = MatRef::new(&[1, 2, 3, 4], 2, 2)?;
    /// assert_eq!(a.rows().next(), Some(&[1, 2][..]));
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn rows(&self) -> Rows<'a, T> {
        Rows::new(self.data, self.ncols)
    }

    /// Row `i`, or `None` outside the matrix.
    ///
    /// ```
    /// use fact_core::mat::MatRef;
    /// let a = MatRef::new(&[1, 2, 3, 4], 2, 2)?;
    /// assert_eq!((a.row(1), a.row(2)), (Some(&[3, 4][..]), None));
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn row(&self, i: usize) -> Option<&'a [T]> {
        if i >= self.nrows {
            return None;
        }
        let start = i.checked_mul(self.ncols)?;
        self.data.get(start..)?.split_at_checked(self.ncols).map(|(row, _)| row)
    }

    /// Rows `start..end` as a matrix of their own, both clipped to the matrix.
    ///
    /// ```
    /// use fact_core::mat::MatRef;
    /// let a = MatRef::new(&[1, 2, 3, 4, 5, 6], 3, 2)?;
    /// assert_eq!(a.row_range(1, 9).data(), [3, 4, 5, 6]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    pub fn row_range(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.nrows);
        let start = start.min(end);
        let data = self.data.get(start * self.ncols..end * self.ncols).unwrap_or(&[]);
        Self { data, nrows: end - start, ncols: self.ncols }
    }
}

impl<'a, T> MatMut<'a, T> {
    /// Views `data` (row after row) as an `nrows × ncols` matrix.
    ///
    /// # Errors
    /// [`Error::Length`] unless `data` has `nrows·ncols` elements.
    ///
    /// ```
    /// use fact_core::mat::MatMut;
    /// let mut data = [0; 4];
    /// let mut a = MatMut::new(&mut data, 2, 2)?;
    /// for row in a.rows_mut() {
    ///     row.copy_from_slice(&[1, 2]);
    /// }
    /// assert_eq!(data, [1, 2, 1, 2]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn new(data: &'a mut [T], nrows: usize, ncols: usize) -> Result<Self> {
        check_area(nrows, ncols, data.len())?;
        Ok(Self { data, nrows, ncols })
    }

    /// Number of rows.
    #[inline(always)]
    pub fn nrows(&self) -> usize {
        self.nrows
    }

    /// Number of columns.
    #[inline(always)]
    pub fn ncols(&self) -> usize {
        self.ncols
    }

    /// Rows and columns.
    #[inline(always)]
    pub fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    /// All elements, row after row.
    #[inline(always)]
    pub fn data_mut(&mut self) -> &mut [T] {
        self.data
    }

    /// The rows, first to last. A matrix without columns yields none.
    #[inline(always)]
    pub fn rows_mut(&mut self) -> RowsMut<'_, T> {
        RowsMut::new(self.data, self.ncols)
    }

    /// The same matrix, shared.
    ///
    /// ```
    /// use fact_core::mat::MatMut;
    /// let mut data = [1, 2];
    /// assert_eq!(MatMut::new(&mut data, 1, 2)?.as_ref().data(), [1, 2]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef { data: self.data, nrows: self.nrows, ncols: self.ncols }
    }

    /// The same matrix, for a shorter time.
    ///
    /// ```
    /// use fact_core::mat::MatMut;
    /// let mut data = [1, 2];
    /// let mut a = MatMut::new(&mut data, 1, 2)?;
    /// a.reborrow().data_mut().fill(0);
    /// assert_eq!(a.as_ref().data(), [0, 0]);
    /// # Ok::<(), fact_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn reborrow(&mut self) -> MatMut<'_, T> {
        MatMut { data: self.data, nrows: self.nrows, ncols: self.ncols }
    }
}
