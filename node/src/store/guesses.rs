//! Counts of wrong PINs. A count is durable before the login that it counts is answered, so that
//! no restart gives a guesser another try; [`papermesh_protocol::release::guess`] says what
//! follows from it.

use papermesh_protocol::id::NodeId;
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use super::Inner;
use super::column::{Column, Key, OfUser};
use super::columns::{GUESS_TOTALS, GUESSES};
use super::database::{Batch, Durability, Range};
use super::error::StoreError;

/// Counts that are kept, of users at printers, and of users. Users that do not exist are counted
/// too, so a member may fill these; the counts then dropped are those that are oldest.
const MAX: usize = 8192;
/// Counts that are dropped at once when there are too many.
const DROPPED: usize = MAX / 8;

/// A user's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserGuesses {
    /// At one printer.
    pub of_printer: Guesses,
    /// At all printers together.
    pub of_user: Guesses,
}

/// The counts of a store.
pub struct GuessCounts<'a>(pub(super) &'a Inner);

impl GuessCounts<'_> {
    /// The counts of a user at a printer.
    pub fn get(&self, user: &UserId, printer: NodeId) -> Result<UserGuesses, StoreError> {
        let key = OfUser { user: user.clone(), key: printer };
        Ok(UserGuesses {
            of_printer: self.0.database.get(&GUESSES, &key)?.unwrap_or_default(),
            of_user: self.0.database.get(&GUESS_TOTALS, user)?.unwrap_or_default(),
        })
    }

    /// Counts one more, durably, and says what the counts are now.
    pub fn count(&self, user: &UserId, printer: NodeId, now: Timestamp) -> Result<UserGuesses, StoreError> {
        let _writing = self.0.writing();
        let before = self.get(user, printer)?;
        let counted =
            UserGuesses { of_printer: before.of_printer.count(now), of_user: before.of_user.count(now) };
        let mut batch = self.0.database.batch();
        let key = OfUser { user: user.clone(), key: printer };
        self.make_room(&mut batch, &GUESSES, &key)?;
        self.make_room(&mut batch, &GUESS_TOTALS, user)?;
        batch.put(&GUESSES, &key, &counted.of_printer)?;
        batch.put(&GUESS_TOTALS, user, &counted.of_user)?;
        batch.commit(Durability::Synced)?;
        Ok(counted)
    }

    /// Takes back what was counted at a printer where the user has proven the PIN, durably.
    pub fn proven(&self, user: &UserId, printer: NodeId) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let before = self.get(user, printer)?;
        let total = before.of_user.without(before.of_printer);
        let mut batch = self.0.database.batch();
        batch.delete(&GUESSES, &OfUser { user: user.clone(), key: printer })?;
        if total.unproven == 0 {
            batch.delete(&GUESS_TOTALS, user)?;
        } else {
            batch.put(&GUESS_TOTALS, user, &total)?;
        }
        batch.commit(Durability::Synced)
    }

    fn make_room<K: Key>(
        &self,
        batch: &mut Batch<'_>,
        column: &Column<K, Guesses>,
        key: &K,
    ) -> Result<(), StoreError> {
        let database = &self.0.database;
        if database.contains(column, key)? || database.count(column, Range::all(), MAX)? < MAX {
            return Ok(());
        }
        let mut rows = database.scan(column, Range::all(), MAX)?;
        rows.sort_by_key(|(_, guesses)| guesses.last);
        for (oldest, _) in rows.iter().take(DROPPED) {
            batch.delete(column, oldest)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::Store;
    use super::super::sample::{NOW, store, user};
    use super::*;

    fn printer(number: u8) -> NodeId {
        NodeId::from_bytes([number; 32])
    }

    #[test]
    fn counts_survive_a_restart_and_are_taken_back_per_printer() {
        let (home, store) = store().unwrap();
        let alice = user("alice");
        for number in [1, 1, 2] {
            store.guesses().count(&alice, printer(number), NOW).unwrap();
        }
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let counts = store.guesses().get(&alice, printer(1)).unwrap();
        assert_eq!((counts.of_printer.unproven, counts.of_user.unproven), (2, 3));
        store.guesses().proven(&alice, printer(1)).unwrap();
        let counts = store.guesses().get(&alice, printer(1)).unwrap();
        assert_eq!((counts.of_printer.unproven, counts.of_user.unproven), (0, 1));
        store.guesses().proven(&alice, printer(2)).unwrap();
        assert_eq!(store.inner.database.count(&GUESS_TOTALS, Range::all(), 9).unwrap(), 0);
    }

    #[test]
    fn when_there_are_too_many_the_oldest_are_dropped() {
        let (_home, store) = store().unwrap();
        let database = &store.inner.database;
        let mut batch = database.batch();
        for number in 0..MAX as u64 {
            let last = NOW + Duration::from_secs(number);
            let guesses = Guesses { unproven: 1, last };
            batch.put(&GUESS_TOTALS, &user(&format!("user{number}")), &guesses).unwrap();
        }
        batch.commit(Durability::Buffered).unwrap();
        store.guesses().count(&user("alice"), printer(1), NOW).unwrap();
        assert_eq!(database.count(&GUESS_TOTALS, Range::all(), MAX).unwrap(), MAX - DROPPED + 1);
        assert!(!database.contains(&GUESS_TOTALS, &user("user0")).unwrap());
        assert!(database.contains(&GUESS_TOTALS, &user(&format!("user{}", MAX - 1))).unwrap());
        assert!(database.contains(&GUESS_TOTALS, &user("alice")).unwrap());
    }
}
