//! What a job's owner changes of it while it is held.

use std::borrow::Cow;
use std::sync::Arc;

use papermesh_protocol::id::JobId;
use papermesh_protocol::job::{JobError, PrintOptions, check_priority};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Amended, Amendment, StoreError};

use super::meta::{JobMeta, MetaError};
use super::submit::title;
use super::{HeldView, Holder, JobsError};
use crate::network::Network;

/// Changes to a job; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct JobChange {
    /// Its title; any text.
    pub title: Option<String>,
    /// How to print it.
    pub options: Option<PrintOptions>,
    /// How urgent it is, 1 to 100.
    pub priority: Option<u8>,
    /// When it may be offered at printers: at once, or then. Beyond its expiry is never.
    pub hold_until: Option<Option<Timestamp>>,
}

/// Why a job stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It cannot be like that.
    #[error(transparent)]
    Job(#[from] JobError),
    /// There is no such job, or a printer has it.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// Its title and options could not be sealed.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for ChangeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Job(error) => error.remedy(),
            Self::Jobs(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}

impl<N: Network> Holder<N> {
    /// Changes a held job; gives what it then is.
    ///
    /// # Errors
    /// [`ChangeError`]; the job is as before then.
    pub async fn change(&self, job: JobId, change: JobChange) -> Result<HeldView, ChangeError> {
        if let Some(options) = &change.options {
            options.check()?;
        }
        change.priority.map_or(Ok(()), check_priority)?;
        let (inner, now) = (Arc::clone(&self.0), self.0.membership.steady());
        let amended = offload(&self.0.store, move |store| {
            let held = store.jobs().get(job)?.ok_or(JobsError::NoJob(job))?;
            let meta = JobMeta::open(&inner.storage, job, &held.row.sealed_meta)?;
            let changed = JobMeta {
                title: change.title.as_deref().map_or(meta.title.clone(), title),
                options: change.options.unwrap_or_else(|| meta.options.clone()),
                ..meta.clone()
            };
            let is_new = changed != meta;
            let amendment = Amendment {
                sealed_meta: is_new
                    .then(|| changed.seal(&inner.storage, job))
                    .transpose()?,
                priority: change.priority,
                hold_until: change.hold_until,
            };
            Ok::<_, ChangeError>(store.jobs().amend(job, amendment, now)?)
        });
        match amended.await? {
            Amended::Done => {}
            Amended::Absent => return Err(JobsError::NoJob(job).into()),
            Amended::Leased => return Err(JobsError::Leased(job).into()),
        }
        let view = self.job(job).await?;
        self.tell(view.number).await;
        Ok(view)
    }
}
