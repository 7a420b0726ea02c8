//! Counting wrong PINs, so that ten thousand guesses take longer than anybody has.
//!
//! A guesser learns whether a PIN was right from the holder's *second* OPAQUE message already,
//! and need not send the third. A guess is therefore counted, and stored, before the holder
//! answers a login at all; proving the PIN takes it back.
//!
//! Users who do not exist are counted like those who do, so that a lock-out tells nothing.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::time::Timestamp;

/// Guesses at one user's PIN: from one printer, or from all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guesses {
    /// Logins begun since the last one that was proven.
    pub unproven: u32,
    /// When the last of them began.
    pub last: Timestamp,
}

impl Guesses {
    /// Counts one more.
    #[must_use]
    pub fn count(self, now: Timestamp) -> Self {
        Self {
            unproven: self.forget(now).unproven.saturating_add(1),
            last: now.max(self.last),
        }
    }

    /// Takes back those of a printer that has now proven the PIN.
    #[must_use]
    pub fn without(self, proven: Self) -> Self {
        Self {
            unproven: self.unproven.saturating_sub(proven.unproven),
            last: self.last,
        }
    }

    /// How long the next login from this printer has to wait.
    #[must_use]
    pub fn wait_of_printer(&self, now: Timestamp) -> Option<Duration> {
        let guesses = self.forget(now);
        let wait = match guesses.unproven {
            n if n >= limits::GUESSES_PER_PRINTER => limits::LOCK_OUT,
            n if n >= limits::FREE_GUESSES => limits::GUESS_WAIT
                .saturating_mul(1 << (n - limits::FREE_GUESSES).min(16))
                .min(limits::LOCK_OUT),
            _ => return None,
        };
        guesses.remaining(wait, now)
    }

    /// How long the next login of this user from any printer has to wait.
    #[must_use]
    pub fn wait_of_user(&self, now: Timestamp) -> Option<Duration> {
        let guesses = self.forget(now);
        if guesses.unproven < limits::GUESSES_PER_USER {
            return None;
        }
        guesses.remaining(limits::LOCK_OUT, now)
    }

    /// How long until this count is forgotten; none if it is already.
    #[must_use]
    pub fn remembered(&self, now: Timestamp) -> Option<Duration> {
        self.remaining(limits::LOCK_OUT, now)
    }

    /// A lock-out that was sat out starts the count anew.
    fn forget(self, now: Timestamp) -> Self {
        if self.remembered(now).is_none() {
            Self {
                unproven: 0,
                ..self
            }
        } else {
            self
        }
    }

    fn remaining(&self, wait: Duration, now: Timestamp) -> Option<Duration> {
        wait.checked_sub(now.since(self.last))
            .filter(|rest| !rest.is_zero())
    }
}

/// How long the next login of *any* user from a printer has to wait: until enough of what it left
/// unproven, with each user one of these counts, is forgotten. A printer that makes up names would
/// otherwise have the holder keep a count for each.
#[must_use]
pub fn wait_of_all(at_printer: &[Guesses], now: Timestamp) -> Option<Duration> {
    let mut kept: Vec<(Duration, u32)> = at_printer
        .iter()
        .filter_map(|guesses| Some((guesses.remembered(now)?, guesses.unproven)))
        .collect();
    kept.sort_unstable_by(|one, other| other.cmp(one));
    // From the count that is forgotten last: the one that reaches the limit must go.
    let mut unproven = 0_u32;
    kept.into_iter().find_map(|(rest, of_user)| {
        unproven = unproven.saturating_add(of_user);
        (unproven >= limits::GUESSES_OF_PRINTER).then_some(rest)
    })
}

/// How long a login has to wait for the sake of either count.
#[must_use]
pub fn wait(of_printer: &Guesses, of_user: &Guesses, now: Timestamp) -> Option<Duration> {
    of_printer
        .wait_of_printer(now)
        .max(of_user.wait_of_user(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    #[test]
    fn three_guesses_are_free_then_waits_double_then_the_printer_is_locked_out() {
        let mut guesses = Guesses::default();
        let mut now = NOW;
        let mut waits = Vec::new();
        for _ in 0..limits::GUESSES_PER_PRINTER {
            guesses = guesses.count(now);
            let wait = guesses.wait_of_printer(now).unwrap_or_default();
            waits.push(wait.as_secs());
            now = now + wait;
        }
        assert_eq!(waits, [0, 0, 2, 4, 8, 16, 32, 64, 128, 3600]);
    }

    #[test]
    fn ten_thousand_guesses_from_many_printers_take_two_weeks() {
        let mut user = Guesses::default();
        let mut now = NOW;
        for _ in 0..10_000 {
            user = user.count(now);
            now = now + user.wait_of_user(now).unwrap_or_default();
        }
        // One lock-out after every thirty guesses.
        assert_eq!(
            now.since(NOW),
            limits::LOCK_OUT * (10_000 / limits::GUESSES_PER_USER)
        );
    }

    #[test]
    fn a_clock_that_goes_back_locks_no_longer_than_a_lock_out() {
        let guesses = (0..20).fold(Guesses::default(), |guesses, _| guesses.count(NOW));
        let earlier = NOW - Duration::from_secs(86_400);
        assert!(guesses.wait_of_printer(earlier) <= Some(limits::LOCK_OUT));
    }

    #[test]
    fn a_printer_that_makes_up_names_waits_until_enough_of_them_are_forgotten() {
        let mut names: Vec<Guesses> = (1..u64::from(limits::GUESSES_OF_PRINTER))
            .map(|second| Guesses::default().count(NOW + Duration::from_secs(second)))
            .collect();
        let now = NOW + Duration::from_secs(1000);
        assert_eq!(wait_of_all(&names, now), None);
        names.push(Guesses::default().count(now));
        // The first of them was counted at the first second.
        let first_forgotten = NOW + Duration::from_secs(1) + limits::LOCK_OUT;
        assert_eq!(wait_of_all(&names, now), Some(first_forgotten.since(now)));
        assert_eq!(wait_of_all(&names, first_forgotten), None);
    }

    #[test]
    fn proving_takes_back_only_what_that_printer_guessed() {
        let other = Guesses::default().count(NOW).count(NOW);
        let mine = Guesses::default().count(NOW);
        let all = Guesses {
            unproven: 3,
            last: NOW,
        };
        assert_eq!(all.without(mine).unproven, other.unproven);
    }
}
