//! PCL XL of pictures (HP, PCL XL Feature Reference Protocol Class 2.0): a picture on each page, in
//! blocks of lines. Numbers are little endian.

use std::io::{self, Write};

use super::super::media::PageSize;
use super::page::Pixels;
use super::press::{OutPage, WritePages};
use super::runs::pack_bits;

/// Lines of one block.
const BLOCK: u32 = 64;
/// Lines are made this many bytes long, or a multiple.
const PAD: usize = 4;

/// What stands before the stream, and after it: the printer's way into the language and out.
const ENTER: &[u8] = b"\x1b%-12345X@PJL ENTER LANGUAGE=PCLXL\n) HP-PCL XL;2;0\n";
const LEAVE: &[u8] = b"\x1b%-12345X";

/// Operators (section 3.2).
mod operator {
    pub(super) const BEGIN_SESSION: u8 = 0x41;
    pub(super) const END_SESSION: u8 = 0x42;
    pub(super) const BEGIN_PAGE: u8 = 0x43;
    pub(super) const END_PAGE: u8 = 0x44;
    pub(super) const OPEN_DATA_SOURCE: u8 = 0x48;
    pub(super) const CLOSE_DATA_SOURCE: u8 = 0x49;
    pub(super) const SET_COLOR_SPACE: u8 = 0x6a;
    pub(super) const SET_CURSOR: u8 = 0x6b;
    pub(super) const BEGIN_IMAGE: u8 = 0xb0;
    pub(super) const READ_IMAGE: u8 = 0xb1;
    pub(super) const END_IMAGE: u8 = 0xb2;
}

/// Attributes (section 3.3).
mod attribute {
    pub(super) const COLOR_SPACE: u8 = 0x03;
    pub(super) const MEDIA_SIZE: u8 = 0x25;
    pub(super) const MEDIA_SOURCE: u8 = 0x26;
    pub(super) const ORIENTATION: u8 = 0x28;
    pub(super) const CUSTOM_MEDIA_SIZE: u8 = 0x2f;
    pub(super) const CUSTOM_MEDIA_UNITS: u8 = 0x30;
    pub(super) const PAGE_COPIES: u8 = 0x31;
    pub(super) const SIMPLEX_PAGE_MODE: u8 = 0x34;
    pub(super) const DUPLEX_PAGE_MODE: u8 = 0x35;
    pub(super) const DUPLEX_PAGE_SIDE: u8 = 0x36;
    pub(super) const POINT: u8 = 0x4c;
    pub(super) const COLOR_DEPTH: u8 = 0x62;
    pub(super) const BLOCK_HEIGHT: u8 = 0x63;
    pub(super) const COLOR_MAPPING: u8 = 0x64;
    pub(super) const COMPRESS_MODE: u8 = 0x65;
    pub(super) const DESTINATION_SIZE: u8 = 0x67;
    pub(super) const SOURCE_HEIGHT: u8 = 0x6b;
    pub(super) const SOURCE_WIDTH: u8 = 0x6c;
    pub(super) const START_LINE: u8 = 0x6d;
    pub(super) const DATA_ORIGIN: u8 = 0x82;
    pub(super) const MEASURE: u8 = 0x86;
    pub(super) const SOURCE_TYPE: u8 = 0x88;
    pub(super) const UNITS_PER_MEASURE: u8 = 0x89;
    pub(super) const ERROR_REPORT: u8 = 0x8f;
}

/// Kinds of data (section 3.1).
mod tag {
    pub(super) const UBYTE: u8 = 0xc0;
    pub(super) const UINT16: u8 = 0xc1;
    pub(super) const UINT16_XY: u8 = 0xd1;
    pub(super) const SINT16_XY: u8 = 0xd3;
    pub(super) const REAL32_XY: u8 = 0xd5;
    pub(super) const ATTRIBUTE: u8 = 0xf8;
    pub(super) const DATA: u8 = 0xfa;
}

/// `MediaSize` (section 4.2).
const PAPERS: [(&str, u8); 11] = [
    ("na_letter_8.5x11in", 0),
    ("na_legal_8.5x14in", 1),
    ("iso_a4_210x297mm", 2),
    ("na_executive_7.25x10.5in", 3),
    ("na_ledger_11x17in", 4),
    ("iso_a3_297x420mm", 5),
    ("na_number-10_4.125x9.5in", 6),
    ("iso_dl_110x220mm", 9),
    ("jis_b5_182x257mm", 11),
    ("iso_a5_148x210mm", 16),
    ("iso_a6_105x148mm", 17),
];

pub(super) struct PclXlWriter<W> {
    out: W,
    /// Pixels per inch of the session, which begins with its first page.
    session: Option<u32>,
    pages: u32,
    pixels: Pixels,
    /// Lines of the page that were taken, of the block that waits, and the block.
    lines: u32,
    waiting: u32,
    block: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> PclXlWriter<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(ENTER)?;
        Ok(Self {
            out,
            session: None,
            pages: 0,
            pixels: Pixels::Gray8,
            lines: 0,
            waiting: 0,
            block: Vec::new(),
            packed: Vec::new(),
        })
    }

    fn begin_session(&mut self, resolution: u32) -> io::Result<()> {
        let mut say = Saying::default();
        let units = short(resolution)?;
        say.pair(tag::UINT16_XY, (units, units), attribute::UNITS_PER_MEASURE);
        say.byte(0, attribute::MEASURE); // inches
        say.byte(3, attribute::ERROR_REPORT); // told, and printed
        say.done(operator::BEGIN_SESSION);
        say.byte(0, attribute::SOURCE_TYPE);
        say.byte(1, attribute::DATA_ORIGIN); // low byte first
        say.done(operator::OPEN_DATA_SOURCE);
        self.session = Some(resolution);
        self.out.write_all(&say.0)
    }

    fn give_block(&mut self) -> io::Result<()> {
        if self.waiting == 0 {
            return Ok(());
        }
        let mut say = Saying::default();
        say.short(short(self.lines - self.waiting)?, attribute::START_LINE);
        say.short(short(self.waiting)?, attribute::BLOCK_HEIGHT);
        say.byte(1, attribute::COMPRESS_MODE); // runs
        say.done(operator::READ_IMAGE);
        self.packed.clear();
        pack_bits(&mut self.packed, &self.block);
        let length = u32::try_from(self.packed.len()).map_err(io::Error::other)?;
        say.0.push(tag::DATA);
        say.0.extend(length.to_le_bytes());
        self.out.write_all(&say.0)?;
        self.out.write_all(&self.packed)?;
        self.block.clear();
        self.waiting = 0;
        Ok(())
    }
}

impl<W: Write> WritePages for PclXlWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        let units = match self.session {
            Some(units) => units,
            None => {
                self.begin_session(page.resolution)?;
                page.resolution
            }
        };
        let mut say = Saying::default();
        say.byte(0, attribute::ORIENTATION); // portrait
        let size = PageSize::from_pixels(page.width, page.height, page.resolution);
        let name = size.map(PageSize::name).unwrap_or_default();
        match PAPERS.iter().find(|(paper, _)| *paper == name) {
            Some((_, number)) => say.byte(*number, attribute::MEDIA_SIZE),
            None => {
                let inches = |side: u32| (f64::from(side) / f64::from(page.resolution)) as f32;
                say.reals(
                    (inches(page.width), inches(page.height)),
                    attribute::CUSTOM_MEDIA_SIZE,
                );
                say.byte(0, attribute::CUSTOM_MEDIA_UNITS); // inches
            }
        }
        say.byte(1, attribute::MEDIA_SOURCE); // as the printer is set
        match out.duplex {
            None => say.byte(0, attribute::SIMPLEX_PAGE_MODE),
            Some(tumble) => {
                say.byte(u8::from(!tumble), attribute::DUPLEX_PAGE_MODE);
                say.byte(u8::from(self.pages % 2 == 1), attribute::DUPLEX_PAGE_SIDE);
            }
        }
        say.done(operator::BEGIN_PAGE);
        say.pair(tag::SINT16_XY, (0, 0), attribute::POINT);
        say.done(operator::SET_CURSOR);
        let (space, depth) = match page.pixels {
            Pixels::Black1 => (1, 0),
            Pixels::Gray8 => (1, 2),
            Pixels::Rgb8 => (2, 2),
        };
        say.byte(space, attribute::COLOR_SPACE);
        say.done(operator::SET_COLOR_SPACE);
        let scaled = |side: u32| {
            let side = u64::from(side) * u64::from(units) / u64::from(page.resolution.max(1));
            short(u32::try_from(side).unwrap_or(u32::MAX))
        };
        say.byte(0, attribute::COLOR_MAPPING); // the pixels are the colors
        say.byte(depth, attribute::COLOR_DEPTH);
        say.short(short(page.width)?, attribute::SOURCE_WIDTH);
        say.short(short(page.height)?, attribute::SOURCE_HEIGHT);
        say.pair(
            tag::UINT16_XY,
            (scaled(page.width)?, scaled(page.height)?),
            attribute::DESTINATION_SIZE,
        );
        say.done(operator::BEGIN_IMAGE);
        self.pages += 1;
        self.pixels = page.pixels;
        (self.lines, self.waiting) = (0, 0);
        self.block.clear();
        self.out.write_all(&say.0)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let begin = self.block.len();
        match self.pixels {
            // There, 0 is black.
            Pixels::Black1 => self.block.extend(line.iter().map(|byte| !byte)),
            Pixels::Gray8 | Pixels::Rgb8 => self.block.extend_from_slice(line),
        }
        self.block
            .resize(begin + line.len().next_multiple_of(PAD), 0xff);
        (self.lines, self.waiting) = (self.lines + 1, self.waiting + 1);
        match self.waiting {
            BLOCK => self.give_block(),
            _ => Ok(()),
        }
    }

    fn end_page(&mut self) -> io::Result<()> {
        self.give_block()?;
        let mut say = Saying::default();
        say.done(operator::END_IMAGE);
        say.short(1, attribute::PAGE_COPIES);
        say.done(operator::END_PAGE);
        self.out.write_all(&say.0)
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut say = Saying::default();
        if self.session.is_some() {
            say.done(operator::CLOSE_DATA_SOURCE);
            say.done(operator::END_SESSION);
        }
        self.out.write_all(&say.0)?;
        self.out.write_all(LEAVE)?;
        self.out.flush()
    }
}

fn short(value: u32) -> io::Result<u16> {
    u16::try_from(value).map_err(|_| io::Error::other("a page is too large for PCL XL"))
}

/// Attributes with their values, and then the operator that they are for.
#[derive(Default)]
struct Saying(Vec<u8>);

impl Saying {
    fn byte(&mut self, value: u8, attribute: u8) {
        self.value(tag::UBYTE, &[value], attribute);
    }

    fn short(&mut self, value: u16, attribute: u8) {
        self.value(tag::UINT16, &value.to_le_bytes(), attribute);
    }

    fn pair(&mut self, kind: u8, (x, y): (u16, u16), attribute: u8) {
        let value = [x.to_le_bytes(), y.to_le_bytes()].concat();
        self.value(kind, &value, attribute);
    }

    fn reals(&mut self, (x, y): (f32, f32), attribute: u8) {
        let value = [x.to_le_bytes(), y.to_le_bytes()].concat();
        self.value(tag::REAL32_XY, &value, attribute);
    }

    fn value(&mut self, kind: u8, value: &[u8], attribute: u8) {
        self.0.push(kind);
        self.0.extend_from_slice(value);
        self.0.extend([tag::ATTRIBUTE, attribute]);
    }

    fn done(&mut self, operator: u8) {
        self.0.push(operator);
    }
}
