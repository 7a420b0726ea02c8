//! Peers that misbehave: a libp2p node of our own that keeps to the specification exactly as far
//! as a test wants it to.
//!
//! A [`Rogue`] is built from libp2p and the protocol's types alone. It shows whatever
//! certificate it likes, puts whatever bytes it likes into the DHT, and asks holders whatever it
//! likes in whatever order. Its [`Identity`] it got like every member: by joining.

mod conversation;
mod handshake;
mod holder;
mod identity;
mod peer;

pub use conversation::{Conversation, now};
pub use handshake::Shown;
pub use holder::{FalseHolder, Heard, Lie, Lies};
pub use identity::Identity;
pub use papermesh_services::vault::new_key;
pub use peer::{Rogue, peer_id};
