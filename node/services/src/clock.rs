//! The one place where the node reads the time.
//!
//! The protocol's code takes `now` as an argument and the services take a
//! [`Clock`](papermesh_protocol::time::Clock), so that a
//! test can let two hours pass in no time.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use papermesh_protocol::time::{Moment, Timestamp};

/// The computer's own clock. One that stands before 1970 tells 1970. Not for measuring how long
/// something takes: it follows whoever sets it, and that may be anybody who answers for a time server.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// For waits: what the clock showed when this was first asked, and what has passed since while the
/// computer was awake. Whoever sets the clock shortens and prolongs nothing that is measured by it.
/// Across restarts only the clock is left to go by.
#[must_use]
pub fn steady() -> Timestamp {
    static BEGAN: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| (now(), Instant::now()));
    let (began, then) = *BEGAN;
    began + then.elapsed()
}

/// This moment, by both clocks.
#[must_use]
pub fn moment() -> Moment {
    Moment {
        now: now(),
        steady: steady(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_steady_clock_begins_as_the_other_and_only_goes_ahead() {
        let first = steady();
        assert!(now().since(first) < Duration::from_secs(60));
        let mut last = first;
        for _ in 0..1000 {
            let next = steady();
            assert!(next >= last);
            last = next;
        }
    }
}
