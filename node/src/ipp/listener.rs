//! The hold printer's socket: connections, TLS, and an end to all that takes too long.
//!
//! IPP and IPPS share the port: a TLS handshake begins with a byte that no HTTP request begins
//! with.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::certificate::{self, CertificateError};
use super::desk::Desk;
use super::found;
use super::http;
use super::identity::Identity;
use super::limits;
use super::owner::{Owners, Peer};
use super::queue::Queue;
use super::seats::{Seat, Seats};
use super::subscriptions::Happened;
use crate::dnssd;

/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// How long it is waited when the system has no room for a connection.
const NO_ROOM: Duration = Duration::from_millis(200);
/// How often is looked after jobs that wait for documents.
const SWEEP: Duration = Duration::from_secs(5);
/// How often is looked whether the site's printers can do something else.
const LOOK: Duration = Duration::from_secs(60);

/// Why the hold printer does not listen.
#[derive(Debug, thiserror::Error)]
pub enum HoldPrinterError {
    /// The address cannot be had.
    #[error("cannot listen on {address} for the hold printer: {source}; choose another with --ipp")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no certificate for IPPS.
    #[error("the hold printer: {0}")]
    Certificate(#[from] CertificateError),
}

/// A hold printer that listens. [`HoldPrinter::serve`] answers.
pub struct HoldPrinter<Q> {
    listener: TcpListener,
    tls: TlsAcceptor,
    desk: Arc<Desk<Q>>,
}

impl<Q: Queue> HoldPrinter<Q> {
    /// Listens on `address`, with the certificate in the file `certificate`, which is made if it
    /// is not there.
    ///
    /// # Errors
    /// [`HoldPrinterError`].
    pub async fn bind(
        address: SocketAddr,
        certificate: &Path,
        (identity, owners): (Identity, Owners),
        queue: Q,
    ) -> Result<Self, HoldPrinterError> {
        let tls = certificate::server_config(certificate, &identity.name)?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| HoldPrinterError::Listen { address, source })?;
        let desk = Desk::new(queue, identity, owners);
        Ok(Self {
            listener,
            tls: TlsAcceptor::from(tls),
            desk,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers, until it is dropped. Documents that are on their way then are not held. With
    /// `found`, it is announced to those who look for a printer.
    pub async fn serve(self, found: bool) {
        let mut tasks = JoinSet::new();
        if found && let Ok(address) = self.address() {
            tasks.spawn(announce(Arc::clone(&self.desk), address));
        }
        tasks.spawn(follow(Arc::clone(&self.desk)));
        tasks.spawn(sweep(Arc::clone(&self.desk)));
        let router = http::router(self.desk);
        let seats = Seats::new(limits::CONNECTIONS);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = tasks.join_next() => continue,
            };
            match accepted {
                Ok((stream, from)) => {
                    // Without a seat the connection is closed at once: all others are at work.
                    if let Some(seat) = seats.take() {
                        let connection = Connection {
                            router: router.clone(),
                            tls: self.tls.clone(),
                            from,
                            seat: Arc::new(seat),
                        };
                        tasks.spawn(connection.serve(stream));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the hold printer was not accepted");
                    sleep(NO_ROOM).await;
                }
            }
        }
    }
}

/// Tells subscribers what happens to jobs elsewhere.
async fn follow<Q: Queue>(desk: Arc<Desk<Q>>) {
    let mut changes = desk.queue.changes();
    while let Some(number) = changes.next().await {
        desk.tell(number, Happened::Changed).await;
    }
}

/// Announces the printer, and again when there is something else to say of it.
async fn announce<Q: Queue>(desk: Arc<Desk<Q>>, address: SocketAddr) {
    let now = || found::announcement(&desk.identity, &desk.queue.offer(), address);
    let (sender, receiver) = watch::channel(now());
    let renew = async {
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            sender.send_if_modified(|told| {
                let new = now();
                let changed = *told != new;
                *told = new;
                changed
            });
        }
    };
    tokio::select! {
        () = dnssd::announce(receiver) => {}
        () = renew => {}
    }
}

/// Closes jobs whose documents do not come.
async fn sweep<Q: Queue>(desk: Arc<Desk<Q>>) {
    let mut looks = interval(SWEEP);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        for number in desk.open.sweep(desk.queue.now()) {
            desk.tell(number, Happened::Changed).await;
        }
    }
}

struct Connection {
    router: Router,
    tls: TlsAcceptor,
    from: SocketAddr,
    seat: Arc<Seat>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let lost = self.seat.lost.clone();
        tokio::select! {
            () = lost.cancelled() => {}
            () = self.speak(stream) => {}
        }
    }

    async fn speak(self, stream: TcpStream) {
        // Answers are short and written at once.
        drop(stream.set_nodelay(true));
        let mut first = [0];
        match timeout(limits::HTTP_HEADER, stream.peek(&mut first)).await {
            Ok(Ok(1)) if first[0] == TLS_HANDSHAKE => {
                match timeout(limits::HANDSHAKE, self.tls.accept(stream)).await {
                    Ok(Ok(protected)) => self.answer(protected, true).await,
                    Ok(Err(error)) => tracing::debug!(from = %self.from, %error, "no TLS"),
                    Err(_) => {}
                }
            }
            Ok(Ok(1)) => self.answer(stream, false).await,
            _ => {}
        }
    }

    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        tls: bool,
    ) {
        let peer = Peer {
            address: self.from.ip(),
            tls,
        };
        let router = self
            .router
            .clone()
            .layer(Extension(peer))
            .layer(Extension(Arc::clone(&self.seat)));
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HTTP_HEADER)
            .max_buf_size(limits::HTTP_BUFFER)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
            .await;
        if let Err(error) = served {
            tracing::trace!(from = %self.from, %error, "a connection broke off");
        }
    }
}
