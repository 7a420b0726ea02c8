//! The engine: shards of nodes, windows of time, and what a protocol may do.
//!
//! Nodes are cut by number into shards. Within one window, which is as long as the shortest way between two nodes, no
//! shard can hear of another, so each runs alone; what they send is exchanged between windows. Events of a window are
//! sorted by time, node, sender and count, and chance is by node, so that results are the same for any number of shards
//! and threads. The trace, a sum over all events, shows it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

use papermesh_sim_results::{Kind, Point, Sample};
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::{Role, What, Workload};
use serde::{Deserialize, Serialize};

use crate::chance::{Chance, Purpose};
use crate::churn::{self, Presence};
use crate::measure::{COUNTS, Count, Counts, Trace};
use crate::population::Population;
use crate::protocol::{Ask, Protocol};
use crate::queue::{Event, Queue, Time};
use crate::ring::Node;
use crate::work;

/// Who sends what no node sends.
const ENGINE: Node = Node::MAX;
/// Contents of the engine's events that are not asks: from this one upwards.
const CHURN: u32 = u32::MAX;
const WORK: u32 = u32::MAX - 1;
const OFF: u32 = u32::MAX - 2;
const ON: u32 = u32::MAX - 3;
const START: u32 = u32::MAX - 4;

/// Timers have values below this: the rest says in which life of a node they were set.
pub const TIMERS: u32 = 1 << 24;

/// Windows with fewer events are run on one thread: to wake another takes longer.
const WORTH_THREADS: usize = 4_000;

/// After how long TCP sends again what was lost, beside a round trip.
const RETRANSMISSION: Time = 200_000_000;

/// What all shards read.
pub struct Setup {
    /// Who the nodes are.
    pub population: Population,
    /// The scenario.
    pub scenario: Scenario,
    /// When measuring begins.
    pub warm_up: Time,
    /// When everything ends.
    pub end: Time,
    per_shard: u32,
    printers: Vec<Node>,
}

impl Setup {
    /// What the scenario says, for these nodes.
    pub fn new(scenario: Scenario, population: Population) -> Self {
        let warm_up = scenario.time.warm_up.nanos();
        let printers = match scenario.workload {
            Workload::OfficePrint { .. } => population.of_role(Role::Printer),
            _ => Vec::new(),
        };
        Self {
            warm_up,
            end: warm_up + scenario.time.length.nanos(),
            per_shard: population
                .nodes()
                .div_ceil(scenario.model.shards.max(1))
                .max(1),
            population,
            scenario,
            printers,
        }
    }

    fn shard_of(&self, node: Node) -> usize {
        (node / self.per_shard) as usize
    }
}

/// What an event carries.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Content<M> {
    Message(M),
    Ask(Ask),
}

/// What is sent from one shard to others and not fetched yet.
struct Mail<M> {
    earliest: Time,
    letters: Vec<(Event, Content<M>)>,
}

/// A shard, without the states that are the protocol's.
#[derive(Serialize, Deserialize)]
struct Core<M> {
    nodes: Range<Node>,
    number: usize,
    queue: Queue,
    contents: Vec<Content<M>>,
    free: Vec<u32>,
    /// How much each node sent or set.
    sent: Vec<u32>,
    /// How often each node came up.
    lives: Vec<u8>,
    presence: Vec<Presence>,
    counts: Counts,
    trace: Trace,
    samples: Vec<Sample>,
    #[serde(skip)]
    late: BinaryHeap<Reverse<Event>>,
    #[serde(skip)]
    window_end: Time,
    #[serde(skip)]
    out: Vec<Vec<(Event, u32)>>,
}

impl<M: Copy> Core<M> {
    fn place(&self, node: Node) -> usize {
        (node - self.nodes.start) as usize
    }

    fn next_count(&mut self, node: Node) -> u32 {
        let place = self.place(node);
        let count = self.sent[place];
        self.sent[place] = count.wrapping_add(1);
        count
    }

    fn keep(&mut self, content: Content<M>) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.contents[place as usize] = content;
                place
            }
            None => {
                self.contents.push(content);
                (self.contents.len() - 1) as u32
            }
        }
    }

    fn fetch(&mut self, place: u32) -> Content<M> {
        self.free.push(place);
        self.contents[place as usize]
    }

    /// Puts in an event of this shard.
    fn push(&mut self, event: Event) {
        if event.time < self.window_end {
            self.late.push(Reverse(event));
        } else {
            self.queue.push(event);
        }
    }

    /// Sends a content to whichever shard its node is in.
    fn post(&mut self, setup: &Setup, mut event: Event, content: Content<M>) {
        event.content = self.keep(content);
        let shard = setup.shard_of(event.node);
        if shard == self.number {
            self.push(event);
        } else {
            self.out[shard].push((event, event.content));
        }
    }
}

/// What a protocol may do with one node at one time.
pub struct Cx<'a, M> {
    /// The time.
    pub now: Time,
    /// The node.
    pub node: Node,
    /// Everything that does not change.
    pub setup: &'a Setup,
    core: &'a mut Core<M>,
}

impl<M: Copy> Cx<'_, M> {
    /// Sends a message of so many bytes, beginning after a time.
    pub fn send(&mut self, to: Node, message: M, bytes: u64, after: Time) {
        let count = self.core.next_count(self.node);
        let path = self.setup.population.distance(self.node, to);
        let network = &self.setup.scenario.network;
        let mut late = 0;
        if network.jitter.nanos() > 0 || network.loss > 0.0 {
            let of = u64::from(self.node) << 32 | u64::from(count);
            let mut chance = Chance::new(self.setup.population.seed, of, Purpose::Link);
            late = chance.up_to(network.jitter.nanos());
            if chance.fraction() < network.loss {
                late += RETRANSMISSION + 2 * path;
            }
        }
        self.count(Count::Messages, 1);
        self.count(Count::Bytes, bytes as i64);
        let event = Event {
            time: self.now + after + path + late,
            node: to,
            from: self.node,
            count,
            content: 0,
        };
        self.core.post(self.setup, event, Content::Message(message));
    }

    /// Sets a timer of this node with a value below [`TIMERS`].
    pub fn timer(&mut self, after: Time, value: u32) {
        let count = self.core.next_count(self.node);
        let life = self.core.lives[self.core.place(self.node)];
        let event = Event {
            time: self.now + after,
            node: self.node,
            from: self.node,
            count,
            content: (value % TIMERS) | (u32::from(life) << 24),
        };
        self.core.push(event);
    }

    /// A stream of numbers that nobody else draws from.
    pub fn draw(&mut self) -> Chance {
        let count = self.core.next_count(self.node);
        let of = u64::from(self.node) << 32 | u64::from(count);
        Chance::new(self.setup.population.seed, of, Purpose::Protocol)
    }

    /// Adds to a count.
    pub fn count(&mut self, count: Count, by: i64) {
        self.core.counts.add(count, by);
    }

    /// Says how something went that was asked for at a time. Before the measured time it is only counted.
    pub fn answered(&mut self, kind: Kind, asked: Time, requests: u32, found: f32, ok: bool) {
        self.count(Count::Asked, 1);
        self.count(Count::Failed, i64::from(!ok));
        if asked >= self.setup.warm_up {
            self.core.samples.push(Sample {
                time: (asked - self.setup.warm_up) as i64,
                node: self.node,
                kind,
                wait: self.now - asked,
                requests,
                found,
                ok,
            });
        }
    }
}

struct Shard<P: Protocol> {
    core: Core<P::Message>,
    states: P::Nodes,
    list: Vec<Event>,
}

impl<P: Protocol> Shard<P> {
    /// Runs one window.
    fn run(&mut self, protocol: &P, setup: &Setup, window: u64, length: Time) {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        self.core.window_end = (window + 1) * length;
        self.core.queue.take(window, &mut list);
        let mut sorted = list.iter().copied().peekable();
        loop {
            let late = self.core.late.peek().map(|Reverse(event)| *event);
            let event = match (sorted.peek(), late) {
                (Some(&event), Some(late)) if event <= late => sorted.next(),
                (_, Some(_)) => self.core.late.pop().map(|Reverse(event)| event),
                (Some(_), None) => sorted.next(),
                (None, None) => None,
            };
            match event {
                Some(event) => self.happen(protocol, setup, event),
                None => break,
            }
        }
        self.list = list;
    }

    fn happen(&mut self, protocol: &P, setup: &Setup, event: Event) {
        let core = &mut self.core;
        let ends = u64::from(event.node) << 32 | u64::from(event.from);
        core.trace.add([event.time, ends, u64::from(event.count)]);
        let place = core.place(event.node);
        let up = core.presence[place].is_up();
        let mut cx = Cx {
            now: event.time,
            node: event.node,
            setup,
            core,
        };
        if event.from == event.node {
            if up && event.content >> 24 == u32::from(cx.core.lives[place]) {
                protocol.timer(&mut self.states, event.content % TIMERS, &mut cx);
            }
        } else if event.from == ENGINE && event.content >= START {
            Self::engine(protocol, &mut self.states, event.content, &mut cx);
        } else {
            match cx.core.fetch(event.content) {
                _ if !up => {}
                Content::Message(message) => {
                    protocol.message(&mut self.states, event.from, message, &mut cx);
                }
                Content::Ask(ask) => protocol.asked(&mut self.states, ask, &mut cx),
            }
        }
    }

    /// What the engine does with nodes.
    fn engine(protocol: &P, states: &mut P::Nodes, what: u32, cx: &mut Cx<'_, P::Message>) {
        let place = cx.core.place(cx.node);
        let before = cx.core.presence[place];
        let mut after = before;
        match what {
            START => {}
            CHURN => after.there = !after.there,
            OFF => after.cut = true,
            ON => after.cut = false,
            _ => {
                // WORK
                if let Some(next) = work::at(
                    cx.setup,
                    &cx.setup.printers,
                    cx.node,
                    cx.now,
                    |time, node, ask| {
                        // Nobody prints from a lid that is closed.
                        if !before.is_up() {
                            return;
                        }
                        let count = cx.core.next_count(cx.node);
                        let event = Event {
                            time,
                            node,
                            from: ENGINE,
                            // Asks of different users at one printer and time stay apart by their node's number.
                            count: count ^ cx.node.rotate_left(16),
                            content: 0,
                        };
                        cx.core.post(cx.setup, event, Content::Ask(ask));
                    },
                ) {
                    Self::later(cx, next, WORK);
                }
            }
        }
        if what == CHURN || what == START {
            let group = cx.setup.population.group(cx.node).churn;
            let begins = cx.setup.scenario.time.begins.at.nanos();
            let seed = cx.setup.population.seed;
            if let Some(next) = churn::next(&group, seed, cx.node, begins, cx.now, after.there) {
                Self::later(cx, next, CHURN);
            }
        }
        cx.core.presence[place] = after;
        let starts = what == START && after.is_up();
        if starts || (after.is_up() && !before.is_up()) {
            cx.core.lives[place] = cx.core.lives[place].wrapping_add(1);
            cx.count(Count::Online, 1);
            protocol.start(states, cx);
        } else if before.is_up() && !after.is_up() {
            cx.count(Count::Online, -1);
            protocol.stop(states, cx);
        }
    }

    /// Lets the engine come back to the same node.
    fn later(cx: &mut Cx<'_, P::Message>, time: Time, what: u32) {
        let count = cx.core.next_count(cx.node);
        cx.core.push(Event {
            time: time.max(cx.now),
            node: cx.node,
            from: ENGINE,
            count,
            content: what,
        });
    }
}

/// A simulation under way.
pub struct Simulation<P: Protocol> {
    protocol: P,
    setup: Setup,
    shards: Vec<Mutex<Shard<P>>>,
    mail: Vec<Mutex<Mail<P::Message>>>,
    window: Time,
    measured: Time,
    before: Counts,
    series: Vec<Point>,
}

/// A checkpoint that can not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is none, or of another version.
    #[error("this is no checkpoint of this version: {0}")]
    Encoding(#[from] postcard::Error),
    /// It is of a simulation with other nodes or another number of shards.
    #[error("this checkpoint is of another scenario")]
    Other,
}

impl<P: Protocol> Simulation<P> {
    /// A simulation before its first event.
    pub fn new(protocol: P, setup: Setup) -> Self {
        let window = setup.population.shortest();
        let nodes = setup.population.nodes();
        let count = nodes.div_ceil(setup.per_shard) as usize;
        let ranges = (0..count as u32)
            .map(|shard| shard * setup.per_shard..nodes.min((shard + 1) * setup.per_shard));
        let mut shards: Vec<Shard<P>> = Vec::new();
        for (number, range) in ranges.enumerate() {
            let presence = |node| {
                let group = setup.population.group(node).churn;
                let begins = setup.scenario.time.begins.at.nanos();
                Presence {
                    there: churn::begins(&group, setup.population.seed, node, begins),
                    cut: false,
                }
            };
            shards.push(Shard {
                states: protocol.nodes(range.clone()),
                core: Core {
                    number,
                    queue: Queue::new(window),
                    contents: Vec::new(),
                    free: Vec::new(),
                    sent: vec![0; range.len()],
                    lives: vec![0; range.len()],
                    presence: range.clone().map(presence).collect(),
                    counts: Counts::default(),
                    trace: Trace::default(),
                    samples: Vec::new(),
                    late: BinaryHeap::new(),
                    window_end: 0,
                    out: (0..count).map(|_| Vec::new()).collect(),
                    nodes: range,
                },
                list: Vec::new(),
            });
        }
        let mail = || {
            Mutex::new(Mail {
                earliest: Time::MAX,
                letters: Vec::new(),
            })
        };
        let simulation = Self {
            mail: (0..count).map(|_| mail()).collect(),
            shards: shards.into_iter().map(Mutex::new).collect(),
            measured: setup.warm_up,
            protocol,
            setup,
            window,
            before: Counts::default(),
            series: Vec::new(),
        };
        simulation.begin();
        simulation
    }

    /// Puts in what is known before: starts, faults, look-ups, the first job of each user.
    fn begin(&self) {
        let setup = &self.setup;
        let nodes = setup.population.nodes();
        let push = |time: Time, node: Node, content: u32| {
            let mut shard = locked(&self.shards[setup.shard_of(node)]);
            let count = shard.core.next_count(node);
            shard.core.queue.push(Event {
                time,
                node,
                from: ENGINE,
                count,
                content,
            });
        };
        for shard in &self.shards {
            let mut shard = locked(shard);
            let shard = &mut *shard;
            for node in shard.core.nodes.clone() {
                let core = &mut shard.core;
                let mut cx = Cx {
                    now: 0,
                    node,
                    setup,
                    core,
                };
                Shard::engine(&self.protocol, &mut shard.states, START, &mut cx);
                if let Some(first) = work::first(setup, node) {
                    Shard::<P>::later(&mut cx, first, WORK);
                }
            }
            self.mail_out(&mut shard.core);
        }
        for (number, fault) in setup.scenario.faults.iter().enumerate() {
            let from = setup.warm_up + fault.at.nanos();
            let off = |node| {
                push(from, node, OFF);
                push(from + fault.lasts.nanos(), node, ON);
            };
            match fault.what {
                What::GatewayOff => off(crate::gateway::GATEWAY),
                What::Off => (0..nodes)
                    .filter(|&node| {
                        let of = u64::from(node) << 32 | number as u64;
                        Chance::new(setup.population.seed, of, Purpose::Fault).fraction()
                            < fault.share
                    })
                    .for_each(off),
            }
        }
        for (number, lookup) in work::lookups(setup).enumerate() {
            let mut shard = locked(&self.shards[setup.shard_of(lookup.node)]);
            let content = shard.core.keep(Content::Ask(Ask::Lookup(lookup.target)));
            shard.core.queue.push(Event {
                time: lookup.time,
                node: lookup.node,
                from: ENGINE,
                count: number as u32,
                content,
            });
        }
    }

    /// Everything that does not change.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Runs until a time, on up to so many threads.
    pub fn run(&mut self, until: Time, threads: usize) {
        let threads = threads.clamp(1, self.shards.len());
        let (gate, turn) = (Barrier::new(threads), AtomicU64::new(0));
        let mut series = std::mem::take(&mut self.series);
        let (mut measured, mut before) = (self.measured, self.before);
        let this = &*self;
        std::thread::scope(|scope| {
            for worker in 1..threads {
                let (gate, turn) = (&gate, &turn);
                scope.spawn(move || {
                    loop {
                        gate.wait();
                        match turn.load(Ordering::Acquire) {
                            u64::MAX => return,
                            window => this.run_window(window, worker, threads),
                        }
                        gate.wait();
                    }
                });
            }
            while let Some((window, events)) = this.next_window(until) {
                this.measure(
                    window * this.window,
                    &mut measured,
                    &mut before,
                    &mut series,
                );
                if threads > 1 && events >= WORTH_THREADS {
                    turn.store(window, Ordering::Release);
                    gate.wait();
                    this.run_window(window, 0, threads);
                    gate.wait();
                } else {
                    this.run_window(window, 0, 1);
                }
            }
            turn.store(u64::MAX, Ordering::Release);
            if threads > 1 {
                gate.wait();
            }
            this.measure(until, &mut measured, &mut before, &mut series);
        });
        (self.measured, self.before, self.series) = (measured, before, series);
    }

    /// Fetches mail, and says which window is next and how many events are there at least.
    fn next_window(&self, until: Time) -> Option<(u64, usize)> {
        let mut next = u64::MAX;
        let mut events = 0;
        for (shard, mail) in self.shards.iter().zip(&self.mail) {
            let shard = locked(shard);
            if let Some(number) = shard.core.queue.next() {
                let filled = shard.core.queue.filled(number);
                match number.cmp(&next) {
                    std::cmp::Ordering::Less => (next, events) = (number, filled),
                    std::cmp::Ordering::Equal => events += filled,
                    std::cmp::Ordering::Greater => {}
                }
            }
            let mail = locked(mail);
            events += mail.letters.len();
            next = next.min(mail.earliest / self.window);
        }
        (next < u64::MAX && next * self.window < until).then_some((next, events))
    }

    /// Runs a window of every so-manieth shard.
    fn run_window(&self, window: u64, worker: usize, workers: usize) {
        for number in (worker..self.shards.len()).step_by(workers) {
            let mut shard = locked(&self.shards[number]);
            let letters = {
                let mut mail = locked(&self.mail[number]);
                mail.earliest = Time::MAX;
                std::mem::take(&mut mail.letters)
            };
            for (mut event, content) in letters {
                event.content = shard.core.keep(content);
                shard.core.queue.push(event);
            }
            shard.run(&self.protocol, &self.setup, window, self.window);
            self.mail_out(&mut shard.core);
        }
    }

    /// Hands what a shard sent to the others.
    fn mail_out(&self, core: &mut Core<P::Message>) {
        for to in 0..self.shards.len() {
            if core.out[to].is_empty() {
                continue;
            }
            let mut out = std::mem::take(&mut core.out[to]);
            let mut mail = locked(&self.mail[to]);
            for (event, content) in out.drain(..) {
                let content = core.fetch(content);
                mail.earliest = mail.earliest.min(event.time);
                mail.letters.push((event, content));
            }
            // The list keeps its room.
            core.out[to] = out;
        }
    }

    /// Writes down the points of series up to a time.
    fn measure(
        &self,
        until: Time,
        measured: &mut Time,
        before: &mut Counts,
        series: &mut Vec<Point>,
    ) {
        let every = self.setup.scenario.measure.every.nanos().max(1);
        while *measured <= until.min(self.setup.end) {
            let now = self.counts();
            let time = (*measured - self.setup.warm_up) as i64;
            for count in Count::ALL {
                let (own, earlier) = (now.0[count as usize], before.0[count as usize]);
                let value = if count.is_level() { own } else { own - earlier };
                // The first point of what happens would be the warm-up.
                if time > 0 || count.is_level() {
                    series.push(Point {
                        time,
                        metric: count.name(),
                        value: value as f64,
                    });
                }
            }
            *before = now;
            *measured += every;
        }
    }

    /// The sums of all shards.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for shard in &self.shards {
            counts.add_all(&locked(shard).core.counts);
        }
        counts
    }

    /// What happened until now.
    pub fn trace(&self) -> Trace {
        let mut trace = Trace::default();
        for shard in &self.shards {
            trace.add_all(&locked(shard).core.trace);
        }
        trace
    }

    /// All samples and points until now; they are taken out.
    pub fn results(&mut self) -> (Vec<Sample>, Vec<Point>) {
        let mut samples = Vec::new();
        for shard in &self.shards {
            samples.append(&mut locked(shard).core.samples);
        }
        (samples, std::mem::take(&mut self.series))
    }

    /// Bytes that the simulation takes, counted over its lists.
    pub fn bytes(&self) -> usize {
        let mut bytes = self.setup.population.bytes();
        for shard in &self.shards {
            let shard = locked(shard);
            let core = &shard.core;
            bytes +=
                core.queue.bytes() + core.contents.capacity() * size_of::<Content<P::Message>>();
            bytes += core.free.capacity() * 4 + core.sent.capacity() * 4 + core.lives.capacity();
            bytes += core.presence.capacity() * size_of::<Presence>();
            bytes += core.samples.capacity() * size_of::<Sample>()
                + shard.list.capacity() * size_of::<Event>();
            bytes += self.protocol.bytes(&shard.states);
        }
        bytes
    }

    /// Everything that changes, as bytes. Taken between two calls of [`Self::run`].
    ///
    /// # Errors
    ///
    /// A state can not be encoded.
    pub fn save(&self) -> Result<Vec<u8>, CheckpointError> {
        // Mail lies between shards; it is put into their queues first.
        for (shard, mail) in self.shards.iter().zip(&self.mail) {
            let (mut shard, mut mail) = (locked(shard), locked(mail));
            for (mut event, content) in std::mem::take(&mut mail.letters) {
                event.content = shard.core.keep(content);
                shard.core.queue.push(event);
            }
            mail.earliest = Time::MAX;
        }
        let mut bytes =
            postcard::to_stdvec(&(self.measured, self.before, self.shards.len() as u32))?;
        let points: Vec<(i64, u32, f64)> = self
            .series
            .iter()
            .map(|point| {
                let count = Count::ALL
                    .iter()
                    .position(|count| count.name() == point.metric);
                (point.time, count.unwrap_or(COUNTS) as u32, point.value)
            })
            .collect();
        bytes = postcard::to_extend(&points, bytes)?;
        for shard in &self.shards {
            let shard = locked(shard);
            bytes = postcard::to_extend(&shard.core, bytes)?;
            bytes = postcard::to_extend(&shard.states, bytes)?;
        }
        Ok(bytes)
    }

    /// Goes on from a checkpoint of the same scenario.
    ///
    /// # Errors
    ///
    /// It is none, or one of another scenario.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        let ((measured, before, count), rest): ((Time, Counts, u32), _) =
            postcard::take_from_bytes(bytes)?;
        if count as usize != self.shards.len() {
            return Err(CheckpointError::Other);
        }
        let (points, mut rest): (Vec<(i64, u32, f64)>, _) = postcard::take_from_bytes(rest)?;
        let mut shards = Vec::new();
        for old in &self.shards {
            let (core, after): (Core<P::Message>, _) = postcard::take_from_bytes(rest)?;
            let (states, after): (P::Nodes, _) = postcard::take_from_bytes(after)?;
            rest = after;
            if core.nodes != locked(old).core.nodes {
                return Err(CheckpointError::Other);
            }
            shards.push((core, states));
        }
        let lists = self.shards.len();
        for (old, (mut core, states)) in self.shards.iter().zip(shards) {
            let mut old = locked(old);
            core.out = (0..lists).map(|_| Vec::new()).collect();
            (old.core, old.states) = (core, states);
        }
        self.series = points
            .into_iter()
            .filter_map(|(time, count, value)| {
                let metric = Count::ALL.get(count as usize)?.name();
                Some(Point {
                    time,
                    metric,
                    value,
                })
            })
            .collect();
        (self.measured, self.before) = (measured, before);
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
