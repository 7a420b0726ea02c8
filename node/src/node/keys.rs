//! How this node's own keys lie on its disk, and what a thief of that disk has.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use papermesh_protocol::remedy::Remedy;
use papermesh_store::{Protector, Store, StoreError};
use rand::Rng;

use crate::config::KeyProtection;
use crate::control::message::Finding;

use super::doctor::{doubtful, good};

/// Where Linux says what its disks are made of.
const DEVICES: &str = "/sys/dev/block";
/// Layers of a disk that are looked through: partitions, volumes, arrays.
const LAYERS: usize = 8;

/// Has the node's own keys kept as the configuration says. Blocks.
///
/// # Errors
/// Those of [`Store::protect_keys`], unless nobody asked for the protector that failed.
pub(super) fn protect(store: &Store, protection: KeyProtection) -> Result<(), StoreError> {
    let is = store.key_protector()?;
    let wanted = match protection {
        KeyProtection::Off => None,
        KeyProtection::SystemdCreds => Some(Protector::SystemdCreds),
        KeyProtection::SecretService => Some(Protector::SecretService),
        // What was chosen once stays.
        KeyProtection::Auto => is.or_else(Protector::unasked),
    };
    let protected = store.protect_keys(wanted, |bytes| rand::rng().fill_bytes(bytes));
    match protected {
        Err(error @ StoreError::NotLocked { .. }) if protection == KeyProtection::Auto => {
            tracing::warn!(error = %error.in_full(), "the keys are stored unsealed");
            Ok(())
        }
        protected => protected,
    }
}

/// What is to be said of the keys in this home. Blocks.
pub(super) fn keys_of(store: &Store, home: &Path) -> Result<Finding, StoreError> {
    keys_on(store, home, Path::new(DEVICES))
}

/// The same, where Linux lists its disks in this folder.
fn keys_on(store: &Store, home: &Path, devices: &Path) -> Result<Finding, StoreError> {
    let advice = "encrypt the disk, or seal the keys with `protect-keys = \"systemd-creds\"` in papermesh.toml if the computer has a TPM, or `\"secret-service\"` if somebody logs in before the node starts";
    let protector = store.key_protector()?;
    let weakness = protector.and_then(Protector::weakness);
    let disk = is_encrypted(home, devices).unwrap_or(None);
    Ok(match (protector, weakness, disk) {
        (Some(protector), None, _) => good(
            "keys",
            format!("sealed by {protector}: whoever takes the disk cannot use them"),
        ),
        (_, _, Some(true)) => good(
            "keys",
            "on an encrypted disk: whoever takes it cannot use them".to_owned(),
        ),
        (Some(protector), Some(weakness), _) => doubtful(
            "keys",
            format!("sealed by {protector}, but {weakness}: whoever takes the disk has both"),
            advice,
        ),
        (None, _, Some(false)) => doubtful(
            "keys",
            "stored unsealed on a disk that is not encrypted: whoever takes the disk can read the documents held here \
             and act as this node"
                .to_owned(),
            advice,
        ),
        (None, _, None) => doubtful(
            "keys",
            "stored unsealed; it is unknown whether the disk is encrypted".to_owned(),
            advice,
        ),
    })
}

/// Whether what is written in a folder is encrypted before it gets to the disk; none where the system
/// does not say. `devices` is where Linux lists its disks.
fn is_encrypted(folder: &Path, devices: &Path) -> io::Result<Option<bool>> {
    let device = fs::metadata(folder)?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let disk = devices.join(format!("{major}:{minor}"));
    // A file system of several disks, or of none.
    if !disk.exists() {
        return Ok(None);
    }
    Ok(Some(is_layer_encrypted(&disk, LAYERS)?))
}

/// Whether this layer of a disk is encrypted, or all that it is made of.
fn is_layer_encrypted(disk: &Path, layers: usize) -> io::Result<bool> {
    let made_by = fs::read_to_string(disk.join("dm/uuid")).unwrap_or_default();
    if made_by.starts_with("CRYPT-") {
        return Ok(true);
    }
    let below: Vec<PathBuf> = match fs::read_dir(disk.join("slaves")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        entries => entries?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?,
    };
    if below.is_empty() || layers == 0 {
        return Ok(false);
    }
    for disk in below {
        if !is_layer_encrypted(&disk, layers - 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::control::message::Verdict;

    /// Where Linux says of the disk of a folder this, and what is below it.
    fn devices(folder: &Path, layers: &[(&str, &str)]) -> tempfile::TempDir {
        let devices = tempfile::tempdir().unwrap();
        let device = fs::metadata(folder).unwrap().dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let root = devices.path().join(format!("{major}:{minor}"));
        for (layer, uuid) in layers {
            let layer = root.join(layer);
            fs::create_dir_all(layer.join("dm")).unwrap();
            fs::write(layer.join("dm/uuid"), uuid).unwrap();
        }
        devices
    }

    fn encrypted(folder: &Path, layers: &[(&str, &str)]) -> Option<bool> {
        is_encrypted(folder, devices(folder, layers).path()).unwrap()
    }

    #[test]
    fn keys_that_a_thief_of_the_disk_could_use_are_found() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let said = |layers: &[(&str, &str)]| {
            let devices = devices(home.path(), layers);
            keys_on(&store, home.path(), devices.path()).unwrap()
        };
        let plain = said(&[("", "LVM-abc")]);
        assert_eq!(plain.verdict, Verdict::Doubtful);
        assert!(plain.detail.contains("not encrypted"), "{}", plain.detail);
        assert!(plain.advice.unwrap().contains("encrypt the disk"));
        // Nothing is said to be good of which nothing is known.
        let unknown = said(&[]);
        assert_eq!(unknown.verdict, Verdict::Doubtful);
        assert!(unknown.detail.contains("unknown whether"));
        let encrypted = said(&[("", "CRYPT-LUKS2-abc")]);
        assert_eq!(encrypted.verdict, Verdict::Good);
    }

    #[test]
    fn a_disk_is_encrypted_if_all_that_it_is_made_of_is() {
        let folder = tempfile::tempdir().unwrap();
        let plain = |layers: &[(&str, &str)]| encrypted(folder.path(), layers);
        assert_eq!(plain(&[]), None);
        assert_eq!(plain(&[("", "LVM-abc")]), Some(false));
        assert_eq!(plain(&[("", "CRYPT-LUKS2-abc")]), Some(true));
        let volume = ("", "LVM-abc");
        let good = ("slaves/dm-0", "CRYPT-LUKS2-abc");
        assert_eq!(plain(&[volume, good]), Some(true));
        let bad = ("slaves/sda", "");
        assert_eq!(plain(&[volume, good, bad]), Some(false));
        let deeper = ("slaves/md0/slaves/dm-1", "CRYPT-LUKS2-def");
        assert_eq!(plain(&[volume, deeper]), Some(true));
    }
}
