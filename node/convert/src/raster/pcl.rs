//! PCL 5 of pictures (HP, PCL 5 Printer Language Technical Reference Manual), black and white. One
//! form feed ends each page, so that pages are what was counted here.
//!
//! Raster begins at the edge of the logical page, which lies a little inside the left edge of the
//! paper: that strip is left out, as no such printer reaches it.

use std::io::{self, Write};

use super::super::media::PageSize;
use super::page::Pixels;
use super::press::{OutPage, WritePages};
use super::runs::pack_bits;

/// Resolutions that raster may have (`Esc * t # R`).
pub(in super::super) const RESOLUTIONS: [u32; 5] = [100, 150, 200, 300, 600];

/// Paper, by its number (`Esc & l # A`).
const PAPERS: [(&str, u32); 12] = [
    ("na_executive_7.25x10.5in", 1),
    ("na_letter_8.5x11in", 2),
    ("na_legal_8.5x14in", 3),
    ("na_ledger_11x17in", 6),
    ("iso_a6_105x148mm", 24),
    ("iso_a5_148x210mm", 25),
    ("iso_a4_210x297mm", 26),
    ("iso_a3_297x420mm", 27),
    ("jis_b5_182x257mm", 45),
    ("na_number-10_4.125x9.5in", 81),
    ("iso_dl_110x220mm", 90),
    ("iso_b5_176x250mm", 100),
];
/// Paper of any other size.
const CUSTOM: u32 = 101;

/// Where the logical page begins, in 1/300 inch: on ISO paper, and on all other.
const INSIDE: (u32, u32) = (71, 75);

pub(super) struct PclWriter<W> {
    out: W,
    /// Pixels of the left that are left out, and bytes of a line after them.
    inside: usize,
    bytes: usize,
    /// Empty lines that were not written yet.
    empty: u32,
    shifted: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> PclWriter<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(b"\x1bE")?;
        Ok(Self {
            out,
            inside: 0,
            bytes: 0,
            empty: 0,
            shifted: Vec::new(),
            packed: Vec::new(),
        })
    }
}

impl<W: Write> WritePages for PclWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        if page.pixels != Pixels::Black1 {
            return Err(io::Error::other("PCL supports only black pixels"));
        }
        let size = PageSize::from_pixels(page.width, page.height, page.resolution);
        let name = size.map(PageSize::name).unwrap_or_default();
        let paper = PAPERS.iter().find(|(paper, _)| *paper == name);
        let paper = paper.map_or(CUSTOM, |(_, number)| *number);
        let inside = if name.starts_with("iso_") {
            INSIDE.0
        } else {
            INSIDE.1
        };
        self.inside = (u64::from(inside) * u64::from(page.resolution) / 300) as usize;
        let width = (page.width as usize).saturating_sub(self.inside);
        self.bytes = width.div_ceil(8);
        self.empty = 0;
        let duplex = match out.duplex {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        let resolution = page.resolution;
        // Said for each page; where nothing changes, nothing happens. Then: portrait, no margins at
        // top and perforation, units, and the picture's size and place.
        write!(
            self.out,
            "\x1b&l{duplex}S\x1b&l{paper}A\x1b&l0O\x1b&l0E\x1b&l0L\x1b&u{resolution}D\
             \x1b*t{resolution}R\x1b*r0F\x1b*r{width}s{height}T\x1b*p0x0Y\x1b*r1A\x1b*b2M",
            height = page.height,
        )
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let Self { inside, bytes, .. } = *self;
        self.shifted.clear();
        let (skip, shift) = (inside / 8, inside % 8);
        let after = |at: usize| line.get(at).copied().unwrap_or(0);
        self.shifted.extend((0..bytes).map(|at| {
            let pair = u16::from_be_bytes([after(skip + at), after(skip + at + 1)]);
            (pair >> (8 - shift)) as u8
        }));
        let used = self.shifted.iter().rposition(|byte| *byte != 0);
        let Some(last) = used else {
            self.empty += 1;
            return Ok(());
        };
        if self.empty > 0 {
            write!(self.out, "\x1b*b{}Y", self.empty)?;
            self.empty = 0;
        }
        self.packed.clear();
        pack_bits(&mut self.packed, &self.shifted[..=last]);
        write!(self.out, "\x1b*b{}W", self.packed.len())?;
        self.out.write_all(&self.packed)
    }

    fn end_page(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x1b*rB\x0c")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x1bE")?;
        self.out.flush()
    }
}
