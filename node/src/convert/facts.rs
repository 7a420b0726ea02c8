//! What a document says about itself: pages, the size of the first one, colour.
//!
//! For lists and receipts, and for what a converter must know. Found in a process of its own, fed
//! while the document arrives; if that process crashes, hangs, or finds the document too large,
//! the facts are not known, and that is all that happens.

use std::io::Read;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::chain::Converter;
use super::child::{self, Trouble, Worker};
use super::limits;
use super::media::PageSize;
use super::pdf;
use super::raster::{self, Pixels, Source};

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

/// A look at a document that is arriving.
#[derive(Debug)]
pub struct Inspection {
    pieces: Option<mpsc::Sender<Vec<u8>>>,
    fed: usize,
    looking: JoinHandle<Facts>,
}

impl Inspection {
    /// Begins to look at a document of this format. Never fails: the facts are just not known.
    #[must_use]
    pub fn begin(converter: &Converter, format: &str) -> Self {
        let (pieces, arriving) = mpsc::channel(AHEAD);
        let worker = match LOOKED_AT.contains(&format) {
            true => converter.facts_worker(format),
            false => Err(Trouble::Said(
                "its format says nothing of itself".to_owned(),
            )),
        };
        let looking = tokio::spawn(async move {
            match worker {
                Ok(worker) => feed(worker, arriving).await,
                Err(error) => {
                    tracing::debug!(%error, "nothing looks at documents");
                    Facts::default()
                }
            }
        });
        Self {
            pieces: Some(pieces),
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
        let taken = self.fed <= limits::INSPECTED && timeout(limits::FACTS, sent).await == Ok(true);
        if !taken {
            self.pieces = None;
            self.looking.abort();
        }
    }

    /// The facts, once the document is whole.
    pub async fn finish(mut self) -> Facts {
        if self.pieces.take().is_none() {
            return Facts::default();
        }
        match timeout(limits::FACTS, &mut self.looking).await {
            Ok(Ok(facts)) => facts,
            _ => {
                self.looking.abort();
                Facts::default()
            }
        }
    }
}

/// Gives a process all pieces, and returns what it found.
async fn feed(mut worker: Worker, mut pieces: mpsc::Receiver<Vec<u8>>) -> Facts {
    let Some(mut input) = worker.take_input() else {
        return Facts::default();
    };
    while let Some(piece) = pieces.recv().await {
        if input.write_all(&piece).await.is_err() {
            break;
        }
    }
    drop(input);
    answer(worker, limits::FACTS).await
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

/// Looks at a document. Runs in the process of its own.
pub(super) fn look(format: &str, input: &mut impl Read) -> Facts {
    match format {
        "application/pdf" => {
            let mut bytes = Vec::new();
            let read = input.take(limits::HELD + 1).read_to_end(&mut bytes);
            let facts = read.ok().and_then(|_| pdf::facts(&bytes).ok());
            facts.unwrap_or_default()
        }
        "image/pwg-raster" => raster(Source::Pwg, input).unwrap_or_default(),
        "image/urf" => raster(Source::Urf, input).unwrap_or_default(),
        "image/jpeg" | "image/png" => {
            let picture = pdf::dimensions(input).ok();
            // The rest is taken too, so that nobody is left with half of it.
            drop(std::io::copy(input, &mut std::io::sink()));
            Facts {
                pages: picture.as_ref().map(|_| 1),
                page_size: None,
                color: picture.map(|(picture, _)| picture.components > 1),
            }
        }
        _ => Facts::default(),
    }
}

fn raster(source: Source, input: &mut impl Read) -> Option<Facts> {
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
        facts.pages = facts
            .pages?
            .checked_add(1)
            .filter(|pages| *pages <= limits::PAGES);
        for _ in 0..page.height {
            pages.line(&mut line).ok()?;
            let colored = |pixel: &[u8]| pixel[0] != pixel[1] || pixel[1] != pixel[2];
            if page.pixels == Pixels::Rgb8 && facts.color == Some(false) {
                facts.color = Some(line.chunks_exact(3).any(colored));
            }
        }
    }
    facts.pages.filter(|pages| *pages > 0)?;
    Some(facts)
}
