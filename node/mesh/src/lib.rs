//! The mesh: how the nodes of a site find, prove and reach each other.
//!
//! Of the crates of a node, this one alone knows libp2p. It may know the protocol; it may not know the disk (what it keeps, others store
//! for it), a job, or a user.
//!
//! One task owns the swarm ([`event_loop`]); everybody else holds a [`Mesh`], which is cheap to
//! clone and talks to that task through bounded channels. What leaves this crate is typed by the
//! protocol crate: [`NodeId`](papermesh_protocol::id::NodeId)s instead of peer ids, proven
//! [`Member`]s instead of connections, record keys instead of Kademlia's.
//!
//! - [`mod@start`] puts the swarm together and begins that task.
//! - [`membership`] is what the node knows of its site: own certificate, site state, who is
//!   connected. [`handshake`] is the gate that every connection passes.
//! - [`pending`] gives slots to connections of which nobody knows yet whose they are.
//! - [`behaviour`] composes libp2p's protocols, [`muxer`] is Yamux tuned for documents.
//! - [`ports`] keeps the node at the ports of last time.
//! - [`records`] is the DHT's storage: it verifies and merges; [`offered`] has what members send
//!   judged before it gets there.
//! - [`site_sync`] spreads the site state, and with it revocations.
//! - [`join`] is how devices become members, on a listener of its own.
#![forbid(unsafe_code)]

pub mod clocks;
pub mod handle;
pub mod handshake;
pub mod join;
pub mod membership;
pub mod records;
pub mod site_sync;

mod behaviour;
mod dial_back;
mod event_loop;
mod muxer;
mod offered;
mod peer;
mod pending;
mod ports;
mod room;
mod routes;
mod start;

pub use behaviour::MeshConfig;
pub use handle::{
    ConnectedMember, Incoming, Mesh, MeshError, MeshEvent, MeshStatus, MeshStream, Protocol,
    Streams,
};
pub use libp2p::Multiaddr;
pub use membership::{Member, Membership};
pub use peer::{peer_id, socket_of};
pub use ports::{Ports, is_free};
pub use records::RecordStorage;
pub use start::start;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
