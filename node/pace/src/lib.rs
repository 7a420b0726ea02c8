//! How often somebody may do something: so many at once, and then one every so often; of everybody together, or of
//! each who asks.
//!
//! This crate may know addresses and times that it is told. It may not know what is asked, nor who has an address; it
//! has neither sockets nor a clock.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Attempts that are there at once, and how long one more takes to be there again.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Attempts that are there at once.
    pub burst: u32,
    /// How long one more takes to be there.
    pub every: Duration,
}

/// A bucket of attempts that fills by itself.
pub struct Rate {
    pace: Pace,
    bucket: Mutex<Bucket>,
}

/// Until when the attempts taken so far are paid for.
#[derive(Clone, Copy, Default)]
struct Bucket(Option<Instant>);

impl Bucket {
    fn take(&mut self, pace: Pace, now: Instant) -> Result<(), Duration> {
        let due = self.0.filter(|due| *due > now).unwrap_or(now) + pace.every;
        let room = pace.every * pace.burst;
        let ahead = due.saturating_duration_since(now);
        if ahead > room {
            return Err(ahead - room);
        }
        self.0 = Some(due);
        Ok(())
    }

    fn give_back(&mut self, pace: Pace) {
        self.0 = self.0.and_then(|due| due.checked_sub(pace.every));
    }

    fn is_full(self, now: Instant) -> bool {
        self.0.is_none_or(|due| due <= now)
    }
}

impl Rate {
    /// A full bucket.
    #[must_use]
    pub fn new(burst: u32, every: Duration) -> Self {
        Self {
            pace: Pace { burst, every },
            bucket: Mutex::default(),
        }
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long until there is one again.
    pub fn take(&self, now: Instant) -> Result<(), Duration> {
        self.bucket().take(self.pace, now)
    }

    /// Gives one back that was taken: it did no harm.
    pub fn give_back(&self) {
        self.bucket().give_back(self.pace);
    }
}

/// From where somebody asks, as far as that decides whose attempts are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This computer. No other takes its share.
    Here,
    /// Another computer.
    Away(IpAddr),
}

/// What counts as one customer of the Internet: an IPv4 address, or the first 64 bits of an IPv6 address. All that is
/// below those is one customer's; one that has more than a single such network, as many do, counts as so many.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Buckets of attempts: one for this computer, one for each other, and one for all others together.
pub struct Rates {
    here: Rate,
    each: Pace,
    away: Mutex<Away>,
}

struct Away {
    all: Bucket,
    /// For all others together.
    pace: Pace,
    /// Those that are not full. How many there can be, the pace of all says: each is full again after
    /// the time of its burst.
    each: BTreeMap<IpAddr, Bucket>,
}

impl Rates {
    /// This computer and each other one have `each`, all others together have `away`.
    #[must_use]
    pub fn new(each: Pace, away: Pace) -> Self {
        Self {
            here: Rate::new(each.burst, each.every),
            each,
            away: Mutex::new(Away {
                all: Bucket::default(),
                pace: away,
                each: BTreeMap::new(),
            }),
        }
    }

    fn away(&self) -> MutexGuard<'_, Away> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long until there is one again.
    pub fn take(&self, origin: Origin, now: Instant) -> Result<(), Duration> {
        let Origin::Away(address) = origin else {
            return self.here.take(now);
        };
        let mut away = self.away();
        let pace = away.pace;
        let mut own = away.each.get(&address).copied().unwrap_or_default();
        own.take(self.each, now)?;
        away.all.take(pace, now)?;
        away.each.retain(|_, bucket| !bucket.is_full(now));
        away.each.insert(address, own);
        Ok(())
    }

    /// Gives one back that was taken: it did no harm.
    pub fn give_back(&self, origin: Origin) {
        let Origin::Away(address) = origin else {
            return self.here.give_back();
        };
        let mut away = self.away();
        let pace = away.pace;
        away.all.give_back(pace);
        if let Some(own) = away.each.get_mut(&address) {
            own.give_back(self.each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_by_one() {
        let rate = Rate::new(3, Duration::from_secs(2));
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(rate.take(now), Ok(()));
        }
        assert_eq!(rate.take(now), Err(Duration::from_secs(2)));
        let later = now + Duration::from_secs(2);
        assert_eq!(rate.take(later), Ok(()));
        assert!(rate.take(later).is_err());
        rate.give_back();
        assert_eq!(rate.take(later), Ok(()));
        assert!(rate.take(later).is_err());
        let much_later = now + Duration::from_secs(60);
        assert_eq!(rate.take(much_later), Ok(()));
    }

    #[test]
    fn one_customer_of_the_internet_is_one_however_many_addresses_it_has() {
        let of = |text: &str| network_of(text.parse().unwrap_or(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        assert_eq!(of("2001:db8:0:7::1"), of("2001:db8:0:7:ffff::2"));
        assert_ne!(of("2001:db8:0:7::1"), of("2001:db8:0:8::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn one_computer_takes_nothing_from_another() {
        let pace = |burst| Pace {
            burst,
            every: Duration::from_secs(1),
        };
        let rates = Rates::new(pace(3), pace(7));
        let away = |last| Origin::Away([192, 0, 2, last].into());
        let now = Instant::now();
        let taken = |origin| (0..20).filter(|_| rates.take(origin, now).is_ok()).count();
        assert_eq!(taken(away(1)), 3);
        assert_eq!(taken(away(2)), 3);
        // Many computers together have an end, too, and this one has its own share.
        assert_eq!(taken(away(3)), 1);
        assert_eq!(taken(away(4)), 0);
        assert_eq!(taken(Origin::Here), 3);
        rates.give_back(away(1));
        assert_eq!(taken(away(1)), 1);
        // Who waited is forgotten.
        let later = now + Duration::from_secs(60);
        assert_eq!(rates.take(away(9), later), Ok(()));
        assert_eq!(rates.away().each.len(), 1);
    }

    #[test]
    fn computers_that_ask_for_ever_do_not_fill_the_memory() {
        let each = Pace {
            burst: 400,
            every: Duration::from_millis(10),
        };
        let away = Pace {
            burst: 800,
            every: Duration::from_millis(5),
        };
        let rates = Rates::new(each, away);
        let begun = Instant::now();
        for n in 0..100_000_u32 {
            let now = begun + Duration::from_millis(u64::from(n) / 10);
            let address = IpAddr::from(n.to_be_bytes());
            let _ = rates.take(Origin::Away(address), now);
        }
        assert!(rates.away().each.len() <= 2 * 800);
    }
}
