//! Counts of wrong PINs. A count is durable before the login that it counts is answered, so that
//! no restart gives a guesser another try; [`papermesh_protocol::release::guess`] says what
//! follows from it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::release::guess::{self, Guesses};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use super::Inner;
use super::column::{Column, Key, OfUser};
use super::columns::{GUESS_TOTALS, GUESSES, LOCAL_USERS, TYPED_GUESSES, TYPED_TOTALS};
use super::database::{Batch, Durability, Range};
use super::error::StoreError;

/// Counts that are kept, of users at printers, and of users; and as many of those typed here. Users
/// that do not exist are counted too, so strangers may fill these; see [`GuessCounts::count`] for
/// which then give way.
const MAX: usize = 8192;
/// Counts that are dropped at once when there are too many.
const DROPPED: usize = MAX / 8;

/// A user's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserGuesses {
    /// At one printer, or from one place.
    pub of_printer: Guesses,
    /// At all printers together, or from all places.
    pub of_user: Guesses,
}

/// From where a PIN is typed: this computer, another IPv4 address, or a network of IPv6 (64 bits),
/// in which one computer has as many addresses as it likes. On the link itself, where all share one
/// network, it is the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source([u8; 16]);

impl Source {
    /// This computer, by whichever account.
    pub const HERE: Self = Self(Ipv6Addr::LOCALHOST.octets());
    /// The node's own account, through its socket.
    pub const OWN: Self = Self(Ipv6Addr::UNSPECIFIED.octets());
    /// Everybody outside the site, whatever a gateway says of their addresses (0.0.0.0).
    pub const OUTSIDE: Self = Self(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets());
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::HERE,
            IpAddr::V4(address) => Self(address.to_ipv6_mapped().octets()),
            IpAddr::V6(address) => {
                let mut network = address.octets();
                if !address.is_unicast_link_local() {
                    network[8..].fill(0);
                }
                Self(network)
            }
        }
    }
}

impl Key for Source {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// The counts of a store: of users at `K`, and of users altogether.
pub struct GuessCounts<'a, K: 'static> {
    inner: &'a Inner,
    at: &'static Column<OfUser<K>, Guesses>,
    totals: &'static Column<UserId, Guesses>,
}

impl<'a> GuessCounts<'a, NodeId> {
    pub(super) fn at_printers(inner: &'a Inner) -> Self {
        Self {
            inner,
            at: &GUESSES,
            totals: &GUESS_TOTALS,
        }
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
        let rows = self.inner.database.scan(self.at, Range::all(), MAX)?;
        let at_printer: Vec<Guesses> = rows
            .into_iter()
            .filter(|(of, _)| of.key == printer)
            .map(|(_, guesses)| guesses)
            .collect();
        Ok(guess::wait(&counts.of_printer, &counts.of_user, now)
            .max(guess::wait_of_all(&at_printer, now)))
    }
}

impl<'a> GuessCounts<'a, Source> {
    pub(super) fn typed(inner: &'a Inner) -> Self {
        Self {
            inner,
            at: &TYPED_GUESSES,
            totals: &TYPED_TOTALS,
        }
    }

    /// How long a PIN that is typed there has to wait. From where the user is `known`, what others typed
    /// elsewhere makes nobody wait.
    pub fn wait(
        &self,
        user: &UserId,
        (from, known): (Source, bool),
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let counts = self.get(user, from)?;
        Ok(match known {
            true => counts.of_printer.wait_of_printer(now),
            false => guess::wait(&counts.of_printer, &counts.of_user, now),
        })
    }

    /// Counts a PIN that is about to be tried, durably, unless it has to wait; says how long then.
    /// No other can be counted between the look and the count.
    ///
    /// # Errors
    /// As of [`GuessCounts::count`].
    pub fn begin(
        &self,
        user: &UserId,
        from: (Source, bool),
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let _writing = self.inner.writing();
        let wait = self.wait(user, from, now)?;
        if wait.is_none() {
            self.count_over(self.get(user, from.0)?, user, from.0, now)?;
        }
        Ok(wait)
    }
}

impl<K: Key + Clone> GuessCounts<'_, K> {
    /// The counts of a user there.
    pub fn get(&self, user: &UserId, at: K) -> Result<UserGuesses, StoreError> {
        let key = OfUser {
            user: user.clone(),
            key: at,
        };
        let database = &self.inner.database;
        Ok(UserGuesses {
            of_printer: database.get(self.at, &key)?.unwrap_or_default(),
            of_user: database.get(self.totals, user)?.unwrap_or_default(),
        })
    }

    /// Counts one more, durably, and says what the counts are now.
    ///
    /// When there are too many counts, those give way that are forgotten anyhow, then those of
    /// users who are not known here, the least guessed first: where there is no PIN, nothing can
    /// be guessed. Those of this computer's users never do. A lock-out of somebody who is not known
    /// gives way only to a user who is: making up names resets no lock-out, and keeps nobody out.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if none gives way; the login must then not be answered.
    pub fn count(&self, user: &UserId, at: K, now: Timestamp) -> Result<UserGuesses, StoreError> {
        let _writing = self.inner.writing();
        let before = self.get(user, at.clone())?;
        self.count_over(before, user, at, now)
    }

    fn count_over(
        &self,
        before: UserGuesses,
        user: &UserId,
        at: K,
        now: Timestamp,
    ) -> Result<UserGuesses, StoreError> {
        let counted = UserGuesses {
            of_printer: before.of_printer.count(now),
            of_user: before.of_user.count(now),
        };
        let mut batch = self.inner.database.batch();
        let key = OfUser {
            user: user.clone(),
            key: at,
        };
        let of_printers = limits::GUESSES_PER_PRINTER;
        self.make_room(
            &mut batch,
            (self.at, &key),
            |key| &key.user,
            of_printers,
            now,
        )?;
        let of_users = limits::GUESSES_PER_USER;
        self.make_room(&mut batch, (self.totals, user), |user| user, of_users, now)?;
        batch.put(self.at, &key, &counted.of_printer)?;
        batch.put(self.totals, user, &counted.of_user)?;
        batch.commit(Durability::Synced)?;
        Ok(counted)
    }

    /// Takes back what was counted there, where the user has proven the PIN, durably.
    pub fn proven(&self, user: &UserId, at: K) -> Result<(), StoreError> {
        let _writing = self.inner.writing();
        let before = self.get(user, at.clone())?;
        let total = before.of_user.without(before.of_printer);
        let mut batch = self.inner.database.batch();
        batch.delete(
            self.at,
            &OfUser {
                user: user.clone(),
                key: at,
            },
        )?;
        if total.unproven == 0 {
            batch.delete(self.totals, user)?;
        } else {
            batch.put(self.totals, user, &total)?;
        }
        batch.commit(Durability::Synced)
    }

    /// Makes room for `key`, if it has none yet; from `locked` on a count is a lock-out.
    fn make_room<R: Key>(
        &self,
        batch: &mut Batch<'_>,
        (column, key): (&Column<R, Guesses>, &R),
        user_of: impl Fn(&R) -> &UserId,
        locked: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let database = &self.inner.database;
        if database.contains(column, key)? || database.count(column, Range::all(), MAX)? < MAX {
            return Ok(());
        }
        let is_known = |key: &R| database.contains(&LOCAL_USERS, user_of(key));
        let (mut giving_way, mut lock_outs) = (Vec::new(), Vec::new());
        for (key, guesses) in database.scan(column, Range::all(), MAX)? {
            let counts = guesses.remembered(now).is_some();
            if counts && is_known(&key)? {
                continue;
            }
            let row = ((counts, guesses.unproven, guesses.last), key);
            match counts && guesses.unproven >= locked {
                true => lock_outs.push(row),
                false => giving_way.push(row),
            }
        }
        if giving_way.is_empty() && is_known(key)? {
            giving_way = lock_outs;
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
            let local = crate::LocalUser::default();
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
    fn lock_outs_of_invented_names_keep_no_user_of_this_computer_out() {
        let (_home, store) = store().unwrap();
        fill(&store, limits::GUESSES_PER_USER, NOW);
        let count = |name, now| store.guesses().count(&user(name), printer(1), now);
        assert!(matches!(
            count("invented", NOW),
            Err(StoreError::TooMany { .. })
        ));
        let local = crate::LocalUser::default();
        store.local_users().put(&user("alice"), &local).unwrap();
        count("alice", NOW).unwrap();
        lock_out(&store, "alice");
        fill(&store, limits::GUESSES_PER_USER, NOW);
        store.local_users().put(&user("bob"), &local).unwrap();
        count("bob", NOW).unwrap();
        let counts = store.guesses().get(&user("alice"), printer(1)).unwrap();
        assert_eq!(counts.of_printer.unproven, 11, "her own lock-out stays");
        fill(&store, limits::GUESSES_PER_USER, NOW);
        count("invented", NOW + limits::LOCK_OUT).unwrap();
    }

    #[test]
    fn strangers_who_lock_out_invented_names_keep_no_user_from_typing() {
        let (_home, store) = store().unwrap();
        let (alice, nobody) = (user("alice"), user("nobody"));
        let local = crate::LocalUser::default();
        store.local_users().put(&alice, &local).unwrap();
        let database = &store.inner.database;
        let mut batch = database.batch();
        let locked = Guesses {
            unproven: limits::GUESSES_PER_USER,
            last: NOW,
        };
        for number in 0..MAX {
            let user = user(&format!("invented{number}"));
            batch.put(&TYPED_TOTALS, &user, &locked).unwrap();
            let key = Source::HERE;
            let key = OfUser { user, key };
            batch.put(&TYPED_GUESSES, &key, &locked).unwrap();
        }
        batch.commit(Durability::Buffered).unwrap();
        let begin = |user| {
            let typed = store.typed_guesses();
            typed.begin(user, (Source::HERE, false), NOW)
        };
        assert!(matches!(begin(&nobody), Err(StoreError::TooMany { .. })));
        assert_eq!(begin(&alice).unwrap(), None);
        // At printers nobody has guessed.
        let at_printers = database.count(&GUESSES, Range::all(), MAX).unwrap();
        assert_eq!(at_printers, 0);
        store.guesses().count(&nobody, printer(1), NOW).unwrap();
    }

    #[test]
    fn what_is_typed_here_waits_here_and_nowhere_else() {
        let (_home, store) = store().unwrap();
        let charlie = user("charlie");
        let (near, far) = (Source::HERE, Source::from(IpAddr::from([192, 0, 2, 7])));
        let begin = |from, known| {
            let typed = store.typed_guesses();
            typed.begin(&charlie, (from, known), NOW).unwrap()
        };
        let tried = (0..40).filter(|_| begin(far, false).is_none()).count();
        assert_eq!(tried, limits::FREE_GUESSES as usize);
        // Neither at a printer, nor from elsewhere;
        assert_eq!(
            store.guesses().wait(&charlie, printer(1), NOW).unwrap(),
            None
        );
        assert_eq!(begin(near, false), None);
        // but many places together are one guesser, except where the user was before.
        for host in 0..100 {
            begin(Source::from(IpAddr::from([198, 51, 100, host])), false);
        }
        assert!(begin(Source::from(IpAddr::from([203, 0, 113, 1])), false).is_some());
        assert_eq!(begin(near, true), None);
    }

    #[test]
    fn all_addresses_of_a_computer_are_one_place() {
        let source = |address: &str| Source::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::2:3:4:5"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_ne!(source("fe80::1"), source("fe80::2"));
        for here in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(source(here), Source::HERE, "{here}");
        }
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
