//! From what an earlier version of this program kept to what this one keeps.
//!
//! A format is all that [`super::columns`] and what is sealed within rows can say. Whatever another
//! version could not read raises it: a new column, a new variant, and a new field, which is always the
//! last of its structure and has a default. So a home of a later format is refused as a whole, and none
//! of its rows is mistaken for a damaged one; and a home of an earlier format is brought here step by
//! step, each step a module of its own, all of a step or nothing.
//!
//! Rows are decoded leniently ([`papermesh_protocol::codec::decode_stored`]), so a step has nothing to
//! do for a field whose default is right. It is there all the same, and says so. What each format
//! looks like, byte by byte, is in `formats/`, and a test reads them all.

mod v2;
mod v3;

use super::column::Column;
use super::columns::{FORMAT, FORMAT_KEY, SITE};
use super::database::{Batch, Database, Durability};
use super::error::StoreError;

/// The format that this program writes.
pub(super) const CURRENT: u32 = 3;

/// Which version of this program used the database last.
const WRITTEN_BY: Column<String, String> = Column::new(SITE, 64);
/// See [`WRITTEN_BY`].
const WRITTEN_BY_KEY: &str = "written-by";
/// What stands for versions that did not say which they are.
const UNNAMED: &str = "0.1";

/// One step: from the format before to its own.
struct UpgradeStep {
    /// The format that it makes.
    format: u32,
    /// What is different there.
    what: &'static str,
    /// Changes the rows.
    rows: fn(&Database, &mut Batch<'_>) -> Result<(), StoreError>,
}

/// All steps, the earliest first.
const STEPS: [UpgradeStep; 2] = [v2::STEP, v3::STEP];

/// Brings a database to [`CURRENT`]. Refuses what a later version wrote, and leaves it as it is.
pub(super) fn upgrade(database: &Database) -> Result<(), StoreError> {
    let name = FORMAT_KEY.to_owned();
    let found = database.get(&FORMAT, &name)?;
    let version = env!("CARGO_PKG_VERSION");
    let by = database.get(&WRITTEN_BY, &WRITTEN_BY_KEY.to_owned())?;
    if let Some(format) = found.filter(|format| *format > CURRENT) {
        let by = by.as_deref().unwrap_or(UNNAMED);
        return Err(StoreError::Newer {
            folder: database.folder().to_owned(),
            found: format!("version {by}, format {format}; this is {version}, format {CURRENT}"),
        });
    }
    let due = STEPS
        .iter()
        .filter(|step| found.is_some_and(|format| format < step.format));
    for step in due {
        tracing::info!(format = step.format, what = step.what, "upgrading the home");
        let mut batch = database.batch();
        (step.rows)(database, &mut batch)?;
        batch.put(&FORMAT, &name, &step.format)?;
        batch.commit(Durability::Synced)?;
    }
    if found.is_some() && by.as_deref() == Some(version) {
        return Ok(());
    }
    let mut batch = database.batch();
    batch.put(&FORMAT, &name, &CURRENT)?;
    batch.put(&WRITTEN_BY, &WRITTEN_BY_KEY.to_owned(), &version.to_owned())?;
    batch.commit(Durability::Synced)
}

#[cfg(test)]
mod formats;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Store;
    use crate::sample::{held, job, store};

    #[test]
    fn each_step_leads_to_the_next_format() {
        let formats: Vec<u32> = STEPS.iter().map(|step| step.format).collect();
        assert_eq!(formats, (2..=CURRENT).collect::<Vec<_>>());
    }

    #[test]
    fn an_earlier_format_is_brought_here_and_a_later_one_refused_with_its_version() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let set = |store: &Store, format: u32, by: &str| {
            let mut batch = store.inner.database.batch();
            let (format_key, by_key) = (FORMAT_KEY.to_owned(), WRITTEN_BY_KEY.to_owned());
            batch.put(&FORMAT, &format_key, &format).unwrap();
            match by {
                "" => batch.delete(&WRITTEN_BY, &by_key).unwrap(),
                by => batch.put(&WRITTEN_BY, &by_key, &by.to_owned()).unwrap(),
            }
            batch.commit(Durability::Synced).unwrap();
        };
        let format = |store: &Store| {
            let database = &store.inner.database;
            database.get(&FORMAT, &FORMAT_KEY.to_owned()).unwrap()
        };
        assert_eq!(format(&store), Some(CURRENT));
        // The first version did not say which it is.
        set(&store, 1, "");
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(format(&store), Some(CURRENT));
        assert!(store.jobs().get(job(1)).unwrap().is_some());

        set(&store, CURRENT + 1, "9.8.7");
        drop(store);
        let error = Store::open(home.path()).map(|_| ()).unwrap_err();
        let words = error.to_string();
        assert!(matches!(error, StoreError::Newer { .. }));
        assert!(
            words.contains("9.8.7") && words.contains(env!("CARGO_PKG_VERSION")),
            "{words}"
        );
    }
}
