//! The home: the one folder in which a node keeps everything it has.
//!
//! Lives here: finding it, making it, naming what is in it, and the lock that keeps two nodes
//! out of one home. Not here: what the files contain.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use papermesh_protocol::remedy::Remedy;

/// Only the node's own user may enter.
const FOLDER_MODE: u32 = 0o700;
/// Only the node's own user may read.
const FILE_MODE: u32 = 0o600;

/// A node's home. Paths are given whether or not anything is there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The platform names no data folder for this user.
    #[error("this account has no data folder")]
    Nowhere,
    /// There is none yet.
    #[error("there is no papermesh home at {}", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// A folder or file of it cannot be made or opened.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process has it.
    #[error("another papermesh process is using {}", path.display())]
    Locked {
        /// The home.
        path: PathBuf,
    },
}

impl Remedy for HomeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Nowhere => "set one with --home or PAPERMESH_HOME",
            Self::Missing { .. } => {
                "create one with `papermesh init` or `papermesh join`, or name another with --home"
            }
            Self::Io { .. } => "check its owner and permissions, or name another home with --home",
            Self::Locked { .. } => "stop it first, or name another home with --home",
        };
        Some(remedy.into())
    }
}

/// Proof that no other process works in the home; given back when dropped, and by the operating
/// system when the process dies.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl Home {
    /// The home in this folder.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The home that the flag names, else `PAPERMESH_HOME`, else the platform's data folder.
    /// A relative path is made absolute, so that it stays the same home wherever it is shown.
    ///
    /// # Errors
    /// [`HomeError::Nowhere`] or, if a relative path has nothing to be relative to,
    /// [`HomeError::Io`].
    pub fn resolve(
        flag: Option<PathBuf>,
        environment: Option<OsString>,
    ) -> Result<Self, HomeError> {
        let named = flag.or_else(|| {
            environment
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        });
        let root = match named {
            Some(path) => {
                std::path::absolute(&path).map_err(|source| HomeError::Io { path, source })?
            }
            None => ProjectDirs::from("", "", "papermesh")
                .ok_or(HomeError::Nowhere)?
                .data_dir()
                .to_owned(),
        };
        Ok(Self { root })
    }

    /// Makes the home and its folders, those that are missing, each for the node's own user
    /// only. What exists is left as it is.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn create(&self) -> Result<(), HomeError> {
        for path in [
            self.root.clone(),
            self.store(),
            self.spool(),
            self.keys(),
            self.tray(),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(&path)
                .map_err(|source| HomeError::Io { path, source })?;
        }
        Ok(())
    }

    /// Checks that the home exists.
    ///
    /// # Errors
    /// [`HomeError::Missing`], or [`HomeError::Io`] if something else is in its place.
    pub fn check(&self) -> Result<(), HomeError> {
        let path = self.root.clone();
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(HomeError::Io {
                path,
                source: io::ErrorKind::NotADirectory.into(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(HomeError::Missing { path })
            }
            Err(source) => Err(HomeError::Io { path, source }),
        }
    }

    /// Takes the home for this process.
    ///
    /// # Errors
    /// [`HomeError::Locked`] if another process has it; [`HomeError::Missing`] and
    /// [`HomeError::Io`].
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        self.check()?;
        let path = self.lock_file();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|source| HomeError::Io {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(HomeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(HomeError::Locked {
                path: self.root.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(HomeError::Io { path, source }),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.root.join(super::FILE_NAME)
    }

    /// The database's folder.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The folder of sealed documents.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// The folder of the node's secret keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The folder into which a node without a real printer prints.
    #[must_use]
    pub fn tray(&self) -> PathBuf {
        self.root.join("tray")
    }

    /// Where the running node listens for commands, unless the path is too long for a socket.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// The certificates of IPPS printers as they were first seen.
    #[must_use]
    pub fn printer_pins(&self) -> PathBuf {
        self.root.join("printer-certificates.toml")
    }

    /// Key and certificate with which the panel speaks HTTPS.
    #[must_use]
    pub fn panel_certificate(&self) -> PathBuf {
        self.root.join("panel.pem")
    }

    /// Key and certificate with which the infrastructure printer speaks IPPS.
    #[must_use]
    pub fn infra_printer_certificate(&self) -> PathBuf {
        self.root.join("infra-printer.pem")
    }

    /// Key and certificate with which the hold printer speaks IPPS.
    #[must_use]
    pub fn hold_printer_certificate(&self) -> PathBuf {
        self.root.join("hold-printer.pem")
    }

    /// Key and certificate with which outsiders are answered who ask for a name that has no certificate of
    /// the Internet's.
    #[must_use]
    pub fn place_certificate(&self) -> PathBuf {
        self.root.join("place.pem")
    }

    /// A file that says where the socket is when it cannot be in the home.
    #[must_use]
    pub fn control_pointer(&self) -> PathBuf {
        self.root.join("control.path")
    }

    /// The file that a working process holds locked.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("node.lock")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_flag_beats_the_environment_and_that_beats_the_platform() {
        let flag = Some(PathBuf::from("/tmp/by-flag"));
        let variable = Some(OsString::from("/tmp/by-variable"));
        assert_eq!(
            Home::resolve(flag, variable.clone()).unwrap(),
            Home::at("/tmp/by-flag")
        );
        assert_eq!(
            Home::resolve(None, variable).unwrap(),
            Home::at("/tmp/by-variable")
        );
        let relative = Home::resolve(Some("here".into()), None).unwrap();
        assert!(relative.root().is_absolute());
    }

    #[test]
    fn a_new_home_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("deep/home"));
        assert!(matches!(home.check(), Err(HomeError::Missing { .. })));
        home.create().unwrap();
        home.create().unwrap();
        for path in [home.root().to_owned(), home.keys(), home.spool()] {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[test]
    fn two_processes_do_not_share_a_home() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let lock = home.lock().unwrap();
        assert!(matches!(home.lock(), Err(HomeError::Locked { .. })));
        drop(lock);
        home.lock().unwrap();
    }
}
