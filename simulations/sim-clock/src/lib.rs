//! Virtual time: what it is now, and who waits for when. Nothing else lives here, so that the shims below libp2p may
//! depend on it.
//!
//! Each thread has one clock. It stands still until [`advance`] moves it to the next timer or [`advance_to`] to the
//! next event of somebody else's queue: nothing ticks. Timers of one time fire in the order in which they were set.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

/// Nanoseconds since the beginning of the simulation.
pub type Nanos = u64;

/// What real clocks show at the beginning of a simulation: 2026-03-02 00:00 UTC, a Monday, in seconds since 1970.
pub const EPOCH: u64 = 1_772_409_600;

/// A timer that was set and not yet cancelled. Its number never comes again within a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    at: Nanos,
    number: u64,
}

#[derive(Default)]
struct Clock {
    now: Nanos,
    set: u64,
    waiting: BTreeMap<Timer, Option<Waker>>,
}

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::default();
}

/// The time now.
pub fn now() -> Nanos {
    CLOCK.with_borrow(|clock| clock.now)
}

/// A duration in nanoseconds. One of more than 584 years is cut to that.
pub fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// Sets a timer that fires after this long.
pub fn set(after: Duration) -> Timer {
    CLOCK.with_borrow_mut(|clock| {
        clock.set += 1;
        let timer = Timer {
            at: clock.now.saturating_add(nanos(after)),
            number: clock.set,
        };
        clock.waiting.insert(timer, None);
        timer
    })
}

/// Whether a timer has fired. If it has not, this waker will be called when it does.
pub fn fired(timer: Timer, waker: &Waker) -> bool {
    CLOCK.with_borrow_mut(|clock| match clock.waiting.get_mut(&timer) {
        None => true,
        Some(kept) => {
            if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                *kept = Some(waker.clone());
            }
            false
        }
    })
}

/// Forgets a timer. After the end of its thread's clock this does nothing.
pub fn cancel(timer: Timer) {
    // A waker may own the last handle of a task that owns timers: it is dropped when the clock is free again.
    let cancelled = CLOCK.try_with(|clock| clock.borrow_mut().waiting.remove(&timer));
    drop(cancelled);
}

/// When the next timer fires.
pub fn next() -> Option<Nanos> {
    CLOCK.with_borrow(|clock| clock.waiting.first_key_value().map(|(timer, _)| timer.at))
}

/// Moves the time to that of the next timer and fires it. Returns whether there was one.
pub fn advance() -> bool {
    let Some((timer, waker)) = CLOCK.with_borrow_mut(|clock| clock.waiting.pop_first()) else {
        return false;
    };
    advance_to(timer.at);
    if let Some(waker) = waker {
        waker.wake();
    }
    true
}

/// Moves the time forward. It never goes back: an earlier time changes nothing.
pub fn advance_to(time: Nanos) {
    CLOCK.with_borrow_mut(|clock| clock.now = clock.now.max(time));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn timers_fire_in_order_of_time_and_then_of_setting() {
        let start = now();
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let late = set(Duration::from_secs(2));
        let first = set(Duration::from_secs(1));
        let second = set(Duration::from_secs(1));
        assert!(!fired(first, &waker) && !fired(second, &waker) && !fired(late, &waker));
        assert!(advance());
        assert_eq!(now(), start + 1_000_000_000);
        assert!(fired(first, &waker) && !fired(second, &waker));
        cancel(second);
        assert!(advance());
        assert_eq!(now(), start + 2_000_000_000);
        assert!(fired(late, &waker) && !advance());
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn time_never_goes_back() {
        advance_to(now() + 5);
        let later = now();
        advance_to(0);
        assert_eq!(now(), later);
    }
}
