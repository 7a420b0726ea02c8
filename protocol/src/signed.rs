//! The signed envelope: the only way from bytes that a peer sent to a record that is believed.
//!
//! An [`Envelope`] is three things side by side: the signer's key, the payload's exact bytes and
//! a signature over both. It can be kept and forwarded, and nothing more. [`Envelope::verify`]
//! turns it into a [`Signed`], in this order: length, expected signer, signature
//! (`verify_strict`), decoding, deterministic form. There is no other way to a `Signed`, and the
//! bytes that were signed are the bytes that are forwarded.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::codec::{self, CodecError};
use crate::id::RecordDigest;

/// A type that is signed. Each has a domain of its own, so that a signature over one kind of
/// record is never a signature over another.
pub trait Record: Serialize + DeserializeOwned {
    /// Names type and version, such as `papermesh/advert/1`.
    const DOMAIN: &'static str;
    /// The most bytes that the payload may have.
    const MAX: usize;
}

/// Bytes of an envelope beyond its payload, at most.
const OVERHEAD: usize = 32 + 64 + 16;

/// Why a signed record is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Somebody else signed it.
    #[error("signed by another key than the one that may sign it")]
    WrongSigner,
    /// The signer's key is unusable, or the signature does not fit.
    #[error("the signature does not verify")]
    BadSignature,
    /// The payload is not a record of this type.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// A signed record whose signature nobody has looked at yet.
#[derive(Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Envelope<T> {
    #[serde(with = "serde_bytes")]
    signer: [u8; 32],
    #[serde(with = "serde_bytes")]
    payload: Vec<u8>,
    #[serde(with = "serde_bytes")]
    signature: [u8; 64],
    #[serde(skip)]
    record: PhantomData<fn() -> T>,
}

/// A record whose signature verified, together with the envelope it came in.
pub struct Signed<T> {
    value: T,
    envelope: Envelope<T>,
}

impl<T: Record> Envelope<T> {
    /// Decodes an envelope from its bytes without believing it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, T::MAX + OVERHEAD)
    }

    /// The bytes to store or send.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        codec::encode(self, T::MAX + OVERHEAD)
    }

    /// The key that claims to have signed.
    #[must_use]
    pub fn signer(&self) -> &[u8; 32] {
        &self.signer
    }

    /// What the record says, whoever signed it.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        let hash: [u8; 32] = Sha256::digest(to_be_signed::<T>(&self.payload)).into();
        let mut digest = [0; RecordDigest::LEN];
        digest.copy_from_slice(&hash[..RecordDigest::LEN]);
        RecordDigest::from_bytes(digest)
    }

    /// Verifies that `signer` signed this record.
    pub fn verify(&self, signer: &[u8; 32]) -> Result<Signed<T>, SignedError> {
        if self.signer != *signer {
            return Err(SignedError::WrongSigner);
        }
        self.verify_named()
    }

    /// Verifies the signature of the signer that the envelope itself names. The caller must then
    /// check that this signer may say what the record says.
    pub fn verify_named(&self) -> Result<Signed<T>, SignedError> {
        if self.payload.len() > T::MAX {
            return Err(CodecError::TooLong {
                len: self.payload.len(),
                max: T::MAX,
            }
            .into());
        }
        let key = VerifyingKey::from_bytes(&self.signer).map_err(|_| SignedError::BadSignature)?;
        key.verify_strict(
            &to_be_signed::<T>(&self.payload),
            &Signature::from_bytes(&self.signature),
        )
        .map_err(|_| SignedError::BadSignature)?;
        Ok(Signed {
            value: codec::decode(&self.payload, T::MAX)?,
            envelope: self.clone(),
        })
    }
}

impl<T: Record> Signed<T> {
    /// Signs a record.
    pub fn sign(value: T, key: &SigningKey) -> Result<Self, SignedError> {
        let payload = codec::encode(&value, T::MAX)?;
        let signature = key.sign(&to_be_signed::<T>(&payload)).to_bytes();
        let signer = key.verifying_key().to_bytes();
        Ok(Self {
            value,
            envelope: Envelope {
                signer,
                payload,
                signature,
                record: PhantomData,
            },
        })
    }

    /// The envelope, to store or forward.
    #[must_use]
    pub fn envelope(&self) -> &Envelope<T> {
        &self.envelope
    }

    /// The envelope's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        self.envelope.to_bytes()
    }

    /// The key that signed.
    #[must_use]
    pub fn signer(&self) -> &[u8; 32] {
        &self.envelope.signer
    }

    /// The record without its proof.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

/// The domain, its length in front so that no domain is another's prefix, then the payload.
fn to_be_signed<T: Record>(payload: &[u8]) -> Vec<u8> {
    let domain = T::DOMAIN.as_bytes();
    let mut message = Vec::with_capacity(1 + domain.len() + payload.len());
    message.push(u8::try_from(domain.len()).unwrap_or(u8::MAX));
    message.extend_from_slice(domain);
    message.extend_from_slice(payload);
    message
}

impl<T> Deref for Signed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Envelope<T> {
    fn clone(&self) -> Self {
        Self {
            signer: self.signer,
            payload: self.payload.clone(),
            signature: self.signature,
            record: PhantomData,
        }
    }
}

impl<T: Clone> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            envelope: self.envelope.clone(),
        }
    }
}

// Two envelopes are the same when their bytes are; Ed25519 signatures are deterministic, so two
// signings of one record are the same too.
impl<T> PartialEq for Envelope<T> {
    fn eq(&self, other: &Self) -> bool {
        (&self.signer, &self.payload, &self.signature)
            == (&other.signer, &other.payload, &other.signature)
    }
}
impl<T> Eq for Envelope<T> {}

impl<T> PartialOrd for Envelope<T> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Envelope<T> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (&self.payload, &self.signer, &self.signature).cmp(&(
            &other.payload,
            &other.signer,
            &other.signature,
        ))
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.envelope == other.envelope
    }
}
impl<T> Eq for Signed<T> {}

impl<T> fmt::Debug for Envelope<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Envelope({} bytes by {})",
            self.payload.len(),
            data_encoding::HEXLOWER.encode(&self.signer)
        )
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signed").field(&self.value).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        text: String,
    }
    impl Record for Note {
        const DOMAIN: &'static str = "papermesh/test-note/1";
        const MAX: usize = 128;
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OtherNote {
        text: String,
    }
    impl Record for OtherNote {
        const DOMAIN: &'static str = "papermesh/test-other-note/1";
        const MAX: usize = 128;
    }

    fn signed() -> Signed<Note> {
        Signed::sign(
            Note {
                text: "held".into(),
            },
            &SigningKey::from_bytes(&[7; 32]),
        )
        .unwrap()
    }

    #[test]
    fn what_was_signed_verifies() {
        let note = signed();
        let bytes = note.to_bytes().unwrap();
        let read = Envelope::<Note>::from_bytes(&bytes)
            .unwrap()
            .verify(note.signer())
            .unwrap();
        assert_eq!(*read, *note);
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn another_signer_is_refused() {
        let error = signed().envelope().verify(&[1; 32]).unwrap_err();
        assert_eq!(error, SignedError::WrongSigner);
    }

    #[test]
    fn a_signature_over_one_type_is_none_over_another() {
        let bytes = signed().to_bytes().unwrap();
        let other = Envelope::<OtherNote>::from_bytes(&bytes).unwrap();
        assert_eq!(other.verify_named().unwrap_err(), SignedError::BadSignature);
    }

    #[test]
    fn an_oversized_record_is_neither_signed_nor_read() {
        let long = Note {
            text: "x".repeat(200),
        };
        assert!(matches!(
            Signed::sign(long, &SigningKey::from_bytes(&[7; 32])),
            Err(SignedError::Codec(_))
        ));
        assert!(Envelope::<Note>::from_bytes(&[0; 1000]).is_err());
    }

    proptest! {
        #[test]
        fn every_changed_byte_is_refused(at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut bytes = signed().to_bytes().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let believed = Envelope::<Note>::from_bytes(&bytes).ok().and_then(|e| e.verify_named().ok());
            prop_assert!(believed.is_none());
        }
    }
}
