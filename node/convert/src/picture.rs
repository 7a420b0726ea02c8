//! The picture of a first page as somebody else made it: nothing of it is shown as it came.
//!
//! It is decoded in a process of its own, which gives pixels and nothing else; of those a new
//! picture is made here. So whatever a holder sends, a browser gets what this node wrote.

use std::io::Read;
use std::sync::Arc;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};
use papermesh_protocol::limits::{PREVIEW, PREVIEW_HEIGHT, PREVIEW_WIDTH};
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::chain::Converter;
use super::child::{Trouble, Worker};
use super::{limits, preview};

/// How a JPEG begins (ISO/IEC 10918-1 annex B).
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
/// Width and height before the pixels, two bytes each, big endian.
const SIZE: usize = 4;
/// Bytes of the largest picture, taken apart.
const PIXELS: usize = SIZE + 3 * PREVIEW_WIDTH as usize * PREVIEW_HEIGHT as usize;
/// Bytes that the decoder may allocate.
const DECODER: u64 = 16 << 20;

/// A picture that this node wrote: a JPEG of at most [`PREVIEW`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture(Arc<[u8]>);

impl Picture {
    /// The JPEG.
    #[must_use]
    pub fn jpeg(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whatever these bytes are.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn of(jpeg: Vec<u8>) -> Self {
        Self(jpeg.into())
    }
}

/// Why what was sent is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is too large, or does not begin like a JPEG.
    #[error("it is not a picture of a first page")]
    NoPicture,
    /// It cannot be taken apart.
    #[error("{0}")]
    Trouble(String),
    /// It takes too long.
    #[error("it takes too long to inspect")]
    Late,
}

impl From<Trouble> for PictureError {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble.in_full().to_string())
    }
}

impl Converter {
    /// Makes a picture to show of one that somebody else made.
    ///
    /// # Errors
    /// [`PictureError`]; then there is nothing to show.
    pub async fn picture(&self, sent: Vec<u8>) -> Result<Picture, PictureError> {
        if sent.len() > PREVIEW || !sent.starts_with(&JPEG) {
            return Err(PictureError::NoPicture);
        }
        let worker = self.picture_worker()?;
        let pixels = timeout(limits::PICTURE, pixels(worker, sent)).await;
        let pixels = pixels.map_err(|_| PictureError::Late)??;
        let picture = put_together(&pixels).ok_or(PictureError::NoPicture)?;
        // Tens of thousands of pixels; a millisecond.
        let written = preview::write(&picture).ok_or(PictureError::NoPicture)?;
        Ok(Picture(written.into()))
    }
}

async fn pixels(mut worker: Worker, sent: Vec<u8>) -> Result<Vec<u8>, PictureError> {
    let mut pixels = Vec::new();
    if let (Some(mut input), Some(output)) = (worker.take_input(), worker.take_output()) {
        // If it takes no more, it says why when it ends.
        let feeding = async move { drop(input.write_all(&sent).await) };
        let mut output = output.take(PIXELS as u64 + 1);
        let (read, ()) = tokio::join!(output.read_to_end(&mut pixels), feeding);
        read.map_err(|error| PictureError::Trouble(error.to_string()))?;
    }
    worker.end().await?;
    Ok(pixels)
}

/// The picture of these pixels, if they are as many as they should be.
fn put_together(pixels: &[u8]) -> Option<RgbImage> {
    let (size, pixels) = pixels.split_first_chunk::<SIZE>()?;
    let side = |at: usize| u32::from(u16::from_be_bytes([size[at], size[at + 1]]));
    let (width, height) = (side(0), side(2));
    let fits = (1..=PREVIEW_WIDTH).contains(&width) && (1..=PREVIEW_HEIGHT).contains(&height);
    if !fits || pixels.len() as u64 != 3 * u64::from(width) * u64::from(height) {
        return None;
    }
    RgbImage::from_raw(width, height, pixels.to_vec())
}

/// Takes a picture apart: its size, then its pixels. Runs in the process of its own.
pub(super) fn take_apart(input: &mut impl Read) -> Result<Vec<u8>, String> {
    let mut sent = Vec::new();
    let read = input.take(PREVIEW as u64 + 1).read_to_end(&mut sent);
    read.map_err(|error| error.to_string())?;
    if sent.len() > PREVIEW {
        return Err("the picture is too large".to_owned());
    }
    let damaged = |_| "the picture is damaged".to_owned();
    let mut decoder = JpegDecoder::new(std::io::Cursor::new(sent)).map_err(damaged)?;
    // Before a pixel is decoded, or room made for one.
    let (width, height) = decoder.dimensions();
    if width > PREVIEW_WIDTH || height > PREVIEW_HEIGHT {
        return Err(format!("the picture has {width} × {height} pixels"));
    }
    let mut most = Limits::no_limits();
    most.max_image_width = Some(PREVIEW_WIDTH);
    most.max_image_height = Some(PREVIEW_HEIGHT);
    most.max_alloc = Some(DECODER);
    decoder.set_limits(most).map_err(damaged)?;
    let picture = DynamicImage::from_decoder(decoder)
        .map_err(damaged)?
        .to_rgb8();
    let side = |side: u32| u16::try_from(side).unwrap_or(0).to_be_bytes();
    let (width, height) = picture.dimensions();
    Ok([&side(width)[..], &side(height), picture.as_raw()].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_pixel(width, height, image::Rgb([200, 10, 10]));
        preview::write(&picture).unwrap()
    }

    #[test]
    fn a_picture_is_taken_apart_and_put_together_again() {
        let pixels = take_apart(&mut &jpeg(120, 160)[..]).unwrap();
        let picture = put_together(&pixels).unwrap();
        assert_eq!(picture.dimensions(), (120, 160));
        assert!(picture.get_pixel(60, 80).0[0] > 180);
    }

    #[test]
    fn what_is_too_large_is_not_decoded() {
        for (width, height) in [(PREVIEW_WIDTH + 1, 10), (10, PREVIEW_HEIGHT + 1)] {
            let error = take_apart(&mut &jpeg(width, height)[..]).unwrap_err();
            assert!(error.contains("pixels"), "{error}");
        }
        // A header that promises 65,500 pixels each way, before nothing.
        let mut bomb = jpeg(64, 64);
        let frame = bomb
            .windows(2)
            .position(|marker| marker == [0xff, 0xc0])
            .unwrap();
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert!(take_apart(&mut &bomb[..]).is_err());
        assert!(take_apart(&mut &vec![0xff; PREVIEW + 1][..]).is_err());
        assert!(take_apart(&mut &b"GIF89a"[..]).is_err());
        assert!(take_apart(&mut &[][..]).is_err());
    }

    #[test]
    fn pixels_that_are_not_as_many_as_they_should_be_are_no_picture() {
        assert!(put_together(&[]).is_none());
        assert!(put_together(&[0, 1, 0, 1, 9, 9]).is_none());
        assert!(put_together(&[0, 1, 0, 1, 9, 9, 9]).is_some());
        assert!(put_together(&[0, 0, 0, 1]).is_none());
        assert!(put_together(&[0xff; PIXELS]).is_none());
    }
}
