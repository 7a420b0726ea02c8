//! What came out of a printer, as pixels, and whether it is what should have come out.
//!
//! The formats are read here anew, from their specifications: a mistake that the program makes in
//! writing and in reading would not be seen by its own reader. The document as it should look is
//! drawn by Poppler, which is another renderer than the one under test.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::files;
use crate::program::system;

/// Pixels along each side of a cell, whose mean is compared: renderers differ in single pixels.
const CELL: usize = 12;
/// How far cells may be apart, of 255, on average (renderers do not agree how dark the grey of a
/// colour is), and how many of a thousand may be far apart.
const NEAR: f64 = 6.0;
const FAR: i32 = 60;
const FEW: usize = 8;

/// A page of grey or coloured pixels.
#[derive(Debug)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Bytes of a pixel: 1 or 3.
    channels: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// Reads a document of raster that came out of a printer: PWG or Apple. Backs are turned so
    /// that they can be read.
    ///
    /// # Panics
    /// If it is neither, or is broken.
    #[must_use]
    pub fn pages(document: &Path) -> Vec<Self> {
        let bytes =
            fs::read(document).unwrap_or_else(|error| panic!("{}: {error}", document.display()));
        if let Some(pages) = bytes.strip_prefix(b"RaS2") {
            return pwg(pages);
        }
        let pages = bytes.strip_prefix(b"UNIRAST\0").map(|pages| &pages[4..]);
        urf(pages.unwrap_or_else(|| panic!("{} is no raster", document.display())))
    }

    /// Draws the pages of a PDF at so many dots per inch.
    ///
    /// # Panics
    /// If Poppler cannot.
    #[must_use]
    pub fn of_pdf(pdf: &Path, resolution: u32) -> Vec<Self> {
        let folder =
            tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let drawn = Command::new(system("pdftoppm"))
            .args([
                "-r",
                &resolution.to_string(),
                "-aa",
                "no",
                "-aaVector",
                "no",
            ])
            .arg(pdf)
            .arg(folder.path().join("page"))
            .status();
        assert!(
            drawn.is_ok_and(|status| status.success()),
            "{}",
            pdf.display()
        );
        files(folder.path()).iter().map(|page| ppm(page)).collect()
    }

    /// Across and down.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Red, green and blue of a pixel.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * self.channels;
        match self.pixels[at..at + self.channels] {
            [red, green, blue] => [red, green, blue],
            _ => [self.pixels[at]; 3],
        }
    }

    /// The same in shades of grey.
    #[must_use]
    pub fn gray(&self) -> Self {
        let luma = |[red, green, blue]: [u8; 3]| {
            let [red, green, blue] = [red, green, blue].map(u32::from);
            ((299 * red + 587 * green + 114 * blue) / 1000) as u8
        };
        let all = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        Self {
            channels: 1,
            pixels: all.map(|(x, y)| luma(self.pixel(x, y))).collect(),
            ..*self
        }
    }

    /// The same, turned by a quarter clockwise.
    #[must_use]
    pub fn quarter_turn(&self) -> Self {
        let (width, height) = (self.height, self.width);
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixel = |(x, y): (usize, usize)| {
            let at = ((self.height - 1 - x) * self.width + y) * self.channels;
            &self.pixels[at..at + self.channels]
        };
        Self {
            width,
            height,
            channels: self.channels,
            pixels: all.flat_map(pixel).copied().collect(),
        }
    }

    /// The same upside down.
    #[must_use]
    pub fn half_turn(&self) -> Self {
        self.quarter_turn().quarter_turn()
    }

    /// A white page of the same size.
    #[must_use]
    pub fn blank(&self) -> Self {
        Self {
            pixels: vec![255; self.pixels.len()],
            ..*self
        }
    }

    /// Whether both show the same, in colour if both have colour.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let near = |a: usize, b: usize| a.abs_diff(b) <= 4;
        if !near(self.width, other.width) || !near(self.height, other.height) {
            return false;
        }
        let gray = self.channels.min(other.channels) == 1;
        let (columns, rows) = (
            self.width.min(other.width) / CELL,
            self.height.min(other.height) / CELL,
        );
        let (mut sum, mut far, mut cells) = (0.0, 0, 0);
        for (x, y) in (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))) {
            let (ours, theirs) = (self.cell(x, y, gray), other.cell(x, y, gray));
            for (a, b) in ours.into_iter().zip(theirs) {
                sum += f64::from((a - b).abs());
                far += usize::from((a - b).abs() > FAR);
                cells += 1;
            }
        }
        sum / f64::from(cells) <= NEAR && far * 1000 <= FEW * cells as usize
    }

    /// Whether anything on it has colour.
    #[must_use]
    pub fn has_color(&self) -> bool {
        let colored =
            |pixel: &[u8]| pixel[0].abs_diff(pixel[1]) > 40 || pixel[1].abs_diff(pixel[2]) > 40;
        self.channels == 3 && self.pixels.chunks_exact(3).any(colored)
    }

    /// The mean of a cell: grey, or red, green and blue.
    fn cell(&self, x: usize, y: usize, gray: bool) -> Vec<i32> {
        let mut sums = vec![0; self.channels];
        for row in y * CELL..(y + 1) * CELL {
            let from = (row * self.width + x * CELL) * self.channels;
            for pixel in self.pixels[from..from + CELL * self.channels].chunks_exact(self.channels)
            {
                sums.iter_mut()
                    .zip(pixel)
                    .for_each(|(sum, sample)| *sum += i32::from(*sample));
            }
        }
        let area = (CELL * CELL) as i32;
        match (gray, &sums[..]) {
            (true, [red, green, blue]) => {
                vec![(299 * red + 587 * green + 114 * blue) / 1000 / area]
            }
            _ => sums.into_iter().map(|sum| sum / area).collect(),
        }
    }

    fn turned(mut self, across: bool, down: bool) -> Self {
        let line = self.width * self.channels;
        if down {
            self.pixels = self
                .pixels
                .chunks_exact(line)
                .rev()
                .flatten()
                .copied()
                .collect();
        }
        if across {
            let mirrored = |line: &[u8]| {
                line.chunks_exact(self.channels)
                    .rev()
                    .flatten()
                    .copied()
                    .collect::<Vec<_>>()
            };
            self.pixels = self.pixels.chunks_exact(line).flat_map(mirrored).collect();
        }
        self
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

/// PWG 5102.4.
fn pwg(mut bytes: &[u8]) -> Vec<Picture> {
    let mut pages = Vec::new();
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(1796);
        assert!(header.starts_with(b"PwgRaster\0"));
        let [width, height, bits, line, space] =
            [372, 376, 388, 392, 400].map(|at| number(header, at));
        let mirrored = |at| number(header, at) == 0xffff_ffff;
        let (raw, rest) = unpacked(rest, line, height, bits.div_ceil(8));
        bytes = rest;
        let (channels, pixels) = match (bits, space) {
            (8, 18) => (1, raw),
            (24, 19) => (3, raw),
            (1, 3) => (
                1,
                raw.chunks_exact(line)
                    .flat_map(|line| bits_of(line, width))
                    .collect(),
            ),
            _ => panic!("{bits} bits in colour space {space}"),
        };
        let page = Picture {
            width,
            height,
            channels,
            pixels,
        };
        pages.push(page.turned(mirrored(456), mirrored(460)));
    }
    pages
}

fn bits_of(line: &[u8], width: usize) -> Vec<u8> {
    let black = |x: usize| line[x / 8] & (0x80 >> (x % 8)) != 0;
    (0..width).map(|x| if black(x) { 0 } else { 255 }).collect()
}

fn urf(mut bytes: &[u8]) -> Vec<Picture> {
    let mut pages = Vec::new();
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(32);
        let channels = usize::from(header[0]) / 8;
        let (width, height) = (number(header, 12), number(header, 16));
        let (pixels, rest) = unpacked(rest, width * channels, height, channels);
        bytes = rest;
        pages.push(Picture {
            width,
            height,
            channels,
            pixels,
        });
    }
    pages
}

/// Lines that were packed, and what is after them.
fn unpacked(mut bytes: &[u8], line: usize, height: usize, unit: usize) -> (Vec<u8>, &[u8]) {
    let mut pixels = Vec::with_capacity(line * height);
    while pixels.len() < line * height {
        let times = usize::from(bytes[0]) + 1;
        bytes = &bytes[1..];
        let from = pixels.len();
        while pixels.len() < from + line {
            let (code, rest) = (usize::from(bytes[0]), &bytes[1..]);
            let (length, repeated) = match code {
                128 => panic!("the rest of a line is left out"),
                ..128 => (unit, code + 1),
                _ => ((257 - code) * unit, 1),
            };
            (0..repeated).for_each(|_| pixels.extend_from_slice(&rest[..length]));
            bytes = &rest[length..];
        }
        assert_eq!(
            pixels.len(),
            from + line,
            "a line is longer than it should be"
        );
        for _ in 1..times {
            pixels.extend_from_within(from..from + line);
        }
    }
    assert_eq!(pixels.len(), line * height, "lines beyond the page");
    (pixels, bytes)
}

/// A portable pixmap with one byte for each sample.
fn ppm(path: &Path) -> Picture {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut words = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
    let mut word = || words.next().unwrap_or_default();
    let channels = if word() == b"P6" { 3 } else { 1 };
    let mut side = || String::from_utf8_lossy(word()).parse().unwrap_or(0);
    let (width, height) = (side(), side());
    let pixels = bytes[bytes.len() - width * height * channels..].to_vec();
    Picture {
        width,
        height,
        channels,
        pixels,
    }
}
