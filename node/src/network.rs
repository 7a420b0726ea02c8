//! What the services need of the mesh: streams to members, and the DHT.
//!
//! The services are written against [`Network`] and not against [`Mesh`], so that a test can put
//! a holder and a printer at the two ends of a pipe, and so that a node which is both holder and
//! printer reaches itself: libp2p does not dial its own node, [`WithItself`] does.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use futures::{Stream, StreamExt};
use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::version::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;
use tokio_util::either::Either;

use crate::mesh::frame::{FrameError, read_message, write_message};
use crate::mesh::{Mesh, MeshError, MeshEvent, MeshStream, Protocol};

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
    for version in Version::SPOKEN {
        match network.open(to, addresses, protocol(version)).await {
            Err(MeshError::Unsupported) => {}
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

/// Streams of this node to itself that wait for their service.
const TO_ITSELF: usize = 16;
/// Bytes that a pipe within the process holds.
const PIPE: usize = 256 * 1024;

/// A network in which a node reaches itself, through pipes within the process.
#[derive(Clone)]
pub struct WithItself<N> {
    network: N,
    node: NodeId,
    release: mpsc::Sender<DuplexStream>,
    job: mpsc::Sender<DuplexStream>,
    preview: mpsc::Sender<DuplexStream>,
    enroll: mpsc::Sender<DuplexStream>,
    direct: mpsc::Sender<DuplexStream>,
    bind: mpsc::Sender<DuplexStream>,
    web: mpsc::Sender<DuplexStream>,
}

/// The other ends: to be served like the streams of other members.
pub struct StreamsFromItself {
    /// [`Protocol::Release`], the latest version.
    pub release: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Job`].
    pub job: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Preview`].
    pub preview: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Enroll`].
    pub enroll: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Direct`], the latest version.
    pub direct: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Bind`].
    pub bind: mpsc::Receiver<DuplexStream>,
    /// [`Protocol::Web`].
    pub web: mpsc::Receiver<DuplexStream>,
}

impl<N: Network> WithItself<N> {
    /// The network with `node`, this one, added.
    #[must_use]
    pub fn new(network: N, node: NodeId) -> (Self, StreamsFromItself) {
        let (release, releases) = mpsc::channel(TO_ITSELF);
        let (job, jobs) = mpsc::channel(TO_ITSELF);
        let (preview, previews) = mpsc::channel(TO_ITSELF);
        let (enroll, enrolments) = mpsc::channel(TO_ITSELF);
        let (direct, directs) = mpsc::channel(TO_ITSELF);
        let (bind, binds) = mpsc::channel(TO_ITSELF);
        let (web, webs) = mpsc::channel(TO_ITSELF);
        let streams = StreamsFromItself {
            release: releases,
            job: jobs,
            preview: previews,
            enroll: enrolments,
            direct: directs,
            bind: binds,
            web: webs,
        };
        (
            Self {
                network,
                node,
                release,
                job,
                preview,
                enroll,
                direct,
                bind,
                web,
            },
            streams,
        )
    }
}

impl<N: Network> Network for WithItself<N> {
    type Stream = Either<N::Stream, DuplexStream>;

    async fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> Result<Self::Stream, MeshError> {
        if to != self.node {
            return self
                .network
                .open(to, addresses, protocol)
                .await
                .map(Either::Left);
        }
        let service = match protocol {
            Protocol::Release(Version::Two) => &self.release,
            Protocol::Job => &self.job,
            Protocol::Preview => &self.preview,
            Protocol::Enroll => &self.enroll,
            Protocol::Direct(Version::Two) => &self.direct,
            Protocol::Bind => &self.bind,
            Protocol::Web => &self.web,
            Protocol::Site
            | Protocol::Link
            | Protocol::Clock
            | Protocol::Release(Version::One)
            | Protocol::Direct(Version::One) => return Err(MeshError::Unsupported),
        };
        let (near, far) = tokio::io::duplex(PIPE);
        service.try_send(far).map_err(|_| MeshError::Busy)?;
        Ok(Either::Right(near))
    }

    async fn put(&self, key: RecordKey, value: Vec<u8>) -> Result<usize, MeshError> {
        self.network.put(key, value).await
    }

    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<N> {
        self.network.get(key)
    }

    fn addresses(&self) -> Vec<Vec<u8>> {
        self.network.addresses()
    }

    fn changes(&self) -> impl Stream<Item = Change> + Send + Unpin + use<N> {
        self.network.changes()
    }
}
