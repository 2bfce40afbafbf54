//! Matrices as `.npy` files.

use crate::data::{self, Array};
use crate::error::{Error, Fault, Result};
use crate::experiment::Matrix;
use faer::{Mat, Side};
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

/// Reads the symmetric positive semi-definite `d×d` matrix in the file at `path`.
///
/// # Errors
/// [`Error::Read`] when the system refuses, [`Error::Data`] when the file holds something else.
pub fn read_metric(path: &Path, d: usize) -> Result<Matrix> {
    let expected = format!("a symmetric positive semi-definite {d}×{d} matrix in npy format");
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
    let square =
        match pairs().find(|&(i, j)| (matrix.at(i, j) - matrix.at(j, i)).abs() > 1e-6 * largest) {
            Some((i, j)) => {
                let (below, above) = (matrix.at(i, j), matrix.at(j, i));
                let (row, column) = (i + 1, j + 1);
                let found = format!("{below} in row {row}, column {column}, and {above} across");
                return Err(fault(found));
            }
            None => Mat::from_fn(d, d, |i, j| matrix.at(i, j)),
        };
    let values = square.self_adjoint_eigenvalues(Side::Lower).unwrap_or_default();
    match values.first() {
        Some(&least) if least < -1e-6 * largest => {
            Err(fault(format!("the negative eigenvalue {least:.3e}")))
        }
        _ => Ok(matrix),
    }
}
