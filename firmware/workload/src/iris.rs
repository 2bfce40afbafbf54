//! The iris data in flash, parsed from the fixture while compiling.

use fact_core::scalar::Scalar;

/// Number of flowers.
pub const SAMPLES: usize = 150;
/// Measurements of a flower.
pub const FEATURES: usize = 4;
/// Species.
pub const CLASSES: usize = 3;

const CSV: &[u8] = include_bytes!("../../../fixtures/small/iris.csv");
/// Flash: every measurement in tenths.
static TENTHS: [u8; SAMPLES * FEATURES] = tenths();
/// Flash: one row a flower, 1 in the column of its species.
pub static TARGETS: [f32; SAMPLES * CLASSES] = targets();

/// Overwrites `out` with the measurements in centimetres, one row of four a flower.
pub fn features<T: Scalar>(out: &mut [T]) {
    for (out, &tenths) in out.iter_mut().zip(&TENTHS) {
        *out = T::from_f64(f64::from(tenths) / 10.0);
    }
}

/// A malformed file does not compile: the index leaves the array, or the assertion fails.
#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn tenths() -> [u8; SAMPLES * FEATURES] {
    let mut out = [0; SAMPLES * FEATURES];
    let mut at = after_line(0);
    let mut entry = 0;
    while entry < out.len() {
        // `5.1` or `3`, then a comma.
        out[entry] = 10 * digit(CSV[at]);
        if CSV[at + 1] == b'.' {
            out[entry] += digit(CSV[at + 2]);
            at += 2;
        }
        assert!(CSV[at + 1] == b',');
        at += 2;
        entry += 1;
        if entry % FEATURES == 0 {
            at = after_line(at);
        }
    }
    assert!(at == CSV.len());
    out
}

const fn digit(byte: u8) -> u8 {
    assert!(byte.is_ascii_digit());
    byte - b'0'
}

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn after_line(mut at: usize) -> usize {
    while CSV[at] != b'\n' {
        at += 1;
    }
    at + 1
}

/// The species of each line, by the last letters of setosa, versicolor and virginica.
#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn targets() -> [f32; SAMPLES * CLASSES] {
    let mut out = [0.0; SAMPLES * CLASSES];
    let mut at = after_line(0);
    let mut sample = 0;
    while sample < SAMPLES {
        let end = after_line(at);
        let class = match (CSV[end - 3], CSV[end - 2]) {
            (b's', b'a') => 0,
            (b'o', b'r') => 1,
            (b'c', b'a') => 2,
            _ => CLASSES,
        };
        assert!(class < CLASSES, "an unknown species");
        out[sample * CLASSES + class] = 1.0;
        at = end;
        sample += 1;
    }
    out
}
