//! The mailbox by which this node's door is called: read, judged, and the door told.

use std::borrow::Cow;
use std::collections::BTreeSet;

use papermesh_door::Call;
use papermesh_mail::watch::{Carried, Mailbox, Pace, Purpose, Status, Watcher};
use papermesh_mail::{MailError, Trust};
use papermesh_protocol::gateway::message::{Connected, Place};
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{self, Refusal};
use papermesh_protocol::remedy::Remedy;
use papermesh_services::waking::{WakeError, Waking};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::MailAccounts;

/// Mails that wait to be judged.
const WAITING: usize = 16;

/// The accounts that this node has, and by whom their servers are believed.
pub(super) struct MailHere {
    pub(super) accounts: MailAccounts,
    pub(super) trust: Trust,
}

/// The mailbox as the rest of the node sees it.
pub(super) struct MailboxHere {
    status: watch::Receiver<Status>,
}

impl MailboxHere {
    /// How it stands with it.
    pub(super) fn status(&self) -> Status {
        self.status.borrow().clone()
    }
}

/// Mail cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// No server would be believed.
    #[error("the section mail of papermesh.toml: {0}")]
    Mail(#[from] MailError),
    /// Who sends documents could not be answered, and no address be proven.
    #[error("the section mail.hold of papermesh.toml has no account to send answers")]
    NoSend,
    /// Calls would be deleted as what is no document.
    #[error("the sections mail.read and mail.hold.read of papermesh.toml name the same mailbox")]
    SameMailbox,
}

impl Remedy for MailSettingsError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Mail(error) => error.remedy(),
            Self::SameMailbox => {
                Some("make a mailbox of its own for documents, or a folder".into())
            }
            Self::NoSend => Some("add the section mail.send, or mail.hold.send".into()),
        }
    }
}

/// Watches a mailbox, and tells the door who called.
pub(super) fn watch(
    (mailbox, trust): (Mailbox, Trust),
    waking: Waking,
    (places, calls): (watch::Receiver<Vec<Place>>, mpsc::Sender<Call>),
    tasks: &mut JoinSet<()>,
) -> MailboxHere {
    let (found, carried) = mpsc::channel(WAITING);
    let (sender, status) = watch::channel(Status::default());
    let watcher = Watcher {
        mailbox,
        trust,
        pace: Pace::default(),
        purpose: Purpose::Wakes(found),
        status: sender,
    };
    tasks.spawn(watcher.run());
    tasks.spawn(judge(carried, waking, places, calls));
    MailboxHere { status }
}

/// Judges what comes, one letter after another.
async fn judge(
    mut carried: mpsc::Receiver<Carried>,
    mut waking: Waking,
    places: watch::Receiver<Vec<Place>>,
    calls: mpsc::Sender<Call>,
) {
    while let Some(Carried { part, is_mine }) = carried.recv().await {
        let woken = woken(&places.borrow());
        let judged = waking.judge(&part, &woken).await;
        // Another computer may read the same mailbox; and what could not be kept is looked at again later.
        let is_for_here = match &judged {
            Ok(_) => true,
            Err(WakeError::Refused(Refusal::NotForMe)) | Err(WakeError::Store(_)) => false,
            Err(WakeError::Refused(_)) => part.len() <= wake::SEALED,
        };
        // The watching may have ended meanwhile: the mail is looked at again by the next one.
        let _ = is_mine.send(is_for_here);
        match judged {
            Ok(accepted) => {
                tracing::info!(order = ?accepted.order, place = ?accepted.place, "a mail called");
                if calls.send(Call::Wake(Box::new(accepted))).await.is_err() {
                    return;
                }
            }
            Err(WakeError::Refused(why)) => tracing::info!(%why, "a mail that calls is refused"),
            Err(WakeError::Store(error)) => {
                tracing::error!(error = %error.in_full(), "cannot take a mail that calls");
            }
        }
    }
}

/// The places whose door is woken.
fn woken(places: &[Place]) -> BTreeSet<Option<Label>> {
    let woken = places
        .iter()
        .filter(|place| place.connected != Connected::Always);
    woken.map(|place| place.label.clone()).collect()
}
