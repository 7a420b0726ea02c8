//! Routing tables: twenty contacts for each distance, in two bytes each where they are near.
//!
//! Explicit tables are arrays of a shard. A contact is kept as the difference of two numbers of nodes: in the buckets of
//! nodes far away as 32 bits, in all others as 16. Implicit tables are kept nowhere: a contact is a function of the seed,
//! the node and the bucket. Both begin equal.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::chance::{Chance, Purpose};
use crate::ring::{Node, Ring};

/// Contacts of a bucket: libp2p's `K_VALUE`, whatever the replication.
pub const BUCKET: usize = 20;

/// How tables of a network are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Buckets. The last one has everybody nearer, too.
    pub buckets: u32,
    /// How many of them, from the first on, are far.
    pub far: u32,
}

impl Shape {
    /// What fits these nodes.
    pub fn of(ring: &Ring) -> Self {
        let buckets = ring.nodes().max(2).ilog2() + 2;
        // Between a node and its contact lie at the most all nodes whose keys agree in as many bits.
        let largest = |bits: u32| {
            let step = 1_u64 << (64 - bits.max(1));
            let beginnings = if bits == 0 { 1 } else { 1_u64 << bits };
            (0..beginnings)
                .map(|beginning| ring.beginning(beginning.wrapping_mul(step), bits).len())
                .max()
        };
        let near = |bits: &u32| largest(*bits).is_none_or(|nodes| nodes <= i16::MAX as usize);
        Self {
            buckets,
            far: (0..buckets).find(near).unwrap_or(buckets),
        }
    }

    /// In which bucket of a node a key is.
    pub fn bucket(self, distance: u64) -> u32 {
        distance.leading_zeros().min(self.buckets - 1)
    }
}

/// The contacts that a node's bucket begins with: twenty of its range, every set of twenty as likely, in order of their
/// numbers; all of them if they are no more.
pub fn initial(
    ring: &Ring,
    shape: Shape,
    seed: u64,
    node: Node,
    bucket: u32,
    into: &mut Vec<Node>,
) {
    let range = match bucket + 1 == shape.buckets {
        true => ring.beginning(ring.key(node), bucket),
        false => ring.bucket(node, bucket),
    };
    if range.len() <= BUCKET {
        into.extend(range.filter(|&other| other != node));
        return;
    }
    // Floyd: each number is drawn once.
    let of = u64::from(node) | u64::from(bucket) << 32;
    let mut chance = Chance::new(seed, of, Purpose::Table);
    let begin = into.len();
    for most in range.len() - BUCKET..range.len() {
        let drawn = range.start + chance.below(most as u32 + 1);
        let drawn = if into[begin..].contains(&drawn) {
            range.start + most as Node
        } else {
            drawn
        };
        into.push(drawn);
    }
    into[begin..].sort_unstable();
    // In the last bucket of a crowd the node itself may have been drawn.
    if let Some(own) = into[begin..].iter().position(|&contact| contact == node) {
        into.remove(begin + own);
    }
}

/// The tables of a shard's nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    nodes: Range<Node>,
    shape: Shape,
    counts: Vec<u8>,
    far: Vec<i32>,
    near: Vec<i16>,
}

impl Tables {
    /// Tables as they begin.
    pub fn new(ring: &Ring, shape: Shape, seed: u64, nodes: Range<Node>) -> Self {
        let count = nodes.len();
        let mut tables = Self {
            counts: vec![0; count * shape.buckets as usize],
            far: vec![0; count * shape.far as usize * BUCKET],
            near: vec![0; count * (shape.buckets - shape.far) as usize * BUCKET],
            shape,
            nodes: nodes.clone(),
        };
        let mut contacts = Vec::with_capacity(BUCKET);
        for node in nodes {
            for bucket in 0..shape.buckets {
                contacts.clear();
                initial(ring, shape, seed, node, bucket, &mut contacts);
                for &contact in &contacts {
                    tables.add(node, bucket, contact);
                }
            }
        }
        tables
    }

    fn count_place(&self, node: Node, bucket: u32) -> usize {
        (node - self.nodes.start) as usize * self.shape.buckets as usize + bucket as usize
    }

    fn place(&self, node: Node, bucket: u32) -> usize {
        let (first, buckets, own) = match bucket < self.shape.far {
            true => (0, self.shape.far, bucket),
            false => (
                self.shape.far,
                self.shape.buckets - self.shape.far,
                bucket - self.shape.far,
            ),
        };
        debug_assert!(bucket >= first);
        ((node - self.nodes.start) as usize * buckets as usize + own as usize) * BUCKET
    }

    /// The contacts of a bucket.
    pub fn contacts(&self, node: Node, bucket: u32, into: &mut Vec<Node>) {
        let count = usize::from(self.counts[self.count_place(node, bucket)]);
        let place = self.place(node, bucket);
        if bucket < self.shape.far {
            let far = &self.far[place..place + count];
            into.extend(far.iter().map(|&away| node.wrapping_add_signed(away)));
        } else {
            let near = &self.near[place..place + count];
            into.extend(
                near.iter()
                    .map(|&away| node.wrapping_add_signed(i32::from(away))),
            );
        }
    }

    /// Adds a contact that is not in the bucket, if there is room.
    fn add(&mut self, node: Node, bucket: u32, contact: Node) {
        let count_place = self.count_place(node, bucket);
        let count = usize::from(self.counts[count_place]);
        if count == BUCKET {
            return;
        }
        let (place, away) = (
            self.place(node, bucket) + count,
            contact.wrapping_sub(node) as i32,
        );
        if bucket < self.shape.far {
            self.far[place] = away;
        } else if let Ok(away) = i16::try_from(away) {
            self.near[place] = away;
        } else {
            return;
        }
        self.counts[count_place] += 1;
    }

    /// Hears a node. A contact becomes the one that was heard last; another becomes a contact if there is room. Returns
    /// the contact that was not heard for the longest time, if there is none.
    pub fn hear(&mut self, node: Node, bucket: u32, other: Node) -> Option<Node> {
        if other == node {
            return None;
        }
        let (place, count_place) = (self.place(node, bucket), self.count_place(node, bucket));
        let count = usize::from(self.counts[count_place]);
        match self.find(node, bucket, other) {
            Some(at) if bucket < self.shape.far => {
                self.far[place + at..place + count].rotate_left(1)
            }
            Some(at) => self.near[place + at..place + count].rotate_left(1),
            None if count < BUCKET => self.add(node, bucket, other),
            None if bucket < self.shape.far => {
                return Some(node.wrapping_add_signed(self.far[place]));
            }
            None => return Some(node.wrapping_add_signed(i32::from(self.near[place]))),
        }
        None
    }

    fn find(&self, node: Node, bucket: u32, other: Node) -> Option<usize> {
        let count = usize::from(self.counts[self.count_place(node, bucket)]);
        let place = self.place(node, bucket);
        let away = other.wrapping_sub(node) as i32;
        match bucket < self.shape.far {
            true => self.far[place..place + count]
                .iter()
                .position(|&own| own == away),
            false => self.near[place..place + count]
                .iter()
                .position(|&own| i32::from(own) == away),
        }
    }

    /// Forgets a contact that did not answer.
    pub fn forget(&mut self, node: Node, bucket: u32, other: Node) {
        let Some(at) = self.find(node, bucket, other) else {
            return;
        };
        let (place, count_place) = (self.place(node, bucket), self.count_place(node, bucket));
        let count = usize::from(self.counts[count_place]);
        match bucket < self.shape.far {
            true => self.far[place + at..place + count].rotate_left(1),
            false => self.near[place + at..place + count].rotate_left(1),
        }
        self.counts[count_place] -= 1;
    }

    /// Bytes that this takes.
    pub fn bytes(&self) -> usize {
        self.counts.capacity() + self.far.capacity() * 4 + self.near.capacity() * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn explicit_tables_begin_as_implicit_ones(seed: u64, nodes in 2_u32..3000, who: u32) {
            let ring = Ring::random(seed, nodes);
            let shape = Shape::of(&ring);
            let node = who % nodes;
            let tables = Tables::new(&ring, shape, seed, node..node + 1);
            let mut all = Vec::new();
            for bucket in 0..shape.buckets {
                let (mut kept, mut drawn) = (Vec::new(), Vec::new());
                tables.contacts(node, bucket, &mut kept);
                initial(&ring, shape, seed, node, bucket, &mut drawn);
                prop_assert_eq!(&kept, &drawn);
                for &contact in &kept {
                    prop_assert_eq!(shape.bucket(ring.key(node) ^ ring.key(contact)), bucket);
                }
                all.extend(kept);
            }
            let known = all.len();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(known, all.len());
            prop_assert!(!all.contains(&node));
            if nodes <= 20 {
                prop_assert_eq!(known as u32, nodes - 1);
            }
        }

        #[test]
        fn tables_hear_and_forget_as_sets_do(seed: u64, steps in proptest::collection::vec((any::<bool>(), any::<u32>()), 1..200)) {
            let ring = Ring::random(seed, 400);
            let shape = Shape::of(&ring);
            let mut tables = Tables::new(&ring, shape, seed, 7..8);
            let mut model: Vec<Vec<Node>> = (0..shape.buckets).map(|bucket| {
                let mut contacts = Vec::new();
                tables.contacts(7, bucket, &mut contacts);
                contacts
            }).collect();
            for (hear, other) in steps {
                let other = other % 400;
                if other == 7 { continue; }
                let bucket = shape.bucket(ring.key(7) ^ ring.key(other));
                let set = &mut model[bucket as usize];
                if hear {
                    let known = set.contains(&other);
                    let oldest = (!known && set.len() == BUCKET).then(|| set[0]);
                    set.retain(|&own| own != other);
                    if set.len() < BUCKET { set.push(other); }
                    prop_assert_eq!(tables.hear(7, bucket, other), oldest);
                } else {
                    set.retain(|&own| own != other);
                    tables.forget(7, bucket, other);
                }
                let mut contacts = Vec::new();
                tables.contacts(7, bucket, &mut contacts);
                prop_assert_eq!(&contacts, &*set);
            }
        }
    }
}
