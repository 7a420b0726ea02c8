//! Doors that keep pipes to a gateway, and come back when it was off.
//!
//! A door without a pipe dials; what the gateway can not take at once it lets wait, and what is too much it turns away. A
//! door that failed pauses: the pause doubles from one failure to the next, and is drawn from nothing to its length so
//! that doors do not come all at once. Who has a pipe shows that it is alive, and so finds out when it is not.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use papermesh_sim_results::Kind;
use papermesh_sim_scenario::file::Gateway as Config;
use serde::{Deserialize, Serialize};

use crate::engine::{Cx, Setup};
use crate::measure::Count;
use crate::protocol::{Ask, Protocol};
use crate::queue::Time;
use crate::ring::Node;

/// The gateway's number. All others are doors.
pub const GATEWAY: Node = 0;

/// A door's timers.
const DIAL: u32 = 0;
const PATIENCE: u32 = 1;
const ALIVE: u32 = 2;
/// The gateway's: a handshake is done.
const DONE: u32 = 3;

/// Bytes of a handshake, one way, and of a sign of life.
const HANDSHAKE: u64 = 1_456 / 2;
const SIGN: u64 = 82;

/// What they say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Message {
    /// A door dials, for the so-manieth time.
    Knock(u32),
    /// The pipe stands.
    Welcome(u32),
    /// Too many wait.
    Full(u32),
    /// Is this pipe alive?
    Sign,
    /// It is.
    SignToo,
    /// There is no such pipe.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Pausing,
    Dialing,
    Open,
}

/// A door.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Door {
    state: State,
    /// Failures without a success between them.
    failures: u32,
    /// How often it dialed: an answer to an earlier dial is none.
    dials: u32,
    /// Since when it has no pipe.
    without: Time,
    /// When it heard the gateway last.
    heard: Time,
    /// When it dialed last.
    dialed: Time,
}

/// What a shard keeps.
#[derive(Serialize, Deserialize)]
pub struct Nodes {
    first: Node,
    doors: Vec<Door>,
    /// The gateway's: who has a pipe,
    pipes: BTreeSet<Node>,
    /// and when the last handshake in the queue will be done.
    busy: Time,
    /// Who waits for that, in order.
    queue: VecDeque<(Node, u32)>,
}

/// Doors and a gateway.
pub struct Gateway {
    config: Config,
}

impl Gateway {
    /// As a scenario says.
    pub fn new(setup: &Setup) -> Self {
        Self {
            config: setup.scenario.gateway.clone(),
        }
    }

    fn dial(&self, door: &mut Door, cx: &mut Cx<'_, Message>) {
        door.state = State::Dialing;
        door.dials += 1;
        door.dialed = cx.now;
        cx.count(Count::Dials, 1);
        cx.send(GATEWAY, Message::Knock(door.dials), HANDSHAKE, 0);
        cx.timer(self.config.patience.nanos(), PATIENCE);
    }

    fn pause(&self, door: &mut Door, cx: &mut Cx<'_, Message>) {
        door.state = State::Pausing;
        let first = self.config.first_pause.nanos().max(1);
        let longest = first
            .saturating_mul(1 << door.failures.min(32))
            .min(self.config.longest_pause.nanos());
        door.failures += 1;
        let pause = match self.config.spread {
            true => cx.draw().up_to(longest),
            false => longest,
        };
        cx.timer(pause, DIAL);
    }

    fn lost(&self, door: &mut Door, cx: &mut Cx<'_, Message>) {
        door.without = cx.now;
        self.pause(door, cx);
    }

    fn gateway(&self, nodes: &mut Nodes, from: Node, message: Message, cx: &mut Cx<'_, Message>) {
        match message {
            Message::Knock(dial) => {
                if nodes.queue.len() >= self.config.waiting as usize {
                    cx.count(Count::Refused, 1);
                    cx.send(from, Message::Full(dial), SIGN, 0);
                    return;
                }
                let each = 1_000_000_000 / Time::from(self.config.handshakes.max(1));
                nodes.busy = nodes.busy.max(cx.now) + each;
                nodes.queue.push_back((from, dial));
                cx.timer(nodes.busy - cx.now, DONE);
            }
            Message::Sign => {
                let known = nodes.pipes.contains(&from);
                let answer = if known {
                    Message::SignToo
                } else {
                    Message::Unknown
                };
                cx.send(from, answer, SIGN, 0);
            }
            _ => {}
        }
    }
}

impl Protocol for Gateway {
    type Message = Message;
    type Nodes = Nodes;

    fn nodes(&self, of: Range<Node>) -> Nodes {
        let door = Door {
            state: State::Pausing,
            failures: 0,
            dials: 0,
            without: 0,
            heard: 0,
            dialed: 0,
        };
        Nodes {
            first: of.start,
            doors: vec![door; of.len()],
            pipes: BTreeSet::new(),
            busy: 0,
            queue: VecDeque::new(),
        }
    }

    fn start(&self, nodes: &mut Nodes, cx: &mut Cx<'_, Message>) {
        if cx.node == GATEWAY {
            return;
        }
        let door = &mut nodes.doors[(cx.node - nodes.first) as usize];
        door.without = cx.now;
        // Doors were switched on some time within a minute.
        let first = cx.draw().up_to(60_000_000_000);
        cx.timer(first, DIAL);
    }

    fn stop(&self, nodes: &mut Nodes, cx: &mut Cx<'_, Message>) {
        if cx.node == GATEWAY {
            cx.count(Count::Pipes, -(nodes.pipes.len() as i64));
            nodes.pipes.clear();
            nodes.queue.clear();
            nodes.busy = 0;
        }
    }

    fn message(&self, nodes: &mut Nodes, from: Node, message: Message, cx: &mut Cx<'_, Message>) {
        if cx.node == GATEWAY {
            return self.gateway(nodes, from, message, cx);
        }
        let door = &mut nodes.doors[(cx.node - nodes.first) as usize];
        door.heard = cx.now;
        match (message, door.state) {
            (Message::Welcome(dial), State::Dialing) if dial == door.dials => {
                door.state = State::Open;
                door.failures = 0;
                cx.answered(Kind::Return, door.without, door.dials, 1.0, true);
                door.dials = 0;
                cx.timer(self.config.keepalive.nanos(), ALIVE);
            }
            (Message::Full(dial), State::Dialing) if dial == door.dials => self.pause(door, cx),
            (Message::Unknown, State::Open) => self.lost(door, cx),
            _ => {}
        }
    }

    fn timer(&self, nodes: &mut Nodes, timer: u32, cx: &mut Cx<'_, Message>) {
        if timer == DONE {
            if let Some((door, dial)) = nodes.queue.pop_front() {
                cx.count(Count::Pipes, i64::from(nodes.pipes.insert(door)));
                cx.send(door, Message::Welcome(dial), HANDSHAKE, 0);
            }
            return;
        }
        let door = &mut nodes.doors[(cx.node - nodes.first) as usize];
        match (timer, door.state) {
            (DIAL, State::Pausing) => self.dial(door, cx),
            // If not so much time has passed, it is the timer of an earlier dial.
            (PATIENCE, State::Dialing) if cx.now >= door.dialed + self.config.patience.nanos() => {
                self.pause(door, cx);
            }
            (ALIVE, State::Open) => {
                let keepalive = self.config.keepalive.nanos();
                if cx.now - door.heard > 2 * keepalive {
                    self.lost(door, cx);
                } else {
                    cx.send(GATEWAY, Message::Sign, SIGN, 0);
                    cx.timer(keepalive, ALIVE);
                }
            }
            _ => {}
        }
    }

    fn asked(&self, _: &mut Nodes, _: Ask, _: &mut Cx<'_, Message>) {}

    fn bytes(&self, nodes: &Nodes) -> usize {
        nodes.doors.capacity() * size_of::<Door>() + nodes.pipes.len() * 16
    }
}
