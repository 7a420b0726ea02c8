//! Taking pages from one format to another: chosen, repeated, colored, scaled, turned.
//!
//! Lives here: what a device that cannot do it by itself is spared. Not here: the formats.

use std::io::{self, Read, Write};

use papermesh_protocol::job::PageRanges;
use papermesh_protocol::text::counted;
use serde::{Deserialize, Serialize};

use super::super::device::{SheetBack, best_resolution};
use super::super::limits;
use super::super::placing::Paper;
use super::page::{Page, Pixels, RasterError, ReadPages};
use super::placed::Placed;
use super::{AnyPages, color, pcl, pclxl, pdf, postscript, pwg, urf};

/// What pages are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Source {
    /// A renderer's portable anymap.
    Pnm,
    /// PWG raster.
    Pwg,
    /// Apple raster.
    Urf,
}

/// What pages are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Target {
    /// PWG raster.
    Pwg,
    /// Apple raster.
    Urf,
    /// PDF, a picture on each page.
    Pdf,
    /// PostScript language level 2, a picture on each page.
    PostScript,
    /// PCL 5, black.
    Pcl,
    /// PCL XL.
    PclXl,
}

/// What to do with pages on their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Press {
    /// What comes,
    pub(in super::super) source: Source,
    /// and what goes.
    pub(in super::super) target: Target,
    /// The source's dots per inch, where the format does not say.
    pub(in super::super) resolution: u32,
    /// The kinds of pixels that may go; not none.
    pub(in super::super) kinds: Vec<Pixels>,
    /// The resolutions that may go; none for any.
    pub(in super::super) resolutions: Vec<u32>,
    /// The paper that pages are put on; none for pages as large as they come.
    pub(in super::super) paper: Option<Paper>,
    /// Which of the source's pages.
    pub(in super::super) pages: PageRanges,
    /// How many copies, one after the other. More than one needs a source that can be read again.
    pub(in super::super) copies: u16,
    /// Printed on both sides, and whether sheets are turned at the short edge.
    pub(in super::super) duplex: Option<bool>,
    /// How backs lie.
    pub(in super::super) back: SheetBack,
    /// The source has copies of so many pages one after the other, each of which begins a sheet.
    pub(in super::super) copy_of: Option<u32>,
    /// Pages in all, where known; else 0. A renderer that gives fewer, or more, has failed.
    pub(in super::super) total: u32,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Made {
    /// Pages that were written, with the empty backs between copies.
    pub(in super::super) pages: u32,
    /// Which of the pages that were taken have nothing on them, counted from 0 as they came, each once
    /// for all copies; one more than [`limits::BLANKS`] of them at most.
    pub(in super::super) blank: Vec<u32>,
}

/// Why pages did not get through.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PressError {
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] RasterError),
    /// They cannot be written.
    #[error("the converted document cannot be written: {0}")]
    Write(#[source] io::Error),
    /// None was chosen.
    #[error("it has none of the requested pages")]
    NoPages,
    /// The renderer gave up on the way, or sees another document.
    #[error("{} came out instead of {total}", counted((*written).into(), "page"))]
    Miscounted {
        /// Pages that were made.
        written: u32,
        /// Pages that it has.
        total: u32,
    },
    /// It ends too early.
    #[error("it is incomplete: it claims {promised} pages, but page {} is missing", found + 1)]
    Cut {
        /// Pages that it says it has.
        promised: u32,
        /// Pages that are there.
        found: u32,
    },
    /// Too many.
    #[error("it has more than {} pages, copies included", limits::PAGES)]
    TooMany,
}

/// Bytes that are written at once.
const BUFFER: usize = 256 * 1024;

/// A buffer that is lost when writing ends with an error: of a small document that turns out to be
/// broken, a device is to see nothing at all.
struct Buffered<W> {
    out: W,
    waiting: Vec<u8>,
}

impl<W: Write> Write for Buffered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= BUFFER {
            self.out.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        self.out.flush()
    }
}

/// A page as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutPage {
    pub(super) page: Page,
    /// Printed on both sides, and whether sheets are turned at the short edge.
    pub(super) duplex: Option<bool>,
    /// Whether its lines are mirrored left to right, and its page top to bottom.
    pub(super) mirrored: (bool, bool),
    /// Pages of the document; 0 where not known.
    pub(super) total: u32,
}

/// Something to write pages to.
pub(super) trait WritePages {
    fn begin_page(&mut self, page: &OutPage) -> io::Result<()>;
    fn line(&mut self, line: &[u8]) -> io::Result<()>;
    fn end_page(&mut self) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

impl Press {
    /// Does it. `open` gives the source from its beginning, once per copy.
    pub(in super::super) fn run<R: Read>(
        &self,
        mut open: impl FnMut() -> io::Result<R>,
        out: impl Write,
    ) -> Result<Made, PressError> {
        let mut writer = self.writer(out).map_err(PressError::Write)?;
        let mut out = Sheets {
            press: self,
            writer: &mut *writer,
            written: 0,
            last: None,
        };
        let mut blank = Vec::new();
        for _ in 0..self.copies {
            let input = open().map_err(RasterError::from)?;
            let mut reader = self.reader(input)?;
            out.begin_sheet()?;
            let (mut number, mut taken) = (0u32, 0u32);
            while let Some(page) = reader.page()? {
                number = number.saturating_add(1);
                if number > limits::PAGES {
                    return Err(PressError::TooMany);
                }
                if !self.pages.has(number) {
                    skip(&mut *reader, page)?;
                    continue;
                }
                if self
                    .copy_of
                    .is_some_and(|pages| pages > 0 && taken % pages == 0)
                {
                    out.begin_sheet()?;
                }
                if out.page(&mut *reader, page)? == Ink::None && blank.len() <= limits::BLANKS {
                    let place = match self.copy_of {
                        Some(pages) if pages > 0 => taken % pages,
                        _ => taken,
                    };
                    if !blank.contains(&place) {
                        blank.push(place);
                    }
                }
                taken += 1;
            }
            match reader.promised() {
                Some(promised) if number < promised => {
                    return Err(PressError::Cut {
                        promised,
                        found: number,
                    });
                }
                _ => {}
            }
        }
        let pages = out.written;
        if pages == 0 {
            return Err(PressError::NoPages);
        }
        if self.total != 0 && pages != self.total {
            return Err(PressError::Miscounted {
                written: pages,
                total: self.total,
            });
        }
        writer.finish().map_err(PressError::Write)?;
        Ok(Made { pages, blank })
    }

    fn reader<'a>(&self, input: impl Read + 'a) -> Result<AnyPages<'a>, RasterError> {
        let pages = super::open(self.source, self.resolution, input)?;
        Ok(match self.paper {
            Some(paper) => Box::new(Placed::new(pages, paper)),
            None => pages,
        })
    }

    fn writer<'a>(&self, out: impl Write + 'a) -> io::Result<Box<dyn WritePages + 'a>> {
        let out = Buffered {
            out,
            waiting: Vec::with_capacity(BUFFER),
        };
        Ok(match self.target {
            Target::Pwg => Box::new(pwg::PwgWriter::begin(out)?),
            Target::Urf => Box::new(urf::UrfWriter::begin(out, self.total)?),
            Target::Pdf => Box::new(pdf::PdfWriter::begin(out)?),
            Target::PostScript => Box::new(postscript::PostScriptWriter::begin(out)?),
            Target::Pcl => Box::new(pcl::PclWriter::begin(out)?),
            Target::PclXl => Box::new(pclxl::PclXlWriter::begin(out)?),
        })
    }

    /// The page that a page becomes.
    fn target_page(&self, page: Page) -> Result<Page, RasterError> {
        let preferred = match page.pixels {
            Pixels::Rgb8 => [Pixels::Rgb8, Pixels::Gray8, Pixels::Black1],
            Pixels::Gray8 => [Pixels::Gray8, Pixels::Rgb8, Pixels::Black1],
            Pixels::Black1 => [Pixels::Black1, Pixels::Gray8, Pixels::Rgb8],
        };
        let pixels = preferred.into_iter().find(|kind| self.kinds.contains(kind));
        let resolution = match self.resolutions.as_slice() {
            [] => page.resolution,
            listed if listed.contains(&page.resolution) => page.resolution,
            listed => best_resolution(listed),
        };
        let scaled = |side: u32| {
            let side = u64::from(side) * u64::from(resolution) / u64::from(page.resolution.max(1));
            u32::try_from(side.max(1)).unwrap_or(u32::MAX)
        };
        Page {
            width: scaled(page.width),
            height: scaled(page.height),
            pixels: pixels.unwrap_or(page.pixels),
            resolution,
        }
        .check()
    }
}

fn skip(reader: &mut dyn ReadPages, page: Page) -> Result<(), RasterError> {
    let mut line = Vec::new();
    (0..page.height).try_for_each(|_| reader.line(&mut line))
}

/// Whether there is anything on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    None,
    Some,
}

impl Ink {
    fn on(self, page: Page, line: &[u8]) -> Self {
        match self {
            Self::None if line.iter().all(|byte| *byte == page.pixels.white()) => Self::None,
            _ => Self::Some,
        }
    }
}

/// Pages on their way out, two to a sheet where both sides are printed.
struct Sheets<'a> {
    press: &'a Press,
    writer: &'a mut (dyn WritePages + 'a),
    written: u32,
    last: Option<Page>,
}

impl Sheets<'_> {
    /// Makes the next page a front, with an empty back before it where there is none.
    fn begin_sheet(&mut self) -> Result<(), PressError> {
        match self.last {
            Some(page) if self.press.duplex.is_some() && self.written % 2 == 1 => {
                self.begin(page)?;
                let blank = vec![page.pixels.white(); page.bytes_per_line()];
                for _ in 0..page.height {
                    self.put(&blank)?;
                }
                self.writer.end_page().map_err(PressError::Write)
            }
            _ => Ok(()),
        }
    }

    /// Begins a page and says how it is mirrored.
    fn begin(&mut self, page: Page) -> Result<(bool, bool), PressError> {
        if self.written >= limits::PAGES {
            return Err(PressError::TooMany);
        }
        let mirrored = match self.press.duplex {
            Some(tumble) if self.written % 2 == 1 => self.press.back.mirrored(tumble),
            _ => (false, false),
        };
        let page = OutPage {
            page,
            duplex: self.press.duplex,
            mirrored,
            total: self.press.total,
        };
        self.written += 1;
        self.writer.begin_page(&page).map_err(PressError::Write)?;
        Ok(mirrored)
    }

    fn page(&mut self, reader: &mut dyn ReadPages, from: Page) -> Result<Ink, PressError> {
        let to = self.press.target_page(from)?;
        let (across, down) = self.begin(to)?;
        self.last = Some(to);
        let mut lines = Lines::new(from, to, across);
        let mut ink = Ink::None;
        if down {
            let mut page = Vec::with_capacity(to.bytes_per_line() * to.height as usize);
            for y in 0..to.height {
                page.extend_from_slice(lines.at(reader, y)?);
            }
            for line in page.chunks_exact(to.bytes_per_line()).rev() {
                ink = ink.on(to, line);
                self.put(line)?;
            }
        } else {
            for y in 0..to.height {
                let line = lines.at(reader, y)?;
                ink = ink.on(to, line);
                self.put(line)?;
            }
        }
        lines.finish(reader)?;
        self.writer.end_page().map_err(PressError::Write)?;
        Ok(ink)
    }

    fn put(&mut self, line: &[u8]) -> Result<(), PressError> {
        self.writer.line(line).map_err(PressError::Write)
    }
}

/// The lines of one page, colored, scaled and mirrored.
struct Lines {
    from: Page,
    to: Page,
    across: bool,
    /// Lines of the source that were read.
    read: u32,
    raw: Vec<u8>,
    colored: Vec<u8>,
    scaled: Vec<u8>,
    line: Vec<u8>,
}

impl Lines {
    fn new(from: Page, to: Page, across: bool) -> Self {
        let (raw, colored, scaled, line) = Default::default();
        Self {
            from,
            to,
            across,
            read: 0,
            raw,
            colored,
            scaled,
            line,
        }
    }

    /// Line `y` of the page that is written; asked for in order.
    fn at(&mut self, reader: &mut dyn ReadPages, y: u32) -> Result<&[u8], RasterError> {
        let source = u64::from(y) * u64::from(self.from.height) / u64::from(self.to.height);
        if u64::from(self.read) > source {
            return Ok(&self.line); // the same again
        }
        while u64::from(self.read) <= source {
            reader.line(&mut self.raw)?;
            self.read += 1;
        }
        let (from, to) = (self.from, self.to);
        if from.width == to.width {
            color::convert(
                from.pixels,
                to.pixels,
                (from.width, y),
                &self.raw,
                &mut self.line,
            );
        } else if to.pixels == Pixels::Black1 {
            // Dots are made of what was scaled: scaled dots would be patterns.
            let gray = if from.pixels == Pixels::Rgb8 {
                Pixels::Rgb8
            } else {
                Pixels::Gray8
            };
            let at = (from.width, y);
            color::convert(from.pixels, gray, at, &self.raw, &mut self.colored);
            color::scale(gray, from.width, to.width, &self.colored, &mut self.scaled);
            color::convert(gray, to.pixels, (to.width, y), &self.scaled, &mut self.line);
        } else {
            color::convert(
                from.pixels,
                to.pixels,
                (from.width, y),
                &self.raw,
                &mut self.colored,
            );
            color::scale(
                to.pixels,
                from.width,
                to.width,
                &self.colored,
                &mut self.line,
            );
        }
        if self.across {
            color::mirror(to.pixels, to.width, &mut self.line);
        }
        Ok(&self.line)
    }

    /// Reads what is left of the page.
    fn finish(&mut self, reader: &mut dyn ReadPages) -> Result<(), RasterError> {
        while self.read < self.from.height {
            reader.line(&mut self.raw)?;
            self.read += 1;
        }
        Ok(())
    }
}
