//! The door of a site: keeps pipes to gateways, and takes the outsiders who knock.
//!
//! This crate may know gateways, pipes and places. It may not know the mesh (it is told the site's papers), nor what is
//! answered to an outsider: it hands over a stream of bytes, TLS from its first byte on where the gateway did not end it.
//!
//! - [`Door`] has a pipe to each gateway where a place is to be open; `drive` decides where that is, and `woken` for
//!   how long at a place whose door is woken
//! - `dial`: a pipe, by TCP, TLS or HTTPS, whichever this network lets out; `backoff`: when it is tried again
//! - `session`: what is said on a pipe, and the streams that come on it; `guest`: an outsider who came
//! - [`acme`]: certificates for the names of places, through the gateway
//! - [`reach`]: whether somebody else's place answers; [`look`]: what it shows to whoever comes from outside
//! - [`Terminated`]: where a gateway may end TLS, and which texts ask for places there
//! - [`status`]: how it stands, for whoever shows it
#![forbid(unsafe_code)]

pub mod acme;
mod backoff;
mod dial;
mod drive;
mod guest;
pub mod look;
pub mod reach;
mod session;
pub mod status;
mod terminated;
mod woken;

use std::collections::BTreeMap;
use std::sync::Arc;

use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{Hello, Knock, Place};
use papermesh_protocol::gateway::wake::Accepted;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::time::Moment;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

pub use dial::{Proxy, ProxyError, ProxyTextError, Ways};
pub use guest::Guest;
pub use status::{Carrier, GatewayStatus, PipeState, PlaceState};
pub use terminated::Terminated;

/// An outsider who came through a gateway. What the knock says is for logs and limits alone.
pub struct Knocked {
    /// What the outsider sends: TLS from its first byte on, or one request of HTTP.
    pub stream: Guest,
    /// What the gateway says of it.
    pub knock: Knock,
    /// Whether the gateway ended its TLS, and has read it.
    pub terminated: bool,
}

/// What a door needs. All of it may change while it runs.
#[derive(Clone)]
pub struct Deps {
    /// The node's key.
    pub seed: Arc<Zeroizing<[u8; 32]>>,
    /// Who this node is, and the newest papers of its site.
    pub hello: watch::Receiver<Hello>,
    /// How bytes may leave this network.
    pub ways: Ways,
    /// The site's gateways.
    pub gateways: watch::Receiver<Vec<Gateway>>,
    /// The places that this node opens at each of them.
    pub places: watch::Receiver<Vec<Place>>,
    /// Where a gateway may end TLS for them.
    pub terminated: watch::Receiver<Terminated>,
    /// Takes the outsiders.
    pub knocked: mpsc::Sender<Knocked>,
    /// Is told how it stands with each gateway.
    pub status: watch::Sender<BTreeMap<GatewayId, GatewayStatus>>,
    /// Tells the time.
    pub moment: fn() -> Moment,
}

/// Has a door dial.
#[derive(Debug)]
pub enum Call {
    /// A wake that was judged, and whose row is stored.
    Wake(Box<Accepted>),
    /// Somebody here wants it to dial all gateways now.
    Now,
}

/// The door of a node.
pub struct Door {
    deps: Deps,
    calls: mpsc::Receiver<Call>,
}

impl Door {
    /// A door that is still shut; [`Door::run`] opens it.
    #[must_use]
    pub const fn new(deps: Deps, calls: mpsc::Receiver<Call>) -> Self {
        Self { deps, calls }
    }

    /// Has a pipe to each gateway where a place is to be open, for as long as it is let run.
    pub async fn run(self) {
        drive::run(self.deps, self.calls).await;
    }
}
