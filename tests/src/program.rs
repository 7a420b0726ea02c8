//! The programs under test, and those of the system that tests need.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The node and its command line.
#[must_use]
pub fn papermesh() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("papermesh"))
}

/// The program that does the steps of conversions.
#[must_use]
pub fn converter() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("papermesh-convert"))
}

/// The bootstrap node.
#[must_use]
pub fn bootstrap() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("papermesh-bootstrap"))
}

/// The gateway.
#[must_use]
pub fn gateway() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("papermesh-gateway"))
}

/// An example of the node's library.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    built(&format!("examples/{name}"))
}

/// A program of the system.
///
/// # Panics
/// If it is not installed: a test that cannot run has failed, not passed.
#[must_use]
pub fn system(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| panic!("this test needs {name}; run scripts/setup"))
}

/// The browser, which not every system calls by its name.
///
/// # Panics
/// As [`system`].
#[must_use]
pub fn chromium() -> PathBuf {
    find("chromium").unwrap_or_else(|| system("chromium-browser"))
}

/// A program of the system, if it is installed.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // System programs that users do not need are not on every PATH, nor are snaps.
    let folders =
        env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into(), "/snap/bin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// A program of this workspace. Cargo puts tests into `deps/` of the folder in which it puts
/// programs.
fn built(name: &str) -> PathBuf {
    let this = env::current_exe().unwrap_or_default();
    // Programs lie beside one another; tests lie in a folder beside the programs.
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not built; run `cargo build --workspace` first"))
}
