//! The secret of an invite or ticket, and the digest that its issuer keeps instead.

use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Goes in front of a secret when it is hashed.
const DOMAIN: &[u8] = b"papermesh/ticket/1";

/// 128 random bits that are good for one use.
///
/// It is shown as it is, and only to a node that has proved by the transport's handshake that it
/// is the one named in the ticket. A keyed proof in its place would protect nothing more, since
/// that node issued the secret, and would make it keep something as good as the secret; so it
/// can do with the [`TicketDigest`].
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct TicketSecret(#[serde(with = "serde_bytes")] [u8; TicketSecret::LEN]);

impl TicketSecret {
    /// Length in bytes.
    pub const LEN: usize = 16;

    /// A fresh one.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; Self::LEN];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The secret that these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// What the issuer keeps of it. A plain hash suffices: nobody guesses 128 random bits.
    #[must_use]
    pub fn digest(&self) -> TicketDigest {
        TicketDigest(
            Sha256::new()
                .chain_update(DOMAIN)
                .chain_update(self.0)
                .finalize()
                .into(),
        )
    }
}

impl PartialEq for TicketSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for TicketSecret {}

impl fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketSecret(..)")
    }
}

/// SHA-256 over a domain and a secret: names the ticket at its issuer and redeems nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketDigest(#[serde(with = "serde_bytes")] [u8; 32]);

impl TicketDigest {
    /// Its bytes, for a key in a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TicketDigest {
    /// The first digits, enough to tell tickets apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0[..4]))
    }
}

impl fmt::Debug for TicketDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketDigest({self})")
    }
}
