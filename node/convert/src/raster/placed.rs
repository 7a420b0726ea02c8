//! Pages of pixels put on paper of one size: enlarged or not, turned or not, in the middle.
//!
//! What they are put on is white. A page is held whole only where it has to be turned.

use super::super::media::PageSize;
use super::super::placing::{Paper, Placing};
use super::page::{Page, Pixels, RasterError, ReadPages};

/// Pages, each of which is put on paper.
pub(super) struct Placed<R> {
    pages: R,
    paper: Paper,
    at: Option<PagePosition>,
    /// Lines of the page that were read, and the last of them.
    read: u32,
    raw: Vec<u8>,
    /// The page, where it has to be turned.
    whole: Vec<u8>,
}

/// Where the page lies that is being read.
struct PagePosition {
    from: Page,
    to: Page,
    turned: bool,
    /// Pixels of the page, turned, on the paper.
    width: u32,
    height: u32,
    /// Where it begins on the paper; less than 0 where it is cut.
    left: i64,
    top: i64,
    /// The next line of the paper.
    line: u32,
}

impl<R: ReadPages> Placed<R> {
    pub(super) fn new(pages: R, paper: Paper) -> Self {
        Self {
            pages,
            paper,
            at: None,
            read: 0,
            raw: Vec::new(),
            whole: Vec::new(),
        }
    }

    fn finish_page(&mut self) -> Result<(), RasterError> {
        if let Some(position) = &self.at {
            while self.read < position.from.height {
                self.pages.line(&mut self.raw)?;
                self.read += 1;
            }
        }
        Ok(())
    }

    fn read_whole(&mut self, page: Page) -> Result<(), RasterError> {
        self.whole.clear();
        while self.read < page.height {
            self.pages.line(&mut self.raw)?;
            self.whole.extend_from_slice(&self.raw);
            self.read += 1;
        }
        Ok(())
    }
}

impl<R: ReadPages> ReadPages for Placed<R> {
    fn page(&mut self) -> Result<Option<Page>, RasterError> {
        self.finish_page()?;
        self.at = None;
        self.read = 0;
        let Some(from) = self.pages.page()? else {
            return Ok(None);
        };
        let position = PagePosition::of(from, self.paper)?;
        let to = position.to;
        if position.turned {
            self.read_whole(from)?;
        }
        self.at = Some(position);
        Ok(Some(to))
    }

    fn line(&mut self, line: &mut Vec<u8>) -> Result<(), RasterError> {
        let Some(position) = &mut self.at else {
            return Err(RasterError::Malformed("a line outside a page"));
        };
        let y = i64::from(position.line) - position.top;
        position.line = position.line.saturating_add(1);
        line.clear();
        line.resize(position.to.bytes_per_line(), position.to.pixels.white());
        let Some(y) = u32::try_from(y).ok().filter(|y| *y < position.height) else {
            return Ok(());
        };
        if position.turned {
            position.column(y, &self.whole, line);
            return Ok(());
        }
        let source = scaled(y, position.height, position.from.height);
        while self.read <= source {
            self.pages.line(&mut self.raw)?;
            self.read += 1;
        }
        position.row(&self.raw, line);
        Ok(())
    }

    fn promised(&self) -> Option<u32> {
        self.pages.promised()
    }
}

impl PagePosition {
    fn of(from: Page, paper: Paper) -> Result<Self, RasterError> {
        let size = PageSize::from_pixels(from.width, from.height, from.resolution)
            .ok_or(RasterError::Malformed("a page has no size"))?;
        let placing = Placing::of(size, paper.size, paper.scaling);
        let (across, down) = match placing.turned {
            true => (from.height, from.width),
            false => (from.width, from.height),
        };
        // A page as large as the paper but for a few pixels is not scaled by them.
        let side = |side: u32| ((f64::from(side) * placing.scale).round() as u32).max(1);
        let (width, height) = (side(across), side(down));
        let (to_width, to_height) = paper.size.pixels(from.resolution);
        let to = Page {
            width: to_width,
            height: to_height,
            ..from
        }
        .check()?;
        let middle = |paper: u32, page: u32| (i64::from(paper) - i64::from(page)).div_euclid(2);
        Ok(Self {
            from,
            to,
            turned: placing.turned,
            width,
            height,
            left: middle(to_width, width),
            top: middle(to_height, height),
            line: 0,
        })
    }

    /// Pixels of the paper's line that the page covers: where they begin on the paper and on the
    /// page, and how many they are.
    fn covered(&self) -> (u32, u32, u32) {
        let clamp = |value: i64| u32::try_from(value.max(0)).unwrap_or(u32::MAX);
        let (to, from) = (clamp(self.left), clamp(-self.left));
        let count = self
            .width
            .saturating_sub(from)
            .min(self.to.width.saturating_sub(to));
        (to, from, count)
    }

    fn row(&self, raw: &[u8], line: &mut [u8]) {
        let (to, from, count) = self.covered();
        let whole = self.width == self.from.width;
        match self.from.pixels {
            Pixels::Black1 if whole && to == 0 && from == 0 => {
                copy_bits(raw, line, count);
            }
            Pixels::Black1 => {
                for x in 0..count {
                    let source = scaled(from + x, self.width, self.from.width);
                    put(line, to + x, bit(raw, source as usize));
                }
            }
            pixels => {
                let unit = pixels.unit();
                let (begin, count) = (to as usize * unit, count as usize);
                if whole {
                    let source = from as usize * unit;
                    line[begin..begin + count * unit]
                        .copy_from_slice(&raw[source..source + count * unit]);
                    return;
                }
                for (x, pixel) in line[begin..].chunks_exact_mut(unit).take(count).enumerate() {
                    let x = u32::try_from(x).unwrap_or(u32::MAX).saturating_add(from);
                    let source = scaled(x, self.width, self.from.width) as usize * unit;
                    pixel.copy_from_slice(&raw[source..source + unit]);
                }
            }
        }
    }

    /// A line of a page that lies on its side, turned against the clock: it is one of its columns,
    /// the last of them first.
    fn column(&self, y: u32, whole: &[u8], line: &mut [u8]) {
        let (to, from, count) = self.covered();
        let stride = self.from.bytes_per_line();
        let column = self.from.width - 1 - scaled(y, self.height, self.from.width);
        let unit = self.from.pixels.unit();
        for x in 0..count {
            let row = scaled(from + x, self.width, self.from.height) as usize;
            let row = &whole[row * stride..][..stride];
            match self.from.pixels {
                Pixels::Black1 => put(line, to + x, bit(row, column as usize)),
                _ => {
                    let (here, there) = ((to + x) as usize * unit, column as usize * unit);
                    line[here..here + unit].copy_from_slice(&row[there..there + unit]);
                }
            }
        }
    }
}

/// Which of `from` pixels one of `to` pixels is.
fn scaled(at: u32, to: u32, from: u32) -> u32 {
    if to == from {
        return at;
    }
    let source = u64::from(at) * u64::from(from) / u64::from(to.max(1));
    u32::try_from(source)
        .unwrap_or(u32::MAX)
        .min(from.saturating_sub(1))
}

fn bit(row: &[u8], x: usize) -> bool {
    row[x / 8] & (0x80 >> (x % 8)) != 0
}

fn put(line: &mut [u8], x: u32, black: bool) {
    if black {
        line[x as usize / 8] |= 0x80 >> (x % 8);
    }
}

/// The first so many bits.
fn copy_bits(raw: &[u8], line: &mut [u8], count: u32) {
    let (bytes, rest) = (count as usize / 8, count % 8);
    line[..bytes].copy_from_slice(&raw[..bytes]);
    if rest > 0 {
        line[bytes] = raw[bytes] & (0xff << (8 - rest));
    }
}
