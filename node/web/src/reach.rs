//! By which address other computers reach this one.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use if_addrs::IfAddr;

/// An address of documentation (RFC 5737): the way there is the way to everywhere.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);

/// An address by which others of its network reach what listens at `bound` on this computer; none if
/// nobody does. Of several it is the one that the way to everywhere begins at, since it is in the
/// network that people's devices are in; of a computer without such a way the first of a real network.
pub fn reachable(bound: IpAddr) -> Option<IpAddr> {
    if !bound.is_unspecified() {
        return (!bound.is_loopback()).then_some(bound);
    }
    // An own address, not a name: few phones look for names in a network without a server for them.
    let interfaces = interfaces();
    let own = interfaces
        .iter()
        .map(|interface| (interface.name.as_str(), interface.ip()));
    best(own, way_out(), bound)
}

/// The addresses by which others of its networks reach what listens at `bound` on this computer.
pub fn own_addresses(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let own = interfaces().into_iter().filter(|own| !is_inner(&own.name));
    own.map(|interface| interface.ip())
        .filter(|ip| is_for_others(*ip) && (ip.is_ipv4() || bound.is_ipv6()))
        .collect()
}

/// Whether an address is in a network that this computer is in, as what answers there by its own address is.
#[must_use]
pub fn is_in_own_network(ip: IpAddr) -> bool {
    interfaces().iter().any(|own| is_within(ip, &own.addr))
}

fn is_within(ip: IpAddr, own: &IfAddr) -> bool {
    match (ip, own) {
        (IpAddr::V4(ip), IfAddr::V4(own)) => {
            let mask = own.netmask.to_bits();
            ip.to_bits() & mask == own.ip.to_bits() & mask
        }
        (IpAddr::V6(ip), IfAddr::V6(own)) => {
            let mask = own.netmask.to_bits();
            ip.to_bits() & mask == own.ip.to_bits() & mask
        }
        _ => false,
    }
}

/// The interfaces of this computer that are up.
fn interfaces() -> Vec<if_addrs::Interface> {
    let mut interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::debug!(%error, "could not read this computer's addresses");
        Vec::new()
    });
    interfaces.retain(if_addrs::Interface::is_oper_up);
    interfaces
}

/// The address with which this computer sends to elsewhere. Nothing is sent.
fn way_out() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn best<'n>(
    own: impl Iterator<Item = (&'n str, IpAddr)>,
    way_out: Option<IpAddr>,
    bound: IpAddr,
) -> Option<IpAddr> {
    own.filter(|(_, ip)| is_for_others(*ip) && (ip.is_ipv4() || bound.is_ipv6()))
        // Of equals the last is the greatest.
        .enumerate()
        .max_by_key(|(place, (name, ip))| {
            let way_out = way_out == Some(*ip);
            (way_out, !is_inner(name), ip.is_ipv4(), Reverse(*place))
        })
        .map(|(_, (_, ip))| ip)
}

/// Whether others can reach an address, and write it.
fn is_for_others(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local() && !ip.is_unspecified(),
    }
}

/// Whether an interface leads into this computer itself: to containers, virtual machines, tunnels.
fn is_inner(name: &str) -> bool {
    let inner = [
        "docker",
        "br-",
        "veth",
        "virbr",
        "vmnet",
        "vboxnet",
        "lxc",
        "lxd",
        "podman",
        "cni",
        "tun",
        "tap",
        "wg",
        "tailscale",
        "zt",
    ];
    inner.iter().any(|stem| name.starts_with(stem))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::Ipv6Addr;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn phones_are_sent_where_they_can_go() {
        let every = ip("0.0.0.0");
        let all = [
            ("lo", ip("127.0.0.1")),
            ("docker0", ip("172.17.0.1")),
            ("eth0", ip("169.254.3.4")),
            ("eth0", ip("fd00::7")),
            ("eth0", ip("192.0.2.7")),
            ("wlan0", ip("198.51.100.7")),
        ];
        let pick = |way_out, bound| best(all.into_iter(), way_out, bound);
        assert_eq!(pick(None, every), Some(ip("192.0.2.7")));
        let wireless = Some(ip("198.51.100.7"));
        assert_eq!(pick(wireless, every), wireless);
        let only = |address| best([("eth0", ip(address))].into_iter(), None, every);
        assert_eq!(only("fd00::7"), None);
        assert_eq!(only("127.0.0.1"), None);
        let six = best(
            [("eth0", ip("fe80::1")), ("eth0", ip("fd00::7"))].into_iter(),
            None,
            Ipv6Addr::UNSPECIFIED.into(),
        );
        assert_eq!(six, Some(ip("fd00::7")));
    }

    #[test]
    fn what_listens_for_itself_is_reached_by_nobody() {
        assert_eq!(reachable(ip("127.0.0.1")), None);
        assert_eq!(reachable(ip("::1")), None);
        assert_eq!(reachable(ip("192.0.2.7")), Some(ip("192.0.2.7")));
    }
}
