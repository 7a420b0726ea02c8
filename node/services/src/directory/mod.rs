//! The directory: who holds jobs for a user, and what the site says of its users and badges.
//!
//! There is no directory server. What this node knows it publishes in the DHT ([`advertise`]), and
//! what it wants to know it asks of the DHT ([`search`], [`entries`], [`places`]) and judges itself. What comes
//! out of here tells only whom to ask: what a holder says when dialed is the truth.
//!
//! Not here: how records travel and where they are stored (the mesh), and what makes one valid
//! (the protocol).

pub mod finding;

mod advertise;
mod entries;
mod places;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use papermesh_mesh::Membership;
use papermesh_protocol::text::UserId;
use papermesh_store::Store;

pub use advertise::PublishError;
pub use finding::FoundHolder;
pub use search::Search;

use crate::network::Network;

/// The directory as this node sees it; cheap to clone.
#[derive(Clone)]
pub struct Directory<N>(Arc<Inner<N>>);

struct Inner<N> {
    store: Store,
    network: N,
    membership: Arc<Membership>,
    key: SigningKey,
    /// User entries asked for lately.
    entries: Mutex<BTreeMap<UserId, entries::Known>>,
    /// Whether some advert reached fewer nodes than it should.
    unplaced: AtomicBool,
    /// Held while an advert is made, so that no two have one sequence number.
    signing: tokio::sync::Mutex<()>,
    /// Users who will be announced as they then are; more of the same changes nothing.
    waiting: Mutex<BTreeSet<UserId>>,
    /// The sequence number of the last record of this node's places.
    places_sequence: AtomicU64,
}

impl<N: Network> Directory<N> {
    /// The directory of a node with this store, network and key.
    #[must_use]
    pub fn new(store: Store, network: N, membership: Arc<Membership>, key: SigningKey) -> Self {
        Self(Arc::new(Inner {
            store,
            network,
            membership,
            key,
            entries: Mutex::default(),
            unplaced: AtomicBool::default(),
            signing: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
            places_sequence: AtomicU64::default(),
        }))
    }
}
