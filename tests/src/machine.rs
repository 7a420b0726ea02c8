//! A computer of a site: its home, its command line, and the node that runs there or does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::answer::{AuditEntry, Job, Status, Submitted};
use crate::command::Invocation;
use crate::document::Document;
use crate::network::Namespace;
use crate::port;
use crate::process::Process;
use crate::program;
use crate::user::User;
use crate::visit::Visit;
use crate::wait::wait_until;

/// How long a node may take to start, to stop, or to notice what happened elsewhere.
pub const SOON: Duration = Duration::from_secs(45);

/// A computer.
#[derive(Debug)]
pub struct Machine {
    name: String,
    home: PathBuf,
    log: PathBuf,
    setting: Setting,
    node: Option<Process>,
}

/// Where a computer stands and how its node is started. Public members are for tests that want
/// something unusual, before the node runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program that is the node: `papermesh`, unless it is a bootstrap node.
    pub program: PathBuf,
    /// Arguments of `papermesh run` besides those for loopback.
    pub run: Vec<String>,
    /// Variables of the node's environment.
    pub environment: Vec<(String, String)>,
    /// The namespace that the computer is in; none for the host's loopback, without mDNS.
    pub namespace: Option<Arc<Namespace>>,
}

impl Default for Setting {
    /// On loopback, without mDNS, on ports that stay the same when the node is started again.
    fn default() -> Self {
        let listen = format!("/ip4/127.0.0.1/tcp/{}", port::reserve());
        let join = format!("/ip4/127.0.0.1/tcp/{}", port::reserve());
        Self {
            program: program::papermesh().to_owned(),
            run: vec!["--no-mdns".into(), "--listen".into(), listen],
            environment: vec![
                ("PAPERMESH_JOIN_LISTEN".into(), join),
                // Tests that print to it say where it is.
                ("PAPERMESH_IPP".into(), "off".into()),
                ("PAPERMESH_PANEL".into(), "off".into()),
                ("PAPERMESH_PORTAL".into(), "off".into()),
                (
                    "PAPERMESH_LOG".into(),
                    "info,papermesh=debug,papermesh_store=info".into(),
                ),
            ],
            namespace: None,
        }
    }
}

impl Setting {
    /// In a namespace, with the node's own defaults: mDNS, every address, any port.
    #[must_use]
    pub fn within(namespace: &Arc<Namespace>) -> Self {
        Self {
            program: program::papermesh().to_owned(),
            run: Vec::new(),
            environment: vec![(
                "PAPERMESH_LOG".into(),
                "info,papermesh=debug,papermesh_store=info".into(),
            )],
            namespace: Some(Arc::clone(namespace)),
        }
    }

    /// The same with more arguments of `papermesh run`.
    #[must_use]
    pub fn running(mut self, args: &[&str]) -> Self {
        self.run.extend(args.iter().map(|&arg| arg.to_owned()));
        self
    }

    /// The same with a variable of the node's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Machine {
    /// A computer whose home and log are in `folder`; nothing is there or runs yet.
    #[must_use]
    pub fn new(folder: &Path, name: &str, setting: Setting) -> Self {
        Self {
            name: name.to_owned(),
            home: folder.join(name),
            log: folder.join(format!("{name}.log")),
            setting,
            node: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What its node said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Changes how its node is started the next time.
    pub fn setting(&mut self) -> &mut Setting {
        &mut self.setting
    }

    /// The command line on this computer. All commands are asked for JSON.
    pub fn papermesh(&self, command: &str) -> Invocation {
        self.program(program::papermesh())
            .args(command.split_whitespace())
            .arg("--json")
    }

    /// Another program on this computer, with its home in the environment.
    pub fn program(&self, program: &Path) -> Invocation {
        let namespace = self.setting.namespace.as_deref().map(Namespace::name);
        Invocation::new(program, namespace).env("PAPERMESH_HOME", &self.home)
    }

    // The node ---------------------------------------------------------------------------------

    /// Starts the node, without waiting for it.
    pub fn start(&mut self) {
        let namespace = self.setting.namespace.as_deref().map(Namespace::name);
        let command = Invocation::new(&self.setting.program, namespace)
            .env("PAPERMESH_HOME", &self.home)
            .arg("run")
            .args(&self.setting.run);
        let mut command = self
            .setting
            .environment
            .iter()
            .fold(command, |command, (name, value)| command.env(name, value))
            .into_command();
        self.node = Some(Process::start(&self.name, &mut command, &self.log));
    }

    /// Starts the node and waits until it is part of its site.
    #[must_use]
    pub fn running(mut self) -> Self {
        self.run();
        self
    }

    /// Starts the node and waits until it is part of its site.
    pub fn run(&mut self) {
        self.start();
        self.wait_until_ready();
    }

    /// Waits until the node is part of its site.
    pub fn wait_until_ready(&self) {
        let _ = self.papermesh("status --wait 45s").run().succeeded();
    }

    /// Ends the node as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut node) = self.node.take() {
            node.kill();
        }
    }

    /// Ends the node in good order.
    ///
    /// # Panics
    /// If it does not end, or not well.
    pub fn stop(&mut self) {
        if let Some(mut node) = self.node.take() {
            node.terminate();
            let status = node.wait(SOON);
            assert!(status.success(), "{} ended with {status}", self.name);
        }
    }

    /// Ends the node in good order and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// The node's process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn node(&mut self) -> &mut Process {
        let name = &self.name;
        self.node
            .as_mut()
            .unwrap_or_else(|| panic!("no node runs on {name}"))
    }

    /// Stops the node where it stands, its connections open.
    pub fn freeze(&mut self) {
        self.node().freeze();
    }

    /// Lets the node go on.
    pub fn thaw(&mut self) {
        self.node().thaw();
    }

    // What it knows ----------------------------------------------------------------------------

    /// How its node is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.papermesh("status").json()
    }

    /// Its node's first address, with its libp2p name at the end, as others may dial it.
    ///
    /// # Panics
    /// If it listens nowhere.
    #[must_use]
    pub fn address(&self) -> String {
        let status = self.status();
        let address = status.listening.first().cloned();
        address.unwrap_or_else(|| panic!("{} listens nowhere", self.name))
    }

    /// Its node's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.status().node.id
    }

    /// The jobs that it holds.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.papermesh("jobs list").json()
    }

    /// Its audit log, oldest first.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditEntry> {
        self.papermesh("audit").run().succeeded().json_lines()
    }

    /// Waits until it is connected with as many members.
    pub fn wait_for_peers(&self, count: u32) {
        let what = format!("{count} members to be connected with {}", self.name);
        wait_until(SOON, &what, || self.status().peers >= count);
    }

    /// Everything that lies in a folder of its home; nothing if there is no such folder.
    #[must_use]
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        files(&self.home.join(folder))
    }

    /// What was printed to its tray, by name: finished files only.
    #[must_use]
    pub fn tray(&self) -> Vec<PathBuf> {
        let hidden = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
        };
        let mut printed = self.files("tray");
        printed.retain(|path| !hidden(path));
        printed
    }

    // What people do there ---------------------------------------------------------------------

    /// The user prints a document: the computer holds it from now on.
    pub fn print(&self, document: &Document, user: &User) -> Submitted {
        self.submission(document, user).json()
    }

    /// The command with which the user prints a document.
    pub fn submission(&self, document: &Document, user: &User) -> Invocation {
        self.papermesh("print")
            .arg(document.path())
            .args(["--user", &user.id])
    }

    /// The user walks up to this printer with the badge, to type the PIN.
    pub fn visit(&self, user: &User) -> Visit<'_> {
        Visit::by_badge(self, user)
    }
}

/// The files of a folder, by name; none if there is no such folder.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    files.sort();
    files
}
