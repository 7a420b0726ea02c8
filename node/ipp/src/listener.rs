//! The hold printer's socket, and what goes on beside it for as long as it is open. IPP and IPPS
//! share the port (see [`papermesh_web`]).

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::StreamExt;
use papermesh_protocol::remedy::Remedy;
use papermesh_web::dnssd;
use papermesh_web::{
    Arrival, CertificateError, Certificates, Knocks, ListenError, Listener, Patience,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::found;
use super::http;
use super::identity::Identity;
use super::limits;
use super::names::Owners;
use super::news::Happened;
use super::outside::Pages;
use super::queue::Queue;
use super::server::IppServer;

/// Interval between sweeps of jobs that wait for documents.
const SWEEP: Duration = Duration::from_secs(5);
/// Interval between checks of what the site's printers can do.
const LOOK: Duration = Duration::from_secs(60);

/// Why the hold printer does not listen.
#[derive(Debug, thiserror::Error)]
pub enum HoldPrinterError {
    /// The address cannot be had.
    #[error("cannot listen on {address} for the hold printer: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// There is no certificate for IPPS.
    #[error("the hold printer: {0}")]
    Certificate(#[from] CertificateError),
}

impl Remedy for HoldPrinterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Listen { .. } => "choose another with --ipp",
            Self::Certificate(error) => return error.remedy(),
        };
        Some(remedy.into())
    }
}

/// What is for outsiders.
pub struct Outside<S> {
    /// What answers them.
    pub knocks: Knocks,
    /// Those who arrive.
    pub arriving: mpsc::Receiver<Arrival<S>>,
    /// The pages for their browsers: each request carries a [`super::Browsing`].
    pub pages: Router,
}

/// A hold printer that listens. [`HoldPrinter::serve`] answers.
pub struct HoldPrinter<Q> {
    listener: Listener,
    server: Arc<IppServer<Q>>,
}

impl<Q: Queue> HoldPrinter<Q> {
    /// Listens on `address`, with these certificates.
    ///
    /// # Errors
    /// [`HoldPrinterError`].
    pub async fn bind(
        address: SocketAddr,
        certificates: &Certificates,
        (identity, owners): (Identity, Owners),
        queue: Q,
    ) -> Result<Self, HoldPrinterError> {
        let listener = Listener::bind(address, certificates, &identity.name).await?;
        let server = IppServer::new(queue, identity, owners);
        Ok(Self { listener, server })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.address()
    }

    /// Answers, until it is dropped. Documents that are on their way then are not held. With
    /// `found`, it is announced to those who look for a printer.
    pub async fn serve<S>(self, found: bool, outside: Outside<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Outside {
            knocks,
            arriving,
            pages,
        } = outside;
        let router = http::router(Arc::clone(&self.server), Pages(pages));
        let address = self.address().ok().filter(|_| found);
        let patience = Patience {
            connections: limits::CONNECTIONS,
            each: limits::CONNECTIONS_EACH,
            here: limits::CONNECTIONS,
            handshake: limits::HANDSHAKE,
            header: limits::HTTP_HEADER,
            buffer: limits::HTTP_BUFFER,
        };
        let outsiders = Patience {
            connections: limits::OUTSIDERS,
            each: limits::OUTSIDERS_EACH,
            ..patience
        };
        tokio::join!(
            knocks.serve(arriving, router.clone(), outsiders),
            self.listener.serve(router, patience),
            follow(Arc::clone(&self.server)),
            announce(Arc::clone(&self.server), address),
            sweep(self.server),
        );
    }
}

impl From<ListenError> for HoldPrinterError {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::Address { address, source } => Self::Listen { address, source },
            ListenError::Certificate(error) => Self::Certificate(error),
        }
    }
}

/// Tells subscribers what happens to jobs elsewhere.
async fn follow<Q: Queue>(server: Arc<IppServer<Q>>) {
    let mut changes = server.queue.changes();
    while let Some(number) = changes.next().await {
        server.tell(number, Happened::Changed).await;
    }
}

/// Announces the printer, and again when there is something else to say of it.
async fn announce<Q: Queue>(server: Arc<IppServer<Q>>, address: Option<SocketAddr>) {
    let Some(address) = address else { return };
    let now = || found::announcement(&server.identity, &server.queue.capabilities(), address);
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
        () = dnssd::announce(receiver, &server.announced) => {}
        () = renew => {}
    }
}

/// Closes jobs whose documents do not come.
async fn sweep<Q: Queue>(server: Arc<IppServer<Q>>) {
    let mut looks = interval(SWEEP);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        for number in server.open.sweep(server.queue.now()) {
            server.tell(number, Happened::Changed).await;
        }
    }
}
