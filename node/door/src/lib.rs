//! The door of a site: keeps pipes to gateways, and takes the outsiders who knock.
//!
//! This crate may know gateways, pipes and places. It may not know the mesh (it is told the site's papers), nor what is
//! answered to an outsider: it hands over a stream of bytes, TLS from its first byte on.
//!
//! - [`Door`] keeps one pipe to each gateway that the site has
//! - `dial`: a pipe, by TCP, TLS or HTTPS, whichever this network lets out; `backoff`: when it is tried again
//! - `session`: what is said on a pipe, and the streams that come on it
//! - [`acme`]: certificates for the names of places, through the gateway
//! - [`look`]: what a place shows to whoever comes from outside
//! - [`woken`]: when a door that keeps no pipe comes and leaves; nothing calls it yet
//! - [`status`]: how it stands, for whoever shows it
#![forbid(unsafe_code)]

pub mod acme;
mod backoff;
mod dial;
pub mod look;
mod session;
pub mod status;
pub mod woken;

use std::collections::BTreeMap;
use std::sync::Arc;

use papermesh_pipe::PipeStream;
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{Hello, Knock, Place};
use papermesh_protocol::id::GatewayId;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use zeroize::Zeroizing;

pub use dial::{Proxy, ProxyError, ProxyTextError, Ways};
pub use status::{Carrier, GatewayStatus, PipeState, PlaceState};

/// An outsider who came through a gateway. What the knock says is for logs and limits alone.
pub struct Knocked {
    /// What the outsider sends, TLS from its first byte on.
    pub stream: PipeStream,
    /// What the gateway says of it.
    pub knock: Knock,
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
    /// Takes the outsiders.
    pub knocked: mpsc::Sender<Knocked>,
    /// Is told how it stands with each gateway.
    pub status: watch::Sender<BTreeMap<GatewayId, GatewayStatus>>,
}

/// The door of a node.
pub struct Door(Deps);

impl Door {
    /// A door that is still shut; [`Door::run`] opens it.
    #[must_use]
    pub const fn new(deps: Deps) -> Self {
        Self(deps)
    }

    /// Keeps one pipe to each gateway, for as long as it is let run.
    pub async fn run(self) {
        let Self(deps) = self;
        let mut gateways = deps.gateways.clone();
        let mut keeping = JoinSet::new();
        let mut kept: BTreeMap<GatewayId, (Gateway, AbortHandle)> = BTreeMap::new();
        loop {
            let wanted: BTreeMap<GatewayId, Gateway> = gateways
                .borrow_and_update()
                .iter()
                .map(|gateway| (gateway.key, gateway.clone()))
                .collect();
            kept.retain(|key, (gateway, keeper)| {
                let stays = wanted.get(key) == Some(gateway);
                if !stays {
                    keeper.abort();
                    deps.status.send_modify(|status| drop(status.remove(key)));
                }
                stays
            });
            for (key, gateway) in wanted {
                kept.entry(key).or_insert_with(|| {
                    let keeper = session::keep(deps.clone(), gateway.clone());
                    (gateway, keeping.spawn(keeper))
                });
            }
            tokio::select! {
                changed = gateways.changed() => if changed.is_err() {
                    return;
                },
                Some(_) = keeping.join_next() => {}
            }
        }
    }
}
