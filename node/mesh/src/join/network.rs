//! The swarm under a join conversation: TCP, Noise without certificates, Yamux, and nothing else.

use std::borrow::Cow;
use std::time::Duration;

use libp2p::core::Transport;
use libp2p::core::upgrade::Version;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, connection_limits, noise, tcp, yamux};
use papermesh_protocol::join::PROTOCOL;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;

use crate::peer;
use crate::pending::PendingConnections;

/// Places for connections on which nobody has asked for anything that can be had yet,
const PENDING_SLOTS: usize = 64;
/// and for those of one address.
const PENDING_SLOTS_PER_ADDRESS: usize = 8;
/// Connections that an admin's node has at once with devices that join: those without a word yet,
/// those that wait for approval, and as many that had a good invite.
const CONNECTIONS: u32 = 128;
const _: () = assert!(CONNECTIONS as usize >= PENDING_SLOTS + 2 * limits::PENDING_JOINS);
/// Connections of one device. A second one lets it begin anew before the first is given up.
const CONNECTIONS_PER_PEER: u32 = 2;
/// Connections whose handshake is under way, or that were turned away and have not noticed yet.
const PENDING: u32 = 256;
/// Streams of one connection, of which a conversation takes one.
const STREAMS: usize = 2;
/// How long TCP and Noise may take together.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may have no stream.
const IDLE: Duration = Duration::from_secs(10);

/// Why there is no swarm.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The node's key is unusable.
    #[error("the node's key is unusable")]
    Key,
    /// The transport could not be set up.
    #[error("the network could not be set up: {0}")]
    Transport(String),
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address} for joining devices ({reason})")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        reason: String,
    },
}

impl Remedy for NetworkError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Listen { .. } => Some("choose another address or port".into()),
            _ => None,
        }
    }
}

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    // Refusals come first: what they deny, the other never sees.
    limits: connection_limits::Behaviour,
    pub(super) streams: libp2p_stream::Behaviour,
}

/// The protocol's name, as libp2p wants it.
pub(super) const fn protocol() -> StreamProtocol {
    StreamProtocol::new(PROTOCOL)
}

/// A swarm of the node with this key, and the slots in which its visitors wait until they have
/// asked for something that can be had.
pub(super) fn swarm(
    seed: &[u8; 32],
) -> Result<(Swarm<Behaviour>, PendingConnections), NetworkError> {
    let identity = peer::keypair(seed).map_err(|_| NetworkError::Key)?;
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING))
        .with_max_established(Some(CONNECTIONS))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER));
    let behaviour = Behaviour {
        limits: connection_limits::Behaviour::new(limits),
        streams: libp2p_stream::Behaviour::new(),
    };
    // The prologue keeps these handshakes apart from those of the mesh.
    let noise = |keys: &libp2p::identity::Keypair| {
        noise::Config::new(keys).map(|noise| noise.with_prologue(PROTOCOL.into()))
    };
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(STREAMS);
    let pending = PendingConnections::new(PENDING_SLOTS, PENDING_SLOTS_PER_ADDRESS);
    let entered = pending.clone();
    let transport = |error: &dyn std::fmt::Display| NetworkError::Transport(error.to_string());
    let swarm = SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_other_transport(
            |keys| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
                Ok(
                    tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
                        .map(move |socket, point| entered.enter(socket, &point))
                        .upgrade(Version::V1Lazy)
                        .authenticate(noise(keys)?)
                        .multiplex(yamux),
                )
            },
        )
        .map_err(|error| transport(&error))?
        .with_dns()
        .map_err(|error| transport(&error))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| transport(&error))?
        .with_swarm_config(|config| {
            config
                .with_idle_connection_timeout(IDLE)
                .with_max_negotiating_inbound_streams(STREAMS)
        })
        .with_connection_timeout(CONNECT_TIMEOUT)
        .build();
    Ok((swarm, pending))
}
