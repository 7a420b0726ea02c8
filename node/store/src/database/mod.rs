//! The database: reading and writing typed rows.
//!
//! RocksDB is used here and nowhere else. What the columns mean is in [`super::columns`] and
//! beside their accessors. [`opening`] opens a database without ever losing what is in it,
//! [`batch`] writes, [`rows`] reads many rows in order; here is the rest.

mod batch;
mod opening;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rocksdb::{ColumnFamily, DB, ReadOptions, WriteBatch};
use tokio::time::Instant;

use super::column::{Column, Key, Value};
use super::columns;
use super::error::StoreError;
use super::mark::Mark;

pub(super) use batch::Batch;
pub use batch::Durability;
pub(super) use rows::{Range, Rows};

use rows::{read, read_key};

/// The open database.
pub(crate) struct Database {
    db: DB,
    folder: PathBuf,
    mark: Mark,
    left_behind: Mutex<Option<LeftBehind>>,
}

/// That secrets were deleted or overwritten and may still be found in files.
#[derive(Clone, Copy, Debug)]
pub struct LeftBehind {
    /// Since when there are any.
    pub first: Instant,
    /// When the last one went.
    pub last: Instant,
}

impl Database {
    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The value of one key.
    pub(crate) fn get<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        let key = key.to_bytes();
        let bytes = self
            .db
            .get_pinned_cf(self.family(column.name())?, &key)
            .map_err(|e| self.failed(&e))?;
        bytes.map(|bytes| read(column, &key, &bytes)).transpose()
    }

    /// Whether there is a row for the key, readable or not.
    pub(crate) fn contains<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
        key: &K,
    ) -> Result<bool, StoreError> {
        let found = self
            .db
            .get_pinned_cf(self.family(column.name())?, key.to_bytes());
        found
            .map(|bytes| bytes.is_some())
            .map_err(|error| self.failed(&error))
    }

    /// The rows of a range in the order of their keys, read as they are taken. A row that cannot
    /// be read is logged and skipped.
    pub(crate) fn rows<'a, K: Key, V: Value>(
        &'a self,
        column: &'a Column<K, V>,
        range: Range,
    ) -> Result<Rows<'a, K, V>, StoreError> {
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        if let Some(from) = range.from {
            options.set_iterate_lower_bound(from);
        }
        if let Some(below) = range.below {
            options.set_iterate_upper_bound(below);
        }
        let mut rows = self
            .db
            .raw_iterator_cf_opt(self.family(column.name())?, options);
        rows.seek_to_first();
        Ok(Rows {
            database: self,
            column,
            rows,
            ended: false,
        })
    }

    /// The first rows of a range, at most `limit`.
    pub(crate) fn scan<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
        range: Range,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.rows(column, range)?.take(limit).collect()
    }

    /// How many rows a range has, readable or not; counting ends at `max`.
    pub(crate) fn count<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
        range: Range,
        max: usize,
    ) -> Result<usize, StoreError> {
        let mut rows = self.rows(column, range)?;
        let mut count = 0;
        while count < max && rows.rows.valid() {
            count += 1;
            rows.rows.next();
        }
        rows.rows
            .status()
            .map(|()| count)
            .map_err(|error| self.failed(&error))
    }

    /// The row with the highest key.
    pub(crate) fn last<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
    ) -> Result<Option<(K, V)>, StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(column.name())?);
        rows.seek_to_last();
        match rows.item() {
            Some((key, value)) => Ok(Some((read_key(column, key)?, read(column, key, value)?))),
            None => rows
                .status()
                .map(|()| None)
                .map_err(|error| self.failed(&error)),
        }
    }

    /// The highest key, whether or not its value can be read.
    pub(crate) fn last_key<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
    ) -> Result<Option<K>, StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(column.name())?);
        rows.seek_to_last();
        match rows.key() {
            Some(key) => read_key(column, key).map(Some),
            None => rows
                .status()
                .map(|()| None)
                .map_err(|error| self.failed(&error)),
        }
    }

    /// An empty batch: writes to any columns that happen all or not at all.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            database: self,
            writes: WriteBatch::default(),
            leaves_secret: false,
        }
    }

    /// Makes durable whatever was committed before.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let written = self.db.latest_sequence_number();
        self.db
            .flush_wal(true)
            .map_err(|error| self.failed(&error))?;
        self.mark.raise(written);
        Ok(())
    }

    /// Whether secrets may be found in files that are not in the database any more.
    pub(crate) fn left_behind(&self) -> Option<LeftBehind> {
        *self.left()
    }

    fn note_left_behind(&self) {
        let now = Instant::now();
        let mut left = self.left();
        let first = left.map_or(now, |left| left.first);
        *left = Some(LeftBehind { first, last: now });
    }

    fn left(&self) -> MutexGuard<'_, Option<LeftBehind>> {
        self.left_behind
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes from the files of the columns with secrets what was deleted from them. Until then
    /// deleted and overwritten values can still be found in them.
    pub(crate) fn purge(&self) -> Result<(), StoreError> {
        // What is deleted from here on is for the next time.
        let before = self.left().take();
        let purged = self.write_anew();
        if purged.is_err() && before.is_some() {
            self.note_left_behind();
        }
        purged
    }

    fn write_anew(&self) -> Result<(), StoreError> {
        // All columns share the log, and it is dropped when none needs it any more.
        for name in columns::NAMES {
            self.db
                .flush_cf(self.family(name)?)
                .map_err(|error| self.failed(&error))?;
        }
        for name in columns::SECRET {
            self.db
                .compact_range_cf(self.family(name)?, None::<&[u8]>, None::<&[u8]>);
        }
        self.mark.raise(0);
        Ok(())
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Database {
            folder: self.folder.clone(),
            what: format!("the column family {name} is not open"),
        })
    }

    fn failed(&self, error: &rocksdb::Error) -> StoreError {
        StoreError::database(&self.folder, error)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.mark.raise(0); // what was written out since the last commit
    }
}
