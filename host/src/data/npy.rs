//! Reading `.npy` files. The header is read by hand: it is a fixed form of three entries, and a
//! reader that a damaged file cannot bring down has to check its numbers before it uses them.

use super::array::{Array, Kind, finite, size};
use crate::error::{Error, Fault, Result, counted};
use std::path::Path;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads the contents of an `.npy` file (NumPy's format, versions 1 to 3): booleans, integers and
/// `float32` and `float64` of either byte order, in C or Fortran order. `path` serves for messages.
///
/// # Errors
/// [`Error::Data`]: not such a file, truncated, of another element type, or with an element that is
/// not finite.
///
/// ```
/// use fact_host::{data::npy, experiment::Matrix, report::encode};
/// let bytes = encode(&Matrix { nrows: 2, ncols: 1, data: vec![1.0, 2.0] })?;
/// let array = npy::parse("a.npy".as_ref(), &bytes).expect("valid");
/// assert_eq!((array.shape, array.data), (vec![2, 1], vec![1.0, 2.0]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Array> {
    let Header { element, fortran, shape, data } = header(path, bytes)?;
    let needed = size(&shape, element.size);
    if needed != Some(data.len()) {
        let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let needed =
            needed.map_or("more bytes than can be counted".to_owned(), |n| counted(n, "byte"));
        let fault = Fault::of_file(path, format!("{} of data", counted(data.len(), "byte")));
        return Err(Error::data(
            fault
                .expected(format!(
                    "{needed}, as the shape ({}) in its header says",
                    axes.join(", ")
                ))
                .advice("The file is truncated or damaged: save it again"),
        ));
    }
    let values: Vec<f64> = data.chunks_exact(element.size).map(|e| element.value(e)).collect();
    let values = if fortran { transposed(&values, &shape) } else { values };
    finite(path, shape, values, element.kind())
}

struct Header<'a> {
    element: Element,
    fortran: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// How one element is stored.
#[derive(Clone, Copy)]
struct Element {
    /// `b`, `i`, `u` or `f`.
    class: u8,
    size: usize,
    big: bool,
}

impl Element {
    /// Reads a type such as `<f8`.
    fn of(descr: &str) -> Option<Self> {
        let &[order, class, size] = descr.as_bytes() else { return None };
        let size = usize::from(size.checked_sub(b'0')?);
        let known = match class {
            b'f' => matches!(size, 4 | 8),
            b'i' | b'u' => matches!(size, 1 | 2 | 4 | 8),
            b'b' => size == 1,
            _ => false,
        };
        let ordered = matches!(order, b'<' | b'>') || (order == b'|' && size == 1);
        (known && ordered).then_some(Self { class, size, big: order == b'>' })
    }

    fn kind(self) -> Kind {
        match (self.class, self.size) {
            (b'f', 4) => Kind::F32,
            (b'f', _) => Kind::F64,
            _ => Kind::Integer,
        }
    }

    fn value(self, bytes: &[u8]) -> f64 {
        // Little-endian, in the low bytes.
        let mut word = [0_u8; 8];
        for (k, &byte) in bytes.iter().take(8).enumerate() {
            word[if self.big { self.size - 1 - k } else { k }] = byte;
        }
        let word = u64::from_le_bytes(word);
        match (self.class, self.size) {
            (b'f', 4) => f64::from(f32::from_bits(word as u32)),
            (b'f', _) => f64::from_bits(word),
            (b'i', 1) => f64::from(word as u8 as i8),
            (b'i', 2) => f64::from(word as u16 as i16),
            (b'i', 4) => f64::from(word as u32 as i32),
            (b'i', _) => word as i64 as f64,
            (b'b', _) => f64::from(u8::from(word != 0)),
            _ => word as f64,
        }
    }
}

fn header<'a>(path: &Path, bytes: &'a [u8]) -> Result<Header<'a>> {
    let bad = |found: &str, expected: &str| {
        let fault = Fault::of_file(path, found).expected(expected);
        Error::data(fault.advice("Write it with numpy.save(file, array)"))
    };
    let found = if bytes.is_empty() { "an empty file" } else { "no NumPy file" };
    let not_npy = || bad(found, "one that begins with \\x93NUMPY");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(not_npy)?;
    let short = || bad("a file that ends within its header", "a whole NumPy file");
    let (version, rest) = rest.split_at_checked(2).ok_or_else(short)?;
    let wide = match version.first() {
        Some(1) => 2,
        Some(2 | 3) => 4,
        other => {
            let found = format!("version {} of the format", other.copied().unwrap_or_default());
            return Err(bad(&found, "version 1, 2 or 3"));
        }
    };
    let (length, rest) = rest.split_at_checked(wide).ok_or_else(short)?;
    let length = length.iter().rev().fold(0_usize, |n, &byte| n << 8 | usize::from(byte));
    let (text, data) = rest.split_at_checked(length).ok_or_else(short)?;
    let text = std::str::from_utf8(text).unwrap_or_default();
    let entry = |key: &str| {
        let (_, value) = text.split_once(&format!("'{key}'"))?;
        Some(value.trim_start().strip_prefix(':')?.trim_start())
    };
    let missing = |key: &str| {
        bad(&format!("a header without a readable '{key}'"), "descr, fortran_order and shape")
    };
    let descr = entry("descr").ok_or_else(|| missing("descr"))?;
    let descr = descr.strip_prefix('\'').and_then(|rest| Some(rest.split_once('\'')?.0));
    let Some(element) = descr.and_then(Element::of) else {
        let found = match descr {
            Some(descr) => format!("elements of type {:?}", shortened(descr)),
            None => "elements of several fields".to_owned(),
        };
        return Err(Error::data(
            Fault::of_file(path, found)
                .expected("float32, float64, integers or booleans")
                .advice("Convert it: array.astype(\"float64\")"),
        ));
    };
    let fortran = match entry("fortran_order") {
        Some(value) if value.starts_with("False") => false,
        Some(value) if value.starts_with("True") => true,
        _ => return Err(missing("fortran_order")),
    };
    let shape = entry("shape").and_then(|value| value.strip_prefix('(')?.split_once(')'));
    let (axes, _) = shape.ok_or_else(|| missing("shape"))?;
    let axes = axes.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    let shape: Option<Vec<usize>> = axes.map(|axis| axis.parse().ok()).collect();
    Ok(Header { element, fortran, shape: shape.ok_or_else(|| missing("shape"))?, data })
}

fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

/// Elements in C order of an array that lists them in Fortran order.
fn transposed(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut index = vec![0_usize; shape.len()];
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let place = index.iter().zip(shape).rev().fold(0, |place, (&i, &axis)| place * axis + i);
        ordered.push(values.get(place).copied().unwrap_or_default());
        // The last axis runs fastest.
        for (i, &axis) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < axis {
                break;
            }
            *i = 0;
        }
    }
    ordered
}
