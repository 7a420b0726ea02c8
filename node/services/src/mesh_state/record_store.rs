//! The store as the mesh's storage of records.
//!
//! The mesh's only task must not wait for a disk. So it leaves what is to change in a backlog, and
//! a thread of its own writes that out. Of several changes of one record the last counts. What
//! does not fit into the backlog of a slow disk is not kept over a restart: others have it too.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use papermesh_mesh::RecordStorage;
use papermesh_protocol::id::RecordKey;
use papermesh_protocol::limits::STORED_RECORDS;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Clock;
use papermesh_store::{Store, StoreError, StoredRecord};

/// Records that are read from the store at once.
const PAGE: usize = 256;
/// Records whose changes wait to be written: each once, even when all are judged anew.
const WAITING: usize = STORED_RECORDS;
/// Bytes of the records that wait to be written.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// Records of the mesh in the store. Reading blocks; saving and removing do not.
pub struct RecordStore {
    store: Store,
    clock: Clock,
    backlog: Arc<Backlog>,
}

impl RecordStore {
    /// The records in this store. What is left there is written until this is dropped, and then
    /// to its end, by a blocking task of the runtime, in which this must be called.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let backlog = Arc::new(Backlog::default());
        let records = Self {
            store: store.clone(),
            clock,
            backlog: Arc::clone(&backlog),
        };
        tokio::task::spawn_blocking(move || {
            while let Some(changes) = backlog.next() {
                for (key, change) in changes {
                    write(&store, clock, key, change);
                }
            }
        });
        records
    }
}

fn write(store: &Store, clock: Clock, key: RecordKey, change: Option<Vec<u8>>) {
    let written = match change {
        Some(value) => {
            let now = clock();
            let record = StoredRecord {
                value,
                // Records say themselves when they end; this bounds how long one stays whose
                // removal was not written.
                expires_at: now + papermesh_protocol::limits::CERTIFICATE_LIFETIME,
                updated_at: now,
            };
            store.records().put(key, &record)
        }
        None => store.records().delete(key),
    };
    if let Err(error) = written {
        tracing::warn!(%key, error = %error.in_full(), "could not save a directory record");
    }
}

impl RecordStorage for RecordStore {
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)> {
        let mut loaded = Vec::new();
        if let Err(error) = read(&self.store, self.clock, &mut loaded) {
            tracing::warn!(error = %error.in_full(), "directory records were lost here; other nodes have them");
        }
        loaded
    }

    fn save(&self, key: RecordKey, value: &[u8]) {
        self.backlog.leave(key, Some(value));
    }

    fn remove(&self, key: RecordKey) {
        self.backlog.leave(key, None);
    }
}

fn read(
    store: &Store,
    clock: Clock,
    loaded: &mut Vec<(RecordKey, Vec<u8>)>,
) -> Result<(), StoreError> {
    store.records().sweep(clock(), STORED_RECORDS)?;
    loop {
        let after = loaded.last().map(|(key, _)| *key);
        let page = store.records().scan(after, PAGE)?;
        let last = page.len() < PAGE;
        loaded.extend(page.into_iter().map(|(key, record)| (key, record.value)));
        if last {
            return Ok(());
        }
    }
}

impl Drop for RecordStore {
    fn drop(&mut self) {
        self.backlog.end();
    }
}

/// Changes that wait to be written.
#[derive(Debug, Default)]
struct Backlog {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

/// By record, its value from now on, or none if it is removed.
type Changes = BTreeMap<RecordKey, Option<Vec<u8>>>;

#[derive(Debug, Default)]
struct Waiting {
    changes: Changes,
    bytes: usize,
    /// Changes that did not fit since the backlog was last taken.
    lost: usize,
    ended: bool,
}

impl Backlog {
    /// Leaves a change in place of an earlier one of the same record.
    fn leave(&self, key: RecordKey, value: Option<&[u8]>) {
        let mut waiting = self.lock();
        let earlier = waiting.changes.get(&key);
        let count = waiting.changes.len() + usize::from(earlier.is_none());
        let earlier = earlier.and_then(Option::as_ref).map_or(0, Vec::len);
        let bytes = waiting.bytes - earlier + value.map_or(0, <[u8]>::len);
        if count > WAITING || bytes > WAITING_BYTES {
            if waiting.lost == 0 {
                tracing::warn!("the disk is slow; directory records are not saved");
            }
            waiting.lost += 1;
            return;
        }
        waiting.bytes = bytes;
        waiting.changes.insert(key, value.map(<[u8]>::to_vec));
        self.news.notify_one();
    }

    /// Waits for changes and takes them all; none once the backlog has ended and is empty.
    fn next(&self) -> Option<Changes> {
        let idle = |waiting: &mut Waiting| waiting.changes.is_empty() && !waiting.ended;
        let mut waiting = self
            .news
            .wait_while(self.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.lost > 0 {
            tracing::warn!(lost = waiting.lost, "could not save changes to records");
        }
        waiting.lost = 0;
        waiting.bytes = 0;
        Some(std::mem::take(&mut waiting.changes)).filter(|changes| !changes.is_empty())
    }

    /// Nothing comes any more.
    fn end(&self) {
        self.lock().ended = true;
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::record;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn key(number: usize) -> RecordKey {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        RecordKey::from_bytes(bytes)
    }

    #[test]
    fn changes_of_one_record_wait_as_one_and_come_in_one_piece() {
        let backlog = Backlog::default();
        for round in 0..1000_u16 {
            backlog.leave(key(1), Some(&round.to_be_bytes()));
            backlog.leave(key(2), Some(b"short-lived"));
        }
        backlog.leave(key(2), None);
        assert_eq!(backlog.lock().bytes, 2);
        backlog.end();
        let last = Some(999_u16.to_be_bytes().to_vec());
        let changes = Changes::from([(key(1), last), (key(2), None)]);
        assert_eq!(backlog.next(), Some(changes));
        assert_eq!(backlog.next(), None);
    }

    #[test]
    fn a_disk_that_stands_still_costs_no_more_memory_than_named_and_nobody_waits_for_it() {
        let backlog = Backlog::default();
        let large = vec![7; record::MAX];
        let fit = WAITING_BYTES / large.len();
        for number in 0..2 * fit {
            backlog.leave(key(number), Some(&large));
        }
        for number in 0..2 * WAITING {
            backlog.leave(key(number), None);
        }
        let waiting = backlog.lock();
        // Removals took the place of what had fitted.
        assert_eq!((waiting.changes.len(), waiting.bytes), (WAITING, 0));
        assert_eq!(waiting.lost, fit + WAITING);
    }

    #[test]
    fn what_was_left_is_written_when_the_store_and_its_runtime_end() {
        let home = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let records = RecordStore::new(Store::open(home.path()).unwrap(), || NOW);
            for number in 0..300 {
                records.save(key(number), b"record");
            }
            records.remove(key(0));
        });
        drop(runtime);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let load = |clock: Clock| {
            let _guard = runtime.enter();
            // The thread of an earlier one lets go of the store a moment after that is dropped.
            let store = loop {
                match Store::open(home.path()) {
                    Err(StoreError::InUse { .. }) => std::thread::yield_now(),
                    opened => break opened.unwrap(),
                }
            };
            RecordStore::new(store, clock).load()
        };
        let kept = load(|| NOW);
        assert_eq!((kept.len(), &*kept[0].1), (299, &b"record"[..]));
        assert_eq!(kept[0].0, key(1));
        // Those that were forgotten go, in the end.
        let later = load(|| NOW + papermesh_protocol::limits::CERTIFICATE_LIFETIME);
        assert!(later.is_empty());
    }
}
