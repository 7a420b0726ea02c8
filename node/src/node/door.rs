//! The door of a node with a hold printer: kept informed of the site's papers and gateways, and of the
//! places that this node opens.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use papermesh_door::{Deps, Door, GatewayStatus, Knocked, Proxy, Ways};
use papermesh_mesh::{Membership, Mesh, MeshEvent};
use papermesh_pipe::PipeStream;
use papermesh_protocol::gateway::contract::{Gateway, Gateways};
use papermesh_protocol::gateway::message::{Hello, Place};
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::own_name::OwnNames;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::offload::offload;
use papermesh_store::{OwnNameRow, Store, StoreError, site};
use papermesh_web::{Arrival, Asked};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::interval;
use zeroize::Zeroizing;

/// Outsiders who wait to be taken.
const WAITING: usize = 16;
/// How often this node's certificate is looked at: it is renewed once in months.
const LOOK: Duration = Duration::from_secs(60);
/// Places that one node may open.
const PLACES: usize = 64;

/// The door as the rest of the node sees it.
pub(super) struct DoorHere {
    /// What this node was told to open,
    places: watch::Sender<Vec<Place>>,
    /// and what of it the site lets it open.
    opened: watch::Receiver<Vec<Place>>,
    status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
}

/// A node opens no further place.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    /// It has as many as it may.
    #[error("this node already opens {PLACES} places")]
    Full,
    /// There is none of that label.
    #[error("this node opens no place {0}")]
    Unknown(Label),
    /// It does not open that of the site.
    #[error("this node does not open the place of the site")]
    NotOfSite,
    /// The place has as many names of own domains as it may.
    #[error("a place has at most {} names of own domains", limits::OWN_NAMES)]
    NamesFull,
    /// No place here has that name.
    #[error("{0} leads to no place of this node")]
    UnknownName(HostName),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for PlaceError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Full => Some("close one first".into()),
            Self::NamesFull => {
                Some("remove one first, with `papermesh gateway domain remove`".into())
            }
            Self::Unknown(_) | Self::NotOfSite | Self::UnknownName(_) => {
                Some("`papermesh gateway list` shows them".into())
            }
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Where outsiders arrive that the door hands over.
pub(super) type Arriving = mpsc::Sender<Arrival<PipeStream>>;

/// The way from the door to the hold printer.
pub(super) fn outsiders() -> (Arriving, mpsc::Receiver<Arrival<PipeStream>>) {
    mpsc::channel(WAITING)
}

/// Starts the door; what it hands over is to be answered by the hold printer.
pub(super) async fn start(
    seed: [u8; 32],
    (mesh, store): (&Mesh, &Store),
    proxy: Option<Proxy>,
    arriving: Arriving,
    tasks: &mut JoinSet<()>,
) -> Result<DoorHere, StoreError> {
    let membership = Arc::clone(mesh.membership());
    let configured = kept(store).await?;
    let (hello, hellos) = watch::channel(hello(&membership));
    let (gateways, known) = watch::channel(gateways(&membership));
    let (opens, opened) = watch::channel(allowed(&configured, &membership));
    let (places, known_places) = watch::channel(configured);
    let (status, told) = watch::channel(BTreeMap::new());
    let (knocked, knocks) = mpsc::channel(WAITING);
    let door = Door::new(Deps {
        seed: Arc::new(Zeroizing::new(seed)),
        ways: Ways {
            proxy: proxy.map(Arc::new),
            ..Ways::default()
        },
        hello: hellos,
        gateways: known,
        places: opened.clone(),
        knocked,
        status,
    });
    tasks.spawn(door.run());
    tasks.spawn(inform(mesh.clone(), (hello, gateways, opens), known_places));
    tasks.spawn(hand_over(knocks, arriving));
    Ok(DoorHere {
        places,
        opened,
        status: told,
    })
}

impl DoorHere {
    /// How it stands with each gateway.
    pub(super) fn status(&self) -> Vec<GatewayStatus> {
        self.status.borrow().values().cloned().collect()
    }

    /// The same, and whatever changes of it.
    pub(super) fn news(&self) -> watch::Receiver<BTreeMap<GatewayId, GatewayStatus>> {
        self.status.clone()
    }

    /// The places that this node opens; that of the site has no label.
    pub(super) fn places(&self) -> Vec<Option<Label>> {
        let places = self.places.borrow();
        places.iter().map(|place| place.label.clone()).collect()
    }

    /// The names of own domains that lead to places of this node, or will when gateways and site agree.
    pub(super) fn own_names(&self) -> Vec<HostName> {
        let places = self.places.borrow();
        let names = places.iter().flat_map(|place| &place.own_names);
        names.cloned().collect()
    }

    /// The places as gateways are asked for them, and whatever changes of that.
    pub(super) fn opened(&self) -> watch::Receiver<Vec<Place>> {
        self.opened.clone()
    }

    /// Has a name of an own domain lead to a place here, and to no other here.
    pub(super) async fn add_name(
        &self,
        store: &Store,
        label: &Option<Label>,
        name: &HostName,
    ) -> Result<(), PlaceError> {
        let mut places = self.places.borrow().clone();
        for place in &mut places {
            place.own_names.retain(|own| own != name);
        }
        let place = places.iter_mut().find(|place| place.label == *label);
        let place = place.ok_or_else(|| unknown(label))?;
        if place.own_names.len() >= limits::OWN_NAMES {
            return Err(PlaceError::NamesFull);
        }
        place.own_names.push(name.clone());
        self.keep(store, places).await
    }

    /// Has a name of an own domain lead nowhere here.
    pub(super) async fn remove_name(
        &self,
        store: &Store,
        name: &HostName,
    ) -> Result<(), PlaceError> {
        let mut places = self.places.borrow().clone();
        let had = places.iter().any(|place| place.own_names.contains(name));
        if !had {
            return Err(PlaceError::UnknownName(name.clone()));
        }
        for place in &mut places {
            place.own_names.retain(|own| own != name);
        }
        self.keep(store, places).await
    }

    /// Opens a place, now and after each start.
    pub(super) async fn open(&self, store: &Store, label: Option<Label>) -> Result<(), PlaceError> {
        let mut places = self.places.borrow().clone();
        if places.iter().all(|place| place.label != label) {
            if places.len() >= PLACES {
                return Err(PlaceError::Full);
            }
            places.push(place(label));
        }
        self.keep(store, places).await
    }

    /// Closes a place.
    pub(super) async fn close(
        &self,
        store: &Store,
        label: &Option<Label>,
    ) -> Result<(), PlaceError> {
        let mut places = self.places.borrow().clone();
        let before = places.len();
        places.retain(|place| place.label != *label);
        if places.len() == before {
            return Err(unknown(label));
        }
        self.keep(store, places).await
    }

    async fn keep(&self, store: &Store, places: Vec<Place>) -> Result<(), PlaceError> {
        let labels: Vec<Option<Label>> = places.iter().map(|place| place.label.clone()).collect();
        let of = |place: &Place| {
            let (label, names) = (place.label.clone(), place.own_names.clone().into_iter());
            names.map(move |name| OwnNameRow {
                place: label.clone(),
                name,
            })
        };
        let own: Vec<OwnNameRow> = places.iter().flat_map(of).collect();
        let kept: Result<(), StoreError> = offload(store, move |store| {
            store.site().put(&site::PLACES, &labels)?;
            store.site().put(&site::OWN_NAMES, &own)
        })
        .await;
        kept?;
        self.places.send_replace(places);
        Ok(())
    }
}

fn unknown(label: &Option<Label>) -> PlaceError {
    match label {
        Some(label) => PlaceError::Unknown(label.clone()),
        None => PlaceError::NotOfSite,
    }
}

fn place(label: Option<Label>) -> Place {
    Place {
        label,
        own_names: Vec::new(),
        constant: true,
    }
}

/// What this node was told to open.
async fn kept(store: &Store) -> Result<Vec<Place>, StoreError> {
    let kept: Result<_, StoreError> = offload(store, |store| {
        Ok((
            store.site().get(&site::PLACES)?,
            store.site().get(&site::OWN_NAMES)?,
        ))
    })
    .await;
    let (labels, own) = kept?;
    let mut places: Vec<Place> = labels.unwrap_or_default().into_iter().map(place).collect();
    for row in own.unwrap_or_default() {
        if let Some(place) = places.iter_mut().find(|place| place.label == row.place) {
            place.own_names.push(row.name);
        }
    }
    Ok(places)
}

/// The same with no names but those that the site has.
fn allowed(places: &[Place], membership: &Membership) -> Vec<Place> {
    let names = OwnNames::of(&membership.state());
    let mut allowed = places.to_vec();
    for place in &mut allowed {
        place.own_names.retain(|name| names.has(name));
    }
    allowed
}

fn hello(membership: &Membership) -> Hello {
    Hello {
        certificate: membership.certificate().envelope().clone(),
        charter: membership.charter().envelope().clone(),
        state: membership.state().envelope().clone(),
    }
}

fn gateways(membership: &Membership) -> Vec<Gateway> {
    Gateways::of(&membership.state()).iter().cloned().collect()
}

/// Tells the door of newer papers, other gateways and the places that the site lets it open. A node that opens no place
/// dials none.
async fn inform(
    mesh: Mesh,
    (hellos, known, opens): (
        watch::Sender<Hello>,
        watch::Sender<Vec<Gateway>>,
        watch::Sender<Vec<Place>>,
    ),
    mut places: watch::Receiver<Vec<Place>>,
) {
    let (mut events, mut looks) = (mesh.subscribe(), interval(LOOK));
    loop {
        let membership = mesh.membership();
        let wanted = match places.borrow_and_update().is_empty() {
            true => Vec::new(),
            false => gateways(membership),
        };
        known.send_if_modified(|known| replace(known, wanted));
        hellos.send_if_modified(|told| replace(told, hello(membership)));
        let allowed = allowed(&places.borrow(), membership);
        opens.send_if_modified(|opened| replace(opened, allowed));
        tokio::select! {
            _ = looks.tick() => {}
            changed = places.changed() => if changed.is_err() {
                return;
            },
            event = events.recv() => match event {
                Ok(MeshEvent::SiteState) | Err(RecvError::Lagged(_)) => {}
                Ok(_) => continue,
                Err(RecvError::Closed) => return,
            },
        }
    }
}

fn replace<T: PartialEq>(known: &mut T, new: T) -> bool {
    let changed = *known != new;
    *known = new;
    changed
}

/// Hands outsiders over to the hold printer.
async fn hand_over(mut knocks: mpsc::Receiver<Knocked>, arriving: Arriving) {
    while let Some(Knocked { stream, knock }) = knocks.recv().await {
        let arrival = Arrival {
            stream,
            from: knock.address.0,
            asked: Asked(knock.name.to_string().into()),
        };
        if arriving.send(arrival).await.is_err() {
            return;
        }
    }
}
