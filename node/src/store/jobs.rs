//! Held jobs: their rows, their two indexes, and how a row and its file come and go together.
//!
//! The order is what makes a job safe. Coming: first the file, durable under its name, then the
//! row, durable too, then success is told. Going: first the row, and with it the job key, then
//! the file. Whatever a crash leaves between two steps is a file without a row, which
//! [`super::sweep`] removes.

use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_protocol::id::{JobId, ReleaseId};
use papermesh_protocol::limits;
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::release::message::Place;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::column::{Key, OfUser};
use super::columns::{
    JOB_NUMBERS, JOBS, JOBS_BY_EXPIRY, JOBS_BY_USER, LEASE_OF, LEASES, Listed, PREVIEWS, SETTLED,
};
use super::database::{Batch, Durability, Range};
use super::error::{Damage, StoreError};
use super::history::{Attempt, History, JobEnd, NumberedJob};
use super::leases::{LeaseRow, Settled};
use super::spool::{SpoolReader, Spooled};
use super::table::Bound;
use crate::clock::Moment;

/// Jobs of one user on one holder, as many as a printer would list.
const JOBS_PER_USER: usize = limits::JOBS_PER_HOLDER;
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

/// What came of a wish to delete a job.
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

/// What happened to a job before it was held: a printer may have it already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Birth {
    /// The lease that it has from birth.
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
        self.keep_born(file, row, Birth::default())
    }

    /// As [`Jobs::keep`], for a job that a printer has already: its lease, and what has become of
    /// it, become durable with it.
    pub fn keep_born(
        &self,
        file: Spooled,
        mut row: JobRow,
        birth: Birth,
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
        if let Some(whole) = birth.part_of
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
        if let Some((release, lease)) = &birth.lease {
            batch.put(&LEASES, release, lease)?;
            batch.put(&LEASE_OF, &job, release)?;
        }
        if let Some((release, settled)) = &birth.settled {
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

    /// Whether another job of the user stands where this one is to stand.
    fn is_taken(&self, row: &JobRow) -> Result<bool, StoreError> {
        let first = by_user(JobId::from_bytes([0; 16]), row);
        let range = Range::prefix(OfUser::<JobId>::prefix(&row.user)).after(Some(first.to_bytes()));
        let mut there = self.0.database.rows(&JOBS_BY_USER, range)?;
        Ok(there.next().transpose()?.is_some_and(|(found, ())| {
            let (rank, (listed_at, _)) = found.key;
            (rank, listed_at) == (first.key.0, first.key.1.0)
        }))
    }

    /// At most `limit` jobs of a user in the order of their places, after the given place. A job whose
    /// row cannot be read is logged and skipped.
    pub fn of_user(
        &self,
        user: &UserId,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<HeldJob>, StoreError> {
        let after = after.map(|place| {
            OfUser {
                user: user.clone(),
                key: (place.rank, (place.listed_at, place.job)),
            }
            .to_bytes()
        });
        let range = Range::prefix(OfUser::<JobId>::prefix(user)).after(after);
        let mut jobs = Vec::new();
        for entry in self.0.database.rows(&JOBS_BY_USER, range)? {
            if jobs.len() == limit {
                break;
            }
            let (
                OfUser {
                    key: (_, (_, job)), ..
                },
                (),
            ) = entry?;
            match self.get(job) {
                Ok(found) => jobs.extend(found),
                Err(error @ StoreError::Row { .. }) => {
                    tracing::error!(error = %error.in_full(), "skipped a damaged row")
                }
                Err(error) => return Err(error),
            }
        }
        Ok(jobs)
    }

    /// How many jobs a user has here. Walks the index, some microseconds for a handful.
    pub fn count_of(&self, user: &UserId) -> Result<usize, StoreError> {
        self.0.database.count(
            &JOBS_BY_USER,
            Range::prefix(OfUser::<JobId>::prefix(user)),
            JOBS_PER_USER,
        )
    }

    /// At most `limit` users who have jobs here, in order, after the given one.
    pub fn users(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let mut users: Vec<UserId> = Vec::new();
        while users.len() < limit {
            // All of a user's entries begin with the id and a zero byte; the next user's come
            // after the id and a one.
            let range = match users.last().or(after) {
                Some(user) => Range::all().after(Some([user.as_str().as_bytes(), &[1]].concat())),
                None => Range::all(),
            };
            match self.0.database.rows(&JOBS_BY_USER, range)?.next() {
                Some(entry) => users.push(entry?.0.user),
                None => break,
            }
        }
        Ok(users)
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

    /// Moves a job to a position in its user's list, 1 for the first; beyond the end is the last.
    /// It inherits the priority of its new predecessor or, as the first, of its new successor. False if there is no such job.
    pub fn move_to(&self, job: JobId, position: usize) -> Result<bool, StoreError> {
        let _writing = self.0.writing();
        let Some(mut moved) = self.0.database.get(&JOBS, &job)? else {
            return Ok(false);
        };
        let mut others = self.of_user(&moved.user, None, JOBS_PER_USER)?;
        others.retain(|held| held.job != job);
        let at = position.saturating_sub(1).min(others.len());
        let (before, after) = others.split_at(at);
        let old = by_user(job, &moved);
        (moved.priority, moved.listed_at) = match (before.last(), after.first()) {
            (Some(before), Some(after)) if before.row.priority == after.row.priority => {
                let (from, to) = (before.row.listed_at, after.row.listed_at);
                let half = to.as_millis().saturating_sub(from.as_millis()) / 2;
                (
                    before.row.priority,
                    Timestamp::from_millis(from.as_millis() + half),
                )
            }
            (Some(before), _) => (before.row.priority, next(before.row.listed_at)),
            (None, Some(after)) => (
                after.row.priority,
                Timestamp::from_millis(after.row.listed_at.as_millis().saturating_sub(1)),
            ),
            (None, None) => return Ok(true),
        };
        let mut batch = self.0.database.batch();
        // Where there was no room between two, those after it make some.
        let mut last = match before.last() {
            Some(before) if Place::of(moved.priority, moved.listed_at, job) <= before.place() => {
                moved.listed_at = next(before.row.listed_at);
                Place::of(moved.priority, moved.listed_at, job)
            }
            _ => Place::of(moved.priority, moved.listed_at, job),
        };
        batch.delete(&JOBS_BY_USER, &old)?;
        batch.put(&JOBS_BY_USER, &by_user(job, &moved), &())?;
        batch.put(&JOBS, &job, &moved)?;
        for held in after {
            if held.place() > last {
                break;
            }
            let row = JobRow {
                listed_at: next(last.listed_at),
                ..held.row.clone()
            };
            batch.delete(&JOBS_BY_USER, &by_user(held.job, &held.row))?;
            batch.put(&JOBS_BY_USER, &by_user(held.job, &row), &())?;
            batch.put(&JOBS, &held.job, &row)?;
            last = Place::of(row.priority, row.listed_at, held.job);
        }
        batch.commit(Durability::Synced)?;
        Ok(true)
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

fn by_user(job: JobId, row: &JobRow) -> OfUser<Listed> {
    let Place {
        rank, listed_at, ..
    } = Place::of(row.priority, row.listed_at, job);
    OfUser {
        user: row.user.clone(),
        key: (rank, (listed_at, job)),
    }
}

/// The next place in time.
fn next(at: Timestamp) -> Timestamp {
    at + Duration::from_millis(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;

    use super::super::sample::{
        NOW, copy, held, job, job_row, lease, spool_files, spooled, store, user,
    };
    use super::super::{Granted, LocalUser, Store};
    use super::*;

    #[test]
    fn a_job_is_found_by_the_beginning_of_its_id() {
        let (_home, store) = store().unwrap();
        for number in [0x11, 0x12, 0x21] {
            held(&store, number, "alice").unwrap();
        }
        let found = |digits: &str| store.jobs().beginning_with(digits, 2).unwrap();
        assert_eq!(found("111111"), [job(0x11)]);
        assert_eq!(found("11111"), [job(0x11)]);
        assert_eq!(found("1"), [job(0x11), job(0x12)]);
        assert_eq!(found(""), [job(0x11), job(0x12)]);
        assert_eq!(found(&job(0x21).to_string()), [job(0x21)]);
        assert!(found("13").is_empty() && found("ffff").is_empty());
    }

    #[test]
    fn jobs_of_one_moment_stand_as_they_were_taken() {
        let (_home, store) = store().unwrap();
        let taken: Vec<_> = (1..=9)
            .rev()
            .map(|n| held(&store, n, "alice").unwrap().job)
            .collect();
        let listed = store.jobs().of_user(&user("alice"), None, 20).unwrap();
        let listed: Vec<_> = listed.iter().map(|held| held.job).collect();
        assert_eq!(listed, taken);
    }

    #[test]
    fn a_kept_job_is_there_after_the_process_dies() {
        let (home, store) = store().unwrap();
        let kept = held(&store, 1, "alice").unwrap();
        assert_eq!(kept.row.sealed_size, 15);
        // What would be on disk if the process were killed now, as far as this process can tell.
        let copied = copy(home.path());
        let copy = Store::open(copied.path()).unwrap();
        assert_eq!(copy.jobs().get(job(1)).unwrap(), Some(kept));
        let mut document = Vec::new();
        copy.jobs()
            .read(job(1), 7)
            .unwrap()
            .unwrap()
            .read_to_end(&mut document)
            .unwrap();
        assert_eq!(document, b"document");
    }

    #[test]
    fn what_was_not_kept_leaves_nothing() {
        let (home, store) = store().unwrap();
        drop(store.spool(job(1), 0).unwrap());
        drop(spooled(&store, 2).unwrap());
        assert_eq!(spool_files(home.path()), [""; 0]);
    }

    #[test]
    fn a_row_that_is_refused_takes_its_file_with_it() {
        let (home, store) = store().unwrap();
        let row = JobRow {
            sealed_meta: vec![0; 10_000],
            ..job_row("alice")
        };
        let refused = store.jobs().keep(spooled(&store, 1).unwrap(), row);
        assert!(matches!(
            refused,
            Err(StoreError::TooLarge { column: "jobs", .. })
        ));
        assert_eq!(spool_files(home.path()), [""; 0]);
        assert_eq!(store.jobs().get(job(1)).unwrap(), None);
        assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 0);
    }

    #[test]
    fn users_see_their_own_jobs_oldest_first_in_pages() {
        let (_home, store) = store().unwrap();
        for (number, owner, age) in [
            (1, "al", 30),
            (2, "alice", 20),
            (3, "alice", 40),
            (4, "alice.b", 10),
        ] {
            let row = JobRow {
                listed_at: NOW - Duration::from_secs(age),
                ..job_row(owner)
            };
            store
                .jobs()
                .keep(spooled(&store, number).unwrap(), row)
                .unwrap();
        }
        let alice = user("alice");
        let all = store.jobs().of_user(&alice, None, 10).unwrap();
        assert_eq!(
            all.iter().map(|held| held.job).collect::<Vec<_>>(),
            [job(3), job(2)]
        );
        assert_eq!(store.jobs().of_user(&alice, None, 1).unwrap(), all[..1]);
        assert_eq!(
            store
                .jobs()
                .of_user(&alice, Some(all[0].place()), 10)
                .unwrap(),
            all[1..]
        );
        assert_eq!(
            store
                .jobs()
                .of_user(&alice, Some(all[1].place()), 10)
                .unwrap(),
            []
        );
        assert_eq!(store.jobs().count_of(&alice).unwrap(), 2);
        let users = [user("al"), user("alice"), user("alice.b")];
        assert_eq!(store.jobs().users(None, 10).unwrap(), users);
        assert_eq!(store.jobs().users(Some(&users[0]), 1).unwrap(), users[1..2]);
        assert_eq!(store.jobs().all(Some(job(2)), 1).unwrap()[0].job, job(3));
    }

    #[test]
    fn what_is_found_late_does_not_replace_what_was_changed_meanwhile() {
        let (_home, store) = store().unwrap();
        let known = held(&store, 1, "alice").unwrap().row.sealed_meta;
        let jobs = store.jobs();
        assert!(
            jobs.replace_meta(job(1), &known, b"first".to_vec())
                .unwrap()
        );
        assert!(!jobs.replace_meta(job(1), &known, b"late".to_vec()).unwrap());
        assert_eq!(jobs.get(job(1)).unwrap().unwrap().row.sealed_meta, b"first");
        assert!(!jobs.replace_meta(job(2), &known, b"gone".to_vec()).unwrap());
    }

    #[test]
    fn deleting_removes_row_index_and_file() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        held(&store, 2, "alice").unwrap();
        assert_eq!(
            store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
            Deletion::Deleted
        );
        assert_eq!(
            store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
            Deletion::Absent
        );
        assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 1);
        assert_eq!(spool_files(home.path()), [format!("{}.sealed", job(2))]);
        store.purge_deleted().unwrap();
        assert!(store.jobs().get(job(2)).unwrap().is_some());
    }

    #[test]
    fn a_deleted_key_is_in_no_file_after_a_purge() {
        let (home, store) = store().unwrap();
        let key = b"a wrapped key to be looked for".to_vec();
        let row = JobRow {
            wrapped_key: key.clone(),
            ..job_row("alice")
        };
        store.jobs().keep(spooled(&store, 1).unwrap(), row).unwrap();
        let is_on_disk = || {
            std::fs::read_dir(home.path().join("store"))
                .unwrap()
                .any(|file| {
                    std::fs::read(file.unwrap().path())
                        .unwrap()
                        .windows(key.len())
                        .any(|bytes| bytes == key)
                })
        };
        assert!(is_on_disk());
        assert!(store.left_behind().is_none());
        store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap();
        assert!(store.left_behind().is_some());
        store.purge_deleted().unwrap();
        assert!(!is_on_disk());
        assert!(store.left_behind().is_none());
    }

    #[test]
    fn an_earlier_pin_verifier_is_in_no_file_after_a_purge() {
        let (home, store) = store().unwrap();
        let (alice, old) = (user("alice"), b"a verifier to be looked for".to_vec());
        let set = |pin: Option<Vec<u8>>| {
            store.local_users().change(&alice, |row| {
                *row = pin.clone().map(|pin| LocalUser {
                    sealed_pin: Some(pin),
                    ..LocalUser::default()
                });
            })
        };
        let is_on_disk = || {
            std::fs::read_dir(home.path().join("store"))
                .unwrap()
                .any(|file| {
                    std::fs::read(file.unwrap().path())
                        .unwrap()
                        .windows(old.len())
                        .any(|bytes| bytes == old)
                })
        };
        for gone in [Some(b"another one".to_vec()), None] {
            set(Some(old.clone())).unwrap();
            store.purge_deleted().unwrap();
            assert!(is_on_disk());
            set(gone).unwrap();
            assert!(store.left_behind().is_some());
            store.purge_deleted().unwrap();
            assert!(!is_on_disk());
        }
    }

    #[test]
    fn a_job_that_a_printer_has_already_is_born_with_its_lease() {
        let (home, store) = store().unwrap();
        let release = ReleaseId::from_bytes([1; 16]);
        let until = NOW + Duration::from_secs(90);
        let born = LeaseRow {
            streamed: true,
            ..lease(1, "alice", 1, until)
        };
        let birth = Birth {
            lease: Some((release, born.clone())),
            ..Birth::default()
        };
        let spooled = spooled(&store, 1).unwrap();
        store
            .jobs()
            .keep_born(spooled, job_row("alice"), birth)
            .unwrap();
        let copied = copy(home.path());
        let copy = Store::open(copied.path()).unwrap();
        assert_eq!(copy.leases().of_job(job(1)).unwrap(), Some((release, born)));
        let other = ReleaseId::from_bytes([2; 16]);
        let taken = copy.leases().grant(other, lease(1, "alice", 2, until), NOW);
        assert_eq!(taken.unwrap(), Granted::Held { until });
    }

    #[test]
    fn a_document_is_read_while_it_is_written() {
        let (_home, store) = store().unwrap();
        let mut writer = store.spool(job(1), 0).unwrap();
        let tail = writer.tail().unwrap();
        let piece = vec![7; 600 * 1024];
        writer.write(&piece).unwrap();
        assert_eq!(writer.written(), piece.len() as u64);
        let mut read = vec![0; 100];
        assert_eq!(tail.read_at(&mut read, 1000).unwrap(), 100);
        assert_eq!(read, [7; 100]);
        assert_eq!(tail.read_at(&mut read, writer.written()).unwrap(), 0);
        // Under another name, and even without one.
        drop(writer.finish().unwrap());
        assert_eq!(tail.read_at(&mut read, 0).unwrap(), 100);
    }

    #[test]
    fn a_leased_job_is_not_deleted() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let until = NOW + Duration::from_secs(90);
        let release = ReleaseId::from_bytes([1; 16]);
        assert_eq!(
            store
                .leases()
                .grant(release, lease(1, "alice", 1, until), NOW)
                .unwrap(),
            Granted::New
        );
        assert_eq!(
            store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
            Deletion::Leased { until }
        );
        assert_eq!(
            store.jobs().delete(job(1), JobEnd::Expired, until).unwrap(),
            Deletion::Deleted
        );
    }

    #[test]
    fn jobs_expire_in_the_order_of_their_time() {
        let (_home, store) = store().unwrap();
        for (number, seconds) in [(1, 20), (2, 10), (3, 30)] {
            let row = JobRow {
                expires_at: NOW + Duration::from_secs(seconds),
                ..job_row("alice")
            };
            store
                .jobs()
                .keep(spooled(&store, number).unwrap(), row)
                .unwrap();
        }
        let expired = |seconds, limit| {
            store
                .jobs()
                .expired(NOW + Duration::from_secs(seconds), limit)
                .unwrap()
        };
        assert_eq!(expired(9, 10), []);
        assert_eq!(expired(20, 10), [job(2), job(1)]);
        assert_eq!(expired(99, 1), [job(2)]);
    }

    #[test]
    fn a_damaged_row_hurts_no_other_job_and_can_be_deleted() {
        let (_home, store) = store().unwrap();
        for number in 1..=3 {
            held(&store, number, "alice").unwrap();
        }
        let garbage = super::super::column::Column::<JobId, u64>::new(JOBS.name(), 16);
        let mut batch = store.inner.database.batch();
        batch.put(&garbage, &job(2), &7).unwrap();
        batch.commit(Durability::Synced).unwrap();

        assert!(matches!(
            store.jobs().get(job(2)),
            Err(StoreError::Row { column: "jobs", .. })
        ));
        let readable = store.jobs().of_user(&user("alice"), None, 10).unwrap();
        assert_eq!(
            readable.iter().map(|held| held.job).collect::<Vec<_>>(),
            [job(1), job(3)]
        );
        assert_eq!(store.jobs().all(None, 10).unwrap(), readable);

        assert_eq!(
            store.jobs().delete(job(2), JobEnd::Expired, NOW).unwrap(),
            Deletion::Deleted
        );
        assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 2);
        assert_eq!(
            store
                .jobs()
                .expired(NOW + Duration::from_secs(9999), 10)
                .unwrap(),
            [job(1), job(3)]
        );
    }

    #[test]
    fn a_moved_job_stands_where_it_was_put() {
        let (_home, store) = store().unwrap();
        let alice = user("alice");
        // All of one moment, one of them more urgent, and another user's between them.
        for number in 1..=5 {
            held(&store, number, "alice").unwrap();
        }
        held(&store, 7, "bob").unwrap();
        let urgent = JobRow {
            priority: 80,
            number: 6,
            ..job_row("alice")
        };
        store
            .jobs()
            .keep(spooled(&store, 6).unwrap(), urgent)
            .unwrap();
        let order = || -> Vec<u8> {
            let held = store.jobs().of_user(&alice, None, 10).unwrap();
            held.iter().map(|held| held.job.as_bytes()[0]).collect()
        };
        let mut expected = vec![6, 1, 2, 3, 4, 5];
        assert_eq!(order(), expected);
        for (moved, position) in [
            (5, 2),
            (5, 2),
            (1, 4),
            (6, 6),
            (3, 1),
            (4, 99),
            (2, 3),
            (2, 0),
        ] {
            assert!(store.jobs().move_to(job(moved), position).unwrap());
            expected.retain(|number| *number != moved);
            expected.insert(position.saturating_sub(1).min(expected.len()), moved);
            assert_eq!(order(), expected, "{moved} to {position}");
        }
        assert!(!store.jobs().move_to(job(9), 1).unwrap());
        assert!(store.jobs().move_to(job(7), 3).unwrap());
    }

    #[test]
    fn guesses_at_a_jobs_pin_are_counted_with_it() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        assert_eq!(store.jobs().count_guess(job(9), NOW).unwrap(), None);
        for number in 1..=3 {
            let counted = store.jobs().count_guess(job(1), NOW).unwrap();
            assert_eq!(counted.unwrap().unproven, number);
        }
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let guesses = || store.jobs().get(job(1)).unwrap().unwrap().row.pin_guesses;
        assert_eq!(guesses().unproven, 3);
        assert!(store.jobs().forgive_guesses(job(1)).unwrap());
        assert_eq!(guesses().unproven, 0);
    }

    #[test]
    fn marks_survive() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        assert!(store.jobs().set_protected(job(1), true).unwrap());
        assert!(!store.jobs().set_protected(job(9), true).unwrap());
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert!(store.jobs().get(job(1)).unwrap().unwrap().row.protected);
    }

    #[test]
    fn an_offset_past_the_end_is_refused() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        assert_eq!(store.jobs().read(job(1), 15).unwrap().unwrap().left(), 0);
        assert!(matches!(
            store.jobs().read(job(1), 16),
            Err(StoreError::Offset { len: 15, .. })
        ));
        assert!(store.jobs().read(job(2), 0).unwrap().is_none());
    }
}
