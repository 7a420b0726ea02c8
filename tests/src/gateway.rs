//! A gateway on the Internet: a real `papermesh-gateway` in a network of its own.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::command::{Ended, Invocation, Running};
use crate::machine::SOON;
use crate::network::Namespace;
use crate::program;
use crate::wait::wait_until;

/// The gateway's domain.
pub const DOMAIN: &str = "gw.test";

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    home: PathBuf,
    network: Arc<Namespace>,
    running: Option<Running>,
}

impl Gateway {
    /// A gateway whose home is in `folder`; it does not run yet.
    #[must_use]
    pub fn new(folder: &Path, network: &Arc<Namespace>) -> Self {
        let gateway = Self {
            home: folder.join("gateway"),
            network: Arc::clone(network),
            running: None,
        };
        let _ = gateway.run(&["init", "--domain", DOMAIN]);
        gateway
    }

    fn program(&self) -> Invocation {
        Invocation::new(program::gateway(), Some(self.network.name()))
            .arg("--home")
            .arg(&self.home)
    }

    /// What a command of its provider says.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> String {
        let ended = self.program().args(args).run().succeeded();
        ended.stdout().trim().to_owned()
    }

    /// Adds lines to its settings; they count when it starts the next time.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn set(&self, lines: &str) {
        let path = self.home.join("gateway.toml");
        let text = fs::read_to_string(&path).map(|text| format!("{text}{lines}\n"));
        text.and_then(|text| fs::write(&path, text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The file of what sites used.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.home.join("ledger.jsonl")
    }

    /// The file in which it keeps whose each place is.
    #[must_use]
    pub fn places(&self) -> PathBuf {
        self.home.join("places.jsonl")
    }

    /// Lets a site in; the line for its admin.
    #[must_use]
    pub fn contract(&self, site: &str, label: &str) -> String {
        self.run(&["contract", "add", "--site", site, "--label", label])
    }

    /// Has it ask this DNS server, from its next start on.
    pub fn asks(&self, dns: &Dns) {
        self.set(&format!("resolver = [\"{}\"]\n", dns.address()));
    }

    /// Starts it, at the ports that it has on the Internet.
    pub fn start(&mut self) {
        self.running = Some(self.program().args(["run", "--log", "debug"]).start());
        // Its own page answers: doors that dial too early would come by another way.
        let at = format!("{DOMAIN}:443:127.0.0.1");
        wait_until(SOON, "the gateway", || {
            Invocation::new(&program::system("curl"), Some(self.network.name()))
                .args(["-sk", "--resolve", &at, &format!("https://{DOMAIN}/")])
                .run()
                .is_success()
        });
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.kill();
        }
    }

    /// Asks it to end, and waits until those who are served are.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.terminate();
            let _ = running.finish();
        }
    }

    /// Whether any of these bytes are in its memory.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn remembers(&self, secrets: &[&[u8]]) -> Vec<usize> {
        let Some(running) = &self.running else {
            panic!("the gateway does not run");
        };
        let memory = memory(running.id());
        let holds = |secret: &[u8]| memory.windows(secret.len()).any(|bytes| bytes == secret);
        (0..secrets.len())
            .filter(|&at| holds(secrets[at]))
            .collect()
    }
}

/// A certificate authority of the Internet: a real Pebble, which asks through the gateway who has a name.
#[derive(Debug)]
pub struct Pebble {
    folder: PathBuf,
    network: Arc<Namespace>,
    _running: Running,
}

/// The authority's host name.
pub const PEBBLE: &str = "ca.test";

impl Pebble {
    /// Starts it where the gateway is.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(folder: &Path, network: &Arc<Namespace>) -> Self {
        let folder = folder.join("pebble");
        let path = |name: &str| folder.join(name).display().to_string();
        let written = fs::create_dir_all(&folder).and_then(|()| {
            let config = json!({"pebble": {
                "listenAddress": "0.0.0.0:14000",
                "managementListenAddress": "0.0.0.0:15000",
                "certificate": path("cert.pem"),
                "privateKey": path("key.pem"),
                "httpPort": 80,
                "tlsPort": 443,
            }});
            fs::write(folder.join("config.json"), config.to_string())
        });
        written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let made = Invocation::new(&program::system("openssl"), None)
            .args("req -x509 -newkey rsa:2048 -nodes -days 1".split(' '))
            .args(["-subj", &format!("/CN={PEBBLE}")])
            .args(["-addext", &format!("subjectAltName=DNS:{PEBBLE}")])
            .args(["-addext", "extendedKeyUsage=serverAuth"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", &path("key.pem"), "-out", &path("cert.pem")])
            .run();
        let _ = made.succeeded();
        let running = Invocation::new(&program::system("pebble"), Some(network.name()))
            .args(["-config", &path("config.json")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .start();
        let pebble = Self {
            folder,
            network: Arc::clone(network),
            _running: running,
        };
        wait_until(SOON, "the certificate authority", || {
            pebble.fetch().is_success()
        });
        pebble
    }

    /// Variables of a node that is to ask it.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let root = self.folder.join("cert.pem").display().to_string();
        [
            ("PAPERMESH_ACME", format!("https://{PEBBLE}:14000/dir")),
            ("PAPERMESH_ACME_ROOT", root),
        ]
    }

    /// The file of the certificate by which those that it issues are verified.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        let _ = self.fetch().succeeded();
        self.folder.join("root.pem")
    }

    fn fetch(&self) -> Ended {
        Invocation::new(&program::system("curl"), Some(self.network.name()))
            .args(["-sSk", "-o"])
            .arg(self.folder.join("root.pem"))
            .arg(format!("https://{PEBBLE}:15000/roots/0"))
            .run()
    }
}

/// A DNS server of the Internet, in which the owner of a domain sets lines.
#[derive(Debug)]
pub struct Dns {
    network: Arc<Namespace>,
    _running: Running,
}

impl Dns {
    /// Starts it where the gateway is.
    #[must_use]
    pub fn start(network: &Arc<Namespace>) -> Self {
        let running = Invocation::new(
            &program::system("pebble-challtestsrv"),
            Some(network.name()),
        )
        .args([
            "-defaultIPv4",
            "",
            "-defaultIPv6",
            "",
            "-dns01",
            "127.0.0.1:8053",
        ])
        .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
        .args(["-management", "127.0.0.1:8055"])
        .start();
        let dns = Self {
            network: Arc::clone(network),
            _running: running,
        };
        wait_until(SOON, "the DNS server", || {
            dns.post("clear-txt", &json!({"host": "nobody.test."}))
                .is_success()
        });
        dns
    }

    fn address(&self) -> &'static str {
        "127.0.0.1:8053"
    }

    /// A name has this address.
    pub fn address_of(&self, name: &str, address: &str) {
        let line = json!({"host": name, "addresses": [address]});
        let _ = self.post("add-a", &line).succeeded();
    }

    /// A name has no address any more.
    pub fn no_address_of(&self, name: &str) {
        let _ = self.post("clear-a", &json!({"host": name})).succeeded();
    }

    /// A name has this text.
    pub fn text_of(&self, name: &str, text: &str) {
        let line = json!({"host": format!("{name}."), "value": text});
        let _ = self.post("set-txt", &line).succeeded();
    }

    fn post(&self, order: &str, line: &serde_json::Value) -> Ended {
        Invocation::new(&program::system("curl"), Some(self.network.name()))
            .args(["-sSf", "-d", &line.to_string()])
            .arg(format!("http://127.0.0.1:8055/{order}"))
            .run()
    }
}

/// All that a process may write to.
fn memory(process: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))
        .unwrap_or_else(|error| panic!("{process}: {error}"));
    let mut file = File::open(format!("/proc/{process}/mem"))
        .unwrap_or_else(|error| panic!("{process}: {error}"));
    let mut memory = Vec::new();
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let ends = range.split_once('-').and_then(|(from, to)| {
            let end = |text| u64::from_str_radix(text, 16).ok();
            Some((end(from)?, end(to)?))
        });
        let Some((from, to)) = ends.filter(|_| rights.starts_with("rw")) else {
            continue;
        };
        // What is only reserved cannot be read, and holds nothing.
        if file.seek(SeekFrom::Start(from)).is_ok() {
            let _ = (&mut file).take(to - from).read_to_end(&mut memory);
        }
    }
    memory
}
