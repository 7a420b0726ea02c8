//! Which places there are, who answers there, and which outsiders wait.
//!
//! Each place has a page ([`papermesh_protocol::gateway::page`]), which decides. Here are the names that lead to
//! pages, the pipes that doors have, and the outsiders who wait for a decision.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_pipe::Opener;
use papermesh_protocol::gateway::message::{FromGateway, Place, Refusal};
use papermesh_protocol::gateway::name::{Domain, Found, HostName, Label};
use papermesh_protocol::gateway::page::{Action, KnockId, Mode, Page, PipeId, Timers};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::contracts::Contract;
use crate::owners::{At, Owners};

/// Messages to one door that wait to be sent.
pub(crate) const TO_DOOR: usize = 64;

/// What becomes of a knock.
pub(crate) enum Fate {
    /// It goes to a door.
    Serve {
        /// The pipe to it.
        opener: Opener,
        /// The door's site.
        site: SiteId,
    },
    /// No door came in time.
    Alert,
    /// Nobody is there.
    Refuse,
}

/// A door as the places know it.
pub(crate) struct DoorPipe {
    /// Its site's contract.
    pub(crate) contract: Contract,
    /// Its node.
    pub(crate) node: NodeId,
    /// Opens streams to it.
    pub(crate) opener: Opener,
    /// Messages to it.
    pub(crate) to_door: mpsc::Sender<FromGateway>,
    /// Ends the pipe: its door dialed again.
    pub(crate) replaced: CancellationToken,
}

/// All places.
pub(crate) struct Places {
    domain: Domain,
    timers: Timers,
    table: Mutex<Table>,
}

struct Table {
    numbers: u64,
    owners: Owners,
    /// Sites by their labels,
    sites: HashMap<Label, SiteId>,
    /// and labels by their sites.
    labels: HashMap<SiteId, Label>,
    /// The places of each site that has some. How many it has is asked with every knock.
    open: HashMap<SiteId, BTreeMap<Option<Label>, Page>>,
    pipes: HashMap<PipeId, DoorPipe>,
    /// What was opened on each pipe: one that is lost touches no other door's places.
    opened: HashMap<PipeId, BTreeSet<At>>,
    pipe_of: HashMap<NodeId, PipeId>,
    waiting: HashMap<KnockId, oneshot::Sender<Fate>>,
    /// Where knocks are, to say when they end.
    knocks: HashMap<KnockId, At>,
    /// Places whose pages want to be told the time.
    timed: BTreeSet<At>,
}

impl Places {
    pub(crate) fn new(domain: Domain, timers: Timers, owners: Owners) -> Self {
        Self {
            domain,
            timers,
            table: Mutex::new(Table {
                numbers: 0,
                owners,
                sites: HashMap::new(),
                labels: HashMap::new(),
                open: HashMap::new(),
                pipes: HashMap::new(),
                opened: HashMap::new(),
                pipe_of: HashMap::new(),
                waiting: HashMap::new(),
                knocks: HashMap::new(),
                timed: BTreeSet::new(),
            }),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A door came; its pipe's number.
    pub(crate) fn came(&self, door: DoorPipe, now: Timestamp) -> PipeId {
        let mut table = self.table();
        let (site, label) = (door.contract.site, door.contract.label.clone());
        let pipe = PipeId(table.number());
        // A door has one pipe. That of before is dead, though nobody may have noticed yet.
        if let Some(before) = table.pipe_of.insert(door.node, pipe) {
            table.lose(before, now);
        }
        if let Some(former) = table.labels.insert(site, label.clone())
            && former != label
            && table.sites.get(&former) == Some(&site)
        {
            table.sites.remove(&former);
        }
        table.sites.insert(label, site);
        table.pipes.insert(pipe, door);
        pipe
    }

    /// A pipe is gone, and with it what was open on it.
    pub(crate) fn went(&self, pipe: PipeId, now: Timestamp) {
        self.table().lose(pipe, now);
    }

    /// A door opens a place; the names that lead to it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn open(
        &self,
        pipe: PipeId,
        place: &Place,
        now: Timestamp,
    ) -> Result<Vec<HostName>, Refusal> {
        let mut table = self.table();
        let door = table.pipes.get(&pipe).ok_or(Refusal::Busy)?;
        let (site, node) = (door.contract.site, door.node);
        let (label, most) = (door.contract.label.clone(), door.contract.places);
        let at: At = (site, place.label.clone());
        // Nobody has shown whose a name elsewhere is: until that can be asked, none leads here.
        if !place.own_names.is_empty() {
            return Err(Refusal::Taken);
        }
        match table.owners.of(&at) {
            Some(owner) if owner != node => return Err(Refusal::Taken),
            Some(_) => {}
            None => {
                let has = table.owners.count(site);
                if has >= usize::try_from(most).unwrap_or(usize::MAX) {
                    return Err(Refusal::Full);
                }
            }
        }
        table.owners.take(&at, node);
        let mode = match place.constant {
            true => Mode::Constant,
            false => Mode::WakeByGateway,
        };
        let timers = self.timers;
        let new = || Page::new(mode, timers);
        let of_site = table.open.entry(site).or_default();
        of_site.entry(place.label.clone()).or_insert_with(new);
        let mut opened = Ok(());
        table.act(&at, |page| match page.opened(pipe, now) {
            Ok(actions) => actions,
            Err(_) => {
                opened = Err(Refusal::Full);
                Vec::new()
            }
        });
        opened?;
        table.opened.entry(pipe).or_default().insert(at);
        Ok(vec![self.domain.place(&label, place.label.as_ref())])
    }

    /// A door closes a place, which is nobody's then.
    pub(crate) fn close(&self, pipe: PipeId, place: Option<Label>, now: Timestamp) {
        let mut table = self.table();
        let Some(door) = table.pipes.get(&pipe) else {
            return;
        };
        let (at, node) = ((door.contract.site, place), door.node);
        table.owners.give_up(&at, node);
        if let Some(opened) = table.opened.get_mut(&pipe) {
            opened.remove(&at);
        }
        table.act(&at, |page| page.closed(pipe, now));
    }

    /// A node is not let in any more: its places are nobody's.
    pub(crate) fn forget(&self, site: SiteId, node: NodeId) {
        self.table().owners.forget(site, node);
    }

    /// How many places a site has open.
    pub(crate) fn open_of(&self, site: SiteId) -> u32 {
        let open = self.table().open.get(&site).map_or(0, BTreeMap::len);
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    /// Somebody knocks at a name: the knock's number, and what becomes of it, as soon as it is decided.
    pub(crate) fn knock(
        &self,
        name: &HostName,
        now: Timestamp,
    ) -> (KnockId, oneshot::Receiver<Fate>) {
        let (sender, fate) = oneshot::channel();
        let mut table = self.table();
        let knock = KnockId(table.number());
        match table.find(&self.domain, name) {
            Some(at) => {
                table.waiting.insert(knock, sender);
                table.knocks.insert(knock, at.clone());
                table.act(&at, |page| page.knock(knock, false, now));
            }
            None => drop(sender.send(Fate::Refuse)),
        }
        (knock, fate)
    }

    /// A knock is over.
    pub(crate) fn ended(&self, knock: KnockId, now: Timestamp) {
        let mut table = self.table();
        table.waiting.remove(&knock);
        if let Some(at) = table.knocks.remove(&knock) {
            table.act(&at, |page| page.ended(knock, now));
        }
    }

    /// Time passed.
    pub(crate) fn tick(&self, now: Timestamp) {
        let mut table = self.table();
        let due: Vec<At> = table.timed.iter().cloned().collect();
        for at in due {
            let is_due = table
                .page(&at)
                .is_some_and(|page| page.due().is_some_and(|due| due <= now));
            if is_due {
                table.act(&at, |page| page.tick(false, now));
            }
        }
    }

    /// Tells all doors that the gateway stops.
    pub(crate) fn drain(&self, seconds: u16) {
        for door in self.table().pipes.values() {
            drop(door.to_door.try_send(FromGateway::Drain(seconds)));
        }
    }

    /// Outsiders who are being served.
    pub(crate) fn served(&self) -> usize {
        self.table().knocks.len()
    }
}

impl Table {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A pipe is gone.
    fn lose(&mut self, pipe: PipeId, now: Timestamp) {
        let Some(door) = self.pipes.remove(&pipe) else {
            return;
        };
        door.replaced.cancel();
        if self.pipe_of.get(&door.node) == Some(&pipe) {
            self.pipe_of.remove(&door.node);
        }
        for at in self.opened.remove(&pipe).unwrap_or_default() {
            self.act(&at, |page| page.lost(pipe, now));
        }
    }

    /// The page of a place, if it is open.
    fn page(&mut self, at: &At) -> Option<&mut Page> {
        self.open.get_mut(&at.0)?.get_mut(&at.1)
    }

    /// The place that a name leads to, if it is open.
    fn find(&self, domain: &Domain, name: &HostName) -> Option<At> {
        let at = match domain.find(name) {
            Some(Found::Place { site, place }) => (*self.sites.get(&site)?, Some(place)),
            Some(Found::Site(site)) => (*self.sites.get(&site)?, None),
            Some(Found::Gateway) | None => return None,
        };
        let is_open = self.open.get(&at.0)?.contains_key(&at.1);
        is_open.then_some(at)
    }

    /// Has a page decide, and does what it says.
    fn act(&mut self, at: &At, decide: impl FnOnce(&mut Page) -> Vec<Action>) {
        let Some(page) = self.page(at) else {
            return;
        };
        let actions = decide(page);
        match page.due() {
            Some(_) => self.timed.insert(at.clone()),
            None => self.timed.remove(at),
        };
        for action in actions {
            match action {
                Action::Serve { knock, pipe } => {
                    let fate = match self.pipes.get(&pipe) {
                        Some(door) => Fate::Serve {
                            opener: door.opener.clone(),
                            site: at.0,
                        },
                        None => Fate::Alert,
                    };
                    self.answer(knock, fate);
                }
                Action::Alert(knock) => self.answer(knock, Fate::Alert),
                Action::Refuse(knock) => self.answer(knock, Fate::Refuse),
                Action::Done(pipe) => {
                    if let Some(door) = self.pipes.get(&pipe) {
                        drop(door.to_door.try_send(FromGateway::Done(at.1.clone())));
                    }
                }
                // Nobody is woken yet: doors keep their pipes.
                Action::Wake | Action::CancelWake => {}
                Action::Close => self.close(at),
            }
        }
    }

    fn answer(&mut self, knock: KnockId, fate: Fate) {
        if let Some(waiting) = self.waiting.remove(&knock) {
            // Who has gone meanwhile says so by itself.
            drop(waiting.send(fate));
        }
    }

    fn close(&mut self, at: &At) {
        self.timed.remove(at);
        if let Some(of_site) = self.open.get_mut(&at.0) {
            of_site.remove(&at.1);
            if of_site.is_empty() {
                self.open.remove(&at.0);
            }
        }
    }
}
