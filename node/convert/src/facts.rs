//! What a document says about itself: pages, the size of the first one, color. And how its first
//! page looks.
//!
//! For lists and receipts, and for what a converter must know. Found in a process of its own, fed
//! while the document arrives, or afterwards if it is large; if that process crashes or hangs, the
//! facts are not known, and that is all that happens. The picture is made by the same process once
//! it has said the facts, so that nobody who waits for those waits for it.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::limits::PREVIEW as LARGEST;
use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use super::chain::Converter;
use super::child::{self, Trouble, Worker};
use super::flaw::Flaw;
use super::limits;
use super::media::{self, PageSize};
use super::password::Prefix;
use super::pdf::{self, PictureError};
use super::placing::Paper;
use super::preview::{FirstPage, Shrinking};
use super::raster::{self, Pixels, RasterError, ReadPages, Source};

/// What is known of a document. What cannot be found out is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Its pages.
    pub pages: Option<u32>,
    /// The size of its first page, as it is seen.
    pub page_size: Option<PageSize>,
    /// Whether it has any color.
    pub color: Option<bool>,
    /// Whether it can be read, and all of it.
    pub condition: Condition,
    /// The sizes of all its pages, in their order; empty where they are not known.
    pub sizes: Vec<SameSize>,
    /// Whether it has layers that are on paper and not on a screen, or the other way round.
    pub print_layers: bool,
    /// Why it can be printed nowhere; of pictures only.
    pub flaw: Option<Flaw>,
}

/// Whether a document can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Nobody has looked, or could.
    #[default]
    Unknown,
    /// All of it.
    Whole,
    /// It opens with a password, which is not known.
    Locked,
    /// It is cut or broken.
    Damaged {
        /// Pages that it says it has, where it says so and they are more than can be read.
        said: Option<u32>,
        /// Pages that can be read.
        found: u32,
    },
}

/// Pages one after the other that are of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SameSize {
    /// Number of pages.
    pub pages: u32,
    /// Their size, as they are seen.
    pub size: PageSize,
}

impl SameSize {
    /// Gathers sizes; none at all if one is not known or they change too often.
    pub(super) fn runs(sizes: impl Iterator<Item = Option<PageSize>>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for size in sizes {
            let has_room = runs.len() < limits::SIZES;
            match (size, runs.last_mut()) {
                (Some(size), Some(last)) if last.size == size => last.pages += 1,
                (Some(size), _) if has_room => runs.push(Self { pages: 1, size }),
                _ => return Vec::new(),
            }
        }
        runs
    }
}

/// The formats that are looked at.
const LOOKED_AT: [&str; 5] = [
    "application/pdf",
    "image/pwg-raster",
    "image/urf",
    "image/jpeg",
    "image/png",
];

/// Pieces that wait to be looked at. More are not waited for: the submission comes first.
const AHEAD: usize = 8;

/// Whether a document of this format says of itself whether it is whole.
pub(super) fn is_judged(format: &str) -> bool {
    ["application/pdf", "image/pwg-raster", "image/urf"].contains(&format)
}

/// What a look at a document may cost.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Bytes of the largest document that is looked at.
    largest: usize,
    /// How long the process may take for a piece, and for the facts after the last one.
    patience: Duration,
    /// Whether everything else goes before.
    leisurely: bool,
    /// Whether color is looked for, which takes longest.
    color: bool,
}

impl Effort {
    /// The same for a document of this format. Pictures are looked at while they come, however large
    /// they are, and whoever submits one waits for what is said of it: it may have to be refused.
    fn of(self, format: &str) -> Self {
        match is_picture(format) {
            true => Self {
                largest: limits::HELD as usize,
                patience: limits::PATIENT_FACTS,
                ..self
            },
            false => self,
        }
    }

    /// While somebody waits for it.
    pub const WAITED_FOR: Self = Self {
        largest: limits::INSPECTED,
        patience: limits::FACTS,
        leisurely: false,
        color: true,
    };
    /// While nobody does.
    pub const AT_LEISURE: Self = Self {
        largest: limits::HELD as usize,
        patience: limits::PATIENT_FACTS,
        leisurely: true,
        color: true,
    };
    /// While somebody waits for nothing else.
    pub const ASKED_FOR: Self = Self {
        largest: limits::HELD as usize,
        patience: limits::PATIENT_FACTS,
        leisurely: false,
        color: true,
    };
    /// While a device is given it, and only to know whether it is whole.
    pub(super) const ON_ITS_WAY: Self = Self {
        largest: limits::HELD as usize,
        patience: limits::PATIENT_FACTS,
        leisurely: false,
        color: false,
    };
}

/// What is looked for in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Question {
    /// Its format.
    pub(super) format: String,
    /// Whether a picture of its first page is wanted as well.
    pub(super) preview: bool,
    /// Whether everything else goes before.
    pub(super) leisurely: bool,
    /// Whether color is looked for.
    pub(super) color: bool,
    /// Bytes of a password that come before the document.
    pub(super) password: u16,
}

/// What came of looking at a document.
#[derive(Debug, Default)]
pub struct Looked {
    /// What is known of it.
    pub facts: Facts,
    /// The picture of its first page, if one is being made.
    pub preview: Option<ComingPreview>,
}

/// A picture that is being made. It is given up when this is dropped.
#[derive(Debug)]
pub struct ComingPreview {
    worker: Worker,
    output: BufReader<ChildStdout>,
}

impl ComingPreview {
    /// The picture, a JPEG of at most [`LARGEST`] bytes; none if it cannot be made, or not in time.
    pub async fn picture(self) -> Option<Vec<u8>> {
        let Self { worker, output } = self;
        let made = async {
            let mut picture = Vec::new();
            let mut output = output.take(LARGEST as u64 + 1);
            output.read_to_end(&mut picture).await.ok()?;
            // It must not wait for a listener where it has more to say.
            drop(output);
            worker.end().await.ok()?;
            (1..=LARGEST).contains(&picture.len()).then_some(picture)
        };
        timeout(limits::PREVIEW, made).await.ok().flatten()
    }
}

/// A look at a document that is arriving.
#[derive(Debug)]
pub struct Inspection {
    pieces: Option<mpsc::Sender<Bytes>>,
    effort: Effort,
    fed: usize,
    looking: JoinHandle<Looked>,
}

impl Inspection {
    /// Begins to look at a document of this format, and perhaps to make a picture of its first page.
    /// Never fails: the facts are just not known.
    #[must_use]
    pub fn begin(
        converter: &Converter,
        format: &str,
        preview: bool,
        password: Option<&DocumentPassword>,
        effort: Effort,
    ) -> Self {
        let (pieces, arriving) = mpsc::channel(AHEAD);
        let (effort, is_picture) = (effort.of(format), is_picture(format));
        let password = password.map(Prefix::of);
        let question = Question {
            format: format.to_owned(),
            preview,
            leisurely: effort.leisurely,
            color: effort.color,
            password: password.as_ref().map_or(0, Prefix::len),
        };
        let worker = match LOOKED_AT.contains(&format) {
            true => converter.facts_worker(question),
            false => Err(Trouble::Said("its format has no description".to_owned())),
        };
        let looking = tokio::spawn(async move {
            match worker {
                Ok(worker) => match feed(worker, password, arriving, effort.patience).await {
                    Ok(looked) => looked,
                    // It would do so at a printer, too.
                    Err(Trouble::Crashed(_) | Trouble::TooMuch(..)) if is_picture => Looked {
                        facts: Facts {
                            flaw: Some(Flaw::Unreadable),
                            ..Facts::default()
                        },
                        preview: None,
                    },
                    Err(trouble) => {
                        tracing::debug!(trouble = %trouble.in_full(), "could not inspect a document");
                        Looked::default()
                    }
                },
                Err(error) => {
                    tracing::debug!(error = %error.in_full(), "could not start the process that inspects documents");
                    Looked::default()
                }
            }
        });
        Self {
            pieces: Some(pieces),
            effort,
            fed: 0,
            looking,
        }
    }

    /// Shows it the next piece of the document. Waits for nothing but, a moment, a process that is
    /// behind; one that stays behind is given up.
    pub async fn feed(&mut self, piece: Bytes) {
        let Some(pieces) = self.pieces.clone() else {
            return;
        };
        self.fed = self.fed.saturating_add(piece.len());
        let sent = async { pieces.send(piece).await.is_ok() };
        let taken = !self.is_too_large() && timeout(self.effort.patience, sent).await == Ok(true);
        if !taken {
            self.pieces = None;
            self.looking.abort();
        }
    }

    /// Whether the document is too large for this effort. What came of it is nothing then.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.fed > self.effort.largest
    }

    /// What came of it, once the document is whole.
    pub async fn finish(mut self) -> Looked {
        if self.pieces.take().is_none() {
            return Looked::default();
        }
        match timeout(self.effort.patience, &mut self.looking).await {
            Ok(Ok(looked)) => looked,
            _ => {
                self.looking.abort();
                Looked::default()
            }
        }
    }
}

/// Gives a process all pieces, and returns what it found.
async fn feed(
    mut worker: Worker,
    password: Option<Prefix>,
    mut pieces: mpsc::Receiver<Bytes>,
    patience: Duration,
) -> Result<Looked, Trouble> {
    let (Some(mut input), Some(output)) = (worker.take_input(), worker.take_output()) else {
        return Ok(Looked::default());
    };
    if let Some(password) = password {
        // If it is not taken, neither is what follows.
        drop(input.write_all(password.as_ref()).await);
    }
    while let Some(piece) = pieces.recv().await {
        if input.write_all(&piece).await.is_err() {
            break;
        }
    }
    drop(input);
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    let mut said = (&mut output).take(limits::FACTS_TEXT);
    let heard = timeout(patience, said.read_until(b'\n', &mut line)).await;
    match (heard, serde_json::from_slice(&line)) {
        (Ok(Ok(_)), Ok(facts)) => Ok(Looked {
            facts,
            preview: Some(ComingPreview { worker, output }),
        }),
        // It ended without a word.
        (Ok(Ok(0)), Err(_)) => worker.end().await.map(|_| Looked::default()),
        _ => Ok(Looked::default()),
    }
}

/// Whether documents of this format are pictures that become a page.
fn is_picture(format: &str) -> bool {
    matches!(format, "image/jpeg" | "image/png")
}

/// What a process found.
pub(super) async fn answer(worker: Worker, patience: Duration) -> Facts {
    match timeout(patience, child::words(worker)).await {
        Ok(Ok(words)) => serde_json::from_slice(&words).unwrap_or_default(),
        Ok(Err(trouble)) => {
            tracing::debug!(trouble = %trouble.in_full(), "could not inspect a document");
            Facts::default()
        }
        Err(_) => Facts::default(),
    }
}

/// Looks at a document; also gives what a picture of its first page can be made of, if one is
/// wanted. Runs in the process of its own.
pub(super) fn scan(question: &Question, input: &mut impl Read) -> (Facts, Option<FirstPage>) {
    let (preview, color) = (question.preview, question.color);
    match question.format.as_str() {
        "application/pdf" => {
            let Ok(password) = Prefix::read(question.password, input) else {
                return (Facts::default(), None);
            };
            let mut bytes = Vec::new();
            let read = input.take(limits::HELD + 1).read_to_end(&mut bytes);
            let facts = match read {
                Ok(_) => pdf::facts(&bytes, password.as_ref().map(Prefix::text), color),
                Err(_) => Facts::default(),
            };
            let drawable = preview && facts.condition == Condition::Whole;
            let first = drawable.then(|| FirstPage::Pdf(bytes, password));
            (facts, first)
        }
        "image/pwg-raster" => raster(Source::Pwg, (preview, color), input),
        "image/urf" => raster(Source::Urf, (preview, color), input),
        "image/jpeg" | "image/png" => {
            // What is printed is what is looked at: the page that the picture becomes.
            let mut page = Kept::default();
            let wrapped = pdf::wrap(&mut *input, Paper::of(media::A4), &mut page);
            // The rest is taken in any case, so that nobody is left with half of it.
            drop(std::io::copy(input, &mut std::io::sink()));
            let facts = match &wrapped {
                Ok(wrapped) => Facts {
                    pages: Some(1),
                    color: Some(wrapped.color),
                    ..Facts::default()
                },
                Err(PictureError::Flaw(flaw)) => Facts {
                    flaw: Some(*flaw),
                    ..Facts::default()
                },
                Err(PictureError::Io(_)) => Facts::default(),
            };
            let first = page.whole().filter(|_| preview && wrapped.is_ok());
            (facts, first.map(|page| FirstPage::Pdf(page, None)))
        }
        _ => (Facts::default(), None),
    }
}

/// What is written into memory, if it is no more than a preview is worth.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    is_too_large: bool,
}

impl Kept {
    fn whole(self) -> Option<Vec<u8>> {
        (!self.is_too_large).then_some(self.bytes)
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > limits::PREVIEWED {
            self.is_too_large = true;
            self.bytes = Vec::new();
        }
        if !self.is_too_large {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn raster(
    source: Source,
    (preview, color): (bool, bool),
    input: &mut impl Read,
) -> (Facts, Option<FirstPage>) {
    let mut scan = PageScan {
        facts: Facts {
            pages: Some(0),
            color: color.then_some(false),
            ..Facts::default()
        },
        preview,
        first: None,
    };
    match scan.pages(source, input) {
        Ok(promised) => scan.judged(promised),
        // What came before it broke off cannot be believed, but that it did.
        Err(RasterError::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => scan.damaged(),
        Err(RasterError::Malformed(_)) => scan.damaged(),
        Err(_) => (Facts::default(), None),
    }
}

/// One pass over pages of pixels.
struct PageScan {
    facts: Facts,
    preview: bool,
    /// The first page, shrunk.
    first: Option<Shrinking>,
}

impl PageScan {
    /// Reads all pages, and gives how many there should be.
    fn pages(&mut self, source: Source, input: &mut impl Read) -> Result<Option<u32>, RasterError> {
        let mut pages = raster::open(source, 0, input)?;
        let mut line = Vec::new();
        while let Some(page) = pages.page()? {
            let size = || PageSize::from_pixels(page.width, page.height, page.resolution);
            self.facts.page_size = self.facts.page_size.or_else(size);
            let is_first = self.facts.pages == Some(0);
            self.facts.pages = self
                .facts
                .pages
                .and_then(|pages| pages.checked_add(1))
                .filter(|pages| *pages <= limits::PAGES);
            if is_first && self.preview {
                self.first = Some(Shrinking::new(page));
            }
            for _ in 0..page.height {
                pages.line(&mut line)?;
                if let Some(first) = self.first.as_mut().filter(|_| is_first) {
                    first.line(&line);
                }
                let colored = |pixel: &[u8]| pixel[0] != pixel[1] || pixel[1] != pixel[2];
                if page.pixels == Pixels::Rgb8 && self.facts.color == Some(false) {
                    self.facts.color = Some(line.chunks_exact(3).any(colored));
                }
            }
        }
        Ok(pages.promised())
    }

    /// It breaks off in the page that was read last.
    fn damaged(self) -> (Facts, Option<FirstPage>) {
        let found = self.facts.pages.unwrap_or(0).saturating_sub(1);
        let facts = Facts {
            condition: Condition::Damaged { said: None, found },
            ..Facts::default()
        };
        (facts, None)
    }

    fn judged(self, promised: Option<u32>) -> (Facts, Option<FirstPage>) {
        let found = match self.facts.pages {
            Some(pages) if pages > 0 => pages,
            // There is nothing in it to be printed.
            Some(_) => return self.damaged(),
            // More than anybody prints.
            None => return (Facts::default(), None),
        };
        match promised.filter(|promised| *promised > found) {
            Some(promised) => {
                let said = Some(promised);
                let condition = Condition::Damaged { said, found };
                let facts = Facts {
                    condition,
                    ..Facts::default()
                };
                (facts, None)
            }
            None => {
                let facts = Facts {
                    condition: Condition::Whole,
                    ..self.facts
                };
                (facts, self.first.map(FirstPage::Drawn))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, RgbImage};

    use super::*;

    fn seen(format: &str, input: &mut impl Read) -> (Facts, Option<FirstPage>) {
        let question = Question {
            format: format.to_owned(),
            preview: true,
            leisurely: false,
            color: true,
            password: 0,
        };
        scan(&question, input)
    }

    /// Red above, blue below; twice as wide as high, taken with the camera turned to the left.
    fn photo() -> Vec<u8> {
        let picture = RgbImage::from_fn(80, 40, |_, y| match y < 20 {
            true => image::Rgb([220, 0, 0]),
            false => image::Rgb([0, 0, 220]),
        });
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new(&mut jpeg);
        encoder
            .encode(&picture, 80, 40, ExtendedColorType::Rgb8)
            .unwrap();
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        jpeg.splice(2..2, exif.iter().copied());
        jpeg
    }

    #[test]
    fn the_preview_is_drawn_of_the_page_that_is_printed() {
        let (facts, first) = seen("image/jpeg", &mut &photo()[..]);
        assert_eq!(
            (facts.pages, facts.color, facts.flaw),
            (Some(1), Some(true), None)
        );
        let drawn = image::load_from_memory(&first.unwrap().picture().unwrap()).unwrap();
        let drawn = drawn.to_rgb8();
        let (width, height) = drawn.dimensions();
        assert!(height > width);
        let [red, _, blue] = drawn.get_pixel(width * 65 / 100, height / 2).0;
        assert!(red > 180 && blue < 60, "{red} {blue}");
        let [red, _, blue] = drawn.get_pixel(width * 35 / 100, height / 2).0;
        assert!(red < 60 && blue > 180, "{red} {blue}");
        assert!(drawn.get_pixel(3, 3).0.iter().all(|sample| *sample > 240));
    }

    #[test]
    fn raster_without_a_page_and_raster_that_is_none_are_damaged() {
        let damaged = Condition::Damaged {
            said: None,
            found: 0,
        };
        let promises = [&b"UNIRAST\0"[..], &5_u32.to_be_bytes()].concat();
        for (format, document) in [
            ("image/pwg-raster", &b"RaS2"[..]),
            ("image/pwg-raster", b"no raster at all"),
            ("image/urf", &promises),
        ] {
            let (facts, first) = seen(format, &mut &document[..]);
            assert_eq!(facts.condition, damaged, "{format}");
            assert!(first.is_none());
        }
    }

    #[test]
    fn a_picture_that_no_printer_reads_is_told_with_its_reason() {
        let photo = photo();
        let mut rest = &photo[..photo.len() - 20];
        let (facts, first) = seen("image/jpeg", &mut rest);
        assert_eq!((facts.flaw, facts.pages), (Some(Flaw::Cut), None));
        assert!(first.is_none());
        // Nobody is left with half of it.
        let mut long = [&b"\x89PNG\r\n\x1a\nnothing"[..], &vec![0; 300_000]].concat();
        long.extend(photo);
        let mut rest = &long[..];
        assert_eq!(seen("image/png", &mut rest).0.flaw, Some(Flaw::Damaged));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_page_too_large_to_be_shown_is_printed_all_the_same() {
        let mut kept = Kept::default();
        kept.write_all(&[1; 100]).unwrap();
        assert_eq!(kept.bytes.len(), 100);
        for _ in 0..3 {
            kept.write_all(&vec![1; limits::PREVIEWED / 2]).unwrap();
        }
        assert!(kept.whole().is_none());
    }
}
