//! What everybody else holds of the mesh.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use libp2p::{Multiaddr, StreamProtocol};
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::gateway::sighting;
use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::version::Version;
use papermesh_protocol::{bind, direct, preview, release, web};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use super::membership::{Member, Membership};
use super::peer;
use super::ports::Ports;

/// How long a member may take to be connected with.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connected member may take to accept a stream.
pub(crate) const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Commands that wait for the event loop.
pub(super) const COMMANDS: usize = 256;
/// Values of one lookup that wait for their reader; more than there are replicas.
pub(super) const FOUND: usize = 32;
/// Streams of one protocol that wait for their service.
pub(super) const INCOMING: usize = 64;
/// Events that a slow listener may fall behind.
pub(super) const EVENTS: usize = 256;

/// What members speak on streams of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Requests of a printer to a holder.
    Release(Version),
    /// A job's ciphertext.
    Job,
    /// The site state.
    Site,
    /// Enrollment of users and renewal of certificates, at an admin.
    Enroll,
    /// Linking a user's computers.
    Link,
    /// Jobs straight to a printer.
    Direct(Version),
    /// Pictures of first pages.
    Preview,
    /// The time.
    Clock,
    /// Badges that users register at printers, at an admin.
    Bind,
    /// Certificates for the web, at an admin.
    Web,
    /// What places show to whoever looks from outside.
    Sighting,
}

impl Protocol {
    /// Those that services answer. The rest is answered within the mesh.
    pub const OF_SERVICES: [Self; 11] = [
        Self::Release(Version::Two),
        Self::Release(Version::One),
        Self::Job,
        Self::Enroll,
        Self::Link,
        Self::Direct(Version::Two),
        Self::Direct(Version::One),
        Self::Preview,
        Self::Bind,
        Self::Web,
        Self::Sighting,
    ];

    pub(super) const fn name(self) -> StreamProtocol {
        StreamProtocol::new(match self {
            Self::Release(version) => release::version::protocol(version),
            Self::Job => release::STREAM_PROTOCOL,
            Self::Site => "/papermesh/site/1",
            Self::Enroll => "/papermesh/enroll/1",
            Self::Link => "/papermesh/link/1",
            Self::Direct(version) => direct::protocol(version),
            Self::Preview => preview::PROTOCOL,
            Self::Clock => "/papermesh/clock/1",
            Self::Bind => bind::PROTOCOL,
            Self::Web => web::PROTOCOL,
            Self::Sighting => sighting::PROTOCOL,
        })
    }
}

/// A stream of a member's connection.
pub type MeshStream = Compat<libp2p::Stream>;

/// A stream that a member opened.
pub struct Incoming {
    /// Who opened it.
    pub from: Member,
    /// The stream.
    pub stream: MeshStream,
}

/// The incoming streams of the protocols that services answer.
pub struct Streams(pub(super) HashMap<Protocol, mpsc::Receiver<Incoming>>);

impl Streams {
    /// Those of a protocol; none if somebody has them, or no service answers it.
    #[must_use]
    pub fn take(&mut self, protocol: Protocol) -> Option<mpsc::Receiver<Incoming>> {
        self.0.remove(&protocol)
    }
}

/// Why the mesh could not do something.
#[derive(Debug, thiserror::Error)]
pub enum MeshError {
    /// An address to listen on is taken or not this machine's.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// What the system says.
        reason: String,
    },
    /// mDNS could not be started.
    #[error("cannot start mDNS ({0})")]
    Mdns(std::io::Error),
    /// The transport could not be built.
    #[error("cannot build the transport: {0}")]
    Transport(String),
    /// A name or key of our own is unusable.
    #[error("the site's protocol name or the node's key is unusable")]
    Protocol,
    /// Nobody could be reached under the addresses.
    #[error("cannot reach the member: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("the member did not answer in time")]
    Timeout,
    /// It does not speak the protocol.
    #[error("the member does not offer this service")]
    Unsupported,
    /// The DHT has no place for the record now.
    #[error("no other member took the record")]
    NotStored,
    /// The record is refused here already.
    #[error("this node itself rejects the record")]
    Refused,
    /// The node is stopping, or too much waits already.
    #[error("the node is stopping or overloaded")]
    Busy,
}

impl Remedy for MeshError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Listen { .. } => {
                "check that no other node is running and that the address belongs to this machine"
            }
            Self::Mdns(_) => "run with --no-mdns where the network has no multicast",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// A connected member.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectedMember {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: String,
    /// Its roles.
    #[serde(serialize_with = "roles_as_text")]
    pub roles: Roles,
    /// Where it is connected.
    pub address: String,
    /// Whether the connection leads through a relay.
    pub relayed: bool,
}

fn roles_as_text<S: serde::Serializer>(roles: &Roles, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(roles.iter().map(Role::as_str))
}

/// The mesh as the event loop last saw it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MeshStatus {
    /// Where this node listens.
    pub listening: Vec<String>,
    /// What it tells others of itself.
    pub advertised: Vec<String>,
    /// The ports there, to be used again after a restart.
    #[serde(skip)]
    pub ports: Ports,
    /// Who is connected.
    pub members: Vec<ConnectedMember>,
    /// Records that the DHT stores here.
    pub records: usize,
    /// What this node relays, if it is a relay.
    pub relayed: Relayed,
}

/// What a relay does for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Relayed {
    /// Members that have a place here.
    pub reservations: usize,
    /// Connections that lead through here now.
    pub circuits: usize,
    /// Connections that have led through here since the start.
    pub circuits_total: u64,
}

/// What happened in the mesh.
#[derive(Clone, Debug)]
pub enum MeshEvent {
    /// A member is connected.
    Connected(Member),
    /// A member's addresses became known.
    Seen(Member, Vec<Vec<u8>>),
    /// A member is not connected any more.
    Parted(NodeId),
    /// A newer site state is known.
    SiteState,
    /// This node's own addresses changed; adverts should carry the new ones.
    Addresses,
}

pub(super) enum Command {
    Connect {
        to: NodeId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Result<(), MeshError>>,
    },
    Put {
        key: RecordKey,
        value: Vec<u8>,
        reply: oneshot::Sender<Result<usize, MeshError>>,
    },
    Get {
        key: RecordKey,
        found: mpsc::Sender<Vec<u8>>,
    },
    Stop {
        reply: oneshot::Sender<()>,
    },
}

/// A handle on the mesh, cheap to clone.
#[derive(Clone)]
pub struct Mesh {
    pub(super) membership: Arc<Membership>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) streams: libp2p_stream::Control,
    pub(super) events: broadcast::Sender<MeshEvent>,
    pub(super) status: watch::Receiver<MeshStatus>,
}

impl Mesh {
    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.membership.node()
    }

    /// What this node knows of its site.
    #[must_use]
    pub fn membership(&self) -> &Arc<Membership> {
        &self.membership
    }

    /// Connects with a member, trying `addresses` (binary multiaddrs) and those known besides,
    /// all at once. Returns at once when it is connected already.
    pub async fn connect(&self, to: NodeId, addresses: &[Vec<u8>]) -> Result<Member, MeshError> {
        if self.connected(to).is_none() {
            let addresses = addresses
                .iter()
                .filter_map(|bytes| peer::address(bytes))
                .collect();
            let (reply, connected) = oneshot::channel();
            self.command(Command::Connect {
                to,
                addresses,
                reply,
            })
            .await?;
            timeout(CONNECT_TIMEOUT, connected)
                .await
                .map_err(|_| MeshError::Timeout)?
                .map_err(|_| MeshError::Busy)??;
        }
        self.membership
            .member(to)
            .ok_or_else(|| MeshError::Unreachable("it disconnected at once".into()))
    }

    /// Opens a stream to a member; see [`Mesh::connect`].
    pub async fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> Result<MeshStream, MeshError> {
        self.connect(to, addresses).await?;
        let peer = peer::peer_of(to).ok_or_else(|| MeshError::Unreachable("no such key".into()))?;
        let mut streams = self.streams.clone();
        let opening = streams.open_stream(peer, protocol.name());
        let stream = timeout(OPEN_TIMEOUT, opening)
            .await
            .map_err(|_| MeshError::Timeout)?
            .map_err(|error| match error {
                libp2p_stream::OpenStreamError::UnsupportedProtocol(_) => MeshError::Unsupported,
                error => MeshError::Unreachable(error.to_string()),
            })?;
        Ok(stream.compat())
    }

    /// The member, if it is connected.
    #[must_use]
    pub fn connected(&self, node: NodeId) -> Option<Member> {
        let connected = self
            .status
            .borrow()
            .members
            .iter()
            .any(|member| member.node == node);
        connected.then(|| self.membership.member(node)).flatten()
    }

    /// By which address this node sees a member, on a connection straight to it.
    #[must_use]
    pub fn seen_at(&self, node: NodeId) -> Option<IpAddr> {
        let status = self.status.borrow();
        let member = status.members.iter().find(|member| member.node == node)?;
        let address: Multiaddr = member.address.parse().ok()?;
        let socket = peer::socket_of(&address).filter(|_| !member.relayed)?;
        Some(socket.ip().to_canonical())
    }

    /// Stores a record here and in the DHT; says how many other members took it. An error of
    /// [`MeshError::NotStored`] means that it is stored here and will be replicated later.
    pub async fn put(&self, key: RecordKey, value: Vec<u8>) -> Result<usize, MeshError> {
        let (reply, stored) = oneshot::channel();
        self.command(Command::Put { key, value, reply }).await?;
        stored.await.map_err(|_| MeshError::Busy)?
    }

    /// Looks a record up: first what is stored here, then the value of each member that has one,
    /// as it answers. The values are not verified. The stream ends when the lookup does; dropping
    /// it ends the lookup.
    pub fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<> {
        let (found, values) = mpsc::channel(FOUND);
        if self.commands.try_send(Command::Get { key, found }).is_err() {
            tracing::warn!("dropped a lookup: the mesh has too many waiting");
        }
        tokio_stream(values)
    }

    /// Own addresses worth advertising, as binary multiaddrs.
    #[must_use]
    pub fn addresses(&self) -> Vec<Vec<u8>> {
        let status = self.status.borrow();
        status
            .advertised
            .iter()
            .filter_map(|text| text.parse::<Multiaddr>().ok())
            .map(|a| a.to_vec())
            .collect()
    }

    /// The mesh as it is now.
    #[must_use]
    pub fn status(&self) -> MeshStatus {
        self.status.borrow().clone()
    }

    /// Follows the mesh as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<MeshStatus> {
        self.status.clone()
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<MeshEvent> {
        self.events.subscribe()
    }

    /// Stops the mesh; its connections close.
    pub async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.command(Command::Stop { reply }).await.is_ok() {
            let _ = stopped.await;
        }
    }

    async fn command(&self, command: Command) -> Result<(), MeshError> {
        timeout(CONNECT_TIMEOUT, self.commands.send(command))
            .await
            .map_err(|_| MeshError::Busy)?
            .map_err(|_| MeshError::Busy)
    }
}

fn tokio_stream(mut values: mpsc::Receiver<Vec<u8>>) -> impl Stream<Item = Vec<u8>> + Send + Unpin {
    futures::stream::poll_fn(move |cx| values.poll_recv(cx))
}
