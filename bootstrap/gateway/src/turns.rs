//! How many connections there may be at once, and how often one network may make one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use papermesh_pace::{Origin, Pace, Rates, network_of};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns of all who come to ports of one kind; cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns {
    room: Arc<Semaphore>,
    rates: Arc<Rates>,
}

/// A connection's turn, which it has until it ends.
pub(crate) struct Turn(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

impl Turns {
    /// Room for so many at once; one network makes connections at the pace of `each`, all together at that
    /// of `all`.
    pub(crate) fn new(room: usize, each: Pace, all: Pace) -> Self {
        Self {
            room: Arc::new(Semaphore::new(room)),
            rates: Arc::new(Rates::new(each, all)),
        }
    }

    /// A turn for a connection from there; none if there is no room, or it comes too often.
    pub(crate) fn take(&self, from: IpAddr) -> Option<Turn> {
        let network = Origin::Away(network_of(from));
        self.rates.take(network, Instant::now()).ok()?;
        Arc::clone(&self.room).try_acquire_owned().ok().map(Turn)
    }
}
