//! Proving a PIN or password to a holder without showing it: OPAQUE, RFC 9807.
//!
//! The user types the PIN at a printer. The printer learns nothing that would let it guess PINs later, the holder
//! never sees the PIN, and who records the exchange learns nothing. What remains possible is guessing by logging in,
//! one attempt at a time, which the holder counts and bounds (not here).
//!
//! ```text
//! printer                                     holder
//! ClientLogin::start(pin)      --  Ke1 -->    ServerLogin::respond(verifier or none)
//! ClientLogin::finish          <-- Ke2 --
//!   (the PIN was right)        --  Ke3 -->    ServerLogin::finish
//!   LoginKey                                  the same LoginKey
//! ```
//!
//! | part | choice |
//! | --- | --- |
//! | OPRF, RFC 9497 | ristretto255 with SHA-512, base mode |
//! | key exchange | 3DH over ristretto255 with SHA-512 |
//! | key stretching | Argon2id, 19 MiB, 2 passes, 1 lane, zero salt (as in RFC 9807, section 7; its cost suits a printer) |
//! | credential identifier, client identity | the user's id |
//! | server identity | the verifier's own public key |
//! | context | holder, printer and the session's public key, see [`LoginContext`] |
//!
//! A user has one verifier, made when the PIN is chosen and carried sealed to the user's other computers. As all of
//! them then evaluate the same OPRF, a printer that logs in to several stretches the PIN once: [`KsfMemo`].
//!
//! A holder that does not know the user answers with a decoy (RFC 9807, section 6.3.2.2) that looks, measures and times like a
//! real answer; [`ServerLogin::respond`] sees to that.
//!
//! The types of the library that computes all this stay inside this module.

mod choice;
mod login;
mod stretch;
mod suite;
mod verifier;

use core::fmt;

use opaque_ke::errors::{InternalError, ProtocolError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

pub use choice::{ChoiceError, may_choose};
pub use login::{ClientLogin, LoginContext, MAX_NAME, ServerLogin};
pub use stretch::{KsfMemo, MAX_REMEMBERED};
pub use verifier::PinVerifier;

/// Fewest bytes of a PIN.
pub const MIN_PIN: usize = 4;

/// Most bytes of a PIN or password.
pub const MAX_PIN: usize = 128;

/// Length of the printer's first message, in bytes: blinded element 32, nonce 32, key share 32.
pub const KE1_LEN: usize = 96;

/// Length of the holder's answer, in bytes: evaluated element 32, masking nonce 32, masked response 128, nonce 32, key
/// share 32, MAC 64.
pub const KE2_LEN: usize = 320;

/// Length of the printer's second message, in bytes: a MAC.
pub const KE3_LEN: usize = 64;

/// Why a PIN was not accepted, by this module or by the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// The PIN is shorter than [`MIN_PIN`] or longer than [`MAX_PIN`].
    #[error("a PIN must have {MIN_PIN} to {MAX_PIN} bytes")]
    Length,
    /// The PIN has a line end, tab or other control character in it.
    #[error("a PIN must not contain control characters")]
    ControlCharacter,
    /// The id of user, holder or printer is empty or longer than [`MAX_NAME`].
    #[error("an id must have 1 to {MAX_NAME} bytes")]
    Name,
    /// The bytes are not the message or verifier that they should be.
    #[error("these {0} bytes are not a PIN message or verifier")]
    Malformed(usize),
    /// The other side has another PIN, does not know the user, or is not in the login it seems to be in. Which of
    /// them cannot be told apart, by design.
    #[error("the PIN is wrong")]
    WrongPin,
    /// There is no memory for stretching the PIN.
    #[error("there is not enough memory to check the PIN")]
    Memory,
}

impl PinError {
    /// What the library's error about a message of `length` bytes means.
    fn about(error: ProtocolError, length: usize) -> Self {
        match error {
            ProtocolError::InvalidLoginError => Self::WrongPin,
            ProtocolError::LibraryError(InternalError::KsfError) => Self::Memory,
            _ => Self::Malformed(length),
        }
    }
}

/// A PIN or password as the user typed it. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes a PIN of [`MIN_PIN`] to [`MAX_PIN`] bytes without control characters. Every other character counts,
    /// spaces included.
    ///
    /// # Errors
    /// [`PinError::Length`], [`PinError::ControlCharacter`].
    pub fn new(text: &str) -> Result<Self, PinError> {
        if !(MIN_PIN..=MAX_PIN).contains(&text.len()) {
            return Err(PinError::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(PinError::ControlCharacter);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// What was typed. It is a secret: hash it under a key, and keep nothing else of it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(secret)")
    }
}

/// A message of a login, of exactly `N` bytes: a byte string in CBOR, and no other length decodes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoginMessage<const N: usize>(#[serde(with = "serde_bytes")] [u8; N]);

/// The printer's first message (RFC 9807: KE1).
pub type Ke1 = LoginMessage<KE1_LEN>;
/// The holder's answer (KE2).
pub type Ke2 = LoginMessage<KE2_LEN>;
/// The printer's second message (KE3).
pub type Ke3 = LoginMessage<KE3_LEN>;

impl<const N: usize> LoginMessage<N> {
    /// From the bytes as they were received.
    ///
    /// # Errors
    /// [`PinError::Malformed`] unless there are `N` of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PinError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| PinError::Malformed(bytes.len()))
    }

    /// The bytes as they are sent.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for LoginMessage<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginMessage({N} bytes)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_pin_has_bounds() {
        for text in [
            "1234",
            "päss",
            "a long pass phrase with spaces ",
            &"x".repeat(MAX_PIN),
        ] {
            assert!(Pin::new(text).is_ok(), "{text}");
        }
        for text in ["", "123", &"x".repeat(MAX_PIN + 1)] {
            assert_eq!(Pin::new(text).unwrap_err(), PinError::Length);
        }
        for text in ["1234\n", "12\t34", "12\u{85}34", "\0\0\0\0"] {
            assert_eq!(Pin::new(text).unwrap_err(), PinError::ControlCharacter);
        }
        assert_eq!(format!("{:?}", Pin::new("1234").unwrap()), "Pin(secret)");
    }

    #[test]
    fn messages_have_one_length() {
        for length in [0, KE1_LEN - 1, KE1_LEN + 1] {
            assert_eq!(
                Ke1::from_bytes(&vec![0; length]),
                Err(PinError::Malformed(length))
            );
        }
        let ke3 = Ke3::from_bytes(&[5; KE3_LEN]).unwrap();
        let cbor = serde_cbor::to_vec(&ke3).unwrap();
        assert_eq!(cbor[..2], [0x58, KE3_LEN as u8]);
        assert_eq!(serde_cbor::from_slice::<Ke3>(&cbor).unwrap(), ke3);
        assert!(serde_cbor::from_slice::<Ke1>(&cbor).is_err());
    }
}
