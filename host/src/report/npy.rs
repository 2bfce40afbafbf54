//! Matrices as `.npy` files.

use crate::experiment::Matrix;
use npyz::WriterBuilder;

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
