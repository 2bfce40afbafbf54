//! What one field of a file holds.

/// One field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number.
    Number(f64),
    /// An infinite number, written out or by overflow.
    NonFinite,
    /// Nothing, or one of the usual marks for nothing.
    Missing,
    /// Anything else.
    Text,
}

impl Cell {
    /// Reads a trimmed field.
    pub(super) fn of(text: &str) -> Self {
        let missing = ["", "?", "na", "n/a", "nan", "null", "none", "-nan", "+nan"];
        if missing.iter().any(|mark| text.eq_ignore_ascii_case(mark)) {
            return Self::Missing;
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Self::Number(value),
            Ok(_) => Self::NonFinite,
            Err(_) => Self::Text,
        }
    }
}

/// A field as it appears in a message: quoted and not too long.
pub(super) fn shown(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
