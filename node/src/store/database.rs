//! The database: opening it without ever losing what is in it, and reading and writing typed rows.
//!
//! RocksDB is used here and nowhere else. What the columns mean is in [`super::columns`] and
//! beside their accessors.
//!
//! Opening is careful because RocksDB is not: it makes a new database where a file of the old one
//! is missing, stops replaying its log at the first damaged record, and removes files that a
//! shortened manifest no longer names. So the database is first looked at without writing, and
//! compared with the [mark](super::mark) that synced commits leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use papermesh_protocol::codec;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRawIterator,
    DBRecoveryMode, ErrorKind, InfoLogger, LogLevel, Options, ReadOptions, WriteBatch, WriteOptions,
};

use super::column::{Column, Key, Value};
use super::columns;
use super::error::StoreError;
use super::folder;
use super::mark::Mark;

/// What version of the columns this program writes.
const FORMAT: u32 = 1;

/// One column's memory for new rows. They all go into the log as well, so this only decides how
/// often small files are written.
const WRITE_BUFFER: usize = 1024 * 1024;
/// The memory of all columns' new rows together.
const WRITE_BUFFERS: usize = 4 * 1024 * 1024;
/// New rows' memory is taken from the system in pieces of this size, per column in use.
const ARENA_BLOCK: usize = 32 * 1024;
/// Memory for rows that were read, of all columns together.
const CACHE: usize = 2 * 1024 * 1024;
/// Open table files.
const OPEN_FILES: i32 = 64;
/// Log bytes after which a column that was not written to for long is written out, so that the
/// log can be dropped. It bounds what is replayed at the start.
const LOG: u64 = 4 * 1024 * 1024;
/// Size of a table file.
const TABLE_FILE: u64 = 2 * 1024 * 1024;
/// The manifest is written anew at this size.
const MANIFEST: usize = 1024 * 1024;

/// The family that every RocksDB database has.
const DEFAULT: &str = "default";
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

/// The open database.
pub(super) struct Database {
    db: DB,
    folder: PathBuf,
    mark: Mark,
}

impl Database {
    /// Opens the database in `folder`, or makes one if there never was any. The caller holds the
    /// home's lock.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        if folder.to_str().is_none() {
            // RocksDB would silently use another folder.
            let what = "the name of the folder is not UTF-8".to_owned();
            return Err(StoreError::Database { folder: folder.to_owned(), what });
        }
        folder::create(folder)?;
        let mark = Mark::open(folder)?;
        let options = options(folder);
        let fresh = is_fresh(folder)?;
        if fresh && mark.is_set() {
            return Err(damaged(folder, "the database is gone, its mark is not"));
        }
        if !fresh {
            inspect(folder, &options, &mark)?;
        }

        let mut options = options;
        options.create_if_missing(fresh);
        options.create_missing_column_families(true);
        // The default family has no rows, but must be there, and counts for what memory and disk
        // RocksDB wants to have in reserve.
        let families = columns::NAMES.iter().chain([&DEFAULT]);
        let families = families.map(|name| ColumnFamilyDescriptor::new(*name, options.clone()));
        let db = DB::open_cf_descriptors(&options, folder, families)
            .map_err(|error| StoreError::database(folder, &error))?;
        let database = Self { db, folder: folder.to_owned(), mark };
        database.check_format()?;
        database.mark.raise(0);
        Ok(database)
    }

    /// Refuses what a newer version wrote; marks what has no version yet as ours.
    fn check_format(&self) -> Result<(), StoreError> {
        match self.get(&columns::FORMAT, &columns::FORMAT_KEY.to_owned())? {
            Some(format) if format > FORMAT => {
                Err(StoreError::Newer { folder: self.folder.clone(), found: format!("format {format}, not {FORMAT}") })
            }
            Some(_) => Ok(()),
            None => {
                let mut batch = self.batch();
                batch.put(&columns::FORMAT, &columns::FORMAT_KEY.to_owned(), &FORMAT)?;
                batch.commit(Durability::Synced)
            }
        }
    }

    /// The value of one key.
    pub(super) fn get<K: Key, V: Value>(&self, column: &Column<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        let key = key.to_bytes();
        let bytes = self.db.get_pinned_cf(self.family(column.name())?, &key).map_err(|e| self.failed(&e))?;
        bytes.map(|bytes| read(column, &key, &bytes)).transpose()
    }

    /// Whether there is a row for the key, readable or not.
    pub(super) fn contains<K: Key, V: Value>(&self, column: &Column<K, V>, key: &K) -> Result<bool, StoreError> {
        let found = self.db.get_pinned_cf(self.family(column.name())?, key.to_bytes());
        found.map(|bytes| bytes.is_some()).map_err(|error| self.failed(&error))
    }

    /// The rows of a range in the order of their keys, read as they are taken. A row that cannot
    /// be read is told to the log and left out.
    pub(super) fn rows<'a, K: Key, V: Value>(
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
        let mut rows = self.db.raw_iterator_cf_opt(self.family(column.name())?, options);
        rows.seek_to_first();
        Ok(Rows { database: self, column, rows, ended: false })
    }

    /// The first rows of a range, at most `limit`.
    pub(super) fn scan<K: Key, V: Value>(
        &self,
        column: &Column<K, V>,
        range: Range,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.rows(column, range)?.take(limit).collect()
    }

    /// How many rows a range has, readable or not; counting ends at `max`.
    pub(super) fn count<K: Key, V: Value>(
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
        rows.rows.status().map(|()| count).map_err(|error| self.failed(&error))
    }

    /// The row with the highest key.
    pub(super) fn last<K: Key, V: Value>(&self, column: &Column<K, V>) -> Result<Option<(K, V)>, StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(column.name())?);
        rows.seek_to_last();
        match rows.item() {
            Some((key, value)) => Ok(Some((read_key(column, key)?, read(column, key, value)?))),
            None => rows.status().map(|()| None).map_err(|error| self.failed(&error)),
        }
    }

    /// The highest key, whether or not its value can be read.
    pub(super) fn last_key<K: Key, V: Value>(&self, column: &Column<K, V>) -> Result<Option<K>, StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(column.name())?);
        rows.seek_to_last();
        match rows.key() {
            Some(key) => read_key(column, key).map(Some),
            None => rows.status().map(|()| None).map_err(|error| self.failed(&error)),
        }
    }

    /// An empty batch: writes to any columns that happen all or not at all.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { database: self, writes: WriteBatch::default() }
    }

    /// Makes durable whatever was committed before.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let written = self.db.latest_sequence_number();
        self.db.flush_wal(true).map_err(|error| self.failed(&error))?;
        self.mark.raise(written);
        Ok(())
    }

    /// Removes from the files of `column` what was deleted from it. Until then deleted and
    /// overwritten values can still be found in them.
    pub(super) fn purge<K: Key, V: Value>(&self, column: &Column<K, V>) -> Result<(), StoreError> {
        // All columns share the log, and it is dropped when none needs it any more.
        for name in columns::NAMES {
            self.db.flush_cf(self.family(name)?).map_err(|error| self.failed(&error))?;
        }
        self.db.compact_range_cf(self.family(column.name())?, None::<&[u8]>, None::<&[u8]>);
        self.mark.raise(0);
        Ok(())
    }

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

/// Writes that happen all or not at all.
pub(super) struct Batch<'a> {
    database: &'a Database,
    writes: WriteBatch,
}

impl Batch<'_> {
    /// Sets the value of a key.
    pub(super) fn put<K: Key, V: Value>(
        &mut self,
        column: &Column<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let value = codec::encode(value, column.max())
            .map_err(|source| StoreError::TooLarge { column: column.name(), source })?;
        self.writes.put_cf(self.database.family(column.name())?, key.to_bytes(), value);
        Ok(())
    }

    /// Removes a key; that it is not there is no error.
    pub(super) fn delete<K: Key, V: Value>(&mut self, column: &Column<K, V>, key: &K) -> Result<(), StoreError> {
        self.writes.delete_cf(self.database.family(column.name())?, key.to_bytes());
        Ok(())
    }

    /// Removes all keys below `end`.
    pub(super) fn delete_below<K: Key, V: Value>(&mut self, column: &Column<K, V>, end: &K) -> Result<(), StoreError> {
        self.writes.delete_range_cf(self.database.family(column.name())?, Vec::new(), end.to_bytes());
        Ok(())
    }

    /// Writes it all.
    pub(super) fn commit(self, durability: Durability) -> Result<(), StoreError> {
        if self.writes.is_empty() {
            return Ok(());
        }
        let Self { database, writes } = self;
        if durability == Durability::Buffered {
            database.check_room()?;
        }
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        // Another thread's writes may get in between. Whatever has a number up to this one is in
        // the log no later than this batch, and thus durable when this batch is.
        let written = database.db.latest_sequence_number().saturating_add(writes.len() as u64);
        database.write(&writes, options)?;
        if durability == Durability::Synced {
            database.mark.raise(written);
        }
        Ok(())
    }
}

/// Which keys of a column.
#[derive(Default)]
pub(super) struct Range {
    from: Option<Vec<u8>>,
    below: Option<Vec<u8>>,
}

impl Range {
    /// All.
    pub(super) fn all() -> Self {
        Self::default()
    }

    /// Those that begin with these bytes.
    pub(super) fn prefix(prefix: Vec<u8>) -> Self {
        let mut below = prefix.clone();
        // The next prefix of the same length or less; none follows one of 0xff only.
        while below.pop_if(|last| *last == u8::MAX).is_some() {}
        let below = below.pop().map(|last| {
            below.push(last + 1);
            below
        });
        Self { from: Some(prefix), below }
    }

    /// Of these, those after `key`.
    pub(super) fn after(self, key: Option<Vec<u8>>) -> Self {
        let Some(mut from) = key else { return self };
        from.push(0); // the smallest key that is greater
        Self { from: Some(from), ..self }
    }

    /// Of these, those below `key`.
    pub(super) fn below(self, key: Vec<u8>) -> Self {
        Self { below: Some(key), ..self }
    }
}

/// Rows being read in the order of their keys.
pub(super) struct Rows<'a, K, V> {
    database: &'a Database,
    column: &'a Column<K, V>,
    rows: DBRawIterator<'a>,
    ended: bool,
}

impl<K: Key, V: Value> Iterator for Rows<'_, K, V> {
    type Item = Result<(K, V), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let Some((key, value)) = self.rows.item() else {
                self.ended = true;
                return self.rows.status().err().map(|error| Err(self.database.failed(&error)));
            };
            let row = read_key(self.column, key).and_then(|k| Ok((k, read(self.column, key, value)?)));
            self.rows.next();
            match row {
                Ok(row) => return Some(Ok(row)),
                Err(error) => tracing::error!(%error, "left out"),
            }
        }
        None
    }
}

fn read<K: Key, V: Value>(column: &Column<K, V>, key: &[u8], value: &[u8]) -> Result<V, StoreError> {
    codec::decode(value, column.max()).map_err(|source| StoreError::Row {
        column: column.name(),
        key: data_encoding::HEXLOWER.encode(key),
        source,
    })
}

fn read_key<K: Key, V: Value>(column: &Column<K, V>, key: &[u8]) -> Result<K, StoreError> {
    K::read(key).ok_or_else(|| StoreError::Row {
        column: column.name(),
        key: data_encoding::HEXLOWER.encode(key),
        source: codec::CodecError::Malformed("not a key of this column".to_owned()),
    })
}

/// Whether no database was ever completed in `folder`. One that was begun and not completed (the
/// process died while making it) has files, but neither tables nor the file that names the
/// manifest, which is written last.
fn is_fresh(folder: &Path) -> Result<bool, StoreError> {
    let entries = fs::read_dir(folder).map_err(|error| StoreError::io("read", folder, error))?;
    for entry in entries {
        let name = entry.map_err(|error| StoreError::io("read", folder, error))?.file_name();
        let name = name.to_string_lossy();
        if name == "CURRENT" || name.ends_with(".sst") || name.ends_with(".log") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at a database without changing any of its files.
fn inspect(folder: &Path, options: &Options, mark: &Mark) -> Result<(), StoreError> {
    if !folder.join("CURRENT").exists() {
        return Err(damaged(folder, "its file CURRENT is missing"));
    }
    let families = DB::list_cf(options, folder).map_err(|error| unreadable(folder, &error))?;
    let known = |name: &&String| columns::NAMES.contains(&name.as_str()) || *name == DEFAULT;
    if let Some(unknown) = families.iter().find(|name| !known(name)) {
        return Err(StoreError::Newer { folder: folder.to_owned(), found: format!("it has a column {unknown}") });
    }
    let db = DB::open_cf_for_read_only(options, folder, families, false).map_err(|error| unreadable(folder, &error))?;
    mark.check(db.latest_sequence_number())
}

/// An error of a database that is only being read: whatever its kind, the files are not as they
/// were left, unless the system ran out of something.
fn unreadable(folder: &Path, error: &rocksdb::Error) -> StoreError {
    match StoreError::database(folder, error) {
        StoreError::Database { what, .. } if !what.contains("Too many open files") => damaged(folder, what),
        error => error,
    }
}

fn damaged(folder: &Path, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { path: folder.to_owned(), what: what.into() }
}

/// Sized for a node that idles in a few megabytes and holds some thousands of rows.
fn options(folder: &Path) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(CACHE));
    blocks.set_cache_index_and_filter_blocks(true);

    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::None);
    options.set_write_buffer_size(WRITE_BUFFER);
    options.set_db_write_buffer_size(WRITE_BUFFERS);
    options.set_arena_block_size(ARENA_BLOCK);
    options.set_max_total_wal_size(LOG);
    options.set_target_file_size_base(TABLE_FILE);
    options.set_max_manifest_file_size(MANIFEST);
    options.set_manifest_preallocation_size(64 * 1024);
    options.set_max_open_files(OPEN_FILES);
    options.set_max_file_opening_threads(1);
    options.set_table_cache_num_shard_bits(1);
    options.set_max_background_jobs(2);
    // The log up to its first torn record: all that was synced lies before it, and the mark tells
    // if it does not. Stricter modes refuse what a power cut leaves of unsynced writes.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // No timers that wake an idle node, and no log files of RocksDB's own beside ours.
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    let folder = folder.display().to_string();
    options.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Warn, move |level, message| match level {
        LogLevel::Warn => tracing::warn!(%folder, "rocksdb: {}", message.trim_end()),
        LogLevel::Error | LogLevel::Fatal => tracing::error!(%folder, "rocksdb: {}", message.trim_end()),
        _ => tracing::debug!(%folder, "rocksdb: {}", message.trim_end()),
    }));
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;
    use std::fs::OpenOptions;

    use super::super::column::OfUser;
    use super::super::sample::{copy, held, job, store};
    use super::super::{Store, StoreError};
    use super::*;
    use papermesh_protocol::id::JobId;
    use proptest::prelude::*;

    /// The files of a database whose names fulfil a condition, largest last.
    fn files(home: &Path, which: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(home.join("store"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| which(&entry.file_name().to_string_lossy()))
            .map(|entry| (entry.metadata().unwrap().len(), entry.path()))
            .collect();
        files.sort();
        files.into_iter().map(|(_, path)| path).collect()
    }

    fn cut(path: &Path, len: u64) {
        OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
    }

    /// A home with jobs in table files and in the log, closed.
    fn used() -> tempfile::TempDir {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        store.purge_deleted().unwrap(); // writes tables
        held(&store, 2, "alice").unwrap();
        home
    }

    /// Everything in the home, by name.
    fn contents(home: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let database = files(home, |name| name != "LOCK").into_iter();
        let spool = fs::read_dir(home.join("spool")).unwrap().map(|entry| entry.unwrap().path());
        database.chain(spool).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    fn is_refused(home: &Path) -> StoreError {
        let before = contents(home);
        let error = Store::open(home).map(|_| ()).unwrap_err();
        assert!(contents(home) == before, "files were touched: {error}");
        error
    }

    #[test]
    fn two_stores_never_share_a_home() {
        let (home, store) = store().unwrap();
        let error = Store::open(home.path()).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        assert!(error.to_string().contains("--home"));
        drop(store);
        Store::open(home.path()).unwrap();
    }

    #[test]
    fn damage_is_told_and_nothing_is_made_anew_over_it() {
        type Harm = fn(&Path);
        let harms: [(&str, Harm); 6] = [
            ("CURRENT empty", |home| cut(&files(home, |name| name == "CURRENT")[0], 0)),
            ("CURRENT gone", |home| fs::remove_file(&files(home, |name| name == "CURRENT")[0]).unwrap()),
            ("manifest empty", |home| cut(files(home, |name| name.starts_with("MANIFEST")).last().unwrap(), 0)),
            ("manifest gone", |home| {
                files(home, |name| name.starts_with("MANIFEST")).iter().for_each(|file| fs::remove_file(file).unwrap());
            }),
            ("table cut", |home| cut(files(home, |name| name.ends_with(".sst")).last().unwrap(), 100)),
            ("table gone", |home| fs::remove_file(files(home, |name| name.ends_with(".sst")).last().unwrap()).unwrap()),
        ];
        for (name, harm) in harms {
            let home = used();
            harm(home.path());
            let error = is_refused(home.path());
            assert!(matches!(error, StoreError::Damaged { .. }), "{name}: {error:?}");
            assert!(error.to_string().contains("backup"), "{name}: {error}");
        }
    }

    #[test]
    fn every_cut_of_the_manifest_is_noticed_or_harmless() {
        let home = used();
        let manifest = files(home.path(), |name| name.starts_with("MANIFEST")).pop().unwrap();
        let whole = fs::metadata(&manifest).unwrap().len();
        for len in (0..whole).rev().step_by(usize::try_from(whole).unwrap() / 24) {
            cut(&manifest, len);
            let copied = copy(home.path());
            match Store::open(copied.path()) {
                Ok(store) => assert_eq!(store.jobs().all(None, 10).unwrap().len(), 2, "cut to {len} of {whole}"),
                Err(_) => drop(is_refused(copied.path())),
            }
        }
    }

    #[test]
    fn a_log_that_lost_what_was_synced_is_noticed() {
        let harms: [fn(&Path); 3] = [
            |log| fs::remove_file(log).unwrap(),
            |log| cut(log, fs::metadata(log).unwrap().len() - 1),
            |log| {
                let mut bytes = fs::read(log).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(log, bytes).unwrap();
            },
        ];
        for harm in harms {
            let home = used();
            harm(files(home.path(), |name| name.ends_with(".log")).last().unwrap());
            let error = is_refused(home.path());
            let StoreError::Behind { mark, .. } = &error else { panic!("{error:?}") };
            // The message says how to go on without what is lost.
            assert!(error.to_string().contains(&*mark.to_string_lossy()));
            fs::remove_file(mark).unwrap();
            let store = Store::open(home.path()).unwrap();
            assert!(store.jobs().get(job(1)).unwrap().is_some());
        }
    }

    #[test]
    fn a_torn_end_of_the_log_that_was_never_synced_is_no_damage() {
        let home = used();
        let log = files(home.path(), |name| name.ends_with(".log")).pop().unwrap();
        let mut bytes = fs::read(&log).unwrap();
        bytes.extend_from_slice(&[0x5a; 100]);
        fs::write(&log, bytes).unwrap();
        assert_eq!(Store::open(home.path()).unwrap().jobs().all(None, 10).unwrap().len(), 2);
    }

    #[test]
    fn a_first_start_that_was_cut_short_is_begun_again() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("store")).unwrap();
        for name in ["IDENTITY", "LOCK", "MANIFEST-000001", "SYNCED"] {
            fs::write(home.path().join("store").join(name), "").unwrap();
        }
        Store::open(home.path()).unwrap();
    }

    #[test]
    fn a_newer_format_is_refused() {
        let (home, store) = store().unwrap();
        let mut batch = store.inner.database.batch();
        batch.put(&columns::FORMAT, &columns::FORMAT_KEY.to_owned(), &(FORMAT + 1)).unwrap();
        batch.commit(Durability::Synced).unwrap();
        drop(store);
        let error = Store::open(home.path()).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    }

    #[test]
    fn a_column_of_a_newer_version_is_refused_untouched() {
        let home = used();
        let mut options = Options::default();
        options.create_missing_column_families(true);
        let names = columns::NAMES.iter().copied().chain(["holograms"]);
        drop(DB::open_cf(&options, home.path().join("store"), names).unwrap());
        assert!(matches!(is_refused(home.path()), StoreError::Newer { .. }));
    }

    #[test]
    fn a_batch_is_all_or_nothing() {
        let (_home, store) = store().unwrap();
        let database = &store.inner.database;
        let mut batch = database.batch();
        batch.put(&columns::GUESS_TOTALS, &"alice".parse().unwrap(), &Default::default()).unwrap();
        let too_large = "x".repeat(1000);
        let text = Column::<String, String>::new(columns::SITE, 100);
        assert!(matches!(batch.put(&text, &"k".to_owned(), &too_large), Err(StoreError::TooLarge { .. })));
        drop(batch);
        assert!(!database.contains(&columns::GUESS_TOTALS, &"alice".parse().unwrap()).unwrap());
    }

    proptest! {
        #[test]
        fn a_prefix_has_exactly_the_keys_that_begin_with_it(
            prefix in prop::collection::vec(prop::sample::select(vec![0u8, 1, 0x7f, 0xfe, 0xff]), 0..4),
            key in prop::collection::vec(prop::sample::select(vec![0u8, 1, 0x7f, 0xfe, 0xff]), 0..6),
        ) {
            let range = Range::prefix(prefix.clone());
            let within = range.from.is_none_or(|from| from <= key) && range.below.is_none_or(|below| key < below);
            prop_assert_eq!(within, key.starts_with(&prefix));
        }

        #[test]
        fn after_leaves_out_the_key_and_nothing_behind_it(a in any::<[u8; 3]>(), b in any::<[u8; 3]>()) {
            let range = Range::all().after(Some(a.to_vec()));
            prop_assert_eq!(range.from.is_none_or(|from| from <= b.to_vec()), b > a);
        }
    }

    #[test]
    fn rows_of_one_user_are_not_those_of_another() {
        let (_home, store) = store().unwrap();
        let database = &store.inner.database;
        let column = Column::<OfUser<JobId>, u8>::new("guesses", 8);
        let mut batch = database.batch();
        for user in ["al", "alice", "alice.b"] {
            batch.put(&column, &OfUser { user: user.parse().unwrap(), key: job(1) }, &1).unwrap();
        }
        batch.commit(Durability::Buffered).unwrap();
        let prefix = OfUser::<JobId>::prefix(&"alice".parse().unwrap());
        let rows = database.scan(&column, Range::prefix(prefix), 10).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].0.user.as_str(), "alice");
    }
}
