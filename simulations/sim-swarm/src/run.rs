//! The whole network, from a scenario to its outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::mpsc;
use libp2p::PeerId;
use libp2p::identity::Keypair;
use papermesh_sim_model::chance::{Chance, Purpose};
use papermesh_sim_model::engine::Setup;
use papermesh_sim_model::kademlia::table::{self, Shape};
use papermesh_sim_model::population::Population;
use papermesh_sim_model::ring::{Key, Ring};
use papermesh_sim_model::{churn, work};
use papermesh_sim_net::{Counters, Delay, LinkConfig, Net, NodeNumber, WireCosts};
use papermesh_sim_results::{Kind, Outcome, Point, Sample};
use papermesh_sim_rt::entropy::{self, Clocks};
use papermesh_sim_rt::{Stuck, World};
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::Start;

use crate::node::{Command, Log, node};

/// One node joins every 50 ms where nodes join.
const JOINS: u64 = 50_000_000;

/// Why a run ended without an outcome.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// A task never waits.
    #[error(transparent)]
    Stuck(#[from] Stuck),
    /// No identity could be made.
    #[error("no identity could be made: {0}")]
    Identity(#[from] libp2p::identity::DecodingError),
    /// There are no nodes to speak of.
    #[error("this needs two nodes at least")]
    Alone,
}

/// The identities of a scenario's nodes, in the order of their keys.
fn identities(scenario: &Scenario) -> Result<Vec<(Key, Keypair)>, SwarmError> {
    let nodes = u32::try_from(scenario.nodes()).unwrap_or(u32::MAX);
    let mut identities = Vec::new();
    for number in 0..nodes {
        let mut chance = Chance::new(scenario.seed, u64::from(number), Purpose::Identity);
        let mut secret = [0; 32];
        for word in secret.chunks_mut(4) {
            word.copy_from_slice(&chance.word().to_le_bytes());
        }
        let identity = Keypair::ed25519_from_bytes(secret)?;
        let key = work::key_of(&identity.public().to_peer_id().to_bytes());
        identities.push((key, identity));
    }
    identities.sort_by_key(|(key, _)| *key);
    Ok(identities)
}

/// The keys of the real nodes of a scenario, for engine `model` to run among the same.
///
/// # Errors
///
/// No identity could be made.
pub fn ring(scenario: &Scenario) -> Result<Ring, SwarmError> {
    let keys = identities(scenario)?.into_iter().map(|(key, _)| key);
    Ok(Ring::new(keys.collect()))
}

/// The distances of engine `model`.
struct Distances(Arc<Setup>);

impl Delay for Distances {
    fn between(&self, from: NodeNumber, to: NodeNumber) -> u64 {
        self.0.population.distance(from, to)
    }
}

/// What is to happen, beside what nodes do.
enum Item {
    Lookup(NodeNumber, [u8; 8]),
    Toggle(NodeNumber),
    Join(NodeNumber),
    Measure,
}

/// The network.
struct Network<'a> {
    setup: Arc<Setup>,
    scenario: &'a Scenario,
    shape: Shape,
    identities: Vec<(Keypair, PeerId)>,
    net: Net,
    world: World,
    log: Log,
    commands: Vec<Option<mpsc::Sender<Command>>>,
    agenda: BTreeMap<(u64, u32), Item>,
    planned: u32,
    /// Look-ups that were asked for and have not ended, by node and name.
    asked: BTreeMap<(NodeNumber, Vec<u8>), u64>,
    samples: Vec<Sample>,
}

/// Runs a scenario on the calling thread, which [`papermesh_sim_rt::simulate`] made for it.
///
/// # Errors
///
/// A task never waits.
pub fn run(scenario: &Scenario) -> Result<Outcome, SwarmError> {
    let identities = identities(scenario)?;
    if identities.len() < 2 {
        return Err(SwarmError::Alone);
    }
    let ring = Ring::new(identities.iter().map(|(key, _)| *key).collect());
    let setup = Arc::new(Setup::new(
        scenario.clone(),
        Population::new(scenario, ring),
    ));
    let link = LinkConfig {
        seed: scenario.seed,
        jitter: scenario.network.jitter.nanos(),
        loss: scenario.network.loss,
        upload: 0,
    };
    let costs = WireCosts {
        handshake_round_trips: scenario.network.handshake_round_trips,
        ..WireCosts::default()
    };
    let nodes = setup.population.nodes();
    let mut network = Network {
        shape: Shape::of(&setup.population.ring),
        net: Net::new(nodes, Distances(setup.clone()), link, costs),
        identities: identities
            .into_iter()
            .map(|(_, identity)| {
                let peer = identity.public().to_peer_id();
                (identity, peer)
            })
            .collect(),
        world: World::new(),
        log: Arc::new(Mutex::new(Vec::new())),
        commands: (0..nodes).map(|_| None).collect(),
        agenda: BTreeMap::new(),
        planned: 0,
        asked: BTreeMap::new(),
        samples: Vec::new(),
        setup,
        scenario,
    };
    network.begin();
    network.run()
}

impl Network<'_> {
    fn plan(&mut self, time: u64, item: Item) {
        self.planned += 1;
        self.agenda.insert((time, self.planned), item);
    }

    fn begin(&mut self) {
        let setup = self.setup.clone();
        let begins = self.scenario.time.begins.at.nanos();
        for number in 0..setup.population.nodes() {
            // Transports refuse to dial whom nobody ever was.
            self.net.enter(number, self.identities[number as usize].1);
        }
        for number in 0..setup.population.nodes() {
            let group = setup.population.group(number).churn;
            let there = churn::begins(&group, setup.population.seed, number, begins);
            match self.scenario.swarm.start {
                Start::Join => self.plan(u64::from(number) * JOINS, Item::Join(number)),
                Start::Warm if there => self.start(number),
                Start::Warm => {}
            }
            self.plan_toggle(number, 0, there);
        }
        for lookup in work::lookups(&setup) {
            self.plan(lookup.time, Item::Lookup(lookup.node, lookup.name));
        }
        self.plan(setup.warm_up, Item::Measure);
    }

    fn plan_toggle(&mut self, number: NodeNumber, now: u64, there: bool) {
        let group = self.setup.population.group(number).churn;
        let begins = self.scenario.time.begins.at.nanos();
        let next = churn::next(
            &group,
            self.setup.population.seed,
            number,
            begins,
            now,
            there,
        );
        if let Some(next) = next {
            self.plan(next, Item::Toggle(number));
        }
    }

    /// Starts a node that knows whom engine `model` has it know.
    fn start(&mut self, number: NodeNumber) {
        let mut contacts = Vec::new();
        if self.scenario.swarm.start == Start::Warm {
            let population = &self.setup.population;
            for bucket in 0..self.shape.buckets {
                table::initial(
                    &population.ring,
                    self.shape,
                    population.seed,
                    number,
                    bucket,
                    &mut contacts,
                );
            }
        } else if number > 0 {
            contacts.push(0);
        }
        let contacts: Vec<_> = contacts
            .into_iter()
            .map(|contact| (self.identities[contact as usize].1, contact))
            .collect();
        let spawner = self.world.spawner(number);
        let (identity, log) = (&self.identities[number as usize].0, self.log.clone());
        let node = node(
            &self.net,
            number,
            identity,
            &contacts,
            self.scenario,
            spawner.clone(),
            log,
        );
        self.net.set_reachable(number, true);
        spawner.spawn(node.task);
        self.commands[number as usize] = Some(node.commands);
    }

    fn command(&mut self, number: NodeNumber, command: Command) -> bool {
        self.commands[number as usize]
            .as_mut()
            .is_some_and(|commands| commands.try_send(command).is_ok())
    }

    fn happen(&mut self, now: u64, item: Item) {
        match item {
            Item::Lookup(number, name) => {
                if self.command(number, Command::Lookup(name)) {
                    self.asked.insert((number, name.to_vec()), now);
                }
            }
            Item::Join(number) => {
                self.start(number);
                self.command(number, Command::Join);
            }
            Item::Toggle(number) => {
                let there = self.commands[number as usize].is_none();
                if there {
                    self.start(number);
                } else {
                    // Cut off first: what dies with the node says no more good-byes than a lid that is closed.
                    self.net.set_reachable(number, false);
                    self.commands[number as usize] = None;
                    self.world.end(number);
                    let failed: Vec<_> = self
                        .asked
                        .range((number, Vec::new())..(number + 1, Vec::new()))
                        .map(|(it, _)| it.clone())
                        .collect();
                    for name in failed {
                        if let Some(asked) = self.asked.remove(&name) {
                            self.sample(number, asked, now - asked, 0, 0.0, false);
                        }
                    }
                }
                self.plan_toggle(number, now, there);
            }
            Item::Measure => {}
        }
    }

    fn sample(
        &mut self,
        node: NodeNumber,
        asked: u64,
        wait: u64,
        requests: u32,
        found: f32,
        ok: bool,
    ) {
        if asked >= self.setup.warm_up {
            self.samples.push(Sample {
                time: (asked - self.setup.warm_up) as i64,
                node,
                kind: Kind::Lookup,
                wait,
                requests,
                found,
                ok,
            });
        }
    }

    /// Turns ended look-ups into samples: the oracle sorts all nodes.
    fn collect(&mut self) {
        let ended = std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner));
        for ended in ended {
            let Some(asked) = self.asked.remove(&(ended.node, ended.name.clone())) else {
                continue;
            };
            let results = self.scenario.kademlia.replication as usize;
            let nearest = self
                .setup
                .population
                .ring
                .nearest(work::key_of(&ended.name), results + 1);
            let expected: Vec<PeerId> = nearest
                .into_iter()
                .filter(|&node| node != ended.node)
                .take(results)
                .map(|node| self.identities[node as usize].1)
                .collect();
            let right = ended
                .found
                .iter()
                .take(results)
                .filter(|peer| expected.contains(peer))
                .count();
            let found = right as f32 / expected.len().max(1) as f32;
            self.sample(
                ended.node,
                asked,
                ended.wait.as_nanos() as u64,
                ended.requests,
                found,
                right > 0,
            );
        }
    }

    fn run(mut self) -> Result<Outcome, SwarmError> {
        let (warm_up, end) = (self.setup.warm_up, self.setup.end);
        let every = self.scenario.measure.every.nanos().max(1);
        let mut series = Vec::new();
        let (mut before, mut warm) = (Counters::default(), Counters::default());
        let strict = entropy::clocks(Clocks::Strict);
        loop {
            let next = self.agenda.first_key_value().map(|((time, _), _)| *time);
            let Some(now) = next.filter(|next| *next <= end) else {
                break;
            };
            self.world.run(&mut self.net, now)?;
            self.collect();
            while let Some(entry) = self
                .agenda
                .first_entry()
                .filter(|entry| entry.key().0 <= now)
            {
                let item = entry.remove();
                if matches!(item, Item::Measure) {
                    let counters = self.net.counters();
                    if now == warm_up {
                        warm = counters;
                    }
                    self.measure((now - warm_up) as i64, counters, before, &mut series);
                    before = counters;
                    self.plan(now + every, Item::Measure);
                } else {
                    self.happen(now, item);
                }
            }
        }
        self.world.run(&mut self.net, end)?;
        self.collect();
        drop(strict);
        let counters = self.net.counters();
        let trace = self.net.trace();
        let mut outcome = Outcome {
            samples: std::mem::take(&mut self.samples),
            series,
            trace: trace.to_string(),
            events: trace.events,
            ..Outcome::default()
        };
        let totals = [
            (
                "traffic.messages",
                (counters.messages - warm.messages) as f64,
            ),
            ("traffic.bytes", (counters.bytes - warm.bytes) as f64),
            ("traffic.dials", (counters.dials - warm.dials) as f64),
            ("connections.open", counters.open as f64),
            ("world.polls", self.world.polls() as f64),
            ("world.tasks", self.world.tasks() as f64),
            ("entropy.asked", entropy::asked() as f64),
            ("asked", outcome.samples.len() as f64),
            (
                "failed",
                outcome.samples.iter().filter(|sample| !sample.ok).count() as f64,
            ),
        ];
        outcome.totals.extend(totals);
        outcome.sort();
        Ok(outcome)
    }

    fn measure(&self, time: i64, now: Counters, before: Counters, series: &mut Vec<Point>) {
        let online = self
            .commands
            .iter()
            .filter(|commands| commands.is_some())
            .count();
        let mut point = |metric, value: u64| {
            series.push(Point {
                time,
                metric,
                value: value as f64,
            })
        };
        point("nodes.online", online as u64);
        point("connections.open", now.open);
        if time > 0 {
            point("traffic.messages", now.messages - before.messages);
            point("traffic.bytes", now.bytes - before.bytes);
            point("traffic.dials", now.dials - before.dials);
        }
    }
}
