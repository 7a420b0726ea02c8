//! One node.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::mpsc;
use futures::{Future, StreamExt};
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::identity::Keypair;
use libp2p::kad::store::MemoryStore;
use libp2p::swarm::{Config, Executor, NetworkBehaviour, SwarmEvent};
use libp2p::{PeerId, StreamProtocol, Swarm, Transport as _, identify, kad, ping};
use papermesh_sim_net::{Net, NodeNumber, Transport, address};
use papermesh_sim_rt::Spawner;
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::Start;

/// Handshakes take no longer than this: `CONNECT_TIMEOUT` of the product.
const CONNECT: Duration = Duration::from_secs(5);
/// What the nodes of the product name their site: 52 characters of base32.
const SITE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// Commands that wait for a node.
const COMMANDS: usize = 64;

/// The protocols of a node: those of the product that a directory needs.
#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    kad: kad::Behaviour<MemoryStore>,
}

/// What a node is told.
#[derive(Debug)]
pub enum Command {
    /// Look up the nodes nearest to the hash of this.
    Lookup([u8; 8]),
    /// Join by asking whom it knows.
    Join,
}

/// A look-up that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whose.
    pub node: NodeNumber,
    /// Of what.
    pub name: Vec<u8>,
    /// How long it took.
    pub wait: Duration,
    /// Requests that were sent.
    pub requests: u32,
    /// Who is nearest.
    pub found: Vec<PeerId>,
}

/// Where ended look-ups are collected.
pub type Log = Arc<Mutex<Vec<Ended>>>;

/// The task of a node, and how to command it.
pub struct Node {
    /// Its task.
    pub task: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// How to command it.
    pub commands: mpsc::Sender<Command>,
}

struct Tasks(Spawner);

impl Executor for Tasks {
    fn exec(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.spawn(task);
    }
}

/// The product's Kademlia: `node/mesh/src/behaviour.rs`, which a test compares.
fn kademlia(peer: PeerId, scenario: &Scenario) -> kad::Behaviour<MemoryStore> {
    let name = format!("/papermesh/{SITE}/kad/1");
    let protocol = StreamProtocol::try_from_owned(name).unwrap_or(StreamProtocol::new("/kad"));
    let mut config = kad::Config::new(protocol);
    let wanted = &scenario.kademlia;
    let at_least_one = |count: u32| NonZeroUsize::new(count as usize).unwrap_or(NonZeroUsize::MIN);
    let refresh = Some(wanted.refresh.0).filter(|refresh| !refresh.is_zero());
    config
        .set_replication_factor(at_least_one(wanted.replication))
        .set_parallelism(at_least_one(wanted.parallelism))
        .set_query_timeout(wanted.query_timeout.0)
        .set_substreams_timeout(wanted.request_timeout.0)
        .set_record_filtering(kad::StoreInserts::Unfiltered)
        .set_max_packet_size(96 * 1024)
        .set_record_ttl(None)
        .set_publication_interval(None)
        .set_replication_interval(Some(Duration::from_secs(15 * 60)))
        .set_provider_publication_interval(None)
        .set_periodic_bootstrap_interval(refresh);
    let mut kademlia = kad::Behaviour::with_config(peer, MemoryStore::new(peer), config);
    kademlia.set_mode(Some(kad::Mode::Server));
    kademlia
}

/// A node that listens and knows these others.
pub fn node(
    net: &Net,
    number: NodeNumber,
    identity: &Keypair,
    contacts: &[(PeerId, NodeNumber)],
    scenario: &Scenario,
    spawner: Spawner,
    log: Log,
) -> Node {
    let peer = identity.public().to_peer_id();
    net.enter(number, peer);
    let transport = TransportTimeout::new(Transport::new(net.clone(), number), CONNECT).boxed();
    let identify = identify::Config::new(format!("/papermesh/{SITE}/1"), identity.public())
        .with_agent_version(concat!("papermesh/", env!("CARGO_PKG_VERSION")).to_owned())
        .with_push_listen_addr_updates(true);
    let mut behaviour = Behaviour {
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::default(),
        kad: kademlia(peer, scenario),
    };
    for (contact, at) in contacts {
        behaviour.kad.add_address(contact, address(*at));
    }
    let config =
        Config::with_executor(Tasks(spawner)).with_idle_connection_timeout(scenario.network.idle.0);
    let mut swarm = Swarm::new(transport, behaviour, peer, config);
    let warm = scenario.swarm.start == Start::Warm;
    // The transport takes a node's own address, and no other is ever asked for.
    let listening = swarm.listen_on(address(number));
    debug_assert!(listening.is_ok());
    let (commands, inbox) = mpsc::channel(COMMANDS);
    Node {
        task: Box::pin(drive(number, swarm, inbox, log, warm)),
        commands,
    }
}

/// Ends a look-up before it asks anybody else.
fn finish(kademlia: &mut kad::Behaviour<MemoryStore>, query: Option<kad::QueryId>) {
    if let Some(mut query) = query.and_then(|query| kademlia.query_mut(&query)) {
        query.finish();
    }
}

async fn drive(
    number: NodeNumber,
    mut swarm: Swarm<Behaviour>,
    mut inbox: mpsc::Receiver<Command>,
    log: Log,
    warm: bool,
) {
    let mut warming = None;
    loop {
        futures::select_biased! {
            command = inbox.next() => match command {
                None => return,
                Some(Command::Lookup(name)) => {
                    swarm.behaviour_mut().kad.get_closest_peers(name.to_vec());
                }
                Some(Command::Join) => {
                    // Whoever knows nobody is the first.
                    let _ = swarm.behaviour_mut().kad.bootstrap();
                }
            },
            event = swarm.select_next_some() => {
                match event {
                    // Half a second after a node began to listen, Kademlia bootstraps. Tables that are filled need that
                    // as little as those of a node that runs for days: so the bootstrap is begun now, and each of its
                    // look-ups is ended before it asks anybody.
                    SwarmEvent::NewListenAddr { .. } if warm => {
                        warming = swarm.behaviour_mut().kad.bootstrap().ok();
                        finish(&mut swarm.behaviour_mut().kad, warming);
                    }
                    SwarmEvent::Behaviour(BehaviourEvent::Kad(
                        kad::Event::OutboundQueryProgressed { id, .. },
                    )) if warming == Some(id) => finish(&mut swarm.behaviour_mut().kad, warming),
                    SwarmEvent::Behaviour(event) => happened(number, &mut swarm, event, &log),
                    _ => {}
                }
            }
        }
    }
}

fn happened(number: NodeNumber, swarm: &mut Swarm<Behaviour>, event: BehaviourEvent, log: &Log) {
    match event {
        BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
            for address in info.listen_addrs {
                swarm.behaviour_mut().kad.add_address(&peer_id, address);
            }
        }
        BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::GetClosestPeers(result),
            stats,
            step,
            ..
        }) if step.last => {
            let (name, found) = match result {
                Ok(kad::GetClosestPeersOk { key, peers }) => (key, peers),
                Err(kad::GetClosestPeersError::Timeout { key, peers }) => (key, peers),
            };
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Ended {
                    node: number,
                    name,
                    wait: stats.duration().unwrap_or_default(),
                    requests: stats.num_requests(),
                    found: found.into_iter().map(|found| found.peer_id).collect(),
                });
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    /// The configuration here says what the product's says.
    #[test]
    fn kademlia_is_the_products() {
        let product = include_str!("../../../node/mesh/src/behaviour.rs");
        let own = include_str!("node.rs");
        let settings = |text: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.trim().strip_prefix(".set_"))
                .map(|line| line.split('(').next().unwrap_or_default().to_owned())
                .collect()
        };
        let (mut theirs, ours) = (settings(product), settings(own));
        theirs.retain(|setting| !setting.is_empty());
        assert_eq!(theirs, ours);
        for said in [
            "const REPLICATION: usize = 20;",
            "const PARALLELISM: usize = 8;",
            ".set_query_timeout(Duration::from_secs(10))",
            ".set_substreams_timeout(Duration::from_secs(5))",
            ".set_periodic_bootstrap_interval(Some(Duration::from_secs(5 * 60)))",
            ".set_max_packet_size(96 * 1024)",
        ] {
            assert!(
                product.contains(said),
                "the product says otherwise than: {said}"
            );
        }
        let offered = include_str!("../../../node/mesh/src/offered.rs");
        assert!(offered.contains("REPLICATION_EVERY: Duration = Duration::from_secs(15 * 60)"));
        let default = papermesh_sim_scenario::file::Kademlia::default();
        assert_eq!((default.replication, default.parallelism), (20, 8));
        assert_eq!(default.refresh.0.as_secs(), 300);
    }

    /// What is simulated is what the product is built of.
    #[test]
    fn versions_are_the_products() {
        let versions = |lock: &str| -> Vec<String> {
            lock.split("[[package]]")
                .filter(|package| {
                    package.contains("name = \"libp2p") || package.contains("name = \"yamux\"")
                })
                .map(|package| package.lines().take(3).collect::<Vec<_>>().join(" "))
                .collect()
        };
        let product = versions(include_str!("../../../Cargo.lock"));
        let own = versions(include_str!("../../Cargo.lock"));
        assert!(!own.is_empty());
        for version in own {
            assert!(
                product.contains(&version),
                "not what the product has:{version}"
            );
        }
    }
}
