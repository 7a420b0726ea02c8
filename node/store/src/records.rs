//! Records of the DHT that this node stores for the site, so that they are there again after a
//! restart. They are judged and merged before they come here, and republished by those who signed
//! them, so they need not survive a power cut.

use std::sync::PoisonError;

use papermesh_protocol::id::RecordKey;
use papermesh_protocol::limits::{STORED_BYTES, STORED_RECORDS};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::column::Key;
use super::columns::RECORDS;
use super::database::{Durability, Range};
use super::error::StoreError;

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRecord {
    /// The record's bytes, as they are handed out.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
    /// When nothing in it is current any more.
    pub expires_at: Timestamp,
    /// When it was stored or last changed.
    pub updated_at: Timestamp,
}

/// How many records there are, and their bytes. Counted once, then kept up with every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordTotals {
    rows: usize,
    bytes: usize,
}

impl RecordTotals {
    fn add(self, record: Option<&StoredRecord>) -> Self {
        record.map_or(self, |record| Self {
            rows: self.rows + 1,
            bytes: self.bytes.saturating_add(record.value.len()),
        })
    }

    fn remove(self, record: Option<&StoredRecord>) -> Self {
        record.map_or(self, |record| Self {
            rows: self.rows.saturating_sub(1),
            bytes: self.bytes.saturating_sub(record.value.len()),
        })
    }
}

/// The stored records. Writing is buffered: it takes microseconds and no disk flush.
pub struct Records<'a>(pub(super) &'a Inner);

impl Records<'_> {
    /// A record, current or not.
    pub fn get(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        self.0.database.get(&RECORDS, &key)
    }

    /// Stores a record in place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] beyond [`STORED_RECORDS`] records or [`STORED_BYTES`] bytes.
    pub fn put(&self, key: RecordKey, record: &StoredRecord) -> Result<(), StoreError> {
        self.change(key, Some(record))
    }

    /// Removes a record.
    pub fn delete(&self, key: RecordKey) -> Result<(), StoreError> {
        self.change(key, None)
    }

    /// At most `limit` records in the order of their keys, after the given one.
    pub fn scan(
        &self,
        after: Option<RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        self.0.database.scan(
            &RECORDS,
            Range::all().after(after.map(|key| key.to_bytes())),
            limit,
        )
    }

    /// Removes at most `limit` records that have expired, and says how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut expired = Vec::new();
        for row in self.0.database.rows(&RECORDS, Range::all())? {
            let (key, record) = row?;
            if record.expires_at <= now {
                expired.push(key);
            }
            if expired.len() == limit {
                break;
            }
        }
        for key in &expired {
            self.delete(*key)?;
        }
        Ok(expired.len())
    }

    fn change(&self, key: RecordKey, record: Option<&StoredRecord>) -> Result<(), StoreError> {
        let mut totals = self
            .0
            .record_totals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let counted = match *totals {
            Some(counted) => counted,
            None => self.count()?,
        };
        let before = match self.get(key) {
            Err(StoreError::Row { .. }) => None, // not counted either
            before => before?,
        };
        let after = counted.remove(before.as_ref()).add(record);
        if record.is_some() && (after.rows > STORED_RECORDS || after.bytes > STORED_BYTES) {
            return Err(StoreError::TooMany {
                what: "stored records",
                max: STORED_RECORDS,
            });
        }
        let mut batch = self.0.database.batch();
        match record {
            Some(record) => batch.put(&RECORDS, &key, record)?,
            None => batch.delete(&RECORDS, &key)?,
        }
        batch.commit(Durability::Buffered)?;
        *totals = Some(after);
        Ok(())
    }

    fn count(&self) -> Result<RecordTotals, StoreError> {
        let mut totals = RecordTotals::default();
        for row in self.0.database.rows(&RECORDS, Range::all())? {
            totals = totals.add(Some(&row?.1));
        }
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::Store;
    use super::super::sample::{NOW, store};
    use super::*;

    fn key(number: u32) -> RecordKey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        RecordKey::from_bytes(bytes)
    }

    fn record(len: usize, seconds: u64) -> StoredRecord {
        StoredRecord {
            value: vec![7; len],
            expires_at: NOW + Duration::from_secs(seconds),
            updated_at: NOW,
        }
    }

    #[test]
    fn records_are_there_after_a_restart_until_they_expire() {
        let (home, store) = store().unwrap();
        store.records().put(key(1), &record(10, 10)).unwrap();
        store.records().put(key(2), &record(10, 20)).unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(
            store
                .records()
                .sweep(NOW + Duration::from_secs(10), 100)
                .unwrap(),
            1
        );
        assert_eq!(store.records().get(key(1)).unwrap(), None);
        assert_eq!(
            store.records().scan(None, 10).unwrap(),
            [(key(2), record(10, 20))]
        );
        assert_eq!(store.records().scan(Some(key(2)), 10).unwrap(), []);
    }

    #[test]
    fn there_are_no_more_bytes_than_allowed() {
        let (_home, store) = store().unwrap();
        let large = 60_000;
        let fit = STORED_BYTES / large;
        let totals = || store.inner.record_totals.lock().unwrap().unwrap();
        for number in 0..u32::try_from(fit).unwrap() {
            store
                .records()
                .put(key(number), &record(large, 10))
                .unwrap();
        }
        assert!(matches!(
            store.records().put(key(u32::MAX), &record(large, 10)),
            Err(StoreError::TooMany { .. })
        ));
        store.records().put(key(0), &record(large, 20)).unwrap(); // in place of the earlier one
        store.records().delete(key(0)).unwrap();
        store
            .records()
            .put(key(u32::MAX), &record(large, 10))
            .unwrap();
        assert_eq!(totals(), store.records().count().unwrap());
    }
}
