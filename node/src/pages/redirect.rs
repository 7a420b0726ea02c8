//! A file that leads a browser to a page, for those who can read it. An address with a secret in it has
//! no place in an argument list, which every account of a computer can read; the name of a file has.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use askama::Template;

/// Only its owner can read it.
const PRIVATE: u32 = 0o600;

#[derive(Template)]
#[template(path = "redirect.html")]
struct Page<'a> {
    address: &'a str,
}

/// Such a file, which goes with its value.
#[derive(Debug)]
pub(crate) struct Redirect(PathBuf);

impl Redirect {
    /// What is in a file that leads to this address.
    fn page(address: &str) -> io::Result<String> {
        Page { address }.render().map_err(io::Error::other)
    }

    /// Makes one that is not there yet, for its owner alone.
    ///
    /// # Errors
    /// Those of the system; a file that is there stays as it is.
    pub(crate) fn make(path: PathBuf, address: &str) -> io::Result<Self> {
        let page = Self::page(address)?;
        let mut file = create(&path, PRIVATE)?;
        let made = Self(path);
        file.write_all(page.as_bytes())?;
        Ok(made)
    }

    /// Puts one in the place of whatever is there, for those of this mode, all at once.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn put(path: &Path, address: &str, mode: u32) -> io::Result<()> {
        let page = Self::page(address)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        // One that an earlier run left half written.
        let _ = fs::remove_file(&beside);
        let put = create(&beside, mode).and_then(|mut file| {
            file.write_all(page.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, path)
        });
        if put.is_err() {
            let _ = fs::remove_file(&beside);
        }
        put
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode).open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_for_its_owner_and_goes_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("papermesh.html");
        let address = "http://127.0.0.1:8311/#a\"b";
        let made = Redirect::make(path.clone(), address).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
        let text = fs::read_to_string(made.path()).unwrap();
        assert!(!text.contains(address) && text.contains("http://127.0.0.1:8311/#a"));
        // What is there is somebody's.
        assert!(Redirect::make(path.clone(), address).is_err());
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn it_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.html");
        Redirect::put(&path, "http://127.0.0.1:1/", 0o640).unwrap();
        Redirect::put(&path, "http://127.0.0.1:2/", 0o640).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains(":2/"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
