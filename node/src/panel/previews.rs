//! Pictures of first pages during one visit: which to ask for next, and which are there.
//!
//! They are fetched one at a time from each holder, in the order of the list, while nothing waits for them; those of
//! jobs with a PIN of their own only once that PIN was proven in this visit. A holder that sends what is no picture is
//! asked for no more of them; that is all it comes to. What is there is in memory, of bounded size, and goes with the
//! visit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use papermesh_convert::Picture;
use papermesh_protocol::id::{JobId, NodeId};

use super::limits;
use super::visiting::SeenJob;

/// Pictures by the numbers of their jobs.
pub(super) type Pictures = Arc<BTreeMap<u32, Picture>>;

/// The pictures of a visit.
#[derive(Default)]
pub(super) struct Previews {
    /// How often each job's was asked for, and in which round last.
    asked: BTreeMap<u32, (u32, u32)>,
    /// Counts the times at which those are asked for again that were not there.
    round: u32,
    /// Holders that are being asked.
    busy: BTreeSet<NodeId>,
    /// Holders that are asked no more.
    barred: BTreeSet<NodeId>,
    there: Pictures,
}

/// A picture to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) holder: NodeId,
    pub(super) job: JobId,
    pub(super) number: u32,
}

impl Previews {
    /// What is there.
    pub(super) fn there(&self) -> &Pictures {
        &self.there
    }

    /// The next picture to ask for of these jobs, if any; its holder counts as busy until [`Previews::take`].
    pub(super) fn next(&mut self, jobs: &[SeenJob]) -> Option<Wanted> {
        if self.busy.len() >= limits::PREVIEWS_AT_ONCE || self.is_full() {
            return None;
        }
        let wanted = jobs.iter().find(|seen| {
            let asked = self.asked.get(&seen.number);
            let due = asked
                .is_none_or(|(times, round)| *times < limits::PREVIEW_TRIES && *round < self.round);
            due && !seen.job.pin_missing
                && !self.there.contains_key(&seen.number)
                && !self.busy.contains(&seen.job.holder)
                && !self.barred.contains(&seen.job.holder)
        })?;
        let asked = self.asked.entry(wanted.number).or_default();
        *asked = (asked.0 + 1, self.round);
        self.busy.insert(wanted.job.holder);
        Some(Wanted {
            holder: wanted.job.holder,
            job: wanted.job.summary.job,
            number: wanted.number,
        })
    }

    /// Takes what came of asking; says whether there is another picture to show.
    pub(super) fn take(&mut self, wanted: Wanted, came: Came) -> bool {
        self.busy.remove(&wanted.holder);
        match came {
            Came::Picture(picture) => {
                if self.is_full() || self.bytes() + picture.len() > limits::PREVIEW_BYTES {
                    return false;
                }
                Arc::make_mut(&mut self.there).insert(wanted.number, picture);
                true
            }
            Came::Nothing => false,
            Came::Nonsense => {
                self.barred.insert(wanted.holder);
                false
            }
        }
    }

    /// Those that were not there may be asked for again.
    pub(super) fn again(&mut self) {
        self.round = self.round.saturating_add(1);
    }

    /// Forgets the pictures of jobs that are not in the list any more; says whether there were any.
    pub(super) fn keep(&mut self, jobs: &[SeenJob]) -> bool {
        let listed: BTreeSet<u32> = jobs.iter().map(|job| job.number).collect();
        if self.there.keys().all(|number| listed.contains(number)) {
            return false;
        }
        Arc::make_mut(&mut self.there).retain(|number, _| listed.contains(number));
        true
    }

    fn is_full(&self) -> bool {
        self.there.len() >= limits::PREVIEWS || self.bytes() >= limits::PREVIEW_BYTES
    }

    fn bytes(&self) -> usize {
        self.there.values().map(Picture::len).sum()
    }
}

/// What came of asking for a picture.
pub(super) enum Came {
    /// The picture.
    Picture(Picture),
    /// There is none, or not yet, or the holder was not reached.
    Nothing,
    /// What is no picture, or no answer.
    Nonsense,
}

#[cfg(test)]
mod tests {
    use papermesh_protocol::job::{JobSummary, PrintOptions};
    use papermesh_protocol::time::Timestamp;

    use super::*;
    use papermesh_services::printer::ListedJob;

    fn job(number: u32, holder: u8, locked: bool) -> SeenJob {
        let summary = JobSummary {
            job: JobId::from_bytes([0; 16]),
            title: String::new(),
            format: "application/pdf".into(),
            size: 1,
            pages: None,
            page_size: None,
            color: None,
            submitted_at: Timestamp::from_secs(0),
            priority: 50,
            listed_at: Timestamp::from_secs(0),
            expires_at: Timestamp::from_secs(0),
            options: PrintOptions::default(),
            protected: false,
            may_have_printed: false,
            leased: false,
            needs_pin: true,
            locked: false,
            extensions: Default::default(),
        };
        let job = ListedJob {
            holder: NodeId::from_bytes([holder; 32]),
            holder_name: None,
            pin_missing: locked,
            summary,
        };
        SeenJob { number, job }
    }

    fn numbers(previews: &mut Previews, jobs: &[SeenJob]) -> Vec<Wanted> {
        std::iter::from_fn(|| previews.next(jobs)).collect()
    }

    #[test]
    fn each_holder_is_asked_for_one_at_a_time_and_never_for_what_is_locked() {
        let mut jobs = [
            job(0, 1, true),
            job(1, 1, false),
            job(2, 1, false),
            job(3, 2, false),
        ];
        let mut previews = Previews::default();
        let asked = numbers(&mut previews, &jobs);
        let of = |asked: &[Wanted]| asked.iter().map(|one| one.number).collect::<Vec<_>>();
        assert_eq!(of(&asked), [1, 3]);
        assert!(previews.take(asked[0], Came::Picture(Picture::of(vec![1; 9]))));
        assert!(!previews.take(asked[1], Came::Nothing));
        let next = numbers(&mut previews, &jobs);
        assert_eq!(of(&next), [2]);
        assert!(!previews.take(next[0], Came::Nothing));
        assert!(numbers(&mut previews, &jobs).is_empty());
        // What was not there is asked for again, but not for ever.
        for _ in 1..limits::PREVIEW_TRIES {
            previews.again();
            for wanted in numbers(&mut previews, &jobs) {
                assert!([2, 3].contains(&wanted.number));
                assert!(!previews.take(wanted, Came::Nothing));
            }
        }
        previews.again();
        assert!(numbers(&mut previews, &jobs).is_empty());
        // Its PIN was proven.
        jobs[0].job.pin_missing = false;
        let unlocked = numbers(&mut previews, &jobs);
        assert_eq!(of(&unlocked), [0]);
        assert!(!previews.take(unlocked[0], Came::Nothing));
        // The picture goes with its job.
        assert!(!previews.keep(&jobs));
        assert!(previews.keep(&jobs[2..]));
        assert!(previews.there().is_empty());
    }

    #[test]
    fn who_sends_nonsense_is_asked_no_more() {
        let jobs = [job(1, 1, false), job(2, 1, false), job(3, 2, false)];
        let mut previews = Previews::default();
        let asked = numbers(&mut previews, &jobs);
        assert!(!previews.take(asked[0], Came::Nonsense));
        assert!(previews.take(asked[1], Came::Picture(Picture::of(vec![1]))));
        previews.again();
        assert!(numbers(&mut previews, &jobs).is_empty());
    }

    #[test]
    fn pictures_have_so_many_bytes_and_no_more() {
        let jobs: Vec<SeenJob> = (0..1000).map(|number| job(number, 1, false)).collect();
        for size in [1, 64 * 1024, limits::PREVIEW_BYTES] {
            let mut previews = Previews::default();
            while let Some(wanted) = previews.next(&jobs) {
                previews.take(wanted, Came::Picture(Picture::of(vec![0; size])));
            }
            assert!(previews.there().len() <= limits::PREVIEWS);
            assert!(previews.bytes() <= limits::PREVIEW_BYTES);
            assert_eq!(
                previews.there().len(),
                limits::PREVIEWS.min(limits::PREVIEW_BYTES / size)
            );
        }
    }
}
