//! Opening a database without ever losing what is in it.
//!
//! RocksDB makes a new database where a file of the old one is missing, stops replaying its log at
//! the first damaged record, and removes files that a shortened manifest no longer names. So a
//! database is first looked at without writing, and compared with the [mark](super::super::mark)
//! that synced commits leave.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    InfoLogger, LogLevel, Options,
};

use super::Database;
use super::batch::WRITE_BUFFERS;
use crate::error::StoreError;
use crate::mark::Mark;
use crate::{columns, folder, upgrade};

/// One column's memory for new rows. They all go into the log as well, so this only decides how
/// often small files are written.
const WRITE_BUFFER: usize = 1024 * 1024;
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

impl Database {
    /// Opens the database in `folder`, or makes one if there never was any. The caller holds the
    /// home's lock.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        if folder.to_str().is_none() {
            // RocksDB would silently use another folder.
            let what = "the name of the folder is not UTF-8".to_owned();
            return Err(StoreError::Database {
                folder: folder.to_owned(),
                what,
            });
        }
        folder::create(folder)?;
        let mark = Mark::open(folder)?;
        let options = options(folder);
        let fresh = is_fresh(folder)?;
        if fresh && mark.is_set() {
            return Err(damaged(folder, "the database is gone but its mark is not"));
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
        let database = Self {
            db,
            folder: folder.to_owned(),
            mark,
            left_behind: Mutex::default(),
        };
        upgrade::upgrade(&database)?;
        if !fresh {
            // Nobody knows whether it was closed in order.
            database.note_left_behind();
        }
        database.mark.raise(0);
        Ok(database)
    }
}

/// Whether no database was ever completed in `folder`. One that was begun and not completed (the
/// process died while making it) has files, but neither tables nor the file that names the
/// manifest, which is written last.
fn is_fresh(folder: &Path) -> Result<bool, StoreError> {
    let entries = fs::read_dir(folder).map_err(|error| StoreError::io("read", folder, error))?;
    for entry in entries {
        let name = entry
            .map_err(|error| StoreError::io("read", folder, error))?
            .file_name();
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
        return Err(StoreError::Newer {
            folder: folder.to_owned(),
            found: format!("it has a column {unknown}"),
        });
    }
    let db = DB::open_cf_for_read_only(options, folder, families, false)
        .map_err(|error| unreadable(folder, &error))?;
    mark.check(db.latest_sequence_number())
}

/// An error of a database that is only being read: whatever its kind, the files are not as they
/// were left, unless the system ran out of something.
fn unreadable(folder: &Path, error: &rocksdb::Error) -> StoreError {
    match StoreError::database(folder, error) {
        StoreError::Database { what, .. } if !what.contains("Too many open files") => {
            damaged(folder, what)
        }
        error => error,
    }
}

fn damaged(folder: &Path, what: impl Into<String>) -> StoreError {
    StoreError::Damaged {
        path: folder.to_owned(),
        what: what.into(),
    }
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
    options.set_info_logger(InfoLogger::new_callback_logger(
        LogLevel::Warn,
        move |level, message| match level {
            LogLevel::Warn => tracing::warn!(%folder, "rocksdb: {}", message.trim_end()),
            LogLevel::Error | LogLevel::Fatal => {
                tracing::error!(%folder, "rocksdb: {}", message.trim_end())
            }
            // All its options, at each start.
            LogLevel::Header | LogLevel::Info | LogLevel::Debug => {
                tracing::trace!(%folder, "rocksdb: {}", message.trim_end())
            }
        },
    ));
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;
    use std::fs::OpenOptions;
    use std::path::PathBuf;
    use std::sync::Arc;

    use tracing::Level;

    use papermesh_protocol::remedy::Remedy;

    use super::*;
    use crate::Store;
    use crate::sample::{copy, held, job, store};

    /// What a database that is made and opened again says at this level.
    fn said(level: Level) -> String {
        let home = tempfile::tempdir().unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(Arc::new(log.reopen().unwrap()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..2 {
                // A test beside this one may be the first that logs such a line, while nobody listens.
                tracing::callsite::rebuild_interest_cache();
                drop(Store::open(home.path()).unwrap());
            }
        });
        fs::read_to_string(log.path()).unwrap()
    }

    #[test]
    fn the_options_of_the_database_are_in_nobodys_way() {
        assert!(said(Level::TRACE).contains("rocksdb: "));
        let debug = said(Level::DEBUG);
        assert!(!debug.contains("rocksdb: "), "{debug}");
    }

    /// The files of a database whose names fulfill a condition, largest last.
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
        OpenOptions::new()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(len)
            .unwrap();
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
        let spool = fs::read_dir(home.join("spool"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        database
            .chain(spool)
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
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
        assert!(error.remedy().unwrap().contains("--home"));
        drop(store);
        Store::open(home.path()).unwrap();
    }

    #[test]
    fn damage_is_told_and_nothing_is_made_anew_over_it() {
        type Harm = fn(&Path);
        let harms: [(&str, Harm); 6] = [
            ("CURRENT empty", |home| {
                cut(&files(home, |name| name == "CURRENT")[0], 0)
            }),
            ("CURRENT gone", |home| {
                fs::remove_file(&files(home, |name| name == "CURRENT")[0]).unwrap()
            }),
            ("manifest empty", |home| {
                cut(
                    files(home, |name| name.starts_with("MANIFEST"))
                        .last()
                        .unwrap(),
                    0,
                )
            }),
            ("manifest gone", |home| {
                files(home, |name| name.starts_with("MANIFEST"))
                    .iter()
                    .for_each(|file| fs::remove_file(file).unwrap());
            }),
            ("table cut", |home| {
                cut(
                    files(home, |name| name.ends_with(".sst")).last().unwrap(),
                    100,
                )
            }),
            ("table gone", |home| {
                fs::remove_file(files(home, |name| name.ends_with(".sst")).last().unwrap()).unwrap()
            }),
        ];
        for (name, harm) in harms {
            let home = used();
            harm(home.path());
            let error = is_refused(home.path());
            assert!(
                matches!(error, StoreError::Damaged { .. }),
                "{name}: {error:?}"
            );
            assert!(
                error.remedy().unwrap().contains("backup"),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn every_cut_of_the_manifest_is_noticed_or_harmless() {
        let home = used();
        let manifest = files(home.path(), |name| name.starts_with("MANIFEST"))
            .pop()
            .unwrap();
        let whole = fs::metadata(&manifest).unwrap().len();
        for len in (0..whole)
            .rev()
            .step_by(usize::try_from(whole).unwrap() / 24)
        {
            cut(&manifest, len);
            let copied = copy(home.path());
            match Store::open(copied.path()) {
                Ok(store) => assert_eq!(
                    store.jobs().all(None, 10).unwrap().len(),
                    2,
                    "cut to {len} of {whole}"
                ),
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
            harm(
                files(home.path(), |name| name.ends_with(".log"))
                    .last()
                    .unwrap(),
            );
            let error = is_refused(home.path());
            let StoreError::Behind { mark, .. } = &error else {
                panic!("{error:?}")
            };
            // The remedy says how to go on without what is lost.
            assert!(error.remedy().unwrap().contains(&*mark.to_string_lossy()));
            fs::remove_file(mark).unwrap();
            let store = Store::open(home.path()).unwrap();
            assert!(store.jobs().get(job(1)).unwrap().is_some());
        }
    }

    #[test]
    fn a_torn_end_of_the_log_that_was_never_synced_is_no_damage() {
        let home = used();
        let log = files(home.path(), |name| name.ends_with(".log"))
            .pop()
            .unwrap();
        let mut bytes = fs::read(&log).unwrap();
        bytes.extend_from_slice(&[0x5a; 100]);
        fs::write(&log, bytes).unwrap();
        assert_eq!(
            Store::open(home.path())
                .unwrap()
                .jobs()
                .all(None, 10)
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn a_first_start_that_was_cut_short_is_begun_again() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("store")).unwrap();
        for name in ["IDENTITY", "LOCK", "MANIFEST-000001", "SYNCED"] {
            fs::write(home.path().join("store").join(name), "").unwrap();
        }
        let store = Store::open(home.path()).unwrap();
        held(&store, 1, "alice").unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert!(store.jobs().get(job(1)).unwrap().is_some());
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
}
