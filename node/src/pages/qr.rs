//! A line that is to be carried to another device, as a QR code (ISO/IEC 18004) for whoever holds
//! up a camera.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// Modules of quiet around a code (ISO/IEC 18004 section 9.1).
const QUIET: usize = 4;

/// A code: a path through its dark modules, on a square with quiet around it.
pub(crate) struct Picture {
    /// The side of the square, in modules.
    pub(crate) side: usize,
    /// The path, as SVG has it.
    pub(crate) path: String,
}

/// The code of a line; none if the line is longer than codes can be.
pub(crate) fn picture(line: &str) -> Option<Picture> {
    // A reflection on the screen may cover some of it.
    let code = QrCode::with_error_correction_level(line, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let (mut x, y) = (QUIET, y + QUIET);
        for run in row.chunk_by(PartialEq::eq) {
            let length = run.len();
            if run.first() == Some(&Color::Dark) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length;
        }
    }
    Some(Picture {
        side: width + 2 * QUIET,
        path,
    })
}

/// The code of a line for a screen of letters, two modules to a letter's height; none if the line is longer
/// than codes can be. Dark modules are left empty, as most terminals are dark.
pub(crate) fn letters(line: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(line, EcLevel::L).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let is_light = |x: usize, y: usize| {
        let inside = (QUIET..width + QUIET).contains(&x) && (QUIET..width + QUIET).contains(&y);
        !inside || colors.get((y - QUIET) * width + x - QUIET) == Some(&Color::Light)
    };
    let side = width + 2 * QUIET;
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        for x in 0..side {
            text.push(match (is_light(x, y), is_light(x, y + 1)) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        text.push('\n');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_letters_have_every_dark_module_once() {
        let line = "https://desk.acme.gw.example/t/pm-0123456789abcdefghjkmnpq/";
        let letters = letters(line).unwrap();
        let code = QrCode::with_error_correction_level(line, EcLevel::L).unwrap();
        let dark = code.to_colors().into_iter();
        let dark = dark.filter(|color| *color == Color::Dark).count();
        let drawn: usize = letters
            .chars()
            .map(|letter| match letter {
                ' ' => 2,
                '\u{2580}' | '\u{2584}' => 1,
                _ => 0,
            })
            .sum();
        assert_eq!(drawn, dark);
        let widths = letters.lines().map(|line| line.chars().count());
        assert!(
            widths
                .into_iter()
                .all(|width| width == code.width() + 2 * QUIET)
        );
    }

    #[test]
    fn the_picture_has_every_dark_module_once() {
        let line = "https://192.0.2.7:8310/";
        let picture = picture(line).unwrap();
        let mut drawn = 0;
        for run in picture.path.split('z').filter(|run| !run.is_empty()) {
            let (_, rest) = run.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            drawn += length.parse::<usize>().unwrap();
        }
        let code = QrCode::with_error_correction_level(line, EcLevel::M).unwrap();
        assert_eq!(picture.side, code.width() + 2 * QUIET);
        let dark = code.to_colors().into_iter();
        assert_eq!(drawn, dark.filter(|color| *color == Color::Dark).count());
    }

    #[test]
    fn no_line_is_endless() {
        assert!(picture(&"A".repeat(10_000)).is_none());
    }
}
