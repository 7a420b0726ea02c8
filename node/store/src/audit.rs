//! Where the audit log lies: signed entries, numbered without gaps. What is in them, and that each
//! names the one before it, is the audit's own business.

use serde_bytes::ByteBuf;

use super::Inner;
use super::column::Key;
use super::columns::AUDIT;
use super::database::{Durability, Range};
use super::error::StoreError;

/// The audit log of a store.
pub struct AuditLog<'a>(pub(super) &'a Inner);

impl AuditLog<'_> {
    /// The last entry and its number; none in an empty log.
    pub fn last(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        Ok(self
            .0
            .database
            .last(&AUDIT)?
            .map(|(number, entry)| (number, entry.into_vec())))
    }

    /// Adds entries, all or none, the first of which has the number `first`: zero in an empty log,
    /// else that of the last entry and one. To add several at once costs one disk flush.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] if that is not the next number: somebody else was faster.
    pub fn append(
        &self,
        first: u64,
        entries: Vec<Vec<u8>>,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let expected = self.next()?;
        if first != expected {
            return Err(StoreError::OutOfOrder {
                expected,
                found: first,
            });
        }
        let mut batch = self.0.database.batch();
        for (number, entry) in (first..).zip(entries) {
            batch.put(&AUDIT, &number, &ByteBuf::from(entry))?;
        }
        batch.commit(durability)
    }

    /// At most `limit` entries from the given number on.
    pub fn scan(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let range = Range::all().after(from.checked_sub(1).map(|before| before.to_bytes()));
        let entries = self.0.database.scan(&AUDIT, range, limit)?;
        Ok(entries
            .into_iter()
            .map(|(number, entry)| (number, entry.into_vec()))
            .collect())
    }

    /// Drops the entries before the given number, but never the last one, which the next one names.
    pub fn drop_before(&self, number: u64) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let end = number.min(self.next()?.saturating_sub(1));
        let mut batch = self.0.database.batch();
        batch.delete_below(&AUDIT, &end)?;
        batch.commit(Durability::Synced)
    }

    fn next(&self) -> Result<u64, StoreError> {
        // The key says it, even where the entry itself is damaged.
        Ok(self
            .0
            .database
            .last_key(&AUDIT)?
            .map_or(0, |last| last.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Store;
    use super::super::sample::store;
    use super::*;

    #[test]
    fn entries_are_numbered_without_gaps() {
        let (home, store) = store().unwrap();
        let entry = |number: u8| vec![number; 3];
        assert_eq!(store.audit().last().unwrap(), None);
        store
            .audit()
            .append(0, vec![entry(0), entry(1)], Durability::Synced)
            .unwrap();
        for wrong in [0, 1, 3] {
            let refused = store
                .audit()
                .append(wrong, vec![entry(9)], Durability::Synced);
            assert!(matches!(
                refused,
                Err(StoreError::OutOfOrder { expected: 2, .. })
            ));
        }
        store
            .audit()
            .append(2, vec![entry(2)], Durability::Buffered)
            .unwrap();
        store.sync().unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.audit().last().unwrap(), Some((2, entry(2))));
        assert_eq!(store.audit().scan(1, 1).unwrap(), [(1, entry(1))]);
        assert_eq!(store.audit().scan(0, 9).unwrap().len(), 3);
    }

    #[test]
    fn dropping_old_entries_keeps_the_last_and_the_count() {
        let (_home, store) = store().unwrap();
        store.audit().drop_before(5).unwrap();
        store
            .audit()
            .append(0, vec![vec![0], vec![1], vec![2]], Durability::Synced)
            .unwrap();
        store.audit().drop_before(1).unwrap();
        assert_eq!(store.audit().scan(0, 9).unwrap().len(), 2);
        store.audit().drop_before(99).unwrap();
        assert_eq!(store.audit().scan(0, 9).unwrap(), [(2, vec![2])]);
        store
            .audit()
            .append(3, vec![vec![3]], Durability::Synced)
            .unwrap();
    }
}
