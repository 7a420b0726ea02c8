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
    let code = QrCode::with_error_correction_level(line, EcLevel::L).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % width + QUIET, at / width + QUIET);
            // Writing to a string does not fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some(Picture {
        side: width + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_a_square_unless_it_is_endless() {
        let code = picture("papermesh-user-1:ABCDEF").unwrap();
        assert!(code.side >= 21 + 2 * QUIET && code.path.starts_with("M4 4h1v1h-1z"));
        assert!(picture(&"A".repeat(10_000)).is_none());
    }
}
