//! Counts of wrong PINs. A count is durable before the login that it counts is answered, so that
//! no restart gives a guesser another try; [`papermesh_protocol::release::guess`] says what
//! follows from it.

use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::release::guess::{self, Guesses};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use super::Inner;
use super::column::{Column, Key, OfUser};
use super::columns::{GUESS_TOTALS, GUESSES, LOCAL_USERS};
use super::database::{Batch, Durability, Range};
use super::error::StoreError;

/// Counts that are kept, of users at printers, and of users. Users that do not exist are counted
/// too, so members may fill these; see [`GuessCounts::count`] for which then give way.
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
        let key = OfUser {
            user: user.clone(),
            key: printer,
        };
        Ok(UserGuesses {
            of_printer: self.0.database.get(&GUESSES, &key)?.unwrap_or_default(),
            of_user: self
                .0
                .database
                .get(&GUESS_TOTALS, user)?
                .unwrap_or_default(),
        })
    }

    /// How long the next login of a user at a printer has to wait, for the sake of the user's
    /// counts or of what the printer left unproven with everybody.
    pub fn wait(
        &self,
        user: &UserId,
        printer: NodeId,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let counts = self.get(user, printer)?;
        let rows = self.0.database.scan(&GUESSES, Range::all(), MAX)?;
        let at_printer: Vec<Guesses> = rows
            .into_iter()
            .filter(|(of, _)| of.key == printer)
            .map(|(_, guesses)| guesses)
            .collect();
        Ok(guess::wait(&counts.of_printer, &counts.of_user, now)
            .max(guess::wait_of_all(&at_printer, now)))
    }

    /// Counts one more, durably, and says what the counts are now.
    ///
    /// When there are too many counts, those give way that are forgotten anyhow, then those of
    /// users who are not known here, the least guessed first: where there is no PIN, nothing can
    /// be guessed. Neither those of this computer's users do, nor lock-outs; a member cannot reset
    /// a lock-out by making up names.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if none gives way; the login must then not be answered.
    pub fn count(
        &self,
        user: &UserId,
        printer: NodeId,
        now: Timestamp,
    ) -> Result<UserGuesses, StoreError> {
        let _writing = self.0.writing();
        let before = self.get(user, printer)?;
        let counted = UserGuesses {
            of_printer: before.of_printer.count(now),
            of_user: before.of_user.count(now),
        };
        let mut batch = self.0.database.batch();
        let key = OfUser {
            user: user.clone(),
            key: printer,
        };
        let of_printers = limits::GUESSES_PER_PRINTER;
        self.make_room(
            &mut batch,
            &GUESSES,
            &key,
            |key| &key.user,
            of_printers,
            now,
        )?;
        let of_users = limits::GUESSES_PER_USER;
        self.make_room(&mut batch, &GUESS_TOTALS, user, |user| user, of_users, now)?;
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
        batch.delete(
            &GUESSES,
            &OfUser {
                user: user.clone(),
                key: printer,
            },
        )?;
        if total.unproven == 0 {
            batch.delete(&GUESS_TOTALS, user)?;
        } else {
            batch.put(&GUESS_TOTALS, user, &total)?;
        }
        batch.commit(Durability::Synced)
    }

    /// Makes room for `key`, if it has none yet; from `locked` on a count is a lock-out.
    fn make_room<K: Key>(
        &self,
        batch: &mut Batch<'_>,
        column: &Column<K, Guesses>,
        key: &K,
        user_of: impl Fn(&K) -> &UserId,
        locked: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let database = &self.0.database;
        if database.contains(column, key)? || database.count(column, Range::all(), MAX)? < MAX {
            return Ok(());
        }
        let mut giving_way = Vec::new();
        for (key, guesses) in database.scan(column, Range::all(), MAX)? {
            let counts = guesses.remembered(now).is_some();
            if !counts
                || guesses.unproven < locked && !database.contains(&LOCAL_USERS, user_of(&key))?
            {
                giving_way.push(((counts, guesses.unproven, guesses.last), key));
            }
        }
        if giving_way.is_empty() {
            return Err(StoreError::TooMany {
                what: "counts of wrong PINs",
                max: MAX,
            });
        }
        giving_way.sort_unstable_by_key(|(order, _)| *order);
        for (_, key) in giving_way.iter().take(DROPPED) {
            batch.delete(column, key)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
        assert_eq!(
            (counts.of_printer.unproven, counts.of_user.unproven),
            (2, 3)
        );
        store.guesses().proven(&alice, printer(1)).unwrap();
        let counts = store.guesses().get(&alice, printer(1)).unwrap();
        assert_eq!(
            (counts.of_printer.unproven, counts.of_user.unproven),
            (0, 1)
        );
        store.guesses().proven(&alice, printer(2)).unwrap();
        assert_eq!(
            store
                .inner
                .database
                .count(&GUESS_TOTALS, Range::all(), 9)
                .unwrap(),
            0
        );
    }

    /// Fills the counts with as many invented names as there is room for.
    fn fill(store: &Store, unproven: u32, last: Timestamp) {
        let database = &store.inner.database;
        let mut batch = database.batch();
        let guesses = Guesses { unproven, last };
        let there = database.count(&GUESSES, Range::all(), MAX).unwrap();
        for number in there..MAX {
            let user = user(&format!("decoy{number}"));
            batch.put(&GUESS_TOTALS, &user, &guesses).unwrap();
            let key = printer(9);
            let key = OfUser { user, key };
            batch.put(&GUESSES, &key, &guesses).unwrap();
        }
        batch.commit(Durability::Buffered).unwrap();
    }

    fn lock_out(store: &Store, name: &str) {
        for _ in 0..limits::GUESSES_PER_PRINTER {
            let guesses = store.guesses();
            guesses.count(&user(name), printer(1), NOW).unwrap();
        }
    }

    #[test]
    fn invented_names_reset_no_lock_out_and_no_count_of_a_user_of_this_computer() {
        let (_home, store) = store().unwrap();
        let (charlie, alice, nobody) = (user("charlie"), user("alice"), user("nobody"));
        for known in [&charlie, &alice] {
            let local = crate::store::LocalUser::default();
            store.local_users().put(known, &local).unwrap();
        }
        lock_out(&store, "charlie");
        lock_out(&store, "nobody");
        store.guesses().count(&alice, printer(1), NOW).unwrap();
        // The decoys are newer, and more of them come.
        let later = NOW + Duration::from_secs(60);
        fill(&store, 2, later);
        for number in 0..3 {
            let more = user(&format!("more{number}"));
            store.guesses().count(&more, printer(9), later).unwrap();
        }
        let unproven = |user: &UserId| {
            let counts = store.guesses().get(user, printer(1)).unwrap();
            (counts.of_printer.unproven, counts.of_user.unproven)
        };
        assert_eq!(unproven(&charlie), (10, 10));
        assert_eq!(unproven(&alice), (1, 1));
        assert_eq!(unproven(&nobody).0, 10, "a lock-out of whomever stays");
        let database = &store.inner.database;
        let left = database.count(&GUESSES, Range::all(), MAX).unwrap();
        assert_eq!(left, MAX - DROPPED + 3);
    }

    #[test]
    fn where_no_count_may_be_dropped_the_login_is_refused_until_they_are_forgotten() {
        let (_home, store) = store().unwrap();
        fill(&store, limits::GUESSES_PER_USER, NOW);
        let count = |now| store.guesses().count(&user("alice"), printer(1), now);
        assert!(matches!(count(NOW), Err(StoreError::TooMany { .. })));
        count(NOW + limits::LOCK_OUT).unwrap();
    }

    #[test]
    fn a_printer_that_leaves_too_many_unproven_waits_for_every_user_and_others_do_not() {
        let (_home, store) = store().unwrap();
        fill(&store, 1, NOW);
        let wait = |number| store.guesses().wait(&user("alice"), printer(number), NOW);
        assert_eq!(wait(9).unwrap(), Some(limits::LOCK_OUT));
        assert_eq!(wait(1).unwrap(), None);
    }
}
