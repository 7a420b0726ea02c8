//! How a node reaches itself: through pipes within the process.

use std::collections::HashMap;

use futures::Stream;
use papermesh_mesh::{MeshError, Protocol};
use papermesh_protocol::id::{NodeId, RecordKey};
use tokio::io::DuplexStream;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::either::Either;

use super::{Change, Network};

/// Streams of this node to itself that wait for their service.
const WAITING: usize = 16;
/// Bytes that a pipe within the process holds.
const PIPE: usize = 256 * 1024;

/// A network in which a node reaches itself.
#[derive(Clone)]
pub struct WithItself<N> {
    network: N,
    node: NodeId,
    services: HashMap<Protocol, mpsc::Sender<DuplexStream>>,
}

/// The other ends of the pipes, by protocol.
pub struct StreamsFromItself(pub(super) HashMap<Protocol, mpsc::Receiver<DuplexStream>>);

impl<N: Network> WithItself<N> {
    /// The network with `node`, this one, added.
    #[must_use]
    pub fn new(network: N, node: NodeId) -> (Self, StreamsFromItself) {
        let (mut services, mut streams) = (HashMap::new(), HashMap::new());
        for protocol in Protocol::OF_SERVICES {
            let (service, arriving) = mpsc::channel(WAITING);
            services.insert(protocol, service);
            streams.insert(protocol, arriving);
        }
        let network = Self {
            network,
            node,
            services,
        };
        (network, StreamsFromItself(streams))
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
        let service = self.services.get(&protocol);
        let service = service.ok_or(MeshError::Unsupported)?;
        let (near, far) = tokio::io::duplex(PIPE);
        service.try_send(far).map_err(|error| match error {
            TrySendError::Full(_) => MeshError::Busy,
            TrySendError::Closed(_) => MeshError::Unsupported,
        })?;
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
