//! One open page, and what its user is about to do there. The server keeps it, the page only shows it.
//!
//! A request must show two secrets: the page's cookie, which no script can read, and its token,
//! which is in the page alone. So a second window of the same browser, a page that was loaded again
//! and a page in the history show nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::commands::{PortalCommand, Remark, Typed, Wished};
use super::export::Export;
use super::limits;
use super::links::Whose;
use super::proof::{Code, Proof};
use super::section::Section;
use super::ticket::Ticket;
use crate::pages::{Language, Theme, Token};

/// A page that is open.
pub(super) struct Session {
    /// In its addresses; no secret.
    pub(super) id: String,
    /// Whose it is, for as long as it is open.
    pub(super) whose: Whose,
    state: Mutex<State>,
    /// Counts what happened that the page may show.
    news: watch::Sender<u64>,
    /// The page is closed for good.
    pub(super) closed: CancellationToken,
}

/// How the page is, and what it shows.
pub(super) struct State {
    pub(super) cookie: Token,
    pub(super) token: Token,
    pub(super) language: Language,
    pub(super) theme: Theme,
    pub(super) section: Section,
    /// Rows that are shown.
    pub(super) shown: usize,
    pub(super) ask: Option<Ask>,
    pub(super) remark: Option<Remark>,
    /// A ticket that was made, while it is to be seen.
    pub(super) ticket: Option<Ticket>,
    /// The site as it was exported, while it can be saved.
    pub(super) export: Option<Export>,
    /// What its user has proved.
    pub(super) proof: Proof,
    /// The news that the page has fetched.
    pub(super) fetched: u64,
    /// The stream of news that the page listens to.
    stream: Option<CancellationToken>,
    /// When the page was last heard of, while it listens to no stream.
    heard: Instant,
    /// When its user last did something.
    used: Instant,
}

/// What the user has to decide or to type.
pub(super) enum Ask {
    /// Whether that is meant.
    Sure(PortalCommand),
    /// A proof, for that; the one before may have been wrong.
    Proof {
        command: PortalCommand,
        by: ProofBy,
        wrong: bool,
    },
    /// The password of the document of this job, which is called so.
    Unlock { number: String, title: String },
    /// The digits that a device shows that wants to join.
    Digits,
    /// What is to print for the user outside.
    Share,
    /// The address from which the user mails documents.
    MailAddress,
    /// The code that was mailed to this address.
    MailCode(String),
    /// The line of a gateway.
    Gateway,
    /// Who is to be a user; what was typed before.
    NewUser(Typed),
    /// The number of a user's badge.
    Badge(String),
    /// Which device is to be invited; what was chosen before.
    Invite(Wished),
    /// The passphrase under which the site is exported.
    Export,
}

/// What proves who uses a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofBy {
    /// The code that the terminal shows.
    Code,
    /// The passphrase of the authority key.
    Passphrase,
}

impl Session {
    fn new(id: String, whose: Whose, code: Code, language: Language, now: Instant) -> Self {
        Self {
            id,
            state: Mutex::new(State {
                cookie: Token::random(),
                token: Token::random(),
                language,
                theme: Theme::default(),
                section: Section::first(&whose),
                shown: limits::SHOWN,
                ask: None,
                remark: None,
                ticket: None,
                export: None,
                proof: Proof::new(code),
                fetched: 0,
                stream: None,
                heard: now,
                used: now,
            }),
            whose,
            news: watch::Sender::new(0),
            closed: CancellationToken::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened that the page may show.
    pub(super) fn tell(&self) {
        self.news.send_modify(|news| *news += 1);
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// A stream of news begins; the one before ends.
    pub(super) fn listen(self: &Arc<Self>) -> Listening {
        let ended = self.closed.child_token();
        let before = self.state().stream.replace(ended.clone());
        if let Some(before) = before {
            before.cancel();
        }
        Listening {
            session: Arc::clone(self),
            ended,
        }
    }
}

/// While it exists, the page listens.
pub(super) struct Listening {
    session: Arc<Session>,
    /// Another stream took its place, or the page is closed.
    pub(super) ended: CancellationToken,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.session.state();
        if !self.ended.is_cancelled() {
            state.stream = None;
            state.heard = Instant::now();
        }
    }
}

impl State {
    /// The page fetches something by itself.
    pub(super) fn touch(&mut self) {
        self.heard = Instant::now();
    }

    /// The user does something; what was said before is read.
    pub(super) fn use_it(&mut self) {
        self.heard = Instant::now();
        self.used = self.heard;
        self.remark = None;
    }

    /// The user goes elsewhere.
    pub(super) fn go(&mut self, section: Section) {
        self.section = section;
        self.shown = limits::SHOWN;
        self.ask = None;
        self.put_away();
    }

    /// What was made is seen no more.
    pub(super) fn put_away(&mut self) {
        self.ticket = None;
        self.export = None;
    }

    fn is_over(&self, now: Instant) -> bool {
        let closed = self.stream.is_none() && now.duration_since(self.heard) > limits::GONE;
        closed || now.duration_since(self.used) > limits::IDLE
    }
}

/// The pages, by their ids.
#[derive(Default)]
pub(super) struct Sessions(Mutex<BTreeMap<String, Arc<Session>>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of a page that will be.
    pub(super) fn next() -> String {
        let bytes: [u8; 16] = rand::rng().random();
        HEXLOWER.encode(&bytes)
    }

    /// A new page. If there are too many, the one that was used last the longest ago closes.
    pub(super) fn open(
        &self,
        id: String,
        (whose, code): (Whose, Code),
        language: Language,
    ) -> Arc<Session> {
        let session = Session::new(id.clone(), whose, code, language, Instant::now());
        let session = Arc::new(session);
        let mut all = self.all();
        if all.len() >= limits::SESSIONS {
            let oldest = all.values().min_by_key(|session| session.state().used);
            if let Some(oldest) = oldest.map(|session| session.id.clone()) {
                close(&mut all, &oldest);
            }
        }
        all.insert(id, Arc::clone(&session));
        session
    }

    /// The page with this id.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Session>> {
        self.all().get(id).cloned()
    }

    /// Closes a page.
    pub(super) fn close(&self, id: &str) {
        close(&mut self.all(), id);
    }

    /// Closes pages that nobody looks at or uses any more.
    pub(super) fn pass_time(&self, now: Instant) {
        let mut all = self.all();
        let over: Vec<String> = all
            .values()
            .filter(|session| session.state().is_over(now))
            .map(|session| session.id.clone())
            .collect();
        for id in over {
            close(&mut all, &id);
        }
    }
}

fn close(all: &mut BTreeMap<String, Arc<Session>>, id: &str) {
    if let Some(session) = all.remove(id) {
        session.closed.cancel();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn open(sessions: &Sessions) -> Arc<Session> {
        let whose = Whose::User("charlie".parse().unwrap());
        let code = Code::random(&mut rand::rng());
        sessions.open(Sessions::next(), (whose, code), Language::English)
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_closes_when_nobody_uses_it() {
        let sessions = Sessions::default();
        let (used, left, shut) = (open(&sessions), open(&sessions), open(&sessions));
        let _looked_at = (used.listen(), left.listen());
        let half = limits::IDLE / 2;
        tokio::time::advance(half).await;
        sessions.pass_time(Instant::now());
        assert!(sessions.get(&shut.id).is_none(), "its window was closed");
        used.state().use_it();
        // Fetching is not using.
        left.state().touch();
        tokio::time::advance(half + limits::SWEEP).await;
        sessions.pass_time(Instant::now());
        assert!(sessions.get(&used.id).is_some());
        assert!(sessions.get(&left.id).is_none() && left.closed.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_room_for_so_many() {
        let sessions = Sessions::default();
        let first = open(&sessions);
        for _ in 0..limits::SESSIONS {
            tokio::time::advance(limits::SWEEP).await;
            open(&sessions);
        }
        assert_eq!(sessions.all().len(), limits::SESSIONS);
        assert!(sessions.get(&first.id).is_none());
    }
}
