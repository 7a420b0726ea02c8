//! All nodes in the order of their keys.
//!
//! A node's number is its place in that order. So a Kademlia bucket is a range of numbers, the nodes nearest to a key lie
//! side by side, and a near contact is a small distance. Keys are the first 64 bits of 256; no two are equal.

use std::ops::Range;

use crate::chance::{Chance, Purpose};

/// The number of a node.
pub type Node = u32;
/// The first 64 bits of a node's or a record's key.
pub type Key = u64;

/// The most bits of a key that the index has: 4 Mi entries.
const INDEX_BITS: u32 = 22;

/// All keys, sorted.
#[derive(Clone, Debug)]
pub struct Ring {
    keys: Vec<Key>,
    /// For each beginning of a key with `index_bits` bits: the first node that has it or a later one.
    index: Vec<Node>,
    index_bits: u32,
}

impl Ring {
    /// So many nodes with keys of chance.
    pub fn random(seed: u64, nodes: u32) -> Self {
        let mut chance = Chance::new(seed, 0, Purpose::Keys);
        Self::new((0..nodes).map(|_| chance.long()).collect())
    }

    /// Nodes with these keys, in any order. Of equal keys all but one are moved up by one.
    pub fn new(mut keys: Vec<Key>) -> Self {
        keys.sort_unstable();
        for place in 1..keys.len() {
            if keys[place] <= keys[place - 1] {
                keys[place] = keys[place - 1].saturating_add(1);
            }
        }
        let index_bits = (keys.len().max(4).ilog2() - 2).min(INDEX_BITS);
        let mut index = Vec::with_capacity((1 << index_bits) + 1);
        let mut node = 0;
        for beginning in 0..1_u64 << index_bits {
            while node < keys.len() && beginning_of(keys[node], index_bits) < beginning {
                node += 1;
            }
            index.push(node as Node);
        }
        index.push(keys.len() as Node);
        Self {
            keys,
            index,
            index_bits,
        }
    }

    /// How many nodes.
    pub fn nodes(&self) -> u32 {
        self.keys.len() as u32
    }

    /// The key of a node; of nobody, the last one.
    pub fn key(&self, node: Node) -> Key {
        self.keys.get(node as usize).copied().unwrap_or(Key::MAX)
    }

    /// Bytes that this takes.
    pub fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<Key>() + self.index.capacity() * size_of::<Node>()
    }

    /// The nodes whose keys begin with the first so many bits of this one.
    pub fn beginning(&self, key: Key, bits: u32) -> Range<Node> {
        if bits == 0 {
            return 0..self.nodes();
        }
        let bits = bits.min(64);
        if bits <= self.index_bits {
            let wide = self.index_bits - bits;
            let first = (beginning_of(key, bits) << wide) as usize;
            return self.index[first]..self.index[first + (1 << wide)];
        }
        let slot = beginning_of(key, self.index_bits) as usize;
        let (first, last) = (self.index[slot], self.index[slot + 1]);
        let within = &self.keys[first as usize..last as usize];
        let wanted = beginning_of(key, bits);
        let start = within.partition_point(|&key| beginning_of(key, bits) < wanted);
        let end = within.partition_point(|&key| beginning_of(key, bits) <= wanted);
        first + start as Node..first + end as Node
    }

    /// The nodes of a bucket: those whose keys agree with a node's in exactly so many bits. In the last bucket of a table
    /// are also all that agree in more, the node itself left out by whoever asks.
    pub fn bucket(&self, node: Node, agree: u32) -> Range<Node> {
        let key = self.key(node);
        self.beginning(key ^ (1 << (63 - agree.min(63))), agree + 1)
    }

    /// The so many nodes nearest to a key by XOR, the nearest first. This is the oracle: it sorts all candidates.
    pub fn nearest(&self, target: Key, count: usize) -> Vec<Node> {
        let enough = |bits: u32| self.beginning(target, bits).len() >= count;
        let bits = (0..=64)
            .take_while(|&bits| enough(bits))
            .last()
            .unwrap_or(0);
        let mut nodes: Vec<Node> = self.beginning(target, bits).collect();
        nodes.sort_unstable_by_key(|&node| self.key(node) ^ target);
        nodes.truncate(count);
        nodes
    }

    /// The first node at or after a key, around the ring.
    pub fn successor(&self, key: Key) -> Node {
        let at = self.keys.partition_point(|&own| own < key);
        if at == self.keys.len() { 0 } else { at as Node }
    }
}

fn beginning_of(key: Key, bits: u32) -> u64 {
    if bits == 0 { 0 } else { key >> (64 - bits) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_force(ring: &Ring, target: Key, count: usize) -> Vec<Node> {
        let mut all: Vec<Node> = (0..ring.nodes()).collect();
        all.sort_by_key(|&node| ring.key(node) ^ target);
        all.truncate(count);
        all
    }

    proptest! {
        #[test]
        fn nearest_is_what_sorting_everybody_gives(
            keys in proptest::collection::vec(any::<u64>(), 1..300),
            crowd in proptest::collection::vec(0_u64..50, 0..40),
            target: u64,
            count in 1_usize..30,
        ) {
            let ring = Ring::new(keys.into_iter().chain(crowd).collect());
            prop_assert_eq!(ring.nearest(target, count), brute_force(&ring, target, count));
            prop_assert_eq!(ring.nearest(7, count), brute_force(&ring, 7, count));
        }

        #[test]
        fn buckets_are_all_others_once(keys in proptest::collection::vec(any::<u64>(), 2..200), who: u32) {
            let ring = Ring::new(keys);
            let node = who % ring.nodes();
            let mut seen: Vec<Node> = (0..64).flat_map(|agree| ring.bucket(node, agree)).collect();
            for agree in 0..64 {
                for other in ring.bucket(node, agree) {
                    prop_assert_eq!((ring.key(node) ^ ring.key(other)).leading_zeros(), agree);
                }
            }
            seen.push(node);
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..ring.nodes()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn equal_keys_become_different() {
        let ring = Ring::new(vec![5, 5, 5, 6]);
        assert_eq!(ring.keys, [5, 6, 7, 8]);
    }
}
