//! The body of a request while it arrives: attributes first, then perhaps a document.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures::{Stream, StreamExt};
use papermesh_ipp_guard::{Guard, GuardError};
use papermesh_web::Slot;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::limits;
use crate::message::{Malformed, Request};
use crate::status::Status;

/// A body on its way. What is read of it is read once; a body that stands still for
/// [`limits::BODY_STALL`] has ended with an error.
pub struct Arriving {
    stream: BodyDataStream,
    /// What has come and was not read.
    left: Bytes,
    patience: Pin<Box<Sleep>>,
    ended: bool,
    /// What it occupies, and may lose while nothing comes.
    slots: Vec<Arc<Slot>>,
    guard: Guard,
}

impl Arriving {
    /// A body that occupies a slot.
    #[must_use]
    pub fn new(body: Body, slot: Arc<Slot>) -> Self {
        Self {
            slots: vec![slot],
            stream: body.into_data_stream(),
            left: Bytes::new(),
            patience: Box::pin(sleep(limits::BODY_STALL)),
            ended: false,
            guard: Guard::default(),
        }
    }

    /// The same, whose attributes may have so many bytes and values.
    #[must_use]
    pub fn with_room(self, room: usize, values: usize) -> Self {
        Self {
            guard: Guard::with_room(room, values),
            ..self
        }
    }

    /// Occupies another slot until its end.
    pub fn occupy(&mut self, slot: Arc<Slot>) {
        slot.resume();
        self.slots.push(slot);
    }

    /// Reads header and attributes; what follows them is the document.
    pub async fn request(&mut self) -> Result<Request, Malformed> {
        Request::read(&self.section().await?)
    }

    /// The same as bytes, which the guard let pass.
    pub async fn section(&mut self) -> Result<Bytes, Malformed> {
        let mut arrived = Vec::new();
        let read = timeout(limits::ATTRIBUTES, self.attributes(&mut arrived));
        let end = match read.await {
            Ok(Ok(end)) => end,
            Ok(Err(GuardError::TooLarge | GuardError::TooManyValues)) => {
                let (status, text) = (
                    Status::RequestEntityTooLarge,
                    "the request's attributes are too large",
                );
                return Err(Malformed::unguarded(&arrived, status, text));
            }
            Ok(Err(error)) => {
                let text = format!("the request cannot be read: {error}");
                return Err(Malformed::unguarded(&arrived, Status::BadRequest, text));
            }
            Err(_) => {
                let text = "the request's attributes did not arrive in time";
                return Err(Malformed::unguarded(&arrived, Status::Timeout, text));
            }
        };
        let mut arrived = Bytes::from(arrived);
        self.left = arrived.split_off(end);
        Ok(arrived)
    }

    /// Reads until the attributes have ended, and gives their end.
    async fn attributes(&mut self, arrived: &mut Vec<u8>) -> Result<usize, GuardError> {
        loop {
            self.slots.iter().for_each(|slot| slot.rest());
            let piece = self.stream.next().await;
            self.slots.iter().for_each(|slot| slot.resume());
            let Some(Ok(piece)) = piece else {
                return Err(GuardError::Truncated);
            };
            arrived.extend_from_slice(&piece);
            if let Some(end) = self.guard.advance(arrived)? {
                return Ok(end);
            }
        }
    }

    /// How many bytes are still to come, where the sender said so.
    pub fn rest(&self) -> Option<u64> {
        let coming = hyper::body::Body::size_hint(&self.stream).exact()?;
        Some(coming + self.left.len() as u64)
    }

    /// Reads on and throws a document away, so that whoever sends it gets to read the answer.
    pub async fn drain(&mut self) {
        self.drain_at_most(limits::DRAIN_BYTES, limits::DRAIN).await;
    }

    /// The same of so many bytes, for so long: where nobody has a document to send.
    pub async fn drain_at_most(&mut self, bytes: u64, time: Duration) {
        let (mut rest, mut nowhere) = (self.take(bytes), tokio::io::sink());
        let all = tokio::io::copy(&mut rest, &mut nowhere);
        drop(timeout(time, all).await);
    }

    /// Whether all of it was read, to an end that was well.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

impl AsyncRead for Arriving {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.left.is_empty() {
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            let polled = Pin::new(&mut this.stream).poll_next(cx);
            match polled {
                Poll::Pending => this.slots.iter().for_each(|slot| slot.rest()),
                Poll::Ready(_) => this.slots.iter().for_each(|slot| slot.resume()),
            }
            match polled {
                Poll::Ready(Some(Ok(piece))) => {
                    this.left = piece;
                    this.patience
                        .as_mut()
                        .reset(Instant::now() + limits::BODY_STALL);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error))),
                Poll::Ready(None) => this.ended = true,
                Poll::Pending => {
                    ready!(this.patience.as_mut().poll(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        let piece = this.left.split_to(this.left.len().min(buffer.remaining()));
        buffer.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use papermesh_web::Slots;

    fn slot() -> Arc<Slot> {
        Arc::new(Slots::new(1).take().unwrap())
    }

    fn message(attributes: &[u8], document: &[u8]) -> Vec<u8> {
        let begin = [2, 0, 0, 11, 0, 0, 0, 1, 1];
        [&begin[..], attributes, &[3], document].concat()
    }

    const BEGIN: &[u8] =
        b"\x47\0\x12attributes-charset\0\x05utf-8\x48\0\x1battributes-natural-language\0\x02en";

    #[tokio::test]
    async fn attributes_and_document_are_told_apart_however_they_are_cut() {
        let whole = message(BEGIN, b"%PDF");
        for size in [1, 3, 7, 64, whole.len()] {
            let pieces: Vec<Result<Bytes, io::Error>> = whole
                .chunks(size)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .collect();
            let mut arriving =
                Arriving::new(Body::from_stream(futures::stream::iter(pieces)), slot());
            assert_eq!(arriving.request().await.unwrap().operation, 11);
            let mut document = Vec::new();
            arriving.read_to_end(&mut document).await.unwrap();
            assert_eq!(document, b"%PDF");
            assert!(arriving.has_ended());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let endless = futures::stream::pending::<Result<Bytes, io::Error>>();
        let begun = futures::stream::iter([Ok(Bytes::from(message(BEGIN, b"%")))]);
        let mut arriving = Arriving::new(Body::from_stream(begun.chain(endless)), slot());
        arriving.request().await.unwrap();
        let error = arriving.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let endless = futures::stream::pending::<Result<Bytes, io::Error>>();
        let refused = Arriving::new(Body::from_stream(endless), slot())
            .request()
            .await
            .unwrap_err();
        assert_eq!(refused.answer().status, Status::Timeout);
    }

    #[tokio::test]
    async fn attributes_without_end_are_refused_in_good_time() {
        let value = [&b"\x30\0\x01a\x7f\xff"[..], &[b'x'; 0x7fff]].concat();
        let endless =
            futures::stream::repeat_with(move || Ok::<_, io::Error>(Bytes::from(value.clone())));
        let begun = futures::stream::iter([Ok(Bytes::from(
            message(BEGIN, b"")[..BEGIN.len() + 9].to_vec(),
        ))]);
        let mut arriving = Arriving::new(Body::from_stream(begun.chain(endless)), slot());
        let refused = arriving.request().await.unwrap_err();
        assert_eq!(refused.answer().status, Status::RequestEntityTooLarge);
    }
}
