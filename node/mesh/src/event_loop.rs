//! The one task that owns the swarm. Whom it dials although nobody asked is in `dialing`.

mod dialing;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::ListenerId;
use libp2p::kad::{self, GetRecordOk, QueryId, QueryResult, Quorum, Record};
use libp2p::multiaddr::Protocol as Part;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, dcutr, identify, mdns, relay};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::{NodeId, RecordKey};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::behaviour::{Behaviour, BehaviourEvent, MeshConfig, REPLICATION};
use super::handle::{Command, ConnectedMember, Mesh, MeshError, MeshEvent, MeshStatus, Relayed};
use super::membership::Edition;
use super::peer::{is_relayed, node_of, peer_of, without_peer};
use super::ports::Ports;
use super::{clocks, routes, site_sync};
use dialing::PLENTY;

/// How often the loop looks after what nobody asked for: expiry, members to find again.
const TICK: Duration = Duration::from_secs(5);
/// Callers that wait for connections.
const WAITING: usize = 1024;
/// Lookups and publications under way.
const QUERIES: usize = 512;

/// A connection with a member.
struct Connection {
    id: ConnectionId,
    /// Where the member is, or is seen.
    address: Multiaddr,
    /// Whether it leads through a relay. The address does not tell the side that was dialed.
    relayed: bool,
}

pub(super) struct EventLoop {
    swarm: Swarm<Behaviour>,
    mesh: Mesh,
    view: watch::Sender<MeshStatus>,
    config: MeshConfig,
    connections: HashMap<PeerId, Vec<Connection>>,
    waiting: HashMap<PeerId, Vec<oneshot::Sender<Result<(), MeshError>>>>,
    gets: HashMap<QueryId, mpsc::Sender<Vec<u8>>>,
    puts: HashMap<QueryId, oneshot::Sender<Result<usize, MeshError>>>,
    dialled: HashMap<Multiaddr, Instant>,
    relays: HashMap<PeerId, ListenerId>,
    reserved: HashSet<PeerId>,
    relayed: Relayed,
    /// When connected members were last asked for their time.
    clocks_asked: Instant,
    /// News of the site's papers, from before anybody could bring some.
    editions: watch::Receiver<Edition>,
}

impl EventLoop {
    /// The loop of a swarm that listens already.
    pub(super) fn new(
        swarm: Swarm<Behaviour>,
        mesh: Mesh,
        view: watch::Sender<MeshStatus>,
        config: MeshConfig,
        editions: watch::Receiver<Edition>,
    ) -> Self {
        Self {
            swarm,
            mesh,
            view,
            config,
            connections: HashMap::new(),
            waiting: HashMap::new(),
            gets: HashMap::new(),
            puts: HashMap::new(),
            dialled: HashMap::new(),
            relays: HashMap::new(),
            reserved: HashSet::new(),
            relayed: Relayed::default(),
            clocks_asked: Instant::now(),
            editions,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = inbox.recv() => match command {
                    Some(Command::Stop { reply }) => {
                        let _ = reply.send(());
                        return;
                    }
                    Some(command) => self.on_command(command),
                    None => return,
                },
                _ = tick.tick() => self.on_tick(),
                // Its sender lives as long as the mesh.
                Ok(()) = self.editions.changed() => self.tell_papers(),
            }
        }
    }

    // Commands --------------------------------------------------------------------------------

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Connect {
                to,
                addresses,
                reply,
            } => self.connect(to, addresses, reply),
            Command::Put { key, value, reply } => self.put(key, value, reply),
            Command::Get { key, found } => {
                self.gets.retain(|_, found| !found.is_closed());
                if self.gets.len() < QUERIES {
                    let query = self
                        .swarm
                        .behaviour_mut()
                        .kad
                        .get_record(kad::RecordKey::new(key.as_bytes()));
                    self.gets.insert(query, found);
                }
            }
            Command::Stop { .. } => {}
        }
    }

    fn connect(
        &mut self,
        to: NodeId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Result<(), MeshError>>,
    ) {
        let Some(peer) = peer_of(to) else {
            let _ = reply.send(Err(MeshError::Unreachable("its key is not valid".into())));
            return;
        };
        if self.connections.contains_key(&peer) {
            let _ = reply.send(Ok(()));
            return;
        }
        if self.waiting.values().map(Vec::len).sum::<usize>() >= WAITING {
            let _ = reply.send(Err(MeshError::Busy));
            return;
        }
        let dial = DialOpts::peer_id(peer)
            .addresses(addresses)
            .extend_addresses_through_behaviour()
            .condition(PeerCondition::Disconnected)
            .build();
        match self.swarm.dial(dial) {
            Ok(()) => self.waiting.entry(peer).or_default().push(reply),
            Err(error) => {
                let _ = reply.send(Err(MeshError::Unreachable(error.to_string())));
            }
        }
    }

    fn put(
        &mut self,
        key: RecordKey,
        value: Vec<u8>,
        reply: oneshot::Sender<Result<usize, MeshError>>,
    ) {
        self.puts.retain(|_, reply| !reply.is_closed());
        if self.puts.len() >= QUERIES {
            let _ = reply.send(Err(MeshError::Busy));
            return;
        }
        let record = Record::new(key.as_bytes().to_vec(), value);
        // One that stores it is enough, and all are wanted: with a smaller quorum Kademlia stops
        // sending as soon as it is reached, and the record lies on the first few only.
        let kad = &mut self.swarm.behaviour_mut().kad;
        match kad.put_record(record, Quorum::All) {
            Ok(query) => {
                self.puts.insert(query, reply);
            }
            Err(_) => {
                let _ = reply.send(Err(MeshError::Refused));
            }
        }
    }

    // Events ----------------------------------------------------------------------------------

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                ..
            } => self.on_closed(peer_id, connection_id),
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer),
                error,
                ..
            } if !self.connections.contains_key(&peer) => {
                for waiting in self.waiting.remove(&peer).unwrap_or_default() {
                    let _ = waiting.send(Err(MeshError::Unreachable(error.to_string())));
                }
            }
            SwarmEvent::IncomingConnectionError {
                error,
                send_back_addr,
                ..
            } => {
                tracing::debug!(%error, from = %send_back_addr, "connection not accepted");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "listening");
                if self.swarm.behaviour().relays() && !is_relayed(&address) {
                    // A relay hands its external addresses to those who reserve a place; without
                    // better knowledge those are where it listens.
                    self.swarm.add_external_address(address);
                }
                self.on_addresses();
            }
            SwarmEvent::ExpiredListenAddr { .. }
            | SwarmEvent::ExternalAddrConfirmed { .. }
            | SwarmEvent::ExternalAddrExpired { .. } => self.on_addresses(),
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => {
                tracing::info!(?reason, "listener closed");
                self.relays.retain(|_, listener| *listener != listener_id);
                self.on_addresses();
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_identified(peer_id, &info.listen_addrs);
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                for (peer, address) in found {
                    if !self.connections.contains_key(&peer) && self.connections.len() < PLENTY {
                        self.dial_unasked(without_peer(address).with(Part::P2p(peer)));
                    }
                }
            }
            BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            }) => {
                self.on_query(id, result, step.last);
            }
            BehaviourEvent::Relay(event) => self.on_relay(event),
            BehaviourEvent::Dcutr(dcutr::Event {
                remote_peer_id,
                result: Ok(_),
            }) => {
                tracing::info!(peer = %remote_peer_id, "upgraded to a direct connection");
            }
            _ => {}
        }
    }

    fn on_relay(&mut self, event: relay::Event) {
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => {
                self.reserved.insert(src_peer_id);
            }
            relay::Event::ReservationClosed { src_peer_id }
            | relay::Event::ReservationTimedOut { src_peer_id } => {
                self.reserved.remove(&src_peer_id);
            }
            relay::Event::CircuitReqAccepted { .. } => {
                self.relayed.circuits += 1;
                self.relayed.circuits_total += 1;
            }
            relay::Event::CircuitClosed { .. } => {
                self.relayed.circuits = self.relayed.circuits.saturating_sub(1);
            }
            _ => {}
        }
        self.relayed.reservations = self.reserved.len();
        self.publish();
    }

    fn on_connected(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let Some(member) = node_of(&peer).and_then(|node| self.mesh.membership.member(node)) else {
            // The gate lets nobody in without a certificate; it was withdrawn, or pushed out of
            // memory, since.
            self.swarm.close_connection(connection);
            for waiting in self.waiting.remove(&peer).unwrap_or_default() {
                let _ = waiting.send(Err(MeshError::Unreachable("not admitted".into())));
            }
            return;
        };
        let address = endpoint.get_remote_address().clone();
        let relayed = endpoint.is_relayed();
        let connections = self.connections.entry(peer).or_default();
        let first = connections.is_empty();
        connections.push(Connection {
            id: connection,
            address,
            relayed,
        });
        if !relayed {
            // Streams choose any of a peer's connections; none should take the detour any more.
            let detours: Vec<_> = connections
                .iter()
                .filter(|connection| connection.relayed)
                .map(|connection| connection.id)
                .collect();
            for detour in detours {
                self.swarm.close_connection(detour);
            }
        }
        // First the view, then those who wait: they will look.
        self.publish();
        for waiting in self.waiting.remove(&peer).unwrap_or_default() {
            let _ = waiting.send(Ok(()));
        }
        if first {
            let theirs = self.mesh.membership.edition_of(member.node);
            if theirs != Some(self.mesh.membership.edition()) {
                tokio::spawn(site_sync::exchange_with(
                    self.mesh.clone(),
                    member.node,
                    theirs,
                ));
            }
            if endpoint.is_dialer() {
                tokio::spawn(clocks::ask(self.mesh.clone(), vec![member.node]));
            }
            tracing::info!(node = %member.node, name = %member.certificate.name, relayed, "connected");
            let _ = self.mesh.events.send(MeshEvent::Connected(member));
        }
    }

    fn on_closed(&mut self, peer: PeerId, connection: ConnectionId) {
        let Some(connections) = self.connections.get_mut(&peer) else {
            return;
        };
        connections.retain(|known| known.id != connection);
        if connections.is_empty() {
            self.connections.remove(&peer);
            if let Some(node) = node_of(&peer) {
                self.mesh.membership.forget(node);
                tracing::info!(%node, "disconnected");
                let _ = self.mesh.events.send(MeshEvent::Parted(node));
            }
        }
        self.publish();
    }

    fn on_identified(&mut self, peer: PeerId, said: &[Multiaddr]) {
        let Some(over) = self
            .connections
            .get(&peer)
            .and_then(|connections| connections.first())
        else {
            return;
        };
        let addresses = routes::worth_trying(said, &over.address);
        for address in &addresses {
            self.swarm
                .behaviour_mut()
                .kad
                .add_address(&peer, address.clone());
        }
        let Some(member) = node_of(&peer).and_then(|node| self.mesh.membership.member(node)) else {
            return;
        };
        if member.certificate.roles.has(Role::Bootstrap)
            && self.config.use_relays
            && !self.swarm.behaviour().relays()
            && let Some(relay) = addresses.iter().find(|address| !is_relayed(address))
        {
            self.reserve(peer, relay.clone());
        }
        let addresses = addresses.iter().map(Multiaddr::to_vec).collect();
        let _ = self.mesh.events.send(MeshEvent::Seen(member, addresses));
    }

    fn on_query(&mut self, query: QueryId, result: QueryResult, last: bool) {
        match result {
            QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found))) => {
                let gone = match self.gets.get(&query) {
                    // A full queue means a reader that has enough to choose from.
                    Some(reader) => {
                        let _ = reader.try_send(found.record.value);
                        reader.is_closed()
                    }
                    None => true,
                };
                if gone {
                    if let Some(mut query) = self.swarm.behaviour_mut().kad.query_mut(&query) {
                        query.finish();
                    }
                    self.gets.remove(&query);
                }
            }
            QueryResult::PutRecord(result) => {
                if let Some(reply) = self.puts.remove(&query) {
                    let stored = match result {
                        Ok(_) => REPLICATION,
                        Err(
                            kad::PutRecordError::QuorumFailed { success, .. }
                            | kad::PutRecordError::Timeout { success, .. },
                        ) => success.len(),
                    };
                    let _ = reply.send(match stored {
                        0 => Err(MeshError::NotStored),
                        stored => Ok(stored),
                    });
                }
            }
            _ => {}
        }
        if last {
            self.gets.remove(&query);
        }
    }

    fn on_addresses(&mut self) {
        self.publish();
        let _ = self.mesh.events.send(MeshEvent::Addresses);
    }

    // By itself -------------------------------------------------------------------------------

    /// Tells everybody of a newer charter or site state, and parts with those it withdraws.
    fn tell_papers(&mut self) {
        self.disconnect_invalid_members();
        self.swarm.behaviour_mut().kad.store_mut().judge_again();
        let connected: HashSet<NodeId> = self.connections.keys().filter_map(node_of).collect();
        let mesh = self.mesh.clone();
        tokio::spawn(async move {
            site_sync::tell(&mesh, connected).await;
        });
        let _ = self.mesh.events.send(MeshEvent::SiteState);
    }

    /// Closes the connections of members whose certificates were withdrawn or have expired. Nobody
    /// is remembered as unwelcome: the gate judges each connection by the certificate shown there,
    /// and a member that was admitted again shows another.
    fn disconnect_invalid_members(&mut self) {
        for node in self.mesh.membership.no_longer_valid() {
            if let Some(peer) = peer_of(node)
                && self.swarm.disconnect_peer_id(peer).is_ok()
            {
                tracing::warn!(%node, "certificate revoked or expired; disconnecting");
            }
        }
    }

    fn publish(&mut self) {
        let members = self
            .connections
            .iter()
            .filter_map(|(peer, connections)| {
                let member = self.mesh.membership.member(node_of(peer)?)?;
                let best = connections
                    .iter()
                    .min_by_key(|connection| connection.relayed)?;
                Some(ConnectedMember {
                    node: member.node,
                    name: member.certificate.name.to_string(),
                    roles: member.certificate.roles,
                    address: best.address.to_string(),
                    relayed: best.relayed,
                })
            })
            .collect();
        let advertised =
            routes::advertised(self.swarm.external_addresses(), self.swarm.listeners());
        let status = MeshStatus {
            listening: self.swarm.listeners().map(ToString::to_string).collect(),
            advertised: advertised.iter().map(ToString::to_string).collect(),
            members,
            records: self.swarm.behaviour_mut().kad.store_mut().len(),
            ports: Ports::of(self.swarm.listeners()),
            relayed: self.relayed,
        };
        self.view.send_replace(status);
    }
}
