//! The streams of a pipe that has begun.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use papermesh_protocol::limits;
use tokio::io::ReadBuf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};
use yamux::{Connection, Mode};

/// Streams that one end may have opened at once; who wants one more waits.
const OPENED: usize = limits::KNOCKS_SERVED;
/// Streams of one pipe, both ways. One more would end the pipe, so there is room for those that are
/// about to be closed.
const STREAMS: usize = OPENED + 56;
/// Streams that the other end opened and nobody has taken yet.
const ARRIVED: usize = 64;
/// Bytes that one stream may send ahead: Yamux' own.
const WINDOW: usize = 256 * 1024;
/// Bytes that one frame carries at most: with Yamux' header they fill a Noise frame.
pub const PAYLOAD: usize = 64 * 1024 - 1024 - 16;

/// A stream of a pipe.
#[derive(Debug)]
pub struct PipeStream {
    stream: Compat<yamux::Stream>,
    /// Its place among those that this end opened.
    _place: Option<OwnedSemaphorePermit>,
}

impl PipeStream {
    fn of(stream: yamux::Stream, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            stream: stream.compat(),
            _place: place,
        }
    }
}

impl tokio::io::AsyncRead for PipeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl tokio::io::AsyncWrite for PipeStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A pipe. It ends when this is dropped.
#[derive(Debug)]
pub struct Pipe {
    opener: Opener,
    arriving: mpsc::Receiver<PipeStream>,
    driving: JoinHandle<()>,
}

/// Opens streams on a pipe; cheap to clone. It keeps no pipe alive.
#[derive(Clone, Debug)]
pub struct Opener {
    wanted: mpsc::Sender<oneshot::Sender<yamux::Stream>>,
    places: Arc<Semaphore>,
}

impl Opener {
    /// Opens a stream, and waits while there are as many as may be; none if the pipe has ended.
    pub async fn open(&self) -> Option<PipeStream> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let (asked, opened) = oneshot::channel();
        self.wanted.send(asked).await.ok()?;
        Some(PipeStream::of(opened.await.ok()?, Some(place)))
    }
}

impl Pipe {
    pub(crate) fn new<C>(carrier: C, mode: Mode) -> Self
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(STREAMS);
        config.set_max_connection_receive_window(Some(STREAMS * WINDOW));
        config.set_split_send_size(PAYLOAD);
        let (wanted, opening) = mpsc::channel(1);
        let (arrived, arriving) = mpsc::channel(ARRIVED);
        let driver = Driver {
            connection: Connection::new(carrier, config, mode),
            opening,
            wanted: VecDeque::new(),
            arrived,
        };
        Self {
            opener: Opener {
                wanted,
                places: Arc::new(Semaphore::new(OPENED)),
            },
            arriving,
            driving: tokio::spawn(driver),
        }
    }

    /// What opens streams on it.
    #[must_use]
    pub fn opener(&self) -> Opener {
        self.opener.clone()
    }

    /// The next stream that the other end opened; none if the pipe has ended.
    pub async fn next(&mut self) -> Option<PipeStream> {
        self.arriving.recv().await
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

/// Moves everything on a pipe: Yamux makes progress only by being asked for the next stream.
struct Driver<C> {
    connection: Connection<C>,
    opening: mpsc::Receiver<oneshot::Sender<yamux::Stream>>,
    wanted: VecDeque<oneshot::Sender<yamux::Stream>>,
    arrived: mpsc::Sender<PipeStream>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Driver<C> {
    /// Opens what is wanted, as far as it goes; an error ends the pipe.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        while self.wanted.len() < OPENED {
            match self.opening.poll_recv(cx) {
                Poll::Ready(Some(wanted)) => self.wanted.push_back(wanted),
                _ => break,
            }
        }
        while !self.wanted.is_empty() {
            match self.connection.poll_new_outbound(cx) {
                Poll::Ready(Ok(stream)) => {
                    if let Some(wanted) = self.wanted.pop_front() {
                        // Who does not want it any more drops it, which resets it.
                        let _ = wanted.send(stream);
                    }
                }
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> Future for Driver<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.poll_open(cx).is_err() {
                return Poll::Ready(());
            }
            match self.connection.poll_next_inbound(cx) {
                // One for which there is no room is dropped, which resets it.
                Poll::Ready(Some(Ok(stream))) => {
                    drop(self.arrived.try_send(PipeStream::of(stream, None)));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
