//! Numbers and paragraphs for people.

/// Widest line of anything printed for people.
pub(super) const WIDTH: usize = 80;

/// A number with a fixed count of decimals; a dash when it is missing.
pub(super) fn fixed(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "—".to_owned(), |v| format!("{v:.decimals$}"))
}

/// A number with nine decimals, or in scientific notation when that would be long; a dash when it
/// is missing.
pub(super) fn exact(value: Option<f64>) -> String {
    match value {
        Some(v) if v.abs() >= 1e6 => format!("{v:.9e}"),
        _ => fixed(value, 9),
    }
}

/// A number in scientific notation with one decimal; a dash when it is missing.
pub(super) fn scientific(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), |v| format!("{v:.1e}"))
}

/// The number with four significant digits.
pub(super) fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// `text` broken at spaces into lines of at most [`WIDTH`], each after `indent` spaces.
pub(crate) fn wrap(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length <= WIDTH {
            lines.push(' ');
            column += 1 + length;
        } else {
            if column > 0 {
                lines.push('\n');
            }
            lines.push_str(&margin);
            column = indent + length;
        }
        lines.push_str(word);
    }
    lines.push('\n');
    lines
}
