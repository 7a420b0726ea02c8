//! Which texts may ask for a place by a path at the gateway's own name, and why one does not.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::gateway::name::Alias;
use crate::remedy::Remedy;

/// First segments of paths that mean something else, or that programs ask any web server for.
const RESERVED: [&str; 4] = ["favicon.ico", "robots.txt", "icon.png", "sitemap.xml"];

/// Why a text does not ask for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum AliasRefusal {
    /// The gateway ends no TLS for places.
    #[error("the gateway does not end TLS for places")]
    Off,
    /// It asks for another place.
    #[error("another place has this name at the gateway")]
    Taken,
    /// It is no mail address and no domain name.
    #[error("the gateway gives no such name")]
    Reserved,
    /// The place has as many as it may.
    #[error("the place has as many such names as it may")]
    Full,
}

impl Remedy for AliasRefusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Off => "ask the gateway's provider".into(),
            Self::Taken | Self::Reserved => {
                "choose one like a mail address, such as desk@acme.example".into()
            }
            Self::Full => "remove one first".into(),
        })
    }
}

/// Whether a gateway gives this name to nobody. What it gives looks like a mail address or a domain name: with a dot, which
/// none of its own paths has but those that begin with one.
#[must_use]
pub fn is_reserved(alias: &Alias) -> bool {
    let text = alias.as_str();
    let inner = text.trim_matches('.');
    text.starts_with('.') || !inner.contains('.') || RESERVED.contains(&text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_given_looks_like_a_mail_address_or_a_domain_name() {
        let is_reserved = |text: &str| is_reserved(&text.parse().unwrap());
        for given in ["expp1%abc.com", "expp1@abc.com", "expp1.abc.com", "a.b"] {
            assert!(!is_reserved(given), "{given}");
        }
        for kept in [
            "pipe",
            "ipp",
            "t",
            ".",
            "..",
            "a.",
            ".well-known",
            ".a.b",
            "Robots.txt",
        ] {
            assert!(is_reserved(kept), "{kept}");
        }
    }
}
