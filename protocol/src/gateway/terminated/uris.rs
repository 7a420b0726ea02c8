//! What the same thing is called at the gateway and at the place: `ipps://gw.example/expp1%abc.com/ipp/job/7` and
//! `ipps://desk.acme.gw.example/ipp/job/7`.
//!
//! What follows the alias is a path at the place. The alias alone is the printer, `/ipp/print`. A URI that is
//! rewritten one way and then the other is the same again.

use crate::gateway::name::{Alias, HostName};

/// The path of the printer at a place.
pub const PRINTER: &str = "/ipp/print";
/// The longest URI (RFC 8011 section 5.1.6). Longer ones are left as they are.
pub const URI: usize = 1023;
/// The schemes that lead to a printer.
const SCHEMES: [&str; 4] = ["ipps", "ipp", "https", "http"];

/// The names by which one program, in one request, asks for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uris {
    /// What the program calls the gateway: `Host`.
    authority: String,
    /// The first segment of the path, as the program wrote it,
    segment: String,
    /// and what it means.
    alias: Alias,
    /// The place's own name.
    place: HostName,
}

impl Uris {
    /// Those of a program that asks by this `Host` and this first segment of the path, which mean the place. None if
    /// the `Host` is none (RFC 3986 section 3.2), or the segment not the alias.
    #[must_use]
    pub fn new(authority: &str, segment: &str, alias: Alias, place: HostName) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
        let is_authority = matches!(authority.len(), 1..=255) && authority.chars().all(plain);
        let is_segment = segment.len() <= URI && segment.bytes().all(|b| b.is_ascii_graphic());
        (is_authority && is_segment && alias.matches(segment)).then(|| Self {
            authority: authority.to_owned(),
            segment: segment.to_owned(),
            alias,
            place,
        })
    }

    /// The place's own name.
    #[must_use]
    pub const fn place(&self) -> &HostName {
        &self.place
    }

    /// The path at the place of one at the gateway; none if the path is not of this place.
    #[must_use]
    pub fn path_inward(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix('/')?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (segment, rest) = rest.split_at(end);
        if segment != self.segment && !self.alias.matches(segment) {
            return None;
        }
        Some(match rest.starts_with('/') {
            true => rest.to_owned(),
            false => format!("{PRINTER}{rest}"),
        })
    }

    /// The path at the gateway of one at the place.
    #[must_use]
    pub fn path_outward(&self, path: &str) -> String {
        let rest = match path.strip_prefix(PRINTER) {
            Some(rest) if !rest.starts_with('/') && !is_longer_name(rest) => rest,
            _ => path,
        };
        format!("/{}{rest}", self.segment)
    }

    /// A URI of the place for one that the program wrote; none if it leads elsewhere, or would be too long.
    #[must_use]
    pub fn inward(&self, uri: &str) -> Option<String> {
        let (scheme, authority, path) = split(uri)?;
        let is_here = host(authority).eq_ignore_ascii_case(host(&self.authority));
        if !is_here {
            return None;
        }
        // Both are protected inside, whatever the program wrote.
        let scheme = match scheme {
            "ipp" | "ipps" => "ipps",
            _ => "https",
        };
        let path = self.path_inward(path)?;
        fits(format!("{scheme}://{}{path}", self.place))
    }

    /// The URI that the program is told for one of the place; none if it leads elsewhere, or would be too long.
    #[must_use]
    pub fn outward(&self, uri: &str) -> Option<String> {
        let (scheme, authority, path) = split(uri)?;
        if !authority.eq_ignore_ascii_case(self.place.as_str()) || !path.starts_with('/') {
            return None;
        }
        let path = self.path_outward(path);
        fits(format!("{scheme}://{}{path}", self.authority))
    }
}

/// Whether what follows the printer's path makes it the path of something else, as in `/ipp/printer`.
fn is_longer_name(rest: &str) -> bool {
    !rest.is_empty() && !rest.starts_with(['?', '#'])
}

fn fits(uri: String) -> Option<String> {
    (uri.len() <= URI).then_some(uri)
}

/// Scheme, authority and the rest of a URI that leads to a printer.
fn split(uri: &str) -> Option<(&'static str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = SCHEMES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(scheme))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    (!authority.is_empty()).then_some((scheme, authority, path))
}

/// An authority without a user and a port.
fn host(authority: &str) -> &str {
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn uris(segment: &str) -> Uris {
        let (alias, place) = ("expp1@abc.com", "desk.acme.gw.example");
        Uris::new(
            "gw.example:631",
            segment,
            alias.parse().unwrap(),
            place.parse().unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn each_name_has_its_other() {
        let uris = uris("expp1%abc.com");
        for (outside, inside) in [
            (
                "ipps://gw.example:631/expp1%abc.com",
                "ipps://desk.acme.gw.example/ipp/print",
            ),
            (
                "ipps://gw.example:631/expp1%abc.com/ipp/print/Hall",
                "ipps://desk.acme.gw.example/ipp/print/Hall",
            ),
            (
                "ipps://gw.example:631/expp1%abc.com/ipp/job/7",
                "ipps://desk.acme.gw.example/ipp/job/7",
            ),
            (
                "https://gw.example:631/expp1%abc.com/",
                "https://desk.acme.gw.example/",
            ),
            (
                "https://gw.example:631/expp1%abc.com/icon.png?a",
                "https://desk.acme.gw.example/icon.png?a",
            ),
            (
                "ipps://gw.example:631/expp1%abc.com/t/pm-1/ipp/print",
                "ipps://desk.acme.gw.example/t/pm-1/ipp/print",
            ),
            (
                "ipps://gw.example:631/expp1%abc.com?x",
                "ipps://desk.acme.gw.example/ipp/print?x",
            ),
            (
                "ipps://gw.example:631/expp1%abc.com/ipp/printer",
                "ipps://desk.acme.gw.example/ipp/printer",
            ),
        ] {
            assert_eq!(uris.inward(outside).as_deref(), Some(inside));
            assert_eq!(uris.outward(inside).as_deref(), Some(outside));
        }
        // However it is written, one place is meant.
        for outside in [
            "ipp://GW.example/expp1@abc.com",
            "IPPS://gw.example:443/Expp1%25abc.com",
            "ipps://gw.example/expp1%40abc.com/ipp/print",
            "ipps://charlie:pm-1@gw.example:443/expp1@abc.com",
        ] {
            let inside = uris.inward(outside);
            assert_eq!(
                inside.as_deref(),
                Some("ipps://desk.acme.gw.example/ipp/print")
            );
        }
    }

    #[test]
    fn what_leads_elsewhere_is_left() {
        let uris = uris("expp1%25abc.com");
        for elsewhere in [
            "ipps://gw.example/expp2%abc.com",
            "ipps://other.example/expp1%abc.com",
            "ippget://gw.example/expp1%abc.com",
            "urn:uuid:1",
            "ipps://gw.example",
            "ipps:///expp1%abc.com",
            "",
        ] {
            assert_eq!(uris.inward(elsewhere), None, "{elsewhere}");
        }
        for elsewhere in [
            "ipps://desk.acme.gw.example",
            "ipps://desk.acme.gw.example:631/ipp/print",
            "ipps://hall.acme.gw.example/ipp/print",
        ] {
            assert_eq!(uris.outward(elsewhere), None, "{elsewhere}");
        }
        let long = format!("ipps://desk.acme.gw.example/{}", "a".repeat(1000));
        assert_eq!(uris.outward(&long), None);
        for (authority, segment) in [
            ("", "a"),
            ("gw.example", "expp2%abc.com"),
            ("gw example", "expp1%abc.com"),
            ("gw.example/x", "expp1%abc.com"),
        ] {
            let alias = "expp1@abc.com".parse().unwrap();
            let place = "desk.acme.gw.example".parse().unwrap();
            assert!(Uris::new(authority, segment, alias, place).is_none());
        }
    }
}
