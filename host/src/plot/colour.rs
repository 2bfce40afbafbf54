//! Colours.

use plotters::style::RGBColor;

/// Blue below 0, white at 0, red above: ColorBrewer's RdBu, which colour-blind readers can tell
/// apart.
const ANCHORS: [(u8, u8, u8); 7] = [
    (5, 48, 97),
    (67, 147, 195),
    (209, 229, 240),
    (255, 255, 255),
    (253, 219, 199),
    (214, 96, 77),
    (103, 0, 31),
];

/// Steps on each side of 0; equal steps are drawn as one rectangle.
const STEPS: f64 = 48.0;

/// Colour of `value` on a scale from −1 to 1; values outside take the colour of the end, a value
/// that is not a number is grey.
pub(super) fn diverging(value: f64) -> RGBColor {
    if value.is_nan() {
        return RGBColor(128, 128, 128);
    }
    let step = (value.clamp(-1.0, 1.0) * STEPS).round() / STEPS;
    let place = (step + 1.0) / 2.0 * (ANCHORS.len() - 1) as f64;
    let below = place.floor() as usize;
    let part = place - place.floor();
    let low = ANCHORS.get(below).or(ANCHORS.last()).copied().unwrap_or_default();
    let high = ANCHORS.get(below + 1).copied().unwrap_or(low);
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

/// Colour of line `k`: Okabe and Ito's palette without yellow, repeated.
pub(super) fn line(k: usize) -> RGBColor {
    const LINES: [(u8, u8, u8); 7] = [
        (0, 114, 178),
        (213, 94, 0),
        (0, 158, 115),
        (204, 121, 167),
        (86, 180, 233),
        (230, 159, 0),
        (60, 60, 60),
    ];
    let (r, g, b) = LINES[k % LINES.len()];
    RGBColor(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_ends_saturate() {
        assert_eq!(diverging(0.0), RGBColor(255, 255, 255));
        assert_eq!(diverging(7.0), diverging(1.0));
        assert_eq!(diverging(f64::NEG_INFINITY), RGBColor(5, 48, 97));
        assert_eq!(diverging(f64::NAN), RGBColor(128, 128, 128));
    }
}
