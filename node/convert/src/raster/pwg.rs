//! PWG raster (PWG 5102.4), read and written.

use std::io::{self, BufReader, Read, Write};

use super::super::limits;
use super::super::media::PageSize;
use super::page::{Page, Pixels, RasterError, ReadPages, fill_or_end};
use super::press::{OutPage, WritePages};
use super::runs::{Packer, read_line};

/// How a document begins (section 4.1).
const SYNC: &[u8; 4] = b"RaS2";
/// Bytes of a page's header (section 4.3).
const HEADER: usize = 1796;

/// Where in a header things are.
mod offset {
    pub(super) const DUPLEX: usize = 272;
    pub(super) const RESOLUTION: usize = 276;
    pub(super) const PAGE_SIZE: usize = 352;
    pub(super) const TUMBLE: usize = 368;
    pub(super) const WIDTH: usize = 372;
    pub(super) const HEIGHT: usize = 376;
    pub(super) const BITS_PER_COLOR: usize = 384;
    pub(super) const BITS_PER_PIXEL: usize = 388;
    pub(super) const BYTES_PER_LINE: usize = 392;
    pub(super) const COLOR_ORDER: usize = 396;
    pub(super) const COLOR_SPACE: usize = 400;
    pub(super) const COLORS: usize = 420;
    pub(super) const TOTAL_PAGES: usize = 452;
    pub(super) const CROSS_FEED_TRANSFORM: usize = 456;
    pub(super) const FEED_TRANSFORM: usize = 460;
    pub(super) const IMAGE_BOX: usize = 464;
    pub(super) const PAGE_SIZE_NAME: usize = 1732;
}

/// Color spaces (table 8).
mod space {
    pub(super) const RGB: u32 = 1;
    pub(super) const BLACK: u32 = 3;
    pub(super) const SGRAY: u32 = 18;
    pub(super) const SRGB: u32 = 19;
    pub(super) const ADOBE_RGB: u32 = 20;
}

/// How samples in the file become samples in memory.
#[derive(Clone, Copy)]
struct Samples {
    /// Bytes of one sample; of two, the first is kept.
    bytes: usize,
    /// 255 is black.
    inverted: bool,
}

pub(super) struct PwgReader<R> {
    input: BufReader<R>,
    promised: u32,
    unit: usize,
    samples: Samples,
    packed: Vec<u8>,
    repeats: u32,
    white: u8,
}

impl<R: Read> PwgReader<R> {
    pub(super) fn open(input: R) -> Result<Self, RasterError> {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        let mut sync = [0; 4];
        input.read_exact(&mut sync)?;
        if &sync != SYNC {
            return Err(RasterError::Malformed("it is not a PWG raster"));
        }
        Ok(Self {
            input,
            promised: 0,
            unit: 1,
            samples: Samples {
                bytes: 1,
                inverted: false,
            },
            packed: Vec::new(),
            repeats: 0,
            white: 0,
        })
    }
}

impl<R: Read> ReadPages for PwgReader<R> {
    fn page(&mut self) -> Result<Option<Page>, RasterError> {
        let mut header = [0; HEADER];
        if !fill_or_end(&mut self.input, &mut header)? {
            return Ok(None);
        }
        let field = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (color, pixel) = (field(offset::BITS_PER_COLOR), field(offset::BITS_PER_PIXEL));
        let color_space = field(offset::COLOR_SPACE);
        let (pixels, bytes, inverted) = match (color_space, color, pixel) {
            (space::BLACK, 1, 1) => (Pixels::Black1, 1, false),
            (space::BLACK, 8, 8) => (Pixels::Gray8, 1, true),
            (space::SGRAY, 8, 8) => (Pixels::Gray8, 1, false),
            (space::SGRAY, 16, 16) => (Pixels::Gray8, 2, false),
            (space::RGB | space::SRGB | space::ADOBE_RGB, 8, 24) => (Pixels::Rgb8, 1, false),
            (space::RGB | space::SRGB | space::ADOBE_RGB, 16, 48) => (Pixels::Rgb8, 2, false),
            _ => {
                let kind = format!("color space {color_space}, {pixel} bits");
                return Err(RasterError::Pixels(kind));
            }
        };
        if field(offset::RESOLUTION) != field(offset::RESOLUTION + 4) {
            let kind = "dots that are not square".to_owned();
            return Err(RasterError::Pixels(kind));
        }
        let page = Page {
            width: field(offset::WIDTH),
            height: field(offset::HEIGHT),
            pixels,
            resolution: field(offset::RESOLUTION),
        }
        .check()?;
        let length = page.bytes_per_line() * bytes;
        if field(offset::BYTES_PER_LINE) as usize != length || field(offset::COLOR_ORDER) != 0 {
            return Err(RasterError::Malformed("a page's header contradicts itself"));
        }
        self.promised = self.promised.max(field(offset::TOTAL_PAGES));
        self.unit = pixels.unit() * bytes;
        self.samples = Samples { bytes, inverted };
        self.white = if inverted { 0 } else { pixels.white() };
        self.packed.resize(length, 0);
        self.repeats = 0;
        Ok(Some(page))
    }

    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError> {
        if self.repeats == 0 {
            self.repeats = read_line(&mut self.input, self.unit, &mut self.packed, self.white)?;
        }
        self.repeats -= 1;
        line.clear();
        line.extend(self.packed.iter().step_by(self.samples.bytes));
        if self.samples.inverted {
            line.iter_mut().for_each(|sample| *sample = !*sample);
        }
        Ok(())
    }

    fn promised(&self) -> Option<u32> {
        (1..=limits::PAGES)
            .contains(&self.promised)
            .then_some(self.promised)
    }
}

pub(super) struct PwgWriter<W> {
    out: W,
    lines: Packer,
}

impl<W: Write> PwgWriter<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(SYNC)?;
        Ok(Self {
            out,
            lines: Packer::default(),
        })
    }
}

impl<W: Write> WritePages for PwgWriter<W> {
    fn begin_page(&mut self, page: &OutPage) -> io::Result<()> {
        self.lines.begin_page(page.page.pixels.unit());
        self.out.write_all(&header(page))
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.lines.line(&mut self.out, line)
    }

    fn end_page(&mut self) -> io::Result<()> {
        self.lines.end_page(&mut self.out)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The header of a page (section 4.3). What is not said there is 0, which means the default.
fn header(out: &OutPage) -> [u8; HEADER] {
    let page = &out.page;
    let mut header = [0; HEADER];
    header[..9].copy_from_slice(b"PwgRaster");
    let (color_space, bits, colors) = match page.pixels {
        Pixels::Black1 => (space::BLACK, 1, 1),
        Pixels::Gray8 => (space::SGRAY, 8, 1),
        Pixels::Rgb8 => (space::SRGB, 8, 3),
    };
    let size = PageSize::from_pixels(page.width, page.height, page.resolution);
    let (name, points) = size.map_or_else(Default::default, |size| (size.name(), size.points()));
    let (cross, feed) = (direction(out.mirrored.0), direction(out.mirrored.1));
    let fields = [
        (offset::DUPLEX, u32::from(out.duplex.is_some())),
        (offset::RESOLUTION, page.resolution),
        (offset::RESOLUTION + 4, page.resolution),
        (offset::PAGE_SIZE, points.0.round() as u32),
        (offset::PAGE_SIZE + 4, points.1.round() as u32),
        (offset::TUMBLE, u32::from(out.duplex == Some(true))),
        (offset::WIDTH, page.width),
        (offset::HEIGHT, page.height),
        (offset::BITS_PER_COLOR, bits),
        (offset::BITS_PER_PIXEL, bits * colors),
        (offset::BYTES_PER_LINE, page.bytes_per_line() as u32),
        (offset::COLOR_SPACE, color_space),
        (offset::COLORS, colors),
        (offset::TOTAL_PAGES, out.total),
        (offset::CROSS_FEED_TRANSFORM, cross),
        (offset::FEED_TRANSFORM, feed),
        (offset::IMAGE_BOX + 8, page.width),
        (offset::IMAGE_BOX + 12, page.height),
    ];
    for (at, value) in fields {
        header[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    // A C string, 64 bytes with its end.
    let name = name.as_bytes();
    let length = name.len().min(63);
    header[offset::PAGE_SIZE_NAME..][..length].copy_from_slice(&name[..length]);
    header
}

/// 1, or -1 in two's complement.
const fn direction(mirrored: bool) -> u32 {
    if mirrored { u32::MAX } else { 1 }
}
