//! Decides which gateways the door has pipes to and what is open there, and tells the sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{Connected, Place};
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{Accepted, Order};
use papermesh_protocol::id::{GatewayId, WakeNonce};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::guest::Guests;
use crate::session;
use crate::woken::{At, Woken};
use crate::{Call, Deps};

/// What sessions may have to tell before they wait.
const EVENTS: usize = 64;
/// How often a door that is woken comes by itself: a gateway may have been made anew, and certificates are renewed then.
const INTRODUCE: Duration = Duration::from_secs(24 * 60 * 60);

/// What one session is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// All places of this node.
    pub(crate) kept: Vec<Option<Label>>,
    /// Those that are to be open.
    pub(crate) open: Vec<Place>,
    /// The gateway's wakes that came by mail, the last one of each place.
    pub(crate) heard: Vec<(Option<Label>, WakeNonce)>,
    /// Whether the gateway is to hear which places there are, though none is to be open.
    is_untold: bool,
    /// How often the door was called: with one more it dials at once, and opens what the gateway has closed.
    pub(crate) calls: u64,
}

impl Wanted {
    /// Whether there is to be a pipe.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.is_untold || !self.open.is_empty()
    }
}

/// What a session tells.
pub(crate) enum Event {
    /// There is a pipe.
    Up(GatewayId),
    /// There is none any more.
    Lost(GatewayId),
    /// The gateway knows that these are the places of this node.
    Kept(GatewayId, Vec<Option<Label>>),
    /// The gateway has said whether a place is open.
    Answered(At),
    /// The gateway says that all knocks of a place are through.
    Done(At),
}

/// The way from a session to the driver.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) guests: watch::Sender<Guests>,
}

impl Heard {
    /// Tells something; nothing if nobody listens any more.
    pub(crate) async fn tell(&self, event: Event) {
        drop(self.events.send(event).await);
    }
}

/// A session that goes on.
struct Session {
    gateway: Gateway,
    wanted: watch::Sender<Wanted>,
    task: AbortHandle,
}

struct Driver {
    deps: Deps,
    heard: Heard,
    woken: Woken,
    /// The places of this node of which each gateway has heard.
    told: BTreeMap<GatewayId, Vec<Option<Label>>>,
    calls: BTreeMap<GatewayId, u64>,
    sessions: BTreeMap<GatewayId, Session>,
}

/// Drives the door, for as long as there is somebody to tell it of gateways and places.
pub(crate) async fn run(deps: Deps, mut calls: mpsc::Receiver<Call>) {
    let (events, mut told) = mpsc::channel(EVENTS);
    let (guests, mut attendance) = watch::channel(Guests::new());
    let (mut gateways, mut places) = (deps.gateways.clone(), deps.places.clone());
    let mut introductions = interval(INTRODUCE);
    introductions.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (moment, mut tasks) = (deps.moment, JoinSet::new());
    let mut driver = Driver {
        deps,
        heard: Heard { events, guests },
        woken: Woken::default(),
        told: BTreeMap::new(),
        calls: BTreeMap::new(),
        sessions: BTreeMap::new(),
    };
    loop {
        driver.settle(&mut tasks);
        let due = driver.woken.due();
        let due = async {
            match due {
                Some(due) => sleep(due.since(moment().steady)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = gateways.changed() => match changed {
                Ok(()) => driver.introduce(),
                Err(_) => return,
            },
            changed = places.changed() => match changed {
                Ok(()) => driver.introduce(),
                Err(_) => return,
            },
            _ = introductions.tick() => driver.introduce(),
            Some(call) = calls.recv() => match call {
                Call::Wake(accepted) => driver.called(&accepted),
                Call::Now => driver.dial(),
            },
            Some(event) = told.recv() => driver.hear(event),
            Ok(()) = attendance.changed() => {
                let guests = attendance.borrow_and_update().clone();
                driver.woken.attended(&guests, moment().steady);
            }
            () = due => driver.woken.tick(moment().steady),
            Some(_) = tasks.join_next() => {}
        }
    }
}

impl Driver {
    /// Has each gateway hear of all places whose door is woken.
    fn introduce(&mut self) {
        let now = (self.deps.moment)().steady;
        let (gateways, places) = (self.deps.gateways.borrow(), self.deps.places.borrow());
        for gateway in gateways.iter() {
            for place in places.iter().filter(|place| is_woken(place)) {
                self.woken
                    .introduce((gateway.key, place.label.clone()), now);
            }
        }
    }

    /// Has each session dial at once, also where it would only wait for a call.
    fn dial(&mut self) {
        self.introduce();
        for gateway in self.sessions.keys() {
            *self.calls.entry(*gateway).or_default() += 1;
        }
    }

    fn called(&mut self, accepted: &Accepted) {
        self.woken.called(accepted, (self.deps.moment)());
        if accepted.order == Order::Connect {
            *self.calls.entry(accepted.gateway).or_default() += 1;
        }
    }

    fn hear(&mut self, event: Event) {
        let now = (self.deps.moment)().steady;
        match event {
            Event::Up(gateway) => self.woken.up(gateway, now),
            Event::Lost(gateway) => self.woken.lost(gateway, now),
            Event::Kept(gateway, kept) => drop(self.told.insert(gateway, kept)),
            Event::Answered(at) => self.woken.answered(&at),
            Event::Done(at) => {
                self.woken.done(&at, now);
                if self.woken.is_wanted(&at) {
                    *self.calls.entry(at.0).or_default() += 1;
                }
            }
        }
    }

    /// Has a session for each gateway, and tells it what is wanted.
    fn settle(&mut self, tasks: &mut JoinSet<()>) {
        let gateways: BTreeMap<GatewayId, Gateway> = {
            let gateways = self.deps.gateways.borrow();
            let all = gateways
                .iter()
                .map(|gateway| (gateway.key, gateway.clone()));
            all.collect()
        };
        let (status, now) = (&self.deps.status, (self.deps.moment)().steady);
        self.sessions.retain(|key, session| {
            let stays = gateways.get(key) == Some(&session.gateway) && !session.task.is_finished();
            if !stays {
                session.task.abort();
                self.woken.lost(*key, now);
                status.send_modify(|status| drop(status.remove(key)));
            }
            stays
        });
        let places = self.deps.places.borrow().clone();
        self.woken.keep(|(gateway, label)| {
            let mut woken = places.iter().filter(|place| is_woken(place));
            gateways.contains_key(gateway) && woken.any(|place| place.label == *label)
        });
        self.told
            .retain(|gateway, _| gateways.contains_key(gateway));
        self.calls
            .retain(|gateway, _| gateways.contains_key(gateway));
        let (called, kept) = (self.woken.wanted(), labels(&places));
        for (key, gateway) in gateways {
            let here = called.get(&key);
            let is_open = |place: &&Place| {
                !is_woken(place) || here.is_some_and(|called| called.contains_key(&place.label))
            };
            let heard = here.into_iter().flatten();
            let wanted = Wanted {
                kept: kept.clone(),
                open: places.iter().filter(is_open).cloned().collect(),
                heard: heard
                    .filter_map(|(label, nonce)| Some((label.clone(), (*nonce)?)))
                    .collect(),
                is_untold: self.told.get(&key).map_or(&[][..], Vec::as_slice) != kept,
                calls: self.calls.get(&key).copied().unwrap_or_default(),
            };
            let session = self.sessions.entry(key).or_insert_with(|| {
                let (sender, wanted) = watch::channel(Wanted::default());
                let session = session::keep(
                    self.deps.clone(),
                    gateway.clone(),
                    (wanted, self.heard.clone()),
                );
                Session {
                    gateway,
                    wanted: sender,
                    task: tasks.spawn(session),
                }
            });
            session.wanted.send_if_modified(|known| {
                let is_new = *known != wanted;
                *known = wanted;
                is_new
            });
        }
    }
}

fn is_woken(place: &Place) -> bool {
    place.connected != Connected::Always
}

fn labels(places: &[Place]) -> Vec<Option<Label>> {
    places.iter().map(|place| place.label.clone()).collect()
}
