//! The way of mails out of the gateway: submitted beside all else, and what becomes of each is told to the places.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ed25519_dalek::SigningKey;
use papermesh_mail::submit::Submitter;
use papermesh_mail::{MailError, Trust};
use papermesh_protocol::gateway::wake::Order;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::home::Home;
use crate::ledger::{Ledger, Usage};
use crate::places::Places;
use crate::settings::MailSaid;
use crate::wake::{Call, CallError, Caller, Mail, Wakes};

/// Mails that wait to be sent.
const WAITING: usize = 256;
/// How often it is forgotten what does not count any more.
const FORGET: Duration = Duration::from_secs(60);

/// What sends mails.
pub(crate) struct Post {
    caller: Caller,
    calls: mpsc::Receiver<Call>,
}

/// Makes both ends of the way.
pub(crate) fn open(home: &Home, said: &MailSaid) -> anyhow::Result<(Mail, Post)> {
    let seed = home.key()?;
    let trust = Trust::load(said.authorities(home.path()).as_deref())
        .context("the section mail of gateway.toml")?;
    let (sender, calls) = mpsc::channel(WAITING);
    let mail = Mail {
        gateway: papermesh_pipe::gateway_id(&seed).context("the gateway's key cannot be used")?,
        calls: sender,
        wakes: Wakes::default(),
    };
    let caller = Caller {
        key: SigningKey::from_bytes(&seed),
        from: said.from.clone(),
        submitter: Submitter::new(said.account.clone(), trust),
    };
    Ok((mail, Post { caller, calls }))
}

impl Post {
    /// Sends mails, for as long as it is let run.
    pub(crate) async fn run(self, places: Arc<Places>, ledger: Arc<Ledger>) {
        let (done, mut sent) = mpsc::channel(WAITING);
        let mut forgets = interval(FORGET);
        forgets.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sending = self.caller.run(self.calls, done);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                () = &mut sending => return,
                Some((call, result)) = sent.recv() => note(&places, &ledger, &call, result),
                _ = forgets.tick() => places.forget_mails(clock::moment()),
            }
        }
    }
}

fn note(places: &Places, ledger: &Ledger, call: &Call, sent: Result<(), CallError>) {
    let place = &call.callee.place;
    match sent {
        Ok(()) => {
            tracing::info!(%place, order = ?call.wake.order, "a mail was submitted");
            let used = Usage {
                wakes: u64::from(call.wake.order == Order::Connect),
                ..Usage::default()
            };
            ledger.note(call.at.0, used);
        }
        Err(error) => {
            tracing::warn!(%place, %error, "a mail was not submitted");
            // What is wrong with the server itself is not the mailbox's fault.
            if !matches!(error, CallError::Mail(MailError::Refused { .. })) {
                places.was_not_sent(call);
            }
        }
    }
}
