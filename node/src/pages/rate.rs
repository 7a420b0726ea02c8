//! So many at once, and then one every so often.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A bucket of attempts that fills by itself.
pub(crate) struct Rate {
    burst: u32,
    every: Duration,
    /// Until when the attempts taken so far are paid for.
    paid: Mutex<Option<Instant>>,
}

impl Rate {
    pub(crate) fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst,
            every,
            paid: Mutex::new(None),
        }
    }

    /// Takes one; or says how long until there is one again.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let due = paid.filter(|due| *due > now).unwrap_or(now) + self.every;
        let room = self.every * self.burst;
        let ahead = due.saturating_duration_since(now);
        if ahead > room {
            return Err(ahead - room);
        }
        *paid = Some(due);
        Ok(())
    }

    /// Gives one back that was taken: it did no harm.
    pub(crate) fn give_back(&self) {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        *paid = paid.and_then(|due| due.checked_sub(self.every));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_by_one() {
        let rate = Rate::new(3, Duration::from_secs(2));
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(rate.take(now), Ok(()));
        }
        assert_eq!(rate.take(now), Err(Duration::from_secs(2)));
        let later = now + Duration::from_secs(2);
        assert_eq!(rate.take(later), Ok(()));
        assert!(rate.take(later).is_err());
        rate.give_back();
        assert_eq!(rate.take(later), Ok(()));
        assert!(rate.take(later).is_err());
        let much_later = now + Duration::from_secs(60);
        assert_eq!(rate.take(much_later), Ok(()));
    }
}
