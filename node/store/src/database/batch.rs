//! Writing: any rows of any columns, all or none.

use std::thread;
use std::time::{Duration, Instant};

use papermesh_protocol::codec;
use rocksdb::{ErrorKind, WriteBatch, WriteOptions};

use super::Database;
use crate::column::{Column, Key, Value};
use crate::columns;
use crate::error::StoreError;
use crate::folder;

/// The memory of all columns' new rows together.
pub(super) const WRITE_BUFFERS: usize = 4 * 1024 * 1024;
/// How long a commit waits for RocksDB to write out earlier rows, when there are too many of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it looks whether that is done.
const LOOK: Duration = Duration::from_millis(5);
/// Free bytes below which nothing is written that need not be durable, so that there is room for
/// what must be, and below which RocksDB cannot write out earlier rows.
const ROOM: u64 = WRITE_BUFFERS as u64;

/// When a commit is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When the call returns: it survives a power cut.
    Synced,
    /// A little later: it survives the end of this process, but perhaps no power cut.
    Buffered,
}

/// Writes that happen all or not at all.
pub(crate) struct Batch<'a> {
    pub(super) database: &'a Database,
    pub(super) writes: WriteBatch,
    /// Whether a secret goes with it that may still be found in files.
    pub(super) leaves_secret: bool,
}

impl Batch<'_> {
    /// Sets the value of a key.
    pub(crate) fn put<K: Key, V: Value>(
        &mut self,
        column: &Column<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let value = codec::encode(value, column.max()).map_err(|source| StoreError::TooLarge {
            column: column.name(),
            source,
        })?;
        // A job's keys are never overwritten.
        self.leaves_secret |= is_secret(column.name())
            && column.name() != columns::JOBS.name()
            && self.database.contains(column, key)?;
        self.writes
            .put_cf(self.database.family(column.name())?, key.to_bytes(), value);
        Ok(())
    }

    /// Removes a key; that it is not there is no error.
    pub(crate) fn delete<K: Key, V: Value>(
        &mut self,
        column: &Column<K, V>,
        key: &K,
    ) -> Result<(), StoreError> {
        self.writes
            .delete_cf(self.database.family(column.name())?, key.to_bytes());
        self.leaves_secret |= is_secret(column.name());
        Ok(())
    }

    /// Removes all keys below `end`.
    pub(crate) fn delete_below<K: Key, V: Value>(
        &mut self,
        column: &Column<K, V>,
        end: &K,
    ) -> Result<(), StoreError> {
        self.writes.delete_range_cf(
            self.database.family(column.name())?,
            Vec::new(),
            end.to_bytes(),
        );
        Ok(())
    }

    /// Writes it all.
    pub(crate) fn commit(self, durability: Durability) -> Result<(), StoreError> {
        if self.writes.is_empty() {
            return Ok(());
        }
        let Self {
            database,
            writes,
            leaves_secret,
        } = self;
        if durability == Durability::Buffered {
            database.check_room()?;
        }
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        // Another thread's writes may get in between. Whatever has a number up to this one is in
        // the log no later than this batch, and thus durable when this batch is.
        let written = database
            .db
            .latest_sequence_number()
            .saturating_add(writes.len() as u64);
        database.write(&writes, options)?;
        if durability == Durability::Synced {
            database.mark.raise(written);
        }
        if leaves_secret {
            database.note_left_behind();
        }
        Ok(())
    }
}

fn is_secret(column: &str) -> bool {
    columns::SECRET.contains(&column)
}

impl Database {
    fn check_room(&self) -> Result<(), StoreError> {
        match folder::free(&self.folder) {
            Ok(free) if free < ROOM => Err(StoreError::full(&self.folder, Some(ROOM))),
            _ => Ok(()),
        }
    }

    /// Writes a batch. RocksDB would wait without end for a full disk to become free.
    fn write(&self, writes: &WriteBatch, mut options: WriteOptions) -> Result<(), StoreError> {
        options.set_no_slowdown(true);
        let begun = Instant::now();
        loop {
            let attempt = WriteBatch::from_data(writes.data());
            match self.db.write_opt(attempt, &options) {
                Err(error) if error.kind() == ErrorKind::Incomplete => {
                    self.check_room()?;
                    if begun.elapsed() >= PATIENCE {
                        return Err(self.failed(&error));
                    }
                    thread::sleep(LOOK);
                }
                written => return written.map_err(|error| self.failed(&error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sample::store;

    #[test]
    fn a_batch_is_all_or_nothing() {
        let (_home, store) = store().unwrap();
        let database = &store.inner.database;
        let mut batch = database.batch();
        batch
            .put(
                &columns::GUESS_TOTALS,
                &"alice".parse().unwrap(),
                &Default::default(),
            )
            .unwrap();
        let too_large = "x".repeat(1000);
        let text = Column::<String, String>::new(columns::SITE, 100);
        assert!(matches!(
            batch.put(&text, &"k".to_owned(), &too_large),
            Err(StoreError::TooLarge { .. })
        ));
        drop(batch);
        assert!(
            !database
                .contains(&columns::GUESS_TOTALS, &"alice".parse().unwrap())
                .unwrap()
        );
    }
}
