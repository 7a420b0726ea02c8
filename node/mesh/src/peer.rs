//! Between the protocol's identities and libp2p's: the same Ed25519 key, written differently.

use std::net::{IpAddr, SocketAddr};

use libp2p::identity::{self, Keypair, PublicKey};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use papermesh_protocol::id::NodeId;

/// The peer id of a node; none if the bytes are no Ed25519 key.
pub(super) fn peer_of(node: NodeId) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(node.as_bytes()).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The node of a peer id; none if the peer id is not that of an Ed25519 key, which it carries.
pub(super) fn node_of(peer: &PeerId) -> Option<NodeId> {
    let multihash = libp2p::multihash::Multihash::<64>::from(*peer);
    // 0x00 is the identity hash: the digest is the key itself, as protobuf.
    if multihash.code() != 0 {
        return None;
    }
    let key = PublicKey::try_decode_protobuf(multihash.digest())
        .ok()?
        .try_into_ed25519()
        .ok()?;
    Some(NodeId::from_bytes(key.to_bytes()))
}

/// The libp2p identity of a node key.
pub(super) fn keypair(seed: &[u8; 32]) -> Result<Keypair, identity::DecodingError> {
    Keypair::ed25519_from_bytes(*seed)
}

/// An address as records carry it; none if it is no multiaddr.
pub(super) fn address(bytes: &[u8]) -> Option<Multiaddr> {
    Multiaddr::try_from(bytes.to_vec()).ok()
}

/// Whether an address leads through a relay.
pub(super) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

/// Whether an address means "this machine".
pub(super) fn is_loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback(),
        _ => false,
    }
}

/// Whether an address can be dialed from elsewhere on the link at all.
pub(super) fn is_dialable(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => {
            !ip.is_unspecified() && !ip.is_link_local() && !ip.is_multicast()
        }
        Some(Protocol::Ip6(ip)) => {
            !ip.is_unspecified() && !ip.is_multicast() && (ip.segments()[0] & 0xffc0) != 0xfe80
        }
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => true,
        _ => false,
    }
}

/// The socket that an address of the form `/ip4/…/tcp/…` names.
#[must_use]
pub fn socket_of(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::from(ip),
        Protocol::Ip6(ip) => IpAddr::from(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

/// The peer id of a node as text, as multiaddrs name it; empty if the bytes are no key.
#[must_use]
pub fn peer_id(node: NodeId) -> String {
    peer_of(node)
        .map(|peer| peer.to_string())
        .unwrap_or_default()
}

/// The address without a trailing `/p2p/…`.
pub(super) fn without_peer(mut address: Multiaddr) -> Multiaddr {
    if matches!(address.iter().last(), Some(Protocol::P2p(_))) {
        address.pop();
    }
    address
}

/// The peer that an address names at its end.
pub(super) fn peer_in(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_node_is_the_same_peer_both_ways() {
        let keypair = keypair(&[7; 32]).unwrap();
        let node = node_of(&keypair.public().to_peer_id()).unwrap();
        assert_eq!(peer_of(node).unwrap(), keypair.public().to_peer_id());
    }

    #[test]
    fn other_kinds_of_peers_are_no_nodes() {
        let digest = libp2p::multihash::Multihash::<64>::wrap(0x12, &[1; 32]).unwrap();
        assert!(node_of(&PeerId::from_multihash(digest).unwrap()).is_none());
    }
}
