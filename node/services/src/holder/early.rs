//! Jobs that a printer has while they still arrive.
//!
//! Such a job has no row yet, so nothing of it is held: if this process dies, there is no job, and
//! nobody was told that there is one. What a row would say, its lease above all, is here instead,
//! and goes into the very commit with which the row comes to be. Until then the printer gets the
//! document but for its last segment, without which nobody has the whole of it.
//!
//! Whoever looks for a job or a lease looks here first and into the store afterwards: a job leaves
//! here only when its row is durable, and both happen under one lock.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::release::receipt::{Outcome, Receipt};
use papermesh_protocol::seal::JobKey;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Moment;
use papermesh_store::{
    Attempt, HeldJob, InitialState, JobRow, LeaseRow, Settled, SpoolTail, Spooled, Store,
    StoreError,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Inner;

/// Jobs that are printed while they arrive.
const AT_ONCE: usize = 32;

/// The jobs of one holder.
#[derive(Default)]
pub(super) struct EarlyJobs(Mutex<BTreeMap<JobId, EarlyJob>>);

/// What is known of one.
pub(super) struct EarlyJob {
    pub(super) user: UserId,
    pub(super) key: JobKey,
    pub(super) title: String,
    pub(super) format: String,
    /// Opens the document, if it is locked.
    pub(super) password: Option<DocumentPassword>,
    pub(super) size: u64,
    pub(super) sealed_size: u64,
    tail: Arc<SpoolTail>,
    available: watch::Receiver<u64>,
    pub(super) lease: Option<(ReleaseId, LeaseRow)>,
    settled: Option<(ReleaseId, LeaseRow, Ended)>,
}

/// How a release ended, and why.
type Ended = (Outcome, Option<String>);

/// What came of a printer's last word.
pub(super) enum EarlyReport {
    /// It is taken.
    Taken,
    /// It was taken before.
    Before,
    /// It cannot be true yet.
    TooEarly,
}

impl EarlyJob {
    pub(super) fn new(
        (user, key): (UserId, JobKey),
        (title, format, password): (String, String, Option<DocumentPassword>),
        (size, sealed_size): (u64, u64),
        tail: SpoolTail,
        available: watch::Receiver<u64>,
    ) -> Self {
        Self {
            user,
            key,
            title,
            format,
            password,
            size,
            sealed_size,
            tail: Arc::new(tail),
            available,
            lease: None,
            settled: None,
        }
    }

    /// Whether this release is over.
    pub(super) fn has_ended(&self, release: ReleaseId) -> bool {
        matches!(&self.settled, Some((settled, ..)) if *settled == release)
    }

    /// Takes the printer's word on how it ended, for the commit.
    pub(super) fn report(&mut self, receipt: &Receipt) -> Option<EarlyReport> {
        if self.has_ended(receipt.release) {
            return Some(EarlyReport::Before);
        }
        let (release, lease) = self.lease.as_ref()?;
        if (*release, lease.printer) != (receipt.release, receipt.printer) {
            return None;
        }
        // Nobody has the whole document yet.
        if matches!(receipt.outcome, Outcome::Printed { .. }) {
            return Some(EarlyReport::TooEarly);
        }
        let (release, lease) = self.lease.take()?;
        let ended = (receipt.outcome.clone(), receipt.reason.clone());
        self.settled = Some((release, lease, ended));
        Some(EarlyReport::Taken)
    }

    /// The document from an offset on, as it comes.
    pub(super) fn read(&self, offset: u64) -> EarlyReader {
        EarlyReader {
            tail: Arc::clone(&self.tail),
            available: self.available.clone(),
            at: offset,
            end: self.sealed_size,
        }
    }
}

impl EarlyJobs {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, EarlyJob>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look` makes of a job, if it is here.
    pub(super) fn with<T>(&self, job: JobId, look: impl FnOnce(&mut EarlyJob) -> T) -> Option<T> {
        self.jobs().get_mut(&job).map(look)
    }

    /// What `look` makes of the lease of a release that belongs to this printer, if it is here.
    pub(super) fn with_lease<T>(
        &self,
        release: ReleaseId,
        printer: NodeId,
        look: impl FnOnce(&mut LeaseRow) -> T,
    ) -> Option<T> {
        let mut jobs = self.jobs();
        let lease = jobs.values_mut().find_map(|job| match &mut job.lease {
            Some((known, lease)) if *known == release && lease.printer == printer => Some(lease),
            _ => None,
        });
        lease.map(look)
    }

    /// Lets a printer have the job from now on; false if there are too many.
    fn begin(&self, job: JobId, early: EarlyJob) -> bool {
        let mut jobs = self.jobs();
        if jobs.len() >= AT_ONCE {
            return false;
        }
        jobs.insert(job, early);
        true
    }
}

/// A job that is here; dropped before it is held, it is no job.
pub(super) struct Arriving {
    inner: Arc<dyn Early>,
    job: JobId,
}

/// Whoever has early jobs.
trait Early: Send + Sync {
    fn early(&self) -> &EarlyJobs;
}

impl<N: Send + Sync> Early for Inner<N> {
    fn early(&self) -> &EarlyJobs {
        &self.early
    }
}

impl Arriving {
    /// Lets a printer have the job from now on; none if there are too many.
    pub(super) fn begin<N: Send + Sync + 'static>(
        inner: &Arc<Inner<N>>,
        job: JobId,
        early: EarlyJob,
    ) -> Option<Self> {
        inner.early.begin(job, early).then(|| Self {
            inner: Arc::clone(inner) as Arc<dyn Early>,
            job,
        })
    }

    /// Holds the job, with all that has happened to it meanwhile.
    pub(super) fn keep(
        self,
        store: &Store,
        file: Spooled,
        mut row: JobRow,
        now: Moment,
    ) -> Result<HeldJob, StoreError> {
        let mut jobs = self.inner.early().jobs();
        let mut initial = InitialState::default();
        if let Some(early) = jobs.get_mut(&self.job) {
            initial.lease = early.lease.take();
            if let Some((release, lease, (outcome, reason))) = early.settled.take() {
                row.may_have_printed = outcome == Outcome::MayHavePrinted;
                row.last = Some(Attempt {
                    printer: lease.named_printer(),
                    at: now.now,
                    outcome: outcome.clone(),
                    reason,
                });
                let settled = Settled {
                    job: lease.job,
                    user: lease.user,
                    printer: lease.printer,
                    outcome,
                    at: now.steady,
                };
                initial.settled = Some((release, settled));
            }
        }
        let held = store.jobs().insert_with(file, row, initial);
        jobs.remove(&self.job);
        held
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.inner.early().jobs().remove(&self.job);
    }
}

/// Reads a document as it arrives: waits for what is not there yet, and fails if it never comes.
/// Blocks; for a thread of its own.
pub(super) struct EarlyReader {
    tail: Arc<SpoolTail>,
    available: watch::Receiver<u64>,
    at: u64,
    end: u64,
}

impl EarlyReader {
    /// Bytes from here to the end, once all are there.
    pub(super) fn left(&self) -> u64 {
        self.end - self.at
    }
}

impl Read for EarlyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let available = (*self.available.borrow_and_update()).min(self.end);
            let ready = usize::try_from(available.saturating_sub(self.at)).unwrap_or(usize::MAX);
            if ready > 0 || self.at == self.end {
                let len = ready.min(buffer.len());
                let read = self.tail.read_at(&mut buffer[..len], self.at)?;
                self.at += read as u64;
                return Ok(read);
            }
            // Whoever writes has gone, and what it wrote last was seen above.
            if Handle::current()
                .block_on(self.available.changed())
                .is_err()
                && *self.available.borrow() <= self.at
            {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
