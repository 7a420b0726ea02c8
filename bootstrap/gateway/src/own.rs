//! Connections to the gateway's own name, the only one for which it ends TLS: pipes of doors, and its web.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::gateway::hello;
use papermesh_protocol::gateway::name::HostName;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::certificate::{self, OwnCertificate};
use crate::doors::Doors;
use crate::turns::{Seat, Seats};
use crate::web::Web;

/// Connections at once. A pipe over requests has two.
pub(crate) const ROOM: usize = 20_000;
/// How long TLS may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// From where somebody came, and at which of the gateway's ports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) from: SocketAddr,
    pub(crate) at: u16,
}

/// What answers to the gateway's own name.
pub(crate) struct Own {
    name: HostName,
    tls: TlsAcceptor,
    doors: Arc<Doors>,
    web: Arc<Web>,
    seats: Seats,
}

impl Own {
    pub(crate) fn new(
        name: HostName,
        certificate: Arc<OwnCertificate>,
        doors: Arc<Doors>,
        web: Arc<Web>,
    ) -> anyhow::Result<Self> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(certificate::provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificate);
        config.alpn_protocols = vec![hello::PIPE.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            name,
            tls: TlsAcceptor::from(Arc::new(config)),
            doors,
            web,
            seats: Seats::new(ROOM),
        })
    }

    /// Whether a name is the gateway's own.
    pub(crate) fn is(&self, name: &HostName) -> bool {
        self.name == *name
    }

    /// The gateway's own name.
    pub(crate) const fn name(&self) -> &HostName {
        &self.name
    }

    /// Whether places are asked for by paths, too.
    pub(crate) fn terminates(&self) -> bool {
        self.web.terminates()
    }

    /// A seat for a connection from there.
    pub(crate) fn seat(&self, from: IpAddr) -> Option<Seat> {
        self.seats.take(from)
    }

    /// Serves a connection to that name, from its first byte to its end.
    pub(crate) async fn serve<C>(&self, connection: C, visit: Visit)
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(Ok(stream)) = timeout(HANDSHAKE, self.tls.accept(connection)).await else {
            return;
        };
        match stream.get_ref().1.alpn_protocol() {
            Some(hello::PIPE) => self.doors.serve(stream, visit.from).await,
            _ => self.web.serve(stream, visit).await,
        }
    }
}
