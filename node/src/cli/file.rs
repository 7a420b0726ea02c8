//! Files that commands write for people.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::failure::CliError;

/// Writes a file that was not there, for its owner only.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(|source| CliError::File {
            action: "write",
            path: path.display().to_string(),
            source,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_overwrites_nothing_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.export");
        write_new(&path, b"sealed").unwrap();
        assert!(write_new(&path, b"other").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"sealed");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
