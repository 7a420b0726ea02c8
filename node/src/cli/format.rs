//! What a document is, told by how it begins.

/// Bytes that are looked at.
pub(super) const HEAD: usize = 1024;

/// Why a format cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormatError {
    /// There is nothing.
    #[error("the document is empty; there is nothing to print")]
    Empty,
    /// PostScript is a program, and is not run for anybody.
    #[error("this is PostScript, which is not printed, as it is a program; make a PDF of it first")]
    PostScript,
    /// It begins like nothing known.
    #[error("cannot tell what this document is; say it with --format, such as --format application/pdf")]
    Unknown,
}

/// Tells the MIME media type of a document from its first bytes, at most [`HEAD`] of them, or
/// all if it is shorter.
pub(super) fn guess(head: &[u8]) -> Result<&'static str, FormatError> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    // PDF readers accept a preamble of up to 1024 bytes (ISO 32000-2, Annex I.2); PostScript may
    // follow a control character or a printer language's switch.
    let has = |magic: &[u8]| head.windows(magic.len()).any(|window| window == magic);
    Ok(match () {
        () if head.is_empty() => return Err(FormatError::Empty),
        // PWG 5102.4 §4.2: the sync word, then a header whose first field says whose raster it is.
        () if begins(b"RaS2PwgRaster\0") => "image/pwg-raster",
        () if begins(b"UNIRAST\0") => "image/urf",
        () if begins(b"\xff\xd8\xff") => "image/jpeg",
        () if begins(b"\x89PNG\r\n\x1a\n") => "image/png",
        () if begins(b"%!") || begins(b"\x04%!") || has(b"@PJL ENTER LANGUAGE=P") => {
            return Err(FormatError::PostScript);
        }
        () if has(b"%PDF-") => "application/pdf",
        () if is_text(head) => "text/plain",
        () => return Err(FormatError::Unknown),
    })
}

/// UTF-8 without control characters that do not belong into text.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut within a character at the end.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_by_how_they_begin() {
        for (head, expected) in [
            (&b"%PDF-1.7\n"[..], Ok("application/pdf")),
            (b"\xef\xbb\xbf\n%PDF-1.4", Ok("application/pdf")),
            (b"RaS2PwgRaster\0\0\0", Ok("image/pwg-raster")),
            (b"UNIRAST\0\0\0\0\x01", Ok("image/urf")),
            (b"\xff\xd8\xff\xe0", Ok("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n", Ok("image/png")),
            ("Grüße\n\u{c}".as_bytes(), Ok("text/plain")),
            (b"", Err(FormatError::Empty)),
            (b"%!PS-Adobe-3.0\n%%Title: %PDF-", Err(FormatError::PostScript)),
            (b"\x04%!PS", Err(FormatError::PostScript)),
            (b"RaS2\0\0\0", Err(FormatError::Unknown)),
            (b"PK\x03\x04", Err(FormatError::Unknown)),
            (b"\x00\x01", Err(FormatError::Unknown)),
        ] {
            assert_eq!(guess(head), expected, "{head:?}");
        }
    }

    #[test]
    fn text_may_be_cut_within_a_character() {
        let text = "ü".repeat(HEAD);
        assert_eq!(guess(&text.as_bytes()[..HEAD - 1]), Ok("text/plain"));
        assert_eq!(guess(b"a\xffb"), Err(FormatError::Unknown));
    }
}
