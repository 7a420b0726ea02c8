//! What messages of the real nodes take on the wire, in bytes and round trips. `papermesh-sim check` holds these to what
//! engine `swarm` counts.

/// Around each message: Yamux 12, Noise 18, TCP and IP 40.
pub const AROUND: u64 = 70;
/// A handshake: six packets, Noise XX, two certificates.
pub const HANDSHAKE: u64 = 1_456;
/// Messages and bytes of what rides on every new connection: identify and a ping in both directions, each with its
/// negotiation. Counted between two real nodes.
pub const GREETING_MESSAGES: i64 = 12;
/// See [`GREETING_MESSAGES`].
pub const GREETING: u64 = 1_804;
/// Each request has a stream of its own: the dialer names the protocol, the listener agrees, which takes a round trip.
pub const NEGOTIATION_MESSAGES: i64 = 2;
/// See [`NEGOTIATION_MESSAGES`]. Both say `/multistream/1.0.0` and `/papermesh/<site>/kad/1`.
pub const NEGOTIATION: u64 = 2 * (91 + AROUND);
/// A request for the nodes nearest to a key.
pub const REQUEST: u64 = 13 + AROUND;
/// An answer without nodes.
pub const ANSWER: u64 = 10 + AROUND;
/// A node in an answer: peer id, one address with the peer id in it, state.
pub const CONTACT: u64 = 93;
