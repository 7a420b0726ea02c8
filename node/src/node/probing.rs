//! Looking at places of other doors from where this node is: one a day, at no time that anybody could know.
//!
//! A gateway that pretends to be a place has to show another key than the door's, to everybody or to some. It knows the
//! addresses of doors; so a node does not look at the places of a door that is in its own network.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use papermesh_door::Ways;
use papermesh_door::look::{LookError, look};
use papermesh_mesh::Mesh;
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::own_name::OwnNames;
use papermesh_protocol::gateway::sighting::Sighting;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_services::clock;
use papermesh_services::sightings::{Outlook, Settled, Sightings};
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
use papermesh_web::is_in_own_network;
use rand::RngExt;
use tokio::time::sleep;

use super::Network;
use crate::config::Config;

/// The least time between two looks.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A node looks when it is due and has run for so long at most, and for so long at least: computers that are switched on
/// for some hours a day look as well, and not as soon as they are on.
const SOON: std::ops::Range<f64> = 300.0..4.0 * 60.0 * 60.0;
/// How often admins are told again whom nobody could be told of.
const TELL: Duration = Duration::from_secs(60 * 60);

/// Looks at places.
#[derive(Clone)]
pub(super) struct Prober {
    store: Store,
    mesh: Mesh,
    sightings: Sightings<Network>,
    ways: Ways,
}

/// What came of a look.
pub(super) struct Looked {
    /// At what.
    pub(super) outlook: Outlook,
    /// What was seen, and what follows; or why nothing was.
    pub(super) seen: Result<(Sighting, Settled), LookError>,
}

impl Prober {
    pub(super) fn new(
        (store, mesh): (&Store, &Mesh),
        sightings: Sightings<Network>,
        config: &Config,
    ) -> Self {
        let ways = Ways {
            proxy: config.proxy.clone().map(Arc::new),
            ..Ways::default()
        };
        Self {
            store: store.clone(),
            mesh: mesh.clone(),
            sightings,
            ways,
        }
    }

    /// Looks at a place by its name, or at one of somebody's by chance; none if nobody known says what one shows.
    pub(super) async fn look(&self, name: Option<&HostName>) -> Result<Option<Looked>, StoreError> {
        // Whoever asks for it wants to know, wherever this node is.
        self.look_at(name, |_| true).await
    }

    async fn look_at(
        &self,
        name: Option<&HostName>,
        passes: impl Fn(NodeId) -> bool,
    ) -> Result<Option<Looked>, StoreError> {
        let Some(outlook) = self.sightings.outlook(name, passes).await? else {
            return Ok(None);
        };
        let name = &outlook.shown.name;
        let seen = match look(&self.ways, &self.within(name), name).await {
            Ok(sighting) => {
                let settled = self.sightings.settle(&outlook, sighting.clone()).await?;
                Ok((sighting, settled))
            }
            Err(error) => Err(error),
        };
        Ok(Some(Looked { outlook, seen }))
    }

    /// Addresses of local networks at which a place of that name may be looked at: an admin says that the gateway is there.
    fn within(&self, name: &HostName) -> BTreeSet<IpAddr> {
        let state = self.mesh.membership().state();
        let gateways = Gateways::of(&state);
        let is_own = OwnNames::of(&state).has(name);
        let of_name = gateways
            .iter()
            .filter(|gateway| is_own || gateway.domain.is_above(name));
        let within = of_name.flat_map(|gateway| &gateway.within);
        within.map(|address| address.ip()).collect()
    }

    /// Whether a door is elsewhere, as far as this node sees.
    fn is_elsewhere(&self, door: NodeId) -> bool {
        !self.mesh.seen_at(door).is_some_and(is_in_own_network)
    }

    /// Looks once a day, for as long as it is let run.
    pub(super) async fn run(self) {
        loop {
            let wait = Duration::from_secs_f64(rand::rng().random_range(SOON));
            sleep(wait.max(self.rest().await)).await;
            if let Err(error) = self.look_today().await {
                tracing::warn!(error = %error.in_full(), "could not look at a place");
            }
        }
    }

    /// How long there is no look yet.
    async fn rest(&self) -> Duration {
        let last = offload(&self.store, |store| store.site().get(&site::LAST_LOOK)).await;
        let last: Option<Timestamp> = last.ok().flatten();
        last.map_or(Duration::ZERO, |last| (last + DAY).since(clock::now()))
    }

    async fn look_today(&self) -> Result<(), StoreError> {
        offload(&self.store, |store| {
            store.site().put(&site::LAST_LOOK, &clock::now())
        })
        .await?;
        let looked = self.look_at(None, |door| self.is_elsewhere(door)).await?;
        if let Some(Looked { outlook, seen }) = looked {
            let name = &outlook.shown.name;
            match seen {
                Ok((_, settled)) => {
                    tracing::info!(%name, ?settled, "looked at a place from outside")
                }
                Err(error) => {
                    tracing::info!(%name, %error, "could not look at a place")
                }
            }
        }
        Ok(())
    }

    /// Has admins know what could not be told yet.
    pub(super) async fn tell(self) {
        loop {
            sleep(TELL).await;
            if let Err(error) = self.sightings.tell_admins().await {
                tracing::warn!(error = %error.in_full(), "could not tell admins what was seen");
            }
        }
    }
}
