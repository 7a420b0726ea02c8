//! What is due at a holder, sooner or later: leases that ran out, jobs whose time is over, visitors
//! of a shared computer who have left nothing behind, and what is remembered of all of them.

use std::sync::PoisonError;
use std::time::Duration;

use papermesh_protocol::id::JobId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Moment;
use papermesh_store::offload::offload;
use papermesh_store::{Deletion, HISTORY_BOUND, JobEnd, LocalUser, Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Holder, sessions};
use crate::audit::{Event, Kind};
use crate::network::Network;

/// Interval between sweeps of expired leases and jobs.
const SWEEP: Duration = Duration::from_secs(15);
/// How often is tidied up what nobody waits for.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// Rows that are worked on at once.
const BATCH: usize = 256;

impl<N: Network> Holder<N> {
    /// Does what is due, for as long as the node runs.
    pub async fn keep(self) {
        let mut inspections = interval(SWEEP);
        inspections.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tidied: Option<Instant> = None;
        loop {
            inspections.tick().await;
            sessions(&self.0.sessions).expire(self.0.membership.steady());
            self.record_unrecorded().await;
            if let Err(error) = self.sweep().await {
                tracing::error!(error = %error.in_full(), "could not sweep leases and expired jobs");
            }
            if tidied.is_none_or(|last| last.elapsed() >= TIDY) {
                tidied = Some(Instant::now());
                if let Err(error) = self.tidy().await {
                    tracing::warn!(error = %error.in_full(), "could not tidy the store");
                }
            }
        }
    }

    /// Records how much was refused that was not recorded one by one.
    async fn record_unrecorded(&self) {
        let beyond = {
            let mut denials = self
                .0
                .denials
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            denials.beyond()
        };
        for (from, more) in beyond {
            let event = Event::new(Kind::Refused).peer(from);
            let event = event.because(format_args!(
                "{more} more refusals, not listed individually"
            ));
            self.0.audit.record_best_effort(event).await;
        }
    }

    /// Lets leases lapse and jobs expire that are due now.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.0.membership.moment();
        for (release, lease) in
            offload(&self.0.store, move |store| store.leases().lapse(now, BATCH)).await?
        {
            let event = Event::new(Kind::Lapsed)
                .user(&lease.user)
                .job(lease.job)
                .release(release);
            let event = event.peer(lease.printer);
            let event = if lease.streamed {
                event.because("the job may have printed")
            } else {
                event
            };
            self.0.audit.record_best_effort(event).await;
            self.0.life.ended(release);
            if let Ok(view) = self.job(lease.job).await {
                self.tell(view.number).await;
            }
        }
        for (job, owner) in offload(&self.0.store, move |store| due(store, now)).await? {
            let event = Event::new(Kind::Expired).job(job);
            let event = match &owner {
                Some((user, _)) => event.user(user),
                None => event.because("its row was damaged"),
            };
            // First the record, then the deed.
            if let Err(error) = self.0.audit.record(event).await {
                tracing::error!(%job, error = %error.in_full(), "kept an expired job because its deletion could not be recorded");
                continue;
            }
            let deleting = offload(&self.0.store, move |store| {
                store.jobs().delete(job, JobEnd::Expired, now)
            });
            if deleting.await? == Deletion::Deleted
                && let Some((user, number)) = owner
            {
                self.0.directory.announce_soon(&user);
                self.tell(number).await;
            }
        }
        Ok(())
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        let Moment { now, steady } = self.0.membership.moment();
        offload(&self.0.store, move |store| {
            store.leases().forget(steady, BATCH)?;
            store.history().forget(HISTORY_BOUND, now, BATCH)?;
            store.floors().sweep(now, BATCH)?;
            forget_visitors(store)
        })
        .await
    }
}

/// A job whose time is over; its owner and its number, if its row could be read.
type Due = (JobId, Option<(UserId, u32)>);

/// Jobs whose time is over. One that is being printed is not due until that has ended.
fn due(store: &Store, now: Moment) -> Result<Vec<Due>, StoreError> {
    let mut due = Vec::new();
    for job in store.jobs().expired(now.now, BATCH)? {
        let owner = match store.jobs().get(job) {
            Ok(held) => held.map(|held| (held.row.user, held.row.number)),
            // A damaged row can still be deleted, and must not keep the others.
            Err(StoreError::Row { .. }) => None,
            Err(error) => return Err(error),
        };
        if store.leases().live(job, now.steady)?.is_none() {
            due.push((job, owner));
        }
    }
    Ok(due)
}

/// Forgets users who never delegated to this computer, have no job on it, and of whom nothing is
/// said in the directory: with them goes the PIN that they gave for their visit.
fn forget_visitors(store: &Store) -> Result<(), StoreError> {
    let mut after: Option<UserId> = None;
    loop {
        let rows = store.local_users().scan(after.as_ref(), BATCH)?;
        for (user, row) in &rows {
            if is_visitor(row) && store.jobs().count_of(user)? == 0 {
                store.local_users().change(user, |row| {
                    if row.as_ref().is_some_and(is_visitor) {
                        *row = None;
                    }
                })?;
            }
        }
        if rows.len() < BATCH {
            return Ok(());
        }
        after = rows.last().map(|(user, _)| user.clone());
    }
}

fn is_visitor(row: &LocalUser) -> bool {
    row.delegation.is_none()
        && row.sealed_user_key.is_none()
        && row.linked.is_empty()
        && !row.advertised
}
