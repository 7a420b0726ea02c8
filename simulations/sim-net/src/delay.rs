//! How long messages travel.

use papermesh_sim_clock::Nanos;

use crate::net::NodeNumber;

/// The least time from one node to another, in nanoseconds. It is the same in both directions and at all times; jitter
/// comes on top of it.
pub trait Delay: Send {
    /// From one node to another.
    fn between(&self, from: NodeNumber, to: NodeNumber) -> Nanos;
}

/// Delays that follow from the pair: each pair of nodes has its own, evenly spread between two bounds, as if the nodes
/// lay anywhere. Nothing is stored.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// Chooses among networks of this kind.
    pub seed: u64,
    /// The shortest.
    pub least: Nanos,
    /// The longest.
    pub most: Nanos,
}

impl Delay for Paths {
    fn between(&self, from: NodeNumber, to: NodeNumber) -> Nanos {
        let (low, high) = (from.min(to), from.max(to));
        let word = mix(self.seed ^ (u64::from(low) << 32 | u64::from(high)));
        let width = self.most.saturating_sub(self.least);
        // The upper half of a product: evenly spread without a division.
        let share = (u128::from(word) * u128::from(width + 1)) >> 64;
        self.least + share as Nanos
    }
}

/// A word that looks like chance and follows from its argument (SplitMix64's finalizer).
pub fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_symmetric_and_within_their_bounds() {
        let paths = Paths {
            seed: 1,
            least: 1_000_000,
            most: 21_000_000,
        };
        let mut sum = 0;
        for to in 1..1000 {
            let there = paths.between(0, to);
            assert_eq!(there, paths.between(to, 0));
            assert!((paths.least..=paths.most).contains(&there));
            sum += there;
        }
        let mean = sum / 999;
        assert!((10_000_000..12_000_000).contains(&mean), "{mean}");
    }
}
