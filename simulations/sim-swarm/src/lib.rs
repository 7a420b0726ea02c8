//! Engine `swarm`: unmodified libp2p 0.57 nodes in virtual time, with the product's Kademlia, identify and ping.
//!
//! - [`node`](mod@node) is one node: its swarm, and the task that owns it.
//! - [`run`](mod@run) has the whole network: who comes and goes, who looks up what, what is counted.
//!
//! Nodes, distances and look-ups are those of engine `model` for the same scenario and seed, so that the two can be
//! compared run by run: [`ring`] gives the keys.
#![forbid(unsafe_code)]

pub mod node;
pub mod run;

pub use run::{SwarmError, ring, run};
