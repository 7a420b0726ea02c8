//! Reading rows in the order of their keys.

use papermesh_protocol::codec;
use papermesh_protocol::remedy::Remedy;
use rocksdb::DBRawIterator;

use super::Database;
use crate::column::{Column, Key, Value};
use crate::error::StoreError;

/// Which keys of a column.
#[derive(Default)]
pub(crate) struct Range {
    pub(super) from: Option<Vec<u8>>,
    pub(super) below: Option<Vec<u8>>,
}

impl Range {
    /// All.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// Those that begin with these bytes.
    pub(crate) fn prefix(prefix: Vec<u8>) -> Self {
        let mut below = prefix.clone();
        // The next prefix of the same length or less; none follows one of 0xff only.
        while below.pop_if(|last| *last == u8::MAX).is_some() {}
        let below = below.pop().map(|last| {
            below.push(last + 1);
            below
        });
        Self {
            from: Some(prefix),
            below,
        }
    }

    /// Of these, those after `key`.
    pub(crate) fn after(self, key: Option<Vec<u8>>) -> Self {
        let Some(mut from) = key else { return self };
        from.push(0); // the smallest key that is greater
        Self {
            from: Some(from),
            ..self
        }
    }

    /// Of these, those below `key`.
    pub(crate) fn below(self, key: Vec<u8>) -> Self {
        Self {
            below: Some(key),
            ..self
        }
    }
}

/// Rows being read in the order of their keys.
pub(crate) struct Rows<'a, K, V> {
    pub(super) database: &'a Database,
    pub(super) column: &'a Column<K, V>,
    pub(super) rows: DBRawIterator<'a>,
    pub(super) ended: bool,
}

impl<K: Key, V: Value> Iterator for Rows<'_, K, V> {
    type Item = Result<(K, V), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let Some((key, value)) = self.rows.item() else {
                self.ended = true;
                return self
                    .rows
                    .status()
                    .err()
                    .map(|error| Err(self.database.failed(&error)));
            };
            let row =
                read_key(self.column, key).and_then(|k| Ok((k, read(self.column, key, value)?)));
            self.rows.next();
            match row {
                Ok(row) => return Some(Ok(row)),
                Err(error) => tracing::error!(error = %error.in_full(), "skipped a damaged row"),
            }
        }
        None
    }
}

pub(super) fn read<K: Key, V: Value>(
    column: &Column<K, V>,
    key: &[u8],
    value: &[u8],
) -> Result<V, StoreError> {
    codec::decode_stored(value, column.max()).map_err(|source| StoreError::Row {
        column: column.name(),
        key: data_encoding::HEXLOWER.encode(key),
        source,
    })
}

pub(super) fn read_key<K: Key, V: Value>(
    column: &Column<K, V>,
    key: &[u8],
) -> Result<K, StoreError> {
    K::read(key).ok_or_else(|| StoreError::Row {
        column: column.name(),
        key: data_encoding::HEXLOWER.encode(key),
        source: codec::CodecError::Malformed("not a key of this column".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::JobId;
    use proptest::prelude::*;

    use super::*;
    use crate::Durability;
    use crate::column::OfUser;
    use crate::sample::{job, store};

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
            batch
                .put(
                    &column,
                    &OfUser {
                        user: user.parse().unwrap(),
                        key: job(1),
                    },
                    &1,
                )
                .unwrap();
        }
        batch.commit(Durability::Buffered).unwrap();
        let prefix = OfUser::<JobId>::prefix(&"alice".parse().unwrap());
        let rows = database.scan(&column, Range::prefix(prefix), 10).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].0.user.as_str(), "alice");
    }
}
