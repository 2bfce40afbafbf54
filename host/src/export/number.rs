//! Numbers in source code.

use crate::plan::Precision;

/// Widest line of numbers.
const WIDTH: usize = 96;

/// The shortest decimal that reads back as the same bits, in either precision.
pub(super) fn decimal(value: f64, precision: Precision) -> String {
    match precision {
        Precision::F32 => format!("{:?}", value as f32),
        Precision::F64 => format!("{value:?}"),
    }
}

/// A hexadecimal floating-point constant of C99: exact by construction.
pub(super) fn hexadecimal(value: f64) -> String {
    const FRACTION: u32 = 52;
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let fraction = bits & ((1 << FRACTION) - 1);
    let exponent = ((bits >> FRACTION) & 0x7ff) as i32;
    let (leading, exponent) = match (exponent, fraction) {
        (0, 0) => (0, 0),
        (0, _) => (0, -1022),
        _ => (1, exponent - 1023),
    };
    let digits = format!("{fraction:013x}");
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    format!("{sign}0x{leading}{point}{digits}p{exponent:+}")
}

/// A list of items, indented and broken into lines.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for item in items {
        let length = item.chars().count() + 1;
        if column > 0 && column + 1 + length <= WIDTH {
            text.push(' ');
            column += 1 + length;
        } else {
            text.push_str(if column > 0 { "\n    " } else { "    " });
            column = 4 + length;
        }
        text.push_str(&item);
        text.push(',');
    }
    text.push('\n');
    text
}
