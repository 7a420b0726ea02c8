//! A proxy as programs made with PAPPL are: one loop that asks again and again and never waits for an answer, its
//! token in its address, and several jobs under way at once.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::ipp::{ENUM, INTEGER};
use crate::proxy::{COMPLETED, FETCH_JOB, Proxy, UPDATE_ACTIVE_JOBS};

/// How soon it asks again where it is not told.
const INTERVAL: Duration = Duration::from_secs(5);
/// *processing*
const PROCESSING: i32 = 5;
/// More than any document here has.
const ALL: usize = usize::MAX;

/// The loop, from one question to the next.
#[derive(Debug)]
pub struct Polling {
    proxy: Proxy,
    subscription: i32,
    next: i32,
    interval: Duration,
    /// Jobs under way, and for how many rounds.
    printing: BTreeMap<i32, usize>,
    /// Jobs that are printed.
    pub printed: BTreeSet<i32>,
    /// How many were under way at once.
    pub most: usize,
}

impl Polling {
    /// A proxy that has come.
    #[must_use]
    pub fn new(proxy: Proxy) -> Self {
        Self {
            subscription: proxy.subscribe(),
            next: 1,
            interval: INTERVAL,
            printing: BTreeMap::new(),
            printed: BTreeSet::new(),
            most: 0,
            proxy,
        }
    }

    /// Goes round until so many jobs are printed, each of which takes so many rounds.
    ///
    /// # Panics
    /// If that takes longer than `limit`, or something is refused.
    pub fn until_printed(&mut self, jobs: usize, rounds: usize, limit: Duration) {
        let until = Instant::now() + limit;
        while self.printed.len() < jobs {
            assert!(Instant::now() < until, "printed: {:?}", self.printed);
            self.round(rounds);
            if self.printed.len() < jobs {
                sleep(self.interval);
            }
        }
    }

    fn round(&mut self, rounds: usize) {
        let told = self.proxy.poll(self.subscription, self.next);
        assert_eq!(told.status, Some(0), "{told:?}");
        let interval = told.number("notify-get-interval");
        let interval = interval.and_then(|seconds| u64::try_from(seconds).ok());
        self.interval = interval.map_or(INTERVAL, Duration::from_secs);
        for event in told.events() {
            self.next = self.next.max(event.number + 1);
            if event.event == "job-fetchable" {
                self.take(event.job);
            }
        }
        self.most = self.most.max(self.printing.len());
        self.say_how_all_are();
        for (job, round) in std::mem::take(&mut self.printing) {
            if round < rounds {
                self.printing.insert(job, round + 1);
            } else {
                assert_eq!(self.proxy.say_of_document(job, COMPLETED).status, Some(0));
                assert_eq!(self.proxy.say(job, COMPLETED, 1).status, Some(0));
                self.printed.insert(job);
            }
        }
    }

    fn take(&mut self, job: i32) {
        let fetched = self.proxy.send(self.proxy.about(FETCH_JOB, job));
        assert_eq!(fetched.status, Some(0), "{fetched:?}");
        assert_eq!(self.proxy.take(job).status, Some(0));
        let document = self.proxy.fetch(job, ALL);
        assert!(
            document.whole && !document.document.is_empty(),
            "{document:?}"
        );
        assert_eq!(self.proxy.acknowledge(job).status, Some(0));
        assert_eq!(self.proxy.say_of_document(job, PROCESSING).status, Some(0));
        assert_eq!(self.proxy.say(job, PROCESSING, 0).status, Some(0));
        self.printing.insert(job, 0);
    }

    /// Tells of all jobs at once.
    fn say_how_all_are(&self) {
        let mut say = self.proxy.request(UPDATE_ACTIVE_JOBS);
        for (place, job) in self.printing.keys().enumerate() {
            let name = if place == 0 { "job-ids" } else { "" };
            say = say.with(INTEGER, name, &job.to_be_bytes());
        }
        for (place, _) in self.printing.keys().enumerate() {
            let name = if place == 0 {
                "output-device-job-states"
            } else {
                ""
            };
            say = say.with(ENUM, name, &PROCESSING.to_be_bytes());
        }
        assert_eq!(self.proxy.send(say).status, Some(0));
    }
}
