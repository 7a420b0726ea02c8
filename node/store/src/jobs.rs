//! Held jobs: their rows, their two indexes, and how a row and its file come and go together.
//!
//! The order is what makes a job safe. Coming: first the file, durable under its name, then the
//! row, durable too, then success is told. Going: first the row, and with it the job key, then
//! the file. Whatever a crash leaves between two steps is a file without a row, which
//! [`super::sweep`] removes.

use data_encoding::HEXLOWER;
use papermesh_protocol::id::{JobId, ReleaseId};
use papermesh_protocol::limits;
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::release::message::Place;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Moment;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::column::Key;
use super::columns::{
    JOB_NUMBERS, JOBS, JOBS_BY_EXPIRY, JOBS_BY_USER, LEASE_OF, LEASES, PREVIEWS, SETTLED,
};
use super::database::{Batch, Durability, Range};
use super::error::{Damage, StoreError};
use super::history::{Attempt, History, JobEnd, NumberedJob};
use super::job_list::{by_user, next};
use super::leases::{LeaseRow, Settled};
use super::spool::{SpoolReader, Spooled};
use super::table::Bound;

/// Jobs of one user on one holder, as many as a printer would list.
pub(super) const JOBS_PER_USER: usize = limits::JOBS_PER_HOLDER;
/// Further documents of one job.
const PARTS: usize = 100;
/// Jobs on one holder.
const BOUND: Bound = Bound {
    max: 100_000,
    what: "held jobs",
};

/// What is kept of a job beside its document. No field reveals the document's content in plaintext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRow {
    /// Whose it is.
    pub user: UserId,
    /// Its number on this holder.
    pub number: u32,
    /// Title, format, options and pages, sealed with the storage key.
    #[serde(with = "serde_bytes")]
    pub sealed_meta: Vec<u8>,
    /// The job key, wrapped with the storage key.
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    /// Bytes of the document.
    pub plain_size: u64,
    /// Bytes of the sealed file.
    pub sealed_size: u64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// How urgent it is, 1 to 100.
    pub priority: u8,
    /// Where it stands among those that are as urgent: when it was submitted, unless its owner
    /// moved it.
    pub listed_at: Timestamp,
    /// Not offered at printers before, if its owner said so.
    pub hold_until: Option<Timestamp>,
    /// When it is to be gone.
    pub expires_at: Timestamp,
    /// Exempt from pressure for space.
    pub protected: bool,
    /// An earlier release ended so that nobody knows whether paper came out.
    pub may_have_printed: bool,
    /// It is released with a PIN given for this visit, not with the user's own.
    pub visit_pin: bool,
    /// The verifier of the job's own PIN, if it has one, sealed with the storage key.
    pub sealed_pin: Option<ByteBuf>,
    /// Wrong guesses at that PIN.
    pub pin_guesses: Guesses,
    /// The latest release that ended and left the job here.
    pub last: Option<Attempt>,
}

/// A job as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldJob {
    /// The job.
    pub job: JobId,
    /// Its row.
    pub row: JobRow,
    /// What is wrong with its file, if anything; then it can only be deleted.
    pub damage: Option<Damage>,
}

impl HeldJob {
    /// Where it stands in its user's list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(self.row.priority, self.row.listed_at, self.job)
    }
}

/// Result of deleting a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, key and all.
    Deleted,
    /// There is no such job.
    Absent,
    /// A printer has it now; nothing was done.
    Leased {
        /// Until then, unless the printer extends or ends the lease.
        until: Timestamp,
    },
}

/// State of a job when it is inserted: a printer may have it already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialState {
    /// The lease that it has from the beginning.
    pub lease: Option<(ReleaseId, LeaseRow)>,
    /// A release that has ended already.
    pub settled: Option<(ReleaseId, Settled)>,
    /// It is a further document of the job that has this number.
    pub part_of: Option<u32>,
}

/// Changes to a held job; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// Its title and options.
    pub sealed_meta: Option<Vec<u8>>,
    /// How urgent it is.
    pub priority: Option<u8>,
    /// When it may be offered at printers.
    pub hold_until: Option<Option<Timestamp>>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amended {
    /// It is durable.
    Done,
    /// There is no such job.
    Absent,
    /// A printer has the job.
    Leased,
}

/// The held jobs of a store.
pub struct Jobs<'a>(pub(super) &'a Inner);

impl Jobs<'_> {
    /// Holds a job whose sealed file is durable already. When this returns, so is the job: now
    /// success may be told. The row's `sealed_size` is set from the file. On an error the file is
    /// removed again.
    pub fn keep(&self, file: Spooled, row: JobRow) -> Result<HeldJob, StoreError> {
        self.insert_with(file, row, InitialState::default())
    }

    /// As [`Jobs::keep`], for a job that a printer has already: its lease, and what has become of
    /// it, become durable with it.
    pub fn insert_with(
        &self,
        file: Spooled,
        mut row: JobRow,
        initial: InitialState,
    ) -> Result<HeldJob, StoreError> {
        let database = &self.0.database;
        let job = file.job();
        row.sealed_size = file.sealed_size();
        let _writing = self.0.writing();
        if self.count_of(&row.user)? >= JOBS_PER_USER {
            return Err(StoreError::TooMany {
                what: "held jobs of this user",
                max: JOBS_PER_USER,
            });
        }
        // Jobs of one moment stand in the order in which they were taken.
        while self.is_taken(&row)? {
            row.listed_at = next(row.listed_at);
        }
        let mut batch = database.batch();
        BOUND.put(database, &mut batch, &JOBS, (&job, &row))?;
        batch.put(&JOBS_BY_USER, &by_user(job, &row), &())?;
        batch.put(&JOBS_BY_EXPIRY, &(row.expires_at, job), &())?;
        let mut numbered = NumberedJob {
            job,
            user: row.user.clone(),
            part_of: None,
            parts: Vec::new(),
        };
        // Of a job that was forgotten meanwhile this is no part any more, but a job of its own.
        if let Some(whole) = initial.part_of
            && let Some(mut first) = database.get(&JOB_NUMBERS, &whole)?
            && first.user == row.user
        {
            if first.parts.len() >= PARTS {
                return Err(StoreError::TooMany {
                    what: "documents of this job",
                    max: PARTS,
                });
            }
            numbered.part_of = Some(whole);
            first.parts.push(row.number);
            batch.put(&JOB_NUMBERS, &whole, &first)?;
        }
        batch.put(&JOB_NUMBERS, &row.number, &numbered)?;
        if let Some((release, lease)) = &initial.lease {
            batch.put(&LEASES, release, lease)?;
            batch.put(&LEASE_OF, &job, release)?;
        }
        if let Some((release, settled)) = &initial.settled {
            batch.put(&SETTLED, release, settled)?;
        }
        batch.commit(Durability::Synced)?;
        file.keep();
        Ok(HeldJob {
            job,
            row,
            damage: None,
        })
    }

    /// A job.
    pub fn get(&self, job: JobId) -> Result<Option<HeldJob>, StoreError> {
        Ok(self
            .0
            .database
            .get(&JOBS, &job)?
            .map(|row| self.found(job, row)))
    }

    /// At most `limit` jobs of anybody, in the order of their ids, after the given one.
    pub fn all(&self, after: Option<JobId>, limit: usize) -> Result<Vec<HeldJob>, StoreError> {
        let range = Range::all().after(after.map(|job| job.to_bytes()));
        let rows = self.0.database.scan(&JOBS, range, limit)?;
        Ok(rows
            .into_iter()
            .map(|(job, row)| self.found(job, row))
            .collect())
    }

    /// At most `limit` jobs of anybody whose ids begin with these hexadecimal digits, in lower case.
    pub fn beginning_with(&self, digits: &str, limit: usize) -> Result<Vec<JobId>, StoreError> {
        let whole = &digits.as_bytes()[..digits.len() / 2 * 2];
        // An odd digit at the end is half a byte.
        let prefix = HEXLOWER.decode(whole).unwrap_or_default();
        let rows = self.0.database.rows(&JOBS, Range::prefix(prefix))?;
        let ids = rows.map(|row| row.map(|(job, _)| job));
        let meant = |job: &Result<JobId, StoreError>| {
            job.as_ref()
                .map_or(true, |job| job.to_string().starts_with(digits))
        };
        ids.filter(meant).take(limit).collect()
    }

    /// Opens a job's sealed file at an offset; none if there is no such job.
    ///
    /// # Errors
    /// [`StoreError::Job`] if the file is not what was stored, which is then remembered;
    /// [`StoreError::Offset`] if the offset is past the end.
    pub fn read(&self, job: JobId, offset: u64) -> Result<Option<SpoolReader>, StoreError> {
        let Some(held) = self.get(job)? else {
            return Ok(None);
        };
        let opened = self.0.spool.read(job, held.row.sealed_size, offset);
        if let Err(StoreError::Job { damage, .. }) = opened {
            // It may have been deleted between the two looks.
            if !self.0.database.contains(&JOBS, &job)? {
                return Ok(None);
            }
            self.0.damaged().insert(job, damage);
        }
        opened.map(Some)
    }

    /// Exempts a job from pressure for space, or no longer; false if there is no such job.
    pub fn set_protected(&self, job: JobId, protected: bool) -> Result<bool, StoreError> {
        self.change(job, |row| row.protected = protected)
    }

    /// Deletes a job, unless a printer has it now; also one whose row or file is damaged. The history says why it went.
    pub fn delete(
        &self,
        job: JobId,
        end: JobEnd,
        now: impl Into<Moment>,
    ) -> Result<Deletion, StoreError> {
        let now = now.into();
        let _writing = self.0.writing();
        if let Some(until) = self.0.leases().live(job, now.steady)? {
            return Ok(Deletion::Leased { until });
        }
        self.delete_whoever_has_it(job, end, now)
    }

    /// As [`Jobs::delete`], also if a printer has it now, which thereby loses its lease: it can
    /// neither extend that nor fetch any more.
    pub fn take_back(
        &self,
        job: JobId,
        end: JobEnd,
        now: impl Into<Moment>,
    ) -> Result<Deletion, StoreError> {
        let _writing = self.0.writing();
        self.delete_whoever_has_it(job, end, now.into())
    }

    fn delete_whoever_has_it(
        &self,
        job: JobId,
        end: JobEnd,
        now: Moment,
    ) -> Result<Deletion, StoreError> {
        if !self.0.database.contains(&JOBS, &job)? {
            return Ok(Deletion::Absent);
        }
        let mut batch = self.0.database.batch();
        self.delete_in(&mut batch, job, end, now.now)?;
        batch.commit(Durability::Synced)?;
        self.0.forget_file(job);
        Ok(Deletion::Deleted)
    }

    /// At most `limit` jobs whose time is over, those first whose time was over first.
    pub fn expired(&self, now: Timestamp, limit: usize) -> Result<Vec<JobId>, StoreError> {
        let range = Range::all().below(next(now).to_bytes());
        let entries = self.0.database.scan(&JOBS_BY_EXPIRY, range, limit)?;
        Ok(entries.into_iter().map(|((_, job), ())| job).collect())
    }

    /// Counts a guess at a job's own PIN, durably; gives all counted so far, or none if there is no
    /// such job.
    pub fn count_guess(&self, job: JobId, now: Timestamp) -> Result<Option<Guesses>, StoreError> {
        let mut counted = None;
        self.change(job, |row| {
            row.pin_guesses = row.pin_guesses.count(now);
            counted = Some(row.pin_guesses);
        })?;
        Ok(counted)
    }

    /// Takes back the guesses at a job's own PIN: it was proved.
    pub fn forgive_guesses(&self, job: JobId) -> Result<bool, StoreError> {
        self.change(job, |row| row.pin_guesses = Guesses::default())
    }

    /// Changes what a job's owner may change of it while it is held.
    pub fn amend(
        &self,
        job: JobId,
        amendment: Amendment,
        steady: Timestamp,
    ) -> Result<Amended, StoreError> {
        let _writing = self.0.writing();
        let Some(mut row) = self.0.database.get(&JOBS, &job)? else {
            return Ok(Amended::Absent);
        };
        if self.0.leases().live(job, steady)?.is_some() {
            return Ok(Amended::Leased);
        }
        let old = by_user(job, &row);
        row.sealed_meta = amendment.sealed_meta.unwrap_or(row.sealed_meta);
        row.priority = amendment.priority.unwrap_or(row.priority);
        row.hold_until = amendment.hold_until.unwrap_or(row.hold_until);
        let mut batch = self.0.database.batch();
        batch.delete(&JOBS_BY_USER, &old)?;
        batch.put(&JOBS_BY_USER, &by_user(job, &row), &())?;
        batch.put(&JOBS, &job, &row)?;
        batch.commit(Durability::Synced)?;
        Ok(Amended::Done)
    }

    /// Puts another title, format and what is known of the pages in the place of those that are
    /// known to the caller. False if there is no such job, or if it has others by now.
    pub fn replace_meta(
        &self,
        job: JobId,
        known: &[u8],
        sealed_meta: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let mut is_same = false;
        self.change(job, |row| {
            is_same = row.sealed_meta == known;
            if is_same {
                row.sealed_meta = sealed_meta;
            }
        })?;
        Ok(is_same)
    }

    /// Changes a row; neither its user nor its times and its priority, which the indexes have.
    /// False if there is no such job.
    fn change(&self, job: JobId, change: impl FnOnce(&mut JobRow)) -> Result<bool, StoreError> {
        let _writing = self.0.writing();
        let Some(mut row) = self.0.database.get(&JOBS, &job)? else {
            return Ok(false);
        };
        change(&mut row);
        let mut batch = self.0.database.batch();
        batch.put(&JOBS, &job, &row)?;
        batch.commit(Durability::Synced)?;
        Ok(true)
    }

    /// Notes on the job, if it is there, how a release ended that leaves it held; and, if `mark`
    /// says so, that it may have printed.
    pub(super) fn note_in(
        &self,
        batch: &mut Batch<'_>,
        job: JobId,
        attempt: Attempt,
        mark: bool,
    ) -> Result<(), StoreError> {
        match self.0.database.get(&JOBS, &job) {
            Ok(Some(mut row)) => {
                row.may_have_printed |= mark;
                row.last = Some(attempt);
                batch.put(&JOBS, &job, &row)
            }
            Ok(None) => Ok(()),
            // A damaged row can be neither printed nor marked, and must not keep the lease.
            Err(error @ StoreError::Row { .. }) => {
                tracing::error!(error = %error.in_full(), "could not mark a damaged job");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes the job's row, key, picture and index entries, and notes its end. After the commit its file
    /// is to go.
    pub(super) fn delete_in(
        &self,
        batch: &mut Batch<'_>,
        job: JobId,
        end: JobEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self.0.database.get(&JOBS, &job) {
            Ok(Some(row)) => {
                batch.delete(&JOBS_BY_USER, &by_user(job, &row))?;
                batch.delete(&JOBS_BY_EXPIRY, &(row.expires_at, job))?;
                History(self.0).note_in(batch, (job, row), end, now)?;
            }
            Ok(None) => {}
            Err(StoreError::Row { .. }) => self.delete_from_indexes(batch, job)?,
            Err(error) => return Err(error),
        }
        batch.delete(&JOBS, &job)?;
        batch.delete(&PREVIEWS, &job)?;
        batch.delete(&LEASE_OF, &job)
    }

    /// Finds the index entries of a job whose row cannot be read.
    fn delete_from_indexes(&self, batch: &mut Batch<'_>, job: JobId) -> Result<(), StoreError> {
        for entry in self.0.database.rows(&JOBS_BY_USER, Range::all())? {
            let (key, ()) = entry?;
            if key.key.1.1 == job {
                batch.delete(&JOBS_BY_USER, &key)?;
            }
        }
        for entry in self.0.database.rows(&JOBS_BY_EXPIRY, Range::all())? {
            let (key, ()) = entry?;
            if key.1 == job {
                batch.delete(&JOBS_BY_EXPIRY, &key)?;
            }
        }
        Ok(())
    }

    fn found(&self, job: JobId, row: JobRow) -> HeldJob {
        HeldJob {
            job,
            row,
            damage: self.0.damaged().get(&job).copied(),
        }
    }
}

#[cfg(test)]
mod tests;
