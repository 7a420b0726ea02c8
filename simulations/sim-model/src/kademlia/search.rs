//! One look-up as its node sees it: whom it knows, whom it has asked, and whom to ask next.
//!
//! It takes the same decisions as libp2p's `ClosestPeersIter`: it asks up to α nodes at once, nearest first; after α
//! answers that bring nobody nearer it is stalled and asks up to k at once; it ends when the k nearest that it knows have
//! answered, those left out that failed.

use serde::{Deserialize, Serialize};

use crate::queue::Time;
use crate::ring::{Key, Node};

/// How a node that is known stands to the look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    New,
    /// Asked; it may take until then.
    Asked(Time),
    Answered,
    Failed,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Candidate {
    distance: u64,
    node: Node,
    standing: Standing,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This node is to be asked.
    Ask(Node),
    /// An answer is to come.
    Wait,
    /// The look-up has ended.
    Done,
}

/// A look-up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Search {
    target: Key,
    results: u32,
    parallelism: u32,
    patience: Time,
    /// By distance, nearest first.
    known: Vec<Candidate>,
    waiting: u32,
    no_progress: u32,
    stalled: bool,
    done: bool,
}

impl Search {
    /// A look-up that begins with these nodes.
    pub fn new(
        target: Key,
        results: u32,
        parallelism: u32,
        patience: Time,
        begin: impl Iterator<Item = (Node, Key)>,
    ) -> Self {
        let mut search = Self {
            target,
            results,
            parallelism,
            patience,
            known: Vec::with_capacity(64),
            waiting: 0,
            no_progress: 0,
            stalled: false,
            done: false,
        };
        for (node, key) in begin {
            search.learn(node, key);
        }
        search
    }

    /// What is looked for.
    pub fn target(&self) -> Key {
        self.target
    }

    fn find(&self, key: Key) -> Result<usize, usize> {
        let distance = key ^ self.target;
        self.known
            .binary_search_by_key(&distance, |candidate| candidate.distance)
    }

    /// Adds a node. Returns its distance if it was not known.
    fn learn(&mut self, node: Node, key: Key) -> Option<u64> {
        let place = self.find(key).err()?;
        let distance = key ^ self.target;
        let standing = Standing::New;
        self.known.insert(
            place,
            Candidate {
                distance,
                node,
                standing,
            },
        );
        Some(distance)
    }

    /// A node answered and named others. Returns whether it was waited for.
    pub fn answered(&mut self, key: Key, others: impl Iterator<Item = (Node, Key)>) -> bool {
        let Ok(place) = self.find(key) else {
            return false;
        };
        match self.known[place].standing {
            Standing::Asked(_) if !self.done => self.waiting -= 1,
            _ => return false,
        }
        self.known[place].standing = Standing::Answered;
        let results = self.results as usize;
        let edge = self.known[results.min(self.known.len()) - 1].distance;
        let mut progress = self.known.len() < results;
        for (node, key) in others {
            if let Some(distance) = self.learn(node, key) {
                progress |= distance < edge;
            }
        }
        if progress {
            (self.stalled, self.no_progress) = (false, 0);
        } else if !self.stalled {
            self.no_progress += 1;
            self.stalled = self.no_progress >= self.parallelism;
        }
        true
    }

    /// Whoever was waited for too long has failed. Calls back with each.
    pub fn expire(&mut self, now: Time, mut failed: impl FnMut(Node)) {
        for candidate in &mut self.known {
            if let Standing::Asked(until) = candidate.standing
                && until <= now
            {
                candidate.standing = Standing::Failed;
                self.waiting -= 1;
                failed(candidate.node);
            }
        }
    }

    /// When the next one has been waited for too long.
    pub fn next_expiry(&self) -> Option<Time> {
        let asked = self
            .known
            .iter()
            .filter_map(|candidate| match candidate.standing {
                Standing::Asked(until) => Some(until),
                _ => None,
            });
        asked.min()
    }

    /// What is to be done now. Whoever is to be asked counts as asked.
    pub fn next(&mut self, now: Time) -> Next {
        if self.done {
            return Next::Done;
        }
        let room = match self.stalled {
            true => self.results.max(self.parallelism),
            false => self.parallelism,
        };
        let full = self.waiting >= room;
        // None as soon as one of the nearest is still waited for.
        let mut answered = Some(0);
        for candidate in &mut self.known {
            match candidate.standing {
                Standing::Asked(_) if full => return Next::Wait,
                Standing::Asked(_) => answered = None,
                Standing::Answered => {
                    if let Some(count) = &mut answered {
                        *count += 1;
                        if *count >= self.results {
                            self.done = true;
                            return Next::Done;
                        }
                    }
                }
                Standing::New if full => return Next::Wait,
                Standing::New => {
                    candidate.standing = Standing::Asked(now + self.patience);
                    self.waiting += 1;
                    return Next::Ask(candidate.node);
                }
                Standing::Failed => {}
            }
        }
        if self.waiting > 0 {
            return Next::Wait;
        }
        self.done = true;
        Next::Done
    }

    /// The nearest that answered, nearest first.
    pub fn found(&self) -> impl Iterator<Item = Node> {
        let answered = |candidate: &&Candidate| candidate.standing == Standing::Answered;
        self.known
            .iter()
            .filter(answered)
            .take(self.results as usize)
            .map(|candidate| candidate.node)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.known.capacity() * size_of::<Candidate>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kademlia::table::{Shape, Tables};
    use crate::ring::Ring;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// Runs a look-up over tables, answers in order of asking; `fails` do not answer.
    fn run(
        ring: &Ring,
        from: Node,
        target: Key,
        results: u32,
        fails: impl Fn(Node) -> bool,
    ) -> Vec<Node> {
        let shape = Shape::of(ring);
        let tables = Tables::new(ring, shape, 1, 0..ring.nodes());
        let contacts = |node: Node| {
            let mut contacts = Vec::new();
            (0..shape.buckets).for_each(|bucket| tables.contacts(node, bucket, &mut contacts));
            contacts.sort_by_key(|&contact| ring.key(contact) ^ target);
            contacts.truncate(20);
            contacts
        };
        let keyed = |nodes: Vec<Node>| nodes.into_iter().map(|node| (node, ring.key(node)));
        let mut search = Search::new(target, results, 8, 5, keyed(contacts(from)));
        let mut asked = VecDeque::new();
        let mut now = 0;
        loop {
            match search.next(now) {
                Next::Ask(node) => asked.push_back(node),
                Next::Done => break,
                Next::Wait => match asked.pop_front() {
                    Some(node) if fails(node) => {}
                    Some(node) => {
                        let others = contacts(node).into_iter().filter(|&other| other != from);
                        assert!(search.answered(ring.key(node), keyed(others.collect())));
                    }
                    None => {
                        now = search.next_expiry().unwrap_or(now + 5);
                        search.expire(now, |_| {});
                    }
                },
            }
        }
        search.found().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_nearest_are_found(seed: u64, nodes in 22_u32..600, from: u32, target: u64) {
            let ring = Ring::random(seed, nodes);
            let from = from % nodes;
            let expected: Vec<Node> = ring.nearest(target, 21).into_iter().filter(|&node| node != from).take(20).collect();
            prop_assert_eq!(run(&ring, from, target, 20, |_| false), expected);
        }

        #[test]
        fn it_ends_whoever_fails(seed: u64, nodes in 2_u32..200, target: u64, failing in 0_u64..100) {
            let ring = Ring::random(seed, nodes);
            let fails = |node: Node| u64::from(node).wrapping_mul(0x9e37_79b9) % 100 < failing;
            let found = run(&ring, 0, target, 20, fails);
            prop_assert!(found.iter().all(|&node| !fails(node)));
        }
    }
}
