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
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
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
    places: watch::Sender<Vec<Place>>,
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
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for PlaceError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Full => Some("close one first".into()),
            Self::Unknown(_) | Self::NotOfSite => {
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
    let labels = kept(store).await?;
    let (hello, hellos) = watch::channel(hello(&membership));
    let (gateways, known) = watch::channel(gateways(&membership));
    let (places, opened) = watch::channel(places_of(&labels));
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
    tasks.spawn(inform(mesh.clone(), (hello, gateways), opened));
    tasks.spawn(hand_over(knocks, arriving));
    Ok(DoorHere {
        places,
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

    /// Opens a place, now and after each start.
    pub(super) async fn open(&self, store: &Store, label: Option<Label>) -> Result<(), PlaceError> {
        let mut labels = self.places();
        if !labels.contains(&label) {
            if labels.len() >= PLACES {
                return Err(PlaceError::Full);
            }
            labels.push(label);
        }
        self.keep(store, labels).await
    }

    /// Closes a place.
    pub(super) async fn close(
        &self,
        store: &Store,
        label: &Option<Label>,
    ) -> Result<(), PlaceError> {
        let mut labels = self.places();
        let before = labels.len();
        labels.retain(|other| other != label);
        if labels.len() == before {
            return Err(match label {
                Some(label) => PlaceError::Unknown(label.clone()),
                None => PlaceError::NotOfSite,
            });
        }
        self.keep(store, labels).await
    }

    async fn keep(&self, store: &Store, labels: Vec<Option<Label>>) -> Result<(), PlaceError> {
        let places = places_of(&labels);
        let kept: Result<(), StoreError> =
            offload(store, move |store| store.site().put(&site::PLACES, &labels)).await;
        kept?;
        self.places.send_replace(places);
        Ok(())
    }
}

async fn kept(store: &Store) -> Result<Vec<Option<Label>>, StoreError> {
    let kept = offload(store, |store| store.site().get(&site::PLACES)).await?;
    Ok(kept.unwrap_or_default())
}

fn places_of(labels: &[Option<Label>]) -> Vec<Place> {
    let place = |label: &Option<Label>| Place {
        label: label.clone(),
        own_names: Vec::new(),
        constant: true,
    };
    labels.iter().map(place).collect()
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

/// Tells the door of newer papers and other gateways. A node that opens no place dials none.
async fn inform(
    mesh: Mesh,
    (hellos, known): (watch::Sender<Hello>, watch::Sender<Vec<Gateway>>),
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
