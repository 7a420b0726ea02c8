//! Taking turns: however many tests the runner starts at once, only a few have nodes running.

use std::sync::{Condvar, Mutex, PoisonError};

/// Tests that have nodes running at once.
const AT_ONCE: usize = 2;

static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

/// A test's turn, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _private: (),
}

impl Turn {
    /// Waits for a turn.
    #[must_use]
    pub(crate) fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = GIVEN_BACK
            .wait_while(taken, |taken| *taken >= AT_ONCE)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self { _private: () }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        GIVEN_BACK.notify_one();
    }
}
