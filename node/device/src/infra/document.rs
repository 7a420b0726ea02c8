//! A document's way from the print that has it to whoever fetches it: a few pieces at a time, and never
//! an end that is none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::super::event::DeviceEvent;
use super::super::reporter::Reporter;
use super::super::source::{Source, SourceFault};
use super::device::InfraDevice;

/// Pieces that wait for whoever fetches.
pub(super) const AHEAD: usize = 2;

/// What goes to whoever fetches.
pub(super) enum Piece {
    Bytes(Bytes),
    /// The document is whole.
    End,
}

/// The bytes of a document, for its proxy. What breaks it off is an error: a document that just ends is
/// whole.
pub struct Document {
    pieces: mpsc::Receiver<Piece>,
    device: InfraDevice,
    number: i32,
    ended: bool,
}

impl Document {
    pub(super) fn new(pieces: mpsc::Receiver<Piece>, device: InfraDevice, number: i32) -> Self {
        Self {
            pieces,
            device,
            number,
            ended: false,
        }
    }
}

impl Stream for Document {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Bytes(bytes)) if self.device.send(self.number) => Some(Ok(bytes)),
            Some(Piece::End) if self.device.finish(self.number) => {
                self.ended = true;
                None
            }
            // Also where it was called off, or has ended meanwhile: then nothing more of it goes out.
            Some(_) | None => {
                self.ended = true;
                let why = "the document broke off on its way to this printer";
                Some(Err(io::Error::other(why)))
            }
        })
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if !self.ended {
            self.device.break_off(self.number);
        }
    }
}

/// How giving a document away ended.
#[derive(Debug)]
pub(super) enum Given {
    /// All of it is out of here.
    Whole,
    /// Whoever fetched it has gone, or it was called off.
    Unread,
    /// There is no more of it.
    Fault(SourceFault),
}

/// Gives a document to whoever fetches it, as fast as they do.
pub(super) async fn give<R: AsyncRead + Unpin>(
    source: &mut Source<R>,
    pieces: mpsc::Sender<Piece>,
    reporter: &Reporter,
) -> Given {
    let mut bytes = 0;
    loop {
        let piece = match source.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(fault) => return Given::Fault(fault),
        };
        bytes += piece.len() as u64;
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            return Given::Unread;
        }
        reporter.tell(DeviceEvent::Sent { bytes });
    }
    match pieces.send(Piece::End).await {
        Ok(()) => Given::Whole,
        Err(_) => Given::Unread,
    }
}
