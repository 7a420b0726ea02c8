//! How many connections there may be at once, of all and of one network, and how often one network may make one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use papermesh_pace::{Origin, Pace, Rates, network_of};

/// One network has at most this part of all seats. An office behind one address has fewer people and doors than that,
/// and ten networks have to be somebody's before nobody else comes in.
const SHARE: usize = 10;
/// It has as many as these at least, where there are so many.
const SHARE_LEAST: usize = 200;
/// Where less than this part of all seats is free, there is hardly any room.
const SPARE: usize = 20;

/// Seats for connections; cheap to clone.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Hall>);

struct Hall {
    room: usize,
    taken: Mutex<Taken>,
}

/// The seats that are taken.
#[derive(Default)]
struct Taken {
    all: usize,
    /// Networks that have one, and how many.
    each: HashMap<IpAddr, usize>,
}

/// A connection's seat, which it has until this is dropped.
pub(crate) struct Seat {
    hall: Arc<Hall>,
    network: IpAddr,
}

impl Hall {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    /// So many.
    pub(crate) fn new(room: usize) -> Self {
        Self(Arc::new(Hall {
            room,
            taken: Mutex::default(),
        }))
    }

    /// Whether hardly any is free.
    fn are_nearly_all_taken(&self) -> bool {
        self.0.taken().all >= self.0.room - self.0.room / SPARE
    }

    /// A seat for a connection from there; none if there is none, or its network has its share.
    pub(crate) fn take(&self, from: IpAddr) -> Option<Seat> {
        let (hall, network) = (Arc::clone(&self.0), network_of(from));
        let share = (hall.room / SHARE).max(SHARE_LEAST);
        let mut taken = hall.taken();
        let own = taken.each.get(&network).copied().unwrap_or_default();
        if taken.all >= hall.room || own >= share {
            return None;
        }
        taken.all += 1;
        taken.each.insert(network, own + 1);
        drop(taken);
        Some(Seat { hall, network })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.hall.taken();
        taken.all -= 1;
        let left = taken.each.get(&self.network).map_or(0, |own| own - 1);
        match left {
            0 => drop(taken.each.remove(&self.network)),
            left => drop(taken.each.insert(self.network, left)),
        }
    }
}

/// Turns of all who come to ports of one kind; cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns {
    seats: Seats,
    rates: Arc<Rates>,
}

impl Turns {
    /// Room for so many at once; one network makes connections at the pace of `each`, all together at that
    /// of `all`.
    pub(crate) fn new(room: usize, each: Pace, all: Pace) -> Self {
        Self {
            seats: Seats::new(room),
            rates: Arc::new(Rates::new(each, all)),
        }
    }

    /// Whether there is hardly any room.
    pub(crate) fn are_nearly_all_taken(&self) -> bool {
        self.seats.are_nearly_all_taken()
    }

    /// A seat for a connection from there; none if there is no room, or it comes too often.
    pub(crate) fn take(&self, from: IpAddr) -> Option<Seat> {
        let network = Origin::Away(network_of(from));
        self.rates.take(network, Instant::now()).ok()?;
        self.seats.take(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_leaves_seats_to_the_others() {
        let seats = Seats::new(5000);
        let from = |third, last| IpAddr::from([192, 0, third, last]);
        let all_of = |third| -> Vec<Seat> {
            let tried = 0..6000;
            tried.map_while(|_| seats.take(from(third, 1))).collect()
        };
        let mut first = all_of(1);
        assert_eq!(first.len(), 500);
        assert!(seats.take(from(1, 2)).is_some());
        // Who goes makes room for one more, and is forgotten with the last.
        drop(first.pop());
        first.extend(seats.take(from(1, 1)));
        assert_eq!(first.len(), 500);
        assert!(seats.take(from(1, 1)).is_none());
        drop(first);
        assert!(seats.0.taken().each.is_empty());
        let all: Vec<Seat> = (0..20).flat_map(all_of).collect();
        assert_eq!(all.len(), 5000);
        assert!(seats.take(from(200, 1)).is_none());
        assert!(seats.are_nearly_all_taken());
        drop(all);
        assert!(!seats.are_nearly_all_taken());
        assert_eq!(seats.0.taken().all, 0);

        // A small hall has room for one network of the usual size.
        let small = Seats::new(300);
        let taken: Vec<Seat> = (0..400).map_while(|_| small.take(from(1, 1))).collect();
        assert_eq!(taken.len(), 200);
    }
}
