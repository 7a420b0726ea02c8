//! Whose pipe begins now. After a restart all doors come at once, and a pipe costs most when it begins: if all began
//! together, none would be there in time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_pace::network_of;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pipes that begin at once,
const TURNS: usize = 64;
/// and of them those of one network.
const TURNS_EACH: usize = 8;
/// How long one keeps its turn. Whoever takes longer, because its network is slow or to disturb others, goes on without.
pub(crate) const TURN: Duration = Duration::from_secs(1);

/// Turns to begin a pipe, in the order in which they were asked for. A network has few of those that wait, so that one
/// with many doors is not before all others.
pub(crate) struct Beginnings {
    all: Arc<Semaphore>,
    /// Networks that have a turn or wait for one.
    each: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// A turn, until this is dropped.
pub(crate) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_each: OwnedSemaphorePermit,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(TURNS)),
            each: Mutex::default(),
        }
    }
}

impl Beginnings {
    fn each(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn of somebody who comes from there.
    pub(crate) async fn turn(&self, from: IpAddr) -> Option<Turn> {
        let of_each = self.of(network_of(from)).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn {
            _of_all: of_all,
            _of_each: of_each,
        })
    }

    fn of(&self, network: IpAddr) -> Arc<Semaphore> {
        let mut each = self.each();
        // Whoever waits or has a turn has one more.
        each.retain(|of, turns| *of == network || Arc::strong_count(turns) > 1);
        let turns = each.entry(network);
        Arc::clone(turns.or_insert_with(|| Arc::new(Semaphore::new(TURNS_EACH))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt;

    use super::*;

    fn network(number: u8) -> IpAddr {
        IpAddr::from([198, 51, 100, number])
    }

    #[tokio::test]
    async fn a_network_with_many_doors_leaves_turns_to_others() {
        let beginnings = Beginnings::default();
        let mut turns = Vec::new();
        for _ in 0..TURNS_EACH {
            turns.push(beginnings.turn(network(1)).now_or_never().unwrap());
        }
        let mut waits = Box::pin(beginnings.turn(network(1)));
        assert!(waits.as_mut().now_or_never().is_none());
        for number in 2..=u8::try_from(TURNS / TURNS_EACH).unwrap() {
            for _ in 0..TURNS_EACH {
                turns.push(beginnings.turn(network(number)).now_or_never().unwrap());
            }
        }
        let mut last = Box::pin(beginnings.turn(network(100)));
        assert!(last.as_mut().now_or_never().is_none());
        // A task may do so much at once (tokio's budget).
        tokio::task::yield_now().await;
        // Who gave up makes room as who is through does.
        drop(waits);
        turns.pop();
        assert!(last.now_or_never().is_some());
        drop(turns);
        beginnings.turn(network(101)).await.unwrap();
        assert_eq!(beginnings.each().len(), 1);
    }
}
