//! Looking at documents once they are held: at large ones, to know their pages and to make their
//! pictures, and at locked ones whose owner gives the password afterwards.
//!
//! A document is looked at while it arrives, but whoever submits waits for that; so a large one is
//! opened again afterwards, one at a time. What is not looked at, because this node ends or there
//! is too much to look at, is held and printed like any other.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use papermesh_convert::{Condition, Effort, Inspection, Looked};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::id::JobId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{OpenReader, SealError, StorageKey, WrapError, WrappedJobKey};
use papermesh_store::offload::offload;
use papermesh_store::{SpoolReader, Store, StoreError};
use tokio::sync::{Semaphore, mpsc};

use super::meta::{JobMeta, MetaError};
use super::submission::DocumentFacts;
use super::{HeldView, Holder, JobsError};
use crate::network::Network;

/// Documents that wait for their turn. The next ones are not looked at.
const WAITING: usize = 64;
/// Bytes that are read and opened at once.
const PIECE: usize = 256 * 1024;
/// Pieces that wait to be looked at.
const AHEAD: usize = 2;
/// How often what is found is written again because the job was changed meanwhile.
const ATTEMPTS: usize = 3;

/// Whose turn it is.
pub(super) struct Inspections {
    waiting: Arc<Semaphore>,
    turn: Semaphore,
}

impl Default for Inspections {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING)),
            turn: Semaphore::new(1),
        }
    }
}

/// What was found of a document.
struct Noted {
    found: DocumentFacts,
    /// What opens it, if that was not known before.
    password: Option<DocumentPassword>,
}

/// Why a password was not kept.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// There is no lock.
    #[error("the document is not locked")]
    Open,
    /// It does not open the document.
    #[error("this password does not open the document")]
    Wrong,
    /// Nobody could try it.
    #[error("the document could not be checked with this password")]
    Unread,
    /// There is no such job.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// It cannot be read, or the password cannot be kept.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
}

impl Remedy for UnlockError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Unread => "submit it again with its password",
            Self::Jobs(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl From<InspectError> for UnlockError {
    fn from(error: InspectError) -> Self {
        Self::Unreadable(error.in_full().to_string())
    }
}

/// Why a document was not looked at.
#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Meta(#[from] MetaError),
    #[error(transparent)]
    Key(#[from] WrapError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the job's file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}

impl Remedy for InspectError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Seal(error) => error.remedy(),
            _ => None,
        }
    }
}

/// A held document that can be read.
struct Opened {
    format: String,
    password: Option<DocumentPassword>,
    sealed: SpoolReader,
    opening: OpenReader,
}

impl<N: Network> Holder<N> {
    /// Looks at a job that is held by now, when it is its turn.
    pub(super) fn inspect_later(&self, job: JobId) {
        let Ok(place) = Arc::clone(&self.0.inspections.waiting).try_acquire_owned() else {
            tracing::debug!(%job, "document not inspected: the queue is full");
            return;
        };
        let holder = self.clone();
        tokio::spawn(async move {
            let turn = holder.0.inspections.turn.acquire().await;
            if let Err(error) = holder.inspect_job(job).await {
                tracing::debug!(%job, error = %error.in_full(), "could not inspect a document");
            }
            drop((turn, place));
        });
    }

    async fn inspect_job(&self, job: JobId) -> Result<(), InspectError> {
        let Some(Looked { facts, preview }) = self.inspect(job, None, Effort::AT_LEISURE).await?
        else {
            return Ok(());
        };
        let found = DocumentFacts::from(facts).within_limits();
        if found != DocumentFacts::default() {
            self.noted(
                job,
                Noted {
                    found,
                    password: None,
                },
            )
            .await?;
        }
        if let Some(preview) = preview {
            self.keep_preview(job, preview);
        }
        Ok(())
    }

    /// Keeps the password that opens a held document, if it does; gives what the job then is.
    ///
    /// # Errors
    /// [`UnlockError`]; the job is as before then.
    pub async fn unlock(
        &self,
        job: JobId,
        password: DocumentPassword,
    ) -> Result<HeldView, UnlockError> {
        let held = self.job(job).await?;
        if !held.summary.locked {
            return Err(UnlockError::Open);
        }
        let looked = self
            .inspect(job, Some(&password), Effort::ASKED_FOR)
            .await?;
        let Looked { facts, preview } = looked.ok_or(JobsError::NoJob(job))?;
        match facts.condition {
            Condition::Locked => return Err(UnlockError::Wrong),
            Condition::Unknown => return Err(UnlockError::Unread),
            Condition::Whole | Condition::Damaged { .. } => {}
        }
        let found = DocumentFacts::from(facts).within_limits();
        let password = Some(password);
        self.noted(job, Noted { found, password }).await?;
        if let Some(preview) = preview {
            self.keep_preview(job, preview);
        }
        Ok(self.job(job).await?)
    }

    /// Looks at a held document, opened with this password or the one that came with it; none if the
    /// job is gone.
    async fn inspect(
        &self,
        job: JobId,
        password: Option<&DocumentPassword>,
        effort: Effort,
    ) -> Result<Option<Looked>, InspectError> {
        let inner = Arc::clone(&self.0);
        let opened = offload(&self.0.store, move |store| open(store, &inner.storage, job));
        // It may have been printed by now.
        let Some(opened) = opened.await? else {
            return Ok(None);
        };
        let (converter, previews) = (&self.0.converter, self.0.previews);
        let password = password.or(opened.password.as_ref());
        let mut inspection =
            Inspection::begin(converter, &opened.format, previews, password, effort);
        let (pieces, mut coming) = mpsc::channel(AHEAD);
        let reading = offload(&self.0.store, move |_| read(opened, &pieces));
        let looking = async {
            while let Some(piece) = coming.recv().await {
                inspection.feed(piece.into()).await;
                if inspection.is_too_large() {
                    break;
                }
            }
            coming.close();
            inspection
        };
        let (read, inspection) = tokio::join!(reading, looking);
        read?;
        Ok(Some(inspection.finish().await))
    }

    /// Keeps what was found of a job, and tells it.
    async fn noted(&self, job: JobId, noted: Noted) -> Result<(), InspectError> {
        let inner = Arc::clone(&self.0);
        let noting = offload(&self.0.store, move |store| {
            note(store, &inner.storage, job, &noted)
        });
        noting.await?;
        if let Ok(HeldView { number, .. }) = self.job(job).await {
            self.tell(number).await;
        }
        Ok(())
    }
}

/// The document of a job, unless it is gone.
fn open(store: &Store, storage: &StorageKey, job: JobId) -> Result<Option<Opened>, InspectError> {
    let (Some(held), Some(sealed)) = (store.jobs().get(job)?, store.jobs().read(job, 0)?) else {
        return Ok(None);
    };
    let key = WrappedJobKey::from_bytes(&held.row.wrapped_key)?.unwrap(storage, *job.as_bytes())?;
    let meta = JobMeta::open(storage, job, &held.row.sealed_meta)?;
    Ok(Some(Opened {
        format: meta.format,
        password: meta.document_password,
        sealed,
        opening: OpenReader::new(key, *job.as_bytes()),
    }))
}

/// Opens a document to its end, or until nobody wants more of it.
fn read(opened: Opened, pieces: &mpsc::Sender<Vec<u8>>) -> Result<(), InspectError> {
    let Opened {
        mut sealed,
        mut opening,
        ..
    } = opened;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        if (&mut sealed).take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            break;
        }
        let mut document = Vec::new();
        opening.update(&piece, &mut document)?;
        if pieces.blocking_send(document).is_err() {
            return Ok(());
        }
    }
    let mut end = Vec::new();
    opening.finish(&mut end)?;
    // Nobody may want it any more.
    drop(pieces.blocking_send(end));
    Ok(())
}

/// Keeps what was found, beside whatever the owner has changed meanwhile.
fn note(
    store: &Store,
    storage: &StorageKey,
    job: JobId,
    noted: &Noted,
) -> Result<(), InspectError> {
    for _ in 0..ATTEMPTS {
        let Some(held) = store.jobs().get(job)? else {
            return Ok(());
        };
        let known = held.row.sealed_meta;
        let meta = JobMeta::open(storage, job, &known)?.fill_missing(&noted.found);
        let meta = JobMeta {
            document_password: noted.password.clone().or(meta.document_password),
            ..meta
        };
        let sealed = meta.seal(storage, job)?;
        if store.jobs().replace_meta(job, &known, sealed)? {
            return Ok(());
        }
    }
    Ok(())
}
