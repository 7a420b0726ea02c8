//! What the services need of the mesh: streams to members, and the DHT.
//!
//! The services are written against this trait and not against [`crate::mesh::Mesh`], so that a
//! test, or the simulator, can put a holder and a printer at the two ends of a pipe. The mesh is
//! the only implementation in a running node.

use std::future::Future;

use futures::Stream;
use papermesh_protocol::id::{NodeId, RecordKey};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::mesh::Protocol;

/// Why another node, or the DHT, could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No address led to the node in time.
    #[error("not reachable ({0})")]
    Unreachable(String),
    /// The node is there, but does not speak the protocol: it has another role or another version.
    #[error("the node does not speak {0}")]
    Protocol(&'static str),
    /// This node is shutting down.
    #[error("this node is shutting down")]
    Closed,
}

/// Streams to members, and the DHT.
pub trait Network: Clone + Send + Sync + 'static {
    /// A stream between two proven members.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// This node.
    fn node(&self) -> NodeId;

    /// Opens a stream to a member, at these addresses (binary multiaddrs) or remembered ones.
    fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> impl Future<Output = Result<Self::Stream, NetworkError>> + Send;

    /// Stores a record in the DHT; says how many other nodes took it.
    fn put(&self, key: RecordKey, value: Vec<u8>) -> impl Future<Output = Result<usize, NetworkError>> + Send;

    /// Each value of a key that any node has, as the answers come; the own store's first.
    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + 'static;

    /// Own addresses worth advertising.
    fn addresses(&self) -> Vec<Vec<u8>>;

    /// Each time that a member connects, as long as the node runs.
    fn arrivals(&self) -> impl Stream<Item = NodeId> + Send + 'static;
}
