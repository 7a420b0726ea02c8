//! libp2p's protocols, composed and configured.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    Multiaddr, StreamProtocol, autonat, connection_limits, dcutr, identify, kad, mdns,
    memory_connection_limits, ping, relay,
};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::NodeId;

use super::dial_back::DialBack;
use super::handle::MeshError;
use super::membership::Membership;
use super::offered::{Kademlia, REPLICATION_EVERY};
use super::ports::Ports;
use super::records::{RecordStorage, VerifiedRecords};

/// How the mesh is reached and reaches others.
#[derive(Clone, Debug)]
pub struct MeshConfig {
    /// Where to listen.
    pub listen: Vec<Multiaddr>,
    /// The ports of last time: tried first where `listen` leaves the port open.
    pub last_ports: Ports,
    /// Addresses under which others reach this node although it does not listen there, such as
    /// that of a port forwarded by a router.
    pub announce: Vec<Multiaddr>,
    /// Members to find first, with or without their peer ids.
    pub bootstrap: Vec<Multiaddr>,
    /// Members known from earlier, with their addresses.
    pub remembered: Vec<(NodeId, Vec<Multiaddr>)>,
    /// Whether to find members on the link by mDNS, and to be found.
    pub mdns: bool,
    /// Whether to keep places at relays, so that members behind firewalls are reached.
    pub use_relays: bool,
    /// Whether to store and answer for others. A pure client of the DHT asks only.
    pub dht_server: bool,
}

/// Connections of all kinds.
const CONNECTIONS: u32 = 512;
/// Connections with one peer: relayed and direct, each dialed from either side.
const CONNECTIONS_PER_PEER: u32 = 4;
/// Handshakes under way that this node began.
const DIALS: u32 = 128;
/// Handshakes under way that others began, of all addresses,
pub(super) const PENDING_SLOTS: usize = 128;
/// and of one: a member needs one at a time, and some may be behind one router.
pub(super) const PENDING_SLOTS_PER_ADDRESS: usize = 8;
/// As many as the swarm counts of these. Those that were turned away are among them until they
/// have noticed.
const PENDING: u32 = 4 * 128;
const _: () = assert!(PENDING as usize >= 2 * PENDING_SLOTS);
/// Memory beyond which no more connections are accepted.
const MEMORY: usize = 1024 * 1024 * 1024;
/// Nodes that store a record: when half of all nodes die at once, one record in a million is lost
/// until its holder publishes it again.
pub(super) const REPLICATION: usize = 20;
/// Nodes that are asked at the same time.
const PARALLELISM: usize = 8;
/// Reservations and circuits of a relay.
const RESERVATIONS: usize = 256;
const CIRCUITS: usize = 128;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    // Refusals come first: what they deny, the others never see.
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    pub(super) identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(super) kad: Kademlia,
    pub(super) streams: libp2p_stream::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
    relay_client: relay::client::Behaviour,
    dcutr: dcutr::Behaviour,
    autonat_client: autonat::v2::client::Behaviour,
    relay: Toggle<relay::Behaviour>,
    autonat_server: Toggle<DialBack>,
}

impl Behaviour {
    pub(super) fn new(
        identity: &Keypair,
        membership: &Arc<Membership>,
        storage: Box<dyn RecordStorage>,
        relay_client: relay::client::Behaviour,
        config: &MeshConfig,
    ) -> Result<Self, MeshError> {
        let peer = identity.public().to_peer_id();
        let site = membership.site();
        let relays = membership.certificate().roles.has(Role::Bootstrap);
        let mdns = match config.mdns {
            true => Some(
                mdns::tokio::Behaviour::new(mdns::Config::default(), peer)
                    .map_err(MeshError::Mdns)?,
            ),
            false => None,
        };
        let identify = identify::Config::new(format!("/papermesh/{site}/1"), identity.public())
            .with_agent_version(concat!("papermesh/", env!("CARGO_PKG_VERSION")).to_owned())
            .with_push_listen_addr_updates(true);
        Ok(Self {
            limits: connection_limits::Behaviour::new(
                connection_limits::ConnectionLimits::default()
                    .with_max_established(Some(CONNECTIONS))
                    .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER))
                    .with_max_pending_incoming(Some(PENDING))
                    .with_max_pending_outgoing(Some(DIALS)),
            ),
            memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::default(),
            kad: kademlia(membership, storage, config)?,
            streams: libp2p_stream::Behaviour::new(),
            mdns: mdns.into(),
            relay_client,
            dcutr: dcutr::Behaviour::new(peer),
            autonat_client: autonat::v2::client::Behaviour::default(),
            relay: relays.then(|| relay_server(identity)).into(),
            autonat_server: relays.then(DialBack::default).into(),
        })
    }

    /// Whether this node is a relay.
    pub(super) fn relays(&self) -> bool {
        self.relay.is_enabled()
    }
}

fn kademlia(
    membership: &Arc<Membership>,
    storage: Box<dyn RecordStorage>,
    config: &MeshConfig,
) -> Result<Kademlia, MeshError> {
    let name = format!("/papermesh/{}/kad/1", membership.site());
    let mut kademlia =
        kad::Config::new(StreamProtocol::try_from_owned(name).map_err(|_| MeshError::Protocol)?);
    let replication = const { NonZeroUsize::new(REPLICATION).unwrap() };
    let parallelism = const { NonZeroUsize::new(PARALLELISM).unwrap() };
    kademlia
        .set_replication_factor(replication)
        .set_parallelism(parallelism)
        .set_query_timeout(Duration::from_secs(10))
        .set_substreams_timeout(Duration::from_secs(5))
        // Judged by our own store, which acknowledges only what it believes.
        .set_record_filtering(kad::StoreInserts::Unfiltered)
        .set_max_packet_size(96 * 1024)
        // Records say themselves when they expire, and their owners put them again.
        .set_record_ttl(None)
        .set_publication_interval(None)
        .set_replication_interval(Some(REPLICATION_EVERY))
        .set_provider_publication_interval(None)
        .set_periodic_bootstrap_interval(Some(Duration::from_secs(5 * 60)));
    let peer = super::peer::peer_of(membership.node()).ok_or(MeshError::Protocol)?;
    let records = VerifiedRecords::load(membership.clone(), storage);
    let mut kademlia = kad::Behaviour::with_config(peer, records, kademlia);
    // On a LAN no external address is ever confirmed, and the automatic mode would stay a client.
    kademlia.set_mode(Some(if config.dht_server {
        kad::Mode::Server
    } else {
        kad::Mode::Client
    }));
    Ok(Kademlia::new(kademlia, membership.clone()))
}

/// A relay for print data: the bytes of a circuit are not limited, its time is, generously.
fn relay_server(identity: &Keypair) -> relay::Behaviour {
    let config = relay::Config {
        max_reservations: RESERVATIONS,
        max_reservations_per_peer: 2,
        reservation_duration: Duration::from_secs(60 * 60),
        max_circuits: CIRCUITS,
        max_circuits_per_peer: 16,
        max_circuit_duration: Duration::from_secs(6 * 60 * 60),
        max_circuit_bytes: 0,
        // Members only, and they are limited by their number.
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
    };
    let mut relay = relay::Behaviour::new(identity.public().to_peer_id(), config);
    relay.set_status(Some(relay::Status::Enable));
    relay
}
