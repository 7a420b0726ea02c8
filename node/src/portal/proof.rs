//! Proof that whoever uses a page is who opened it. A link, and with it a page, can be taken by another
//! account of the computer; what the terminal showed cannot. So what cannot be undone, and what gives
//! power to others, asks for the six digits that stand there, or for the passphrase of the site's key.
//! Time and randomness are arguments.

use rand::{Rng, RngExt};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::limits;

/// Digits of a code.
const DIGITS: usize = 6;

/// Six digits that the terminal shows beside the link. They are on no page.
#[derive(Clone)]
pub(super) struct Code(Zeroizing<String>);

impl Code {
    pub(super) fn random(random: &mut impl Rng) -> Self {
        let digits = (0..DIGITS).map(|_| char::from(b'0' + random.random_range(0..10_u8)));
        let mut text = Zeroizing::new(String::with_capacity(DIGITS));
        text.extend(digits);
        Self(text)
    }

    /// As it is shown, in one piece.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it was typed, however it was grouped.
    fn is(&self, typed: &str) -> bool {
        let mut plain = Zeroizing::new(String::with_capacity(DIGITS));
        let digits = typed.chars().filter(|c| !matches!(c, ' ' | '-'));
        plain.extend(digits.take(DIGITS + 1));
        plain.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// What a page's user has proved.
pub(super) struct Proof {
    code: Code,
    wrong: u32,
    until: Option<Instant>,
}

/// What came of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Right,
    Wrong,
    /// It was wrong once too often: the page closes.
    Over,
}

impl Proof {
    pub(super) fn new(code: Code) -> Self {
        Self {
            code,
            wrong: 0,
            until: None,
        }
    }

    /// Whether it was proved a moment ago.
    pub(super) fn is_good(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether it was wrong too often: the page is to close.
    pub(super) fn is_over(&self) -> bool {
        self.wrong >= limits::WRONG_PROOFS
    }

    /// The code was typed.
    pub(super) fn try_code(&mut self, typed: &str, now: Instant) -> Tried {
        if self.is_over() {
            return Tried::Over;
        }
        match self.code.is(typed) {
            true => {
                self.succeed(now);
                Tried::Right
            }
            false => self.fail(),
        }
    }

    /// It was proved.
    pub(super) fn succeed(&mut self, now: Instant) {
        self.wrong = 0;
        self.until = Some(now + limits::PROVEN);
    }

    /// What was typed was wrong.
    pub(super) fn fail(&mut self) -> Tried {
        self.wrong += 1;
        match self.is_over() {
            true => Tried::Over,
            false => Tried::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn proof() -> (Proof, String) {
        let code = Code::random(&mut rand::rng());
        let text = code.text().to_owned();
        (Proof::new(code), text)
    }

    #[test]
    fn a_code_proves_for_a_while() {
        let (mut proof, code) = proof();
        assert!(code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()));
        let now = Instant::now();
        assert!(!proof.is_good(now));
        let grouped = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(proof.try_code(&grouped, now), Tried::Right);
        assert!(proof.is_good(now) && !proof.is_good(now + limits::PROVEN));
    }

    #[test]
    fn a_code_is_guessed_a_few_times_only() {
        let (mut proof, code) = proof();
        let now = Instant::now();
        for wrong in ["", "12345", &format!("{code}0")] {
            assert_eq!(proof.try_code(wrong, now), Tried::Wrong);
        }
        assert_eq!(proof.try_code(&code, now), Tried::Right);
        for _ in 1..limits::WRONG_PROOFS {
            assert_eq!(proof.try_code("x", now), Tried::Wrong);
        }
        assert_eq!(proof.try_code("x", now), Tried::Over);
        // Then the right one comes too late.
        assert_eq!(proof.try_code(&code, now), Tried::Over);
    }
}
