//! The door of a node with a hold printer: kept informed of the site's papers and gateways, and of the
//! places that this node opens.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use papermesh_door::{
    Call, Deps, Door, GatewayStatus, Guest, Knocked, PipeState, Proxy, Terminated, Ways,
};
use papermesh_mesh::{Membership, Mesh, MeshEvent};
use papermesh_protocol::gateway::contract::{Gateway, Gateways};
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::message::{Connected, Hello, Place};
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::own_name::OwnNames;
use papermesh_protocol::gateway::terminated::alias::is_reserved;
use papermesh_protocol::gateway::terminated::allowed::Allowed;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_services::clock;
use papermesh_store::offload::offload;
use papermesh_store::{PlaceRow, Store, StoreError, WokenBy, site};
use papermesh_web::{Arrival, Asked, Way};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use zeroize::Zeroizing;

/// Outsiders who wait to be taken.
const WAITING: usize = 16;
/// How often this node's certificate is looked at: it is renewed once in months.
const LOOK: Duration = Duration::from_secs(60);

/// How long somebody waits who wants the door to dial now.
const CONNECT: Duration = Duration::from_secs(30);

/// The door as the rest of the node sees it.
pub(super) struct DoorHere {
    /// Where this node's mailbox is, if it reads one.
    mailbox: Option<MailAddress>,
    /// Whoever has it changes the places.
    changing: Mutex<()>,
    /// What this node was told to open,
    places: watch::Sender<Vec<PlaceRow>>,
    /// and what of it the site lets it open.
    opened: watch::Receiver<Vec<Place>>,
    status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
    calls: mpsc::Sender<Call>,
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
    /// The place has as many names of own domains as it may.
    #[error("a place has at most {} names of own domains", limits::OWN_NAMES)]
    NamesFull,
    /// No place here has that name.
    #[error("{0} leads to no place of this node")]
    UnknownName(HostName),
    /// A text that may ask for no place.
    #[error("{0} cannot be the name of a place at a gateway")]
    Alias(Alias),
    /// A text that asks for another place of this node.
    #[error("{0} is the name of another place of this node")]
    AliasTaken(Alias),
    /// More texts than may ask for a place.
    #[error("a place has at most {} such names", limits::ALIASES)]
    AliasesFull,
    /// No gateway may read anything of this site.
    #[error("the site lets no gateway read what is printed, so no place is found by such a name")]
    NotAllowed,
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
            Self::NamesFull => {
                Some("remove one first, with `papermesh gateway domain remove`".into())
            }
            Self::Unknown(_) | Self::NotOfSite | Self::UnknownName(_) => {
                Some("`papermesh gateway list` shows them".into())
            }
            Self::NoMailbox => {
                Some("add the section mail.read to papermesh.toml and start the node again".into())
            }
            Self::Alias(_) => {
                Some("give one like a mail address, such as desk@acme.example".into())
            }
            Self::AliasTaken(_) => Some("`papermesh gateway list` shows it".into()),
            Self::AliasesFull => Some("give fewer".into()),
            Self::NotAllowed => {
                Some("an admin allows it with `papermesh gateway terminated GATEWAY on`".into())
            }
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Whether there is a pipe, or how an attempt ended since then.
fn has_dialed(status: &GatewayStatus, then: Timestamp) -> bool {
    match status.pipe {
        PipeState::Up(_) => true,
        // A door that comes when it is called has left again.
        PipeState::Asleep | PipeState::Down { .. } => status.since >= then,
        PipeState::Dialing => false,
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
    let allow = Allow {
        membership: Arc::clone(&membership),
        mailbox: start.mailbox.clone(),
    };
    let (opens, opened) = watch::channel(allow.places(&rows));
    let (terminates, terminated) = watch::channel(allow.terminated(&rows));
    let (places, configured) = watch::channel(rows);
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
        places: opened.clone(),
        terminated,
        knocked,
        status,
        moment: clock::moment,
    };
    tasks.spawn(Door::new(deps, called).run());
    let informing = Told {
        hello,
        gateways,
        opens,
        terminates,
    };
    tasks.spawn(informing.inform(start.mesh.clone(), configured, allow));
    tasks.spawn(hand_over(knocks, arriving));
    Ok(DoorHere {
        mailbox: start.mailbox,
        changing: Mutex::default(),
        places,
        opened,
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
    pub(super) fn calls(&self) -> mpsc::Sender<Call> {
        self.calls.clone()
    }

    /// Has it dial all gateways now, and waits until it has, at most [`CONNECT`]. How it stands then.
    pub(super) async fn connect(&self) -> Vec<GatewayStatus> {
        let (begun, mut news) = (clock::now(), self.news());
        let connecting = async {
            // It ends with the node.
            let _ = self.calls.send(Call::Now).await;
            let _ = news
                .wait_for(|all| all.values().all(|of| has_dialed(of, begun)))
                .await;
        };
        let _ = timeout(CONNECT, connecting).await;
        self.status()
    }

    /// The places that this node opens.
    pub(super) fn places(&self) -> Vec<PlaceRow> {
        self.places.borrow().clone()
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
        self.change(store, |places| {
            for place in &mut *places {
                place.own_names.retain(|own| own != name);
            }
            let place = places.iter_mut().find(|place| place.label == *label);
            let place = place.ok_or_else(|| unknown(label))?;
            if place.own_names.len() >= limits::OWN_NAMES {
                return Err(PlaceError::NamesFull);
            }
            place.own_names.push(name.clone());
            Ok(())
        })
        .await
    }

    /// Has a name of an own domain lead nowhere here.
    pub(super) async fn remove_name(
        &self,
        store: &Store,
        name: &HostName,
    ) -> Result<(), PlaceError> {
        self.change(store, |places| {
            let had = places.iter().any(|place| place.own_names.contains(name));
            if !had {
                return Err(PlaceError::UnknownName(name.clone()));
            }
            for place in places {
                place.own_names.retain(|own| own != name);
            }
            Ok(())
        })
        .await
    }

    /// Opens a place, now and after each start; or changes who wakes its door and, where that is said, which texts ask
    /// for it at gateways that may end TLS.
    pub(super) async fn open(
        &self,
        store: &Store,
        label: Option<Label>,
        woken_by: Option<WokenBy>,
        (aliases, allowed): (Option<Vec<Alias>>, &Allowed),
    ) -> Result<(), PlaceError> {
        if woken_by.is_some() && self.mailbox.is_none() {
            return Err(PlaceError::NoMailbox);
        }
        self.change(store, |places| {
            if let Some(aliases) = &aliases {
                check_aliases(places, &label, aliases, allowed)?;
            }
            match places.iter_mut().find(|place| place.label == label) {
                Some(place) => {
                    place.woken_by = woken_by;
                    if let Some(aliases) = aliases {
                        place.aliases = aliases;
                    }
                }
                None => {
                    if places.len() >= limits::PLACES {
                        return Err(PlaceError::Full);
                    }
                    places.push(PlaceRow {
                        label,
                        woken_by,
                        own_names: Vec::new(),
                        aliases: aliases.unwrap_or_default(),
                    });
                }
            }
            Ok(())
        })
        .await
    }

    /// Closes a place.
    pub(super) async fn close(
        &self,
        store: &Store,
        label: &Option<Label>,
    ) -> Result<(), PlaceError> {
        self.change(store, |places| {
            let before = places.len();
            places.retain(|place| place.label != *label);
            match places.len() < before {
                true => Ok(()),
                false => Err(unknown(label)),
            }
        })
        .await
    }

    /// Changes the places, first on the disk. Two changes at once are made one after the other.
    async fn change(
        &self,
        store: &Store,
        change: impl FnOnce(&mut Vec<PlaceRow>) -> Result<(), PlaceError>,
    ) -> Result<(), PlaceError> {
        let _changing = self.changing.lock().await;
        let mut places = self.places();
        change(&mut places)?;
        let keep = places.clone();
        let kept: Result<(), StoreError> =
            offload(store, move |store| store.site().put(&site::PLACES, &keep)).await;
        kept?;
        self.places.send_replace(places);
        Ok(())
    }
}

/// Whether these texts may ask for a place, at gateways that may end TLS.
fn check_aliases(
    places: &[PlaceRow],
    label: &Option<Label>,
    aliases: &[Alias],
    allowed: &Allowed,
) -> Result<(), PlaceError> {
    if !aliases.is_empty() && allowed.iter().next().is_none() {
        return Err(PlaceError::NotAllowed);
    }
    if aliases.len() > limits::ALIASES {
        return Err(PlaceError::AliasesFull);
    }
    for alias in aliases {
        let mut others = places.iter().filter(|place| place.label != *label);
        if is_reserved(alias) {
            return Err(PlaceError::Alias(alias.clone()));
        }
        if others.any(|place| place.aliases.contains(alias)) {
            return Err(PlaceError::AliasTaken(alias.clone()));
        }
    }
    Ok(())
}

fn unknown(label: &Option<Label>) -> PlaceError {
    match label {
        Some(label) => PlaceError::Unknown(label.clone()),
        None => PlaceError::NotOfSite,
    }
}

/// What this node was told to open.
async fn kept(store: &Store) -> Result<Vec<PlaceRow>, StoreError> {
    let kept = offload(store, |store| store.site().get(&site::PLACES)).await?;
    Ok(kept.unwrap_or_default())
}

/// What becomes of places that this node was told to open.
struct Allow {
    membership: Arc<Membership>,
    mailbox: Option<MailAddress>,
}

impl Allow {
    /// The places as gateways hear of them, with no names but those that the site has. Without a mailbox nobody could
    /// wake this node, so it is always there.
    fn places(&self, rows: &[PlaceRow]) -> Vec<Place> {
        let names = OwnNames::of(&self.membership.state());
        let place = |row: &PlaceRow| Place {
            label: row.label.clone(),
            own_names: row
                .own_names
                .iter()
                .filter(|name| names.has(name))
                .cloned()
                .collect(),
            connected: match (row.woken_by, &self.mailbox) {
                (Some(WokenBy::Gateway), Some(mailbox)) => {
                    Connected::WokenByGateway(mailbox.clone())
                }
                (Some(WokenBy::Client), Some(_)) => Connected::WokenByClient,
                (None, _) | (_, None) => Connected::Always,
            },
        };
        rows.iter().map(place).collect()
    }
}

impl Allow {
    /// Where a gateway may end TLS for the places, and which texts ask for them there.
    fn terminated(&self, rows: &[PlaceRow]) -> Terminated {
        let aliases = |row: &PlaceRow| (row.label.clone(), row.aliases.clone());
        Terminated {
            allowed: Allowed::of(&self.membership.state()).iter().collect(),
            aliases: rows.iter().map(aliases).collect(),
        }
    }
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

/// What the door is told whenever it changes.
struct Told {
    hello: watch::Sender<Hello>,
    gateways: watch::Sender<Vec<Gateway>>,
    opens: watch::Sender<Vec<Place>>,
    terminates: watch::Sender<Terminated>,
}

impl Told {
    /// Tells the door of newer papers, other gateways and the places that the site lets it open.
    async fn inform(self, mesh: Mesh, mut places: watch::Receiver<Vec<PlaceRow>>, allow: Allow) {
        let (mut events, mut looks) = (mesh.subscribe(), interval(LOOK));
        loop {
            let membership = mesh.membership();
            self.gateways
                .send_if_modified(|told| replace(told, gateways(membership)));
            self.hello
                .send_if_modified(|told| replace(told, hello(membership)));
            let (allowed, terminated) = {
                let rows = places.borrow_and_update();
                (allow.places(&rows), allow.terminated(&rows))
            };
            self.terminates
                .send_if_modified(|told| replace(told, terminated));
            self.opens.send_if_modified(|told| replace(told, allowed));
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
}

fn replace<T: PartialEq>(known: &mut T, new: T) -> bool {
    let changed = *known != new;
    *known = new;
    changed
}

/// Hands outsiders over to the hold printer.
async fn hand_over(mut knocks: mpsc::Receiver<Knocked>, arriving: Arriving) {
    while let Some(Knocked {
        stream,
        knock,
        terminated,
    }) = knocks.recv().await
    {
        let arrival = Arrival {
            stream,
            from: knock.address.0,
            asked: Asked(knock.name.to_string().into()),
            way: match terminated {
                true => Way::Terminated,
                false => Way::Gateway,
            },
        };
        if arriving.send(arrival).await.is_err() {
            return;
        }
    }
}
