//! What a document says about itself: pages, the size of the first one, colour. And how its first
//! page looks.
//!
//! For lists and receipts, and for what a converter must know. Found in a process of its own, fed
//! while the document arrives, or afterwards if it is large; if that process crashes or hangs, the
//! facts are not known, and that is all that happens. The picture is made by the same process once
//! it has said the facts, so that nobody who waits for those waits for it.

use std::io::{Cursor, ErrorKind, Read};
use std::time::Duration;

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::limits::PREVIEW as LARGEST;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::chain::Converter;
use super::child::{self, Trouble, Worker};
use super::limits;
use super::media::PageSize;
use super::password::Prefix;
use super::pdf;
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
    /// Whether it has any colour.
    pub color: Option<bool>,
    /// Whether it can be read, and all of it.
    pub condition: Condition,
    /// The sizes of all its pages, in their order; empty where they are not known.
    pub sizes: Vec<SameSize>,
    /// Whether it has layers that are on paper and not on a screen, or the other way round.
    pub print_layers: bool,
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
    /// How many.
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
    /// Whether colour is looked for, which takes longest.
    color: bool,
}

impl Effort {
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
    /// Whether colour is looked for.
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
    pieces: Option<mpsc::Sender<Vec<u8>>>,
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
            false => Err(Trouble::Said(
                "its format says nothing of itself".to_owned(),
            )),
        };
        let looking = tokio::spawn(async move {
            match worker {
                Ok(worker) => feed(worker, password, arriving, effort.patience).await,
                Err(error) => {
                    tracing::debug!(%error, "nothing looks at documents");
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
    pub async fn feed(&mut self, piece: &[u8]) {
        let Some(pieces) = self.pieces.clone() else {
            return;
        };
        self.fed = self.fed.saturating_add(piece.len());
        let sent = async { pieces.send(piece.to_vec()).await.is_ok() };
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
    mut pieces: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
) -> Looked {
    let (Some(mut input), Some(output)) = (worker.take_input(), worker.take_output()) else {
        return Looked::default();
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
        (Ok(Ok(_)), Ok(facts)) => Looked {
            facts,
            preview: Some(ComingPreview { worker, output }),
        },
        _ => {
            tracing::debug!("a document could not be looked at");
            Looked::default()
        }
    }
}

/// What a process found.
pub(super) async fn answer(worker: Worker, patience: Duration) -> Facts {
    match timeout(patience, child::words(worker)).await {
        Ok(Ok(words)) => serde_json::from_slice(&words).unwrap_or_default(),
        Ok(Err(trouble)) => {
            tracing::debug!(%trouble, "a document could not be looked at");
            Facts::default()
        }
        Err(_) => Facts::default(),
    }
}

/// Looks at a document; also gives what a picture of its first page can be made of, if one is
/// wanted. Runs in the process of its own.
pub(super) fn look(question: &Question, input: &mut impl Read) -> (Facts, Option<FirstPage>) {
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
            let picture = pdf::dimensions(input).ok();
            let facts = Facts {
                pages: picture.as_ref().map(|_| 1),
                color: picture.as_ref().map(|(picture, _)| picture.components > 1),
                ..Facts::default()
            };
            // The rest is taken in any case, so that nobody is left with half of it.
            let first = picture.filter(|_| preview).and_then(|(_, head)| {
                let rest = input.take(limits::HELD);
                let mut whole = Read::chain(Cursor::new(head), rest);
                FirstPage::of_picture(&mut whole)
            });
            drop(std::io::copy(input, &mut std::io::sink()));
            (facts, first)
        }
        _ => (Facts::default(), None),
    }
}

fn raster(
    source: Source,
    (preview, color): (bool, bool),
    input: &mut impl Read,
) -> (Facts, Option<FirstPage>) {
    let mut look = Look {
        facts: Facts {
            pages: Some(0),
            color: color.then_some(false),
            ..Facts::default()
        },
        preview,
        first: None,
    };
    match look.pages(source, input) {
        Ok(promised) => look.judged(promised),
        // What came before it broke off cannot be believed, but that it did.
        Err(RasterError::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            let found = look.facts.pages.unwrap_or(0).saturating_sub(1);
            let condition = Condition::Damaged { said: None, found };
            let facts = Facts {
                condition,
                ..Facts::default()
            };
            (facts, None)
        }
        Err(_) => (Facts::default(), None),
    }
}

/// A look at pages of pixels.
struct Look {
    facts: Facts,
    preview: bool,
    /// The first page, shrunk.
    first: Option<Shrinking>,
}

impl Look {
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

    fn judged(self, promised: Option<u32>) -> (Facts, Option<FirstPage>) {
        let found = match self.facts.pages {
            Some(pages) if pages > 0 => pages,
            _ => return (Facts::default(), None),
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
