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
    /// With whom, and until which millisecond.
    places: Vec<(Node, u32)>,
    /// Where the next one goes.
    next: Vec<u16>,
}

fn millis(time: Time) -> u32 {
    u32::try_from(time / 1_000_000).unwrap_or(u32::MAX)
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

    /// A node uses its connection with another now, and opens one if there is none. Returns whether there was one.
    pub fn use_one(&mut self, node: Node, other: Node, now: Time) -> bool {
        let own = (node - self.nodes.start) as usize;
        let places = &mut self.places[own * self.each..(own + 1) * self.each];
        let until = millis(now + self.idle);
        if let Some(place) = places.iter_mut().find(|place| place.0 == other) {
            let open = place.1 > millis(now);
            place.1 = until;
            return open;
        }
        let next = usize::from(self.next[own]);
        places[next] = (other, until);
        self.next[own] = ((next + 1) % self.each) as u16;
        false
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
        assert!(!connections.use_one(5, 1, 0));
        assert!(connections.use_one(5, 1, 9 * second));
        assert!(connections.use_one(5, 1, 18 * second));
        assert!(!connections.use_one(5, 1, 29 * second));
        assert!(!connections.use_one(5, 2, 29 * second));
        assert!(!connections.use_one(5, 3, 29 * second));
        assert!(!connections.use_one(5, 1, 30 * second));
        assert!(connections.use_one(5, 3, 30 * second));
        connections.end_all(5);
        assert!(!connections.use_one(5, 3, 30 * second));
    }
}
