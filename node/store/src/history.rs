//! What became of jobs that are gone: kept for a while, so that their owner can look it up.
//!
//! A past job's row is written in the very commit that deletes the job. It has no key; its title
//! stays sealed as it was.

use std::time::Duration;

use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::column::{Key, OfUser};
use super::columns::{HISTORY, JOB_NUMBERS};
use super::database::{Batch, Durability, Range};
use super::error::StoreError;
use super::jobs::JobRow;

/// How much is remembered of each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBound {
    /// Past jobs of one user; beyond that, those with the lowest numbers are forgotten.
    pub jobs: usize,
    /// How long a job is remembered after it is gone.
    pub age: Duration,
}

/// What is remembered unless somebody says otherwise.
pub const HISTORY_BOUND: HistoryBound = HistoryBound {
    jobs: 1000,
    age: Duration::from_secs(30 * 24 * 60 * 60),
};

/// A printer as history names it: the name is the one that it had then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPrinter {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
}

/// A release that ended and left the job held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The printer.
    pub printer: NamedPrinter,
    /// When it ended, or was given up.
    pub at: Timestamp,
    /// How it ended, by the printer's word; *may have printed* if it gave none.
    pub outcome: Outcome,
    /// Why, in the printer's words.
    pub reason: Option<String>,
}

/// How a job came to be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobEnd {
    /// It is on paper.
    Printed {
        /// The printer.
        printer: NamedPrinter,
        /// Impressions, where the device counts them.
        pages: Option<u32>,
    },
    /// Its owner deleted it: at that printer, or at this computer.
    Deleted {
        /// Where, if not here.
        printer: Option<NamedPrinter>,
    },
    /// Nobody wanted it in time.
    Expired,
}

/// A job that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastJobRow {
    /// The job.
    pub job: JobId,
    /// Title, format, options and pages, sealed with the storage key.
    #[serde(with = "serde_bytes")]
    pub sealed_meta: Vec<u8>,
    /// Bytes of the document.
    pub plain_size: u64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it would have expired.
    pub expires_at: Timestamp,
    /// How urgent it was.
    pub priority: u8,
    /// When it went.
    pub ended_at: Timestamp,
    /// How.
    pub end: JobEnd,
}

/// Which job has a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberedJob {
    /// The job.
    pub job: JobId,
    /// The user.
    pub user: UserId,
    /// It is a further document of the job that has this number.
    #[serde(default)]
    pub part_of: Option<u32>,
    /// The numbers of its own further documents, in their order.
    #[serde(default)]
    pub parts: Vec<u32>,
}

/// A job that is gone, as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastJob {
    /// Its number.
    pub number: u32,
    /// Whose it was.
    pub user: UserId,
    /// Its row.
    pub row: PastJobRow,
}

/// The history of a store.
pub struct History<'a>(pub(super) &'a Inner);

impl History<'_> {
    /// The job that has or had a number, while it is remembered.
    pub fn numbered(&self, number: u32) -> Result<Option<NumberedJob>, StoreError> {
        self.0.database.get(&JOB_NUMBERS, &number)
    }

    /// A past job of a user.
    pub fn get(&self, user: &UserId, number: u32) -> Result<Option<PastJob>, StoreError> {
        let key = OfUser {
            user: user.clone(),
            key: number,
        };
        let row = self.0.database.get(&HISTORY, &key)?;
        Ok(row.map(|row| PastJob {
            number,
            user: key.user,
            row,
        }))
    }

    /// At most `limit` past jobs of a user with higher numbers than `after`, lowest number first.
    pub fn of_user(
        &self,
        user: &UserId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<PastJob>, StoreError> {
        let after = after.map(|number| {
            OfUser {
                user: user.clone(),
                key: number,
            }
            .to_bytes()
        });
        let range = Range::prefix(OfUser::<u32>::prefix(user)).after(after);
        self.found(range, limit)
    }

    /// At most `limit` past jobs of anybody, by user and number, after the given one.
    pub fn all(
        &self,
        after: Option<(&UserId, u32)>,
        limit: usize,
    ) -> Result<Vec<PastJob>, StoreError> {
        let after = after.map(|(user, key)| {
            OfUser {
                user: user.clone(),
                key,
            }
            .to_bytes()
        });
        self.found(Range::all().after(after), limit)
    }

    fn found(&self, range: Range, limit: usize) -> Result<Vec<PastJob>, StoreError> {
        let rows = self.0.database.scan(&HISTORY, range, limit)?;
        let past = |(OfUser { user, key }, row)| PastJob {
            number: key,
            user,
            row,
        };
        Ok(rows.into_iter().map(past).collect())
    }

    /// Notes how a job ends that is deleted in the same batch. Each such note makes room for
    /// itself.
    pub(super) fn note_in(
        &self,
        batch: &mut Batch<'_>,
        (job, row): (JobId, JobRow),
        end: JobEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let past = PastJobRow {
            job,
            sealed_meta: row.sealed_meta,
            plain_size: row.plain_size,
            submitted_at: row.submitted_at,
            expires_at: row.expires_at,
            priority: row.priority,
            ended_at: now,
            end,
        };
        let mine = || Range::prefix(OfUser::<u32>::prefix(&row.user));
        let database = &self.0.database;
        if database.count(&HISTORY, mine(), HISTORY_BOUND.jobs)? >= HISTORY_BOUND.jobs {
            for (key, _) in database.scan(&HISTORY, mine(), 1)? {
                forget_in(batch, &key)?;
            }
        }
        let key = OfUser {
            user: row.user,
            key: row.number,
        };
        batch.put(&HISTORY, &key, &past)
    }

    /// Forgets at most `limit` jobs that have been gone for longer than `bound` says, and says how
    /// many.
    pub fn forget(
        &self,
        bound: HistoryBound,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let _writing = self.0.writing();
        let mut batch = self.0.database.batch();
        let mut forgotten = 0;
        for row in self.0.database.rows(&HISTORY, Range::all())? {
            let (key, past) = row?;
            if forgotten < limit && now.since(past.ended_at) >= bound.age {
                forget_in(&mut batch, &key)?;
                forgotten += 1;
            }
        }
        batch.commit(Durability::Synced)?;
        Ok(forgotten)
    }
}

fn forget_in(batch: &mut Batch<'_>, key: &OfUser<u32>) -> Result<(), StoreError> {
    batch.delete(&HISTORY, key)?;
    batch.delete(&JOB_NUMBERS, &key.key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{NOW, held, job, spooled, store, user};
    use super::super::{Deletion, Store};
    use super::*;
    use crate::sample::job_row;

    fn delete(store: &Store, number: u8, end: JobEnd) {
        let deleted = store.jobs().delete(job(number), end, NOW).unwrap();
        assert_eq!(deleted, Deletion::Deleted);
    }

    #[test]
    fn a_job_that_is_gone_is_remembered_for_a_while() {
        let (home, store) = store().unwrap();
        for number in 1..=3 {
            held(&store, number, "alice").unwrap();
        }
        held(&store, 4, "bob").unwrap();
        delete(&store, 2, JobEnd::Expired);
        delete(&store, 1, JobEnd::Deleted { printer: None });
        delete(&store, 4, JobEnd::Expired);
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let (alice, history) = (user("alice"), store.history());
        let past = history.of_user(&alice, None, 10).unwrap();
        let numbers: Vec<u32> = past.iter().map(|past| past.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(past[0].row.end, JobEnd::Deleted { printer: None });
        assert_eq!(history.of_user(&alice, Some(1), 10).unwrap(), past[1..]);
        assert_eq!(history.get(&alice, 2).unwrap().unwrap(), past[1]);
        assert_eq!(history.numbered(2).unwrap().unwrap().job, job(2));
        assert_eq!(history.all(None, 10).unwrap().len(), 3);

        let later = NOW + HISTORY_BOUND.age;
        let early = NOW + (HISTORY_BOUND.age - Duration::from_secs(1));
        assert_eq!(history.forget(HISTORY_BOUND, early, 10).unwrap(), 0);
        assert_eq!(history.forget(HISTORY_BOUND, later, 1).unwrap(), 1);
        assert_eq!(history.forget(HISTORY_BOUND, later, 10).unwrap(), 2);
        assert_eq!(history.numbered(2).unwrap(), None);
        // A job that is held keeps its number.
        assert_eq!(history.numbered(3).unwrap().unwrap().job, job(3));
    }

    #[test]
    fn a_user_has_no_more_than_so_many_past_jobs() {
        let (_home, store) = store().unwrap();
        let mut batch = store.inner.database.batch();
        let alice = user("alice");
        for number in 1..=HISTORY_BOUND.jobs {
            let row = JobRow {
                number: number as u32,
                ..job_row("alice")
            };
            let past = (job(1), row);
            store
                .history()
                .note_in(&mut batch, past, JobEnd::Expired, NOW)
                .unwrap();
        }
        batch.commit(Durability::Synced).unwrap();
        let row = JobRow {
            number: 5000,
            ..job_row("alice")
        };
        store.jobs().keep(spooled(&store, 9).unwrap(), row).unwrap();
        delete(&store, 9, JobEnd::Expired);
        let past = store.history().of_user(&alice, None, 5000).unwrap();
        assert_eq!(past.len(), HISTORY_BOUND.jobs);
        assert_eq!(past[0].number, 2);
        assert_eq!(past.last().unwrap().number, 5000);
    }
}
