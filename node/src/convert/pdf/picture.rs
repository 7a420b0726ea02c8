//! A picture made into a PDF of one page, its bytes as they are: JPEG (ISO/IEC 10918-1) and plain
//! PNG (ISO/IEC 15948). Written in one go.

use std::io::{self, Read, Write};

use super::super::limits;
use super::super::media::PageSize;

/// Paper that printers do not reach: a quarter of an inch.
const MARGIN: f64 = 18.0;

/// Why a picture cannot be made a page.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PictureError {
    /// It broke off, or the page cannot be written.
    #[error("the picture broke off: {0}")]
    Io(#[from] io::Error),
    /// It is not what it is said to be.
    #[error("the picture is damaged: {0}")]
    Damaged(&'static str),
    /// A kind that has to be taken apart first.
    #[error("the picture is a {0}; save it as a plain JPEG or as a PDF and print that")]
    Kind(&'static str),
}

/// What a picture's beginning says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Dimensions {
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// Samples of a pixel: 1 is grey, 3 is colour, 4 is CMYK.
    pub(in super::super) components: u8,
    bits: u8,
    /// PNG: the palette, where it has one.
    palette: Option<(usize, usize)>,
    /// Bytes of the head that the PDF does not need.
    skip: usize,
    /// CMYK as Adobe writes it.
    inverted: bool,
    png: bool,
}

/// Reads the beginning of a picture, up to [`limits::IMAGE_HEAD`]; also gives what was read.
pub(in super::super) fn dimensions(
    input: &mut impl Read,
) -> Result<(Dimensions, Vec<u8>), PictureError> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        input.by_ref().take(64 * 1024).read_to_end(&mut head)?;
        let ended = head.len() == before;
        let found = match head.first() {
            Some(0xff) => jpeg(&head)?,
            Some(0x89) => png(&head)?,
            _ => return Err(PictureError::Damaged("it is neither JPEG nor PNG")),
        };
        match found {
            Some(found) if found.width == 0 || found.height == 0 => {
                return Err(PictureError::Damaged("it has no size"));
            }
            Some(found) => return Ok((found, head)),
            None if ended || head.len() > limits::IMAGE_HEAD => {
                return Err(PictureError::Damaged("it does not say how large it is"));
            }
            None => {}
        }
    }
}

/// Writes the page: the picture as large as the paper allows, turned as the picture is.
pub(in super::super) fn wrap(
    input: &mut impl Read,
    paper: PageSize,
    out: &mut impl Write,
) -> Result<(), PictureError> {
    let (picture, head) = dimensions(input)?;
    let paper = match picture.width > picture.height {
        true => PageSize::new(paper.upright().height, paper.upright().width),
        false => paper.upright(),
    };
    let ((width, height), (across, down)) = (
        paper.points(),
        (f64::from(picture.width), f64::from(picture.height)),
    );
    let room = |side: f64| (side - 2.0 * MARGIN).max(1.0);
    let scale = (room(width) / across).min(room(height) / down);
    let (w, h) = (across * scale, down * scale);
    let (x, y) = ((width - w) / 2.0, (height - h) / 2.0);
    let drawing = format!("q {w:.3} 0 0 {h:.3} {x:.3} {y:.3} cm /I Do Q");
    let space = match (picture.palette, picture.components) {
        (Some((from, to)), _) => {
            let palette = head.get(from..to).unwrap_or_default();
            let digits: String = palette.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                "[/Indexed/DeviceRGB {} <{digits}>]",
                (palette.len() / 3).max(1) - 1
            )
        }
        (None, 1) => "/DeviceGray".to_owned(),
        (None, 4) => "/DeviceCMYK".to_owned(),
        (None, _) => "/DeviceRGB".to_owned(),
    };
    let filter = match picture.png {
        false => "/Filter/DCTDecode".to_owned(),
        true => format!(
            "/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors {}/BitsPerComponent {}/Columns {}>>",
            picture.components, picture.bits, picture.width
        ),
    };
    let decode = if picture.inverted {
        "/Decode[1 0 1 0 1 0 1 0]"
    } else {
        ""
    };
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:.3} {height:.3}]/Contents 4 0 R\
             /Resources<</XObject<</I 5 0 R>>>>>>"
        ),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
        format!(
            "<</Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace{space}/BitsPerComponent {}{decode}{filter}\
             /Length 6 0 R>>stream\n",
            picture.width, picture.height, picture.bits
        ),
    ];
    let mut text = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(text.len() as u64);
        let end = if number < objects.len() {
            " endobj\n"
        } else {
            ""
        };
        text.extend(format!("{number} 0 obj{object}{end}").into_bytes());
    }
    out.write_all(&text)?;
    let rest = head.get(picture.skip..).unwrap_or_default().chain(input);
    let length = if picture.png {
        pour_png(rest, out)?
    } else {
        pour(rest, out)?
    };
    let closing = b"\nendstream endobj\n";
    out.write_all(closing)?;
    let mut at = text.len() as u64 + length + closing.len() as u64;
    offsets.push(at);
    let length = format!("6 0 obj {length} endobj\n");
    out.write_all(length.as_bytes())?;
    at += length.len() as u64;
    writeln!(out, "xref\n0 7\n0000000000 65535 f ")?;
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ")?;
    }
    write!(
        out,
        "trailer<</Size 7/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"
    )?;
    Ok(out.flush()?)
}

fn pour(mut from: impl Read, out: &mut impl Write) -> io::Result<u64> {
    io::copy(&mut from, out)
}

/// The data of a PNG's `IDAT` chunks, which is one zlib stream.
fn pour_png(mut from: impl Read, out: &mut impl Write) -> Result<u64, PictureError> {
    let mut poured = 0;
    loop {
        let mut chunk = [0; 8];
        from.read_exact(&mut chunk)?;
        let length = u64::from(u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
        let mut data = from.by_ref().take(length);
        match &chunk[4..] {
            b"IEND" => return Ok(poured),
            b"IDAT" => {
                let written = io::copy(&mut data, out)?;
                if written < length {
                    return Err(PictureError::Damaged("it ends in the middle"));
                }
                poured += written;
            }
            _ => {
                io::copy(&mut data, &mut io::sink())?;
            }
        }
        from.read_exact(&mut [0; 4])?; // its check sum
    }
}

/// The frame header of a JPEG; none where more of it is needed.
fn jpeg(head: &[u8]) -> Result<Option<Dimensions>, PictureError> {
    let damaged = PictureError::Damaged;
    if head.len() >= 2 && !head.starts_with(&[0xff, 0xd8]) {
        return Err(damaged("it is neither JPEG nor PNG"));
    }
    let (mut at, mut adobe) = (2, false);
    loop {
        let Some(segment) = head.get(at..at + 4) else {
            return Ok(None);
        };
        if segment[0] != 0xff {
            return Err(damaged("a marker is missing"));
        }
        let (kind, length) = (
            segment[1],
            usize::from(u16::from_be_bytes([segment[2], segment[3]])),
        );
        match kind {
            0xff => {
                at += 1;
                continue;
            }
            0xc0..=0xc2 => {
                let Some(frame) = head.get(at + 4..at + 10) else {
                    return Ok(None);
                };
                if frame[0] != 8 || !matches!(frame[5], 1 | 3 | 4) {
                    return Err(PictureError::Kind("JPEG of an unusual kind"));
                }
                return Ok(Some(Dimensions {
                    height: u32::from(u16::from_be_bytes([frame[1], frame[2]])),
                    width: u32::from(u16::from_be_bytes([frame[3], frame[4]])),
                    components: frame[5],
                    bits: 8,
                    palette: None,
                    skip: 0,
                    inverted: adobe && frame[5] == 4,
                    png: false,
                }));
            }
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(PictureError::Kind("JPEG of an unusual kind"));
            }
            0xd8..=0xda | 0x00..=0x01 => return Err(damaged("its size is missing")),
            0xee => adobe = true,
            _ => {}
        }
        if length < 2 {
            return Err(damaged("a segment has no length"));
        }
        at += 2 + length;
    }
}

/// `IHDR` and, where needed, `PLTE` of a PNG; none where more of it is needed.
fn png(head: &[u8]) -> Result<Option<Dimensions>, PictureError> {
    const BEGIN: usize = 8;
    let Some(ihdr) = head.get(BEGIN..BEGIN + 25) else {
        return Ok(None);
    };
    let number =
        |at: usize| u32::from_be_bytes([ihdr[at], ihdr[at + 1], ihdr[at + 2], ihdr[at + 3]]);
    if !head.starts_with(b"\x89PNG\r\n\x1a\n") || &ihdr[4..8] != b"IHDR" {
        return Err(PictureError::Damaged("its header is missing"));
    }
    let (bits, kind, interlaced) = (ihdr[16], ihdr[17], ihdr[20]);
    let components = match kind {
        _ if interlaced != 0 => return Err(PictureError::Kind("PNG that is interlaced")),
        0 | 3 => 1,
        2 => 3,
        4 | 6 => return Err(PictureError::Kind("PNG that is partly transparent")),
        _ => return Err(PictureError::Damaged("its pixels are of no known kind")),
    };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16) {
        return Err(PictureError::Damaged("its pixels are of no known kind"));
    }
    let mut palette = None;
    let mut at = BEGIN;
    while kind == 3 && palette.is_none() {
        let Some(chunk) = head.get(at..at + 8) else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) as usize;
        match &chunk[4..] {
            b"PLTE" if (3..=768).contains(&length) && head.len() < at + 8 + length => {
                return Ok(None);
            }
            b"PLTE" if (3..=768).contains(&length) => palette = Some((at + 8, at + 8 + length)),
            b"PLTE" | b"IDAT" | b"IEND" => {
                return Err(PictureError::Damaged("its palette is missing"));
            }
            _ => at += 12 + length,
        }
    }
    Ok(Some(Dimensions {
        width: number(8),
        height: number(12),
        components,
        bits,
        palette,
        skip: BEGIN,
        inverted: false,
        png: true,
    }))
}
