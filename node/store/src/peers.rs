//! Members met before and where, so that a node finds its site again without being told.

use std::sync::PoisonError;

use papermesh_protocol::certificate::{Certificate, Roles};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::column::Key;
use super::columns::PEERS;
use super::database::{Durability, Range};
use super::error::StoreError;

/// Members that are remembered; beyond that, those longest unseen are forgotten.
pub const PEERS_MAX: usize = 1024;
/// Addresses that are remembered of a member; beyond that, the last ones are left out.
pub const ADDRESSES_PER_PEER: usize = 8;

/// A member met before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RememberedPeer {
    /// Its name, for people.
    pub name: Name,
    /// What it may do.
    pub roles: Roles,
    /// Where it was reached, as binary multiaddrs, best first.
    pub addresses: Vec<ByteBuf>,
    /// When it was last connected.
    pub last_seen: Timestamp,
    /// The certificate that it showed.
    pub certificate: Option<Envelope<Certificate>>,
}

/// The remembered members of a store.
pub struct Peers<'a>(pub(super) &'a Inner);

impl Peers<'_> {
    /// What is remembered of a member.
    pub fn get(&self, node: NodeId) -> Result<Option<RememberedPeer>, StoreError> {
        self.0.database.get(&PEERS, &node)
    }

    /// Remembers a member. Buffered: it takes microseconds and no disk flush.
    pub fn remember(&self, node: NodeId, mut peer: RememberedPeer) -> Result<(), StoreError> {
        peer.addresses.truncate(ADDRESSES_PER_PEER);
        let _remembering = self
            .0
            .remembering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let database = &self.0.database;
        let mut batch = database.batch();
        if !database.contains(&PEERS, &node)?
            && database.count(&PEERS, Range::all(), PEERS_MAX)? >= PEERS_MAX
        {
            let peers = database.scan(&PEERS, Range::all(), PEERS_MAX)?;
            if let Some((oldest, _)) = peers.iter().min_by_key(|(_, peer)| peer.last_seen) {
                batch.delete(&PEERS, oldest)?;
            }
        }
        batch.put(&PEERS, &node, &peer)?;
        batch.commit(Durability::Buffered)
    }

    /// Notes when a remembered member was last connected.
    pub fn seen(&self, node: NodeId, at: Timestamp) -> Result<(), StoreError> {
        self.change(node, |peer| peer.last_seen = peer.last_seen.max(at))
    }

    /// Forgets where a member is, such as one that was revoked; when it was last connected is
    /// remembered.
    pub fn forget_addresses(&self, node: NodeId) -> Result<(), StoreError> {
        self.change(node, |peer| peer.addresses.clear())
    }

    fn change(
        &self,
        node: NodeId,
        change: impl FnOnce(&mut RememberedPeer),
    ) -> Result<(), StoreError> {
        let _remembering = self
            .0
            .remembering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(mut peer) = self.0.database.get(&PEERS, &node)? else {
            return Ok(());
        };
        change(&mut peer);
        let mut batch = self.0.database.batch();
        batch.put(&PEERS, &node, &peer)?;
        batch.commit(Durability::Buffered)
    }

    /// At most `limit` remembered members in the order of their ids, after the given one.
    pub fn scan(
        &self,
        after: Option<NodeId>,
        limit: usize,
    ) -> Result<Vec<(NodeId, RememberedPeer)>, StoreError> {
        self.0.database.scan(
            &PEERS,
            Range::all().after(after.map(|node| node.to_bytes())),
            limit,
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::sample::{NOW, store};
    use super::*;

    #[test]
    fn those_longest_unseen_are_forgotten_first() {
        let (_home, store) = store().unwrap();
        let peer = |seconds| RememberedPeer {
            name: "front desk".parse().unwrap(),
            roles: Roles::default(),
            addresses: vec![ByteBuf::from(vec![1, 2, 3]); ADDRESSES_PER_PEER + 3],
            last_seen: NOW + Duration::from_secs(seconds),
            certificate: None,
        };
        let node = |number: u64| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            NodeId::from_bytes(bytes)
        };
        for number in 0..PEERS_MAX as u64 {
            store
                .peers()
                .remember(node(number), peer(if number == 7 { 0 } else { 100 }))
                .unwrap();
        }
        store.peers().remember(node(u64::MAX), peer(200)).unwrap();
        assert_eq!(store.peers().get(node(7)).unwrap(), None);
        assert_eq!(
            store.peers().scan(None, 2 * PEERS_MAX).unwrap().len(),
            PEERS_MAX
        );
        assert_eq!(
            store.peers().get(node(8)).unwrap().unwrap().addresses.len(),
            ADDRESSES_PER_PEER
        );
        let later = NOW + Duration::from_secs(300);
        store.peers().seen(node(8), later).unwrap();
        store.peers().seen(node(8), NOW).unwrap();
        store.peers().forget_addresses(node(8)).unwrap();
        let known = store.peers().get(node(8)).unwrap().unwrap();
        assert_eq!((known.last_seen, known.addresses.len()), (later, 0));
        store.peers().seen(node(7), later).unwrap();
        assert_eq!(store.peers().get(node(7)).unwrap(), None);
    }
}
