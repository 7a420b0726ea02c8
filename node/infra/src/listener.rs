//! The infrastructure printer's socket, and what goes on beside it for as long as it is open. Plain HTTP is
//! spoken with this computer alone; IPPS shares the port (see [`papermesh_web`]).

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use papermesh_device::InfraDevice;
use papermesh_ipp_message::limits::{HANDSHAKE, HTTP_BUFFER, HTTP_HEADER};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_web::{Certificates, ListenError, Listener, Patience};

use crate::http;
use crate::limits;
use crate::server::InfraServer;
use crate::tokens::Tokens;

/// Why the infrastructure printer does not listen.
#[derive(Debug, thiserror::Error)]
#[error("the infrastructure printer: {0}")]
pub struct InfraPrinterError(#[from] ListenError);

impl Remedy for InfraPrinterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match &self.0 {
            ListenError::Address { .. } => Some("choose another address with --infra".into()),
            ListenError::Certificate(error) => error.remedy(),
        }
    }
}

/// What does not change while the node runs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What the printer is called, `printer-name`.
    pub name: String,
    /// The site, `printer-organization`.
    pub organization: String,
    /// What makes it this printer and no other; the node's id.
    pub seed: Vec<u8>,
}

/// An infrastructure printer that listens. [`InfraPrinter::serve`] answers.
pub struct InfraPrinter<T> {
    listener: Listener,
    server: Arc<InfraServer<T>>,
}

impl<T: Tokens> InfraPrinter<T> {
    /// Listens on `address`, with these certificates, for proxies that fetch from this device.
    ///
    /// # Errors
    /// [`InfraPrinterError`].
    pub async fn bind(
        address: SocketAddr,
        certificates: &Certificates,
        identity: Identity,
        (device, tokens): (InfraDevice, T),
        clock: fn() -> Timestamp,
    ) -> Result<Self, InfraPrinterError> {
        let listener = Listener::bind(address, certificates, &identity.name).await?;
        let server = Arc::new(InfraServer::new(identity, device, tokens, clock));
        Ok(Self { listener, server })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.address()
    }

    /// Answers, until it is dropped.
    pub async fn serve(self) {
        let patience = Patience {
            connections: limits::CONNECTIONS,
            each: limits::CONNECTIONS_EACH,
            here: limits::CONNECTIONS,
            handshake: HANDSHAKE,
            header: HTTP_HEADER,
            buffer: HTTP_BUFFER,
        };
        let changes = self.server.device.changes();
        let withdrawn = self.server.tokens.withdrawn();
        // Before anybody is answered: a proxy would else hear that what it asks for is not there.
        if let Err(error) = self.server.remember().await {
            tracing::warn!(%error, "proxies have to register again");
        }
        let router = http::router(Arc::clone(&self.server));
        tokio::join!(
            self.listener.serve(router, patience),
            self.server.follow(changes),
            self.server.watch(withdrawn),
        );
    }
}
