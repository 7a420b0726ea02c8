//! Single values as people write them: sizes, durations, addresses. Each is checked where it is
//! read, so that the complaint can name the place.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use papermesh_door::Proxy;
use papermesh_protocol::text::UserId;
use serde::Deserialize;

/// Why a value is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a size.
    #[error("{0:?} is not a size: write a number with an optional unit, such as 500MB or 10GiB")]
    Size(String),
    /// Not a duration.
    #[error("{0:?} is not a duration: write numbers with units, such as 30s, 15m or 1h 30m")]
    Duration(String),
    /// Not a multiaddr.
    #[error("{0:?} is not a multiaddr: write something like /ip4/192.0.2.7/tcp/4631")]
    Address(String),
    /// Not a format of documents.
    #[error("{0:?} is not a format: write a MIME type such as application/pdf or image/urf")]
    MediaType(String),
    /// Neither yes nor no.
    #[error("{0:?} is neither true nor false")]
    Switch(String),
    /// Not an address to listen on.
    #[error("{0:?} is not an address to listen on: write something like 127.0.0.1:6310, or off")]
    Listen(String),
    /// Not a mapping of names.
    #[error(
        "{0:?} is not a list of names and users: write something like charlie-laptop=charlie,bob=bob"
    )]
    Users(String),
    /// Not a mode of the DHT.
    #[error("{0:?} is neither server nor client")]
    Dht(String),
    /// No proxy. What it says is not repeated: there may be a password in it.
    #[error("not an HTTP proxy: write http://host:port or http://user:password@host:port, or off")]
    Proxy,
    /// Nobody who keeps keys.
    #[error("{0:?} is not one of auto, off, systemd-creds and secret-service")]
    KeyProtection(String),
}

/// A number of bytes: `1000`, `64KiB`, `1.5GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::Size(text.to_owned());
        let trimmed = text.trim();
        let digits = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let unit = UNITS
            .iter()
            .find(|(name, _)| *name == unit || (unit == "b" && name.is_empty()))
            .map(|(_, factor)| *factor)
            .ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || (number.contains('.') && fraction.is_empty()) {
            return Err(wrong());
        }
        let bytes = whole.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
        let rest = match fraction {
            "" => Some(0),
            // Three digits after the point are all that anybody means.
            _ if fraction.len() <= 3 => fraction.parse::<u64>().ok().map(|n| {
                let scale = [1, 10, 100, 1000][fraction.len()];
                n * (unit / scale) + n * (unit % scale) / scale
            }),
            _ => None,
        };
        match (bytes, rest) {
            (Some(bytes), Some(rest)) => bytes.checked_add(rest).map(Self).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

/// A length of time: `30s`, `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Wait(Duration);

impl Wait {
    /// The length.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Wait {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        humantime::parse_duration(text.trim())
            .map(Self)
            .map_err(|_| ValueError::Duration(text.to_owned()))
    }
}

/// Text that looks like a multiaddr. Whether it is one the mesh can use, the mesh says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

/// The longest multiaddr that is read, in bytes.
const ADDRESS_LIMIT: usize = 1024;

impl FromStr for Address {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let trimmed = text.trim();
        let parts = trimmed.strip_prefix('/').map(|rest| rest.split('/'));
        let complete = |mut parts: std::str::Split<'_, char>| parts.all(|part| !part.is_empty());
        if trimmed.len() <= ADDRESS_LIMIT
            && trimmed.chars().all(|c| c.is_ascii_graphic())
            && parts.is_some_and(complete)
        {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(ValueError::Address(text.chars().take(80).collect()))
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// A format of documents: a MIME media type without parameters, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MediaType(String);

/// The longest MIME type that is read, in bytes.
const MEDIA_TYPE_LIMIT: usize = 127;

impl FromStr for MediaType {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let lower = text.trim().to_ascii_lowercase();
        let is_name = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        match lower.split_once('/') {
            Some((kind, form))
                if lower.len() <= MEDIA_TYPE_LIMIT && is_name(kind) && is_name(form) =>
            {
                Ok(Self(lower))
            }
            _ => Err(ValueError::MediaType(text.chars().take(80).collect())),
        }
    }
}

impl From<MediaType> for String {
    fn from(media_type: MediaType) -> Self {
        media_type.0
    }
}

/// Where something listens, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Listen {
    /// It does not.
    Off,
    /// There.
    At(SocketAddr),
}

impl Listen {
    /// Where, if anywhere.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl FromStr for Listen {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.trim() {
            "off" => Ok(Self::Off),
            address => address
                .parse()
                .map(Self::At)
                .map_err(|_| ValueError::Listen(text.chars().take(80).collect())),
        }
    }
}

/// Through which HTTP proxy TLS leaves this computer's network, if through any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ProxyChoice {
    /// Through none.
    Off,
    /// Through this one.
    Through(Proxy),
}

impl FromStr for ProxyChoice {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.trim() {
            "off" => Ok(Self::Off),
            proxy => proxy
                .parse()
                .map(Self::Through)
                .map_err(|_| ValueError::Proxy),
        }
    }
}

/// The proxy that all programs of this computer are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemProxy {
    /// An HTTP proxy.
    Http(Proxy),
    /// Another kind, for other programs, or what cannot be read.
    Other,
}

/// Names that programs say, and the users who are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct NamedUsers(pub BTreeMap<String, UserId>);

impl FromStr for NamedUsers {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::Users(text.chars().take(80).collect());
        let pair = |pair: &str| {
            let (name, user) = pair.split_once('=').ok_or_else(wrong)?;
            Ok((name.trim().to_owned(), user.parse().map_err(|_| wrong())?))
        };
        text.split(',')
            .map(pair)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Whether a node stores records for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DhtMode {
    /// It does, as every node should that others can reach.
    #[default]
    Server,
    /// It only asks.
    Client,
}

impl FromStr for DhtMode {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "server" => Ok(Self::Server),
            "client" => Ok(Self::Client),
            _ => Err(ValueError::Dht(text.to_owned())),
        }
    }
}

impl fmt::Display for DhtMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// Who keeps the key to the node's own keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProtection {
    /// This computer's TPM, if it has one that can be used without asking.
    #[default]
    Auto,
    /// Nobody: they lie in files that open by themselves.
    Off,
    /// systemd-creds.
    SystemdCreds,
    /// The user's keyring.
    SecretService,
}

impl FromStr for KeyProtection {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            "systemd-creds" => Ok(Self::SystemdCreds),
            "secret-service" => Ok(Self::SecretService),
            _ => Err(ValueError::KeyProtection(text.to_owned())),
        }
    }
}

macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = ValueError;
            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }
    )*};
}
from_text!(ByteSize, Wait, Address, MediaType, Listen, ProxyChoice);

/// Yes or no, as environment variables spell it.
pub(super) fn switch(text: &str) -> Result<bool, ValueError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(ValueError::Switch(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn size(text: &str) -> Option<u64> {
        text.parse::<ByteSize>().ok().map(ByteSize::bytes)
    }

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(size("1000"), Some(1000));
        assert_eq!(size("10 GiB"), Some(10 << 30));
        assert_eq!(size("1.5kB"), Some(1500));
        assert_eq!(size("0.5KiB"), Some(512));
        assert_eq!(size("7b"), Some(7));
        for wrong in [
            "",
            "GiB",
            "1.",
            ".5GB",
            "1.2.3MB",
            "-1",
            "1 parsec",
            "99999999TiB",
            "1.2345GB",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_must_look_like_multiaddrs() {
        assert!("/dns4/mesh.example.org/tcp/4631".parse::<Address>().is_ok());
        for wrong in [
            "",
            "/",
            "192.0.2.7:80",
            "/ip4//tcp/1",
            "/ip4/1.2.3.4/tcp/1 2",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn formats_are_mime_types_without_parameters() {
        let format: MediaType = " Application/PDF ".parse().unwrap();
        assert_eq!(String::from(format), "application/pdf");
        assert!("application/vnd.hp-pclxl".parse::<MediaType>().is_ok());
        for wrong in ["", "pdf", "/", "a/", "text/plain; charset=utf-8", "a/b/c"] {
            assert!(wrong.parse::<MediaType>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_listener_is_somewhere_or_off() {
        assert_eq!("off".parse(), Ok(Listen::Off));
        assert_eq!(
            "[::1]:6310".parse(),
            Ok(Listen::At("[::1]:6310".parse().unwrap()))
        );
        assert!("localhost".parse::<Listen>().is_err());
    }

    #[test]
    fn names_are_mapped_to_users() {
        let users: NamedUsers = "root=charlie, DOMAIN\\bob=bob".parse().unwrap();
        assert_eq!(users.0["root"].as_str(), "charlie");
        assert_eq!(users.0["DOMAIN\\bob"].as_str(), "bob");
        assert!("root".parse::<NamedUsers>().is_err());
    }

    #[test]
    fn switches_take_the_usual_words() {
        assert_eq!(switch("Yes"), Ok(true));
        assert_eq!(switch("0"), Ok(false));
        assert!(switch("").is_err());
    }
}
