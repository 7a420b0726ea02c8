//! A user at this printer: found holders are dialed all at once, logged in to, and listed.
//!
//! One holder that is dead, silent or lying delays nobody: once the first has answered, those that
//! were reached have [`REACHED_GRACE`], and those that were not have [`GRACE`]. Whoever is late is
//! not given up: the visit keeps trying, and [`Visit::gather`] can be called again to take in what
//! has come since.
//!
//! Only a holder can tell whether a PIN is the user's. Where nobody holds anything, the user's own
//! computers are asked that said so: a user without jobs is told that there are none, and everybody
//! else, unknown or not, is refused in the same words after the same time ([`Visit::admission`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use papermesh_frame::FrameError;
use papermesh_mesh::MeshError;
use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::limits::SESSION_KEEP;
use papermesh_protocol::release::printer::{self, SessionError};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, sleep_until, timeout};

use super::link::{Link, Route};
use super::session::{AskError, Credentials, HolderSession};
use crate::directory::{Directory, FoundHolder, Search};
use crate::network::{LinkError, Network};

/// How long holders that were not reached yet are waited for after the first one has answered.
pub const GRACE: Duration = Duration::from_millis(250);
/// How long holders that were reached are waited for after the first one has answered.
pub(crate) const REACHED_GRACE: Duration = Duration::from_millis(1500);
/// How long a holder that let the user in may take to list the jobs.
pub(crate) const HOLDER_PATIENCE: Duration = Duration::from_secs(20);
/// When nobody who holds something was found by then, those are asked who hold nothing.
pub const QUIET: Duration = Duration::from_secs(1);
/// The least time that a refused visit takes, so that its length does not tell whether there was
/// anybody to ask.
pub(crate) const REFUSAL: Duration = Duration::from_millis(1500);
/// How long the user waits at most when no holder answers at all.
pub(crate) const VISIT_PATIENCE: Duration = Duration::from_secs(12);
/// Holders that one visit talks to.
const HOLDERS: usize = papermesh_protocol::limits::ADVERTS_PER_USER;

/// One user's visit. Dropping it forgets the PIN and the session keys, and closes all sessions but
/// those of releases that go on, which close with them.
pub struct Visit<N: Network> {
    pub(super) printer: NodeId,
    pub(super) credentials: Arc<Credentials>,
    network: N,
    search: Option<Search>,
    /// How long one holder may take to be reached and to let the user in.
    holder_timeout: Duration,
    entry: Entry,
    holders: BTreeMap<NodeId, Holder<N>>,
    /// The user's computers that hold nothing.
    idle: Vec<FoundHolder>,
    attempts: JoinSet<(NodeId, Attempt<N>)>,
    /// Lists that are asked for once more.
    listings: JoinSet<(NodeId, Result<Vec<JobSummary>, AskError>)>,
    /// Denials that were written down.
    noted: BTreeSet<NodeId>,
    begun: Instant,
}

type Attempt<N> = Result<(HolderSession<N>, Vec<JobSummary>), AskError>;

/// The signed user entry, fetched while the holders are dialed.
enum Entry {
    Asked(JoinHandle<Option<Signed<UserEntry>>>),
    Known(Option<Box<Signed<UserEntry>>>),
}

struct Holder<N: Network> {
    found: FoundHolder,
    state: State<N>,
}

enum State<N: Network> {
    /// Being dialed with the addresses of this advert; the flag says whether it was reached.
    Trying(Arc<AtomicBool>, Vec<Vec<u8>>),
    Open(Arc<HolderSession<N>>, Vec<JobSummary>),
    Failed(HolderTrouble),
}

/// Why a holder's jobs are not in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderTrouble {
    /// Nobody answers there.
    #[error("it cannot be reached")]
    Unreachable,
    /// It was reached and has not answered yet.
    #[error("it has not answered yet")]
    Slow,
    /// The PIN is not the one it knows.
    #[error("the PIN is wrong, or that computer needs a different one")]
    WrongPin,
    /// It does not let the user in. It says nothing of why.
    #[error("not let in: unknown user, wrong PIN, or too many attempts")]
    Denied {
        /// Until another attempt is looked at.
        retry_after: Duration,
    },
    /// Something else went wrong.
    #[error("{0}")]
    Failed(String),
}

impl Remedy for HolderTrouble {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unreachable => Some("check that it is switched on and awake".into()),
            _ => None,
        }
    }
}

/// Nobody let the user in. Says nothing of why: whoever does not know the PIN is not to learn
/// whether there is such a user, and whether anything is held for that user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not logged in: unknown user, wrong PIN, too many attempts, or none of the user's computers is switched on"
)]
pub struct NotLetIn {
    /// Until another attempt is looked at, where a holder said so.
    pub retry_after: Option<Duration>,
}

impl Remedy for NotLetIn {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("check the PIN and try again".into())
    }
}

/// A job in the list of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedJob {
    /// Who holds it.
    pub holder: NodeId,
    /// The holder's name, where its certificate can be read.
    pub holder_name: Option<Name>,
    /// The job.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// It has a PIN of its own, which was not proven in this visit.
    pub pin_missing: bool,
}

/// A holder as the visit found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitedHolder {
    /// Node id of the holder.
    pub holder: NodeId,
    /// Its name, where its certificate can be read.
    pub name: Option<Name>,
    /// Why its jobs are not in the list; none if they are.
    pub trouble: Option<HolderTrouble>,
    /// When it last said that it holds jobs.
    pub advertised_at: Timestamp,
}

/// What one step of gathering came to.
enum Gathered {
    /// Somebody turned out to be there.
    Answered,
    /// Something else changed.
    Changed,
    /// Nothing did in time.
    Waited,
}

impl<N: Network> Visit<N> {
    pub(super) fn begin(
        printer: NodeId,
        network: N,
        directory: &Directory<N>,
        holder_timeout: Duration,
        credentials: Credentials,
    ) -> Self {
        let asking = directory.clone();
        let user = credentials.user.clone();
        Self {
            printer,
            network,
            holder_timeout,
            search: Some(directory.find(&credentials.user)),
            entry: Entry::Asked(tokio::spawn(async move { asking.user_entry(&user).await })),
            credentials: Arc::new(credentials),
            holders: BTreeMap::new(),
            idle: Vec::new(),
            attempts: JoinSet::new(),
            listings: JoinSet::new(),
            noted: BTreeSet::new(),
            begun: Instant::now(),
        }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.credentials.user
    }

    /// The jobs of all holders that answered, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<ListedJob> {
        let lists = self
            .believed()
            .filter_map(|(node, holder)| match &holder.state {
                State::Open(_, jobs) => Some((*node, jobs.clone())),
                _ => None,
            });
        let listed = |(node, summary): (NodeId, JobSummary)| {
            let holder = self.holders.get(&node);
            let unlocked = holder.is_some_and(|holder| match &holder.state {
                State::Open(session, _) => session.is_unlocked(summary.job),
                _ => false,
            });
            ListedJob {
                holder: node,
                holder_name: holder.and_then(|holder| holder.found.name()),
                pin_missing: summary.needs_pin && !unlocked,
                summary,
            }
        };
        printer::merge(lists.collect())
            .into_iter()
            .map(listed)
            .collect()
    }

    /// Every holder that is said to have jobs of the user, and what is the matter with it.
    #[must_use]
    pub fn holders(&self) -> Vec<VisitedHolder> {
        let visited = |(node, holder): (&NodeId, &Holder<N>)| VisitedHolder {
            holder: *node,
            name: holder.found.name(),
            advertised_at: holder.found.said_at(),
            trouble: match &holder.state {
                State::Open(..) => None,
                State::Trying(reached, _) if reached.load(Ordering::Relaxed) => {
                    Some(HolderTrouble::Slow)
                }
                State::Trying(..) => Some(HolderTrouble::Unreachable),
                State::Failed(trouble) => Some(trouble.clone()),
            },
        };
        self.believed()
            .filter(|(_, holder)| holder.found.holds())
            .map(visited)
            .collect()
    }

    /// Whether the user is who the PIN is to prove, by the word of at least one holder. Where the
    /// site asks for no PIN, nobody has to say so.
    ///
    /// # Errors
    /// [`NotLetIn`]; whatever else the visit found is not to be shown then.
    pub fn admission(&self) -> Result<(), NotLetIn> {
        let states = || self.believed().map(|(_, holder)| &holder.state);
        if self.is_let_in() {
            return Ok(());
        }
        let mut retry_after = None;
        let mut refused = self.credentials.pin.is_some();
        for state in states() {
            match state {
                State::Failed(HolderTrouble::Denied { retry_after: wait }) => {
                    refused = true;
                    retry_after = retry_after.max(Some(*wait).filter(|wait| !wait.is_zero()));
                }
                State::Failed(HolderTrouble::WrongPin) => refused = true,
                _ => {}
            }
        }
        if refused {
            Err(NotLetIn { retry_after })
        } else {
            Ok(())
        }
    }

    /// Whether any holder let the user in.
    fn is_let_in(&self) -> bool {
        self.believed()
            .any(|(_, holder)| matches!(holder.state, State::Open(..)))
    }

    /// The denials that this was not asked for before.
    pub(super) fn new_denials(&mut self) -> Vec<(NodeId, HolderTrouble)> {
        let denials: Vec<_> = self
            .denials()
            .filter(|(node, _)| !self.noted.contains(node))
            .map(|(node, trouble)| (node, trouble.clone()))
            .collect();
        self.noted.extend(denials.iter().map(|(node, _)| *node));
        denials
    }

    /// The holders that did not let the user in, and what they said.
    pub(super) fn denials(&self) -> impl Iterator<Item = (NodeId, &HolderTrouble)> {
        self.believed()
            .filter_map(|(node, holder)| match &holder.state {
                State::Failed(
                    trouble @ (HolderTrouble::WrongPin | HolderTrouble::Denied { .. }),
                ) => Some((*node, trouble)),
                _ => None,
            })
    }

    /// Whether everybody who could be asked has answered, so that the list is all there is.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.search.is_none() && self.attempts.is_empty()
    }

    /// The session with the holder, and the job as that holder listed it.
    pub(super) fn listed(
        &self,
        holder: NodeId,
        job: JobId,
    ) -> Option<(Arc<HolderSession<N>>, &JobSummary)> {
        let (_, found) = self.believed().find(|(node, _)| **node == holder)?;
        match &found.state {
            State::Open(session, jobs) => jobs
                .iter()
                .find(|listed| listed.job == job)
                .map(|summary| (Arc::clone(session), summary)),
            _ => None,
        }
    }

    /// Keeps the sessions open for as long as it is waited for: while one job prints, or waits for
    /// paper, nothing else is asked of the holders of the others.
    pub(super) async fn keep_open(&self) -> Infallible {
        let mut ticks = interval_at(Instant::now() + SESSION_KEEP, SESSION_KEEP);
        loop {
            ticks.tick().await;
            self.keep().await;
        }
    }

    /// Keeps the sessions open that are open now.
    pub async fn keep(&self) {
        let sessions = self
            .holders
            .iter()
            .filter_map(|(node, holder)| match &holder.state {
                State::Open(session, _) => Some((node, session)),
                _ => None,
            });
        let kept = sessions.map(|(holder, session)| async move {
            if let Err(error) = session.keep().await {
                tracing::debug!(%holder, error = %error.in_full(), "could not send a keep-alive");
            }
        });
        futures::future::join_all(kept).await;
    }

    /// Whether a computer of the user's own checked the PIN, so that it can vouch for the user.
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        !self.vouchers().is_empty()
    }

    /// The sessions with the user's own computers that checked the PIN.
    pub(super) fn vouchers(&self) -> Vec<Arc<HolderSession<N>>> {
        let own = self
            .believed()
            .filter(|(_, holder)| self.credentials.pin.is_some() && holder.found.is_delegated());
        own.filter_map(|(_, holder)| match &holder.state {
            State::Open(session, _) => Some(Arc::clone(session)),
            _ => None,
        })
        .collect()
    }

    /// Whether a holder is still being asked.
    #[must_use]
    pub fn is_trying(&self, holder: NodeId) -> bool {
        let state = self.holders.get(&holder).map(|holder| &holder.state);
        matches!(state, Some(State::Trying(..)))
    }

    /// Ends the visit as dropping it does, and waits until the holders have heard of it.
    pub async fn close(mut self) {
        self.attempts.abort_all();
        self.listings.abort_all();
        let sessions = std::mem::take(&mut self.holders)
            .into_values()
            .filter_map(|holder| match holder.state {
                State::Open(session, _) => Arc::into_inner(session),
                _ => None,
            });
        futures::future::join_all(
            sessions.map(|session| async move { drop(session.close().await) }),
        )
        .await;
    }

    /// Holders whose right to hold the authority's entry does not deny.
    fn believed(&self) -> impl Iterator<Item = (&NodeId, &Holder<N>)> {
        let entry = match &self.entry {
            Entry::Known(Some(entry)) => Some(entry),
            _ => None,
        };
        self.holders
            .iter()
            .filter(move |(_, holder)| entry.is_none_or(|entry| holder.found.agrees_with(entry)))
    }

    // Gathering -------------------------------------------------------------------------------

    /// Waits until everybody has answered who will soon; see the limits above.
    pub(crate) async fn gather(&mut self) {
        self.gather_while(|_| true).await;
    }

    /// Waits until the first holder has let the user in, or as [`Visit::gather`] does.
    pub(super) async fn gather_first(&mut self) {
        self.gather_while(|visit| !visit.is_let_in()).await;
    }

    async fn gather_while(&mut self, wanting: impl Fn(&Self) -> bool) {
        let latest = Instant::now() + VISIT_PATIENCE;
        let mut answered: Option<Instant> = None;
        while !self.is_complete() && wanting(self) {
            let until = self
                .patience(answered)
                .map_or(latest, |patience| patience.min(latest));
            match self.step(until).await {
                Gathered::Answered => drop(answered.get_or_insert_with(Instant::now)),
                Gathered::Changed => {}
                // Somebody may have been reached meanwhile: look again before giving up.
                Gathered::Waited => {
                    let until = self
                        .patience(answered)
                        .map_or(latest, |patience| patience.min(latest));
                    if Instant::now() >= until {
                        break;
                    }
                }
            }
        }
        self.hear_entry().await;
    }

    /// Waits until something of the visit changes; says whether anything did, which it does not
    /// when everybody has answered. May be dropped and called again.
    pub async fn more(&mut self) -> bool {
        if self.is_complete() && self.listings.is_empty() {
            return false;
        }
        let patience = Instant::now() + VISIT_PATIENCE;
        self.step(patience).await;
        true
    }

    /// Asks a holder that let the user in for its jobs once more; they come with [`Visit::more`].
    pub fn list_again(&mut self, holder: NodeId) {
        if self.listings.len() < HOLDERS
            && let Some(Holder {
                state: State::Open(session, _),
                ..
            }) = self.holders.get(&holder)
        {
            let session = Arc::clone(session);
            self.listings.spawn(async move {
                let listing = timeout(HOLDER_PATIENCE, session.list()).await;
                let late = || AskError::Link(LinkError::Frame(FrameError::Timeout));
                (holder, listing.map_err(|_| late()).and_then(|jobs| jobs))
            });
        }
    }

    /// One thing that happens, or `until`. May be dropped and called again.
    async fn step(&mut self, until: Instant) -> Gathered {
        let quiet = self.begun + QUIET;
        tokio::select! {
            biased;
            found = next(&mut self.search), if self.search.is_some() => {
                match found {
                    Some(found) => self.take_found(found),
                    None => {
                        self.search = None;
                        self.ask_idle();
                    }
                }
                Gathered::Changed
            }
            () = sleep_until(quiet), if self.is_quiet() => {
                self.ask_idle();
                Gathered::Changed
            }
            Some(ended) = self.attempts.join_next(), if !self.attempts.is_empty() => {
                let there = ended.is_ok_and(|(holder, attempt)| self.take_attempt(holder, attempt));
                if there { Gathered::Answered } else { Gathered::Changed }
            }
            Some(ended) = self.listings.join_next(), if !self.listings.is_empty() => {
                if let Ok((holder, listing)) = ended {
                    self.take_listing(holder, listing);
                }
                Gathered::Changed
            }
            entry = asked(&mut self.entry), if matches!(self.entry, Entry::Asked(_)) => {
                self.entry = Entry::Known(entry.map(Box::new));
                Gathered::Changed
            }
            () = sleep_until(until) => Gathered::Waited,
        }
    }

    fn take_listing(&mut self, node: NodeId, listing: Result<Vec<JobSummary>, AskError>) {
        let Some(holder) = self.holders.get_mut(&node) else {
            return;
        };
        match (listing, &mut holder.state) {
            (Ok(listed), State::Open(_, jobs)) => *jobs = listed,
            (Err(error), State::Open(..)) => {
                let trouble = HolderTrouble::from(error);
                tracing::debug!(holder = %node, trouble = %trouble.in_full(), "a holder disconnected during a visit");
                holder.state = State::Failed(trouble);
            }
            _ => {}
        }
    }

    /// The authority's word is worth a moment: by it, holders are believed or not.
    async fn hear_entry(&mut self) {
        if let Entry::Asked(_) = self.entry
            && let Ok(entry) = timeout(GRACE, asked(&mut self.entry)).await
        {
            self.entry = Entry::Known(entry.map(Box::new));
        }
    }

    /// Until when to wait, if somebody has answered.
    fn patience(&self, answered: Option<Instant>) -> Option<Instant> {
        answered.map(|first| {
            first
                + if self.waits_for_somebody_reached() {
                    REACHED_GRACE
                } else {
                    GRACE
                }
        })
    }

    fn waits_for_somebody_reached(&self) -> bool {
        self.holders.values().any(|holder| {
            matches!(&holder.state, State::Trying(reached, _) if reached.load(Ordering::Relaxed))
        })
    }

    /// Whether all that was found so far are computers that hold nothing.
    fn is_quiet(&self) -> bool {
        self.search.is_some() && self.holders.is_empty() && !self.idle.is_empty()
    }

    /// Has the PIN checked by computers that hold nothing, if there is nobody else to ask.
    fn ask_idle(&mut self) {
        if self.holders.is_empty() && self.credentials.pin.is_some() {
            for found in std::mem::take(&mut self.idle) {
                self.attempt(found.holder(), found);
            }
        } else {
            self.idle.clear();
        }
    }

    fn take_found(&mut self, found: FoundHolder) {
        let node = found.holder();
        if !found.holds() {
            self.idle.retain(|idle| idle.holder() != node);
            if self.idle.len() < HOLDERS {
                self.idle.push(found);
            }
            return;
        }
        let again = match self.holders.get(&node).map(|holder| &holder.state) {
            None => self.holders.len() < HOLDERS,
            Some(State::Failed(HolderTrouble::Unreachable)) => true,
            // Its newer addresses are tried if the ones being tried lead nowhere.
            Some(State::Trying(..)) => {
                if let Some(holder) = self.holders.get_mut(&node) {
                    holder.found = found;
                }
                return;
            }
            Some(_) => false,
        };
        if again {
            self.attempt(node, found);
        }
    }

    fn attempt(&mut self, node: NodeId, found: FoundHolder) {
        let reached = Arc::new(AtomicBool::new(false));
        let addresses = found.addresses();
        let route = Route {
            network: self.network.clone(),
            holder: node,
            addresses: addresses.clone(),
        };
        let mut link = Link::new(route);
        let (printer, credentials, flag) = (
            self.printer,
            Arc::clone(&self.credentials),
            Arc::clone(&reached),
        );
        let patience = self.holder_timeout;
        self.attempts.spawn(async move {
            let login = async {
                link.connect().await?;
                flag.store(true, Ordering::Relaxed);
                HolderSession::login(link, printer, &credentials).await
            };
            let attempt = async {
                let session = timeout(patience, login).await.map_err(|_| late(&flag))??;
                let listing = timeout(HOLDER_PATIENCE, session.list()).await;
                let jobs = listing.map_err(|_| late(&flag))??;
                Ok((session, jobs))
            };
            (node, attempt.await)
        });
        self.holders.insert(
            node,
            Holder {
                found,
                state: State::Trying(reached, addresses),
            },
        );
    }

    /// Takes what came of talking to a holder; says whether the holder was there at all.
    fn take_attempt(&mut self, node: NodeId, attempt: Attempt<N>) -> bool {
        let Some(holder) = self.holders.get_mut(&node) else {
            return false;
        };
        let trouble = match attempt {
            Ok((session, jobs)) => {
                holder.state = State::Open(Arc::new(session), jobs);
                return true;
            }
            Err(error) => HolderTrouble::from(error),
        };
        let tried = match &holder.state {
            State::Trying(_, addresses) => Some(addresses),
            _ => None,
        };
        if trouble == HolderTrouble::Unreachable
            && tried.is_some_and(|tried| *tried != holder.found.addresses())
        {
            let found = holder.found.clone();
            self.attempt(node, found);
            return false;
        }
        let there = trouble != HolderTrouble::Unreachable;
        tracing::debug!(holder = %node, trouble = %trouble.in_full(), "could not list a holder's jobs");
        holder.state = State::Failed(trouble);
        there
    }
}

/// What a holder that ran out of time is taken for.
fn late(reached: &AtomicBool) -> AskError {
    AskError::Link(if reached.load(Ordering::Relaxed) {
        LinkError::Frame(FrameError::Timeout)
    } else {
        LinkError::Mesh(MeshError::Timeout)
    })
}

async fn next(search: &mut Option<Search>) -> Option<FoundHolder> {
    match search {
        Some(search) => search.next().await,
        None => None,
    }
}

/// Waits for the entry. May be dropped and called again.
async fn asked(entry: &mut Entry) -> Option<Signed<UserEntry>> {
    match entry {
        Entry::Asked(asked) => asked.await.ok().flatten(),
        Entry::Known(known) => known.take().map(|known| *known),
    }
}

impl From<AskError> for HolderTrouble {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Link(LinkError::Mesh(_)) => Self::Unreachable,
            AskError::Link(LinkError::Frame(FrameError::Timeout)) => Self::Slow,
            AskError::Session(SessionError::WrongPin) => Self::WrongPin,
            AskError::Session(SessionError::Denied { retry_after }) => Self::Denied { retry_after },
            error => Self::Failed(error.in_full().to_string()),
        }
    }
}
