//! Folders and small files, made so that they are there after a power cut and closed to others.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::StoreError;

/// How long a lock may outlive its holder: a program that the holder was just starting has a copy of
/// the open file until it runs (flock(2)).
const MOMENT: Duration = Duration::from_millis(500);
/// How often it is tried meanwhile.
const STEP: Duration = Duration::from_millis(10);

/// A file that only one process at a time holds locked. The lock ends with the process, however
/// that ends, so there is no stale one to clean up.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a home, or says that another process has it.
    pub(super) fn take(home: &Path) -> Result<Self, StoreError> {
        let path = home.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::io("open", &path, error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", &path, error));
                }
                Err(TryLockError::WouldBlock) if began.elapsed() < MOMENT => {
                    std::thread::sleep(STEP);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse {
                        home: home.to_owned(),
                    });
                }
            }
        }
    }
}

/// Makes a folder that only its owner may enter, with those above it, unless it is there.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| path.parent().map_or(Ok(()), sync))
        .map_err(|error| StoreError::io("create", path, error))
}

/// Makes the names in a folder durable.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    // A relative path of one name has the empty path above it, which means the current folder.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)?.sync_all()
}

/// A new file that only its owner may read; fails if there is one of that name.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Writes a small file whole, or not at all: a crash leaves what was there before.
pub(super) fn replace(folder: &Path, name: &str, content: &[u8]) -> Result<(), StoreError> {
    let path = folder.join(name);
    let fresh = folder.join(format!("{name}.new"));
    let write = || {
        remove(&fresh)?; // left by a crash
        let mut file = create_file(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        sync(folder)
    };
    write().map_err(|error| StoreError::io("write", &path, error))
}

/// Removes a file; that it is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Bytes that this user may still write on the disk of `path`.
pub(super) fn free(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
