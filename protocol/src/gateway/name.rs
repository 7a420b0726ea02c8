//! The names under which a gateway is asked for a site or a place: `PLACE.SITE.GATEWAY`, or an alias in a path.
//!
//! Not here: names of local networks, which a site certifies itself (see [`crate::web::place`]).

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;
use crate::remedy::Remedy;
use crate::text::{TextError, check, text};

/// Labels that a gateway needs itself, or that mail and web programs look for.
const RESERVED: [&str; 9] = [
    "www", "mail", "smtp", "imap", "pipe", "api", "admin", "ns1", "ns2",
];
/// Fewest characters of a [`Label`]: those of two are reserved.
const LABEL_MIN: usize = 3;
/// The only domain of one label: by it, computers reach themselves (RFC 6761 section 6.3).
const LOCALHOST: &str = "localhost";

/// A DNS name as a client asks for it: letters, digits and hyphens, folded to lower case, without a dot at its end.
///
/// It may have a single label, as `localhost` has, for which CUPS asks whatever has a loopback address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HostName(String);

/// One label that names a site at a gateway, or a place of a site.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Label(String);

/// The host name of a gateway, below which its sites and their places have theirs.
///
/// At most [`limits::GATEWAY_DOMAIN`] bytes, so that the longest place still is a host name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "HostName")]
pub struct Domain(HostName);

/// Text registered for a place, by which a path at the gateway itself asks for it: `expp1%abc.com`.
///
/// A mail account is written with `%`, since `@` and `%` are the same here, and so are upper and lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Alias(String);

text!(HostName, Label, Alias);

/// Whom a host name means, at one gateway. Whether there is such a site or place is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The gateway itself.
    Gateway,
    /// A site's own page.
    Site(Label),
    /// A place of a site.
    Place {
        /// The site.
        site: Label,
        /// The place.
        place: Label,
    },
}

/// Why text is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// Nothing, or a single dot.
    #[error("a host name must not be empty")]
    Empty,
    /// Longer than [`limits::HOST_NAME`].
    #[error("a host name must not be longer than {max} bytes", max = limits::HOST_NAME)]
    TooLong,
    /// A character that no host name has (RFC 1123 section 2.1).
    #[error("a host name must not contain {0:?}")]
    Character(char),
    /// A label that is empty or longer than [`limits::HOST_LABEL`].
    #[error("each part of a host name must have 1 to {max} characters", max = limits::HOST_LABEL)]
    Label,
    /// A hyphen at an end of a label.
    #[error("no part of a host name may begin or end with a hyphen")]
    Hyphen,
    /// A number as the last label, which makes it an IPv4 address or nothing.
    #[error("an IP address is not a host name")]
    Address,
}

/// Why text cannot name a site or a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Too short or too long.
    #[error("this name does not have {LABEL_MIN} to {max} characters", max = limits::HOST_LABEL)]
    Length,
    /// A character that it may not have.
    #[error("this name must not contain {0:?}")]
    Character(char),
    /// A hyphen at an end, or hyphens in third and fourth place, which mark names in other scripts (RFC 5891
    /// section 4.2.3.1).
    #[error("this name has a hyphen where none may be")]
    Hyphen,
    /// One of those that are not given away.
    #[error("{0:?} is reserved")]
    Reserved(String),
}

impl Remedy for LabelError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Length | Self::Character(_) => {
                "choose a name of 3 to 63 letters from a to z, digits, and hyphens between them"
                    .into()
            }
            Self::Hyphen => "put single hyphens between letters or digits only".into(),
            Self::Reserved(_) => "choose another name".into(),
        })
    }
}

/// Why a host name cannot be a gateway's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// It is no host name.
    #[error(transparent)]
    HostName(#[from] HostNameError),
    /// It leaves too little room for places.
    #[error("a gateway's domain must not be longer than {max} bytes", max = limits::GATEWAY_DOMAIN)]
    TooLong,
    /// It is a single label.
    #[error("{0} is not a full domain")]
    OneLabel(HostName),
}

impl Remedy for DomainError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("give a domain name of your own, such as gw.example.org".into())
    }
}

impl FromStr for HostName {
    type Err = HostNameError;
    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(HostNameError::Empty);
        }
        if name.len() > limits::HOST_NAME {
            return Err(HostNameError::TooLong);
        }
        if let Some(c) = name.chars().find(|&c| !is_of_host_names(c)) {
            return Err(HostNameError::Character(c));
        }
        for label in name.split('.') {
            if !(1..=limits::HOST_LABEL).contains(&label.len()) {
                return Err(HostNameError::Label);
            }
            if label.starts_with('-') || label.ends_with('-') {
                return Err(HostNameError::Hyphen);
            }
        }
        let name = name.to_ascii_lowercase();
        if name.rsplit('.').next().is_some_and(is_number) {
            return Err(HostNameError::Address);
        }
        Ok(Self(name))
    }
}

/// Whether a host name may have this character at all.
pub(super) fn is_of_host_names(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.'
}

/// Whether a browser takes a name that ends with this label for an IPv4 address (WHATWG URL section 3.5).
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").map(str::bytes);
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|mut digits| digits.all(|byte| byte.is_ascii_hexdigit()))
}

impl Label {
    /// A label that nobody guesses: eight characters, made of 40 random bits.
    #[must_use]
    pub fn random(bits: [u8; 5]) -> Self {
        Self(BASE32_NOPAD.encode(&bits).to_ascii_lowercase())
    }
}

impl FromStr for Label {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        if !(LABEL_MIN..=limits::HOST_LABEL).contains(&text.len()) {
            return Err(LabelError::Length);
        }
        let label = text.to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(c) = label.chars().find(|&c| !allowed(c)) {
            return Err(LabelError::Character(c));
        }
        if label.starts_with('-') || label.ends_with('-') || label.get(2..4) == Some("--") {
            return Err(LabelError::Hyphen);
        }
        if RESERVED.contains(&label.as_str()) {
            return Err(LabelError::Reserved(label));
        }
        Ok(Self(label))
    }
}

impl Domain {
    /// The gateway's own host name.
    #[must_use]
    pub const fn host_name(&self) -> &HostName {
        &self.0
    }

    /// The host name of a place of a site, or of the site itself.
    #[must_use]
    pub fn place(&self, site: &Label, place: Option<&Label>) -> HostName {
        HostName(match place {
            Some(place) => format!("{place}.{site}.{self}"),
            None => format!("{site}.{self}"),
        })
    }

    /// Whether a name is this one or below it, at any depth.
    #[must_use]
    pub fn is_above(&self, name: &HostName) -> bool {
        let above = name.as_str().strip_suffix(self.0.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    /// Whom a host name means here; nobody if it is of another domain, or of none of the forms that
    /// [`place`](Self::place) makes.
    #[must_use]
    pub fn find(&self, name: &HostName) -> Option<Found> {
        let labels = name.as_str().strip_suffix(self.0.as_str())?;
        if labels.is_empty() {
            return Some(Found::Gateway);
        }
        let labels = labels.strip_suffix('.')?;
        Some(match labels.split_once('.') {
            None => Found::Site(labels.parse().ok()?),
            Some((place, site)) => Found::Place {
                site: site.parse().ok()?,
                place: place.parse().ok()?,
            },
        })
    }
}

impl TryFrom<HostName> for Domain {
    type Error = DomainError;
    fn try_from(name: HostName) -> Result<Self, DomainError> {
        if name.0.len() > limits::GATEWAY_DOMAIN {
            return Err(DomainError::TooLong);
        }
        if !name.0.contains('.') && name.0 != LOCALHOST {
            return Err(DomainError::OneLabel(name));
        }
        Ok(Self(name))
    }
}

impl FromStr for Domain {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        text.parse::<HostName>()?.try_into()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Alias {
    /// The aliases that a segment of a path can mean, in the order in which a gateway looks for them: as it stands,
    /// then percent-decoded, once.
    ///
    /// In this order because `%ab` in `expp1%abc.com` is an escape as well. A `%` that begins none stands for itself.
    pub fn readings(segment: &str) -> impl Iterator<Item = Self> {
        let decoded = String::from_utf8(percent_decoded(segment)).ok();
        let decoded = decoded.and_then(|text| text.parse().ok());
        [segment.parse().ok(), decoded].into_iter().flatten()
    }

    /// Whether a segment of a path can mean this alias. Where there are several, the one that stands first among the
    /// [`readings`](Self::readings) is meant.
    #[must_use]
    pub fn matches(&self, segment: &str) -> bool {
        Self::readings(segment).any(|alias| alias == *self)
    }
}

impl FromStr for Alias {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        check(text, limits::ALIAS, |c| {
            c.is_ascii_graphic() && !"/?#".contains(c)
        })?;
        Ok(Self(text.replace('@', "%").to_ascii_lowercase()))
    }
}

/// A segment of a path with each escape (RFC 3986 section 2.1) replaced by its byte.
fn percent_decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match escape(rest) {
            Some(byte) => (byte, &rest[3..]),
            None => (first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// The byte whose escape stands here, if one does.
fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec;

    fn host_name(text: &str) -> HostName {
        text.parse().unwrap()
    }

    fn label(text: &str) -> Label {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_name_is_folded_and_loses_its_last_dot() {
        for (asked, name) in [
            ("P7K2M9QX.Acme.GW.example.", "p7k2m9qx.acme.gw.example"),
            ("localhost", "localhost"),
            ("1.2.3.4.example", "1.2.3.4.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("0xyz", "0xyz"),
        ] {
            assert_eq!(host_name(asked).as_str(), name);
        }
    }

    #[test]
    fn what_is_no_host_name_is_told_why() {
        use HostNameError::{Address, Character, Empty, Hyphen, Label, TooLong};
        let (long_label, long_name) = ("a".repeat(64), "a.".repeat(127));
        for (asked, why) in [
            ("", Empty),
            (".", Empty),
            ("a..b", Label),
            (".a", Label),
            ("a.b..", Label),
            (&long_label, Label),
            (&format!("{long_name}b"), TooLong),
            ("-a.b", Hyphen),
            ("a-.b", Hyphen),
            ("a_b.c", Character('_')),
            ("a\0.b", Character('\0')),
            ("bücher.example", Character('ü')),
            ("[::1]", Character('[')),
            ("192.168.1.2", Address),
            ("192.168.1.2.", Address),
            ("gw.example.4294967296", Address),
            ("127.0X7f", Address),
            ("0x", Address),
        ] {
            assert_eq!(asked.parse::<HostName>(), Err(why), "{asked:?}");
        }
        assert_eq!(host_name(&long_name).as_str().len(), limits::HOST_NAME);
    }

    #[test]
    fn a_label_is_none_that_is_reserved_or_means_something_else() {
        use LabelError::{Character, Hyphen, Length, Reserved};
        assert_eq!(label("Front-Desk").as_str(), "front-desk");
        assert_eq!(label("a--b").as_str(), "a--b");
        for (text, why) in [
            ("", Length),
            ("ab", Length),
            (&"a".repeat(64), Length),
            ("a.b", Character('.')),
            ("_acme", Character('_')),
            ("-ab", Hyphen),
            ("ab-", Hyphen),
            ("xn--bcher-kva", Hyphen),
            ("WWW", Reserved("www".to_owned())),
        ] {
            assert_eq!(text.parse::<Label>(), Err(why.clone()), "{text:?}");
            assert!(why.remedy().is_some());
        }
        for reserved in RESERVED {
            assert!(reserved.parse::<Label>().is_err());
        }
    }

    #[test]
    fn random_labels_are_labels() {
        assert_eq!(Label::random([0; 5]).as_str(), "aaaaaaaa");
        assert_eq!(Label::random([0xff; 5]).as_str(), "77777777");
        assert_eq!(Label::random([1, 2, 3, 4, 5]), label("aebagbaf"));
    }

    #[test]
    fn a_domain_finds_its_own_and_nothing_else() {
        let domain: Domain = "gw.example".parse().unwrap();
        let found = |name: &str| domain.find(&host_name(name));
        let (site, place) = (label("acme"), label("p7k2m9qx"));
        assert_eq!(found("GW.example."), Some(Found::Gateway));
        assert_eq!(found("acme.gw.example"), Some(Found::Site(site.clone())));
        let asked = Found::Place { site, place };
        assert_eq!(found("p7k2m9qx.acme.gw.example"), Some(asked));
        for other in [
            "example",
            "acmegw.example",
            "a.p7k2m9qx.acme.gw.example",
            "www.gw.example",
            "de.gw.example",
            "www.acme.gw.example",
            "gw.example.org",
            "localhost",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_domain_leaves_room_for_the_longest_place() {
        let longest = format!("{}.{}", "g".repeat(63), "g".repeat(61));
        let domain: Domain = longest.parse().unwrap();
        let label = label(&"a".repeat(63));
        let name = domain.place(&label, Some(&label));
        assert_eq!(name.as_str().len(), limits::HOST_NAME);
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
        let longer = format!("{longest}g").parse::<Domain>();
        assert_eq!(longer, Err(DomainError::TooLong));
    }

    #[test]
    fn a_domain_has_two_labels_or_is_this_computer() {
        assert!("localhost".parse::<Domain>().is_ok());
        let alone = "gw".parse::<Domain>();
        assert_eq!(alone, Err(DomainError::OneLabel(host_name("gw"))));
        let address = "10.0.0.1".parse::<Domain>().unwrap_err();
        assert_eq!(address.to_string(), "an IP address is not a host name");
    }

    #[test]
    fn names_travel_as_text_in_their_one_form() {
        let domain: Domain = "GW.example".parse().unwrap();
        let bytes = codec::encode(&domain, 32).unwrap();
        assert_eq!(bytes, b"\x6agw.example");
        assert_eq!(codec::decode(&bytes, 32), Ok(domain));
        assert!(codec::decode::<Domain>(b"\x6aGW.example", 32).is_err());
        assert!(codec::decode::<Domain>(b"\x62gw", 32).is_err());
        assert!(codec::decode::<Label>(b"\x63www", 32).is_err());
        assert!(codec::decode::<Alias>(b"\x63a@b", 32).is_err());
    }

    #[test]
    fn an_alias_is_asked_for_as_it_stands_or_escaped_once() {
        let account: Alias = "expp1@abc.com".parse().unwrap();
        assert_eq!(account.as_str(), "expp1%abc.com");
        for segment in [
            "expp1%abc.com",
            "expp1@abc.com",
            "Expp1%ABC.com",
            "expp1%25abc.com",
            "expp1%40abc.com",
            "%65xpp1%25abc.com",
        ] {
            assert!(account.matches(segment), "{segment}");
        }
        for segment in [
            "",
            "expp1.abc.com",
            "expp1%2540abc.com",
            "expp1%252525abc.com",
            "expp1%abc.com/",
            "expp1%2Fabc.com",
            "%FFexpp1%abc.com",
        ] {
            assert!(!account.matches(segment), "{segment}");
        }
    }

    #[test]
    fn what_stands_there_comes_before_what_it_decodes_to() {
        let readings = |segment| -> Vec<String> {
            let readings = Alias::readings(segment);
            readings.map(|alias| alias.as_str().to_owned()).collect()
        };
        assert_eq!(readings("a%41b"), ["a%41b", "aab"]);
        assert_eq!(readings("a%ffb"), ["a%ffb"]);
        assert_eq!(readings("a%+fb"), ["a%+fb", "a%+fb"]);
        assert_eq!(readings("100%"), ["100%", "100%"]);
        assert_eq!(readings("a%20b"), ["a%20b"]);
    }

    #[test]
    fn an_alias_is_a_short_segment_of_a_path() {
        for c in ['/', '?', '#', ' ', '\u{7f}', 'ü'] {
            let refused = format!("a{c}b").parse::<Alias>();
            assert_eq!(refused, Err(TextError::Character(c)));
        }
        assert_eq!("".parse::<Alias>(), Err(TextError::Empty));
        assert!("a".repeat(limits::ALIAS).parse::<Alias>().is_ok());
        assert!("a".repeat(limits::ALIAS + 1).parse::<Alias>().is_err());
    }
}
