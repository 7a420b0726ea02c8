//! The program that does the steps: where it is, and that it stays the same one.

use std::borrow::Cow;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use papermesh_protocol::remedy::Remedy;

use super::stage::PROGRAM;

/// Where packages put it, seen from the folder of `papermesh`.
const BESIDE: [&str; 2] = [".", "../libexec/papermesh"];

/// The program `papermesh-convert`.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    /// The file that is started, even if another one has been installed in its place since.
    open: Option<Arc<File>>,
}

/// The program is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the program {PROGRAM} is not installed beside papermesh ({})", .0.display())]
pub struct NoProgram(PathBuf);

impl Remedy for NoProgram {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(format!("install {PROGRAM} from the same release into the same folder").into())
    }
}

impl Program {
    /// The program at this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let open = File::open(&path).ok().map(Arc::new);
        Self { path, open }
    }

    /// The program that was installed with the running one.
    #[must_use]
    pub fn installed() -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        let folder = own.parent().unwrap_or(Path::new("."));
        let mut found = BESIDE
            .iter()
            .map(|beside| folder.join(beside).join(PROGRAM));
        let there = found.find(|path| path.is_file());
        Self::at(there.unwrap_or_else(|| folder.join(PROGRAM)))
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// [`NoProgram`] if it is not, or cannot be read.
    pub fn check(&self) -> Result<(), NoProgram> {
        match self.open {
            Some(_) => Ok(()),
            None => Err(NoProgram(self.path.clone())),
        }
    }

    /// What a process is started from. On Linux it is the file that is open here.
    pub(super) fn path(&self) -> Cow<'_, Path> {
        match &self.open {
            Some(open) if cfg!(target_os = "linux") => {
                PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd())).into()
            }
            _ => self.path.as_path().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_program_that_was_there_at_the_start_is_the_one_that_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PROGRAM);
        std::fs::write(&path, "old").unwrap();
        let program = Program::at(path.clone());
        std::fs::write(folder.path().join("new"), "new").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(program.check(), Ok(()));
        assert_eq!(std::fs::read(program.path()).unwrap(), b"old");
    }

    #[test]
    fn one_that_is_missing_is_named() {
        let missing = Program::at("/nonexistent/papermesh-convert".into());
        let error = missing.check().unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent/papermesh-convert"),
            "{error}"
        );
        assert!(error.remedy().unwrap().contains("same release"));
    }
}
