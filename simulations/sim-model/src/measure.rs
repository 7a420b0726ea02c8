//! What is counted while a simulation runs.

use serde::{Deserialize, Serialize};

/// What shards count. The first ones are what happened since the point before, the last ones are what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Count {
    /// Messages that arrived, those of handshakes and negotiations included.
    Messages,
    /// Their bytes, with those around them.
    Bytes,
    /// Connections that were dialed.
    Dials,
    /// What was asked for.
    Asked,
    /// What was asked for in vain.
    Failed,
    /// Doors that the gateway turned away.
    Refused,
    /// Nodes that are there.
    Online,
    /// Adverts that nodes store.
    Records,
    /// Pipes at the gateway.
    Pipes,
}

/// How many there are.
pub const COUNTS: usize = 9;

impl Count {
    /// All, in the order of their numbers.
    pub const ALL: [Self; COUNTS] = [
        Self::Messages,
        Self::Bytes,
        Self::Dials,
        Self::Asked,
        Self::Failed,
        Self::Refused,
        Self::Online,
        Self::Records,
        Self::Pipes,
    ];

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "traffic.messages",
            Self::Bytes => "traffic.bytes",
            Self::Dials => "traffic.dials",
            Self::Asked => "asked",
            Self::Failed => "failed",
            Self::Refused => "gateway.refused",
            Self::Online => "nodes.online",
            Self::Records => "records.stored",
            Self::Pipes => "gateway.pipes",
        }
    }

    /// Whether it says what is, rather than what happened.
    pub fn is_level(self) -> bool {
        matches!(self, Self::Online | Self::Records | Self::Pipes)
    }
}

/// The counts of one shard.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Counts(pub [i64; COUNTS]);

impl Counts {
    /// Adds to one.
    pub fn add(&mut self, count: Count, by: i64) {
        self.0[count as usize] += by;
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }
}

/// A hash of everything that happened, in whatever order it is added: a sum of one hash an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    sum: u128,
    /// How many events.
    pub events: u64,
}

impl Trace {
    /// Adds an event, which these three words tell apart from all others.
    pub fn add(&mut self, words: [u64; 3]) {
        let mut hash = [0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344];
        for word in words {
            // Two lanes of multiply and fold, as in wyhash.
            for (lane, odd) in hash
                .iter_mut()
                .zip([0x9e37_79b9_7f4a_7c15_u64, 0xd6e8_feb8_6659_fd93])
            {
                let product = u128::from(*lane ^ word) * u128::from(odd);
                *lane = (product >> 64) as u64 ^ product as u64 ^ lane.rotate_left(23);
            }
        }
        self.sum = self
            .sum
            .wrapping_add(u128::from(hash[0]) << 64 | u128::from(hash[1]));
        self.events += 1;
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.events += other.events;
    }
}

impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}
