//! Columns that are just a bounded map: one row per key, written durably, read one by one or in
//! pages. Columns with rules of their own have modules of their own.

use super::Inner;
use super::column::{Column, Key, Value};
use super::database::{Batch, Database, Durability, Range};
use super::error::StoreError;

/// A bounded, durable map.
pub struct Table<'a, K, V> {
    inner: &'a Inner,
    column: Column<K, V>,
    bound: Bound,
}

/// How many rows a column may have, and what they are called when there are too many.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    /// The most rows.
    pub(super) max: usize,
    /// What they are, in the plural.
    pub(super) what: &'static str,
}

impl Bound {
    /// Adds the row to the batch unless it would be one too many. The caller holds the lock under
    /// which the column is written.
    pub(super) fn put<K: Key, V: Value>(
        self,
        database: &Database,
        batch: &mut Batch<'_>,
        column: &Column<K, V>,
        (key, value): (&K, &V),
    ) -> Result<(), StoreError> {
        if !database.contains(column, key)?
            && database.count(column, Range::all(), self.max)? >= self.max
        {
            return Err(StoreError::TooMany {
                what: self.what,
                max: self.max,
            });
        }
        batch.put(column, key, value)
    }
}

impl<'a, K: Key, V: Value> Table<'a, K, V> {
    pub(super) const fn new(inner: &'a Inner, column: Column<K, V>, bound: Bound) -> Self {
        Self {
            inner,
            column,
            bound,
        }
    }

    /// The row of a key.
    pub fn get(&self, key: &K) -> Result<Option<V>, StoreError> {
        self.inner.database.get(&self.column, key)
    }

    /// Sets the row of a key, durably; replaces even one that cannot be read.
    pub fn put(&self, key: &K, value: &V) -> Result<(), StoreError> {
        let _writing = self.inner.writing();
        self.store(key, Some(value))
    }

    /// Removes the row of a key, durably, even one that cannot be read.
    pub fn delete(&self, key: &K) -> Result<(), StoreError> {
        let _writing = self.inner.writing();
        self.store(key, None)
    }

    /// Changes the row of a key, durably and with nobody in between. `change` finds the row in its
    /// argument and leaves there what it shall become; what it returns is returned.
    pub fn change<T>(
        &self,
        key: &K,
        change: impl FnOnce(&mut Option<V>) -> T,
    ) -> Result<T, StoreError> {
        let _writing = self.inner.writing();
        let mut row = self.get(key)?;
        let told = change(&mut row);
        self.store(key, row.as_ref())?;
        Ok(told)
    }

    /// At most `limit` rows in the order of their keys, after `after`. Rows that cannot be read
    /// are told to the log and left out.
    pub fn scan(&self, after: Option<&K>, limit: usize) -> Result<Vec<(K, V)>, StoreError> {
        self.inner.database.scan(
            &self.column,
            Range::all().after(after.map(Key::to_bytes)),
            limit,
        )
    }

    fn store(&self, key: &K, row: Option<&V>) -> Result<(), StoreError> {
        let mut batch = self.inner.database.batch();
        match row {
            Some(value) => {
                self.bound
                    .put(&self.inner.database, &mut batch, &self.column, (key, value))?
            }
            None => batch.delete(&self.column, key)?,
        }
        batch.commit(Durability::Synced)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{store, user};
    use super::super::{LocalUser, Store, StoreError};
    use super::*;
    use crate::columns::GUESS_TOTALS;
    use papermesh_protocol::release::guess::Guesses;

    #[test]
    fn rows_are_put_changed_paged_and_deleted() {
        let (home, store) = store().unwrap();
        let (alice, bob) = (user("alice"), user("bob"));
        let table = store.local_users();
        table
            .put(
                &alice,
                &LocalUser {
                    pin_epoch: 1,
                    ..LocalUser::default()
                },
            )
            .unwrap();
        let epoch = table
            .change(&alice, |row| {
                let row = row.get_or_insert_default();
                row.pin_epoch += 1;
                row.sealed_pin = Some(vec![1, 2, 3]);
                row.pin_epoch
            })
            .unwrap();
        assert_eq!(epoch, 2);
        table.put(&bob, &LocalUser::default()).unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let table = store.local_users();
        assert_eq!(
            table.get(&alice).unwrap().unwrap().sealed_pin,
            Some(vec![1, 2, 3])
        );
        assert_eq!(
            table.scan(Some(&alice), 9).unwrap(),
            [(bob.clone(), LocalUser::default())]
        );
        table.delete(&bob).unwrap();
        table.change(&alice, |row| *row = None).unwrap();
        assert_eq!(table.scan(None, 9).unwrap(), []);
    }

    #[test]
    fn a_full_table_takes_changes_but_no_more_rows() {
        let (_home, store) = store().unwrap();
        let table = Table::new(
            &store.inner,
            GUESS_TOTALS,
            Bound {
                max: 2,
                what: "things",
            },
        );
        table.put(&user("a"), &Guesses::default()).unwrap();
        table.put(&user("b"), &Guesses::default()).unwrap();
        let refused = table.put(&user("c"), &Guesses::default()).unwrap_err();
        assert!(matches!(refused, StoreError::TooMany { max: 2, .. }));
        assert_eq!(refused.to_string(), "limit reached: at most 2 things");
        table
            .put(
                &user("b"),
                &Guesses {
                    unproven: 3,
                    ..Guesses::default()
                },
            )
            .unwrap();
        table.delete(&user("a")).unwrap();
        table.put(&user("c"), &Guesses::default()).unwrap();
    }
}
