//! Yamux, tuned for documents. libp2p's own wrapper exposes neither the size at which frames are
//! split nor the cap on what a connection may buffer; this one sets both.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::{AsyncRead, AsyncWrite, future};
use libp2p::core::UpgradeInfo;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use yamux::{Connection, ConnectionError, Mode};

/// Streams of one connection.
const STREAMS: usize = 64;
/// Bytes that one connection may buffer on receipt: Yamux' default window for each stream.
const RECEIVE_WINDOW: usize = STREAMS * 256 * 1024;
/// Payload of one frame: with Yamux' header it fills one Noise frame.
const SPLIT: usize = 64 * 1024 - 1024 - 16;
/// Streams that wait to be accepted.
const WAITING: usize = STREAMS;

/// The multiplexer of all transports.
#[derive(Clone)]
pub(super) struct MuxerUpgrade(yamux::Config);

impl Default for MuxerUpgrade {
    fn default() -> Self {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(STREAMS);
        config.set_max_connection_receive_window(Some(RECEIVE_WINDOW));
        config.set_split_send_size(SPLIT);
        Self(config)
    }
}

impl UpgradeInfo for MuxerUpgrade {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C>
    for MuxerUpgrade
{
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = future::Ready<io::Result<Muxer<C>>>;

    fn upgrade_inbound(self, socket: C, _: &'static str) -> Self::Future {
        future::ready(Ok(Muxer::new(socket, self.0, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C>
    for MuxerUpgrade
{
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = future::Ready<io::Result<Muxer<C>>>;

    fn upgrade_outbound(self, socket: C, _: &'static str) -> Self::Future {
        future::ready(Ok(Muxer::new(socket, self.0, Mode::Client)))
    }
}

/// One multiplexed connection.
pub(super) struct Muxer<C> {
    connection: Connection<C>,
    /// Streams that arrived while the connection was driven for another reason. Yamux makes
    /// progress only by being asked for the next of them.
    arrived: VecDeque<yamux::Stream>,
    accepting: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    fn new(socket: C, config: yamux::Config, mode: Mode) -> Self {
        Self {
            connection: Connection::new(socket, config, mode),
            arrived: VecDeque::new(),
            accepting: None,
        }
    }

    fn poll_arrival(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<yamux::Stream, ConnectionError>> {
        let arrival = ready!(self.connection.poll_next_inbound(cx));
        Poll::Ready(arrival.unwrap_or(Err(ConnectionError::Closed)))
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = yamux::Stream;
    type Error = ConnectionError;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<yamux::Stream, ConnectionError>> {
        if let Some(stream) = self.arrived.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        if let Poll::Ready(arrival) = self.poll_arrival(cx) {
            return Poll::Ready(arrival);
        }
        self.accepting = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<yamux::Stream, ConnectionError>> {
        self.connection.poll_new_outbound(cx)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionError>> {
        self.connection.poll_close(cx)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, ConnectionError>> {
        let stream = ready!(self.poll_arrival(cx))?;
        if self.arrived.len() < WAITING {
            self.arrived.push_back(stream);
            if let Some(accepting) = self.accepting.take() {
                accepting.wake();
            }
        }
        // There may be more; others first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
