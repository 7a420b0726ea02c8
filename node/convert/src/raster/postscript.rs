//! PostScript language level 2 of pictures, for printers that take nothing newer. Only letters and
//! digits go out, because raw ports may take other bytes for commands.

use std::io::{self, Write};

use super::page::Pixels;
use super::press::{OutPage, WritePages};
use super::runs::pack_bits;

/// Groups of four bytes on a line of text.
const GROUPS: usize = 15;

pub(super) struct PostScriptWriter<W> {
    out: W,
    pages: u32,
    text: Ascii85,
    packed: Vec<u8>,
}

impl<W: Write> PostScriptWriter<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(b"%!PS-Adobe-3.0\n%%LanguageLevel: 2\n%%Pages: (atend)\n%%EndComments\n")?;
        Ok(Self {
            out,
            pages: 0,
            text: Ascii85::default(),
            packed: Vec::new(),
        })
    }
}

impl<W: Write> WritePages for PostScriptWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        self.pages += 1;
        let points = |side: u32| f64::from(side) * 72.0 / f64::from(page.resolution);
        let (width, height) = (points(page.width), points(page.height));
        let (space, bits, decode) = match page.pixels {
            Pixels::Black1 => ("DeviceGray", 1, "1 0"),
            Pixels::Gray8 => ("DeviceGray", 8, "0 1"),
            Pixels::Rgb8 => ("DeviceRGB", 8, "0 1 0 1 0 1"),
        };
        let number = self.pages;
        write!(
            self.out,
            "%%Page: {number} {number}\n<</PageSize[{width:.3} {height:.3}]/ImagingBBox null>>setpagedevice\n\
             gsave {width:.3} {height:.3} scale /{space} setcolorspace\n\
             <</ImageType 1/Width {w}/Height {h}/BitsPerComponent {bits}/Decode[{decode}]\
             /ImageMatrix[{w} 0 0 -{h} 0 {h}]\n\
             /DataSource currentfile/ASCII85Decode filter/RunLengthDecode filter>>image\n",
            w = page.width,
            h = page.height
        )
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.packed.clear();
        pack_bits(&mut self.packed, line);
        self.text.write(&mut self.out, &self.packed)
    }

    fn end_page(&mut self) -> io::Result<()> {
        /// The end of packed data.
        const END: u8 = 128;
        self.text.write(&mut self.out, &[END])?;
        self.text.finish(&mut self.out)?;
        self.out.write_all(b"grestore showpage\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        write!(self.out, "%%Trailer\n%%Pages: {}\n%%EOF\n", self.pages)?;
        self.out.flush()
    }
}

/// `ASCII85Encode`: four bytes become five letters.
#[derive(Default)]
struct Ascii85 {
    left: Vec<u8>,
    groups: usize,
}

impl Ascii85 {
    fn write(&mut self, out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        self.left.extend_from_slice(bytes);
        let whole = self.left.len() / 4 * 4;
        let mut text = Vec::with_capacity(whole / 4 * 5 + whole / GROUPS);
        for group in self.left[..whole].chunks_exact(4) {
            match group {
                [0, 0, 0, 0] => text.push(b'z'),
                _ => text.extend(letters([group[0], group[1], group[2], group[3]])),
            }
            self.groups += 1;
            if self.groups.is_multiple_of(GROUPS) {
                text.push(b'\n');
            }
        }
        self.left.drain(..whole);
        out.write_all(&text)
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        let count = self.left.len();
        if count > 0 {
            let mut group = [0; 4];
            group[..count].copy_from_slice(&self.left);
            out.write_all(&letters(group)[..=count])?;
            self.left.clear();
        }
        self.groups = 0;
        out.write_all(b"~>\n")
    }
}

fn letters(group: [u8; 4]) -> [u8; 5] {
    let mut value = u32::from_be_bytes(group);
    let mut letters = [0; 5];
    for letter in letters.iter_mut().rev() {
        *letter = b'!' + (value % 85) as u8;
        value /= 85;
    }
    letters
}
