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
/// How far cells may be apart, of 255, on average (renderers do not agree how dark the gray of a
/// color is), and how many of a thousand may be far apart.
const NEAR: f64 = 6.0;
const FAR: i32 = 60;
const FEW: usize = 8;

/// A page of gray or colored pixels.
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

    /// Draws one page of a PDF, counted from 1, as far as it is seen, at so many dots per inch of
    /// points: Poppler knows no other units.
    ///
    /// # Panics
    /// If Poppler cannot.
    #[must_use]
    pub fn of_page(pdf: &Path, page: usize, resolution: f64) -> Self {
        let folder =
            tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let page = page.to_string();
        let drawn = Command::new(system("pdftoppm"))
            .args(["-cropbox", "-singlefile", "-aa", "no", "-aaVector", "no"])
            .args(["-f", &page, "-l", &page])
            .args(["-r", &resolution.to_string()])
            .arg(pdf)
            .arg(folder.path().join("page"))
            .status();
        assert!(
            drawn.is_ok_and(|status| status.success()),
            "{}",
            pdf.display()
        );
        ppm(&folder.path().join("page.ppm"))
    }

    /// Reads PCL 5 of pictures, such as printers print that know nothing newer. `width` is what the
    /// paper has; the strip at its left that such printers do not reach is white.
    ///
    /// # Panics
    /// If it is broken.
    #[must_use]
    pub fn pcl(document: &Path, width: usize) -> Vec<Self> {
        pcl::pages(&read(document), width)
    }

    /// Reads PCL XL of pictures.
    ///
    /// # Panics
    /// If it is broken.
    #[must_use]
    pub fn pcl_xl(document: &Path) -> Vec<Self> {
        pcl_xl::pages(&read(document))
    }

    /// It, turned by a quarter against the clock.
    #[must_use]
    pub fn turned_left(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for column in (0..self.width).rev() {
            for row in 0..self.height {
                pixels.extend_from_slice(self.samples(column, row));
            }
        }
        Self {
            width: self.height,
            height: self.width,
            channels: self.channels,
            pixels,
        }
    }

    /// It in the middle of a white page of this size; what has no room is cut.
    #[must_use]
    pub fn on_paper(&self, (width, height): (usize, usize)) -> Self {
        let left = (width as i64 - self.width as i64).div_euclid(2);
        let top = (height as i64 - self.height as i64).div_euclid(2);
        let mut pixels = Vec::with_capacity(width * height * self.channels);
        for y in 0..height as i64 {
            for x in 0..width as i64 {
                let (x, y) = (x - left, y - top);
                let inside =
                    (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y);
                match inside {
                    true => pixels.extend_from_slice(self.samples(x as usize, y as usize)),
                    false => pixels.extend(vec![255; self.channels]),
                }
            }
        }
        Self {
            width,
            height,
            channels: self.channels,
            pixels,
        }
    }

    /// It, made smaller: each pixel is the mean of those that it stands for.
    #[must_use]
    pub fn shrunk(&self, (width, height): (usize, usize)) -> Self {
        let mut pixels = Vec::with_capacity(width * height * self.channels);
        for y in 0..height {
            let rows = y * self.height / height..((y + 1) * self.height / height).max(1);
            for x in 0..width {
                let columns = x * self.width / width..((x + 1) * self.width / width).max(1);
                let mut sums = vec![0usize; self.channels];
                let of = |(x, y): (usize, usize)| self.samples(x, y);
                let cells = rows
                    .clone()
                    .flat_map(|y| columns.clone().map(move |x| (x, y)));
                for pixel in cells.map(of) {
                    sums.iter_mut()
                        .zip(pixel)
                        .for_each(|(sum, sample)| *sum += usize::from(*sample));
                }
                let area = (rows.len() * columns.len()).max(1);
                pixels.extend(sums.into_iter().map(|sum| (sum / area) as u8));
            }
        }
        Self {
            width,
            height,
            channels: self.channels,
            pixels,
        }
    }

    /// It without so many pixels at its left.
    #[must_use]
    pub fn without_left(&self, strip: usize) -> Self {
        let line = self.width * self.channels;
        let rest = |line: &[u8]| line[strip * self.channels..].to_vec();
        Self {
            width: self.width - strip,
            height: self.height,
            channels: self.channels,
            pixels: self.pixels.chunks_exact(line).flat_map(rest).collect(),
        }
    }

    /// Writes it as a portable pixmap, to be looked at.
    pub fn write(&self, path: &Path) {
        let kind = if self.channels == 3 { "P6" } else { "P5" };
        let mut bytes = format!("{kind}\n{} {}\n255\n", self.width, self.height).into_bytes();
        bytes.extend_from_slice(&self.pixels);
        if let Err(error) = fs::write(path, bytes) {
            eprintln!("{}: {error}", path.display());
        }
    }

    /// The samples of a pixel.
    fn samples(&self, x: usize, y: usize) -> &[u8] {
        &self.pixels[(y * self.width + x) * self.channels..][..self.channels]
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

    /// The same in shades of gray.
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

    /// Whether both show the same, in color if both have color.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.is_near(other, NEAR)
    }

    /// Whether both show the same, where one is made of dots.
    #[must_use]
    pub fn is_roughly(&self, other: &Self) -> bool {
        self.is_near(other, 2.0 * NEAR)
    }

    fn is_near(&self, other: &Self, most: f64) -> bool {
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
        sum / f64::from(cells) <= most && far * 1000 <= FEW * cells as usize
    }

    /// Whether anything on it has color.
    #[must_use]
    pub fn has_color(&self) -> bool {
        let colored =
            |pixel: &[u8]| pixel[0].abs_diff(pixel[1]) > 40 || pixel[1].abs_diff(pixel[2]) > 40;
        self.channels == 3 && self.pixels.chunks_exact(3).any(colored)
    }

    /// The mean of a cell: gray, or red, green and blue.
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

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// PCL 5, as far as pictures need it.
mod pcl {
    use super::Picture;

    pub(super) fn pages(mut bytes: &[u8], width: usize) -> Vec<Picture> {
        let mut pages = Vec::new();
        let (mut rows, mut inside, mut height) = (Vec::<Vec<u8>>::new(), 0, 0);
        while let Some((first, rest)) = bytes.split_first() {
            bytes = rest;
            match (first, rest.first()) {
                // A form feed ends the page.
                (0x0c, _) => {
                    pages.push(page(&rows, inside, (width, height)));
                    rows.clear();
                }
                (0x1b, Some(b'E')) => bytes = &rest[1..],
                (0x1b, _) => {
                    let group = (rest[0], rest[1]);
                    bytes = &rest[2..];
                    loop {
                        let digits = bytes
                            .iter()
                            .take_while(|byte| byte.is_ascii_digit())
                            .count();
                        let number = String::from_utf8_lossy(&bytes[..digits])
                            .parse()
                            .unwrap_or(0);
                        let end = bytes[digits];
                        bytes = &bytes[digits + 1..];
                        match (group, end.to_ascii_uppercase()) {
                            ((b'*', b'r'), b'S') => inside = width - number,
                            ((b'*', b'r'), b'T') => height = number,
                            ((b'*', b'b'), b'Y') => rows.extend(vec![Vec::new(); number]),
                            ((b'*', b'b'), b'W') => {
                                rows.push(super::unpacked_bytes(&bytes[..number]));
                                bytes = &bytes[number..];
                            }
                            _ => {}
                        }
                        if end.is_ascii_uppercase() {
                            break;
                        }
                    }
                }
                (other, _) => panic!("{other:#x} outside of a command"),
            }
        }
        assert!(rows.is_empty(), "the last page does not end");
        pages
    }

    fn page(rows: &[Vec<u8>], inside: usize, (width, height): (usize, usize)) -> Picture {
        let mut pixels = vec![255; width * height];
        for (row, line) in rows.iter().zip(pixels.chunks_exact_mut(width)) {
            for (x, pixel) in line.iter_mut().skip(inside).enumerate() {
                let black = row
                    .get(x / 8)
                    .is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0);
                *pixel = if black { 0 } else { 255 };
            }
        }
        Picture {
            width,
            height,
            channels: 1,
            pixels,
        }
    }
}

/// PCL XL, as far as pictures need it.
mod pcl_xl {
    use std::collections::BTreeMap;

    use super::Picture;

    pub(super) fn pages(bytes: &[u8]) -> Vec<Picture> {
        let begin = b") HP-PCL XL;2;0\n";
        let at = bytes
            .windows(begin.len())
            .position(|window| window == begin);
        let mut bytes = &bytes[at.map_or(bytes.len(), |at| at + begin.len())..];
        let mut pages = Vec::new();
        let mut said = BTreeMap::new();
        let mut page: Option<Picture> = None;
        while bytes[0] != 0x1b {
            let tag = bytes[0];
            bytes = &bytes[1..];
            let length = match tag {
                0xc0 => 1,
                0xc1 => 2,
                0xd1 | 0xd3 => 4,
                0xd5 => 8,
                // Data.
                0xfa => {
                    let length = [bytes[0], bytes[1], bytes[2], bytes[3]];
                    let length = u32::from_le_bytes(length) as usize;
                    let lines = super::unpacked_bytes(&bytes[4..4 + length]);
                    bytes = &bytes[4 + length..];
                    let page = page
                        .as_mut()
                        .unwrap_or_else(|| panic!("data outside of a page"));
                    let line = page.width * page.channels;
                    for padded in lines.chunks_exact(line.next_multiple_of(4)) {
                        page.pixels.extend_from_slice(&padded[..line]);
                    }
                    continue;
                }
                0x43 => {
                    assert!(page.is_none(), "a page within a page");
                    said.clear();
                    continue;
                }
                0xb0 => {
                    let number = |attribute: u8| said.get(&attribute).copied().unwrap_or(0);
                    page = Some(Picture {
                        width: number(0x6c),
                        height: number(0x6b),
                        channels: if number(0x03) == 2 { 3 } else { 1 },
                        pixels: Vec::new(),
                    });
                    continue;
                }
                0x44 => {
                    let page = page
                        .take()
                        .unwrap_or_else(|| panic!("a page has no picture"));
                    assert_eq!(page.pixels.len(), page.width * page.height * page.channels);
                    pages.push(page);
                    continue;
                }
                _ => continue,
            };
            assert_eq!(bytes[length], 0xf8, "a value without an attribute");
            let value = match length {
                1 => usize::from(bytes[0]),
                _ => usize::from(u16::from_le_bytes([bytes[0], bytes[1]])),
            };
            said.insert(bytes[length + 1], value);
            bytes = &bytes[length + 2..];
        }
        assert!(page.is_none(), "the last page does not end");
        pages
    }
}

/// Bytes packed as both PCLs pack them (TIFF 6.0, section 9).
fn unpacked_bytes(mut packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((code, rest)) = packed.split_first() {
        let length = match code {
            128 => 0,
            ..128 => {
                let length = usize::from(*code) + 1;
                bytes.extend_from_slice(&rest[..length]);
                length
            }
            _ => {
                bytes.extend(vec![rest[0]; 257 - usize::from(*code)]);
                1
            }
        };
        packed = &rest[length..];
    }
    bytes
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
            _ => panic!("{bits} bits in color space {space}"),
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
