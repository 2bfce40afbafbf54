//! Which tensor is which: names of weights and biases, in the order of their layers.

use std::cmp::Ordering;

/// What a tensor is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Weight,
    Bias,
}

/// The layer's part of a tensor's name and the tensor's role: PyTorch's `0.weight` and `0.bias`, behind
/// any prefix, or the formulas' `W0` and `b0`.
pub(super) fn split(name: &str) -> Option<(&str, Role)> {
    let numbered = |letter: &str| {
        let number = name.strip_prefix(letter)?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    };
    if let Some((layer, last)) = name.rsplit_once('.') {
        return match last {
            "weight" => Some((layer, Role::Weight)),
            "bias" => Some((layer, Role::Bias)),
            _ => None,
        };
    }
    match (numbered("W"), numbered("b")) {
        (Some(layer), _) => Some((layer, Role::Weight)),
        (_, Some(layer)) => Some((layer, Role::Bias)),
        _ => None,
    }
}

/// The order of layers: numbers by their value, so that 2 comes before 10, the rest by letters.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let ((number_a, rest_a), (number_b, rest_b)) = (digits(a), digits(b));
        if !number_a.is_empty() && !number_b.is_empty() {
            let (value_a, value_b) =
                (number_a.trim_start_matches('0'), number_b.trim_start_matches('0'));
            let order = value_a.len().cmp(&value_b.len()).then(value_a.cmp(value_b));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
            continue;
        }
        let (mut chars_a, mut chars_b) = (a.chars(), b.chars());
        match (chars_a.next(), chars_b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) if x != y => return x.cmp(&y),
            _ => (a, b) = (chars_a.as_str(), chars_b.as_str()),
        }
    }
}

/// The digits that `text` begins with, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
