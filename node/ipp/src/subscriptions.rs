//! Who wants to be told what happens to jobs (RFC 3995), to fetch it here (`ippget`, RFC 3996).
//!
//! Subscriptions live in memory and end with the node, or when nobody renews them. Everybody is
//! told of own jobs only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::sync::{Notify, Semaphore};

use super::limits;
use super::queue::{JobNumber, Queue, QueuedJob};
use super::server::{IppServer, Switches};

/// `notify-events-supported`. The printer is never stopped, but RFC 3995 section 5.3.3.4.2 has every
/// printer know the event.
pub(super) const EVENTS: [&str; 6] = [
    "job-completed",
    "job-created",
    "job-state-changed",
    "none",
    "printer-state-changed",
    "printer-stopped",
];
/// Bytes of `notify-user-data`, which are given back as they came (RFC 3995 section 5.3.4.2).
pub(super) const USER_DATA: usize = 63;

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Created,
    Changed,
    Ended,
}

/// What an event is about, as it was then.
#[derive(Clone, Debug)]
pub(super) enum About {
    Job(Happened, Box<QueuedJob>),
    /// An operator switched something.
    Printer(Switches),
}

impl About {
    /// The event's keyword.
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Self::Job(Happened::Created, _) => "job-created",
            Self::Job(Happened::Changed, _) => "job-state-changed",
            Self::Job(Happened::Ended, _) => "job-completed",
            Self::Printer(_) => "printer-state-changed",
        }
    }

    /// Whether a subscriber to `event` wants to know: the end of a job is a change of its state,
    /// too (RFC 3995 section 5.3.3.4.3).
    fn is_wanted_by(&self, event: &str) -> bool {
        event == self.keyword() || matches!(self, Self::Job(..)) && event == "job-state-changed"
    }

    /// Whether a subscription is to this job, to all of its user, or to the printer.
    fn concerns(&self, subscription: &Subscription) -> bool {
        match self {
            Self::Job(_, job) => {
                subscription.user == job.user
                    && subscription.job.is_none_or(|number| number == job.number)
            }
            Self::Printer(_) => subscription.job.is_none(),
        }
    }
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) sequence: i32,
    pub(super) about: About,
    pub(super) at: Timestamp,
    since: Instant,
}

/// A subscription.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: i32,
    pub(super) user: UserId,
    /// Of one job, or of all of the user's.
    pub(super) job: Option<JobNumber>,
    pub(super) events: Vec<String>,
    pub(super) user_data: Option<Vec<u8>>,
    /// How long it lasts; none for as long as its job does.
    pub(super) lease: Option<Duration>,
    pub(super) until: Option<Instant>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) sequence: i32,
    kept: VecDeque<Event>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Subscriptions {
    inner: Mutex<Inner>,
    /// Wakes those who wait for an event.
    pub(super) news: Notify,
    /// Those who may wait at once.
    pub(super) waiting: Semaphore,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            news: Notify::new(),
            waiting: Semaphore::new(limits::EVENT_WAITERS),
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    last: i32,
    all: BTreeMap<i32, Subscription>,
}

/// A subscription that is wanted.
pub(super) struct Wanted {
    pub(super) user: UserId,
    pub(super) job: Option<JobNumber>,
    pub(super) events: Vec<String>,
    pub(super) user_data: Option<Vec<u8>>,
    pub(super) lease: Option<Duration>,
}

impl Subscriptions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        inner
            .all
            .retain(|_, subscription| subscription.until.is_none_or(|until| until > now));
        inner
    }

    /// Adds one and gives its number; none if there is no room.
    pub(super) fn add(&self, wanted: Wanted, now: Timestamp) -> Option<i32> {
        let mut inner = self.inner();
        let of_user = inner
            .all
            .values()
            .filter(|other| other.user == wanted.user)
            .count();
        if inner.all.len() >= limits::SUBSCRIPTIONS || of_user >= limits::SUBSCRIPTIONS_PER_USER {
            return None;
        }
        inner.last = inner.last.checked_add(1).unwrap_or(1);
        let id = inner.last;
        let mut subscription = Subscription {
            id,
            user: wanted.user,
            job: wanted.job,
            events: wanted.events,
            user_data: wanted.user_data,
            lease: None,
            until: None,
            expires_at: None,
            sequence: 0,
            kept: VecDeque::new(),
        };
        subscription.last_for(wanted.lease, now);
        inner.all.insert(id, subscription);
        Some(id)
    }

    /// A user's subscription.
    pub(super) fn get(&self, id: i32, user: &UserId) -> Option<Subscription> {
        let found = self.inner().all.get(&id).cloned();
        found.filter(|subscription| subscription.user == *user)
    }

    /// All of a user, or those of one job.
    pub(super) fn of(&self, user: &UserId, job: Option<JobNumber>) -> Vec<Subscription> {
        let inner = self.inner();
        let wanted =
            |other: &&Subscription| other.user == *user && (job.is_none() || other.job == job);
        inner.all.values().filter(wanted).cloned().collect()
    }

    /// Lets a subscription last longer.
    pub(super) fn renew(&self, id: i32, lease: Option<Duration>, now: Timestamp) {
        if let Some(subscription) = self.inner().all.get_mut(&id) {
            subscription.last_for(lease, now);
        }
    }

    pub(super) fn remove(&self, id: i32) {
        self.inner().all.remove(&id);
    }

    /// Notes what happened, for those who want to know.
    fn note(&self, about: &About, at: Timestamp) {
        for subscription in self.inner().all.values_mut() {
            let mut events = subscription.events.iter();
            if !about.concerns(subscription) || !events.any(|event| about.is_wanted_by(event)) {
                continue;
            }
            subscription.sequence = subscription.sequence.saturating_add(1);
            if subscription.kept.len() >= limits::EVENTS {
                subscription.kept.pop_front();
            }
            subscription.kept.push_back(Event {
                sequence: subscription.sequence,
                about: about.clone(),
                at,
                since: Instant::now(),
            });
        }
        self.news.notify_waiters();
    }
}

impl Subscription {
    fn last_for(&mut self, lease: Option<Duration>, now: Timestamp) {
        let lease = lease.map(|lease| lease.min(limits::LEASE));
        self.lease = lease;
        self.until = lease.map(|lease| Instant::now() + lease);
        self.expires_at = lease.map(|lease| now + lease);
    }

    /// Whether no event will come any more: its job has ended (RFC 3996 section 5.2).
    pub(super) fn is_complete(&self) -> bool {
        let last = self.kept.back().map(|event| &event.about);
        self.job.is_some() && matches!(last, Some(About::Job(Happened::Ended, _)))
    }

    /// Events from a number on that are still kept.
    pub(super) fn events_from(&self, first: i32) -> impl Iterator<Item = &Event> {
        self.kept.iter().filter(move |event| {
            event.sequence >= first && event.since.elapsed() < limits::EVENT_LIFE * 10
        })
    }
}

impl<Q: Queue> IppServer<Q> {
    /// Tells subscribers that an operator switched something.
    pub(super) fn tell_of_printer(&self) {
        let about = About::Printer(self.switches());
        self.subscriptions.note(&about, self.queue.now());
    }

    /// Tells subscribers what happened to a job. What it is now is looked up; a job of which that
    /// is not possible has no subscribers to be told.
    pub(super) async fn tell(&self, number: JobNumber, happened: Happened) {
        if let Ok(Some(job)) = self.job(number).await {
            let happened = match happened {
                Happened::Changed if job.state.has_ended() => Happened::Ended,
                other => other,
            };
            let about = About::Job(happened, Box::new(job));
            self.subscriptions.note(&about, self.queue.now());
        }
    }
}
