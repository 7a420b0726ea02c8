//! PIN verifiers at rest: sealed with the storage key, bound to their user.

use std::borrow::Cow;

use papermesh_protocol::id::JobId;
use papermesh_protocol::pin::{PinError, PinVerifier};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{BlobError, DecoySeed, StorageKey, open_bytes, seal_bytes};
use papermesh_protocol::text::UserId;
use papermesh_store::{Store, StoreError, site};
use serde_bytes::ByteBuf;

/// What a sealed verifier is for.
const VERIFIER: &str = "pin verifier";
/// What the sealed verifier of a job's own PIN is for.
const JOB: &str = "job pin verifier";
/// What the sealed seed of the decoys is for.
const DECOYS: &str = "decoy seed";

/// Why a secret about PINs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// It is not what was sealed here.
    #[error("the stored PIN cannot be opened: {0}")]
    Sealed(#[from] BlobError),
    /// It is no verifier.
    #[error("the stored PIN is malformed: {0}")]
    Malformed(#[from] PinError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for VerifierError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}

/// Seals the verifier of a user's PIN, for [`papermesh_store::LocalUser::sealed_pin`].
pub fn seal(
    storage: &StorageKey,
    user: &UserId,
    verifier: &PinVerifier,
) -> Result<Vec<u8>, VerifierError> {
    Ok(seal_bytes(
        storage,
        VERIFIER,
        user.as_str().as_bytes(),
        &*verifier.to_bytes(),
        &mut rand::rng(),
    )?)
}

/// Opens what [`seal`] sealed for the same user.
pub fn open(
    storage: &StorageKey,
    user: &UserId,
    sealed: &[u8],
) -> Result<PinVerifier, VerifierError> {
    let bytes = open_bytes(storage, VERIFIER, user.as_str().as_bytes(), sealed)?;
    Ok(PinVerifier::from_bytes(&bytes)?)
}

/// Seals the verifier of a job's own PIN, for [`papermesh_store::JobRow::sealed_pin`].
pub(crate) fn seal_for_job(
    storage: &StorageKey,
    job: JobId,
    verifier: &PinVerifier,
) -> Result<Vec<u8>, VerifierError> {
    let (bytes, rng) = (verifier.to_bytes(), &mut rand::rng());
    Ok(seal_bytes(storage, JOB, job.as_bytes(), &*bytes, rng)?)
}

/// Opens what [`seal_for_job`] sealed for the same job.
pub(crate) fn open_for_job(
    storage: &StorageKey,
    job: JobId,
    sealed: &[u8],
) -> Result<PinVerifier, VerifierError> {
    let bytes = open_bytes(storage, JOB, job.as_bytes(), sealed)?;
    Ok(PinVerifier::from_bytes(&bytes)?)
}

/// The seed of this node's decoys, made at the first time. It must never change: a user who does
/// not exist would be told from one who does by changing answers.
pub fn decoys(store: &Store, storage: &StorageKey) -> Result<DecoySeed, VerifierError> {
    if let Some(sealed) = store.site().get(&site::DECOY_PIN)? {
        let seed = open_bytes(storage, DECOYS, &[], &sealed)?;
        return DecoySeed::from_slice(&seed).ok_or(VerifierError::Sealed(BlobError::NotSealed));
    }
    let seed = DecoySeed::generate(&mut rand::rng());
    let sealed = seal_bytes(storage, DECOYS, &[], seed.expose(), &mut rand::rng())?;
    store.site().put(&site::DECOY_PIN, &ByteBuf::from(sealed))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::pin::Pin;

    use super::*;

    #[test]
    fn a_sealed_verifier_opens_for_its_user_only() {
        let rng = &mut rand::rng();
        let storage = StorageKey::generate(rng);
        let (alice, bob): (UserId, UserId) = ("alice".parse().unwrap(), "bob".parse().unwrap());
        let verifier = PinVerifier::register("alice", &Pin::new("2468").unwrap(), rng).unwrap();
        let sealed = seal(&storage, &alice, &verifier).unwrap();
        assert_eq!(
            open(&storage, &alice, &sealed).unwrap().to_bytes(),
            verifier.to_bytes()
        );
        assert!(open(&storage, &bob, &sealed).is_err());
        assert!(open(&StorageKey::generate(rng), &alice, &sealed).is_err());
    }

    #[test]
    fn decoys_are_the_same_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let storage = StorageKey::generate(&mut rand::rng());
        let first = decoys(&Store::open(home.path()).unwrap(), &storage).unwrap();
        assert_eq!(
            decoys(&Store::open(home.path()).unwrap(), &storage).unwrap(),
            first
        );
    }
}
