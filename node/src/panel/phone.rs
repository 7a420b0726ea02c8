//! Pairing of a phone with the panel: codes on the screen, and a number to compare.
//! Time and randomness are arguments; the pages that belong to it are the business of
//! [`super::lending`].
//!
//! A code is a secret in a picture, and whoever has a camera may have it, from afar too. So it lets
//! nobody in: it makes a phone show a number, and whoever stands at the panel touches the same number
//! there, or none. A code is good once, for a short time, and only while it is on the screen.

use rand::{Rng, RngExt};
use tokio::time::Instant;

use super::limits;
use crate::pages::Token;

/// Pairing at one screen.
#[derive(Default)]
pub(super) struct PhonePairing {
    /// The code that the screen shows.
    shown: Option<Code>,
    /// The one before: whoever has just read it is not too late.
    before: Option<Code>,
    knock: Option<Knock>,
}

struct Code {
    secret: Token,
    since: Instant,
}

/// A phone that had a code, and waits until somebody at the panel says that it is theirs.
struct Knock {
    phone: String,
    numbers: [u8; NUMBERS],
    /// Which of the numbers the phone shows.
    right: usize,
    since: Instant,
}

/// Numbers that the panel shows, of which one is right.
pub(super) const NUMBERS: usize = 3;

/// What came of a touch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Touched {
    /// The phone is theirs.
    Right,
    /// It is not, or nobody knows.
    Wrong,
}

/// What time changes in a pairing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// Another code is to be shown.
    OldCode,
    /// Nobody touched a number.
    NobodyAnswered,
}

impl PhonePairing {
    // Codes ---------------------------------------------------------------------------------------

    /// The secret of the code that is to be shown now; a new one if there is none or it has been
    /// shown for long enough.
    pub(super) fn show(&mut self, now: Instant) -> &Token {
        if self.code_is_old(now) {
            self.before = self.shown.take();
        }
        let fresh = || Code {
            secret: Token::random(),
            since: now,
        };
        &self.shown.get_or_insert_with(fresh).secret
    }

    /// The secret of the code that is shown.
    pub(super) fn shown(&self) -> Option<&Token> {
        self.shown.as_ref().map(|code| &code.secret)
    }

    fn code_is_old(&self, now: Instant) -> bool {
        let shown = self.shown.as_ref();
        shown.is_some_and(|code| now.duration_since(code.since) >= limits::CODE_SHOWN)
    }

    /// Nothing is shown any more, and nobody waits.
    pub(super) fn shut(&mut self) {
        *self = Self::default();
    }

    // Phones ----------------------------------------------------------------------------------------

    /// A phone shows the secret of a code. Gives the number that the phone is to show; none if the
    /// code is not good, or another phone waits. The codes are used up, whatever comes of it.
    pub(super) fn knock(
        &mut self,
        secret: &str,
        phone: &str,
        now: Instant,
        random: &mut impl Rng,
    ) -> Option<u8> {
        let good = |code: &Code| {
            code.secret.is(secret) && now.duration_since(code.since) < limits::CODE_GOOD
        };
        let mut codes = self.shown.iter().chain(&self.before);
        if self.knock.is_some() || !codes.any(good) {
            return None;
        }
        self.shut();
        let numbers = numbers(random);
        let right = random.random_range(..NUMBERS);
        self.knock = Some(Knock {
            phone: phone.to_owned(),
            numbers,
            right,
            since: now,
        });
        Some(numbers[right])
    }

    /// The page of the phone that waits.
    pub(super) fn guest(&self) -> Option<&str> {
        self.knock.as_ref().map(|knock| &*knock.phone)
    }

    /// The numbers that the panel shows while a phone waits.
    pub(super) fn numbers(&self) -> Option<[u8; NUMBERS]> {
        self.knock.as_ref().map(|knock| knock.numbers)
    }

    /// Somebody at the panel touched a number, or said that the phone is not theirs. Nobody waits any
    /// more; none if nobody did.
    pub(super) fn touch(&mut self, number: Option<u8>, now: Instant) -> Option<Touched> {
        let knock = self.knock.take()?;
        let right = number == Some(knock.numbers[knock.right]) && !knock.is_over(now);
        Some(if right {
            Touched::Right
        } else {
            Touched::Wrong
        })
    }

    /// What time changes. Whoever waited too long waits no more.
    pub(super) fn pass_time(&mut self, now: Instant) -> Option<Passed> {
        if self.knock.as_ref().is_some_and(|knock| knock.is_over(now)) {
            self.knock = None;
            return Some(Passed::NobodyAnswered);
        }
        self.code_is_old(now).then_some(Passed::OldCode)
    }
}

impl Knock {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= limits::MATCHING
    }
}

/// Numbers of two digits that no hurried eye takes for one another: neither of their digits is the
/// same in two of them.
fn numbers(random: &mut impl Rng) -> [u8; NUMBERS] {
    let (tens, units) = (drawn(1..10, random), drawn(0..10, random));
    std::array::from_fn(|place| tens[place] * 10 + units[place])
}

/// As many of the digits as there are numbers, each at most once.
fn drawn(digits: std::ops::Range<u8>, random: &mut impl Rng) -> [u8; NUMBERS] {
    let mut left: Vec<u8> = digits.collect();
    std::array::from_fn(|_| left.swap_remove(random.random_range(..left.len())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    const INSTANT: Duration = Duration::from_millis(1);

    fn knocked(pairing: &mut PhonePairing, secret: &str, now: Instant) -> Option<u8> {
        pairing.knock(secret, "phone", now, &mut rand::rng())
    }

    #[test]
    fn a_code_lets_one_phone_knock_once() {
        let (mut pairing, now) = (PhonePairing::default(), Instant::now());
        let secret = pairing.show(now).text();
        assert!(knocked(&mut pairing, &Token::random().text(), now).is_none());
        let number = knocked(&mut pairing, &secret, now).unwrap();
        assert!(pairing.numbers().unwrap().contains(&number));
        // Two phones race for it, or one comes again: the second comes too late.
        assert!(
            pairing
                .knock(&secret, "other", now, &mut rand::rng())
                .is_none()
        );
        assert_eq!(pairing.guest(), Some("phone"));
        assert_eq!(pairing.touch(Some(number), now), Some(Touched::Right));
        assert!(knocked(&mut pairing, &secret, now).is_none());
        assert_ne!(pairing.show(now).text(), secret);
        assert!(knocked(&mut pairing, &secret, now).is_none());
    }

    #[test]
    fn a_code_is_good_for_a_while_and_only_while_it_is_shown() {
        let (mut pairing, now) = (PhonePairing::default(), Instant::now());
        let first = pairing.show(now).text();
        assert_eq!(
            pairing.show(now + limits::CODE_SHOWN - INSTANT).text(),
            first
        );
        let then = now + limits::CODE_SHOWN;
        assert_eq!(pairing.pass_time(then), Some(Passed::OldCode));
        let second = pairing.show(then).text();
        assert_ne!(first, second);
        assert_eq!(pairing.pass_time(then), None);
        // Whoever read the first has time to open the page.
        assert!(knocked(&mut pairing, &first, now + limits::CODE_GOOD).is_none());
        assert!(knocked(&mut pairing, &first, now + limits::CODE_GOOD - INSTANT).is_some());
        // What one code began uses up the other, too.
        pairing.touch(None, then);
        assert!(knocked(&mut pairing, &second, then).is_none());

        let third = pairing.show(then).text();
        pairing.shut();
        assert!(knocked(&mut pairing, &third, then).is_none());
    }

    #[test]
    fn a_wrong_number_and_no_answer_let_nobody_in() {
        let (mut pairing, now) = (PhonePairing::default(), Instant::now());
        let knock = |pairing: &mut PhonePairing| {
            let secret = pairing.show(now).text();
            knocked(pairing, &secret, now).unwrap()
        };
        let right = knock(&mut pairing);
        let numbers = pairing.numbers().unwrap();
        let wrong = numbers.into_iter().find(|number| *number != right);
        assert_eq!(pairing.touch(wrong, now), Some(Touched::Wrong));
        assert_eq!(pairing.touch(Some(right), now), None);

        knock(&mut pairing);
        assert_eq!(pairing.touch(None, now), Some(Touched::Wrong));

        let right = knock(&mut pairing);
        let late = now + limits::MATCHING;
        assert_eq!(pairing.touch(Some(right), late), Some(Touched::Wrong));

        let right = knock(&mut pairing);
        assert_eq!(pairing.pass_time(late), Some(Passed::NobodyAnswered));
        assert_eq!(pairing.touch(Some(right), late), None);
    }

    #[test]
    fn numbers_are_not_taken_for_one_another() {
        for _ in 0..200 {
            let all = numbers(&mut rand::rng());
            assert!(all.iter().all(|number| (10..100).contains(number)));
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                assert_ne!(all[one] / 10, all[other] / 10);
                assert_ne!(all[one] % 10, all[other] % 10);
            }
        }
    }
}
