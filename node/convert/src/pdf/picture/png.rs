//! PNG (ISO/IEC 15948), unpacked: whatever its depth, palette and order of lines, it becomes eight
//! bits of gray or of red, green and blue, on white paper.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::metadata::Orientation;
use png::{
    ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations, Unit,
};

use super::super::super::flaw::Flaw;
use super::super::super::limits;
use super::{Density, Drawn, PictureError, check_size};

/// Bytes that the decoder may take for what is beside the pixels.
const BESIDE: usize = 16 << 20;

/// A PNG up to its pixels.
pub(super) struct Png<R: BufRead> {
    reader: Reader<Forward<R>>,
    width: u32,
    height: u32,
    kind: Kind,
}

/// What a pixel of the decoder is.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// Bytes of color: 1 or 3.
    color: usize,
    /// Whether a byte of opacity follows them.
    alpha: bool,
}

impl Kind {
    const fn bytes(self) -> usize {
        self.color + self.alpha as usize
    }
}

impl<R: BufRead> Png<R> {
    /// Reads everything before the pixels.
    pub(super) fn open(input: R) -> Result<Self, PictureError> {
        let most = Limits { bytes: BESIDE };
        let mut decoder = Decoder::new_with_limits(Forward(input), most);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let header = decoder.read_header_info().map_err(flaw)?;
        let (width, height) = (header.width, header.height);
        check_size(width, height)?;
        // Of what the decoder reads and of what it gives, a line is eight bytes a pixel at most.
        if u64::from(width) * 8 > limits::LINE {
            return Err(Flaw::TooLarge.into());
        }
        let reader = decoder.read_info().map_err(flaw)?;
        let kind = match reader.output_color_type().0 {
            ColorType::Grayscale => Kind {
                color: 1,
                alpha: false,
            },
            ColorType::GrayscaleAlpha => Kind {
                color: 1,
                alpha: true,
            },
            ColorType::Rgba => Kind {
                color: 3,
                alpha: true,
            },
            ColorType::Rgb | ColorType::Indexed => Kind {
                color: 3,
                alpha: false,
            },
        };
        Ok(Self {
            reader,
            width,
            height,
            kind,
        })
    }

    /// What a PDF says of it.
    pub(super) fn dictionary(&self) -> String {
        let space = if self.kind.color == 1 {
            "DeviceGray"
        } else {
            "DeviceRGB"
        };
        format!(
            "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/{space}/BitsPerComponent 8\
             /Filter/FlateDecode",
            self.width, self.height
        )
    }

    /// Writes its pixels, packed.
    pub(super) fn pour(mut self, out: &mut impl Write) -> Result<Drawn, PictureError> {
        let mut packing = ZlibEncoder::new(out, Compression::fast());
        let mut color = false;
        let mut line = Vec::new();
        let kind = self.kind;
        self.lines(|pixels| {
            on_white(kind, pixels, &mut line);
            color |= kind.color == 3 && line.chunks_exact(3).any(is_colored);
            packing.write_all(&line)
        })?;
        packing.finish()?;
        // How it is to be turned may be said after the pixels. They are all there by now.
        let _ = self.reader.finish();
        let info = self.reader.info();
        let exif = info.exif_metadata.as_deref();
        // Pixels of a meter; the other unit tells only the shape of a pixel.
        let density = info.pixel_dims.filter(|dims| dims.unit == Unit::Meter);
        let density = density.and_then(|dims| Density::said(dims.xppu, dims.yppu, 0.0254));
        Ok(Drawn {
            width: self.width,
            height: self.height,
            density: density.unwrap_or(Density::SCREEN),
            orientation: exif
                .and_then(Orientation::from_exif_chunk)
                .unwrap_or(Orientation::NoTransforms),
            color,
        })
    }

    /// Gives all lines from top to bottom. One that is interlaced is held whole.
    fn lines(&mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> Result<(), PictureError> {
        let line = self.width as usize * self.kind.bytes();
        if !self.reader.info().interlaced {
            let mut buffer = vec![0; line];
            while self.reader.read_row(&mut buffer).map_err(flaw)?.is_some() {
                take(&buffer)?;
            }
            return Ok(());
        }
        let size = line as u64 * u64::from(self.height);
        if size > limits::INTERLACED {
            return Err(Flaw::TooLarge.into());
        }
        let mut whole = vec![0; size as usize];
        let bits = self.kind.bytes() as u8 * 8;
        while let Some(row) = self.reader.next_interlaced_row().map_err(flaw)? {
            if let InterlaceInfo::Adam7(pass) = row.interlace() {
                png::expand_interlaced_row(&mut whole, line, row.data(), pass, bits);
            }
        }
        whole.chunks_exact(line).try_for_each(take)?;
        Ok(())
    }
}

/// A line of pixels as it looks on white paper.
fn on_white(kind: Kind, pixels: &[u8], line: &mut Vec<u8>) {
    line.clear();
    if !kind.alpha {
        line.extend_from_slice(pixels);
        return;
    }
    for pixel in pixels.chunks_exact(kind.bytes()) {
        let (color, opacity) = pixel.split_at(kind.color);
        let opacity = u32::from(opacity[0]);
        line.extend(color.iter().map(|sample| {
            let mixed = u32::from(*sample) * opacity + 255 * (255 - opacity);
            ((mixed + 127) / 255) as u8
        }));
    }
}

fn is_colored(pixel: &[u8]) -> bool {
    pixel[0] != pixel[1] || pixel[1] != pixel[2]
}

fn flaw(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Flaw::Cut.into()
        }
        DecodingError::IoError(error) => error.into(),
        DecodingError::LimitsExceeded => Flaw::TooLarge.into(),
        DecodingError::Format(_) | DecodingError::Parameter(_) => Flaw::Damaged.into(),
    }
}

/// A reader that only goes on. The decoder asks for one that seeks and never does so.
struct Forward<R>(R);

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: BufRead> BufRead for Forward<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl<R> Seek for Forward<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
