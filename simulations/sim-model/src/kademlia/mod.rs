//! Kademlia as the product speaks it, and the directory of adverts on top.
//!
//! - [`table`] has the contacts, [`connections`] who is connected, [`search`] the decisions of a look-up, [`wire`] bytes.
//! - A user's advert is stored at the k nodes nearest to the user's key, again every half hour while jobs are held.
//! - A printer looks the key up and asks each node on the way for the advert; then it asks the holder itself.
//!
//! Left out: records move to nodes that come nearer only when they are put again (the product replicates every 15
//! minutes, too); a refresh looks up the node's own key and one more, not one for every bucket.

pub mod connections;
pub mod search;
pub mod table;
pub mod wire;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use papermesh_sim_results::Kind;
use papermesh_sim_scenario::file::Tables as Kept;
use serde::{Deserialize, Serialize};

use crate::chance::philox;
use crate::engine::{Cx, Setup};
use crate::measure::Count;
use crate::population::Population;
use crate::protocol::{Ask, Protocol};
use crate::queue::Time;
use crate::ring::{Key, Node, Ring};
use connections::Connections;
use search::{Next, Search};
use table::{BUCKET, Shape, Tables};

/// Timers of a node that belong to no look-up.
const REFRESH: u32 = crate::engine::TIMERS - 1;
const ADVERT: u32 = REFRESH - 1;
/// Full buckets that are looked after at once, before those that are done are forgotten.
const PROBES: usize = 4096;
/// Look-ups of one shard under way: the values of timers below this are their numbers.
const SEARCHES: u32 = ADVERT;

/// What nodes say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Who is nearest to a key? And, if somebody's advert is looked for, is it stored here?
    Find {
        /// The key.
        target: Key,
        /// The asker's look-up.
        search: u32,
        /// Whose advert.
        owner: Option<Node>,
    },
    /// These are. The number of those that count comes first.
    Nodes {
        /// The key that was asked for: numbers of look-ups are given again.
        target: Key,
        /// The asker's look-up.
        search: u32,
        /// The advert is stored here.
        stored: bool,
        /// How many of the nodes count.
        count: u8,
        /// The nodes.
        nodes: [Node; BUCKET],
    },
    /// Store the advert of this sender until then, in seconds.
    Store {
        /// The sender's look-up.
        search: u32,
        /// Until when.
        until: u32,
    },
    /// It is stored.
    Stored {
        /// The sender's look-up.
        search: u32,
    },
    /// A printer asks for jobs.
    Reach {
        /// The printer's look-up.
        search: u32,
    },
    /// This node is connected now, and asks nothing.
    Hello,
    /// So is this one.
    HelloToo,
    /// They are here.
    Reached {
        /// The printer's look-up.
        search: u32,
    },
}

/// What a look-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Aim {
    Measure,
    Refresh,
    Publish { again: bool },
    Release { owner: Node },
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Searching,
    /// So many are to say that they have stored the advert.
    Storing {
        left: u32,
        stored: u32,
    },
    /// The holder is to answer.
    Reaching,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Running {
    node: Node,
    aim: Aim,
    stage: Stage,
    search: Search,
    asked: Time,
    deadline: Time,
    requests: u32,
    /// For when the earliest timer is set.
    timer: Time,
}

/// An advert that a node stores.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Advert {
    owner: Node,
    /// In seconds.
    until: u32,
}

/// The nodes of a shard.
#[derive(Serialize, Deserialize)]
pub struct Nodes {
    first: Node,
    tables: Option<Tables>,
    connections: Connections,
    /// Full buckets whose oldest contact is being dialed, until then.
    probing: BTreeMap<(Node, u32), Time>,
    running: Vec<Option<Running>>,
    free: Vec<u32>,
    /// Only nodes that ever stored some.
    adverts: BTreeMap<Node, Vec<Advert>>,
    /// How many jobs each node holds: while it holds some, it puts its advert again.
    holds: Vec<u16>,
    /// Whether the timer for that is set.
    advertises: Vec<bool>,
}

/// Kademlia.
pub struct Kademlia {
    ring: Arc<Ring>,
    shape: Shape,
    seed: u64,
    kept: Kept,
    results: u32,
    parallelism: u32,
    patience: Time,
    query: Time,
    refresh: Time,
    probe: bool,
    advert_again: Time,
    advert_lifetime: Time,
    advert_bytes: u64,
    handshake: Time,
    idle: Time,
    connections: usize,
    liars: Vec<Node>,
}

/// The key of a user's adverts in the directory.
pub fn advert_key(seed: u64, owner: Node) -> Key {
    let words = philox(
        [seed as u32, (seed >> 32) as u32],
        [owner, 0, 0x00ad_0e27, 0],
    );
    Key::from(words[0]) << 32 | Key::from(words[1])
}

impl Kademlia {
    /// As a scenario says.
    pub fn new(setup: &Setup) -> Self {
        let Setup {
            population,
            scenario,
            ..
        } = setup;
        let (kademlia, network) = (&scenario.kademlia, &scenario.network);
        let ring = population.ring.clone();
        Self {
            shape: Shape::of(&ring),
            ring,
            seed: population.seed,
            kept: scenario.model.tables,
            results: kademlia.replication,
            parallelism: kademlia.parallelism,
            patience: kademlia.request_timeout.nanos(),
            query: kademlia.query_timeout.nanos(),
            refresh: kademlia.refresh.nanos(),
            probe: kademlia.probe,
            advert_again: kademlia.advert_refresh.nanos().max(1_000_000_000),
            advert_lifetime: kademlia.advert_lifetime.nanos(),
            advert_bytes: u64::from(kademlia.advert_bytes),
            handshake: Time::from(network.handshake_round_trips),
            idle: network.idle.nanos(),
            connections: scenario.model.connections as usize,
            liars: liars(population),
        }
    }

    fn lies(&self, node: Node) -> bool {
        self.liars.binary_search(&node).is_ok()
    }

    fn contacts(&self, nodes: &Nodes, node: Node, bucket: u32, into: &mut Vec<Node>) {
        match &nodes.tables {
            Some(tables) => tables.contacts(node, bucket, into),
            None => table::initial(&self.ring, self.shape, self.seed, node, bucket, into),
        }
    }

    /// The contacts of a node that are nearest to a key, as many as an answer has, whoever asks left out. They are in no
    /// order: whoever asks sorts them anyway.
    fn nearest_contacts(&self, nodes: &Nodes, node: Node, target: Key, asker: Node) -> Vec<Node> {
        let mut found = Vec::with_capacity(2 * BUCKET);
        let own = self.shape.bucket(self.ring.key(node) ^ target);
        // Those in the key's own bucket are nearest to it, then all in nearer buckets, then the farther ones one by one.
        let mut class = |buckets: Range<u32>| {
            let begin = found.len();
            for bucket in buckets {
                self.contacts(nodes, node, bucket, &mut found);
            }
            if let Some(at) = found[begin..].iter().position(|&contact| contact == asker) {
                found.swap_remove(begin + at);
            }
            if found.len() > BUCKET {
                found[begin..].sort_unstable_by_key(|&contact| self.ring.key(contact) ^ target);
                found.truncate(BUCKET);
            }
            found.len() == BUCKET
        };
        let full = class(own..own + 1) || class(own + 1..self.shape.buckets);
        if !full {
            for bucket in (0..own).rev() {
                if class(bucket..bucket + 1) {
                    break;
                }
            }
        }
        found
    }

    /// Sends a request on a stream of its own, over a connection that is dialed if there is none.
    fn request(
        &self,
        nodes: &mut Nodes,
        to: Node,
        message: Message,
        bytes: u64,
        cx: &mut Cx<'_, Message>,
    ) {
        let negotiated = 2 * cx.setup.population.distance(cx.node, to);
        cx.count(Count::Messages, wire::NEGOTIATION_MESSAGES);
        cx.count(Count::Bytes, wire::NEGOTIATION as i64);
        let connected = self.connect(nodes, to, cx);
        cx.send(to, message, bytes, connected + negotiated);
    }

    /// Makes sure that there is a connection. Returns how long that takes.
    fn connect(&self, nodes: &mut Nodes, to: Node, cx: &mut Cx<'_, Message>) -> Time {
        if nodes.connections.ask(cx.node, to, cx.now) {
            return 0;
        }
        cx.count(Count::Dials, 1);
        cx.count(Count::Messages, wire::GREETING_MESSAGES);
        cx.count(Count::Bytes, (wire::HANDSHAKE + wire::GREETING) as i64);
        self.handshake * 2 * cx.setup.population.distance(cx.node, to)
    }

    /// A node hears another. On a new connection the other becomes a contact; where its bucket is full, the contact that
    /// was connected least recently is dialed, to see whether it is still there, as libp2p does it.
    fn hear(&self, nodes: &mut Nodes, from: Node, cx: &mut Cx<'_, Message>) {
        if !nodes.connections.hear(cx.node, from, cx.now) {
            return;
        }
        let Some(tables) = &mut nodes.tables else {
            return;
        };
        let bucket = self
            .shape
            .bucket(self.ring.key(cx.node) ^ self.ring.key(from));
        let Some(oldest) = tables.hear(cx.node, bucket, from) else {
            return;
        };
        let probing = nodes
            .probing
            .get(&(cx.node, bucket))
            .is_some_and(|until| *until > cx.now);
        if !self.probe || probing || nodes.connections.connected(cx.node, oldest, cx.now) {
            return;
        }
        let takes = self.connect(nodes, oldest, cx);
        if nodes.probing.len() >= PROBES {
            nodes.probing.retain(|_, until| *until > cx.now);
        }
        nodes.probing.insert((cx.node, bucket), cx.now + takes);
        // The first words of identify, which were counted with the connection.
        cx.send(oldest, Message::Hello, 0, takes);
        cx.count(Count::Messages, -1);
    }

    fn begin(&self, nodes: &mut Nodes, aim: Aim, target: Key, cx: &mut Cx<'_, Message>) {
        let begin = self.nearest_contacts(nodes, cx.node, target, cx.node);
        let keyed = begin.iter().map(|&node| (node, self.ring.key(node)));
        let running = Running {
            node: cx.node,
            aim,
            stage: Stage::Searching,
            search: Search::new(target, self.results, self.parallelism, self.patience, keyed),
            asked: cx.now,
            deadline: cx.now + self.query,
            requests: 0,
            timer: Time::MAX,
        };
        let number = match nodes.free.pop() {
            Some(number) => {
                nodes.running[number as usize] = Some(running);
                number
            }
            None if nodes.running.len() < SEARCHES as usize => {
                nodes.running.push(Some(running));
                (nodes.running.len() - 1) as u32
            }
            None => return,
        };
        self.go_on(nodes, number, cx);
    }

    /// Asks whoever is to be asked, and ends what has ended.
    fn go_on(&self, nodes: &mut Nodes, number: u32, cx: &mut Cx<'_, Message>) {
        loop {
            let Some(running) = &mut nodes.running[number as usize] else {
                return;
            };
            if running.stage != Stage::Searching {
                return;
            }
            if cx.now >= running.deadline {
                return self.searched(nodes, number, cx);
            }
            match running.search.next(cx.now) {
                Next::Ask(node) => {
                    running.requests += 1;
                    let owner = match running.aim {
                        Aim::Release { owner } => Some(owner),
                        _ => None,
                    };
                    let message = Message::Find {
                        target: running.search.target(),
                        search: number,
                        owner,
                    };
                    self.request(nodes, node, message, wire::REQUEST, cx);
                }
                Next::Wait => {
                    let until = running
                        .search
                        .next_expiry()
                        .unwrap_or(running.deadline)
                        .min(running.deadline);
                    if running.timer > until || running.timer <= cx.now {
                        running.timer = until;
                        cx.timer(until - cx.now, number);
                    }
                    return;
                }
                Next::Done => return self.searched(nodes, number, cx),
            }
        }
    }

    /// A search has ended.
    fn searched(&self, nodes: &mut Nodes, number: u32, cx: &mut Cx<'_, Message>) {
        let Some(running) = &mut nodes.running[number as usize] else {
            return;
        };
        let (asked, requests) = (running.asked, running.requests);
        match running.aim {
            Aim::Refresh => {}
            Aim::Measure => {
                let expected = self
                    .ring
                    .nearest(running.search.target(), self.results as usize + 1);
                let expected: Vec<Node> = expected
                    .into_iter()
                    .filter(|&node| node != cx.node)
                    .take(self.results as usize)
                    .collect();
                let right = running
                    .search
                    .found()
                    .filter(|node| expected.contains(node))
                    .count();
                let found = right as f32 / expected.len().max(1) as f32;
                cx.answered(Kind::Lookup, asked, requests, found, right > 0);
            }
            Aim::Release { .. } => cx.answered(Kind::Release, asked, requests, 0.0, false),
            Aim::Publish { again } => {
                let found: Vec<Node> = running.search.found().collect();
                let left = found.len() as u32;
                running.stage = Stage::Storing { left, stored: 0 };
                running.deadline = cx.now + self.query;
                running.timer = running.deadline;
                running.requests += left;
                if left > 0 {
                    let until = ((cx.now + self.advert_lifetime) / 1_000_000_000) as u32;
                    let bytes = wire::REQUEST + self.advert_bytes;
                    for node in found {
                        self.request(
                            nodes,
                            node,
                            Message::Store {
                                search: number,
                                until,
                            },
                            bytes,
                            cx,
                        );
                    }
                    cx.timer(self.query, number);
                    return;
                }
                if !again {
                    cx.answered(Kind::Publish, asked, requests, 0.0, false);
                }
            }
        }
        self.end(nodes, number);
    }

    fn end(&self, nodes: &mut Nodes, number: u32) {
        nodes.running[number as usize] = None;
        nodes.free.push(number);
    }

    /// An advert is stored at as many as will ever say so.
    fn stored(&self, nodes: &mut Nodes, number: u32, cx: &mut Cx<'_, Message>) {
        if let Some(running) = &nodes.running[number as usize]
            && let (Stage::Storing { stored, .. }, Aim::Publish { again }) =
                (running.stage, running.aim)
        {
            if !again {
                let share = stored as f32 / self.results as f32;
                cx.answered(
                    Kind::Publish,
                    running.asked,
                    running.requests,
                    share,
                    stored > 0,
                );
            }
            self.end(nodes, number);
        }
    }

    fn answer(
        &self,
        nodes: &mut Nodes,
        from: Node,
        target: Key,
        search: u32,
        owner: Option<Node>,
        cx: &mut Cx<'_, Message>,
    ) {
        let mut list = [0; BUCKET];
        let mut count = 0;
        let mut stored = false;
        if self.lies(cx.node) {
            // Liars name liars: those that follow the key in their own list, which look near enough.
            let start = self
                .liars
                .partition_point(|&liar| self.ring.key(liar) < target);
            let others = (0..self.liars.len().min(BUCKET))
                .map(|step| self.liars[(start + step) % self.liars.len()]);
            for liar in others.filter(|&liar| liar != from && liar != cx.node) {
                list[count] = liar;
                count += 1;
            }
        } else {
            for contact in self.nearest_contacts(nodes, cx.node, target, from) {
                list[count] = contact;
                count += 1;
            }
            let second = (cx.now / 1_000_000_000) as u32;
            let adverts = nodes.adverts.get(&cx.node);
            stored = owner.is_some_and(|owner| {
                adverts.is_some_and(|adverts| {
                    adverts
                        .iter()
                        .any(|it| it.owner == owner && it.until > second)
                })
            });
        }
        let bytes = wire::ANSWER
            + wire::CONTACT * count as u64
            + if stored { self.advert_bytes } else { 0 };
        let message = Message::Nodes {
            target,
            search,
            stored,
            count: count as u8,
            nodes: list,
        };
        cx.send(from, message, bytes, 0);
    }

    fn store(&self, nodes: &mut Nodes, owner: Node, until: u32, cx: &mut Cx<'_, Message>) {
        if self.lies(cx.node) {
            return;
        }
        let adverts = nodes.adverts.entry(cx.node).or_default();
        let second = (cx.now / 1_000_000_000) as u32;
        let before = adverts.len() as i64;
        adverts.retain(|advert| advert.until > second && advert.owner != owner);
        adverts.push(Advert { owner, until });
        cx.count(Count::Records, adverts.len() as i64 - before);
    }
}

/// All nodes that lie, in order.
fn liars(population: &Population) -> Vec<Node> {
    (0..population.nodes())
        .filter(|&node| population.lies(node))
        .collect()
}

impl Protocol for Kademlia {
    type Message = Message;
    type Nodes = Nodes;

    fn nodes(&self, of: Range<Node>) -> Nodes {
        Nodes {
            first: of.start,
            tables: (self.kept == Kept::Explicit)
                .then(|| Tables::new(&self.ring, self.shape, self.seed, of.clone())),
            connections: Connections::new(of.clone(), self.connections, self.idle),
            probing: BTreeMap::new(),
            running: Vec::new(),
            free: Vec::new(),
            adverts: BTreeMap::new(),
            holds: vec![0; of.len()],
            advertises: vec![false; of.len()],
        }
    }

    fn start(&self, nodes: &mut Nodes, cx: &mut Cx<'_, Message>) {
        if self.refresh > 0 {
            let first = cx.draw().up_to(self.refresh);
            cx.timer(first, REFRESH);
        }
        let own = (cx.node - nodes.first) as usize;
        nodes.advertises[own] = nodes.holds[own] > 0;
        if nodes.advertises[own] {
            cx.timer(1_000_000_000, ADVERT);
        }
    }

    fn stop(&self, nodes: &mut Nodes, cx: &mut Cx<'_, Message>) {
        nodes.connections.end_all(cx.node);
        for number in 0..nodes.running.len() {
            if let Some(running) = nodes.running[number].take_if(|running| running.node == cx.node)
            {
                let kind = match running.aim {
                    Aim::Measure => Some(Kind::Lookup),
                    Aim::Publish { again: false } => Some(Kind::Publish),
                    Aim::Release { .. } => Some(Kind::Release),
                    _ => None,
                };
                if let Some(kind) = kind {
                    cx.answered(kind, running.asked, running.requests, 0.0, false);
                }
                nodes.free.push(number as u32);
            }
        }
    }

    fn message(&self, nodes: &mut Nodes, from: Node, message: Message, cx: &mut Cx<'_, Message>) {
        self.hear(nodes, from, cx);
        match message {
            Message::Find {
                target,
                search,
                owner,
            } => self.answer(nodes, from, target, search, owner, cx),
            Message::Hello => {
                cx.send(from, Message::HelloToo, 0, 0);
                cx.count(Count::Messages, -1);
            }
            // It was heard, which is all.
            Message::HelloToo => {}
            Message::Store { search, until } => {
                self.store(nodes, from, until, cx);
                cx.send(
                    from,
                    Message::Stored { search },
                    wire::REQUEST + self.advert_bytes,
                    0,
                );
            }
            Message::Reach { search } => {
                // The job goes with whoever asks for it.
                let holds = &mut nodes.holds[(cx.node - nodes.first) as usize];
                *holds = holds.saturating_sub(1);
                cx.send(from, Message::Reached { search }, wire::ANSWER, 0);
            }
            Message::Nodes {
                target,
                search,
                stored,
                count,
                nodes: named,
            } => {
                let Some(Some(running)) = nodes.running.get_mut(search as usize) else {
                    return;
                };
                let awaited = running.node == cx.node && running.search.target() == target;
                if !awaited || running.stage != Stage::Searching {
                    return;
                }
                let named = named
                    .iter()
                    .take(usize::from(count))
                    .filter(|&&node| node != cx.node);
                let keyed = named.map(|&node| (node, self.ring.key(node)));
                if !running.search.answered(self.ring.key(from), keyed) {
                    return;
                }
                match running.aim {
                    Aim::Release { owner } if stored => {
                        running.stage = Stage::Reaching;
                        running.requests += 1;
                        running.deadline = cx.now + self.patience;
                        running.timer = running.deadline;
                        cx.timer(self.patience, search);
                        self.request(nodes, owner, Message::Reach { search }, wire::REQUEST, cx);
                    }
                    _ => self.go_on(nodes, search, cx),
                }
            }
            Message::Stored { search } => {
                if let Some(Some(running)) = nodes.running.get_mut(search as usize)
                    && running.node == cx.node
                    && let Stage::Storing { left, stored } = &mut running.stage
                {
                    (*left, *stored) = (left.saturating_sub(1), *stored + 1);
                    if *left == 0 {
                        self.stored(nodes, search, cx);
                    }
                }
            }
            Message::Reached { search } => {
                if let Some(Some(running)) = nodes.running.get(search as usize)
                    && running.node == cx.node
                    && running.stage == Stage::Reaching
                {
                    cx.answered(Kind::Release, running.asked, running.requests, 1.0, true);
                    self.end(nodes, search);
                }
            }
        }
    }

    fn timer(&self, nodes: &mut Nodes, timer: u32, cx: &mut Cx<'_, Message>) {
        match timer {
            REFRESH => {
                cx.timer(self.refresh, REFRESH);
                let random = cx.draw().long();
                self.begin(nodes, Aim::Refresh, self.ring.key(cx.node), cx);
                self.begin(nodes, Aim::Refresh, random, cx);
            }
            ADVERT if nodes.holds[(cx.node - nodes.first) as usize] == 0 => {
                nodes.advertises[(cx.node - nodes.first) as usize] = false;
            }
            ADVERT => {
                cx.timer(self.advert_again, ADVERT);
                self.begin(
                    nodes,
                    Aim::Publish { again: true },
                    advert_key(self.seed, cx.node),
                    cx,
                );
            }
            number => {
                let Some(Some(running)) = nodes.running.get_mut(number as usize) else {
                    return;
                };
                if running.node != cx.node || cx.now < running.timer.min(running.deadline) {
                    return;
                }
                match running.stage {
                    Stage::Searching => {
                        let mut failed = Vec::new();
                        running.search.expire(cx.now, |node| failed.push(node));
                        if let Some(tables) = &mut nodes.tables {
                            for node in failed {
                                let bucket = self
                                    .shape
                                    .bucket(self.ring.key(cx.node) ^ self.ring.key(node));
                                tables.forget(cx.node, bucket, node);
                            }
                        }
                        self.go_on(nodes, number, cx);
                    }
                    Stage::Storing { .. } => self.stored(nodes, number, cx),
                    Stage::Reaching => {
                        // The advert was found, but its holder sleeps.
                        cx.answered(Kind::Release, running.asked, running.requests, 1.0, false);
                        self.end(nodes, number);
                    }
                }
            }
        }
    }

    fn asked(&self, nodes: &mut Nodes, ask: Ask, cx: &mut Cx<'_, Message>) {
        match ask {
            Ask::Lookup(target) => self.begin(nodes, Aim::Measure, target, cx),
            Ask::Submit => {
                let own = (cx.node - nodes.first) as usize;
                nodes.holds[own] = nodes.holds[own].saturating_add(1);
                if !std::mem::replace(&mut nodes.advertises[own], true) {
                    cx.timer(self.advert_again, ADVERT);
                }
                self.begin(
                    nodes,
                    Aim::Publish { again: false },
                    advert_key(self.seed, cx.node),
                    cx,
                );
            }
            Ask::Release(owner) => {
                self.begin(
                    nodes,
                    Aim::Release { owner },
                    advert_key(self.seed, owner),
                    cx,
                );
            }
        }
    }

    fn bytes(&self, nodes: &Nodes) -> usize {
        let tables = nodes.tables.as_ref().map_or(0, Tables::bytes);
        let running: usize = nodes
            .running
            .iter()
            .flatten()
            .map(|running| running.search.bytes())
            .sum();
        let adverts = nodes.adverts.values();
        let adverts: usize = adverts.map(|list| list.capacity() * 8 + 40).sum();
        let lists = nodes.holds.capacity() * 3 + nodes.free.capacity() * 4;
        let slots = nodes.running.capacity() * size_of::<Option<Running>>();
        tables + nodes.connections.bytes() + running + adverts + lists + slots
    }
}
