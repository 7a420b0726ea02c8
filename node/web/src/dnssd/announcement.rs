//! What is announced, and to whom.

use papermesh_protocol::text;

/// The longest name of a service: a DNS label (RFC 6763 section 4.1.1), without room for the " (99)"
/// or " #99" that responders add to a name that others have. They do not cut what is longer then.
const NAME: usize = 63 - 6;
/// Between a name and where it is.
const AT: &str = " @ ";
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

/// The name of a service at a place, cut between characters so that it fits even where others have
/// it. The place tells services of one name apart, so it is the last that is cut.
#[must_use]
pub fn service_name(name: &str, place: &str) -> String {
    let place = text::clean(place, NAME / 2);
    if place.is_empty() {
        return text::clean(name, NAME);
    }
    let room = NAME - AT.len() - place.len();
    format!("{}{AT}{place}", text::clean(name, room))
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
    fn a_name_fits_even_where_others_have_it_and_keeps_its_place() {
        assert_eq!(service_name("Acme", "laptop-1"), "Acme @ laptop-1");
        assert_eq!(service_name("Acme", ""), "Acme");
        for (name, place) in [
            ("€".repeat(21), "laptop-1".to_owned()),
            ("x".repeat(200), "€".repeat(60)),
            ("🖨".repeat(30), String::new()),
        ] {
            let name = service_name(&name, &place);
            assert!(name.len() + " (999)".len() <= 63, "{name}");
            assert!(place.len() > NAME / 2 || name.ends_with(&place), "{name}");
        }
    }

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
