//! A picture of the first page: drawn small, written as JPEG. Runs in a converter's own process only.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page as PdfPage;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use papermesh_protocol::limits::{PREVIEW, PREVIEW_HEIGHT, PREVIEW_WIDTH};

use super::limits;
use super::password::Prefix;
use super::raster::{Page, Pixels};

/// How well pictures are written: the first that is small enough is taken.
const QUALITIES: [u8; 3] = [82, 60, 35];
/// A page that is narrower than this, once it is small, shows nothing.
const LEAST: u32 = 4;
/// Pixels of the longest side that is drawn.
const MOST: u32 = PREVIEW_HEIGHT + 512;

/// What the picture of a first page is made of.
pub(super) enum FirstPage {
    /// A PDF, with the password that opens it.
    Pdf(Vec<u8>, Option<Prefix>),
    /// Pixels that were shrunk while they came.
    Drawn(Shrinking),
}

impl FirstPage {
    /// The picture, a JPEG of at most [`PREVIEW`] bytes; none if it cannot be made.
    pub(super) fn picture(self) -> Option<Vec<u8>> {
        let drawn = match self {
            Self::Pdf(bytes, password) => draw(bytes, password.as_ref().map(Prefix::text))?,
            Self::Drawn(shrinking) => shrinking.finish()?,
        };
        write(&drawn)
    }
}

/// Writes a picture as JPEG, as well as it may be.
pub(super) fn write(picture: &RgbImage) -> Option<Vec<u8>> {
    QUALITIES.into_iter().find_map(|quality| {
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
        let (width, height) = picture.dimensions();
        encoder
            .encode(picture, width, height, ExtendedColorType::Rgb8)
            .ok()?;
        (jpeg.len() <= PREVIEW).then_some(jpeg)
    })
}

/// Draws the first page of a PDF.
fn draw(bytes: Vec<u8>, password: Option<&str>) -> Option<RgbImage> {
    let pdf = Pdf::new_with_password(bytes, password.unwrap_or_default()).ok()?;
    let page = pdf.pages().first()?;
    let (width, height) = page.render_dimensions();
    let scale = (PREVIEW_WIDTH as f32 / width).min(PREVIEW_HEIGHT as f32 / height);
    draw_page(page, scale, &InterpreterSettings::default())
}

/// Draws a page so many times as large as it is; none if that shows nothing, or too much.
pub(super) fn draw_page<'a>(
    page: &'a PdfPage<'a>,
    scale: f32,
    settings: &InterpreterSettings,
) -> Option<RgbImage> {
    let (width, height) = page.render_dimensions();
    let drawable = |side: f32| (LEAST as f32..=MOST as f32).contains(&side);
    if !drawable(width * scale) || !drawable(height * scale) {
        return None;
    }
    let small = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let cache = RenderCache::new();
    let drawn = render(page, &cache, settings, &RenderSettings::default(), &small);
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    let pixels = drawn.data_as_u8_slice().chunks_exact(4);
    // The paper is white and hides what is behind it, so that there is nothing to see through.
    let rgb = pixels.flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    RgbImage::from_raw(width, height, rgb.collect())
}

/// A page of pixels becoming small, line by line: every pixel of the small one is the mean of those
/// that it stands for.
pub(super) struct Shrinking {
    page: Page,
    width: u32,
    height: u32,
    /// The next line.
    at: u32,
    /// Of each pixel, the sums of its colors and how many they are of.
    sums: Vec<[u32; 4]>,
}

impl Shrinking {
    /// Begins with the first page.
    pub(super) fn new(page: Page) -> Self {
        // The larger side decides; no page is made larger than it is.
        let (across, down) = (u64::from(page.width), u64::from(page.height));
        let (most_across, most_down) = (u64::from(PREVIEW_WIDTH), u64::from(PREVIEW_HEIGHT));
        let (width, height) = if across <= most_across && down <= most_down {
            (across, down)
        } else if across * most_down > down * most_across {
            (most_across, down * most_across / across.max(1))
        } else {
            (across * most_down / down.max(1), most_down)
        };
        let side = |side: u64| u32::try_from(side).unwrap_or(0);
        let (width, height) = (side(width), side(height));
        Self {
            page,
            width,
            height,
            at: 0,
            sums: vec![[0; 4]; width as usize * height as usize],
        }
    }

    /// Takes the next line of the page.
    pub(super) fn line(&mut self, line: &[u8]) {
        let (across, down) = (u64::from(self.page.width), u64::from(self.page.height));
        let row = u64::from(self.at) * u64::from(self.height) / down.max(1);
        self.at = self.at.saturating_add(1);
        let start = usize::try_from(row).unwrap_or(usize::MAX) * self.width as usize;
        let end = start.saturating_add(self.width as usize);
        let Some(row) = self.sums.get_mut(start..end) else {
            return;
        };
        for x in 0..self.page.width {
            let Some([red, green, blue]) = pixel(self.page.pixels, line, x as usize) else {
                return;
            };
            let to = u64::from(x) * u64::from(self.width) / across.max(1);
            if let Some(sum) = usize::try_from(to).ok().and_then(|to| row.get_mut(to)) {
                // A small pixel may stand for more than fit; then the first ones speak for it.
                if sum[3] < u32::from(u16::MAX) {
                    sum[0] += u32::from(red);
                    sum[1] += u32::from(green);
                    sum[2] += u32::from(blue);
                    sum[3] += 1;
                }
            }
        }
    }

    fn finish(self) -> Option<RgbImage> {
        if self.width < LEAST || self.height < LEAST {
            return None;
        }
        let mean = |[red, green, blue, of]: [u32; 4]| {
            [red, green, blue].map(|sum| {
                let mean = sum.checked_div(of).unwrap_or(255);
                u8::try_from(mean).unwrap_or(255)
            })
        };
        let rgb = self.sums.into_iter().flat_map(mean).collect();
        RgbImage::from_raw(self.width, self.height, rgb)
    }
}

/// A pixel of a line, as red, green and blue.
fn pixel(pixels: Pixels, line: &[u8], x: usize) -> Option<[u8; 3]> {
    match pixels {
        Pixels::Black1 => {
            let black = line.get(x / 8)? >> (7 - x % 8) & 1 == 1;
            Some([if black { 0 } else { 255 }; 3])
        }
        Pixels::Gray8 => line.get(x).map(|gray| [*gray; 3]),
        Pixels::Rgb8 => {
            let pixel = line.get(x * 3..x * 3 + 3)?;
            Some([pixel[0], pixel[1], pixel[2]])
        }
    }
}

// A line of a page has at most this many pixels, and no mean overflows.
const _: () = assert!(limits::LINE < u32::MAX as u64 && u16::MAX as u64 * 255 < u32::MAX as u64);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A PDF of one page with a red rectangle in its upper half.
    fn document(width: u32, height: u32) -> Vec<u8> {
        let half = height / 2;
        let drawing = format!("1 0 0 rg 0 {half} {width} {half} re f");
        format!(
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
             2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
             3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R/Resources<<>>>>endobj\n\
             4 0 obj<</Length {}>>stream\n{drawing}\nendstream endobj\n\
             trailer<</Size 5/Root 1 0 R>>\n",
            drawing.len()
        )
        .into_bytes()
    }

    fn read(jpeg: &[u8]) -> RgbImage {
        image::load_from_memory(jpeg).unwrap().to_rgb8()
    }

    #[test]
    fn the_first_page_of_a_pdf_is_drawn_small_on_white_paper() {
        let jpeg = FirstPage::Pdf(document(595, 842), None).picture().unwrap();
        assert!(jpeg.len() < 16 * 1024, "{}", jpeg.len());
        let picture = read(&jpeg);
        let (width, height) = picture.dimensions();
        assert!(width <= PREVIEW_WIDTH && height <= PREVIEW_HEIGHT && height > 300);
        let [red, green, _] = picture.get_pixel(width / 2, height / 4).0;
        assert!(red > 200 && green < 60, "{red} {green}");
        assert!(picture.get_pixel(width / 2, height * 3 / 4).0[1] > 240);
        // Landscape.
        let wide = read(&FirstPage::Pdf(document(842, 595), None).picture().unwrap());
        assert!(wide.width() > wide.height() && wide.width() <= PREVIEW_WIDTH);
    }

    #[test]
    fn a_page_that_shows_nothing_has_no_picture() {
        for (width, height) in [(1, 10_000), (10_000, 1)] {
            assert!(
                FirstPage::Pdf(document(width, height), None)
                    .picture()
                    .is_none()
            );
        }
        assert!(
            FirstPage::Pdf(b"%PDF-1.4 nothing".to_vec(), None)
                .picture()
                .is_none()
        );
    }

    #[test]
    fn pixels_become_the_mean_of_those_they_stand_for() {
        for (pixels, black, white) in [
            (Pixels::Black1, vec![0xff; 60], vec![0; 60]),
            (Pixels::Gray8, vec![0; 480], vec![0xff; 480]),
            (Pixels::Rgb8, vec![0; 1440], vec![0xff; 1440]),
        ] {
            let page = Page {
                width: 480,
                height: 640,
                pixels,
                resolution: 72,
            };
            let mut shrinking = Shrinking::new(page);
            for line in 0..640 {
                // Black, then gray by turns.
                let is_black = line < 320 || line % 2 == 0;
                shrinking.line(if is_black { &black } else { &white });
            }
            let small = shrinking.finish().unwrap();
            assert_eq!(small.dimensions(), (240, 320));
            assert_eq!(small.get_pixel(120, 10).0, [0; 3]);
            assert_eq!(small.get_pixel(120, 300).0, [127; 3]);
        }
    }

    #[test]
    fn lines_that_are_too_short_or_too_many_harm_nothing() {
        let page = Page {
            width: 1000,
            height: 3,
            pixels: Pixels::Rgb8,
            resolution: 72,
        };
        let mut shrinking = Shrinking::new(page);
        for _ in 0..100 {
            shrinking.line(&[1, 2, 3, 4]);
        }
        assert!(shrinking.finish().is_none());
    }

    #[test]
    fn noise_is_written_worse_until_it_is_small_enough() {
        let mut seed = 1_u32;
        let noise = RgbImage::from_fn(PREVIEW_WIDTH, PREVIEW_HEIGHT, |_, _| {
            image::Rgb([0; 3].map(|_: u8| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed.to_be_bytes()[0]
            }))
        });
        assert!(write(&noise).is_none_or(|jpeg| jpeg.len() <= PREVIEW));
    }
}
