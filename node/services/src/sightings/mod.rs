//! What members saw when they looked at places from outside: judged against what the doors say, told to them and to the
//! admins, and kept for whoever asks what is wrong.
//!
//! Not here: looking. Who looks brings a [`Sighting`]; see [`papermesh_protocol::gateway::record`] for why.
//!
//! - [`Sightings::settle`] is the judgment of who looked; `answer` is that of who is told

mod answer;
mod kept;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Mesh, MeshError, Protocol};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::record::Shown;
use papermesh_protocol::gateway::sighting::{Answer, Sighting, Told};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{ExposureRow, PEERS_MAX, RememberedPeer, Store, StoreError};
use rand::seq::SliceRandom;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::audit::Audit;
use crate::directory::Directory;
use crate::network::Network;
use crate::network::serving::Router;
use crate::rate_window::RateWindow;

/// How long a member may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Doors whose records are asked for in search of one place to look at.
const ASKED: usize = 16;
/// What one member may tell within [`WINDOW`].
const TOLD: u32 = 32;
/// See [`TOLD`].
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Dependencies of [`Sightings`].
pub struct Deps<N> {
    /// Where members and exposures are remembered.
    pub store: Store,
    /// Who is connected.
    pub mesh: Mesh,
    /// How members are reached.
    pub network: N,
    /// Where doors say what they show.
    pub directory: Directory<N>,
    /// Where exposures are written down.
    pub audit: Audit,
    /// What the places of this node show.
    pub shown: watch::Receiver<Vec<Shown>>,
}

/// What was seen of places; cheap to clone.
pub struct Sightings<N>(Arc<Inner<N>>);

// Written out because deriving would ask the same of the network.
impl<N> Clone for Sightings<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    deps: Deps<N>,
    /// When each place of this node was last seen from outside as it is.
    seen: Mutex<BTreeMap<HostName, Timestamp>>,
    /// How often each member tells something.
    told: Mutex<RateWindow>,
}

/// A place to look at: which one, whose, and what its door says of it.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The door.
    pub door: NodeId,
    /// What it is called.
    pub door_name: Name,
    /// What it says that it shows.
    pub shown: Shown,
}

/// What follows from a sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The place shows what its door says.
    AsSaid,
    /// The door does not say anything of the place any more.
    Unsaid,
    /// Somebody pretends to be the place.
    Exposed,
}

impl<N: Network> Sightings<N> {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(deps: Deps<N>) -> Self {
        Self(Arc::new(Inner {
            deps,
            seen: Mutex::default(),
            told: Mutex::new(RateWindow::new(TOLD, WINDOW)),
        }))
    }

    /// Registers for what members tell.
    pub fn accept(&self, router: &mut Router) {
        router.accept(answer::SightingService(self.clone()));
    }

    /// When each place of this node was last seen from outside as it is, since the node started.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<HostName, Timestamp> {
        let seen = self.0.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Places that show another key than their door says, oldest first: what this node saw, and what it was told as
    /// door or admin.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn exposures(&self) -> Result<Vec<ExposureRow>, StoreError> {
        let now = self.now();
        offload(&self.0.deps.store, move |store| kept::all(store, now)).await
    }

    /// What a member is called, as far as it is known.
    pub async fn name_of(&self, node: NodeId) -> Option<Name> {
        let membership = self.0.deps.mesh.membership();
        if node == membership.node() {
            return Some(membership.certificate().name.clone());
        }
        let peer: Result<Option<RememberedPeer>, StoreError> =
            offload(&self.0.deps.store, move |store| store.peers().get(node)).await;
        peer.ok().flatten().map(|peer| peer.name)
    }

    /// A place of another door, by chance or by its name; none if nobody known says that it has one. Doors for which
    /// `passes` is false are not asked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn outlook(
        &self,
        name: Option<&HostName>,
        passes: impl Fn(NodeId) -> bool,
    ) -> Result<Option<Outlook>, StoreError> {
        let store = &self.0.deps.store;
        let mut peers: Vec<(NodeId, RememberedPeer)> =
            offload(store, |store| store.peers().scan(None, PEERS_MAX)).await?;
        // The door itself is not asked, so that it may sleep: a gateway lies best while it does.
        let own = self.0.deps.mesh.node();
        peers.retain(|(node, peer)| *node != own && peer.roles.may_hold() && passes(*node));
        peers.shuffle(&mut rand::rng());
        let asked = if name.is_some() { PEERS_MAX } else { ASKED };
        for (door, peer) in peers.into_iter().take(asked) {
            let Some(record) = self.0.deps.directory.places_of(door).await else {
                continue;
            };
            let mut shown = record.into_value().shown;
            shown.shuffle(&mut rand::rng());
            let mut shown = shown.into_iter();
            let meant = shown.find(|shown| name.is_none_or(|name| *name == shown.name));
            if let Some(shown) = meant {
                return Ok(Some(Outlook {
                    door,
                    door_name: peer.name,
                    shown,
                }));
            }
        }
        Ok(None)
    }

    /// Judges what was seen at a place, and tells whom it concerns.
    ///
    /// # Errors
    /// [`StoreError`] if an exposure cannot be kept.
    pub async fn settle(
        &self,
        outlook: &Outlook,
        sighting: Sighting,
    ) -> Result<Settled, StoreError> {
        let Outlook { door, shown, .. } = outlook;
        if shown.has(sighting.key) {
            // For its owner to know that somebody looked; the judgment needs nobody.
            let told = self.tell(*door, &Told::Seen(sighting)).await;
            if let Err(error) = told {
                tracing::debug!(%door, %error, "the door was not told that its place was seen");
            }
            return Ok(Settled::AsSaid);
        }
        // It may have got another certificate since. The directory may lag behind; the door knows.
        let said = self.0.deps.directory.places_of(*door).await;
        match said.as_ref().and_then(|record| record.at(&shown.name)) {
            None => return Ok(Settled::Unsaid),
            Some(now) if now.has(sighting.key) => return Ok(Settled::AsSaid),
            Some(_) => {}
        }
        match self.tell(*door, &Told::Seen(sighting.clone())).await {
            Ok(Answer::Mine) => return Ok(Settled::AsSaid),
            // It has closed the place since, by its own word.
            Ok(Answer::NotHere) => return Ok(Settled::Unsaid),
            _ => {}
        }
        self.expose(self.0.deps.mesh.node(), *door, sighting)
            .await?;
        self.tell_admins().await?;
        Ok(Settled::Exposed)
    }

    /// Tells the admins that are connected what no admin knows yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tell_admins(&self) -> Result<(), StoreError> {
        let own = self.0.deps.mesh.node();
        let untold = self.exposures().await?.into_iter();
        for exposure in untold.filter(|row| !row.told && row.by == own) {
            let told = Told::Exposed {
                door: exposure.door,
                sighting: exposure.sighting.clone(),
            };
            let mut is_told = false;
            for admin in self.admins() {
                is_told |= matches!(self.tell(admin, &told).await, Ok(Answer::Noted));
            }
            if is_told {
                offload(&self.0.deps.store, move |store| {
                    kept::told(store, &exposure)
                })
                .await?;
            }
        }
        Ok(())
    }

    /// The admins' nodes that are connected; not this one, which knows.
    fn admins(&self) -> Vec<NodeId> {
        let members = self.0.deps.mesh.status().members.into_iter();
        let admins = members.filter(|member| member.roles.has(Role::Admin));
        admins.map(|member| member.node).collect()
    }

    async fn tell(&self, to: NodeId, told: &Told) -> Result<Answer, FrameError> {
        let unreachable =
            |error: MeshError| FrameError::Io(std::io::Error::other(error.to_string()));
        let telling = async {
            let opened = self.0.deps.network.open(to, &[], Protocol::Sighting);
            let mut stream = opened.await.map_err(unreachable)?;
            write_message(&mut stream, told, limits::SIGHTING_MESSAGE).await?;
            let answer = read_message(&mut stream, limits::SIGHTING_MESSAGE, ANSWER).await?;
            answer.ok_or_else(|| FrameError::Io(std::io::ErrorKind::UnexpectedEof.into()))
        };
        let told = timeout(2 * ANSWER, telling).await;
        told.unwrap_or(Err(FrameError::Timeout))
    }

    fn now(&self) -> Timestamp {
        self.0.deps.mesh.membership().now()
    }
}
