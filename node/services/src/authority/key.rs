//! This admin's own key: at rest sealed, and open in memory only once it may be.
//!
//! Each admin has a key of its own, which the site's charter names. With a passphrase it rests under
//! Argon2id, and a node that starts runs without it until a command brings the passphrase; from then
//! on it stays open until the node stops. Without a passphrase it rests under the node's storage key,
//! which is a file of mode 0600: whoever may read the home may use it.

use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::SigningKey;
use papermesh_protocol::charter::{Charter, CharterError};
use papermesh_protocol::codec;
use papermesh_protocol::id::SiteId;
use papermesh_protocol::seal::passphrase::{self, PassphraseCost, PassphraseError};
use papermesh_protocol::signed::{Record, Signed, SignedError};
use papermesh_store::offload::offload;
use papermesh_store::{Store, site};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{Authority, AuthorityError};
use crate::network::Network;
use crate::vault::Vault;

/// What the passphrase's sealing is bound to.
const PURPOSE: &str = "papermesh/authority-key/1";
/// The most bytes of the key at rest.
const AT_REST: usize = 512;

/// The key as it is kept.
#[derive(Serialize, Deserialize)]
enum AtRest {
    /// Under a passphrase.
    Passphrase(ByteBuf),
    /// Under the node's storage key.
    Storage(ByteBuf),
}

/// An admin's key with the charter that names it: what it takes to sign for the site.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    charter: Arc<Signed<Charter>>,
}

impl Signer {
    /// The signer with this key, if the charter names it.
    pub(super) fn new(key: SigningKey, charter: Arc<Signed<Charter>>) -> Option<Self> {
        charter
            .names(key.verifying_key().as_bytes())
            .then_some(Self { key, charter })
    }

    /// For which site.
    pub(super) fn site(&self) -> SiteId {
        self.charter.site
    }

    /// Under which charter.
    pub(super) fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The charter with its proof.
    pub(super) fn signed_charter(&self) -> &Signed<Charter> {
        &self.charter
    }

    /// The sequence number that follows `last`.
    pub(super) fn next(&self, last: u64) -> Result<u64, CharterError> {
        self.charter.next(last)
    }

    /// Signs a record for the site.
    pub(super) fn sign<T: Record>(&self, record: T) -> Result<Signed<T>, SignedError> {
        Signed::sign(record, &self.key)
    }
}

/// The key, open or not. Wiped when dropped.
#[derive(Default)]
pub(super) struct AuthorityKey {
    key: Mutex<Option<SigningKey>>,
    /// Whether it is open, for those who wait for that.
    open: watch::Sender<bool>,
}

impl AuthorityKey {
    /// The key: the open one, or the kept one, opened with the passphrase if it needs one. What
    /// was opened stays open. A passphrase that is given is checked even then: whoever types a
    /// wrong one is to learn it.
    ///
    /// # Errors
    /// [`AuthorityError::NotAdmin`], [`AuthorityError::PassphraseNeeded`],
    /// [`AuthorityError::PassphraseWrong`].
    pub(super) async fn get(
        &self,
        store: &Store,
        vault: &Vault,
        site: SiteId,
        passphrase: Option<&str>,
    ) -> Result<SigningKey, AuthorityError> {
        if let Some(key) = self.opened().filter(|_| passphrase.is_none()) {
            return Ok(key);
        }
        let passphrase = passphrase.map(|text| Zeroizing::new(text.to_owned()));
        let vault = vault.clone();
        let key = offload(store, move |store| {
            load(
                store,
                &vault,
                site,
                passphrase.as_ref().map(|text| text.as_str()),
            )
        });
        let key = key.await?;
        self.open(key.clone());
        Ok(key)
    }

    /// The key if it is open.
    pub(super) fn opened(&self) -> Option<SigningKey> {
        self.key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Holds the key open from now on.
    pub(super) fn open(&self, key: SigningKey) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        self.open
            .send_if_modified(|open| !std::mem::replace(open, true));
    }
}

/// Keeps the key, under the passphrase if there is one. Blocks, with a passphrase for as long as
/// Argon2id takes.
pub(super) fn keep(
    store: &Store,
    vault: &Vault,
    site: SiteId,
    key: &SigningKey,
    passphrase: Option<&str>,
) -> Result<(), AuthorityError> {
    let at_rest = match passphrase {
        Some(text) => {
            let seed = Zeroizing::new(key.to_bytes());
            let cost = PassphraseCost::RECOMMENDED;
            let sealed = passphrase::seal(text, PURPOSE, seed.as_slice(), cost, &mut rand::rng())?;
            AtRest::Passphrase(ByteBuf::from(sealed))
        }
        None => AtRest::Storage(ByteBuf::from(vault.seal_authority_key(site, key)?)),
    };
    let bytes = codec::encode(&at_rest, AT_REST)?;
    Ok(store.site().put(&site::AUTHORITY, &ByteBuf::from(bytes))?)
}

/// Whether the key is kept here, and whether it needs a passphrase.
fn at_rest(store: &Store) -> Result<Option<AtRest>, AuthorityError> {
    let Some(bytes) = store.site().get(&site::AUTHORITY)? else {
        return Ok(None);
    };
    Ok(Some(codec::decode_stored(&bytes, AT_REST)?))
}

/// The key as it is kept. Blocks, with a passphrase for as long as Argon2id takes.
pub(super) fn load(
    store: &Store,
    vault: &Vault,
    site: SiteId,
    passphrase: Option<&str>,
) -> Result<SigningKey, AuthorityError> {
    match at_rest(store)?.ok_or(AuthorityError::NotAdmin)? {
        AtRest::Storage(sealed) => Ok(vault.open_authority_key(site, &sealed)?),
        AtRest::Passphrase(sealed) => {
            let text = passphrase.ok_or(AuthorityError::PassphraseNeeded)?;
            let seed = passphrase::open(text, PURPOSE, &sealed)?;
            let seed = <[u8; 32]>::try_from(seed.as_slice()).map(Zeroizing::new);
            Ok(SigningKey::from_bytes(
                &*seed.map_err(|_| PassphraseError::Damaged)?,
            ))
        }
    }
}

impl<N: Network> Authority<N> {
    /// Opens the key, for a node that shall admit and enroll without anybody at its keyboard.
    ///
    /// # Errors
    /// [`AuthorityError::NotAdmin`], [`AuthorityError::PassphraseNeeded`],
    /// [`AuthorityError::PassphraseWrong`].
    pub async fn unlock(&self, passphrase: Option<&str>) -> Result<(), AuthorityError> {
        self.key(passphrase).await.map(|_| ())
    }

    /// Tells when the key is opened.
    #[must_use]
    pub fn opening(&self) -> watch::Receiver<bool> {
        self.0.key.open.subscribe()
    }

    /// The key itself, for tests that sign what no admin would.
    #[cfg(test)]
    pub(crate) async fn signing_key(&self) -> SigningKey {
        let signer = self.key(None).await;
        signer.map_or_else(|error| panic!("{error}"), |signer| signer.key)
    }

    /// Whether a passphrase opens the key, and whether it is open; none on a node that has none.
    ///
    /// # Errors
    /// [`AuthorityError::Store`].
    pub async fn kept(&self) -> Result<Option<(bool, bool)>, AuthorityError> {
        let open = self.0.key.opened().is_some();
        let kept = offload(self.store(), at_rest).await?;
        Ok(kept.map(|kept| match kept {
            AtRest::Passphrase(_) => (true, open),
            AtRest::Storage(_) => (false, true),
        }))
    }

    /// Whether the key is open; none on a node that is no admin, or none any more.
    ///
    /// # Errors
    /// [`AuthorityError::Store`].
    pub async fn is_open(&self) -> Result<Option<bool>, AuthorityError> {
        let charter = self.membership().charter();
        if charter.admin_on(self.mesh().node()).is_none() {
            return Ok(None);
        }
        if self.0.key.opened().is_some() {
            return Ok(Some(true));
        }
        let kept = offload(self.store(), at_rest).await?;
        Ok(kept.map(|kept| matches!(kept, AtRest::Storage(_))))
    }
}
