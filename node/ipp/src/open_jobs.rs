//! Jobs that Create-Job made and that wait for documents (RFC 8011 sections 4.2.4 and 4.3.1).
//!
//! They live in memory only: until a document came there is nothing to lose, and each document is
//! durable by itself before its success is told. What ended without a document is remembered for
//! a while, so that a program that asks is told the truth.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::job::DEFAULT_PRIORITY;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use super::limits;
use super::message::Failure;
use super::queue::{Hold, IppJobState, JobNumber, JobSettings, QueuedJob, Station};
use super::status::Status;

/// A job that waits for documents.
#[derive(Clone, Debug)]
pub(super) struct OpenJob {
    pub(super) user: UserId,
    /// The print token with which it was made, if it was made from outside.
    pub(super) token: Option<TokenDigest>,
    /// Who made it, as a gateway said that ended their TLS.
    pub(super) client: Option<Client>,
    /// From where it was made: some programs show their credentials then, and not again.
    pub(super) from: IpAddr,
    pub(super) title: String,
    pub(super) settings: JobSettings,
    /// All that is asked of it must be had, or nothing: `ipp-attribute-fidelity`.
    pub(super) whole: bool,
    /// The id of the station that its documents are for.
    pub(super) station: Option<String>,
    pub(super) created_at: Timestamp,
    /// Documents that have come.
    pub(super) documents: u16,
    /// One is coming now.
    busy: bool,
    until: Instant,
}

impl OpenJob {
    pub(super) fn new(
        (user, token): (UserId, Option<TokenDigest>),
        from: IpAddr,
        title: String,
        (settings, whole): (JobSettings, bool),
        now: Timestamp,
    ) -> Self {
        Self {
            user,
            token,
            client: None,
            from,
            title,
            settings,
            whole,
            station: None,
            created_at: now,
            documents: 0,
            busy: false,
            until: Instant::now() + limits::OPEN_JOB,
        }
    }

    /// The job with its documents going straight to a station.
    pub(super) fn straight_to(self, station: Option<&Station>) -> Self {
        let station = station.map(|station| station.id.clone());
        Self { station, ..self }
    }

    /// The job as this client of a gateway made it.
    pub(super) fn sent_by(self, client: Option<Client>) -> Self {
        Self { client, ..self }
    }

    /// The job as it is seen before it has a document.
    pub(super) fn seen(&self, number: JobNumber, state: IppJobState) -> QueuedJob {
        QueuedJob {
            number,
            user: self.user.clone(),
            token: self.token,
            client: self.client,
            title: self.title.clone(),
            state,
            documents: Vec::new(),
            options: self.settings.options.clone(),
            priority: self.settings.priority.unwrap_or(DEFAULT_PRIORITY),
            hold: self.settings.hold,
            own_pin: self.settings.pin.is_some(),
            created_at: self.created_at,
            processing_at: None,
            expires_at: None,
            printer: None,
            stopped: false,
            may_have_printed: false,
            pages_printed: 0,
            note: None,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct OpenJobs(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: BTreeMap<JobNumber, OpenJob>,
    ended: VecDeque<(Instant, QueuedJob)>,
}

impl OpenJobs {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the user may have one more, or the print token that was shown. Those from outside take no room
    /// from the site.
    pub(super) fn check_room(
        &self,
        user: &UserId,
        token: Option<TokenDigest>,
    ) -> Result<(), Failure> {
        let inner = self.inner();
        let count =
            |is: &dyn Fn(&OpenJob) -> bool| inner.open.values().filter(|job| is(job)).count();
        let own = count(&|job| job.user == *user && job.token == token);
        let is_outside = token.is_some();
        let all = count(&|job| job.token.is_some() == is_outside);
        let room = match is_outside {
            true => limits::OPEN_JOBS_OUTSIDE,
            false => limits::OPEN_JOBS,
        };
        if all >= room || own >= limits::OPEN_JOBS_PER_USER {
            return Err(Failure::new(
                Status::Busy,
                "too many jobs are waiting for their documents; try again in a minute",
            ));
        }
        Ok(())
    }

    pub(super) fn insert(&self, number: JobNumber, job: OpenJob) {
        self.inner().open.insert(number, job);
    }

    pub(super) fn get(&self, number: JobNumber) -> Option<OpenJob> {
        self.inner().open.get(&number).cloned()
    }

    /// A job that ended without a document.
    pub(super) fn ended(&self, number: JobNumber) -> Option<QueuedJob> {
        let inner = self.inner();
        let found = inner.ended.iter().find(|(_, job)| job.number == number);
        found.map(|(_, job)| job.clone())
    }

    /// A user's jobs without a document: those that wait, or those that ended.
    pub(super) fn without_documents(&self, user: &UserId, ended: bool) -> Vec<QueuedJob> {
        let inner = self.inner();
        if ended {
            let of_user = inner
                .ended
                .iter()
                .rev()
                .filter(|(_, job)| job.user == *user);
            return of_user.map(|(_, job)| job.clone()).collect();
        }
        let waiting = inner
            .open
            .iter()
            .filter(|(_, job)| job.user == *user && job.documents == 0);
        waiting
            .map(|(number, job)| job.seen(*number, IppJobState::Incoming))
            .collect()
    }

    /// Gives a job free, so that documents that still come are not held back.
    pub(super) fn release(&self, number: JobNumber) {
        if let Some(job) = self.inner().open.get_mut(&number)
            && job.settings.hold == Hold::Indefinite
        {
            job.settings.hold = Hold::No;
        }
    }

    /// Begins the next document of a job: nobody else may send one until it is dropped.
    pub(super) fn begin(&self, number: JobNumber) -> Result<Sending<'_>, Failure> {
        let mut inner = self.inner();
        let job = inner.open.get_mut(&number).ok_or_else(|| {
            Failure::new(Status::NotPossible, "the job accepts no more documents")
        })?;
        if job.busy {
            let text = "another document of this job is arriving";
            return Err(Failure::new(Status::Busy, text));
        }
        if job.documents >= limits::DOCUMENTS_PER_JOB {
            let text = format!("a job has at most {} documents", limits::DOCUMENTS_PER_JOB);
            return Err(Failure::new(Status::TooManyDocuments, text));
        }
        job.busy = true;
        Ok(Sending {
            jobs: self,
            number,
            job: job.clone(),
        })
    }

    /// Ends the waiting; gives the job, if it was waiting.
    pub(super) fn close(
        &self,
        number: JobNumber,
        state: impl FnOnce(&OpenJob) -> IppJobState,
    ) -> Option<OpenJob> {
        let mut inner = self.inner();
        let job = inner.open.remove(&number)?;
        if job.documents == 0 {
            let ended = job.seen(number, state(&job));
            if inner.ended.len() >= limits::ENDED_JOBS {
                inner.ended.pop_front();
            }
            inner.ended.push_back((Instant::now(), ended));
        }
        Some(job)
    }

    /// Closes jobs whose time is over, and forgets those that ended long ago. Gives the closed.
    pub(super) fn sweep(&self, now: Timestamp) -> Vec<JobNumber> {
        let over: Vec<JobNumber> = {
            let mut inner = self.inner();
            inner
                .ended
                .retain(|(at, _)| at.elapsed() < limits::ENDED_JOB);
            let over = |job: &OpenJob| !job.busy && job.until <= Instant::now();
            let jobs = inner.open.iter().filter(|(_, job)| over(job));
            jobs.map(|(number, _)| *number).collect()
        };
        for number in &over {
            self.close(*number, |_| {
                IppJobState::Aborted(now, "no document arrived in time".into())
            });
        }
        over
    }
}

/// A document on its way.
pub(super) struct Sending<'a> {
    jobs: &'a OpenJobs,
    number: JobNumber,
    pub(super) job: OpenJob,
}

impl Sending<'_> {
    /// The document is durable.
    pub(super) fn kept(&self) {
        if let Some(job) = self.jobs.inner().open.get_mut(&self.number) {
            job.documents += 1;
        }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if let Some(job) = self.jobs.inner().open.get_mut(&self.number) {
            job.busy = false;
            job.until = Instant::now() + limits::OPEN_JOB;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::Ipv4Addr;

    use super::*;

    fn job(user: &str) -> OpenJob {
        let user = user.parse().unwrap();
        OpenJob::new(
            (user, None),
            Ipv4Addr::LOCALHOST.into(),
            "t".into(),
            (JobSettings::default(), false),
            Timestamp::default(),
        )
    }

    #[test]
    fn a_user_cannot_take_all_the_room() {
        let jobs = OpenJobs::default();
        for number in 0..limits::OPEN_JOBS_PER_USER {
            jobs.check_room(&job("alice").user, None).unwrap();
            jobs.insert(u32::try_from(number).unwrap(), job("alice"));
        }
        assert_eq!(
            jobs.check_room(&job("alice").user, None)
                .unwrap_err()
                .status,
            Status::Busy
        );
        jobs.check_room(&job("bob").user, None).unwrap();
    }

    #[test]
    fn one_document_at_a_time() {
        let jobs = OpenJobs::default();
        jobs.insert(1, job("alice"));
        let sending = jobs.begin(1).unwrap();
        assert!(matches!(jobs.begin(1), Err(failure) if failure.status == Status::Busy));
        sending.kept();
        drop(sending);
        assert_eq!(jobs.begin(1).unwrap().job.documents, 1);
        assert!(matches!(jobs.begin(2), Err(failure) if failure.status == Status::NotPossible));
    }

    #[test]
    fn a_job_that_ended_empty_is_remembered() {
        let jobs = OpenJobs::default();
        jobs.insert(7, job("alice"));
        jobs.close(7, |_| IppJobState::Canceled(Timestamp::default()));
        assert!(jobs.get(7).is_none());
        assert!(jobs.ended(7).unwrap().state.has_ended());
        assert_eq!(jobs.without_documents(&job("alice").user, true).len(), 1);
        assert!(jobs.without_documents(&job("bob").user, true).is_empty());
    }
}
