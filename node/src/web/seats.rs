//! Room for connections: as many as there are seats. Whoever comes when all are taken gets the
//! seat of the connection that has been silent the longest, so that silent ones keep nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// All seats.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    free: usize,
    /// Silent connections, those that fell silent first first.
    silent: BTreeMap<u64, CancellationToken>,
    next: u64,
}

/// One connection's seat.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    place: Mutex<u64>,
    /// Somebody else has the seat now.
    pub(super) lost: CancellationToken,
}

/// While it exists, its connection is at work and keeps its seat.
pub(crate) struct AtWork(Arc<Seat>);

impl Seats {
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            free: count,
            silent: BTreeMap::new(),
            next: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat; none if all are taken by connections at work.
    pub(super) fn take(&self) -> Option<Seat> {
        let mut inner = self.inner();
        if inner.free > 0 {
            inner.free -= 1;
        } else {
            let (_, longest) = inner.silent.pop_first()?;
            longest.cancel();
        }
        let lost = CancellationToken::new();
        let place = inner.fall_silent(lost.clone());
        drop(inner);
        Some(Seat {
            seats: self.clone(),
            place: Mutex::new(place),
            lost,
        })
    }
}

impl Inner {
    fn fall_silent(&mut self, seat: CancellationToken) -> u64 {
        let place = self.next;
        self.next += 1;
        self.silent.insert(place, seat);
        place
    }
}

impl Seat {
    fn place(&self) -> MutexGuard<'_, u64> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection has a request.
    pub(crate) fn work(self: &Arc<Self>) -> AtWork {
        self.seats.inner().silent.remove(&self.place());
        AtWork(Arc::clone(self))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let Self(seat) = self;
        let mut place = seat.place();
        let mut inner = seat.seats.inner();
        if !seat.lost.is_cancelled() {
            *place = inner.fall_silent(seat.lost.clone());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inner = self.seats.inner();
        inner.silent.remove(&self.place());
        // A seat that was lost is another's, who frees it.
        if !self.lost.is_cancelled() {
            inner.free += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_longest_silent_one_goes_and_those_at_work_stay() {
        let seats = Seats::new(2);
        let take = || seats.take().map(Arc::new);
        let (first, second) = (take().unwrap(), take().unwrap());
        let working = first.work();
        let third = take().unwrap();
        assert!(second.lost.is_cancelled() && !first.lost.is_cancelled());
        let at_work = third.work();
        assert!(take().is_none());
        drop(at_work);
        let fourth = take().unwrap();
        assert!(third.lost.is_cancelled());
        drop((working, second, third, fourth));
        drop(first);
        assert_eq!(seats.inner().free, 2);
        assert!(seats.inner().silent.is_empty());
    }
}
