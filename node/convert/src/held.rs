//! A document held in memory for a converter that must seek in it.
//!
//! A file with no name in no file system (`memfd_create`): a child gets it as its standard input,
//! it counts as memory of nobody's home, and nothing of it is on a disk. It ends with its last
//! user, however that ends. Once it is whole it is sealed: no converter can change it.

use std::fs::File;
use std::io::{self, Write};

use super::limits;

/// A document that is held in memory, or is about to be.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    size: u64,
}

/// Why a document cannot be held.
#[derive(Debug, thiserror::Error)]
pub(super) enum HoldError {
    /// It is too large.
    #[error("the document is larger than {} MiB, the limit for conversion", limits::HELD >> 20)]
    TooLarge,
    /// The system has no room.
    #[error("there is not enough memory for it: {0}")]
    Io(#[from] io::Error),
}

impl Held {
    /// An empty one.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: system::file()?,
            size: 0,
        })
    }

    /// Adds to its end.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), HoldError> {
        self.size += bytes.len() as u64;
        if self.size > limits::HELD {
            return Err(HoldError::TooLarge);
        }
        Ok(self.file.write_all(bytes)?)
    }

    /// Ends it: nothing can be changed in it any more.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        system::seal(&self.file)
    }

    /// It, to be read from its beginning, independently of other readers.
    pub(super) fn reader(&self) -> io::Result<File> {
        system::reopen(&self.file)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    pub(super) fn file() -> io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        Ok(memfd_create("document", flags)?.into())
    }

    pub(super) fn seal(file: &File) -> io::Result<()> {
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        Ok(fcntl_add_seals(file, seals)?)
    }

    /// Opened anew, because a duplicate would share the place where it is read.
    pub(super) fn reopen(file: &File) -> io::Result<File> {
        File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs::File;
    use std::io;

    pub(super) fn file() -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn seal(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn reopen(_: &File) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_held_can_be_read_often_and_changed_by_nobody() {
        let mut held = Held::new().unwrap();
        held.add(b"mark").unwrap();
        held.seal().unwrap();
        for _ in 0..2 {
            let mut text = String::new();
            held.reader().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "mark");
        }
        assert!(held.add(b"more").is_err());
        let path = format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&held.file)
        );
        let changed = std::fs::OpenOptions::new().write(true).open(path);
        assert!(changed.and_then(|mut file| file.write_all(b"x")).is_err());
    }
}
