//! Who is connected with whom, until when: the first message to a stranger costs a handshake.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::queue::Time;
use crate::ring::Node;

/// Nobody: a place that is free.
const NOBODY: Node = Node::MAX;

/// The last connections of each node of a shard. 8 bytes each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connections {
    nodes: Range<Node>,
    each: usize,
    idle: Time,
    /// With whom, and until which millisecond; its last bit says that nothing was heard.
    places: Vec<(Node, u32)>,
    /// Where the next one goes.
    next: Vec<u16>,
}

/// Nothing was heard on this connection yet.
const UNHEARD: u32 = 1;

/// Up to 24 days.
fn millis(time: Time) -> u32 {
    u32::try_from(time / 1_000_000)
        .unwrap_or(u32::MAX)
        .min(u32::MAX >> 1)
}

impl Connections {
    /// No connections, room for so many each; they end when unused for this long.
    pub fn new(nodes: Range<Node>, each: usize, idle: Time) -> Self {
        Self {
            places: vec![(NOBODY, 0); nodes.len() * each],
            next: vec![0; nodes.len()],
            nodes,
            each,
            idle,
        }
    }

    fn find(&mut self, node: Node, other: Node) -> Result<&mut (Node, u32), usize> {
        let own = (node - self.nodes.start) as usize;
        let places = own * self.each..(own + 1) * self.each;
        match self.places[places]
            .iter()
            .position(|place| place.0 == other)
        {
            Some(at) => Ok(&mut self.places[own * self.each + at]),
            None => Err(own),
        }
    }

    fn add(&mut self, own: usize, other: Node, until: u32) {
        let next = usize::from(self.next[own]);
        self.places[own * self.each + next] = (other, until);
        self.next[own] = ((next + 1) % self.each) as u16;
    }

    /// A node is going to ask another. Returns whether they are connected; if not, they will be.
    pub fn ask(&mut self, node: Node, other: Node, now: Time) -> bool {
        let until = millis(now + self.idle) << 1;
        match self.find(node, other) {
            Ok(place) if place.1 >> 1 > millis(now) => {
                place.1 = until | place.1 & UNHEARD;
                true
            }
            Ok(place) => {
                place.1 = until | UNHEARD;
                false
            }
            Err(own) => {
                self.add(own, other, until | UNHEARD);
                false
            }
        }
    }

    /// A node hears another. Returns whether that is the first it hears on this connection.
    pub fn hear(&mut self, node: Node, other: Node, now: Time) -> bool {
        let until = millis(now + self.idle) << 1;
        match self.find(node, other) {
            Ok(place) => {
                let first = place.1 & UNHEARD != 0 || place.1 >> 1 <= millis(now);
                place.1 = until;
                first
            }
            Err(own) => {
                self.add(own, other, until);
                true
            }
        }
    }

    /// Whether two are connected, as far as the first one remembers.
    pub fn connected(&mut self, node: Node, other: Node, now: Time) -> bool {
        self.find(node, other)
            .is_ok_and(|place| place.1 >> 1 > millis(now))
    }

    /// A node has none any more.
    pub fn end_all(&mut self, node: Node) {
        let own = (node - self.nodes.start) as usize;
        self.places[own * self.each..(own + 1) * self.each].fill((NOBODY, 0));
    }

    /// Bytes that this takes.
    pub fn bytes(&self) -> usize {
        self.places.capacity() * 8 + self.next.capacity() * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_end_when_unused_and_the_oldest_is_forgotten() {
        let second = 1_000_000_000;
        let mut connections = Connections::new(5..6, 2, 10 * second);
        assert!(!connections.ask(5, 1, 0));
        assert!(connections.ask(5, 1, 9 * second));
        assert!(connections.hear(5, 1, 10 * second));
        assert!(!connections.hear(5, 1, 18 * second));
        assert!(
            connections.connected(5, 1, 27 * second) && !connections.connected(5, 1, 29 * second)
        );
        assert!(!connections.ask(5, 1, 29 * second));
        assert!(connections.hear(5, 2, 29 * second));
        assert!(!connections.ask(5, 3, 29 * second));
        assert!(!connections.connected(5, 1, 30 * second));
        assert!(connections.ask(5, 3, 30 * second));
        connections.end_all(5);
        assert!(!connections.ask(5, 3, 30 * second));
    }
}
