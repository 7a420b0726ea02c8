//! How often each did something lately, so that none does it without end.

use std::collections::BTreeMap;
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::time::Timestamp;

/// Those who are counted at once; others wait until those are forgotten.
const COUNTED: usize = 1024;

/// Counts of what each did, members if nothing else is said, within a window of time of its own.
pub struct Tally<K = NodeId> {
    each: u32,
    window: Duration,
    counts: BTreeMap<K, (Timestamp, u32)>,
}

impl<K: Ord> Tally<K> {
    /// A tally that lets each do something `each` times within `window`.
    #[must_use]
    pub const fn new(each: u32, window: Duration) -> Self {
        Self {
            each,
            window,
            counts: BTreeMap::new(),
        }
    }

    /// Counts once more; says whether `who` was still within its limit.
    pub fn count(&mut self, who: K, now: Timestamp) -> bool {
        if self.counts.len() >= COUNTED {
            let window = self.window;
            self.counts
                .retain(|_, (since, _)| now.since(*since) < window);
        }
        if self.counts.len() >= COUNTED && !self.counts.contains_key(&who) {
            return false;
        }
        let (since, count) = self.counts.entry(who).or_insert((now, 0));
        if now.since(*since) >= self.window {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.each
    }

    /// Takes back what was counted last: it did no harm.
    pub fn take_back(&mut self, who: &K) {
        if let Some((_, count)) = self.counts.get_mut(who) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_its_own_limit_and_no_more_than_a_thousand_are_counted() {
        let (each, window) = (60, Duration::from_secs(60));
        let mut tally = Tally::new(each, window);
        let (noisy, quiet) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let now = Timestamp::from_secs(1_000);
        let taken = (0..10 * each).filter(|_| tally.count(noisy, now)).count();
        assert_eq!(taken, each as usize);
        assert!(tally.count(quiet, now));
        assert!(tally.count(noisy, now + window));
        for _ in 0..2 * each {
            assert!(tally.count(quiet, now));
            tally.take_back(&quiet);
        }

        let many = |number: u32| {
            let mut bytes = [3; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            NodeId::from_bytes(bytes)
        };
        let counted = (0..5_000).filter(|n| tally.count(many(*n), now)).count();
        assert_eq!(counted, COUNTED - 2);
        assert!(tally.count(many(4_999), now + window * 2));
    }
}
