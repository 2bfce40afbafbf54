//! The file of a model.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `FACT-RFM` |
//! | 4 | version, 1 |
//! | 8 | length of what follows, without the checksum |
//! | 4 | length of the header |
//! | … | header, JSON: number format, kernel, sizes, coding of inputs and outputs |
//! | … | metric `d×d`, samples `n×d`, dual `n×c`, in the number format of the model |
//! | 4 | CRC-32 of all bytes before it |
//!
//! Integers and numbers are little-endian.

use super::{Inputs, Model, Outputs};
use crate::error::{Error, Result};
use crate::plan::Precision;
use fact_core::kernel::Kernel;
use serde::{Deserialize, Serialize};
use std::path::Path;

const MAGIC: &[u8; 8] = b"FACT-RFM";
const VERSION: u32 = 1;
/// Bytes before the header.
const PREFIX: usize = 24;

#[derive(Serialize, Deserialize)]
struct Header {
    bits: u32,
    kernel: String,
    bandwidth: Option<f64>,
    exponent: Option<f64>,
    n: usize,
    inputs: Inputs,
    outputs: Outputs,
}

/// The bytes of the file.
pub fn encode(model: &Model) -> Vec<u8> {
    let (kernel, bandwidth, exponent) = match model.kernel {
        Kernel::Laplace { bandwidth } => ("laplace", Some(bandwidth), None),
        Kernel::GeneralizedLaplace { bandwidth, exponent } => {
            ("generalized-laplace", Some(bandwidth), Some(exponent))
        }
        Kernel::Gaussian { bandwidth } => ("gaussian", Some(bandwidth), None),
        Kernel::Quadratic => ("quadratic", None, None),
        Kernel::Exponential { bandwidth } => ("exponential", Some(bandwidth), None),
    };
    let header = Header {
        bits: if model.precision == Precision::F32 { 32 } else { 64 },
        kernel: kernel.to_owned(),
        bandwidth,
        exponent,
        n: model.n(),
        inputs: model.inputs.clone(),
        outputs: model.outputs.clone(),
    };
    // Numbers and strings under string keys: serialising them cannot fail.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let numbers = [&model.metric, &model.x, &model.dual];
    let mut payload = Vec::new();
    payload.extend((header.len() as u32).to_le_bytes());
    payload.extend(header);
    for &value in numbers.into_iter().flatten() {
        match model.precision {
            Precision::F32 => payload.extend((value as f32).to_le_bytes()),
            Precision::F64 => payload.extend(value.to_le_bytes()),
        }
    }
    let mut bytes = Vec::with_capacity(payload.len() + PREFIX);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(payload);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Reads the model in the file at `path`.
///
/// # Errors
/// [`Error::Read`] when the system refuses, [`Error::Model`] when the file holds no whole model.
pub fn load(path: &Path) -> Result<Model> {
    let bytes =
        std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    decode(&bytes).map_err(|reason| Error::Model { path: path.to_owned(), reason })
}

/// The model in these bytes.
///
/// # Errors
/// One sentence: not a model, of another version, truncated, or changed.
pub fn decode(bytes: &[u8]) -> std::result::Result<Model, String> {
    const ADVICE: &str = "Fit again with --model, or copy the file anew";
    let foreign = || {
        "found something else than a model. Give a file that `fact rfm fit --model` wrote"
            .to_owned()
    };
    let damaged = |what: &str| format!("{what}. {ADVICE}");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(foreign)?;
    let cut = || damaged("the model is truncated");
    let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(format!(
            "found a model of version {version}, expected {VERSION}. Fit again with this program"
        ));
    }
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let length = u64::from_le_bytes(*length);
    let found = rest.len() as u64;
    if found < length.saturating_add(4) {
        return Err(damaged(&format!(
            "the model is truncated: found {found} bytes after its head, expected {}",
            length.saturating_add(4)
        )));
    }
    if found > length + 4 {
        return Err(damaged("bytes follow the end of the model"));
    }
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return Err(damaged("the model is corrupted: its checksum does not fit"));
    }
    // From here on, only a program that writes models wrongly can be at fault.
    let inconsistent = || damaged("the model contradicts itself");
    let payload = body.get(PREFIX - 4..).ok_or_else(inconsistent)?;
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(inconsistent)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (header, numbers) = rest.split_at_checked(length).ok_or_else(inconsistent)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| inconsistent())?;
    assemble(header, numbers).ok_or_else(inconsistent)
}

fn assemble(header: Header, numbers: &[u8]) -> Option<Model> {
    let bandwidth = || header.bandwidth;
    let kernel = match header.kernel.as_str() {
        "laplace" => Kernel::Laplace { bandwidth: bandwidth()? },
        "generalized-laplace" => {
            Kernel::GeneralizedLaplace { bandwidth: bandwidth()?, exponent: header.exponent? }
        }
        "gaussian" => Kernel::Gaussian { bandwidth: bandwidth()? },
        "quadratic" => Kernel::Quadratic,
        "exponential" => Kernel::Exponential { bandwidth: bandwidth()? },
        _ => return None,
    };
    kernel.check().ok()?;
    let (precision, numbers): (_, Vec<f64>) = match header.bits {
        32 => {
            let (words, tail) = numbers.as_chunks::<4>();
            let words = words.iter().map(|word| f32::from_le_bytes(*word).into()).collect();
            (Precision::F32, tail.is_empty().then_some(words)?)
        }
        64 => {
            let (words, tail) = numbers.as_chunks::<8>();
            let words = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
            (Precision::F64, tail.is_empty().then_some(words)?)
        }
        _ => return None,
    };
    let (n, d, c) = (header.n, header.inputs.features.len(), header.outputs.count());
    let (metric, rest) = numbers.split_at_checked(d.checked_mul(d)?)?;
    let (x, dual) = rest.split_at_checked(n.checked_mul(d)?)?;
    let fits = dual.len() == n.checked_mul(c)?
        && header.inputs.mean.len() == d
        && header.inputs.scale.len() == d
        && d > 0
        && c > 0
        && numbers.iter().all(|number| number.is_finite());
    fits.then(|| Model {
        precision,
        kernel,
        x: x.to_vec(),
        metric: metric.to_vec(),
        dual: dual.to_vec(),
        inputs: header.inputs,
        outputs: header.outputs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(precision: Precision) -> Model {
        Model {
            precision,
            kernel: Kernel::GeneralizedLaplace { bandwidth: 3.0, exponent: 1.5 },
            x: vec![0.5, -1.0, 2.0, 0.25],
            metric: vec![1.0, 0.5, 0.5, 2.0],
            dual: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            inputs: Inputs {
                features: vec!["a b".to_owned(), "ü,\"".to_owned()],
                mean: vec![0.1, 1e300],
                scale: vec![1.0, 0.0],
            },
            outputs: Outputs::Classes(["u", "v", "w"].map(str::to_owned).to_vec()),
        }
    }

    #[test]
    fn what_is_written_reads_back_in_both_formats() {
        for precision in [Precision::F32, Precision::F64] {
            let model = sample(precision);
            assert_eq!(decode(&encode(&model)), Ok(model));
        }
        let numbers = Model {
            outputs: Outputs::Values(vec![0.1]),
            kernel: Kernel::Quadratic,
            dual: vec![1.0, 2.0],
            ..sample(Precision::F64)
        };
        assert_eq!(decode(&encode(&numbers)), Ok(numbers));
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let bytes = encode(&sample(Precision::F32));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{end}");
        }
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&changed).is_err(), "{bit}");
        }
        assert!(decode(&[&bytes[..], b"x"].concat()).is_err());
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        let bytes = encode(&sample(Precision::F64));
        let reason = |bytes: &[u8]| decode(bytes).expect_err("refused");
        assert!(reason(b"a,b\n1,2\n").contains("something else than a model"));
        assert!(reason(&bytes[..bytes.len() - 1]).contains("truncated"));
        let mut changed = bytes.clone();
        changed[60] ^= 1;
        assert!(reason(&changed).contains("corrupted"));
        let mut newer = bytes;
        newer[8] = 2;
        assert!(reason(&newer).contains("version 2"));
    }
}
