//! Telling document formats apart by how they begin. Pure.
//!
//! A document that is not what it is said to be comes out of a printer as a hundred pages of
//! rubbish, so it is refused while the user is still at the computer.

/// Bytes of a document's beginning that are looked at.
pub const HEAD: usize = 1024;

/// The format that a document's first bytes (up to [`HEAD`]) show, if they show one.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(HEAD)];
    let begins = |magic: &[u8]| head.starts_with(magic);
    // First of all, because a program may have the header of a PDF in a remark.
    if begins(b"%!") || begins(b"\x04%!") || begins(b"\x1b%-12345X") {
        Some("application/postscript") // or a printer language of its own, which is no better
    // ISO 32000-1, annex H.3.4.1: readers accept the header anywhere in the first 1024 bytes.
    } else if head.windows(5).any(|window| window == b"%PDF-") {
        Some("application/pdf")
    } else if begins(b"RaS2") {
        Some("image/pwg-raster") // PWG 5102.4 section 4.1
    } else if begins(b"UNIRAST\0") {
        Some("image/urf")
    } else if begins(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if begins(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if !head.is_empty() && is_text(head) {
        Some("text/plain")
    } else {
        None
    }
}

/// Whether a document that begins so can be of the format that it is said to be.
#[must_use]
pub fn fits(format: &str, head: &[u8]) -> bool {
    match format {
        "text/plain" => is_text(&head[..head.len().min(HEAD)]),
        _ => sniff(head) == Some(format),
    }
}

fn is_text(head: &[u8]) -> bool {
    head.iter()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' '..=b'~' | 0x80..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_known_by_their_beginnings() {
        let beginnings: [(&[u8], Option<&str>); 9] = [
            (b"%PDF-1.7\n", Some("application/pdf")),
            (
                b"\x00\x00some mail header\n%PDF-1.4",
                Some("application/pdf"),
            ),
            (b"RaS2PwgRaster\0", Some("image/pwg-raster")),
            (b"UNIRAST\0\0\0\0\x01", Some("image/urf")),
            (&[0xff, 0xd8, 0xff, 0xe0], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n\0", Some("image/png")),
            (b"%!PS-Adobe-3.0", Some("application/postscript")),
            ("Grüße\n".as_bytes(), Some("text/plain")),
            (b"\x00\x01\x02", None),
        ];
        for (head, format) in beginnings {
            assert_eq!(sniff(head), format, "{head:?}");
        }
    }

    #[test]
    fn a_document_must_begin_as_its_format_does() {
        assert!(fits("application/pdf", b"%PDF-1.7"));
        assert!(!fits("application/pdf", b"<html>"));
        assert!(!fits("application/pdf", b"%!PS\n%PDF-1.7"));
        assert!(!fits("application/pdf", b"\x1b%-12345X@PJL\n%PDF-1.7"));
        assert!(!fits("text/plain", b"\x00"));
        assert!(fits("text/plain", b"%!PS as I have always said"));
        assert!(!fits("image/png", b""));
    }
}
