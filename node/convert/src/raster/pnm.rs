//! Portable anymap, as Ghostscript gives its pages: `P4`, `P5` and `P6` with one byte per sample,
//! one after the other.

use std::io::{BufReader, Read};

use super::page::{Page, Pixels, RasterError, ReadPages, fill_or_end};

/// Digits of a number in a header.
const DIGITS: usize = 9;
/// Bytes of remarks and blanks in a header.
const REMARKS: usize = 1024;

pub(super) struct PnmReader<R> {
    input: BufReader<R>,
    resolution: u32,
    line: usize,
}

impl<R: Read> PnmReader<R> {
    pub(super) fn new(input: R, resolution: u32) -> Self {
        Self {
            input: BufReader::with_capacity(256 * 1024, input),
            resolution,
            line: 0,
        }
    }

    fn byte(&mut self) -> Result<u8, RasterError> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// A number, and the one blank after it.
    fn number(&mut self) -> Result<u32, RasterError> {
        let mut digits = String::new();
        for _ in 0..REMARKS {
            match self.byte()? {
                b'#' if digits.is_empty() => while self.byte()? != b'\n' {},
                digit @ b'0'..=b'9' if digits.len() < DIGITS => digits.push(char::from(digit)),
                b' ' | b'\n' | b'\r' | b'\t' if digits.is_empty() => {}
                b' ' | b'\n' | b'\r' | b'\t' => return digits.parse().map_err(|_| MALFORMED),
                _ => return Err(MALFORMED),
            }
        }
        Err(MALFORMED)
    }
}

const MALFORMED: RasterError = RasterError::Malformed("the renderer produced no page");

impl<R: Read> ReadPages for PnmReader<R> {
    fn page(&mut self) -> Result<Option<Page>, RasterError> {
        let mut magic = [0; 2];
        if !fill_or_end(&mut self.input, &mut magic)? {
            return Ok(None);
        }
        let pixels = match &magic {
            b"P4" => Pixels::Black1,
            b"P5" => Pixels::Gray8,
            b"P6" => Pixels::Rgb8,
            _ => return Err(MALFORMED),
        };
        let (width, height) = (self.number()?, self.number()?);
        if pixels != Pixels::Black1 && self.number()? != 255 {
            return Err(MALFORMED);
        }
        let page = Page {
            width,
            height,
            pixels,
            resolution: self.resolution,
        };
        self.line = page.check()?.bytes_per_line();
        Ok(Some(page))
    }

    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError> {
        line.resize(self.line, 0);
        self.input.read_exact(line)?;
        Ok(())
    }
}
