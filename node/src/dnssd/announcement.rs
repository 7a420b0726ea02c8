//! What is announced, and to whom.

use papermesh_protocol::text;

/// The longest name of a service, a DNS label (RFC 6763 section 4.1.1).
const NAME: usize = 63;
/// The longest entry of a TXT record, `key=value` (RFC 6763 section 6.1).
const ENTRY: usize = 255;

/// Who is to find a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Programs of this computer.
    ThisComputer,
    /// Everybody on the networks that this computer is on.
    Network,
}

/// A service under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Who is to find it.
    pub reach: Reach,
    /// What people see.
    pub name: String,
    /// The kinds of service under this name. The first is the flagship: it owns the name.
    pub kinds: Vec<Kind>,
}

/// One kind of service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Such as `_ipp._tcp`.
    pub service: &'static str,
    /// Such as `_universal`.
    pub subtypes: &'static [&'static str],
    /// Where it listens; 0 says that this service is not there, and that the name is taken.
    pub port: u16,
    /// The scheme of its page for people, which has the host and the port of the service:
    /// `adminurl`.
    pub page: Option<&'static str>,
    /// Its TXT record.
    pub txt: Vec<(&'static str, String)>,
}

impl Announcement {
    /// The announcement with a name that fits.
    #[must_use]
    pub fn new(reach: Reach, name: &str, kinds: Vec<Kind>) -> Self {
        let name = text::clean(name, NAME);
        Self { reach, name, kinds }
    }
}

impl Kind {
    /// The TXT record on a host. Entries that do not fit are left out.
    pub(super) fn txt_on(&self, host: &str) -> Vec<(&'static str, String)> {
        let host = host.trim_end_matches('.');
        let page = self
            .page
            .map(|scheme| ("adminurl", format!("{scheme}://{host}:{}/", self.port)));
        let all = self.txt.iter().cloned().chain(page);
        all.filter(|(key, value)| key.len() + 1 + value.len() <= ENTRY)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_or_left_out() {
        let kind = Kind {
            service: "_ipp._tcp",
            subtypes: &[],
            port: 631,
            page: Some("http"),
            txt: vec![("ty", "x".repeat(253)), ("note", "x".repeat(250))],
        };
        let keys: Vec<_> = kind.txt_on("laptop.local.").into_iter().collect();
        assert_eq!(keys[0], ("note", "x".repeat(250)));
        assert_eq!(keys[1], ("adminurl", "http://laptop.local:631/".to_owned()));
        assert_eq!(keys.len(), 2);
        let long = Announcement::new(Reach::Network, &"é".repeat(60), Vec::new());
        assert!(long.name.len() <= NAME);
    }
}
