//! IDX files, the format of MNIST: plain or gzipped.
//!
//! Big-endian: two zero bytes, the type (8: unsigned bytes), the number of dimensions, each
//! dimension as 32 bits, then the bytes.

use super::{Dataset, Target};
use crate::error::{Error, Fault, Result};
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;

/// Images as rows of intensities in `[0, 1]` with their labels as classes.
///
/// # Errors
/// [`Error::Read`], and [`Error::Data`] when a file is not IDX or the two do not fit.
pub fn read(name: &str, images: &Path, labels: &Path) -> Result<Dataset> {
    let (shape, pixels) = file(images)?;
    let (label_shape, classes) = file(labels)?;
    let n = shape.first().copied().unwrap_or(0);
    if n == 0 || shape.len() < 2 {
        let found = Fault::of_file(images, format!("dimensions {shape:?}"));
        return Err(Error::data(found.expected("a number of images, then their size")));
    }
    if label_shape != [n] {
        let found = Fault::of_file(labels, format!("dimensions {label_shape:?}"));
        let advice = format!("These labels do not belong to {}", images.display());
        return Err(Error::data(
            found.expected(format!("[{n}], one label an image")).advice(advice),
        ));
    }
    let d = pixels.len() / n;
    let count = classes.iter().copied().max().map_or(0, |most| usize::from(most) + 1);
    Ok(Dataset {
        name: name.to_owned(),
        features: (0..d).map(|k| format!("pixel_{k}")).collect(),
        x: pixels.iter().map(|&v| f64::from(v) / 255.0).collect(),
        n,
        d,
        target: Target::Classes {
            labels: (0..count).map(|k| k.to_string()).collect(),
            index: classes.iter().map(|&k| usize::from(k)).collect(),
        },
    })
}

/// Dimensions and contents of one file.
fn file(path: &Path) -> Result<(Vec<usize>, Vec<u8>)> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = std::fs::read(path).map_err(fail)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(|error| {
            let found = Fault::of_file(path, format!("a broken gzip stream ({error})"));
            Error::data(found.advice("Fetch the file again"))
        })?;
        bytes = plain;
    }
    parse(&bytes).map_err(|(found, expected)| {
        let found = Fault::of_file(path, found).expected(expected);
        Error::data(found.advice("Give the IDX files of MNIST, whole"))
    })
}

/// Dimensions and contents, or what was found and what was expected.
fn parse(bytes: &[u8]) -> std::result::Result<(Vec<usize>, Vec<u8>), (String, String)> {
    let (dimensions, mut rest) = match bytes {
        [0, 0, 8, dimensions, rest @ ..] => (usize::from(*dimensions), rest),
        _ => {
            let start = bytes.get(..4).unwrap_or(bytes);
            return Err((
                format!("a start of {start:02x?}"),
                "[00, 00, 08, dimensions]".to_owned(),
            ));
        }
    };
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let Some((size, after)) = rest.split_first_chunk::<4>() else {
            return Err(("an end within the header".to_owned(), format!("{dimensions} sizes")));
        };
        shape.push(u32::from_be_bytes(*size) as usize);
        rest = after;
    }
    let expected = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    if expected == Some(rest.len()) {
        return Ok((shape, rest.to_vec()));
    }
    Err((format!("{} bytes after the header", rest.len()), format!("as many as {shape:?} makes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn write(directory: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn images_and_labels_are_read_plain_and_gzipped() {
        let folder = tempfile::tempdir().unwrap();
        let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0];
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&images).unwrap();
        let images = write(folder.path(), "images.gz", &packed.finish().unwrap());
        let labels = write(folder.path(), "labels", &[0, 0, 8, 1, 0, 0, 0, 2, 3, 0]);
        let set = read("small", &images, &labels).unwrap();
        assert_eq!((set.n, set.d, set.outputs()), (2, 2, 4));
        assert_eq!(set.x, [0.0, 1.0, 0.2, 0.0]);
        assert_eq!(set.targets(), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        let wrong = read("small", &labels, &labels).unwrap_err().to_string();
        assert!(wrong.contains("[2]"), "{wrong}");
    }

    #[test]
    fn broken_files_are_named_with_what_is_wrong() {
        for (bytes, message) in [
            (&[][..], "start of []"),
            (&[0, 0, 9, 1][..], "start of [00, 00, 09, 01]"),
            (&[0, 0, 8, 2, 0, 0, 0, 1][..], "end within the header"),
            (&[0, 0, 8, 1, 0, 0, 0, 3, 1, 2][..], "2 bytes after the header"),
        ] {
            let (found, _) = parse(bytes).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
        let most = [255, 255, 255, 255];
        let huge = [&[0, 0, 8, 3][..], &most, &most, &most].concat();
        assert!(parse(&huge).is_err());
    }
}
