//! A file that leads a browser to a page: where it lies, and how long.
//!
//! A link has no place in an argument list, which every account of the computer can read. So the browser
//! is given the name of a file that only its user can read. Browsers that are locked in (Snap, Flatpak)
//! read neither hidden folders nor `/tmp`, but the folder of downloads and, most of them, the home.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use directories::{BaseDirs, UserDirs};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand::RngExt;

use crate::pages::Redirect;

/// What the name of such a file begins and ends with.
const NAME: (&str, &str) = ("papermesh-open-", ".html");
/// Others may put files into a folder.
const WRITABLE: u32 = 0o022;
/// Only whoever made a file may move it.
const STICKY: u32 = 0o1000;
/// Files of a folder that are looked at for those of earlier commands.
const LOOKED_AT: usize = 4096;
/// What stays as it is in the path of an address (RFC 3986 section 3.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Makes a file that leads to `address`, in the first folder that will do. Files of earlier commands
/// that were killed are removed.
pub(super) fn to(address: &str, home: &Path, old: Duration) -> io::Result<Redirect> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for folder in folders(home) {
        match into(&folder, address, old) {
            Ok(made) => return Ok(made),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The address of a file.
pub(super) fn address(file: &Path) -> String {
    let path = file.to_string_lossy();
    format!("file://{}", utf8_percent_encode(&path, PLAIN))
}

/// Where such a file may lie, the best place first.
fn folders(home: &Path) -> Vec<PathBuf> {
    let user = UserDirs::new();
    let downloads = user.as_ref().and_then(UserDirs::download_dir);
    let own = user.as_ref().map(UserDirs::home_dir);
    let base = BaseDirs::new();
    let runtime = base.as_ref().and_then(BaseDirs::runtime_dir);
    [downloads, own, runtime, Some(home)]
        .into_iter()
        .flatten()
        .map(Path::to_owned)
        .collect()
}

fn into(folder: &Path, address: &str, old: Duration) -> io::Result<Redirect> {
    let found = fs::metadata(folder)?;
    if !is_own(&found) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    sweep(folder, old);
    let random: [u8; 8] = rand::rng().random();
    let name = format!("{}{}{}", NAME.0, HEXLOWER.encode(&random), NAME.1);
    Redirect::make(folder.join(name), address)
}

/// Whether nobody else can put a file in the place of one that lies there.
fn is_own(folder: &Metadata) -> bool {
    let own = folder.uid() == rustix::process::geteuid().as_raw();
    folder.is_dir() && own && (folder.mode() & WRITABLE == 0 || folder.mode() & STICKY != 0)
}

/// Removes what earlier commands left there.
fn sweep(folder: &Path, old: Duration) {
    let is_left = |entry: &DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let changed = entry.metadata().and_then(|found| found.modified());
        let age = changed.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        name.starts_with(NAME.0) && name.ends_with(NAME.1) && age.is_ok_and(|age| age > old)
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.take(LOOKED_AT).flatten().filter(is_left) {
        let _ = fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LINK: &str = "http://127.0.0.1:8311/#secret";

    #[test]
    fn a_file_lies_where_nobody_else_can_change_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = into(folder.path(), LINK, Duration::MAX).unwrap();
        assert!(fs::read_to_string(made.path()).unwrap().contains(LINK));
        let name = address(made.path());
        assert!(name.starts_with("file:///") && !name.contains("secret"));
        drop(made);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(into(folder.path(), LINK, Duration::MAX).is_err());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(into(folder.path(), LINK, Duration::MAX).is_ok());
    }

    #[test]
    fn what_was_left_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("papermesh-open-0123.html");
        let others = folder.path().join("thesis.html");
        for path in [&left, &others] {
            fs::write(path, "").unwrap();
            let then = SystemTime::now() - Duration::from_secs(600);
            fs::File::open(path).unwrap().set_modified(then).unwrap();
        }
        let _made = into(folder.path(), LINK, Duration::from_secs(120)).unwrap();
        assert!(!left.exists() && others.exists());
    }

    #[test]
    fn an_address_is_plain() {
        let path = Path::new("/home/Jörg Müller/papermesh-open-1.html");
        assert_eq!(
            address(path),
            "file:///home/J%C3%B6rg%20M%C3%BCller/papermesh-open-1.html"
        );
    }
}
