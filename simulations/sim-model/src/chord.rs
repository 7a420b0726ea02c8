//! Chord (Stoica, Morris, Karger, Kaashoek, Balakrishnan: SIGCOMM 2001) as an example of an own protocol.
//!
//! Keys lie on a ring; a key belongs to the first node at or after it. Each node knows its next eight successors and one
//! finger for each power of two. A look-up asks, one after the other, the node before the key that the last one named,
//! until one says that its own successor is responsible. Look-ups are iterative, as in the paper's evaluation. Nodes that
//! do not answer are left out for the rest of a look-up; tables are those of a ring that has settled, and are not mended.

use std::ops::Range;
use std::sync::Arc;

use papermesh_sim_results::Kind;
use serde::{Deserialize, Serialize};

use crate::engine::{Cx, Setup};
use crate::protocol::{Ask, Protocol};
use crate::queue::Time;
use crate::ring::{Key, Node, Ring};

/// Successors that a node knows, so that a look-up goes on when some are away.
const SUCCESSORS: u32 = 8;
/// Nodes that an answer names.
const NAMED: usize = 4;
/// Bytes of a message: the headers of UDP and IP, a key, and some nodes with their addresses.
const BYTES: u64 = 28 + 8 + NAMED as u64 * 26;

/// What nodes say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Who is before this key?
    Before {
        /// The key.
        target: Key,
        /// The asker's look-up.
        search: u32,
    },
    /// These are, the nearest to the key first; or the first one is responsible for it.
    Named {
        /// The asker's look-up.
        search: u32,
        /// The key that was asked for.
        target: Key,
        /// The first node is responsible.
        responsible: bool,
        /// The nodes; one that is named twice fills a place.
        nodes: [Node; NAMED],
    },
}

/// A look-up under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Search {
    node: Node,
    target: Key,
    asked: Time,
    requests: u32,
    /// Whom it waits for,
    waiting: Node,
    /// until when.
    until: Time,
    /// Nodes that may be asked, the best last.
    others: Vec<Node>,
    failed: Vec<Node>,
}

/// What the nodes of a shard keep: look-ups. Fingers follow from the ring.
pub type Nodes = Vec<Option<Search>>;

/// Chord.
pub struct Chord {
    ring: Arc<Ring>,
    patience: Time,
}

impl Chord {
    /// As a scenario says.
    pub fn new(setup: &Setup) -> Self {
        Self {
            ring: setup.population.ring.clone(),
            patience: setup.scenario.kademlia.request_timeout.nanos(),
        }
    }

    fn after(&self, node: Node, steps: u32) -> Node {
        (node + steps) % self.ring.nodes()
    }

    /// How far a key is from a node, clockwise.
    fn way(&self, from: Node, to: Key) -> u64 {
        to.wrapping_sub(self.ring.key(from))
    }

    /// Whom a node names for a key.
    fn name(&self, node: Node, target: Key) -> (bool, [Node; NAMED]) {
        let way = self.way(node, target);
        let successor = self.after(node, 1);
        if way <= self.way(node, self.ring.key(successor)) {
            return (true, [successor; NAMED]);
        }
        let fingers = (0..64).map(|bit| {
            self.ring
                .successor(self.ring.key(node).wrapping_add(1 << bit))
        });
        let known = fingers.chain((1..=SUCCESSORS).map(|steps| self.after(node, steps)));
        let before = |other: &Node| self.way(node, self.ring.key(*other)) < way && *other != node;
        let mut known: Vec<Node> = known.filter(before).collect();
        known.sort_unstable_by_key(|&other| self.way(other, target));
        known.dedup();
        let mut named = [known.first().copied().unwrap_or(successor); NAMED];
        named
            .iter_mut()
            .zip(known)
            .for_each(|(place, other)| *place = other);
        (false, named)
    }

    /// Takes what somebody named, and asks the next one or ends.
    fn go_on(&self, nodes: &mut Nodes, number: u32, cx: &mut Cx<'_, Message>) {
        let Some(search) = &mut nodes[number as usize] else {
            return;
        };
        let Some(next) = search.others.pop() else {
            cx.answered(Kind::Lookup, search.asked, search.requests, 0.0, false);
            nodes[number as usize] = None;
            return;
        };
        search.requests += 1;
        (search.waiting, search.until) = (next, cx.now + self.patience);
        cx.send(
            next,
            Message::Before {
                target: search.target,
                search: number,
            },
            BYTES,
            0,
        );
        cx.timer(self.patience, number);
    }

    fn named(&self, search: &mut Search, mut nodes: Vec<Node>) {
        nodes.retain(|node| *node != search.node && !search.failed.contains(node));
        // The best comes last.
        nodes.reverse();
        search.others.retain(|node| !nodes.contains(node));
        search.others.append(&mut nodes);
        let many = search.others.len().saturating_sub(4 * NAMED);
        search.others.drain(..many);
    }

    fn end(&self, search: &Search, responsible: Node, cx: &mut Cx<'_, Message>) {
        let right = responsible == self.ring.successor(search.target);
        cx.answered(
            Kind::Lookup,
            search.asked,
            search.requests,
            f32::from(right),
            right,
        );
    }
}

impl Protocol for Chord {
    type Message = Message;
    type Nodes = Nodes;

    fn nodes(&self, _: Range<Node>) -> Nodes {
        Vec::new()
    }

    fn start(&self, _: &mut Nodes, _: &mut Cx<'_, Message>) {}

    fn stop(&self, nodes: &mut Nodes, cx: &mut Cx<'_, Message>) {
        for place in nodes {
            if let Some(search) = place.take_if(|search| search.node == cx.node) {
                cx.answered(Kind::Lookup, search.asked, search.requests, 0.0, false);
            }
        }
    }

    fn asked(&self, nodes: &mut Nodes, ask: Ask, cx: &mut Cx<'_, Message>) {
        let Ask::Lookup(target) = ask else {
            return;
        };
        let mut search = Search {
            node: cx.node,
            target,
            asked: cx.now,
            requests: 0,
            waiting: cx.node,
            until: cx.now,
            others: Vec::new(),
            failed: Vec::new(),
        };
        let (responsible, named) = self.name(cx.node, target);
        if responsible {
            return self.end(&search, named[0], cx);
        }
        self.named(&mut search, named.to_vec());
        let number = nodes.iter().position(Option::is_none).unwrap_or_else(|| {
            nodes.push(None);
            nodes.len() - 1
        });
        nodes[number] = Some(search);
        self.go_on(nodes, number as u32, cx);
    }

    fn message(&self, nodes: &mut Nodes, from: Node, message: Message, cx: &mut Cx<'_, Message>) {
        match message {
            Message::Before { target, search } => {
                let (responsible, nodes) = self.name(cx.node, target);
                cx.send(
                    from,
                    Message::Named {
                        search,
                        target,
                        responsible,
                        nodes,
                    },
                    BYTES,
                    0,
                );
            }
            Message::Named {
                search: number,
                target,
                responsible,
                nodes: named,
            } => {
                let Some(Some(search)) = nodes.get_mut(number as usize) else {
                    return;
                };
                if search.node != cx.node || search.target != target || search.waiting != from {
                    return;
                }
                if responsible {
                    self.end(search, named[0], cx);
                    nodes[number as usize] = None;
                } else {
                    self.named(search, named.to_vec());
                    self.go_on(nodes, number, cx);
                }
            }
        }
    }

    fn timer(&self, nodes: &mut Nodes, timer: u32, cx: &mut Cx<'_, Message>) {
        let Some(Some(search)) = nodes.get_mut(timer as usize) else {
            return;
        };
        // Each request sets a timer; only that of the last one counts.
        if search.node == cx.node && cx.now >= search.until {
            search.failed.push(search.waiting);
            self.go_on(nodes, timer, cx);
        }
    }

    fn bytes(&self, nodes: &Nodes) -> usize {
        nodes.capacity() * size_of::<Option<Search>>()
    }
}
