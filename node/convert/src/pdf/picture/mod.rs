//! A picture made into a PDF of one page: JPEG (ISO/IEC 10918-1) with its pixels packed as they are,
//! PNG (ISO/IEC 15948) unpacked line by line, white where it is transparent. Written in one go; what
//! is not of the picture itself (places, thumbnails, depth maps) is left out.

mod jpeg;
mod png;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};

use image::metadata::Orientation;
use papermesh_protocol::job::Scaling;
use papermesh_protocol::remedy::Remedy;

use super::super::flaw::Flaw;
use super::super::limits;
use super::super::placing::Paper;
use super::objects::Objects;

/// Paper that printers do not reach: a quarter of an inch.
const MARGIN: f64 = 18.0;

/// Points of an inch.
const POINTS: f64 = 72.0;

/// Bytes of a picture that are read at once.
const PIECE: usize = 64 * 1024;

/// Why a picture cannot be made a page.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PictureError {
    /// It does not arrive, or the page cannot be written.
    #[error("the picture was cut off: {0}")]
    Io(#[from] io::Error),
    /// It cannot be printed anywhere.
    #[error(transparent)]
    Flaw(#[from] Flaw),
}

impl Remedy for PictureError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Flaw(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Wrapped {
    /// Whether the picture has color, or may have.
    pub(in super::super) color: bool,
}

/// Writes the page: the picture upright, as large as the paper allows unless it is not to be scaled, the
/// paper turned as the picture is.
pub(in super::super) fn wrap(
    input: &mut impl Read,
    paper: Paper,
    out: &mut impl Write,
) -> Result<Wrapped, PictureError> {
    let mut input = BufReader::with_capacity(PIECE, input);
    let mut objects = Objects::begin(out, 0)?;
    let (stream, drawn) = match input.fill_buf()?.first() {
        Some(0xff) => {
            let picture = jpeg::Jpeg::open(&mut input)?;
            let stream = objects.begin_stream(&picture.dictionary())?;
            (stream, picture.pour(&mut input, &mut objects)?)
        }
        Some(0x89) => {
            let picture = png::Png::open(&mut input)?;
            let stream = objects.begin_stream(&picture.dictionary())?;
            (stream, picture.pour(&mut objects)?)
        }
        _ => return Err(Flaw::NoPicture.into()),
    };
    objects.end_stream(&stream)?;
    let ((width, height), drawing) = placed(&drawn, paper);
    let contents = objects.add(&format!(
        "<</Length {}>>stream\n{drawing}\nendstream",
        drawing.len()
    ))?;
    let pages = objects.next() + 1;
    let page = objects.add(&format!(
        "<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 {width:.3} {height:.3}]/Contents {contents} 0 R\
         /Resources<</XObject<</I {} 0 R>>>>>>",
        stream.number
    ))?;
    objects.add(&format!("<</Type/Pages/Kids[{page} 0 R]/Count 1>>"))?;
    let catalog = objects.add(&format!("<</Type/Catalog/Pages {pages} 0 R>>"))?;
    objects.finish(catalog)?;
    Ok(Wrapped { color: drawn.color })
}

/// A picture whose pixels are written.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    /// Across and down, as it is stored.
    width: u32,
    height: u32,
    /// Pixels of an inch, as they are stored.
    density: Density,
    /// How it is to be turned.
    orientation: Orientation,
    color: bool,
}

/// How dense pixels are, per inch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Density {
    across: f64,
    down: f64,
}

impl Density {
    /// As dense as on a screen (CSS Values 3 section 5.2).
    const SCREEN: Self = Self {
        across: 96.0,
        down: 96.0,
    };
    /// What is not between these is a mistake of whoever wrote it.
    const SENSIBLE: std::ops::RangeInclusive<f64> = 10.0..=10_000.0;

    /// What a picture says, with how many of its units make an inch, if it can be.
    fn said(across: u32, down: u32, of_an_inch: f64) -> Option<Self> {
        let inch = |units: u32| f64::from(units) * of_an_inch;
        let (across, down) = (inch(across), inch(down));
        let is_sensible = Self::SENSIBLE.contains(&across) && Self::SENSIBLE.contains(&down);
        is_sensible.then_some(Self { across, down })
    }
}

/// Refuses pictures of no size and pictures with more pixels than anybody prints.
fn check_size(width: u32, height: u32) -> Result<(), Flaw> {
    if width == 0 || height == 0 {
        return Err(Flaw::Damaged);
    }
    match u64::from(width) * u64::from(height) <= limits::PIXELS {
        true => Ok(()),
        false => Err(Flaw::TooLarge),
    }
}

/// The paper, turned as the picture is, and what draws it there.
fn placed(drawn: &Drawn, paper: Paper) -> ((f64, f64), String) {
    use Orientation as To;
    // Where the stored picture's width and height go on paper, and where its corner at the bottom
    // left is then (TIFF 6.0, tag 274; Exif 2.32 section 4.6.4 A).
    let (right, up, corner) = match drawn.orientation {
        To::NoTransforms => ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)),
        To::FlipHorizontal => ((-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)),
        To::Rotate180 => ((-1.0, 0.0), (0.0, -1.0), (1.0, 1.0)),
        To::FlipVertical => ((1.0, 0.0), (0.0, -1.0), (0.0, 1.0)),
        To::Rotate90FlipH => ((0.0, -1.0), (-1.0, 0.0), (1.0, 1.0)),
        To::Rotate90 => ((0.0, -1.0), (1.0, 0.0), (0.0, 1.0)),
        To::Rotate270FlipH => ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0)),
        To::Rotate270 => ((0.0, 1.0), (-1.0, 0.0), (1.0, 0.0)),
    };
    let upright = |stored: (f64, f64)| match right.0 == 0.0 {
        false => stored,
        true => (stored.1, stored.0),
    };
    let (across, down) = upright((f64::from(drawn.width), f64::from(drawn.height)));
    let size = paper.size.upright();
    let (width, height) = match across > down {
        true => size.turned().points(),
        false => size.points(),
    };
    let room = |side: f64| (side - 2.0 * MARGIN).max(1.0);
    let scaled = |scale: f64| (across * scale, down * scale);
    let (w, h) = match paper.scaling {
        // To the edges, and beyond where the paper has another shape.
        Scaling::Fill => scaled((width / across).max(height / down)),
        Scaling::Auto | Scaling::AutoFit | Scaling::Fit => {
            scaled((room(width) / across).min(room(height) / down))
        }
        // As large as the picture says that it is.
        Scaling::None => upright((
            f64::from(drawn.width) / drawn.density.across * POINTS,
            f64::from(drawn.height) / drawn.density.down * POINTS,
        )),
    };
    let (x, y) = (
        (width - w) / 2.0 + w * corner.0,
        (height - h) / 2.0 + h * corner.1,
    );
    let drawing = format!(
        "q {:.3} {:.3} {:.3} {:.3} {x:.3} {y:.3} cm /I Do Q",
        w * right.0,
        h * right.1,
        w * up.0,
        h * up.1,
    );
    ((width, height), drawing)
}
