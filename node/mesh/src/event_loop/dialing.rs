//! The dialing policy: which members and relays this node looks for although nobody asked, and how
//! often.

use std::time::Duration;

use libp2p::multiaddr::Protocol as Part;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};
use papermesh_protocol::certificate::CertificateError;
use tokio::time::Instant;

use super::super::clocks;
use super::super::peer::{node_of, peer_in, peer_of, without_peer};
use super::EventLoop;

/// With fewer connections than this, remembered members are dialed.
const ENOUGH: usize = 8;
/// With more than this, what mDNS finds is left alone: the DHT knows the way.
pub(super) const PLENTY: usize = 128;
/// A member is dialed unasked no more often than this.
const REDIAL: Duration = Duration::from_secs(20);
/// Members whose last unasked dial is remembered.
const REDIALS: usize = 4096;
/// Relays that a node reserves a place with.
const RELAYS: usize = 2;

impl EventLoop {
    pub(super) fn on_tick(&mut self) {
        self.swarm.behaviour_mut().kad.store_mut().expire();
        self.disconnect_invalid_members();
        let standing = self.mesh.membership.standing();
        if let Err(CertificateError::Revoked | CertificateError::Signed(_)) = standing {
            // Nobody lets this node in; with another certificate it is started anew.
            self.publish();
            return;
        }
        let absent: Vec<Multiaddr> = self
            .config
            .bootstrap
            .iter()
            .filter(|address| match peer_in(address) {
                Some(peer) => !self.connections.contains_key(&peer),
                None => self.connections.is_empty(),
            })
            .cloned()
            .collect();
        for address in absent {
            self.dial_unasked(address);
        }
        if self.connections.len() < ENOUGH {
            let remembered: Vec<Multiaddr> = self
                .config
                .remembered
                .iter()
                .filter_map(|(node, addresses)| Some((peer_of(*node)?, addresses)))
                .filter(|(peer, _)| !self.connections.contains_key(peer))
                .flat_map(|(peer, addresses)| {
                    addresses
                        .iter()
                        .map(move |address| without_peer(address.clone()).with(Part::P2p(peer)))
                })
                .collect();
            for address in remembered {
                self.dial_unasked(address);
            }
        }
        if self.clocks_asked.elapsed() >= clocks::AGAIN {
            self.clocks_asked = Instant::now();
            let connected = self.connections.keys().filter_map(node_of);
            let some = connected.take(clocks::ASKED).collect();
            tokio::spawn(clocks::ask(self.mesh.clone(), some));
        }
        self.publish();
    }

    /// Dials an address that nobody waits for, unless that was tried a moment ago.
    pub(super) fn dial_unasked(&mut self, address: Multiaddr) {
        self.dialled.retain(|_, at| at.elapsed() < REDIAL);
        if self.dialled.len() >= REDIALS || self.dialled.contains_key(&address) {
            return;
        }
        if peer_in(&address) == Some(*self.swarm.local_peer_id()) {
            return;
        }
        self.dialled.insert(address.clone(), Instant::now());
        let dial = match peer_in(&address) {
            Some(peer) => DialOpts::peer_id(peer)
                .addresses(vec![address])
                .condition(PeerCondition::Disconnected)
                .build(),
            None => DialOpts::unknown_peer_id().address(address).build(),
        };
        if let Err(error) = self.swarm.dial(dial) {
            tracing::debug!(%error, "could not dial");
        }
    }

    /// Asks a relay for a place, so that others reach this node through it.
    pub(super) fn reserve(&mut self, relay: PeerId, address: Multiaddr) {
        if self.relays.contains_key(&relay) || self.relays.len() >= RELAYS {
            return;
        }
        let circuit = without_peer(address)
            .with(Part::P2p(relay))
            .with(Part::P2pCircuit);
        match self.swarm.listen_on(circuit) {
            Ok(listener) => {
                self.relays.insert(relay, listener);
            }
            Err(error) => tracing::debug!(%relay, %error, "no reservation at the relay"),
        }
    }
}
