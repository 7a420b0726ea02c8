//! The six digits that two people compare, and the commitment that makes them worth comparing.

use core::fmt;
use core::str::FromStr;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::message::Terms;
use crate::codec::{self, CodecError};
use crate::id::{NodeId, SiteId};
use crate::text::Name;

const COMMITMENT_DOMAIN: &[u8] = b"papermesh/join-commitment/1";
const DIGITS_DOMAIN: &[u8] = b"papermesh/join-digits/1";
/// Everything that is hashed here is shorter.
const HASHED: usize = 1024;

/// One side's contribution to the digits: 256 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(#[serde(with = "serde_bytes")] [u8; 32]);

impl Nonce {
    /// A fresh one.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The nonce that these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Binds the device to a nonce, and to its terms, before it knows the admin's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(#[serde(with = "serde_bytes")] [u8; 32]);

impl PartialEq for Commitment {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Commitment {}

impl Commitment {
    /// The device's commitment towards one admin: SHA-256(domain ‖ CBOR of what is committed to).
    ///
    /// # Errors
    /// None that terms within their limits could cause.
    pub fn new(
        nonce: Nonce,
        joiner: NodeId,
        admin: NodeId,
        terms: &Terms,
    ) -> Result<Self, CodecError> {
        #[derive(Serialize)]
        struct Committed<'a> {
            nonce: Nonce,
            joiner: NodeId,
            admin: NodeId,
            terms: &'a Terms,
        }
        Ok(Self(hash(
            COMMITMENT_DOMAIN,
            &Committed {
                nonce,
                joiner,
                admin,
                terms,
            },
        )?))
    }
}

/// All that the digits stand for. Equal digits mean, but for one chance in a million, that both
/// screens belong to these two nodes and that both saw this very conversation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Compared<'a> {
    /// The site that the device is to join,
    pub site: SiteId,
    /// under the name that the device was told.
    pub site_name: &'a Name,
    /// The device's node, as Noise proved it.
    pub joiner: NodeId,
    /// The admin's node, as Noise proved it.
    pub admin: NodeId,
    /// The device's contribution.
    pub joiner_nonce: Nonce,
    /// The admin's contribution.
    pub admin_nonce: Nonce,
    /// What the device asks for.
    pub terms: &'a Terms,
}

impl Compared<'_> {
    /// SHA-256(domain ‖ CBOR of this), its first eight bytes as a big-endian number, modulo a
    /// million. The bias of the remainder is below 2⁻⁴⁴.
    ///
    /// # Errors
    /// None that terms within their limits could cause.
    pub fn digits(&self) -> Result<Digits, CodecError> {
        let hash = hash(DIGITS_DOMAIN, self)?;
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        let digits = u64::from_be_bytes(first) % u64::from(Digits::COUNT);
        Ok(Digits(u32::try_from(digits).unwrap_or_default()))
    }
}

fn hash<T: Serialize>(domain: &[u8], value: &T) -> Result<[u8; 32], CodecError> {
    let bytes = codec::encode(value, HASHED)?;
    Ok(Sha256::new()
        .chain_update(domain)
        .chain_update(bytes)
        .finalize()
        .into())
}

/// Six decimal digits, shown as `123 456`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(u32);

impl Digits {
    /// How many there are.
    const COUNT: u32 = 1_000_000;
}

/// Text that is not six digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the six digits that the device shows, such as 123 456")]
pub struct DigitsError;

impl FromStr for Digits {
    type Err = DigitsError;
    /// Takes six digits with spaces or hyphens anywhere between them.
    fn from_str(text: &str) -> Result<Self, DigitsError> {
        let mut value = 0;
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = c.to_digit(10).ok_or(DigitsError)?;
            count += 1;
            if count > 6 {
                return Err(DigitsError);
            }
            value = value * 10 + digit;
        }
        if count == 6 {
            Ok(Self(value))
        } else {
            Err(DigitsError)
        }
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::certificate::{Role, Roles};
    use crate::seal::keys::SealingPublic;

    fn terms() -> Terms {
        Terms {
            sealing: SealingPublic::from_bytes([5; 32]),
            name: "Empfang".parse().unwrap(),
            roles: Roles::of(&[Role::Printer]),
        }
    }

    #[test]
    fn digits_are_read_as_people_write_them() {
        let digits: Digits = "004711".parse().unwrap();
        assert_eq!(digits.to_string(), "004 711");
        assert_eq!(digits.to_string().parse::<Digits>().unwrap(), digits);
        assert_eq!("004-711".parse::<Digits>().unwrap(), digits);
        for wrong in [
            "",
            "4711",
            "1234567",
            "12345a",
            "١٢٣٤٥٦",
            "99999999999999999999",
        ] {
            assert_eq!(wrong.parse::<Digits>(), Err(DigitsError), "{wrong}");
        }
    }

    #[test]
    fn digits_depend_on_all_that_is_compared() {
        let (name, other_name) = ("Werk".parse().unwrap(), "Werft".parse().unwrap());
        let terms = terms();
        let other_terms = Terms {
            roles: Roles::of(&[Role::SharedClient]),
            ..terms.clone()
        };
        let base = Compared {
            site: SiteId::from_bytes([1; 32]),
            site_name: &name,
            joiner: NodeId::from_bytes([2; 32]),
            admin: NodeId::from_bytes([3; 32]),
            joiner_nonce: Nonce::from_bytes([4; 32]),
            admin_nonce: Nonce::from_bytes([5; 32]),
            terms: &terms,
        };
        let others = [
            Compared {
                site: SiteId::from_bytes([9; 32]),
                ..base
            },
            Compared {
                site_name: &other_name,
                ..base
            },
            Compared {
                joiner: NodeId::from_bytes([9; 32]),
                ..base
            },
            Compared {
                admin: NodeId::from_bytes([9; 32]),
                ..base
            },
            Compared {
                joiner_nonce: Nonce::from_bytes([9; 32]),
                ..base
            },
            Compared {
                admin_nonce: Nonce::from_bytes([9; 32]),
                ..base
            },
            Compared {
                terms: &other_terms,
                ..base
            },
            // Roles swapped between the two nodes.
            Compared {
                joiner: base.admin,
                admin: base.joiner,
                ..base
            },
        ];
        for other in others {
            assert_ne!(other.digits().unwrap(), base.digits().unwrap(), "{other:?}");
        }
    }

    /// Other implementations must come to the same.
    #[test]
    fn commitment_and_digits_of_a_known_conversation() {
        let name = "Werk".parse().unwrap();
        let terms = terms();
        let compared = Compared {
            site: SiteId::from_bytes([1; 32]),
            site_name: &name,
            joiner: NodeId::from_bytes([2; 32]),
            admin: NodeId::from_bytes([3; 32]),
            joiner_nonce: Nonce::from_bytes([4; 32]),
            admin_nonce: Nonce::from_bytes([5; 32]),
            terms: &terms,
        };
        assert_eq!(compared.digits().unwrap().to_string(), "738 269");
        let Compared {
            joiner,
            admin,
            joiner_nonce,
            ..
        } = compared;
        let commitment = Commitment::new(joiner_nonce, joiner, admin, &terms).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&commitment.0),
            "6c63befd4b411f8330d873b7b72bf1875c2a94a6bd8dcedb186a45ded8773287"
        );
    }

    #[test]
    fn a_commitment_fits_one_nonce_one_pair_and_one_request() {
        let (nonce, joiner, admin) = (
            Nonce::from_bytes([1; 32]),
            NodeId::from_bytes([2; 32]),
            NodeId::from_bytes([3; 32]),
        );
        let commitment = Commitment::new(nonce, joiner, admin, &terms()).unwrap();
        assert_eq!(
            Commitment::new(nonce, joiner, admin, &terms()).unwrap(),
            commitment
        );
        let renamed = Terms {
            name: "Eingang".parse().unwrap(),
            ..terms()
        };
        assert_ne!(
            Commitment::new(Nonce::from_bytes([9; 32]), joiner, admin, &terms()).unwrap(),
            commitment
        );
        assert_ne!(
            Commitment::new(nonce, admin, joiner, &terms()).unwrap(),
            commitment
        );
        assert_ne!(
            Commitment::new(nonce, joiner, admin, &renamed).unwrap(),
            commitment
        );
    }
}
