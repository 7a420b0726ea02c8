//! Photos and screenshots, as cameras, phones and desktops store them.
//!
//! PNG is written here from its specification; JPEG is made by Poppler, and what cameras add to it
//! is added here.

use std::path::Path;
use std::process::Command;

use crate::document::pdf_of_objects;
use crate::picture::Picture;
use crate::program::system;

/// Points along the sides of the scene.
pub const SCENE: (f64, f64) = (300.0, 200.0);

/// What all photos here show, as PDF draws it: black above, red on the left, green in the middle. No
/// two ways to turn or mirror it look alike.
pub const DRAWING: &str =
    "0 g 0 160 300 40 re f 1 0 0 rg 0 0 60 100 re f 0 0.6 0 rg 150 60 m 230 60 l 230 120 l f";

/// A PDF of one page of this size with the scene on it, moved by this matrix.
fn page(width: f64, height: f64, matrix: &str) -> Vec<u8> {
    let content = format!("{matrix} cm {DRAWING}");
    pdf_of_objects(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R/Resources<<>>>>").into_bytes(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()).into_bytes(),
    ])
}

/// The scene as it should be printed: as large as A4 allows, on its side, with a quarter of an inch of
/// margin.
#[must_use]
pub fn printed() -> Vec<u8> {
    const PAPER: (f64, f64) = (841.89, 595.276);
    let scale = ((PAPER.0 - 36.0) / SCENE.0).min((PAPER.1 - 36.0) / SCENE.1);
    let (x, y) = (
        (PAPER.0 - SCENE.0 * scale) / 2.0,
        (PAPER.1 - SCENE.1 * scale) / 2.0,
    );
    page(PAPER.0, PAPER.1, &format!("{scale} 0 0 {scale} {x} {y}"))
}

/// The scene as a camera stores it that was held so (Exif 2.32 section 4.6.4 A, tag 274).
#[must_use]
pub fn stored(orientation: u8) -> Vec<u8> {
    let (w, h) = SCENE;
    let matrix = match orientation {
        2 => format!("-1 0 0 1 {w} 0"),
        3 => format!("-1 0 0 -1 {w} {h}"),
        4 => format!("1 0 0 -1 0 {h}"),
        5 => format!("0 -1 -1 0 {h} {w}"),
        6 => format!("0 1 -1 0 {h} 0"),
        7 => "0 1 1 0 0 0".to_owned(),
        8 => format!("0 -1 1 0 0 {w}"),
        _ => "1 0 0 1 0 0".to_owned(),
    };
    match orientation < 5 {
        true => page(w, h, &matrix),
        false => page(h, w, &matrix),
    }
}

/// A JPEG of a PDF's first page, made with these options of `pdftoppm`.
///
/// # Panics
/// If Poppler cannot.
#[must_use]
pub fn jpeg(pdf: &[u8], options: &[&str]) -> Vec<u8> {
    drawn(pdf, &[&["-jpeg"], options].concat(), "jpg")
}

/// The scene's pixels.
///
/// # Panics
/// If Poppler cannot draw it.
#[must_use]
pub fn scene() -> Picture {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
    let path = folder.path().join("scene.pdf");
    write(&path, &stored(1));
    Picture::of_pdf(&path, 72).remove(0)
}

fn drawn(pdf: &[u8], options: &[&str], ending: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
    let path = folder.path().join("scene.pdf");
    write(&path, pdf);
    let made = folder.path().join("made");
    let ran = Command::new(system("pdftoppm"))
        .args(["-r", "72", "-singlefile"])
        .args(options)
        .args([&path, &made])
        .status();
    assert!(ran.is_ok_and(|status| status.success()), "{options:?}");
    let made = made.with_extension(ending);
    std::fs::read(&made).unwrap_or_else(|error| panic!("{}: {error}", made.display()))
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A JPEG with a further segment after its beginning.
///
/// # Panics
/// If the segment is longer than one can be.
#[must_use]
pub fn with_segment(jpeg: &[u8], marker: u8, segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(segment.len() + 2).unwrap_or_else(|_| panic!("a segment too long"));
    [
        &jpeg[..2],
        &[0xff, marker],
        &length.to_be_bytes(),
        segment,
        &jpeg[2..],
    ]
    .concat()
}

/// The same photo with another frame: its kind and the bits of its samples.
///
/// # Panics
/// If it has no frame.
#[must_use]
pub fn with_frame(jpeg: &[u8], kind: u8, bits: u8) -> Vec<u8> {
    let is_frame = |window: &[u8]| window[0] == 0xff && matches!(window[1], 0xc0..=0xc2);
    let at = jpeg.windows(2).position(is_frame);
    let at = at.unwrap_or_else(|| panic!("a JPEG without a frame"));
    let mut changed = jpeg.to_vec();
    changed[at + 1] = kind;
    changed[at + 4] = bits;
    changed
}

/// What a camera says of how it was held.
#[must_use]
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif
}

/// How a PNG stores its pixels. What is white is transparent, where there can be transparency, with
/// black behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Red, green, blue.
    Rgb,
    /// With opacity, as screenshots are.
    Rgba,
    /// With opacity, 16 bits each.
    Rgba16,
    /// Gray with opacity.
    GrayAlpha,
    /// Gray with 16 bits.
    Gray16,
    /// A palette, one color of which is transparent.
    Palette,
}

impl Kind {
    /// Whether it has no color.
    #[must_use]
    pub fn is_gray(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Gray16)
    }

    /// Color type and bits (ISO/IEC 15948 table 11.1).
    fn code(self) -> (u8, u8) {
        match self {
            Self::Rgb => (2, 8),
            Self::Rgba => (6, 8),
            Self::Rgba16 => (6, 16),
            Self::GrayAlpha => (4, 8),
            Self::Gray16 => (0, 16),
            Self::Palette => (3, 8),
        }
    }

    fn pixel(self, [red, green, blue]: [u8; 3]) -> Vec<u8> {
        let is_white = [red, green, blue] == [255; 3];
        let opacity = if is_white { 0 } else { 255 };
        let hidden = |sample: u8| if is_white { 0 } else { sample };
        let [r, g, b] = [red, green, blue].map(hidden);
        let gray =
            |r, g, b| ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000) as u8;
        match self {
            Self::Rgb => vec![red, green, blue],
            Self::Rgba => vec![r, g, b, opacity],
            Self::Rgba16 => [r, g, b, opacity]
                .into_iter()
                .flat_map(|byte| [byte, byte])
                .collect(),
            Self::GrayAlpha => vec![gray(r, g, b), opacity],
            Self::Gray16 => vec![gray(red, green, blue); 2],
            // Three bits of red and green, two of blue; the second is what is transparent.
            Self::Palette if is_white => vec![1],
            Self::Palette => vec![red & 0xe0 | green >> 3 & 0x1c | blue >> 6],
        }
    }
}

/// A PNG of a picture, with EXIF if it is to be turned.
#[must_use]
pub fn png(picture: &Picture, kind: Kind, interlaced: bool, orientation: Option<u8>) -> Vec<u8> {
    const PASSES: [(usize, usize, usize, usize); 7] = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let passes: &[_] = if interlaced { &PASSES } else { &[(0, 0, 1, 1)] };
    let (width, height) = picture.size();
    let mut lines = Vec::new();
    for &(left, top, across, down) in passes {
        for y in (top..height).step_by(down) {
            lines.push(0); // no filter
            for x in (left..width).step_by(across) {
                lines.extend(kind.pixel(picture.pixel(x, y)));
            }
        }
    }
    let side = |side: usize| u32::try_from(side).unwrap_or(0).to_be_bytes();
    let (color, bits) = kind.code();
    let rest = [bits, color, 0, 0, u8::from(interlaced)];
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(
        &mut png,
        b"IHDR",
        &[&side(width)[..], &side(height), &rest].concat(),
    );
    if kind == Kind::Palette {
        let wide = |value: u8, bits: u32| (u32::from(value) * 255 / ((1 << bits) - 1)) as u8;
        let color = |index: u8| {
            [
                wide(index >> 5, 3),
                wide(index >> 2 & 7, 3),
                wide(index & 3, 2),
            ]
        };
        chunk(
            &mut png,
            b"PLTE",
            &(0..=255).flat_map(color).collect::<Vec<u8>>(),
        );
        chunk(&mut png, b"tRNS", &[255, 0]);
    }
    if let Some(orientation) = orientation {
        chunk(&mut png, b"eXIf", &exif(orientation));
    }
    chunk(&mut png, b"IDAT", &zlib(&lines));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let from = png.len();
    png.extend(name);
    png.extend(data);
    let sum = crc(&png[from..]);
    png.extend(sum.to_be_bytes());
}

/// The check sum of ISO 3309.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| match sum & 1 {
        0 => sum >> 1,
        _ => 0xedb8_8320 ^ sum >> 1,
    };
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), step)
    });
    !sum
}

/// A stream of zlib that packs nothing (RFC 1950, RFC 1951 section 3.2.4).
fn zlib(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 0xffff;
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.chunks(BLOCK);
    let last = blocks.len().saturating_sub(1);
    for (number, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(0);
        stream.push(u8::from(number == last));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}
