//! What the mesh learns and a restart must not forget: the newest site state, where members were
//! met, and the records that the DHT stores here.

use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::record;
use papermesh_protocol::time::Timestamp;
use serde_bytes::ByteBuf;
use tokio::sync::broadcast::error::RecvError;

use crate::clock::Clock;
use crate::mesh::{Member, Membership, Mesh, MeshEvent, RecordShelf};
use crate::offload::offload;
use crate::papers;
use crate::store::{RememberedPeer, Store, StoreError, StoredRecord};

/// Members whose addresses are handed to the mesh at its start; it dials some of them.
const RECALLED: usize = 64;
/// Records that are read from the store at once.
const PAGE: usize = 256;

/// A member met before, and its addresses: binary multiaddrs.
pub type Recalled = (NodeId, Vec<Vec<u8>>);

/// Where members were met before, the last met first: for the mesh to find its site again.
/// Blocks on the store.
///
/// # Errors
/// [`StoreError`].
pub fn recall(store: &Store) -> Result<Vec<Recalled>, StoreError> {
    let mut peers = store.peers().scan(None, crate::store::PEERS_MAX)?;
    peers.sort_by_key(|(_, peer)| std::cmp::Reverse(peer.last_seen));
    let addresses =
        |peer: RememberedPeer| peer.addresses.into_iter().map(ByteBuf::into_vec).collect();
    Ok(peers
        .into_iter()
        .take(RECALLED)
        .map(|(node, peer)| (node, addresses(peer)))
        .collect())
}

/// Writes down what the mesh learns, until it ends.
pub async fn remember(store: Store, mesh: Mesh, clock: Clock) {
    let mut events = mesh.subscribe();
    // What was learned before anybody listened.
    keep_state(&store, mesh.membership()).await;
    loop {
        match events.recv().await {
            Ok(MeshEvent::SiteState) | Err(RecvError::Lagged(_)) => {
                keep_state(&store, mesh.membership()).await
            }
            Ok(MeshEvent::Seen(member, addresses)) => {
                remember_member(&store, member, addresses, clock()).await
            }
            Ok(MeshEvent::Connected(_) | MeshEvent::Parted(_) | MeshEvent::Addresses) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn keep_state(store: &Store, membership: &Membership) {
    let state = membership.state();
    let kept: Result<(), StoreError> =
        offload(store, move |store| papers::keep_state(store, &state)).await;
    if let Err(error) = kept {
        tracing::error!(%error, "the site state is not kept; after a restart an older one counts until members are met");
    }
}

async fn remember_member(store: &Store, member: Member, addresses: Vec<Vec<u8>>, now: Timestamp) {
    let peer = RememberedPeer {
        name: member.certificate.name.clone(),
        roles: member.certificate.roles,
        addresses: addresses.into_iter().map(ByteBuf::from).collect(),
        last_seen: now,
        certificate: Some(member.certificate.envelope().clone()),
    };
    let node = member.node;
    let kept: Result<(), StoreError> =
        offload(store, move |store| store.peers().remember(node, peer)).await;
    if let Err(error) = kept {
        tracing::warn!(%node, %error, "a member's addresses are not remembered");
    }
}

/// The store as the mesh's shelf for records. Its calls are buffered and take microseconds, so
/// they may be made from the mesh's own task.
pub struct Shelf {
    store: Store,
    clock: Clock,
}

impl Shelf {
    /// The shelf in this store.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

impl RecordShelf for Shelf {
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)> {
        let mut records: Vec<(RecordKey, Vec<u8>)> = Vec::new();
        loop {
            let after = records.last().map(|(key, _)| *key);
            match self.store.records().scan(after, PAGE) {
                Ok(page) => {
                    let whole = page.len() == PAGE;
                    records.extend(page.into_iter().map(|(key, record)| (key, record.value)));
                    if !whole {
                        return records;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "records of the directory are lost here; others have them");
                    return records;
                }
            }
        }
    }

    fn save(&self, key: RecordKey, value: &[u8]) {
        let now = (self.clock)();
        // Records say themselves when they end; this only bounds how long a forgotten one stays.
        let expires_at = now + papermesh_protocol::limits::CERTIFICATE_LIFETIME;
        let record = StoredRecord {
            value: value.to_vec(),
            expires_at,
            updated_at: now,
        };
        debug_assert!(value.len() <= record::MAX);
        if let Err(error) = self.store.records().put(key, &record) {
            tracing::warn!(%error, "a record of the directory is not kept over a restart");
        }
    }

    fn remove(&self, key: RecordKey) {
        if let Err(error) = self.store.records().delete(key) {
            tracing::warn!(%error, "a record of the directory is not removed");
        }
    }
}
