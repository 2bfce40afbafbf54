//! Matrices as `.npy` files.

use crate::data::{self, Array};
use crate::error::{Error, Fault, Result};
use crate::experiment::Matrix;
use npyz::WriterBuilder;
use std::path::Path;

/// A matrix as the bytes of an `.npy` file of little-endian `float64` in C order.
///
/// # Errors
/// Whatever the encoder reports; writing to memory does not fail by itself.
///
/// ```
/// use fact_host::{experiment::Matrix, report::encode};
/// let bytes = encode(&Matrix { nrows: 1, ncols: 2, data: vec![1.0, 2.0] })?;
/// let file = npyz::NpyFile::new(&bytes[..])?;
/// assert_eq!(file.shape(), [1, 2]);
/// assert_eq!(file.into_vec::<f64>()?, [1.0, 2.0]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn encode(matrix: &Matrix) -> std::io::Result<Vec<u8>> {
    let Matrix { nrows, ncols, data } = matrix;
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .dtype(npyz::DType::Plain("<f8".parse().map_err(std::io::Error::other)?))
        .shape(&[*nrows as u64, *ncols as u64])
        .writer(&mut bytes)
        .begin_nd()?;
    writer.extend(data)?;
    writer.finish()?;
    Ok(bytes)
}

/// Reads the symmetric `d×d` matrix in the file at `path`.
///
/// # Errors
/// [`Error::Read`] when the system refuses, [`Error::Data`] when the file holds something else.
pub fn read_metric(path: &Path, d: usize) -> Result<Matrix> {
    let expected = format!("a symmetric {d}×{d} matrix of finite numbers in npy format");
    let fault = |found: String| {
        let advice = "Give the metric.npy of a run with the same features";
        Error::data(Fault::of_file(path, found).expected(expected.clone()).advice(advice))
    };
    let Array { shape, data, .. } = data::npy::parse(path, &data::bytes(path)?)?;
    if shape != [d, d] {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        return Err(fault(format!("an array of shape ({})", shape.join(", "))));
    }
    let matrix = Matrix { nrows: d, ncols: d, data };
    let largest = matrix.largest();
    let pairs = || (0..d).flat_map(|i| (0..i).map(move |j| (i, j)));
    match pairs().find(|&(i, j)| (matrix.at(i, j) - matrix.at(j, i)).abs() > 1e-6 * largest) {
        Some((i, j)) => Err(fault(format!(
            "{} in row {i} of column {j} and {} across the diagonal",
            matrix.at(i, j),
            matrix.at(j, i)
        ))),
        None => Ok(matrix),
    }
}
