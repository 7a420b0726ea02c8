//! The mailbox to which users send documents: read, the mails handed to the inbox, its answers sent.

use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_mail::head::Head;
use papermesh_mail::message::Addresses;
use papermesh_mail::notice::{self, Notice};
use papermesh_mail::submit::Submitter;
use papermesh_mail::watch::{Arrived, Fate, Mailbox, Pace, Purpose, Status, Watcher};
use papermesh_mail::{MailError, Trust};
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::network::Network;
use papermesh_store::StoreError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::mailbox::MailSettingsError;
use crate::config::{MailAccounts, MailHold};
use crate::inbox::answer::Answer;
use crate::inbox::{Counted, Counts, Deps, Inbox, InboxError, Outcome, Taken};

/// Mails that wait to be taken: one, so that there are never two in memory that nobody looks at.
const WAITING: usize = 1;
/// How long an answer is tried to be sent. The mail waits for that; longer, and those behind it would wait too long.
const ANSWER: Duration = Duration::from_secs(60);
/// Bytes of a digest that name an answer.
const NAME: usize = 16;

/// The mailbox as the rest of the node sees it.
pub(super) struct MailHoldHere {
    pub(super) address: MailAddress,
    status: watch::Receiver<Status>,
    counted: Counted,
    post: Post,
}

impl MailHoldHere {
    /// How it stands with it.
    pub(super) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// What came so far.
    pub(super) fn counts(&self) -> Counts {
        self.counted.now()
    }

    /// Sends a mail to somebody, who did not write before.
    ///
    /// # Errors
    /// [`MailError`].
    pub(super) async fn send(
        &self,
        to: &MailAddress,
        answer: &Answer,
        wait: Duration,
    ) -> Result<(), MailError> {
        let name: [u8; NAME] = rand::random();
        self.post.send(to, (answer, &name, None), wait).await
    }
}

/// Sends mails in the mailbox's name.
#[derive(Clone)]
struct Post {
    submitter: Submitter,
    from: MailAddress,
}

impl Post {
    async fn send(
        &self,
        to: &MailAddress,
        (answer, name, answers): (&Answer, &[u8], Option<&Head>),
        wait: Duration,
    ) -> Result<(), MailError> {
        let addresses = Addresses::of_program(self.from.as_str(), to.as_str())?;
        let notice = Notice {
            subject: &answer.subject,
            text: &answer.text,
            id: &HEXLOWER.encode(name),
            answers,
        };
        let mail = notice::write(&notice, &addresses)?;
        self.submitter.submit(&mail, &addresses, wait).await
    }
}

/// Watches the mailbox, and takes what comes.
///
/// # Errors
/// [`MailSettingsError::NoSend`], [`MailSettingsError::SameMailbox`].
pub(super) fn watch<N: Network>(
    (accounts, hold): (&MailAccounts, MailHold),
    trust: &Trust,
    deps: Deps<N>,
    tasks: &mut JoinSet<()>,
) -> Result<MailHoldHere, MailSettingsError> {
    let is_same = |read: &Mailbox| {
        let same = |of: &Mailbox| (of.account.server.clone(), of.account.user.clone());
        same(read) == same(&hold.read) && read.folder == hold.read.folder
    };
    if accounts.read.as_ref().is_some_and(is_same) {
        return Err(MailSettingsError::SameMailbox);
    }
    let send = hold.send.or_else(|| accounts.send.clone());
    let post = Post {
        submitter: Submitter::new(send.ok_or(MailSettingsError::NoSend)?, trust.clone()),
        from: hold.address.clone(),
    };
    let (arrived, mails) = mpsc::channel(WAITING);
    let (sender, status) = watch::channel(Status::default());
    let watcher = Watcher {
        mailbox: hold.read,
        trust: trust.clone(),
        pace: Pace::default(),
        purpose: Purpose::Documents(arrived),
        status: sender,
    };
    let inbox = Inbox::new(deps);
    let counted = inbox.counted();
    tasks.spawn(watcher.run());
    tasks.spawn(take(mails, inbox, post.clone()));
    Ok(MailHoldHere {
        address: hold.address,
        status,
        counted,
        post,
    })
}

/// Takes what comes, one mail after another.
async fn take<N: Network>(mut mails: mpsc::Receiver<Arrived>, mut inbox: Inbox<N>, post: Post) {
    while let Some(Arrived { mail, extent, fate }) = mails.recv().await {
        let became = match inbox.take(mail, extent).await {
            Ok(Outcome::Dropped) => Fate::Done,
            Ok(Outcome::Left) => Fate::Left,
            Ok(Outcome::Wanted) => Fate::Wanted,
            Ok(Outcome::Taken(taken)) => finish(&inbox, &taken, &post).await,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "a mail with documents cannot be taken now");
                postponed(&error)
            }
        };
        // The watching may have ended meanwhile: the mail is looked at again by the next one.
        let _ = fate.send(became);
    }
}

/// Answers a mail that was taken, and writes down that it is done. An answer comes again, under the same name, if the node
/// breaks down between the two.
async fn finish<N: Network>(inbox: &Inbox<N>, taken: &Taken, post: &Post) -> Fate {
    if let Some(answer) = &taken.answer {
        let name = taken.key.get(..NAME).unwrap_or_default();
        let sent = post.send(&taken.to, (answer, name, Some(&taken.head)), ANSWER);
        if let Err(error) = sent.await {
            inbox.unanswered();
            tracing::error!(error = %error.in_full(), "a mail with documents cannot be answered");
        }
    }
    match inbox.done(taken).await {
        Ok(()) => Fate::Done,
        // It is not remembered, and done.
        Err(InboxError::Store(StoreError::TooMany { .. })) => Fate::Done,
        Err(error) => {
            tracing::error!(error = %error.in_full(), "cannot write down that a mail is done");
            postponed(&error)
        }
    }
}

/// What becomes of a mail that cannot be taken now. Nothing is lost of it in any case.
fn postponed(error: &InboxError) -> Fate {
    match error.passes() {
        true => Fate::Later,
        false => Fate::Left,
    }
}
