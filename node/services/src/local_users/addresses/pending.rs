//! Codes that were mailed to addresses and not typed yet. In memory: they are good for a quarter of an hour, and no secret
//! is to lie on a disk for that.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use rand::RngExt;
use zeroize::Zeroizing;

use crate::rate_window::RateWindow;

/// Digits of a code.
const DIGITS: usize = 8;
/// How long a code is good for.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How often a code may be typed wrong.
const TRIES: u8 = 5;
/// Codes that are mailed for one user, and to one address,
pub const MAILS: u32 = 3;
/// within this time.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// A code by which a user proves to read a mail address. Wiped when it is dropped, and never shown by itself.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    pub(super) fn random() -> Self {
        let mut random = rand::rng();
        let digits = (0..DIGITS).map(|_| char::from(b'0' + random.random_range(0..10u8)));
        Self(Zeroizing::new(digits.collect()))
    }

    /// The digits, for the mail that brings them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// An address that waits for its code.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) address: MailAddress,
    pub(super) language: Option<String>,
}

/// Why a code proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeError {
    /// None is waited for.
    Nothing,
    /// It is another one.
    Wrong,
}

struct Waiting {
    claimed: Claimed,
    code: Code,
    until: Timestamp,
    wrong: u8,
}

/// The codes that are waited for, one for each user at most.
pub(in crate::local_users) struct Pending {
    waiting: BTreeMap<UserId, Waiting>,
    users: RateWindow<UserId>,
    addresses: RateWindow<String>,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            users: RateWindow::new(MAILS, WINDOW),
            addresses: RateWindow::new(MAILS, WINDOW),
        }
    }
}

impl Pending {
    /// Waits for a code, instead of the one before. False if too many were mailed lately.
    pub(super) fn begin(
        &mut self,
        user: UserId,
        claimed: Claimed,
        code: Code,
        now: Timestamp,
    ) -> bool {
        self.waiting.retain(|_, waiting| waiting.until > now);
        let address = claimed.address.as_str().to_ascii_lowercase();
        if !self.users.count(user.clone(), now) || !self.addresses.count(address, now) {
            return false;
        }
        let waiting = Waiting {
            claimed,
            code,
            until: now + LIFETIME,
            wrong: 0,
        };
        self.waiting.insert(user, waiting);
        true
    }

    /// The address that a code proves. It is good once.
    pub(super) fn confirm(
        &mut self,
        user: &UserId,
        code: &str,
        now: Timestamp,
    ) -> Result<Claimed, CodeError> {
        self.waiting.retain(|_, waiting| waiting.until > now);
        let waiting = self.waiting.get_mut(user).ok_or(CodeError::Nothing)?;
        // People copy more than digits: blanks, and marks that turn the direction of writing.
        let digits = code.chars().filter(char::is_ascii_digit);
        let typed = Zeroizing::new(digits.take(DIGITS + 1).collect::<String>());
        if *typed == *waiting.code.0 {
            let waiting = self.waiting.remove(user).ok_or(CodeError::Nothing)?;
            return Ok(waiting.claimed);
        }
        waiting.wrong += 1;
        if waiting.wrong >= TRIES {
            self.waiting.remove(user);
        }
        Err(CodeError::Wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn claimed(address: &str) -> Claimed {
        Claimed {
            address: address.parse().unwrap(),
            language: None,
        }
    }

    fn begun(pending: &mut Pending, name: &str, address: &str, now: Timestamp) -> Option<Code> {
        let code = Code::random();
        let user = name.parse().unwrap();
        pending
            .begin(user, claimed(address), code.clone(), now)
            .then_some(code)
    }

    #[test]
    fn a_code_is_good_once_and_for_its_user() {
        let mut pending = Pending::default();
        let dana = "dana".parse().unwrap();
        let code = begun(&mut pending, "dana", "dana@acme.example", NOW).unwrap();
        assert_eq!(code.expose().len(), DIGITS);
        assert!(!format!("{code:?}").contains(code.expose()));
        let other = "bob".parse().unwrap();
        let confirm = |pending: &mut Pending, user, now| {
            let confirmed = pending.confirm(user, code.expose(), now);
            confirmed.map(|claimed| claimed.address.to_string())
        };
        assert_eq!(confirm(&mut pending, &other, NOW), Err(CodeError::Nothing));
        let proven = confirm(&mut pending, &dana, NOW);
        assert_eq!(proven, Ok("dana@acme.example".to_owned()));
        assert_eq!(confirm(&mut pending, &dana, NOW), Err(CodeError::Nothing));
    }

    #[test]
    fn a_code_is_not_guessed_and_ends() {
        let mut pending = Pending::default();
        let dana = "dana".parse().unwrap();
        let code = begun(&mut pending, "dana", "dana@acme.example", NOW).unwrap();
        for _ in 0..TRIES {
            let guessed = pending.confirm(&dana, "12", NOW).map(drop);
            assert_eq!(guessed, Err(CodeError::Wrong));
        }
        let late = pending.confirm(&dana, code.expose(), NOW).map(drop);
        assert_eq!(late, Err(CodeError::Nothing));
        let code = begun(&mut pending, "dana", "dana@acme.example", NOW).unwrap();
        let late = pending.confirm(&dana, code.expose(), NOW + LIFETIME);
        assert_eq!(late.map(drop), Err(CodeError::Nothing));
    }

    #[test]
    fn nobody_is_mailed_too_often() {
        let mut pending = Pending::default();
        for _ in 0..MAILS {
            assert!(begun(&mut pending, "dana", "dana@acme.example", NOW).is_some());
        }
        assert!(begun(&mut pending, "dana", "other@acme.example", NOW).is_none());
        // Nor by somebody else.
        assert!(begun(&mut pending, "bob", "DANA@acme.example", NOW).is_none());
        assert!(begun(&mut pending, "dana", "x@acme.example", NOW + WINDOW).is_some());
    }
}
