//! Held jobs as the people at this computer see them and what they do with them.

use papermesh_protocol::id::JobId;
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::Serialize;

use super::{Client, meta};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::offload::offload;
use crate::store::{Deletion, HeldJob, Store, StoreError};

/// Jobs in one answer.
pub const PAGE: usize = 256;

/// A job held here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldView {
    /// Whose it is.
    pub user: UserId,
    /// The job.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// What is wrong with its file; then it can only be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// Why nothing was done with a job.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is none.
    #[error("there is no job {0} on this computer")]
    NoJob(JobId),
    /// A printer has it.
    #[error("a printer is printing job {0} now; try again in a minute")]
    Leased(JobId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<N: Network> Client<N> {
    /// At most [`PAGE`] jobs held here in the order of their ids, those after `after`; of one user
    /// only, if one is named, and then oldest first after the place of `after`.
    pub async fn jobs(&self, user: Option<UserId>, after: Option<JobId>) -> Result<Vec<HeldView>, JobsError> {
        self.viewed(move |store| match user {
            None => store.jobs().all(after, PAGE),
            Some(user) => {
                let place = match after {
                    Some(after) => store.jobs().get(after)?.map(|held| held.place()),
                    None => None,
                };
                store.jobs().of_user(&user, place, PAGE)
            }
        })
        .await
    }

    /// One job.
    pub async fn job(&self, job: JobId) -> Result<HeldView, JobsError> {
        let found = self.viewed(move |store| Ok(store.jobs().get(job)?.into_iter().collect())).await?;
        found.into_iter().next().ok_or(JobsError::NoJob(job))
    }

    /// Deletes a job at the word of whoever sits at this computer; gives what it was.
    pub async fn delete(&self, job: JobId) -> Result<HeldView, JobsError> {
        let view = self.job(job).await?;
        let now = self.0.membership.now();
        let deleted = offload(&self.0.store, move |store| store.jobs().delete(job, now)).await;
        match deleted.map_err(|error: StoreError| JobsError::Store(error))? {
            Deletion::Deleted => {
                self.0.audit.note(Event::new(Kind::Deleted).user(&view.user).job(job)).await;
                self.0.directory.announce_soon(&view.user);
                Ok(view)
            }
            Deletion::Absent => Err(JobsError::NoJob(job)),
            Deletion::Leased { .. } => Err(JobsError::Leased(job)),
        }
    }

    /// Exempts a job from pressure for space, or no longer; gives what it then is.
    pub async fn protect(&self, job: JobId, on: bool) -> Result<HeldView, JobsError> {
        let changed = offload(&self.0.store, move |store| store.jobs().set_protected(job, on)).await;
        if !changed.map_err(|error: StoreError| JobsError::Store(error))? {
            return Err(JobsError::NoJob(job));
        }
        let view = self.job(job).await?;
        let event = Event::new(Kind::Protected).user(&view.user).job(job);
        self.0.audit.note(if on { event } else { event.because("not any longer") }).await;
        Ok(view)
    }

    async fn viewed(
        &self,
        find: impl FnOnce(&Store) -> Result<Vec<HeldJob>, StoreError> + Send + 'static,
    ) -> Result<Vec<HeldView>, JobsError> {
        let (storage, now) = (self.0.storage.clone(), self.0.membership.now());
        offload(&self.0.store, move |store| {
            let view = |held: HeldJob| view(store, &storage, held, now);
            find(store)?.into_iter().map(view).collect::<Result<_, StoreError>>().map_err(JobsError::from)
        })
        .await
    }
}

pub(super) fn view(
    store: &Store,
    storage: &papermesh_protocol::seal::StorageKey,
    held: HeldJob,
    now: Timestamp,
) -> Result<HeldView, StoreError> {
    let leased = store.leases().live(held.job, now)?.is_some();
    let summary = meta::summary(storage, &held, leased);
    Ok(HeldView { user: held.row.user, summary, damage: held.damage.map(|damage| damage.to_string()) })
}
