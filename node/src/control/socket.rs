//! The socket: where it is, and whose.
//!
//! It is in the home. Where the home's path is too long for a Unix socket, it is in a folder of
//! its own under the user's runtime folder, and a file in the home says so; the command line
//! follows that file, so the two need not agree on environment variables.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use papermesh_protocol::remedy::Remedy;
use sha2::{Digest, Sha256};
use tokio::net::{UnixListener, UnixStream};
use tracing::info;

use super::limits;
use crate::config::{Home, HomeLock};

/// Bytes of the file that says where the socket is.
const POINTER_LIMIT: u64 = 4096;
/// The user id that may do everything anyway.
const ROOT: u32 = 0;

/// Why commands cannot be listened for.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Something is in the way.
    #[error("{} blocks the control socket", path.display())]
    Occupied {
        /// What is there.
        path: PathBuf,
    },
    /// The home's path is too long, and the folder to use instead is somebody else's.
    #[error("{} belongs to another user", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The home's path is too long, and so is that of the folder to use instead.
    #[error("{} is too long for a socket", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// It failed otherwise.
    #[error("cannot listen for commands at {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Remedy for BindError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Occupied { .. } => "move it away",
            Self::ForeignFolder { .. } => {
                "set XDG_RUNTIME_DIR to a folder of your own, or use a home with a shorter path"
            }
            Self::TooLong { .. } => "use a home with a shorter path",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// A bound control socket. Dropping it removes the socket.
#[derive(Debug)]
pub struct Listener {
    pub(super) inner: UnixListener,
    path: PathBuf,
    pointer: Option<PathBuf>,
}

impl Listener {
    /// Binds the socket of a home. The lock is the proof that a socket that is there already
    /// was left behind by a process that died.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(home: &Home, _lock: &HomeLock) -> Result<Self, BindError> {
        Self::bind_under(home, &runtime_folder())
    }

    fn bind_under(home: &Home, runtime: &Path) -> Result<Self, BindError> {
        let direct = home.control_socket();
        let (path, pointer) = if fits(&direct) {
            (direct, None)
        } else {
            let path = own_folder(home, runtime)?.join("control.sock");
            info!(socket = %path.display(), "the home's path is too long for a socket; listening for commands elsewhere");
            (path, Some(home.control_pointer()))
        };
        if !fits(&path) {
            return Err(BindError::TooLong { path });
        }
        let failed = |source| BindError::Io {
            path: path.clone(),
            source,
        };
        clear(&path)?;
        remove(&home.control_pointer()).map_err(failed)?;
        let inner = UnixListener::bind(&path).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        if let Some(pointer) = &pointer {
            write_pointer(pointer, &path).map_err(failed)?;
        }
        Ok(Self {
            inner,
            path,
            pointer,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next node on this home.
        let _ = fs::remove_file(&self.path);
        if let Some(pointer) = &self.pointer {
            let _ = fs::remove_file(pointer);
        }
    }
}

/// Where the socket of a home is, if a node runs on it.
pub(super) fn locate(home: &Home) -> PathBuf {
    let mut path = Vec::new();
    let pointed = fs::File::open(home.control_pointer())
        .and_then(|file| file.take(POINTER_LIMIT).read_to_end(&mut path));
    match pointed {
        Ok(_) if !path.is_empty() => PathBuf::from(std::ffi::OsStr::from_bytes(&path)),
        _ => home.control_socket(),
    }
}

/// Whether commands and secrets may be exchanged with the process at the other end: one of this
/// user, or of root.
pub(super) fn is_own(stream: &UnixStream) -> io::Result<(bool, u32)> {
    let uid = stream.peer_cred()?.uid();
    Ok((uid == own_uid()? || uid == ROOT, uid))
}

/// The user of this process, as the kernel tells it to whomever it connects to.
pub(super) fn own_uid() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= limits::SOCKET_PATH
}

fn runtime_folder() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && path.is_dir())
        .unwrap_or_else(std::env::temp_dir)
}

/// A folder for this home only, that nobody else can have prepared.
fn own_folder(home: &Home, runtime: &Path) -> Result<PathBuf, BindError> {
    let hash = Sha256::digest(home.root().as_os_str().as_bytes());
    let path = runtime.join(format!("papermesh-{}", HEXLOWER.encode(&hash[..8])));
    let failed = |source| BindError::Io {
        path: path.clone(),
        source,
    };
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(&path).map_err(failed)?;
    if found.is_dir() && found.uid() == own_uid().map_err(failed)? && found.mode() & 0o077 == 0 {
        Ok(path)
    } else {
        Err(BindError::ForeignFolder { path })
    }
}

/// Removes the socket of a process that died, and nothing else.
fn clear(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(BindError::Occupied {
            path: path.to_owned(),
        }),
        _ => remove(path).map_err(|source| BindError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_pointer(pointer: &Path, socket: &Path) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(pointer)?
        .write_all(socket.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn long_home(folder: &Path) -> Home {
        let home = Home::at(folder.join("x".repeat(120)));
        home.create().unwrap();
        home
    }

    #[tokio::test]
    async fn the_socket_is_in_the_home_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let lock = home.lock().unwrap();
        let listener = Listener::bind(&home, &lock).unwrap();
        assert_eq!(listener.path(), home.control_socket());
        assert_eq!(locate(&home), home.control_socket());
        let mode = fs::metadata(listener.path()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert!(!home.control_socket().exists());
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_but_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let lock = home.lock().unwrap();
        drop(std::os::unix::net::UnixListener::bind(home.control_socket()).unwrap());
        assert!(home.control_socket().exists());
        drop(Listener::bind(&home, &lock).unwrap());

        fs::write(home.control_socket(), "mine").unwrap();
        assert!(matches!(
            Listener::bind(&home, &lock),
            Err(BindError::Occupied { .. })
        ));
        assert!(home.control_socket().exists());
    }

    #[tokio::test]
    async fn a_home_with_a_long_path_gets_its_socket_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let home = long_home(folder.path());
        let listener = Listener::bind_under(&home, folder.path()).unwrap();
        assert!(fits(listener.path()));
        assert_eq!(locate(&home), listener.path());
        UnixStream::connect(locate(&home)).await.unwrap();
        drop(listener);
        assert_eq!(locate(&home), home.control_socket());
    }

    #[tokio::test]
    async fn a_folder_that_others_may_enter_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let home = long_home(folder.path());
        let prepared = own_folder(&home, folder.path()).unwrap();
        fs::set_permissions(&prepared, Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(
            Listener::bind_under(&home, folder.path()),
            Err(BindError::ForeignFolder { .. })
        ));
    }
}
