//! PDF of pictures (ISO 32000-1), a page of pixels on each page.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::pdf::{Objects, Stream};
use super::page::Pixels;
use super::press::{OutPage, WritePages};

/// Objects that come last, because they name all pages.
const CATALOG: usize = 1;
const PAGES: usize = 2;

pub(super) struct PdfWriter<W: Write> {
    /// None only while a page's picture is being packed.
    out: Option<Objects<W>>,
    picture: Option<(ZlibEncoder<Objects<W>>, Stream)>,
    kids: Vec<usize>,
}

impl<W: Write> PdfWriter<W> {
    pub(super) fn begin(out: W) -> io::Result<Self> {
        Ok(Self {
            out: Some(Objects::begin(out, PAGES)?),
            picture: None,
            kids: Vec::new(),
        })
    }

    fn out(&mut self) -> io::Result<&mut Objects<W>> {
        self.out
            .as_mut()
            .ok_or_else(|| io::Error::other("a page was not ended"))
    }
}

impl<W: Write> WritePages for PdfWriter<W> {
    fn begin_page(&mut self, out: &OutPage) -> io::Result<()> {
        let page = &out.page;
        let points = |side: u32| f64::from(side) * 72.0 / f64::from(page.resolution);
        let (width, height) = (points(page.width), points(page.height));
        let drawing = format!("q {width:.3} 0 0 {height:.3} 0 0 cm /I Do Q");
        let length = drawing.len();
        let out = self.out()?;
        let contents = out.add(&format!("<</Length {length}>>stream\n{drawing}\nendstream"))?;
        let picture = out.next() + 1;
        let kid = out.add(&format!(
            "<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 {width:.3} {height:.3}]/Contents {contents} 0 R\
             /Resources<</XObject<</I {picture} 0 R>>>>>>"
        ))?;
        let (space, bits, decode) = match page.pixels {
            Pixels::Black1 => ("DeviceGray", 1, "/Decode[1 0]"),
            Pixels::Gray8 => ("DeviceGray", 8, ""),
            Pixels::Rgb8 => ("DeviceRGB", 8, ""),
        };
        let stream = out.begin_stream(&format!(
            "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/{space}/BitsPerComponent {bits}{decode}\
             /Filter/FlateDecode",
            page.width, page.height,
        ))?;
        self.kids.push(kid);
        if let Some(out) = self.out.take() {
            self.picture = Some((ZlibEncoder::new(out, Compression::fast()), stream));
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.picture {
            Some((picture, _)) => picture.write_all(line),
            None => Err(io::Error::other("a line outside a page")),
        }
    }

    fn end_page(&mut self) -> io::Result<()> {
        let Some((picture, stream)) = self.picture.take() else {
            return Ok(());
        };
        let out = self.out.insert(picture.finish()?);
        out.end_stream(&stream)
    }

    fn finish(&mut self) -> io::Result<()> {
        let kids: Vec<String> = self.kids.iter().map(|kid| format!("{kid} 0 R")).collect();
        let (count, kids) = (kids.len(), kids.join(" "));
        let out = self.out()?;
        out.fill(
            PAGES,
            &format!("<</Type/Pages/Count {count}/Kids[{kids}]>>"),
        )?;
        out.fill(CATALOG, &format!("<</Type/Catalog/Pages {PAGES} 0 R>>"))?;
        out.finish(CATALOG)
    }
}
