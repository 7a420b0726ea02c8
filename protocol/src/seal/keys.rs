//! Keys typed by purpose: thirty-two secret bytes that only fit where they belong.
//!
//! A [`SecretKey`] is wiped when dropped, prints as its name alone and is compared in constant time.
//! A [`PublicKey`] is an X25519 point as it travels (RFC 7748), thirty-two bytes in CBOR and hexadecimal on
//! screen. The purpose is a type parameter, so that a storage key never seals a document and a session's public
//! key never stands in for a node's.
//!
//! Not here: what the keys do ([`super::stream`], [`super::wrap`]) and Ed25519 signing keys.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use data_encoding::HEXLOWER;
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of every key of this module, in bytes.
pub const KEY_LEN: usize = 32;

/// What a key is for. Implemented by the markers of [`purpose`] and by nothing else.
pub trait Purpose: purpose::Listed {
    /// The name by which the key is printed; never its content.
    const NAME: &'static str;
}

/// A purpose whose secret is an X25519 scalar and thus has a public half.
pub trait KeyAgreement: Purpose {}

/// The purposes a key can have.
pub mod purpose {
    use super::{KeyAgreement, Purpose};

    /// Seals this list: no purpose can be added elsewhere.
    pub trait Listed {}

    /// Encrypts one job's document.
    pub enum Job {}
    /// Encrypts the picture of one job's first page.
    pub enum Preview {}
    /// Encrypts a node's own records and wraps its job keys at rest.
    pub enum Storage {}
    /// Receives job keys for one visit at one printer.
    pub enum Session {}
    /// Receives what is sealed to one node, for as long as its certificate lasts.
    pub enum Sealing {}
    /// What both ends of a successful PIN login share.
    pub enum Login {}
    /// Makes a holder's answers about users it does not know.
    pub enum Decoy {}

    impl Listed for Job {}
    impl Listed for Preview {}
    impl Listed for Storage {}
    impl Listed for Session {}
    impl Listed for Sealing {}
    impl Listed for Login {}
    impl Listed for Decoy {}

    impl Purpose for Job {
        const NAME: &'static str = "JobKey";
    }
    impl Purpose for Preview {
        const NAME: &'static str = "PreviewKey";
    }
    impl Purpose for Storage {
        const NAME: &'static str = "StorageKey";
    }
    impl Purpose for Session {
        const NAME: &'static str = "Session";
    }
    impl Purpose for Sealing {
        const NAME: &'static str = "Sealing";
    }
    impl Purpose for Login {
        const NAME: &'static str = "LoginKey";
    }
    impl Purpose for Decoy {
        const NAME: &'static str = "DecoySeed";
    }

    impl KeyAgreement for Session {}
    impl KeyAgreement for Sealing {}
}

/// Encrypts one job's document; made per job, and its deletion is the job's.
pub type JobKey = SecretKey<purpose::Job>;
/// Encrypts the picture of one job's first page; made of the job's key, and gone with it.
pub type PreviewKey = SecretKey<purpose::Preview>;
/// A node's key for its own records at rest and for wrapping its job keys.
pub type StorageKey = SecretKey<purpose::Storage>;
/// The secret half of a visit's X25519 pair; lives in the printer's memory only.
pub type SessionSecret = SecretKey<purpose::Session>;
/// The public half of a visit's X25519 pair; named in the login and bound into it.
pub type SessionPublic = PublicKey<purpose::Session>;
/// The secret half of a node's X25519 pair.
pub type SealingSecret = SecretKey<purpose::Sealing>;
/// The public half of a node's X25519 pair, as its certificate names it.
pub type SealingPublic = PublicKey<purpose::Sealing>;
/// What printer and holder share after a successful PIN login; new in each login.
pub type LoginKey = SecretKey<purpose::Login>;

/// What a holder makes its answers about unknown users from, so that asking twice gives the same; see [`crate::pin`].
pub type DecoySeed = SecretKey<purpose::Decoy>;

/// Thirty-two secret bytes for one purpose, wiped when dropped.
pub struct SecretKey<P> {
    bytes: [u8; KEY_LEN],
    purpose: PhantomData<fn() -> P>,
}

impl<P: Purpose> SecretKey<P> {
    /// A new key from `rng`, which must be the system's or seeded by it.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Self::from_bytes([0; KEY_LEN]);
        rng.fill_bytes(&mut key.bytes);
        key
    }

    /// The key that these bytes are, for example read from a key file.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self {
            bytes,
            purpose: PhantomData,
        }
    }

    /// The key that this slice is, or `None` if it is not [`KEY_LEN`] bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The bytes themselves, for a cipher or a key file. Whoever copies them must wipe the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.bytes
    }
}

impl<P: KeyAgreement> SecretKey<P> {
    /// The public half: X25519 of this scalar and the base point.
    #[must_use]
    pub fn public(&self) -> PublicKey<P> {
        let scalar = StaticSecret::from(self.bytes);
        PublicKey::from_bytes(x25519_dalek::PublicKey::from(&scalar).to_bytes())
    }
}

impl PreviewKey {
    /// The key of the picture of the job with this key. Whoever has it cannot open the document.
    #[must_use]
    pub fn derive(job: &JobKey) -> Self {
        Self::from_bytes(*derive(&[], job.expose(), &[b"papermesh/preview/1/key"]))
    }
}

impl DecoySeed {
    /// The seed of the node with this storage key, so that it need not be stored apart.
    #[must_use]
    pub fn derive(storage: &StorageKey) -> Self {
        Self::from_bytes(*derive(
            &[],
            storage.expose(),
            &[b"papermesh/pin/1/decoy seed"],
        ))
    }
}

// Written out because deriving would ask the same of the marker.
impl<P> Clone for SecretKey<P> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes,
            purpose: PhantomData,
        }
    }
}

impl<P> PartialEq for SecretKey<P> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl<P> Eq for SecretKey<P> {}

impl<P: Purpose> fmt::Debug for SecretKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(secret)", P::NAME)
    }
}

impl<P> Drop for SecretKey<P> {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl<P> ZeroizeOnDrop for SecretKey<P> {}

/// An X25519 public key for one purpose. Any thirty-two bytes are one; HPKE refuses the few that would make the
/// shared secret zero.
pub struct PublicKey<P> {
    bytes: [u8; KEY_LEN],
    purpose: PhantomData<fn() -> P>,
}

impl<P> PublicKey<P> {
    /// The key that these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self {
            bytes,
            purpose: PhantomData,
        }
    }

    /// The bytes as they travel.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.bytes
    }
}

impl<P> Clone for PublicKey<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for PublicKey<P> {}

impl<P> PartialEq for PublicKey<P> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<P> Eq for PublicKey<P> {}

impl<P> Hash for PublicKey<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl<P> fmt::Display for PublicKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.bytes))
    }
}

impl<P: Purpose> fmt::Debug for PublicKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Public({self})", P::NAME)
    }
}

impl<P> Serialize for PublicKey<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(&self.bytes, serializer)
    }
}

impl<'de, P> Deserialize<'de> for PublicKey<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_bytes::deserialize(deserializer).map(Self::from_bytes)
    }
}

/// Derives thirty-two bytes from a key with HKDF-SHA-256 (RFC 5869); `info` is a list so that no label has to be
/// joined with its parameters in a temporary buffer.
pub(crate) fn derive(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut derived = Zeroizing::new([0; KEY_LEN]);
    hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), secret)
        .expand_multi_info(info, derived.as_mut_slice())
        .unwrap_or_else(|_| unreachable!("HKDF-SHA-256 gives up to 8160 bytes"));
    derived
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_secret_prints_as_its_name_alone() {
        let key = JobKey::from_bytes([0xab; KEY_LEN]);
        assert_eq!(format!("{key:?}"), "JobKey(secret)");
    }

    #[test]
    fn secrets_compare_by_content() {
        let rng = &mut rand::rng();
        let key = StorageKey::generate(rng);
        assert_eq!(key, key.clone());
        assert_ne!(key, StorageKey::generate(rng));
        assert_eq!(StorageKey::from_slice(key.expose()), Some(key));
        assert_eq!(StorageKey::from_slice(&[0; 31]), None);
    }

    /// RFC 7748 section 5.2, the first iteration: the scalar 9 and the base point 9.
    #[test]
    fn the_public_half_follows_the_standard() {
        let mut nine = [0; KEY_LEN];
        nine[0] = 9;
        assert_eq!(
            SessionSecret::from_bytes(nine).public().to_string(),
            "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
        );
    }

    #[test]
    fn a_public_key_is_bytes_in_cbor_and_hex_on_screen() {
        let key = SealingPublic::from_bytes([7; KEY_LEN]);
        let cbor = serde_cbor::to_vec(&key).unwrap();
        assert_eq!(cbor[..2], [0x58, 0x20]); // byte string of 32
        assert_eq!(serde_cbor::from_slice::<SealingPublic>(&cbor).unwrap(), key);
        assert!(serde_cbor::from_slice::<SealingPublic>(&cbor[..33]).is_err());
        assert_eq!(key.to_string(), "07".repeat(32));
        assert_eq!(format!("{key:?}"), format!("SealingPublic({key})"));
    }
}
