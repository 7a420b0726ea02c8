//! The document as the body of an HTTP request: streamed, counted, and stopped for certain.
//!
//! Lives here: what the HTTP client pulls, and the ledger that the print walk reads meanwhile. Not
//! here: deciding what a fault means (`watch.rs`).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream;
use reqwest::Body;
use tokio::io::AsyncRead;
use tokio_util::bytes::Bytes;

use super::super::source::{Source, SourceFault};

/// What is known of a document on its way, shared by the walk and the HTTP client's own task.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    taken: u64,
    finished: bool,
    stopped: bool,
    fault: Option<SourceFault>,
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change is a single assignment, so a lock left by a panic still guards whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Gives out no more bytes, and tells how many were. The answer is final: giving and counting
    /// happen under the same lock.
    pub(super) fn stop(&self) -> u64 {
        let mut entries = self.entries();
        entries.stopped = true;
        entries.taken
    }

    /// Why the document's own stream ended early, if it did.
    pub(super) fn take_fault(&self) -> Option<SourceFault> {
        self.entries().fault.take()
    }

    /// Counts a piece out, unless giving has been stopped.
    fn give(&self, piece: Bytes) -> io::Result<Bytes> {
        let mut entries = self.entries();
        if entries.stopped {
            return Err(stopped());
        }
        entries.taken += piece.len() as u64;
        Ok(piece)
    }
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the print was stopped")
}

/// A body of `head` (the IPP request) and the document after it.
///
/// A body that fails makes the HTTP client drop the connection without the closing chunk, so that a
/// device cannot take a part for the whole.
pub(super) fn body<R>(head: Vec<u8>, source: Source<R>, ledger: Arc<Ledger>) -> Body
where
    R: AsyncRead + Send + Unpin + 'static,
{
    Body::wrap_stream(stream::try_unfold(
        (Some(head), source, ledger),
        |(head, mut source, ledger)| async move {
            if let Some(head) = head {
                return Ok(Some((Bytes::from(head), (None, source, ledger))));
            }
            if ledger.entries().stopped {
                return Err(stopped());
            }
            match source.next().await {
                Ok(Some(piece)) => {
                    let piece = ledger.give(piece)?;
                    Ok(Some((piece, (None, source, ledger))))
                }
                Ok(None) => {
                    ledger.entries().finished = true;
                    Ok(None)
                }
                Err(fault) => {
                    ledger.entries().fault = Some(fault);
                    Err(stopped())
                }
            }
        },
    ))
}
