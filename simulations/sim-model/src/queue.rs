//! What is to happen, by time.
//!
//! Time is cut into windows as long as the shortest way between two nodes: whatever a node sends within a window arrives
//! in a later one. The near windows are slots of a wheel, far ones a map. A window is sorted when its turn comes, by time,
//! node, sender and the sender's count, so that the order does not depend on who put what in when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ring::Node;

/// Nanoseconds since the beginning, the warm-up included.
pub type Time = u64;

/// Slots of the wheel.
const SLOTS: usize = 4096;

/// One event. 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Time,
    /// To whom.
    pub node: Node,
    /// From whom; the node itself for its timers.
    pub from: Node,
    /// How much the sender sent before: with the sender it is unique.
    pub count: u32,
    /// Where its content is, or what its content is.
    pub content: u32,
}

/// All events of one shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queue {
    window: Time,
    /// The number of the window that the wheel begins with.
    first: u64,
    wheel: Vec<Vec<Event>>,
    /// A bit for each slot that has events.
    filled: Vec<u64>,
    /// Events in the wheel.
    near: usize,
    far: BTreeMap<u64, Vec<Event>>,
}

impl Queue {
    /// Without events, with windows of this length.
    pub fn new(window: Time) -> Self {
        Self {
            window: window.max(1),
            first: 0,
            wheel: vec![Vec::new(); SLOTS],
            filled: vec![0; SLOTS / 64],
            near: 0,
            far: BTreeMap::new(),
        }
    }

    /// Puts an event in. One of a window that has passed belongs to nobody and must not come here.
    pub fn push(&mut self, event: Event) {
        let number = (event.time / self.window).max(self.first);
        if number - self.first < SLOTS as u64 {
            self.near += 1;
            let slot = (number % SLOTS as u64) as usize;
            self.filled[slot / 64] |= 1 << (slot % 64);
            self.wheel[slot].push(event);
        } else {
            self.far.entry(number).or_default().push(event);
        }
    }

    /// The number of the next window in which something happens.
    pub fn next(&self) -> Option<u64> {
        let far = self.far.first_key_value().map(|(&number, _)| number);
        match self.near {
            0 => far,
            _ => self.next_near().into_iter().chain(far).min(),
        }
    }

    /// The first window whose slot is filled.
    fn next_near(&self) -> Option<u64> {
        let start = (self.first % SLOTS as u64) as usize;
        let words = SLOTS / 64;
        // The word of the start is looked at twice: its upper bits first, its lower ones last.
        (0..=words).find_map(|step| {
            let word = (start / 64 + step) % words;
            let kept = match step {
                0 => u64::MAX << (start % 64),
                _ if step == words => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = self.filled[word] & kept;
            (bits != 0).then(|| {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                self.first + ((slot + SLOTS - start) % SLOTS) as u64
            })
        })
    }

    /// How many events a window has, those far away left out.
    pub fn filled(&self, number: u64) -> usize {
        self.wheel[(number % SLOTS as u64) as usize].len()
    }

    /// Takes the events of a window, sorted, into an empty list. Windows are taken in order.
    pub fn take(&mut self, number: u64, into: &mut Vec<Event>) {
        self.first = self.first.max(number);
        let slot = (number % SLOTS as u64) as usize;
        self.filled[slot / 64] &= !(1 << (slot % 64));
        self.near -= self.wheel[slot].len();
        std::mem::swap(&mut self.wheel[slot], into);
        if let Some(far) = self.far.remove(&number) {
            into.extend(far);
        }
        into.sort_unstable();
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.near + self.far.values().map(Vec::len).sum::<usize>()
    }

    /// Whether nothing is to happen.
    pub fn is_empty(&self) -> bool {
        self.near == 0 && self.far.is_empty()
    }

    /// Bytes that this takes.
    pub fn bytes(&self) -> usize {
        let near: usize = self.wheel.iter().map(Vec::capacity).sum();
        let far: usize = self.far.values().map(Vec::capacity).sum();
        (near + far) * size_of::<Event>() + SLOTS * size_of::<Vec<Event>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_out_sorted_and_all(times in proptest::collection::vec(0_u64..2_000_000, 0..300), window in 1_u64..500) {
            let mut queue = Queue::new(window);
            let mut expected: Vec<Event> = times.iter().enumerate().map(|(count, &time)| Event {
                time, node: 1, from: 2, count: count as u32, content: 0,
            }).collect();
            let (early, late) = expected.split_at(expected.len() / 2);
            early.iter().for_each(|&event| queue.push(event));
            let mut found = Vec::new();
            let mut list = Vec::new();
            // The second half is put in while the first is taken, as far as its time has not passed.
            let mut waiting: Vec<Event> = late.to_vec();
            let mut dropped = Vec::new();
            while let Some(number) = queue.next() {
                list.clear();
                queue.take(number, &mut list);
                found.extend_from_slice(&list);
                for event in waiting.drain(..) {
                    if event.time / window > number { queue.push(event) } else { dropped.push(event) }
                }
            }
            if !found.is_empty() {
                expected.retain(|event| !dropped.contains(event));
                expected.sort();
                prop_assert_eq!(&found, &expected);
            }
            prop_assert!(queue.is_empty());
        }
    }
}
