//! The network between simulated nodes, and libp2p's transport over it.
//!
//! - [`delay`] says how long a message travels: [`Delay`].
//! - [`Net`] has the connections, the streams on them and the messages under way. It is the [`Events`] of a
//!   [`World`](papermesh_sim_rt::World).
//! - [`transport`] is `libp2p::core::Transport` and `StreamMuxer` over it, in the fidelity `streams`: Noise and Yamux cost
//!   their round trips and their bytes but are not computed.
//!
//! TCP is latency, bandwidth of the sender, order, and a stall for what is lost. Packets are not simulated; whoever needs
//! them uses ns-3.
#![forbid(unsafe_code)]

pub mod delay;
pub mod net;
mod stream;
pub mod transport;

pub use delay::{Delay, Paths};
pub use net::{Counters, LinkConfig, Net, NodeNumber, WireCosts, address, node_at};
pub use papermesh_sim_rt::Events;
pub use transport::Transport;
