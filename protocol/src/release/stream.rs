//! The few bytes around a job's ciphertext on `/papermesh/job/1`.
//!
//! The printer opens the stream and says [`Open`]: 32 bytes of token, then the offset as eight
//! bytes, big-endian. The holder answers with one status byte; after [`STATUS_OK`] come the
//! remaining length (eight bytes, big-endian) and the ciphertext from that offset, as it lies on
//! the holder's disk. Nothing else is ever said, so the stream goes one way only.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The holder sends the job.
pub const STATUS_OK: u8 = 0;
/// The token is unknown, used, expired or another printer's.
pub const STATUS_REFUSED: u8 = 1;
/// The offset is past the end, or the file cannot be read.
pub const STATUS_UNREADABLE: u8 = 2;

/// A single-use permission to fetch one job.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Token(#[serde(with = "serde_bytes")] [u8; Token::LEN]);

impl Token {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// A fresh one.
    pub fn random<R: rand_core::CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; Self::LEN];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Token {}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The printer's first and only words on a job's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// From the grant.
    pub token: Token,
    /// Bytes of ciphertext that the printer has already.
    pub offset: u64,
}

impl Open {
    /// Length in bytes.
    pub const LEN: usize = Token::LEN + 8;

    /// The bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..Token::LEN].copy_from_slice(&self.token.0);
        bytes[Token::LEN..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// Reads what was sent. Every 40 bytes are an `Open`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut token = [0; Token::LEN];
        token.copy_from_slice(&bytes[..Token::LEN]);
        let mut offset = [0; 8];
        offset.copy_from_slice(&bytes[Token::LEN..]);
        Self {
            token: Token(token),
            offset: u64::from_be_bytes(offset),
        }
    }
}
