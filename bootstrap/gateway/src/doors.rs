//! The doors' pipes: whom they let in, and what is said on them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_pace::Rate;
use papermesh_pipe::{Admitted, Pipe, PipeError, PipeStream, answer};
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::codec;
use papermesh_protocol::gateway::admission::SitePapers;
use papermesh_protocol::gateway::message::{
    FromDoor, FromGateway, Head, Hello, Papers, Refusal, Welcome,
};
use papermesh_protocol::gateway::page::PipeId;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::signed::Signed;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::beginnings::{Beginnings, TURN};
use crate::clock;
use crate::contracts::{Contract, Contracts};
use crate::home;
use crate::places::{DoorPipe, Places, TO_DOOR};

/// How long a door may take to say something,
const SAYS: Duration = Duration::from_secs(10);
/// and, once its pipe stands, to open the control stream.
const CONTROL: Duration = Duration::from_secs(10);
/// What a door may say at once: all its places, twice, and that it reads their mailboxes.
const SAID: u32 = 256;
/// How long until it may say one thing more.
const SAID_EVERY: Duration = Duration::from_secs(1);
/// How often a door is asked whether it is there.
const PING: Duration = Duration::from_secs(45);
/// How long a door may be silent.
const DEAD_AFTER: Duration = Duration::from_secs(90);
/// Why a door's pipe ends that may not stay.
const WITHDRAWN: &str = "its certificate or its contract does not count any more";

/// What lets doors in and serves them.
pub(crate) struct Doors {
    /// The gateway's key.
    pub(crate) seed: zeroize::Zeroizing<[u8; 32]>,
    /// Which sites may open places.
    pub(crate) contracts: Contracts,
    /// Which places are open.
    pub(crate) places: Arc<Places>,
    /// What is known of each site.
    sites: Mutex<HashMap<SiteId, Arc<Known>>>,
    /// Where their papers are kept, so that who was revoked does not come back after a restart.
    folder: PathBuf,
    /// Whose pipe begins.
    beginnings: Beginnings,
}

/// What is known of a site. Signatures are verified under its own lock: no site waits for another.
struct Known {
    /// The newest papers that its doors showed.
    papers: Mutex<SitePapers>,
    /// Whoever has it writes the newest papers to their file: a later write never has older ones.
    file: Mutex<()>,
    /// Told whenever one of them may have been revoked, or the contract ended.
    changed: watch::Sender<()>,
}

impl Known {
    fn new(papers: SitePapers) -> Arc<Self> {
        Arc::new(Self {
            papers: Mutex::new(papers),
            file: Mutex::default(),
            changed: watch::Sender::new(()),
        })
    }

    fn papers(&self) -> MutexGuard<'_, SitePapers> {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept of a door that was let in.
struct Kept {
    site: Arc<Known>,
    contract: Contract,
    certificate: Signed<Certificate>,
}

impl Kept {
    /// Whether its site lets it in.
    fn is_certified(&self) -> bool {
        self.site.papers().stands(&self.certificate, clock::now())
    }
}

impl Doors {
    pub(crate) fn new(
        seed: zeroize::Zeroizing<[u8; 32]>,
        contracts: Contracts,
        places: Arc<Places>,
        folder: PathBuf,
    ) -> anyhow::Result<Self> {
        let mut sites = HashMap::new();
        for site in contracts.sites() {
            if let Some(papers) = kept(&folder, site)? {
                places.learned(site, papers.state(), clock::moment());
                sites.insert(site, Known::new(papers));
            }
        }
        Ok(Self {
            seed,
            contracts,
            places,
            sites: Mutex::new(sites),
            folder,
            beginnings: Beginnings::default(),
        })
    }

    fn sites(&self) -> MutexGuard<'_, HashMap<SiteId, Arc<Known>>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection of a door, to its end.
    pub(crate) async fn serve<C>(&self, carrier: C, from: SocketAddr)
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.begin(carrier, from).await {
            Ok(Admitted { pipe, kept }) => {
                let (site, node) = (kept.contract.label.clone(), kept.certificate.node);
                tracing::info!(%site, %node, %from, "a door came");
                let why = self.converse(pipe, kept).await;
                tracing::info!(%site, %node, why, "a door went");
            }
            Err(PipeError::Refused(why)) => tracing::info!(%from, %why, "a door was refused"),
            Err(error) => tracing::debug!(%from, %error, "no pipe"),
        }
    }

    /// Begins a pipe as soon as it is its turn. Who says nothing takes none.
    async fn begin<C>(&self, mut carrier: C, from: SocketAddr) -> Result<Admitted<Kept>, PipeError>
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let first = timeout(SAYS, carrier.read_u8()).await;
        let Ok(Ok(first)) = first else {
            return Err(PipeError::Ended);
        };
        let (from_door, to_door) = tokio::io::split(carrier);
        let from_door = AsyncReadExt::chain(io::Cursor::new([first]), from_door);
        let carrier = tokio::io::join(from_door, to_door);
        let turn = self.beginnings.turn(from.ip()).await;
        let mut begins = pin!(answer(carrier, &self.seed, |node, hello| {
            // A contract of this moment counts, which costs a look at the file for each door that comes.
            self.contracts.refresh();
            self.judge(node, &hello)
        }));
        match timeout(TURN, &mut begins).await {
            Ok(judged) => judged,
            Err(_) => {
                drop(turn);
                begins.await
            }
        }
    }

    /// Decides whether a door is let in.
    fn judge(&self, node: NodeId, hello: &Hello) -> Result<(Welcome, Kept), Refusal> {
        let now = clock::now();
        // The root of a site signs its charters, and its key is the site's id.
        let site = SiteId::from_bytes(*hello.charter.signer());
        let contract = self.contracts.of(site, now)?;
        let papers = Papers {
            charter: hello.charter.clone(),
            state: hello.state.clone(),
        };
        let known = self.learn(site, &papers)?;
        let certificate = known.papers().admit(hello, node, now)?;
        let welcome = Welcome {
            site: contract.label.clone(),
            places_left: contract.places.saturating_sub(self.places.taken_of(site)),
            dead_after: u16::try_from(DEAD_AFTER.as_secs()).unwrap_or(u16::MAX),
        };
        let kept = Kept {
            site: known,
            contract,
            certificate,
        };
        Ok((welcome, kept))
    }

    /// Takes what is newer of a site's papers; what is known of it then.
    fn learn(&self, site: SiteId, papers: &Papers) -> Result<Arc<Known>, Refusal> {
        let known = self.sites().get(&site).map(Arc::clone);
        let learned = match known {
            Some(known) => {
                let newer = known.papers().renew(papers);
                newer.map(|newer| (known, newer))
            }
            None => SitePapers::first(papers, site).and_then(|first| {
                // Another door of the site may have been quicker.
                let (first, mut is_new) = (Known::new(first), true);
                let known = match self.sites().entry(site) {
                    Entry::Vacant(free) => Arc::clone(free.insert(first)),
                    Entry::Occupied(taken) => {
                        is_new = false;
                        Arc::clone(taken.get())
                    }
                };
                let newer = known.papers().renew(papers)?;
                Ok((known, newer || is_new))
            }),
        };
        match learned {
            Ok((known, true)) => {
                self.keep(site, &known);
                // Within the lock: a later state is never replaced by an earlier one.
                let papers = known.papers();
                self.places.learned(site, papers.state(), clock::moment());
                drop(papers);
                known.changed.send_replace(());
                Ok(known)
            }
            Ok((known, false)) => Ok(known),
            Err(error) => {
                tracing::debug!(%error, "papers of a site refused");
                Err(Refusal::Certificate)
            }
        }
    }

    /// Has the papers of a site outlive the gateway. They are few and change seldom.
    fn keep(&self, site: SiteId, known: &Known) {
        let _writing = known.file.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = known.papers().papers();
        let Ok(bytes) = codec::encode(&newest, limits::PIPE_HELLO) else {
            return;
        };
        let kept = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(anyhow::Error::from)
            .and_then(|()| home::keep(&self.folder.join(site.to_string()), &bytes));
        if let Err(error) = kept {
            tracing::error!(error = %format!("{error:#}"), "cannot keep the papers of a site");
        }
    }

    /// Has every door judged again.
    pub(crate) fn look_again(&self) {
        let moment = clock::moment();
        self.places.contracted(&self.contracts.standing(moment.now));
        self.places
            .lapsed(&self.contracts.lapsed(moment.now), moment);
        for site in self.sites().values() {
            site.changed.send_replace(());
        }
    }

    /// Whether a door may stay.
    fn stands(&self, kept: &Kept) -> bool {
        let now = clock::now();
        let site = kept.contract.site;
        self.contracts
            .of(site, now)
            .is_ok_and(|contract| contract.is_as(&kept.contract))
            && kept.is_certified()
    }

    /// Speaks with a door until one of both has enough; says why.
    async fn converse(&self, mut pipe: Pipe, kept: Kept) -> &'static str {
        let Some(control) = control(&mut pipe).await else {
            return "it opened no control stream";
        };
        let (from_door, to_door) = tokio::io::split(control);
        let (sender, messages) = mpsc::channel(TO_DOOR);
        let mut changed = kept.site.changed.subscribe();
        let replaced = CancellationToken::new();
        let door = DoorPipe {
            contract: kept.contract.clone(),
            node: kept.certificate.node,
            despite: kept.certificate.despite,
            sealing: kept.certificate.sealing,
            opener: pipe.opener(),
            to_door: sender.clone(),
            replaced: replaced.clone(),
        };
        let number = self.places.came(door, clock::moment());
        let withdrawn = async {
            while self.stands(&kept) {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        let why = tokio::select! {
            // A door that was revoked before it was known here says nothing: its places would stay its own.
            biased;
            () = withdrawn => WITHDRAWN,
            () = replaced.cancelled() => match self.stands(&kept) {
                true => "it dialed again",
                false => WITHDRAWN,
            },
            why = self.hear((number, kept.contract.site), from_door, &sender) => why,
            () = tell(to_door, messages) => "it takes no messages",
            // Doors open no other streams.
            _ = pipe.next() => "the pipe ended",
        };
        self.places.went(number, clock::moment());
        why
    }

    /// Does what a door says, until it says nothing any more.
    async fn hear(
        &self,
        (pipe, site): (PipeId, SiteId),
        mut from_door: ReadHalf<PipeStream>,
        to_door: &mpsc::Sender<FromGateway>,
    ) -> &'static str {
        let pace = Rate::new(SAID, SAID_EVERY);
        loop {
            // A door that says more waits, and nobody else.
            if let Err(wait) = pace.take(std::time::Instant::now()) {
                sleep(wait).await;
                continue;
            }
            let said = read_message(&mut from_door, limits::PIPE_MESSAGE, DEAD_AFTER).await;
            let answer = match said {
                Ok(Some(FromDoor::Open(place))) => {
                    match self.places.open(pipe, &place, clock::moment()) {
                        Ok(names) => {
                            let place = place.label;
                            let taken = self.places.aliases_of(&(site, place.clone()));
                            let opened = FromGateway::Opened {
                                place: place.clone(),
                                names,
                            };
                            if to_door.send(opened).await.is_err() {
                                return "it takes no messages";
                            }
                            // A door that never said any does not know what that is.
                            (!taken.is_empty()).then(|| FromGateway::Aliases {
                                place,
                                taken,
                                refused: Vec::new(),
                            })
                        }
                        Err(why) => Some(FromGateway::Refused {
                            place: place.label,
                            why,
                        }),
                    }
                }
                Ok(Some(FromDoor::Keeps(places))) if places.len() > limits::PLACES => {
                    return "it keeps more places than there may be";
                }
                Ok(Some(FromDoor::Keeps(places))) => {
                    self.places.keep(pipe, &places, clock::moment());
                    Some(FromGateway::Kept(places))
                }
                Ok(Some(FromDoor::Leave(place))) => {
                    self.places.leave(pipe, place, clock::moment());
                    None
                }
                Ok(Some(FromDoor::Heard { place, nonce })) => {
                    self.places.heard(pipe, place, nonce, clock::moment());
                    None
                }
                Ok(Some(FromDoor::Papers(papers))) => {
                    if self.learn(site, &papers).is_err() {
                        return "its site's papers are none";
                    }
                    None
                }
                Ok(Some(FromDoor::Aliases { place, aliases })) => {
                    let judged = self.places.set_aliases(pipe, &place, &aliases);
                    judged.map(|(taken, refused)| FromGateway::Aliases {
                        place,
                        taken,
                        refused,
                    })
                }
                Ok(Some(FromDoor::Pong)) => None,
                Ok(None) => return "it hung up",
                Err(FrameError::Timeout) => return "it was silent",
                Err(FrameError::Io(_)) => return "the pipe broke",
                Err(FrameError::Codec(_)) => return "it speaks another language",
            };
            // A door that does not listen while it speaks waits here, and then is silent.
            if let Some(answer) = answer
                && to_door.send(answer).await.is_err()
            {
                return "it takes no messages";
            }
        }
    }
}

/// The papers of a site that were kept.
fn kept(folder: &Path, site: SiteId) -> anyhow::Result<Option<SitePapers>> {
    let path = folder.join(site.to_string());
    let mut bytes = Vec::new();
    match File::open(&path) {
        Ok(file) => {
            let most = u64::try_from(limits::PIPE_HELLO)?;
            file.take(most + 1).read_to_end(&mut bytes)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let papers: Papers = codec::decode(&bytes, limits::PIPE_HELLO)
        .with_context(|| format!("{} is damaged", path.display()))?;
    let known = SitePapers::first(&papers, site);
    Ok(Some(known.with_context(|| {
        format!("{} is not the site's", path.display())
    })?))
}

/// The control stream, which the door opens first.
async fn control(pipe: &mut Pipe) -> Option<PipeStream> {
    let opened = async {
        let mut stream = pipe.next().await?;
        let head = read_message(&mut stream, limits::PIPE_HEAD, CONTROL).await;
        matches!(head, Ok(Some(Head::Control))).then_some(stream)
    };
    timeout(CONTROL, opened).await.ok().flatten()
}

/// Sends a door what it is to know, and asks it whether it is there.
async fn tell(mut to_door: WriteHalf<PipeStream>, mut messages: mpsc::Receiver<FromGateway>) {
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            _ = pings.tick() => Some(FromGateway::Ping),
        };
        let Some(message) = message else { return };
        if write_message(&mut to_door, &message, limits::PIPE_MESSAGE)
            .await
            .is_err()
        {
            return;
        }
    }
}
