//! Apple raster (URF), read and written. It has no published specification; this is what the
//! readers and writers of CUPS agree on.

use std::io::{self, BufReader, Read, Write};

use super::super::limits;
use super::page::{Page, Pixels, RasterError, ReadPages, fill_or_end};
use super::press::{OutPage, WritePages};
use super::runs::{Packer, read_line};

/// How a document begins; the number of pages follows, 0 where it is not known.
const MAGIC: &[u8; 8] = b"UNIRAST\0";
/// Bytes of a page's header.
const HEADER: usize = 32;
/// `cupsPrintQuality` normal.
const NORMAL: u8 = 4;

/// Color spaces.
mod space {
    pub(super) const SGRAY: u8 = 0;
    pub(super) const SRGB: u8 = 1;
    pub(super) const ADOBE_RGB: u8 = 3;
    pub(super) const DEVICE_GRAY: u8 = 4;
    pub(super) const DEVICE_RGB: u8 = 5;
}

pub(super) struct UrfReader<R> {
    input: BufReader<R>,
    promised: u32,
    unit: usize,
    white: u8,
    current: Vec<u8>,
    repeats: u32,
}

impl<R: Read> UrfReader<R> {
    pub(super) fn open(input: R) -> Result<Self, RasterError> {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        let mut magic = [0; 12];
        input.read_exact(&mut magic)?;
        if !magic.starts_with(MAGIC) {
            return Err(RasterError::Malformed("it is not an Apple raster"));
        }
        let [.., a, b, c, d] = magic;
        Ok(Self {
            input,
            promised: u32::from_be_bytes([a, b, c, d]),
            unit: 1,
            white: 0xff,
            current: Vec::new(),
            repeats: 0,
        })
    }
}

impl<R: Read> ReadPages for UrfReader<R> {
    fn page(&mut self) -> Result<Option<Page>, RasterError> {
        let mut header = [0; HEADER];
        if !fill_or_end(&mut self.input, &mut header)? {
            return Ok(None);
        }
        let field = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let pixels = match (header[0], header[1]) {
            (8, space::SGRAY | space::DEVICE_GRAY) => Pixels::Gray8,
            (24, space::SRGB | space::ADOBE_RGB | space::DEVICE_RGB) => Pixels::Rgb8,
            (bits, color_space) => {
                let kind = format!("color space {color_space}, {bits} bits");
                return Err(RasterError::Pixels(kind));
            }
        };
        let page = Page {
            width: field(12),
            height: field(16),
            pixels,
            resolution: field(20),
        }
        .check()?;
        self.unit = pixels.unit();
        self.white = pixels.white();
        self.current.resize(page.bytes_per_line(), 0);
        self.repeats = 0;
        Ok(Some(page))
    }

    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError> {
        if self.repeats == 0 {
            self.repeats = read_line(&mut self.input, self.unit, &mut self.current, self.white)?;
        }
        self.repeats -= 1;
        line.clear();
        line.extend_from_slice(&self.current);
        Ok(())
    }

    fn promised(&self) -> Option<u32> {
        (1..=limits::PAGES)
            .contains(&self.promised)
            .then_some(self.promised)
    }
}

pub(super) struct UrfWriter<W> {
    out: W,
    lines: Packer,
}

impl<W: Write> UrfWriter<W> {
    /// Begins a document of so many pages; 0 where that is not known.
    pub(super) fn begin(mut out: W, total: u32) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&total.to_be_bytes())?;
        Ok(Self {
            out,
            lines: Packer::default(),
        })
    }
}

impl<W: Write> WritePages for UrfWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        self.lines.begin_page(page.pixels.unit());
        let mut header = [0; HEADER];
        (header[0], header[1]) = match page.pixels {
            Pixels::Rgb8 => (24, space::SRGB),
            Pixels::Gray8 | Pixels::Black1 => (8, space::SGRAY),
        };
        header[2] = match out.duplex {
            None => 1,
            Some(true) => 2,
            Some(false) => 3,
        };
        header[3] = NORMAL;
        for (at, value) in [(12, page.width), (16, page.height), (20, page.resolution)] {
            header[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
        self.out.write_all(&header)
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
