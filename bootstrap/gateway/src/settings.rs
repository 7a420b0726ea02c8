//! What `init` writes and the provider may change: `gateway.toml`.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{bail, ensure};
use papermesh_mail::Account;
use papermesh_protocol::gateway::carrier::Terms;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::name::Domain;
use papermesh_protocol::gateway::page::Timers;
use papermesh_protocol::limits;
use serde::{Deserialize, Serialize};

use crate::certificate::Files;
use crate::terminated::Expp;

/// How long a request of a door waits for bytes: networks cut connections that are quiet for a minute.
const WAIT: u64 = 55;
/// How often a door asks whose requests cannot wait.
const POLL: u64 = 30;
/// The most of that: a door is asked every 45 seconds whether it is there, and given up after 90.
const POLL_MAX: Duration = Duration::from_secs(40);
/// Bytes of one body: thousands of doors may send one at once, and more does not make it faster.
const CHUNK: usize = 256 * 1024;

/// The settings. Times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The domain under which places have their names. It and everything below it leads to this computer.
    pub(crate) domain: Domain,
    /// The port for pipes, as it is told to sites.
    pub(crate) pipe_port: u16,
    /// Where outsiders are heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<Vec<SocketAddr>>,
    /// Where doors are heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listen_pipes: Option<Vec<SocketAddr>>,
    /// Programs that pass outsiders' connections on, and say from where they come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) proxies: Vec<IpAddr>,
    /// Whom to ask where names lead; without one those that this computer is set to ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resolver: Vec<SocketAddr>,
    /// The certificate of the domain, with those by which it is verified after it, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    /// Its key, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
    /// How long what is waited for.
    #[serde(default, skip_serializing_if = "TimersSaid::is_default")]
    pub(crate) timers: TimersSaid,
    /// Pipes over requests.
    #[serde(default, skip_serializing_if = "HttpsSaid::is_default")]
    pub(crate) https: HttpsSaid,
    /// How doors are woken that keep no pipe. Without it none is.
    #[serde(default, skip_serializing)]
    pub(crate) mail: Option<MailSaid>,
    /// Places that are asked for by paths at the gateway's own name, of which the gateway reads all. Without it there are
    /// none.
    #[serde(default, skip_serializing)]
    pub(crate) terminated: Option<TerminatedSaid>,
}

/// The section `terminated`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TerminatedSaid {
    /// Where doors are told who asks.
    pub(crate) expp: Expp,
}

/// The section `mail`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MailSaid {
    /// The address that mails come from.
    pub(crate) from: MailAddress,
    /// Where they are submitted.
    pub(crate) account: Account,
    /// Certificates of authorities by which that server is believed, beside those of the system, as PEM.
    authorities: Option<PathBuf>,
}

impl MailSaid {
    /// The file with further authorities. Its path may begin at the gateway's folder.
    pub(crate) fn authorities(&self, home: &Path) -> Option<PathBuf> {
        self.authorities.as_ref().map(|path| home.join(path))
    }
}

/// The section `timers`: what is not said is as [`Timers::default`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TimersSaid {
    knock_hold: Option<u64>,
    knock_wait: Option<u64>,
    linger: Option<u64>,
    wake_spacing: Option<u64>,
    wakes_per_hour: Option<u8>,
}

/// The section `https`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct HttpsSaid {
    wait: Option<u64>,
    poll: Option<u64>,
}

impl Settings {
    /// Those of a new gateway.
    pub(crate) fn new(domain: Domain, pipe_port: u16) -> Self {
        Self {
            domain,
            pipe_port,
            listen: None,
            listen_pipes: None,
            proxies: Vec::new(),
            resolver: Vec::new(),
            certificate: None,
            key: None,
            timers: TimersSaid::default(),
            https: HttpsSaid::default(),
            mail: None,
            terminated: None,
        }
    }

    /// Reads the file. What it says is within its limits then.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let settings: Self = toml::from_str(text)?;
        ensure!(settings.pipe_port != 0, "pipe-port must be from 1 to 65535");
        for (name, addresses) in [
            ("listen", &settings.listen),
            ("listen-pipes", &settings.listen_pipes),
        ] {
            let is_none = addresses.as_ref().is_some_and(Vec::is_empty);
            ensure!(!is_none, "{name} must have an address, or not be there");
        }
        settings.timers.timers()?;
        settings.https.terms()?;
        settings.certificate_files(Path::new(""))?;
        Ok(settings)
    }

    /// Where the certificate of the domain is, if there is to be another than the gateway makes. Paths may begin at
    /// the gateway's folder.
    pub(crate) fn certificate_files(&self, home: &Path) -> anyhow::Result<Option<Files>> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Ok(Some(Files {
                certificate: home.join(certificate),
                key: home.join(key),
            })),
            (None, None) => Ok(None),
            _ => bail!("certificate and key must both be there, or neither"),
        }
    }
}

impl TimersSaid {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// All timers.
    pub(crate) fn timers(&self) -> anyhow::Result<Timers> {
        let usual = Timers::default();
        let or = |said: Option<u64>, usual| said.map_or(usual, Duration::from_secs);
        let timers = Timers {
            knock_hold: or(self.knock_hold, usual.knock_hold),
            knock_wait: or(self.knock_wait, usual.knock_wait),
            linger: or(self.linger, usual.linger),
            wake_spacing: or(self.wake_spacing, usual.wake_spacing),
            wakes_per_hour: self.wakes_per_hour.unwrap_or(usual.wakes_per_hour),
        };
        timers.check()?;
        Ok(timers)
    }
}

impl HttpsSaid {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What doors are told.
    pub(crate) fn terms(&self) -> anyhow::Result<Terms> {
        let wait = Duration::from_secs(self.wait.unwrap_or(WAIT));
        let (most, least) = (limits::PIPE_WAIT_MAX, limits::PIPE_POLL_RANGE.start());
        ensure!(
            wait <= most,
            "https.wait must be from 0 to {} seconds",
            most.as_secs()
        );
        let poll = Duration::from_secs(self.poll.unwrap_or(POLL));
        ensure!(
            (*least..=POLL_MAX).contains(&poll),
            "https.poll must be from {} to {} seconds",
            least.as_secs(),
            POLL_MAX.as_secs()
        );
        Ok(Terms {
            wait,
            poll,
            chunk: CHUNK,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LEAST: &str = "domain = \"gw.example\"\npipe-port = 4001\n";

    #[test]
    fn what_init_writes_is_what_is_read() {
        let settings = Settings::new("gw.example".parse().unwrap(), 4001);
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(text, LEAST);
        assert_eq!(Settings::read(&text).unwrap(), settings);
        assert_eq!(settings.timers.timers().unwrap(), Timers::default());
    }

    /// What the book shows is understood.
    #[test]
    fn the_book_has_a_file_that_can_be_read() {
        let book = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/src/operate/gateway.md"
        );
        let book = std::fs::read_to_string(book).unwrap();
        let (_, file) = book.split_once("```ini\n# gateway.toml\n").unwrap();
        let (file, _) = file.split_once("```").unwrap();
        let settings = Settings::read(file).unwrap();
        assert!(
            settings
                .certificate_files(Path::new("/"))
                .unwrap()
                .is_some()
        );
        // It shows the defaults.
        assert_eq!(settings.timers.timers().unwrap(), Timers::default());
        assert_eq!(
            settings.https.terms().unwrap(),
            HttpsSaid::default().terms().unwrap()
        );
    }

    #[test]
    fn a_provider_changes_what_it_likes_within_limits() {
        let text = format!(
            "{LEAST}listen = [\"[::]:8443\"]\ncertificate = \"gw.pem\"\nkey = \"/etc/gw.key\"\n\
             [timers]\nknock-hold = 40\n[https]\npoll = 5\nwait = 0\n"
        );
        let settings = Settings::read(&text).unwrap();
        assert_eq!(settings.timers.timers().unwrap().knock_hold.as_secs(), 40);
        let files = settings.certificate_files(Path::new("/home")).unwrap();
        let files = files.unwrap();
        assert_eq!(files.certificate, Path::new("/home/gw.pem"));
        assert_eq!(files.key, Path::new("/etc/gw.key"));
        assert_eq!(
            settings.https.terms().unwrap().to_string(),
            "wait=0, poll=5, chunk=262144"
        );
        for (wrong, said) in [
            ("listen = []", "listen must have an address"),
            ("listen = [\"everywhere\"]", "socket address"),
            ("proxies = [\"haproxy\"]", "IP address"),
            ("certificate = \"gw.pem\"", "both be there"),
            (
                "[timers]\nknock-hold = 4",
                "knock-hold must be from 5 to 110 seconds",
            ),
            ("[timers]\nlinger = -1", "linger"),
            (
                "[https]\nwait = 76",
                "https.wait must be from 0 to 75 seconds",
            ),
            (
                "[https]\npoll = 41",
                "https.poll must be from 5 to 40 seconds",
            ),
            ("domain-name = \"x\"", "domain-name"),
        ] {
            let error = Settings::read(&format!("{LEAST}{wrong}\n")).unwrap_err();
            let text = format!("{error:#}");
            assert!(text.contains(said), "{wrong}: {text}");
        }
    }
}
