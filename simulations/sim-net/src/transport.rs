//! libp2p's transport and multiplexer over [`Net`].

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent};
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, PeerId};

use crate::net::{ConnectionNumber, Net, NodeNumber, Side, StreamNumber, address, node_at};

/// The transport of one node. Connections come out of it authenticated and multiplexed.
pub struct Transport {
    net: Net,
    node: NodeNumber,
    listener: Option<ListenerId>,
    /// What the swarm is to be told.
    news: Option<TransportEvent<Opening, io::Error>>,
}

impl Transport {
    /// The transport of a node that has [entered](Net::enter).
    pub fn new(net: Net, node: NodeNumber) -> Self {
        Self {
            net,
            node,
            listener: None,
            news: None,
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.net.listen(self.node, false);
    }
}

impl libp2p::Transport for Transport {
    type Output = (PeerId, StreamMuxerBox);
    type Error = io::Error;
    type ListenerUpgrade = Opening;
    type Dial = Opening;

    fn listen_on(
        &mut self,
        listener_id: ListenerId,
        wanted: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        if node_at(&wanted) != Some(self.node) || self.listener.is_some() {
            return Err(TransportError::MultiaddrNotSupported(wanted));
        }
        self.listener = Some(listener_id);
        self.net.listen(self.node, true);
        self.news = Some(TransportEvent::NewAddress {
            listener_id,
            listen_addr: address(self.node),
        });
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        if self.listener != Some(id) {
            return false;
        }
        self.listener = None;
        self.net.listen(self.node, false);
        true
    }

    fn dial(&mut self, to: Multiaddr, _: DialOpts) -> Result<Opening, TransportError<io::Error>> {
        match node_at(&to) {
            Some(node) if node != self.node && self.net.peer(node).is_some() => Ok(Opening {
                number: self.net.dial(self.node, node),
                net: self.net.clone(),
                side: Side::Dialer,
                opened: false,
            }),
            _ => Err(TransportError::MultiaddrNotSupported(to)),
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Opening, io::Error>> {
        if let Some(news) = self.news.take() {
            return Poll::Ready(news);
        }
        let Some(listener_id) = self.listener else {
            return Poll::Pending;
        };
        match self.net.next_knock(self.node, context.waker()) {
            None => Poll::Pending,
            Some((number, send_back_addr)) => Poll::Ready(TransportEvent::Incoming {
                listener_id,
                upgrade: Opening {
                    net: self.net.clone(),
                    number,
                    side: Side::Listener,
                    opened: false,
                },
                local_addr: address(self.node),
                send_back_addr,
            }),
        }
    }
}

/// A connection whose handshake is under way.
pub struct Opening {
    net: Net,
    number: ConnectionNumber,
    side: Side,
    opened: bool,
}

impl Future for Opening {
    type Output = io::Result<(PeerId, StreamMuxerBox)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let open = self.net.poll_open(self.number, self.side, context.waker());
        open.map(|open| {
            let peer = open?;
            self.opened = true;
            let muxer = Muxer {
                net: self.net.clone(),
                number: self.number,
                side: self.side,
            };
            Ok((peer, StreamMuxerBox::new(muxer)))
        })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.opened {
            self.net.let_go(self.number, self.side);
        }
    }
}

/// One side of an open connection.
struct Muxer {
    net: Net,
    number: ConnectionNumber,
    side: Side,
}

impl Muxer {
    fn stream(&self, number: StreamNumber, written: bool) -> Stream {
        Stream {
            net: self.net.clone(),
            connection: self.number,
            side: self.side,
            number,
            written,
            ended: false,
        }
    }
}

impl StreamMuxer for Muxer {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let next = self
            .net
            .next_stream(self.number, self.side, context.waker());
        next.map(|stream| match stream {
            Some(stream) => Ok(self.stream(stream, true)),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        })
    }

    fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        Poll::Ready(match self.net.open_stream(self.number, self.side) {
            Some(stream) => Ok(self.stream(stream, false)),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        })
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.net.let_go(self.number, self.side);
        Poll::Ready(Ok(()))
    }

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        match self.net.poll_alive(self.number, self.side, context.waker()) {
            true => Poll::Pending,
            false => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        self.net.let_go(self.number, self.side);
    }
}

/// A stream of a connection. The other side hears of it with its first message.
struct Stream {
    net: Net,
    connection: ConnectionNumber,
    side: Side,
    number: StreamNumber,
    written: bool,
    ended: bool,
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.net
            .read(
                self.connection,
                self.side,
                self.number,
                into,
                context.waker(),
            )
            .map_err(io::Error::from)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = self.net.write(
            (self.connection, self.side, self.number),
            !self.written,
            bytes,
            context.waker(),
        );
        self.written |= written.is_ready();
        written.map_err(io::Error::from)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ended {
            self.ended = true;
            self.net.end_stream(self.connection, self.side, self.number);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.ended {
            self.net.end_stream(self.connection, self.side, self.number);
        }
        self.net
            .forget_stream(self.connection, self.side, self.number);
    }
}
