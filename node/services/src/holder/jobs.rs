//! Held jobs as the people at this computer see them and what they do with them.

use std::borrow::Cow;
use std::sync::Arc;

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::id::{JobId, NodeId, TokenDigest};
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_store::offload::offload;
use papermesh_store::{Attempt, Deletion, HeldJob, JobEnd, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::Holder;
use super::life::{JobState, past_view};
use crate::audit::{AuditError, Event, Kind};
use crate::network::Network;

/// Jobs in one answer.
pub const PAGE: usize = 256;

/// A job that is held here, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// Whose it is.
    pub user: UserId,
    /// Its number on this computer: small, and never given again.
    pub number: u32,
    /// The job.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// Where it is in its life.
    pub state: JobState,
    /// The latest release that ended and left the job here.
    pub last: Option<Attempt>,
    /// The print token with which it was submitted from outside the site, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenDigest>,
    /// Who sent it, as a gateway said that ended their TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// What is wrong with its file; then it can only be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// Why nothing was done with a job.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is none.
    #[error("there is no job {0} on this computer")]
    NoJob(JobId),
    /// A printer has it.
    #[error("a printer is printing job {0} now")]
    Leased(JobId),
    /// What is to be done cannot be written down, so it is not done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for JobsError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Leased(_) => "try again in a minute",
            Self::Audit(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl<N: Network> Holder<N> {
    /// At most [`PAGE`] jobs held here in the order of their ids, those after `after`; of one user
    /// only, if one is named, and then in the order of their places after that of `after`.
    pub async fn jobs(
        &self,
        user: Option<UserId>,
        after: Option<JobId>,
    ) -> Result<Vec<HeldView>, JobsError> {
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

    /// At most `limit` held jobs whose ids begin with these hexadecimal digits, in lower case.
    pub async fn beginning_with(
        &self,
        digits: String,
        limit: usize,
    ) -> Result<Vec<JobId>, JobsError> {
        offload(&self.0.store, move |store| {
            store.jobs().beginning_with(&digits, limit)
        })
        .await
        .map_err(|error: StoreError| JobsError::Store(error))
    }

    /// One job.
    pub async fn job(&self, job: JobId) -> Result<HeldView, JobsError> {
        let found = self
            .viewed(move |store| Ok(store.jobs().get(job)?.into_iter().collect()))
            .await?;
        found.into_iter().next().ok_or(JobsError::NoJob(job))
    }

    /// Deletes a job at the word of whoever sits at this computer, also from under the hands of a
    /// printer; gives what it was. What that has of it already may still come out.
    pub async fn delete(&self, job: JobId) -> Result<HeldView, JobsError> {
        let view = self.job(job).await?;
        let now = self.0.membership.moment();
        // First the record, then the deed: no job goes of which nobody can say why.
        let event = Event::new(Kind::Deleted).user(&view.user).job(job);
        self.0.audit.record(event).await?;
        let end = JobEnd::Deleted { printer: None };
        let deleting = offload(&self.0.store, move |store| {
            store.jobs().take_back(job, end, now)
        });
        match deleting.await? {
            Deletion::Deleted => {
                self.0.directory.announce_soon(&view.user);
                self.tell(view.number).await;
                Ok(view)
            }
            Deletion::Absent => Err(JobsError::NoJob(job)),
            Deletion::Leased { .. } => Err(JobsError::Leased(job)),
        }
    }

    /// Exempts a job from pressure for space, or no longer; gives what it then is.
    pub async fn protect(&self, job: JobId, on: bool) -> Result<HeldView, JobsError> {
        self.protect_as(job, on, None).await
    }

    /// The same for a user who stands at a printer: a job of somebody else's is none.
    pub(super) async fn protect_as(
        &self,
        job: JobId,
        on: bool,
        at: Option<(&UserId, NodeId)>,
    ) -> Result<HeldView, JobsError> {
        let owner = at.map(|(user, _)| user.clone());
        let changed = offload(&self.0.store, move |store| match store.jobs().get(job)? {
            Some(held) if owner.is_none_or(|owner| held.row.user == owner) => {
                store.jobs().set_protected(job, on)
            }
            _ => Ok(false),
        })
        .await;
        if !changed.map_err(|error: StoreError| JobsError::Store(error))? {
            return Err(JobsError::NoJob(job));
        }
        let view = self.job(job).await?;
        self.tell(view.number).await;
        let mut event = Event::new(Kind::Protected).user(&view.user).job(job);
        if let Some((_, printer)) = at {
            event = event.peer(printer);
        }
        if !on {
            event = event.because("not any longer");
        }
        self.0.audit.record_best_effort(event).await;
        Ok(view)
    }

    /// Moves a job to a position in its user's list, 1 for the first; gives what it then is.
    pub async fn move_to(&self, job: JobId, position: usize) -> Result<HeldView, JobsError> {
        let moved = offload(&self.0.store, move |store| {
            store.jobs().move_to(job, position)
        })
        .await;
        if !moved.map_err(|error: StoreError| JobsError::Store(error))? {
            return Err(JobsError::NoJob(job));
        }
        let view = self.job(job).await?;
        self.tell(view.number).await;
        Ok(view)
    }

    /// At most [`PAGE`] jobs that were held here and are gone: by user and number, those after
    /// `after`; of one user only, if one is named.
    pub async fn history(
        &self,
        user: Option<UserId>,
        after: Option<(UserId, u32)>,
    ) -> Result<Vec<HeldView>, JobsError> {
        let storage = Arc::clone(&self.0.storage);
        offload(&self.0.store, move |store| {
            let past = match user {
                Some(user) => {
                    let after = after.map(|(_, number)| number);
                    store.history().of_user(&user, after, PAGE)?
                }
                None => {
                    let after = after.as_ref().map(|(user, number)| (user, *number));
                    store.history().all(after, PAGE)?
                }
            };
            Ok(past
                .into_iter()
                .map(|past| past_view(&storage, past))
                .collect())
        })
        .await
        .map_err(|error: StoreError| JobsError::Store(error))
    }

    async fn viewed(
        &self,
        find: impl FnOnce(&Store) -> Result<Vec<HeldJob>, StoreError> + Send + 'static,
    ) -> Result<Vec<HeldView>, JobsError> {
        let (inner, now) = (Arc::clone(&self.0), self.0.membership.moment());
        offload(&self.0.store, move |store| {
            let view = |held: HeldJob| inner.life.view(store, &inner.storage, held, now);
            find(store)?
                .into_iter()
                .map(view)
                .collect::<Result<_, StoreError>>()
                .map_err(JobsError::from)
        })
        .await
    }
}
