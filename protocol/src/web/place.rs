//! Where a certificate of the site can say that a member is: names and addresses of local networks.
//!
//! The tables here are what the web authority's own certificate is constrained to (RFC 5280 section
//! 4.2.1.10), too. So whoever trusts it trusts nobody of the site with a name of the internet, even if
//! the authority key is stolen.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;

use crate::limits;
use crate::text::Name;

/// Under these names can be certified, and [`LOCALHOST`] itself.
pub const DOMAINS: [&str; 4] = ["local", "lan", "home.arpa", "internal"];
/// The name that means the computer that asks (RFC 6761 section 6.3).
pub const LOCALHOST: &str = "localhost";
/// In these networks can be certified: an address, and how many of its bits count. RFC 1918, the
/// computer itself, and addresses that need no server (RFC 3927).
pub const NETWORKS_4: [(Ipv4Addr, u8); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
];
/// The same of IPv6: RFC 4193 (those that are given out locally), RFC 4291, the computer itself.
pub const NETWORKS_6: [(Ipv6Addr, u8); 3] = [
    (Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::LOCALHOST, 128),
];

/// Why a name or an address cannot be certified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is no host name.
    #[error("{0:?} is not a host name")]
    NoName(String),
    /// It is not under one of the [`DOMAINS`], or not in one of the networks.
    #[error("{0} does not belong to a local network")]
    NotLocal(String),
    /// There are too many, or one stands there twice, or not in order.
    #[error("too many names or addresses, or not in order")]
    List,
}

/// A host name of a local network: at most 253 bytes, lower case, in full, without a dot at its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HostName(String);

/// The first part of a [`HostName`], which one member has for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Label(String);

/// An address of a local network. Four bytes or sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(IpAddr);

/// Where a member is: names and addresses, each once, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Lists", into = "Lists")]
pub struct Places {
    names: Vec<HostName>,
    addresses: Vec<Address>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    names: Vec<HostName>,
    addresses: Vec<Address>,
}

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first part; none of the name that every computer has for itself.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        let (first, _) = self.0.split_once('.')?;
        Some(Label(first.to_owned()))
    }
}

impl Label {
    /// The part.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a device of this name may be called in its network: the same letters and digits of the
    /// ASCII alphabet, in lower case, and a hyphen for whatever stands between them. None of a name
    /// with letters that host names do not have: it must not become another's.
    #[must_use]
    pub fn of_device(name: &Name) -> Option<Self> {
        if !name.as_str().is_ascii() {
            return None;
        }
        let parts: Vec<String> = name
            .as_str()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|part| !part.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        let label = parts.join("-");
        is_label(&label).then_some(Self(label))
    }
}

impl Address {
    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// Whether it means the computer that asks, which everybody is.
    #[must_use]
    pub const fn is_everybodys(self) -> bool {
        self.0.is_loopback()
    }
}

impl Places {
    /// These names and addresses, those of local networks, in order, each once.
    ///
    /// # Errors
    /// [`PlaceError::List`] if there are too many.
    pub fn new(
        names: impl IntoIterator<Item = HostName>,
        addresses: impl IntoIterator<Item = Address>,
    ) -> Result<Self, PlaceError> {
        let (mut names, mut addresses): (Vec<_>, Vec<_>) =
            (names.into_iter().collect(), addresses.into_iter().collect());
        names.sort_unstable();
        names.dedup();
        addresses.sort_unstable();
        addresses.dedup();
        Lists { names, addresses }.try_into()
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[HostName] {
        &self.names
    }

    /// The addresses.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.addresses.is_empty()
    }

    /// Whether all of them are among others.
    #[must_use]
    pub fn is_within(&self, others: &Self) -> bool {
        self.names.iter().all(|name| others.names.contains(name))
            && self
                .addresses
                .iter()
                .all(|address| others.addresses.contains(address))
    }

    /// Those that are allowed.
    #[must_use]
    pub fn only(
        &self,
        name: impl Fn(&HostName) -> bool,
        address: impl Fn(Address) -> bool,
    ) -> Self {
        Self {
            names: self.names.iter().filter(|own| name(own)).cloned().collect(),
            addresses: self
                .addresses
                .iter()
                .copied()
                .filter(|own| address(*own))
                .collect(),
        }
    }

    /// Those that others lack.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.only(
            |name| !others.names.contains(name),
            |address| !others.addresses.contains(&address),
        )
    }
}

impl FromStr for Label {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if is_label(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PlaceError::NoName(crate::text::clean(
                text,
                limits::HOST_LABEL,
            )))
        }
    }
}

impl FromStr for HostName {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let name = text.to_ascii_lowercase();
        if name.len() > limits::HOST_NAME || !name.split('.').all(is_label) {
            return Err(PlaceError::NoName(crate::text::clean(
                text,
                limits::HOST_NAME,
            )));
        }
        let is_under = |domain: &&str| {
            name.strip_suffix(*domain)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        if name == LOCALHOST || DOMAINS.iter().any(is_under) {
            Ok(Self(name))
        } else {
            Err(PlaceError::NotLocal(name))
        }
    }
}

/// Letters, digits and hyphens, none at an end (RFC 1123 section 2.1).
fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=limits::HOST_LABEL).contains(&label.len())
        && label.chars().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl TryFrom<IpAddr> for Address {
    type Error = PlaceError;
    fn try_from(ip: IpAddr) -> Result<Self, PlaceError> {
        let local = match ip {
            IpAddr::V4(ip) => NETWORKS_4.iter().any(|(network, bits)| {
                same(ip.to_bits().into(), network.to_bits().into(), 32, *bits)
            }),
            IpAddr::V6(ip) => NETWORKS_6
                .iter()
                .any(|(network, bits)| same(ip.to_bits(), network.to_bits(), 128, *bits)),
        };
        if local {
            Ok(Self(ip))
        } else {
            Err(PlaceError::NotLocal(ip.to_string()))
        }
    }
}

/// Whether the first `bits` of two addresses of `length` bits are the same.
fn same(one: u128, other: u128, length: u8, bits: u8) -> bool {
    let rest = u32::from(length - bits);
    (one ^ other).checked_shr(rest).unwrap_or(0) == 0
}

impl TryFrom<Lists> for Places {
    type Error = PlaceError;
    fn try_from(lists: Lists) -> Result<Self, PlaceError> {
        let Lists { names, addresses } = lists;
        if names.len() > limits::WEB_NAMES
            || addresses.len() > limits::WEB_ADDRESSES
            || !names.is_sorted_by(|a, b| a < b)
            || !addresses.is_sorted_by(|a, b| a < b)
        {
            return Err(PlaceError::List);
        }
        Ok(Self { names, addresses })
    }
}

impl From<Places> for Lists {
    fn from(places: Places) -> Self {
        let Places { names, addresses } = places;
        Self { names, addresses }
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(&self.0);
        }
        match self.0 {
            IpAddr::V4(ip) => serializer.serialize_bytes(&ip.octets()),
            IpAddr::V6(ip) => serializer.serialize_bytes(&ip.octets()),
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let ip = if deserializer.is_human_readable() {
            String::deserialize(deserializer)?
                .parse()
                .map_err(D::Error::custom)?
        } else {
            let bytes = ByteBuf::deserialize(deserializer)?;
            let bytes = bytes.as_slice();
            <[u8; 4]>::try_from(bytes)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
                .map_err(|_| D::Error::custom("an address has 4 or 16 bytes"))?
        };
        Self::try_from(ip).map_err(D::Error::custom)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names and then addresses, with commas between them.
impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().map(ToString::to_string);
        let addresses = self.addresses.iter().map(ToString::to_string);
        let all: Vec<_> = names.chain(addresses).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Result<Address, PlaceError> {
        text.parse::<IpAddr>().unwrap().try_into()
    }

    fn label(name: &str) -> Option<String> {
        let label = Label::of_device(&name.parse().unwrap());
        label.map(|label| label.as_str().to_owned())
    }

    #[test]
    fn only_names_of_local_networks_can_be_certified() {
        for (typed, name) in [
            ("localhost", "localhost"),
            ("Desk.local", "desk.local"),
            ("desk.lan", "desk.lan"),
            ("a.b.home.arpa", "a.b.home.arpa"),
            ("desk.corp.internal", "desk.corp.internal"),
        ] {
            assert_eq!(typed.parse::<HostName>().unwrap().as_str(), name);
        }
        for other in [
            "desk",
            "local",
            "home.arpa",
            "desk.arpa",
            "example.org",
            "desk.notlocal",
            "local.example.org",
            "www.localhost",
        ] {
            let refused = other.parse::<HostName>();
            assert!(matches!(refused, Err(PlaceError::NotLocal(_))), "{other}");
        }
        let long = format!("{}.local", "a".repeat(64));
        let longer = format!("{}local", "a.".repeat(130));
        for none in [
            "",
            ".",
            ".local",
            "desk..local",
            "desk.local.",
            "*.local",
            "-desk.local",
            "desk-.local",
            "de sk.local",
            "dësk.local",
            "desk.local\0",
            &long,
            &longer,
        ] {
            let refused = none.parse::<HostName>();
            assert!(matches!(refused, Err(PlaceError::NoName(_))), "{none}");
        }
    }

    #[test]
    fn only_addresses_of_local_networks_can_be_certified() {
        for local in [
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.20",
            "169.254.9.9",
            "127.0.0.1",
            "127.1.2.3",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "::1",
        ] {
            assert_eq!(address(local).unwrap().to_string(), local);
        }
        for other in [
            "11.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "8.8.8.8",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "::2",
            "fc00::1",
            "fec0::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(address(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_device_has_the_label_that_its_name_is() {
        assert_eq!(label("printer-1").as_deref(), Some("printer-1"));
        assert_eq!(label(" Front Desk_2. ").as_deref(), Some("front-desk-2"));
        assert_eq!(label("Café"), None);
        assert_eq!(label("印刷室"), None);
        assert_eq!(label("--"), None);
        assert_eq!(label(&"a".repeat(64)), None);
        let name: HostName = "Front-Desk-2.local".parse().unwrap();
        assert_eq!(
            name.label(),
            Label::of_device(&"Front Desk 2".parse().unwrap())
        );
        assert_eq!("localhost".parse::<HostName>().unwrap().label(), None);
    }

    #[test]
    fn places_are_few_and_in_order() {
        let names = |count: usize| (0..count).map(|n| format!("n{n}.local").parse().unwrap());
        assert!(Places::new(names(limits::WEB_NAMES), []).is_ok());
        assert_eq!(
            Places::new(names(limits::WEB_NAMES + 1), []),
            Err(PlaceError::List)
        );
        let addresses = ["10.0.0.2", "10.0.0.1", "10.0.0.2"].map(|text| address(text).unwrap());
        let places = Places::new([], addresses).unwrap();
        assert_eq!(places.to_string(), "10.0.0.1, 10.0.0.2");
        let unordered = Lists {
            names: Vec::new(),
            addresses: addresses.to_vec(),
        };
        assert_eq!(Places::try_from(unordered), Err(PlaceError::List));
        let one = places.only(|_| true, |at| at == addresses[1]);
        assert!(one.is_within(&places) && !places.is_within(&one));
        assert_eq!(places.without(&one).to_string(), "10.0.0.2");
    }

    proptest! {
        #[test]
        fn no_name_is_taken_that_is_not_under_a_local_domain(text in "[a-zA-Z0-9.*_-]{0,40}(local|lan|arpa|internal|org|localhost|)\\.?") {
            if let Ok(name) = text.parse::<HostName>() {
                let under = DOMAINS.iter().any(|domain| name.as_str().ends_with(&format!(".{domain}")));
                prop_assert!(under || name.as_str() == LOCALHOST);
                prop_assert_eq!(name.as_str().parse::<HostName>().unwrap(), name);
            }
        }
    }
}
