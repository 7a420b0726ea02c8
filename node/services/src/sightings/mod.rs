//! What members saw when they looked at places from outside: judged against what the doors say, told to them and to the
//! admins, and kept for whoever asks what is wrong.
//!
//! Not here: looking. Who looks brings a [`Sighting`]; see [`papermesh_protocol::gateway::record`] for why.
//!
//! - [`Sightings::settle`] is the judgment of who looked, by the rules of `case`; `answer` is that of who is told
//! - `own` is what this node's own places are, `kept` what is remembered

mod answer;
mod case;
mod kept;
mod own;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Mesh, MeshError, Protocol};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::record::{Shown, may_open};
use papermesh_protocol::gateway::sighting::{Answer, Claim, Mismatch, Seen, Sighting, Told};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::text::{Name, clean};
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{MismatchRow, PEERS_MAX, RememberedPeer, Store, StoreError};
use rand::seq::SliceRandom;
use tokio::sync::watch;
use tokio::time::timeout;

pub use self::case::Settled;
pub use self::kept::id_of;
pub use self::own::OwnPlaces;

use self::case::{Case, Step};
use self::kept::Note;
use crate::audit::{Audit, Event, Kind};
use crate::directory::Directory;
use crate::network::Network;
use crate::network::serving::Router;
use crate::rate_window::RateWindow;

/// How long a member may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Doors whose records are asked for in search of one place to look at.
const ASKED: usize = 16;
/// How long all doors' records are asked for, in search of those who claim a name,
const CLAIMS: Duration = Duration::from_secs(60);
/// and how many at once.
const AT_ONCE: usize = 8;
/// What one member may tell within [`WINDOW`] that is kept.
const TOLD: u32 = 32;
/// See [`TOLD`].
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// Digits of an id by which people tell one from another.
const DIGITS: usize = 16;
/// Bytes of a name by which they do.
const NAME: usize = 80;

/// Dependencies of [`Sightings`].
pub struct Deps<N> {
    /// Where members and mismatches are remembered.
    pub store: Store,
    /// Who is connected.
    pub mesh: Mesh,
    /// How members are reached.
    pub network: N,
    /// Where doors say what they show.
    pub directory: Directory<N>,
    /// Where mismatches are written down.
    pub audit: Audit,
    /// What the places of this node are.
    pub own: watch::Receiver<OwnPlaces>,
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
    /// Who last saw each place of this node from outside as it is.
    seen: Mutex<BTreeMap<HostName, SeenFrom>>,
    /// How often each member tells something.
    told: Mutex<RateWindow>,
}

/// That a place was seen from outside as it is, by the word of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFrom {
    /// Who says so. The handshake proved its key.
    pub by: NodeId,
    /// When it said so.
    pub at: Timestamp,
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

    /// Who last said of each place of this node that it is seen from outside as it is, since the node started.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<HostName, SeenFrom> {
        let seen = self.0.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Places that are not as their doors say, oldest first: what this node saw, and what it was told as door or admin.
    /// Not those that somebody here dismissed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mismatches(&self) -> Result<Vec<MismatchRow>, StoreError> {
        let now = self.now();
        offload(&self.0.deps.store, move |store| kept::all(store, now)).await
    }

    /// Dismisses the mismatch with this id, on this node, and writes that down: what it is; none if there is none. One
    /// that is different in anything counts all the same.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dismiss(&self, id: String) -> Result<Option<Mismatch>, StoreError> {
        let (store, now) = (&self.0.deps.store, self.now());
        let dismissed = offload(store, move |store| kept::dismiss(store, &id, now)).await?;
        if let Some(mismatch) = &dismissed {
            let event = Event::new(Kind::MismatchDismissed).because(in_short(mismatch));
            self.0.deps.audit.record_best_effort(event).await;
        }
        Ok(dismissed)
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
        peers.retain(|(node, peer)| *node != own && may_open(peer.roles) && passes(*node));
        peers.shuffle(&mut rand::rng());
        let asked = if name.is_some() { PEERS_MAX } else { ASKED };
        for (door, peer) in peers.into_iter().take(asked) {
            let Some(record) = self.0.deps.directory.places_of(door).await else {
                continue;
            };
            let mut shown = record.into_value().shown;
            shown.shuffle(&mut rand::rng());
            let mut shown = shown.into_iter();
            // One without a certificate of the Internet's cannot be compared with anything.
            let meant = shown
                .find(|shown| shown.now.is_some() && name.is_none_or(|name| *name == shown.name));
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
    /// [`StoreError`] if what follows cannot be kept.
    pub async fn settle(
        &self,
        outlook: &Outlook,
        sighting: Sighting,
    ) -> Result<Settled, StoreError> {
        let (door, name) = (outlook.door, sighting.name.clone());
        let seen = Told::Seen(sighting.clone());
        let mut case = Case::new(door, outlook.shown.clone(), sighting);
        let mut is_door_told = false;
        let settled = loop {
            match case.step() {
                Step::AskDirectory => {
                    let record = self.0.deps.directory.places_of(door).await;
                    case.directory_says(record.and_then(|record| record.at(&name).cloned()));
                }
                Step::AskDoor => {
                    is_door_told = true;
                    case.door_says(self.tell(door, &seen).await.ok());
                }
                Step::AskOthers => case.others_say(self.claims(&name).await?),
                Step::Settled(settled) => break settled,
            }
        };
        let own = self.0.deps.mesh.node();
        match &settled {
            Settled::AsSaid => {
                // For its owner to know that somebody looked; the judgment needs nobody.
                if !is_door_told && let Err(error) = self.tell(door, &seen).await {
                    tracing::debug!(%door, %error, "the door was not told that its place was seen");
                }
                offload(&self.0.deps.store, move |store| {
                    kept::saw(store, own, &name)
                })
                .await?;
            }
            Settled::Unsaid | Settled::Closed => {}
            Settled::Mismatch(mismatch) => {
                let note = Note {
                    by: own,
                    mismatch: mismatch.clone(),
                    at: self.now(),
                    is_sure: false,
                };
                self.note(note).await?;
                self.tell_admins().await?;
            }
        }
        Ok(settled)
    }

    /// All doors that claim a name, this node with them.
    async fn claims(&self, name: &HostName) -> Result<Vec<Claim>, StoreError> {
        let store = &self.0.deps.store;
        let peers: Vec<(NodeId, RememberedPeer)> =
            offload(store, |store| store.peers().scan(None, PEERS_MAX)).await?;
        let own = self.0.deps.mesh.node();
        let mut claims: Vec<Claim> = self
            .0
            .deps
            .own
            .borrow()
            .claim(own, name)
            .into_iter()
            .collect();
        let doors = peers
            .into_iter()
            .filter(|(node, peer)| *node != own && may_open(peer.roles));
        let records = doors.map(|(door, _)| async move {
            let record = self.0.deps.directory.places_of(door).await?;
            let key = record.at(name)?.now;
            Some(Claim { door, key })
        });
        let mut records = futures::stream::iter(records).buffer_unordered(AT_ONCE);
        let asking = async {
            while let Some(claim) = records.next().await {
                claims.extend(claim);
            }
        };
        if timeout(CLAIMS, asking).await.is_err() {
            tracing::info!(%name, "not all doors were asked whether the name is theirs");
        }
        Ok(claims)
    }

    /// Keeps that a place is not as its door says, and writes it down, if that is new and counts.
    async fn note(&self, note: Note) -> Result<(), StoreError> {
        let (by, mismatch) = (note.by, note.mismatch.clone());
        let own = self.0.deps.mesh.node();
        let is_news = offload(&self.0.deps.store, move |store| {
            kept::keep(store, own, note)
        })
        .await?;
        if is_news {
            let saw = in_short(&mismatch);
            tracing::error!(%by, saw, "a place is not as its door says");
            let event = Event::new(Kind::PlaceMismatch).peer(by).because(saw);
            self.0.deps.audit.record_best_effort(event).await;
        }
        Ok(())
    }

    /// Tells the admins that are connected what no admin knows yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tell_admins(&self) -> Result<(), StoreError> {
        let own = self.0.deps.mesh.node();
        let untold = self.mismatches().await?.into_iter();
        for row in untold.filter(|row| !row.told && row.by == own) {
            let told = Told::Mismatch(row.mismatch.clone());
            let mut is_told = false;
            for admin in self.admins() {
                is_told |= matches!(self.tell(admin, &told).await, Ok(Answer::Noted));
            }
            if is_told {
                offload(&self.0.deps.store, move |store| kept::told(store, &row)).await?;
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

/// A mismatch in a line of the audit log: what matters most comes first, as the line is cut.
fn in_short(mismatch: &Mismatch) -> String {
    let short = |id: String| id.get(..DIGITS).unwrap_or(&id).to_owned();
    let seen = match &mismatch.sighting.seen {
        Seen::Key { key, issuer } => format!("showed key {} by {issuer}", short(key.to_string())),
        Seen::NoTls(why) => format!("no TLS ({why})"),
        Seen::Closed => "closed, and its door says that it is open".to_owned(),
    };
    let claims = mismatch.claims.iter().map(|claim| {
        let key = claim
            .key
            .map_or_else(|| "none".to_owned(), |key| short(key.to_string()));
        format!("door {} says {key}", short(claim.door.to_string()))
    });
    let claims: Vec<String> = claims.collect();
    let name = clean(mismatch.sighting.name.as_str(), NAME);
    format!("{name}: {}; {seen}", claims.join(", "))
}
