//! The rogue's libp2p node. One task owns the swarm; the tests, which are not asynchronous, call
//! it and wait.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures::StreamExt;
use libp2p::identity::{Keypair, PublicKey, ed25519};
use libp2p::kad::store::{MemoryStore, RecordStore};
use libp2p::kad::{self, GetRecordOk, QueryId, QueryResult, Quorum, Record};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, tcp, yamux};
use papermesh_protocol::id::{NodeId, RecordKey, SiteId};
use papermesh_protocol::lookup;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use super::handshake::{RogueUpgrade, Shown};
use super::identity::Identity;
use crate::wait::wait_for;

/// How long a rogue waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every member answers every member.
const SITE: &str = "/papermesh/site/1";

/// The libp2p name of a node whose id is given as hexadecimal digits.
///
/// # Panics
/// If it is no node's id.
#[must_use]
pub fn peer_id(node: &str) -> PeerId {
    let node: NodeId = node
        .parse()
        .unwrap_or_else(|error| panic!("{node}: {error}"));
    let key = ed25519::PublicKey::try_from_bytes(node.as_bytes())
        .unwrap_or_else(|error| panic!("{node}: {error}"));
    PublicKey::from(key).to_peer_id()
}

/// A peer that does what the test says.
pub struct Rogue {
    runtime: Runtime,
    commands: mpsc::Sender<Command>,
    streams: libp2p_stream::Control,
    connected: watch::Receiver<HashSet<PeerId>>,
    listening: watch::Receiver<Vec<Multiaddr>>,
}

/// What a lookup found.
type Values = Vec<Vec<u8>>;

enum Command {
    Dial(Multiaddr, oneshot::Sender<Result<PeerId, String>>),
    Put(PeerId, Box<Record>, oneshot::Sender<Result<(), String>>),
    Get(kad::RecordKey, oneshot::Sender<Vec<Vec<u8>>>),
    Answer(Box<Record>, oneshot::Sender<Result<(), String>>),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    kad: kad::Behaviour<MemoryStore>,
    streams: libp2p_stream::Behaviour,
}

impl Rogue {
    /// A rogue that shows its true papers and misbehaves only afterwards.
    #[must_use]
    pub fn with(identity: &Identity) -> Self {
        let shown = Shown::Certificate(identity.certificate.envelope().clone());
        Self::new(&identity.key, identity, shown)
    }

    /// A rogue with this key that knows of the site what a member knows, and shows whatever it likes.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn new(key: &SigningKey, identity: &Identity, shown: Shown) -> Self {
        let site = identity.certificate.site;
        Self::knowing(key, site, lookup::prologue(&identity.secret, site), shown)
    }

    /// A rogue that begins handshakes with this prologue.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn knowing(key: &SigningKey, site: SiteId, prologue: [u8; 32], shown: Shown) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no runtime: {error}"));
        let within = runtime.enter();
        let mut swarm = swarm(key, site, prologue, shown);
        let streams = swarm.behaviour().streams.new_control();
        let listen = {
            let _within = runtime.enter();
            "/ip4/127.0.0.1/tcp/0"
                .parse()
                .map(|any| swarm.listen_on(any))
        };
        assert!(matches!(listen, Ok(Ok(_))), "a rogue cannot listen");
        drop(within);
        let (commands, inbox) = mpsc::channel(64);
        let (tell_connected, connected) = watch::channel(HashSet::new());
        let (tell_listening, listening) = watch::channel(Vec::new());
        runtime.spawn(run(swarm, inbox, tell_connected, tell_listening));
        Self {
            runtime,
            commands,
            streams,
            connected,
            listening,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> Multiaddr {
        wait_for(PATIENCE, "the rogue to listen", || {
            self.listening.borrow().first().cloned()
        })
    }

    /// Dials a node; gives whom it reached, or why it was not let in.
    ///
    /// # Errors
    /// In libp2p's own words.
    pub fn dial(&self, address: &str) -> Result<PeerId, String> {
        let address = address
            .parse()
            .map_err(|_| format!("bad address {address}"))?;
        let peer = self.call(|reply| Command::Dial(address, reply))??;
        // The one that dials thinks itself connected before the other has looked at what it
        // shows. Let in is who is answered.
        self.open(peer, SITE).map(|_| peer)
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self, peer: PeerId) -> bool {
        self.connected.borrow().contains(&peer)
    }

    /// Offers a record to one node of the DHT.
    ///
    /// # Errors
    /// If that node did not take it, which libp2p notices by its silence.
    pub fn put(&self, at: PeerId, key: RecordKey, value: Vec<u8>) -> Result<(), String> {
        let mut taken = self.put_each(at, [(key, value)]);
        taken.pop().unwrap_or_else(|| Err("not offered".to_owned()))
    }

    /// Offers records to one node, all at once; gives what came of each.
    pub fn put_each(
        &self,
        at: PeerId,
        records: impl IntoIterator<Item = (RecordKey, Vec<u8>)>,
    ) -> Vec<Result<(), String>> {
        let offers = records.into_iter().map(|(key, value)| {
            let record = Record::new(key.as_bytes().to_vec(), value);
            self.ask(|reply| Command::Put(at, Box::new(record), reply))
        });
        let offers = futures::future::join_all(offers);
        let outcomes = self.block_on(offers).unwrap_or_default();
        outcomes.into_iter().map(Result::flatten).collect()
    }

    /// Answers whoever looks this key up with this record from now on.
    ///
    /// # Errors
    /// If it is more than a rogue can keep.
    pub fn answer_with(&self, key: RecordKey, value: Vec<u8>) -> Result<(), String> {
        let record = Record::new(key.as_bytes().to_vec(), value);
        self.call(|reply| Command::Answer(Box::new(record), reply))?
    }

    /// What the nodes that it knows, and those that they know, have at a key.
    #[must_use]
    pub fn get(&self, key: RecordKey) -> Vec<Vec<u8>> {
        let key = kad::RecordKey::new(key.as_bytes());
        self.call(|reply| Command::Get(key, reply))
            .unwrap_or_default()
    }

    /// Opens a stream to a node it is connected with.
    ///
    /// # Errors
    /// In libp2p's own words.
    pub fn open(&self, to: PeerId, protocol: &'static str) -> Result<libp2p::Stream, String> {
        let mut streams = self.streams.clone();
        let opening = streams.open_stream(to, StreamProtocol::new(protocol));
        self.block_on(opening)?.map_err(|error| error.to_string())
    }

    /// Accepts streams of this protocol from now on, and never says a word on them.
    ///
    /// # Panics
    /// If it does so already.
    pub fn keep_silent_on(&self, protocol: &'static str) {
        let mut streams = self.streams.clone();
        let mut arriving = streams
            .accept(StreamProtocol::new(protocol))
            .unwrap_or_else(|error| panic!("{protocol}: {error}"));
        self.runtime.spawn(async move {
            let mut kept = Vec::new();
            while let Some((_, stream)) = arriving.next().await {
                kept.push(stream);
            }
        });
    }

    /// Waits for something of the network's, as long as a rogue waits for anything.
    ///
    /// # Errors
    /// If that is too long.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, String> {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, future).await })
            .map_err(|_| format!("nothing happened for {PATIENCE:?}"))
    }

    pub(super) fn streams(&self) -> libp2p_stream::Control {
        self.streams.clone()
    }

    /// Does something beside.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    fn call<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, String> {
        self.block_on(self.ask(command))?
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply)).await;
        sent.map_err(|_| "the rogue has ended".to_owned())?;
        answer.await.map_err(|_| "nobody answered".to_owned())
    }
}

fn swarm(key: &SigningKey, site: SiteId, prologue: [u8; 32], shown: Shown) -> Swarm<Behaviour> {
    let keypair = Keypair::ed25519_from_bytes(key.to_bytes())
        .unwrap_or_else(|error| panic!("no key: {error}"));
    let upgrade = move |keypair: &Keypair| RogueUpgrade::new(keypair, prologue, shown);
    SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default(), upgrade, yamux::Config::default)
        .unwrap_or_else(|error| panic!("no transport: {error}"))
        .with_behaviour(|keypair| Behaviour {
            kad: kademlia(keypair.public().to_peer_id(), site),
            streams: libp2p_stream::Behaviour::new(),
        })
        .unwrap_or_else(|error| match error {})
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build()
}

fn kademlia(peer: PeerId, site: SiteId) -> kad::Behaviour<MemoryStore> {
    let name = StreamProtocol::try_from_owned(format!("/papermesh/{site}/kad/1"))
        .unwrap_or_else(|error| panic!("no protocol name: {error}"));
    let mut config = kad::Config::new(name);
    config
        .set_query_timeout(PATIENCE / 2)
        .set_replication_factor(NonZeroUsize::MIN)
        // A rogue keeps to no limit.
        .set_max_packet_size(16 * 1024 * 1024);
    let mut kad = kad::Behaviour::with_config(peer, MemoryStore::new(peer), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

/// What the task remembers of calls that wait.
#[derive(Default)]
struct Waiting {
    dials: HashMap<ConnectionId, oneshot::Sender<Result<PeerId, String>>>,
    puts: HashMap<QueryId, oneshot::Sender<Result<(), String>>>,
    gets: HashMap<QueryId, (Values, oneshot::Sender<Values>)>,
}

async fn run(
    mut swarm: Swarm<Behaviour>,
    mut inbox: mpsc::Receiver<Command>,
    connected: watch::Sender<HashSet<PeerId>>,
    listening: watch::Sender<Vec<Multiaddr>>,
) {
    let mut waiting = Waiting::default();
    loop {
        tokio::select! {
            command = inbox.recv() => match command {
                Some(command) => obey(&mut swarm, command, &mut waiting),
                None => return,
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::NewListenAddr { address, .. } => {
                    listening.send_modify(|known| known.push(address));
                }
                SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                    let address = endpoint.get_remote_address().clone();
                    swarm.behaviour_mut().kad.add_address(&peer_id, address);
                    connected.send_modify(|peers| { peers.insert(peer_id); });
                    if let Some(reply) = waiting.dials.remove(&connection_id) {
                        let _ = reply.send(Ok(peer_id));
                    }
                }
                SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                    connected.send_modify(|peers| { peers.remove(&peer_id); });
                }
                SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                    if let Some(reply) = waiting.dials.remove(&connection_id) {
                        let _ = reply.send(Err(error.to_string()));
                    }
                }
                SwarmEvent::Behaviour(BehaviourEvent::Kad(
                    kad::Event::OutboundQueryProgressed { id, result, step, .. },
                )) => progress(id, result, step.last, &mut waiting),
                _ => {}
            },
        }
    }
}

fn obey(swarm: &mut Swarm<Behaviour>, command: Command, waiting: &mut Waiting) {
    match command {
        Command::Dial(address, reply) => {
            let dial = DialOpts::unknown_peer_id().address(address).build();
            let connection = dial.connection_id();
            match swarm.dial(dial) {
                Ok(()) => drop(waiting.dials.insert(connection, reply)),
                Err(error) => drop(reply.send(Err(error.to_string()))),
            }
        }
        Command::Put(at, record, reply) => {
            let kad = &mut swarm.behaviour_mut().kad;
            let query = kad.put_record_to(*record, std::iter::once(at), Quorum::One);
            waiting.puts.insert(query, reply);
        }
        Command::Answer(record, reply) => {
            let store = swarm.behaviour_mut().kad.store_mut();
            let kept = store.put(*record).map_err(|error| error.to_string());
            let _ = reply.send(kept);
        }
        Command::Get(key, reply) => {
            let query = swarm.behaviour_mut().kad.get_record(key);
            waiting.gets.insert(query, (Vec::new(), reply));
        }
    }
}

fn progress(id: QueryId, result: QueryResult, last: bool, waiting: &mut Waiting) {
    match result {
        QueryResult::PutRecord(outcome) => {
            if let Some(reply) = waiting.puts.remove(&id) {
                let _ = reply.send(outcome.map(|_| ()).map_err(|error| error.to_string()));
            }
        }
        QueryResult::GetRecord(found) => {
            if let Some((values, _)) = waiting.gets.get_mut(&id)
                && let Ok(GetRecordOk::FoundRecord(found)) = found
            {
                values.push(found.record.value);
            }
            if last && let Some((values, reply)) = waiting.gets.remove(&id) {
                let _ = reply.send(values);
            }
        }
        _ => {}
    }
}
