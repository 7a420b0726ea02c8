//! Bodies on their way between an outsider and a door: rewritten as they come, and given up when they stand still.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use papermesh_protocol::gateway::terminated::rewrite::{RewriteError, Rewriter};
use tokio::time::{Instant, Sleep, sleep};

/// How long a body may stand still. Programs that render while they print do pause.
pub(super) const STALL: Duration = Duration::from_secs(90);
/// Bytes of a message that say what it is (RFC 8010 section 3.1.1).
const HEADER: usize = 8;
/// How long they may take: a request has its turn from then on.
const BEGINS: Duration = Duration::from_secs(30);
/// Pieces in which those may come.
const PIECES: usize = 16;

/// Why a body ends too early.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// Its sender does not go on.
    #[error("it stood still")]
    Stalled,
    /// Its sender hung up.
    #[error("it broke off")]
    Broken,
    /// It is no IPP.
    #[error(transparent)]
    Rewrite(RewriteError),
}

/// What an IPP message is, by its first bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) version: [u8; 2],
    pub(super) operation: u16,
    pub(super) id: [u8; 4],
}

/// A body of which something was read, to be read again.
pub(super) struct Begun {
    read: VecDeque<Bytes>,
    rest: Incoming,
}

impl Begun {
    /// Reads as much as says what the message is; none if there is not so much of it.
    pub(super) async fn read(mut body: Incoming) -> Result<(Header, Self), BodyError> {
        let (mut first, mut read) = (Vec::new(), VecDeque::new());
        let until = Instant::now() + BEGINS;
        for _ in 0..PIECES {
            let piece = tokio::time::timeout_at(until, next(&mut body)).await;
            let Some(piece) = piece.map_err(|_| BodyError::Stalled)?? else {
                break;
            };
            let missing = HEADER - first.len();
            first.extend_from_slice(&piece[..piece.len().min(missing)]);
            read.push_back(piece);
            if let Ok(header) = <[u8; HEADER]>::try_from(first.as_slice()) {
                let [major, minor, high, low, id @ ..] = header;
                let header = Header {
                    version: [major, minor],
                    operation: u16::from_be_bytes([high, low]),
                    id,
                };
                return Ok((header, Self { read, rest: body }));
            }
        }
        Err(BodyError::Broken)
    }

    /// One of which nothing was read.
    pub(super) const fn whole(rest: Incoming) -> Self {
        Self {
            read: VecDeque::new(),
            rest,
        }
    }
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    std::future::poll_fn(|cx| poll_next(body, cx)).await
}

/// The next piece of a body that is not empty.
fn poll_next(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Poll::Ready(Ok(Some(data))),
                // Trailers mean nothing here.
                Err(_) => {}
            },
            Some(Err(_)) => return Poll::Ready(Err(BodyError::Broken)),
            None => return Poll::Ready(Ok(None)),
        }
    }
}

/// A body that is rewritten while it passes, with what has to live for as long as it does.
pub(crate) struct Passing<K> {
    body: Begun,
    /// None where it passes as it is.
    rewriter: Option<Rewriter>,
    /// How long it may stand still,
    patience: Duration,
    /// and until when it may now.
    until: Pin<Box<Sleep>>,
    ended: bool,
    /// What was wrong with it, for whoever answers.
    wrong: Arc<OnceLock<BodyError>>,
    _kept: K,
}

impl<K> Passing<K> {
    pub(super) fn new(
        body: Begun,
        rewriter: Option<Rewriter>,
        patience: Duration,
        wrong: Arc<OnceLock<BodyError>>,
        kept: K,
    ) -> Self {
        Self {
            body,
            rewriter,
            patience,
            until: Box::pin(sleep(patience)),
            ended: false,
            wrong,
            _kept: kept,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(read) = self.body.read.pop_front() {
            return Poll::Ready(Ok(Some(read)));
        }
        match poll_next(&mut self.body.rest, cx) {
            Poll::Ready(piece) => {
                let until = Instant::now() + self.patience;
                self.until.as_mut().reset(until);
                Poll::Ready(piece)
            }
            Poll::Pending => {
                ready!(self.until.as_mut().poll(cx));
                Poll::Ready(Err(BodyError::Stalled))
            }
        }
    }

    /// What is passed on for a piece; none if it is held until more comes.
    fn rewritten(&mut self, piece: Option<Bytes>) -> Result<Option<Bytes>, RewriteError> {
        let Some(rewriter) = &mut self.rewriter else {
            return Ok(piece);
        };
        let Some(piece) = piece else {
            let mut out = Vec::new();
            rewriter.finish(&mut out);
            return Ok(Some(out.into()));
        };
        if rewriter.is_past_attributes() {
            return Ok(Some(piece));
        }
        let mut out = Vec::with_capacity(piece.len());
        rewriter.push(&piece, &mut out)?;
        Ok(Some(out.into()))
    }
}

impl<K: Unpin> Body for Passing<K> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        while !this.ended {
            let piece = match ready!(this.poll_piece(cx)) {
                Ok(piece) => {
                    this.ended = piece.is_none();
                    this.rewritten(piece).map_err(BodyError::Rewrite)
                }
                Err(error) => Err(error),
            };
            match piece {
                Ok(Some(data)) if !data.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(_) => {}
                Err(error) => {
                    this.ended = true;
                    drop(this.wrong.set(error.clone()));
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
