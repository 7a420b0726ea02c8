//! What a gateway is compared with: haproxy, which reads the name in TLS, too, and passes all bytes on as they are.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Process, program, reserve_port};
use tempfile::TempDir;

/// What the table says where there is none.
pub(super) const MISSING: &str = "haproxy is not installed";
/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// haproxy, which passes everything to one server.
pub(super) struct Haproxy {
    address: SocketAddr,
    process: Process,
    _folder: TempDir,
}

impl Haproxy {
    /// Starts it, if it is installed. What it says to the server is as it came,
    pub(super) fn start(server: SocketAddr) -> Result<Option<Self>> {
        Self::with(&server.to_string())
    }

    /// or within one more TLS, as a gateway says it within a pipe.
    pub(super) fn encrypting(server: SocketAddr) -> Result<Option<Self>> {
        Self::with(&format!("{server} ssl verify none"))
    }

    fn with(server: &str) -> Result<Option<Self>> {
        let Some(program) = program::find("haproxy") else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from(([127, 0, 0, 1], reserve_port()));
        let settings = folder.path().join("haproxy.cfg");
        fs::write(&settings, configuration(address, server))?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&settings);
        let process = Process::start("haproxy", &mut command, &folder.path().join("log"));
        wait_until(START, "haproxy", || TcpStream::connect(address).is_ok());
        Ok(Some(Self {
            address,
            process,
            _folder: folder,
        }))
    }

    /// Where outsiders come to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
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

/// As many files as it may have are its connections; two of them are one outsider.
fn configuration(address: SocketAddr, server: &str) -> String {
    format!(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
         frontend outside\n  bind {address} backlog 4096\n  tcp-request inspect-delay 5s\n  \
         tcp-request content accept if {{ req.ssl_hello_type 1 }}\n  \
         use_backend inside if {{ req.ssl_sni -m end .gw.test }}\n\
         backend inside\n  server door {server}\n"
    )
}
