//! Print tokens: what programs outside the site show instead of a PIN.
//!
//! A token has 120 random bits, so it can be shown to the Internet, where a PIN of a few digits could be
//! guessed. It is good for printing alone: nothing comes out of a printer for it. Nobody keeps it but the
//! program that prints; whoever judges it keeps its digest.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`rights`] | what a token allows besides holding jobs |
//! | [`allowance`] | how much may be printed with it, and how much was |

pub mod allowance;
pub mod rights;

use core::fmt;
use core::str::FromStr;

use rand_core::Rng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::id::TokenDigest;

/// How it begins, so that people and secret scanners see what it is.
const PREFIX: &str = "pm-";
/// Characters after that: five bits each.
const LENGTH: usize = 24;
/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A print token. Wiped when it is dropped, and never shown but where it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct PrintToken(Zeroizing<[u8; LENGTH]>);

/// Text that is no print token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a print token is {PREFIX} and {LENGTH} letters and digits")]
pub struct TokenError;

impl PrintToken {
    /// A fresh one.
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut characters = Zeroizing::new([0; LENGTH]);
        rng.fill_bytes(&mut *characters);
        for character in characters.iter_mut() {
            *character = ALPHABET[usize::from(*character % 32)];
        }
        Self(characters)
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        let hash = Sha256::new()
            .chain_update("papermesh/print-token/1")
            .chain_update(*self.0);
        TokenDigest::from_bytes(hash.finalize().into())
    }

    /// The token as it is shown to its user, once.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + LENGTH));
        text.push_str(PREFIX);
        text.extend(self.0.iter().map(|character| char::from(*character)));
        text
    }
}

impl fmt::Debug for PrintToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrintToken(..)")
    }
}

impl FromStr for PrintToken {
    type Err = TokenError;

    /// Letters of either case are taken, and those that look like digits as these.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim().as_bytes();
        let (prefix, rest) = text.split_at_checked(PREFIX.len()).ok_or(TokenError)?;
        if !prefix.eq_ignore_ascii_case(PREFIX.as_bytes()) || rest.len() != LENGTH {
            return Err(TokenError);
        }
        let mut characters = Zeroizing::new([0; LENGTH]);
        for (character, said) in characters.iter_mut().zip(rest) {
            let meant = match said.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            if !ALPHABET.contains(&meant) {
                return Err(TokenError);
            }
            *character = meant;
        }
        Ok(Self(characters))
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
            assert_eq!(wrong.parse::<PrintToken>(), Err(TokenError), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let token: PrintToken = "pm-0123456789abcdefghjkmnpq".parse().unwrap();
        assert_eq!(format!("{token:?}"), "PrintToken(..)");
    }
}
