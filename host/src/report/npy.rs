//! Matrices as `.npy` files.

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
    let bytes =
        std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let file = npyz::NpyFile::new(&bytes[..]).map_err(|_| fault("no npy file".to_owned()))?;
    let shape = file.shape().to_vec();
    let kind = file.dtype().descr();
    let data: Option<Vec<f64>> = if kind.contains("f4") {
        let numbers = file.into_vec::<f32>().ok();
        numbers.map(|numbers| numbers.into_iter().map(f64::from).collect())
    } else {
        file.into_vec::<f64>().ok()
    };
    let data = data.ok_or_else(|| fault(format!("numbers of type {kind}, or too few")))?;
    if shape != [d as u64, d as u64] {
        let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
        return Err(fault(format!("an array of shape ({})", shape.join(", "))));
    }
    // A symmetric matrix is the same in both orders of storage.
    let matrix = Matrix { nrows: d, ncols: d, data };
    let largest = matrix.largest();
    let pairs = || (0..d).flat_map(|i| (0..i).map(move |j| (i, j)));
    if !matrix.data.iter().all(|v| v.is_finite()) {
        return Err(fault("a number that is not finite".to_owned()));
    }
    match pairs().find(|&(i, j)| (matrix.at(i, j) - matrix.at(j, i)).abs() > 1e-6 * largest) {
        Some((i, j)) => Err(fault(format!(
            "{} in row {i} of column {j} and {} across the diagonal",
            matrix.at(i, j),
            matrix.at(j, i)
        ))),
        None => Ok(matrix),
    }
}
