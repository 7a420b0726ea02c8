//! A page of pixels, and what can be wrong with one.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::super::limits;

/// What a pixel is. All formats are read into one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Pixels {
    /// One bit; 1 is black. Lines end with whole bytes.
    Black1,
    /// One byte; 0 is black.
    Gray8,
    /// Three bytes: red, green, blue.
    Rgb8,
}

impl Pixels {
    /// Bits of one pixel.
    pub(super) const fn bits(self) -> u64 {
        match self {
            Self::Black1 => 1,
            Self::Gray8 => 8,
            Self::Rgb8 => 24,
        }
    }

    /// Bytes of so many pixels in a line.
    pub(super) const fn bytes(self, width: u32) -> u64 {
        (width as u64 * self.bits()).div_ceil(8)
    }

    /// Bytes that belong together when lines are packed.
    pub(super) const fn unit(self) -> usize {
        match self {
            Self::Black1 | Self::Gray8 => 1,
            Self::Rgb8 => 3,
        }
    }

    /// The byte of unprinted paper.
    pub(super) const fn white(self) -> u8 {
        match self {
            Self::Black1 => 0,
            Self::Gray8 | Self::Rgb8 => 0xff,
        }
    }
}

/// What is known of a page before its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Page {
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    pub(in super::super) pixels: Pixels,
    /// Dots per inch.
    pub(in super::super) resolution: u32,
}

impl Page {
    /// Refuses pages of no size and pages that are too large to be of use.
    pub(super) fn check(self) -> Result<Self, RasterError> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if pixels == 0 || self.resolution == 0 {
            return Err(RasterError::Malformed("a page has no size"));
        }
        if pixels > limits::PIXELS || self.bytes_per_line() as u64 > limits::LINE {
            return Err(RasterError::TooLarge {
                width: self.width,
                height: self.height,
            });
        }
        Ok(self)
    }

    /// Bytes of one of its lines.
    pub(super) const fn bytes_per_line(self) -> usize {
        self.pixels.bytes(self.width) as usize
    }
}

/// Why pages cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum RasterError {
    /// The stream broke, or ended within a page.
    #[error("it was cut off: {0}")]
    Io(#[from] io::Error),
    /// It is not what its format says.
    #[error("{0}")]
    Malformed(&'static str),
    /// A page with more pixels than anybody prints.
    #[error("a page of {width} × {height} pixels is too large (the limit is {} million)", limits::PIXELS / 1_000_000)]
    TooLarge {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
    },
    /// Pixels of a kind that is not read.
    #[error("its pixels are of a kind that cannot be converted ({0})")]
    Pixels(String),
}

/// Something to read pages from.
pub(in super::super) trait ReadPages {
    /// The next page; none after the last. The lines of the page before it must have been read.
    fn page(&mut self) -> Result<Option<Page>, RasterError>;

    /// The next line of the page, into `line`, which becomes as long as a line is.
    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError>;

    /// How many pages the document said that it has; none where it says nothing, or nothing yet.
    fn promised(&self) -> Option<u32> {
        None
    }
}

impl<P: ReadPages + ?Sized> ReadPages for Box<P> {
    fn page(&mut self) -> Result<Option<Page>, RasterError> {
        (**self).page()
    }

    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError> {
        (**self).line(line)
    }

    fn promised(&self) -> Option<u32> {
        (**self).promised()
    }
}

/// Fills `buffer`, or says that nothing at all was left.
pub(super) fn fill_or_end(input: &mut impl Read, buffer: &mut [u8]) -> Result<bool, RasterError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}
