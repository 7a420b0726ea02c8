//! The printer's side: a user's visit, and what comes of it on paper.
//!
//! - [`visit`] finds the user's holders, logs in to all of them and lists their jobs.
//! - [`release`] prints one job; [`document`] fetches and opens it, a [device](papermesh_device) makes paper of it.
//! - [`prepare`] makes the document one that the device takes, where it is not.
//! - [`preview`] fetches pictures of first pages.
//! - [`binding`] registers a badge as its user's.
//! - [`direct`] takes jobs that holders send straight here.
//! - [`journal`] remembers across restarts what was begun, [`report`] tells holders late.
//! - [`session`] and [`link`] are the conversation with one holder.
//!
//! The PIN, the session keys and the document live in this node's memory for as long as the visit
//! lasts, and in none of its files.

pub mod release;
pub mod visit;

mod binding;
pub mod direct;
mod document;
mod journal;
mod link;
mod outcome;
mod prepare;
mod preview;
mod report;
mod session;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_convert::Converter;
use papermesh_device::OutputDevice;
use papermesh_mesh::Membership;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::id::{BadgeTag, JobId, NodeId, RecordKey, ReleaseId};
use papermesh_protocol::lookup::{self, BadgeError};
use papermesh_protocol::pin::{KsfMemo, Pin};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Choice, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

pub use binding::BindFailure;
pub use preview::PreviewError;
pub use release::{Ending, ReleaseProgress, ReleaseRequest, ReleaseStep, Released};
pub use session::AskError;
pub use visit::{HolderTrouble, ListedJob, NotLetIn, Visit, VisitedHolder};

use crate::audit::{Audit, Event, Kind};
use crate::directory::Directory;
pub use crate::network::LinkError;
use crate::network::Network;
use crate::policy::{self, LoginRefusal, Shown};
use crate::shares::Shares;
use session::Credentials;
use visit::REFUSAL;

/// Dependencies of a [`Printer`].
pub struct Deps<N> {
    /// Where the journal lies.
    pub store: Store,
    /// How holders are reached.
    pub network: N,
    /// Where they are found.
    pub directory: Directory<N>,
    /// What this node knows of its site.
    pub membership: Arc<Membership>,
    /// Signs receipts.
    pub key: SigningKey,
    /// Where releases are recorded.
    pub audit: Audit,
    /// What makes paper.
    pub device: OutputDevice,
    /// Makes what the device takes of what it does not.
    pub converter: Converter,
    /// Whether a device that takes documents and never says what became of them, such as a raw
    /// port, is believed to print them. Then their jobs are deleted; else they are marked as ones
    /// that may have printed, and stay.
    pub delivered_is_printed: bool,
    /// How long one holder may take to be reached and to let the user in.
    pub holder_timeout: Duration,
}

/// A printer with its device; cheap to clone.
pub struct Printer<N>(Arc<Inner<N>>);

impl<N> Clone for Printer<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    store: Store,
    network: N,
    directory: Directory<N>,
    membership: Arc<Membership>,
    key: SigningKey,
    audit: Audit,
    device: OutputDevice,
    converter: Converter,
    delivered_is_printed: bool,
    holder_timeout: Duration,
    /// Releases under way; whatever else the journal has unsettled is an earlier life's.
    live: std::sync::Mutex<BTreeSet<ReleaseId>>,
    /// One job at a time.
    turn: Mutex<()>,
    /// A holder is to be told late.
    unreported: Notify,
    /// Streams on which holders offer jobs.
    offers: Shares,
}

/// Who stands at the printer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visitor {
    /// Says the user.
    User(UserId),
    /// Says a badge number, as a reader reads it.
    Badge(BadgeNumber),
}

/// Why a visit did not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisitError {
    /// What was shown does not suffice.
    #[error(transparent)]
    Login(#[from] LoginRefusal),
    /// The badge was not read well.
    #[error(transparent)]
    Badge(#[from] BadgeError),
    /// Nobody has this badge.
    #[error("this badge is not registered")]
    UnknownBadge,
}

impl Remedy for VisitError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Login(error) => return error.remedy(),
            Self::UnknownBadge => "ask your admin to register it, or enter your user id",
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl<N: Network> Printer<N> {
    /// A printer with these dependencies. [`Printer::run`] must run beside it.
    #[must_use]
    pub fn new(deps: Deps<N>) -> Self {
        let Deps {
            store,
            network,
            directory,
            membership,
            key,
            audit,
            device,
            converter,
            delivered_is_printed,
            holder_timeout,
        } = deps;
        Self(Arc::new(Inner {
            live: std::sync::Mutex::default(),
            store,
            network,
            directory,
            membership,
            key,
            audit,
            device,
            converter,
            delivered_is_printed,
            holder_timeout,
            turn: Mutex::default(),
            unreported: Notify::new(),
            offers: Shares::new(direct::OFFERS, direct::OFFERS_PER_HOLDER),
        }))
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &OutputDevice {
        &self.0.device
    }

    /// Whether a job is at the device now.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.0.turn.try_lock().is_err()
    }

    /// Notes that a release is under way; at most one is, and some wait.
    fn begin_live(&self, release: ReleaseId) {
        self.0
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(release);
    }

    fn end_live(&self, release: ReleaseId) {
        self.0
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&release);
    }

    fn is_live(&self, release: &ReleaseId) -> bool {
        self.0
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(release)
    }

    /// Whether anybody has this badge who may show it at this site.
    pub async fn knows_badge(&self, number: &BadgeNumber) -> Result<(), VisitError> {
        let inner = &self.0;
        let shown = Shown {
            badge: true,
            pin: true,
        };
        policy::login(inner.membership.state().policy.login, shown)?;
        let tag = lookup::badge_tag(inner.membership.secret(), number)?;
        let known = inner.directory.badge_owner(tag).await;
        known.map(drop).ok_or(VisitError::UnknownBadge)
    }

    /// Lets a user in: finds the holders of the user's jobs, logs in to all at once, and returns
    /// when the list is worth showing. A wrong PIN is no error here, because each holder decides
    /// by itself: see [`Visit::admission`] before anything else of the visit is shown, and
    /// [`Visit::holders`] for each.
    pub async fn visit(&self, who: Visitor, pin: Option<Pin>) -> Result<Visit<N>, VisitError> {
        let begun = Instant::now();
        let mut visit = self.begin(who, pin).await?;
        visit.gather().await;
        self.conclude_login(&mut visit, begun).await;
        Ok(visit)
    }

    /// Lets a user in as [`Printer::visit`] does, and returns as soon as the first holder has let
    /// the user in, or nobody will. The others' jobs come with [`Visit::more`].
    pub async fn receive(&self, who: Visitor, pin: Option<Pin>) -> Result<Visit<N>, VisitError> {
        let begun = Instant::now();
        let mut visit = self.begin(who, pin).await?;
        visit.gather_first().await;
        self.conclude_login(&mut visit, begun).await;
        Ok(visit)
    }

    /// Writes down who did not let the user in and was not written down yet.
    pub async fn note_denials(&self, visit: &mut Visit<N>) {
        for (holder, trouble) in visit.new_denials() {
            let denied = Event::new(Kind::LoginDenied)
                .user(visit.user())
                .peer(holder);
            self.0
                .audit
                .record_best_effort(denied.because(trouble.in_full()))
                .await;
        }
    }

    /// When a member was last connected, as far as this node knows.
    pub async fn last_met(&self, node: NodeId) -> Option<Timestamp> {
        let read = offload(&self.0.store, move |store| store.peers().get(node)).await;
        let known: Result<_, StoreError> = read;
        known.ok().flatten().map(|peer| peer.last_seen)
    }

    /// How a user wanted things printed last at this printer; the default where that is not known.
    pub async fn choice(&self, user: &UserId) -> Choice {
        let (key, now) = (self.choice_key(user), self.now());
        let read = offload(&self.0.store, move |store| store.choices().get(key, now)).await;
        read.unwrap_or_else(|error: StoreError| {
            tracing::warn!(error = %error.in_full(), "could not read a user's last print options");
            Choice::default()
        })
    }

    /// Remembers how a user wants things printed.
    pub async fn remember(&self, user: &UserId, choice: Choice) {
        let (key, now) = (self.choice_key(user), self.now());
        let kept = offload(&self.0.store, move |store| {
            store.choices().put(key, choice, now)
        });
        if let Err(error) = kept.await {
            let error: StoreError = error;
            tracing::warn!(error = %error.in_full(), "could not save a user's print options");
        }
    }

    fn choice_key(&self, user: &UserId) -> RecordKey {
        lookup::user_entry_key(self.0.membership.secret(), user)
    }

    /// The site's name and this printer's.
    #[must_use]
    pub fn names(&self) -> (Name, Name) {
        let membership = &self.0.membership;
        (
            membership.state().name.clone(),
            membership.certificate().name.clone(),
        )
    }

    /// What suffices to log in at this site.
    #[must_use]
    pub fn login_policy(&self) -> LoginPolicy {
        self.0.membership.state().policy.login
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.membership.now()
    }

    async fn begin(&self, who: Visitor, pin: Option<Pin>) -> Result<Visit<N>, VisitError> {
        let inner = &self.0;
        let shown = Shown {
            badge: matches!(who, Visitor::Badge(_)),
            pin: pin.is_some(),
        };
        let (user, badge) = match self.identify(who, shown).await {
            Ok(known) => known,
            // Who is asked for a PIN has tried nothing yet.
            Err(error @ VisitError::Login(LoginRefusal::PinMissing)) => return Err(error),
            Err(error) => {
                let nobody = Event::new(Kind::LoginDenied).because(error.in_full());
                inner.audit.record_best_effort(nobody).await;
                return Err(error);
            }
        };
        let credentials = Credentials {
            user,
            pin,
            badge,
            memo: KsfMemo::new(),
        };
        let node = inner.membership.node();
        Ok(Visit::begin(
            node,
            inner.network.clone(),
            &inner.directory,
            inner.holder_timeout,
            credentials,
        ))
    }

    /// Writes down what came of a login, and keeps the time of a refused one from telling anything.
    async fn conclude_login(&self, visit: &mut Visit<N>, begun: Instant) {
        if visit.admission().is_err() {
            if visit.denials().next().is_none() {
                let nobody = Event::new(Kind::LoginDenied).user(visit.user());
                let why = "no computer was found that could check the PIN";
                self.0.audit.record_best_effort(nobody.because(why)).await;
            }
            sleep_until(begun + REFUSAL).await;
        }
        self.note_denials(visit).await;
    }

    /// Whom somebody claims to be, as far as the site lets it be shown like that.
    async fn identify(
        &self,
        who: Visitor,
        shown: Shown,
    ) -> Result<(UserId, Option<BadgeTag>), VisitError> {
        let inner = &self.0;
        policy::login(inner.membership.state().policy.login, shown)?;
        match who {
            Visitor::User(user) => Ok((user, None)),
            Visitor::Badge(number) => {
                let tag = lookup::badge_tag(inner.membership.secret(), &number)?;
                let user = inner.directory.badge_owner(tag).await;
                Ok((user.ok_or(VisitError::UnknownBadge)?, Some(tag)))
            }
        }
    }

    /// Deletes a job of a visit at its owner's word.
    pub fn delete(
        &self,
        visit: &Visit<N>,
        holder: NodeId,
        job: JobId,
    ) -> impl Future<Output = Result<(), AskError>> + Send + use<N> {
        let listed = visit.listed(holder, job).map(|(session, _)| session);
        let event = Event::new(Kind::Deleted)
            .user(visit.user())
            .job(job)
            .peer(holder);
        let audit = self.0.audit.clone();
        async move {
            let deleted = listed.ok_or_else(no_job)?.delete(job).await;
            audit
                .record_best_effort(outcome_of(event, Kind::Refused, &deleted))
                .await;
            deleted
        }
    }

    /// Exempts a job of a visit from pressure for space, or no longer.
    pub fn protect(
        &self,
        visit: &Visit<N>,
        holder: NodeId,
        job: JobId,
        on: bool,
    ) -> impl Future<Output = Result<(), AskError>> + Send + use<N> {
        let listed = visit.listed(holder, job).map(|(session, _)| session);
        let event = Event::new(Kind::Protected)
            .user(visit.user())
            .job(job)
            .peer(holder);
        let event = if on {
            event
        } else {
            event.because("not any longer")
        };
        let audit = self.0.audit.clone();
        async move {
            let protected = listed.ok_or_else(no_job)?.protect(job, on).await;
            audit
                .record_best_effort(outcome_of(event, Kind::Refused, &protected))
                .await;
            protected
        }
    }
}

fn no_job() -> AskError {
    papermesh_protocol::release::message::Refusal::NoJob.into()
}

fn outcome_of(event: Event, refused: Kind, result: &Result<(), AskError>) -> Event {
    match result {
        Ok(()) => event,
        Err(error) => Event {
            kind: refused,
            ..event
        }
        .because(error.in_full()),
    }
}
