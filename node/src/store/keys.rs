//! The node's own secrets: one file each in `keys/`, readable by its owner alone.
//!
//! A file is 32 secret bytes and eight that tell whether they are still those that were written: a
//! flipped bit would otherwise show as every job being damaged. The eight are the beginning of a
//! hash, which tells nothing about 32 random bytes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use papermesh_protocol::seal::keys::{SealingSecret, StorageKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Inner;
use super::error::StoreError;
use super::folder;
use super::site::KEYS_MADE;

/// The folder in the home.
const FOLDER: &str = "keys";
const NODE: &str = "node.key";
const SEALING: &str = "sealing.key";
const STORAGE: &str = "storage.key";

const SECRET: usize = 32;
const FILE: usize = SECRET + 8;

/// The seed of the node's Ed25519 key (RFC 8032 §5.1.5), which is its identity. Wiped when dropped.
pub struct NodeSeed(Zeroizing<[u8; SECRET]>);

impl NodeSeed {
    /// The bytes themselves. Whoever copies them must wipe the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; SECRET] {
        &self.0
    }
}

impl std::fmt::Debug for NodeSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeSeed(secret)")
    }
}

/// What only this node knows, for as long as it is the same node.
#[derive(Debug)]
pub struct NodeKeys {
    /// Its identity.
    pub node: NodeSeed,
    /// Opens what is sealed to it.
    pub sealing: SealingSecret,
    /// Opens what it keeps.
    pub storage: StorageKey,
}

/// Reads the node's keys; makes them at the first time. `fill` fills a slice with random bytes of
/// the operating system.
pub(super) fn load(inner: &Inner, home: &Path, mut fill: impl FnMut(&mut [u8])) -> Result<NodeKeys, StoreError> {
    let keys = home.join(FOLDER);
    folder::create(&keys)?;
    let made = inner.site().get(&KEYS_MADE)?.unwrap_or(false);
    let mut load = |name: &str| {
        let path = keys.join(name);
        if let Some(secret) = read(&path)? {
            return Ok(secret);
        }
        if made {
            let what = "without it this node can open nothing that it keeps".to_owned();
            return Err(StoreError::Damaged { path, what: format!("the file is gone; {what}") });
        }
        let mut secret = Zeroizing::new([0; SECRET]);
        fill(secret.as_mut_slice());
        let mut file = Zeroizing::new([0; FILE]);
        file[..SECRET].copy_from_slice(secret.as_slice());
        file[SECRET..].copy_from_slice(&check(name, &secret));
        folder::replace(&keys, name, file.as_slice())?;
        Ok(secret)
    };
    let (node, sealing, storage) = (load(NODE)?, load(SEALING)?, load(STORAGE)?);
    if !made {
        inner.site().put(&KEYS_MADE, &true)?;
    }
    Ok(NodeKeys {
        node: NodeSeed(node),
        sealing: SealingSecret::from_bytes(*sealing),
        storage: StorageKey::from_bytes(*storage),
    })
}

/// The secret in a file; none if there is no file.
fn read(path: &Path) -> Result<Option<Zeroizing<[u8; SECRET]>>, StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode });
    }
    // One byte more than there may be, to notice it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE + 1));
    file.take(FILE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let secret = bytes.split_first_chunk::<SECRET>().and_then(|(secret, sum)| {
        let secret = Zeroizing::new(*secret);
        (check(name, &secret) == sum).then_some(secret)
    });
    match secret {
        Some(secret) => Ok(Some(secret)),
        None => {
            let what = "it is not the key that was written".to_owned();
            Err(StoreError::Damaged { path: path.to_owned(), what })
        }
    }
}

/// Tells one secret file from another and from a damaged one.
fn check(name: &str, secret: &[u8; SECRET]) -> [u8; FILE - SECRET] {
    let hash = Sha256::new().chain_update(b"papermesh/key-file/1").chain_update(name).chain_update(secret).finalize();
    let mut sum = [0; FILE - SECRET];
    sum.copy_from_slice(&hash[..FILE - SECRET]);
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::{self, Permissions};
    use std::path::PathBuf;

    use super::super::Store;
    use super::super::sample::store;
    use super::*;

    /// Not random, but never the same twice.
    fn fill() -> impl FnMut(&mut [u8]) {
        let mut next = 0;
        move |secret| {
            next += 1;
            secret.fill(next);
        }
    }

    fn files(home: &Path) -> [PathBuf; 3] {
        [NODE, SEALING, STORAGE].map(|name| home.join(FOLDER).join(name))
    }

    #[test]
    fn keys_are_made_once_and_for_their_owner_alone() {
        let (home, store) = store().unwrap();
        let made = store.keys(fill()).unwrap();
        assert_eq!(made.node.expose(), &[1; 32]);
        assert_eq!(format!("{:?}", made.node), "NodeSeed(secret)");
        for file in files(home.path()) {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(home.path().join(FOLDER)).unwrap().permissions().mode() & 0o777, 0o700);
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let again = store.keys(|_| panic!("made anew")).unwrap();
        assert_eq!(again.node.expose(), made.node.expose());
        assert_eq!(again.sealing, made.sealing);
        assert_eq!(again.storage, made.storage);
    }

    #[test]
    fn a_first_time_that_was_cut_short_is_completed() {
        let (home, store) = store().unwrap();
        let made = store.keys(fill()).unwrap();
        store.inner.site().delete(&KEYS_MADE).unwrap();
        fs::remove_file(&files(home.path())[2]).unwrap();
        fs::write(home.path().join("keys/storage.key.new"), "half").unwrap();
        let completed = store.keys(fill()).unwrap();
        assert_eq!(completed.sealing, made.sealing);
        assert_ne!(completed.storage, made.storage);
    }

    #[test]
    fn a_lost_or_damaged_key_is_never_replaced() {
        let (home, store) = store().unwrap();
        store.keys(fill()).unwrap();
        let [node, sealing, storage] = files(home.path());
        let whole = fs::read(&storage).unwrap();
        let never = |store: &Store| store.keys(|_| panic!("made anew")).unwrap_err();
        fs::remove_file(&storage).unwrap();
        assert!(matches!(never(&store), StoreError::Damaged { path, .. } if path == storage));

        let mut flipped = whole.clone();
        flipped[3] ^= 4;
        let long = [whole.as_slice(), &[0]].concat();
        for damaged in [&flipped, &long, &whole[..20].to_vec(), &Vec::new(), &fs::read(&sealing).unwrap()] {
            fs::write(&storage, damaged).unwrap();
            fs::set_permissions(&storage, Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(never(&store), StoreError::Damaged { path, .. } if path == storage));
        }
        fs::write(&storage, whole).unwrap();
        store.keys(|_| panic!("made anew")).unwrap();

        fs::set_permissions(&node, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(never(&store), StoreError::Exposed { path, mode: 0o640 } if path == node));
    }
}
