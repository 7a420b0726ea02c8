//! How often each did something lately, so that none does it without end.

use std::collections::BTreeMap;
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::time::Timestamp;

/// Those who are counted at once; others wait until those are forgotten.
const COUNTED: usize = 1024;

/// Counts of what each did, members if nothing else is said, within a window of time of its own.
pub struct RateWindow<K = NodeId> {
    each: u32,
    window: Duration,
    counts: BTreeMap<K, Counted>,
}

struct Counted {
    since: Timestamp,
    count: u32,
    /// How often it was beyond the limit.
    beyond: u32,
}

impl Counted {
    const fn since(now: Timestamp) -> Self {
        Self {
            since: now,
            count: 0,
            beyond: 0,
        }
    }
}

impl<K: Ord> RateWindow<K> {
    /// A window that lets each do something `each` times within `window`.
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
                .retain(|_, counted| now.since(counted.since) < window);
        }
        if self.counts.len() >= COUNTED && !self.counts.contains_key(&who) {
            return false;
        }
        let counted = self.counts.entry(who).or_insert(Counted::since(now));
        if now.since(counted.since) >= self.window {
            (counted.since, counted.count) = (now, 0);
        }
        counted.count = counted.count.saturating_add(1);
        let is_within = counted.count <= self.each;
        if !is_within {
            counted.beyond = counted.beyond.saturating_add(1);
        }
        is_within
    }

    /// Whether `who` would be beyond its limit if it were counted once more.
    #[must_use]
    pub fn is_used_up(&self, who: &K, now: Timestamp) -> bool {
        let counted = self.counts.get(who);
        counted.is_some_and(|counted| {
            now.since(counted.since) < self.window && counted.count >= self.each
        })
    }

    /// Who was beyond its limit, and how often, since this was asked last.
    pub fn beyond(&mut self) -> Vec<(K, u32)>
    where
        K: Clone,
    {
        self.counts
            .iter_mut()
            .filter(|(_, counted)| counted.beyond > 0)
            .map(|(who, counted)| (who.clone(), std::mem::take(&mut counted.beyond)))
            .collect()
    }

    /// Takes back what was counted last: it did no harm.
    pub fn take_back(&mut self, who: &K) {
        if let Some(counted) = self.counts.get_mut(who) {
            counted.count = counted.count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_its_own_limit_and_no_more_than_a_thousand_are_counted() {
        let (each, window) = (60, Duration::from_secs(60));
        let mut rate_window = RateWindow::new(each, window);
        let (noisy, quiet) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let now = Timestamp::from_secs(1_000);
        let taken = (0..10 * each)
            .filter(|_| rate_window.count(noisy, now))
            .count();
        assert_eq!(taken, each as usize);
        assert!(rate_window.is_used_up(&noisy, now) && !rate_window.is_used_up(&quiet, now));
        assert!(!rate_window.is_used_up(&noisy, now + window));
        assert!(rate_window.count(quiet, now));
        assert!(rate_window.count(noisy, now + window));
        for _ in 0..2 * each {
            assert!(rate_window.count(quiet, now));
            rate_window.take_back(&quiet);
        }

        // Nothing that was too much is forgotten, also by a window that begins anew.
        assert_eq!(rate_window.beyond(), [(noisy, 9 * each)]);
        assert_eq!(rate_window.beyond(), []);

        let many = |number: u32| {
            let mut bytes = [3; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            NodeId::from_bytes(bytes)
        };
        let counted = (0..5_000)
            .filter(|n| rate_window.count(many(*n), now))
            .count();
        assert_eq!(counted, COUNTED - 2);
        assert!(rate_window.count(many(4_999), now + window * 2));
    }
}
