//! Outsiders who come through a gateway: their connections are streams of a pipe, not of a socket.
//!
//! What they send is TLS from its first byte on, and ends here: the gateway has passed it on without
//! being able to read it. Where the site lets it end TLS itself, it is HTTP. They have slots of their own, so that they cannot take those of the site.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use papermesh_pace::network_of;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::account::Behind;
use super::certificate::{self, CertificateError};
use super::listener::{Patience, Peer, Way, answer};
use super::public::{ACME, PublicCertificates};
use super::slots::{Slot, Slots};

/// An outsider's connection.
pub struct Arrival<S> {
    /// What the outsider sends: TLS from its first byte on, or HTTP.
    pub stream: S,
    /// The outsider's address, as the gateway says.
    pub from: IpAddr,
    /// The host name that the outsider asked for.
    pub asked: Asked,
    /// By which way it comes: [`Way::Gateway`], or [`Way::Terminated`] without TLS.
    pub way: Way,
}

/// The host name by which an outsider found the place. Requests from outside carry it as an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked(pub Arc<str>);

/// Answers outsiders.
pub struct Knocks {
    tls: TlsAcceptor,
}

impl Knocks {
    /// With certificates of the Internet's, where names have some. For others stands the one in the file `own`,
    /// which is made if it is not there.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn new(own: &Path, public: &PublicCertificates) -> Result<Self, CertificateError> {
        let tls = certificate::public_config(own, public)?;
        Ok(Self {
            tls: TlsAcceptor::from(tls),
        })
    }

    /// Answers all who arrive, until there come no more.
    pub async fn serve<S>(
        self,
        mut arriving: mpsc::Receiver<Arrival<S>>,
        router: Router,
        patience: Patience,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let slots = Slots::shared(patience.connections, patience.each);
        let mut tasks = JoinSet::new();
        while let Some(arrival) = arriving.recv().await {
            while tasks.try_join_next().is_some() {}
            // Without a slot the connection is closed at once: all others are at work.
            let Some(slot) = slots.take_for(network_of(arrival.from)) else {
                continue;
            };
            let (tls, router) = (self.tls.clone(), router.clone());
            tasks.spawn(speak(arrival, (tls, router), Arc::new(slot), patience));
        }
    }
}

async fn speak<S>(
    arrival: Arrival<S>,
    (tls, router): (TlsAcceptor, Router),
    slot: Arc<Slot>,
    patience: Patience,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Arrival {
        stream,
        from,
        asked,
        way,
    } = arrival;
    let lost = slot.lost.clone();
    let spoken = async {
        let peer = Peer {
            address: from,
            own: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            tls: true,
            way,
        };
        let router = router
            .layer(Extension(peer))
            .layer(Extension(Behind::Untold))
            .layer(Extension(asked))
            .layer(Extension(slot));
        // TLS asks for a quarter of a record at a time.
        let stream = BufReader::with_capacity(patience.buffer, stream);
        let answered = match way {
            Way::Terminated => answer(stream, router, patience).await,
            Way::Socket | Way::Gateway => match protect(stream, from, (&tls, patience)).await {
                Some(protected) => answer(protected, router, patience).await,
                None => return,
            },
        };
        if let Err(error) = answered {
            tracing::trace!(%from, %error, "an outsider's connection broke off");
        }
    };
    tokio::select! {
        () = lost.cancelled() => {}
        () = spoken => {}
    }
}

/// Ends TLS; none if there is nothing to be answered in it.
async fn protect<S>(
    stream: S,
    from: IpAddr,
    (tls, patience): (&TlsAcceptor, Patience),
) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(patience.handshake, tls.accept(stream)).await {
        // A certificate authority has seen what it wanted to see.
        Ok(Ok(protected)) => {
            let is_looked_at = protected.get_ref().1.alpn_protocol() == Some(ACME);
            (!is_looked_at).then_some(protected)
        }
        Ok(Err(error)) => {
            tracing::debug!(%from, %error, "an outsider's TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}
