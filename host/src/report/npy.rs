//! The `.npy` format, version 1.0: a magic number, a padded header, little-endian numbers.

use crate::experiment::Matrix;

/// A matrix as the bytes of an `.npy` file of `float64` in C order.
///
/// Source: NumPy enhancement proposal 1 and `numpy.lib.format`.
///
/// ```
/// use fact_host::{experiment::Matrix, report::encode};
/// let bytes = encode(&Matrix { nrows: 1, ncols: 2, data: vec![1.0, 2.0] });
/// assert_eq!(&bytes[..6], b"\x93NUMPY");
/// assert_eq!(bytes.len(), 128 + 16);
/// ```
pub fn encode(matrix: &Matrix) -> Vec<u8> {
    let Matrix { nrows, ncols, data } = matrix;
    let header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({nrows}, {ncols}), }}");
    // Two decimal counts are at most 40 characters, so magic, version, length and header fit 128.
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(header.bytes());
    bytes.resize(127, b' ');
    bytes.push(b'\n');
    bytes.extend(data.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
