//! A secret under a passphrase: the authority key on an admin's disk, an exported site in an envelope.
//!
//! ```text
//! offset  length  field
//!      0       4  magic, "PMPP"
//!      4       1  version, 1
//!      5       4  Argon2id memory in KiB, big endian
//!      9       4  Argon2id passes, big endian
//!     13       4  Argon2id lanes, big endian
//!     17      16  salt, random
//!     33      32  key commitment
//!     65      12  AES-GCM nonce, random
//!     77       n  AES-256-GCM ciphertext
//! 77 + n      16  tag
//! ```
//!
//! Argon2id (RFC 9106) turns the passphrase into thirty-two bytes; HKDF-SHA-256 turns those into the commitment and the AES
//! key. The commitment is what tells a mistyped passphrase from a damaged file. Everything before the
//! ciphertext and the caller's purpose are associated data. The cost is read from the file, so it is bounded:
//! a hostile file must not take the machine's memory.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::keys::{KEY_LEN, derive};
use super::layout::TAG_LEN;

/// Longest secret that can be sealed: 1 MiB, room for an exported site.
pub const MAX_SECRET: usize = 1 << 20;

/// Longest passphrase, in bytes of UTF-8.
pub const MAX_PASSPHRASE: usize = 1024;

/// By how much a sealed secret is longer than the secret, in bytes.
pub const PASSPHRASE_OVERHEAD: usize = HEADER_LEN + TAG_LEN;

const MAGIC: [u8; 4] = *b"PMPP";
const VERSION: u8 = 1;
const SALT_AT: usize = 17;
const COMMITMENT_AT: usize = 33;
const NONCE_AT: usize = 65;
const HEADER_LEN: usize = 77;
const COMMITMENT_LABEL: &[u8] = b"papermesh/passphrase/1/commitment";
const ENCRYPTION_LABEL: &[u8] = b"papermesh/passphrase/1/encryption";

/// Why a secret could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PassphraseError {
    /// The passphrase is empty or longer than [`MAX_PASSPHRASE`].
    #[error("a passphrase must have 1 to {MAX_PASSPHRASE} bytes")]
    PassphraseLength,
    /// The secret is longer than [`MAX_SECRET`].
    #[error("a secret of {0} bytes is too long to seal")]
    TooLarge(usize),
    /// The bytes are not of this format.
    #[error("this is not a secret sealed under a passphrase")]
    NotSealed,
    /// The cost in the header is outside of what [`PassphraseCost::new`] allows.
    #[error("the file demands more work or memory than is safe")]
    Cost,
    /// The passphrase is another one than it was sealed with.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The passphrase is right, but the content was altered or is for another purpose.
    #[error("the sealed secret is damaged or of another kind")]
    Damaged,
    /// The memory that the cost asks for is not there.
    #[error("there is not enough memory to check the passphrase")]
    Memory,
}

/// What it costs to try one passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// Most memory a passphrase may take: 256 MiB.
    pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
    /// Most passes over the memory.
    pub const MAX_PASSES: u32 = 10;
    /// Most lanes.
    pub const MAX_LANES: u32 = 4;

    /// The second recommended option of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };

    /// A cost within the limits above and Argon2's own: at least 8 KiB per lane, one pass, one lane.
    ///
    /// # Errors
    /// [`PassphraseError::Cost`].
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, PassphraseError> {
        let allowed = (1..=Self::MAX_LANES).contains(&lanes)
            && (1..=Self::MAX_PASSES).contains(&passes)
            && (8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib);
        allowed
            .then_some(Self {
                memory_kib,
                passes,
                lanes,
            })
            .ok_or(PassphraseError::Cost)
    }

    fn stretch(
        self,
        passphrase: &str,
        salt: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_LEN]>, PassphraseError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN))
            .map_err(|_| PassphraseError::Cost)?;
        let mut stretched = Zeroizing::new([0; KEY_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, stretched.as_mut_slice())
            .map_err(|_| PassphraseError::Memory)?;
        Ok(stretched)
    }
}

/// Seals `secret` under `passphrase`, for one `purpose` (a constant of the code, such as `authority key`).
/// Takes as long as `cost` says: not for a task that must not block.
///
/// # Errors
/// [`PassphraseError::PassphraseLength`], [`PassphraseError::TooLarge`], [`PassphraseError::Memory`].
pub fn seal(
    passphrase: &str,
    purpose: &str,
    secret: &[u8],
    cost: PassphraseCost,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, PassphraseError> {
    check_passphrase(passphrase)?;
    if secret.len() > MAX_SECRET {
        return Err(PassphraseError::TooLarge(secret.len()));
    }
    let mut header = [0; HEADER_LEN];
    rng.fill_bytes(&mut header[SALT_AT..]);
    header[..4].copy_from_slice(&MAGIC);
    header[4] = VERSION;
    header[5..9].copy_from_slice(&cost.memory_kib.to_be_bytes());
    header[9..13].copy_from_slice(&cost.passes.to_be_bytes());
    header[13..SALT_AT].copy_from_slice(&cost.lanes.to_be_bytes());
    let stretched = cost.stretch(passphrase, &header[SALT_AT..COMMITMENT_AT])?;
    let commitment = derive(&[], &*stretched, &[COMMITMENT_LABEL]);
    header[COMMITMENT_AT..NONCE_AT].copy_from_slice(commitment.as_slice());

    let aad = [&header[..], purpose.as_bytes()].concat();
    let payload = Payload {
        msg: secret,
        aad: &aad,
    };
    let ciphertext = cipher(&stretched)
        .encrypt(&nonce(&header).into(), payload)
        .map_err(|_| PassphraseError::TooLarge(secret.len()))?;
    Ok([&header[..], &ciphertext].concat())
}

/// Opens what [`seal`] sealed under the same passphrase and purpose. Takes as long as the cost in `sealed` says, which
/// is bounded by [`PassphraseCost`].
///
/// # Errors
/// Every [`PassphraseError`]; [`PassphraseError::WrongPassphrase`] is the one to ask again for.
pub fn open(
    passphrase: &str,
    purpose: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    check_passphrase(passphrase)?;
    if sealed.len() > MAX_SECRET + PASSPHRASE_OVERHEAD {
        return Err(PassphraseError::NotSealed);
    }
    let (header, ciphertext) = sealed
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(PassphraseError::NotSealed)?;
    if header[..4] != MAGIC || header[4] != VERSION {
        return Err(PassphraseError::NotSealed);
    }
    let cost = PassphraseCost::new(number(header, 5), number(header, 9), number(header, 13))?;
    let stretched = cost.stretch(passphrase, &header[SALT_AT..COMMITMENT_AT])?;
    let commitment = derive(&[], &*stretched, &[COMMITMENT_LABEL]);
    if !bool::from(commitment.ct_eq(&header[COMMITMENT_AT..NONCE_AT])) {
        return Err(PassphraseError::WrongPassphrase);
    }
    let aad = [&header[..], purpose.as_bytes()].concat();
    let payload = Payload {
        msg: ciphertext,
        aad: &aad,
    };
    cipher(&stretched)
        .decrypt(&nonce(header).into(), payload)
        .map(Zeroizing::new)
        .map_err(|_| PassphraseError::Damaged)
}

fn check_passphrase(passphrase: &str) -> Result<(), PassphraseError> {
    (1..=MAX_PASSPHRASE)
        .contains(&passphrase.len())
        .then_some(())
        .ok_or(PassphraseError::PassphraseLength)
}

fn cipher(stretched: &[u8; KEY_LEN]) -> Aes256Gcm {
    Aes256Gcm::new((&*derive(&[], stretched, &[ENCRYPTION_LABEL])).into())
}

fn nonce(header: &[u8; HEADER_LEN]) -> [u8; HEADER_LEN - NONCE_AT] {
    let mut nonce = [0; HEADER_LEN - NONCE_AT];
    nonce.copy_from_slice(&header[NONCE_AT..]);
    nonce
}

fn number(header: &[u8; HEADER_LEN], at: usize) -> u32 {
    header[at..at + 4]
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PURPOSE: &str = "authority key";

    /// The cheapest cost Argon2 allows.
    fn cheap() -> PassphraseCost {
        PassphraseCost::new(8, 1, 1).unwrap()
    }

    fn sealed(secret: &[u8]) -> Vec<u8> {
        seal("correct horse", PURPOSE, secret, cheap(), &mut rand::rng()).unwrap()
    }

    #[test]
    fn the_same_passphrase_and_purpose_open() {
        let sealed = sealed(b"thirty-two bytes");
        assert_eq!(sealed.len(), 16 + PASSPHRASE_OVERHEAD);
        let opened = open("correct horse", PURPOSE, &sealed).unwrap();
        assert_eq!(*opened, b"thirty-two bytes");
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_a_wrong_purpose() {
        let sealed = sealed(b"secret");
        assert_eq!(
            open("correct house", PURPOSE, &sealed),
            Err(PassphraseError::WrongPassphrase)
        );
        assert_eq!(
            open("correct horse", "site", &sealed),
            Err(PassphraseError::Damaged)
        );
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealed = sealed(b"secret");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            let error = open("correct horse", PURPOSE, &altered).unwrap_err();
            match at {
                0..5 => assert_eq!(error, PassphraseError::NotSealed),
                // The cost either leaves its bounds or stretches to something else.
                5..SALT_AT => assert!(matches!(
                    error,
                    PassphraseError::Cost | PassphraseError::WrongPassphrase
                )),
                SALT_AT..NONCE_AT => assert_eq!(error, PassphraseError::WrongPassphrase),
                _ => assert_eq!(error, PassphraseError::Damaged),
            }
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let sealed = sealed(b"secret");
        for length in 0..sealed.len() {
            assert!(open("correct horse", PURPOSE, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn a_hostile_cost_is_refused_before_it_is_paid() {
        for (memory, passes, lanes) in [
            (256 * 1024 + 1, 1, 1),
            (8, 11, 1),
            (64, 1, 5),
            (7, 1, 1),
            (31, 1, 4),
            (8, 0, 1),
            (8, 1, 0),
            (u32::MAX, u32::MAX, u32::MAX),
        ] {
            assert_eq!(
                PassphraseCost::new(memory, passes, lanes),
                Err(PassphraseError::Cost)
            );
            let mut sealed = sealed(b"secret");
            sealed[5..9].copy_from_slice(&u32::to_be_bytes(memory));
            sealed[9..13].copy_from_slice(&u32::to_be_bytes(passes));
            sealed[13..17].copy_from_slice(&u32::to_be_bytes(lanes));
            assert_eq!(
                open("correct horse", PURPOSE, &sealed),
                Err(PassphraseError::Cost)
            );
        }
        assert!(PassphraseCost::new(256 * 1024, 10, 4).is_ok());
    }

    #[test]
    fn lengths_are_bounded() {
        let rng = &mut rand::rng();
        for passphrase in [String::new(), "x".repeat(MAX_PASSPHRASE + 1)] {
            assert_eq!(
                seal(&passphrase, PURPOSE, b"", cheap(), rng),
                Err(PassphraseError::PassphraseLength)
            );
            assert_eq!(
                open(&passphrase, PURPOSE, b""),
                Err(PassphraseError::PassphraseLength)
            );
        }
        let long = vec![0; MAX_SECRET + 1];
        assert_eq!(
            seal("p", PURPOSE, &long, cheap(), rng),
            Err(PassphraseError::TooLarge(long.len()))
        );
    }

    #[test]
    fn the_recommended_cost_is_allowed() {
        let PassphraseCost {
            memory_kib,
            passes,
            lanes,
        } = PassphraseCost::RECOMMENDED;
        assert_eq!(
            PassphraseCost::new(memory_kib, passes, lanes),
            Ok(PassphraseCost::RECOMMENDED)
        );
    }
}
