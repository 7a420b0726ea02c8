//! JPEG (ISO/IEC 10918-1), as far as it goes into a PDF as it is: its frame is read, its scans are
//! followed to their end, and metadata are left out, however many megabytes they have.

use std::io::{BufRead, Write};

use image::metadata::Orientation;

use super::super::super::flaw::Flaw;
use super::super::super::limits;
use super::{Density, Drawn, PictureError, check_size};

/// Markers (annex B table B.1).
mod marker {
    pub(super) const TEM: u8 = 0x01;
    pub(super) const SOF: std::ops::RangeInclusive<u8> = 0xc0..=0xcf;
    pub(super) const DHT: u8 = 0xc4;
    pub(super) const DAC: u8 = 0xcc;
    pub(super) const RST: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
    pub(super) const SOI: u8 = 0xd8;
    pub(super) const EOI: u8 = 0xd9;
    pub(super) const SOS: u8 = 0xda;
    pub(super) const DQT: u8 = 0xdb;
    pub(super) const DNL: u8 = 0xdc;
    pub(super) const DRI: u8 = 0xdd;
    pub(super) const APP0: u8 = 0xe0;
    pub(super) const APP1: u8 = 0xe1;
    pub(super) const APP14: u8 = 0xee;
}

/// How a segment with JFIF begins.
const JFIF: &[u8] = b"JFIF\0";
/// How a segment with EXIF begins.
const EXIF: &[u8] = b"Exif\0\0";

/// A JPEG up to its first scan.
#[derive(Debug)]
pub(super) struct Jpeg {
    /// What decoders need of it, with the header of the first scan.
    head: Vec<u8>,
    drawn: Drawn,
    components: u8,
    /// CMYK as Adobe writes it.
    inverted: bool,
}

/// What a frame header says (section B.2.2).
struct Frame {
    width: u32,
    height: u32,
    components: u8,
}

impl Jpeg {
    /// Reads everything before the first scan's pixels.
    pub(super) fn open(input: &mut impl BufRead) -> Result<Self, PictureError> {
        let mut start = [0; 2];
        input.read_exact(&mut start).map_err(cut)?;
        if start != [0xff, marker::SOI] {
            return Err(Flaw::NoPicture.into());
        }
        let mut head = start.to_vec();
        let (mut frame, mut orientation, mut density) = (None, None, None);
        let (mut adobe, mut jfif) = (false, false);
        loop {
            let kind = next_marker(input)?;
            if kind == marker::TEM || marker::RST.contains(&kind) {
                continue;
            }
            if matches!(kind, marker::SOI | marker::EOI) {
                return Err(Flaw::Damaged.into());
            }
            let segment = segment(input)?;
            let is_kept = match kind {
                marker::DHT | marker::DQT | marker::DRI | marker::SOS => true,
                marker::DAC => return Err(Flaw::Arithmetic.into()),
                kind if marker::SOF.contains(&kind) => {
                    if frame.replace(read_frame(kind, &segment)?).is_some() {
                        return Err(Flaw::Unusual.into());
                    }
                    true
                }
                // Whether three components are red, green and blue is told by these two.
                marker::APP0 => {
                    let stated = segment.strip_prefix(JFIF);
                    density = density.or(stated.and_then(read_density));
                    stated.is_some() && !std::mem::replace(&mut jfif, true)
                }
                marker::APP14 => {
                    segment.starts_with(b"Adobe") && !std::mem::replace(&mut adobe, true)
                }
                marker::APP1 => {
                    let exif = segment.strip_prefix(EXIF);
                    orientation = orientation.or(exif.and_then(Orientation::from_exif_chunk));
                    false
                }
                _ => false,
            };
            if is_kept {
                keep(&mut head, kind, &segment);
            }
            if head.len() > limits::IMAGE_HEAD {
                return Err(Flaw::Damaged.into());
            }
            if kind == marker::SOS {
                break;
            }
        }
        let Frame {
            width,
            height,
            components,
        } = frame.ok_or(Flaw::Damaged)?;
        Ok(Self {
            head,
            drawn: Drawn {
                width,
                height,
                density: density.unwrap_or(Density::SCREEN),
                orientation: orientation.unwrap_or(Orientation::NoTransforms),
                color: components > 1,
            },
            components,
            inverted: adobe && components == 4,
        })
    }

    /// What a PDF says of it.
    pub(super) fn dictionary(&self) -> String {
        let space = match self.components {
            1 => "DeviceGray",
            4 => "DeviceCMYK",
            _ => "DeviceRGB",
        };
        let decode = match self.inverted {
            true => "/Decode[1 0 1 0 1 0 1 0]",
            false => "",
        };
        format!(
            "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/{space}/BitsPerComponent 8{decode}\
             /Filter/DCTDecode",
            self.drawn.width, self.drawn.height
        )
    }

    /// Writes it to its end, which must be there.
    pub(super) fn pour(
        self,
        input: &mut impl BufRead,
        out: &mut impl Write,
    ) -> Result<Drawn, PictureError> {
        out.write_all(&self.head)?;
        loop {
            let kind = pour_scan(input, out)?;
            if kind == marker::EOI {
                out.write_all(&[0xff, marker::EOI])?;
                return Ok(self.drawn);
            }
            // Another scan, or what it needs.
            let segment = segment(input)?;
            match kind {
                marker::DHT | marker::DQT | marker::DRI | marker::SOS => {
                    let mut kept = Vec::with_capacity(segment.len() + 4);
                    keep(&mut kept, kind, &segment);
                    out.write_all(&kept)?;
                }
                marker::DNL | marker::SOI => return Err(Flaw::Unusual.into()),
                kind if marker::SOF.contains(&kind) => return Err(Flaw::Unusual.into()),
                _ => {}
            }
        }
    }
}

/// Writes entropy-coded bytes until a marker that ends them; gives that (section B.1.1.5).
fn pour_scan(input: &mut impl BufRead, out: &mut impl Write) -> Result<u8, PictureError> {
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return Err(Flaw::Cut.into());
        }
        let plain = piece.iter().position(|byte| *byte == 0xff);
        let plain = plain.unwrap_or(piece.len());
        if plain > 0 {
            out.write_all(&piece[..plain])?;
            input.consume(plain);
            continue;
        }
        let kind = next_marker_or_stuffing(input)?;
        // A stuffed zero, a restart, or what has no meaning.
        match kind == 0 || kind < *marker::SOF.start() || marker::RST.contains(&kind) {
            true => out.write_all(&[0xff, kind])?,
            false => return Ok(kind),
        }
    }
}

/// The next marker; what is between segments means nothing.
fn next_marker(input: &mut impl BufRead) -> Result<u8, PictureError> {
    loop {
        let mut byte = [0];
        input.read_exact(&mut byte).map_err(cut)?;
        if byte == [0xff] {
            let kind = after_fill(input)?;
            if kind != 0 {
                return Ok(kind);
            }
        }
    }
}

/// What follows 0xff, which is next.
fn next_marker_or_stuffing(input: &mut impl BufRead) -> Result<u8, PictureError> {
    input.read_exact(&mut [0]).map_err(cut)?;
    after_fill(input)
}

/// The byte after any number of 0xff.
fn after_fill(input: &mut impl BufRead) -> Result<u8, PictureError> {
    let mut byte = [0xff];
    while byte == [0xff] {
        input.read_exact(&mut byte).map_err(cut)?;
    }
    Ok(byte[0])
}

/// What a segment has, without its length.
fn segment(input: &mut impl BufRead) -> Result<Vec<u8>, PictureError> {
    let mut length = [0; 2];
    input.read_exact(&mut length).map_err(cut)?;
    let length = usize::from(u16::from_be_bytes(length));
    let mut segment = vec![0; length.checked_sub(2).ok_or(Flaw::Damaged)?];
    input.read_exact(&mut segment).map_err(cut)?;
    Ok(segment)
}

fn keep(head: &mut Vec<u8>, kind: u8, segment: &[u8]) {
    // It was read by a length of two bytes.
    let length = u16::try_from(segment.len() + 2).unwrap_or(u16::MAX);
    head.extend([0xff, kind]);
    head.extend(length.to_be_bytes());
    head.extend(segment);
}

/// The pixels of an inch (JFIF 1.02: version, unit, across, down).
fn read_density(stated: &[u8]) -> Option<Density> {
    let &[_, _, unit, x1, x0, y1, y0, ..] = stated else {
        return None;
    };
    let of_an_inch = match unit {
        1 => 1.0,
        // Centimeters.
        2 => 2.54,
        _ => return None,
    };
    let (across, down) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
    Density::said(across.into(), down.into(), of_an_inch)
}

fn read_frame(kind: u8, frame: &[u8]) -> Result<Frame, Flaw> {
    match kind {
        0xc0..=0xc2 => {}
        0xc9..=0xcf => return Err(Flaw::Arithmetic),
        _ => return Err(Flaw::Unusual),
    }
    let &[bits, h1, h0, w1, w0, components, ..] = frame else {
        return Err(Flaw::Damaged);
    };
    if bits != 8 {
        return Err(Flaw::Deep);
    }
    if !matches!(components, 1 | 3 | 4) {
        return Err(Flaw::Unusual);
    }
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    let (width, height) = (u32::from(width), u32::from(height));
    check_size(width, height)?;
    Ok(Frame {
        width,
        height,
        components,
    })
}

fn cut(error: std::io::Error) -> PictureError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Flaw::Cut.into(),
        _ => error.into(),
    }
}
