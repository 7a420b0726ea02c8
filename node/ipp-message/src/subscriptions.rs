//! Who wants to be told what happens (RFC 3995), to fetch it here (`ippget`, RFC 3996).
//!
//! Subscriptions live in memory and end with the node, or when nobody renews them; a printer may keep those to
//! itself ([`Kept`]), so that they are still there when the node was started again. What happens and who is told of
//! it is the printer's business: it brings its [`News`].

mod operations;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipp::value::IppValue;
use papermesh_protocol::time::Timestamp;
use tokio::sync::{Notify, Semaphore};

use crate::limits;

pub use operations::{Subscribed, Subscriber, append, described};

/// Bytes of `notify-user-data`, which are given back as they came (RFC 3995 section 5.3.4.2).
const USER_DATA: usize = 63;

/// Numbers of events that are set aside at a time. What is kept of a subscription is the end of those, so that no
/// number is used twice, and it is not written for each event.
const SET_ASIDE: i32 = 1024;

/// What happens at a printer.
pub trait News: Clone + fmt::Debug + Send + Sync + 'static {
    /// Whose subscriptions are told apart.
    type Owner: Clone + Eq + fmt::Debug + fmt::Display + Send + Sync;

    /// `notify-events-supported`.
    const EVENTS: &'static [&'static str];

    /// `notify-get-interval`: how soon to come again. Some do so also where they have waited for an answer.
    const INTERVAL: Duration = Duration::from_secs(limits::EVENT_LIFE.as_secs() / 2);

    /// The event's keyword, `notify-subscribed-event`.
    fn keyword(&self) -> &'static str;

    /// Whether a subscriber to `event` wants to know.
    fn is_wanted_by(&self, event: &str) -> bool {
        event == self.keyword()
    }

    /// The keyword that a subscriber to these events is told.
    fn subscribed_keyword(&self, _: &[String]) -> &'static str {
        self.keyword()
    }

    /// Whether it is told to this owner, who subscribed to one job or to all.
    fn concerns(&self, owner: &Self::Owner, job: Option<u32>) -> bool;

    /// Whether nothing more will happen to its job (RFC 3996 section 5.2).
    fn is_last(&self) -> bool;

    /// What is said of it: `notify-text`, and the attributes of RFC 3995 section 9.1 besides.
    fn told(&self) -> (String, Vec<(&'static str, IppValue)>);
}

/// Something that happened.
#[derive(Clone, Debug)]
struct Event<N> {
    sequence: i32,
    news: N,
    at: Timestamp,
    since: Instant,
}

/// A subscription.
#[derive(Clone, Debug)]
struct Subscription<N: News> {
    id: i32,
    owner: N::Owner,
    /// Of one job, or of all of the owner's.
    job: Option<u32>,
    events: Vec<String>,
    user_data: Option<Vec<u8>>,
    /// How long it lasts; none for as long as its job does.
    lease: Option<Duration>,
    until: Option<Instant>,
    expires_at: Option<Timestamp>,
    sequence: i32,
    /// The last number that is set aside.
    set_aside: i32,
    kept: VecDeque<Event<N>>,
}

/// What is kept of a subscription to the printer. Events are not: whoever fetches sees by their numbers that some
/// are missing (RFC 3995 section 5.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<O> {
    /// `notify-subscription-id`.
    pub id: i32,
    /// Whose it is.
    pub owner: O,
    /// `notify-events`.
    pub events: Vec<String>,
    /// `notify-user-data`.
    pub user_data: Option<Vec<u8>>,
    /// `notify-lease-duration`.
    pub lease: Duration,
    /// When it ends if nobody renews it.
    pub expires_at: Timestamp,
    /// No event has had a greater number.
    pub sequence: i32,
}

/// All subscriptions to one printer.
#[derive(Debug)]
pub struct Subscriptions<N: News> {
    inner: Mutex<Inner<N>>,
    /// Wakes those who wait for an event.
    news: Notify,
    /// Those who may wait at once.
    waiting: Semaphore,
}

impl<N: News> Default for Subscriptions<N> {
    fn default() -> Self {
        let inner = Inner {
            last: 0,
            all: BTreeMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
            news: Notify::new(),
            waiting: Semaphore::new(limits::EVENT_WAITERS),
        }
    }
}

#[derive(Debug)]
struct Inner<N: News> {
    last: i32,
    all: BTreeMap<i32, Subscription<N>>,
}

/// A subscription that is wanted.
struct Wanted<O> {
    owner: O,
    job: Option<u32>,
    events: Vec<String>,
    user_data: Option<Vec<u8>>,
    lease: Option<Duration>,
}

impl<N: News> Subscriptions<N> {
    fn inner(&self) -> MutexGuard<'_, Inner<N>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        inner
            .all
            .retain(|_, subscription| subscription.until.is_none_or(|until| until > now));
        inner
    }

    /// Adds one and gives its number; none if there is no room.
    fn add(&self, wanted: Wanted<N::Owner>, now: Timestamp) -> Option<i32> {
        let mut inner = self.inner();
        let same = |other: &&Subscription<N>| other.owner == wanted.owner;
        let has = inner.all.values().filter(same).count();
        if inner.all.len() >= limits::SUBSCRIPTIONS || has >= limits::SUBSCRIPTIONS_EACH {
            return None;
        }
        inner.last = inner.last.checked_add(1).unwrap_or(1);
        let id = inner.last;
        let mut subscription = Subscription {
            id,
            owner: wanted.owner,
            job: wanted.job,
            events: wanted.events,
            user_data: wanted.user_data,
            lease: None,
            until: None,
            expires_at: None,
            sequence: 0,
            set_aside: SET_ASIDE,
            kept: VecDeque::new(),
        };
        subscription.last_for(wanted.lease, now);
        inner.all.insert(id, subscription);
        Some(id)
    }

    /// An owner's subscription.
    fn get(&self, id: i32, owner: &N::Owner) -> Option<Subscription<N>> {
        let found = self.inner().all.get(&id).cloned();
        found.filter(|subscription| subscription.owner == *owner)
    }

    /// All of an owner, or those of one job.
    fn of(&self, owner: &N::Owner, job: Option<u32>) -> Vec<Subscription<N>> {
        let inner = self.inner();
        let wanted =
            |other: &&Subscription<N>| other.owner == *owner && (job.is_none() || other.job == job);
        inner.all.values().filter(wanted).cloned().collect()
    }

    /// Lets a subscription last longer.
    fn renew(&self, id: i32, lease: Option<Duration>, now: Timestamp) {
        if let Some(subscription) = self.inner().all.get_mut(&id) {
            subscription.last_for(lease, now);
        }
    }

    fn remove(&self, id: i32) {
        self.inner().all.remove(&id);
    }

    /// Ends all subscriptions of an owner.
    pub fn end(&self, owner: &N::Owner) {
        self.inner().all.retain(|_, other| other.owner != *owner);
        self.news.notify_waiters();
    }

    /// What is to be kept of an owner's subscriptions to the printer.
    pub fn kept_of(&self, owner: &N::Owner) -> Vec<Kept<N::Owner>> {
        let inner = self.inner();
        let own = inner.all.values().filter(|other| other.owner == *owner);
        own.filter_map(Subscription::to_keep).collect()
    }

    /// Takes back what was kept, but for what has ended meanwhile. What is to be kept of each is another from then on.
    pub fn restore(&self, kept: impl IntoIterator<Item = Kept<N::Owner>>, now: Timestamp) {
        let mut inner = self.inner();
        for kept in kept {
            let left = kept.expires_at.since(now).min(limits::LEASE);
            if left.is_zero() || inner.all.len() >= limits::SUBSCRIPTIONS {
                continue;
            }
            inner.last = inner.last.max(kept.id);
            let subscription = Subscription {
                id: kept.id,
                owner: kept.owner,
                job: None,
                events: kept.events,
                user_data: kept.user_data,
                lease: Some(kept.lease),
                until: Some(Instant::now() + left),
                expires_at: Some(now + left),
                sequence: kept.sequence,
                set_aside: kept.sequence.saturating_add(SET_ASIDE),
                kept: VecDeque::new(),
            };
            inner.all.insert(subscription.id, subscription);
        }
    }

    /// Notes what happened, for those who want to know; says whether something else is to be kept by that.
    pub fn note(&self, news: &N, at: Timestamp) -> bool {
        let mut is_other = false;
        for subscription in self.inner().all.values_mut() {
            let mut events = subscription.events.iter();
            if !news.concerns(&subscription.owner, subscription.job)
                || !events.any(|event| news.is_wanted_by(event))
            {
                continue;
            }
            subscription.sequence = subscription.sequence.saturating_add(1);
            if subscription.set_aside - subscription.sequence < SET_ASIDE / 2 {
                subscription.set_aside = subscription.set_aside.saturating_add(SET_ASIDE);
                is_other = true;
            }
            if subscription.kept.len() >= limits::EVENTS {
                subscription.kept.pop_front();
            }
            subscription.kept.push_back(Event {
                sequence: subscription.sequence,
                news: news.clone(),
                at,
                since: Instant::now(),
            });
        }
        self.news.notify_waiters();
        is_other
    }
}

impl<N: News> Subscription<N> {
    fn last_for(&mut self, lease: Option<Duration>, now: Timestamp) {
        let lease = lease.map(|lease| lease.min(limits::LEASE));
        self.lease = lease;
        self.until = lease.map(|lease| Instant::now() + lease);
        self.expires_at = lease.map(|lease| now + lease);
    }

    /// What is to be kept of it, if it is one to the printer.
    fn to_keep(&self) -> Option<Kept<N::Owner>> {
        let (None, Some(lease), Some(expires_at)) = (self.job, self.lease, self.expires_at) else {
            return None;
        };
        Some(Kept {
            id: self.id,
            owner: self.owner.clone(),
            events: self.events.clone(),
            user_data: self.user_data.clone(),
            lease,
            expires_at,
            sequence: self.set_aside,
        })
    }

    /// Whether no event will come any more: its job has ended (RFC 3996 section 5.2).
    fn is_complete(&self) -> bool {
        let last = self.kept.back();
        self.job.is_some() && last.is_some_and(|event| event.news.is_last())
    }

    /// Events from a number on that are still kept.
    fn events_from(&self, first: i32) -> impl Iterator<Item = &Event<N>> {
        self.kept.iter().filter(move |event| {
            event.sequence >= first && event.since.elapsed() < limits::EVENT_LIFE * 10
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Something that happens.
    #[derive(Clone, Debug)]
    struct Tick;

    impl News for Tick {
        type Owner = u8;
        const EVENTS: &'static [&'static str] = &["tick"];

        fn keyword(&self) -> &'static str {
            "tick"
        }

        fn concerns(&self, _: &u8, job: Option<u32>) -> bool {
            job.is_none()
        }

        fn is_last(&self) -> bool {
            false
        }

        fn told(&self) -> (String, Vec<(&'static str, IppValue)>) {
            ("tick".to_owned(), Vec::new())
        }
    }

    fn wanted(owner: u8, job: Option<u32>) -> Wanted<u8> {
        Wanted {
            owner,
            job,
            events: vec!["tick".to_owned()],
            user_data: Some(vec![owner]),
            lease: Some(Duration::from_secs(600)),
        }
    }

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn what_is_kept_of_a_subscription_goes_on_with_numbers_that_nobody_saw() {
        let before: Subscriptions<Tick> = Subscriptions::default();
        let id = before.add(wanted(1, None), NOW).unwrap();
        let of_job = before.add(wanted(1, Some(7)), NOW).unwrap();
        let mut kept = before.kept_of(&1);
        assert_eq!(
            kept.len(),
            1,
            "one to a job ends with the node, as the job does"
        );
        for _ in 0..3 * SET_ASIDE {
            // What is kept is known before its numbers are used up.
            assert!(before.get(id, &1).unwrap().sequence < kept[0].sequence);
            if before.note(&Tick, NOW) {
                kept = before.kept_of(&1);
            }
        }
        let last = before.get(id, &1).unwrap().sequence;

        let after: Subscriptions<Tick> = Subscriptions::default();
        let later = NOW + Duration::from_secs(60);
        after.restore(kept.clone(), later);
        assert!(after.get(id, &1).is_some() && after.get(id, &2).is_none());
        assert!(after.get(of_job, &1).is_none());
        after.note(&Tick, later);
        let same = after.get(id, &1).unwrap();
        assert!(same.sequence > last && same.events_from(last + 1).count() == 1);
        assert_eq!(same.user_data, Some(vec![1]));
        // It goes on to be kept, and ends when it would have ended.
        let again = after.kept_of(&1);
        assert!(again[0].sequence > kept[0].sequence);
        assert_eq!(again[0].expires_at, kept[0].expires_at);
        assert!(after.add(wanted(2, None), later).unwrap() > id);
        let much_later = NOW + Duration::from_secs(601);
        let ended: Subscriptions<Tick> = Subscriptions::default();
        ended.restore(kept, much_later);
        assert!(ended.get(id, &1).is_none());
    }
}
