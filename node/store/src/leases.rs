//! Leases: which job is promised to which printer, and how each release ended.
//!
//! A job has at most one live lease. A lease that ran out without a word from the printer stays
//! known, so that a late receipt still finds it; [`papermesh_protocol::release::holder`] judges,
//! and here the judgment and everything that follows from it become durable in one commit.

use papermesh_protocol::id::{JobId, NodeId, ReleaseId, SessionId};
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::limits;
use papermesh_protocol::release::holder::{self, Settlement};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Moment;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::{JOBS, LEASE_OF, LEASES, SETTLED};
use super::database::{Batch, Durability, Range};
use super::error::StoreError;
use super::history::{Attempt, JobEnd, NamedPrinter};
use super::table::Bound;

/// Leases, of which those that ran out stay known for a week.
const BOUND: Bound = Bound {
    max: 100_000,
    what: "releases without a known end",
};

/// The promise of one job to one session at one printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseRow {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub user: UserId,
    /// Who prints it.
    pub printer: NodeId,
    /// The name in its certificate.
    pub printer_name: Name,
    /// The session that selected it.
    pub session: SessionId,
    /// When it was granted first, by the clock for waits, as is all time of leases.
    pub granted_at: Timestamp,
    /// Until then it is live, unless it is extended.
    pub until: Timestamp,
    /// Whether any byte of the job was sent under it.
    pub streamed: bool,
    /// It ran out, and what follows from that for the job is done.
    pub lapsed: bool,
    /// How the user wants the job printed.
    pub options: PrintOptions,
}

impl LeaseRow {
    /// What the protocol needs of it.
    #[must_use]
    pub fn lease(&self, release: ReleaseId) -> holder::Lease {
        let Self {
            job,
            printer,
            granted_at,
            until,
            streamed,
            ..
        } = *self;
        holder::Lease {
            release,
            job,
            printer,
            granted_at,
            until,
            streamed,
        }
    }

    /// Who prints it, as history names it.
    #[must_use]
    pub fn named_printer(&self) -> NamedPrinter {
        NamedPrinter {
            node: self.printer,
            name: self.printer_name.clone(),
        }
    }

    /// Whether it holds the job now.
    #[must_use]
    pub fn is_live(&self, steady: Timestamp) -> bool {
        !self.lapsed && self.until > steady
    }
}

/// A release that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// The job.
    pub job: JobId,
    /// Whose it was.
    pub user: UserId,
    /// Who printed it, or did not.
    pub printer: NodeId,
    /// How it ended, by the printer's word.
    pub outcome: Outcome,
    /// When this holder heard of it, by the clock for waits.
    pub at: Timestamp,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// It is granted and durable.
    New,
    /// This release had it already, and has it again: its stream may resume.
    Again,
    /// Another release has the job.
    Held {
        /// Until then, unless it is extended.
        until: Timestamp,
    },
    /// This release ended before, or has lasted as long as it may.
    Ended,
    /// There is no such job of this user.
    NoJob,
}

/// What came of settling a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settling {
    /// It is settled, and the job is as the settlement says.
    Done,
    /// It is settled, but instead of being deleted the job is marked as one that may have printed:
    /// meanwhile another release has it, and its own end will decide.
    Deferred,
    /// It was settled before, so: nothing was done.
    Before(Settled),
    /// There never was such a release, or it is forgotten.
    Unknown,
}

/// The leases of a store.
pub struct Leases<'a>(pub(super) &'a Inner);

impl Leases<'_> {
    /// The lease of a release that was not settled, live or not.
    pub fn get(&self, release: ReleaseId) -> Result<Option<LeaseRow>, StoreError> {
        self.0.database.get(&LEASES, &release)
    }

    /// The latest lease of a job, live or not.
    pub fn of_job(&self, job: JobId) -> Result<Option<(ReleaseId, LeaseRow)>, StoreError> {
        let Some(release) = self.0.database.get(&LEASE_OF, &job)? else {
            return Ok(None);
        };
        Ok(self.get(release)?.map(|lease| (release, lease)))
    }

    /// Until when a job is leased, if it is now.
    pub fn live(&self, job: JobId, steady: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let lease = self.of_job(job)?;
        Ok(lease
            .filter(|(_, lease)| lease.is_live(steady))
            .map(|(_, lease)| lease.until))
    }

    /// Leases a job to a release, if no other has it. An earlier lease that ran out lapses first.
    /// `lease.streamed` and `lease.lapsed` say nothing here: a new lease is neither, and one
    /// granted again stays what it is.
    pub fn grant(
        &self,
        release: ReleaseId,
        lease: LeaseRow,
        now: impl Into<Moment>,
    ) -> Result<Granted, StoreError> {
        let now = now.into();
        let database = &self.0.database;
        let _writing = self.0.writing();
        if database.contains(&SETTLED, &release)? {
            return Ok(Granted::Ended);
        }
        match database.get(&JOBS, &lease.job)? {
            Some(row) if row.user == lease.user => {}
            _ => return Ok(Granted::NoJob),
        }
        let own = self.get(release)?;
        if let Some(own) = &own
            && (own.job, own.printer, &own.user) != (lease.job, lease.printer, &lease.user)
        {
            return Ok(Granted::Held { until: own.until });
        }
        if own
            .as_ref()
            .is_some_and(|own| own.lease(release).is_over(now.steady))
        {
            return Ok(Granted::Ended);
        }

        let mut batch = database.batch();
        match self.of_job(lease.job)? {
            Some((other, held)) if other != release => {
                if held.is_live(now.steady) {
                    return Ok(Granted::Held { until: held.until });
                }
                self.lapse_in(&mut batch, other, held, now)?;
            }
            _ => {}
        }
        let granted = if own.is_some() {
            Granted::Again
        } else {
            Granted::New
        };
        let (granted_at, streamed) =
            own.map_or((now.steady, false), |own| (own.granted_at, own.streamed));
        let (job, lease) = (
            lease.job,
            LeaseRow {
                granted_at,
                streamed,
                lapsed: false,
                ..lease
            },
        );
        BOUND.put(database, &mut batch, &LEASES, (&release, &lease))?;
        batch.put(&LEASE_OF, &job, &release)?;
        batch.commit(Durability::Synced)?;
        Ok(granted)
    }

    /// Notes, durably, that bytes of the job flow from now on; to be called before the first one
    /// does. False if the release has no live lease.
    pub fn note_streamed(&self, release: ReleaseId, steady: Timestamp) -> Result<bool, StoreError> {
        self.change(release, |lease| {
            let live = lease.is_live(steady);
            lease.streamed |= live;
            live
        })
    }

    /// Prolongs a lease, even one that ran out as long as no other release has had the job since;
    /// false if there is no such lease.
    pub fn extend(&self, release: ReleaseId, until: Timestamp) -> Result<bool, StoreError> {
        self.change(release, |lease| {
            lease.until = until.max(lease.until);
            lease.lapsed = false;
            true
        })
    }

    /// Changes the latest lease of a job.
    fn change(
        &self,
        release: ReleaseId,
        change: impl FnOnce(&mut LeaseRow) -> bool,
    ) -> Result<bool, StoreError> {
        let _writing = self.0.writing();
        let Some(before) = self.get(release)? else {
            return Ok(false);
        };
        if self.0.database.get(&LEASE_OF, &before.job)? != Some(release) {
            return Ok(false);
        }
        let mut lease = before.clone();
        let told = change(&mut lease);
        if lease != before {
            let mut batch = self.0.database.batch();
            batch.put(&LEASES, &release, &lease)?;
            batch.commit(Durability::Synced)?;
        }
        Ok(told)
    }

    /// How a release ended, if it did.
    pub fn settled(&self, release: ReleaseId) -> Result<Option<Settled>, StoreError> {
        self.0.database.get(&SETTLED, &release)
    }

    /// Ends a release as it was judged, in one durable commit with what that means for the job.
    pub fn settle(
        &self,
        release: ReleaseId,
        settlement: Settlement,
        (outcome, reason): (Outcome, Option<String>),
        now: impl Into<Moment>,
    ) -> Result<Settling, StoreError> {
        let now = now.into();
        let database = &self.0.database;
        let _writing = self.0.writing();
        if let Some(settled) = self.settled(release)? {
            return Ok(Settling::Before(settled));
        }
        let Some(lease) = self.get(release)? else {
            return Ok(Settling::Unknown);
        };
        let named = lease.named_printer();
        let LeaseRow {
            job, user, printer, ..
        } = lease;
        let mut batch = database.batch();
        batch.put(
            &SETTLED,
            &release,
            &Settled {
                job,
                user,
                printer,
                outcome: outcome.clone(),
                at: now.steady,
            },
        )?;
        batch.delete(&LEASES, &release)?;
        let latest = self.of_job(job)?;
        let elsewhere = latest
            .as_ref()
            .is_some_and(|(other, held)| *other != release && held.is_live(now.steady));
        if latest.is_some_and(|(latest, _)| latest == release) {
            batch.delete(&LEASE_OF, &job)?;
        }
        let delete = settlement == Settlement::Delete && !elsewhere;
        if delete {
            let pages = match outcome {
                Outcome::Printed { pages, .. } => pages,
                Outcome::NotPrinted | Outcome::MayHavePrinted => None,
            };
            let end = JobEnd::Printed {
                printer: named,
                pages,
            };
            self.0.jobs().delete_in(&mut batch, job, end, now.now)?;
        } else if settlement != Settlement::Nothing {
            let mark = matches!(settlement, Settlement::Delete | Settlement::Mark);
            let attempt = Attempt {
                printer: named,
                at: now.now,
                outcome,
                reason,
            };
            self.0.jobs().note_in(&mut batch, job, attempt, mark)?;
        }
        batch.commit(Durability::Synced)?;
        if delete {
            self.0.forget_file(job);
        }
        Ok(if settlement == Settlement::Delete && elsewhere {
            Settling::Deferred
        } else {
            Settling::Done
        })
    }

    /// Lets lapse what ran out, at most `limit` leases, and says which. A job of which bytes had
    /// flowed is marked as one that may have printed.
    pub fn lapse(
        &self,
        now: impl Into<Moment>,
        limit: usize,
    ) -> Result<Vec<(ReleaseId, LeaseRow)>, StoreError> {
        let now = now.into();
        let _writing = self.0.writing();
        let mut lapsed = Vec::new();
        let mut batch = self.0.database.batch();
        for row in self.0.database.rows(&LEASES, Range::all())? {
            let (release, lease) = row?;
            if lease.lapsed || lease.is_live(now.steady) {
                continue;
            }
            if lapsed.len() == limit {
                break;
            }
            self.lapse_in(&mut batch, release, lease.clone(), now)?;
            lapsed.push((release, lease));
        }
        batch.commit(Durability::Synced)?;
        Ok(lapsed)
    }

    fn lapse_in(
        &self,
        batch: &mut Batch<'_>,
        release: ReleaseId,
        lease: LeaseRow,
        now: Moment,
    ) -> Result<(), StoreError> {
        if lease.lapsed {
            return Ok(());
        }
        let mark = holder::lapse(&lease.lease(release)) == Settlement::Mark;
        let attempt = Attempt {
            printer: lease.named_printer(),
            // By the time of day.
            at: now.now - now.steady.since(lease.until),
            outcome: match mark {
                true => Outcome::MayHavePrinted,
                false => Outcome::NotPrinted,
            },
            reason: Some("the printer did not report again".to_owned()),
        };
        self.0.jobs().note_in(batch, lease.job, attempt, mark)?;
        batch.put(
            &LEASES,
            &release,
            &LeaseRow {
                lapsed: true,
                ..lease
            },
        )
    }

    /// Forgets releases that ended, or ran out, longer ago than a late receipt may come; at most
    /// `limit` of each. Says how many.
    pub fn forget(&self, steady: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let _writing = self.0.writing();
        let database = &self.0.database;
        let long_ago = |at: Timestamp| steady.since(at) >= limits::RELEASE_MEMORY;
        let mut batch = database.batch();
        let mut settled = 0;
        for row in database.rows(&SETTLED, Range::all())? {
            let (release, row) = row?;
            if long_ago(row.at) && settled < limit {
                batch.delete(&SETTLED, &release)?;
                settled += 1;
            }
        }
        let mut lapsed = 0;
        for row in database.rows(&LEASES, Range::all())? {
            let (release, row) = row?;
            if row.lapsed && long_ago(row.until) && lapsed < limit {
                batch.delete(&LEASES, &release)?;
                if database.get(&LEASE_OF, &row.job)? == Some(release) {
                    batch.delete(&LEASE_OF, &row.job)?;
                }
                lapsed += 1;
            }
        }
        batch.commit(Durability::Synced)?;
        Ok(settled + lapsed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::Store;
    use super::super::sample::{NOW, held, job, lease, spool_files, store, user};
    use super::*;
    use proptest::prelude::*;

    const PRINTED: Outcome = Outcome::Printed {
        pages: None,
        keep: false,
    };

    fn release(number: u8) -> ReleaseId {
        ReleaseId::from_bytes([number; 16])
    }

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn grant(store: &Store, number: u8, printer: u8, from: u64, until: u64) -> Granted {
        store
            .leases()
            .grant(
                release(number),
                lease(1, "alice", printer, at(until)),
                at(from),
            )
            .unwrap()
    }

    #[test]
    fn one_job_has_one_lease() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        assert_eq!(grant(&store, 1, 1, 0, 90), Granted::New);
        assert_eq!(grant(&store, 2, 2, 1, 91), Granted::Held { until: at(90) });
        assert_eq!(grant(&store, 1, 2, 1, 91), Granted::Held { until: at(90) }); // another's release
        assert_eq!(grant(&store, 1, 1, 2, 92), Granted::Again);
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.leases().live(job(1), at(3)).unwrap(), Some(at(92)));
        assert_eq!(grant(&store, 2, 2, 92, 182), Granted::New);
        assert!(!store.leases().extend(release(1), at(300)).unwrap());
        assert!(store.leases().get(release(1)).unwrap().unwrap().lapsed);
    }

    #[test]
    fn nobody_leases_what_is_not_theirs() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let of_bob = lease(1, "bob", 1, at(90));
        assert_eq!(
            store.leases().grant(release(1), of_bob, NOW).unwrap(),
            Granted::NoJob
        );
        let of_nothing = lease(2, "alice", 1, at(90));
        assert_eq!(
            store.leases().grant(release(1), of_nothing, NOW).unwrap(),
            Granted::NoJob
        );
    }

    #[test]
    fn a_printed_job_is_gone_and_stays_settled() {
        let (home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        grant(&store, 1, 1, 0, 90);
        assert!(store.leases().note_streamed(release(1), at(1)).unwrap());
        let settle = |store: &Store| {
            store
                .leases()
                .settle(release(1), Settlement::Delete, (PRINTED, None), at(2))
                .unwrap()
        };
        assert_eq!(settle(&store), Settling::Done);
        assert_eq!(spool_files(home.path()), [""; 0]);
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.jobs().get(job(1)).unwrap(), None);
        let Settling::Before(settled) = settle(&store) else {
            panic!("settled twice")
        };
        assert_eq!((settled.user, settled.outcome), (user("alice"), PRINTED));
        assert_eq!(grant(&store, 1, 1, 3, 93), Granted::Ended);
        assert_eq!(
            store
                .leases()
                .settle(release(7), Settlement::Keep, (PRINTED, None), at(2))
                .unwrap(),
            Settling::Unknown
        );
    }

    #[test]
    fn a_lease_that_ran_out_marks_the_job_if_bytes_had_flowed() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let marked = || {
            store
                .jobs()
                .get(job(1))
                .unwrap()
                .unwrap()
                .row
                .may_have_printed
        };
        grant(&store, 1, 1, 0, 90);
        assert_eq!(store.leases().lapse(at(90), 10).unwrap().len(), 1);
        assert!(!marked());
        grant(&store, 2, 1, 100, 190);
        store.leases().note_streamed(release(2), at(101)).unwrap();
        assert_eq!(store.leases().lapse(at(189), 10).unwrap(), []);
        assert_eq!(grant(&store, 3, 2, 190, 280), Granted::New); // lapses the second
        assert!(marked());
        assert!(!store.leases().note_streamed(release(2), at(191)).unwrap());
    }

    #[test]
    fn a_late_receipt_does_not_take_the_job_from_another_printer() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        grant(&store, 1, 1, 0, 90);
        store.leases().note_streamed(release(1), at(1)).unwrap();
        grant(&store, 2, 2, 90, 180);
        let late = store
            .leases()
            .settle(release(1), Settlement::Delete, (PRINTED, None), at(100))
            .unwrap();
        assert_eq!(late, Settling::Deferred);
        assert!(
            store
                .jobs()
                .get(job(1))
                .unwrap()
                .unwrap()
                .row
                .may_have_printed
        );
        assert_eq!(store.leases().live(job(1), at(100)).unwrap(), Some(at(180)));
    }

    #[test]
    fn a_lease_nobody_took_over_can_be_extended_late() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        grant(&store, 1, 1, 0, 90);
        store.leases().lapse(at(100), 10).unwrap();
        assert!(store.leases().extend(release(1), at(200)).unwrap());
        assert_eq!(
            grant(&store, 2, 2, 110, 200),
            Granted::Held { until: at(200) }
        );
    }

    #[test]
    fn old_releases_are_forgotten_in_time() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        held(&store, 2, "alice").unwrap();
        grant(&store, 1, 1, 0, 90);
        store
            .leases()
            .settle(
                release(1),
                Settlement::Keep,
                (Outcome::NotPrinted, None),
                at(1),
            )
            .unwrap();
        store
            .leases()
            .grant(release(2), lease(2, "alice", 1, at(90)), NOW)
            .unwrap();
        store.leases().lapse(at(90), 10).unwrap();
        let week = limits::RELEASE_MEMORY.as_secs();
        assert_eq!(store.leases().forget(at(week), 10).unwrap(), 0);
        assert_eq!(store.leases().forget(at(week + 90), 10).unwrap(), 2);
        assert_eq!(store.leases().settled(release(1)).unwrap(), None);
        assert_eq!(store.leases().of_job(job(2)).unwrap(), None);
    }

    #[derive(Clone, Debug)]
    enum LeaseStep {
        Grant { release: u8, job: u8, printer: u8 },
        Extend { release: u8 },
        Settle { release: u8, delete: bool },
        Lapse,
        Delete { job: u8 },
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<LeaseStep>> {
        let step = prop_oneof![
            4 => (0u8..6, 0u8..3, 0u8..3).prop_map(|(release, job, printer)| LeaseStep::Grant { release, job, printer }),
            1 => (0u8..6).prop_map(|release| LeaseStep::Extend { release }),
            1 => (0u8..6, any::<bool>()).prop_map(|(release, delete)| LeaseStep::Settle { release, delete }),
            1 => Just(LeaseStep::Lapse),
            1 => (0u8..3).prop_map(|job| LeaseStep::Delete { job }),
            2 => (1u64..60).prop_map(LeaseStep::Wait),
        ];
        prop::collection::vec(step, 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Invariant 5: one job, one lease. Whatever is asked in whatever order, at no time do two
        /// releases believe that they have the same job, and nobody has a job that is gone.
        #[test]
        fn invariant_5_one_job_one_lease(steps in steps()) {
            let (_home, store) = store().unwrap();
            for number in 0..3 {
                held(&store, number, "alice").unwrap();
            }
            let mut now = NOW;
            // What the printers were told: release → job, until when.
            let mut told: BTreeMap<u8, (u8, Timestamp)> = BTreeMap::new();
            for step in steps {
                let until = now + Duration::from_secs(90);
                match step {
                    LeaseStep::Grant { release: number, job, printer } => {
                        let granted = store.leases().grant(release(number), lease(job, "alice", printer, until), now);
                        if matches!(granted.unwrap(), Granted::New | Granted::Again) {
                            told.insert(number, (job, until));
                        }
                    }
                    LeaseStep::Extend { release: number } => {
                        if store.leases().extend(release(number), until).unwrap()
                            && let Some((_, lasts)) = told.get_mut(&number)
                        {
                            *lasts = until;
                        }
                    }
                    LeaseStep::Settle { release: number, delete } => {
                        let settlement = if delete { Settlement::Delete } else { Settlement::Keep };
                        store.leases().settle(release(number), settlement, (PRINTED, None), now).unwrap();
                        told.remove(&number);
                    }
                    LeaseStep::Lapse => drop(store.leases().lapse(now, 10).unwrap()),
                    LeaseStep::Delete { job: number } => drop(store.jobs().delete(job(number), JobEnd::Expired, now).unwrap()),
                    LeaseStep::Wait(seconds) => now = now + Duration::from_secs(seconds),
                }
                told.retain(|_, (_, until)| *until > now);
                let mut having: Vec<u8> = told.values().map(|(job, _)| *job).collect();
                having.sort_unstable();
                prop_assert!(having.is_sorted_by(|a, b| a < b), "two printers have one job: {told:?}");
                for number in having {
                    prop_assert!(store.jobs().get(job(number)).unwrap().is_some());
                    prop_assert!(store.leases().live(job(number), now).unwrap().is_some());
                }
            }
        }
    }

    #[test]
    fn of_many_who_ask_at_once_one_gets_it() {
        let (_home, store) = store().unwrap();
        held(&store, 1, "alice").unwrap();
        let granted: Vec<Granted> = std::thread::scope(|scope| {
            let ask = |number| {
                let store = &store;
                scope.spawn(move || grant(store, number, number, 0, 90))
            };
            let asking: Vec<_> = (0..8).map(ask).collect();
            asking
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            granted
                .iter()
                .filter(|granted| **granted == Granted::New)
                .count(),
            1
        );
    }
}
