//! Randomness by counter: a number depends on the seed, on whose it is, on what for, and on its place in that stream, and
//! on nothing else. Another call elsewhere shifts nothing, and no state is kept.
//!
//! Philox4x32-10 of Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3* (SC 2011).

use std::convert::Infallible;

use rand_core::TryRng;

/// What a stream of numbers is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Keys of nodes.
    Keys = 1,
    /// Who is of which group.
    Groups,
    /// How far two nodes are from each other.
    Distance,
    /// How late a message is, and whether it is lost.
    Link,
    /// Contacts of a routing table.
    Table,
    /// Sessions and absences.
    Churn,
    /// What users do.
    Work,
    /// Look-ups: when, who, what.
    Lookups,
    /// Who is concerned by a fault.
    Fault,
    /// What a protocol draws.
    Protocol,
    /// Identities of real nodes.
    Identity,
}

/// Four words that follow from a key and a counter.
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let (mut key, mut x) = (key, counter);
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(0x9e37_79b9);
            key[1] = key[1].wrapping_add(0xbb67_ae85);
        }
        let a = u64::from(x[0]) * 0xd251_1f53;
        let b = u64::from(x[2]) * 0xcd9e_8d57;
        x = [
            (b >> 32) as u32 ^ x[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ x[3] ^ key[1],
            a as u32,
        ];
    }
    x
}

/// One stream of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    left: u8,
}

impl Chance {
    /// The stream of a seed, a node (or a pair, or whatever has 64 bits) and a purpose.
    pub fn new(seed: u64, of: u64, purpose: Purpose) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            counter: [0, purpose as u32, of as u32, (of >> 32) as u32],
            block: [0; 4],
            left: 0,
        }
    }

    /// The stream that begins at this place: the same as a new one after `4 * place` words.
    #[must_use]
    pub fn at(mut self, place: u32) -> Self {
        self.counter[0] = place;
        self.left = 0;
        self
    }

    /// The next 32 bits.
    pub fn word(&mut self) -> u32 {
        if self.left == 0 {
            self.block = philox(self.key, self.counter);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.left = 4;
        }
        self.left -= 1;
        self.block[usize::from(3 - self.left)]
    }

    /// The next 64 bits.
    pub fn long(&mut self) -> u64 {
        u64::from(self.word()) << 32 | u64::from(self.word())
    }

    /// A number below a limit, evenly spread to within one in 2^32.
    pub fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(limit)) >> 32) as u32
    }

    /// A number from 0 to a most, evenly spread.
    pub fn up_to(&mut self, most: u64) -> u64 {
        ((u128::from(self.long()) * (u128::from(most) + 1)) >> 64) as u64
    }

    /// A fraction from 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.long() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.long())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of Random123.
    #[test]
    fn philox_is_that_of_random123() {
        assert_eq!(
            philox([0; 2], [0; 4]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_are_reached_at_any_place() {
        let mut whole = Chance::new(1, 2, Purpose::Churn);
        let words: Vec<u32> = (0..12).map(|_| whole.word()).collect();
        let mut later = Chance::new(1, 2, Purpose::Churn).at(2);
        assert_eq!(later.word(), words[8]);
        assert_ne!(Chance::new(1, 2, Purpose::Work).word(), words[0]);
    }

    #[test]
    fn numbers_stay_below_their_limit_and_reach_all_of_it() {
        let mut chance = Chance::new(1, 0, Purpose::Protocol);
        let mut seen = [0; 7];
        for _ in 0..7_000 {
            seen[chance.below(7) as usize] += 1;
        }
        assert!(
            seen.iter().all(|&times| (850..1150).contains(&times)),
            "{seen:?}"
        );
        assert!((0..1000).all(|_| chance.up_to(3) <= 3 && chance.fraction() < 1.0));
    }
}
