//! Text that people type or copy: tickets, names, badge numbers, digits, hosts and paths.

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::gateway::name::{Alias, Domain, HostName, Label};
use papermesh_protocol::invite::{Invite, LinkTicket, UserTicket};
use papermesh_protocol::job::check_format;
use papermesh_protocol::join::Digits;
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::text::{Name, UserId, clean};

use super::site::secret;

macro_rules! reads_back {
    ($text:expr => $($kind:ty),*) => {$(
        if let Ok(ticket) = $text.parse::<$kind>() {
            let line = ticket.to_text().expect("what was read can be written");
            assert_eq!(line.parse::<$kind>().as_ref(), Ok(&ticket));
        }
    )*};
}

pub(crate) fn text(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    reads_back!(text => Invite, UserTicket, LinkTicket);
    if let Ok(user) = text.parse::<UserId>() {
        assert_eq!(user.as_str().parse(), Ok(user.clone()));
    }
    if let Ok(name) = text.parse::<Name>() {
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
    }
    if let Ok(digits) = text.parse::<Digits>() {
        assert_eq!(digits.to_string().parse(), Ok(digits));
    }
    if let Ok(host) = text.parse::<HostName>() {
        assert_eq!(host.as_str().parse(), Ok(host.clone()));
        let domain = Domain::try_from(host.clone());
        assert!(domain.is_err() || domain.is_ok_and(|domain| domain.find(&host).is_some()));
    }
    if let Ok(label) = text.parse::<Label>() {
        assert_eq!(label.as_str().parse(), Ok(label.clone()));
    }
    for alias in Alias::readings(text) {
        assert!(alias.matches(alias.as_str()));
    }
    let cleaned = clean(text, limits::TITLE);
    assert!(cleaned.len() <= limits::TITLE);
    assert_eq!(clean(&cleaned, limits::TITLE), cleaned);
    let _ = lookup::badge_tag(&secret(), &BadgeNumber::of(text));
    let _ = check_format(text);
}
