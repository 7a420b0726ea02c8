//! What a document is: by the name that is said ([`named`]), by how it begins ([`sniff()`],
//! [`check`]), and by what comes later in it ([`Watch`], [`Screened`]). Pure, but for the reader.
//!
//! A document that is not what it is said to be comes out of a printer as a hundred pages of
//! rubbish, or runs on the printer as a program. So it is refused while its user is still at the
//! computer, in words that name the way out, and again before a device is given it as it is: the
//! computer that holds a document may lie.

mod screen;
mod sniff;

pub use screen::{Screened, Watch};
pub use sniff::{Foreign, HEAD, check, sniff};

/// PDF.
pub const PDF: &str = "application/pdf";
/// PWG raster.
pub const PWG_RASTER: &str = "image/pwg-raster";
/// Apple raster.
pub const APPLE_RASTER: &str = "image/urf";
/// JPEG.
pub const JPEG: &str = "image/jpeg";
/// PNG.
pub const PNG: &str = "image/png";
/// Plain text.
pub const TEXT: &str = "text/plain";

/// The formats that a job may have, with the names that people know them by.
///
/// PostScript is not among them: it is a program, and would run wherever it is printed. Nor is
/// `application/octet-stream`: a printer that has to guess can guess wrong on paper.
pub const FORMATS: [(&str, &str); 6] = [
    (PDF, "PDF"),
    (PWG_RASTER, "PWG raster"),
    (APPLE_RASTER, "Apple raster"),
    (JPEG, "JPEG"),
    (PNG, "PNG"),
    (TEXT, "plain text"),
];

/// What programs and systems also call the formats that are held.
const ALSO: [(&str, &str); 11] = [
    ("application/x-pdf", PDF),
    ("application/acrobat", PDF),
    ("application/vnd.pdf", PDF),
    ("application/vnd.cups-pdf", PDF),
    ("text/pdf", PDF),
    ("text/x-pdf", PDF),
    ("image/jpg", JPEG),
    ("image/pjpeg", JPEG),
    ("image/x-png", PNG),
    ("image/x-pwg-raster", PWG_RASTER),
    ("image/x-urf", APPLE_RASTER),
];

/// What says nothing: the first bytes must tell (RFC 8011 section 5.1.10.1).
const UNTOLD: [&str; 4] = [
    "application/octet-stream",
    "application/x-octet-stream",
    "application/vnd.cups-raw",
    "binary/octet-stream",
];

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A format that is held, by its own name.
    Format(&'static str),
    /// Nothing; the document's first bytes must tell.
    Untold,
}

/// What a MIME media type says, in whatever case and with whatever parameters it is written; none
/// if it is no format that is held.
#[must_use]
pub fn named(name: &str) -> Option<Named> {
    let name = name.split(';').next().unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    let held = [PDF, PWG_RASTER, APPLE_RASTER, JPEG, PNG, TEXT];
    if name.is_empty() || UNTOLD.contains(&name.as_str()) {
        return Some(Named::Untold);
    }
    let own = held.into_iter().find(|format| *format == name);
    let also = || ALSO.iter().find(|(also, _)| *also == name);
    own.or_else(|| also().map(|(_, format)| *format))
        .map(Named::Format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_all_of_its_names() {
        for (name, format) in [
            ("application/pdf", PDF),
            ("APPLICATION/PDF", PDF),
            (" application/pdf ; version=1.7", PDF),
            ("Text/PDF", PDF),
            ("application/vnd.cups-pdf", PDF),
            ("image/jpg", JPEG),
            ("image/pjpeg", JPEG),
            ("image/png", PNG),
            ("text/plain; charset=utf-8", TEXT),
        ] {
            assert_eq!(named(name), Some(Named::Format(format)), "{name}");
        }
        for name in ["", "application/octet-stream", "application/vnd.cups-raw"] {
            assert_eq!(named(name), Some(Named::Untold), "{name}");
        }
        for name in ["application/postscript", "application/vnd.hp-pcl", "pdf"] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn the_formats_that_have_names_are_those_that_are_held() {
        for (format, _) in FORMATS {
            assert_eq!(named(format), Some(Named::Format(format)));
        }
        for (_, format) in ALSO {
            assert!(FORMATS.iter().any(|(held, _)| *held == format), "{format}");
        }
    }
}
