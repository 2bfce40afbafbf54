//! Arrays of numbers from files: `.npy`, IDX (also gzipped) and delimited text.

use super::{delimited, idx, npy};
use crate::data::{Header, Missing};
use crate::error::{Error, Fault, Result};
use std::path::Path;

/// What the elements of a file are, before they became `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// 32-bit numbers.
    F32,
    /// 64-bit numbers.
    F64,
    /// Numbers written out.
    Text,
}

/// Numbers in a shape, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes, outermost first.
    pub shape: Vec<usize>,
    /// Elements in C order.
    pub data: Vec<f64>,
    /// What they were.
    pub kind: Kind,
}

impl Array {
    /// Length of the first axis; 1 of a single number.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Elements per row: all axes but the first, multiplied.
    ///
    /// ```
    /// use fact_host::data::{Array, Kind};
    /// let images = Array { shape: vec![1, 2, 3], data: vec![0.0; 6], kind: Kind::F32 };
    /// assert_eq!((images.rows(), images.columns()), (1, 6));
    /// ```
    pub fn columns(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// The contents of a file that is read as bytes.
///
/// # Errors
/// [`Error::Read`] when the system refuses.
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Reads the array in the file at `path`: `.npy` and IDX by their names (`.npy`; `.gz`, `ubyte`,
/// `.idx`), anything else as delimited text without a target.
///
/// # Errors
/// [`Error::Read`] and [`Error::Data`].
pub fn read_array(path: &Path, header: Header, missing: Missing) -> Result<Array> {
    parse_array(path, &bytes(path)?, header, missing)
}

/// Reads the contents of a file, in the format that its name at `path` says, as [`read_array`] does.
///
/// # Errors
/// [`Error::Data`].
///
/// ```
/// use fact_host::data::{Header, Missing, parse_array};
/// let array = parse_array("x.csv".as_ref(), b"1,2\n3,4\n", Header::Auto, Missing::Refuse)?;
/// assert_eq!((array.shape, array.data), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
/// # Ok::<(), fact_host::error::Error>(())
/// ```
pub fn parse_array(path: &Path, bytes: &[u8], header: Header, missing: Missing) -> Result<Array> {
    match form(path) {
        Form::Npy => npy::parse(path, bytes),
        Form::Idx => idx::parse(path, bytes),
        Form::Text => delimited::parse_array(path, bytes, header, missing),
    }
}

/// Whether the file at `path` is read as text.
pub(super) fn is_text(path: &Path) -> bool {
    form(path) == Form::Text
}

#[derive(PartialEq)]
enum Form {
    Npy,
    Idx,
    Text,
}

fn form(path: &Path) -> Form {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".npy"]) {
        Form::Npy
    } else if ends(&[".gz", "ubyte", ".idx"]) {
        Form::Idx
    } else {
        Form::Text
    }
}

/// Bytes of an array of this shape. `None` when they, or those of one row of an empty array, are too
/// many to be counted.
pub(super) fn size(shape: &[usize], element: usize) -> Option<usize> {
    let filled = shape.iter().try_fold(element, |size, &axis| size.checked_mul(axis.max(1)))?;
    Some(if shape.contains(&0) { 0 } else { filled })
}

/// The array with these elements, if each is finite.
pub(super) fn finite(path: &Path, shape: Vec<usize>, data: Vec<f64>, kind: Kind) -> Result<Array> {
    let array = Array { shape, data, kind };
    let Some(at) = array.data.iter().position(|v| !v.is_finite()) else { return Ok(array) };
    let columns = array.columns().max(1);
    let place = match array.shape.len() {
        0 => "the only element".to_owned(),
        1 => format!("element {}", at + 1),
        _ => format!("row {}, column {}", at / columns + 1, at % columns + 1),
    };
    let found = match array.data.get(at) {
        Some(v) if v.is_nan() => "NaN",
        Some(v) if *v > 0.0 => "infinity",
        _ => "−infinity",
    };
    let fault = Fault::of_file(path, found).field(place);
    Err(Error::data(
        fault.expected("a finite number").advice("Correct the value or remove the row"),
    ))
}
