//! What happened, in 128 bits.

use std::fmt;

/// A running hash of everything that a simulation did, in order. It tells runs apart; it is not for security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    hash: u128,
    /// How many events were folded in.
    pub events: u64,
}

/// The prime and the offset of FNV-1a with 128 bits, which is folded by words here.
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

impl Default for Trace {
    fn default() -> Self {
        Self {
            hash: OFFSET,
            events: 0,
        }
    }
}

impl Trace {
    /// Folds an event in. The order of the words and of the events counts.
    pub fn fold(&mut self, words: &[u64]) {
        self.events += 1;
        for &word in words {
            self.hash = (self.hash ^ u128::from(word)).wrapping_mul(PRIME);
            // Multiplication carries upwards only; this brings high bits down again.
            self.hash ^= self.hash >> 71;
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_every_bit_count() {
        let of = |events: &[&[u64]]| {
            let mut trace = Trace::default();
            events.iter().for_each(|words| trace.fold(words));
            trace
        };
        assert_eq!(of(&[&[1, 2], &[3]]), of(&[&[1, 2], &[3]]));
        assert_ne!(of(&[&[1, 2]]), of(&[&[2, 1]]));
        let all: std::collections::BTreeSet<String> =
            (0..64).map(|bit| of(&[&[1 << bit]]).to_string()).collect();
        assert_eq!(all.len(), 64);
    }
}
