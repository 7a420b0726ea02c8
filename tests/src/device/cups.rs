//! `ippeveprinter` of CUPS: a real IPP Everywhere printer.
//!
//! It insists on Avahi, and Avahi on D-Bus. Both are started with it, in a mount namespace where
//! `/run` is empty, so that the system's own neither are needed nor notice; a process namespace
//! ends all three together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{SOON, files};
use crate::port;
use crate::process::Process;
use crate::program::system;
use crate::wait::wait_until;

/// Starts D-Bus, Avahi and then the printer, whose arguments come with the script.
const START: &str = r#"
set -eu
mount -t tmpfs tmpfs /run
mkdir /run/dbus /run/avahi-daemon
dbus-daemon --system --nofork --nopidfile &
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.02; done
printf '[server]\nallow-interfaces=lo\nuse-ipv6=no\n' >/run/avahi.conf
avahi-daemon --no-drop-root --no-chroot --no-rlimits -f /run/avahi.conf &
until [ -S /run/avahi-daemon/socket ]; do sleep 0.02; done
exec ippeveprinter "$@"
"#;

/// What makes paper: keeps the document and how it was to be printed. A document has its name
/// only once it is whole.
const PRINT: &str = r#"#!/bin/sh
set -eu
env | grep '^IPP_' >"$PAPER/$IPP_JOB_ID.attributes"
cp "$1" "$PAPER/$IPP_JOB_ID.part"
mv "$PAPER/$IPP_JOB_ID.part" "$PAPER/$IPP_JOB_ID.document"
"#;

/// A running printer.
#[derive(Debug)]
pub struct CupsPrinter {
    paper: PathBuf,
    port: u16,
    _process: Process,
}

/// A document that it printed.
#[derive(Debug)]
pub struct Received {
    /// Its bytes, in a file.
    pub document: PathBuf,
    attributes: String,
}

impl CupsPrinter {
    /// Starts one that takes PDF, prints on both sides, and keeps its things in `folder`. Needs root.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        Self::taking(folder, "application/pdf", &["-2"])
    }

    /// Starts one that takes documents of these formats, separated by commas; `options` are those
    /// of `ippeveprinter`. It makes no copies of raster and chooses no pages.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn taking(folder: &Path, formats: &str, options: &[&str]) -> Self {
        for program in ["ippeveprinter", "dbus-daemon", "avahi-daemon"] {
            let _ = system(program);
        }
        let (paper, spool) = (folder.join("paper"), folder.join("cups-spool"));
        let print = folder.join("print.sh");
        fs::create_dir_all(&paper)
            .and_then(|()| fs::create_dir(&spool))
            .and_then(|()| fs::write(&print, PRINT))
            .and_then(|()| fs::set_permissions(&print, fs::Permissions::from_mode(0o755)))
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let port = port::reserve();
        let mut command = Command::new(system("unshare"));
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", START, "sh"])
            .args(["-f", formats])
            .args(options)
            .args(["-p", &port.to_string()])
            .arg("-d")
            .arg(&spool)
            .arg("-c")
            .arg(&print)
            .arg("Papermesh test printer")
            .env("PAPER", &paper);
        let process = Process::start("ippeveprinter", &mut command, &folder.join("cups.log"));
        wait_until(SOON, "ippeveprinter to listen", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            paper,
            port,
            _process: process,
        }
    }

    /// For `--output`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("ipp://127.0.0.1:{}/ipp/print", self.port)
    }

    /// What it printed, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        let documents = files(&self.paper).into_iter().filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "document")
        });
        documents
            .map(|document| Received {
                attributes: fs::read_to_string(document.with_extension("attributes"))
                    .unwrap_or_default(),
                document,
            })
            .collect()
    }
}

impl Received {
    /// An attribute of its job, as CUPS names it to commands: `IPP_COPIES`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }
}
