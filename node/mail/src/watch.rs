//! Watches a mailbox for wakes, for as long as it is let.
//!
//! What a mail carries is handed over; if whoever takes it says that it is meant for him, the mail is deleted, or moved to
//! another folder; where an IMAP server cannot delete one mail alone (UIDPLUS, RFC 4315), it is marked as deleted. All
//! other mails are left as they are: a person may have the mailbox, too, and so may another computer.

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
    /// The folder to which wakes are moved that were read, such as `Papermesh/seen`; without one they are deleted. Not
    /// with POP3.
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
    /// Mails that carried a wake and were handed over.
    pub wakes: u64,
    /// Mails that looked like one and carried none.
    pub others: u64,
    /// Mails that looked like one and were too long to be read.
    pub too_long: u64,
}

impl Status {
    fn is_open(&self) -> bool {
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

/// What a mail carried.
#[derive(Debug)]
pub struct Carried {
    /// The part, which nobody has judged.
    pub part: Vec<u8>,
    /// To be told whether it is meant for whoever took it, whatever comes of it. Without an answer it is not.
    pub is_mine: oneshot::Sender<bool>,
}

/// Watches one mailbox.
pub struct Watcher {
    /// Which one.
    pub mailbox: Mailbox,
    /// By whom its server is believed.
    pub trust: Trust,
    /// How often what is done.
    pub pace: Pace,
    /// Gets what mails carry. Where it is slow, the mailbox is read slowly.
    pub found: mpsc::Sender<Carried>,
    /// Is told how it stands.
    pub status: watch::Sender<Status>,
}

impl Watcher {
    /// Watches, until nobody takes what it finds.
    pub async fn run(self) {
        let found = self.found.clone();
        tokio::select! {
            () = found.closed() => {}
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

    /// Hands over what a mail carries. Tells whether it was meant for whoever took it: then the mail has done its work.
    pub(crate) async fn take(&self, mail: &[u8]) -> bool {
        match message::find(mail) {
            Found::Wake(part) => {
                let (is_mine, answer) = oneshot::channel();
                let is_taken = self.found.send(Carried { part, is_mine }).await.is_ok();
                if is_taken {
                    self.status.send_modify(|status| status.wakes += 1);
                }
                answer.await.unwrap_or_default()
            }
            Found::Other => {
                self.status.send_modify(|status| status.others += 1);
                false
            }
        }
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
