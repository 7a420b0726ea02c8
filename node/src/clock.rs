//! The one place where the node reads the time.
//!
//! The protocol's code takes `now` as an argument and the services take a [`Clock`], so that a
//! test can let two hours pass in no time.

use std::time::{SystemTime, UNIX_EPOCH};

use papermesh_protocol::time::Timestamp;

/// Tells the time of day. Not for measuring how long something takes: it follows whoever sets
/// the computer's clock.
pub type Clock = fn() -> Timestamp;

/// The computer's own clock. One that stands before 1970 tells 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
