//! What this node keeps sealed under its storage key: the site secret, its users' keys, the key that
//! it shows browsers, and the authority key of an admin who gave no passphrase.
//!
//! Each kind has a purpose of its own and is bound to whose it is, so that a row that somebody
//! copied over another does not open there. Where the sealed bytes lie is the store's business;
//! what the secrets are good for is that of those who ask for them. PIN verifiers are [`crate::auth`]'s.

use std::borrow::Cow;

use ed25519_dalek::SigningKey;
use papermesh_protocol::id::SiteId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{BlobError, StorageKey, open_bytes, seal_bytes};
use papermesh_protocol::site::SiteSecret;
use papermesh_protocol::text::UserId;
use papermesh_protocol::web::WebKey;
use rand::Rng;
use zeroize::Zeroizing;

const SITE_SECRET: Kind = Kind("site secret");
const AUTHORITY_KEY: Kind = Kind("authority key");
const USER_KEY: Kind = Kind("user key");
const WEB_KEY: Kind = Kind("web key");
const PUBLIC_KEY: Kind = Kind("key of a name at a gateway");
const ACME_ACCOUNT: Kind = Kind("account with a certificate authority");

/// What is sealed: the purpose that the sealing is bound to, and what people call it.
#[derive(Clone, Copy)]
struct Kind(&'static str);

/// Why something could not be sealed, or not be opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Sealed with another storage key, or altered.
    #[error(
        "the stored {0} cannot be opened: the keys folder was replaced, or the database is damaged"
    )]
    Refused(&'static str),
    /// It opened, and is not what it should be.
    #[error("the stored {0} is malformed")]
    Malformed(&'static str),
}

impl Remedy for VaultError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("restore the home from a backup".into())
    }
}

/// Seals and opens with the node's storage key.
#[derive(Clone, Debug)]
pub struct Vault(StorageKey);

impl Vault {
    /// The vault of the node with this storage key.
    #[must_use]
    pub fn new(storage: &StorageKey) -> Self {
        Self(storage.clone())
    }

    /// Seals the secret of a site.
    pub(crate) fn seal_site_secret(
        &self,
        site: SiteId,
        secret: &SiteSecret,
    ) -> Result<Vec<u8>, VaultError> {
        self.seal(SITE_SECRET, site.as_bytes(), secret.expose())
    }

    /// Opens the secret of a site.
    pub(crate) fn open_site_secret(
        &self,
        site: SiteId,
        sealed: &[u8],
    ) -> Result<SiteSecret, VaultError> {
        self.open_seed(SITE_SECRET, site.as_bytes(), sealed)
            .map(|bytes| SiteSecret::from_bytes(*bytes))
    }

    /// Seals the authority key of a site.
    pub(crate) fn seal_authority_key(
        &self,
        site: SiteId,
        key: &SigningKey,
    ) -> Result<Vec<u8>, VaultError> {
        self.seal(
            AUTHORITY_KEY,
            site.as_bytes(),
            &*Zeroizing::new(key.to_bytes()),
        )
    }

    /// Opens the authority key of a site.
    pub fn open_authority_key(
        &self,
        site: SiteId,
        sealed: &[u8],
    ) -> Result<SigningKey, VaultError> {
        self.open_seed(AUTHORITY_KEY, site.as_bytes(), sealed)
            .map(|seed| SigningKey::from_bytes(&seed))
    }

    /// Seals the key of a user who enrolled here.
    pub(crate) fn seal_user_key(
        &self,
        user: &UserId,
        key: &SigningKey,
    ) -> Result<Vec<u8>, VaultError> {
        self.seal(
            USER_KEY,
            user.as_str().as_bytes(),
            &*Zeroizing::new(key.to_bytes()),
        )
    }

    /// Opens the key of a user who enrolled here.
    pub(crate) fn open_user_key(
        &self,
        user: &UserId,
        sealed: &[u8],
    ) -> Result<SigningKey, VaultError> {
        self.open_seed(USER_KEY, user.as_str().as_bytes(), sealed)
            .map(|seed| SigningKey::from_bytes(&seed))
    }

    /// Seals the key that this node shows over TLS.
    pub(crate) fn seal_web_key(&self, site: SiteId, key: &WebKey) -> Result<Vec<u8>, VaultError> {
        self.seal(WEB_KEY, site.as_bytes(), &*key.expose())
    }

    /// Opens the key that this node shows over TLS.
    pub(crate) fn open_web_key(&self, site: SiteId, sealed: &[u8]) -> Result<WebKey, VaultError> {
        let bytes = self.open_seed(WEB_KEY, site.as_bytes(), sealed)?;
        WebKey::from_bytes(&bytes).map_err(|_| VaultError::Malformed(WEB_KEY.0))
    }

    /// Seals the key of a name that the Internet asks for.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal_public_key(&self, name: &str, key: &WebKey) -> Result<Vec<u8>, VaultError> {
        self.seal(PUBLIC_KEY, name.as_bytes(), &*key.expose())
    }

    /// Opens the key of such a name.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_public_key(&self, name: &str, sealed: &[u8]) -> Result<WebKey, VaultError> {
        let bytes = self.open_seed(PUBLIC_KEY, name.as_bytes(), sealed)?;
        WebKey::from_bytes(&bytes).map_err(|_| VaultError::Malformed(PUBLIC_KEY.0))
    }

    /// Seals this node's account with the certificate authority of a directory.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal_acme_account(&self, directory: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal(ACME_ACCOUNT, directory.as_bytes(), secret)
    }

    /// Opens this node's account with the certificate authority of a directory.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_acme_account(
        &self,
        directory: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.open(ACME_ACCOUNT, directory.as_bytes(), sealed)
    }

    /// The storage key itself, for what other rooms seal ([`crate::auth::verifier`]).
    #[must_use]
    pub fn storage(&self) -> &StorageKey {
        &self.0
    }

    fn seal(&self, kind: Kind, whose: &[u8], secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_bytes(&self.0, kind.0, whose, secret, &mut rand::rng())
            .map_err(|error| kind.failed(error))
    }

    fn open(
        &self,
        kind: Kind,
        whose: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        open_bytes(&self.0, kind.0, whose, sealed).map_err(|error| kind.failed(error))
    }

    fn open_seed(
        &self,
        kind: Kind,
        whose: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let bytes = self.open(kind, whose, sealed)?;
        <[u8; 32]>::try_from(bytes.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Malformed(kind.0))
    }
}

/// A fresh Ed25519 key, of a site or of a user.
#[must_use]
pub fn new_key() -> SigningKey {
    let mut seed = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(seed.as_mut_slice());
    SigningKey::from_bytes(&seed)
}

impl Kind {
    const fn failed(self, error: BlobError) -> VaultError {
        match error {
            BlobError::Refused => VaultError::Refused(self.0),
            BlobError::NotSealed | BlobError::TooLarge(_) => VaultError::Malformed(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_as_what_and_for_whom_it_was_sealed() {
        let vault = Vault::new(&StorageKey::from_bytes([1; 32]));
        let (alice, bob) = ("alice".parse().unwrap(), "bob".parse().unwrap());
        let key = SigningKey::from_bytes(&[7; 32]);
        let sealed = vault.seal_user_key(&alice, &key).unwrap();
        assert_eq!(
            vault.open_user_key(&alice, &sealed).unwrap().to_bytes(),
            key.to_bytes()
        );
        assert_eq!(
            vault.open_user_key(&bob, &sealed).unwrap_err(),
            VaultError::Refused("user key")
        );
        let site = SiteId::from_bytes([1; 32]);
        assert!(vault.open_site_secret(site, &sealed).is_err());
        let other = Vault::new(&StorageKey::from_bytes([2; 32]));
        assert!(other.open_user_key(&alice, &sealed).is_err());
        assert_eq!(
            vault.open_user_key(&alice, b"").unwrap_err(),
            VaultError::Malformed("user key")
        );
    }
}
