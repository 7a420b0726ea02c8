//! PDF of pictures (ISO 32000-1), written in one go: what is not known yet is said afterwards.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::page::Pixels;
use super::press::{OutPage, WritePages};

/// Objects that every document has, and objects per page.
const CATALOG: usize = 1;
const PAGES: usize = 2;

pub(super) struct PdfWriter<W: Write> {
    /// None only while a page's picture is being packed.
    out: Option<Counted<W>>,
    picture: Option<(ZlibEncoder<Counted<W>>, u64)>,
    /// Where objects begin; 0 for those to come. The first is object 1.
    objects: Vec<u64>,
    kids: Vec<usize>,
}

/// A writer that knows how far it is.
struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> PdfWriter<W> {
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let mut out = Counted { out, written: 0 };
        out.write_all(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")?;
        Ok(Self {
            out: Some(out),
            picture: None,
            objects: vec![0; PAGES],
            kids: Vec::new(),
        })
    }

    fn out(&mut self) -> io::Result<&mut Counted<W>> {
        self.out
            .as_mut()
            .ok_or_else(|| io::Error::other("a page was not ended"))
    }

    /// Begins the next object, or one whose number was given before.
    fn object(&mut self, number: Option<usize>) -> io::Result<usize> {
        let at = self.out()?.written;
        let number = number.unwrap_or(self.objects.len() + 1);
        if number > self.objects.len() {
            self.objects.push(at);
        } else {
            self.objects[number - 1] = at;
        }
        write!(self.out()?, "{number} 0 obj")?;
        Ok(number)
    }
}

impl<W: Write> WritePages for PdfWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        let points = |side: u32| f64::from(side) * 72.0 / f64::from(page.resolution);
        let (width, height) = (points(page.width), points(page.height));
        let drawing = format!("q {width:.3} 0 0 {height:.3} 0 0 cm /I Do Q");
        let contents = self.object(None)?;
        let length = drawing.len();
        writeln!(
            self.out()?,
            "<</Length {length}>>stream\n{drawing}\nendstream endobj"
        )?;
        let kid = self.object(None)?;
        let picture = kid + 1;
        writeln!(
            self.out()?,
            "<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 {width:.3} {height:.3}]/Contents {contents} 0 R\
             /Resources<</XObject<</I {picture} 0 R>>>>>>endobj"
        )?;
        self.kids.push(kid);
        self.object(None)?;
        let (space, bits, decode) = match page.pixels {
            Pixels::Black1 => ("DeviceGray", 1, "/Decode[1 0]"),
            Pixels::Gray8 => ("DeviceGray", 8, ""),
            Pixels::Rgb8 => ("DeviceRGB", 8, ""),
        };
        writeln!(
            self.out()?,
            "<</Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/{space}/BitsPerComponent {bits}{decode}\
             /Filter/FlateDecode/Length {} 0 R>>stream",
            page.width,
            page.height,
            picture + 1
        )?;
        if let Some(out) = self.out.take() {
            let begun = out.written;
            self.picture = Some((ZlibEncoder::new(out, Compression::fast()), begun));
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.picture {
            Some((picture, _)) => picture.write_all(line),
            None => Err(io::Error::other("a line outside of a page")),
        }
    }

    fn end_page(&mut self) -> io::Result<()> {
        let Some((picture, begun)) = self.picture.take() else {
            return Ok(());
        };
        let out = self.out.insert(picture.finish()?);
        let length = out.written - begun;
        out.write_all(b"\nendstream endobj\n")?;
        self.object(None)?;
        writeln!(self.out()?, " {length} endobj")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.object(Some(PAGES))?;
        let kids: Vec<String> = self.kids.iter().map(|kid| format!("{kid} 0 R")).collect();
        let (count, kids) = (kids.len(), kids.join(" "));
        writeln!(
            self.out()?,
            "<</Type/Pages/Count {count}/Kids[{kids}]>>endobj"
        )?;
        self.object(Some(CATALOG))?;
        writeln!(self.out()?, "<</Type/Catalog/Pages {PAGES} 0 R>>endobj")?;
        let objects = std::mem::take(&mut self.objects);
        let (at, size) = (self.out()?.written, objects.len() + 1);
        let out = self.out()?;
        writeln!(out, "xref\n0 {size}\n0000000000 65535 f ")?;
        for object in objects {
            writeln!(out, "{object:010} 00000 n ")?;
        }
        write!(
            out,
            "trailer<</Size {size}/Root {CATALOG} 0 R>>\nstartxref\n{at}\n%%EOF\n"
        )?;
        out.flush()
    }
}
