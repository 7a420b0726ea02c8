//! Room for connections, and for documents on their way: as many as there are seats. Whoever comes
//! when all are taken gets the seat of the one that has been silent the longest, so that silent ones
//! keep nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// All seats.
#[derive(Clone, Debug)]
pub(crate) struct Seats(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    free: usize,
    /// Silent ones, those that fell silent first first.
    silent: BTreeMap<u64, CancellationToken>,
    next: u64,
}

/// One seat. Whoever takes it is silent at first.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    standing: Mutex<Standing>,
    /// Somebody else has the seat now.
    pub(crate) lost: CancellationToken,
}

/// How whoever has a seat stands.
#[derive(Debug)]
struct Standing {
    /// The place among the silent ones; none if not silent.
    place: Option<u64>,
    /// What there is to do: an answer, and what goes on after it.
    at_work: usize,
}

/// While it exists, whoever has the seat is at work and keeps it, but for the times of
/// [`Seat::rest`].
pub(crate) struct AtWork(Arc<Seat>);

impl Seats {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            free: count,
            silent: BTreeMap::new(),
            next: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat; none if all are taken by those at work.
    pub(crate) fn take(&self) -> Option<Seat> {
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
            standing: Mutex::new(Standing {
                place: Some(place),
                at_work: 0,
            }),
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
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to do, besides what there is already.
    pub(crate) fn work(self: &Arc<Self>) -> AtWork {
        self.standing().at_work += 1;
        self.resume();
        AtWork(Arc::clone(self))
    }

    /// Whoever has the seat is waited for: it is silent.
    pub(crate) fn rest(&self) {
        let mut standing = self.standing();
        let mut inner = self.seats.inner();
        if standing.place.is_none() && !self.lost.is_cancelled() {
            standing.place = Some(inner.fall_silent(self.lost.clone()));
        }
    }

    /// It is not silent any more.
    pub(crate) fn resume(&self) {
        let mut standing = self.standing();
        if let Some(place) = standing.place.take() {
            self.seats.inner().silent.remove(&place);
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let left = {
            let mut standing = self.0.standing();
            standing.at_work = standing.at_work.saturating_sub(1);
            standing.at_work
        };
        if left == 0 {
            self.0.rest();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.resume();
        let mut inner = self.seats.inner();
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
        // Who is at work and waited for is silent, too.
        let waited_for = fourth.work();
        fourth.rest();
        let fifth = take().unwrap();
        assert!(fourth.lost.is_cancelled() && !first.lost.is_cancelled());
        drop(waited_for);
        // What goes on after an answer is work as well.
        drop(first.work());
        assert!(take().is_some() && !first.lost.is_cancelled());
        drop((working, second, third, fourth, fifth));
        drop(first);
        assert_eq!(seats.inner().free, 2);
        assert!(seats.inner().silent.is_empty());
    }
}
