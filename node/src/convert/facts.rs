//! What a document says about itself: pages, the size of the first one, colour. And how its first
//! page looks.
//!
//! For lists and receipts, and for what a converter must know. Found in a process of its own, fed
//! while the document arrives, or afterwards if it is large; if that process crashes or hangs, the
//! facts are not known, and that is all that happens. The picture is made by the same process once
//! it has said the facts, so that nobody who waits for those waits for it.

use std::io::{Cursor, Read};
use std::time::Duration;

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
use super::pdf;
use super::preview::{FirstPage, Shrinking};
use super::raster::{self, Page, Pixels, Source};

/// What is known of a document. What cannot be found out is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Its pages.
    pub pages: Option<u32>,
    /// The size of its first page, as it is seen.
    pub page_size: Option<PageSize>,
    /// Whether it has any colour.
    pub color: Option<bool>,
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

/// What a look at a document may cost.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Bytes of the largest document that is looked at.
    largest: usize,
    /// How long the process may take for a piece, and for the facts after the last one.
    patience: Duration,
    /// Whether everything else goes before.
    leisurely: bool,
}

impl Effort {
    /// While somebody waits for it.
    pub const WAITED_FOR: Self = Self {
        largest: limits::INSPECTED,
        patience: limits::FACTS,
        leisurely: false,
    };
    /// While nobody does.
    pub const AT_LEISURE: Self = Self {
        largest: limits::HELD as usize,
        patience: limits::PATIENT_FACTS,
        leisurely: true,
    };
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
    pub fn begin(converter: &Converter, format: &str, preview: bool, effort: Effort) -> Self {
        let (pieces, arriving) = mpsc::channel(AHEAD);
        let worker = match LOOKED_AT.contains(&format) {
            true => converter.facts_worker(format, preview, effort.leisurely),
            false => Err(Trouble::Said(
                "its format says nothing of itself".to_owned(),
            )),
        };
        let looking = tokio::spawn(async move {
            match worker {
                Ok(worker) => feed(worker, arriving, effort.patience).await,
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
    mut pieces: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
) -> Looked {
    let (Some(mut input), Some(output)) = (worker.take_input(), worker.take_output()) else {
        return Looked::default();
    };
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
pub(super) fn look(
    format: &str,
    preview: bool,
    input: &mut impl Read,
) -> (Facts, Option<FirstPage>) {
    match format {
        "application/pdf" => {
            let mut bytes = Vec::new();
            let read = input.take(limits::HELD + 1).read_to_end(&mut bytes);
            let facts = read.ok().and_then(|_| pdf::facts(&bytes).ok());
            let first = facts.filter(|_| preview).map(|_| FirstPage::Pdf(bytes));
            (facts.unwrap_or_default(), first)
        }
        "image/pwg-raster" => raster(Source::Pwg, preview, input),
        "image/urf" => raster(Source::Urf, preview, input),
        "image/jpeg" | "image/png" => {
            let picture = pdf::dimensions(input).ok();
            let facts = Facts {
                pages: picture.as_ref().map(|_| 1),
                page_size: None,
                color: picture.as_ref().map(|(picture, _)| picture.components > 1),
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

fn raster(source: Source, preview: bool, input: &mut impl Read) -> (Facts, Option<FirstPage>) {
    let mut first = None;
    let facts = pages(
        source,
        input,
        |page| preview.then(|| Shrinking::new(page)),
        &mut first,
    );
    match facts {
        Some(facts) => (facts, first.map(FirstPage::Drawn)),
        None => (Facts::default(), None),
    }
}

/// Reads all pages; the first one is shrunk into `first`, if `shrink` says how.
fn pages(
    source: Source,
    input: &mut impl Read,
    shrink: impl Fn(Page) -> Option<Shrinking>,
    first: &mut Option<Shrinking>,
) -> Option<Facts> {
    let mut pages = raster::open(source, 0, input).ok()?;
    let mut facts = Facts {
        pages: Some(0),
        page_size: None,
        color: Some(false),
    };
    let mut line = Vec::new();
    while let Some(page) = pages.page().ok()? {
        let size = || PageSize::from_pixels(page.width, page.height, page.resolution);
        facts.page_size = facts.page_size.or_else(size);
        let is_first = facts.pages == Some(0);
        facts.pages = facts
            .pages?
            .checked_add(1)
            .filter(|pages| *pages <= limits::PAGES);
        if is_first {
            *first = shrink(page);
        }
        for _ in 0..page.height {
            pages.line(&mut line).ok()?;
            if let Some(first) = first.as_mut().filter(|_| is_first) {
                first.line(&line);
            }
            let colored = |pixel: &[u8]| pixel[0] != pixel[1] || pixel[1] != pixel[2];
            if page.pixels == Pixels::Rgb8 && facts.color == Some(false) {
                facts.color = Some(line.chunks_exact(3).any(colored));
            }
        }
    }
    facts.pages.filter(|pages| *pages > 0)?;
    Some(facts)
}
