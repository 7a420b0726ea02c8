//! The door of a node with a hold printer: kept informed of the site's papers and gateways, and of the
//! places that this node opens.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_door::{Deps, Door, GatewayStatus, Guest, Knocked, Proxy, Ways};
use papermesh_mesh::{Membership, Mesh, MeshEvent};
use papermesh_protocol::gateway::contract::{Gateway, Gateways};
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::message::{Connected, Hello, Place};
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::Accepted;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::clock;
use papermesh_store::offload::offload;
use papermesh_store::{PlaceRow, Store, StoreError, WokenBy, site};
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

/// The door as the rest of the node sees it.
pub(super) struct DoorHere {
    rows: Mutex<Vec<PlaceRow>>,
    /// Where this node's mailbox is, if it reads one.
    mailbox: Option<MailAddress>,
    places: watch::Sender<Vec<Place>>,
    status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
    calls: mpsc::Sender<Accepted>,
}

/// What a door is started with.
pub(super) struct Start<'a> {
    pub(super) seed: [u8; 32],
    pub(super) mesh: &'a Mesh,
    pub(super) store: &'a Store,
    pub(super) proxy: Option<Proxy>,
    /// Where its mailbox is, if it reads one.
    pub(super) mailbox: Option<MailAddress>,
}

/// A node opens no further place.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    /// It has as many as it may.
    #[error("this node already opens {} places", limits::PLACES)]
    Full,
    /// There is none of that label.
    #[error("this node opens no place {0}")]
    Unknown(Label),
    /// It does not open that of the site.
    #[error("this node does not open the place of the site")]
    NotOfSite,
    /// It is to be woken, and reads no mails.
    #[error("this node reads no mailbox by which it could be woken")]
    NoMailbox,
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
            Self::NoMailbox => {
                Some("add the section mail.read to papermesh.toml and start the node again".into())
            }
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Where outsiders arrive that the door hands over.
pub(super) type Arriving = mpsc::Sender<Arrival<Guest>>;

/// The way from the door to the hold printer.
pub(super) fn outsiders() -> (Arriving, mpsc::Receiver<Arrival<Guest>>) {
    mpsc::channel(WAITING)
}

/// Starts the door; what it hands over is to be answered by the hold printer.
pub(super) async fn start(
    start: Start<'_>,
    arriving: Arriving,
    tasks: &mut JoinSet<()>,
) -> Result<DoorHere, StoreError> {
    let membership = Arc::clone(start.mesh.membership());
    let rows = kept(start.store).await?;
    let (hello, hellos) = watch::channel(hello(&membership));
    let (gateways, known) = watch::channel(gateways(&membership));
    let (places, opened) = watch::channel(places_of(&rows, start.mailbox.as_ref()));
    let (status, told) = watch::channel(BTreeMap::new());
    let (knocked, knocks) = mpsc::channel(WAITING);
    let (calls, called) = mpsc::channel(WAITING);
    let deps = Deps {
        seed: Arc::new(Zeroizing::new(start.seed)),
        ways: Ways {
            proxy: start.proxy.map(Arc::new),
            ..Ways::default()
        },
        hello: hellos,
        gateways: known,
        places: opened,
        knocked,
        status,
        moment: clock::moment,
    };
    tasks.spawn(Door::new(deps, called).run());
    tasks.spawn(inform(start.mesh.clone(), (hello, gateways)));
    tasks.spawn(hand_over(knocks, arriving));
    Ok(DoorHere {
        rows: Mutex::new(rows),
        mailbox: start.mailbox,
        places,
        status: told,
        calls,
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

    /// Where its mailbox is, if it reads one.
    pub(super) const fn mailbox(&self) -> Option<&MailAddress> {
        self.mailbox.as_ref()
    }

    /// Where it is called, once letters were judged and kept.
    pub(super) fn calls(&self) -> mpsc::Sender<Accepted> {
        self.calls.clone()
    }

    /// The places as the gateways hear of them, and whatever changes of them.
    pub(super) fn opened(&self) -> watch::Receiver<Vec<Place>> {
        self.places.subscribe()
    }

    /// The places that this node opens.
    pub(super) fn places(&self) -> Vec<PlaceRow> {
        self.rows().clone()
    }

    fn rows(&self) -> MutexGuard<'_, Vec<PlaceRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a place, now and after each start; or changes who wakes its door.
    pub(super) async fn open(&self, store: &Store, place: PlaceRow) -> Result<(), PlaceError> {
        if place.woken_by.is_some() && self.mailbox.is_none() {
            return Err(PlaceError::NoMailbox);
        }
        let mut rows = self.places();
        match rows.iter().position(|row| row.label == place.label) {
            Some(at) => rows[at] = place,
            None if rows.len() >= limits::PLACES => return Err(PlaceError::Full),
            None => rows.push(place),
        }
        self.keep(store, rows).await
    }

    /// Closes a place.
    pub(super) async fn close(
        &self,
        store: &Store,
        label: &Option<Label>,
    ) -> Result<(), PlaceError> {
        let mut rows = self.places();
        let before = rows.len();
        rows.retain(|row| row.label != *label);
        if rows.len() == before {
            return Err(match label {
                Some(label) => PlaceError::Unknown(label.clone()),
                None => PlaceError::NotOfSite,
            });
        }
        self.keep(store, rows).await
    }

    async fn keep(&self, store: &Store, rows: Vec<PlaceRow>) -> Result<(), PlaceError> {
        let places = places_of(&rows, self.mailbox.as_ref());
        let keep = rows.clone();
        let kept: Result<(), StoreError> =
            offload(store, move |store| store.site().put(&site::PLACES, &keep)).await;
        kept?;
        *self.rows() = rows;
        self.places.send_replace(places);
        Ok(())
    }
}

async fn kept(store: &Store) -> Result<Vec<PlaceRow>, StoreError> {
    let kept = offload(store, |store| store.site().get(&site::PLACES)).await?;
    Ok(kept.unwrap_or_default())
}

/// The places as gateways hear of them. Without a mailbox nobody could wake this node, so it is always there.
fn places_of(rows: &[PlaceRow], mailbox: Option<&MailAddress>) -> Vec<Place> {
    let place = |row: &PlaceRow| Place {
        label: row.label.clone(),
        own_names: Vec::new(),
        connected: match (row.woken_by, mailbox) {
            (Some(WokenBy::Gateway), Some(mailbox)) => Connected::WokenByGateway(mailbox.clone()),
            (Some(WokenBy::Client), Some(_)) => Connected::WokenByClient,
            (None, _) | (_, None) => Connected::Always,
        },
    };
    rows.iter().map(place).collect()
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

/// Tells the door of newer papers and other gateways.
async fn inform(mesh: Mesh, (hellos, known): (watch::Sender<Hello>, watch::Sender<Vec<Gateway>>)) {
    let (mut events, mut looks) = (mesh.subscribe(), interval(LOOK));
    loop {
        let membership = mesh.membership();
        known.send_if_modified(|known| replace(known, gateways(membership)));
        hellos.send_if_modified(|told| replace(told, hello(membership)));
        tokio::select! {
            _ = looks.tick() => {}
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
