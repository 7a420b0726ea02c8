//! Watches a mailbox for wakes or for documents, for as long as it is let.
//!
//! What comes is handed over, one mail after another, and whoever takes it says what becomes of the mail. One that has
//! done its work is deleted, or moved to another folder. Of a mailbox that is watched for wakes all other mails are left as
//! they are: a person may have it, too, and so may another computer; where an IMAP server cannot delete one mail alone
//! (UIDPLUS, RFC 4315), it is marked as deleted. One that is watched for documents is for nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::account::Account;
use crate::error::MailError;
use crate::message::{self, Found};
use crate::trust::Trust;
use crate::{imap, pop3};

/// The longest mail that is read for its documents, in bytes as they come.
pub const LONGEST: usize = 40 * 1024 * 1024;
/// A mailbox that was open for as long is none that fails at once.
const HELD: Duration = Duration::from_secs(60);

/// How a mailbox is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// IMAP4rev1 (RFC 3501): the server says that a mail came, if it knows IDLE (RFC 2177).
    #[default]
    Imap,
    /// POP3 (RFC 1939): the server is asked again and again.
    Pop3,
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mailbox {
    /// Where it is and what opens it.
    pub account: Account,
    /// How it is read.
    #[serde(default)]
    pub protocol: Protocol,
    /// The folder in which mails arrive. POP3 has one.
    #[serde(default = "inbox")]
    pub folder: String,
    /// The folder to which mails are moved that have done their work, such as `Papermesh/seen`; without one they are
    /// deleted. Not with POP3.
    #[serde(default)]
    pub keep: Option<String>,
}

fn inbox() -> String {
    "INBOX".to_owned()
}

/// How often what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a server is asked that does not say by itself that a mail came.
    pub poll: Duration,
    /// How often the server is told to go on saying so. Many end what lasts for half an hour, and home routers forget
    /// a connection after ten minutes without a word.
    pub renew: Duration,
    /// Whether the server is let say so.
    pub idle: bool,
    /// How long to wait after a failure; four times as long after each further one,
    pub retry: Duration,
    /// up to this. A server that was told a wrong password too often may close the account.
    pub retry_longest: Duration,
}

impl Pace {
    /// The pause after a failure, and the next one after that; `held` is how long the mailbox was open before.
    fn pauses(&self, pause: Duration, held: Option<Duration>) -> (Duration, Duration) {
        let pause = match held {
            Some(held) if held >= HELD => self.retry,
            _ => pause,
        };
        (pause, (pause * 4).min(self.retry_longest))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(60),
            renew: Duration::from_secs(9 * 60),
            idle: true,
            retry: Duration::from_secs(5),
            retry_longest: Duration::from_secs(15 * 60),
        }
    }
}

/// How it stands with a mailbox.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What is being done.
    pub state: State,
    /// Mails that were handed over.
    pub taken: u64,
    /// Mails that looked like what is wanted and were not.
    pub others: u64,
    /// Mails that looked like it and were too long to be read.
    pub too_long: u64,
    /// Mails that the server did not give, or did not let be put away.
    pub left: u64,
}

impl Status {
    /// Whether the mailbox is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Told | State::Asking)
    }
}

/// What is being done with a mailbox.
#[derive(Clone, Debug, Default)]
pub enum State {
    /// The server is being connected to.
    #[default]
    Connecting,
    /// The mailbox is open, and the server says when a mail comes.
    Told,
    /// The server is asked again and again.
    Asking,
    /// It does not work. It is tried again later.
    Down(Arc<MailError>),
}

/// What a mailbox is watched for, and who is given it. Where that is slow, the mailbox is read slowly.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Mails that carry a wake. The newest are worth most and are read first.
    Wakes(mpsc::Sender<Carried>),
    /// All mails, because they may carry documents. Those that came first are read first.
    Documents(mpsc::Sender<Arrived>),
}

/// What a mail carried.
#[derive(Debug)]
pub struct Carried {
    /// The part, which nobody has judged.
    pub part: Vec<u8>,
    /// To be told whether it is meant for whoever took it, whatever comes of it. Without an answer it is not.
    pub is_mine: oneshot::Sender<bool>,
}

/// A mail, as anybody may have written it.
#[derive(Debug)]
pub struct Arrived {
    /// Its bytes, at most [`LONGEST`], or as many of them as its head may have.
    pub mail: Vec<u8>,
    /// Which of its bytes these are.
    pub extent: Extent,
    /// To be told what becomes of it. Without an answer it is read again later.
    pub fate: oneshot::Sender<Fate>,
}

/// How much of a mail there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Its beginning, of a long one: so that nothing more of it is read if that is not wanted.
    Beginning,
    /// Its beginning, and there will be no more: it is too long.
    TooLong,
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has done its work.
    Done,
    /// It stays as it is, and is not read again while the connection lasts.
    Left,
    /// The rest of it is wanted, of which this was the beginning.
    Wanted,
    /// It cannot be taken now. It is read again after a pause, and so is what came after it.
    Later,
}

/// After this time what was left is looked at again, if nothing else makes it be: something may have passed. It is less
/// than whoever takes documents remembers them for, so that none of them is new.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(12 * 60 * 60);

/// In which order the mails of a mailbox are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// The newest first, and of too many the others never.
    Newest,
    /// The oldest first, and all of them.
    Oldest,
}

impl Purpose {
    /// The longest mail that is read, in bytes.
    pub(crate) const fn longest(&self) -> usize {
        match self {
            Self::Wakes(_) => message::MAIL,
            Self::Documents(_) => LONGEST,
        }
    }

    pub(crate) const fn first(&self) -> First {
        match self {
            Self::Wakes(_) => First::Newest,
            Self::Documents(_) => First::Oldest,
        }
    }

    /// Whether the rest of a long mail is read only after its beginning was wanted.
    pub(crate) const fn judges_heads(&self) -> bool {
        matches!(self, Self::Documents(_))
    }

    /// What an IMAP server is asked to look for (RFC 3501 §6.4.4).
    pub(crate) fn search(&self) -> String {
        match self {
            Self::Wakes(_) => format!("SUBJECT \"{}\"", message::SUBJECT),
            Self::Documents(_) => "ALL".to_owned(),
        }
    }

    async fn closed(&self) {
        match self {
            Self::Wakes(found) => found.closed().await,
            Self::Documents(found) => found.closed().await,
        }
    }
}

/// Watches one mailbox.
pub struct Watcher {
    /// Which one.
    pub mailbox: Mailbox,
    /// By whom its server is believed.
    pub trust: Trust,
    /// How often what is done.
    pub pace: Pace,
    /// What for.
    pub purpose: Purpose,
    /// Is told how it stands.
    pub status: watch::Sender<Status>,
}

impl Watcher {
    /// Watches, until nobody takes what it finds.
    pub async fn run(self) {
        let purpose = self.purpose.clone();
        tokio::select! {
            () = purpose.closed() => {}
            never = self.keep_on() => match never {},
        }
    }

    async fn keep_on(self) -> Infallible {
        let this = Arc::new(self);
        let mut pause = this.pace.retry;
        loop {
            this.say(State::Connecting);
            // A task of its own: what a hostile server does to a library ends that and not the watching.
            let mut session = JoinSet::new();
            session.spawn(this.clone().once());
            let mut status = this.status.subscribe();
            let mut opened = None;
            let ended = loop {
                let opening = async { status.wait_for(Status::is_open).await.is_ok() };
                tokio::select! {
                    ended = session.join_next() => break ended,
                    true = opening, if opened.is_none() => opened = Some(Instant::now()),
                }
            };
            let error = match ended {
                Some(Ok(Err(error))) => error,
                Some(Ok(Ok(never))) => match never {},
                Some(Err(_)) | None => MailError::Confused {
                    server: this.mailbox.account.server.clone(),
                    why: "its answer could not be read".to_owned(),
                },
            };
            let held = opened.map(|opened| opened.elapsed());
            let (now, next) = this.pace.pauses(pause, held);
            tracing::debug!(%error, "the mailbox is not watched");
            this.say(State::Down(Arc::new(error)));
            sleep(now).await;
            pause = next;
        }
    }

    async fn once(self: Arc<Self>) -> Result<Infallible, MailError> {
        match self.mailbox.protocol {
            Protocol::Imap => imap::watch(&self).await,
            Protocol::Pop3 => pop3::watch(&self).await,
        }
    }

    pub(crate) fn say(&self, state: State) {
        self.status.send_modify(|status| status.state = state);
    }

    /// Hands over a mail, or as much of it as was read, and tells what becomes of it.
    pub(crate) async fn take(&self, mail: Vec<u8>, extent: Extent) -> Fate {
        match &self.purpose {
            Purpose::Wakes(_) if extent != Extent::Whole => {
                self.skip();
                Fate::Left
            }
            Purpose::Wakes(found) => match message::find(&mail) {
                Found::Wake(part) => {
                    let (is_mine, answer) = oneshot::channel();
                    let is_taken = found.send(Carried { part, is_mine }).await.is_ok();
                    self.count(is_taken);
                    match answer.await {
                        Ok(true) => Fate::Done,
                        Ok(false) | Err(_) => Fate::Left,
                    }
                }
                Found::Other => {
                    self.status.send_modify(|status| status.others += 1);
                    Fate::Left
                }
            },
            Purpose::Documents(found) => {
                let (fate, answer) = oneshot::channel();
                let arrived = Arrived { mail, extent, fate };
                let is_taken = found.send(arrived).await.is_ok();
                let fate = answer.await.unwrap_or(Fate::Later);
                self.count(is_taken && fate != Fate::Wanted);
                fate
            }
        }
    }

    fn count(&self, is_taken: bool) {
        self.status
            .send_modify(|status| status.taken += u64::from(is_taken));
    }

    /// Counts a mail that the server keeps where it is, and notes what it said.
    pub(crate) fn leave(&self, error: &MailError) {
        tracing::warn!(%error, "a mail is left where it is");
        self.status.send_modify(|status| status.left += 1);
    }

    /// Counts a mail that is not read because it is too long.
    pub(crate) fn skip(&self) {
        self.status.send_modify(|status| status.too_long += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_lets_in_and_hangs_up_is_asked_ever_more_seldom() {
        let pace = Pace::default();
        let mut pause = pace.retry;
        for held in [None, Some(Duration::ZERO), Some(HELD / 2)] {
            let (now, next) = pace.pauses(pause, held);
            assert_eq!((now, next), (pause, 4 * pause));
            pause = next;
        }
        let far = pace.pauses(pace.retry_longest, None);
        assert_eq!(far, (pace.retry_longest, pace.retry_longest));
        let held = pace.pauses(pause, Some(HELD));
        assert_eq!(held, (pace.retry, 4 * pace.retry));
    }
}
