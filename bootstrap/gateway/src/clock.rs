//! The one place where the gateway reads the time.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use papermesh_protocol::time::{Moment, Timestamp};

/// The computer's own clock: what certificates and contracts are judged by.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// This moment, by both clocks.
pub(crate) fn moment() -> Moment {
    Moment {
        now: now(),
        steady: steady(),
    }
}

/// For waits: nobody sets it.
pub(crate) fn steady() -> Timestamp {
    static BEGAN: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| (now(), Instant::now()));
    let (began, then) = *BEGAN;
    began + then.elapsed()
}
