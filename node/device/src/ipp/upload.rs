//! The document as the body of an HTTP request: streamed, counted, and stopped for certain.
//!
//! Lives here: what the HTTP client pulls, and the ledger that the print walk reads meanwhile. Not
//! here: deciding what a fault means (`watch.rs`).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream;
use reqwest::Body;
use tokio::io::AsyncRead;
use tokio::sync::Notify;
use tokio_util::bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::super::source::{Source, SourceFault};

/// What is known of a document on its way, shared by the watch and the HTTP client's own task.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Mutex<Entries>,
    /// The document's own stream ended early.
    faulted: Notify,
    /// The connection may end.
    abandoned: CancellationToken,
}

#[derive(Debug, Default)]
struct Entries {
    taken: u64,
    finished: bool,
    stopped: bool,
    /// A piece of the document is waited for.
    starved: bool,
    fault: Option<SourceFault>,
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change is a single assignment, so a lock left by a panic still guards whole values.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the document given to the HTTP client. 0 means that none can have reached the
    /// device.
    pub(super) fn taken(&self) -> u64 {
        self.entries().taken
    }

    /// Whether the whole document was given to the HTTP client.
    pub(super) fn finished(&self) -> bool {
        self.entries().finished
    }

    /// Whether it is the document that is waited for, and not the device.
    pub(super) fn starved(&self) -> bool {
        self.entries().starved
    }

    /// Gives out no more bytes, and tells how many were. The answer is final: giving and counting
    /// happen under the same lock. The connection stays open; see [`body`] for why.
    pub(super) fn stop(&self) -> u64 {
        let mut entries = self.entries();
        entries.stopped = true;
        entries.taken
    }

    /// Lets the connection end.
    pub(super) fn abandon(&self) {
        self.stop();
        self.abandoned.cancel();
    }

    /// Why the document's own stream ended early, if it did.
    pub(super) fn take_fault(&self) -> Option<SourceFault> {
        self.entries().fault.take()
    }

    /// Waits until the document's own stream ends early, if it ever does.
    pub(super) async fn fault(&self) -> SourceFault {
        loop {
            if let Some(fault) = self.take_fault() {
                return fault;
            }
            self.faulted.notified().await;
        }
    }

    /// Counts a piece out, unless giving has been stopped; `last` if it ends the document.
    fn give(&self, piece: Bytes, last: bool) -> Option<Bytes> {
        let mut entries = self.entries();
        entries.starved = false;
        if entries.stopped {
            return None;
        }
        entries.taken += piece.len() as u64;
        entries.finished = last;
        Some(piece)
    }

    /// The next piece for the HTTP client; `None` at the document's end. What breaks off stays open
    /// until it is abandoned.
    ///
    /// A client that knows the length does not ask for the end. So the last piece is only given
    /// when the end has been seen behind it: a longer document must not look like a whole one.
    async fn next<R>(&self, source: &mut Source<R>) -> io::Result<Option<Bytes>>
    where
        R: AsyncRead + Unpin,
    {
        self.entries().starved = true;
        let taken = self.taken();
        let reading = async {
            let piece = source.next().await?;
            let Some(piece) = piece else {
                return Ok(None);
            };
            let last = source.length() == Some(taken + piece.len() as u64);
            if last {
                source.next().await?;
            }
            Ok(Some((piece, last)))
        };
        let read = tokio::select! {
            biased;
            () = self.abandoned.cancelled() => return Err(abandoned()),
            read = reading => read,
        };
        match read {
            Ok(Some((piece, last))) => {
                if let Some(piece) = self.give(piece, last) {
                    return Ok(Some(piece));
                }
            }
            Ok(None) => {
                let mut entries = self.entries();
                (entries.finished, entries.starved) = (true, false);
                return Ok(None);
            }
            Err(fault) => {
                self.entries().fault = Some(fault);
                self.faulted.notify_one();
            }
        }
        self.abandoned.cancelled().await;
        Err(abandoned())
    }

    /// Sees the end of a document that has no bytes, for which nobody asks.
    async fn end_of_nothing<R>(&self, source: &mut Source<R>)
    where
        R: AsyncRead + Unpin,
    {
        if source.length() != Some(0) {
            return;
        }
        match source.next().await {
            Ok(_) => self.entries().finished = true,
            Err(fault) => {
                self.entries().fault = Some(fault);
                self.faulted.notify_one();
            }
        }
    }
}

fn abandoned() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the print was stopped")
}

/// A body of `head` (the IPP request) and the document after it.
///
/// A body that fails makes the HTTP client end the connection without the closing chunk. That
/// should tell a device that it has only a part, but there are devices that print the part (CUPS's
/// own `ippeveprinter` does). So what breaks off is held open until the job is canceled.
pub(super) fn body<R>(head: Vec<u8>, source: Source<R>, ledger: Arc<Ledger>) -> Body
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let begin = (Some(head), source, ledger);
    Body::wrap_stream(stream::try_unfold(
        begin,
        |(head, mut source, ledger)| async move {
            let piece = match head {
                Some(head) => {
                    ledger.end_of_nothing(&mut source).await;
                    Some(Bytes::from(head))
                }
                None => ledger.next(&mut source).await?,
            };
            Ok::<_, io::Error>(piece.map(|piece| (piece, (None, source, ledger))))
        },
    ))
}
