//! The sweep at the start: makes the spool agree with the rows again after a crash.
//!
//! A file without a row was never told as kept, or is deleted already: it is removed. A row
//! without its file is a loss that somebody must hear of: it stays, marked, and is not served.

use papermesh_protocol::id::JobId;
use papermesh_protocol::remedy::Remedy;

use super::Inner;
use super::columns::JOBS;
use super::database::Range;
use super::error::{Damage, StoreError};
use super::spool::Entry;

/// What the sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Files without a row, removed.
    pub removed: usize,
    /// Bytes that they had.
    pub freed: u64,
    /// Jobs whose files are not what was stored.
    pub damaged: Vec<(JobId, Damage)>,
}

/// Sweeps. Nothing else uses the spool yet.
pub(super) fn sweep(inner: &Inner) -> Result<Sweep, StoreError> {
    let mut sweep = Sweep::default();
    for entry in inner.spool.entries()? {
        let entry = entry?;
        if let Entry::Sealed(job) = entry
            && inner.database.contains(&JOBS, &job)?
        {
            continue;
        }
        match inner.spool.remove(entry) {
            Ok(len) => {
                sweep.removed += 1;
                sweep.freed += len;
            }
            Err(error) => tracing::warn!(error = %error.in_full(), "left for the next start"),
        }
    }
    for row in inner.database.rows(&JOBS, Range::all())? {
        let (job, row) = row?;
        if let Some(damage) = inner.spool.check(job, row.sealed_size)? {
            tracing::error!(%job, %damage, "the file of a job is damaged");
            inner.damaged().insert(job, damage);
            sweep.damaged.push((job, damage));
        }
    }
    Ok(sweep)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::super::sample::{NOW, held, job, spool_files, spooled, store};
    use super::super::{Deletion, JobEnd, Store, StoreError};
    use super::*;

    #[test]
    fn files_that_a_crash_left_are_removed_and_foreign_ones_are_not() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        // Killed while writing, and killed between the file and its row.
        std::mem::forget(store.spool(job(2), 0).unwrap());
        std::mem::forget(spooled(&store, 3).unwrap());
        fs::write(home.path().join("spool/notes.txt"), "mine").unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(
            store.swept(),
            &Sweep {
                removed: 2,
                freed: 15,
                damaged: vec![]
            }
        );
        let mut left = spool_files(home.path());
        left.sort();
        assert_eq!(left, [format!("{}.sealed", job(1)), "notes.txt".to_owned()]);
    }

    #[test]
    fn a_job_whose_file_is_damaged_is_shown_and_not_served_and_hurts_no_other() {
        let (home, store) = store().unwrap();
        for number in 1..=3 {
            held(&store, number, "alice").unwrap();
        }
        drop(store);
        let file = |number| home.path().join(format!("spool/{}.sealed", job(number)));
        fs::remove_file(file(1)).unwrap();
        fs::write(file(2), "short").unwrap();
        let store = Store::open(home.path()).unwrap();
        let length = Damage::Length {
            expected: 15,
            found: 5,
        };
        assert_eq!(
            store.swept().damaged,
            [(job(1), Damage::Missing), (job(2), length)]
        );
        let damages: Vec<_> = store
            .jobs()
            .all(None, 10)
            .unwrap()
            .into_iter()
            .map(|held| held.damage)
            .collect();
        assert_eq!(damages, [Some(Damage::Missing), Some(length), None]);
        assert!(
            matches!(store.jobs().read(job(2), 0), Err(StoreError::Job { damage, .. }) if damage == length)
        );
        assert!(store.jobs().read(job(3), 0).unwrap().is_some());
        assert_eq!(
            store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
            Deletion::Deleted
        );
        assert_eq!(
            store.jobs().delete(job(2), JobEnd::Expired, NOW).unwrap(),
            Deletion::Deleted
        );
    }

    #[test]
    fn damage_that_comes_later_is_noticed_when_the_job_is_read() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        fs::remove_file(home.path().join(format!("spool/{}.sealed", job(1)))).unwrap();
        assert!(matches!(
            store.jobs().read(job(1), 0),
            Err(StoreError::Job {
                damage: Damage::Missing,
                ..
            })
        ));
        assert_eq!(
            store.jobs().get(job(1)).unwrap().unwrap().damage,
            Some(Damage::Missing)
        );
    }
}
