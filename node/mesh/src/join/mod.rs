//! How devices become members: the join protocol over real connections.
//!
//! Joining has a swarm of its own on either side (`network`), because the mesh lets in nobody
//! without a certificate: ordinary Noise, one protocol, few and short connections. An admin's
//! node runs a [`JoinListener`] and tells the local network of it ([`announce`]); a device runs
//! one conversation ([`joiner`]) and has no swarm before or after. What is said, and what of it
//! is believed, is decided by [`papermesh_protocol::join`]; who is admitted, by whoever takes
//! the listener's [`JoinRequest`]s.

pub mod announce;
pub mod joiner;
pub mod listener;

mod handler;
mod network;

#[cfg(test)]
mod tests;

pub use announce::FoundAdmin;
pub use handler::JoinRequest;
pub use joiner::{Comparison, Device, JoinFailure, join_by_discovery, join_with_invite};
pub use listener::{JoinListener, ListenerConfig};
pub use network::NetworkError;
