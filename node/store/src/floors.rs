//! Sequence floors: the highest sequence number seen of something signed, so that an older one is
//! known for a replay even after a restart.

use std::sync::PoisonError;

use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::FLOORS;
use super::database::{Durability, Range};
use super::error::StoreError;

/// Bytes of what a floor is kept for: a hash or two.
pub const FLOOR_KEY: usize = 96;
/// Floors that are kept.
pub const FLOORS_MAX: usize = 64 * 1024;

/// A floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// The highest sequence number seen.
    pub sequence: u64,
    /// When everything below it will have expired, so that the floor may be forgotten.
    pub until: Timestamp,
}

/// The floors of a store. Writing is buffered, like that of the records they guard.
pub struct Floors<'a>(pub(super) &'a Inner);

impl Floors<'_> {
    /// The floor of something named by at most [`FLOOR_KEY`] bytes.
    pub fn get(&self, key: &[u8]) -> Result<Option<Floor>, StoreError> {
        self.0.database.get(&FLOORS, &key.to_vec())
    }

    /// Raises a floor; false, and nothing is done, if it is higher already.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] beyond [`FLOORS_MAX`] floors, or for a longer key.
    pub fn raise(&self, key: &[u8], floor: Floor) -> Result<bool, StoreError> {
        if key.len() > FLOOR_KEY {
            return Err(StoreError::TooMany {
                what: "bytes in the name of a floor",
                max: FLOOR_KEY,
            });
        }
        let mut count = self
            .0
            .floor_count
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let counted = match *count {
            Some(counted) => counted,
            None => self.0.database.count(&FLOORS, Range::all(), FLOORS_MAX)?,
        };
        let before = self.get(key)?;
        let after = counted + usize::from(before.is_none());
        match before {
            Some(before) if before.sequence > floor.sequence => return Ok(false),
            None if after > FLOORS_MAX => {
                return Err(StoreError::TooMany {
                    what: "sequence floors",
                    max: FLOORS_MAX,
                });
            }
            _ => {}
        }
        let until = before.map_or(floor.until, |before| before.until.max(floor.until));
        let mut batch = self.0.database.batch();
        batch.put(&FLOORS, &key.to_vec(), &Floor { until, ..floor })?;
        batch.commit(Durability::Buffered)?;
        *count = Some(after);
        Ok(true)
    }

    /// Forgets at most `limit` floors that guard nothing any more, and says how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut count = self
            .0
            .floor_count
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.0.database.batch();
        let mut swept = 0;
        for row in self.0.database.rows(&FLOORS, Range::all())? {
            let (key, floor) = row?;
            if floor.until <= now && swept < limit {
                batch.delete(&FLOORS, &key)?;
                swept += 1;
            }
        }
        batch.commit(Durability::Buffered)?;
        *count = None; // counted anew when next needed
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::Store;
    use super::super::sample::{NOW, store};
    use super::*;

    #[test]
    fn a_floor_only_rises() {
        let (home, store) = store().unwrap();
        let raise = |store: &Store, sequence, seconds| {
            let until = NOW + Duration::from_secs(seconds);
            store
                .floors()
                .raise(b"holder", Floor { sequence, until })
                .unwrap()
        };
        assert!(raise(&store, 5, 10));
        assert!(!raise(&store, 4, 99));
        assert!(raise(&store, 5, 10));
        assert!(raise(&store, 6, 5));
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let floor = store.floors().get(b"holder").unwrap().unwrap();
        assert_eq!(
            (floor.sequence, floor.until),
            (6, NOW + Duration::from_secs(10))
        );
        assert_eq!(store.floors().sweep(NOW, 10).unwrap(), 0);
        assert_eq!(
            store
                .floors()
                .sweep(NOW + Duration::from_secs(10), 10)
                .unwrap(),
            1
        );
        assert!(raise(&store, 1, 10));
        assert!(store.floors().raise(&[0; 97], floor).is_err());
    }
}
