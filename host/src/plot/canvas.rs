//! Drawing surfaces, text and their encodings.

use super::Picture;
use crate::error::{Error, Result};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    BLACK, Color, FontStyle, IntoFont, RGBColor, TextStyle, WHITE, register_font,
};

/// A drawing area in pixels.
pub(super) type Area<B> = DrawingArea<B, Shift>;
/// Drawing succeeded, or the backend's error.
pub(super) type Drawn<B> =
    std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Name under which the compiled-in font is known; in an SVG, the viewer's own is taken.
pub(super) const FONT: &str = "sans-serif";

/// Draws a picture with every backend.
pub(super) trait Painter {
    /// Draws on a white area.
    fn paint<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B>;
}

/// Draws `painter` as PNG and as SVG.
pub(super) fn both(name: &str, size: (u32, u32), painter: &impl Painter) -> Result<[Picture; 2]> {
    let fail = |extension: &str, reason: String| Error::Plot {
        path: format!("{name}.{extension}").into(),
        reason,
    };
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| fail("png", "the compiled-in font does not load".to_owned()))?;
    let mut pixels = vec![0; 3 * size.0 as usize * size.1 as usize];
    paint(BitMapBackend::with_buffer(&mut pixels, size), painter)
        .map_err(|reason| fail("png", reason))?;
    let bytes = encode_png(&pixels, size).map_err(|error| fail("png", error.to_string()))?;
    let mut text = String::new();
    paint(SVGBackend::with_string(&mut text, size), painter)
        .map_err(|reason| fail("svg", reason))?;
    Ok([
        Picture { name: format!("{name}.png"), bytes },
        Picture { name: format!("{name}.svg"), bytes: text.into_bytes() },
    ])
}

fn paint<B: DrawingBackend>(backend: B, painter: &impl Painter) -> std::result::Result<(), String> {
    let area = backend.into_drawing_area();
    let drawn = area.fill(&WHITE).and_then(|()| painter.paint(&area)).and_then(|()| area.present());
    drawn.map_err(|error| error.to_string())
}

fn encode_png(pixels: &[u8], size: (u32, u32)) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat areas are runs of equal bytes already; a filter would only break them up.
    encoder.set_filter(png::FilterType::NoFilter);
    encoder.set_compression(png::Compression::Best);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

/// Text of this size, anchored at the top left, top middle or top right.
pub(super) fn text<B: DrawingBackend>(
    area: &Area<B>,
    content: &str,
    at: (i32, i32),
    size: i32,
    anchor: HPos,
) -> Drawn<B> {
    let style =
        TextStyle::from((FONT, size).into_font()).color(&BLACK).pos(Pos::new(anchor, VPos::Top));
    area.draw(&Text::new(content.to_owned(), at, style))
}

/// A filled rectangle from the top left corner `from` to `to`, which is not part of it.
pub(super) fn fill<B: DrawingBackend>(
    area: &Area<B>,
    from: (i32, i32),
    to: (i32, i32),
    colour: RGBColor,
) -> Drawn<B> {
    area.draw(&Rectangle::new([from, to], colour.filled()))
}

/// The outline of a rectangle.
pub(super) fn frame<B: DrawingBackend>(
    area: &Area<B>,
    from: (i32, i32),
    to: (i32, i32),
) -> Drawn<B> {
    area.draw(&Rectangle::new([from, to], RGBColor(120, 120, 120).stroke_width(1)))
}
