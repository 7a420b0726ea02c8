//! What is said on a pipe, and the streams that come on it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_pipe::{Pipe, PipeStream};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{FromDoor, FromGateway, Head, Hello, Papers, Place};
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::own_name::NameRefusal;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::backoff::Backoff;
use crate::dial::{self, Dialer, Failed, Line, Memory, Stands};
use crate::status::{Carrier, GatewayStatus, PipeState, PlaceState};
use crate::{Deps, Knocked};

/// How long a stream may take to say what it is.
const HEAD: Duration = Duration::from_secs(5);
/// How often a better carrier than requests is looked for,
const BETTER: Duration = Duration::from_secs(10 * 60);
/// and how soon again if somebody was being served.
const AGAIN: Duration = Duration::from_secs(60);
/// Answers to the gateway that wait to be sent.
const WAITING: usize = 8;
/// Streams that may be about to say what they are.
const BEGINNING: usize = 64;

/// How a pipe ended.
enum End {
    /// The gateway said that it stops; it is dialed again as soon as it is there.
    Drained,
    /// Another one stands that is carried better.
    Better(Box<Stands>),
    /// Otherwise, and why.
    Broken(String),
}

/// Keeps a pipe to one gateway, for as long as it is let run.
pub(crate) async fn keep(deps: Deps, gateway: Gateway) {
    let (mut backoff, mut memory) = (Backoff::default(), Memory::default());
    let mut found: Option<Stands> = None;
    loop {
        let keeper = Keeper {
            deps: &deps,
            gateway: &gateway,
        };
        if found.is_none() {
            keeper.tell(PipeState::Dialing);
        }
        let hello = deps.hello.borrow().clone();
        let stands = match found.take() {
            Some(better) => Ok(better),
            None => dial::pipe(keeper.dialer(&hello), memory).await,
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
                let end = keeper.converse(stands, memory).await;
                let (held, last) = (stood.elapsed(), *line.carrier.borrow());
                if last != carrier {
                    memory.was(last);
                }
                backoff.held(held);
                match end {
                    End::Better(stands) => {
                        found = Some(*stands);
                        continue;
                    }
                    End::Drained => {
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
        sleep(backoff.wait()).await;
    }
}

fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
}

fn remedy(error: &Failed) -> Option<String> {
    error.remedy().map(Into::into)
}

/// What keeps a pipe to one gateway.
struct Keeper<'a> {
    deps: &'a Deps,
    gateway: &'a Gateway,
}

impl Keeper<'_> {
    fn tell(&self, pipe: PipeState) {
        let gateway = self.gateway;
        self.deps.status.send_modify(|all| {
            let status = all.entry(gateway.key).or_insert_with(|| GatewayStatus {
                gateway: gateway.clone(),
                pipe: PipeState::Dialing,
                since: clock(),
                places: Vec::new(),
                refused_names: Vec::new(),
                knocks: 0,
            });
            if !matches!(pipe, PipeState::Up(_)) {
                status.places.clear();
                status.refused_names.clear();
            }
            if status.pipe != pipe {
                status.since = clock();
            }
            status.pipe = pipe;
        });
    }

    fn tell_place(&self, place: &Option<Label>, state: Option<PlaceState>) {
        self.deps.status.send_modify(|all| {
            if let Some(status) = all.get_mut(&self.gateway.key) {
                status.places.retain(|(of, _)| of != place);
                if let Some(state) = state {
                    status.places.push((place.clone(), state));
                    status.places.sort_by(|(one, _), (other, _)| one.cmp(other));
                }
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
        let (answers, waiting) = mpsc::channel(WAITING);
        let patience = Duration::from_secs(welcome.dead_after.into());
        tokio::select! {
            end = self.hear(from_gateway, patience, &answers) => end,
            broken = self.say(to_gateway, waiting, said) => {
                let Err(error) = broken;
                End::Broken(error.to_string())
            }
            () = self.take(&mut pipe) => End::Broken("the pipe broke".to_owned()),
            stands = better => End::Better(Box::new(stands)),
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
        answers: &mpsc::Sender<FromDoor>,
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
                    self.tell_place(&place, Some(PlaceState::Open(of)));
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
                    self.tell_place(&place, Some(PlaceState::Refused(why)));
                }
                // About a place that was not asked for; and doors that are woken leave, but none is yet.
                Ok(Some(
                    FromGateway::Refused { .. }
                    | FromGateway::NameRefused { .. }
                    | FromGateway::Done(_),
                )) => {}
                // What is under way goes on until the gateway hangs up.
                Ok(Some(FromGateway::Drain(_))) => drained = true,
                Ok(Some(FromGateway::Ping)) => {
                    if answers.send(FromDoor::Pong).await.is_err() {
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
        mut answers: mpsc::Receiver<FromDoor>,
        mut said: Hello,
    ) -> Result<Infallible, FrameError> {
        let (mut places, mut papers) = (self.deps.places.clone(), self.deps.hello.clone());
        let mut opened: Vec<Place> = Vec::new();
        places.mark_changed();
        loop {
            let messages = tokio::select! {
                Some(answer) = answers.recv() => vec![answer],
                Ok(()) = places.changed() => {
                    let wanted = places.borrow_and_update().clone();
                    let messages = self.changes(&opened, &wanted);
                    opened = wanted;
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
            };
            for message in messages {
                write_message(&mut to_gateway, &message, limits::PIPE_MESSAGE).await?;
            }
        }
    }

    /// What to say so that these places are open instead of those.
    fn changes(&self, opened: &[Place], wanted: &[Place]) -> Vec<FromDoor> {
        let gone = opened
            .iter()
            .filter(|place| wanted.iter().all(|other| other.label != place.label));
        let new = wanted.iter().filter(|place| !opened.contains(place));
        let mut messages = Vec::new();
        for place in gone {
            self.tell_place(&place.label, None);
            messages.push(FromDoor::Close(place.label.clone()));
        }
        for place in new {
            self.tell_place(&place.label, Some(PlaceState::Asked));
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
                beginning.spawn(knock(stream, self.deps.clone(), self.gateway.key));
            }
        }
    }
}

/// Takes one outsider, if it asked for a place that is open here.
async fn knock(mut stream: PipeStream, deps: Deps, gateway: GatewayId) {
    let head = read_message(&mut stream, limits::PIPE_HEAD, HEAD).await;
    let Ok(Some(Head::Knock(knock))) = head else {
        tracing::debug!("a stream of the gateway does not say what it is");
        return;
    };
    let is_open = |all: &BTreeMap<GatewayId, GatewayStatus>| {
        let places = all
            .get(&gateway)
            .into_iter()
            .flat_map(|status| &status.places);
        places.into_iter().any(|(_, state)| match state {
            PlaceState::Open(names) => names.contains(&knock.name),
            PlaceState::Asked | PlaceState::Refused(_) => false,
        })
    };
    // The word that the place is open may be on its way still, on another stream.
    let mut status = deps.status.subscribe();
    if !matches!(timeout(HEAD, status.wait_for(is_open)).await, Ok(Ok(_))) {
        tracing::debug!(name = %knock.name, "a knock at a place that is not open");
        return;
    }
    // Counted, and nobody woken for it.
    deps.status.send_if_modified(|all| {
        if let Some(status) = all.get_mut(&gateway) {
            status.knocks += 1;
        }
        false
    });
    // Where nobody takes it in time it is dropped.
    drop(timeout(HEAD, deps.knocked.send(Knocked { stream, knock })).await);
}
