//! Dialing back those who ask how they are reached (AutoNAT), and nobody else.
//!
//! A node that helps others to find out whether they are reachable dials whatever address they
//! name. That would let any member have it connect to computers behind its own router. So it dials
//! only addresses at which it sees the asker itself.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::autonat::v2::server;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::peer::{is_relayed, socket_of};

/// AutoNAT's server, with the addresses at which its askers are seen.
#[derive(Default)]
pub(super) struct DialBack {
    server: server::Behaviour,
    seen: HashMap<ConnectionId, (PeerId, IpAddr)>,
    /// Dials that the server asked for and that were not judged yet.
    asked: HashSet<ConnectionId>,
}

/// Why an address is not dialed.
#[derive(Debug, thiserror::Error)]
#[error("the requester is not seen at this address")]
struct Elsewhere;

impl DialBack {
    /// Whether all of these are addresses at which the peer is seen. Names are not looked up.
    fn are_of(&self, peer: PeerId, addresses: &[Multiaddr]) -> bool {
        let is_seen = |ip: IpAddr| self.seen.values().any(|seen| *seen == (peer, ip));
        !addresses.is_empty()
            && addresses
                .iter()
                .all(|address| ip_of(address).is_some_and(is_seen))
    }
}

/// Where an address leads, unless that is a name or another node.
fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    let socket = socket_of(address).filter(|_| !is_relayed(address));
    socket.map(|socket| socket.ip().to_canonical())
}

impl NetworkBehaviour for DialBack {
    type ConnectionHandler = THandler<server::Behaviour>;
    type ToSwarm = server::Event;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        self.server
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.asked.remove(&connection) && !peer.is_some_and(|peer| self.are_of(peer, addresses))
        {
            tracing::debug!(
                ?peer,
                ?addresses,
                "a member asked to be dialed at another address"
            );
            return Err(ConnectionDenied::new(Elsewhere));
        }
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        self.server
            .handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ConnectionEstablished(established) => {
                if let Some(ip) = ip_of(established.endpoint.get_remote_address()) {
                    let whose = (established.peer_id, ip);
                    self.seen.insert(established.connection_id, whose);
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.seen.remove(&closed.connection_id);
            }
            _ => {}
        }
        self.server.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.server
            .on_connection_handler_event(peer, connection, event);
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        let polled = self.server.poll(cx);
        if let Poll::Ready(ToSwarm::Dial { opts }) = &polled {
            self.asked.insert(opts.connection_id());
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use libp2p::core::ConnectedPoint;
    use libp2p::swarm::behaviour::ConnectionEstablished;

    use super::*;

    fn at(address: &str) -> Multiaddr {
        address.parse().unwrap()
    }

    fn judge(
        server: &mut DialBack,
        peer: PeerId,
        addresses: &[&str],
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let connection = ConnectionId::new_unchecked(99);
        server.asked.insert(connection);
        let addresses: Vec<_> = addresses.iter().map(|text| at(text)).collect();
        server.handle_pending_outbound_connection(
            connection,
            Some(peer),
            &addresses,
            Endpoint::Dialer,
        )
    }

    #[test]
    fn an_asker_is_dialled_where_it_is_seen_and_nowhere_else() {
        let mut server = DialBack::default();
        let (peer, other) = (PeerId::random(), PeerId::random());
        for (number, peer, remote) in [
            (1, peer, at("/ip4/203.0.113.7/tcp/50001")),
            (2, other, at("/ip4/203.0.113.8/tcp/50002")),
            // Where a relay is says nothing of whom it relays.
            (
                3,
                peer,
                at(&format!(
                    "/ip4/192.168.1.1/tcp/4001/p2p/{other}/p2p-circuit"
                )),
            ),
        ] {
            let endpoint = ConnectedPoint::Listener {
                local_addr: at("/ip4/203.0.113.1/tcp/4001"),
                send_back_addr: remote,
            };
            server.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id: peer,
                connection_id: ConnectionId::new_unchecked(number),
                endpoint: &endpoint,
                failed_addresses: &[],
                other_established: 0,
            }));
        }
        assert!(judge(&mut server, peer, &["/ip4/203.0.113.7/tcp/4001"]).is_ok());
        assert!(judge(&mut server, peer, &["/ip6/::ffff:203.0.113.7/tcp/1"]).is_ok());
        for elsewhere in [
            "/ip4/192.168.1.1/tcp/80",
            "/ip4/127.0.0.1/tcp/631",
            "/ip4/203.0.113.8/tcp/50002",
            "/dns4/router.internal/tcp/80",
            "/ip4/203.0.113.7/tcp/4001/p2p-circuit",
        ] {
            assert!(
                judge(&mut server, peer, &[elsewhere]).is_err(),
                "{elsewhere}"
            );
        }
        // One good address opens no way for others.
        let both = ["/ip4/203.0.113.7/tcp/4001", "/ip4/192.168.1.1/tcp/80"];
        assert!(judge(&mut server, peer, &both).is_err());
        assert!(judge(&mut server, peer, &[]).is_err());
    }

    #[test]
    fn other_dials_are_not_its_business() {
        let mut server = DialBack::default();
        let dialled = server.handle_pending_outbound_connection(
            ConnectionId::new_unchecked(7),
            Some(PeerId::random()),
            &[at("/ip4/192.168.1.1/tcp/80")],
            Endpoint::Dialer,
        );
        assert!(dialled.is_ok());
    }
}
