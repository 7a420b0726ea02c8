//! When a gateway is dialed again.

use std::time::Duration;

use rand::RngExt;

/// The first wait; it doubles with each failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// A pipe that held as long was none that fails at once.
const HELD: Duration = Duration::from_secs(60);
/// How far waits are spread, so that all doors of a gateway that comes back do not come at once.
const SPREAD: f64 = 0.25;

/// How often it failed in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff(u32);

impl Backoff {
    /// It went well.
    pub(crate) const fn reset(&mut self) {
        self.0 = 0;
    }

    /// A pipe stood for so long, without the time that dialing took.
    pub(crate) fn held(&mut self, held: Duration) {
        if held >= HELD {
            self.reset();
        }
    }

    /// It failed; how long to wait. `spread` is from -1 to 1.
    fn failed(&mut self, spread: f64) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.0.min(16)).min(LONGEST);
        self.0 = self.0.saturating_add(1);
        wait.mul_f64(spread.mul_add(SPREAD, 1.0))
    }

    /// It failed; how long to wait.
    pub(crate) fn wait(&mut self) -> Duration {
        self.failed(rand::rng().random_range(-1.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..11).map(|_| backoff.failed(0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        // One that breaks soon is no better than none.
        backoff.held(HELD / 2);
        assert_eq!(backoff.failed(0.0), LONGEST);
        backoff.held(HELD);
        assert_eq!(backoff.failed(-1.0), Duration::from_millis(750));
        assert_eq!(backoff.failed(1.0), Duration::from_millis(2500));
    }
}
