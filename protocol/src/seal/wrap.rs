//! Keys that travel or rest inside other keys.
//!
//! * [`WrappedJobKey`]: a job key at rest under the node's storage key, bound to its job.
//! * [`SessionWrappedKey`]: a job key, or the key of a job's picture, sealed with HPKE to a visit's session key, bound to
//!   session and job.
//! * [`hpke_seal`] and [`hpke_open`]: any small secret sealed to a node's or a visit's public key.
//!
//! HPKE is RFC 9180 in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. It says who can read,
//! not who wrote: all of this goes over connections whose other end is already known, or inside signed records.

use core::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable as _};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::blob::{BLOB_OVERHEAD, open_bytes, seal_bytes};
use super::keys::{
    JobKey, KEY_LEN, KeyAgreement, PreviewKey, PublicKey, SecretKey, SessionPublic, SessionSecret,
    StorageKey,
};
use super::layout::TAG_LEN;

/// Longest plaintext of [`hpke_seal`], in bytes.
pub const MAX_HPKE_PLAINTEXT: usize = 8 * 1024;

/// By how much HPKE makes it longer: the encapsulated key and the tag, in bytes.
pub const HPKE_OVERHEAD: usize = KEY_LEN + TAG_LEN;

const AT_REST: &str = "job key";
const FOR_SESSION: &[u8] = b"papermesh/wrap/1/job key for a session";
const PREVIEW_FOR_SESSION: &[u8] = b"papermesh/wrap/1/preview key for a session";

/// Why a key could not be wrapped or unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrapError {
    /// The recipient's public key is one of the few X25519 refuses (RFC 7748, 6.1).
    #[error("the recipient's public key is unusable")]
    PublicKey,
    /// More than [`MAX_HPKE_PLAINTEXT`] was to be sealed or opened.
    #[error("{0} bytes are too many to seal to a key")]
    TooLarge(usize),
    /// The sealed bytes are too short or of an unknown version.
    #[error("these bytes are not a wrapped key")]
    Malformed,
    /// Altered, sealed to another key, or bound to another job or session.
    #[error("the wrapped key was sealed for another key, job or session, or is damaged")]
    Refused,
}

/// A job key at rest: a sealed record (see [`super::blob`]) whose id is the job's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrappedJobKey(#[serde(with = "serde_bytes")] [u8; Self::LEN]);

impl WrappedJobKey {
    /// Length in bytes.
    pub const LEN: usize = KEY_LEN + BLOB_OVERHEAD;

    /// Wraps `key` of `job` under the node's storage key.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn wrap(
        storage: &StorageKey,
        job: [u8; 16],
        key: &JobKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, WrapError> {
        seal_bytes(storage, AT_REST, &job, key.expose(), rng)
            .map_err(|_| WrapError::Malformed)
            .and_then(|sealed| Self::from_bytes(&sealed))
    }

    /// The key of `job`.
    ///
    /// # Errors
    /// [`WrapError::Refused`] if this was wrapped under another storage key or for another job, or was altered.
    pub fn unwrap(&self, storage: &StorageKey, job: [u8; 16]) -> Result<JobKey, WrapError> {
        let key = open_bytes(storage, AT_REST, &job, &self.0).map_err(|_| WrapError::Refused)?;
        JobKey::from_slice(&key).ok_or(WrapError::Refused)
    }

    /// From the bytes as they are stored.
    ///
    /// # Errors
    /// [`WrapError::Malformed`] unless there are [`WrappedJobKey::LEN`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WrapError> {
        bytes.try_into().map(Self).map_err(|_| WrapError::Malformed)
    }

    /// The bytes as they are stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// A job key on its way to a printer: the encapsulated key, the sealed job key and its tag.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionWrappedKey(#[serde(with = "serde_bytes")] [u8; Self::LEN]);

impl SessionWrappedKey {
    /// Length in bytes.
    pub const LEN: usize = KEY_LEN + HPKE_OVERHEAD;

    /// Seals `key` of `job` to the public key of the session `session`.
    ///
    /// # Errors
    /// [`WrapError::PublicKey`].
    pub fn wrap(
        to: &SessionPublic,
        session: &[u8; 32],
        job: [u8; 16],
        key: &JobKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, WrapError> {
        let aad = [&session[..], &job].concat();
        let sealed = hpke_seal(to, FOR_SESSION, &aad, key.expose(), rng)?;
        Self::from_bytes(&sealed)
    }

    /// The key of `job`, opened with the session's secret.
    ///
    /// # Errors
    /// [`WrapError::Refused`] if this was sealed to another key, session or job, or was altered.
    pub fn unwrap(
        &self,
        secret: &SessionSecret,
        session: &[u8; 32],
        job: [u8; 16],
    ) -> Result<JobKey, WrapError> {
        let aad = [&session[..], &job].concat();
        let key = hpke_open(secret, FOR_SESSION, &aad, &self.0)?;
        JobKey::from_slice(&key).ok_or(WrapError::Refused)
    }

    /// Seals the key of the picture of `job` to the public key of the session `session`.
    ///
    /// # Errors
    /// [`WrapError::PublicKey`].
    pub fn wrap_preview(
        to: &SessionPublic,
        session: &[u8; 32],
        job: [u8; 16],
        key: &PreviewKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, WrapError> {
        let aad = [&session[..], &job].concat();
        let sealed = hpke_seal(to, PREVIEW_FOR_SESSION, &aad, key.expose(), rng)?;
        Self::from_bytes(&sealed)
    }

    /// The key of the picture of `job`, opened with the session's secret.
    ///
    /// # Errors
    /// [`WrapError::Refused`] if this was sealed to another key, session or job, is a job's key, or was altered.
    pub fn unwrap_preview(
        &self,
        secret: &SessionSecret,
        session: &[u8; 32],
        job: [u8; 16],
    ) -> Result<PreviewKey, WrapError> {
        let aad = [&session[..], &job].concat();
        let key = hpke_open(secret, PREVIEW_FOR_SESSION, &aad, &self.0)?;
        PreviewKey::from_slice(&key).ok_or(WrapError::Refused)
    }

    /// From the bytes as they are sent.
    ///
    /// # Errors
    /// [`WrapError::Malformed`] unless there are [`SessionWrappedKey::LEN`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WrapError> {
        bytes.try_into().map(Self).map_err(|_| WrapError::Malformed)
    }

    /// The bytes as they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for WrappedJobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappedJobKey(sealed)")
    }
}

impl fmt::Debug for SessionWrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionWrappedKey(sealed)")
    }
}

/// Seals `plaintext` to a public key. `info` is the domain, a constant of the code; `aad` is what the content is bound
/// to. The result is the encapsulated key (32 bytes), the ciphertext and the tag (16 bytes).
///
/// # Errors
/// [`WrapError::TooLarge`], [`WrapError::PublicKey`].
pub fn hpke_seal<P: KeyAgreement>(
    to: &PublicKey<P>,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    mut rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, WrapError> {
    if plaintext.len() > MAX_HPKE_PLAINTEXT {
        return Err(WrapError::TooLarge(plaintext.len()));
    }
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(to.as_bytes())
        .map_err(|_| WrapError::PublicKey)?;
    let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<
        AesGcm256,
        HkdfSha256,
        X25519HkdfSha256,
    >(&OpModeS::Base, &to, info, plaintext, aad, &mut rng)
    .map_err(|error| match error {
        HpkeError::EncapError => WrapError::PublicKey,
        _ => WrapError::TooLarge(plaintext.len()),
    })?;
    Ok([&encapsulated.to_bytes()[..], &ciphertext].concat())
}

/// Opens what [`hpke_seal`] sealed to this secret's public half with the same `info` and `aad`.
///
/// # Errors
/// [`WrapError::TooLarge`], [`WrapError::Malformed`], [`WrapError::Refused`].
pub fn hpke_open<P: KeyAgreement>(
    secret: &SecretKey<P>,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, WrapError> {
    if sealed.len() > MAX_HPKE_PLAINTEXT + HPKE_OVERHEAD {
        return Err(WrapError::TooLarge(sealed.len()));
    }
    let (encapsulated, ciphertext) = sealed
        .split_first_chunk::<KEY_LEN>()
        .ok_or(WrapError::Malformed)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
        .map_err(|_| WrapError::Malformed)?;
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret.expose())
        .map_err(|_| WrapError::Malformed)?;
    hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        info,
        ciphertext,
        aad,
    )
    .map(Zeroizing::new)
    .map_err(|_| WrapError::Refused)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::{any, prop_assert, proptest};

    use super::super::keys::SealingSecret;
    use super::*;

    const JOB: [u8; 16] = [1; 16];
    const OTHER_JOB: [u8; 16] = [2; 16];
    const SESSION: [u8; 32] = [3; 32];

    #[test]
    fn at_rest_a_job_key_opens_for_its_job_only() {
        let rng = &mut rand::rng();
        let (storage, key) = (StorageKey::generate(rng), JobKey::generate(rng));
        let wrapped = WrappedJobKey::wrap(&storage, JOB, &key, rng).unwrap();
        assert_eq!(wrapped.unwrap(&storage, JOB), Ok(key));
        assert_eq!(wrapped.unwrap(&storage, OTHER_JOB), Err(WrapError::Refused));
        assert_eq!(
            wrapped.unwrap(&StorageKey::generate(rng), JOB),
            Err(WrapError::Refused)
        );
    }

    #[test]
    fn a_session_opens_its_own_job_key_only() {
        let rng = &mut rand::rng();
        let (secret, key) = (SessionSecret::generate(rng), JobKey::generate(rng));
        let wrapped = SessionWrappedKey::wrap(&secret.public(), &SESSION, JOB, &key, rng).unwrap();
        assert_eq!(wrapped.unwrap(&secret, &SESSION, JOB), Ok(key));
        assert_eq!(
            wrapped.unwrap_preview(&secret, &SESSION, JOB),
            Err(WrapError::Refused)
        );
        let other = SessionSecret::generate(rng);
        for refused in [
            wrapped.unwrap(&secret, &SESSION, OTHER_JOB),
            wrapped.unwrap(&secret, &[4; 32], JOB),
            wrapped.unwrap(&other, &SESSION, JOB),
        ] {
            assert_eq!(refused, Err(WrapError::Refused));
        }
    }

    #[test]
    fn wrapped_keys_are_byte_strings_of_one_length() {
        let rng = &mut rand::rng();
        let (storage, key) = (StorageKey::generate(rng), JobKey::generate(rng));
        let wrapped = WrappedJobKey::wrap(&storage, JOB, &key, rng).unwrap();
        let cbor = serde_cbor::to_vec(&wrapped).unwrap();
        assert_eq!(cbor[..2], [0x58, WrappedJobKey::LEN as u8]);
        assert_eq!(
            serde_cbor::from_slice::<WrappedJobKey>(&cbor).unwrap(),
            wrapped
        );
        assert!(serde_cbor::from_slice::<SessionWrappedKey>(&cbor).is_err());
        assert_eq!(
            WrappedJobKey::from_bytes(&[0; 60]),
            Err(WrapError::Malformed)
        );
    }

    #[test]
    fn a_blob_opens_under_the_same_domain_and_binding_only() {
        let rng = &mut rand::rng();
        let secret = SealingSecret::generate(rng);
        let sealed = hpke_seal(&secret.public(), b"domain", b"alice", b"verifier", rng).unwrap();
        assert_eq!(sealed.len(), 8 + HPKE_OVERHEAD);
        let opened = hpke_open(&secret, b"domain", b"alice", &sealed).unwrap();
        assert_eq!(*opened, b"verifier");
        for (info, aad) in [(&b"other"[..], &b"alice"[..]), (b"domain", b"bob")] {
            let refused = hpke_open(&secret, info, aad, &sealed);
            assert_eq!(refused, Err(WrapError::Refused));
        }
    }

    #[test]
    fn what_cannot_be_sealed_or_opened_is_told_apart() {
        let rng = &mut rand::rng();
        let secret = SealingSecret::generate(rng);
        let zero = PublicKey::from_bytes([0; KEY_LEN]);
        assert_eq!(
            SessionWrappedKey::wrap(&zero, &SESSION, JOB, &JobKey::generate(rng), rng),
            Err(WrapError::PublicKey)
        );
        let long = vec![0; MAX_HPKE_PLAINTEXT + 1];
        assert_eq!(
            hpke_seal(&secret.public(), b"", b"", &long, rng),
            Err(WrapError::TooLarge(long.len()))
        );
        let longest = hpke_seal(&secret.public(), b"", b"", &long[1..], rng).unwrap();
        assert!(hpke_open(&secret, b"", b"", &longest).is_ok());
        assert_eq!(
            hpke_open(&secret, b"", b"", &[0; KEY_LEN - 1]),
            Err(WrapError::Malformed)
        );
    }

    proptest! {
        #[test]
        fn every_altered_or_missing_byte_is_noticed(
            at in any::<proptest::sample::Index>(),
            flip in 1..=u8::MAX,
        ) {
            let rng = &mut rand::rng();
            let secret = SealingSecret::generate(rng);
            let mut sealed = hpke_seal(&secret.public(), b"i", b"a", b"secret", rng).unwrap();
            let at = at.index(sealed.len());
            prop_assert!(hpke_open(&secret, b"i", b"a", &sealed[..at]).is_err());
            // X25519 ignores the encapsulated key's highest bit, but HPKE hashes the bytes as they came.
            sealed[at] ^= flip;
            prop_assert!(hpke_open(&secret, b"i", b"a", &sealed).is_err());
        }
    }
}
