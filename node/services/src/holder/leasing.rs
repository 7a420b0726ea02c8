//! A lease's life, as a printer asks for it: granted, kept up while it prints, reported.
//!
//! These requests are [`Conversation`]'s, which also says what is refused and to whom. A job that
//! still arrives has its lease in [`early`](super::early), so each of them looks there first and
//! into the store afterwards.

use std::sync::Arc;

use papermesh_mesh::Member;
use papermesh_protocol::id::{JobId, ReleaseId, SessionId};
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::limits;
use papermesh_protocol::release::holder::{self, Leased, Selected, Settlement};
use papermesh_protocol::release::message::{Answer, Grant, Progress, Refusal};
use papermesh_protocol::release::receipt::Receipt;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::WrappedJobKey;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Granted, LeaseRow, Settling, Store, StoreError};

use super::conversation::{Conversation, Failure, is_offered};
use super::early::{EarlyJob, EarlyReport};
use super::meta::JobMeta;
use super::{Inner, sessions};
use crate::audit::{Event, Kind};
use crate::network::Network;

impl<N: Network> Conversation<N> {
    pub(super) async fn select(
        &self,
        session: SessionId,
        job: JobId,
        release: ReleaseId,
        options: PrintOptions,
    ) -> Result<Answer, Failure> {
        let (inner, printer) = (Arc::clone(&self.holder.0), self.from.clone());
        let granting = offload(&self.holder.0.store, move |store| {
            grant(&inner, store, &printer, (session, job, release), options)
        });
        let (grant, number) = granting.await?;
        if let Some(number) = number {
            self.holder.tell(number).await;
        }
        Ok(Answer::Grant(grant))
    }

    pub(super) async fn progress(&self, progress: Progress) -> Result<Answer, Failure> {
        if !progress.is_sound() {
            return Err(Refusal::Malformed.into());
        }
        let (printer, release) = (self.from.node, progress.release);
        let now = self.holder.0.membership.steady();
        let early = |lease: &mut LeaseRow| lease.is_live(now).then_some(lease.session);
        if let Some(session) = self.holder.0.early.with_lease(release, printer, early) {
            self.touch(session, now);
            self.holder.0.life.progressed(progress);
            return Ok(Answer::Done);
        }
        let known = offload(&self.holder.0.store, move |store| -> Result<_, Failure> {
            let lease = store
                .leases()
                .get(release)?
                .filter(|lease| lease.printer == printer)
                .ok_or(Refusal::NoLease)?;
            let number = store.jobs().get(lease.job)?.map(|held| held.row.number);
            Ok((lease.is_live(now).then_some(lease.session), number))
        });
        let (session, number) = known.await?;
        self.touch(session, now);
        if self.holder.0.life.progressed(progress)
            && let Some(number) = number
        {
            self.holder.tell(number).await;
        }
        Ok(Answer::Done)
    }

    pub(super) async fn extend(&self, release: ReleaseId) -> Result<Answer, Failure> {
        let (printer, now) = (self.from.node, self.holder.0.membership.steady());
        let prolong = |lease: &mut LeaseRow| {
            lease.until = holder::extend(Some(&lease.lease(release)), printer, now)?;
            Ok::<_, Refusal>(lease.session)
        };
        let early = self.holder.0.early.with_lease(release, printer, prolong);
        let session = match early {
            Some(session) => session?,
            None => {
                let extended = offload(&self.holder.0.store, move |store| {
                    let row = store.leases().get(release)?.ok_or(Refusal::NoLease)?;
                    let until = holder::extend(Some(&row.lease(release)), printer, now)?;
                    if store.leases().extend(release, until)? {
                        Ok(row.session)
                    } else {
                        Err(Failure::from(Refusal::NoLease))
                    }
                });
                extended.await?
            }
        };
        self.touch(Some(session), now);
        Ok(Answer::extended())
    }

    /// Keeps the session open in which a lease was obtained that is live now.
    fn touch(&self, session: Option<SessionId>, now: Timestamp) {
        if let Some(session) = session {
            sessions(&self.holder.0.sessions).touch(self.from.node, session, now);
        }
    }

    pub(super) async fn report(&self, receipt: Envelope<Receipt>) -> Result<Answer, Failure> {
        let inner = &self.holder.0;
        let membership = &inner.membership;
        let verified = Receipt::verify(
            &receipt,
            membership.site(),
            membership.node(),
            self.from.node,
        );
        let receipt = match verified {
            Ok(receipt) => receipt.into_value(),
            Err(error) => {
                tracing::debug!(printer = %self.from.node, %error, "invalid receipt");
                return Err(Refusal::Malformed.into());
            }
        };
        if let Some(answer) = self.early_report(&receipt).await {
            return answer;
        }
        let (release, now) = (receipt.release, membership.moment());
        let judged = receipt.clone();
        let judgement = offload(&inner.store, move |store| -> Result<_, Failure> {
            let lease = store.leases().get(release)?;
            let settled = store.leases().settled(release)?.is_some();
            let judgement = holder::report(
                &judged,
                lease.as_ref().map(|row| row.lease(release)).as_ref(),
                settled,
            );
            let number = match store.jobs().get(judged.job) {
                Ok(held) => held.map(|held| held.row.number),
                // A damaged row can still be settled.
                Err(_) => None,
            };
            Ok((judgement, lease.map(|lease| lease.user), number))
        });
        let (judgement, user, number) = judgement.await?;
        let event = Event {
            user,
            witnessed: receipt.audit,
            ..Event::new(Kind::Released)
        }
        .job(receipt.job)
        .release(release);
        let event = event.peer(self.from.node).outcome(receipt.outcome.clone());
        let event = match &receipt.reason {
            Some(reason) => event.because(reason),
            None => event,
        };
        let settlement = match judgement? {
            Settlement::Nothing => return Ok(Answer::settled()),
            settlement => settlement,
        };
        tracing::info!(%release, job = %receipt.job, outcome = ?receipt.outcome, "release settled");
        // First the record, then the deed: a crash between the two leaves a job that the printer
        // reports again, and no deletion that nobody recorded.
        if let Err(error) = inner.audit.record(event.clone()).await {
            tracing::error!(%release, error = %error.in_full(), "refused a receipt because it could not be recorded");
            return Err(Refusal::Trouble.into());
        }
        let ended = (receipt.outcome, receipt.reason);
        let settled = offload(&inner.store, move |store| {
            store.leases().settle(release, settlement, ended, now)
        });
        match settled.await? {
            Settling::Deferred => {
                tracing::warn!(job = %receipt.job, %release, "printed, but another printer holds the lease by now; job kept and marked");
            }
            Settling::Done if settlement == Settlement::Delete => {
                if let Some(user) = &event.user {
                    inner.directory.announce_soon(user);
                }
            }
            Settling::Done | Settling::Before(_) | Settling::Unknown => {}
        }
        inner.life.ended(release);
        if let Some(number) = number {
            self.holder.tell(number).await;
        }
        Ok(Answer::settled())
    }

    /// Takes the printer's word on a job that still arrives, if it is one.
    async fn early_report(&self, receipt: &Receipt) -> Option<Result<Answer, Failure>> {
        let inner = &self.holder.0;
        let reported = inner.early.with(receipt.job, |early| {
            early
                .report(receipt)
                .map(|report| (report, early.user.clone()))
        });
        let (report, user) = reported??;
        match report {
            EarlyReport::Before => Some(Ok(Answer::settled())),
            EarlyReport::TooEarly => Some(Err(Refusal::Trouble.into())),
            EarlyReport::Taken => {
                inner.life.ended(receipt.release);
                let event = Event::new(Kind::Released)
                    .user(&user)
                    .job(receipt.job)
                    .release(receipt.release)
                    .peer(self.from.node)
                    .outcome(receipt.outcome.clone());
                inner
                    .audit
                    .record_best_effort(match &receipt.reason {
                        Some(reason) => event.because(reason),
                        None => event,
                    })
                    .await;
                Some(Ok(Answer::settled()))
            }
        }
    }
}

/// Leases a job to a release and grants it; gives the job's number, too. Whatever could still fail
/// is done before the lease.
fn grant<N>(
    inner: &Inner<N>,
    store: &Store,
    from: &Member,
    (session, job, release): (SessionId, JobId, ReleaseId),
    options: PrintOptions,
) -> Result<(Grant, Option<u32>), Failure> {
    let (moment, printer) = (inner.membership.moment(), from.node);
    let now = moment.steady;
    let asked = (session, job, release);
    let early = inner.early.with(job, |early| {
        grant_early(inner, early, from, asked, &options, now).map_err(Failure::from)
    });
    if let Some(granted) = early {
        // It has no news before it is held.
        return granted.map(|grant| (grant, None));
    }
    let held = store
        .jobs()
        .get(job)?
        .filter(|held| is_offered(held, moment.now))
        .ok_or(Refusal::NoJob)?;
    let lease = store
        .leases()
        .of_job(job)?
        .filter(|(_, row)| !row.lapsed)
        .map(|(release, row)| row.lease(release));
    // Its time is over, and only a release that began before goes on.
    if held.row.expires_at <= moment.now && lease.is_none_or(|lease| lease.release != release) {
        return Err(Refusal::NoJob.into());
    }
    let selected = Selected {
        job,
        has_pin: held.row.sealed_pin.is_some(),
        owner: &held.row.user,
        release,
        options: &options,
        lease,
    };
    sessions(&inner.sessions).select(printer, session, &selected, now)?;
    if let Some(damage) = held.damage {
        return Err(StoreError::Job { job, damage }.into());
    }
    let damaged = |error: &dyn std::fmt::Display| {
        tracing::error!(%job, %error, "could not release a job");
        Failure::from(Refusal::Damaged)
    };
    let wrapped =
        WrappedJobKey::from_bytes(&held.row.wrapped_key).map_err(|error| damaged(&error))?;
    let key = wrapped
        .unwrap(&inner.storage, *job.as_bytes())
        .map_err(|error| damaged(&error))?;
    let meta = JobMeta::open(&inner.storage, job, &held.row.sealed_meta)
        .map_err(|error| damaged(&error))?;
    let row = LeaseRow {
        job,
        user: held.row.user.clone(),
        printer,
        printer_name: from.certificate.name.clone(),
        session,
        granted_at: now,
        until: now + limits::LEASE,
        streamed: false,
        lapsed: false,
        options: options.clone(),
    };
    match store.leases().grant(release, row, moment)? {
        Granted::New | Granted::Again => {}
        Granted::Held { .. } => return Err(Refusal::Leased.into()),
        Granted::Ended => return Err(Refusal::NoLease.into()),
        Granted::NoJob => return Err(Refusal::NoJob.into()),
    }
    let counted = meta.counted();
    let leased = Leased {
        job,
        release,
        key: &key,
        sealed_size: held.row.sealed_size,
        size: held.row.plain_size,
        format: meta.format,
        title: meta.title,
        options,
        counted,
        document_password: meta.document_password,
    };
    let grant = sessions(&inner.sessions).grant(printer, session, leased, now, &mut rand::rng())?;
    tracing::info!("lease granted");
    Ok((grant, Some(held.row.number)))
}

/// As [`grant`], for a job that still arrives: its lease becomes durable with the job itself.
fn grant_early<N>(
    inner: &Inner<N>,
    early: &mut EarlyJob,
    from: &Member,
    (session, job, release): (SessionId, JobId, ReleaseId),
    options: &PrintOptions,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let printer = from.node;
    let lease = early.lease.as_ref();
    let selected = Selected {
        job,
        // It can only have been handed over, by its owner.
        has_pin: false,
        owner: &early.user,
        release,
        options,
        lease: lease.map(|(release, row)| row.lease(*release)),
    };
    sessions(&inner.sessions).select(printer, session, &selected, now)?;
    if early.has_ended(release) {
        return Err(Refusal::NoLease);
    }
    let own = lease.filter(|(known, _)| *known == release);
    let (granted_at, streamed) =
        own.map_or((now, false), |(_, row)| (row.granted_at, row.streamed));
    let leased = Leased {
        job,
        release,
        key: &early.key,
        sealed_size: early.sealed_size,
        size: early.size,
        format: early.format.clone(),
        title: early.title.clone(),
        options: options.clone(),
        document_password: early.password.clone(),
        // It can be counted at its end.
        counted: None,
    };
    let grant = sessions(&inner.sessions).grant(printer, session, leased, now, &mut rand::rng())?;
    let row = LeaseRow {
        job,
        user: early.user.clone(),
        printer,
        printer_name: from.certificate.name.clone(),
        session,
        granted_at,
        until: now + limits::LEASE,
        streamed,
        lapsed: false,
        options: options.clone(),
    };
    early.lease = Some((release, row));
    Ok(grant)
}
