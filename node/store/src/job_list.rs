//! The order of a user's list: more urgent jobs first, then those that have their place the longest
//! (SPEC, lists). A job is moved by giving it a priority and a time between its neighbors'.

use std::time::Duration;

use papermesh_protocol::id::JobId;
use papermesh_protocol::release::message::Place;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use super::column::{Key, OfUser};
use super::columns::{JOBS, JOBS_BY_USER, Listed};
use super::database::{Durability, Range};
use super::error::StoreError;
use super::jobs::{HeldJob, JOBS_PER_USER, JobRow, Jobs};

impl Jobs<'_> {
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

    /// Moves a job to a position in its user's list, 1 for the first; beyond the end is the last.
    /// It inherits the priority of its new predecessor or, as the first, of its new successor. False if
    /// there is no such job.
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

    /// Whether another job of the user stands where this one is to stand.
    pub(super) fn is_taken(&self, row: &JobRow) -> Result<bool, StoreError> {
        let first = by_user(JobId::from_bytes([0; 16]), row);
        let range = Range::prefix(OfUser::<JobId>::prefix(&row.user)).after(Some(first.to_bytes()));
        let mut there = self.0.database.rows(&JOBS_BY_USER, range)?;
        Ok(there.next().transpose()?.is_some_and(|(found, ())| {
            let (rank, (listed_at, _)) = found.key;
            (rank, listed_at) == (first.key.0, first.key.1.0)
        }))
    }
}

pub(super) fn by_user(job: JobId, row: &JobRow) -> OfUser<Listed> {
    let Place {
        rank, listed_at, ..
    } = Place::of(row.priority, row.listed_at, job);
    OfUser {
        user: row.user.clone(),
        key: (rank, (listed_at, job)),
    }
}

/// The next place in time.
pub(super) fn next(at: Timestamp) -> Timestamp {
    at + Duration::from_millis(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{NOW, held, job, job_row, spooled, store, user};
    use super::*;

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
}
