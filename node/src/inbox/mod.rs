//! Documents that come by mail: who sent them, what of them is held, and what is answered.
//!
//! A mail counts if its sender is proven by the mailbox's server ([`papermesh_mail::sender`]), and the address belongs to
//! a user whose jobs this computer holds. All other mails are dropped: nobody is answered, since who wrote them is not
//! known, and why is counted and in the audit log, some of them an hour. What is sent so is held like
//! anything that is printed here, and comes out only when its sender releases it.
//!
//! - [`answer`]: what the sender is told
//! - `parcel`: what a mail brings; `desk`: what holding it is made of
//!
//! Not here: the mailbox, and sending the answer. Whoever has both calls [`Inbox::take`], sends what is to be said, calls
//! [`Inbox::done`], and lets the mail be deleted then.

pub(crate) mod answer;
mod desk;
mod parcel;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use papermesh_convert::Converter;
use papermesh_convert::mail::{self, ContentsError, OpenError};
use papermesh_mail::head::{Head, MessageId};
use papermesh_mail::sender::{self, SenderError};
use papermesh_mail::watch::{Extent, LONGEST};
use papermesh_mesh::Membership;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_services::audit::Audit;
use papermesh_services::holder::{Holder, SubmitError};
use papermesh_services::local_users::LocalUsers;
use papermesh_services::local_users::addresses::AddressView;
use papermesh_services::mailed::noted::Noted;
use papermesh_services::mailed::once::{self, Mail, Names};
use papermesh_services::mailed::options;
use papermesh_services::network::Network;
use papermesh_services::rate_window::RateWindow;
use papermesh_store::offload::offload;
use papermesh_store::{MailedKey, Store, StoreError};

use crate::config::AuthservId;
use crate::pages::{Language, Words};
use answer::{Answer, DocumentTold, Told};
use desk::Desk;
use parcel::{Paper, Parcel, apart};

/// Answers to one user within an hour that say that all is held, and others.
const ANSWERS: u32 = 20;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Mails of one user within a day.
const MAILS: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Answers that could not be sent that are remembered.
const UNANSWERED: usize = 1000;

// All that a mailbox gives can be opened.
const _: () = assert!(LONGEST <= mail::MAIL);

/// What it needs.
pub(crate) struct Deps<N> {
    pub(crate) store: Store,
    pub(crate) holder: Holder<N>,
    /// Opens mails.
    pub(crate) converter: Converter,
    pub(crate) local_users: LocalUsers<N>,
    pub(crate) membership: Arc<Membership>,
    /// Names what came.
    pub(crate) names: Names,
    /// Where it is noted what came.
    pub(crate) audit: Audit,
    /// To where documents are sent.
    pub(crate) address: MailAddress,
    /// Whose word is believed on who sent them.
    pub(crate) server: AuthservId,
}

/// What came so far, since the node started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Mails of users that were taken.
    pub(crate) taken: u64,
    /// Documents that are held, or were.
    pub(crate) held: u64,
    /// Mails that were dropped, by why.
    pub(crate) dropped: BTreeMap<String, u64>,
    /// Mails on which the mailbox's server did not say anything, while it has not done so for any.
    pub(crate) unlooked: u64,
    /// When answers could not be sent, within the last day, of too many the last ones.
    pub(crate) unanswered: VecDeque<Instant>,
    /// Whether the mailbox's server said something of any mail.
    is_judged: bool,
}

impl Counts {
    fn unanswered(&mut self, now: Instant) {
        self.forget(now);
        if self.unanswered.len() >= UNANSWERED {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(now);
    }

    fn forget(&mut self, now: Instant) {
        self.unanswered
            .retain(|at| now.saturating_duration_since(*at) < DAY);
    }
}

/// Why a mail is dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Dropped {
    /// Its header has no end, or too late a one.
    #[error("its header cannot be read")]
    Head,
    /// It is not known who sent it.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// Somebody else sent it.
    #[error("its sender is nobody whose jobs are held here")]
    Stranger,
    /// The user may not print.
    #[error("its sender is disabled")]
    Disabled,
    /// It came before.
    #[error("it came before")]
    Before,
}

/// A mail cannot be taken now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InboxError {
    /// What was written down cannot be read, or nothing can be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be opened now.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A document cannot be held now.
    #[error(transparent)]
    Hold(SubmitError),
}

impl InboxError {
    /// Whether it passes, and concerns all mails. Others are about one mail or its user, and those behind it must not wait.
    pub(crate) fn passes(&self) -> bool {
        match self {
            // A disk that is full or broken shows as any of the others.
            Self::Store(error) => !matches!(
                error,
                StoreError::TooMany { .. }
                    | StoreError::TooLarge { .. }
                    | StoreError::Row { .. }
                    | StoreError::Job { .. }
                    | StoreError::Offset { .. }
            ),
            Self::Open(_) | Self::Hold(SubmitError::Busy) => true,
            Self::Hold(_) => false,
        }
    }
}

impl Remedy for InboxError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Open(error) => error.remedy(),
            Self::Hold(error) => error.remedy(),
        }
    }
}

/// What came of a mail.
pub(crate) enum Outcome {
    /// It is nobody's here, or came before.
    Dropped,
    /// It stays: whether the mailbox's server looks at mails at all is not known yet.
    Left,
    /// The rest of it is wanted.
    Wanted,
    /// It was taken.
    Taken(Box<Taken>),
}

/// A mail that was taken: its documents are held, or its sender is told why not.
pub(crate) struct Taken {
    /// To whom the answer goes.
    pub(crate) to: MailAddress,
    /// What it answers.
    pub(crate) head: Head,
    /// The answer; none if its sender had so many of them.
    pub(crate) answer: Option<Answer>,
    /// Names the mail.
    pub(crate) key: MailedKey,
    user: UserId,
    /// Whether it is remembered that it came: of too many it is not.
    is_remembered: bool,
}

/// Takes mails, one after another.
pub(crate) struct Inbox<N> {
    deps: Deps<N>,
    counts: Arc<Mutex<Counts>>,
    noted: Noted,
    answers: RateWindow<UserId>,
    refusals: RateWindow<UserId>,
    mails: RateWindow<UserId>,
    /// The mail that was counted last, and whether it was one too many: one that comes again because it could not be taken
    /// is the same.
    last: Option<(MailedKey, bool)>,
}

/// The counts of an inbox, for others.
#[derive(Clone)]
pub(crate) struct Counted(Arc<Mutex<Counts>>);

impl Counted {
    pub(crate) fn now(&self) -> Counts {
        let mut counts = lock(&self.0);
        counts.forget(Instant::now());
        counts.clone()
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<N: Network> Inbox<N> {
    pub(crate) fn new(deps: Deps<N>) -> Self {
        Self {
            noted: Noted::new(deps.audit.clone()),
            deps,
            counts: Arc::default(),
            answers: RateWindow::new(ANSWERS, HOUR),
            refusals: RateWindow::new(ANSWERS, HOUR),
            mails: RateWindow::new(MAILS, DAY),
            last: None,
        }
    }

    pub(crate) fn counted(&self) -> Counted {
        Counted(Arc::clone(&self.counts))
    }

    /// Takes a mail, or its beginning. Of a long one the beginning is enough to drop it, which nobody then reads.
    ///
    /// # Errors
    /// [`InboxError`]: then it is to be taken again later.
    pub(crate) async fn take(
        &mut self,
        mail: Vec<u8>,
        extent: Extent,
    ) -> Result<Outcome, InboxError> {
        let mail = Arc::new(mail);
        let (head, reader, from) = match self.judge(&mail).await? {
            Ok(judged) => judged,
            Err(Dropped::Sender(SenderError::NoResults)) if self.awaits_results() => {
                tracing::warn!(
                    authserv_id = self.deps.server.as_str(),
                    "a mail has no results of the mailbox's server, and none had; it stays there"
                );
                return Ok(Outcome::Left);
            }
            Err(why) => {
                self.drop(&why).await;
                return Ok(Outcome::Dropped);
            }
        };
        let user = reader.user.clone();
        // Without a name it is named by all its bytes.
        if extent == Extent::Beginning && head.id.is_none() {
            return Ok(Outcome::Wanted);
        }
        let Some(key) = self.name(&mail, &head, &user).await else {
            return Ok(Outcome::Left);
        };
        if once::is_done(&self.desk(&user, &[]), key).await? {
            // It is remembered for as long as it comes.
            self.remember(&user, key).await?;
            self.drop(&Dropped::Before).await;
            return Ok(Outcome::Dropped);
        }
        if extent == Extent::Beginning {
            return Ok(Outcome::Wanted);
        }
        let language = reader.language.as_deref().and_then(Language::named);
        let t = language.unwrap_or_default().words();
        let told = self.told(&head, (&user, key), (&mail, extent), t).await?;
        self.note_taken(&user, &told).await;
        let answer = self.answer(&user, t, (&head, &told));
        Ok(Outcome::Taken(Box::new(Taken {
            to: from,
            head,
            answer,
            key,
            user,
            is_remembered: !matches!(told, Told::TooOften),
        })))
    }

    /// Writes down that all is done about a mail. It may be deleted from then on, and not before.
    ///
    /// # Errors
    /// [`InboxError`].
    pub(crate) async fn done(&self, taken: &Taken) -> Result<(), InboxError> {
        if taken.is_remembered {
            self.remember(&taken.user, taken.key).await?;
        }
        let now = self.deps.membership.now();
        let swept = offload(&self.deps.store, move |store| once::sweep(store, now));
        if let Err(error) = swept.await {
            tracing::warn!(%error, "mails of the past cannot be forgotten now");
        }
        Ok(())
    }

    async fn remember(&self, user: &UserId, key: MailedKey) -> Result<(), InboxError> {
        let now = self.deps.membership.now();
        once::done(&self.desk(user, &[]), user, key, now).await
    }

    /// Counts an answer that could not be sent.
    pub(crate) fn unanswered(&self) {
        lock(&self.counts).unanswered(Instant::now());
    }

    /// Names a mail. None if that breaks down.
    async fn name(&self, mail: &Arc<Vec<u8>>, head: &Head, user: &UserId) -> Option<MailedKey> {
        let (mail, id) = (Arc::clone(mail), head.id.clone());
        let (user, names) = (user.clone(), self.deps.names.clone());
        apart(move || names.mail(&user, id.as_ref().map(MessageId::as_str), &mail)).await
    }

    /// The answer, unless its reader had so many of its kind: that something is not held is said even if much was held before.
    fn answer(
        &mut self,
        user: &UserId,
        t: &'static Words,
        (head, told): (&Head, &Told),
    ) -> Option<Answer> {
        let now = self.deps.membership.steady();
        let window = match told.is_all_held() {
            true => &mut self.answers,
            false => &mut self.refusals,
        };
        if !window.count(user.clone(), now) {
            return None;
        }
        let is_last = window.is_used_up(user, now);
        let site = self.deps.membership.state().name.clone();
        Some(answer::write(t, (head, told), site.as_str(), is_last))
    }

    /// Counts a mail of which the mailbox's server said nothing, and tells whether it has said nothing of any.
    fn awaits_results(&self) -> bool {
        let mut counts = lock(&self.counts);
        if !counts.is_judged {
            counts.unlooked += 1;
        }
        !counts.is_judged
    }

    /// Who sent a mail, and from where.
    async fn judge(
        &self,
        mail: &Arc<Vec<u8>>,
    ) -> Result<Result<(Head, AddressView, MailAddress), Dropped>, InboxError> {
        let reading = Arc::clone(mail);
        let Some(head) = apart(move || Head::read(&reading)).await.flatten() else {
            return Ok(Err(Dropped::Head));
        };
        if sender::is_judged(&head, self.deps.server.as_str()) {
            let mut counts = lock(&self.counts);
            (counts.is_judged, counts.unlooked) = (true, 0);
        }
        let from = match sender::proven(&head, self.deps.server.as_str()) {
            Ok(from) => from,
            Err(why) => return Ok(Err(why.into())),
        };
        let Some(reader) = self.deps.local_users.reader_of(&from).await? else {
            return Ok(Err(Dropped::Stranger));
        };
        if self.deps.holder.is_disabled(&reader.user).await {
            return Ok(Err(Dropped::Disabled));
        }
        Ok(Ok((head, reader, from)))
    }

    /// Holds what a mail brings; says what is to be told of it.
    async fn told(
        &mut self,
        head: &Head,
        (user, key): (&UserId, MailedKey),
        (mail, extent): (&Arc<Vec<u8>>, Extent),
        t: &'static Words,
    ) -> Result<Told, InboxError> {
        if self.is_one_too_many(user, key) {
            return Ok(Told::TooOften);
        }
        let options = match options::wanted(self.plus(head), &head.subject) {
            Ok(options) => options,
            Err(why) => return Ok(Told::Options(why)),
        };
        if extent != Extent::Whole {
            return Ok(Told::Contents(ContentsError::TooLarge));
        }
        let title = match head.subject.is_empty() {
            true => t.say("mail-text").into_owned(),
            false => head.subject.clone(),
        };
        let opened = self.deps.converter.open_mail(Arc::clone(mail)).await?;
        let contents = match opened {
            Ok(contents) => contents,
            Err(why) => return Ok(Told::Contents(why)),
        };
        let (whose, names) = (user.clone(), self.deps.names.clone());
        let parcel = apart(move || Parcel::of(contents, (&whose, &names), title)).await;
        let Some(parcel) = parcel else {
            return Ok(Told::Contents(ContentsError::Unreadable));
        };
        let desk = Desk {
            options: &options,
            ..self.desk(user, &parcel.papers)
        };
        let mail = Mail {
            user,
            key,
            documents: &parcel.keys,
        };
        let fates = once::hold(&desk, &mail, self.deps.membership.now()).await?;
        let mut documents: Vec<DocumentTold> = Vec::new();
        for ((paper, fate), key) in parcel.papers.iter().zip(fates).zip(&parcel.keys) {
            // Of one that the mail has twice: what became of the first.
            let mut before = documents.iter().zip(&parcel.keys);
            let first = before.find_map(|(told, first)| (first == key).then_some(told));
            let told = desk.told(paper, fate, first).await?;
            documents.push(told);
        }
        Ok(Told::Documents {
            documents,
            left_out: parcel.left_out,
            is_html: parcel.is_html,
        })
    }

    fn is_one_too_many(&mut self, user: &UserId, key: MailedKey) -> bool {
        let (last, too_many) = self.last.unwrap_or_default();
        if last == key {
            return too_many;
        }
        let now = self.deps.membership.steady();
        let too_many = !self.mails.count(user.clone(), now);
        self.last = Some((key, too_many));
        too_many
    }

    /// What stands behind the plus sign in the address to which a mail goes.
    fn plus<'a>(&self, head: &'a Head) -> Option<&'a str> {
        let own = self.deps.address.mailbox();
        let mut ours = head.recipients.iter().filter(|to| to.mailbox() == own);
        ours.find_map(|to| {
            let (name, _) = to.as_str().rsplit_once('@')?;
            name.split_once('+').map(|(_, plus)| plus)
        })
    }

    fn desk<'a>(&'a self, user: &'a UserId, papers: &'a [Paper]) -> Desk<'a, N> {
        Desk {
            store: &self.deps.store,
            holder: &self.deps.holder,
            user,
            papers,
            options: desk::usual(),
        }
    }

    async fn drop(&mut self, why: &Dropped) {
        tracing::info!(%why, "a mail with documents is dropped");
        *lock(&self.counts)
            .dropped
            .entry(why.to_string())
            .or_default() += 1;
        self.noted.dropped(why, self.deps.membership.steady()).await;
    }

    async fn note_taken(&self, user: &UserId, told: &Told) {
        let (held, all) = told.count();
        {
            let mut counts = lock(&self.counts);
            counts.taken += 1;
            counts.held += held as u64;
        }
        self.noted.taken(user, (held, all)).await;
    }
}
