//! Where a node is reached, which is what its certificate is to name.

use std::net::IpAddr;

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::limits;
use papermesh_protocol::web::{Address, HostName, Label, Places, place};
use papermesh_web::{host_name, own_addresses};

/// Where a node with this certificate, whose listeners are bound to these addresses, is reached. Of
/// names these are the computer's own, as far as they begin with the name that the site knows the
/// node by: others are granted to nobody.
pub(super) fn places(own: &Certificate, bound: &[IpAddr]) -> Places {
    let label = Label::of_device(&own.name);
    let host = host_name().filter(|_| bound.iter().any(|ip| !ip.is_loopback()));
    let with_domain = host.iter().map(|host| match host.split_once('.') {
        Some(_) => host.clone(),
        None => format!("{host}.local"),
    });
    let in_local = host.iter().filter_map(|host| {
        let (first, _) = host.split_once('.')?;
        Some(format!("{first}.local"))
    });
    let names = with_domain
        .chain(in_local)
        .filter_map(|name| name.parse::<HostName>().ok())
        .filter(|name| name.label().is_some() && name.label() == label)
        .chain(place::LOCALHOST.parse().ok());
    let own = bound.iter().flat_map(|ip| own_addresses(*ip));
    let mut addresses: Vec<Address> = own
        .filter(|ip| !ip.is_loopback())
        .filter_map(|ip| Address::try_from(ip).ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let here = [
        IpAddr::from(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    ];
    let here: Vec<Address> = here
        .into_iter()
        .filter_map(|ip| Address::try_from(ip).ok())
        .collect();
    addresses.truncate(limits::WEB_ADDRESSES - here.len());
    Places::new(names, here.into_iter().chain(addresses)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use papermesh_protocol::certificate::{Role, Roles};
    use papermesh_protocol::id::{NodeId, Serial, SiteId};
    use papermesh_protocol::seal::SealingPublic;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn certificate(name: &str) -> Certificate {
        Certificate {
            site: SiteId::from_bytes([1; 32]),
            node: NodeId::from_bytes([2; 32]),
            sealing: SealingPublic::from_bytes([3; 32]),
            name: name.parse().unwrap(),
            roles: Roles::of(&[Role::Printer]),
            serial: Serial::from_bytes([4; 8]),
            not_before: NOW,
            not_after: NOW + DAY * 365,
            despite: None,
        }
    }

    #[test]
    fn a_node_asks_for_where_it_listens() {
        let here = places(&certificate("desk"), &["127.0.0.1".parse().unwrap()]);
        assert_eq!(here.to_string(), "localhost, 127.0.0.1, ::1");
        let own = host_name().unwrap_or_default();
        let label = own.split('.').next().unwrap_or_default();
        let bound: Vec<IpAddr> = vec!["10.1.2.3".parse().unwrap(), "8.8.8.8".parse().unwrap()];
        let anywhere = places(&certificate("another name"), &bound);
        assert_eq!(anywhere.to_string(), "localhost, 10.1.2.3, 127.0.0.1, ::1");
        if let Ok(name) = format!("{label}.local").parse::<HostName>() {
            let named = places(&certificate(label), &bound);
            assert!(named.names().contains(&name), "{named}");
        }
    }

    #[test]
    fn a_computer_with_many_addresses_asks_for_some() {
        let bound: Vec<IpAddr> = (1..50).map(|n| IpAddr::from([10, 0, 0, n])).collect();
        let places = places(&certificate("desk"), &bound);
        assert_eq!(places.addresses().len(), limits::WEB_ADDRESSES);
    }
}
