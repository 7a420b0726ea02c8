//! What a printer may ask, one request after the other on one stream, and what it is answered.
//!
//! The judgment is the protocol's [`Sessions`](papermesh_protocol::release::holder::Sessions); here
//! its facts are looked up, and what it decides is made durable before the answer goes out. A
//! printer hears no more than the protocol lets it hear; the audit knows why. What it asks of a lease
//! is in [`leasing`](super::leasing).

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use papermesh_mesh::Member;
use papermesh_protocol::id::{JobId, NodeId, SessionId};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::pin::{Ke1, Ke3};
use papermesh_protocol::release::holder::{DenyReason, JobLock, LoginEvent};
use papermesh_protocol::release::message::{Answer, Login, Place, Refusal, Request};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Deletion, HeldJob, JobEnd, NamedPrinter, StoreError};
use tracing::{Instrument, Span};

use super::jobs::JobsError;
use super::meta;
use super::{Holder, sessions};
use crate::audit::{Event, Kind};
use crate::auth::{login, verifier};
use crate::network::Network;

/// Refusals and denials of one printer that are recorded in a [`WINDOW`] of a minute. A printer
/// that asks for more can fill its own log with them, not this one.
pub(super) const RECORDED: u32 = 60;
pub(super) const WINDOW: std::time::Duration = std::time::Duration::from_secs(60);

/// Why a request was not granted.
pub(super) enum Failure {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// What the printer hears.
    fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Store(error @ StoreError::Job { .. }) => {
                tracing::error!(error = %error.in_full(), "could not release a job");
                Refusal::Damaged
            }
            Self::Store(error) => {
                tracing::error!(error = %error.in_full(), "a printer's request failed");
                Refusal::Trouble
            }
        }
    }
}

/// One printer's conversation.
pub(super) struct Conversation<N> {
    pub(super) holder: Holder<N>,
    pub(super) from: Member,
    /// Logins of this stream that wait for their proof.
    proving: BTreeSet<SessionId>,
}

impl<N: Network> Conversation<N> {
    pub(super) fn new(holder: Holder<N>, from: Member) -> Self {
        Self {
            holder,
            from,
            proving: BTreeSet::new(),
        }
    }

    /// Answers one request. What is refused is written down here.
    pub(super) async fn answer(&mut self, request: Request) -> Answer {
        let about = self.about(&request);
        let span = self.span(request.name(), &about);
        self.answer_within(request, about).instrument(span).await
    }

    /// One request, for the log. The user stands there under another name.
    fn span(&self, request: &str, about: &Event) -> Span {
        let secret = self.holder.0.membership.secret();
        let user = about
            .user
            .as_ref()
            .map(|user| lookup::log_name(secret, user));
        tracing::info_span!(
            "request",
            request,
            user,
            job = about.job.map(tracing::field::display),
            release = about.release.map(tracing::field::display),
        )
    }

    async fn answer_within(&mut self, request: Request, about: Event) -> Answer {
        let answered = match request {
            Request::Login(login) => self.login(login).await,
            Request::Prove { session, ke3 } => self.prove(session, ke3).await,
            Request::List { session, after } => self.list(session, after).await,
            Request::Select {
                session,
                job,
                release,
                options,
                extensions,
            } => match extensions.understood(&[]) {
                Ok(()) => self.select(session, job, release, options).await,
                Err(_) => Err(Refusal::Malformed.into()),
            },
            Request::Extend { release } => self.extend(release).await,
            Request::Report(receipt) => self.report(receipt).await,
            Request::Delete { session, job } => self.delete(session, job).await,
            Request::Protect { session, job, on } => self.protect(session, job, on).await,
            Request::Close { session } => {
                self.close(session).await;
                Ok(Answer::Done)
            }
            Request::Progress(progress) => self.progress(progress).await,
            Request::Unlock { session, job, ke1 } => self.unlock(session, job, ke1).await,
            Request::ProveJob { session, job, ke3 } => self.prove_job(session, job, ke3).await,
            Request::Attest { session, badge } => self.attest(session, badge).await,
        };
        match answered {
            Ok(answer) => answer,
            Err(failure) => {
                let refusal = failure.refusal();
                self.record_refusal(about.because(refusal.in_full())).await;
                Answer::Refused(refusal)
            }
        }
    }

    /// What a record says if this request is refused.
    fn about(&self, request: &Request) -> Event {
        let (session, job, release) = match request {
            Request::List { session, .. } | Request::Attest { session, .. } => {
                (Some(*session), None, None)
            }
            Request::Delete { session, job }
            | Request::Protect { session, job, .. }
            | Request::Unlock { session, job, .. }
            | Request::ProveJob { session, job, .. } => (Some(*session), Some(*job), None),
            Request::Select {
                session,
                job,
                release,
                ..
            } => (Some(*session), Some(*job), Some(*release)),
            Request::Extend { release } => (None, None, Some(*release)),
            Request::Progress(progress) => (None, None, Some(progress.release)),
            // What is in a receipt means nothing before it is verified.
            Request::Report(_)
            | Request::Login(_)
            | Request::Prove { .. }
            | Request::Close { .. } => (None, None, None),
        };
        let inner = &self.holder.0;
        let user = session.and_then(|session| {
            let now = inner.membership.steady();
            sessions(&inner.sessions)
                .owner(self.from.node, session, now)
                .ok()
        });
        Event {
            user,
            job,
            release,
            ..Event::new(Kind::Refused)
        }
    }

    /// Ends the conversation: logins that nobody will prove any more are denied.
    pub(super) async fn end(mut self) {
        for session in std::mem::take(&mut self.proving) {
            self.abandon(session).await;
        }
    }

    // Login -----------------------------------------------------------------------------------

    async fn login(&mut self, login: Login) -> Result<Answer, Failure> {
        let inner = Arc::clone(&self.holder.0);
        let (printer, now) = (
            Arc::clone(&self.from.certificate),
            inner.membership.steady(),
        );
        let user = login.user.clone();
        let begun = offload(&self.holder.0.store, move |store| {
            let site = (
                inner.membership.site(),
                inner.membership.state().policy.login,
            );
            let whose = (&*inner.sessions, &*inner.counting, &*inner.unproven);
            login::begin(whose, store, &inner.storage, site, &printer, &login, now)
        })
        .await;
        let (answer, event) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "login failed");
                return Ok(Answer::denied(limits::GUESS_WAIT));
            }
        };
        self.holder.0.directory.renew_entry_soon(&user);
        match (&answer, event) {
            (Answer::Challenge { session, .. }, _) => {
                self.proving.insert(*session);
            }
            (_, LoginEvent::Denied(user, reason)) => self.denied(&user, reason).await,
            // Nobody proved anything: the owner should be able to see it.
            (Answer::SessionOpen { .. }, LoginEvent::Opened(user)) => {
                let event = Event::new(Kind::LoggedIn).user(&user);
                let event = event.peer(self.from.node).because("by the badge alone");
                self.holder.0.audit.record_best_effort(event).await;
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn prove(&mut self, session: SessionId, ke3: Ke3) -> Result<Answer, Failure> {
        let inner = &self.holder.0;
        let (printer, site) = (self.from.node, inner.membership.site());
        self.proving.remove(&session);
        let Some(user) = sessions(&inner.sessions).proving(printer, session).cloned() else {
            return Ok(Answer::denied(std::time::Duration::ZERO));
        };
        let name = user.clone();
        let facts = offload(&inner.store, move |store| -> Result<_, StoreError> {
            Ok((
                login::is_barred(store, site, &name, printer)?,
                login::jobs_of(store, &name)?,
            ))
        });
        let (barred, jobs) = facts.await?;
        let now = inner.membership.steady();
        let (answer, event) =
            sessions(&inner.sessions).prove(printer, session, &ke3, barred, jobs, now);
        match event {
            Some(LoginEvent::Opened(user)) => {
                let event = Event::new(Kind::LoggedIn).user(&user).peer(printer);
                offload(&inner.store, move |store| {
                    store.guesses().proven(&user, printer)
                })
                .await?;
                inner.audit.record_best_effort(event).await;
            }
            Some(LoginEvent::Denied(user, reason)) => self.denied(&user, reason).await,
            Some(LoginEvent::Guess(_)) | None => {}
        }
        Ok(answer)
    }

    async fn close(&mut self, session: SessionId) {
        self.proving.remove(&session);
        self.abandon(session).await;
        let inner = &self.holder.0;
        let attested = {
            let mut open = sessions(&inner.sessions);
            let claim = open.attested(self.from.node, session).cloned();
            open.close(self.from.node, session);
            claim
        };
        // The badge may open the next session, here as well.
        if let Some(claim) = attested {
            inner.directory.renew_entry_now(&claim.user);
        }
    }

    async fn abandon(&self, session: SessionId) {
        let event = sessions(&self.holder.0.sessions).abandon(self.from.node, session);
        if let Some(LoginEvent::Denied(user, reason)) = event {
            self.denied(&user, reason).await;
        }
    }

    async fn denied(&self, user: &UserId, reason: DenyReason) {
        self.record_refusal(Event::new(Kind::LoginDenied).user(user).because(reason))
            .await;
    }

    // Within a session ------------------------------------------------------------------------

    /// The user of a session of this printer.
    pub(super) fn user(&self, session: SessionId) -> Result<UserId, Refusal> {
        let inner = &self.holder.0;
        sessions(&inner.sessions).authorize(self.from.node, session, inner.membership.steady())
    }

    async fn list(&self, session: SessionId, after: Option<Place>) -> Result<Answer, Failure> {
        let user = self.user(session)?;
        let (storage, now) = (
            Arc::clone(&self.holder.0.storage),
            self.holder.0.membership.moment(),
        );
        offload(&self.holder.0.store, move |store| {
            let mut after = after;
            let mut jobs = Vec::new();
            loop {
                let page = store
                    .jobs()
                    .of_user(&user, after, limits::JOBS_PER_PAGE + 1)?;
                let ends = page.len() <= limits::JOBS_PER_PAGE;
                after = page.last().map(HeldJob::place);
                // What its owner wants later is not there yet.
                for held in page.into_iter().filter(|held| is_offered(held, now.now)) {
                    if jobs.len() == limits::JOBS_PER_PAGE {
                        return Ok(Answer::Jobs { jobs, more: true });
                    }
                    let leased = store.leases().live(held.job, now.steady)?.is_some();
                    jobs.push(meta::summary(&storage, &held, leased).0);
                }
                if ends {
                    return Ok(Answer::Jobs { jobs, more: false });
                }
            }
        })
        .await
    }

    // A job's own PIN --------------------------------------------------------------------------

    async fn unlock(&self, session: SessionId, job: JobId, ke1: Ke1) -> Result<Answer, Failure> {
        let user = self.user(session)?;
        let (inner, whose) = (Arc::clone(&self.holder.0), (self.from.node, session));
        let owner = user.clone();
        let answered = offload(&self.holder.0.store, move |store| -> Result<_, Failure> {
            // From looking at the count until the guess is counted, as with a user's PIN.
            let _counting = inner.counting.hold();
            let now = inner.membership.steady();
            let held = store.jobs().get(job)?.filter(|held| held.row.user == owner);
            let row = held.ok_or(Refusal::NoJob)?.row;
            // A job without a PIN of its own needs no proof.
            let sealed = row.sealed_pin.ok_or(Refusal::Malformed)?;
            let verifier =
                verifier::open_for_job(&inner.storage, job, &sealed).map_err(|error| {
                    tracing::error!(%job, error = %error.in_full(), "could not verify the job's own PIN");
                    Refusal::Damaged
                })?;
            let lock = JobLock {
                verifier: &verifier,
                wait: row.pin_guesses.wait_of_printer(now),
            };
            let answer = sessions(&inner.sessions).unlock(
                whose,
                (job, &ke1),
                &lock,
                now,
                &mut rand::rng(),
            )?;
            if matches!(answer, Answer::Challenge { .. }) {
                store.jobs().count_guess(job, now)?;
            }
            Ok(answer)
        });
        let answer = answered.await?;
        if matches!(answer, Answer::Denied { .. }) {
            let event = Event::new(Kind::LoginDenied).user(&user).job(job);
            self.record_refusal(event.because(DenyReason::LockedOut))
                .await;
        }
        Ok(answer)
    }

    async fn prove_job(&self, session: SessionId, job: JobId, ke3: Ke3) -> Result<Answer, Failure> {
        let user = self.user(session)?;
        let (inner, whose) = (Arc::clone(&self.holder.0), (self.from.node, session));
        let answered = offload(&self.holder.0.store, move |store| -> Result<_, Failure> {
            let guesses = store.jobs().get(job)?.map(|held| held.row.pin_guesses);
            let locked_out =
                guesses.is_none_or(|guesses| guesses.unproven > limits::GUESSES_PER_PRINTER);
            let now = inner.membership.steady();
            let answer =
                sessions(&inner.sessions).prove_job(whose, (job, &ke3), locked_out, now)?;
            if answer == Answer::Done {
                store.jobs().forgive_guesses(job)?;
            }
            Ok(answer)
        });
        let answer = answered.await?;
        if answer != Answer::Done {
            let event = Event::new(Kind::LoginDenied).user(&user).job(job);
            self.record_refusal(event.because(DenyReason::WrongPin))
                .await;
        }
        Ok(answer)
    }

    async fn delete(&self, session: SessionId, job: JobId) -> Result<Answer, Failure> {
        let user = self.user(session)?;
        let (inner, owner) = (&self.holder.0, user.clone());
        let now = inner.membership.moment();
        let printer = Some(NamedPrinter {
            node: self.from.node,
            name: self.from.certificate.name.clone(),
        });
        let found = offload(&inner.store, move |store| -> Result<_, Failure> {
            let held = store.jobs().get(job)?.filter(|held| held.row.user == owner);
            let number = held.ok_or(Refusal::NoJob)?.row.number;
            match store.leases().live(job, now.steady)? {
                Some(_) => Err(Refusal::Leased.into()),
                None => Ok(number),
            }
        });
        let number = found.await?;
        // First the record, then the deed, as with a receipt.
        let event = Event::new(Kind::Deleted).user(&user).job(job);
        if let Err(error) = inner.audit.record(event.peer(self.from.node)).await {
            tracing::error!(%job, error = %error.in_full(), "did not delete a job because the deletion could not be recorded");
            return Err(Refusal::Trouble.into());
        }
        let end = JobEnd::Deleted { printer };
        let deleting = offload(&inner.store, move |store| {
            store.jobs().delete(job, end, now)
        });
        match deleting.await? {
            Deletion::Deleted => {
                inner.directory.announce_soon(&user);
                self.holder.tell(number).await;
                Ok(Answer::Done)
            }
            Deletion::Absent => Err(Refusal::NoJob.into()),
            Deletion::Leased { .. } => Err(Refusal::Leased.into()),
        }
    }

    async fn protect(&self, session: SessionId, job: JobId, on: bool) -> Result<Answer, Failure> {
        let user = self.user(session)?;
        let at = Some((&user, self.from.node));
        match self.holder.protect_as(job, on, at).await {
            Ok(_) => Ok(Answer::Done),
            Err(JobsError::Store(error)) => Err(error.into()),
            Err(_) => Err(Refusal::NoJob.into()),
        }
    }

    async fn record_refusal(&self, event: Event) {
        self.holder.record_refusal(self.from.node, event).await;
    }
}

impl<N> Holder<N> {
    /// Writes down what was refused to a node; not all of it, if there is too much.
    pub(super) async fn record_refusal(&self, from: NodeId, event: Event) {
        let inner = &self.0;
        let recorded = {
            let mut denials = inner.denials.lock().unwrap_or_else(PoisonError::into_inner);
            denials.count(from, inner.membership.steady())
        };
        if recorded {
            inner.audit.record_best_effort(event.peer(from)).await;
        } else {
            tracing::warn!(%from, ?event, "too many refusals; not all were recorded");
        }
    }
}

/// Whether a job is there for printers: its owner may want it later.
pub(super) fn is_offered(held: &HeldJob, now: Timestamp) -> bool {
    held.row.hold_until.is_none_or(|until| until <= now)
}
