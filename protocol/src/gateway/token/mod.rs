//! Tokens: what programs show that have nobody's PIN.
//!
//! | token | looks like | who shows it | where it is judged | what it is good for |
//! | --- | --- | --- | --- | --- |
//! | print token | `pm-` and 24 characters | a program outside the site that prints for one user | at that user's computer, which made it | holding jobs of that user, and what its [`rights`] allow besides; within its [`allowance`]; until it ends |
//! | device token | `pd-` and 24 characters | the proxy that fetches what was released at an infrastructure printer (PWG 5100.18) | at the node of that printer, which made it | fetching, and saying what became of it, as the one output device that showed it first; until it is withdrawn |
//!
//! Both are written as Crockford's base 32 and have 120 random bits, so they can be shown to the Internet, where a
//! PIN of a few digits could be guessed. Neither is good for the other's purpose, nor is its digest: the prefix says what
//! a token is for, to people and to programs that look for secrets, and the digest is made with a context of its purpose.
//! Nobody keeps a token but the program that shows it; whoever judges it keeps its digest.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`rights`] | what a print token allows besides holding jobs |
//! | [`allowance`] | how much may be printed with a print token, and how much was |

pub mod allowance;
pub mod rights;

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use rand_core::Rng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::id::TokenDigest;

/// Characters after the prefix: five bits each.
const LENGTH: usize = 24;
/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a token is for. One that is for something else is none.
pub trait Purpose {
    /// How it begins, so that people and secret scanners see what it is.
    const PREFIX: &'static str;
    /// Keeps digests of one purpose apart from those of others.
    const CONTEXT: &'static str;
    /// What it is called.
    const NAME: &'static str;
}

/// Prints from outside the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printing {}

impl Purpose for Printing {
    const PREFIX: &'static str = "pm-";
    const CONTEXT: &'static str = "papermesh/print-token/1";
    const NAME: &'static str = "a print token";
}

/// Fetches what was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetching {}

impl Purpose for Fetching {
    const PREFIX: &'static str = "pd-";
    const CONTEXT: &'static str = "papermesh/device-token/1";
    const NAME: &'static str = "a device token";
}

/// A print token.
pub type PrintToken = Token<Printing>;
/// A device token.
pub type DeviceToken = Token<Fetching>;

/// A token. Wiped when it is dropped, and never shown but where it is made.
pub struct Token<P>(Zeroizing<[u8; LENGTH]>, PhantomData<fn() -> P>);

/// Text that is no token of this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {prefix} and {LENGTH} letters and digits")]
pub struct TokenError {
    name: &'static str,
    prefix: &'static str,
}

impl<P> Clone for Token<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<P> PartialEq for Token<P> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<P> Eq for Token<P> {}

impl<P: Purpose> Token<P> {
    /// A fresh one.
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut characters = Zeroizing::new([0; LENGTH]);
        rng.fill_bytes(&mut *characters);
        for character in characters.iter_mut() {
            *character = ALPHABET[usize::from(*character % 32)];
        }
        Self(characters, PhantomData)
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        let hash = Sha256::new().chain_update(P::CONTEXT).chain_update(*self.0);
        TokenDigest::from_bytes(hash.finalize().into())
    }

    /// The token as it is shown to its user, once.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(P::PREFIX.len() + LENGTH));
        text.push_str(P::PREFIX);
        text.extend(self.0.iter().map(|character| char::from(*character)));
        text
    }
}

impl<P> fmt::Debug for Token<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl<P: Purpose> FromStr for Token<P> {
    type Err = TokenError;

    /// Letters of either case are taken, and those that look like digits as these.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let error = TokenError {
            name: P::NAME,
            prefix: P::PREFIX,
        };
        let text = text.trim().as_bytes();
        let (prefix, rest) = text.split_at_checked(P::PREFIX.len()).ok_or(error)?;
        if !prefix.eq_ignore_ascii_case(P::PREFIX.as_bytes()) || rest.len() != LENGTH {
            return Err(error);
        }
        let mut characters = Zeroizing::new([0; LENGTH]);
        for (character, said) in characters.iter_mut().zip(rest) {
            let meant = match said.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            if !ALPHABET.contains(&meant) {
                return Err(error);
            }
            *character = meant;
        }
        Ok(Self(characters, PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_shown_and_as_people_type_it() {
        let shown = "pm-0123456789abcdefghjkmnpq";
        let token: PrintToken = shown.parse().unwrap();
        assert_eq!(*token.expose(), shown);
        for typed in [
            "PM-O123456789ABCDEFGHJKMNPQ",
            " pm-ol23456789abcdefghjkmnpq\n",
        ] {
            assert_eq!(
                typed.parse::<PrintToken>().unwrap().digest(),
                token.digest()
            );
        }
        for wrong in [
            "",
            "pm-",
            "2468",
            "pm-0123456789abcdefghjkmnp",
            "pm-0123456789abcdefghjkmnpqr",
            "pm-0123456789abcdefghjkmnpu",
            "xm-0123456789abcdefghjkmnpq",
            "pm-0123456789abcdefghjkmnp\u{e9}",
        ] {
            assert!(wrong.parse::<PrintToken>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_purpose_alone() {
        let printing: PrintToken = "pm-0123456789abcdefghjkmnpq".parse().unwrap();
        let fetching: DeviceToken = "pd-0123456789abcdefghjkmnpq".parse().unwrap();
        assert_ne!(printing.digest(), fetching.digest());
        let other = printing.expose().parse::<DeviceToken>();
        assert_eq!(
            other.unwrap_err().to_string(),
            "a device token is pd- and 24 letters and digits"
        );
    }

    #[test]
    fn a_token_is_not_shown() {
        let token: PrintToken = "pm-0123456789abcdefghjkmnpq".parse().unwrap();
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}
