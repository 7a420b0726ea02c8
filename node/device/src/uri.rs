//! Where the paper comes out, as a user writes it: `--output URI` (`ipp://`, `ipps://`,
//! `socket://`, `tray:`, `infra:`).
//!
//! Lives here: reading and writing the five forms. Not here: reaching the device.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The port of `ipp` and `ipps` where none is given (RFC 8010 section 4, RFC 7472 section 4).
pub const IPP_PORT: u16 = 631;

/// The port of `socket` where none is given: AppSocket, also called JetDirect.
pub const SOCKET_PORT: u16 = 9100;

/// The path of a printer where none is given: what IPP Everywhere printers use (PWG 5100.14 section
/// 4.2).
pub const IPP_PATH: &str = "/ipp/print";

/// Longest URI, in bytes (RFC 8011 section 5.1.6: `uri` has at most 1023 octets).
pub const MAX_URI: usize = 1023;

/// Longest name of an infrastructure printer: that of a label in DNS.
pub const MAX_INFRA_NAME: usize = 63;

/// An output device's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OutputUri {
    /// An IPP printer or a CUPS queue.
    Ipp(IppAddress),
    /// A raw TCP port that takes the document and says nothing.
    Socket {
        /// Name or address; IPv6 without brackets.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A folder that receives one file per release.
    Tray(PathBuf),
    /// Whoever fetches: an infrastructure printer of this name.
    Infra(String),
}

/// An IPP printer's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IppAddress {
    /// Whether HTTP runs inside TLS: `ipps`.
    pub tls: bool,
    /// Name or address; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The printer's resource, from the first `/` on.
    pub path: String,
}

impl IppAddress {
    /// `host:port` as in a URI: what a pinned certificate is filed under.
    #[must_use]
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

/// Why a text is no output URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputUriError {
    /// The text starts with none of the five schemes.
    #[error(
        "unknown output {0:?}: use ipp://HOST/PATH, ipps://HOST/PATH, socket://HOST[:PORT], tray:FOLDER or infra:NAME"
    )]
    Scheme(String),
    /// More than [`MAX_URI`] bytes.
    #[error("the output URI is longer than {MAX_URI} bytes")]
    TooLong,
    /// No host, or one that is neither a name nor an address.
    #[error(
        "{0:?} is not a host: write a name, an IPv4 address, or an IPv6 address in brackets such as [::1]"
    )]
    Host(String),
    /// Not a number from 1 to 65535.
    #[error("{0:?} is not a port: write a number from 1 to 65535")]
    Port(String),
    /// The URI carries a user name or a password.
    #[error(
        "leave user names and passwords out of the output URI: let the printer accept this computer instead"
    )]
    UserInfo,
    /// A query, a fragment, a space or a character outside ASCII.
    #[error("{0:?} cannot be part of a printer's path: write it percent-encoded, without ? or #")]
    Path(char),
    /// Something follows the port of a `socket` URI.
    #[error("a socket:// output ends with its port: remove {0:?}")]
    SocketPath(String),
    /// `tray:` without a folder.
    #[error("tray: needs a folder, as in tray:/var/spool/tray")]
    Folder,
    /// `infra:` without a name that can stand in a path.
    #[error(
        "infra: needs a name of at most {MAX_INFRA_NAME} small letters, digits and hyphens, as in infra:front-desk"
    )]
    InfraName,
}

impl FromStr for OutputUri {
    type Err = OutputUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_URI {
            return Err(OutputUriError::TooLong);
        }
        let unknown = || OutputUriError::Scheme(text.chars().take(64).collect());
        let (scheme, rest) = text.split_once(':').ok_or_else(unknown)?;
        match scheme.to_ascii_lowercase().as_str() {
            "tray" if rest.is_empty() => Err(OutputUriError::Folder),
            "tray" => Ok(Self::Tray(PathBuf::from(rest))),
            "infra" => {
                let plain =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                match (1..=MAX_INFRA_NAME).contains(&rest.len()) && rest.bytes().all(plain) {
                    true => Ok(Self::Infra(rest.to_owned())),
                    false => Err(OutputUriError::InfraName),
                }
            }
            "ipp" | "ipps" => {
                let (host, port, path) = network(rest.strip_prefix("//").ok_or_else(unknown)?)?;
                Ok(Self::Ipp(IppAddress {
                    tls: scheme.len() == "ipps".len(),
                    host,
                    port: port.unwrap_or(IPP_PORT),
                    path: checked_path(path)?,
                }))
            }
            "socket" => {
                let (host, port, path) = network(rest.strip_prefix("//").ok_or_else(unknown)?)?;
                if !matches!(path, "" | "/") {
                    return Err(OutputUriError::SocketPath(path.to_owned()));
                }
                Ok(Self::Socket {
                    host,
                    port: port.unwrap_or(SOCKET_PORT),
                })
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for OutputUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipp(address) => address.fmt(f),
            Self::Socket { host, port } => write!(f, "socket://{}", authority(host, *port)),
            Self::Tray(folder) => write!(f, "tray:{}", folder.display()),
            Self::Infra(name) => write!(f, "infra:{name}"),
        }
    }
}

impl fmt::Display for IppAddress {
    /// The `printer-uri` that goes into requests. The default port is left out, as printers
    /// themselves do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "ipps" } else { "ipp" };
        if self.port == IPP_PORT {
            write!(f, "{scheme}://{}{}", bracketed(&self.host), self.path)
        } else {
            write!(f, "{scheme}://{}{}", self.authority(), self.path)
        }
    }
}

impl OutputUri {
    /// Whether the device is this computer, so that what is sent to it is on no network.
    #[must_use]
    pub fn is_here(&self) -> bool {
        match self {
            Self::Ipp(address) => is_here(&address.host),
            Self::Socket { host, .. } => is_here(host),
            Self::Tray(_) => true,
            Self::Infra(_) => false,
        }
    }

    /// The output of a node that was told none: a tray folder.
    #[must_use]
    pub fn tray(folder: &Path) -> Self {
        Self::Tray(folder.to_path_buf())
    }
}

impl TryFrom<String> for OutputUri {
    type Error = OutputUriError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OutputUri> for String {
    fn from(uri: OutputUri) -> Self {
        uri.to_string()
    }
}

/// Whether a host is this computer, so that what is sent there is on no network.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `host[:port]` as one writes it in a URI.
pub(super) fn authority(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// Splits what follows `//` into host, port and path.
fn network(rest: &str) -> Result<(String, Option<u16>, &str), OutputUriError> {
    let (site, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if site.contains('@') {
        return Err(OutputUriError::UserInfo);
    }
    let (host, port) = match site.strip_prefix('[') {
        Some(inner) => {
            let (address, after) = inner
                .split_once(']')
                .ok_or_else(|| OutputUriError::Host(site.to_owned()))?;
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| OutputUriError::Host(site.to_owned()))?;
            (address.to_string(), after)
        }
        None => {
            let (host, port) = site.split_at(site.find(':').unwrap_or(site.len()));
            let named = !host.is_empty()
                && host.len() <= 253
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            if !named {
                return Err(OutputUriError::Host(site.to_owned()));
            }
            (host.to_ascii_lowercase(), port)
        }
    };
    let port = match port {
        "" => None,
        _ => Some(checked_port(port)?),
    };
    Ok((host, port, path))
}

fn checked_port(text: &str) -> Result<u16, OutputUriError> {
    let wrong = || OutputUriError::Port(text.trim_start_matches(':').to_owned());
    let digits = text.strip_prefix(':').ok_or_else(wrong)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    digits
        .parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(wrong)
}

fn checked_path(path: &str) -> Result<String, OutputUriError> {
    if let Some(wrong) = path
        .chars()
        .find(|c| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '"' | '<' | '>'))
    {
        return Err(OutputUriError::Path(wrong));
    }
    Ok(if matches!(path, "" | "/") {
        IPP_PATH
    } else {
        path
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{OutputUri, OutputUriError};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    fn read(text: &str) -> Result<OutputUri, OutputUriError> {
        text.parse()
    }

    #[test]
    fn what_users_write_is_understood() {
        for (text, shown) in [
            ("ipp://printer.local", "ipp://printer.local/ipp/print"),
            ("IPP://Printer.Local:631/", "ipp://printer.local/ipp/print"),
            (
                "ipps://10.0.0.9:8443/printers/Second%20floor",
                "ipps://10.0.0.9:8443/printers/Second%20floor",
            ),
            ("ipp://[::1]:8631/ipp/print", "ipp://[::1]:8631/ipp/print"),
            ("socket://printer", "socket://printer:9100"),
            ("socket://[fe80::1]:9101/", "socket://[fe80::1]:9101"),
            ("tray:/srv/tray", "tray:/srv/tray"),
            ("tray:here", "tray:here"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        assert!(matches!(
            read("lpd://printer/queue"),
            Err(OutputUriError::Scheme(_))
        ));
        assert!(matches!(
            read("ipp:printer"),
            Err(OutputUriError::Scheme(_))
        ));
        assert!(matches!(
            read("ipp:///ipp/print"),
            Err(OutputUriError::Host(_))
        ));
        assert!(matches!(
            read("ipp://pr inter/"),
            Err(OutputUriError::Host(_))
        ));
        assert!(matches!(
            read("ipp://[fe80::1%25eth0]/"),
            Err(OutputUriError::Host(_))
        ));
        assert!(matches!(
            read("ipp://printer:0/"),
            Err(OutputUriError::Port(_))
        ));
        assert!(matches!(
            read("ipp://printer:+80/"),
            Err(OutputUriError::Port(_))
        ));
        assert!(matches!(
            read("ipp://printer:65536/"),
            Err(OutputUriError::Port(_))
        ));
        assert!(matches!(
            read("ipp://ada:secret@printer/"),
            Err(OutputUriError::UserInfo)
        ));
        assert!(matches!(
            read("ipp://printer/a?b"),
            Err(OutputUriError::Path('?'))
        ));
        assert!(matches!(
            read("ipp://printer/a b"),
            Err(OutputUriError::Path(' '))
        ));
        assert!(matches!(
            read("socket://printer:9100/x"),
            Err(OutputUriError::SocketPath(_))
        ));
        assert!(matches!(read("tray:"), Err(OutputUriError::Folder)));
        assert!(matches!(
            read(&format!("tray:{}", "x".repeat(2000))),
            Err(OutputUriError::TooLong)
        ));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_the_same(text in any::<String>(), host in "[a-z0-9.-]{1,20}", port in 1u16.., tail in "[!-~]{0,20}") {
            for candidate in [text, format!("ipp://{host}:{port}/{tail}"), format!("socket://{host}:{port}")] {
                if let Ok(uri) = read(&candidate) {
                    prop_assert_eq!(read(&uri.to_string()), Ok(uri));
                }
            }
        }
    }
}
