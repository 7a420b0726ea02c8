//! The admin's join listener: takes connections of devices that are no members yet.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Clock;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::announce::Announcement;
use super::handler::{JoinHandler, JoinRequest, REQUESTS};
use super::network::{self, Behaviour, BehaviourEvent, NetworkError};
use crate::pending::{self, PendingConnections};
use crate::{peer, ports, routes};

/// Conversations at once: the streams of all connections.
const CONVERSATIONS: usize = 256;
/// How long the system may take to say where it listens.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for an address that others can reach. The system names one interface after
/// the other, loopback first, and an invite is to carry more than that.
const SETTLE: Duration = Duration::from_millis(500);

/// How devices that join reach the admin.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Where to listen. Port 0 is any free port, `0.0.0.0` every interface.
    pub listen: SocketAddr,
    /// Whether to tell the local network by DNS-SD, so that devices find the site without an invite.
    pub announce: bool,
    /// The site to join,
    pub site: SiteId,
    /// and its name.
    pub site_name: Name,
    /// Tells the time for waits.
    pub clock: Clock,
}

/// A running listener. It ends when this is dropped.
#[derive(Debug)]
pub struct JoinListener {
    task: JoinHandle<()>,
    addresses: watch::Receiver<Vec<Multiaddr>>,
    // Withdrawn from the network when dropped.
    _announcement: Option<Announcement>,
}

impl JoinListener {
    /// Listens as the node with this key. The requests are to be answered by whoever has the
    /// authority key; at most sixteen wait to be taken.
    ///
    /// A local network without multicast costs the announcement, not the listener.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub async fn start(
        seed: &[u8; 32],
        config: ListenerConfig,
    ) -> Result<(Self, mpsc::Receiver<JoinRequest>), NetworkError> {
        let address = config.listen;
        ports::is_free(address).map_err(|error| NetworkError::Listen {
            address,
            reason: error.to_string(),
        })?;
        let (mut swarm, pending) = network::swarm(seed)?;
        let admin = peer::node_of(swarm.local_peer_id()).ok_or(NetworkError::Key)?;
        let reached = listen(&mut swarm, config.listen).await?;
        let (requests, inbox) = mpsc::channel(REQUESTS);
        let handler = JoinHandler::new(
            config.site,
            config.site_name.clone(),
            admin,
            config.clock,
            requests,
        );
        let port = reached.iter().find_map(port_of).unwrap_or_default();
        let bound = SocketAddr::new(config.listen.ip(), port);
        let announcement = config
            .announce
            .then(|| Announcement::start(config.site, &config.site_name, admin, bound));
        let announcement = match announcement.transpose() {
            Ok(announcement) => announcement,
            Err(error) => {
                tracing::warn!(%error, "devices cannot discover this site; invites still work");
                None
            }
        };
        let (told, addresses) = watch::channel(reached);
        let task = tokio::spawn(run((swarm, pending), Arc::new(handler), told));
        let listener = Self {
            task,
            addresses,
            _announcement: announcement,
        };
        Ok((listener, inbox))
    }

    /// Where devices can reach the listener, for an invite: binary multiaddrs, best first, at
    /// most four.
    #[must_use]
    pub fn addresses(&self) -> Vec<Vec<u8>> {
        routes::advertised([].iter(), self.addresses.borrow().iter())
            .iter()
            .map(Multiaddr::to_vec)
            .collect()
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addresses
            .borrow()
            .iter()
            .find_map(port_of)
            .unwrap_or_default()
    }

    /// Listens no more. Whoever takes the requests finds that there come no more.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for JoinListener {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Begins to listen, and waits until the system says where.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    address: SocketAddr,
) -> Result<Vec<Multiaddr>, NetworkError> {
    let refused = |reason: String| NetworkError::Listen { address, reason };
    let listener = swarm
        .listen_on(multiaddr(address))
        .map_err(|error| refused(error.to_string()))?;
    let mut reached = Vec::new();
    let mut next = async || loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => return Ok(address),
            SwarmEvent::ListenerClosed {
                listener_id,
                reason: Err(error),
                ..
            } if listener_id == listener => return Err(refused(error.to_string())),
            _ => {}
        }
    };
    let first = timeout(LISTEN_TIMEOUT, next()).await;
    reached.push(first.map_err(|_| refused("the system did not answer".to_owned()))??);
    if address.ip().is_unspecified() {
        let settled = Instant::now() + SETTLE;
        while reached.iter().all(peer::is_loopback) {
            match timeout_at(settled, next()).await {
                Ok(further) => reached.push(further?),
                Err(_) => break,
            }
        }
    }
    Ok(reached)
}

async fn run(
    (mut swarm, pending): (Swarm<Behaviour>, PendingConnections),
    handler: Arc<JoinHandler>,
    addresses: watch::Sender<Vec<Multiaddr>>,
) {
    let mut control = swarm.behaviour().streams.new_control();
    let Ok(mut arriving) = control.accept(network::protocol()) else {
        return;
    };
    // Dropped with this task, and all conversations with it.
    let mut conversations = JoinSet::new();
    let mut visits = Visits::default();
    loop {
        tokio::select! {
            event = swarm.select_next_some() => {
                visits.note(&event);
                on_event(event, &addresses);
            }
            Some((peer, stream)) = arriving.next() => {
                let Some(joiner) = peer::node_of(&peer) else { continue };
                if conversations.len() >= CONVERSATIONS {
                    tracing::warn!(%joiner, "turned a device away: too many are joining");
                    continue;
                }
                let (handler, pending, at) = (handler.clone(), pending.clone(), visits.of(peer));
                let from = at.first().and_then(|point| pending::origin_of(point.get_remote_address()));
                conversations.spawn(async move {
                    let believed = || at.iter().for_each(|point| pending.admit(point));
                    let who = (joiner, from);
                    if let Err(error) = handler.converse(&mut stream.compat(), who, believed).await {
                        tracing::info!(%joiner, %error, "device did not finish joining");
                    }
                });
            }
            Some(ended) = conversations.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "join conversation failed");
                }
            }
        }
    }
}

/// The connections of each device. As many as the swarm has, and no more.
#[derive(Default)]
struct Visits(HashMap<ConnectionId, (PeerId, ConnectedPoint)>);

impl Visits {
    fn note(&mut self, event: &SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.0.insert(*connection_id, (*peer_id, endpoint.clone()));
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => {
                self.0.remove(connection_id);
            }
            _ => {}
        }
    }

    fn of(&self, peer: PeerId) -> Vec<ConnectedPoint> {
        let of_peer = self.0.values().filter(|(known, _)| *known == peer);
        of_peer.map(|(_, point)| point.clone()).collect()
    }
}

fn on_event(event: SwarmEvent<BehaviourEvent>, addresses: &watch::Sender<Vec<Multiaddr>>) {
    match event {
        SwarmEvent::NewListenAddr { address, .. } => addresses.send_modify(|known| {
            if !known.contains(&address) {
                known.push(address);
            }
        }),
        SwarmEvent::ExpiredListenAddr { address, .. } => {
            addresses.send_modify(|known| known.retain(|other| *other != address));
        }
        SwarmEvent::IncomingConnectionError {
            error,
            send_back_addr,
            ..
        } => tracing::debug!(%error, from = %send_back_addr, "connection not accepted"),
        SwarmEvent::ListenerClosed { reason, .. } => {
            tracing::error!(?reason, "devices can no longer join: the listener closed");
        }
        _ => {}
    }
}

/// A TCP address, as libp2p writes it.
pub(super) fn multiaddr(address: SocketAddr) -> Multiaddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) => Protocol::Ip4(ip),
        IpAddr::V6(ip) => Protocol::Ip6(ip),
    };
    Multiaddr::empty()
        .with(ip)
        .with(Protocol::Tcp(address.port()))
}

fn port_of(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    })
}
