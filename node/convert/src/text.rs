//! Plain text made into a PDF: one typewriter font, pages as long as the paper. Runs in a converter's
//! own process only.
//!
//! The font is one that every printer has, with the letters of Western Europe. A text with others is
//! refused by name: a page full of question marks is not what somebody wants to print.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use papermesh_protocol::remedy::Remedy;

use super::limits;
use super::media::PageSize;

/// Points of a letter, of its width, and from line to line.
const SIZE: f64 = 10.0;
const WIDTH: f64 = 6.0;
const LEADING: f64 = 12.0;
/// Points around the text.
const MARGIN: f64 = 43.0;
/// Letters from one stop of the tabulator to the next.
const TAB: usize = 8;
/// Bytes of the longest text.
const LONGEST: u64 = 16 << 20;

/// Letters beyond Latin-1 and their codes (ISO 32000-1 annex D.2, `WinAnsiEncoding`).
const BEYOND: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

/// Why a text cannot be made into pages.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextError {
    /// It broke off, or the pages cannot be written.
    #[error("the text was cut off: {0}")]
    Io(#[from] io::Error),
    /// It is no text in UTF-8.
    #[error("the text is not UTF-8")]
    Encoding,
    /// It has letters that the font has not.
    #[error("the text has characters that cannot be printed as they are, such as {0:?}")]
    Letter(char),
    /// It is too long.
    #[error("the text is too long to paginate")]
    TooLong,
}

impl Remedy for TextError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Encoding => "save it as UTF-8 or as a PDF",
            Self::Letter(_) | Self::TooLong => "save it as a PDF and print that",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// Writes the text as a PDF on this paper.
pub(super) fn typeset(
    input: &mut impl Read,
    paper: PageSize,
    out: &mut impl Write,
) -> Result<(), TextError> {
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(TextError::TooLong);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| TextError::Encoding)?;
    let (width, height) = paper.upright().points();
    let columns = (((width - 2.0 * MARGIN) / WIDTH) as usize).max(1);
    let rows = (((height - 2.0 * MARGIN) / LEADING) as usize).max(1);
    let pages = pages(text.trim_start_matches('\u{feff}'), columns, rows)?;
    write(&pages, (width, height), out)?;
    Ok(())
}

/// Pages of lines of codes.
fn pages(text: &str, columns: usize, rows: usize) -> Result<Vec<Vec<Vec<u8>>>, TextError> {
    let mut pages = vec![Vec::new()];
    // A form feed at the end begins no page.
    for part in text.trim_end_matches('\u{c}').split('\u{c}') {
        if pages
            .last()
            .is_some_and(|page: &Vec<Vec<u8>>| !page.is_empty())
        {
            pages.push(Vec::new());
        }
        for line in part.lines() {
            let codes = codes(line)?;
            let mut pieces = codes.chunks(columns);
            // An empty line is a line, too.
            let first = pieces.next().unwrap_or_default();
            for piece in std::iter::once(first).chain(pieces) {
                if pages.last().is_some_and(|page| page.len() == rows) {
                    pages.push(Vec::new());
                }
                if pages.len() > limits::PAGES as usize {
                    return Err(TextError::TooLong);
                }
                if let Some(page) = pages.last_mut() {
                    page.push(piece.to_vec());
                }
            }
        }
    }
    Ok(pages)
}

/// A line in the font's codes, its tabulators filled up.
fn codes(line: &str) -> Result<Vec<u8>, TextError> {
    let mut codes = Vec::with_capacity(line.len());
    for letter in line.trim_end_matches('\r').chars() {
        match letter {
            '\t' => codes.resize((codes.len() / TAB + 1) * TAB, b' '),
            // A soft hyphen is seen at the end of a line only.
            '\r' | '\u{ad}' => {}
            ' '..='~' | '\u{a0}'..='ÿ' => codes.push(letter as u8),
            _ => match BEYOND.iter().find(|(known, _)| *known == letter) {
                Some((_, code)) => codes.push(*code),
                None => return Err(TextError::Letter(letter)),
            },
        }
    }
    Ok(codes)
}

fn write(
    pages: &[Vec<Vec<u8>>],
    (width, height): (f64, f64),
    out: &mut impl Write,
) -> io::Result<()> {
    // The catalog, the root, the font; then each page and what is on it.
    let kids: Vec<String> = (0..pages.len())
        .map(|page| format!("{} 0 R", 4 + 2 * page))
        .collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!(
            "<</Type/Pages/Count {}/Kids[{}]>>",
            pages.len(),
            kids.join(" ")
        )
        .into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    for (index, page) in pages.iter().enumerate() {
        objects.push(
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:.3} {height:.3}]/Contents {} 0 R\
                 /Resources<</Font<</F 3 0 R>>>>>>",
                5 + 2 * index
            )
            .into_bytes(),
        );
        let top = height - MARGIN - SIZE;
        let mut drawing =
            format!("BT /F {SIZE} Tf {LEADING} TL {MARGIN} {top:.3} Td\n").into_bytes();
        for line in page {
            drawing.push(b'<');
            line.iter()
                .for_each(|code| drawing.extend(format!("{code:02x}").bytes()));
            drawing.extend(b"> Tj T*\n");
        }
        drawing.extend(b"ET");
        let length = drawing.len();
        let head = format!("<</Length {length}>>stream\n").into_bytes();
        objects.push([head, drawing, b"\nendstream".to_vec()].concat());
    }
    let mut at = out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")?;
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{at:010} 00000 n \n"));
        let head = format!("{number} 0 obj");
        out.write_all(head.as_bytes())?;
        out.write_all(object)?;
        out.write_all(b"\nendobj\n")?;
        at += head.len() + object.len() + b"\nendobj\n".len();
    }
    let size = objects.len() + 1;
    write!(
        out,
        "{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::media::A4;
    use super::super::pdf;
    use super::*;

    #[test]
    fn lines_wrap_pages_break_and_tabulators_stop() {
        let laid = pages("ab\tc\n\nabcdefghijkl\u{c}x\n\u{c}", 10, 2).unwrap();
        let lines: Vec<Vec<String>> = laid
            .iter()
            .map(|page| {
                let line = |line: &Vec<u8>| String::from_utf8_lossy(line).into_owned();
                page.iter().map(line).collect()
            })
            .collect();
        assert_eq!(
            lines,
            [vec!["ab      c", ""], vec!["abcdefghij", "kl"], vec!["x"],]
        );
    }

    #[test]
    fn a_text_becomes_a_document_that_counts_its_pages() {
        let text: String = (0..100)
            .map(|line| format!("Grüße, Zeile {line} – 5 €\r\n"))
            .collect();
        let mut made = Vec::new();
        typeset(&mut text.as_bytes(), A4, &mut made).unwrap();
        let facts = pdf::facts(&made, None, true);
        assert_eq!(
            (facts.pages, facts.page_size, facts.color),
            (Some(2), Some(A4), Some(false))
        );
        let mut empty = Vec::new();
        typeset(&mut &b"\n"[..], A4, &mut empty).unwrap();
        assert_eq!(pdf::facts(&empty, None, false).pages, Some(1));
    }

    #[test]
    fn letters_that_would_be_lost_are_named() {
        let typed = |text: &[u8]| typeset(&mut &text[..], A4, &mut Vec::new()).unwrap_err();
        assert!(typed("日本".as_bytes()).to_string().contains('日'));
        assert!(matches!(typed(b"Gr\xfc\xdfe"), TextError::Encoding));
    }
}
