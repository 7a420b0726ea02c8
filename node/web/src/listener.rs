//! A socket that answers HTTP and HTTPS, with an end to all that takes too long.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use papermesh_pace::{Origin, network_of};
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::account::Behind;
use super::certificate::{self, CertificateError, Certificates};
use super::slots::{Slot, Slots};

/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// How long an answer may wait to be read on. Who fetches a document reads no faster than its printer prints, which
/// may want paper meanwhile.
const UNREAD: Duration = Duration::from_secs(3 * 60 * 60);
/// How long whoever is not vouched for any more may take to read that.
const DISOWNED: Duration = Duration::from_secs(10);
/// How long it is waited when the system has no room for a connection.
const NO_ROOM: Duration = Duration::from_millis(200);

/// Why nothing is heard.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// There is no certificate for TLS.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Remedy for ListenError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Certificate(error) => error.remedy(),
            _ => None,
        }
    }
}

/// How much connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Connections at once of other computers. A new one beyond that takes the place of the one that has been
    /// waiting for a request the longest; if none is waiting, it is not served.
    pub connections: usize,
    /// Connections at once of one other computer.
    pub each: usize,
    /// Connections at once of this computer, besides those.
    pub here: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a request's header may take, from the first connection or the last answer.
    pub header: Duration,
    /// Bytes of a request's header, with what is read ahead of the body; and of what is read ahead
    /// of TLS.
    pub buffer: usize,
}

/// From where a request comes. Every request carries it as an extension, and so it does its
/// connection's [`Slot`] and, of this computer's programs, their account ([`super::Behind`]).
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The other computer, or this one.
    pub address: IpAddr,
    /// Where it came in.
    pub own: IpAddr,
    /// Whether it came protected.
    pub tls: bool,
    /// By which way it came.
    pub way: Way,
}

/// By which way a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the listener's socket.
    Socket,
    /// Through a gateway, from outside the site. Its address is what the gateway says of it, and no right
    /// follows from that. Such a request also carries its [`super::Asked`].
    Gateway,
    /// The same, by a gateway that ended its TLS and has read it. From the gateway to here it was protected.
    Terminated,
}

impl Peer {
    /// Whether it is a program of this computer.
    pub fn is_local(self) -> bool {
        self.way == Way::Socket && self.address.to_canonical().is_loopback()
    }

    /// Whether it comes from this computer, by whichever of its addresses: no other has one of them.
    pub fn is_here(self) -> bool {
        self.is_local() || self.way == Way::Socket && self.address == self.own
    }

    /// Whether it comes from outside the site.
    #[must_use]
    pub fn is_outside(self) -> bool {
        self.way != Way::Socket
    }
}

impl From<Peer> for Origin {
    fn from(peer: Peer) -> Self {
        match peer.is_here() {
            true => Self::Here,
            false if peer.is_outside() => Self::Away(network_of(peer.address)),
            false => Self::Away(peer.address.to_canonical()),
        }
    }
}

/// A socket that is open. [`Listener::serve`] answers.
pub struct Listener {
    socket: TcpListener,
    /// None where it is not spoken.
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Opens `address`, with these certificates; the node's own is made for `name` if it is not there.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(
        address: SocketAddr,
        certificates: &Certificates,
        name: &str,
    ) -> Result<Self, ListenError> {
        let tls = certificate::server_config(certificates, name)?;
        Ok(Self {
            socket: Self::socket(address).await?,
            tls: Some(TlsAcceptor::from(tls)),
        })
    }

    /// Opens an address of this computer alone, where nobody can listen in: without TLS.
    ///
    /// # Errors
    /// [`ListenError::Address`].
    pub async fn bind_here(address: SocketAddr) -> Result<Self, ListenError> {
        Ok(Self {
            socket: Self::socket(address).await?,
            tls: None,
        })
    }

    async fn socket(address: SocketAddr) -> Result<TcpListener, ListenError> {
        TcpListener::bind(address)
            .await
            .map_err(|source| ListenError::Address { address, source })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers, until it is dropped.
    pub async fn serve(self, router: Router, patience: Patience) {
        let mut tasks = JoinSet::new();
        let away = Slots::shared(patience.connections, patience.each);
        let here = Slots::new(patience.here);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Some(_) = tasks.join_next() => continue,
            };
            match accepted {
                Ok((stream, from)) => {
                    // At once: whoever closes its end has been nobody's.
                    let behind = Behind::of(&stream);
                    // Without a slot the connection is closed at once: all others are at work.
                    if let Some(slot) = slot(&here, &away, &stream, from) {
                        let connection = Connection {
                            router: router.clone(),
                            tls: self.tls.clone(),
                            patience,
                            from,
                            behind,
                            slot: Arc::new(slot),
                        };
                        tasks.spawn(connection.serve(stream));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    sleep(NO_ROOM).await;
                }
            }
        }
    }
}

/// A slot for a connection: those of this computer are taken by no other.
fn slot(here: &Slots, away: &Slots, stream: &TcpStream, from: SocketAddr) -> Option<Slot> {
    let peer = Peer {
        address: from.ip(),
        own: stream.local_addr().ok()?.ip(),
        tls: false,
        way: Way::Socket,
    };
    if peer.is_here() {
        here.take()
    } else {
        away.take_for(from.ip().to_canonical())
    }
}

struct Connection {
    router: Router,
    tls: Option<TlsAcceptor>,
    patience: Patience,
    from: SocketAddr,
    behind: Behind,
    slot: Arc<Slot>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let slot = Arc::clone(&self.slot);
        let disowned = async {
            slot.disowned().await;
            sleep(DISOWNED).await;
        };
        tokio::select! {
            () = slot.lost.cancelled() => {}
            () = disowned => {}
            () = self.speak(stream) => {}
        }
    }

    async fn speak(self, stream: TcpStream) {
        // Answers are short and written at once.
        drop(stream.set_nodelay(true));
        let Ok(own) = stream.local_addr() else {
            return;
        };
        let mut peer = Peer {
            address: self.from.ip(),
            own: own.ip(),
            tls: false,
            way: Way::Socket,
        };
        let mut first = [0];
        match timeout(self.patience.header, stream.peek(&mut first)).await {
            Ok(Ok(1)) if first[0] == TLS_HANDSHAKE => {
                let Some(tls) = &self.tls else {
                    return;
                };
                // TLS asks for a quarter of a record at a time.
                let stream = BufReader::with_capacity(self.patience.buffer, stream);
                match timeout(self.patience.handshake, tls.accept(stream)).await {
                    Ok(Ok(protected)) => {
                        peer.tls = true;
                        self.answer(protected, peer).await;
                    }
                    Ok(Err(error)) => {
                        tracing::debug!(from = %self.from, %error, "TLS handshake failed")
                    }
                    Err(_) => {}
                }
            }
            Ok(Ok(1)) => self.answer(stream, peer).await,
            _ => {}
        }
    }

    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
    ) {
        let router = (self.router.clone())
            .layer(Extension(peer))
            .layer(Extension(self.behind))
            .layer(Extension(Arc::clone(&self.slot)));
        if let Err(error) = answer(stream, router, self.patience).await {
            tracing::trace!(from = %self.from, %error, "connection broke off");
        }
    }
}

/// Answers the requests of one connection, until it ends.
pub(super) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    patience: Patience,
) -> Result<(), hyper::Error> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.header)
        .max_buf_size(patience.buffer)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(router),
        )
        .await
}
