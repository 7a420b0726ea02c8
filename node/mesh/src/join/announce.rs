//! Sites on the local network, by DNS-SD over multicast DNS (RFC 6762, RFC 6763): an admin's node
//! announces its join listener, a device without an invite looks for some.
//!
//! Nothing that is announced is believed. It says where to connect; the digits tell who answers.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::text::{self, Name};
use tokio::time::{Instant, timeout_at};

/// The service's type (RFC 6763 §4.1.2).
const SERVICE: &str = "_papermesh-join._tcp.local.";
/// The version of the TXT record's form (RFC 6763 §6.7).
const TXT_VERSION: &str = "1";
/// Bytes of a site's name in the service's instance name, which is one label of at most 63.
const INSTANCE_NAME: usize = 48;
/// Admins that are listed; what else is announced is noise.
const ADMINS: usize = 32;
/// Addresses of one admin that are tried.
const ADDRESSES: usize = 8;
/// How long to look when nobody answers.
const SEARCH: Duration = Duration::from_secs(8);
/// How long to look for others once somebody answered.
const SEARCH_MORE: Duration = Duration::from_secs(2);

/// An admin's node that says it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAdmin {
    /// The site that it says it admits to.
    pub site: SiteId,
    /// What it says is the site's name, fit to be shown.
    pub site_name: Name,
    /// Its node.
    pub node: NodeId,
    /// Where it listens for devices that join, at most eight.
    pub addresses: Vec<SocketAddr>,
}

/// An announcement, withdrawn when dropped.
pub(super) struct Announcement {
    daemon: ServiceDaemon,
    fullname: String,
}

impl Announcement {
    /// Tells the network that `admin` listens at `bound` for devices that want to join. An
    /// unspecified address stands for those of all interfaces, also of ones that come later.
    pub(super) fn start(
        site: SiteId,
        site_name: &Name,
        admin: NodeId,
        bound: SocketAddr,
    ) -> Result<Self, mdns_sd::Error> {
        Self::start_on(ServiceDaemon::new()?, site, site_name, admin, bound)
    }

    fn start_on(
        daemon: ServiceDaemon,
        site: SiteId,
        site_name: &Name,
        admin: NodeId,
        bound: SocketAddr,
    ) -> Result<Self, mdns_sd::Error> {
        let service = describe(site, site_name, admin, bound)?;
        let fullname = service.get_fullname().to_owned();
        daemon.register(service)?;
        Ok(Self { daemon, fullname })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Both are only asked for here; the daemon's own thread says goodbye and ends.
        let _ = self.daemon.unregister(&self.fullname);
        let _ = self.daemon.shutdown();
    }
}

impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announcement({:?})", self.fullname)
    }
}

fn describe(
    site: SiteId,
    site_name: &Name,
    admin: NodeId,
    bound: SocketAddr,
) -> Result<ServiceInfo, mdns_sd::Error> {
    let node = admin.to_string();
    let short = &node[..8];
    // Unique although two sites may have one name, and told apart from the machine's own host
    // name, for which another responder may be answering.
    let instance = format!("{} {short}", text::clean(site_name.as_str(), INSTANCE_NAME));
    let host = format!("papermesh-{short}.local.");
    let site = site.to_string();
    let properties = [
        ("txtvers", TXT_VERSION),
        ("site", &site),
        ("name", site_name.as_str()),
        ("node", &node),
    ];
    let addresses = match bound.ip() {
        ip if ip.is_unspecified() => String::new(),
        ip => ip.to_string(),
    };
    let service = ServiceInfo::new(
        SERVICE,
        &instance,
        &host,
        addresses.as_str(),
        bound.port(),
        &properties[..],
    )?;
    Ok(if bound.ip().is_unspecified() {
        service.enable_addr_auto()
    } else {
        service
    })
}

/// Looks for admins' nodes, of any site: until one was found and a little longer, in case there
/// are several, but no longer than eight seconds. Those of which only a part was heard, or
/// nonsense, are left out.
///
/// # Errors
/// If multicast DNS cannot be used on this machine.
pub(super) async fn search() -> Result<Vec<FoundAdmin>, mdns_sd::Error> {
    search_on(&ServiceDaemon::new()?, None).await
}

/// Looks for one admin's node; ends as soon as it is found.
///
/// # Errors
/// If multicast DNS cannot be used on this machine.
pub(super) async fn search_for(node: NodeId) -> Result<Option<FoundAdmin>, mdns_sd::Error> {
    let found = search_on(&ServiceDaemon::new()?, Some(node)).await?;
    Ok(found.into_iter().next())
}

async fn search_on(
    daemon: &ServiceDaemon,
    wanted: Option<NodeId>,
) -> Result<Vec<FoundAdmin>, mdns_sd::Error> {
    let events = daemon.browse(SERVICE)?;
    let mut deadline = Instant::now() + SEARCH;
    let mut found: Vec<FoundAdmin> = Vec::new();
    while let Ok(Ok(event)) = timeout_at(deadline, events.recv_async()).await {
        let ServiceEvent::ServiceResolved(service) = event else {
            continue;
        };
        let admin = heard(
            service.get_port(),
            |key| service.get_property_val_str(key),
            service.get_addresses().iter().map(ScopedIp::to_ip_addr),
        );
        match admin {
            Some(admin) if wanted.is_none_or(|node| admin.node == node) => {
                if found.is_empty() {
                    deadline = deadline.min(Instant::now() + SEARCH_MORE);
                }
                note(&mut found, admin);
            }
            _ => continue,
        }
        if wanted.is_some() || found.len() >= ADMINS {
            break;
        }
    }
    // Both are only asked for here; the daemon's own thread ends in its time.
    let _ = daemon.stop_browse(SERVICE);
    let _ = daemon.shutdown();
    Ok(found)
}

/// Adds what was heard of an admin to what is known of it.
fn note(found: &mut Vec<FoundAdmin>, admin: FoundAdmin) {
    let same = |known: &&mut FoundAdmin| (known.site, known.node) == (admin.site, admin.node);
    match found.iter_mut().find(same) {
        Some(known) => {
            for address in admin.addresses {
                if known.addresses.len() < ADDRESSES && !known.addresses.contains(&address) {
                    known.addresses.push(address);
                }
            }
        }
        None => found.push(admin),
    }
}

/// What an announcement says, if it makes sense.
fn heard<'a>(
    port: u16,
    said: impl Fn(&str) -> Option<&'a str>,
    addresses: impl Iterator<Item = IpAddr>,
) -> Option<FoundAdmin> {
    if said("txtvers") != Some(TXT_VERSION) || port == 0 {
        return None;
    }
    // In order, because they come from a hash set.
    let addresses: BTreeSet<_> = addresses.filter(is_reachable).collect();
    if addresses.is_empty() {
        return None;
    }
    Some(FoundAdmin {
        site: said("site")?.parse().ok()?,
        site_name: text::clean(said("name")?, limits::NAME).parse().ok()?,
        node: said("node")?.parse().ok()?,
        addresses: addresses
            .into_iter()
            .take(ADDRESSES)
            .map(|ip| SocketAddr::new(ip, port))
            .collect(),
    })
}

/// Whether a TCP connection can lead there. IPv6 link-local addresses would need the interface
/// said, for which a multiaddr has no place.
fn is_reachable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::Ipv4Addr;

    use mdns_sd::IfKind;

    use super::*;

    const SITE: SiteId = SiteId::from_bytes([1; 32]);
    const ADMIN: NodeId = NodeId::from_bytes([2; 32]);

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// What is heard of an announcement with some of its properties changed.
    fn heard_with(changes: &[(&str, &str)], port: u16, addresses: &[&str]) -> Option<FoundAdmin> {
        let (site, node) = (SITE.to_string(), ADMIN.to_string());
        let said = |key: &str| {
            let changed = changes.iter().find(|(changed, _)| *changed == key);
            changed.map(|(_, value)| *value).or(match key {
                "txtvers" => Some("1"),
                "site" => Some(&*site),
                "name" => Some("Werk Nord"),
                "node" => Some(&*node),
                _ => None,
            })
        };
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        heard(port, said, addresses)
    }

    #[test]
    fn an_announcement_is_heard() {
        let admin = heard_with(&[], 4000, &["192.0.2.1", "fe80::1"]).unwrap();
        assert_eq!((admin.site, admin.node), (SITE, ADMIN));
        assert_eq!(admin.addresses, ["192.0.2.1:4000".parse().unwrap()]);
    }

    #[test]
    fn nonsense_is_not_heard_and_names_are_fit_to_be_shown() {
        let here = &["192.0.2.1"][..];
        assert!(heard_with(&[("txtvers", "2")], 4000, here).is_none());
        assert!(heard_with(&[("site", "00")], 4000, here).is_none());
        assert!(heard_with(&[("node", "")], 4000, here).is_none());
        assert!(heard_with(&[("name", " \u{7} ")], 4000, here).is_none());
        assert!(heard_with(&[], 0, here).is_none());
        assert!(heard_with(&[], 4000, &["0.0.0.0", "224.0.0.1", "ff02::1"]).is_none());
        let escapes = heard_with(&[("name", "\u{1b}[31mWerk\n\u{202e}Nord")], 4000, here).unwrap();
        assert_eq!(escapes.site_name.as_str(), "[31mWerk Nord");
        let long = "n".repeat(500);
        let long = heard_with(&[("name", &long)], 4000, here).unwrap();
        assert_eq!(long.site_name.as_str().len(), limits::NAME);
    }

    #[test]
    fn one_admin_is_listed_once_with_not_too_many_addresses() {
        let mut found = Vec::new();
        for last in 0..20 {
            let address = format!("192.0.2.{last}");
            note(&mut found, heard_with(&[], 4000, &[&address]).unwrap());
        }
        assert_eq!((found.len(), found[0].addresses.len()), (1, ADDRESSES));
    }

    #[test]
    fn any_site_name_makes_an_announcement() {
        let bound = SocketAddr::from(([0, 0, 0, 0], 4000));
        for text in ["Werk Nord", "a.b\\c", "印刷室", &"界".repeat(42), "-"] {
            let service = describe(SITE, &name(text), ADMIN, bound).unwrap();
            let instance = service.get_fullname().trim_end_matches(SERVICE);
            assert!(instance.len() <= 64 + 16, "{instance}");
            assert_eq!(service.get_property_val_str("name"), Some(text));
        }
    }

    /// Real multicast, but on loopback and on a port of its own.
    #[tokio::test]
    async fn what_is_announced_is_found() {
        let daemon = || {
            let daemon = ServiceDaemon::new_with_port(45_353).unwrap();
            daemon.disable_interface(IfKind::All).unwrap();
            daemon.enable_interface(IfKind::LoopbackV4).unwrap();
            daemon
        };
        let bound = SocketAddr::from((Ipv4Addr::LOCALHOST, 4000));
        let announced =
            Announcement::start_on(daemon(), SITE, &name("Werk Nord"), ADMIN, bound).unwrap();
        let found = search_on(&daemon(), Some(ADMIN)).await.unwrap();
        drop(announced);
        let expected = FoundAdmin {
            site: SITE,
            site_name: name("Werk Nord"),
            node: ADMIN,
            addresses: vec![bound],
        };
        assert_eq!(found, [expected]);
    }
}
