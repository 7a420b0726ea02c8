//! What a protocol is to the engine. Kademlia, Chord and the pipes of a gateway are written with nothing else.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::Cx;
use crate::ring::{Key, Node};

/// What a user or the scenario asks of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Ask {
    /// Look up the nodes that are responsible for a key.
    Lookup(Key),
    /// A user of this node printed: say in the directory that jobs are held here.
    Submit,
    /// The user of that node stands at this printer.
    Release(Node),
}

/// A protocol: what nodes do when they start, hear a message, wake by a timer, or are asked for something.
///
/// States of nodes are kept by shard, in whatever layout the protocol likes: `Vec<MyState>` is a good beginning. A method
/// sees the states of its own shard only, and is to touch those of its node only: then results do not depend on how nodes
/// are cut into shards, and `papermesh-sim run --twice` finds out if they do. All chance comes from [`Cx::draw`].
pub trait Protocol: Send + Sync + 'static {
    /// What nodes send each other. It is copied, so keep it small.
    type Message: Copy + Send + Serialize + DeserializeOwned;
    /// The states of all nodes of a shard.
    type Nodes: Send + Serialize + DeserializeOwned;

    /// The states of these nodes before anything happens.
    fn nodes(&self, of: Range<Node>) -> Self::Nodes;

    /// A node comes up: at the beginning, or after it was away. Its timers of before are gone.
    fn start(&self, nodes: &mut Self::Nodes, cx: &mut Cx<'_, Self::Message>);

    /// A node goes down. It can send nothing any more.
    fn stop(&self, _nodes: &mut Self::Nodes, _cx: &mut Cx<'_, Self::Message>) {}

    /// A message arrives at a node that is up.
    fn message(
        &self,
        nodes: &mut Self::Nodes,
        from: Node,
        message: Self::Message,
        cx: &mut Cx<'_, Self::Message>,
    );

    /// A timer fires.
    fn timer(&self, nodes: &mut Self::Nodes, timer: u32, cx: &mut Cx<'_, Self::Message>);

    /// A node that is up is asked for something. [`Cx::answered`] says how that went.
    fn asked(&self, nodes: &mut Self::Nodes, ask: Ask, cx: &mut Cx<'_, Self::Message>);

    /// Bytes that the states of a shard take.
    fn bytes(&self, nodes: &Self::Nodes) -> usize;
}
