//! What this node says of the certificates at its places, in the directory: the keys that they have, and the one that is
//! on order, before anybody outside sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use papermesh_door::look::key_of_chain;
use papermesh_mesh::{Mesh, MeshEvent};
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::message::Place;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::record::Shown;
use papermesh_protocol::id::KeyDigest;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::directory::Directory;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError};
use rand::RngExt;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::Network;

/// How long a record may take to be placed while a certificate waits for it.
const PLACING: Duration = Duration::from_secs(10);
/// How soon a record is placed again that too few members have.
const AGAIN: Duration = Duration::from_secs(15);
/// Other members that should have it.
const WELL_PLACED: usize = 3;

/// Says what the places of this node show; cheap to clone.
#[derive(Clone)]
pub(super) struct PlaceRecords(Arc<Inner>);

struct Inner {
    store: Store,
    mesh: Mesh,
    directory: Directory<Network>,
    places: watch::Receiver<Vec<Place>>,
    /// Keys for which certificates are on order.
    next: Mutex<BTreeMap<HostName, KeyDigest>>,
    shown: watch::Sender<Vec<Shown>>,
}

impl PlaceRecords {
    /// Nothing is said yet. `shown` is told what the places show.
    pub(super) fn new(
        (store, mesh): (&Store, &Mesh),
        directory: Directory<Network>,
        places: watch::Receiver<Vec<Place>>,
        shown: watch::Sender<Vec<Shown>>,
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            mesh: mesh.clone(),
            directory,
            places,
            next: Mutex::default(),
            shown,
        }))
    }

    /// A certificate is about to be ordered. Returns when members know, or could not be told for a while: an order
    /// does not fail because nobody else is there.
    pub(super) async fn ordered(&self, name: &HostName, key: KeyDigest) {
        self.next(|next| next.insert(name.clone(), key));
        if timeout(PLACING, self.say()).await.is_err() {
            tracing::debug!(%name, "nobody was told of the next key yet");
        }
    }

    /// The order is over: what there is now is in the store.
    pub(super) async fn settled(&self, name: &HostName) {
        self.next(|next| next.remove(name));
        drop(timeout(PLACING, self.say()).await);
    }

    fn next<T>(&self, change: impl FnOnce(&mut BTreeMap<HostName, KeyDigest>) -> T) -> T {
        change(&mut self.0.next.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All names that this node's places have, whether a gateway has them open now or not: one may lie while the door
    /// is away.
    fn names(&self) -> BTreeSet<HostName> {
        let state = self.0.mesh.membership().state();
        let gateways = Gateways::of(&state);
        let places = self.0.places.borrow();
        let of = |place: &Place| {
            let at = gateways
                .iter()
                .map(|gateway| gateway.domain.place(&gateway.site, place.label.as_ref()));
            at.chain(place.own_names.iter().cloned())
                .collect::<Vec<_>>()
        };
        places.iter().flat_map(of).collect()
    }

    /// What all of them show.
    async fn shown(&self) -> Result<Vec<Shown>, StoreError> {
        let names = self.names();
        let pending = self.next(|next| next.clone());
        offload(&self.0.store, move |store| {
            let mut shown = Vec::new();
            for name in names {
                // One without a certificate shows what names nobody, until its first is there: nothing is said of it.
                let kept = store.public_certificates().get(&name.to_string())?;
                if let Some(now) = kept.and_then(|row| key_of_chain(&row.chain)) {
                    let next = pending.get(&name).copied();
                    shown.push(Shown { name, now, next });
                }
            }
            Ok(shown)
        })
        .await
    }

    /// Says it; how many other members took it. A node that never showed anything says nothing.
    async fn say(&self) -> usize {
        let shown = match self.shown().await {
            Ok(shown) => shown,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not read what places show");
                return 0;
            }
        };
        let before = self.0.shown.send_replace(shown.clone());
        if shown.is_empty() && before.is_empty() {
            return WELL_PLACED;
        }
        let published = self.0.directory.publish_places(shown).await;
        published.unwrap_or_else(|error| {
            tracing::warn!(error = %error.in_full(), "could not say what places show; will retry");
            0
        })
    }

    /// Says it again in time, when places, gateways or names change, and when members arrive who should know.
    pub(super) async fn run(self) {
        let (mut events, mut places) = (self.0.mesh.subscribe(), self.0.places.clone());
        let mut due = Instant::now();
        let mut is_placed = false;
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                changed = places.changed() => if changed.is_err() {
                    return;
                },
                event = events.recv() => {
                    match event {
                        Ok(MeshEvent::SiteState) | Err(RecvError::Lagged(_)) => {}
                        Ok(MeshEvent::Connected(_)) if !is_placed => {
                            due = due.min(Instant::now() + AGAIN);
                            continue;
                        }
                        Ok(_) => continue,
                        Err(RecvError::Closed) => return,
                    }
                }
            }
            is_placed = self.say().await >= WELL_PLACED;
            due = Instant::now()
                + limits::PLACE_RECORD_REFRESH.mul_f64(rand::rng().random_range(0.85..1.0));
        }
    }
}
