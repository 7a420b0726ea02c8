//! A real gateway with one site's contract.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, anyhow};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::id::GatewayId;
use papermesh_tests::command::Invocation;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Process, program, reserve_port};
use tempfile::TempDir;

use crate::site::Site;

/// The site's names end so.
const DOMAIN: &str = "gw.test";
/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// A gateway that runs.
pub(super) struct Running {
    folder: TempDir,
    front: SocketAddr,
    pipes: SocketAddr,
    key: GatewayId,
    process: Process,
}

/// The name of the door with this number.
pub(super) fn name(number: u32) -> String {
    format!("{}.acme.{DOMAIN}", label(number))
}

/// Its label.
pub(super) fn label(number: u32) -> String {
    format!("door-{number}")
}

impl Running {
    /// Starts a gateway that lets the site of all measurements open so many places.
    pub(super) fn start(places: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [front, pipes] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], reserve_port())));
        let port = pipes.port().to_string();
        run(
            folder.path(),
            &["init", "--domain", DOMAIN, "--pipe-port", &port],
        );
        let (site, places) = (Site::new()?.id().to_string(), places.to_string());
        let contract = ["contract", "add", "--label", "acme"];
        let contract = [&contract[..], &["--site", &site, "--places", &places]].concat();
        let line: Gateway = run(folder.path(), &contract)
            .trim()
            .parse()
            .map_err(|_| anyhow!("the gateway printed no line for an admin"))?;
        Ok(Self {
            process: process(folder.path(), front, pipes),
            folder,
            front,
            pipes,
            key: line.key,
        })
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it once more, and waits until it listens.
    pub(super) fn again(&mut self) {
        self.process = process(self.folder.path(), self.front, self.pipes);
    }

    /// Where outsiders come to.
    pub(super) fn front(&self) -> SocketAddr {
        self.front
    }

    /// Where doors come to.
    pub(super) fn pipes(&self) -> SocketAddr {
        self.pipes
    }

    /// Its key.
    pub(super) fn key(&self) -> GatewayId {
        self.key
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its memory now, in bytes.
    pub(super) fn memory(&self) -> u64 {
        self.process.memory_now()
    }
}

/// What a command of its provider prints.
fn run(folder: &Path, words: &[&str]) -> String {
    let command = Invocation::of(program::gateway()).arg("--home").arg(folder);
    command.args(words).run().succeeded().stdout().to_owned()
}

/// Starts it, and waits until it listens.
fn process(folder: &Path, front: SocketAddr, pipes: SocketAddr) -> Process {
    let mut command = Command::new(program::gateway());
    command.arg("--home").arg(folder).arg("run");
    command.args(["--listen", &front.to_string()]);
    command.args(["--listen-pipes", &pipes.to_string()]);
    command.args(["--log", "warn"]);
    let process = Process::start("the gateway", &mut command, &folder.join("log"));
    wait_until(START, "the gateway", || TcpStream::connect(front).is_ok());
    process
}
