//! The program that does the steps: where it is, and that it stays the same one.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use papermesh_protocol::remedy::Remedy;
use rustix::fs::{Access, access};

use super::stage::{ASK_VERSION, PROGRAM, VERSION};

/// Where packages put it, seen from the folder of `papermesh`.
const BESIDE: [&str; 2] = [".", "../libexec/papermesh"];

/// The program `papermesh-convert`.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    /// The file that is started, even if another one has been installed in its place since. One that was not there
    /// is looked for again.
    open: Arc<OnceLock<File>>,
}

/// Why the program cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProgram {
    /// It is not where it should be, or may not be started.
    #[error("the program {PROGRAM} cannot be used ({}: {why})", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It is of another release.
    #[error("the program {PROGRAM} is not of version {VERSION}, as this papermesh is")]
    OtherVersion,
}

impl Remedy for NoProgram {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Missing { .. } => "install it from the same release, beside papermesh",
            Self::OtherVersion => "install both programs from one release, and restart the node",
        };
        Some(remedy.into())
    }
}

impl Program {
    /// The program at this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let program = Self {
            path,
            open: Arc::default(),
        };
        // Whoever uses it hears it if that is in vain.
        drop(program.open());
        program
    }

    /// The program that was installed with the running one.
    #[must_use]
    pub fn installed() -> Self {
        let own = std::env::current_exe().ok();
        Self::beside(own.as_deref().and_then(Path::parent))
    }

    /// The program of whatever lies in this folder. Without a folder there is none: the one that the node happens
    /// to be started in may be anybody's.
    fn beside(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else {
            return Self::at(Path::new("/").join(PROGRAM));
        };
        let mut found = BESIDE
            .iter()
            .map(|beside| folder.join(beside).join(PROGRAM));
        let there = found.find(|path| path.is_file());
        Self::at(there.unwrap_or_else(|| folder.join(PROGRAM)))
    }

    /// Whether it is there and of this release. Starts it once, which takes some milliseconds, and blocks.
    ///
    /// # Errors
    /// [`NoProgram`], which says why not.
    pub fn check(&self) -> Result<(), NoProgram> {
        let path = self.open()?;
        let asked = Command::new(path.as_os_str())
            .arg(ASK_VERSION)
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| self.missing(&error))?;
        match asked.stdout.trim_ascii_end() == VERSION.as_bytes() {
            true => Ok(()),
            false => Err(NoProgram::OtherVersion),
        }
    }

    /// What a process is started from: the file that is open here, where the system lets it be named.
    ///
    /// # Errors
    /// [`NoProgram::Missing`].
    pub(super) fn open(&self) -> Result<Cow<'_, Path>, NoProgram> {
        let open = match self.open.get() {
            Some(open) => open,
            None => {
                let open = File::open(&self.path).and_then(|file| {
                    access(&self.path, Access::EXEC_OK)?;
                    Ok(file)
                });
                let open = open.map_err(|error| self.missing(&error))?;
                self.open.get_or_init(|| open)
            }
        };
        let named = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        Ok(match named.exists() {
            true => named.into(),
            false => self.path.as_path().into(),
        })
    }

    fn missing(&self, error: &io::Error) -> NoProgram {
        NoProgram::Missing {
            path: self.path.clone(),
            why: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that answers with this.
    fn install(folder: &Path, version: &str) -> PathBuf {
        let path = folder.join(PROGRAM);
        let new = folder.join("new");
        fs::write(&new, format!("#!/bin/sh\n# {version}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &path).unwrap();
        path
    }

    fn read(program: &Program) -> String {
        fs::read_to_string(program.open().unwrap()).unwrap()
    }

    #[test]
    fn the_program_that_was_there_at_the_start_is_the_one_that_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::at(install(folder.path(), "old"));
        install(folder.path(), "new");
        assert!(read(&program).contains("old"));
    }

    #[test]
    fn one_that_is_installed_later_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::at(folder.path().join(PROGRAM));
        let missing = program.open().unwrap_err();
        assert!(missing.to_string().contains("No such file"), "{missing}");
        assert!(missing.remedy().unwrap().contains("same release"));
        install(folder.path(), "new");
        assert!(read(&program).contains("new"));
    }

    #[test]
    fn one_that_may_not_be_started_is_told_as_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = install(folder.path(), "new");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Program::at(path).open().unwrap_err();
        assert!(refused.to_string().contains("denied"), "{refused}");
    }

    #[test]
    fn it_lies_beside_the_node_or_where_packages_put_it_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        let libexec = root.path().join("libexec/papermesh");
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&libexec).unwrap();
        assert!(Program::beside(Some(&bin)).open().is_err());
        install(&libexec, "package");
        assert!(read(&Program::beside(Some(&bin))).contains("package"));
        install(&bin, "own");
        assert!(read(&Program::beside(Some(&bin))).contains("own"));
        // Whoever owns the folder that a node is started in gives it no program.
        assert!(Program::beside(None).open().is_err());
    }
}
