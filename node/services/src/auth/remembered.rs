//! PINs that were tried a short while ago, and how that ended, so that a program that asks every few
//! seconds takes no Argon2id each time, and a device that repeats one wrong PIN guesses once.
//!
//! What is kept tells no PIN: a hash under a key of this process. The hash covers all that the
//! PIN was judged by, so that nothing is remembered any more once that has changed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;
use papermesh_store::Source;
use sha2::{Digest, Sha256};

/// Endings that are remembered of each kind.
const KEPT: usize = 1024;
/// How long a PIN that was right is not looked at again.
const RIGHT: Duration = Duration::from_secs(5 * 60);
/// How long the same wrong PIN does not count again.
const WRONG: Duration = Duration::from_secs(60 * 60);
/// How long a user is known from where a PIN was right.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A PIN of a user, with all that it is judged by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tried([u8; 32]);

/// What is remembered.
pub(crate) struct Remembered {
    key: [u8; 32],
    inner: Mutex<Inner>,
}

struct Inner {
    right: Recent<Tried>,
    wrong: Recent<Tried>,
    known: Recent<(UserId, Source)>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            key: rand::random(),
            inner: Mutex::new(Inner {
                right: Recent::new(RIGHT),
                wrong: Recent::new(WRONG),
                known: Recent::new(KNOWN),
            }),
        }
    }
}

impl Remembered {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands for this PIN where it is judged by `facts`.
    pub(crate) fn tried(&self, user: &UserId, pin: &Pin, facts: &[&[u8]]) -> Tried {
        let parts = [user.as_str().as_bytes(), pin.expose()];
        let mut hash = Sha256::new_with_prefix(self.key);
        for part in parts.iter().chain(facts) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Tried(hash.finalize().into())
    }

    /// Whether it was right or wrong; none if that is not remembered.
    pub(crate) fn ending(&self, tried: Tried) -> Option<bool> {
        let (inner, now) = (self.inner(), Instant::now());
        if inner.right.has(&tried, now) {
            return Some(true);
        }
        inner.wrong.has(&tried, now).then_some(false)
    }

    /// Whether the user was here before, with the right PIN.
    pub(crate) fn knows(&self, user: &UserId, from: Source) -> bool {
        let known = (user.clone(), from);
        self.inner().known.has(&known, Instant::now())
    }

    /// It was right.
    pub(crate) fn right(&self, tried: Tried, user: &UserId, from: Source) {
        let (mut inner, now) = (self.inner(), Instant::now());
        inner.right.note(tried, now);
        // Outside is no place where somebody was: the next one there is somebody else.
        if from != Source::OUTSIDE {
            inner.known.note((user.clone(), from), now);
        }
    }

    /// It was wrong.
    pub(crate) fn wrong(&self, tried: Tried) {
        self.inner().wrong.note(tried, Instant::now());
    }
}

/// What happened lately; the oldest of too much is forgotten.
struct Recent<K> {
    life: Duration,
    at: HashMap<K, Instant>,
}

impl<K: Clone + Eq + std::hash::Hash> Recent<K> {
    fn new(life: Duration) -> Self {
        Self {
            life,
            at: HashMap::new(),
        }
    }

    fn has(&self, what: &K, now: Instant) -> bool {
        let at = self.at.get(what);
        at.is_some_and(|at| now.duration_since(*at) < self.life)
    }

    fn note(&mut self, what: K, now: Instant) {
        if self.at.len() >= KEPT && !self.at.contains_key(&what) {
            self.at.retain(|_, at| now.duration_since(*at) < self.life);
        }
        if self.at.len() >= KEPT && !self.at.contains_key(&what) {
            let oldest = self.at.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(what, _)| what.clone()) {
                self.at.remove(&oldest);
            }
        }
        self.at.insert(what, now);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_tried_is_remembered_until_what_it_was_judged_by_changes() {
        let remembered = Remembered::default();
        let (charlie, bob): (UserId, UserId) = ("charlie".parse().unwrap(), "bob".parse().unwrap());
        let (one, other) = (Pin::new("2468").unwrap(), Pin::new("1357").unwrap());
        let tried = |user, pin, facts: &[&[u8]]| remembered.tried(user, pin, facts);
        let before = tried(&charlie, &one, &[b"verifier", b"entry"]);
        remembered.right(before, &charlie, Source::HERE);
        remembered.wrong(tried(&charlie, &other, &[b"verifier", b"entry"]));
        let ending = |user, pin, facts: &[&[u8]]| remembered.ending(tried(user, pin, facts));
        assert_eq!(ending(&charlie, &one, &[b"verifier", b"entry"]), Some(true));
        assert_eq!(
            ending(&charlie, &other, &[b"verifier", b"entry"]),
            Some(false)
        );
        for facts in [
            &[&b"verifier of another PIN"[..], b"entry"][..],
            &[b"verifier", b"disabled"],
            &[b"verifierentry"],
        ] {
            assert_eq!(ending(&charlie, &one, facts), None);
            assert_eq!(ending(&charlie, &other, facts), None);
        }
        assert_eq!(ending(&bob, &one, &[b"verifier", b"entry"]), None);
        assert!(remembered.knows(&charlie, Source::HERE) && !remembered.knows(&bob, Source::HERE));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let (mut recent, begun) = (Recent::new(WRONG), Instant::now());
        for number in 0..3 * KEPT {
            recent.note(number, begun + Duration::from_millis(number as u64));
        }
        assert_eq!(recent.at.len(), KEPT);
        assert!(recent.has(&(3 * KEPT - 1), begun) && !recent.has(&0, begun));
        assert!(!recent.has(&(3 * KEPT - 1), begun + WRONG * 2));
    }
}
