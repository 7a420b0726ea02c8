//! The ports that a node listens on, kept from one start to the next: others remember where they
//! met it, and an address with another port leads them nowhere.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::peer::{is_relayed, socket_of};

/// The ports of a node's mesh, by kind of address; none where it did not listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Of its IPv4 addresses.
    pub ip4: Option<u16>,
    /// Of its IPv6 addresses.
    pub ip6: Option<u16>,
}

impl Ports {
    /// Those of these addresses, the first of each kind.
    pub(super) fn of<'a>(listening: impl Iterator<Item = &'a Multiaddr>) -> Self {
        let mut ports = Self::default();
        for socket in listening
            .filter(|address| !is_relayed(address))
            .filter_map(socket_of)
        {
            let port = match socket {
                SocketAddr::V4(_) => &mut ports.ip4,
                SocketAddr::V6(_) => &mut ports.ip6,
            };
            port.get_or_insert(socket.port());
        }
        ports
    }

    /// The address with the port of last time, if it leaves the port open and there was one.
    pub(super) fn fill(self, address: &Multiaddr) -> Option<Multiaddr> {
        let socket = socket_of(address).filter(|socket| socket.port() == 0)?;
        let port = match socket {
            SocketAddr::V4(_) => self.ip4,
            SocketAddr::V6(_) => self.ip6,
        }?;
        address.replace(1, |_| Some(Protocol::Tcp(port)))
    }
}

/// Whether nobody listens on a socket. libp2p shares a port with whoever shares it as well, so
/// that two nodes of one user would get each other's connections and neither would know.
///
/// # Errors
/// What the system says of it.
pub fn is_free(socket: SocketAddr) -> io::Result<()> {
    match socket.port() {
        0 => Ok(()),
        _ => TcpListener::bind(probed(socket)).map(drop),
    }
}

/// As [`is_free`]; what is no socket of this machine cannot be taken.
pub(super) fn is_free_at(address: &Multiaddr) -> io::Result<()> {
    socket_of(address).map_or(Ok(()), is_free)
}

/// An IPv6 socket on every address would take the IPv4 port, too.
fn probed(socket: SocketAddr) -> SocketAddr {
    match socket.ip() {
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), socket.port())
        }
        _ => socket,
    }
}

/// Whether the address means any interface and any port, as the default does.
pub(super) fn is_any(address: &Multiaddr) -> bool {
    socket_of(address).is_some_and(|socket| socket.ip().is_unspecified() && socket.port() == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_port_of_last_time_fills_what_is_left_open_and_nothing_else() {
        let relay = "/ip4/192.0.2.9/tcp/4001/p2p/12D3KooWBuwFs9D6pSJ5u8fVKDW6jhQ5e2VvWWVYyJoH7xNcFEsk/p2p-circuit";
        let listening = [
            address(relay),
            address("/ip4/127.0.0.1/tcp/4242"),
            address("/ip4/192.0.2.1/tcp/4242"),
        ];
        let last = Ports::of(listening.iter());
        assert_eq!((last.ip4, last.ip6), (Some(4242), None));
        assert_eq!(
            last.fill(&address("/ip4/0.0.0.0/tcp/0")),
            Some(address("/ip4/0.0.0.0/tcp/4242"))
        );
        assert_eq!(last.fill(&address("/ip6/::/tcp/0")), None);
        assert_eq!(last.fill(&address("/ip4/0.0.0.0/tcp/4631")), None);
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let taken_at = address(&format!("/ip4/127.0.0.1/tcp/{port}"));
        assert!(is_free_at(&taken_at).is_err());
        drop(taken);
        assert!(is_free_at(&taken_at).is_ok());
        assert!(is_free_at(&address("/ip4/127.0.0.1/tcp/0")).is_ok());
    }
}
