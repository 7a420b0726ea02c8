//! Telling document formats apart by how they begin. Pure.

use std::borrow::Cow;

use papermesh_protocol::remedy::Remedy;

use super::{APPLE_RASTER, JPEG, PDF, PNG, PWG_RASTER, TEXT};

/// Bytes of a document's beginning that are looked at.
pub const HEAD: usize = 1024;

/// Escape, with which commands of printers begin.
const ESCAPE: u8 = 0x1b;

/// Why a document is not held, or not given to a device. Each says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// It is a program.
    #[error("this is PostScript, which is a program and is not printed")]
    PostScript,
    /// A PDF with a header of the years before 2000 (ISO 32000-1 annex H.3.4.2).
    #[error("this PDF begins like PostScript, as very old programs wrote it")]
    OldPdf,
    /// Made by one printer's driver.
    #[error("this is written in a printer language (PJL, PCL)")]
    PrinterLanguage,
    /// A PDF with commands of a printer before it.
    #[error("this PDF is wrapped in commands for one kind of printer (PJL)")]
    WrappedPdf,
    /// Commands of a printer further on.
    #[error("this document contains printer commands")]
    Commands,
    /// Text with something else in it.
    #[error("this is not plain text: it contains characters that control printers")]
    NoText,
    /// A picture of another kind.
    #[error("this is a {0} picture, which cannot be held")]
    Picture(&'static str),
    /// Something that a program has to open.
    #[error("this is {0}, which cannot be held")]
    Unopened(&'static str),
    /// It is something else than was said.
    #[error("the document is not {expected}{}", found.map(|found| format!(", but looks like {found}")).unwrap_or_default())]
    Mismatch {
        /// What was said.
        expected: String,
        /// What it looks like.
        found: Option<&'static str>,
    },
    /// It begins like nothing known.
    #[error("this document is not in a format that can be held")]
    Unknown,
}

impl Remedy for Foreign {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::PostScript => "make a PDF of it and print that",
            Self::OldPdf => "open it, save it again as PDF, and print that",
            Self::PrinterLanguage => {
                "print the document itself, through a printer that was added without a driver"
            }
            Self::WrappedPdf => {
                "print the PDF itself, through a printer that was added without a driver"
            }
            Self::Commands => "open it, save it again as PDF, and print that",
            Self::NoText => "make a PDF of it and print that",
            Self::Picture(_) => "open it and print it from there, or save it as JPEG or PNG",
            Self::Unopened(_) => "open it and print it from there, or make a PDF of it",
            Self::Unknown => "print PDF, PWG or Apple raster, JPEG, PNG or plain text",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// The format that a document's first bytes (up to [`HEAD`]) show.
///
/// # Errors
/// [`Foreign`] if it is none that is held.
pub fn sniff(head: &[u8]) -> Result<&'static str, Foreign> {
    let head = &head[..head.len().min(HEAD)];
    let begins = |magic: &[u8]| head.starts_with(magic);
    // First of all, because a program may have the header of a PDF in a remark.
    program(head)?;
    Ok(match () {
        // ISO 32000-1, annex H.3.4.1: readers accept the header anywhere in the first 1024 bytes.
        () if find(head, b"%PDF-").is_some() => PDF,
        () if begins(b"RaS2") => PWG_RASTER, // PWG 5102.4 section 4.1
        () if begins(b"UNIRAST\0") => APPLE_RASTER,
        () if begins(&[0xff, 0xd8, 0xff]) => JPEG,
        () if begins(b"\x89PNG\r\n\x1a\n") => PNG,
        () => {
            other(head)?;
            match is_utf8(head) {
                true => TEXT,
                false => return Err(Foreign::Unknown),
            }
        }
    })
}

/// Whether a document that begins so can be of the format that it is said to be.
///
/// # Errors
/// [`Foreign`] if it cannot.
pub fn check(format: &str, head: &[u8]) -> Result<(), Foreign> {
    let mismatch = |found| Foreign::Mismatch {
        expected: format.to_owned(),
        found,
    };
    match sniff(head) {
        Ok(found) if found == format => Ok(()),
        Ok(found) => Err(mismatch(Some(found))),
        // The source of a page is text to whoever says so, and text may be in any charset.
        Err(Foreign::Unopened(_) | Foreign::Unknown) if format == TEXT && is_text(head) => Ok(()),
        Err(Foreign::Unknown) => Err(mismatch(None)),
        Err(foreign) => Err(foreign),
    }
}

/// Refuses programs and what is written for one kind of printer. Before the header of a PDF there
/// may be text, such as the header of a mail, but nothing that a device could take for commands.
fn program(head: &[u8]) -> Result<(), Foreign> {
    let pdf = find(head, b"%PDF-");
    let before = &head[..pdf.unwrap_or(head.len())];
    let begun = before.iter().position(|byte| !is_blank(*byte));
    let text = begun.map(|at| &before[at..]).unwrap_or_default();
    if find(text, b"%!PS-Adobe-").is_some_and(|at| is_old_pdf(&text[at..])) {
        return Err(Foreign::OldPdf);
    }
    if text.starts_with(b"%!") || (pdf.is_some() && find(text, b"%!").is_some()) {
        return Err(Foreign::PostScript);
    }
    let commands = |text: &[u8]| {
        let escaped = |pair: &[u8]| {
            pair[0] == ESCAPE && matches!(pair[1], b'%' | b'E' | b'&' | b'*' | b'(' | b')')
        };
        text.windows(2).any(escaped) || find(text, b"@PJL").is_some()
    };
    let is_language = |text: &[u8]| text.starts_with(b"@PJL") || text.starts_with(b") HP-PCL XL;");
    match pdf {
        Some(_) if commands(before) => Err(Foreign::WrappedPdf),
        Some(_)
            if !before
                .iter()
                .all(|byte| is_blank(*byte) || is_written(*byte)) =>
        {
            Err(Foreign::Commands)
        }
        None if text.first() == Some(&ESCAPE) && commands(text) => Err(Foreign::PrinterLanguage),
        None if is_language(text) => Err(Foreign::PrinterLanguage),
        _ => Ok(()),
    }
}

/// `%!PS-Adobe-N.n PDF-M.m`.
fn is_old_pdf(line: &[u8]) -> bool {
    let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    line.is_some_and(|line| find(line, b" PDF-").is_some())
}

/// White space, NUL, the parts of a byte order mark, and the end of a file in serial transmission.
const fn is_blank(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | 0x0c | 0 | 4 | 0xef | 0xbb | 0xbf | 0xfe | 0xff
    )
}

/// What people and programs write: no controls but those of lines and pages.
pub(super) const fn is_written(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' '..=b'~' | 0x80..)
}

/// What is known and not held.
fn other(head: &[u8]) -> Result<(), Foreign> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    let brand = |from: usize| head.get(from..from + 4).unwrap_or_default();
    let markup = || {
        let text = head.iter().position(|byte| !is_blank(*byte));
        let text = text.map(|at| &head[at..]).unwrap_or_default();
        text.to_ascii_lowercase()
    };
    Err(match () {
        () if brand(4) == b"ftyp" => match brand(8) {
            b"avif" | b"avis" => Foreign::Picture("AVIF"),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => {
                Foreign::Picture("HEIC")
            }
            _ => Foreign::Unopened("a film"),
        },
        () if begins(b"RIFF") && brand(8) == b"WEBP" => Foreign::Picture("WebP"),
        () if begins(b"II*\0") || begins(b"MM\0*") => Foreign::Picture("TIFF"),
        () if begins(b"GIF87a") || begins(b"GIF89a") => Foreign::Picture("GIF"),
        // Four bytes of a bitmap's header are reserved.
        () if begins(b"BM") && brand(6) == [0; 4] => Foreign::Picture("BMP"),
        () if begins(&[0xff, 0x0a]) || begins(b"\0\0\0\x0cJXL ") => Foreign::Picture("JPEG XL"),
        () if begins(b"\0\0\0\x0cjP  ") => Foreign::Picture("JPEG 2000"),
        () if begins(b"PK\x03\x04") => Foreign::Unopened("an archive or an office document"),
        () if begins(&[0xd0, 0xcf, 0x11, 0xe0]) => Foreign::Unopened("an office document"),
        () if begins(b"{\\rtf") => Foreign::Unopened("an office document"),
        () => {
            let markup = markup();
            let is_page = markup.starts_with(b"<!doctype html") || markup.starts_with(b"<html");
            let is_xml = markup.starts_with(b"<?xml") || markup.starts_with(b"<svg");
            match () {
                () if is_page => Foreign::Unopened("a web page"),
                () if is_xml && find(&markup, b"<svg").is_some() => Foreign::Picture("SVG"),
                () => return Ok(()),
            }
        }
    })
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

/// Text of any charset.
fn is_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    !head.is_empty() && head.iter().copied().all(is_written)
}

/// Text in UTF-8, perhaps cut within a character at its end.
fn is_utf8(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => 0,
    };
    whole > 0 && is_text(&head[..whole])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_known_by_their_beginnings() {
        let beginnings: [(&[u8], &str); 9] = [
            (b"%PDF-1.7\n", PDF),
            (b"\xef\xbb\xbf%PDF-1.7\n", PDF),
            (b"\0\0 \r\n%PDF-1.4", PDF),
            (b"X-Header: y\r\nSubject: Gr\xfc\xdfe\r\n\r\n%PDF-1.4", PDF),
            (b"RaS2PwgRaster\0", PWG_RASTER),
            (b"UNIRAST\0\0\0\0\x01", APPLE_RASTER),
            (&[0xff, 0xd8, 0xff, 0xe0], JPEG),
            (b"\x89PNG\r\n\x1a\n\0", PNG),
            ("Grüße\n\u{c}".as_bytes(), TEXT),
        ];
        for (head, format) in beginnings {
            assert_eq!(sniff(head), Ok(format), "{head:?}");
            assert_eq!(check(format, head), Ok(()), "{head:?}");
        }
        let text = "ü".repeat(HEAD);
        assert_eq!(sniff(&text.as_bytes()[..HEAD - 1]), Ok(TEXT));
    }

    #[test]
    fn programs_pass_as_nothing() {
        let programs: [(&[u8], Foreign); 12] = [
            (b"%!PS-Adobe-3.0", Foreign::PostScript),
            (b"\n%!PS-Adobe\n% %PDF-1.7\n", Foreign::PostScript),
            (b"\x04%!PS\n%PDF-1.7", Foreign::PostScript),
            (b"\xef\xbb\xbf%!PS", Foreign::PostScript),
            (b"Subject: x\n%!PS\n%PDF-1.7", Foreign::PostScript),
            (b"%!PS-Adobe-3.0 PDF-1.4\n%PDF-1.4\n", Foreign::OldPdf),
            (b"%!PS-Adobe-3.0 PDF-1.4\n1 0 obj", Foreign::OldPdf),
            (
                b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n%PDF-1.7",
                Foreign::WrappedPdf,
            ),
            (
                b"\n\x1b%-12345X@PJL INFO ID\r\n%PDF-1.7",
                Foreign::WrappedPdf,
            ),
            (b"\x1b%-12345X@PJL\n", Foreign::PrinterLanguage),
            (b"\x1bE\x1b&l1X", Foreign::PrinterLanguage),
            (b") HP-PCL XL;2;0;\n\xd1", Foreign::PrinterLanguage),
        ];
        for (head, foreign) in programs {
            for format in [PDF, TEXT, JPEG] {
                assert_eq!(check(format, head), Err(foreign.clone()), "{head:?}");
            }
            assert_eq!(sniff(head), Err(foreign), "{head:?}");
        }
        assert_eq!(sniff(b"\x01\x02%PDF-1.7"), Err(Foreign::Commands));
    }

    #[test]
    fn what_is_known_and_not_held_is_named_with_a_way_out() {
        let known: [(&[u8], &str); 10] = [
            (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
            (b"II*\0\x08\0\0\0", "TIFF"),
            (b"MM\0*\0\0\0\x08", "TIFF"),
            (b"GIF89a", "GIF"),
            (b"BM\x36\0\0\0\0\0\0\0", "BMP"),
            (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"x\">", "SVG"),
            (b"PK\x03\x04\x14\0", "office"),
            (b"\n<!DOCTYPE HTML><html>", "web page"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "film"),
        ];
        for (head, word) in known {
            let words = sniff(head)
                .err()
                .map(|foreign| foreign.in_full().to_string());
            let words = words.unwrap_or_default();
            assert!(
                words.contains(word) && words.contains("print it"),
                "{words}"
            );
            assert!(check(PDF, head).is_err());
        }
        // Who wants to see the source of a page says so.
        assert_eq!(check(TEXT, b"<html><body>404</body></html>"), Ok(()));
        assert_eq!(sniff(b"\0\x01\x02"), Err(Foreign::Unknown));
        assert_eq!(sniff(b""), Err(Foreign::Unknown));
        assert_eq!(
            check(PDF, b"plain"),
            Err(Foreign::Mismatch {
                expected: PDF.to_owned(),
                found: Some(TEXT)
            })
        );
        assert_eq!(check(TEXT, b"Gr\xfc\xdfe aus M\xfcnchen"), Ok(()));
        assert!(check(TEXT, b"\0").is_err());
    }

    proptest! {
        /// Nothing before the header of a PDF can be a program, wherever it stands.
        #[test]
        fn no_program_before_a_pdf_passes(
            before in "[ -~\r\n]{0,300}",
            program in prop::sample::select(vec!["%!", "\u{1b}%-12345X", "\u{1b}E", "@PJL SET"]),
            after in "[ -$&-~\r\n]{0,300}",
        ) {
            let head = format!("{before}{program}{after}%PDF-1.7\n");
            prop_assert!(check(PDF, head.as_bytes()).is_err());
            prop_assert!(check(TEXT, head.as_bytes()).is_err());
        }

        #[test]
        fn any_beginning_is_judged(head in prop::collection::vec(any::<u8>(), 0..1500)) {
            if let Ok(format) = sniff(&head) {
                prop_assert_eq!(check(format, &head), Ok(()));
            }
        }
    }
}
