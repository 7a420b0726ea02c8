//! The hold printer's desk: what all operations share, and what they find out about who asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::sync::Semaphore;

use super::identity::Identity;
use super::limits;
use super::message::{Failure, Request};
use super::open_jobs::OpenJobs;
use super::owner::{Owners, Peer, Proven, Who};
use super::queue::{JobNumber, JobState, Queue, QueuedJob};
use super::status::Status;
use super::subscriptions::Subscriptions;

/// Everything that outlives one request.
pub(super) struct Desk<Q> {
    pub(super) queue: Q,
    pub(super) identity: Identity,
    pub(super) owners: Owners,
    pub(super) proven: Proven,
    pub(super) open: OpenJobs,
    pub(super) subscriptions: Subscriptions,
    pub(super) started: Timestamp,
    /// Documents that may be taken at once.
    pub(super) room: Semaphore,
    accepting: AtomicBool,
    holding: AtomicBool,
}

/// One request, and who made it.
pub(super) struct Asking<'a> {
    pub(super) request: &'a Request,
    pub(super) who: Who,
    pub(super) peer: Peer,
    /// The printer's URI as this program knows it.
    pub(super) printer: String,
}

impl<Q: Queue> Desk<Q> {
    pub(super) fn new(queue: Q, identity: Identity, owners: Owners) -> Arc<Self> {
        let started = queue.now();
        Arc::new(Self {
            queue,
            identity,
            owners,
            proven: Proven::new(),
            open: OpenJobs::default(),
            subscriptions: Subscriptions::default(),
            started,
            room: Semaphore::new(limits::DOCUMENTS),
            accepting: AtomicBool::new(true),
            holding: AtomicBool::new(false),
        })
    }

    /// Whether the printer takes jobs.
    pub(super) fn is_accepting(&self) -> bool {
        self.accepting.load(Ordering::Relaxed)
    }

    pub(super) fn accept(&self, on: bool) {
        self.accepting.store(on, Ordering::Relaxed);
    }

    /// Whether new jobs are held back until they are released here.
    pub(super) fn is_holding(&self) -> bool {
        self.holding.load(Ordering::Relaxed)
    }

    pub(super) fn hold_new(&self, on: bool) {
        self.holding.store(on, Ordering::Relaxed);
    }

    /// A job as it is now, whosever it is.
    pub(super) async fn job(&self, number: JobNumber) -> Result<Option<QueuedJob>, Failure> {
        let open = self.open.get(number);
        let mut job = self.queue.job(number).await?;
        if job.is_none() {
            job = match &open {
                Some(open) => Some(open.seen(number, JobState::Incoming)),
                None => self.open.ended(number),
            };
        }
        if let (Some(job), Some(_)) = (&mut job, open)
            && job.state == JobState::Held
        {
            job.state = JobState::Incoming;
        }
        Ok(job)
    }

    /// Whether a user may do what only operators may.
    pub(super) fn check_operator(&self, user: &UserId) -> Result<(), Failure> {
        if self.owners.operators.contains(user) {
            return Ok(());
        }
        Err(Failure::new(
            Status::Forbidden,
            "only an operator may do this; operators are named by ipp-operators in papermesh.toml",
        ))
    }
}

impl Asking<'_> {
    /// The user who asks.
    pub(super) fn user(&self) -> Result<&UserId, Failure> {
        self.who.user()
    }

    /// The job that the request is about: `job-id` beside `printer-uri`, or `job-uri` alone (RFC
    /// 8011 section 4.1.5).
    pub(super) fn job_number(&self) -> Result<JobNumber, Failure> {
        let operation = self.request.operation();
        let number = match operation.integer("job-id") {
            Some(number) => JobNumber::try_from(number).ok(),
            None => operation
                .text("job-uri")
                .and_then(|uri| uri.rsplit('/').next())
                .and_then(|last| last.parse().ok()),
        };
        number
            .filter(|number| *number > 0)
            .ok_or_else(|| Failure::new(Status::BadRequest, "the request names no job"))
    }

    /// The job that the request is about, which must be the user's own. That of another user
    /// looks like none.
    pub(super) async fn own_job<Q: Queue>(&self, desk: &Desk<Q>) -> Result<QueuedJob, Failure> {
        let number = self.job_number()?;
        let user = self.user()?;
        let found = desk.job(number).await?;
        found
            .filter(|job| job.user == *user)
            .ok_or_else(|| Failure::new(Status::NotFound, format!("you have no job {number} here")))
    }
}
