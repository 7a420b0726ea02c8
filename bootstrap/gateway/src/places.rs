//! Which places there are, who answers there, and which outsiders wait.
//!
//! Each place has a page ([`papermesh_protocol::gateway::page`]), which decides. Here are the names that lead to
//! pages, the pipes that doors have, the outsiders who wait for a decision, and what a page wants told to doors that
//! are away.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_pipe::Opener;
use papermesh_protocol::gateway::message::{FromGateway, Place, Refusal};
use papermesh_protocol::gateway::name::{Alias, Domain, Found, HostName, Label};
use papermesh_protocol::gateway::own_name::{Heard, NameRefusal, OwnNames};
use papermesh_protocol::gateway::page::{Action, KnockId, Mode, Page, PipeId, State, Timers};
use papermesh_protocol::gateway::terminated::alias::AliasRefusal;
use papermesh_protocol::gateway::wake::Callee;
use papermesh_protocol::id::{NodeId, SiteId, WakeNonce};
use papermesh_protocol::limits;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::{Moment, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::contracts::Contract;
use crate::own_names::{Due, Looking, Names};
use crate::owners::{At, Owner, Owners, Woken};
use crate::terminated::{Aliases, Found as Asked, Judged};
use crate::wake::{Call, Mail, Tally};

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
    /// What its certificate says of revocations: the last one of the node that its issuer knew of.
    pub(crate) despite: Option<Timestamp>,
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
    /// The pages of each site that has some.
    open: HashMap<SiteId, BTreeMap<Option<Label>, Page>>,
    pipes: HashMap<PipeId, DoorPipe>,
    /// What was opened on each pipe: one that is lost touches no other door's places.
    opened: HashMap<PipeId, BTreeSet<At>>,
    pipe_of: HashMap<NodeId, PipeId>,
    waiting: HashMap<KnockId, oneshot::Sender<Fate>>,
    /// Where knocks are, to say when they end,
    knocks: HashMap<KnockId, At>,
    /// and how many each site has.
    knocks_of: HashMap<SiteId, usize>,
    /// Places whose pages want to be told the time.
    timed: BTreeSet<At>,
    /// Names of own domains.
    names: Names,
    /// Texts that ask for places in paths; none where this gateway ends no TLS for places.
    aliases: Option<Aliases>,
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
            knocks_of: HashMap::new(),
            timed: BTreeSet::new(),
            names: Names::default(),
            aliases: None,
        }))
    }

    /// The same, where paths ask for places, too.
    pub(crate) fn with_aliases(self, aliases: Aliases) -> Self {
        let mut table = self.table();
        table.aliases = Some(aliases);
        // Names may have come to lead elsewhere while no paths asked.
        table.drop_aliases();
        drop(table);
        self
    }

    /// The same, where these names lead to places.
    pub(crate) fn with_names(self, names: Names) -> Self {
        let mut table = self.table();
        table.names = names;
        table.drop_aliases();
        drop(table);
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
        let (site, node, despite) = (door.contract.site, door.node, door.despite);
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
        let owner = Owner {
            node,
            despite,
            woken,
        };
        table.owners.take(&at, owner);
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
        let Table { owners, mail, .. } = &mut *table;
        if let Some(mail) = mail {
            mail.wakes.opened(&at, Tally::of(owners.is_read(&at)));
        }
        table.names.want(&at, &own, moment.steady);
        let names = table.names_of(&label, &at);
        table.opened.entry(pipe).or_default().insert(at);
        Ok(names)
    }

    /// Names of own domains that are to be looked up now.
    pub(crate) fn names_due(&self, now: Timestamp, looking: &mut Looking) -> Due {
        self.table().names.due(now, looking)
    }

    /// A site has a new state: which names of own domains its admin lists, and which nodes it revokes, whose pipes end and
    /// whose places are nobody's any more.
    pub(crate) fn learned(&self, site: SiteId, state: &SiteState, moment: Moment) {
        let mut table = self.table();
        let listed = OwnNames::of(state);
        table.names.listed(site, listed, moment.steady);
        // Pipes first, since what is said on them could take a place again.
        for revoked in &state.revoked {
            let pipe = table.pipe_of.get(&revoked.node).copied();
            let is_out = |door: &DoorPipe| {
                door.contract.site == site && state.is_withdrawn(door.node, door.despite)
            };
            if let Some(pipe) = pipe.filter(|pipe| table.pipes.get(pipe).is_some_and(is_out)) {
                table.lose(pipe, moment);
            }
        }
        for at in table.owners.withdraw(site, state) {
            table.release(&at, moment);
        }
    }

    /// A name of an own domain was looked up; its door is told what that changes.
    pub(crate) fn judged(&self, at: &At, name: &HostName, heard: Heard, now: Timestamp) {
        let mut table = self.table();
        if !table.names.judged(at, name, heard, now) {
            return;
        }
        table.drop_aliases();
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
            table.release(&at, moment);
            table.act(&at, moment, |page, _| page.closed(pipe, moment.steady));
            table.is_left(pipe, &at);
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
        table.is_left(pipe, &at);
    }

    /// The contracts of these sites ended long ago: their places are nobody's any more.
    pub(crate) fn lapsed(&self, sites: &[SiteId], moment: Moment) {
        let mut table = self.table();
        for site in sites {
            for at in table.owners.end(*site) {
                table.release(&at, moment);
            }
        }
    }

    /// A door says the nonce of a wake: whether it stood in a mail to the mailbox of its place.
    pub(crate) fn heard(
        &self,
        pipe: PipeId,
        place: Option<Label>,
        nonce: WakeNonce,
        moment: Moment,
    ) -> bool {
        let mut table = self.table();
        let Some(door) = table.pipes.get(&pipe) else {
            return false;
        };
        let at = (door.contract.site, place);
        let is_its_own = table.owners.of(&at) == Some(door.node);
        let Table { owners, mail, .. } = &mut *table;
        let mailbox = mail
            .as_mut()
            .filter(|_| is_its_own)
            .and_then(|mail| mail.wakes.heard(&at, nonce, moment.now));
        mailbox.is_some_and(|mailbox| owners.reads(&at, &mailbox))
    }

    /// A door says which texts ask for a place in paths: those that do from now on, and those that do not. None if
    /// the place is not the door's.
    pub(crate) fn set_aliases(
        &self,
        pipe: PipeId,
        place: &Option<Label>,
        said: &[Alias],
    ) -> Option<Judged> {
        let mut table = self.table();
        let door = table.pipes.get(&pipe)?;
        let (at, node) = ((door.contract.site, place.clone()), door.node);
        if table.owners.of(&at) != Some(node) {
            return None;
        }
        let off = |alias: &Alias| (alias.clone(), AliasRefusal::Off);
        let Table {
            aliases,
            domain,
            names,
            ..
        } = &mut *table;
        Some(match aliases {
            Some(aliases) => {
                let meant = |alias: &Alias| meant_elsewhere(alias, &at, (domain, names));
                aliases.set(&at, said, meant)
            }
            None => {
                let said = said.iter().take(limits::ALIASES);
                (Vec::new(), said.map(off).collect())
            }
        })
    }

    /// The texts that ask for a place.
    pub(crate) fn aliases_of(&self, at: &At) -> Vec<Alias> {
        let table = self.table();
        let aliases = table.aliases.as_ref();
        aliases.map_or(&[][..], |aliases| aliases.of(at)).to_vec()
    }

    /// The place for which the first segment of a path asks.
    pub(crate) fn asked(&self, segment: &str) -> Option<Asked> {
        let table = self.table();
        let (alias, at) = table.aliases.as_ref()?.find(segment)?;
        // A site without a contract has no places.
        let label = table.labels.get(&at.0)?;
        Some(Asked {
            name: table.domain.place(label, at.1.as_ref()),
            at: at.clone(),
            alias,
        })
    }

    /// How many places of a site are somebody's, whether their doors are there or not: what its contract limits.
    pub(crate) fn taken_of(&self, site: SiteId) -> u32 {
        u32::try_from(self.table().owners.count(site)).unwrap_or(u32::MAX)
    }

    /// Somebody knocks at a name: the knock's number, and what becomes of it, as soon as it is decided.
    pub(crate) fn knock(
        &self,
        name: &HostName,
        moment: Moment,
    ) -> (KnockId, oneshot::Receiver<Fate>) {
        let mut table = self.table();
        let at = table.find(name);
        table.knock(at, moment)
    }

    /// The same at a place.
    pub(crate) fn knock_at(&self, at: &At, moment: Moment) -> (KnockId, oneshot::Receiver<Fate>) {
        self.table().knock(Some(at.clone()), moment)
    }

    /// A knock is over.
    pub(crate) fn ended(&self, knock: KnockId, moment: Moment) {
        let mut table = self.table();
        table.waiting.remove(&knock);
        if let Some(at) = table.knocks.remove(&knock) {
            if let Entry::Occupied(mut has) = table.knocks_of.entry(at.0) {
                match has.get() {
                    0 | 1 => drop(has.remove()),
                    more => *has.get_mut() = more - 1,
                }
            }
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

    /// A mail was not sent, for which its mailbox can do nothing.
    pub(crate) fn was_not_sent(&self, call: &Call) {
        if let Some(mail) = &mut self.table().mail {
            mail.was_not_sent(call);
        }
    }

    /// Forgets mails that do not count any more.
    pub(crate) fn forget_mails(&self, moment: Moment) {
        if let Some(mail) = &mut self.table().mail {
            mail.wakes.tick(moment);
        }
    }

    /// Tells all doors that the gateway stops, and ends their pipes after so many seconds at most.
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

    fn knock(&mut self, at: Option<At>, moment: Moment) -> (KnockId, oneshot::Receiver<Fate>) {
        let (sender, fate) = oneshot::channel();
        let knock = KnockId(self.number());
        // Where nobody is, and where a site has too many, it costs nothing and looks alike.
        match at.filter(|at| self.may_knock(at.0) && self.has_page(at)) {
            Some(at) => {
                self.waiting.insert(knock, sender);
                self.knocks.insert(knock, at.clone());
                *self.knocks_of.entry(at.0).or_default() += 1;
                self.act(&at, moment, |page, may_wake| {
                    page.knock(knock, may_wake, moment.steady)
                });
            }
            None => drop(sender.send(Fate::Refuse)),
        }
        (knock, fate)
    }

    /// Has no text ask for a place that spells a name which leads elsewhere.
    fn drop_aliases(&mut self) {
        let Self {
            aliases,
            domain,
            names,
            ..
        } = self;
        if let Some(aliases) = aliases {
            aliases.drop(|alias, at| meant_elsewhere(alias, at, (domain, names)).is_some());
        }
    }

    /// A place is nobody's any more, and nobody is waited for there.
    fn release(&mut self, at: &At, moment: Moment) {
        self.names.want(at, &[], moment.steady);
        if let Some(aliases) = &mut self.aliases {
            aliases.forget(at);
        }
        self.act(at, moment, |page, _| {
            page.change(Mode::Constant);
            page.tick(false, moment.steady)
        });
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

    /// Whether a site has so few knocks that it may have one more.
    fn may_knock(&self, site: SiteId) -> bool {
        let has = self.knocks_of.get(&site);
        has.is_none_or(|has| *has < limits::KNOCKS_OF_SITE)
    }

    /// A door has left a place, or has none there any more.
    fn is_left(&mut self, pipe: PipeId, at: &At) {
        if let Some(opened) = self.opened.get_mut(&pipe) {
            opened.remove(at);
        }
    }

    /// The page of a place, if it has one.
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

    /// The place that a name leads to, whether anybody is there or not.
    fn find(&self, name: &HostName) -> Option<At> {
        match self.domain.find(name) {
            Some(Found::Place { site, place }) => Some((*self.sites.get(&site)?, Some(place))),
            Some(Found::Site(site)) => Some((*self.sites.get(&site)?, None)),
            Some(Found::Gateway) => None,
            None => self.names.find(name).cloned(),
        }
    }

    /// Whether a place has a page, because it is open or its door can be woken. Then it has one from here on.
    fn has_page(&mut self, at: &At) -> bool {
        if self.page(at).is_some() {
            return true;
        }
        let mode = self.owners.woken(at).map(Woken::mode);
        mode.is_some_and(|mode| {
            self.make_page(at, mode);
            true
        })
    }

    /// The page of a place, which may be new.
    fn make_page(&mut self, at: &At, mode: Mode) -> &mut Page {
        let timers = self.timers;
        let of_site = self.open.entry(at.0).or_default();
        let page = of_site.entry(at.1.clone());
        page.or_insert_with(|| Page::new(mode, timers))
    }

    /// How a place's door is called, if this gateway calls it, and where that counts.
    fn callee(&self, at: &At) -> Option<(Callee, Tally)> {
        let Woken::ByGateway {
            mailbox, sealing, ..
        } = self.owners.woken(at)?
        else {
            return None;
        };
        let (mail, label) = (self.mail.as_ref()?, self.labels.get(&at.0)?);
        let callee = Callee {
            gateway: mail.gateway,
            place: self.domain.place(label, at.1.as_ref()),
            mailbox: mailbox.clone(),
            sealing: *sealing,
        };
        Some((callee, Tally::of(self.owners.is_read(at))))
    }

    /// Has a page decide, which is told whether a mail may be sent, and does what it says.
    fn act(
        &mut self,
        at: &At,
        moment: Moment,
        decide: impl FnOnce(&mut Page, bool) -> Vec<Action>,
    ) {
        let called = self.callee(at);
        let may_wake = match (&mut self.mail, &called) {
            (Some(mail), Some((callee, tally))) => mail.wakes.may(at, (callee, *tally), moment),
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
                    if let (Some(mail), Some(called)) = (&mut self.mail, called.clone()) {
                        mail.wake(at, called, wait, moment);
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

/// Why a text is not to ask for a place, if it spells a host name that leads elsewhere: one of the gateway's domain, or an
/// own name of another place.
fn meant_elsewhere(
    alias: &Alias,
    at: &At,
    (domain, names): (&Domain, &Names),
) -> Option<AliasRefusal> {
    Alias::readings(alias.as_str())
        .filter_map(|reading| reading.as_str().parse::<HostName>().ok())
        .find_map(|name| match names.find(&name) {
            _ if domain.is_above(&name) => Some(AliasRefusal::Reserved),
            Some(leads) if leads != at => Some(AliasRefusal::Taken),
            _ => None,
        })
}
