//! Names of a site's own domains that lead to its places, `print.acme.example`: which the site has, and how a gateway
//! sees that their owner agrees.
//!
//! A gateway believes nobody that a name is theirs. Who owns it says so in DNS, twice: the name leads to the gateway, and
//! a text beside it names the site. So neither another site at the same gateway nor whoever points a name at it gets it.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::contract::{Gateway, Gateways};
use super::name::HostName;
use crate::codec::{self, CodecError};
use crate::extension::ExtensionError;
use crate::id::SiteId;
use crate::limits;
use crate::remedy::Remedy;
use crate::site::{SiteState, number};

/// The label below which the text lies (RFC 8552).
const LABEL: &str = "_papermesh";
/// How the text begins; the site's id follows.
const SITE: &str = "papermesh-site=";

/// The names of own domains that a site has, as its state lists them: an extension of [`SiteState`]. At most
/// [`limits::OWN_NAMES_OF_SITE`], ascending. They are here because members look at what doors say that they show, and
/// no member alone sends the others to look at somebody else's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnNames(Vec<HostName>);

/// Why a site has no such list of names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnNamesError {
    /// Too many.
    #[error(
        "the site already has {} names of its own domains",
        limits::OWN_NAMES_OF_SITE
    )]
    Full,
    /// It has none of that name.
    #[error("{0} is no name of this site")]
    Unknown(HostName),
    /// One label, or below a gateway of the site.
    #[error("{0} is no name of a domain of your own")]
    NotOwn(HostName),
    /// The state has no room for it.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// It cannot be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Remedy for OwnNamesError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Full => Some("remove one first, with `papermesh gateway domain remove`".into()),
            Self::Unknown(_) => Some("`papermesh gateway list` shows those it has".into()),
            Self::NotOwn(_) => Some("give a name such as print.acme.example".into()),
            _ => None,
        }
    }
}

impl OwnNames {
    /// Those that a state lists. A list that is none, which no admin's node signs, is empty.
    #[must_use]
    pub fn of(state: &SiteState) -> Self {
        let listed = state.extensions.get(number::OWN_NAMES).map(|bytes| {
            codec::decode::<Self>(bytes, limits::OWN_NAMES_LIST)
                .ok()
                .filter(Self::is_in_order)
        });
        listed.flatten().unwrap_or_default()
    }

    fn is_in_order(&self) -> bool {
        self.0.len() <= limits::OWN_NAMES_OF_SITE && self.0.is_sorted_by(|a, b| a < b)
    }

    /// The same state with this list.
    ///
    /// # Errors
    /// [`OwnNamesError`].
    pub fn put(&self, state: &SiteState) -> Result<SiteState, OwnNamesError> {
        let others = state.extensions.clone().without(number::OWN_NAMES);
        let extensions = match self.0.is_empty() {
            true => others,
            false => others.with(
                number::OWN_NAMES,
                codec::encode(self, limits::OWN_NAMES_LIST)?,
            )?,
        };
        Ok(SiteState {
            extensions,
            ..state.clone()
        })
    }

    /// With one more, of a site that has these gateways.
    ///
    /// # Errors
    /// [`OwnNamesError::Full`], [`OwnNamesError::NotOwn`].
    pub fn with(mut self, name: HostName, gateways: &Gateways) -> Result<Self, OwnNamesError> {
        let is_below = |gateway: &Gateway| gateway.domain.is_above(&name);
        if !name.as_str().contains('.') || gateways.iter().any(is_below) {
            return Err(OwnNamesError::NotOwn(name));
        }
        match self.0.binary_search(&name) {
            Ok(_) => {}
            Err(_) if self.0.len() >= limits::OWN_NAMES_OF_SITE => return Err(OwnNamesError::Full),
            Err(at) => self.0.insert(at, name),
        }
        Ok(self)
    }

    /// Without one.
    ///
    /// # Errors
    /// [`OwnNamesError::Unknown`].
    pub fn without(mut self, name: &HostName) -> Result<Self, OwnNamesError> {
        match self.0.binary_search(name) {
            Ok(at) => drop(self.0.remove(at)),
            Err(_) => return Err(OwnNamesError::Unknown(name.clone())),
        }
        Ok(self)
    }

    /// Whether a name is one of them.
    #[must_use]
    pub fn has(&self, name: &HostName) -> bool {
        self.0.binary_search(name).is_ok()
    }

    /// Them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &HostName> {
        self.0.iter()
    }
}

/// Where the text of a name lies.
#[must_use]
pub fn proof_name(name: &HostName) -> String {
    format!("{LABEL}.{name}")
}

/// The text by which a name's owner agrees that it is a site's.
#[must_use]
pub fn proof_text(site: SiteId) -> String {
    format!("{SITE}{site}")
}

/// Why a name does not lead to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NameRefusal {
    /// It has no address, or one that is not the gateway's.
    #[error("in DNS it does not lead to the gateway, or not there alone")]
    Elsewhere,
    /// Nothing in DNS says that it is this site's.
    #[error("DNS does not say that it is this site's")]
    NoProof,
    /// Another place has it, or it is the gateway's own.
    #[error("it is another place's")]
    Taken,
    /// DNS does not answer.
    #[error("DNS does not answer")]
    NoAnswer,
    /// The site's admin has not listed it, as far as the gateway knows the site.
    #[error("the site does not list it")]
    Unlisted,
}

impl Remedy for NameRefusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(
            match self {
                Self::Elsewhere | Self::NoProof => {
                    "set the lines that `papermesh gateway domain show` prints, at whoever keeps the domain"
                }
                Self::Taken => "close the place that has it",
                Self::NoAnswer => "look again in ten minutes",
                Self::Unlisted => "have an admin run `papermesh gateway domain add` for it",
            }
            .into(),
        )
    }
}

/// What DNS says of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Its addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// The texts at [`proof_name`].
    pub texts: Vec<String>,
}

/// What follows from what DNS says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its owner agrees.
    Agreed,
    /// Its owner says something else: it leads elsewhere, or is another site's.
    Refused(NameRefusal),
    /// Nothing is said of it. Who had the name keeps it for a while: zones have bad days.
    Silent(NameRefusal),
}

impl Heard {
    /// As somebody is told who has not had the name yet.
    ///
    /// # Errors
    /// [`NameRefusal`].
    pub const fn judged(self) -> Result<(), NameRefusal> {
        match self {
            Self::Agreed => Ok(()),
            Self::Refused(why) | Self::Silent(why) => Err(why),
        }
    }
}

impl Answers {
    /// What it means for a name that is to lead to a place of this site, at a gateway that is found at these addresses.
    #[must_use]
    pub fn judge(&self, site: SiteId, gateway: &BTreeSet<IpAddr>) -> Heard {
        let wanted = proof_text(site);
        let mut texts = self.texts.iter().map(|text| text.trim());
        let is_proved = texts.clone().any(|text| text == wanted);
        let is_anothers = !is_proved && texts.any(|text| text.starts_with(SITE));
        let leads_away = !self.addresses.is_subset(gateway);
        match (leads_away, is_anothers) {
            // Where the gateway itself has no address, nobody's can be compared with it.
            (true, _) if gateway.is_empty() => Heard::Silent(NameRefusal::NoAnswer),
            (true, _) => Heard::Refused(NameRefusal::Elsewhere),
            (false, true) => Heard::Refused(NameRefusal::NoProof),
            (false, false) if self.addresses.is_empty() => Heard::Silent(NameRefusal::Elsewhere),
            (false, false) if !is_proved => Heard::Silent(NameRefusal::NoProof),
            (false, false) => Heard::Agreed,
        }
    }
}
