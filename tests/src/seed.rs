//! Chance that can be repeated: every random choice of a test comes from one seed, which a
//! failing test prints and `PAPERMESH_SEED` brings back.

use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Names the seed to take instead of a fresh one.
const VARIABLE: &str = "PAPERMESH_SEED";

/// The source of a test's random choices.
#[derive(Debug)]
pub struct Seed {
    number: u64,
    random: StdRng,
}

impl Seed {
    /// The seed that the environment names, else a fresh one.
    ///
    /// # Panics
    /// If the environment names something that is no number.
    #[must_use]
    pub fn take() -> Self {
        let number = match std::env::var(VARIABLE) {
            Ok(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("{VARIABLE} must be a number, not {text:?}")),
            Err(_) => SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(0, |now| u64::from(now.subsec_nanos())),
        };
        Self {
            number,
            random: StdRng::seed_from_u64(number),
        }
    }

    /// A number from 0 to `limit`, without `limit` itself.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.random.random_range(0..limit)
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.random.random_range(0..choices.len())]
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat this with {VARIABLE}={}", self.number);
        }
    }
}
