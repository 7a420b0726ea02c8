//! Delays in virtual time, under the name of the crate that libp2p waits with. `[patch.crates-io]` of this workspace
//! puts it in that crate's place, so libp2p is neither forked nor changed, and its helper thread does not exist.
#![forbid(unsafe_code)]

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use papermesh_sim_clock::{Timer, cancel, fired, set};

/// A future that is ready after a duration of virtual time.
pub struct Delay(Timer);

impl Delay {
    /// A delay of this duration from now.
    pub fn new(duration: Duration) -> Self {
        Self(set(duration))
    }

    /// Begins anew, with this duration from now.
    pub fn reset(&mut self, duration: Duration) {
        cancel(self.0);
        self.0 = set(duration);
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match fired(self.0, context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        cancel(self.0);
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delay").finish()
    }
}
