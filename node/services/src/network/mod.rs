//! What the services need of the mesh: streams to members, the DHT, and a place where they answer.
//!
//! [`serving`]: a service registers for each protocol that it answers. [`itself`]: how a node reaches
//! itself. The services are written against [`Network`] and not against [`Mesh`], so that a test can put
//! a holder and a printer at the two ends of a pipe, and so that a node which is both holder and
//! printer reaches itself: libp2p does not dial its own node, [`itself`] does.

pub mod itself;
pub mod serving;

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use futures::{Stream, StreamExt};
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Mesh, MeshError, MeshEvent, MeshStream, Protocol};
use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::version::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast;
use tokio::time::timeout;

/// Something changed that makes another attempt worth while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A member is connected.
    Arrived(NodeId),
    /// This node has other addresses than before.
    Moved,
}

/// Streams to members, and the DHT.
pub trait Network: Clone + Send + Sync + 'static {
    /// A stream between two proven members.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a stream to a member, at these addresses (binary multiaddrs) or remembered ones.
    fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> impl Future<Output = Result<Self::Stream, MeshError>> + Send;

    /// Stores a record here and in the DHT; says how many other members took it.
    fn put(
        &self,
        key: RecordKey,
        value: Vec<u8>,
    ) -> impl Future<Output = Result<usize, MeshError>> + Send;

    /// The values of a key that members have, as they answer; the own node's first.
    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<Self>;

    /// Own addresses worth advertising.
    fn addresses(&self) -> Vec<Vec<u8>>;

    /// What changes from now on.
    fn changes(&self) -> impl Stream<Item = Change> + Send + Unpin + use<Self>;
}

/// Why a member gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It cannot be reached.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// The stream broke, or what came is no answer.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It ended the conversation.
    #[error("the peer closed the connection")]
    Ended,
    /// It speaks a version in which this cannot be said.
    #[error("papermesh on the other computer is too old for this job")]
    TooOld,
}

impl Remedy for LinkError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Mesh(error) => return error.remedy(),
            Self::TooOld => "update it there",
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl LinkError {
    /// Whether the stream ended, in order or not, before the answer.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Ended | Self::Frame(FrameError::Io(_)))
    }
}

/// How a conversation with a member begins: with one question and one answer.
pub struct Opening<'a, Q> {
    /// About what, in which version.
    pub protocol: fn(Version) -> Protocol,
    /// The first message, as it is said in a version; none if it cannot be. It may arrive twice.
    pub question: &'a (dyn Fn(Version) -> Option<Q> + Sync),
    /// How long each message may be, in bytes.
    pub max: usize,
    /// How long the member may take to be reached.
    pub reach: Duration,
    /// How long the answer may take.
    pub wait: Duration,
}

/// Opens a stream to a member in the latest version that it speaks.
pub async fn open<N: Network>(
    network: &N,
    to: NodeId,
    addresses: &[Vec<u8>],
    protocol: fn(Version) -> Protocol,
) -> Result<(N::Stream, Version), MeshError> {
    let mut tried = None;
    for version in Version::SPOKEN {
        // Of most protocols there is one version.
        let named = protocol(version);
        if tried == Some(named) {
            break;
        }
        match network.open(to, addresses, named).await {
            Err(MeshError::Unsupported) => tried = Some(named),
            opened => return opened.map(|stream| (stream, version)),
        }
    }
    Err(MeshError::Unsupported)
}

/// Opens a stream to a member, asks and waits for the answer; does so once more if the stream ends
/// before the answer. A member that two others turn to at one moment can lose one of the streams
/// before any service sees it: libp2p keeps one arriving stream of a protocol at a time.
pub async fn begin<N, Q, A>(
    network: &N,
    to: NodeId,
    addresses: &[Vec<u8>],
    opening: Opening<'_, Q>,
) -> Result<(N::Stream, A), LinkError>
where
    N: Network,
    Q: Serialize + Send + Sync,
    A: Serialize + DeserializeOwned,
{
    let once = async || -> Result<(N::Stream, A), LinkError> {
        let reached = open(network, to, addresses, opening.protocol);
        let (mut stream, version) = timeout(opening.reach, reached)
            .await
            .map_err(|_| MeshError::Timeout)??;
        let question = (opening.question)(version).ok_or(LinkError::TooOld)?;
        write_message(&mut stream, &question, opening.max).await?;
        let answer = read_message(&mut stream, opening.max, opening.wait).await?;
        Ok((stream, answer.ok_or(LinkError::Ended)?))
    };
    match once().await {
        Err(error) if error.is_end() => once().await,
        begun => begun,
    }
}

impl Network for Mesh {
    type Stream = MeshStream;

    async fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> Result<MeshStream, MeshError> {
        Mesh::open(self, to, addresses, protocol).await
    }

    async fn put(&self, key: RecordKey, value: Vec<u8>) -> Result<usize, MeshError> {
        Mesh::put(self, key, value).await
    }

    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<> {
        Mesh::get(self, key)
    }

    fn addresses(&self) -> Vec<Vec<u8>> {
        Mesh::addresses(self)
    }

    fn changes(&self) -> impl Stream<Item = Change> + Send + Unpin + use<> {
        let events = futures::stream::unfold(self.subscribe(), |mut events| async {
            loop {
                let change = match events.recv().await {
                    Ok(MeshEvent::Connected(member)) => Change::Arrived(member.node),
                    // Who fell behind has missed something, and something is enough to know.
                    Ok(MeshEvent::Addresses) | Err(broadcast::error::RecvError::Lagged(_)) => {
                        Change::Moved
                    }
                    Ok(_) => continue,
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                return Some((change, events));
            }
        });
        events.boxed()
    }
}
