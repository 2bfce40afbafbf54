//! IDX files, the format of MNIST, plain or gzipped.

use super::array::{self, Array, Kind, bytes, finite};
use super::{Dataset, Target};
use crate::error::{Error, Fault, Result};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

const GZIP: &[u8] = &[0x1f, 0x8b];
/// The largest number of axes that is not a damaged header.
const AXES: usize = 8;

/// Reads the contents of an IDX file: two zero bytes, a type, a number of axes, their lengths, and the
/// elements, all big-endian. Of a gzipped file no more is unpacked than its header announces.
///
/// # Errors
/// [`Error::Data`]: not such a file, truncated, too long, or with an element that is not finite.
///
/// ```
/// use fact_host::data::idx;
/// let file = [0, 0, 0x08, 1, 0, 0, 0, 3, 7, 8, 9];
/// assert_eq!(idx::parse("labels.idx".as_ref(), &file)?.data, [7.0, 8.0, 9.0]);
/// # Ok::<(), fact_host::error::Error>(())
/// ```
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Array> {
    if bytes.starts_with(GZIP) { read(path, MultiGzDecoder::new(bytes)) } else { read(path, bytes) }
}

fn read(path: &Path, mut source: impl Read) -> Result<Array> {
    let bad = |found: String, expected: String| {
        let advice = "The file is truncated or damaged: fetch or unpack it again";
        Error::data(Fault::of_file(path, found).expected(expected).advice(advice))
    };
    let broken = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            bad("a file that ends within its header".into(), "a whole IDX file".into())
        }
        _ => bad(format!("gzip data that cannot be unpacked ({error})"), "a whole file".into()),
    };
    let mut start = [0_u8; 4];
    source.read_exact(&mut start).map_err(broken)?;
    let [0, 0, code, axes] = start else {
        return Err(bad("no IDX file".into(), "one that begins with two zero bytes".into()));
    };
    let (size, kind) = match code {
        0x08 | 0x09 => (1, Kind::Integer),
        0x0B => (2, Kind::Integer),
        0x0C => (4, Kind::Integer),
        0x0D => (4, Kind::F32),
        0x0E => (8, Kind::F64),
        _ => {
            let expected = "0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E".to_owned();
            return Err(bad(format!("elements of type 0x{code:02X}"), expected));
        }
    };
    if !(1..=AXES).contains(&usize::from(axes)) {
        return Err(bad(format!("{axes} axes"), format!("1 to {AXES}")));
    }
    let mut shape = Vec::new();
    for _ in 0..axes {
        let mut length = [0_u8; 4];
        source.read_exact(&mut length).map_err(broken)?;
        shape.push(u32::from_be_bytes(length) as usize);
    }
    let needed = array::size(&shape, size);
    let mut elements = Vec::new();
    // One byte more tells a file that is too long from a whole one.
    let limit = needed.map_or(u64::MAX, |n| (n as u64).saturating_add(1));
    source.by_ref().take(limit).read_to_end(&mut elements).map_err(broken)?;
    if needed != Some(elements.len()) {
        let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let found = match needed {
            Some(n) if elements.len() > n => format!("more than {n} bytes of data"),
            _ => format!("{} bytes of data", elements.len()),
        };
        let needed = needed.map_or("more than can be counted".into(), |n| n.to_string());
        let expected = format!("{needed}, as the shape ({}) in its header says", axes.join(", "));
        return Err(bad(found, expected));
    }
    let data = elements.chunks_exact(size).map(|element| value(code, element)).collect();
    finite(path, shape, data, kind)
}

fn value(code: u8, element: &[u8]) -> f64 {
    let word = element.iter().fold(0_u64, |word, &byte| word << 8 | u64::from(byte));
    match code {
        0x09 => f64::from(word as u8 as i8),
        0x0B => f64::from(word as u16 as i16),
        0x0C => f64::from(word as u32 as i32),
        0x0D => f64::from(f32::from_bits(word as u32)),
        0x0E => f64::from_bits(word),
        _ => word as f64,
    }
}

/// The images and labels of MNIST in `directory`, gzipped or not: those for training or, where there are
/// none, the test images (`t10k`). `None` when neither are there.
pub fn mnist_files(directory: &Path) -> Option<[PathBuf; 2]> {
    let find = |part: &str, what: &str| {
        ["", ".gz"]
            .map(|ending| directory.join(format!("{part}-{what}-ubyte{ending}")))
            .into_iter()
            .find(|path| path.is_file())
    };
    ["train", "t10k"]
        .into_iter()
        .find_map(|part| Some([find(part, "images-idx3")?, find(part, "labels-idx1")?]))
}

/// The set of [`mnist_files`]. Pixels are divided by 255.
///
/// # Errors
/// [`Error::Usage`] when the files are not there; [`Error::Data`] when they do not fit together.
pub fn mnist(directory: &Path) -> Result<Dataset> {
    let Some([images, labels]) = mnist_files(directory) else {
        return Err(Error::Usage(format!(
            "{}: holds no MNIST files, expected train-images-idx3-ubyte and \
             train-labels-idx1-ubyte (or t10k-…), each also with .gz. Give their directory with \
             --data-dir",
            directory.display()
        )));
    };
    let (x, y) = (parse(&images, &bytes(&images)?)?, parse(&labels, &bytes(&labels)?)?);
    if x.rows() != y.data.len() || x.rows() == 0 {
        let fault = Fault::of_file(&labels, format!("{} labels", y.data.len()));
        return Err(Error::data(
            fault
                .expected(format!("{}, one for each image of {}", x.rows(), images.display()))
                .advice("Take both files from the same set"),
        ));
    }
    let d = x.columns();
    if let Some(label) = y.data.iter().find(|&&label| !(0.0..10.0).contains(&label)) {
        let fault = Fault::of_file(&labels, format!("the label {label}")).expected("0 to 9");
        return Err(Error::data(fault.advice("The file is damaged: fetch it again")));
    }
    Ok(Dataset {
        name: "mnist".to_owned(),
        features: (1..=d).map(|pixel| format!("pixel {pixel}")).collect(),
        n: x.rows(),
        x: x.data.into_iter().map(|v| v / 255.0).collect(),
        d,
        target: Target::Classes {
            labels: (0..10).map(|digit: u8| digit.to_string()).collect(),
            index: y.data.iter().map(|&label| label as usize).collect(),
        },
    })
}
