//! The print system of a desktop: a scheduler of CUPS of the test's own, with the filters of the
//! system.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::command::{Ended, Invocation};
use crate::machine::{Machine, SOON};
use crate::network::Namespace;
use crate::process::Process;
use crate::program::system;
use crate::wait::wait_until;

/// Where it listens, and who may do what: everybody everything, and in queues with the policy
/// `authenticated`, which CUPS has as it is installed, print only as who they are.
const POLICY: &str = "\
LogLevel debug
MaxLogSize 0
Browsing No
WebInterface No
DefaultAuthType Basic
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
<Policy authenticated>
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    AuthType Default
    Order deny,allow
    Allow all
  </Limit>
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
";

/// Lines of its log that a failed test shows.
const SHOWN: usize = 200;

/// A running scheduler.
#[derive(Debug)]
pub struct Cups {
    _process: Process,
    /// The last to go: the log of the other lies there.
    folder: tempfile::TempDir,
}

impl Cups {
    /// Starts one. Needs root: filters run as another user.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_in(None)
    }

    /// Starts one that sees no network but this.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn within(namespace: &Namespace) -> Self {
        Self::start_in(Some(namespace.name()))
    }

    fn start_in(namespace: Option<&str>) -> Self {
        // Filters must get through to their files, which a test's own folder would not let them.
        let folder = tempfile::Builder::new()
            .prefix("papermesh-cups-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let cups = |name: &str| folder.path().join(name);
        let show = |name: &str| cups(name).display().to_string();
        for (name, mode) in [
            ("etc", 0o755),
            ("run", 0o755),
            ("cache", 0o770),
            ("spool", 0o710),
        ] {
            make(&cups(name), mode);
        }
        make(&cups("tmp"), 0o1777);
        let files = [
            ("ServerRoot", "etc"),
            ("StateDir", "run"),
            ("CacheDir", "cache"),
            ("RequestRoot", "spool"),
            ("TempDir", "tmp"),
            ("ServerKeychain", "etc/ssl"),
            ("ErrorLog", "error_log"),
            ("AccessLog", "access_log"),
            ("PageLog", "page_log"),
        ];
        let files: String = (files.iter())
            .map(|(what, name)| format!("{what} {}\n", show(name)))
            .collect();
        write(
            &cups("cups-files.conf"),
            &format!("SystemGroup root\n{files}"),
        );
        write(
            &cups("cupsd.conf"),
            &format!("Listen {}\n{POLICY}", show("socket")),
        );
        let command = Invocation::new(&system("cupsd"), namespace).args([
            "-f",
            "-c",
            &show("cupsd.conf"),
            "-s",
            &show("cups-files.conf"),
        ]);
        let process = Process::start("cupsd", &mut command.into_command(), &cups("out.log"));
        let this = Self {
            folder,
            _process: process,
        };
        wait_until(SOON, "cupsd to listen", || this.socket().exists());
        this
    }

    /// Where it listens: what `CUPS_SERVER` says to the programs of CUPS.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// What it knows of a queue: the file that tells filters what to make.
    #[must_use]
    pub fn description(&self, queue: &str) -> PathBuf {
        self.folder.path().join(format!("etc/ppd/{queue}.ppd"))
    }

    /// What it said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error_log")).unwrap_or_default()
    }

    /// An invocation whose programs print through this scheduler.
    pub fn serving(&self, invocation: Invocation) -> Invocation {
        invocation.env("CUPS_SERVER", self.socket())
    }

    /// A program of CUPS, as a user of `machine` runs it.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, machine: &Machine, program: &str, args: &[&str]) -> Ended {
        self.serving(machine.program(&system(program)).args(args))
            .run()
            .succeeded()
    }

    /// Prints a file; waits until it has left the queue.
    ///
    /// # Panics
    /// If it does not.
    pub fn print(&self, machine: &Machine, queue: &str, file: &Path, options: &[&str]) {
        let file = file.to_str().unwrap_or_default();
        let args = [&["-d", queue][..], options, &[file]].concat();
        let _ = self.run(machine, "lp", &args);
        wait_until(SOON, "the queue to be empty", || {
            self.run(machine, "lpstat", &["-o", queue])
                .stdout()
                .is_empty()
        });
    }
}

impl Drop for Cups {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            // What it says of jobs, and what is wrong.
            let matters = |line: &&str| line.contains("[Job") || line.starts_with(['E', 'W']);
            let lines: Vec<_> = log.lines().filter(matters).collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN)..];
            eprintln!("--- the end of the log of CUPS:\n{}", shown.join("\n"));
        }
    }
}

fn make(folder: &Path, mode: u32) {
    fs::create_dir(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(mode)))
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
