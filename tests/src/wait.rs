//! Waiting for something that can be seen. Nothing in these tests sleeps and hopes.

use std::time::{Duration, Instant};

/// Time between the first two looks; it doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// Time between two looks later on. It bounds how late something is noticed, never whether.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks until there is something to see, and gives it. After `limit` the test fails, naming
/// `what` never came.
#[track_caller]
pub fn wait_for<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            began.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        std::thread::sleep(pause);
        pause = (pause * 2).min(BETWEEN_LOOKS);
    }
}

/// Looks until it is so; see [`wait_for`].
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(limit, what, || is_so().then_some(()));
}
