//! Which places there are, who answers there, and which outsiders wait.
//!
//! Each place has a page ([`papermesh_protocol::gateway::page`]), which decides. Here are the names that lead to
//! pages, the pipes that doors have, the outsiders who wait for a decision, and what a page wants told to doors that
//! are away.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_pipe::Opener;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::message::{Connected, FromGateway, Place, Refusal};
use papermesh_protocol::gateway::name::{Domain, Found, HostName, Label};
use papermesh_protocol::gateway::own_name::{Heard, NameRefusal, OwnNames};
use papermesh_protocol::gateway::page::{Action, KnockId, Mode, Page, PipeId, State, Timers};
use papermesh_protocol::gateway::wake::Callee;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::time::{Moment, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::contracts::Contract;
use crate::own_names::Names;
use crate::owners::{At, Owners, Woken};
use crate::wake::Mail;

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
    /// To what its letters are sealed: the key in its certificate.
    pub(crate) sealing: SealingPublic,
    /// Opens streams to it.
    pub(crate) opener: Opener,
    /// Messages to it.
    pub(crate) to_door: mpsc::Sender<FromGateway>,
    /// Ends the pipe: its door dialed again.
    pub(crate) replaced: CancellationToken,
}

/// All places.
pub(crate) struct Places(Mutex<Table>);

struct Table {
    domain: Domain,
    timers: Timers,
    numbers: u64,
    owners: Owners,
    /// Wakes doors; none where this gateway sends no mails.
    mail: Option<Mail>,
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
    /// Names of own domains.
    names: Names,
}

impl Places {
    pub(crate) fn new(
        (domain, timers): (Domain, Timers),
        owners: Owners,
        mail: Option<Mail>,
    ) -> Self {
        Self(Mutex::new(Table {
            domain,
            timers,
            numbers: 0,
            owners,
            mail,
            sites: HashMap::new(),
            labels: HashMap::new(),
            open: HashMap::new(),
            pipes: HashMap::new(),
            opened: HashMap::new(),
            pipe_of: HashMap::new(),
            waiting: HashMap::new(),
            knocks: HashMap::new(),
            timed: BTreeSet::new(),
            names: Names::default(),
        }))
    }

    /// The same, where these names lead to places.
    pub(crate) fn with_names(self, names: Names) -> Self {
        self.table().names = names;
        self
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which sites there are, and how they are called: also those whose doors are all away.
    pub(crate) fn contracted(&self, contracts: &[Contract]) {
        let mut table = self.table();
        let of = |contract: &Contract| (contract.site, contract.label.clone());
        table.labels = contracts.iter().map(of).collect();
        table.sites = contracts
            .iter()
            .map(of)
            .map(|(site, label)| (label, site))
            .collect();
    }

    /// A door came; its pipe's number.
    pub(crate) fn came(&self, door: DoorPipe, at: Moment) -> PipeId {
        let mut table = self.table();
        let (site, label) = (door.contract.site, door.contract.label.clone());
        let pipe = PipeId(table.number());
        // A door has one pipe. That of before is dead, though nobody may have noticed yet.
        if let Some(before) = table.pipe_of.insert(door.node, pipe) {
            table.lose(before, at);
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
    pub(crate) fn went(&self, pipe: PipeId, at: Moment) {
        self.table().lose(pipe, at);
    }

    /// A door opens a place; the names that lead to it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn open(
        &self,
        pipe: PipeId,
        place: &Place,
        moment: Moment,
    ) -> Result<Vec<HostName>, Refusal> {
        let mut table = self.table();
        let door = table.pipes.get(&pipe).ok_or(Refusal::Busy)?;
        let (site, node) = (door.contract.site, door.node);
        let (label, most) = (door.contract.label.clone(), door.contract.places);
        let at: At = (site, place.label.clone());
        let woken = Woken::of(&place.connected, door.sealing);
        // A door says how many it likes; those of the gateway's domain are given otherwise.
        let own: Vec<HostName> = place
            .own_names
            .iter()
            .filter(|name| !table.domain.is_above(name))
            .take(limits::OWN_NAMES)
            .cloned()
            .collect();
        if matches!(woken, Some(Woken::ByGateway { .. })) && table.mail.is_none() {
            return Err(Refusal::NoMail);
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
        let mode = woken.as_ref().map_or(Mode::Constant, Woken::mode);
        table.owners.take(&at, node, woken);
        table.make_page(&at, mode).change(mode);
        let mut opened = Ok(());
        table.act(&at, moment, |page, _| {
            match page.opened(pipe, moment.steady) {
                Ok(actions) => actions,
                Err(_) => {
                    opened = Err(Refusal::Full);
                    Vec::new()
                }
            }
        });
        opened?;
        let mailbox = match &place.connected {
            Connected::WokenByGateway(mailbox) => Some(mailbox),
            Connected::Always | Connected::WokenByClient => None,
        };
        if let Some(mail) = &mut table.mail {
            mail.opened(&at, mailbox);
        }
        table.names.want(&at, &own, moment.steady);
        let names = table.names_of(&label, &at);
        table.opened.entry(pipe).or_default().insert(at);
        Ok(names)
    }

    /// Names of own domains that are to be looked up now.
    pub(crate) fn names_due(&self, now: Timestamp) -> Vec<(At, HostName)> {
        self.table().names.due(now)
    }

    /// A site's admin has listed these names of own domains.
    pub(crate) fn listed(&self, site: SiteId, names: OwnNames, now: Timestamp) {
        self.table().names.listed(site, names, now);
    }

    /// Whether a site's admin has listed a name.
    pub(crate) fn is_listed(&self, site: SiteId, name: &HostName) -> bool {
        self.table().names.is_listed(site, name)
    }

    /// A name of an own domain was looked up; its door is told what that changes.
    pub(crate) fn judged(&self, at: &At, name: &HostName, heard: Heard, now: Timestamp) {
        let mut table = self.table();
        if !table.names.judged(at, name, heard, now) {
            return;
        }
        let why = match table.names.find(name) {
            Some(leads) if leads == at => None,
            Some(_) => Some(NameRefusal::Taken),
            None if !table.names.is_listed(at.0, name) => Some(NameRefusal::Unlisted),
            None => heard.judged().err(),
        };
        tracing::info!(%name, site = %at.0, ?why, "a name of an own domain was looked up");
        let owner = table.owners.of(at);
        let pipe = owner.and_then(|node| table.pipe_of.get(&node));
        let Some(door) = pipe.and_then(|pipe| table.pipes.get(pipe)) else {
            return;
        };
        let place = at.1.clone();
        let names = table.names_of(&door.contract.label, at);
        // One that takes no messages asks again when it comes back. A place that is not open is not said to be.
        if table.is_open(at) {
            drop(door.to_door.try_send(FromGateway::Opened {
                place: place.clone(),
                names,
            }));
        }
        if let Some(why) = why {
            drop(door.to_door.try_send(FromGateway::NameRefused {
                place,
                name: name.clone(),
                why,
            }));
        }
    }

    /// A door keeps these places: others that were its own are nobody's any more.
    pub(crate) fn keep(&self, pipe: PipeId, places: &[Option<Label>], moment: Moment) {
        let mut table = self.table();
        let Some(door) = table.pipes.get(&pipe) else {
            return;
        };
        let (site, node) = (door.contract.site, door.node);
        let gone = table.owners.keep(site, node, places);
        for at in gone {
            table.names.want(&at, &[], moment.steady);
            table.act(&at, moment, |page, _| {
                // Nobody is waited for any more.
                page.change(Mode::Constant);
                page.closed(pipe, moment.steady)
            });
        }
    }

    /// A door leaves a place, which stays its own.
    pub(crate) fn leave(&self, pipe: PipeId, place: Option<Label>, moment: Moment) {
        let mut table = self.table();
        let Some(door) = table.pipes.get(&pipe) else {
            return;
        };
        let at = (door.contract.site, place);
        table.act(&at, moment, |page, _| page.closed(pipe, moment.steady));
    }

    /// A node is not let in any more: its places are nobody's.
    pub(crate) fn forget(&self, site: SiteId, node: NodeId) {
        let mut table = self.table();
        for at in table.owners.keep(site, node, &[]) {
            table.names.want(&at, &[], clock::steady());
        }
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
        moment: Moment,
    ) -> (KnockId, oneshot::Receiver<Fate>) {
        let (sender, fate) = oneshot::channel();
        let mut table = self.table();
        let knock = KnockId(table.number());
        match table.find(name) {
            Some(at) => {
                table.waiting.insert(knock, sender);
                table.knocks.insert(knock, at.clone());
                table.act(&at, moment, |page, may_wake| {
                    page.knock(knock, may_wake, moment.steady)
                });
            }
            None => drop(sender.send(Fate::Refuse)),
        }
        (knock, fate)
    }

    /// A knock is over.
    pub(crate) fn ended(&self, knock: KnockId, moment: Moment) {
        let mut table = self.table();
        table.waiting.remove(&knock);
        if let Some(at) = table.knocks.remove(&knock) {
            table.act(&at, moment, |page, _| page.ended(knock, moment.steady));
        }
    }

    /// Time passed.
    pub(crate) fn tick(&self, moment: Moment) {
        let now = moment.steady;
        let mut table = self.table();
        let due: Vec<At> = table.timed.iter().cloned().collect();
        for at in due {
            let is_due = table
                .page(&at)
                .is_some_and(|page| page.due().is_some_and(|due| due <= now));
            if is_due {
                table.act(&at, moment, |page, may_wake| page.tick(may_wake, now));
            }
        }
    }

    /// The server does not take mails for this mailbox.
    pub(crate) fn was_refused(&self, mailbox: &MailAddress, moment: Moment) {
        if let Some(mail) = &mut self.table().mail {
            mail.was_refused(mailbox, moment);
        }
    }

    /// Forgets mails that do not count any more.
    pub(crate) fn forget_mails(&self, moment: Moment) {
        if let Some(mail) = &mut self.table().mail {
            mail.tick(moment);
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
    fn lose(&mut self, pipe: PipeId, moment: Moment) {
        let Some(door) = self.pipes.remove(&pipe) else {
            return;
        };
        door.replaced.cancel();
        if self.pipe_of.get(&door.node) == Some(&pipe) {
            self.pipe_of.remove(&door.node);
        }
        for at in self.opened.remove(&pipe).unwrap_or_default() {
            self.act(&at, moment, |page, _| page.lost(pipe, moment.steady));
        }
    }

    /// The page of a place, if it is open.
    fn page(&mut self, at: &At) -> Option<&mut Page> {
        self.open.get_mut(&at.0)?.get_mut(&at.1)
    }

    /// All names that lead to a place of the site with this label.
    fn names_of(&self, site: &Label, at: &At) -> Vec<HostName> {
        let own = self.names.leading_to(at).into_iter();
        [self.domain.place(site, at.1.as_ref())]
            .into_iter()
            .chain(own)
            .collect()
    }

    /// Whether a door has the place open.
    fn is_open(&self, at: &At) -> bool {
        let page = self.open.get(&at.0).and_then(|pages| pages.get(&at.1));
        page.is_some_and(|page| matches!(page.state(), State::Open | State::Idle))
    }

    /// The place that a name leads to, if it is open or its door can be woken.
    fn find(&mut self, name: &HostName) -> Option<At> {
        let at = match self.domain.find(name) {
            Some(Found::Place { site, place }) => (*self.sites.get(&site)?, Some(place)),
            Some(Found::Site(site)) => (*self.sites.get(&site)?, None),
            Some(Found::Gateway) => return None,
            None => self.names.find(name)?.clone(),
        };
        if self.page(&at).is_none() {
            let mode = self.owners.woken(&at)?.mode();
            self.make_page(&at, mode);
        }
        Some(at)
    }

    /// The page of a place, which may be new.
    fn make_page(&mut self, at: &At, mode: Mode) -> &mut Page {
        let timers = self.timers;
        let of_site = self.open.entry(at.0).or_default();
        let page = of_site.entry(at.1.clone());
        page.or_insert_with(|| Page::new(mode, timers))
    }

    /// How a place's door is called, if this gateway calls it.
    fn callee(&self, at: &At) -> Option<Callee> {
        let Woken::ByGateway { mailbox, sealing } = self.owners.woken(at)? else {
            return None;
        };
        let (mail, label) = (self.mail.as_ref()?, self.labels.get(&at.0)?);
        Some(Callee {
            gateway: mail.gateway,
            place: self.domain.place(label, at.1.as_ref()),
            mailbox: mailbox.clone(),
            sealing: *sealing,
        })
    }

    /// Has a page decide, which is told whether a mail may be sent, and does what it says.
    fn act(
        &mut self,
        at: &At,
        moment: Moment,
        decide: impl FnOnce(&mut Page, bool) -> Vec<Action>,
    ) {
        let callee = self.callee(at);
        let may_wake = match (&mut self.mail, &callee) {
            (Some(mail), Some(callee)) => mail.may(at, callee, moment),
            _ => false,
        };
        let Some(page) = self.page(at) else {
            return;
        };
        let actions = decide(page, may_wake);
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
                Action::Wake => {
                    let wait = self.timers.knock_wait;
                    if let (Some(mail), Some(callee)) = (&mut self.mail, callee.clone()) {
                        mail.wake(at, callee, wait, moment);
                    }
                }
                Action::CancelWake => {
                    if let Some(mail) = &mut self.mail {
                        mail.cancel(at, moment);
                    }
                }
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
