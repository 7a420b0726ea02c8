//! Some of the jobs of a list that is too long: as many of each holder as there is room for, so that
//! no holder with ten thousand of them hides what the others have.

use std::collections::BTreeMap;

use papermesh_protocol::id::NodeId;

use super::visiting::SeenJob;

/// At most `most` of these jobs, in their order.
pub(super) fn some_of<'a>(
    jobs: impl Iterator<Item = &'a SeenJob> + Clone,
    most: usize,
) -> Vec<&'a SeenJob> {
    let mut counts: BTreeMap<NodeId, usize> = BTreeMap::new();
    for job in jobs.clone() {
        *counts.entry(job.job.holder).or_default() += 1;
    }
    let mut shares = shares(counts, most);
    let mut some = Vec::new();
    for job in jobs {
        if let Some(share) = shares.get_mut(&job.job.holder)
            && *share > 0
        {
            *share -= 1;
            some.push(job);
        }
    }
    some
}

/// How many each holder may show: those with few, all; the rest is shared by the others.
fn shares(counts: BTreeMap<NodeId, usize>, most: usize) -> BTreeMap<NodeId, usize> {
    let mut by_count: Vec<(NodeId, usize)> = counts.into_iter().collect();
    by_count.sort_by_key(|(_, count)| *count);
    let (mut left, mut holders) = (most, by_count.len());
    let mut shares = BTreeMap::new();
    for (holder, count) in by_count {
        let share = count.min(left.div_ceil(holders.max(1)));
        shares.insert(holder, share);
        left -= share;
        holders -= 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(counts: &[usize], most: usize) -> Vec<usize> {
        let counts = (1..).zip(counts);
        let counts = counts.map(|(seed, count)| (NodeId::from_bytes([seed; 32]), *count));
        shares(counts.collect(), most).into_values().collect()
    }

    #[test]
    fn nobody_takes_the_room_of_others() {
        assert_eq!(shared(&[10_000, 1], 100), [99, 1]);
        assert_eq!(shared(&[10_000, 10_000], 100), [50, 50]);
        assert_eq!(shared(&[3, 10_000, 60, 7], 100), [3, 45, 45, 7]);
        assert_eq!(shared(&[3, 4], 100), [3, 4]);
        assert_eq!(shared(&[10_000], 100), [100]);
        assert_eq!(shared(&[5; 3], 2), [1, 1, 0]);
        assert_eq!(shared(&[], 100), [0; 0]);
        assert_eq!(shared(&[5], 0), [0]);
    }
}
