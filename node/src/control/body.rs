//! A document on its way from the command line to the service.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, ReadBuf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{frame, limits};

/// A part of a document, or none at its end.
type Part = io::Result<Option<Vec<u8>>>;

/// The document that follows a command, to be read like a file.
///
/// The sender is asked for it at the first read; a service that refuses before that costs the
/// sender nothing. It ends with an ordinary end only if the sender said that it was complete;
/// if the sender died, reading fails with `UnexpectedEof` (or the command is dropped before that,
/// see [`Service`](super::Service)), and if it stood still for [`limits::DOCUMENT_STALL`], with
/// `TimedOut`.
#[derive(Debug)]
pub struct Body {
    parts: mpsc::Receiver<Part>,
    current: Vec<u8>,
    at: usize,
    complete: bool,
    wanted: Option<oneshot::Sender<()>>,
}

/// The other end of a [`Body`].
pub(super) struct Feed {
    parts: mpsc::Sender<Part>,
}

impl Body {
    /// A body, what feeds it, and what becomes true once somebody reads it.
    pub(super) fn channel() -> (Self, Feed, oneshot::Receiver<()>) {
        let (sender, parts) = mpsc::channel(limits::CHUNKS_WAITING);
        let (wanted, is_wanted) = oneshot::channel();
        let body = Self {
            parts,
            current: Vec::new(),
            at: 0,
            complete: false,
            wanted: Some(wanted),
        };
        (body, Feed { parts: sender }, is_wanted)
    }
}

impl AsyncRead for Body {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let body = self.get_mut();
        if let Some(wanted) = body.wanted.take() {
            // Nobody there to ask: then the parts have ended, too, which is seen below.
            let _ = wanted.send(());
        }
        while body.at == body.current.len() {
            if body.complete {
                return Poll::Ready(Ok(()));
            }
            match ready!(body.parts.poll_recv(context)) {
                Some(Ok(Some(part))) => (body.current, body.at) = (part, 0),
                Some(Ok(None)) => body.complete = true,
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            }
        }
        let rest = &body.current[body.at..];
        let taken = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..taken]);
        body.at += taken;
        Poll::Ready(Ok(()))
    }
}

impl Feed {
    /// Attends to what comes from the command line after its request. Returns when it went away
    /// and its command is therefore void; never otherwise.
    pub(super) async fn attend<R: AsyncBufRead + Unpin>(self, mut reader: R) {
        if is_gone(&mut reader).await {
            return;
        }
        loop {
            let part = match timeout(limits::DOCUMENT_STALL, frame::read_chunk(&mut reader)).await {
                Ok(part) => part,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            };
            let (complete, broken) = (matches!(part, Ok(None)), part.is_err());
            // Not taken any more: then it is read only to keep the sender from standing still.
            let _ = self.parts.send(part).await;
            if broken {
                // The service learns it by reading and tidies up, rather than being dropped.
                return pending().await;
            }
            if complete {
                break;
            }
        }
        if !is_gone(&mut reader).await {
            // More after the end: nothing of ours. The command goes on and is answered.
            pending().await
        }
    }
}

/// Waits for what comes next and says whether that is the end.
async fn is_gone<R: AsyncBufRead + Unpin>(reader: &mut R) -> bool {
    reader.fill_buf().await.map_or(true, <[u8]>::is_empty)
}
