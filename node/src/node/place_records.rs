//! What this node says of its places, in the directory: which names they have, the keys that are really shown there, and
//! the one that is on order, before anybody outside sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use papermesh_door::{GatewayStatus, PipeState, PlaceState};
use papermesh_mesh::{Mesh, MeshEvent};
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::message::Place;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::record::Shown;
use papermesh_protocol::id::{GatewayId, KeyDigest};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::clock;
use papermesh_services::directory::Directory;
use papermesh_services::sightings::OwnPlaces;
use rand::RngExt;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::Network;
use super::place_certificates::PlaceCertificates;

/// How long a record may take to be placed while a certificate waits for it.
const PLACING: Duration = Duration::from_secs(10);
/// How soon a record is placed again that too few members have.
const AGAIN: Duration = Duration::from_secs(15);
/// Other members that should have it.
const WELL_PLACED: usize = 3;

/// Says what the places of this node show; cheap to clone.
#[derive(Clone)]
pub(super) struct PlaceRecords(Arc<Inner>);

/// Where records come from and go.
pub(super) struct Start {
    pub(super) mesh: Mesh,
    pub(super) directory: Directory<Network>,
    /// What is really shown.
    pub(super) certificates: PlaceCertificates,
    /// The places that the site lets this node open,
    pub(super) places: watch::Receiver<Vec<Place>>,
    /// and how it stands with them at each gateway.
    pub(super) status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
    /// Told what the places are.
    pub(super) own: watch::Sender<OwnPlaces>,
}

struct Inner {
    start: Start,
    /// Keys for which certificates are on order.
    next: Mutex<BTreeMap<HostName, KeyDigest>>,
    /// Held while something is said: what was shown later is said later.
    saying: tokio::sync::Mutex<Said>,
}

/// What was said last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// Until when members may believe that this node has places, as it said so: while it has none, it has to say that.
    until: Option<Instant>,
}

impl Said {
    /// Whether something is to be said now. A node that never had a place says nothing.
    fn is_due(&self, has_places: bool, now: Instant) -> bool {
        has_places || self.until.is_some_and(|until| until > now)
    }

    /// It was said, and so many other members took it.
    fn was_said(&mut self, has_places: bool, taken: usize, now: Instant) {
        if has_places {
            self.until = Some(now + limits::PLACE_RECORD_LIFETIME);
        } else if taken >= WELL_PLACED {
            self.until = None;
        }
    }
}

impl PlaceRecords {
    /// Nothing is said yet.
    pub(super) fn new(start: Start) -> Self {
        Self(Arc::new(Inner {
            start,
            next: Mutex::default(),
            saying: tokio::sync::Mutex::default(),
        }))
    }

    /// A certificate is about to be ordered. Returns when members know, or could not be told for a while: an order
    /// does not fail because nobody else is there.
    pub(super) async fn ordered(&self, name: &HostName, key: KeyDigest) {
        self.next(|next| next.insert(name.clone(), key));
        self.refresh();
        if timeout(PLACING, self.say()).await.is_err() {
            tracing::debug!(%name, "nobody was told of the next key yet");
        }
    }

    /// The order is over: what there is now is shown.
    pub(super) async fn settled(&self, name: &HostName) {
        self.next(|next| next.remove(name));
        self.refresh();
        drop(timeout(PLACING, self.say()).await);
    }

    fn next<T>(&self, change: impl FnOnce(&mut BTreeMap<HostName, KeyDigest>) -> T) -> T {
        change(&mut self.0.next.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All names that this node's places have, whether a gateway has them open now or not: one may lie while the door
    /// is away.
    fn names(&self) -> BTreeSet<HostName> {
        let state = self.0.start.mesh.membership().state();
        let gateways = Gateways::of(&state);
        let places = self.0.start.places.borrow();
        let of = |place: &Place| {
            let at = gateways
                .iter()
                .map(|gateway| gateway.domain.place(&gateway.site, place.label.as_ref()));
            at.chain(place.own_names.iter().cloned())
                .collect::<Vec<_>>()
        };
        places.iter().flat_map(of).collect()
    }

    /// The names that gateways have open now.
    fn open(&self) -> BTreeSet<HostName> {
        let status = self.0.start.status.borrow();
        let up = status
            .values()
            .filter(|status| matches!(status.pipe, PipeState::Up(_)));
        let places = up.flat_map(|status| &status.places);
        let open = places.filter(|(_, state)| matches!(state, PlaceState::Open(_)));
        open.flat_map(|(_, state)| state.names()).cloned().collect()
    }

    /// What all of the names show. Who asks this node itself is answered by it from now on, whatever becomes of the
    /// record.
    fn refresh(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        self.0.start.own.send_modify(|own| {
            let pending = self.next(|next| next.clone());
            let of = |name: HostName| Shown {
                now: self.0.start.certificates.key(&name),
                next: pending.get(&name).copied(),
                name,
            };
            all = self.names().into_iter().map(of).collect();
            own.show(all.clone(), clock::now());
            own.open(self.open());
        });
        all
    }

    /// Says it; how many other members took it.
    async fn say(&self) -> usize {
        let mut said = self.0.saying.lock().await;
        if let Err(error) = self.0.start.certificates.retain(&self.names()).await {
            tracing::warn!(error = %error.in_full(), "certificates of places that are gone are still kept");
        }
        let shown = self.refresh();
        let (has_places, now) = (!shown.is_empty(), Instant::now());
        if !said.is_due(has_places, now) {
            return WELL_PLACED;
        }
        // Counted from now on, whoever waits for it no longer.
        said.was_said(has_places, 0, now);
        let published = self.0.start.directory.publish_places(shown).await;
        let taken = published.unwrap_or_else(|error| {
            tracing::warn!(error = %error.in_full(), "could not say what places show; will retry");
            0
        });
        said.was_said(has_places, taken, now);
        taken
    }

    /// Says it again in time, when places, gateways or names change, and when members arrive who should know.
    pub(super) async fn run(self) {
        let Start {
            mesh,
            places,
            status,
            own,
            ..
        } = &self.0.start;
        let (mut events, mut places, mut status) =
            (mesh.subscribe(), places.clone(), status.clone());
        let mut due = Instant::now();
        let mut is_placed = false;
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                changed = places.changed() => if changed.is_err() {
                    return;
                },
                changed = status.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    own.send_modify(|own| own.open(self.open()));
                    continue;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_places_are_gone_is_said_until_somebody_knows_or_nobody_believes_otherwise() {
        let now = Instant::now();
        let mut said = Said::default();
        assert!(!said.is_due(false, now), "it never had one");
        assert!(said.is_due(true, now));
        said.was_said(true, 0, now);
        said.was_said(false, 0, now);
        assert!(said.is_due(false, now), "it reached nobody");
        assert!(!said.is_due(false, now + limits::PLACE_RECORD_LIFETIME));
        said.was_said(false, WELL_PLACED, now);
        assert!(!said.is_due(false, now));
        said.was_said(true, WELL_PLACED, now);
        assert!(said.is_due(false, now));
    }
}
