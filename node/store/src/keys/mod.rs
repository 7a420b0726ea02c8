//! The node's own secrets: one file each in `keys/`, readable by its owner alone.
//!
//! A file is 32 secret bytes and eight that tell whether they are still those that were written: a
//! flipped bit would otherwise show as every job being damaged. The eight are the beginning of a
//! hash, which tells nothing about 32 random bytes.
//!
//! Where the computer has somebody who keeps a secret outside of the home ([`mod@protector`]), the files
//! are sealed ([`lock`]).

mod lock;
mod protector;

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
use lock::Lock;

pub use protector::{Protector, ProtectorError};

/// The folder in the home.
const FOLDER: &str = "keys";
const NODE: &str = "node.key";
const SEALING: &str = "sealing.key";
const STORAGE: &str = "storage.key";

const SECRET: usize = 32;
const FILE: usize = SECRET + 8;
/// Of a file that is sealed.
const SEALED: usize = FILE + lock::SEAL;

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
pub(super) fn load(
    inner: &Inner,
    home: &Path,
    mut fill: impl FnMut(&mut [u8]),
) -> Result<NodeKeys, StoreError> {
    let keys = home.join(FOLDER);
    folder::create(&keys)?;
    let made = inner.site().get(&KEYS_MADE)?.unwrap_or(false);
    let lock = Lock::open(&keys)?;
    let mut load = |name: &str| {
        let path = keys.join(name);
        if let Some(secret) = read(&path, lock.as_ref())? {
            return Ok(secret);
        }
        if made {
            let what = "without it this node cannot open anything that it stores".to_owned();
            return Err(StoreError::Damaged {
                path,
                what: format!("the file is gone; {what}"),
            });
        }
        let mut secret = Zeroizing::new([0; SECRET]);
        fill(secret.as_mut_slice());
        write(&keys, name, &secret, lock.as_ref())?;
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

/// Who keeps the key to the key files of this home; nobody if they lie open.
pub(super) fn protector(home: &Path) -> Result<Option<Protector>, StoreError> {
    Lock::protector(&home.join(FOLDER))
}

/// Has the key files sealed as `wanted` says: by that protector, or not at all. Whatever fails, and
/// wherever this process dies, every key can be read afterwards as before.
pub(super) fn protect(
    home: &Path,
    wanted: Option<Protector>,
    fill: impl FnMut(&mut [u8]),
) -> Result<(), StoreError> {
    let keys = home.join(FOLDER);
    let is = Lock::protector(&keys)?;
    let before = Lock::open(&keys)?;
    // A lock that was made and not completed has files that are not sealed yet.
    if is == wanted && is_whole(&keys, wanted.is_some())? {
        return Ok(());
    }
    // All of them are read before any is written.
    let mut secrets = Vec::new();
    for name in [NODE, SEALING, STORAGE] {
        if let Some(secret) = read(&keys.join(name), before.as_ref())? {
            secrets.push((name, secret));
        }
    }
    if is.is_some() && is != wanted {
        for (name, secret) in &secrets {
            write(&keys, name, secret, None)?;
        }
        if let Some(before) = before {
            before.remove(&keys)?;
        }
        return match wanted {
            None => Ok(()),
            Some(_) => protect(home, wanted, fill),
        };
    }
    let lock = match (before, wanted) {
        (Some(lock), _) => lock,
        (None, Some(protector)) => Lock::make(&keys, protector, fill)?,
        (None, None) => return Ok(()),
    };
    for (name, secret) in &secrets {
        write(&keys, name, secret, Some(&lock))?;
    }
    Ok(())
}

/// Whether all key files are sealed, or none is.
fn is_whole(keys: &Path, sealed: bool) -> Result<bool, StoreError> {
    for name in [NODE, SEALING, STORAGE] {
        let path = keys.join(name);
        match std::fs::metadata(&path) {
            Ok(file) if (file.len() == SEALED as u64) != sealed => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("read", &path, error)),
        }
    }
    Ok(true)
}

/// Writes a key file, sealed if there is a lock.
fn write(
    keys: &Path,
    name: &str,
    secret: &[u8; SECRET],
    lock: Option<&Lock>,
) -> Result<(), StoreError> {
    let mut file = Zeroizing::new([0; FILE]);
    file[..SECRET].copy_from_slice(secret);
    file[SECRET..].copy_from_slice(&check(name, secret));
    match lock {
        Some(lock) => folder::replace(keys, name, &lock.seal(name, file.as_slice())?),
        None => folder::replace(keys, name, file.as_slice()),
    }
}

/// The secret in a file; none if there is no file.
fn read(path: &Path, lock: Option<&Lock>) -> Result<Option<Zeroizing<[u8; SECRET]>>, StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    // One byte more than there may be, to notice it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SEALED + 1));
    file.take(SEALED as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if bytes.len() == SEALED {
        let Some(lock) = lock else {
            let what =
                "it is sealed, and the file lock beside it, which says how, is gone".to_owned();
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                what,
            });
        };
        bytes = lock.unseal(name, &bytes).unwrap_or_default();
    }
    let secret = bytes
        .split_first_chunk::<SECRET>()
        .and_then(|(secret, sum)| {
            let secret = Zeroizing::new(*secret);
            (check(name, &secret) == sum).then_some(secret)
        });
    match secret {
        Some(secret) => Ok(Some(secret)),
        None => {
            let what = "it is not the key that was written".to_owned();
            Err(StoreError::Damaged {
                path: path.to_owned(),
                what,
            })
        }
    }
}

/// Tells one secret file from another and from a damaged one.
fn check(name: &str, secret: &[u8; SECRET]) -> [u8; FILE - SECRET] {
    let hash = Sha256::new()
        .chain_update(b"papermesh/key-file/1")
        .chain_update(name)
        .chain_update(secret)
        .finalize();
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
            assert_eq!(
                fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(
            fs::metadata(home.path().join(FOLDER))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
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
        for damaged in [
            &flipped,
            &long,
            &whole[..20].to_vec(),
            &Vec::new(),
            &fs::read(&sealing).unwrap(),
        ] {
            fs::write(&storage, damaged).unwrap();
            fs::set_permissions(&storage, Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(never(&store), StoreError::Damaged { path, .. } if path == storage));
        }
        fs::write(&storage, whole).unwrap();
        store.keys(|_| panic!("made anew")).unwrap();

        fs::set_permissions(&node, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(never(&store), StoreError::Exposed { path, mode: 0o640 } if path == node));
    }

    /// Whether systemd-creds seals here without asking anybody: it does for root.
    fn is_sealing_for_us() -> bool {
        let kept = Protector::SystemdCreds.keep(&Zeroizing::new([7; 32]));
        if rustix::process::geteuid().is_root() {
            kept.expect("root needs systemd-creds for this test; run scripts/setup test");
            return true;
        }
        kept.is_ok() || {
            eprintln!("not tried: systemd-creds seals for root only");
            false
        }
    }

    fn sizes(home: &Path) -> [u64; 3] {
        files(home).map(|file| fs::metadata(file).unwrap().len())
    }

    #[test]
    fn sealed_keys_are_the_same_keys_and_of_no_use_without_their_protector() {
        if !is_sealing_for_us() {
            return;
        }
        let (home, store) = store().unwrap();
        let made = store.keys(fill()).unwrap();
        let plain = files(home.path()).map(|file| fs::read(file).unwrap());
        store
            .protect_keys(Some(Protector::SystemdCreds), fill())
            .unwrap();
        assert_eq!(
            store.key_protector().unwrap(),
            Some(Protector::SystemdCreds)
        );
        let again = store.keys(|_| panic!("made anew")).unwrap();
        assert_eq!(again.storage, made.storage);
        assert_eq!(again.node.expose(), made.node.expose());
        // No file has anything of them.
        for file in fs::read_dir(home.path().join(FOLDER)).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for secret in &plain {
                assert!(!bytes.windows(SECRET).any(|part| part == &secret[..SECRET]));
            }
        }

        // A lock that does not open is an error, and everything is as it was.
        let lock = home.path().join(FOLDER).join("lock");
        let (whole, sealed) = (fs::read(&lock).unwrap(), files(home.path()).map(fs::read));
        let mut foreign = whole.clone();
        let middle = foreign.len() / 2;
        foreign[middle] ^= 1;
        fs::write(&lock, &foreign).unwrap();
        assert!(matches!(
            store.keys(|_| panic!("made anew")),
            Err(StoreError::Locked { .. })
        ));
        assert!(store.protect_keys(None, |_| ()).is_err());
        fs::remove_file(&lock).unwrap();
        assert!(matches!(
            store.keys(|_| panic!("made anew")),
            Err(StoreError::Damaged { .. })
        ));
        assert!(store.protect_keys(None, |_| ()).is_err());
        for (file, before) in files(home.path()).iter().zip(sealed) {
            assert_eq!(fs::read(file).unwrap(), before.unwrap());
        }
        fs::write(&lock, whole).unwrap();

        // And back again.
        store.protect_keys(None, |_| panic!("made anew")).unwrap();
        assert_eq!(store.key_protector().unwrap(), None);
        let files = files(home.path()).map(|file| fs::read(file).unwrap());
        assert_eq!(files, plain);
    }

    #[test]
    fn sealing_that_was_cut_short_loses_nothing_and_is_completed() {
        if !is_sealing_for_us() {
            return;
        }
        let (home, store) = store().unwrap();
        let made = store.keys(fill()).unwrap();
        let plain = files(home.path()).map(|file| fs::read(file).unwrap());
        let wanted = Some(Protector::SystemdCreds);
        store.protect_keys(wanted, fill()).unwrap();
        // As if it had died after the first file.
        for at in [1, 2] {
            folder::replace(
                &home.path().join(FOLDER),
                [SEALING, STORAGE][at - 1],
                &plain[at],
            )
            .unwrap();
        }
        assert_eq!(
            store.keys(|_| panic!("anew")).unwrap().storage,
            made.storage
        );
        store.protect_keys(wanted, |_| panic!("anew")).unwrap();
        assert_eq!(sizes(home.path()), [SEALED as u64; 3]);
        assert_eq!(
            store.keys(|_| panic!("anew")).unwrap().storage,
            made.storage
        );
    }

    #[test]
    fn a_protector_that_is_not_there_changes_nothing() {
        let (home, store) = store().unwrap();
        store.keys(fill()).unwrap();
        let lock = home.path().join(FOLDER).join("lock");
        fs::write(&lock, "nonsense").unwrap();
        assert!(matches!(
            store.keys(|_| panic!("made anew")),
            Err(StoreError::Damaged { path, .. }) if path == lock
        ));
        fs::remove_file(&lock).unwrap();
        assert_eq!(sizes(home.path()), [FILE as u64; 3]);
        store.keys(|_| panic!("made anew")).unwrap();
    }
}
