//! The mark: how far the database is known to be durable, in a file of its own.
//!
//! RocksDB numbers its changes and lists its files in a manifest, and it cannot tell a log or a
//! manifest that ends from one whose end is gone. After every synced commit the number of the last
//! change and the length of the manifest are therefore written here; a database found below its
//! mark has lost something that somebody was told is safe.
//!
//! The file itself is not synced, which would cost a second disk flush per commit: after a power
//! cut it may say too little, never too much.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::StoreError;

const NAME: &str = "SYNCED";
/// Three numbers, and their complements, so that no half-written file passes for a mark.
const LEN: usize = 2 * 3 * 8;

/// What is known to be durable, at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marked {
    /// The number of the last change.
    change: u64,
    manifest: Manifest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Manifest {
    /// The number in its name; a manifest is followed by one of a higher number.
    number: u64,
    /// Its bytes; it only grows.
    len: u64,
}

/// The mark of one database.
pub(super) struct Mark {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    marked: Mutex<Marked>,
}

impl Mark {
    /// Opens the mark in `folder`; one that is not there or not readable is zero, below which no
    /// database can be.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let open = || {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            let mut bytes = [0; LEN];
            let marked = match file.read_exact_at(&mut bytes, 0) {
                Ok(()) => Marked::from_bytes(&bytes),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                Err(error) => return Err(error),
            };
            Ok((file, marked.unwrap_or_default()))
        };
        let (file, marked) = open().map_err(|error| StoreError::io("open", &path, error))?;
        Ok(Self {
            folder: folder.to_owned(),
            path,
            file,
            marked: Mutex::new(marked),
        })
    }

    /// Whether anything was ever durable here.
    pub(super) fn is_set(&self) -> bool {
        self.marked().change > 0
    }

    /// Compares a database, whose last change is `change`, with its mark.
    pub(super) fn check(&self, change: u64) -> Result<(), StoreError> {
        let marked = *self.marked();
        let manifest = Manifest::current(&self.folder)
            .and_then(|number| Manifest::look(&self.folder, number))
            .map_err(|error| StoreError::io("read the manifest in", &self.folder, error))?;
        let missing = if change < marked.change {
            format!("{} changes", marked.change - change)
        } else if manifest.number < marked.manifest.number {
            "the newest manifest".to_owned()
        } else if manifest.number == marked.manifest.number && manifest.len < marked.manifest.len {
            format!(
                "{} bytes of the manifest",
                marked.manifest.len - manifest.len
            )
        } else {
            return Ok(());
        };
        Err(StoreError::Behind {
            missing,
            folder: self.folder.clone(),
            mark: self.path.clone(),
        })
    }

    /// Notes that all changes up to this number are durable.
    pub(super) fn raise(&self, change: u64) {
        let mut marked = self.marked();
        // A mark that cannot be written stays behind, where it does no harm.
        let write = || {
            let next = Marked {
                change: change.max(marked.change),
                manifest: self.manifest(marked.manifest)?,
            };
            if next != *marked {
                self.file.write_all_at(&next.to_bytes(), 0)?;
            }
            Ok::<_, io::Error>(next)
        };
        match write() {
            Ok(next) => *marked = next,
            Err(error) => {
                tracing::warn!(%error, file = %self.path.display(), "could not write the durability mark")
            }
        }
    }

    /// The manifest as it is now, made durable if it changed: RocksDB may not be done with that.
    fn manifest(&self, last: Manifest) -> io::Result<Manifest> {
        if Manifest::look(&self.folder, last.number).is_ok_and(|now| now == last) {
            return Ok(last);
        }
        let now = Manifest::look(&self.folder, Manifest::current(&self.folder)?)?;
        File::open(now.path(&self.folder))?.sync_data()?;
        Ok(now)
    }

    fn marked(&self) -> MutexGuard<'_, Marked> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manifest {
    /// The number of the manifest that is in use, which RocksDB keeps in the file `CURRENT`.
    fn current(folder: &Path) -> io::Result<u64> {
        let name = fs::read_to_string(folder.join("CURRENT"))?;
        let number = name
            .trim_end()
            .strip_prefix("MANIFEST-")
            .and_then(|number| number.parse().ok());
        number
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "CURRENT names no manifest"))
    }

    fn look(folder: &Path, number: u64) -> io::Result<Self> {
        let unknown = Self { number, len: 0 };
        Ok(Self {
            len: fs::metadata(unknown.path(folder))?.len(),
            ..unknown
        })
    }

    fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("MANIFEST-{:06}", self.number))
    }
}

impl Marked {
    fn to_bytes(self) -> [u8; LEN] {
        let numbers = [self.change, self.manifest.number, self.manifest.len];
        let mut bytes = [0; LEN];
        for (number, at) in numbers.into_iter().zip(bytes.chunks_exact_mut(16)) {
            at[..8].copy_from_slice(&number.to_be_bytes());
            at[8..].copy_from_slice(&(!number).to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; LEN]) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(16).map(|at| {
            let number = u64::from_be_bytes(at[..8].try_into().ok()?);
            let complement = u64::from_be_bytes(at[8..].try_into().ok()?);
            (complement == !number).then_some(number)
        });
        let mut next = || numbers.next().flatten();
        Some(Self {
            change: next()?,
            manifest: Manifest {
                number: next()?,
                len: next()?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("CURRENT"), "MANIFEST-000007\n").unwrap();
        fs::write(folder.path().join("MANIFEST-000007"), "twelve bytes").unwrap();
        folder
    }

    fn missing(folder: &Path, change: u64) -> Option<String> {
        match Mark::open(folder).unwrap().check(change) {
            Ok(()) => None,
            Err(StoreError::Behind { missing, .. }) => Some(missing),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn it_only_rises_and_is_found_again() {
        let folder = folder();
        let mark = Mark::open(folder.path()).unwrap();
        assert!(!mark.is_set());
        mark.raise(7);
        mark.raise(3);
        assert!(Mark::open(folder.path()).unwrap().is_set());
        assert_eq!(missing(folder.path(), 7), None);
        assert_eq!(missing(folder.path(), 5).unwrap(), "2 changes");
    }

    #[test]
    fn manifests_may_grow_and_be_replaced_but_not_shrink() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        Mark::open(folder.path()).unwrap().raise(7);
        fs::write(path("MANIFEST-000007"), "twelve bytes and more").unwrap();
        assert_eq!(missing(folder.path(), 7), None);
        fs::write(path("MANIFEST-000007"), "twelve").unwrap();
        assert_eq!(
            missing(folder.path(), 7).unwrap(),
            "6 bytes of the manifest"
        );
        fs::write(path("MANIFEST-000008"), "x").unwrap();
        fs::write(path("CURRENT"), "MANIFEST-000008\n").unwrap();
        assert_eq!(missing(folder.path(), 7), None);
        Mark::open(folder.path()).unwrap().raise(7);
        fs::write(path("CURRENT"), "MANIFEST-000007\n").unwrap();
        assert_eq!(missing(folder.path(), 7).unwrap(), "the newest manifest");
    }

    #[test]
    fn a_torn_mark_says_too_little() {
        let folder = folder();
        let marked = Marked {
            change: 9,
            manifest: Manifest { number: 7, len: 12 },
        };
        assert_eq!(Marked::from_bytes(&marked.to_bytes()), Some(marked));
        for torn in [&[][..], &[0; LEN], &marked.to_bytes()[..40], &[1; LEN]] {
            fs::write(folder.path().join(NAME), torn).unwrap();
            assert!(!Mark::open(folder.path()).unwrap().is_set());
            assert_eq!(missing(folder.path(), 0), None);
        }
    }
}
