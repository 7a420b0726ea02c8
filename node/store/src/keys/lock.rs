//! The lock on the key files: a key to them that lies elsewhere.
//!
//! The file `lock` beside the keys says who has that key ([`Protector`]). While it is there the
//! key files are sealed; without it they are read by whoever has the disk. Nothing of this ever
//! loses a key: the lock is tried before anything depends on it, a key file is replaced whole or not
//! at all, and a lock that does not open is an error that changes nothing.

use std::fs;
use std::io;
use std::path::Path;

use papermesh_protocol::codec;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::keys::StorageKey;
use papermesh_protocol::seal::{open_bytes, seal_bytes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::protector::{Protector, Secret, TOKEN};
use crate::error::StoreError;
use crate::folder;

/// The file's name in the folder of the keys.
const NAME: &str = "lock";
/// For what key files are sealed.
const PURPOSE: &str = "key file";
/// What sealing adds to a file: a version, a nonce and a tag.
pub(super) const SEAL: usize = 1 + 12 + 16;
/// The most bytes of the file.
const MAX: usize = TOKEN + 256;

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtRest {
    protector: Protector,
    #[serde(with = "serde_bytes")]
    token: Vec<u8>,
}

/// A lock that is open.
pub(super) struct Lock {
    protector: Protector,
    token: Vec<u8>,
    key: StorageKey,
}

impl Lock {
    /// Who has the key to the lock of these keys; nobody if they are not locked.
    pub(super) fn protector(keys: &Path) -> Result<Option<Protector>, StoreError> {
        Ok(read(keys)?.map(|lock| lock.protector))
    }

    /// Opens the lock of these keys, if they are locked.
    pub(super) fn open(keys: &Path) -> Result<Option<Self>, StoreError> {
        let Some(AtRest { protector, token }) = read(keys)? else {
            return Ok(None);
        };
        let secret = protector
            .give(&token)
            .map_err(|source| StoreError::Locked {
                folder: keys.to_owned(),
                protector,
                source,
            })?;
        Ok(Some(Self {
            protector,
            token,
            key: StorageKey::from_bytes(*secret),
        }))
    }

    /// Makes a lock for these keys. What it locks is still to be sealed.
    pub(super) fn make(
        keys: &Path,
        protector: Protector,
        mut fill: impl FnMut(&mut [u8]),
    ) -> Result<Self, StoreError> {
        let mut secret: Secret = Zeroizing::new([0; 32]);
        fill(secret.as_mut_slice());
        let token = protector
            .keep(&secret)
            .map_err(|source| StoreError::NotLocked { protector, source })?;
        let at_rest = AtRest { protector, token };
        let bytes = codec::encode(&at_rest, MAX).map_err(|source| StoreError::TooLarge {
            column: NAME,
            source,
        })?;
        folder::replace(keys, NAME, &bytes)?;
        Ok(Self {
            protector,
            token: at_rest.token,
            key: StorageKey::from_bytes(*secret),
        })
    }

    /// Takes the lock of these keys away. What it locked must be open already.
    pub(super) fn remove(self, keys: &Path) -> Result<(), StoreError> {
        let path = keys.join(NAME);
        folder::remove(&path)
            .and_then(|()| folder::sync(keys))
            .map_err(|error| StoreError::io("delete", &path, error))?;
        if let Err(error) = self.protector.forget(&self.token) {
            let protector = self.protector;
            tracing::warn!(%protector, error = %error.in_full(), "could not remove an unused secret; it stays");
        }
        Ok(())
    }

    /// The content of a key file, sealed.
    pub(super) fn seal(&self, name: &str, content: &[u8]) -> Result<Vec<u8>, StoreError> {
        let id = name.as_bytes();
        seal_bytes(&self.key, PURPOSE, id, content, &mut rand::rng()).map_err(|error| {
            StoreError::Damaged {
                path: name.into(),
                what: error.to_string(),
            }
        })
    }

    /// The content of a sealed key file; none if it was sealed under another lock, or altered.
    pub(super) fn unseal(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open_bytes(&self.key, PURPOSE, name.as_bytes(), sealed).ok()
    }
}

fn read(keys: &Path) -> Result<Option<AtRest>, StoreError> {
    let path = keys.join(NAME);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|error| StoreError::io("read", &path, error))?,
    };
    codec::decode_stored(&bytes, MAX)
        .map(Some)
        .map_err(|error| StoreError::Damaged {
            path,
            what: error.to_string(),
        })
}
