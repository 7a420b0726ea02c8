//! The folder behind a tray: files under way, files that are finished, and what a crash left
//! behind.
//!
//! Lives here: every touch of the file system, all of it blocking. Not here: the document's stream
//! (`mod.rs`), names (`name.rs`).

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::super::durable::sync_folder;
use super::name::{is_file_of, part_name, release_of_part};

/// Most entries of a tray that are looked at. A tray is emptied by people; one with more is not
/// looked after.
pub(super) const MAX_ENTRIES: usize = 100_000;

/// Makes the folder, for its owner only, if it is not there.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if folder.is_dir() {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is not a folder",
        ))
    }
}

/// Removes the files that a crash left half-written, and tells which releases they were of. Files
/// that another process is writing are locked and stay.
pub(super) fn sweep(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut unfinished = BTreeSet::new();
    for name in names(folder)? {
        let Some(release) = release_of_part(&name) else {
            continue;
        };
        if remove_if_stale(&folder.join(&name))? {
            unfinished.insert(release.to_owned());
        }
    }
    Ok(unfinished)
}

/// Whether the tray has the finished file of the release with this tag.
pub(super) fn has_file_of(folder: &Path, tag: &str) -> io::Result<bool> {
    Ok(names(folder)?.iter().any(|name| is_file_of(name, tag)))
}

/// Removes the half-written file of a release, if there is one that nobody writes; whether there
/// was.
pub(super) fn discard_part(folder: &Path, release: &str) -> io::Result<bool> {
    match remove_if_stale(&folder.join(part_name(release))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result,
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if names.len() == MAX_ENTRIES {
            let why = format!("more than {MAX_ENTRIES} files are in it: take some out");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, why));
        }
        // A name that is not UTF-8 is not one of ours.
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

fn remove_if_stale(path: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(false);
    }
    // Its writer holds a lock as long as it lives, which the system takes away with the process.
    match File::options().write(true).open(path)?.try_lock() {
        Ok(()) => fs::remove_file(path).map(|()| true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// A file under way. Dropped before it is finished, it vanishes.
#[derive(Debug)]
pub(super) struct Part {
    folder: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Begins the file of a release, readable by its owner only and locked.
    pub(super) fn begin(folder: &Path, release: &str) -> io::Result<(Self, File)> {
        let path = folder.join(part_name(release));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let part = Self {
            folder: folder.to_path_buf(),
            path,
        };
        file.try_lock().map_err(io::Error::from)?;
        Ok((part, file))
    }

    /// Gives the file its name, unless a file has that name already: nothing is ever overwritten.
    pub(super) fn finish(&self, name: &str) -> io::Result<()> {
        let target = self.folder.join(name);
        match fs::hard_link(&self.path, &target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // File systems without links (FAT, some network shares): look, then rename. The name
            // holds the release's own digits, so nobody else is about to take it.
            Err(_) if fs::symlink_metadata(&target).is_ok() => {
                Err(io::ErrorKind::AlreadyExists.into())
            }
            Err(_) => fs::rename(&self.path, &target),
        }
    }

    /// Makes the finished name durable and lets go of the other one.
    pub(super) fn settle(self) -> io::Result<()> {
        let folder = self.folder.clone();
        drop(self);
        sync_folder(&folder)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a partial file stays in the tray until the next start");
            }
            _ => {}
        }
    }
}
