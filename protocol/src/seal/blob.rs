//! Small records at rest: a job's title and options, a PIN verifier, a wrapped job key.
//!
//! ```text
//! offset  length  field
//!      0       1  version, 1
//!      1      12  AES-GCM nonce, random
//!     13       n  AES-256-GCM ciphertext
//! 13 + n      16  tag
//! ```
//!
//! The AES key is `HKDF-SHA-256(storage key, info = label ‖ purpose)`, so that a record of one purpose never opens
//! as one of another; the record's own id is the associated data, so that two records of one purpose cannot be
//! swapped. Random 96-bit nonces allow 2^32 sealings per purpose (NIST SP 800-38D, 8.3), which no node
//! reaches in its life.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use super::keys::{StorageKey, derive};
use super::layout::TAG_LEN;

/// Longest record that can be sealed, in bytes.
pub const MAX_BLOB: usize = 64 * 1024;

/// By how much a sealed record is longer than the record, in bytes.
pub const BLOB_OVERHEAD: usize = 1 + NONCE_LEN + TAG_LEN;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const LABEL: &[u8] = b"papermesh/blob/1/";

/// Why a record could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BlobError {
    /// The record is longer than [`MAX_BLOB`].
    #[error("a record of {0} bytes is too long to seal")]
    TooLarge(usize),
    /// Too short, too long or of an unknown version.
    #[error("this is not a sealed record")]
    NotSealed,
    /// Altered, of another purpose or id, or sealed under another storage key.
    #[error("the sealed record is damaged or was sealed with another storage key")]
    Refused,
}

/// Seals a small record under the storage key, for one `purpose` (a constant of the code) and for the record that
/// `id` names.
///
/// # Errors
/// [`BlobError::TooLarge`].
pub fn seal_bytes(
    key: &StorageKey,
    purpose: &str,
    id: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, BlobError> {
    if plaintext.len() > MAX_BLOB {
        return Err(BlobError::TooLarge(plaintext.len()));
    }
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let payload = Payload {
        msg: plaintext,
        aad: id,
    };
    let ciphertext = cipher(key, purpose)
        .encrypt(&nonce.into(), payload)
        .map_err(|_| BlobError::TooLarge(plaintext.len()))?;
    Ok([&[VERSION], &nonce[..], &ciphertext].concat())
}

/// Opens what [`seal_bytes`] sealed under the same key, `purpose` and `id`.
///
/// # Errors
/// [`BlobError::NotSealed`], [`BlobError::Refused`].
pub fn open_bytes(
    key: &StorageKey,
    purpose: &str,
    id: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, BlobError> {
    if sealed.len() > MAX_BLOB + BLOB_OVERHEAD {
        return Err(BlobError::NotSealed);
    }
    let (nonce, ciphertext) = match sealed {
        [VERSION, rest @ ..] => rest.split_first_chunk().ok_or(BlobError::NotSealed)?,
        _ => return Err(BlobError::NotSealed),
    };
    let payload = Payload {
        msg: ciphertext,
        aad: id,
    };
    cipher(key, purpose)
        .decrypt(<&[u8; NONCE_LEN]>::into(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| BlobError::Refused)
}

fn cipher(key: &StorageKey, purpose: &str) -> Aes256Gcm {
    let key = derive(&[], key.expose(), &[LABEL, purpose.as_bytes()]);
    Aes256Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_record_opens_in_its_own_place_only() {
        let rng = &mut rand::rng();
        let key = StorageKey::generate(rng);
        let sealed = seal_bytes(&key, "title", b"one", b"Payroll", rng).unwrap();
        assert_eq!(sealed.len(), 7 + BLOB_OVERHEAD);
        let opened = open_bytes(&key, "title", b"one", &sealed).unwrap();
        assert_eq!(*opened, b"Payroll");

        let other = StorageKey::generate(rng);
        for (key, purpose, id) in [
            (&other, "title", &b"one"[..]),
            (&key, "options", b"one"),
            (&key, "title", b"two"),
        ] {
            assert_eq!(
                open_bytes(key, purpose, id, &sealed),
                Err(BlobError::Refused)
            );
        }
    }

    #[test]
    fn lengths_are_bounded_both_ways() {
        let rng = &mut rand::rng();
        let key = StorageKey::generate(rng);
        let long = vec![0; MAX_BLOB + 1];
        assert_eq!(
            seal_bytes(&key, "p", b"", &long, rng),
            Err(BlobError::TooLarge(long.len()))
        );
        let longest = seal_bytes(&key, "p", b"", &long[1..], rng).unwrap();
        assert!(open_bytes(&key, "p", b"", &longest).is_ok());
        let mut appended = longest;
        appended.push(0);
        assert_eq!(
            open_bytes(&key, "p", b"", &appended),
            Err(BlobError::NotSealed)
        );
    }

    proptest! {
        #[test]
        fn every_altered_or_missing_byte_is_noticed(
            plaintext in vec(any::<u8>(), 0..100),
            at in any::<proptest::sample::Index>(),
            flip in 1..=u8::MAX,
        ) {
            let rng = &mut rand::rng();
            let key = StorageKey::generate(rng);
            let sealed = seal_bytes(&key, "p", b"id", &plaintext, rng).unwrap();
            let opened = open_bytes(&key, "p", b"id", &sealed).unwrap();
            prop_assert_eq!(&*opened, &plaintext);

            let at = at.index(sealed.len());
            prop_assert!(open_bytes(&key, "p", b"id", &sealed[..at]).is_err());
            let mut altered = sealed;
            altered[at] ^= flip;
            prop_assert!(open_bytes(&key, "p", b"id", &altered).is_err());
        }
    }
}
