//! Numbers as text without `core::fmt`, which would bring its panics into the image.

use heapless::String;

/// Where text goes: a debugger's console, a terminal, a string.
pub type Out<'a> = dyn FnMut(&str) + 'a;

/// A number in text.
pub type Text = String<24>;

/// A number to be written by [`put`].
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// See [`whole`].
    Whole(u64),
    /// See [`fixed`].
    Fixed(f64, usize),
    /// See [`scientific`].
    Scientific(f64),
}

/// Writes a number to the right of a column this wide. Its text lives on this frame only, not on that
/// of a caller who goes on to do more.
#[inline(never)]
pub fn put(out: &mut Out<'_>, number: Number, width: usize) {
    let text = match number {
        Number::Whole(number) => whole(number),
        Number::Fixed(number, decimals) => fixed(number, decimals),
        Number::Scientific(number) => scientific(number),
    };
    right(out, &text, width);
}

/// Sixteen hexadecimal digits.
pub fn hex(number: u64) -> Text {
    let mut text = Text::new();
    for place in (0..16).rev() {
        push(&mut text, b"0123456789abcdef".get((number >> (4 * place)) as usize & 15));
    }
    text
}

/// A whole number.
pub fn whole(number: u64) -> Text {
    decimal(number, 0)
}

/// A number below 10⁹ in size, rounded half up to this many decimals, at most nine.
pub fn fixed(number: f64, decimals: usize) -> Text {
    let scale = (0..decimals).fold(1.0, |scale, _| 10.0 * scale);
    let scaled = (number.abs() * scale + 0.5) as u64;
    let mut text = Text::new();
    append(&mut text, if number < 0.0 && scaled > 0 { "-" } else { "" });
    append(&mut text, &decimal(scaled, decimals));
    text
}

/// A whole number with a point before its last `decimals` digits.
fn decimal(number: u64, decimals: usize) -> Text {
    let (mut rest, mut count) = (number, 0);
    let mut reversed = Text::new();
    while rest > 0 || count <= decimals {
        if count == decimals && count > 0 {
            push(&mut reversed, Some(&b'.'));
        }
        digit(&mut reversed, rest);
        rest /= 10;
        count += 1;
    }
    let mut text = Text::new();
    reversed.bytes().rev().for_each(|byte| push(&mut text, Some(&byte)));
    text
}

/// A positive number in scientific notation with two digits, such as `2.6e-7`.
pub fn scientific(number: f64) -> Text {
    let mut text = Text::new();
    let (mut mantissa, mut exponent) = (number, 0_i32);
    // The bounds also end the loops for zero and for what is not finite.
    while mantissa < 1.0 && exponent > -400 {
        mantissa *= 10.0;
        exponent -= 1;
    }
    while mantissa >= 10.0 && exponent < 400 {
        mantissa /= 10.0;
        exponent += 1;
    }
    let mut tenths = (10.0 * mantissa + 0.5) as u64;
    if tenths >= 100 {
        tenths /= 10;
        exponent += 1;
    }
    digit(&mut text, tenths / 10);
    push(&mut text, Some(&b'.'));
    digit(&mut text, tenths);
    append(&mut text, if exponent < 0 { "e-" } else { "e" });
    append(&mut text, &whole(exponent.unsigned_abs().into()));
    text
}

/// Writes `text` to the right of a column this wide.
pub fn right(out: &mut Out<'_>, text: &str, width: usize) {
    for _ in text.len()..width {
        out(" ");
    }
    out(text);
}

fn digit(text: &mut Text, number: u64) {
    push(text, b"0123456789".get((number % 10) as usize));
}

fn push(text: &mut Text, byte: Option<&u8>) {
    // Every number here is shorter than a `Text`.
    let _ = text.push(byte.copied().unwrap_or(b'?').into());
}

fn append(text: &mut Text, part: &str) {
    let _ = text.push_str(part);
}

/// What went wrong, in a word or two.
pub fn reason(error: &fact_core::Error) -> &'static str {
    use fact_core::Error;
    match *error {
        Error::Shape { what, .. }
        | Error::Length { what, .. }
        | Error::Parameter { what }
        | Error::Scale { what }
        | Error::NonFinite { what } => what,
        Error::Scratch { .. } => "scratch too small",
        Error::NotPositiveDefinite { .. } => "not positive definite",
        Error::NoConvergence { .. } => "no convergence",
    }
}

/// Writes widths, such as `4-8-3`.
pub fn widths(out: &mut Out<'_>, widths: &[usize]) {
    for (index, &width) in widths.iter().enumerate() {
        out(if index > 0 { "-" } else { "" });
        put(out, Number::Whole(width as u64), 0);
    }
}

/// The exit code of a program: 0 done, 1 its check failed, 2 it could not run, which is said.
pub fn exit_code(ended: fact_core::Result<bool>, out: &mut Out<'_>) -> u8 {
    match ended {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            out("error: ");
            out(reason(&error));
            out("\n");
            2
        }
    }
}
