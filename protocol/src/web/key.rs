//! Keys for the web: ECDSA over P-256 with SHA-256 (FIPS 186-5), which every browser knows.
//!
//! Signatures are deterministic (RFC 6979), so that the web authority's own certificate is the same
//! bytes on every admin.

use core::fmt;

use ed25519_dalek::SigningKey as SiteKey;
use hkdf::Hkdf;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::EncodePrivateKey;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::id::KeyDigest;

/// What of the things made of a root is the web authority's key,
const ROOT: &[u8] = b"papermesh/web-ca/1";
/// and what of an admin's key is that of an issuer.
const ISSUER: &[u8] = b"papermesh/web-issuer/1";

/// How the SubjectPublicKeyInfo of every key on P-256 begins (RFC 5480 section 2.1.1); the point follows.
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A secret key. Wiped when dropped.
#[derive(Clone)]
pub struct WebKey(SigningKey);

/// A public key: a point as SEC 1 writes it, uncompressed. That it is a point is seen when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebPublic(#[serde(with = "serde_bytes")] [u8; 65]);

/// That somebody has the secret of a [`WebPublic`]: `r` and `s`, 32 bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebProof(#[serde(with = "serde_bytes")] [u8; 64]);

/// The bytes of a key that are none: zero, or not less than the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a P-256 key")]
pub struct NoKey;

impl WebKey {
    /// The web authority's key of the site with this root.
    #[must_use]
    pub fn of_root(root: &SiteKey) -> Self {
        Self::derived(root, ROOT)
    }

    /// The key with which this admin issues certificates for the web.
    #[must_use]
    pub fn of_admin(admin: &SiteKey) -> Self {
        Self::derived(admin, ISSUER)
    }

    fn derived(from: &SiteKey, label: &[u8]) -> Self {
        let seed = Zeroizing::new(from.to_bytes());
        let hkdf = Hkdf::<Sha256>::new(None, &*seed);
        Self::first(|attempt| {
            let mut bytes = Zeroizing::new([0; 32]);
            #[expect(clippy::expect_used, reason = "HKDF gives up to 8160 bytes")]
            hkdf.expand_multi_info(&[label, &[attempt]], bytes.as_mut_slice())
                .expect("32 bytes");
            bytes
        })
    }

    /// A fresh one.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::first(|_| {
            let mut bytes = Zeroizing::new([0; 32]);
            rng.fill_bytes(bytes.as_mut_slice());
            bytes
        })
    }

    /// The key that these bytes are.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, NoKey> {
        SigningKey::from_slice(bytes).map(Self).map_err(|_| NoKey)
    }

    /// The first key among the bytes that are offered. One in 2^32 is none.
    fn first(mut offered: impl FnMut(u8) -> Zeroizing<[u8; 32]>) -> Self {
        (0..=u8::MAX)
            .find_map(|attempt| Self::from_bytes(&offered(attempt)).ok())
            .unwrap_or_else(|| unreachable!("256 times none of 2^32"))
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// Its form in TLS libraries: PKCS #8 (RFC 5958), DER, with the public key.
    ///
    /// # Errors
    /// [`NoKey`] if it has no such form, which none lacks.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, NoKey> {
        let document = SecretKey::from(&self.0).to_pkcs8_der().map_err(|_| NoKey)?;
        Ok(document.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> WebPublic {
        let point = self.0.verifying_key().to_sec1_point(false);
        let mut bytes = [0; 65];
        for (byte, of_point) in bytes.iter_mut().zip(point.as_bytes()) {
            *byte = *of_point;
        }
        WebPublic(bytes)
    }

    /// Signs what is to stand in a certificate: ASN.1 DER (RFC 3279 section 2.2.3).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    pub(super) fn prove(&self, message: &[u8]) -> WebProof {
        let signature: Signature = self.0.sign(message);
        WebProof(signature.to_bytes().into())
    }
}

impl WebPublic {
    /// The point that these bytes say.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    /// The point's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// What stands for this key where certificates are compared.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        let digest = Sha256::new().chain_update(SPKI).chain_update(self.0);
        KeyDigest::from_bytes(digest.finalize().into())
    }

    /// Whether the proof is this key's; of what is no point none is.
    pub(super) fn verify(&self, message: &[u8], proof: &WebProof) -> bool {
        let verified = VerifyingKey::from_sec1_bytes(&self.0)
            .and_then(|key| key.verify(message, &Signature::from_slice(&proof.0)?));
        verified.is_ok()
    }
}

impl WebProof {
    /// The proof that these bytes say.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for WebKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebKey(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_web_authority_is_made_of_the_authority_and_of_nothing_else() {
        let key = |byte| WebKey::of_root(&SiteKey::from_bytes(&[byte; 32]));
        assert_eq!(key(1).public(), key(1).public());
        assert_ne!(key(1).public(), key(2).public());
        assert_eq!(key(1).sign(b"once"), key(1).sign(b"once"));
        let again = WebKey::from_bytes(&key(1).expose()).unwrap();
        assert_eq!(again.public(), key(1).public());
    }

    #[test]
    fn a_proof_is_one_of_its_key_over_its_message() {
        let rng = &mut rand::rng();
        let (key, other) = (WebKey::random(rng), WebKey::random(rng));
        let proof = key.prove(b"message");
        assert!(key.public().verify(b"message", &proof));
        assert!(!key.public().verify(b"another", &proof));
        assert!(!other.public().verify(b"message", &proof));
        assert!(!WebPublic([4; 65]).verify(b"message", &proof));
        assert!(!key.public().verify(b"message", &WebProof([0; 64])));
    }

    #[test]
    fn zero_and_what_is_too_large_are_no_keys() {
        assert_eq!(WebKey::from_bytes(&[0; 32]).err(), Some(NoKey));
        assert_eq!(WebKey::from_bytes(&[0xff; 32]).err(), Some(NoKey));
        assert_eq!(
            format!("{:?}", WebKey::random(&mut rand::rng())),
            "WebKey(..)"
        );
    }

    #[test]
    fn tls_libraries_are_given_both_halves() {
        let key = WebKey::random(&mut rand::rng());
        let document = key.to_pkcs8().unwrap();
        let public = key.public();
        assert!(document.windows(65).any(|bytes| bytes == public.as_bytes()));
    }
}
