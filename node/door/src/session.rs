//! What is said on a pipe, and the streams that come on it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_pipe::{Pipe, PipeStream};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{
    Connected, FromDoor, FromGateway, Head, Hello, Papers, Place,
};
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::own_name::NameRefusal;
use papermesh_protocol::gateway::terminated::alias::AliasRefusal;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::backoff::Backoff;
use crate::dial::{self, Dialer, Failed, Line, Memory, Stands};
use crate::drive::{Event, Heard, Wanted};
use crate::guest::{Guest, Guests, Presence};
use crate::status::{Carrier, GatewayStatus, PipeState, PlaceState};
use crate::{Deps, Knocked};

/// How long a stream may take to say what it is.
const HEAD: Duration = Duration::from_secs(5);
/// How often a better carrier than requests is looked for,
const BETTER: Duration = Duration::from_secs(10 * 60);
/// and how soon again if somebody was being served.
const AGAIN: Duration = Duration::from_secs(60);
/// Cues that wait.
const WAITING: usize = 8;
/// Streams that may be about to say what they are.
const BEGINNING: usize = 64;

/// What was said of the texts that ask for each place.
type Aliases = BTreeMap<Option<Label>, Vec<Alias>>;

/// How a pipe ended.
enum End {
    /// The gateway said that it stops; it is dialed again as soon as it is there.
    Drained,
    /// Another one stands that is carried better.
    Better(Box<Stands>),
    /// Nothing is to be open there any more.
    Unwanted,
    /// Otherwise, and why.
    Broken(String),
}

/// What whoever speaks is told by whoever hears.
enum Cue {
    /// The gateway asks whether the door is there.
    Pong,
    /// The gateway has closed a place.
    Closed(Option<Label>),
    /// The gateway says which texts ask for a place.
    Aliases(Option<Label>, Vec<Alias>),
}

/// Has a pipe to one gateway whenever something is to be open there, for as long as it is let run.
pub(crate) async fn keep(
    deps: Deps,
    gateway: Gateway,
    (mut wanted, heard): (watch::Receiver<Wanted>, Heard),
) {
    let (mut backoff, mut memory) = (Backoff::default(), Memory::default());
    let mut found: Option<Stands> = None;
    let keeper = Keeper {
        deps: &deps,
        gateway: &gateway,
        wanted: wanted.clone(),
        heard: &heard,
    };
    loop {
        let calls = wanted.borrow_and_update().calls;
        if !wanted.borrow().is_somewhere() {
            if found.take().is_some() {
                heard.tell(Event::Lost(gateway.key)).await;
            }
            keeper.tell(PipeState::Asleep);
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        }
        if found.is_none() {
            keeper.tell(PipeState::Dialing);
        }
        let hello = deps.hello.borrow().clone();
        let stands = match found.take() {
            Some(better) => Ok(better),
            None => tokio::select! {
                stands = dial::pipe(keeper.dialer(&hello), memory) => stands,
                () = keeper.unwanted() => continue,
            },
        };
        let (why, remedy) = match stands {
            Ok(stands) => {
                let line = stands.line.clone();
                tracing::info!(
                    gateway = %gateway.domain,
                    by = %*line.carrier.borrow(),
                    places_left = stands.welcome.places_left,
                    "the pipe to the gateway is up"
                );
                let (stood, carrier) = (Instant::now(), *line.carrier.borrow());
                memory.was(carrier);
                keeper.tell(PipeState::Up(carrier));
                heard.tell(Event::Up(gateway.key)).await;
                let end = keeper.converse(stands, memory).await;
                let (held, last) = (stood.elapsed(), *line.carrier.borrow());
                if last != carrier {
                    memory.was(last);
                }
                backoff.held(held);
                if let End::Better(stands) = end {
                    found = Some(*stands);
                    continue;
                }
                heard.tell(Event::Lost(gateway.key)).await;
                match end {
                    End::Unwanted => {
                        tracing::info!(gateway = %gateway.domain, "left the gateway");
                        continue;
                    }
                    End::Drained | End::Better(_) => {
                        backoff.reset();
                        ("the gateway stopped".to_owned(), None)
                    }
                    End::Broken(why) => {
                        memory.broke(last, held);
                        (why, None)
                    }
                }
            }
            Err(error) => (error.to_string(), remedy(&error)),
        };
        tracing::info!(gateway = %gateway.domain, why, "no pipe to the gateway");
        keeper.tell(PipeState::Down { why, remedy });
        tokio::select! {
            () = sleep(backoff.wait()) => {}
            // Somebody called, or has no use for it any more.
            news = wanted.wait_for(|now| now.calls != calls || !now.is_somewhere()) => {
                if news.is_err() {
                    return;
                }
            }
        }
    }
}

fn remedy(error: &Failed) -> Option<String> {
    error.remedy().map(Into::into)
}

/// What keeps a pipe to one gateway.
struct Keeper<'a> {
    deps: &'a Deps,
    gateway: &'a Gateway,
    wanted: watch::Receiver<Wanted>,
    heard: &'a Heard,
}

impl Keeper<'_> {
    /// Tells how it stands. Nothing is open without a pipe.
    fn tell(&self, pipe: PipeState) {
        let (gateway, kept) = (self.gateway, self.wanted.borrow().kept.clone());
        let now = (self.deps.moment)().now;
        self.deps.status.send_modify(|all| {
            if kept.is_empty() && pipe == PipeState::Asleep {
                all.remove(&gateway.key);
                return;
            }
            let status = all.entry(gateway.key).or_insert_with(|| GatewayStatus {
                gateway: gateway.clone(),
                pipe: PipeState::Dialing,
                since: now,
                places: Vec::new(),
                refused_names: Vec::new(),
                aliases: Vec::new(),
                refused_aliases: Vec::new(),
                knocks: 0,
            });
            if !matches!(pipe, PipeState::Up(_)) {
                status.places.retain_mut(|(label, state)| {
                    kept.contains(label) && self.fall_asleep(label, state)
                });
                status.refused_names.clear();
                status.aliases.clear();
                status.refused_aliases.clear();
            }
            if status.pipe != pipe {
                status.since = now;
            }
            status.pipe = pipe;
        });
    }

    /// What a place is without its door; whether that is anything.
    fn fall_asleep(&self, label: &Option<Label>, state: &mut PlaceState) -> bool {
        let places = self.deps.places.borrow();
        let is_woken =
            |place: &Place| place.label == *label && place.connected != Connected::Always;
        if !places.iter().any(is_woken) {
            return false;
        }
        if let PlaceState::Open(names) = state {
            *state = PlaceState::Asleep(std::mem::take(names));
        }
        !matches!(state, PlaceState::Asked)
    }

    fn change_place(
        &self,
        place: &Option<Label>,
        change: impl FnOnce(Option<PlaceState>) -> Option<PlaceState>,
    ) {
        self.deps.status.send_modify(|all| {
            let Some(status) = all.get_mut(&self.gateway.key) else {
                return;
            };
            let at = status.places.iter().position(|(of, _)| of == place);
            let before = at.map(|at| status.places.remove(at).1);
            if let Some(state) = change(before) {
                status.places.push((place.clone(), state));
                status.places.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
        });
    }

    fn tell_refused(&self, change: impl FnOnce(&mut Vec<(HostName, NameRefusal)>)) {
        self.deps.status.send_modify(|all| {
            if let Some(status) = all.get_mut(&self.gateway.key) {
                change(&mut status.refused_names);
            }
        });
    }

    /// Whether a name of an own domain was asked for.
    fn has_own_name(&self, place: &Option<Label>, name: &HostName) -> bool {
        let places = self.deps.places.borrow();
        let mut of = places.iter().filter(|of| of.label == *place);
        of.any(|of| of.own_names.contains(name))
    }

    /// Tells which texts ask for a place; what was wanted and is not refused is wanted no more.
    fn tell_aliases(
        &self,
        place: &Option<Label>,
        taken: Vec<Alias>,
        refused: Vec<(Alias, AliasRefusal)>,
    ) {
        let wanted = self.aliases_of(place);
        self.deps.status.send_modify(|all| {
            let Some(status) = all.get_mut(&self.gateway.key) else {
                return;
            };
            status.aliases.retain(|(of, _)| of != place);
            if !taken.is_empty() {
                status.aliases.push((place.clone(), taken));
                status.aliases.sort();
            }
            // What a gateway says of texts that nobody wanted is nothing.
            let refused = refused.into_iter().filter(|(it, _)| wanted.contains(it));
            let refused = refused.take(limits::ALIASES);
            let refused = refused.map(|(alias, why)| (place.clone(), alias, why));
            status.refused_aliases.retain(|(of, ..)| of != place);
            status.refused_aliases.extend(refused);
        });
    }

    /// The texts that are to ask for a place at this gateway.
    fn aliases_of(&self, place: &Option<Label>) -> Vec<Alias> {
        let terminated = self.deps.terminated.borrow();
        terminated.at(self.gateway.key, place).to_vec()
    }

    /// What to say so that these places are asked for by what is to ask for them, and by nothing else.
    fn aliases(&self, open: &[Place], said: &mut Aliases) -> Vec<FromDoor> {
        said.retain(|label, _| open.iter().any(|place| place.label == *label));
        let news = open.iter().filter_map(|Place { label, .. }| {
            let aliases = self.aliases_of(label);
            let before = said.get(label).map_or(&[][..], Vec::as_slice);
            if before == aliases {
                return None;
            }
            said.insert(label.clone(), aliases.clone());
            Some(FromDoor::Aliases {
                place: label.clone(),
                aliases,
            })
        });
        news.collect()
    }

    fn tell_place(&self, place: &Option<Label>, state: PlaceState) {
        self.change_place(place, |_| Some(state));
    }

    /// Waits until nothing is to be open at the gateway.
    async fn unwanted(&self) {
        let mut wanted = self.wanted.clone();
        // Who could want something is gone: then this ends with it.
        if wanted
            .wait_for(|wanted| !wanted.is_somewhere())
            .await
            .is_err()
        {
            std::future::pending().await
        }
    }

    /// Opens the places and takes the outsiders, until the pipe ends.
    async fn converse(&self, stands: Stands, memory: Memory) -> End {
        let Stands {
            mut pipe,
            welcome,
            line,
            said,
        } = stands;
        let better = self.better(line, memory);
        let Some(mut control) = pipe.opener().open().await else {
            return End::Broken("the pipe broke".to_owned());
        };
        if let Err(error) = write_message(&mut control, &Head::Control, limits::PIPE_HEAD).await {
            return End::Broken(error.to_string());
        }
        let (from_gateway, to_gateway) = tokio::io::split(control);
        let (cues, waiting) = mpsc::channel(WAITING);
        let patience = Duration::from_secs(welcome.dead_after.into());
        tokio::select! {
            end = self.hear(from_gateway, patience, &cues) => end,
            broken = self.say(to_gateway, waiting, said) => {
                let Err(error) = broken;
                End::Broken(error.to_string())
            }
            () = self.take(&mut pipe) => End::Broken("the pipe broke".to_owned()),
            stands = better => End::Better(Box::new(stands)),
            () = self.unwanted() => End::Unwanted,
        }
    }

    fn dialer<'a>(&'a self, hello: &'a Hello) -> Dialer<'a> {
        Dialer {
            gateway: self.gateway,
            ways: &self.deps.ways,
            seed: &self.deps.seed,
            hello,
        }
    }

    /// Tells when the carrier gets worse, and looks for a better one than requests while nobody speaks: outsiders who
    /// are being served would lose their connections. Waits until there is one.
    async fn better(&self, mut line: Line, memory: Memory) -> Stands {
        let mut look = Instant::now() + BETTER;
        loop {
            let carrier = *line.carrier.borrow();
            let looked = async {
                if matches!(carrier, Carrier::Tcp | Carrier::Tls) {
                    std::future::pending::<()>().await;
                }
                sleep_until(look).await;
            };
            tokio::select! {
                now = line.changed() => self.tell(PipeState::Up(now)),
                () = looked => {
                    look = Instant::now() + AGAIN;
                    if line.is_quiet() {
                        look = Instant::now() + BETTER;
                        let hello = self.deps.hello.borrow().clone();
                        if let Some(stands) = dial::better(self.dialer(&hello), memory).await {
                            return stands;
                        }
                    }
                }
            }
        }
    }

    /// The names that a place has at this gateway; none if this node does not open it.
    fn names_of(&self, label: &Option<Label>) -> Option<Vec<HostName>> {
        let places = self.deps.places.borrow();
        let place = places.iter().find(|place| place.label == *label)?;
        let Gateway { domain, site, .. } = self.gateway;
        let own = domain.place(site, label.as_ref());
        Some(
            [own]
                .into_iter()
                .chain(place.own_names.iter().cloned())
                .collect(),
        )
    }

    /// Does what the gateway says.
    async fn hear(
        &self,
        mut from_gateway: impl AsyncRead + Unpin,
        patience: Duration,
        cues: &mpsc::Sender<Cue>,
    ) -> End {
        let mut drained = false;
        loop {
            let said = read_message(&mut from_gateway, limits::PIPE_MESSAGE, patience).await;
            match said {
                Ok(Some(FromGateway::Opened { place, names: of })) => {
                    let Some(own) = self.names_of(&place) else {
                        continue;
                    };
                    // What a place is called follows from what was asked for, and not from what a
                    // gateway says: certificates are ordered for these names.
                    let of: Vec<HostName> =
                        own.into_iter().filter(|own| of.contains(own)).collect();
                    self.tell_refused(|refused| refused.retain(|(name, _)| !of.contains(name)));
                    self.tell_place(&place, PlaceState::Open(of));
                    self.heard
                        .tell(Event::Answered((self.gateway.key, place)))
                        .await;
                }
                Ok(Some(FromGateway::NameRefused { place, name, why }))
                    if self.has_own_name(&place, &name) =>
                {
                    tracing::warn!(gateway = %self.gateway.domain, %name, why = %why.in_full(), "a name does not lead to a place");
                    self.tell_refused(|refused| {
                        refused.retain(|(of, _)| *of != name);
                        refused.push((name.clone(), why));
                    });
                }
                Ok(Some(FromGateway::Refused { place, why }))
                    if self.names_of(&place).is_some() =>
                {
                    tracing::warn!(gateway = %self.gateway.domain, why = %why.in_full(), "the gateway does not open a place");
                    self.tell_place(&place, PlaceState::Refused(why));
                    self.heard
                        .tell(Event::Answered((self.gateway.key, place)))
                        .await;
                }
                Ok(Some(FromGateway::Aliases {
                    place,
                    taken,
                    refused,
                })) if self.names_of(&place).is_some() => {
                    for (alias, why) in &refused {
                        tracing::warn!(gateway = %self.gateway.domain, %alias, why = %why.in_full(), "a text does not ask for a place");
                    }
                    let cue = Cue::Aliases(place.clone(), taken.clone());
                    self.tell_aliases(&place, taken, refused);
                    if cues.send(cue).await.is_err() {
                        return End::Broken("the pipe broke".to_owned());
                    }
                }
                // About what was not asked for.
                Ok(Some(
                    FromGateway::Refused { .. }
                    | FromGateway::NameRefused { .. }
                    | FromGateway::Aliases { .. },
                )) => {}
                Ok(Some(FromGateway::Done(place))) => {
                    if cues.send(Cue::Closed(place.clone())).await.is_err() {
                        return End::Broken("the pipe broke".to_owned());
                    }
                    self.heard
                        .tell(Event::Done((self.gateway.key, place)))
                        .await;
                }
                Ok(Some(FromGateway::Kept(places))) => {
                    self.heard.tell(Event::Kept(self.gateway.key, places)).await;
                }
                // What is under way goes on until the gateway hangs up.
                Ok(Some(FromGateway::Drain(_))) => drained = true,
                Ok(Some(FromGateway::Ping)) => {
                    if cues.send(Cue::Pong).await.is_err() {
                        return End::Broken("the pipe broke".to_owned());
                    }
                }
                Ok(None) | Err(FrameError::Io(_)) if drained => return End::Drained,
                Ok(None) => return End::Broken("the gateway hung up".to_owned()),
                Err(FrameError::Timeout) => {
                    return End::Broken("the gateway was silent".to_owned());
                }
                Err(error) => return End::Broken(error.to_string()),
            }
        }
    }

    /// Tells the gateway which places are open, the newest papers, and that the door is there.
    async fn say(
        &self,
        mut to_gateway: impl AsyncWrite + Unpin,
        mut cues: mpsc::Receiver<Cue>,
        mut said: Hello,
    ) -> Result<Infallible, FrameError> {
        let (mut wanted, mut papers) = (self.wanted.clone(), self.deps.hello.clone());
        let (mut kept, mut opened, mut heard) = (None, Vec::new(), Vec::new());
        let (mut terminated, mut aliases) = (self.deps.terminated.clone(), Aliases::new());
        wanted.mark_changed();
        loop {
            let messages = tokio::select! {
                // That a place is closed is known before it is wanted again.
                biased;
                Some(cue) = cues.recv() => match cue {
                    Cue::Pong => vec![FromDoor::Pong],
                    // It is opened again when somebody calls.
                    Cue::Closed(label) => {
                        opened.retain(|place: &Place| place.label != label);
                        self.leave(&label);
                        Vec::new()
                    }
                    // What it knows from before; an answer says nothing new.
                    Cue::Aliases(label, has) => {
                        aliases.entry(label).or_insert(has);
                        Vec::new()
                    }
                },
                Ok(()) = wanted.changed() => {
                    let Wanted { kept: keeps, open, heard: hears, .. } =
                        wanted.borrow_and_update().clone();
                    let mut messages = Vec::new();
                    if kept.as_ref() != Some(&keeps) {
                        messages.push(FromDoor::Keeps(keeps.clone()));
                    }
                    messages.extend(self.changes(&opened, &open, &keeps));
                    let new = hears.iter().filter(|it| !heard.contains(*it));
                    messages.extend(new.cloned().map(|(place, nonce)| FromDoor::Heard { place, nonce }));
                    (kept, opened, heard) = (Some(keeps), open, hears);
                    messages
                }
                Ok(()) = papers.changed() => {
                    let newest = papers.borrow_and_update().clone();
                    let news = (newest != said).then(|| FromDoor::Papers(Box::new(Papers {
                        charter: newest.charter.clone(),
                        state: newest.state.clone(),
                    })));
                    said = newest;
                    news.into_iter().collect()
                }
                Ok(()) = terminated.changed() => Vec::new(),
            };
            let asked = self.aliases(&opened, &mut aliases);
            for message in messages.into_iter().chain(asked) {
                write_message(&mut to_gateway, &message, limits::PIPE_MESSAGE).await?;
            }
        }
    }

    /// Tells that a place is not open any more.
    fn leave(&self, label: &Option<Label>) {
        self.change_place(label, |state| {
            state.and_then(|mut state| self.fall_asleep(label, &mut state).then_some(state))
        });
    }

    /// What to say so that these places are open instead of those.
    fn changes(&self, opened: &[Place], open: &[Place], kept: &[Option<Label>]) -> Vec<FromDoor> {
        let is_in = |places: &[Place], label: &Option<Label>| {
            places.iter().any(|place| place.label == *label)
        };
        let gone = opened.iter().map(|place| &place.label);
        let mut messages = Vec::new();
        for label in gone.filter(|label| !is_in(open, label)) {
            self.leave(label);
            // What is not kept is closed by that.
            if kept.contains(label) {
                messages.push(FromDoor::Leave(label.clone()));
            }
        }
        for place in open.iter().filter(|place| !opened.contains(place)) {
            self.tell_place(&place.label, PlaceState::Asked);
            messages.push(FromDoor::Open(place.clone()));
        }
        messages
    }

    /// Takes outsiders until the pipe ends.
    async fn take(&self, pipe: &mut Pipe) {
        let mut beginning = JoinSet::new();
        while let Some(stream) = pipe.next().await {
            while beginning.try_join_next().is_some() {}
            // One more is dropped, which the outsider sees as the end.
            if beginning.len() < BEGINNING {
                beginning.spawn(knock(
                    stream,
                    self.deps.clone(),
                    (self.gateway.key, self.heard.guests.clone()),
                ));
            }
        }
    }
}

/// Takes one outsider, if it asked for a place that is open here.
async fn knock(
    mut stream: PipeStream,
    deps: Deps,
    (gateway, guests): (GatewayId, watch::Sender<Guests>),
) {
    let head = read_message(&mut stream, limits::PIPE_HEAD, HEAD).await;
    let (knock, alias) = match head {
        Ok(Some(Head::Knock(knock))) => (knock, None),
        Ok(Some(Head::Terminated(terminated))) => (terminated.knock, Some(terminated.alias)),
        Ok(Some(Head::Control) | None) | Err(_) => {
            tracing::debug!("a stream of the gateway does not say what it is");
            return;
        }
    };
    let open = |all: &BTreeMap<GatewayId, GatewayStatus>| {
        let places = &all.get(&gateway)?.places;
        let mut open = places.iter().filter_map(|(label, state)| match state {
            PlaceState::Open(names) => names.contains(&knock.name).then(|| label.clone()),
            PlaceState::Asked | PlaceState::Asleep(_) | PlaceState::Refused(_) => None,
        });
        open.next()
    };
    // The word that the place is open may be on its way still, on another stream.
    let mut status = deps.status.subscribe();
    let opened = timeout(HEAD, status.wait_for(|all| open(all).is_some())).await;
    let label = opened.ok().and_then(|all| open(&*all.ok()?));
    let Some(label) = label else {
        tracing::debug!(name = %knock.name, "a knock at a place that is not open");
        return;
    };
    // The site says whether its documents may be read, and this node by what its places are asked for.
    let may = |alias: &Alias| deps.terminated.borrow().at(gateway, &label).contains(alias);
    if alias.as_ref().is_some_and(|alias| !may(alias)) {
        tracing::warn!(name = %knock.name, "the gateway ended TLS for a place where it may not");
        return;
    }
    // Counted, and nobody woken for it.
    deps.status.send_if_modified(|all| {
        if let Some(status) = all.get_mut(&gateway) {
            status.knocks += 1;
        }
        false
    });
    let stream = Guest::new(stream, Presence::new(guests, (gateway, label)));
    // Where nobody takes it in time it is dropped.
    let knocked = Knocked {
        stream,
        knock,
        terminated: alias.is_some(),
    };
    drop(timeout(HEAD, deps.knocked.send(knocked)).await);
}
