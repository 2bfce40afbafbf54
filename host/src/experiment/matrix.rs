//! An owned matrix of results.

/// A row-major matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub nrows: usize,
    /// Number of columns.
    pub ncols: usize,
    /// Elements, row after row.
    pub data: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zeros(nrows: usize, ncols: usize) -> Self {
        Self { nrows, ncols, data: vec![0.0; nrows * ncols] }
    }

    /// Frobenius norm.
    ///
    /// ```
    /// use fact_host::experiment::Matrix;
    /// assert_eq!(Matrix { nrows: 1, ncols: 2, data: vec![3.0, -4.0] }.norm(), 5.0);
    /// ```
    pub fn norm(&self) -> f64 {
        let largest = self.largest();
        if largest == 0.0 || !largest.is_finite() {
            return largest;
        }
        largest * self.data.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
    }

    /// Largest magnitude of an element; 0 without elements.
    pub fn largest(&self) -> f64 {
        self.data.iter().fold(0.0, |m, v| m.max(v.abs()))
    }

    /// Element in row `i` and column `j`; 0 outside.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        if j < self.ncols { self.data.get(i * self.ncols + j).copied().unwrap_or(0.0) } else { 0.0 }
    }
}
