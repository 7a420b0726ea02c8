//! Outsiders who are being served, and who of them gives way when there is hardly any room: whose connection was quiet for
//! longest. A program keeps one open for the next job, and makes another when that is gone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_protocol::time::Timestamp;
use tokio_util::sync::CancellationToken;

/// Whose connection was not quiet for so long does not give way: some answers take their time.
const QUIET: Duration = Duration::from_secs(60);
/// How many give way at once,
const AT_ONCE: usize = 128;
/// and how long that is to be enough.
const PAUSE: Duration = Duration::from_millis(100);

/// All who are served.
#[derive(Default)]
pub(crate) struct Crowd(Mutex<Table>);

#[derive(Default)]
struct Table {
    numbers: u64,
    all: HashMap<u64, Arc<Guest>>,
    looked_at: Timestamp,
}

/// Who is served.
struct Guest {
    /// When something moved last, in milliseconds of a clock that nobody sets.
    moved_at: AtomicU64,
    gives_way: CancellationToken,
}

/// That somebody is served, until this is dropped.
pub(crate) struct Served<'a> {
    crowd: &'a Crowd,
    number: u64,
    guest: Arc<Guest>,
}

impl Crowd {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is served from now on.
    pub(crate) fn serve(&self, now: Timestamp) -> Served<'_> {
        let guest = Arc::new(Guest {
            moved_at: AtomicU64::new(now.as_millis()),
            gives_way: CancellationToken::new(),
        });
        let mut table = self.table();
        table.numbers += 1;
        let number = table.numbers;
        table.all.insert(number, Arc::clone(&guest));
        Served {
            crowd: self,
            number,
            guest,
        }
    }

    /// Has those give way who were quiet for longest, if somebody was for long.
    pub(crate) fn make_room(&self, now: Timestamp) {
        let mut table = self.table();
        if now.since(table.looked_at) < PAUSE {
            return;
        }
        table.looked_at = now;
        let moved_at =
            |guest: &Guest| Timestamp::from_millis(guest.moved_at.load(Ordering::Relaxed));
        let mut quiet: Vec<&Arc<Guest>> = table
            .all
            .values()
            .filter(|guest| now.since(moved_at(guest)) >= QUIET)
            .collect();
        quiet.sort_by_key(|guest| moved_at(guest));
        for guest in quiet.into_iter().take(AT_ONCE) {
            guest.gives_way.cancel();
        }
    }
}

impl Served<'_> {
    /// Something moved.
    pub(crate) fn moved(&self, now: Timestamp) {
        self.guest
            .moved_at
            .store(now.as_millis(), Ordering::Relaxed);
    }

    /// Waits until somebody else needs the room more.
    pub(crate) async fn gives_way(&self) {
        self.guest.gives_way.cancelled().await;
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.crowd.table().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(1000 + seconds)
    }

    #[test]
    fn who_was_quiet_for_longest_gives_way() {
        let crowd = Crowd::default();
        let gives_way = |served: &Served<'_>| served.guest.gives_way.is_cancelled();
        let all: Vec<_> = (0..200).map(|second| crowd.serve(at(second))).collect();
        let last = crowd.serve(at(200));
        all[0].moved(at(201));
        crowd.make_room(at(220));
        let gone = |from: usize, to: usize| all[from..to].iter().filter(|it| gives_way(it)).count();
        // The first one is not quiet, and of the others the oldest go.
        assert_eq!((gone(0, 1), gone(1, 129), gone(129, 200)), (0, 128, 0));
        drop(all);
        crowd.make_room(at(220 + QUIET.as_secs()));
        assert!(gives_way(&last));
        drop(last);
        assert!(crowd.table().all.is_empty());
    }

    #[test]
    fn nobody_gives_way_who_was_quiet_for_a_moment() {
        let crowd = Crowd::default();
        let served = crowd.serve(at(0));
        crowd.make_room(at(59));
        assert!(!served.guest.gives_way.is_cancelled());
    }
}
